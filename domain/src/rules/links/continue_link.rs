//! What the person does on the landing page: Continue, or "This wasn't me".
//! Whether the browser is the one that was shown the page is proved before, in `http::documents::browser`.

use crate::base::binding::PageSource;
use crate::conversation::context::{Context, budgets, link_data};
use crate::event::EventData;
use crate::event::data::conversations::ExpiredData;
use crate::proof::flag::{Flag, Reason};
use crate::proof::link;
use crate::proof::link::{Link, LinkEnd, LinkPurpose};
use crate::refusal::Refusal;
use crate::rules::flag::accept::AcceptedBy;
use crate::rules::flag::accept::end;
use crate::rules::flag::begin::begin;
use crate::secret::Tag;
use crate::secret::token::Token;

/// A link that was continued: the way to the login page.
#[derive(Clone, Debug)]
pub struct Continued {
    /// The link.
    pub link: Link,
    /// What the login page will answer with.
    pub handle: Token,
}

/// Finds the login link that a landing page's token opens, and whose it is. It changes nothing.
pub fn find(context: &Context<'_>, token: &Token) -> Result<(usize, Link), Refusal> {
    let tag = token.tag(&context.environment.keys.link);
    for (at, participant) in context.interaction.participants.iter().enumerate() {
        let own = |link: &&Link| link.number == token.number && link.tag == tag && link.purpose != LinkPurpose::Entry;
        let Some(link) = participant.links.iter().find(own) else { continue };
        // A login that was accepted is waited for past the link's own end; nobody begins it any more.
        return match link.may_be_opened(context.environment.now) {
            true => Ok((at, link.clone())),
            false => Err(Refusal::LinkExpired),
        };
    }
    match context.ended_link(token.number) {
        Some(past) if past.link.tag == tag => Err(ended(&past.end)),
        _ => Err(Refusal::NotFound("link")),
    }
}

/// Why a link that ended cannot be used.
pub(crate) fn ended(end: &LinkEnd) -> Refusal {
    match end {
        LinkEnd::Used(_) | LinkEnd::NotReturned | LinkEnd::OtherBrowser | LinkEnd::Void => Refusal::LinkUsed,
        LinkEnd::Superseded => Refusal::LinkSuperseded,
        LinkEnd::Expired => Refusal::LinkExpired,
        LinkEnd::Reported => Refusal::LinkReported,
    }
}

/// Continue: the link is opened. The same browser pressing again gets the same handle until the login page has
/// answered; any other browser, and the same one afterwards, begins anew, and what waited is void.
pub fn press_continue(
    context: &mut Context<'_>,
    token: &Token,
    browser: &Tag,
    opener: Option<&str>,
) -> Result<Continued, Refusal> {
    let (at, link) = find(context, token)?;
    budgets::admit(context, at, link::BUDGET)?;
    let source = PageSource::Link(link.number);
    let begun = begin(context, at, source, browser, opener);
    if matches!(begun, Err(Refusal::LinkUsed)) {
        end(context, at, source, AcceptedBy::Void("starts"));
    }
    Ok(open(context, at, link.number, begun?))
}

/// The way to the login page of a link that Continue was pressed for.
pub(crate) fn open(context: &mut Context<'_>, at: usize, number: u16, is_new: bool) -> Continued {
    let (id, keys) = (context.interaction.id, context.environment.keys);
    let participant = context.participant(at);
    let link = participant.links.iter_mut().find(|link| link.number == number).expect("the caller found it live");
    let handle = link.handle_token(id, &keys.handle);
    link.handle = Some(handle.tag(&keys.link));
    let (who, link) = (participant.id.clone(), link.clone());
    if is_new {
        context.touch();
        context.tell(EventData::LinkOpened(link_data(id, &link)), Some(who));
    }
    Continued { link, handle }
}

/// "This wasn't me" on the landing page.
pub fn report(context: &mut Context<'_>, token: &Token) -> Result<(), Refusal> {
    match find(context, token) {
        Err(Refusal::LinkReported) => return Ok(()),
        found => {
            let (at, link) = found?;
            report_link(context, at, link.number);
        }
    }
    Ok(())
}

/// A login is disowned: its link freezes, what waits is dropped, and the flag that it raised falls. For a while
/// nobody is sent another.
pub(crate) fn report_link(context: &mut Context<'_>, at: usize, number: u16) {
    let participant = context.participant(at);
    let place = participant.links.iter().position(|link| link.number == number);
    let live = place.map(|place| participant.links.remove(place));
    // Only what this link proved: another proof since then is another's.
    let proved = matches!(&participant.flag, Flag::Raised(raised) if raised.is_by(PageSource::Link(number)));
    let fell = proved && participant.flag.lower(Reason::Reported);
    participant.flag.explain(Reason::Reported);
    let id = participant.id.clone();
    let ended = context.ended_link(number).map(|ended| ended.link.clone());
    let Some(link) = live.or(ended) else { return };
    let data = link_data(context.interaction.id, &link);
    context.tell(EventData::LinkReported(data), Some(id.clone()));
    if fell || link.purpose == LinkPurpose::EntryLogin {
        context.participant(at).entry.forget_proofs();
    }
    if fell {
        context.tell(EventData::Expired(ExpiredData { reason: Reason::Reported }), Some(id));
    }
    context.end_link(link, LinkEnd::Reported);
    context.void_pending(at);
    budgets::hold_links(context, at);
    context.touch();
}
