//! Replies that may be remembered: a status and a JSON body in one byte string.
//! Where they are kept, and for whom, is `engine::replay`'s affair.

use axum::response::Response;
use bytes::{Buf as _, Bytes};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::domain::base::validation::FieldError;
use crate::http::requests::body::Json;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::engine::replay::ReplyKey;
use crate::services::engine::{Error, Execution};
use crate::services::staff::caller::Caller;

/// The answer of a handler of the API.
pub type Reply = Result<Response, Problem>;

/// What hardly a reply's body or head is longer than: neither is copied while it grows.
const USUAL_BYTES: usize = 1024;
const USUAL_HEADERS: usize = 12;

/// A reply to keep: its first byte tells 200, 201 and 202 apart.
pub(crate) fn created<V: Serialize>(created: bool, view: &V) -> Vec<u8> {
    kept(u8::from(created), view)
}

/// The same of what goes on behind the reply.
pub(crate) fn accepted<V: Serialize>(view: &V) -> Vec<u8> {
    kept(2, view)
}

fn kept<V: Serialize>(status: u8, view: &V) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(status);
    serde_json::to_writer(&mut bytes, view).expect("views are maps with text keys");
    bytes
}

/// A reply that nobody keeps.
pub(crate) fn reply<V: Serialize>(view: &V) -> Response {
    reply_with(StatusCode::OK, view)
}

/// The same of a PUT: whether it has made something new, and how that stands now.
pub(crate) fn put_reply<V: Serialize>(is_new: bool, view: &V) -> Response {
    reply_with(if is_new { StatusCode::CREATED } else { StatusCode::OK }, view)
}

/// The same with a status of its own.
pub(crate) fn reply_with<V: Serialize>(status: StatusCode, view: &V) -> Response {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, view).expect("views are maps with text keys");
    json(status, bytes.into())
}

/// A reply of JSON, with room for the headers that it gets on its way out.
fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().reserve(USUAL_HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A kept reply as it was.
pub(crate) fn again(bytes: Vec<u8>) -> Response {
    let status = match bytes.first() {
        Some(1) => StatusCode::CREATED,
        Some(2) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let mut body = Bytes::from(bytes);
    body.advance(1.min(body.len()));
    json(status, body)
}

/// A page of a list, as the API describes it: its rows, and where the next page begins.
macro_rules! page {
    ($(#[$words:meta])* $name:ident of $row:ty) => {
        $(#[$words])*
        #[derive(Serialize, ToSchema)]
        struct $name {
            items: Vec<$row>,
            next_cursor: Option<String>,
        }
    };
}
pub(crate) use page;

/// A list's page size.
pub(crate) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(Problem::of(&problem_types::INVALID).at(vec![FieldError::invalid("", "limit must be from 1 to 200")])),
    }
}

impl Shared {
    /// Reserves the request's idempotency key, where it has one.
    pub(crate) async fn reserve<T>(&self, caller: &Caller, body: &Json<T>) -> Result<Option<ReplyKey>, Problem> {
        let Some(key) = &body.idempotency_key else { return Ok(None) };
        Ok(Some(self.gateway.engine.reserve(&caller.mark, key, &body.raw).await?))
    }

    /// Answers with what happened, now or when the same request came first.
    pub(crate) async fn told<T>(
        &self,
        told: Result<Execution<T>, Error>,
        place: Option<&ReplyKey>,
        render: impl Fn(&T) -> Vec<u8>,
    ) -> Reply {
        match told {
            Ok(Execution::Executed(outcome)) => Ok(again(render(&outcome))),
            Ok(Execution::Replayed(bytes)) => Ok(again(bytes)),
            Err(error) => {
                if let (Some(place), Error::Refused(_)) = (place, &error) {
                    self.gateway.engine.release(place).await;
                }
                Err(error.into())
            }
        }
    }
}
