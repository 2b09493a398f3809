//! What the person does on the landing page: Continue, or "This wasn't me".
//! Whether the browser is the one that was shown the page is proved before, in `http::browser`.

use serde_json::json;

use crate::domain::event::EventKind;
use crate::domain::flag::{Flag, Reason};
use crate::domain::link::{EndedLink, Link, LinkEnd, PostBackStatus, Progress, Purpose};
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Tag;
use crate::domain::settings::BindingRule;
use crate::domain::token::{Token, TokenKind};
use crate::domain::turn::{Decision, Turn, link_data, object};

use super::issue::opener_tag;

/// A link that was continued: the way to the login page.
#[derive(Clone, Debug)]
pub struct Continued {
    /// The link.
    pub link: Link,
    /// What the login page will answer with.
    pub handle: Token,
}

/// What a visitor of a page finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A live link, of the participant at that place.
    Live(usize, Link),
    /// The login page has answered; the done page tells the participant at that place how it
    /// went on.
    Done(usize, Link, PostBackStatus),
}

/// Finds what a page's token opens. It changes nothing.
pub fn find(turn: &Turn<'_>, token: &Token) -> Result<Found, Refusal> {
    let tag = token.tag(&turn.around.keys.link);
    if token.kind == TokenKind::Done {
        return find_done(turn, token.number, &tag);
    }
    for (at, participant) in turn.interaction.participants.iter().enumerate() {
        let own = |link: &&Link| link.number == token.number && link.tag == tag && link.purpose != Purpose::Entry;
        if let Some(link) = participant.links.iter().find(own) {
            return Ok(Found::Live(at, link.clone()));
        }
    }
    match turn.ended_link(token.number) {
        Some(past) if past.link.tag == tag => Err(ended(&past.end)),
        _ => Err(Refusal::NotFound("link")),
    }
}

fn find_done(turn: &Turn<'_>, number: u16, tag: &Tag) -> Result<Found, Refusal> {
    match turn.ended_link(number) {
        Some(EndedLink { link, end: LinkEnd::Used { status, done, .. } }) if done == tag => {
            let at = turn.find(Some(&link.participant))?;
            Ok(Found::Done(at, link.clone(), *status))
        }
        Some(EndedLink { end: LinkEnd::Reported(Some(done)), .. }) if done == tag => Err(Refusal::LinkReported),
        _ => Err(Refusal::NotFound("link")),
    }
}

/// Why a link that ended cannot be used.
pub(super) fn ended(end: &LinkEnd) -> Refusal {
    match end {
        LinkEnd::Used { .. } => Refusal::LinkUsed,
        LinkEnd::Superseded => Refusal::LinkSuperseded,
        LinkEnd::Expired => Refusal::LinkExpired,
        LinkEnd::Reported(_) => Refusal::LinkReported,
    }
}

/// Continue: `issued → opened`. The same browser pressing twice gets the same handle, another
/// gets `link-used`.
pub fn press_continue(mut turn: Turn<'_>, token: &Token, browser: &[u8], opener: Option<&str>) -> Decision<Continued> {
    let (at, link) = match find(&turn, token) {
        Ok(Found::Live(at, link)) => (at, link),
        Ok(Found::Done(..)) => return turn.refuse(Refusal::LinkUsed),
        Err(refusal) => return turn.refuse(refusal),
    };
    if let Err(refusal) = turn.admit(at, Guarded::Login) {
        return turn.refuse(refusal);
    }
    let keys = turn.around.keys;
    let handle = link.handle(turn.interaction.id, browser, &keys.handle);
    let tag = handle.tag(&keys.link);
    match &link.progress {
        Progress::Opened { handle: first, .. } if *first == tag => return turn.done(Continued { link, handle }),
        Progress::Opened { .. } => return turn.refuse(Refusal::LinkUsed),
        Progress::Issued => {}
    }
    let said = opener.filter(|o| !o.is_empty()).map(|o| opener_tag(&turn, o));
    let by_opener = said.is_some() && said == link.opener;
    if link.rule == BindingRule::Opener && !by_opener {
        return turn.refuse(Refusal::NotOpenedByChat);
    }
    let opened = Progress::Opened { handle: tag, by_opener };
    let participant = turn.participant(at);
    let kept = participant.links.iter_mut().find(|l| l.number == link.number).expect("find saw it there");
    kept.progress = opened;
    let (id, link) = (participant.id.clone(), kept.clone());
    turn.touch();
    let data = link_data(turn.interaction.id, &link);
    turn.tell(EventKind::LinkOpened, Some(id), data);
    turn.done(Continued { link, handle })
}

/// "This wasn't me": the link freezes, a login that waits for its code is dropped, and the flag
/// that the link had raised falls.
pub fn report(mut turn: Turn<'_>, token: &Token) -> Decision<()> {
    let (at, link) = match find(&turn, token) {
        Ok(Found::Live(at, link) | Found::Done(at, link, _)) => (at, link),
        Err(Refusal::LinkReported) => return turn.done(()),
        Err(refusal) => return turn.refuse(refusal),
    };
    let done = (token.kind == TokenKind::Done).then(|| token.tag(&turn.around.keys.link));
    let participant = turn.participant(at);
    participant.links.retain(|l| l.number != link.number);
    participant.confirmation.take_if(|c| c.link == link.number);
    // Only what this link proved: another proof since then is another's.
    let proved = matches!(&participant.flag, Flag::Raised(raised) if raised.by_link == Some(link.number));
    let fell = proved && participant.flag.lower(Reason::Reported);
    participant.flag.explain(Reason::Reported);
    let id = participant.id.clone();
    let data = link_data(turn.interaction.id, &link);
    turn.tell(EventKind::LinkReported, Some(id.clone()), data);
    if fell {
        turn.tell(EventKind::Expired, Some(id), object(json!({"reason": Reason::Reported})));
    }
    turn.end_link(link, LinkEnd::Reported(done));
    turn.touch();
    turn.done(())
}
