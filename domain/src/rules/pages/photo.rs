//! Showing a document: pictures are handed in, counted as an attempt, and judged elsewhere; what the
//! verdict leads to is decided here, in the order of the two stages.
//!
//! An attempt is saved before a provider is asked, and there is one at a time: whatever comes back, or
//! does not, no more are judged than the thresholds allow. A verdict never comes from the person.

use crate::base::binding::{Binding, PageSource};
use crate::base::id::{ChallengeId, ProviderName};
use crate::conversation::context::{Context, budgets, challenge_data};
use crate::event::{Actor, EventData};
use crate::proof::challenge::{Challenge, ChallengeEnd};
use crate::proof::entry::EntryProof;
use crate::proof::flag::Reason;
use crate::proof::lockout::Consequence;
use crate::proof::methods::document::BUDGET;
use crate::proof::page_proof::{PendingStep, RETURN_MINUTES};
use crate::providers::identity::{
    CheckId, CheckStage, Checking, DocumentVerdict, Flaw, IdDocument, Last, Shortfall, TIMEOUT,
};
use crate::refusal::Refusal;
use crate::rules::challenges::answer::OnPage;
use crate::rules::challenges::answer::proof_of;
use crate::rules::flag::accept::NewProof;
use crate::rules::flag::accept::accept;
use crate::rules::flag::accept::bind_document;
use crate::rules::flag::accept::raise_pending;
use crate::rules::flag::accept::void_others;
use crate::rules::flag::binding::rule_now;
use crate::rules::links::enter::asked_at_entry;
use crate::rules::links::page::Page;
use crate::rules::links::page::find;
use crate::secret::Tag;
use crate::secret::token::{Token, TokenKind};
use crate::settings::BindingRule;
use crate::time::Moment;

/// What handing pictures in led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// What becomes of the pictures.
    pub what: Pictures,
    /// The done page's token, where this browser has yet to be shown to be the chat's.
    pub done: Option<Token>,
}

/// What becomes of pictures that were handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// The provider is to be asked.
    Ask(DocumentCase),
    /// Others are being judged: these are not looked at, and count for nothing.
    Busy,
    /// They were not clear enough to ask anybody.
    Judged(JudgedDocument),
}

/// What a provider is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentCase {
    /// The attempt.
    pub id: CheckId,
    /// Whether a face belongs to it.
    pub selfie: bool,
    /// Who is asked.
    pub provider: ProviderName,
}

/// What a verdict led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedDocument {
    /// It was good: the flag is raised, or waits for the browser to be shown to be the chat's.
    Passed,
    /// The pictures are clear; of the document nothing was said yet.
    Waits,
    /// The pictures will not do.
    Unclear(Vec<Flaw>),
    /// The document, or the face, was not found good.
    Failed,
    /// That was once too often: nothing is taken until then.
    Locked(Moment),
    /// Nothing is taken until an admin lifts the ban.
    Banned,
    /// It is another customer's than this conversation's.
    SubjectConflict,
    /// Nobody waits for this verdict any more: nothing follows from it.
    Late,
}

/// Finds the document that a page asks this browser for.
pub fn asked(context: &Context<'_>, token: &Token, browser: &Tag) -> Result<(usize, Challenge), Refusal> {
    let (at, challenge) = match find(context, token)? {
        Page::Over(..) => return Err(Refusal::CodeGone),
        Page::Challenge(at, challenge) => (at, *challenge),
        Page::Entry(at, _) => {
            let participant = &context.interaction.participants[at];
            let waits = participant.entry.waiting.as_ref().is_some_and(|waiting| waiting.browser == *browser);
            let asked = asked_at_entry(participant).filter(|_| waits);
            (at, asked.cloned().ok_or(Refusal::StaleForm)?)
        }
    };
    let is_asked = challenge.prompt().document().is_some() && challenge.page.was_started_by(browser);
    if is_asked { Ok((at, challenge)) } else { Err(Refusal::StaleForm) }
}

