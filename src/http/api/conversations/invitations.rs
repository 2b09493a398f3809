//! What bots and agents ask of invitations: a link to a page of ours by which a participant comes into
//! the conversation. The page itself is `code_page`'s.

use axum::extract::Path;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::login_links::LoginLinkView;
use crate::domain::base::id::LinkId;
use crate::domain::messaging::sending::What;
use crate::domain::proof::entry::Via;
use crate::domain::proof::methods::pin::Pin;
use crate::domain::refusal::Refusal;
use crate::domain::rules::links::invite::InvitationRequest;
use crate::domain::rules::links::invite::Invited;
use crate::domain::team::Role;
use crate::http::access::caller::{Bot, acting, no_frame};
use crate::http::access::replies::{Reply, created};
use crate::http::requests::body::{Json, field};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::delivery_of;
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(invite))
}

/// An invitation that is wanted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Invite {
    /// The primary where absent.
    participant: Option<String>,
    /// `sms`, `email` or `chat`.
    #[schema(value_type = String)]
    via: Via,
    /// The number that an agent agreed on, 4 to 20 digits: needed where the team lets people in by PIN.
    pin: Option<String>,
}

/// Invites a participant: a link that may be opened again until it ends or the conversation does. An
/// earlier one ends. A frame invites nobody (403).
#[utoipa::path(post, path = "/v1/interactions/{id}/invitations", tag = "interactions", operation_id = "invite",
    request_body = Invite, security(("key" = ["bot"])), responses((status = 201, body = LoginLinkView)))]
async fn invite(caller: Bot, Path(id): Path<String>, body: Json<Invite>) -> Reply {
    no_frame(&caller)?;
    let acting = acting(&caller, &id)?;
    let Invite { participant, via, pin } = body.value.clone();
    if pin.is_some() && caller.role < Role::Agent {
        return Err(Problem::of(&problem_types::FORBIDDEN).saying("PINs are agreed with an agent: a bot knows none."));
    }
    let participant = participant.map(|p| field("/participant", &p)).transpose()?;
    let pin = match pin.as_deref().map(Pin::parse) {
        Some(None) => return Err(Refusal::InvalidPin.into()),
        Some(pin) => pin,
        None => None,
    };
    let request = InvitationRequest { participant, via, pin };
    let place = caller.state.reserve(&caller, &body).await?;
    let gateway = &caller.state.gateway;
    let render = |snapshot: &Snapshot<Invited>| {
        let Invited { link, token } = &snapshot.outcome;
        let view = LoginLinkView {
            id: LinkId { interaction: snapshot.interaction.id, number: link.number }.to_string(),
            url: gateway.urls.code_page_url(token),
            direct_url: None,
            purpose: link.purpose,
            expires_at: link.expires_at.map(|end| end.to_string()),
            delivery: delivery_of(
                &snapshot.interaction,
                |what| matches!(what, What::Link { link: sent, .. } if *sent == link.number),
            ),
            opener_secret: None,
        };
        created(true, &view)
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = gateway.challenges.invite(acting, &request, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}
