//! `/admin/teams/TEAM/channels`: the team's accounts on chat platforms, how each stands, and what it can do.
//! To write one, to try it and to take it away goes to the API.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;

use super::{Admitted, PageRequest};
use crate::domain::accounts::channel::TeamChannel;
use crate::domain::base::id::ChannelName;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::channels::{AccountField, ChannelRow, ChannelsPage, NewChannel};
use crate::services::teams::platforms::{PlatformDescription, RequiredField};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/channels", get(show))
}

/// Which platform a new account is to be on.
#[derive(Deserialize)]
struct Look {
    platform: Option<String>,
}

async fn show(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("channels", async |state, admitted| {
            let platforms = state.gateway.channels.platforms();
            let channels = admitted.team.team.channels.iter();
            let page = ChannelsPage {
                channels: channels.map(|(name, channel)| row(state, &admitted, &platforms, name, channel)).collect(),
                new: platforms.iter().find(|platform| look.platform.as_ref() == Some(&platform.name)).map(new),
                platforms: platforms
                    .iter()
                    .map(|PlatformDescription { name, title, .. }| {
                        (name.clone(), title.clone(), look.platform.as_ref() == Some(name))
                    })
                    .collect(),
                frame: admitted.frame,
            };
            Ok(shown(state, state.pages.admin_channels(&page)))
        })
        .await
}

fn new(platform: &PlatformDescription) -> NewChannel {
    let fields = platform.asks.iter().map(|asks| field(asks, None)).collect();
    NewChannel { definition: platform.name.clone(), title: platform.title.clone(), fields }
}

/// The fields of an account; none where it says what its platform does not ask for.
fn fields(platform: &PlatformDescription, channel: &TeamChannel) -> Vec<AccountField> {
    let asked = |name: &String| platform.asks.iter().any(|asks| asks.name == *name);
    let is_plain = channel.account.values().all(|value| !value.is_object() && !value.is_array());
    if !is_plain || !channel.account.keys().chain(channel.secrets.keys()).all(asked) {
        return Vec::new();
    }
    platform.asks.iter().map(|asks| field(asks, Some(channel))).collect()
}

fn field(asks: &RequiredField, channel: Option<&TeamChannel>) -> AccountField {
    let is_secret = asks.kind.starts_with("secret");
    let place = if is_secret { "secrets" } else { "account" };
    let said = channel.filter(|_| !is_secret).and_then(|channel| channel.account.get(&asks.name));
    let value = match said {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let there = is_secret && channel.is_some_and(|channel| channel.secrets.contains_key(&asks.name));
    AccountField {
        pointer: format!("{place}/{}", asks.name),
        label: asks.name.clone(),
        about: asks.about.clone(),
        kind: asks.kind,
        required: !asks.optional && !there,
        there,
        can_go: there && asks.optional,
        default: asks.default.clone(),
        choices: asks.choices.iter().map(|choice| (choice.clone(), *choice == value)).collect(),
        value,
    }
}

fn row(
    state: &Shared,
    admitted: &Admitted,
    platforms: &[PlatformDescription],
    name: &ChannelName,
    channel: &TeamChannel,
) -> ChannelRow {
    let now = state.gateway.engine.now();
    let platform = platforms.iter().find(|platform| platform.name == channel.definition);
    ChannelRow {
        name: name.to_string(),
        definition: channel.definition.clone(),
        title: platform.map_or_else(|| channel.definition.clone(), |platform| platform.title.clone()),
        features: platform.map(|platform| platform.features.clone()).unwrap_or_default(),
        window_hours: platform.and_then(|platform| platform.window_hours),
        usable: admitted.team.channels.contains(name),
        down_since: channel.down_since.map(|since| since.to_string()),
        overlap: channel.overlap_until(now).map(|until| until.to_string()),
        fields: platform.map(|platform| fields(platform, channel)).unwrap_or_default(),
        account: serde_json::to_string_pretty(&channel.account).expect("an account is JSON"),
        secrets: channel.secrets.keys().cloned().collect(),
        forwards: channel.forward_url().is_some(),
    }
}