/// Pictures were handed in. Where they are flawed already nobody is asked, and the attempt has failed.
pub fn hand_in(context: &mut Context<'_>, token: &Token, browser: &Tag, flaws: &[Flaw]) -> Result<Handed, Refusal> {
    context.must_be_open()?;
    let (at, challenge) = asked(context, token, browser)?;
    budgets::look_up(context, at);
    budgets::admit(context, at, BUDGET)?;
    context.touch();
    let (now, number, interaction) = (context.environment.now, challenge.number, context.interaction.id);
    let page = OnPage {
        browser,
        token,
        attempt: "document",
        invitation: (token.kind == TokenKind::Entry).then_some(token.number),
    };
    let document = document(context, at, number).expect("it was found a moment ago");
    if document.checking.is_some() || challenge.page.is_answered() {
        return Ok(Handed { what: Pictures::Busy, done: done_of(context, at, number, &page) });
    }
    document.attempts = document.attempts.checked_add(1).ok_or(Refusal::Full)?;
    let attempt = document.attempts;
    document.last = None;
    if !flaws.is_empty() {
        let judged = unclear(context, at, attempt, flaws.to_vec());
        return Ok(Handed { what: Pictures::Judged(judged), done: None });
    }
    document.checking = Some(Checking { attempt, until: now.plus(TIMEOUT), clear: false });
    let id = CheckId { challenge: ChallengeId { interaction, number }, attempt };
    let case = DocumentCase { id, selfie: document.selfie, provider: document.provider.clone() };
    if challenge.page.pending.is_none() {
        let done =
            page.done(challenge.page.starts, number, context.environment.keys).tag(&context.environment.keys.link);
        let new = NewProof { proof: None, done, kid: None, invitation: page.invitation };
        accept(context, at, PageSource::Challenge(number), new)?;
    }
    Ok(Handed { what: Pictures::Ask(case), done: done_of(context, at, number, &page) })
}

/// The done page's token once more, for the browser that showed the document.
pub fn done_again(context: &Context<'_>, token: &Token, browser: &Tag) -> Result<Token, Refusal> {
    let invitation = (token.kind == TokenKind::Entry).then_some(token.number);
    let page = OnPage { browser, token, attempt: "document", invitation };
    let (at, challenge) = asked(context, token, browser)?;
    done_of(context, at, challenge.number, &page).ok_or(Refusal::NotFound("page"))
}

/// The done page's token for the browser that shows the document, until its form has bound it.
fn done_of(context: &Context<'_>, at: usize, number: u16, page: &OnPage<'_>) -> Option<Token> {
    let own = context.page(at, PageSource::Challenge(number))?;
    let waits = own.pending.as_ref().is_some_and(|pending| matches!(pending.step, PendingStep::Form));
    (waits && own.was_started_by(page.browser)).then(|| page.done(own.starts, number, context.environment.keys))
}

/// The provider will say later: until then the attempt waits.
pub fn wait(context: &mut Context<'_>, id: CheckId, until: Moment) -> Result<(), Refusal> {
    if let Ok((_, document)) = waiting(context, id)
        && let Some(checking) = document.checking.as_mut()
    {
        checking.until = checking.until.max(until);
    }
    Ok(())
}

/// The provider did not say anything: the attempt counts for nothing. Too many of these end the challenge.
pub fn give_up(context: &mut Context<'_>, id: CheckId, why: &'static str) -> Result<(), Refusal> {
    if let Ok((at, document)) = waiting(context, id) {
        document.give_up();
        let (now, by) = (context.environment.now, context.actor.clone());
        budgets::tell_undecided(context, at, why, now, &by);
    }
    Ok(())
}

