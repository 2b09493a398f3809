//! What bots and agents ask of challenges: to put one, to answer, to send again, to take back, and,
//! for agents, to see the code. What a challenge looks like stands in `views::challenge`.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{IntentName, MessageId};
use crate::domain::base::method::Method;
use crate::domain::base::validation;
use crate::domain::base::way::DeliverTo;
use crate::domain::event::Actor;
use crate::domain::proof::challenge::Challenge;
use crate::domain::proof::methods;
use crate::domain::proof::methods::check::TypedText;
use crate::domain::proof::methods::pin::Pin;
use crate::domain::proof::methods::{AnswerForm, METHODS};
use crate::domain::providers::question_rule::{MAX_ANSWER, MAX_QUESTIONS};
use crate::domain::refusal::Refusal;
use crate::domain::rules::challenges::answer::AnswerOutcome;
use crate::domain::rules::challenges::answer::Answered;
use crate::domain::rules::challenges::ask::ChallengeRequest;
use crate::domain::rules::challenges::ask::PageWay;
use crate::domain::team::Role;
use crate::http::access::caller::{Agent, Bot, acting, attending, no_frame};
use crate::http::access::replies::{Reply, accepted, created, reply};
use crate::http::requests::body::{Json, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::AuthenticationView;
use crate::http::views::challenge::ChallengeView;
use crate::http::views::method_names;
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(start_challenge))
        .routes(routes!(get_challenge, cancel_challenge))
        .routes(routes!(answer_challenge))
        .routes(routes!(resend_challenge))
        .routes(routes!(reveal_code))
}

/// A challenge that is wanted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StartChallenge {
    #[schema(schema_with = method_names::challenge_method)]
    method: Method,
    /// The primary where absent.
    participant: Option<String>,
    /// `auto` (where absent), `chat`, `sms`, `email` or `agent`.
    #[schema(value_type = Option<String>)]
    deliver_to: Option<DeliverTo>,
    /// What it is for; comes back with success.
    intent: Option<String>,
    /// The bot's own words, at most 1 KiB; come back with success.
    state: Option<String>,
    /// For `pin`, by an agent: 4 to 20 digits.
    pin: Option<String>,
}

impl StartChallenge {
    fn read(self, role: Role) -> Result<ChallengeRequest, Problem> {
        if self.state.as_ref().is_some_and(|s| s.len() > 1024) {
            return Err(invalid("/state", validation::TOO_LONG.with([("most", &1024)])));
        }
        let Some(method) = methods::find(self.method) else {
            return Err(invalid("/method", validation::OTHER.saying(challenges_alone())));
        };
        let agreed = match (method.form(), &self.pin) {
            (AnswerForm::AgreedNumber, _) if role < Role::Agent => {
                return Err(
                    Problem::of(&problem_types::FORBIDDEN).saying("PINs are agreed with an agent: a bot knows none.")
                );
            }
            (AnswerForm::AgreedNumber, pin) => Some(pin.as_deref().and_then(Pin::parse).ok_or(Refusal::InvalidPin)?),
            (AnswerForm::Code | AnswerForm::Questions | AnswerForm::Document, None) => None,
            (AnswerForm::Code | AnswerForm::Questions | AnswerForm::Document, Some(_)) => {
                return Err(invalid("/pin", validation::OTHER.saying("belongs to the method pin")));
            }
        };
        let intent: Option<IntentName> = self.intent.map(|i| field("/intent", &i)).transpose()?;
        let participant = self.participant.map(|p| field("/participant", &p)).transpose()?;
        let deliver_to = self.deliver_to.unwrap_or_default();
        let (state, way) = (self.state, PageWay::Landing);
        Ok(ChallengeRequest { method, agreed, participant, deliver_to, intent, state, way })
    }
}

/// Says which methods challenges have.
fn challenges_alone() -> String {
    let names: Vec<&str> = METHODS.iter().map(|method| method.method().as_str()).collect();
    let (last, others) = names.split_last().expect("there are several");
    format!("must be {} or {last}: a login has links", others.join(", "))
}

