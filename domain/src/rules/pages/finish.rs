//! The done page: where a browser ends up after the login page has answered, or an answer on a page was right.
//! Its address is told to whoever gave that answer and to nobody else. Looking at the page changes nothing; its
//! form decides, and only the browser that has posted it is shown what follows.

use crate::base::binding::PageSource;
use crate::base::id::ChallengeId;
use crate::base::own_address::is_own_address;
use crate::conversation::context::{Context, budgets};
use crate::conversation::interaction::Participant;
use crate::event::EventData;
use crate::event::data::challenges::ChallengeEventData;
use crate::event::data::conversations::ExpiredData;
use crate::proof::challenge::{ChallengeEnd, EndedChallenge};
use crate::proof::confirmation::Confirmation;
use crate::proof::flag::{Customer, Reason};
use crate::proof::link::{EndedLink, Link, LinkEnd, PostBackStatus};
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::links::continue_link::report_link;
use crate::rules::pages::bind::Finish;
use crate::rules::pages::bind::named;
use crate::rules::pages::bind::post_form;
use crate::secret::Tag;
use crate::secret::token::{Token, TokenKind};
use crate::time::Moment;

/// What a done page is drawn from.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The participant's place in the list.
    pub at: usize,
    /// What comes next.
    pub how: Finish,
    /// The link or challenge.
    pub source: PageSource,
    /// When it was asked for.
    pub asked_at: Moment,
    /// Where the chat is, where the bot said so.
    pub return_url: Option<String>,
    /// Whether the browser is the one that pressed Continue: it is told who logged in.
    pub is_starter: bool,
}

/// What a done page's token opens.
struct Found {
    at: usize,
    source: PageSource,
    asked_at: Moment,
    return_url: Option<String>,
    is_starter: bool,
    state: State,
}

enum State {
    /// It waits, or what waited is void.
    Live,
    /// It ended; whether this browser is the one that has posted.
    Ended(Finish, bool),
    /// "This wasn't me".
    Reported,
}

/// What the form says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishForm<'a> {
    /// Nothing but that it was posted.
    Nothing,
    /// The address that the person chats with.
    Address(&'a str),
}

/// The form of a done page was posted, by that browser.
pub fn finish(
    context: &mut Context<'_>,
    token: &Token,
    browser: &Tag,
    said: FinishForm<'_>,
) -> Result<Finished, Refusal> {
    let found = find(context, token, browser)?;
    let Found { at, source, asked_at, return_url, is_starter, state } = found;
    let how = match (state, said) {
        (State::Reported, _) => return Err(Refusal::LinkReported),
        (State::Ended(how, true), _) => how,
        (State::Ended(how @ (Finish::Denied | Finish::Cancelled), _), _) => how,
        (State::Ended(_, false), _) => Finish::Elsewhere,
        (State::Live, said) => {
            context.touch();
            match said {
                FinishForm::Nothing => post_form(context, at, source, browser),
                FinishForm::Address(text) => {
                    let right = is_own_address(context.interaction.conversation.as_str(), text);
                    named(context, at, source, browser, right)
                }
            }
        }
    };
    let how = match how {
        Finish::Authenticated => finish_now(context, at, source, browser),
        how => how,
    };
    Ok(Finished { at, how, source, asked_at, return_url, is_starter })
}