/// A provider's word on an attempt. `from` is the provider that said it.
pub fn judge(
    context: &mut Context<'_>,
    id: CheckId,
    from: &ProviderName,
    verdict: &DocumentVerdict,
) -> Result<JudgedDocument, Refusal> {
    let (at, document) = match waiting(context, id) {
        Ok(found) => found,
        Err(over) => return over,
    };
    if document.provider != *from {
        return Err(Refusal::NotFound("check"));
    }
    let checking = document.checking.clone().expect("that is what it waits for");
    budgets::look_up(context, at);
    match budgets::admit(context, at, BUDGET) {
        Ok(_) => {}
        Err(Refusal::Locked(until)) => return Ok(JudgedDocument::Locked(until)),
        Err(_) => return Ok(JudgedDocument::Banned),
    }
    if let Some(Err(flaws)) = &verdict.quality {
        return Ok(unclear(context, at, id.attempt, flaws.clone()));
    }
    let clear = checking.clear || verdict.quality.is_some();
    match verdict.authentication {
        // Whether a document is genuine is said after it was found to be one.
        Some(_) if !clear => Err(Refusal::OutOfOrder),
        Some(true) => Ok(good(context, at)),
        Some(false) => Ok(failed(context, at, id.attempt)),
        None => {
            let document = document_of(context, at).expect("it was found a moment ago");
            document.checking = Some(Checking { clear, ..checking });
            Ok(JudgedDocument::Waits)
        }
    }
}

/// What waits for the verdict on that attempt; else what a late or repeated one is told.
fn waiting<'t>(
    context: &'t mut Context<'_>,
    id: CheckId,
) -> Result<(usize, &'t mut IdDocument), Result<JudgedDocument, Refusal>> {
    let number = id.challenge.number;
    let people = &context.interaction.participants;
    let live = people.iter().position(|p| p.challenge.as_ref().is_some_and(|c| c.number == number));
    let Some(at) = live else {
        let told = match context.ended_challenge(number).map(|ended| ended.end) {
            None => Err(Refusal::NotFound("check")),
            Some(ChallengeEnd::Passed) => Err(Refusal::Replayed("passed")),
            Some(ChallengeEnd::Locked) => Err(Refusal::Replayed("failed")),
            Some(_) => Ok(JudgedDocument::Late),
        };
        return Err(told);
    };
    let Some(document) = document(context, at, number) else { return Err(Err(Refusal::NotFound("check"))) };
    if id.attempt == 0 || id.attempt > document.attempts {
        return Err(Err(Refusal::NotFound("check")));
    }
    if document.checking.as_ref().is_some_and(|checking| checking.attempt == id.attempt) {
        return Ok((at, document));
    }
    match &document.last {
        Some(Last { attempt, how: Shortfall::Quality(_) | Shortfall::Authentication }) if *attempt == id.attempt => {
            Err(Err(Refusal::Replayed("failed")))
        }
        _ => Err(Ok(JudgedDocument::Late)),
    }
}

fn document<'t>(context: &'t mut Context<'_>, at: usize, number: u16) -> Option<&'t mut IdDocument> {
    let challenge = context.participant(at).challenge.as_mut().filter(|challenge| challenge.number == number)?;
    challenge.check.check_mut().document_mut()
}

fn document_of<'t>(context: &'t mut Context<'_>, at: usize) -> Option<&'t mut IdDocument> {
    let number = context.interaction.participants[at].challenge.as_ref()?.number;
    document(context, at, number)
}