/// Puts a challenge to a participant; a live one of the same participant ends.
#[utoipa::path(post, path = "/v1/interactions/{id}/challenges", tag = "challenges", operation_id = "start_challenge",
    request_body = StartChallenge, security(("key" = ["bot"])), responses((status = 202, body = ChallengeView)))]
async fn start_challenge(caller: Bot, Path(id): Path<String>, body: Json<StartChallenge>) -> Reply {
    let acting = acting(&caller, &id)?;
    let request = body.value.clone().read(caller.role)?;
    let place = caller.state.reserve(&caller, &body).await?;
    let viewer = caller.state.viewer(&caller);
    let render =
        |snapshot: &Snapshot<Challenge>| accepted(&viewer.new_challenge(&snapshot.interaction, &snapshot.outcome));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller.state.gateway.challenges.ask(acting, &request, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}

/// A challenge as it is now. One that ended is known for a day.
#[utoipa::path(get, path = "/v1/challenges/{id}", tag = "challenges", operation_id = "get_challenge",
    security(("key" = ["bot"])), responses((status = 200, body = ChallengeView)))]
async fn get_challenge(caller: Bot, Path(id): Path<String>) -> Reply {
    let attending = attending(&caller, &id)?;
    let snapshot = caller.state.gateway.challenges.challenge(attending).await?;
    Ok(reply(&caller.state.viewer(&caller).found(&snapshot.interaction, &snapshot.outcome)))
}

/// Takes a challenge back. One that has ended stays as it ended.
#[utoipa::path(delete, path = "/v1/challenges/{id}", tag = "challenges", operation_id = "cancel_challenge",
    security(("key" = ["bot"])), responses((status = 204)))]
