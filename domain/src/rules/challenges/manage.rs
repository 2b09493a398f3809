//! Everything about a challenge but its answers: reading it, opening its page, sending it again, cancelling it,
//! and showing its code to an agent. `answer` judges the answers.

use crate::base::binding::PageSource;
use crate::base::id::ParticipantId;
use crate::base::method::Method;
use crate::conversation::context::{Context, budgets, challenge_data};
use crate::conversation::destination::Destination;
use crate::event::{Actor, EventData};
use crate::proof::challenge::{Challenge, ChallengeEnd, EndedChallenge};
use crate::proof::methods::{AnswerForm, code_rules, form};
use crate::refusal::Refusal;
use crate::rules::challenges::ask::deliver;
use crate::rules::challenges::ask::to_pay;
use crate::rules::flag::accept::AcceptedBy;
use crate::rules::flag::accept::end;
use crate::rules::flag::begin::begin;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{Secret, Tag};
use crate::time::Moment;

/// A challenge as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundChallenge {
    /// It waits for its answer.
    Live(Box<Challenge>),
    /// It ended, within the last day.
    Ended(EndedChallenge),
}

impl FoundChallenge {
    /// To whom it is put.
    pub fn participant(&self) -> &ParticipantId {
        match self {
            Self::Live(challenge) => &challenge.participant,
            Self::Ended(ended) => &ended.participant,
        }
    }

    /// The method that it proves.
    pub fn method(&self) -> Method {
        match self {
            Self::Live(challenge) => challenge.method(),
            Self::Ended(ended) => ended.method,
        }
    }
}

/// A code that is shown.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// The digits.
    pub code: Secret,
    /// Until when they are right.
    pub expires_at: Option<Moment>,
}

/// Finds the challenge of that number. It changes nothing.
pub fn find(context: &Context<'_>, number: u16) -> Result<FoundChallenge, Refusal> {
    let mut live = context.interaction.participants.iter().filter_map(|p| p.challenge.as_ref());
    match live.find(|challenge| challenge.number == number) {
        Some(challenge) => Ok(FoundChallenge::Live(Box::new(challenge.clone()))),
        None => {
            let ended = context.ended_challenge(number).filter(|ended| ended.is_told_at(context.environment.now));
            ended.cloned().map(FoundChallenge::Ended).ok_or(Refusal::NotFound("challenge"))
        }
    }
}

/// Finds what a page's token opens. It changes nothing.
pub fn find_page(context: &Context<'_>, token: &Token) -> Result<FoundChallenge, Refusal> {
    let (id, keys) = (context.interaction.id, context.environment.keys);
    let found = find(context, token.number)?;
    let page = match &found {
        FoundChallenge::Live(challenge) => challenge.page_token(id, keys),
        FoundChallenge::Ended(ended) => ended.page_token(id, keys),
    };
    let same = token.kind == TokenKind::Challenge && page.tag(&keys.link) == token.tag(&keys.link);
    if same { Ok(found) } else { Err(Refusal::NotFound("challenge")) }
}

/// Looks at a challenge; only what time has done is saved.
pub fn look(context: &Context<'_>, number: u16) -> Result<FoundChallenge, Refusal> {
    find(context, number)
}

/// Continue was pressed on the challenge's page: the person has arrived, in that browser. In another one the
/// proof begins anew.
pub fn arrive(
    context: &mut Context<'_>,
    token: &Token,
    browser: &Tag,
    opener: Option<&str>,
) -> Result<FoundChallenge, Refusal> {
    let challenge = match find_page(context, token) {
        Ok(FoundChallenge::Live(challenge)) => *challenge,
        other => return other,
    };
    let at = context.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
    let begun = budgets::admit(context, at, challenge.method().guarded())
        .and_then(|_| begin_page(context, at, browser, opener));
    if matches!(begun, Err(Refusal::LinkUsed)) {
        end(context, at, PageSource::Challenge(challenge.number), AcceptedBy::Void("starts"));
    }
    begun?;
    context.touch();
    Ok(FoundChallenge::Live(Box::new(arrived(context, at))))
}

