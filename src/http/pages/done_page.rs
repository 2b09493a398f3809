//! The done page, where a browser comes after the login page has answered, or after a right answer on a page of
//! ours. Looking at it is the same for everybody and changes nothing; its form says which browser has come, and
//! only that browser is shown what follows. Forms carry the page's token in a field: what is shown after one was
//! posted stands at `/d`, and the token is in no address bar.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use super::arrivals::let_in;
use crate::domain::conversation::interaction::Participant;
use crate::domain::proof::entry;
use crate::domain::proof::flag::Customer;
use crate::domain::proof::link::return_link;
use crate::domain::refusal::Refusal;
use crate::domain::rules::links::enter::entered_invitation;
use crate::domain::rules::pages::bind::Finish;
use crate::domain::rules::pages::finish::FinishForm;
use crate::domain::rules::pages::finish::Finished;
use crate::domain::rules::pages::finish::account;
use crate::domain::rules::pages::finish::shown_code;
use crate::domain::secret::Tag;
use crate::domain::secret::token::{Token, TokenKind};
use crate::domain::settings::Settings;
use crate::http::documents::browser::{FormFields, browser, cookie, fingerprint, from_own_page, is_nonce, nonce};
use crate::http::documents::notices::{notice, refusal_in, refusal_page, refused};
use crate::http::documents::page::{address_kind, brand, done, drawn_alone, end, form_targets, role, see_other, set};
use crate::http::documents::reader::Reader;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages;
use crate::services::Snapshot;
use crate::services::engine::Error;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/d/{token}", get(show)).route("/d", get(without_token).post(act))
}

fn parse(text: &str) -> Option<Token> {
    Token::parse(text).filter(|token| matches!(token.kind, TokenKind::Done | TokenKind::ChallengeDone))
}

/// Whose page it is; it neither reads nor sets a cookie.
async fn show(State(state): State<Shared>, Path(text): Path<String>, reader: Reader) -> Response {
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("page").into());
    let Some(token) = parse(&text) else { return unknown() };
    match state.gateway.conversations.flag(token.interaction, None).await {
        Ok(snapshot) => form(&state, &reader, &token, &snapshot.team.effective.settings, false),
        Err(Error::Refused(_)) => unknown(),
        Err(error) => refusal_page(&state, &reader, error),
    }
}

/// The address of what was posted, opened anew: it does not say whose page it was.
async fn without_token(State(state): State<Shared>, reader: Reader) -> Response {
    refusal_page(&state, &reader, Refusal::NotFound("page").into())
}

/// The form that says which browser has come. `again` where it has brought no cookie yet.
fn form(state: &Shared, reader: &Reader, token: &Token, settings: &Settings, again: bool) -> Response {
    let (brand, locale) = (brand(settings), reader.locale(Some(settings)));
    let page = pages::Returning { brand, locale, page: token.text(), again };
    drawn_alone(state, state.pages.returning(&page), &form_targets(settings)) // a door may lead to another site
}

async fn act(State(state): State<Shared>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::of(request.headers());
    let headers = request.headers().clone();
    let fields = FormFields::read(request).await?;
    let Some(token) = parse(fields.field("page")) else {
        return Ok(refusal_page(&state, &reader, Refusal::NotFound("page").into()));
    };
    if !from_own_page(&state, &headers) {
        return Ok(refusal_page(&state, &reader, Refusal::StaleForm.into()));
    }
    let Some(name) = cookie(&state, &headers) else {
        return Ok(without_cookie(&state, &reader, &token, &headers, &fields).await);
    };
    let request = PageRequest { state: &state, reader: &reader, token: &token, browser: &name };
    let told = match fields.field("act") {
        "finish" => request.finish(FinishForm::Nothing).await,
        act if !is_nonce(&state, &token.text(), &name, fields.field("nonce")) => {
            let known = matches!(act, "address" | "report" | "link");
            Err(if known { Refusal::StaleForm } else { Refusal::NotFound("page") }.into())
        }
        "address" => request.finish(FinishForm::Address(fields.field("address"))).await,
        "report" => request.report().await,
        "link" => request.link().await,
        _ => Err(Refusal::StaleForm.into()),
    };
    Ok(match told {
        Ok(response) => response,
        Err(error) => refused(&state, &reader, &token, error).await,
    })
}

/// A browser that has brought no cookie of ours is given one and asked again: nothing is judged before it is known.
async fn without_cookie(
    state: &Shared,
    reader: &Reader,
    token: &Token,
    headers: &HeaderMap,
    fields: &FormFields,
) -> Response {
    let snapshot = match state.gateway.conversations.flag(token.interaction, None).await {
        Ok(snapshot) => snapshot,
        Err(error) => return refused(state, reader, token, error).await,
    };
    let settings = &snapshot.team.effective.settings;
    if fields.field("again") == "1" {
        return notice(state, reader, StatusCode::FORBIDDEN, pages::RefusedPage::NoCookies, Some(settings));
    }
    let mut response = form(state, reader, token, settings, true);
    set(&mut response, header::SET_COOKIE, &browser(state, headers).1);
    response
}

/// A browser that has posted the form.
struct PageRequest<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    token: &'a Token,
    browser: &'a str,
}

