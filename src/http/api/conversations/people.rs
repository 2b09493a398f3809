//! People, as bots and agents tell of them: checked, added, reassigned.
//! Addresses are read here and never written back: `views` masks them.

use axum::extract::Path;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{CustomerId, ParticipantId, plain_text};
use crate::domain::base::role::ParticipantRole;
use crate::domain::base::validation;
use crate::domain::conversation::interaction::{Person, PersonChange};
use crate::domain::customer::{is_mail_address, is_phone_number};
use crate::http::access::caller::{Bot, acting};
use crate::http::access::replies::{Reply, created, reply};
use crate::http::requests::body::{Json, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::InteractionView;
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(add_participant)).routes(routes!(reassign_participant))
}

/// A person, as a bot knows her.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewParticipant {
    /// `primary` or `cosigner`.
    #[schema(value_type = String)]
    role: ParticipantRole,
    name: Option<String>,
    /// E.164.
    phone: Option<String>,
    email: Option<String>,
    customer_id: Option<String>,
}

pub(crate) fn short(pointer: String, text: Option<String>, longest: usize) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if !plain_text(&text, longest) => {
            Err(invalid(pointer, validation::PLAIN_TEXT.with([("most", &longest)])))
        }
        text => Ok(text),
    }
}

pub(crate) fn person(at: &str, new: NewParticipant) -> Result<(ParticipantRole, Person), Problem> {
    let name = short(format!("{at}/name"), new.name, 200)?;
    let (phone, email) = (phone(at, new.phone)?, mail_address(at, new.email)?);
    Ok((new.role, Person { name, phone, email, customer_id: customer(at, new.customer_id)? }))
}

fn phone(at: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    let wrong = text.as_deref().and_then(|text| is_phone_number(text).err());
    wrong.map_or(Ok(text), |why| Err(invalid(format!("{at}/phone"), why)))
}

pub(crate) fn mail_address(at: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    let text = short(format!("{at}/email"), text, 254)?;
    let wrong = text.as_deref().and_then(|text| is_mail_address(text).err());
    wrong.map_or(Ok(text), |why| Err(invalid(format!("{at}/email"), why)))
}

fn customer(at: &str, text: Option<String>) -> Result<Option<CustomerId>, Problem> {
    text.map(|text| field(&format!("{at}/customer_id"), &text)).transpose()
}

/// Adds a person to the interaction.
#[utoipa::path(post, path = "/v1/interactions/{id}/participants", tag = "interactions",
    operation_id = "add_participant", request_body = NewParticipant, security(("key" = ["bot"])),
    responses((status = 201, body = InteractionView)))]
async fn add_participant(caller: Bot, Path(id): Path<String>, body: Json<NewParticipant>) -> Reply {
    let acting = acting(&caller, &id)?;
    let (role, person) = person("", body.value.clone())?;
    if role == ParticipantRole::Primary {
        return Err(invalid("/role", validation::OTHER.saying("an interaction has one primary; add cosigners")));
    }
    let place = caller.state.reserve(&caller, &body).await?;
    let viewer = caller.state.viewer(&caller);
    let render = |snapshot: &Snapshot<ParticipantId>| created(true, &viewer.interaction(snapshot));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller.state.gateway.conversations.add_participant(acting, role, &person, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}

/// What becomes of a participant; absent fields stay, `null` empties one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reassignment {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    customer_id: Option<Option<String>>,
}

/// Tells an absent field from a `null`.
fn given<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(d).map(Some)
}

/// Another person takes the participant's place: flag, link and challenge end, lockouts stay.
#[utoipa::path(patch, path = "/v1/interactions/{id}/participants/{participant}", tag = "interactions",
    operation_id = "reassign_participant", request_body = Reassignment, security(("key" = ["bot"])),
    responses((status = 200, body = InteractionView)))]
async fn reassign_participant(
    caller: Bot,
    Path((id, participant)): Path<(String, String)>,
    body: Json<Reassignment>,
) -> Reply {
    let acting = acting(&caller, &id)?;
    let who: ParticipantId = participant.parse().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    let asked = body.value;
    let change = PersonChange {
        name: asked.name.map(|name| short("/name".into(), name, 200)).transpose()?,
        phone: asked.phone.map(|text| phone("", text)).transpose()?,
        email: asked.email.map(|text| mail_address("", text)).transpose()?,
        customer_id: asked.customer_id.map(|text| customer("", text)).transpose()?,
    };
    let snapshot = caller.state.gateway.conversations.reassign(acting, &who, &change).await?;
    Ok(reply(&caller.state.viewer(&caller).interaction(&snapshot)))
}