async fn cancel_challenge(caller: Bot, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    caller.state.gateway.challenges.cancel(attending(&caller, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the person answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAnswer {
    /// As it was typed.
    answer: Option<String>,
    /// To questions, all of them: a list in their order, or an object with their ids.
    #[schema(value_type = Option<Vec<String>>)]
    answers: Option<NewAnswers>,
    /// The platform's or the bot's own id: the same one is judged once.
    message_id: Option<String>,
}

/// Answers to a set of questions.
#[derive(Deserialize)]
#[serde(untagged)]
enum NewAnswers {
    List(Vec<String>),
    Named(BTreeMap<String, String>),
}

impl NewAnswers {
    /// In the questions' order. One that is not named is blank, and a set with a blank is not judged.
    fn read(self) -> Result<Vec<String>, Problem> {
        let fits = |at: &dyn std::fmt::Display, text: &String| {
            let short = text.len() <= MAX_ANSWER;
            short
                .then_some(())
                .ok_or_else(|| invalid(format!("/answers/{at}"), validation::TOO_LONG.with([("most", &200)])))
        };
        match self {
            Self::List(list) if list.len() <= MAX_QUESTIONS => {
                list.iter().enumerate().try_for_each(|(at, text)| fits(&at, text))?;
                Ok(list)
            }
            Self::List(_) => Err(invalid("/answers", validation::TOO_MANY.with([("most", &10)]))),
            Self::Named(named) => {
                let mut list = Vec::new();
                for (name, text) in named {
                    let at = name.strip_prefix("answer_").and_then(|n| n.parse::<usize>().ok());
                    let at = at.filter(|at| (1..=MAX_QUESTIONS).contains(at) && name == format!("answer_{at}"));
                    let at = at.ok_or_else(|| {
                        invalid("/answers", validation::OTHER.saying("are called answer_1 to answer_10"))
                    })?;
                    fits(&name, &text)?;
                    list.resize(list.len().max(at), String::new());
                    list[at - 1] = text;
                }
                Ok(list)
            }
        }
    }
}

/// What became of an answer.
#[derive(Serialize, ToSchema)]
struct AnswerView {
    /// The first that holds: `banned`, `locked`, `already_used`, `exhausted`, `expired`,
    /// `not_a_code`, `wrong`, `passed`.
    #[schema(value_type = String)]
    outcome: AnswerOutcome,
    tries_left: u32,
    locked_until: Option<String>,
    /// Of the participant to whom the challenge was put.
    authentication: AuthenticationView,
}

/// Answers a challenge for the person of the conversation. A frame answers none (403).
#[utoipa::path(post, path = "/v1/challenges/{id}/answers", tag = "challenges", operation_id = "answer_challenge",
    request_body = NewAnswer, security(("key" = ["bot"])), responses((status = 200, body = AnswerView)))]
async fn answer_challenge(caller: Bot, Path(id): Path<String>, body: Json<NewAnswer>) -> Reply {
    no_frame(&caller)?;
    let attending = attending(&caller, &id)?;
    let NewAnswer { answer, answers, message_id } = body.value;
    if answer.as_ref().is_some_and(|answer| answer.len() > 1024) {
        return Err(invalid("/answer", validation::TOO_LONG.with([("most", &1024)])));
    }
    let set = answers.map(NewAnswers::read).transpose()?;
    let typed = match (&answer, &set) {
        (Some(text), None) => TypedText::Text(text),
        (None, Some(set)) => TypedText::Set(set),
        (None, None) => {
            return Err(invalid("/answer", validation::MISSING.saying("is missing: answer, or to questions answers")));
        }
        (Some(_), Some(_)) => {
            return Err(invalid("/answers", validation::OTHER.saying("only one of answer and answers")));
        }
    };
    let message: Option<MessageId> = message_id.map(|id| field("/message_id", &id)).transpose()?;
    let place = message.map(|message| caller.state.gateway.challenges.answer_place(attending.id, &message));
    // Whoever repeats the message id gets this reply, so it says what the least of them may read.
    let viewer = crate::http::views::Viewer { role: Role::Bot, ..caller.state.viewer(&caller) };
    let render = |snapshot: &Snapshot<Answered>| {
        let told = &snapshot.outcome;
        let authentication =
            viewer.flag(snapshot, Some(&told.participant), None).expect("nobody leaves an interaction");
        let locked_until = told.locked_until.map(|until| until.to_string());
        created(false, &AnswerView { outcome: told.outcome, tries_left: told.tries_left, locked_until, authentication })
    };
    let idempotency = place.map(|place| IdempotencyRecord::new(place, &render));
    // A key speaks for the conversation, and says that this was answered in it; a person at a console does not.
    let speaks = matches!(caller.actor, Actor::ApiKey(_) | Actor::Owner);
    let told = caller.state.gateway.challenges.answer(attending, typed, speaks, idempotency.as_ref()).await;
    caller.state.told(told, None, render).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoFields {}

/// Sends another code: the one before is dead, and wrong answers go on counting.
#[utoipa::path(post, path = "/v1/challenges/{id}/resend", tag = "challenges", operation_id = "resend_challenge",
    security(("key" = ["bot"])), responses((status = 202, body = ChallengeView)))]
async fn resend_challenge(caller: Bot, Path(id): Path<String>, body: Json<NoFields>) -> Reply {
    let attending = attending(&caller, &id)?;
    let place = caller.state.reserve(&caller, &body).await?;
    let viewer = caller.state.viewer(&caller);
    let render = |snapshot: &Snapshot<Challenge>| accepted(&viewer.challenge(&snapshot.interaction, &snapshot.outcome));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = caller.state.gateway.challenges.resend(attending, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}

/// A code, for an agent's eyes.
#[derive(Serialize, ToSchema)]
struct CodeView {
    code: String,
    expires_at: Option<String>,
}

/// Shows the code, once its receiver is at its page, or the PIN. Each look is told and audited, and
/// whoever looked may not answer.
#[utoipa::path(get, path = "/v1/challenges/{id}/code", tag = "challenges", operation_id = "reveal_code",
    security(("key" = ["agent"])), responses((status = 200, body = CodeView)))]
async fn reveal_code(caller: Agent, Path(id): Path<String>) -> Reply {
    let snapshot = caller.state.gateway.challenges.reveal(attending(&caller, &id)?).await?;
    let code = String::from_utf8_lossy(snapshot.outcome.code.expose()).into_owned();
    let expires_at = snapshot.outcome.expires_at.map(|end| end.to_string());
    Ok(reply(&CodeView { code, expires_at }))
}