impl PageRequest<'_> {
    fn fingerprint(&self) -> Tag {
        fingerprint(self.state, self.token.interaction, self.browser)
    }

    async fn finish(&self, said: FinishForm<'_>) -> Result<Response, Error> {
        let browser = self.fingerprint();
        let snapshot = self.state.gateway.links.finish(self.token, &browser, said).await?;
        Ok(self.draw(&snapshot, &browser))
    }

    async fn report(&self) -> Result<Response, Error> {
        let snapshot = self.state.gateway.links.report_done(self.token, &self.fingerprint()).await?;
        Ok(done(self.state, self.reader, &snapshot.team.effective.settings, pages::DoneState::Reported))
    }

    /// To the chat's own platform, from the page of a proof that waits.
    async fn link(&self) -> Result<Response, Error> {
        match self.state.gateway.messaging.go_to_platform(self.token, &self.fingerprint()).await {
            Ok(url) => Ok(see_other(&url)),
            // The code is still on the page.
            Err(Error::Away(_)) => self.finish(FinishForm::Nothing).await,
            Err(error) => Err(error),
        }
    }

    fn draw(&self, snapshot: &Snapshot<Finished>, browser: &Tag) -> Response {
        let settings = &snapshot.team.effective.settings;
        let participant = &snapshot.interaction.participants[snapshot.outcome.at];
        let door = entered_invitation(participant, browser);
        if snapshot.outcome.how == Finish::Entered
            && let Some(door) = door
        {
            return let_in(self.state, snapshot, participant, door);
        }
        let how = match self.state_of(snapshot, participant) {
            Ok(how) => how,
            Err(refusal) => return refusal_in(self.state, self.reader, refusal.into(), Some(settings)),
        };
        let way_on = door.map(|door| {
            let token = entry::page(snapshot.interaction.id, door, self.state.gateway.engine.keys());
            let nonce = nonce(self.state, &token, self.browser);
            pages::WayOn { action: format!("/c/{}", token.text()), nonce }
        });
        let page = pages::Done {
            brand: brand(settings),
            locale: self.reader.locale(Some(settings)),
            return_link: self.return_link(snapshot, &how),
            platform: self
                .state
                .gateway
                .messaging
                .way_to_platform(snapshot)
                .filter(|_| matches!(how, pages::DoneState::Code { .. }))
                .map(|way| pages::LinkedPlatform { name: way.platform, url: way.url }),
            state: how,
            way_on,
        };
        let drawn = drawn_alone(self.state, self.state.pages.done(&page), &form_targets(settings));
        with_status(drawn, snapshot.outcome.how)
    }

    /// Where the bot named no way back, the chat's own platform may have one.
    fn return_link(&self, snapshot: &Snapshot<Finished>, how: &pages::DoneState) -> Option<String> {
        let code = match how {
            pages::DoneState::Code { code, .. } => Some(code.as_str()),
            _ => None,
        };
        match snapshot.outcome.return_url.as_deref() {
            Some(url) => return_link(url, code),
            None => self.state.gateway.channels.way_back(&snapshot.team, &snapshot.interaction.channel, code?),
        }
    }

    fn state_of(&self, snapshot: &Snapshot<Finished>, participant: &Participant) -> Result<pages::DoneState, Refusal> {
        let now = self.state.gateway.engine.now();
        let asked = self.asked(snapshot, participant);
        Ok(match snapshot.outcome.how {
            Finish::Code => {
                let (confirmation, ends) = shown_code(participant, snapshot.outcome.source).ok_or(Refusal::LinkUsed)?;
                pages::DoneState::Code {
                    code: confirmation.code(snapshot.interaction.id, &self.state.gateway.engine.keys().confirmation),
                    expires_at: ends.to_string(),
                    seconds_left: ends.since(now).as_secs(),
                    asked,
                }
            }
            Finish::Authenticated => {
                let raised = participant.flag.raised(now).ok_or(Refusal::LinkUsed)?;
                pages::DoneState::Authenticated { expires_at: end(raised.expires_at, now), asked }
            }
            Finish::Address(wrong) => {
                pages::DoneState::Address { asks: address_kind(&snapshot.interaction.conversation), wrong, asked }
            }
            Finish::OtherBrowser => pages::DoneState::OtherBrowser { asked },
            Finish::StartAgain => pages::DoneState::StartAgain { asked },
            Finish::Elsewhere => pages::DoneState::Elsewhere,
            Finish::Judging => pages::DoneState::Judging,
            Finish::Entered => pages::DoneState::Entered,
            Finish::Denied => pages::DoneState::Denied,
            Finish::Cancelled => pages::DoneState::Cancelled,
            Finish::Over | Finish::OtherCustomer => pages::DoneState::Ended,
        })
    }

    /// The request, as whoever logged in must be able to recognise or disown it; and who that was, for the browser
    /// that pressed Continue alone.
    fn asked(&self, snapshot: &Snapshot<Finished>, participant: &Participant) -> pages::AnsweredRequest {
        let Finished { asked_at, is_starter, source, .. } = &snapshot.outcome;
        let name = |customer: &Customer| customer.name.clone().unwrap_or_else(|| customer.id.to_string());
        pages::AnsweredRequest {
            channel: snapshot.interaction.channel.to_string(),
            address: mask(snapshot.interaction.conversation.as_str()),
            asked_at: asked_at.to_string(),
            minutes_ago: self.state.gateway.engine.now().since(*asked_at).as_secs() / 60,
            customer_name: participant.person.name.clone(),
            role: role(participant),
            account: account(participant, *source, self.state.gateway.engine.now()).filter(|_| *is_starter).map(name),
            page: self.token.text(),
            nonce: nonce(self.state, self.token, self.browser),
        }
    }
}

/// A page that says that nothing came of it has a status that says so, too.
fn with_status(mut response: Response, how: Finish) -> Response {
    let status = match how {
        Finish::OtherBrowser | Finish::StartAgain | Finish::Elsewhere => StatusCode::CONFLICT,
        Finish::Address(true) => StatusCode::UNPROCESSABLE_ENTITY,
        Finish::Over | Finish::OtherCustomer => StatusCode::GONE,
        _ => StatusCode::OK,
    };
    *response.status_mut() = status;
    response
}
