//! Acts on a code page besides Continue: people answer, ask for another code, or disown it.
//! The page may be a challenge's or an invitation's; on the latter a right answer lets them in.

use serde::{Deserialize, Serialize};

use crate::conversation::context::{Context, budgets, link_data};
use crate::conversation::destination::Destination;
use crate::event::data::conversations::ExpiredData;
use crate::event::{Actor, EventData};
use crate::proof::challenge::ChallengeEnd;
use crate::proof::entry::WaitingBrowser;
use crate::proof::flag::Reason;
use crate::proof::link::LinkEnd;
use crate::proof::methods;
use crate::proof::methods::ProofMethod;
use crate::proof::methods::check::TypedText;
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::challenges::answer;
use crate::rules::challenges::answer::Answer;
use crate::rules::challenges::answer::AnswerOrigin;
use crate::rules::challenges::answer::AnswerOutcome;
use crate::rules::challenges::manage;
use crate::rules::challenges::manage::arrived;
use crate::rules::challenges::manage::begin_page;
use crate::rules::links::enter::asked_at_entry;
use crate::rules::links::enter::payable_challenge;
use crate::rules::links::enter::put_challenge;
use crate::rules::links::page;
use crate::rules::links::page::Page;
use crate::secret::Tag;
use crate::secret::token::{Token, TokenKind};
use crate::time::Moment;

/// The outcome of an answer on a code page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAnswered {
    /// How the answer went.
    pub outcome: AnswerOutcome,
    /// Nothing is taken until then.
    pub locked_until: Option<Moment>,
    /// Of a right one: which challenge it answered, and how often Continue had begun there. The done page's token
    /// follows from these.
    pub passed: Option<(u16, u16)>,
}

/// An answer on a code page.
pub fn answer(
    context: &mut Context<'_>,
    token: &Token,
    typed: TypedText<'_>,
    browser: &Tag,
    attempt: &str,
) -> Result<PageAnswered, Refusal> {
    let live = match page::find(context, token)? {
        Page::Challenge(_, challenge) => Some((challenge.number, challenge.page.starts)),
        Page::Entry(at, _) => {
            let asked = asked_at_entry(&context.interaction.participants[at]);
            asked.map(|challenge| (challenge.number, challenge.page.starts))
        }
        Page::Over(..) => Some((token.number, 0)),
    };
    let over = PageAnswered { outcome: AnswerOutcome::Expired, locked_until: None, passed: None };
    let Some((number, starts)) = live else { return Ok(over) };
    let invitation = (token.kind == TokenKind::Entry).then_some(token.number);
    let page = answer::OnPage { browser, token, attempt, invitation };
    let told =
        answer::answer(context, number, &Answer { typed, how: AnswerOrigin::OnPage(&page), by: &Actor::Person })?;
    let passed = (told.outcome == AnswerOutcome::Passed).then_some((number, starts));
    Ok(PageAnswered { outcome: told.outcome, locked_until: told.locked_until, passed })
}

/// The message to pay for before another code goes out.
pub fn payable(context: &mut Context<'_>, token: &Token) -> Option<Destination> {
    let at = match page::find(context, token).ok()? {
        Page::Over(..) => return None,
        Page::Challenge(_, challenge) => return manage::payable(context, challenge.number),
        Page::Entry(at, _) => at,
    };
    let participant = &context.interaction.participants[at];
    if let Some(challenge) = asked_at_entry(participant) {
        let number = challenge.number;
        return manage::payable(context, number);
    }
    let method = number_at_entry(participant.entry.waiting.as_ref()?)?;
    payable_challenge(context, at, method)
}

/// Another code is asked for on a code page. On the page of an invitation a new code takes the place of one that is over.
pub fn resend(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Result<(), Refusal> {
    let at = match page::find(context, token)? {
        Page::Over(..) => return Err(Refusal::CodeGone),
        Page::Challenge(_, challenge) => {
            started_here(&challenge.page, browser)?;
            return manage::resend(context, challenge.number).map(drop);
        }
        Page::Entry(at, _) => at,
    };
    let participant = &context.interaction.participants[at];
    if let Some(challenge) = asked_at_entry(participant) {
        let number = challenge.number;
        started_here(&challenge.page, browser)?;
        return manage::resend(context, number).map(drop);
    }
    let waiting = participant.entry.waiting.as_ref().filter(|waiting| waiting.browser == *browser);
    let method = waiting.and_then(number_at_entry).ok_or(Refusal::CodeGone)?;
    context.touch();
    put_challenge(context, at, method)?;
    begin_page(context, at, browser, None)?;
    arrived(context, at);
    Ok(())
}

/// The method by which a browser at the door proves itself, where the page asks for a number.
fn number_at_entry(waiting: &WaitingBrowser) -> Option<&'static dyn ProofMethod> {
    methods::find(waiting.method).filter(|method| method.form().is_number())
}

/// Only the browser that pressed Continue last has anything sent: another's page would end its code.
fn started_here(page: &PageProof, browser: &Tag) -> Result<(), Refusal> {
    if page.was_started_by(browser) { Ok(()) } else { Err(Refusal::StaleForm) }
}

/// "This wasn't me": the page closes for everybody. What it had let in falls where the browser that was let in
/// says so; another that has come by the address has lost nothing.
pub fn report(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Result<(), Refusal> {
    let (at, link) = match page::find(context, token) {
        Ok(Page::Entry(at, link)) => (at, Some(*link)),
        Ok(Page::Challenge(at, _)) => (at, None),
        Ok(Page::Over(_, ChallengeEnd::Reported)) | Err(Refusal::LinkReported) => return Ok(()),
        Ok(Page::Over(..)) => return Err(Refusal::CodeGone),
        Err(refusal) => return Err(refusal),
    };
    context.touch();
    let Some(link) = link else {
        context.end_challenge(at, ChallengeEnd::Reported);
        context.void_pending(at);
        budgets::hold_links(context, at);
        return Ok(());
    };
    let participant = context.participant(at);
    let is_anothers = participant.entry.proved.is_some() && !participant.entry.has_proved(browser);
    participant.links.retain(|live| live.number != link.number);
    let id = participant.id.clone();
    let data = link_data(context.interaction.id, &link);
    context.tell(EventData::LinkReported(data), Some(id.clone()));
    if !is_anothers {
        context.end_challenge(at, ChallengeEnd::Reported);
        context.void_pending(at);
        budgets::hold_links(context, at);
        let participant = context.participant(at);
        let let_in = std::mem::take(&mut participant.entry).proved.is_some();
        if let_in && participant.flag.lower(Reason::Reported) {
            context.tell(EventData::Expired(ExpiredData { reason: Reason::Reported }), Some(id));
        }
    }
    context.end_link(link, LinkEnd::Reported);
    Ok(())
}
