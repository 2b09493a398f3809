//! Reports of bots and agents about a conversation: a message, a participant's presence, its end.
//! A message is passed on and never logged; `domain::rules::chat::hear` judges it.

use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{MessageId, ParticipantId};
use crate::domain::base::validation;
use crate::domain::event::Actor;
use crate::domain::proof::redaction::dots;
use crate::domain::rules::challenges::answer::AnswerOutcome;
use crate::domain::rules::chat::hear::Kind;
use crate::domain::rules::chat::hear::Sender;
use crate::domain::rules::chat::receive::Received;
use crate::domain::rules::chat::receive::awaited;
use crate::domain::team::Role;
use crate::http::access::caller::{Agent, Bot, acting, no_frame};
use crate::http::access::replies::{Reply, again, created, reply};
use crate::http::requests::body::{Json, field, invalid, reason};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::method_names;
use crate::http::views::{AuthenticationView, InteractionView, Viewer};
use crate::services::Snapshot;
use crate::services::challenges::messages::Text;
use crate::services::engine::{Execution, IdempotencyRecord};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(hear_message))
        .routes(routes!(set_presence))
        .routes(routes!(sign_out))
        .routes(routes!(close_interaction))
        .routes(routes!(unlock_participant))
}

/// What the person typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    /// The platform's or the bot's own id: the same one is judged once.
    message_id: String,
    /// Who typed it; absent: the conversation's own sender.
    from: Option<String>,
    text: String,
}

/// What became of a text.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum HeardOutcome {
    CodeInText,
    #[serde(untagged)]
    Answer(AnswerOutcome),
}

/// Whether the text was an answer.
#[derive(Serialize, ToSchema)]
struct HeardView {
    /// True: keep it from the model and the transcript.
    consumed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = method_names::heard_kind)]
    kind: Option<Kind>,
    /// `passed`, `wrong`, `locked`, `banned` or `subject_conflict`; `code_in_text` where something in the text has
    /// the form of a code or PIN that is or was waited for, and the text as a whole is no answer: nothing was
    /// counted, and the code stays answerable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    outcome: Option<HeardOutcome>,
    authentication: AuthenticationView,
    /// All of the text that may go on to a bot, a model or a log: with dots for what is nobody's to read.
    redacted_text: String,
}

/// Passes on what the person typed: an answer to a login or a challenge is taken out of
/// the conversation. A frame passes nothing on, nor does somebody who is signed in to a console (403).
#[utoipa::path(post, path = "/v1/interactions/{id}/messages", tag = "interactions", operation_id = "hear_message",
    request_body = Message, security(("key" = ["bot"])), responses((status = 200, body = HeardView)))]
async fn hear_message(caller: Bot, Path(id): Path<String>, body: Json<Message>) -> Reply {
    no_frame(&caller)?;
    if !matches!(caller.actor, Actor::ApiKey(_) | Actor::Owner) {
        return Err(Problem::of(&problem_types::FORBIDDEN)
            .saying("Who is signed in to a console does not speak for the customer."));
    }
    let acting = acting(&caller, &id)?;
    let Message { message_id, from, text } = body.value;
    let message_id: MessageId = field("/message_id", &message_id)?;
    if text.len() > 16 * 1024 {
        return Err(invalid("/text", validation::TOO_LARGE.with([("most", &16)])));
    }
    // Whoever repeats the message id gets this reply, so it says what the least of them may read.
    let viewer = Viewer { role: Role::Bot, ..caller.state.viewer(&caller) };
    let render = |snapshot: &Snapshot<Received>| {
        let (kind, outcome, redacted_text) = match snapshot.outcome {
            Received::Answer(kind, outcome) => (Some(kind), Some(HeardOutcome::Answer(outcome)), dots(&text)),
            Received::Words => (None, None, text.clone()),
            Received::Redacted => (None, Some(HeardOutcome::CodeInText), awaited(&snapshot.interaction).redact(&text)),
            Received::Hidden => (None, Some(HeardOutcome::CodeInText), dots(&text)),
        };
        let authentication = viewer.flag(snapshot, None, None).expect("every interaction has a primary");
        created(false, &HeardView { consumed: kind.is_some(), kind, outcome, authentication, redacted_text })
    };
    let place = caller.state.gateway.engine.message_place(acting.id.as_bytes(), message_id.as_str());
    let idempotency = IdempotencyRecord::new(place, &render);
    let sender = from.as_deref().map_or(Sender::Own, Sender::Named);
    let said = Text { text: &text, sender, by: &caller.actor, in_group: None };
    match caller.state.gateway.challenges.hear(acting.id, acting.team, said, &idempotency).await? {
        Execution::Executed(snapshot) => Ok(again(render(&snapshot))),
        Execution::Replayed(bytes) => Ok(again(bytes)),
    }
}

