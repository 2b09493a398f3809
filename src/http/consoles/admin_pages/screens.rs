//! `/admin/teams/TEAM/screens`: the team's own opening screens, an editor for each, what is being written as it
//! would be shown, and the customer's page with the screen in a frame: drawn by the template of the real one,
//! under its policy, with forms that lead nowhere.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;

use super::{Admitted, PageRequest, unknown};
use crate::domain::base::id::ScreenName;
use crate::domain::team::screen::{MAX_BYTES, Screen};
use crate::http::access::session::{is_csrf_token, token};
use crate::http::api::teams::screens::{frame, frame_refused};
use crate::http::consoles::{shown, shown_under};
use crate::http::documents::browser::{FormFields, from_own_page};
use crate::http::documents::notices::notice;
use crate::http::documents::page::{brand, headers_of_page};
use crate::http::documents::policy::DocumentPolicy;
use crate::http::documents::reader::Reader;
use crate::http::requests::body::Query;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages;
use crate::pages::admin::screens::{Editor, Screens};

/// A form spells a sign with up to three bytes; beside the screen it has one short field.
const MAX_DRAFT_BYTES: usize = 3 * MAX_BYTES + 1024;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/admin/teams/{team}/screens", get(list))
        .route("/admin/teams/{team}/screens/{name}", get(edit))
        .route("/admin/teams/{team}/screens/{name}/page", get(page))
        .route("/admin/teams/{team}/screens/{name}/screen", get(screen))
        .route("/admin/teams/{team}/screens/{name}/draft", post(draft).layer(DefaultBodyLimit::max(MAX_DRAFT_BYTES)))
}

async fn list(request: PageRequest) -> Response {
    request
        .draw("screens", async |state, Admitted { frame, team, .. }| {
            let names = team.team.screens.iter().map(ToString::to_string).collect();
            let page = Screens { frame, names, shown: team.effective.settings.pin.opening_screen.clone() };
            Ok(shown(state, state.pages.admin_screens(&page)))
        })
        .await
}

async fn edit(request: PageRequest, Path((_, name)): Path<(String, String)>) -> Response {
    request
        .draw("screens", async |state, Admitted { frame, name: of, team, .. }| {
            let name: ScreenName = name.parse().map_err(|_| unknown("screen"))?;
            let found = state.gateway.teams.screen(&of, &name).await?;
            let is_shown = team.effective.settings.pin.opening_screen.as_deref() == Some(name.as_str());
            let html = found.map(|screen| screen.html().to_owned());
            let page = Editor { frame, name: name.to_string(), html, is_shown };
            let policy = DocumentPolicy { frames: "'self'", ..DocumentPolicy::CONSOLE };
            Ok(shown_under(state, state.pages.admin_screen(&page), policy))
        })
        .await
}

/// In which language the customer reads.
#[derive(Deserialize)]
struct Look {
    lang: Option<String>,
}

/// The customer's page with the screen in it.
async fn page(request: PageRequest, Path((_, name)): Path<(String, String)>, Query(look): Query<Look>) -> Response {
    request
        .draw("screens", async |state, Admitted { team, .. }| {
            let name: ScreenName = name.parse().map_err(|_| unknown("screen"))?;
            let settings = &team.effective.settings;
            let has_it = team.team.screens.contains(&name);
            let here = format!("/admin/teams/{}/screens/{name}", team.team.name);
            let now = state.gateway.engine.now();
            let page = pages::LandingPage {
                role: pages::ShownRole::Primary,
                brand: brand(settings),
                locale: look.lang.unwrap_or_else(|| settings.locale.clone()),
                channel: "webchat".to_owned(),
                address: "•••••".to_owned(),
                customer_name: None,
                asked_at: now.to_string(),
                minutes_ago: 0,
                purpose: pages::LandingPurpose::Code,
                expires_at: None,
                intent_label: None,
                action: format!("{here}/page"),
                nonce: String::new(),
                opener_origins: Vec::new(),
                opener_required: false,
                in_app: None,
                screen: has_it.then(|| format!("{here}/screen")),
            };
            let mut response = Html(state.pages.landing(&page)).into_response();
            // Its forms lead nowhere, and the editor alone may have it in a frame.
            let policy = DocumentPolicy { forms: "'none'", frames: "'self'", within: "'self'", ..DocumentPolicy::PAGE };
            headers_of_page(state, &mut response, policy);
            Ok(response)
        })
        .await
}

/// The document of the frame within that page.
async fn screen(request: PageRequest, Path((_, name)): Path<(String, String)>) -> Response {
    request
        .draw("screens", async |state, Admitted { name: of, team, .. }| {
            let name: ScreenName = name.parse().map_err(|_| unknown("screen"))?;
            let found = state.gateway.teams.screen(&of, &name).await?.ok_or_else(|| unknown("screen"))?;
            Ok(frame(state, &found, &team.effective.settings.locale))
        })
        .await
}

/// What is being written, as it would be shown: nothing of it is kept.
async fn draft(page: PageRequest, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let fields = FormFields::read(request).await?;
    let draw = async |state: &Shared, Admitted { frame: shell, team, .. }: Admitted| {
        let csrf_token =
            token(state, &headers).is_some_and(|token| is_csrf_token(state, &token, fields.field("csrf_token")));
        if !csrf_token || !from_own_page(state, &headers) {
            return Ok(notice(state, &Reader::of(&headers), StatusCode::FORBIDDEN, pages::RefusedPage::Stale, None));
        }
        Ok(match Screen::clean(fields.field("html")) {
            Ok(screen) => frame(state, &screen, &team.effective.settings.locale),
            Err(_) => frame_refused(state, &shell.language),
        })
    };
    Ok(page.draw("screens", draw).await)
}
