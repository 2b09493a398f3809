//! Answers that a provider judges: the attempt is saved first, then somebody is asked, then the same text is
//! heard again with the verdict. So whatever takes answers, chat, page, API or door, takes these alike.

use crate::conversation::context::{Context, budgets};
use crate::conversation::interaction::Participant;
use crate::proof::methods::check::{Judgement, PossibleAnswer};
use crate::providers::identity::CheckId;
use crate::providers::provider_questions::Judge;
use crate::refusal::Refusal;

/// Whether it is the answer to the participant's live challenge. Only after `admit`; once all is weighed that a
/// text can be, `settle` ends the attempt.
///
/// # Errors
///
/// `Unjudged` where a provider must be asked first: the attempt is saved with that. `Judging` where one waits
/// for its verdict already: nothing has changed.
pub(crate) fn weigh(context: &mut Context<'_>, at: usize, said: &PossibleAnswer) -> Result<bool, Refusal> {
    let (interaction, environment) = (context.interaction.id, context.environment);
    let Some(challenge) = &mut context.participant(at).challenge else { return Ok(false) };
    match challenge.judge(said, interaction, &environment.keys.code, environment.now, environment.verdicts)? {
        Judgement::Right => Ok(true),
        Judgement::Wrong => Ok(false),
        Judgement::Ask(task) => Err(Refusal::Unjudged(task)),
    }
}

/// What was weighed is decided: a verdict counts once.
pub(crate) fn settle(context: &mut Context<'_>, at: usize) {
    if let Some(judge) = judge_of(context, at) {
        judge.end();
    }
}

/// The provider did not say anything: the attempt counts for nothing. Too many of these end the challenge.
pub fn give_up(context: &mut Context<'_>, check: CheckId, why: &'static str) -> Result<(), Refusal> {
    let people = &context.interaction.participants;
    let live =
        |p: &Participant| p.challenge.as_ref().is_some_and(|challenge| challenge.number == check.challenge.number);
    if let Some(at) = people.iter().position(live)
        && let Some(judge) = judge_of(context, at).filter(|judge| judge.waits_for() == Some(check.attempt))
    {
        judge.give_up();
        let (now, by) = (context.environment.now, context.actor.clone());
        budgets::tell_undecided(context, at, why, now, &by);
    }
    Ok(())
}

/// The judge of the participant's live challenge, where a provider judges it.
fn judge_of<'t>(context: &'t mut Context<'_>, at: usize) -> Option<&'t mut Judge> {
    context.participant(at).challenge.as_mut()?.check.check_mut().judge_elsewhere()
}