/// Whether a participant is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Presence {
    participant: Option<String>,
    /// `online` or `offline`.
    #[schema(value_type = String)]
    state: There,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum There {
    Online,
    Offline,
}

/// Tells whether a participant is there.
#[utoipa::path(post, path = "/v1/interactions/{id}/presence", tag = "interactions", operation_id = "set_presence",
    request_body = Presence, security(("key" = ["bot"])), responses((status = 200, body = InteractionView)))]
async fn set_presence(caller: Bot, Path(id): Path<String>, body: Json<Presence>) -> Reply {
    let who = body.value.participant.map(|p| field("/participant", &p)).transpose()?;
    let online = matches!(body.value.state, There::Online);
    let snapshot = caller.state.gateway.conversations.presence(acting(&caller, &id)?, who.as_ref(), online).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}

/// Which participant; the primary where absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Whom {
    participant: Option<String>,
}

/// Lowers a participant's flag.
#[utoipa::path(post, path = "/v1/interactions/{id}/sign-out", tag = "interactions", operation_id = "sign_out",
    request_body = Whom, security(("key" = ["bot"])), responses((status = 200, body = InteractionView)))]
async fn sign_out(caller: Bot, Path(id): Path<String>, body: Json<Whom>) -> Reply {
    let who = body.value.participant.map(|p| field("/participant", &p)).transpose()?;
    let snapshot = caller.state.gateway.conversations.sign_out(acting(&caller, &id)?, who.as_ref()).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Ends the conversation: every flag in it falls.
#[utoipa::path(post, path = "/v1/interactions/{id}/close", tag = "interactions", operation_id = "close_interaction",
    security(("key" = ["bot"])), responses((status = 200, body = InteractionView)))]
async fn close_interaction(caller: Bot, Path(id): Path<String>, _nothing: Json<Nothing>) -> Reply {
    let snapshot = caller.state.gateway.conversations.close(acting(&caller, &id)?).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}

/// Why a lock is lifted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Unlock {
    /// For the audit trail.
    reason: String,
    #[schema(schema_with = method_names::lifted_lockout)]
    method: Option<String>,
}

/// Lifts a lockout; an admin also lifts a ban.
#[utoipa::path(post, path = "/v1/interactions/{id}/participants/{participant}/unlock", tag = "interactions",
    operation_id = "unlock_participant", request_body = Unlock, security(("key" = ["agent"])),
    responses((status = 200, body = InteractionView)))]
async fn unlock_participant(
    caller: Agent,
    Path((id, participant)): Path<(String, String)>,
    body: Json<Unlock>,
) -> Reply {
    let acting = acting(&caller, &id)?;
    let who: ParticipantId = participant.parse().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    let Unlock { reason: why, method } = body.value;
    let why = reason(why)?;
    let only = method.map(|method| field("/method", &method)).transpose()?;
    let snapshot =
        caller.state.gateway.conversations.unlock(acting, &who, only, &why, caller.role.lifts_bans()).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}
