//! What bots and agents ask of interactions: to open, to read and to list them, and their flag.
//! How they read, masked, stands in `views`; participants are checked in `people`.

use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::{NewParticipant, person, short};
use crate::domain::base::id::ParticipantId;
use crate::domain::base::role::ParticipantRole;
use crate::domain::base::validation;
use crate::domain::conversation::interaction::{Device, MAX_PARTICIPANTS, Person};
use crate::domain::rules::flag::open::NewInteraction;
use crate::http::access::caller::{Bot, acting, team_of_query};
use crate::http::access::replies::{Reply, created, page, reply};
use crate::http::requests::body::{Json, Query, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::{AuthenticationView, InteractionView};
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;
use crate::services::maintenance::retention::ListFilter;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(open_interaction, list_interactions))
        .routes(routes!(get_interaction))
        .routes(routes!(get_authentication))
}

/// The customer's device.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    fingerprint: Option<String>,
    region: Option<String>,
}

/// A conversation that began.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenInteraction {
    /// 1 to 32 of a-z, 0-9 and -.
    channel: String,
    /// The platform's own id.
    conversation: String,
    /// Exactly one is the primary.
    participants: Vec<NewParticipant>,
    device: Option<NewDevice>,
    /// Pre-chat authentication: a JWT by the website's server.
    identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamQuery {
    team: Option<String>,
}

/// Opens a conversation, or answers the one that is open there.
#[utoipa::path(post, path = "/v1/interactions", tag = "interactions", operation_id = "open_interaction",
    params(("team" = Option<String>, Query, description = "An owner names the team")),
    request_body = OpenInteraction, security(("key" = ["bot"])),
    responses((status = 201, body = InteractionView, description = "Opened"),
              (status = 200, body = InteractionView, description = "It was open already")))]
async fn open_interaction(caller: Bot, Query(query): Query<TeamQuery>, body: Json<OpenInteraction>) -> Reply {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let asked = &body.value;
    let people = asked.participants.iter().cloned().enumerate().map(|(n, p)| person(&format!("/participants/{n}"), p));
    let participants: Vec<(ParticipantRole, Person)> = people.collect::<Result<_, _>>()?;
    if participants.iter().filter(|(role, _)| *role == ParticipantRole::Primary).count() != 1 {
        return Err(invalid("/participants", validation::OTHER.saying("exactly one participant must be the primary")));
    }
    if participants.len() > MAX_PARTICIPANTS {
        return Err(Problem::of(&problem_types::INTERACTION_FULL));
    }
    let device = match asked.device.clone() {
        None => None,
        Some(device) => Some(Device {
            fingerprint: short("/device/fingerprint".into(), device.fingerprint, 256)?,
            region: short("/device/region".into(), device.region, 64)?,
        }),
    };
    let new_interaction = NewInteraction {
        team,
        channel: field("/channel", &asked.channel)?,
        conversation: field("/conversation", &asked.conversation)?,
        participants,
        device,
    };
    let place = caller.state.reserve(&caller, &body).await?;
    let viewer = caller.state.viewer(&caller);
    let render = |snapshot: &Snapshot<bool>| created(snapshot.outcome, &viewer.interaction(snapshot));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller
        .state
        .gateway
        .conversations
        .open(&new_interaction, body.value.identity_token.as_deref(), &caller.actor, idempotency.as_ref())
        .await;
    caller.state.told(told, place.as_ref(), render).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    team: Option<String>,
    status: Option<Wanted>,
    channel: Option<String>,
    conversation: Option<String>,
    authenticated: Option<bool>,
    q: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Open,
    Closed,
}

page! {
    /// A page of interactions, newest first.
    InteractionPage of InteractionView
}

/// The team's interactions, newest first. May lag by a second.
#[utoipa::path(get, path = "/v1/interactions", tag = "interactions", operation_id = "list_interactions",
    params(("team" = Option<String>, Query, description = "An owner names the team"),
           ("status" = Option<String>, Query, description = "`open` or `closed`"),
           ("channel" = Option<String>, Query), ("conversation" = Option<String>, Query),
           ("authenticated" = Option<bool>, Query, description = "The primary's flag"),
           ("q" = Option<String>, Query, description = "An id, a conversation, or the start of a name"),
           ("limit" = Option<usize>, Query, description = "1 to 200; 50 where absent"), ("cursor" = Option<String>, Query)),
    security(("key" = ["bot"])), responses((status = 200, body = InteractionPage)))]
async fn list_interactions(caller: Bot, Query(query): Query<ListQuery>) -> Reply {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let limit = crate::http::access::replies::limit(query.limit)?;
    let viewer = caller.state.viewer(&caller);
    let filter = ListFilter {
        open: query.status.map(|s| s == Wanted::Open),
        channel: query.channel,
        conversation: query.conversation,
        authenticated: query.authenticated,
        q: query.q.filter(|q| !q.is_empty()),
    };
    if let (Some(true), Some(channel), Some(conversation)) = (filter.open, &filter.channel, &filter.conversation)
        && let (Ok(channel), Ok(conversation)) = (channel.parse(), conversation.parse())
    {
        // By conversation nothing may lag: the address knows its open interaction.
        let found = caller.state.gateway.conversations.find(&team, &channel, &conversation).await?;
        let fits = |snapshot: &Snapshot<()>| filter.fits(snapshot, caller.state.gateway.engine.now());
        let items =
            found.iter().filter(|snapshot| fits(snapshot)).map(|snapshot| viewer.interaction(snapshot)).collect();
        return Ok(reply(&InteractionPage { items, next_cursor: None }));
    }
    let page = caller.state.gateway.maintenance.list(&team, &filter, query.cursor.as_deref(), limit).await?;
    let items = page.0.iter().map(|snapshot| viewer.interaction(snapshot)).collect();
    Ok(reply(&InteractionPage { items, next_cursor: page.1 }))
}

/// An interaction as it is now.
#[utoipa::path(get, path = "/v1/interactions/{id}", tag = "interactions", operation_id = "get_interaction",
    security(("key" = ["bot"])), responses((status = 200, body = InteractionView)))]
async fn get_interaction(caller: Bot, Path(id): Path<String>) -> Reply {
    let acting = acting(&caller, &id)?;
    let snapshot = caller.state.gateway.conversations.interaction(acting.id, acting.team).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagQuery {
    intent: Option<String>,
    participant: Option<String>,
}

/// The flag, and whether an intent may run now.
#[utoipa::path(get, path = "/v1/interactions/{id}/authentication", tag = "interactions", operation_id = "get_authentication",
    params(("intent" = Option<String>, Query, description = "May this run now?"),
           ("participant" = Option<String>, Query, description = "The primary where absent")),
    security(("key" = ["bot"])), responses((status = 200, body = AuthenticationView)))]
async fn get_authentication(caller: Bot, Path(id): Path<String>, Query(query): Query<FlagQuery>) -> Reply {
    let acting = acting(&caller, &id)?;
    let not_found = || Problem::of(&problem_types::NOT_FOUND);
    let who: Option<ParticipantId> = query.participant.map(|p| p.parse().map_err(|_| not_found())).transpose()?;
    let snapshot = caller.state.gateway.conversations.flag(acting.id, acting.team).await?;
    let view = caller.state.viewer(&caller).flag(&snapshot, who.as_ref(), query.intent.as_deref());
    Ok(reply(&view.ok_or_else(not_found)?))
}
