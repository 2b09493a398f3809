//! The gateway's own login page at `/login/TEAM`: it draws forms and reads them. GET and HEAD change
//! nothing; what a form leads to is `gateway::hosted`'s.

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, header};

use super::Shared;
use super::browser::{Form, browser, nonce};
use super::notices::{refusal_in, refusal_page};
use super::page::{brand, drawn_alone, see_other, set};
use super::problem::Problem;
use crate::domain::login::LoginTag;
use crate::domain::refusal::Refusal;
use crate::gateway::hosted::{AtLogin, Stepped};
use crate::gateway::{Error, hosted};
use crate::pages;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/login/{team}", get(show).post(act))
}

async fn show(
    State(state): State<Shared>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let at = match state.gateway.at_login(&team, &query).await {
        Ok(at) => at,
        Err(error) => return refusal_page(&state, error),
    };
    let (name, cookie) = browser(&state, &headers);
    let mut response = Visit { state: &state, at: &at, browser: &name, query: &query }.ask(pages::Asks::Password, None);
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// Somebody at the page.
struct Visit<'a> {
    state: &'a Shared,
    at: &'a AtLogin,
    browser: &'a str,
    query: &'a str,
}

impl Visit<'_> {
    fn ask(&self, asks: pages::Asks, error: Option<pages::LoginError>) -> Response {
        let settings = &self.at.team.effective.settings;
        let page = pages::CustomerLogin {
            brand: brand(settings),
            locale: settings.locale.clone(),
            asks,
            error,
            action: format!("/login/{}?{}", self.at.team.team.name, self.query),
            nonce: nonce(self.state, &self.at.handle, self.browser),
        };
        drawn_alone(self.state, self.state.pages.customer_login(&page), "'self'")
    }

    async fn answer(&self, form: &Form) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let Some(of) = LoginTag::parse(form.field("account")) else {
            let typed = (form.field("username"), form.field("password"));
            return Ok(match gateway.log_in_here(self.at, self.browser, typed).await? {
                Stepped::Wrong => self.ask(pages::Asks::Password, Some(pages::LoginError::Wrong)),
                Stepped::Code(of) => self.ask(code(of), None),
                Stepped::Answered(to) => see_other(&to),
            });
        };
        let step: hosted::Stepped = gateway.answer_here(self.at, self.browser, (of, form.field("code"))).await?;
        Ok(match step {
            Stepped::Answered(to) => see_other(&to),
            Stepped::Wrong | Stepped::Code(_) => self.ask(code(of), Some(pages::LoginError::WrongCode)),
        })
    }

    async fn resend(&self, form: &Form) -> Result<Response, Error> {
        let Some(of) = LoginTag::parse(form.field("account")) else { return Ok(self.ask(pages::Asks::Password, None)) };
        self.state.gateway.resend_here(self.at, self.browser, of).await?;
        Ok(self.ask(code(of), None))
    }

    async fn cancel(&self) -> Result<Response, Error> {
        match self.state.gateway.give_up_here(self.at).await? {
            Stepped::Answered(to) => Ok(see_other(&to)),
            Stepped::Wrong | Stepped::Code(_) => Ok(self.ask(pages::Asks::Password, None)),
        }
    }
}

fn code(of: LoginTag) -> pages::Asks {
    pages::Asks::Code { account: of.name() }
}

async fn act(
    State(state): State<Shared>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let at = match state.gateway.at_login(&team, &query).await {
        Ok(at) => at,
        Err(error) => return Ok(refusal_page(&state, error)),
    };
    let settings = &at.team.effective.settings;
    let Some(form) = Form::read(&state, &at.handle, request).await? else {
        return Ok(refusal_in(&state, Refusal::StaleForm.into(), Some(settings)));
    };
    let visit = Visit { state: &state, at: &at, browser: &form.browser, query: &query };
    let told = match form.field("act") {
        "answer" => visit.answer(&form).await,
        "resend" => visit.resend(&form).await,
        "cancel" => visit.cancel().await,
        _ => Err(Refusal::StaleForm.into()),
    };
    Ok(told.unwrap_or_else(|error| refusal_in(&state, error, Some(settings))))
}
