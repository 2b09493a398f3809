//! A team's own opening screens: handed in as HTML by an admin, given back as they will be shown.
//! On a customer's page they stand in a frame that may do nothing; the headers of that frame are
//! here, what is left of the HTML is `domain::team::screen`'s.

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{ScreenName, TeamName};
use crate::domain::base::validation;
use crate::domain::team::screen::Screen;
use crate::http::access::caller::{Admin, TeamResource};
use crate::http::access::replies::Reply;
use crate::http::documents::page::set;
use crate::http::requests::body::{OnlyIf, invalid, new_name, read};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::pages;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(put_screen, get_screen, delete_screen))
}

/// A page, as it is sent.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it only describes")]
struct Page(Vec<u8>);

/// Makes an opening screen of a page of HTML. What acts, loads, links, asks or styles is taken out
/// of it; the answer is what will be shown.
#[utoipa::path(put, path = "/v1/teams/{team}/screens/{name}", tag = "settings", operation_id = "put_screen",
    params(("name" = String, Path, description = "1 to 64 of letters, digits, _, - and ."), OnlyIf),
    request_body(content = Page, content_type = "text/html", description = "At most 48 KiB of UTF-8"),
    security(("key" = ["admin"])),
    responses((status = 201, content_type = "text/html", body = Page, description = "Made"),
              (status = 200, content_type = "text/html", body = Page, description = "Replaced")))]
async fn put_screen(resource: TeamResource<Admin, String>, OnlyIf(only_if): OnlyIf, request: Request) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let name: ScreenName = new_name(&name)?;
    if !is_html(request.headers()) {
        return Err(Problem::of(&problem_types::MEDIA_TYPE).saying("Send `Content-Type: text/html`, in UTF-8."));
    }
    let bytes: Bytes = read(request, &()).await?;
    let page = std::str::from_utf8(&bytes).map_err(|_| invalid("", &validation::UTF_8))?;
    let screen = Screen::clean(page)?;
    let is_new = state.gateway.teams.put_screen(&team, &name, &screen, only_if, &caller.actor).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, shown(&state, &team, &screen).await?).into_response())
}

/// An opening screen as it will be shown.
#[utoipa::path(get, path = "/v1/teams/{team}/screens/{name}", tag = "settings", operation_id = "get_screen",
    security(("key" = ["admin"])), responses((status = 200, content_type = "text/html", body = Page)))]
async fn get_screen(TeamResource { state, team, name, .. }: TeamResource<Admin, ScreenName>) -> Reply {
    let screen =
        state.gateway.teams.screen(&team, &name).await?.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?;
    shown(&state, &team, &screen).await
}

/// Takes an opening screen away; one that `pin.opening_screen` names is refused.
#[utoipa::path(delete, path = "/v1/teams/{team}/screens/{name}", tag = "settings", operation_id = "delete_screen",
    security(("key" = ["admin"])), responses((status = 204, description = "Gone")))]
async fn delete_screen(resource: TeamResource<Admin, ScreenName>) -> Result<StatusCode, Problem> {
    resource.state.gateway.teams.remove_screen(&resource.team, &resource.name, &resource.caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A screen as the team's customers see it: in a document that names their language.
async fn shown(state: &Shared, team: &TeamName, screen: &Screen) -> Reply {
    let team = state.gateway.teams.team(team).await?.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?;
    Ok(frame(state, screen, &team.effective.settings.locale))
}

/// The document of a frame. Whatever a browser were to find in it that cleaning had missed: it runs
/// no script, sends no form, loads nothing but our stylesheet, and has an origin of its own.
pub(crate) fn frame(state: &Shared, screen: &Screen, locale: &str) -> Response {
    framed(state.pages.screen(&pages::ScreenDocument { html: screen.html(), locale }))
}

/// The same frame for a screen of which nothing may be shown.
pub(crate) fn frame_refused(state: &Shared, locale: &str) -> Response {
    framed(state.pages.screen_refused(locale))
}

fn framed(html: String) -> Response {
    let mut response = Html(html).into_response();
    let policy = "sandbox; default-src 'none'; style-src 'self'; img-src data:; form-action 'none'; \
        base-uri 'none'; frame-ancestors 'self'";
    set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    set(&mut response, header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    response
}

/// `text/html`, with no charset but UTF-8.
fn is_html(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("text/html") && parts.all(|p| matches!(&*p, "charset=utf-8" | "charset=\"utf-8\""))
}