/// The message to pay for when Continue is pressed there; nothing where no code goes out.
pub fn payable_arrival(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Option<Destination> {
    let Ok(FoundChallenge::Live(challenge)) = find_page(context, token) else { return None };
    let at = context.find(Some(&challenge.participant)).ok()?;
    if sends_another(context, at, browser) { payable(context, challenge.number) } else { None }
}

/// Whether Continue in that browser has another code sent: the one before was for another browser's page.
pub(crate) fn sends_another(context: &Context<'_>, at: usize, browser: &Tag) -> bool {
    context.interaction.participants[at].challenge.as_ref().is_some_and(|challenge| {
        let page = &challenge.page;
        let is_new = !page.was_started_by(browser) || page.answered.is_some();
        challenge.issue().is_some() && page.start.is_some() && is_new
    })
}

/// Continue was pressed for the participant's live challenge. In another browser than before the proof begins
/// anew: with another code, and with the tries that are left.
///
/// # Errors
///
/// As `begin`; `Judging` while a provider judges what the other browser has sent; `SendBudget` and the like where
/// no other code can be sent. The other browser then goes on.
pub(crate) fn begin_page(
    context: &mut Context<'_>,
    at: usize,
    browser: &Tag,
    opener: Option<&str>,
) -> Result<(), Refusal> {
    let challenge = live(context, at);
    let number = challenge.number;
    if challenge.judged_until().is_some() {
        // The browser that showed the document is where it was.
        return if challenge.page.was_started_by(browser) { Ok(()) } else { Err(Refusal::Judging) };
    }
    let sends = sends_another(context, at, browser);
    let before = live(context, at).page.clone();
    begin(context, at, PageSource::Challenge(number), browser, opener)?;
    if sends && let Err(refusal) = resend(context, number) {
        live(context, at).page = before;
        return Err(refusal);
    }
    Ok(())
}

/// The person is at the page that asks for the participant's live challenge.
pub(crate) fn arrived(context: &mut Context<'_>, at: usize) -> Challenge {
    let now = context.environment.now;
    let kept = live(context, at);
    let first = kept.arrived.is_none();
    kept.arrived.get_or_insert(now);
    let challenge = kept.clone();
    if first {
        let data = challenge_data(context.interaction.id, &challenge);
        context.tell(EventData::ChallengePresented(data), Some(challenge.participant.clone()));
    }
    challenge
}

/// The message to pay for before the next code goes out; nothing where none will.
pub fn payable(context: &mut Context<'_>, number: u16) -> Option<Destination> {
    let (at, next) = next_code(context, number).ok()?;
    to_pay(context, at, &next)
}

/// Sends another code: the one before is dead, and what was guessed wrong goes on counting.
pub fn resend(context: &mut Context<'_>, number: u16) -> Result<Challenge, Refusal> {
    let (at, next) = next_code(context, number)?;
    let ready = deliver(context, at, &next)?;
    context.participant(at).challenge = Some(next.clone());
    context.queue_code(ready, &next);
    context.touch();
    Ok(next)
}

/// The challenge with its next code, which is not put yet.
fn next_code(context: &mut Context<'_>, number: u16) -> Result<(usize, Challenge), Refusal> {
    let FoundChallenge::Live(challenge) = find(context, number)? else { return Err(Refusal::CodeGone) };
    let at = context.find(Some(&challenge.participant))?;
    budgets::look_up(context, at);
    budgets::admit(context, at, challenge.method().guarded())?; // a locked person is sent no code
    if challenge.page.is_answered() {
        return Err(Refusal::CodeGone);
    }
    let mut next = challenge;
    next.expires_at = next.check.check_mut().renew(context.environment.settings, context.environment.now)?;
    next.revealed_to.clear(); // what was seen is dead
    Ok((at, *next))
}

/// Takes a challenge back. One that has ended stays as it ended.
pub fn cancel(context: &mut Context<'_>, number: u16) -> Result<(), Refusal> {
    if let FoundChallenge::Live(challenge) = find(context, number)? {
        let at = context.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
        context.end_challenge(at, ChallengeEnd::Cancelled);
        context.touch();
    }
    Ok(())
}

/// Shows the answer to an agent: a code once its receiver is at its page, and where the team shows
/// codes at all; a PIN while its challenge lives. Whoever has seen it may not answer with it.
pub fn reveal(context: &mut Context<'_>, number: u16, to: &Actor) -> Result<Revealed, Refusal> {
    let found = find(context, number)?;
    let challenge = may_see(context, found)?;
    let at = context.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
    let kept = live(context, at);
    if !kept.revealed_to.contains(to) {
        kept.revealed_to.push(to.clone());
    }
    let data = challenge_data(context.interaction.id, &challenge).revealed(challenge.arrived);
    context.tell_act(EventData::ChallengeRevealed(data), Some(challenge.participant.clone()));
    let code = challenge.answer(context.interaction.id, &context.environment.keys.code);
    Ok(Revealed { code, expires_at: challenge.expires_at })
}

fn may_see(context: &Context<'_>, found: FoundChallenge) -> Result<Challenge, Refusal> {
    let code_rules = code_rules(found.method(), context.environment.settings);
    let can_be_seen = match form(found.method()) {
        Some(AnswerForm::Code) => code_rules.is_some_and(|rules| rules.show_to_agents),
        Some(AnswerForm::AgreedNumber) => true,
        Some(AnswerForm::Questions | AnswerForm::Document) | None => false,
    };
    if !can_be_seen {
        return Err(Refusal::NotShown);
    }
    match found {
        FoundChallenge::Ended(_) => Err(Refusal::CodeGone),
        FoundChallenge::Live(challenge) if code_rules.is_some() && challenge.arrived.is_none() => {
            Err(Refusal::NotArrived)
        }
        FoundChallenge::Live(challenge) => Ok(*challenge),
    }
}

fn live<'t>(context: &'t mut Context<'_>, at: usize) -> &'t mut Challenge {
    context.participant(at).challenge.as_mut().expect("find saw it there")
}
