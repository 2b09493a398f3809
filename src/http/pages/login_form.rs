//! The gateway's own login page at `/login/TEAM`: it draws forms and reads them. GET and HEAD change
//! nothing; what a form leads to is `services::accounts::hosted`'s.

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use crate::domain::refusal::Refusal;
use crate::domain::rules::pages::hosted::AtPage;
use crate::domain::secret::base64url;
use crate::domain::team::login::LoginTag;
use crate::http::access::layers;
use crate::http::documents::browser::{PostedForm, browser, fingerprint, nonce};
use crate::http::documents::notices::{notice, refusal_in, refusal_page};
use crate::http::documents::page::{address_kind, brand, drawn_alone, see_other, set};
use crate::http::documents::reader::Reader;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages;
use crate::services::accounts::HostedLogin;
use crate::services::accounts::hosted::{AtLogin, CodeRequest, Stepped};
use crate::services::engine::Error;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/login/{team}", get(show).post(act))
}

async fn show(
    State(state): State<Shared>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
    reader: Reader,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let url = match state.gateway.hosted_login.signed_login(&team, &query).await {
        Ok(url) => url,
        Err(error) => return refusal_page(&state, &reader, error),
    };
    let (name, cookie) = browser(&state, &headers);
    let fingerprint = fingerprint(&state, url.handle.interaction, &name);
    let at = match state.gateway.hosted_login.at_login(url, fingerprint, "").await {
        Ok(at) => at,
        Err(error) => return refusal_page(&state, &reader, error),
    };
    let request = PageRequest { state: &state, reader: &reader, at: &at, browser: &name, query: &query };
    let mut response = request.begin(at.page.browser);
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// Somebody at the page.
struct PageRequest<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    at: &'a AtLogin,
    browser: &'a str,
    query: &'a str,
}

impl PageRequest<'_> {
    /// What the browser is asked first.
    fn begin(&self, browser: AtPage) -> Response {
        let kind = address_kind(&self.at.conversation);
        match browser {
            AtPage::Known => self.ask(self.password(), None),
            AtPage::Asked(false) => self.ask(pages::RequestedInput::Address { address: kind }, None),
            AtPage::Asked(true) => {
                self.ask(pages::RequestedInput::Address { address: kind }, Some(pages::LoginError::WrongAddress))
            }
            AtPage::Refused => {
                let settings = &self.at.url.team.effective.settings;
                notice(self.state, self.reader, StatusCode::CONFLICT, pages::RefusedPage::OtherBrowser, Some(settings))
            }
        }
    }

    fn ask(&self, asks: pages::RequestedInput, error: Option<pages::LoginError>) -> Response {
        let settings = &self.at.url.team.effective.settings;
        let page = pages::CustomerLoginPage {
            brand: brand(settings),
            locale: self.reader.locale(Some(settings)),
            asks,
            error,
            action: format!("/login/{}?{}", self.at.url.team.team.name, self.query),
            nonce: nonce(self.state, &self.at.url.handle, self.browser),
            attempt: base64url(&self.state.gateway.engine.draw::<16>()),
        };
        drawn_alone(self.state, self.state.pages.customer_login(&page), "'self'")
    }

    fn password(&self) -> pages::RequestedInput {
        let (forgotten, by_code) = HostedLogin::offers(self.at);
        pages::RequestedInput::Password { forgotten, by_code }
    }

    async fn answer(&self, form: &PostedForm) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let Some(asked) = asked(form) else {
            let (name, password) = (form.field("username"), form.field("password"));
            return Ok(match gateway.hosted_login.log_in_here(self.at, name, password).await? {
                Stepped::Wrong => self.ask(self.password(), Some(pages::LoginError::Wrong)),
                Stepped::Code(of) => self.ask(asked_again(&CodeRequest::Besides(of)), None),
                Stepped::Answered(to) => see_other(&to),
            });
        };
        Ok(match gateway.hosted_login.answer_here(self.at, &asked, form.field("code")).await? {
            Stepped::Answered(to) => see_other(&to),
            Stepped::Wrong | Stepped::Code(_) => self.ask(asked_again(&asked), Some(pages::LoginError::WrongCode)),
        })
    }

    async fn resend(&self, form: &PostedForm) -> Result<Response, Error> {
        let Some(asked) = asked(form) else { return Ok(self.ask(self.password(), None)) };
        self.state.gateway.hosted_login.send_here(self.at, &asked).await?;
        Ok(self.ask(asked_again(&asked), None))
    }

    /// Another browser says which address it chats with.
    async fn name_address(&self, form: &PostedForm) -> Result<Response, Error> {
        let said = self.state.gateway.hosted_login.name_address_here(self.at, form.field("address")).await?;
        Ok(self.begin(said))
    }

    /// What is drawn is the same for every name.
    async fn reset(&self, form: &PostedForm) -> Result<Response, Error> {
        self.state.gateway.hosted_login.forgot_here(self.at, form.field("username")).await?;
        Ok(self.ask(pages::RequestedInput::ResetSent, None))
    }

    /// The same for a code that is enough.
    async fn send(&self, form: &PostedForm) -> Result<Response, Error> {
        let asked = CodeRequest::Alone(form.field("username"));
        self.state.gateway.hosted_login.send_here(self.at, &asked).await?;
        Ok(self.ask(asked_again(&asked), None))
    }

    async fn cancel(&self) -> Result<Response, Error> {
        match self.state.gateway.hosted_login.give_up_here(self.at).await? {
            Stepped::Answered(to) => Ok(see_other(&to)),
            Stepped::Wrong | Stepped::Code(_) => Ok(self.ask(self.password(), None)),
        }
    }
}

