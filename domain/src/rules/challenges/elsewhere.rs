//! Answers that a provider judges: the attempt is saved first, then somebody is asked, then the same text is
//! heard again with the verdict. So whatever takes answers, chat, page, API or door, takes these alike.

use crate::base::id::ChallengeId;
use crate::conversation::context::{Context, Decision};
use crate::conversation::interaction::Participant;
use crate::proof::challenge::{ExpectedAnswer, PossibleAnswer};
use crate::providers::identity::CheckId;
use crate::providers::provider_questions::{Judge, ProviderTask};
use crate::refusal::Refusal;

/// Whether it is the answer to the participant's live challenge. Only after `admit`; once all is weighed that a
/// text can be, `settle` ends the attempt.
///
/// # Errors
///
/// `Unjudged` where a provider must be asked first: the attempt is saved with that. `Judging` where one waits
/// for its verdict already: nothing has changed.
pub(crate) fn weigh(context: &mut Context<'_>, at: usize, said: &PossibleAnswer) -> Result<bool, Refusal> {
    let (interaction, now, verdicts) = (context.interaction.id, context.environment.now, context.environment.verdicts);
    let Some(challenge) = &mut context.participant(at).challenge else { return Ok(false) };
    let number = challenge.number;
    let (ExpectedAnswer::Questions(questions), PossibleAnswer::Answers(answers)) = (&mut challenge.check, said) else {
        return Ok(is_right(context, at, said));
    };
    // Of whom no record is known, nothing is right, whatever anybody says.
    let known = questions.customer.is_some();
    let Some(judge) = &mut questions.judge else { return Ok(is_right(context, at, said)) };
    let check = |attempt| CheckId { challenge: ChallengeId { interaction, number }, attempt };
    if let Some(attempt) = judge.waits_for() {
        let verdict = verdicts.iter().find(|verdict| verdict.check == check(attempt)).ok_or(Refusal::Judging)?;
        return Ok(verdict.passed && known);
    }
    let attempt = judge.begin(now).ok_or(Refusal::Full)?;
    let (provider, set) = (judge.provider.clone(), judge.set.clone());
    Err(Refusal::Unjudged(Box::new(ProviderTask { check: check(attempt), provider, set, answers: answers.clone() })))
}

/// What was weighed is decided: a verdict counts once.
pub(crate) fn settle(context: &mut Context<'_>, at: usize) {
    if let Some(judge) = judge_of(context, at) {
        judge.end();
    }
}

/// The provider did not say anything: the attempt counts for nothing. Too many of these end the challenge.
pub fn give_up(mut context: Context<'_>, check: CheckId, why: &'static str) -> Decision<()> {
    let people = &context.interaction.participants;
    let live =
        |p: &Participant| p.challenge.as_ref().is_some_and(|challenge| challenge.number == check.challenge.number);
    if let Some(at) = people.iter().position(live)
        && let Some(judge) = judge_of(&mut context, at).filter(|judge| judge.waits_for() == Some(check.attempt))
    {
        judge.give_up();
        let (now, by) = (context.environment.now, context.actor.clone());
        context.tell_undecided(at, why, now, &by);
    }
    context.done(())
}

/// Who judges the participant's live questions, where others do.
fn judge_of<'t>(context: &'t mut Context<'_>, at: usize) -> Option<&'t mut Judge> {
    match &mut context.participant(at).challenge.as_mut()?.check {
        ExpectedAnswer::Questions(questions) => questions.judge.as_mut(),
        ExpectedAnswer::Otp(_) | ExpectedAnswer::Pin(_) | ExpectedAnswer::Document(_) => None,
    }
}

/// Whether it is the answer to the participant's live challenge.
fn is_right(context: &Context<'_>, at: usize, said: &PossibleAnswer) -> bool {
    let (id, key) = (context.interaction.id, &context.environment.keys.code);
    context.interaction.participants[at].challenge.as_ref().is_some_and(|challenge| challenge.is_right(said, id, key))
}
