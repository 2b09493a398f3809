//! The customer's pages: landing and done. GET and HEAD draw; only a form that this browser was
//! shown, sent from our own origin, changes anything.

use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, header};

use super::Shared;
use super::browser::{Form, browser, fingerprint, nonce, own_origin};
use super::notices::{refusal_in, refusal_page, refused};
use super::page::{brand, done, drawn_alone, end, form_targets, headers_of_page, see_other, set};
use super::policy::Policy;
use super::problem::Problem;
use super::reader::Reader;
use super::views::mask;
use crate::domain::entry;
use crate::domain::interaction::Participant;
use crate::domain::link::{Link, PostBackStatus, Progress, Purpose, return_link};
use crate::domain::refusal::Refusal;
use crate::domain::rules::continue_link::Found;
use crate::domain::rules::enter::left_for_login;
use crate::domain::settings::BindingRule;
use crate::domain::token::Token;
use crate::gateway::{Error, Held};
use crate::pages;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/l/{token}", get(show).post(act))
}

async fn show(State(state): State<Shared>, Path(token): Path<String>, reader: Reader, headers: HeaderMap) -> Response {
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("link").into());
    let Some(token) = Token::parse(&token) else { return unknown() };
    let held = match state.gateway.visit_link(&token).await {
        Ok(held) => held,
        Err(error) => return refused(&state, &reader, &token, error).await,
    };
    let (name, cookie) = browser(&state, &headers);
    let mut response = match &held.outcome {
        Found::Live(at, link) => {
            Before { state: &state, reader: &reader, held: &held, token: &token }.draw(*at, link, &name)
        }
        Found::Done(at, link, status) => {
            let participant = &held.interaction.participants[*at];
            After { state: &state, reader: &reader, held: &held, participant, link, token: &token, browser: &name }
                .draw(*status)
        }
    };
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// A landing page, and who looks at it.
struct Before<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    held: &'a Held<Found>,
    token: &'a Token,
}

impl Before<'_> {
    fn draw(&self, at: usize, link: &Link, browser: &str) -> Response {
        let Self { state, reader, held, token } = *self;
        let settings = &held.team.effective.settings;
        let keys = state.gateway.keys();
        if let Progress::Opened { handle, .. } = &link.progress
            && link.handle(held.interaction.id, browser.as_bytes(), &keys.handle).tag(&keys.link) != *handle
        {
            return refusal_in(state, reader, Refusal::LinkUsed.into(), Some(settings));
        }
        let now = state.gateway.now();
        let opener = link.opener.is_some() && matches!(link.progress, Progress::Issued);
        // Once it is opened it is this browser's: what would help elsewhere comes too late.
        let in_app = reader.app().filter(|_| matches!(link.progress, Progress::Issued));
        let page = pages::Landing {
            brand: brand(settings),
            locale: reader.locale(Some(settings)),
            channel: held.interaction.channel.to_string(),
            address: mask(held.interaction.conversation.as_str()),
            customer_name: held.interaction.participants[at].person.name.clone(),
            asked_at: link.issued_at.to_string(),
            minutes_ago: now.since(link.issued_at).as_secs() / 60,
            purpose: match link.purpose {
                Purpose::PreChat => pages::Purpose::PreChat,
                Purpose::MidChat => pages::Purpose::MidChat,
                Purpose::Entry => unreachable!("the rule finds login links only"),
            },
            expires_at: link.expires_at.map(|at| end(at, now)),
            intent_label: link.intent.as_ref().and_then(|i| settings.intents.get(i.as_str())?.label.clone()),
            action: format!("/l/{}", token.text()),
            nonce: nonce(state, token, browser),
            opener_origins: if opener { openers(state, held) } else { Vec::new() },
            opener_required: link.rule == BindingRule::Opener,
            in_app: in_app.filter(|_| link.rule != BindingRule::Opener),
            screen: None,
        };
        let mut response = Html(state.pages.landing(&page)).into_response();
        // No Cross-Origin-Opener-Policy here: the chat's window must be able to vouch.
        headers_of_page(state, &mut response, Policy::PAGE.leading(&form_targets(settings)));
        response
    }
}

/// Whose windows may vouch: the team's own pages', and where the chat is the gateway's, its own.
fn openers<T>(state: &Shared, held: &Held<T>) -> Vec<String> {
    let mut origins = held.team.effective.settings.allowed_origins.clone();
    if held.team.windows.contains(&held.interaction.channel) {
        origins.push(own_origin(state));
    }
    origins
}

/// A done page, and who looks at it.
struct After<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    held: &'a Held<Found>,
    participant: &'a Participant,
    link: &'a Link,
    token: &'a Token,
    browser: &'a str,
}

