//! `/admin/teams/TEAM`: how far a team is on its way to its first authenticated chat, read from what is stored.
//! Nothing is remembered of the way itself.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Admitted, PageRequest};
use crate::domain::base::id::TeamName;
use crate::domain::event::insight::Step;
use crate::domain::team::KeyStatus;
use crate::domain::time::Moment;
use crate::http::consoles::shown_under;
use crate::http::documents::policy::DocumentPolicy;
use crate::http::state::Shared;
use crate::pages::admin::overview::Overview;
use crate::services::engine::Error;

/// How far back somebody who was authenticated is looked for.
const MILLISECONDS_OF_A_MONTH: u64 = 31 * 24 * 3_600_000;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}", get(show))
}

async fn show(request: PageRequest) -> Response {
    request
        .draw("overview", async |state, Admitted { frame, name, team, .. }| {
            let stored = stored(state, &name).await?;
            let login_page = team.effective.settings.authentication_url.clone();
            let hosted = state.gateway.hosted_login.login_page_url(&name);
            let page = Overview {
                frame,
                is_hosted: login_page.as_deref() == Some(hosted.as_str()),
                login_page,
                hosted,
                has_customer: stored.0,
                has_key: team.signing.is_some(),
                has_pending_key: team.team.security_keys.iter().any(|key| key.status == KeyStatus::Pending),
                channels: team.team.channels.keys().map(ToString::to_string).collect(),
                web_chat: team.web_chats.first().map(ToString::to_string),
                authenticated: stored.1,
                warnings: team.effective.warnings.len(),
            };
            // The chat that is tried stands in a frame.
            let policy = DocumentPolicy { frames: "'self'", ..DocumentPolicy::CONSOLE };
            Ok(shown_under(state, state.pages.admin_overview(&page), policy))
        })
        .await
}

/// Whether somebody can log in at the gateway's own page, and how many were authenticated of late.
async fn stored(state: &Shared, team: &TeamName) -> Result<(bool, u64), Error> {
    let now = state.gateway.engine.now();
    let from = Moment(now.0.saturating_sub(MILLISECONDS_OF_A_MONTH));
    let hours = state.gateway.event_log.insights(team, from, now).await?;
    let authenticated = hours.values().map(|hour| hour.whole().count(Step::Authenticated)).sum();
    Ok((state.gateway.logins.has_registered(team).await?, authenticated))
}
