//! What anybody may read: the reference, problem pages, assets, health and metrics.
//! Nothing of a team or a person is known here.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::documents::page;
use crate::http::documents::policy::DocumentPolicy;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::pages::{self, ProblemPage};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/docs", get(docs))
        .route("/problems/{problem_type}", get(problem))
        .route("/assets/brand.css", get(brand))
        .route("/assets/{name}", get(asset))
        .route("/countersign.js", get(async |headers: HeaderMap| script("countersign.js", &headers)))
        .route("/countersign-status.js", get(async |headers: HeaderMap| script("countersign-status.js", &headers)))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn openapi(State(state): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], state.openapi.clone()).into_response()
}

async fn docs(State(state): State<Shared>) -> Response {
    let mut response = Html(state.docs.clone()).into_response();
    page::headers_of_page(&state, &mut response, DocumentPolicy::PAGE);
    response
}

async fn problem(State(state): State<Shared>, Path(problem_type): Path<String>) -> Response {
    let Some(found) = problem_types::ALL.iter().find(|known| known.problem_type == problem_type) else {
        return Problem::of(&problem_types::NOT_FOUND).into_response();
    };
    let page = ProblemPage {
        problem_type: found.problem_type.to_owned(),
        title: found.title.to_owned(),
        status: found.status.as_u16(),
        meaning: found.meaning.to_owned(),
        remedy: found.remedy.to_owned(),
    };
    let mut response = Html(state.pages.problem(&page)).into_response();
    page::headers_of_page(&state, &mut response, DocumentPolicy::PAGE);
    response
}

async fn brand(RawQuery(query): RawQuery) -> Response {
    let color = query.as_deref().and_then(|q| q.strip_prefix("color=")).and_then(pages::brand_css);
    match color {
        Some(css) => ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "public, max-age=86400")], css)
            .into_response(),
        None => Problem::of(&problem_types::NOT_FOUND).into_response(),
    }
}

async fn asset(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let versioned = query.is_some_and(|q| q.starts_with("v="));
    served(&name, if versioned { "public, max-age=31536000, immutable" } else { "no-cache" }, &headers)
}

/// For pages of other origins: a chat's, a portal's.
fn script(name: &str, headers: &HeaderMap) -> Response {
    let mut response = served(name, "public, max-age=300", headers);
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

fn served(name: &str, keep: &'static str, headers: &HeaderMap) -> Response {
    let Some(asset) = pages::asset(name) else { return Problem::of(&problem_types::NOT_FOUND).into_response() };
    let etag = HeaderValue::from_str(&asset.etag).unwrap_or(HeaderValue::from_static("\"\""));
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let kind = HeaderValue::from_static(asset.content_type);
    let keep = HeaderValue::from_static(keep);
    ([(header::CONTENT_TYPE, kind), (header::ETAG, etag), (header::CACHE_CONTROL, keep)], asset.bytes).into_response()
}

/// The public half of what signs entry tokens. It follows from the root key and never changes with
/// it; an hour is short enough for whoever moves to another.
async fn jwks(State(state): State<Shared>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, state.gateway.engine.keys().signing.jwks().to_string()).into_response()
}

async fn ready(State(state): State<Shared>) -> Response {
    if state.stopping.is_cancelled() {
        return Problem::of(&problem_types::UNAVAILABLE).into_response();
    }
    match state.gateway.engine.ready().await {
        Ok(()) => "ok".into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn metrics(State(state): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.metrics.render()).into_response()
}
