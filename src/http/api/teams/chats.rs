//! What a team's back end asks of the gateway's own web chat: an invitation for the browser that it
//! vouches for, and to say something in the window.

use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::MessageId;
use crate::domain::base::validation;
use crate::http::access::caller::{Bot, acting, no_frame};
use crate::http::access::replies::{Reply, created};
use crate::http::requests::body::{Json, field, invalid};
use crate::http::state::Shared;
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;
use crate::services::inbound::web_chats::{Made, Spoken};

/// The bot's words are at most so long.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(make_chat_token)).routes(routes!(say))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewChatToken {}

/// Lets one browser come to the conversation's window.
#[derive(Serialize, ToSchema)]
struct ChatTokenView {
    /// For the page, which hands it to `countersign.js`; good once.
    token: String,
    expires_at: String,
}

/// Makes a token for the browser that this conversation is held with. It is good for five minutes and
/// for one browser; whoever has it reads and writes in the chat, so it belongs into the reply to a
/// request of that visitor's own, never into a URL. A frame makes none (403).
#[utoipa::path(post, path = "/v1/interactions/{id}/chat-tokens", tag = "interactions", operation_id = "make_chat_token",
    request_body = NewChatToken, security(("key" = ["bot"])), responses((status = 201, body = ChatTokenView)))]
async fn make_chat_token(caller: Bot, Path(id): Path<String>, body: Json<NewChatToken>) -> Reply {
    no_frame(&caller)?;
    let acting = acting(&caller, &id)?;
    let place = caller.state.reserve(&caller, &body).await?;
    let render = |snapshot: &Snapshot<Made>| {
        let Made { text, until } = &snapshot.outcome;
        created(true, &ChatTokenView { token: text.clone(), expires_at: until.to_string() })
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller.state.gateway.inbound.invite_to_chat(acting, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}

/// The bot's words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReply {
    /// The bot's own id of it: the same one is said once.
    message_id: Option<String>,
    /// At most 8 KiB.
    text: String,
}

/// What was said.
#[derive(Serialize, ToSchema)]
struct ReplyView {
    id: String,
    at: String,
}

/// Says something in the window of the gateway's own web chat. What was said there is kept for a day after
/// the last word.
#[utoipa::path(post, path = "/v1/interactions/{id}/replies", tag = "interactions", operation_id = "say",
    request_body = NewReply, security(("key" = ["bot"])), responses((status = 201, body = ReplyView)))]
async fn say(caller: Bot, Path(id): Path<String>, body: Json<NewReply>) -> Reply {
    let acting = acting(&caller, &id)?;
    let message: Option<MessageId> = body.value.message_id.as_deref().map(|id| field("/message_id", id)).transpose()?;
    let text = &body.value.text;
    if text.trim().is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(invalid("/text", validation::OTHER.saying("must be 1 to 8192 bytes")));
    }
    let place = caller.state.reserve(&caller, &body).await?;
    let render = |snapshot: &Snapshot<Spoken>| {
        created(true, &ReplyView { id: snapshot.outcome.id.clone(), at: snapshot.outcome.at.to_string() })
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller
        .state
        .gateway
        .inbound
        .say(acting, message.as_ref().map(MessageId::as_str), text, idempotency.as_ref())
        .await;
    caller.state.told(told, place.as_ref(), render).await
}
