//! The login page's answer. One handle takes one accepted answer, of any outcome: a good login then waits for the
//! browser that Continue was pressed in, and the very same answer again is told the same.
//! Whether the assertion is the login page's is judged before, in `proof::assertion`.

use crate::base::binding::PageSource;
use crate::conversation::context::{Context, budgets, link_data};
use crate::event::EventData;
use crate::proof::assertion::{AssertionResult, PostBack};
use crate::proof::flag::Reason;
use crate::proof::link;
use crate::proof::link::{EndedLink, Link, LinkEnd, PostBackStatus};
use crate::refusal::Refusal;
use crate::rules::flag::accept::NewProof;
use crate::rules::flag::accept::accept as accept_proof;
use crate::rules::links::continue_link::ended;
use crate::secret::Tag;
use crate::secret::token::{Token, TokenKind};
use crate::settings::BindingRule;

/// What the login page is told.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// How it went.
    pub status: PostBackStatus,
    /// The done page's token.
    pub done: Token,
}

/// An answer to a handle.
#[derive(Clone, Copy)]
pub struct NewAnswer<'a> {
    /// What it is an answer to.
    pub handle: &'a Token,
    /// The done page's token, which follows from the handle and the answer's very bytes.
    pub done: &'a Token,
}

/// Accepts a post-back.
pub fn accept(context: &mut Context<'_>, answer: NewAnswer<'_>, assertion: &PostBack) -> Result<Accepted, Refusal> {
    let (at, link) = find(context, answer)?;
    budgets::admit(context, at, link::BUDGET)?;
    let done = answer.done.tag(&context.environment.keys.link);
    context.touch();
    let status = match &assertion.verdict {
        AssertionResult::Authenticated(proof) => {
            let participant = &context.interaction.participants[at];
            if proof.customer.as_ref().is_some_and(|proved| participant.is_other_than(proved)) {
                return Err(Refusal::SubjectConflict);
            }
            let who = participant.id.clone();
            context.tell(EventData::LinkAnswered(link_data(context.interaction.id, &link)), Some(who));
            let (proof, kid) = (Some(proof.clone()), Some(assertion.kid.clone()));
            let new = NewProof { proof, done, kid, invitation: link.invitation };
            accept_proof(context, at, PageSource::Link(link.number), new)?
        }
        AssertionResult::Denied => refused(context, at, link, done, PostBackStatus::Denied),
        AssertionResult::Cancelled => refused(context, at, link, done, PostBackStatus::Cancelled),
    };
    Ok(Accepted { status, done: answer.done.clone() })
}

/// Whether an answer to that handle would be judged at all: the link is opened, and nothing keeps its
/// participant from logging in.
pub fn answerable(context: &Context<'_>, answer: NewAnswer<'_>) -> Result<(), Refusal> {
    let (at, _) = find(context, answer)?;
    budgets::admit(context, at, link::BUDGET).map(drop)
}

/// The private data fit more than one record: nobody is authenticated, the link stays as it is, and it
/// stands in the audit trail.
pub fn ambiguous(context: &mut Context<'_>, answer: NewAnswer<'_>) -> Result<(), Refusal> {
    let (at, link) = find(context, answer)?;
    let id = context.interaction.participants[at].id.clone();
    let data = link_data(context.interaction.id, &link);
    context.tell_act(EventData::DirectoryAmbiguous(data.into()), Some(id));
    Err(Refusal::NoMatchingRecord)
}

/// Whom a handle asks, while its link is open and not answered.
pub(crate) fn opened(context: &Context<'_>, handle: &Token) -> Result<(usize, Link), Refusal> {
    find(context, NewAnswer { handle, done: handle })
}

/// Whether the handle took that very answer, and its done page may be told again.
pub fn is_repeated(context: &Context<'_>, answer: NewAnswer<'_>) -> Result<bool, Refusal> {
    Ok(matches!(find(context, answer), Err(Refusal::Repeated(_))))
}

/// The opened link that the handle belongs to.
fn find(context: &Context<'_>, answer: NewAnswer<'_>) -> Result<(usize, Link), Refusal> {
    let key = &context.environment.keys.link;
    let (tag, done, number) = (answer.handle.tag(key), answer.done.tag(key), answer.handle.number);
    for (at, participant) in context.interaction.participants.iter().enumerate() {
        let Some(link) = participant.links.iter().find(|link| link.number == number) else { continue };
        return match (link.handle, link.page.answered) {
            (None, _) if link.tag == tag => Err(Refusal::OutOfOrder),
            (Some(handle), None) if handle == tag => Ok((at, link.clone())),
            (Some(handle), Some(answered)) if handle == tag && answered == done => {
                Err(Refusal::Repeated(PostBackStatus::Accepted.as_str()))
            }
            (Some(handle), Some(_)) if handle == tag => Err(Refusal::LinkUsed),
            // Continue was pressed again since.
            (Some(_), _) if answer.handle.kind == TokenKind::Handle => Err(Refusal::LinkSuperseded),
            _ => Err(Refusal::NotFound("link")),
        };
    }
    match context.ended_link(number) {
        Some(past) if past.link.handle == Some(tag) && past.link.page.answered == Some(done) => Err(repeated(past)),
        Some(past) if past.link.handle == Some(tag) => Err(ended(&past.end)),
        _ => Err(Refusal::NotFound("link")),
    }
}

/// What the very same answer is told again: where it was, and where its browser goes on; the latter not once a
/// flag was raised there, save where the team asks for nothing that binds it.
fn repeated(past: &EndedLink) -> Refusal {
    let raised_at_once = past.link.page.rule == BindingRule::None;
    match &past.end {
        LinkEnd::Used(PostBackStatus::Authenticated) if !raised_at_once => {
            Refusal::Replayed(PostBackStatus::Accepted.as_str())
        }
        LinkEnd::Used(status) => Refusal::Repeated(status.as_str()),
        _ => Refusal::Repeated(PostBackStatus::Accepted.as_str()),
    }
}

fn refused(context: &mut Context<'_>, at: usize, mut link: Link, done: Tag, status: PostBackStatus) -> PostBackStatus {
    let data = link_data(context.interaction.id, &link);
    let (data, reason) = match status {
        PostBackStatus::Denied => (EventData::LinkDenied(data), Reason::Denied),
        _ => (EventData::LinkCancelled(data), Reason::Cancelled),
    };
    let participant = context.participant(at);
    participant.flag.explain(reason);
    participant.links.retain(|own| own.number != link.number);
    let id = participant.id.clone();
    context.tell(data, Some(id));
    link.page.answered = Some(done);
    context.end_link(link, LinkEnd::Used(status));
    status
}