/// How a proof that counted stands now: the flag is up, or the browser that was let in may come in again.
fn finish_now(context: &Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Finish {
    let (participant, now) = (&context.interaction.participants[at], context.environment.now);
    let entry = &participant.entry;
    let comes_in =
        || entry.has_proved(browser) && entry.wanted(&context.environment.settings.entry, browser, now).is_none();
    match participant.flag.raised(now) {
        // A flag that stands for one browser alone is told to no other one.
        Some(raised) if raised.is_by(source) || raised.browser.is_none_or(|known| known == *browser) => {
            Finish::Authenticated
        }
        _ if comes_in() => Finish::Entered,
        _ => Finish::Over,
    }
}

/// How the page stands for that browser. It changes nothing that time has not changed.
pub fn look(context: &Context<'_>, token: &Token, browser: &Tag) -> Result<Finished, Refusal> {
    let Found { at, source, asked_at, return_url, is_starter, state } = find(context, token, browser)?;
    let how = match state {
        State::Reported => return Err(Refusal::LinkReported),
        State::Ended(how, _) => how,
        State::Live if shows_code(context, at, source, browser) => Finish::Code,
        State::Live => Finish::Over,
    };
    Ok(Finished { at, how, source, asked_at, return_url, is_starter })
}

fn shows_code(context: &Context<'_>, at: usize, source: PageSource, browser: &Tag) -> bool {
    let shown = context.page(at, source).and_then(|page| page.confirmation());
    shown.is_some_and(|(confirmation, _)| confirmation.browser == *browser)
}

/// "This wasn't me" on a done page, by the browser that has posted its form.
pub fn report(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Result<(), Refusal> {
    let found = find(context, token, browser)?;
    let is_own = match found.state {
        State::Reported => return Ok(()),
        State::Ended(_, is_own) => is_own,
        State::Live => context.page(found.at, found.source).is_some_and(|page| page.finished_by == Some(*browser)),
    };
    if !is_own {
        return Err(Refusal::StaleForm);
    }
    match found.source {
        PageSource::Link(number) => report_link(context, found.at, number),
        PageSource::Challenge(number) => report_challenge(context, found.at, number),
    }
    Ok(())
}

/// An answer on a page is disowned: what waits is dropped, and the flag that it raised falls.
fn report_challenge(context: &mut Context<'_>, at: usize, number: u16) {
    let id = context.interaction.participants[at].id.clone();
    let is_live = context.interaction.participants[at].challenge.as_ref().is_some_and(|live| live.number == number);
    let past = context.ended_challenge(number).cloned();
    if is_live {
        context.end_challenge(at, ChallengeEnd::Reported);
    } else if let Some(past) = past {
        let challenge = ChallengeId { interaction: context.interaction.id, number };
        let data = ChallengeEventData { challenge, method: past.method, intent: None, state: None };
        context.tell(EventData::ChallengeCancelled(data.ended(ChallengeEnd::Reported)), Some(id.clone()));
        let participant = context.participant(at);
        let proved = participant.flag.raised_at_all() && participant.flag.has_proof(past.method);
        if proved && participant.flag.lower(Reason::Reported) {
            context.tell(EventData::Expired(ExpiredData { reason: Reason::Reported }), Some(id));
        }
        context.ended.challenges.push(EndedChallenge { end: ChallengeEnd::Reported, ..past });
    }
    context.void_pending(at);
    let participant = context.participant(at);
    participant.flag.explain(Reason::Reported);
    participant.entry.forget_proofs();
    budgets::hold_links(context, at);
    context.touch();
}

fn find(context: &Context<'_>, token: &Token, browser: &Tag) -> Result<Found, Refusal> {
    let tag = token.tag(&context.environment.keys.link);
    match token.kind {
        TokenKind::Done => find_login(context, token.number, &tag, browser),
        TokenKind::ChallengeDone => find_answer(context, token.number, &tag, browser),
        _ => Err(Refusal::NotFound("page")),
    }
}

fn find_login(context: &Context<'_>, number: u16, tag: &Tag, browser: &Tag) -> Result<Found, Refusal> {
    let live = context.interaction.participants.iter().flat_map(|p| &p.links).find(|link| link.number == number);
    let found = |link: &Link, state: State| {
        let at = context.find(Some(&link.participant))?;
        let is_starter = link.page.was_started_by(browser);
        let return_url = link.return_url.clone();
        Ok(Found { at, source: PageSource::Link(number), asked_at: link.issued_at, return_url, is_starter, state })
    };
    if let Some(link) = live.filter(|link| link.page.answered.as_ref() == Some(tag)) {
        return found(link, State::Live);
    }
    let ended = context.ended_link(number).filter(|past| past.link.page.answered.as_ref() == Some(tag));
    let Some(EndedLink { link, end }) = ended else { return Err(Refusal::NotFound("page")) };
    let how = match end {
        LinkEnd::Used(PostBackStatus::Denied) => Finish::Denied,
        LinkEnd::Used(PostBackStatus::Cancelled) => Finish::Cancelled,
        LinkEnd::Used(_) => Finish::Authenticated,
        LinkEnd::OtherBrowser => Finish::OtherBrowser,
        LinkEnd::Reported => return found(link, State::Reported),
        LinkEnd::Superseded | LinkEnd::Expired | LinkEnd::NotReturned | LinkEnd::Void => Finish::Over,
    };
    found(link, State::Ended(how, is_finisher(&link.page, browser)))
}

/// Whether that browser is the one that has posted. Where the team asks for no binding, nobody need have.
fn is_finisher(page: &PageProof, browser: &Tag) -> bool {
    page.finished_by.is_none_or(|finisher| finisher == *browser)
}

fn find_answer(context: &Context<'_>, number: u16, tag: &Tag, browser: &Tag) -> Result<Found, Refusal> {
    let source = PageSource::Challenge(number);
    for (at, participant) in context.interaction.participants.iter().enumerate() {
        let Some(challenge) = participant.challenge.as_ref().filter(|challenge| challenge.number == number) else {
            continue;
        };
        if challenge.page.answered.as_ref() != Some(tag) {
            return Err(Refusal::NotFound("page"));
        }
        let (asked_at, is_starter) = (challenge.started_at, challenge.page.was_started_by(browser));
        return Ok(Found { at, source, asked_at, return_url: None, is_starter, state: State::Live });
    }
    let ended = context.ended_challenge(number).filter(|ended| ended.answered.as_ref() == Some(tag));
    let ended = ended.ok_or(Refusal::NotFound("page"))?;
    let at = context.find(Some(&ended.participant))?;
    let state = match ended.end {
        ChallengeEnd::Reported => State::Reported,
        end => {
            let how = match end {
                ChallengeEnd::Passed => Finish::Authenticated,
                ChallengeEnd::OtherBrowser => Finish::OtherBrowser,
                _ => Finish::Over,
            };
            State::Ended(how, ended.finished_by.is_none_or(|finisher| finisher == *browser))
        }
    };
    Ok(Found { at, source, asked_at: ended.started_at, return_url: None, is_starter: false, state })
}

/// The code that a browser is shown of that link or challenge, and its end.
pub fn shown_code(participant: &Participant, source: PageSource) -> Option<(&Confirmation, Moment)> {
    page_of(participant, source)?.confirmation()
}

/// Who proved themselves on that page: what waits there, or the flag that it raised, says so.
pub fn account(participant: &Participant, source: PageSource, now: Moment) -> Option<&Customer> {
    let pending = page_of(participant, source).and_then(|page| page.pending.as_deref()?.proof.as_ref());
    let raised = participant.flag.raised(now).filter(|raised| raised.is_by(source));
    pending.and_then(|proof| proof.customer.as_ref()).or(raised.and_then(|raised| raised.customer.as_ref()))
}

fn page_of(participant: &Participant, source: PageSource) -> Option<&PageProof> {
    match source {
        PageSource::Link(number) => participant.links.iter().find(|link| link.number == number).map(|link| &link.page),
        PageSource::Challenge(number) => {
            participant.challenge.as_ref().filter(|challenge| challenge.number == number).map(|c| &c.page)
        }
    }
}
