//! The bank's login page: an *external* one, as far as the gateway knows.
//!
//! It is reached by a signed URL, believes nothing before the signature, checks a password as any
//! login page does, and tells the gateway the result from server to server. It never sees the chat.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Form};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use crate::Demo;
use crate::api::{ApiError, accepted};
use crate::outsiders::bank::{LoginOutcome, LoginRequest, LoginUrlError};
use crate::pages::LoginForm;

/// The one account of the bank; the page fills it in.
const USERNAME: &str = "demo.customer";
const PASSWORD: &str = "linden-tree";

/// Shows the form, if the gateway sent this person.
pub async fn show(Extension(demo): Extension<Arc<Demo>>, uri: Uri) -> Response {
    match asked(&demo, &uri) {
        Ok(_) => demo.pages.login(&LoginForm::default()),
        Err(error) => refuse(&demo, &error),
    }
}

/// What the person answered.
#[derive(Deserialize)]
pub struct LoginAnswer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    act: Act,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Act {
    Login,
    Cancel,
}

/// Takes the form: the URL that it was posted to is the signed one, and is checked again.
pub async fn answer(Extension(demo): Extension<Arc<Demo>>, uri: Uri, Form(answer): Form<LoginAnswer>) -> Response {
    let request = match asked(&demo, &uri) {
        Ok(request) => request,
        Err(error) => return refuse(&demo, &error),
    };
    let outcome = match answer.act {
        Act::Cancel => LoginOutcome::Cancelled,
        Act::Login if answer.username == USERNAME && answer.password == PASSWORD => LoginOutcome::Authenticated,
        Act::Login => return demo.pages.login(&LoginForm { wrong: true }),
    };
    match post_back(&demo, &request, outcome).await {
        Ok(told) => Redirect::to(&told.continue_url).into_response(),
        // The reply to the first try was lost, but it counted. Nothing is told any more once the flag is raised.
        Err(ApiError::Refused(problem)) if problem.code == "replayed" => match problem.continue_url {
            Some(url) => Redirect::to(&url).into_response(),
            None => demo.pages.trouble(StatusCode::OK, "You are logged in", "Go back to the chat."),
        },
        Err(ApiError::Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
            demo.pages.trouble(status, &problem.title, &problem.detail)
        }
        Err(ApiError::Unreachable(error)) => {
            tracing::warn!(%error, "the demo's login page cannot reach the gateway");
            demo.pages.trouble(
                StatusCode::BAD_GATEWAY,
                "Not told",
                "The chat could not be told about your login. Please try again.",
            )
        }
    }
}

#[derive(Deserialize)]
struct PostBackReply {
    continue_url: String,
}

/// Sends the signed answer. When the reply is lost the same assertion goes once more: it cannot count twice.
async fn post_back(demo: &Demo, request: &LoginRequest, outcome: LoginOutcome) -> Result<PostBackReply, ApiError> {
    let jti = crate::random_text(&*demo.entropy, 24);
    let assertion = demo.bank.assertion(request, outcome, &jti, demo.clock.now() / 1000);
    let send = async || {
        let post = demo.http.post(&request.callback).json(&json!({"assertion": assertion}));
        Ok(accepted(post.timeout(Duration::from_secs(15)).send().await?).await?.json().await?)
    };
    match send().await {
        Err(ApiError::Unreachable(_)) => send().await,
        other => other,
    }
}

fn asked(demo: &Demo, uri: &Uri) -> Result<LoginRequest, LoginUrlError> {
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    demo.bank.read_login_url(&format!("{}{asked}", demo.base), demo.clock.now() / 1000)
}

fn refuse(demo: &Demo, error: &LoginUrlError) -> Response {
    let status = match error {
        LoginUrlError::NotGenuine => StatusCode::BAD_REQUEST,
        LoginUrlError::Expired => StatusCode::GONE,
    };
    demo.pages.trouble(
        status,
        &error.to_string(),
        "Go back to the chat and ask for what you want again: a new link will come.",
    )
}