/// What the form asks a code for; nothing where it asks for a password.
fn asked(form: &PostedForm) -> Option<CodeRequest<'_>> {
    if form.field("alone") == "1" {
        return Some(CodeRequest::Alone(form.field("username")));
    }
    LoginTag::parse(form.field("account")).map(CodeRequest::Besides)
}

/// What was asked for is asked again.
fn asked_again(asked: &CodeRequest<'_>) -> pages::RequestedInput {
    match asked {
        CodeRequest::Besides(of) => pages::RequestedInput::Code { account: of.name() },
        CodeRequest::Alone(name) => pages::RequestedInput::LoginCode { username: (*name).to_owned() },
    }
}

async fn act(
    State(state): State<Shared>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let url = match state.gateway.hosted_login.signed_login(&team, &query).await {
        Ok(url) => url,
        Err(error) => return Ok(refusal_page(&state, &reader, error)),
    };
    let from = layers::from(&state, &request);
    let Some(form) = PostedForm::read(&state, &url.handle, request).await? else {
        let settings = &url.team.effective.settings;
        return Ok(refusal_in(&state, &reader, Refusal::StaleForm.into(), Some(settings)));
    };
    let (fingerprint, attempt) = (form.fingerprint(&state, &url.handle), form.field("attempt"));
    match state.gateway.hosted_login.repeated_login(&url, &fingerprint, attempt).await {
        Ok(None) => {}
        Ok(Some(to)) => return Ok(see_other(&to)),
        Err(error) => return Ok(refusal_page(&state, &reader, error)),
    }
    let at = match state.gateway.hosted_login.at_login(url, fingerprint, attempt).await {
        Ok(at) => at,
        Err(error) => return Ok(refusal_page(&state, &reader, error)),
    };
    let settings = &at.url.team.effective.settings;
    let request = PageRequest { state: &state, reader: &reader, at: &at, browser: &form.browser, query: &query };
    let (forgotten, by_code) = HostedLogin::offers(&at);
    let act = form.field("act");
    if matches!(act, "resend" | "reset" | "send")
        && let Some(refused) = layers::asks_too_often(&state, &reader, from)
    {
        return Ok(refused);
    }
    let told = match act {
        "address" => request.name_address(&form).await,
        _ if at.page.browser != AtPage::Known => Ok(request.begin(at.page.browser)),
        "answer" => request.answer(&form).await,
        "resend" => request.resend(&form).await,
        "forgot" if forgotten => Ok(request.ask(pages::RequestedInput::Forgot, None)),
        "reset" if forgotten => request.reset(&form).await,
        "by_code" if by_code => Ok(request.ask(pages::RequestedInput::ByCode, None)),
        "send" if by_code => request.send(&form).await,
        "back" => Ok(request.ask(request.password(), None)),
        "cancel" => request.cancel().await,
        _ => Err(Refusal::StaleForm.into()),
    };
    Ok(told.unwrap_or_else(|error| refusal_in(&state, &reader, error, Some(settings))))
}