impl After<'_> {
    fn draw(&self, status: PostBackStatus) -> Response {
        let settings = &self.held.team.effective.settings;
        let how = self.ended(status);
        let code = match &how {
            pages::DoneState::Code { code, .. } => Some(code.as_str()),
            _ => None,
        };
        // Where the bot named no way back, the chat's own platform may have one.
        let platform = || self.state.gateway.way_back(&self.held.team, &self.held.interaction.channel, code?);
        let return_link = match self.link.return_url.as_deref() {
            Some(url) => return_link(url, code),
            None => platform(),
        };
        let (brand, locale) = (brand(settings), self.reader.locale(Some(settings)));
        let page =
            pages::Done { brand, locale, state: how, return_link, platform: self.platform(), way_on: self.way_on() };
        drawn_alone(self.state, self.state.pages.done(&page), &form_targets(settings))
    }

    /// How the login stands now: the login page's answer is only where it began.
    fn ended(&self, status: PostBackStatus) -> pages::DoneState {
        let (gateway, participant) = (&self.state.gateway, self.participant);
        let waiting = participant.confirmation.as_ref().filter(|waiting| waiting.link == self.link.number);
        match (status, waiting) {
            (PostBackStatus::ConfirmationRequired, Some(confirmation)) => pages::DoneState::Code {
                code: confirmation.code(self.held.interaction.id, &gateway.keys().confirmation),
                expires_at: confirmation.expires_at.to_string(),
                seconds_left: confirmation.expires_at.since(gateway.now()).as_secs(),
                asked: self.asked(),
            },
            (PostBackStatus::Denied, _) => pages::DoneState::Denied,
            (PostBackStatus::Cancelled, _) => pages::DoneState::Cancelled,
            _ => match participant.flag.raised(gateway.now()) {
                Some(raised) => {
                    let expires_at = end(raised.expires_at, gateway.now());
                    pages::DoneState::Authenticated { expires_at, asked: self.asked() }
                }
                None => pages::DoneState::Ended,
            },
        }
    }

    /// The chat's own platform, where it says whose browser this is.
    fn platform(&self) -> Option<pages::Platform> {
        let way = self.state.gateway.way_to_platform(self.held)?;
        Some(pages::Platform { name: way.platform, url: way.url })
    }

    /// The request, as whoever logged in must be able to recognise or disown it.
    fn asked(&self) -> pages::Asked {
        pages::Asked {
            channel: self.held.interaction.channel.to_string(),
            address: mask(self.held.interaction.conversation.as_str()),
            asked_at: self.link.issued_at.to_string(),
            minutes_ago: self.state.gateway.now().since(self.link.issued_at).as_secs() / 60,
            report_action: format!("/l/{}", self.token.text()),
            nonce: nonce(self.state, self.token, self.browser),
        }
    }

    /// Back to the invitation that this browser was sent to log in from. Continue there lets it in, or
    /// sends it to log in again, as the rule says.
    fn way_on(&self) -> Option<pages::WayOn> {
        let browser = fingerprint(self.state, self.browser);
        let invitation = left_for_login(self.participant, self.link.number, &browser)?;
        let token = entry::page(self.held.interaction.id, invitation, self.state.gateway.keys());
        let nonce = nonce(self.state, &token, self.browser);
        Some(pages::WayOn { action: format!("/c/{}", token.text()), nonce })
    }
}

async fn act(State(state): State<Shared>, Path(text): Path<String>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::of(request.headers());
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("link").into());
    let Some(token) = Token::parse(&text) else { return Ok(unknown()) };
    let Some(form) = Form::read(&state, &token, request).await? else {
        return Ok(stale(&state, &reader, &token).await);
    };
    Ok(match form.field("act") {
        "continue" => press_continue(&state, &reader, &token, &form).await,
        "report" => press_report(&state, &reader, &token).await,
        "link" => press_link(&state, &reader, &token).await,
        _ => stale(&state, &reader, &token).await,
    })
}

/// A form that this browser was not shown: who has the link is told so in its team's look.
async fn stale(state: &Shared, reader: &Reader, token: &Token) -> Response {
    let held = state.gateway.visit_link(token).await.ok();
    refusal_in(state, reader, Refusal::StaleForm.into(), held.as_ref().map(|held| &held.team.effective.settings))
}

async fn press_continue(state: &Shared, reader: &Reader, token: &Token, form: &Form) -> Response {
    let opener = Some(form.field("opener")).filter(|o| !o.is_empty());
    let to = match state.gateway.continue_link(token, form.browser.as_bytes(), opener).await {
        Ok(held) => state.gateway.signed_url(&held.team, &held.outcome.link, &held.outcome.handle),
        Err(error) => Err(error),
    };
    match to {
        Ok(url) => see_other(&url),
        Err(error) => refused(state, reader, token, error).await,
    }
}

/// To the chat's own platform, from the page of a login that waits.
async fn press_link(state: &Shared, reader: &Reader, token: &Token) -> Response {
    match state.gateway.go_to_platform(token).await {
        Ok(url) => see_other(&url),
        // The code is still on the page.
        Err(Error::Away(_)) => see_other(&format!("/l/{}", token.text())),
        Err(error) => refused(state, reader, token, error).await,
    }
}

async fn press_report(state: &Shared, reader: &Reader, token: &Token) -> Response {
    match state.gateway.report_link(token).await {
        Ok(held) => done(state, reader, &held.team.effective.settings, pages::DoneState::Reported),
        Err(error) => refused(state, reader, token, error).await,
    }
}
