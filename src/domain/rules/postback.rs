//! What the login page's answer does. The assertion's signature, audience and times have been
//! judged before (`assertion`); here it meets the link that it answers.

use super::continue_link::ended;
use super::open::{Asked, raise};
use crate::domain::assertion::{PostBack, Verdict};
use crate::domain::confirmation::{Confirmation, LIFETIME_MINUTES, TRIES};
use crate::domain::event::EventKind;
use crate::domain::flag::{Binding, Proof, Reason};
use crate::domain::link::{EndedLink, Link, LinkEnd, PostBackStatus, Progress};
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;
use crate::domain::settings::BindingRule;
use crate::domain::token::Token;
use crate::domain::turn::{Decision, Turn, link_data, resume_data};

/// What the login page is told.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// How it went.
    pub status: PostBackStatus,
    /// The done page's token.
    pub done: Token,
}

/// Accepts a post-back: the handle is consumed, and in the same record the flag goes up, or the
/// login waits for its code.
pub fn accept(mut turn: Turn<'_>, handle: &Token, assertion: &PostBack) -> Decision<Accepted> {
    match judge(&mut turn, handle, assertion) {
        Ok(accepted) => turn.done(accepted),
        Err(refusal) => turn.refuse(refusal),
    }
}

/// Whether an answer to that handle would be judged at all: the link is opened, and nothing keeps its
/// participant from logging in.
pub fn answerable(turn: Turn<'_>, handle: &Token, jti: &str) -> Decision<()> {
    match find(&turn, handle, jti).and_then(|(at, ..)| turn.admit(at, Guarded::Login)) {
        Ok(_) => turn.done(()),
        Err(refusal) => turn.refuse(refusal),
    }
}

/// The private data fit more than one record: nobody is authenticated, the link stays as it is, and it
/// stands in the audit trail.
pub fn ambiguous(mut turn: Turn<'_>, handle: &Token, jti: &str) -> Decision<()> {
    match find(&turn, handle, jti) {
        Ok((at, link, _)) => {
            let id = turn.interaction.participants[at].id.clone();
            let data = link_data(turn.interaction.id, &link);
            turn.tell_act(EventKind::DirectoryAmbiguous, Some(id), data);
            turn.refuse(Refusal::NoMatchingRecord)
        }
        Err(refusal) => turn.refuse(refusal),
    }
}

fn judge(turn: &mut Turn<'_>, handle: &Token, assertion: &PostBack) -> Result<Accepted, Refusal> {
    let (at, link, by_opener) = find(turn, handle, &assertion.jti)?;
    turn.admit(at, Guarded::Login)?;
    let token = handle.done(&turn.around.keys.handle);
    let status = match &assertion.verdict {
        Verdict::Authenticated(proof) => authenticated(turn, at, &link, by_opener, proof, &token)?,
        Verdict::Denied => refused(turn, at, &link, PostBackStatus::Denied),
        Verdict::Cancelled => refused(turn, at, &link, PostBackStatus::Cancelled),
    };
    turn.participant(at).links.retain(|l| l.number != link.number);
    let done = token.tag(&turn.around.keys.link);
    turn.end_link(link, LinkEnd::Used { jti: assertion.jti.clone(), status, done });
    turn.touch();
    Ok(Accepted { status, done: token })
}

/// Whom a handle asks, while its link is open.
pub(super) fn opened(turn: &Turn<'_>, handle: &Token) -> Result<(usize, Link), Refusal> {
    find(turn, handle, "").map(|(at, link, _)| (at, link))
}

/// The opened link that the handle belongs to.
fn find(turn: &Turn<'_>, handle: &Token, jti: &str) -> Result<(usize, Link, bool), Refusal> {
    let tag = handle.tag(&turn.around.keys.link);
    for (at, participant) in turn.interaction.participants.iter().enumerate() {
        let Some(link) = participant.links.iter().find(|l| l.number == handle.number) else { continue };
        return match &link.progress {
            Progress::Issued if link.tag == tag => Err(Refusal::OutOfOrder),
            Progress::Opened { handle, by_opener } if *handle == tag => Ok((at, link.clone(), *by_opener)),
            _ => Err(Refusal::NotFound("link")),
        };
    }
    match turn.ended_link(handle.number) {
        Some(past) if is_handle_of(past, tag) => Err(match &past.end {
            LinkEnd::Used { jti: first, status, .. } if first == jti => Refusal::Replayed(status.as_str()),
            end => ended(end),
        }),
        _ => Err(Refusal::NotFound("link")),
    }
}

fn is_handle_of(past: &EndedLink, tag: crate::domain::secret::Tag) -> bool {
    matches!(&past.link.progress, Progress::Opened { handle, .. } if *handle == tag)
}

fn authenticated(
    turn: &mut Turn<'_>,
    at: usize,
    link: &Link,
    by_opener: bool,
    proof: &Proof,
    done: &Token,
) -> Result<PostBackStatus, Refusal> {
    let participant = &turn.interaction.participants[at];
    if proof.customer.as_ref().is_some_and(|proved| participant.is_other_than(proved)) {
        return Err(Refusal::SubjectConflict);
    }
    let who = turn.interaction.participants[at].id.clone();
    turn.tell(EventKind::LinkAnswered, Some(who), link_data(turn.interaction.id, link));
    let binding = match (by_opener, link.rule) {
        (true, _) => Binding::Opener,
        (false, BindingRule::None) => Binding::None,
        (false, _) => return Ok(await_code(turn, at, link, proof, done)),
    };
    let resume = resume_data(link.intent.as_ref(), link.state.as_deref());
    raise(turn, at, proof.clone(), binding, Some(Asked { link: Some(link.number), at: Some(link.issued_at), resume }))?;
    Ok(PostBackStatus::Authenticated)
}

/// The login stands aside until its code comes back through the chat.
fn await_code(turn: &mut Turn<'_>, at: usize, link: &Link, proof: &Proof, done: &Token) -> PostBackStatus {
    let confirmation = Confirmation {
        link: link.number,
        asked_at: Some(link.issued_at),
        done: done.tag(&turn.around.keys.link),
        nonce: turn.draws.take(),
        expires_at: turn.around.now.plus_minutes(LIFETIME_MINUTES),
        tries_left: TRIES,
        proof: proof.clone(),
        intent: link.intent.clone(),
        state: link.state.clone(),
        return_url: link.return_url.clone(),
    };
    turn.participant(at).confirmation = Some(confirmation);
    PostBackStatus::ConfirmationRequired
}

fn refused(turn: &mut Turn<'_>, at: usize, link: &Link, status: PostBackStatus) -> PostBackStatus {
    let (kind, reason) = match status {
        PostBackStatus::Denied => (EventKind::LinkDenied, Reason::Denied),
        _ => (EventKind::LinkCancelled, Reason::Cancelled),
    };
    let participant = turn.participant(at);
    participant.flag.explain(reason);
    let id = participant.id.clone();
    turn.tell(kind, Some(id), link_data(turn.interaction.id, link));
    status
}
