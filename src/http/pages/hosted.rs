//! The landing page of a login link. GET and HEAD draw; only a form that this browser was shown, sent from our own
//! origin, changes anything.

use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, header};

use crate::domain::proof::link::{Link, LinkPurpose};
use crate::domain::refusal::Refusal;
use crate::domain::secret::token::{Token, TokenKind};
use crate::domain::settings::BindingRule;
use crate::http::documents::browser::{PostedForm, browser, fingerprint, nonce, own_origin};
use crate::http::documents::notices::{refusal_in, refusal_page, refused};
use crate::http::documents::page::{brand, done, end, form_targets, headers_of_page, role, see_other, set};
use crate::http::documents::policy::DocumentPolicy;
use crate::http::documents::reader::Reader;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages;
use crate::services::Snapshot;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/l/{token}", get(show).post(act))
}

async fn show(State(state): State<Shared>, Path(token): Path<String>, reader: Reader, headers: HeaderMap) -> Response {
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("link").into());
    let Some(token) = Token::parse(&token).filter(|token| token.kind == TokenKind::Link) else { return unknown() };
    let snapshot = match state.gateway.links.link_by_token(&token).await {
        Ok(snapshot) => snapshot,
        Err(error) => return refused(&state, &reader, &token, error).await,
    };
    let (name, cookie) = browser(&state, &headers);
    let mut response = Landing { state: &state, reader: &reader, snapshot: &snapshot, token: &token }.draw(&name);
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// A landing page.
struct Landing<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    snapshot: &'a Snapshot<(usize, Link)>,
    token: &'a Token,
}

impl Landing<'_> {
    fn draw(&self, browser: &str) -> Response {
        let Self { state, reader, snapshot, token } = *self;
        let (at, link) = &snapshot.outcome;
        let settings = &snapshot.team.effective.settings;
        let now = state.gateway.engine.now();
        let is_vouched = link.page.is_vouched(&fingerprint(state, snapshot.interaction.id, browser));
        let opener = link.page.opener.is_some() && !is_vouched;
        let opener_required = link.page.rule == BindingRule::Opener;
        let page = pages::LandingPage {
            brand: brand(settings),
            locale: reader.locale(Some(settings)),
            channel: snapshot.interaction.channel.to_string(),
            address: mask(snapshot.interaction.conversation.as_str()),
            customer_name: snapshot.interaction.participants[*at].person.name.clone(),
            role: role(&snapshot.interaction.participants[*at]),
            asked_at: link.issued_at.to_string(),
            minutes_ago: now.since(link.issued_at).as_secs() / 60,
            purpose: match link.purpose {
                LinkPurpose::PreChat => pages::LandingPurpose::PreChat,
                LinkPurpose::MidChat | LinkPurpose::EntryLogin => pages::LandingPurpose::MidChat,
                LinkPurpose::Entry => unreachable!("the rule finds login links only"),
            },
            expires_at: link.expires_at.map(|at| end(at, now)),
            intent_label: link.intent.as_ref().and_then(|i| settings.intents.get(i.as_str())?.label.clone()),
            action: format!("/l/{}", token.text()),
            nonce: nonce(state, token, browser),
            opener_origins: if opener { openers(state, snapshot) } else { Vec::new() },
            opener_required: opener_required && !is_vouched,
            in_app: reader.app().filter(|_| !opener_required),
            screen: None,
        };
        let mut response = Html(state.pages.landing(&page)).into_response();
        // No Cross-Origin-Opener-Policy here: the chat's window must be able to vouch.
        headers_of_page(state, &mut response, DocumentPolicy::PAGE.leading(&form_targets(settings)));
        response
    }
}

/// Whose windows may vouch: the team's own pages', and where the chat is the gateway's, its own.
pub(crate) fn openers<T>(state: &Shared, snapshot: &Snapshot<T>) -> Vec<String> {
    let mut origins = snapshot.team.effective.settings.allowed_origins.clone();
    if snapshot.team.web_chats.contains(&snapshot.interaction.channel) {
        origins.push(own_origin(state));
    }
    origins
}

async fn act(State(state): State<Shared>, Path(text): Path<String>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::of(request.headers());
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("link").into());
    let Some(token) = Token::parse(&text).filter(|token| token.kind == TokenKind::Link) else { return Ok(unknown()) };
    let Some(form) = PostedForm::read(&state, &token, request).await? else {
        return Ok(stale(&state, &reader, &token).await);
    };
    Ok(match form.field("act") {
        "continue" => press_continue(&state, &reader, &token, &form).await,
        "report" => press_report(&state, &reader, &token).await,
        _ => stale(&state, &reader, &token).await,
    })
}

/// A form that this browser was not shown: who has the link is told so in its team's look.
async fn stale(state: &Shared, reader: &Reader, token: &Token) -> Response {
    let snapshot = state.gateway.links.link_by_token(token).await.ok();
    refusal_in(
        state,
        reader,
        Refusal::StaleForm.into(),
        snapshot.as_ref().map(|snapshot| &snapshot.team.effective.settings),
    )
}

async fn press_continue(state: &Shared, reader: &Reader, token: &Token, form: &PostedForm) -> Response {
    let opener = Some(form.field("opener")).filter(|o| !o.is_empty());
    let to = match state.gateway.links.continue_link(token, &form.fingerprint(state, token), opener).await {
        Ok(snapshot) => state.gateway.links.sign_url(&snapshot, &snapshot.outcome.link, &snapshot.outcome.handle).await,
        Err(error) => Err(error),
    };
    match to {
        Ok(url) => see_other(&url),
        Err(error) => refused(state, reader, token, error).await,
    }
}

async fn press_report(state: &Shared, reader: &Reader, token: &Token) -> Response {
    match state.gateway.links.report_link(token).await {
        Ok(snapshot) => done(state, reader, &snapshot.team.effective.settings, pages::DoneState::Reported),
        Err(error) => refused(state, reader, token, error).await,
    }
}
