//! Which browser a proof of a page counts for: decided by the first post of its done page's form. The flag is
//! raised, a code is shown, another browser is asked for the chat's address, or it ends.

use crate::base::binding::{Binding, PageSource};
use crate::conversation::context::Context;
use crate::proof::confirmation;
use crate::proof::confirmation::Confirmation;
use crate::proof::page_proof::{NAMING_TRIES, PageProof, PendingStep};
use crate::refusal::Refusal;
use crate::rules::flag::accept::AcceptedBy;
use crate::rules::flag::accept::end;
use crate::rules::flag::accept::look_again;
use crate::rules::flag::accept::raise_pending;
use crate::rules::flag::accept::tell_end;
use crate::rules::flag::binding::rule_now;
use crate::rules::links::enter::InvitationProof;
use crate::rules::links::enter::enter_by;
use crate::secret::Tag;
use crate::settings::{BindingRule, OtherBrowser};

/// The next step of the browser that has finished a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The flag is raised.
    Authenticated,
    /// The browser is shown a code, which must come back through the chat.
    Code,
    /// Another browser is asked which address it chats with; whether it was wrong before.
    Address(bool),
    /// It is bound; a provider's verdict is awaited.
    Judging,
    /// The browser is let in, and nothing else is asked of it.
    Entered,
    /// The login page said no.
    Denied,
    /// The person gave up at the login page.
    Cancelled,
    /// Another browser than the one that started has come back, and that is the end.
    OtherBrowser,
    /// The same, and this browser may begin by itself.
    StartAgain,
    /// Another browser has gone on.
    Elsewhere,
    /// It does not count any more.
    Over,
    /// It is of another customer than this conversation's.
    OtherCustomer,
}