/// The document is genuine, and the face its owner's where one was asked for. The later of this and of what binds
/// the browser raises the flag, and opens the door.
fn good(context: &mut Context<'_>, at: usize) -> JudgedDocument {
    budgets::clear_failure_limit(context, at);
    let now = context.environment.now;
    let challenge = context.participant(at).challenge.as_mut().expect("it was found a moment ago");
    if let Some(document) = challenge.check.check_mut().document_mut() {
        document.checking = None;
    }
    let (source, challenge) = (PageSource::Challenge(challenge.number), challenge.clone());
    if challenge.page.pending.is_none() {
        return JudgedDocument::Late; // the browser that showed it has begun anew
    }
    let data = challenge_data(context.interaction.id, &challenge);
    context.tell(EventData::ChallengePassed(data), Some(challenge.participant.clone()));
    void_others(context, at, source);
    let proof = proof_of(&challenge, &Actor::Person);
    let page = context.page_mut(at, source);
    let pending = page.pending.as_deref_mut().expect("it was found a moment ago");
    (pending.proof, pending.accepted_at) = (Some(proof.clone()), now);
    let (step, invitation) = (pending.step.clone(), pending.invitation);
    if pending.expires_at.is_none() {
        pending.expires_at = Some(now.plus_minutes(RETURN_MINUTES));
    }
    let posted = match &step {
        PendingStep::Form | PendingStep::Address(_) => None,
        PendingStep::Code(confirmation) => Some(confirmation.browser),
        PendingStep::Bound(browser, _) => Some(*browser),
    };
    let started = posted.filter(|browser| page.was_started_by(browser));
    let bound = match step {
        PendingStep::Bound(browser, binding) => Some((browser, binding)),
        _ => None,
    };
    let raised = match bound {
        Some((browser, binding)) => bind_document(context, at, source, binding, &browser),
        None if invitation.is_none() && rule_now(context, at, source) == BindingRule::None => {
            raise_pending(context, at, source, Binding::None, None).is_ok()
        }
        None => true,
    };
    let (Some(browser), Some(invitation)) = (started, invitation) else { return judged_by(raised) };
    // The browser that showed the document, and no other, has what coming in takes.
    let waiting = context.participant(at).entry.waiting.as_mut();
    if let Some(waiting) = waiting.filter(|w| w.invitation == invitation && w.browser == browser) {
        waiting.proved = Some(EntryProof::of(&proof, now));
    }
    judged_by(raised)
}

fn judged_by(raised: bool) -> JudgedDocument {
    if raised { JudgedDocument::Passed } else { JudgedDocument::SubjectConflict }
}

fn unclear(context: &mut Context<'_>, at: usize, attempt: u16, mut flaws: Vec<Flaw>) -> JudgedDocument {
    if flaws.is_empty() {
        flaws.push(Flaw::Unreadable);
    }
    flaws.sort_unstable();
    flaws.dedup();
    let how = Last { attempt, how: Shortfall::Quality(flaws.clone()) };
    count_failed_attempt(context, at, CheckStage::Quality, how).unwrap_or(JudgedDocument::Unclear(flaws))
}

fn failed(context: &mut Context<'_>, at: usize, attempt: u16) -> JudgedDocument {
    let how = Last { attempt, how: Shortfall::Authentication };
    count_failed_attempt(context, at, CheckStage::Authentication, how).unwrap_or(JudgedDocument::Failed)
}

/// Counts a failed attempt at a stage; what else it led to, where it did.
fn count_failed_attempt(context: &mut Context<'_>, at: usize, stage: CheckStage, how: Last) -> Option<JudgedDocument> {
    let interaction = context.interaction.id;
    let left = budgets::tries_left_after(context, at, stage);
    let participant = context.participant(at);
    let (id, challenge) = (participant.id.clone(), participant.challenge.as_mut().expect("it was found a moment ago"));
    let document = challenge.check.check_mut().document_mut().expect("only a document is judged so");
    let reasons = match &how.how {
        Shortfall::Quality(flaws) => flaws.clone(),
        _ => Vec::new(),
    };
    document.checking = None;
    document.last = Some(how);
    match stage {
        CheckStage::Quality => document.quality_left = left,
        CheckStage::Authentication => challenge.tries_left = left,
    }
    let data = challenge_data(interaction, challenge).wrong(left).at(stage, reasons);
    context.tell(EventData::ChallengeWrong(data), Some(id));
    let consequence = budgets::fail_at(context, at, stage);
    if context.interaction.participants[at].challenge.is_none() {
        context.participant(at).flag.explain(Reason::ChallengeFailed);
    }
    match consequence {
        Consequence::Counted => None,
        Consequence::Locked(until) => Some(JudgedDocument::Locked(until)),
        Consequence::Banned => Some(JudgedDocument::Banned),
    }
}
