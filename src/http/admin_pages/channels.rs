//! `/admin/teams/TEAM/channels`: the team's accounts on chat platforms, how each stands, and what it can do.
//! To write one, to try it and to take it away goes to the API.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;

use super::super::Shared;
use super::super::consoles::shown;
use super::{Admitted, of_team};
use crate::domain::channel::Channel;
use crate::domain::id::ChannelName;
use crate::gateway::platforms::Platform;
use crate::pages::admin::channels::{ChannelRow, Channels};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/channels", get(show))
}

async fn show(State(state): State<Shared>, Path(team): Path<String>, headers: HeaderMap) -> Response {
    of_team(&state, &headers, (&team, "channels"), async |admitted| {
        let platforms = state.gateway.platforms();
        let channels = admitted.team.team.channels.iter();
        let page = Channels {
            channels: channels.map(|(name, channel)| row(&state, &admitted, &platforms, name, channel)).collect(),
            platforms: platforms.iter().map(|platform| (platform.name.clone(), platform.title.clone())).collect(),
            frame: admitted.frame,
        };
        Ok(shown(&state, state.pages.admin_channels(&page)))
    })
    .await
}

fn row(
    state: &Shared,
    admitted: &Admitted,
    platforms: &[Platform],
    name: &ChannelName,
    channel: &Channel,
) -> ChannelRow {
    let now = state.gateway.now();
    let platform = platforms.iter().find(|platform| platform.name == channel.definition);
    ChannelRow {
        name: name.to_string(),
        definition: channel.definition.clone(),
        title: platform.map_or_else(|| channel.definition.clone(), |platform| platform.title.clone()),
        abilities: platform.map(|platform| platform.abilities.clone()).unwrap_or_default(),
        window_hours: platform.and_then(|platform| platform.window_hours),
        usable: admitted.team.channels.contains(name),
        down_since: channel.down_since.map(|since| since.to_string()),
        overlap: channel.overlap_until(now).map(|until| until.to_string()),
        account: serde_json::to_string_pretty(&channel.account).expect("an account is JSON"),
        secrets: channel.secrets.keys().cloned().collect(),
        forwards: channel.forward_url().is_some(),
    }
}