/// The form of the done page was posted by that browser. The first post decides; nobody but the browser that
/// has posted is shown what follows.
pub(crate) fn post_form(context: &mut Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Finish {
    let page = context.page(at, source).expect("the caller found it live");
    let Some(pending) = page.pending.as_deref() else { return Finish::Over };
    match &pending.step {
        PendingStep::Form => decide(context, at, source, browser),
        PendingStep::Address(asked) if asked == browser => Finish::Address(false),
        PendingStep::Code(confirmation) if confirmation.browser == *browser => Finish::Code,
        PendingStep::Bound(bound, _) if bound == browser => Finish::Judging,
        PendingStep::Address(_) | PendingStep::Code(_) | PendingStep::Bound(..) => Finish::Elsewhere,
    }
}

fn decide(context: &mut Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Finish {
    let rule = rule_now(context, at, source);
    let page = context.page_mut(at, source);
    page.finished_by = Some(*browser);
    let vouched = page.start.is_some_and(|start| start.vouched);
    if page.was_started_by(browser) {
        return match rule {
            BindingRule::Auto | BindingRule::Opener if vouched => bind(context, at, source, Binding::Opener, browser),
            BindingRule::Opener => other_browser(context, at, source),
            BindingRule::Browser => bind(context, at, source, Binding::Browser, browser),
            BindingRule::None => bind(context, at, source, Binding::None, browser),
            BindingRule::AdmitOnly => admit_only(context, at, source, browser),
            BindingRule::Auto | BindingRule::Code => match admit(context, at, source, Binding::Code, browser) {
                Ok(_) => show_code(context, at, source, browser),
                Err(refusal) => over(&refusal),
            },
        };
    }
    match rule {
        BindingRule::Opener => other_browser(context, at, source),
        // The flag does not depend on it; whoever comes to a door begins there.
        BindingRule::Browser | BindingRule::AdmitOnly => {
            tell_end(context, at, source, AcceptedBy::OtherBrowser);
            context.page_mut(at, source).pending = None;
            Finish::StartAgain
        }
        BindingRule::None => bind(context, at, source, Binding::None, browser),
        _ if context.environment.settings.other_browser == OtherBrowser::Refuse => other_browser(context, at, source),
        BindingRule::Auto | BindingRule::Code => {
            set_step(context, at, source, PendingStep::Address(*browser));
            Finish::Address(false)
        }
    }
}

/// Another browser has named the address that it chats with, rightly or not. None: what it typed is no address,
/// and no try.
pub(crate) fn named(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    browser: &Tag,
    right: Option<bool>,
) -> Finish {
    let page = context.page(at, source).expect("the caller found it live");
    let asked = page.pending.as_deref().map(|pending| &pending.step);
    if !matches!(asked, Some(PendingStep::Address(asked)) if asked == browser) {
        return post_form(context, at, source, browser);
    }
    match right {
        None => Finish::Address(true),
        Some(true) => show_code(context, at, source, browser),
        Some(false) if wrong_address(context.page_mut(at, source)) => Finish::Address(true),
        Some(false) => other_browser(context, at, source),
    }
}

/// Counts a wrong address; whether another is taken.
pub(crate) fn wrong_address(page: &mut PageProof) -> bool {
    page.wrong_addresses = page.wrong_addresses.saturating_add(1);
    page.wrong_addresses < NAMING_TRIES
}

fn show_code(context: &mut Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Finish {
    let confirmation = Confirmation::new(*browser, context.draws.take());
    let expires_at = context.environment.now.plus_minutes(confirmation::LIFETIME_MINUTES);
    let page = context.page_mut(at, source);
    page.finished_by = Some(*browser);
    if let Some(pending) = page.pending.as_mut() {
        (pending.step, pending.expires_at) = (PendingStep::Code(confirmation), Some(expires_at));
    }
    Finish::Code
}

fn set_step(context: &mut Context<'_>, at: usize, source: PageSource, step: PendingStep) {
    if let Some(pending) = context.page_mut(at, source).pending.as_mut() {
        pending.step = step;
    }
}

/// The browser, or the chat, is shown to be the right one. The flag is raised, or waits for a verdict.
pub(crate) fn bind(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    binding: Binding,
    browser: &Tag,
) -> Finish {
    let pending = context.page_mut(at, source).pending.as_mut().expect("the caller saw it wait");
    if pending.proof.is_none() {
        (pending.step, pending.expires_at) = (PendingStep::Bound(*browser, binding), None);
        return Finish::Judging;
    }
    let proof = entry_proof_of(context, at, source);
    match raise_pending(context, at, source, binding, Some(browser)) {
        Ok(()) => {}
        Err(refusal) => return over(&refusal),
    }
    let is_in = proof.is_some_and(|proof| enter_by(context, at, proof, browser));
    if is_in { Finish::Entered } else { Finish::Authenticated }
}

fn entry_proof_of(context: &Context<'_>, at: usize, source: PageSource) -> Option<InvitationProof> {
    let pending = context.page(at, source)?.pending.as_deref()?;
    let (proof, accepted_at) = (pending.proof.clone()?, pending.accepted_at);
    Some(InvitationProof { invitation: pending.invitation?, proof, accepted_at })
}

/// The end of a proof that does not count any more, for its browser.
fn over(refusal: &Refusal) -> Finish {
    match refusal {
        Refusal::SubjectConflict => Finish::OtherCustomer,
        _ => Finish::Over,
    }
}

/// At a door the browser that finished is let in, however it stands with the chat; true where it is.
///
/// # Errors
///
/// As `look_again`: what waited has ended.
fn admit(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    binding: Binding,
    browser: &Tag,
) -> Result<bool, Refusal> {
    let Some(proof) = entry_proof_of(context, at, source) else { return Ok(false) };
    look_again(context, at, source, binding)?;
    Ok(enter_by(context, at, proof, browser))
}

fn admit_only(context: &mut Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Finish {
    let pending = context.page_mut(at, source).pending.as_mut().expect("the caller saw it wait");
    if pending.proof.is_none() {
        (pending.step, pending.expires_at) = (PendingStep::Bound(*browser, Binding::Browser), None);
        return Finish::Judging;
    }
    match admit(context, at, source, Binding::Browser, browser) {
        Ok(is_in) => {
            end(context, at, source, AcceptedBy::Done);
            if is_in { Finish::Entered } else { Finish::Over }
        }
        Err(refusal) => over(&refusal),
    }
}

/// Another browser came back, and only the one that started counts.
pub(crate) fn other_browser(context: &mut Context<'_>, at: usize, source: PageSource) -> Finish {
    end(context, at, source, AcceptedBy::OtherBrowser);
    Finish::OtherBrowser
}
