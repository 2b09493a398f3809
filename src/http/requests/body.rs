//! What callers send, parsed strictly: media type, size, JSON, fields, each with its own answer.
//! Knows the shape of a request and nothing of what it means.

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};

use super::problem::Problem;
use crate::domain::base::id::{InvalidName, plain_text};
use crate::domain::base::validation::{FieldError, ValidationError};
use crate::domain::base::{id, validation};
use crate::domain::settings::precondition::Precondition;
use crate::http::requests::problem_types;

/// A JSON body. An empty one counts as `{}`.
pub struct Json<T> {
    /// What was sent.
    pub value: T,
    /// Its bytes, with method and path before them: what an idempotency key stands for.
    pub raw: Vec<u8>,
    /// The `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let idempotency_key = idempotency_key(request.headers())?;
        let mut raw = format!("{} {}\n", request.method(), request.uri()).into_bytes();
        let bytes = read(request, state).await?;
        if !json && !bytes.is_empty() {
            return Err(Problem::of(&problem_types::MEDIA_TYPE));
        }
        let value = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
        raw.extend_from_slice(&bytes);
        Ok(Self { value, raw, idempotency_key })
    }
}

/// Reads a body within the route's limit.
pub(crate) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.into_response_status() {
        http::StatusCode::PAYLOAD_TOO_LARGE => Problem::of(&problem_types::TOO_LARGE),
        _ => Problem::of(&problem_types::TIMEOUT),
    })
}

trait RejectionStatus {
    fn into_response_status(self) -> http::StatusCode;
}

impl<R: axum::response::IntoResponse> RejectionStatus for R {
    fn into_response_status(self) -> http::StatusCode {
        self.into_response().status()
    }
}

/// `application/json`, with no charset but UTF-8.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().is_some_and(|e| e.eq_ignore_ascii_case("application/json"));
    essence && parts.all(|p| p.eq_ignore_ascii_case("charset=utf-8") || p.eq_ignore_ascii_case("charset=\"utf-8\""))
}

/// Parses JSON into a struct: what is no JSON is 400, what does not fit is 422 with its place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        // serde would take an array for a struct, its fields in their order.
        return Err(invalid("", &validation::OBJECT));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        // To serde_json a number where a word should be is bad syntax, too.
        let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if inner.is_io() || inner.is_eof() || inner.is_syntax() && !is_json() {
            return Problem::of(&problem_types::BAD_JSON);
        }
        let text = inner.to_string();
        let detail = text.split(" at line ").next().unwrap_or(&text).to_owned();
        Problem::of(&problem_types::INVALID)
            .at(vec![FieldError::at(pointer(error.path(), &detail), validation::read(&detail))])
    })?;
    json.end().map_err(|_| Problem::of(&problem_types::BAD_JSON))?;
    Ok(value)
}

/// Free-form JSON, where a name that stands twice in one object is refused: of two values nobody
/// could say which one counts (RFC 8259 §4).
#[derive(Clone, Debug)]
pub(crate) struct PlainJson(pub Value);

impl<'de> Deserialize<'de> for PlainJson {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = PlainJson;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, v: bool) -> Result<PlainJson, E> {
                Ok(PlainJson(v.into()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<PlainJson, E> {
                Ok(PlainJson(v.into()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<PlainJson, E> {
                Ok(PlainJson(v.into()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<PlainJson, E> {
                Ok(PlainJson(v.into()))
            }
            fn visit_str<E>(self, v: &str) -> Result<PlainJson, E> {
                Ok(PlainJson(v.into()))
            }
            fn visit_unit<E>(self) -> Result<PlainJson, E> {
                Ok(PlainJson(Value::Null))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PlainJson, A::Error> {
                let mut items = Vec::new();
                while let Some(PlainJson(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(PlainJson(items.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlainJson, A::Error> {
                let mut members = Map::new();
                while let Some((name, PlainJson(value))) = map.next_entry::<String, _>()? {
                    if members.contains_key(&name) {
                        return Err(serde::de::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                    members.insert(name, value);
                }
                Ok(PlainJson(members.into()))
            }
        }
        d.deserialize_any(Read)
    }
}

/// The place of an error; the field's own where it is unknown or missing.
fn pointer(path: &serde_path_to_error::Path, detail: &str) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let of_field = ["unknown field `", "missing field `", "duplicate field `"];
    let named = of_field.iter().find_map(|start| detail.strip_prefix(start)).and_then(|rest| rest.split('`').next());
    match named {
        Some(name) if !pointer.ends_with(&format!("/{name}")) => format!("{pointer}/{name}"),
        _ => pointer,
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all("idempotency-key").iter();
    let Some(key) = all.next() else { return Ok(None) };
    let text = key.to_str().ok().filter(|k| (1..=255).contains(&k.len()) && all.next().is_none());
    match text {
        Some(text) => Ok(Some(text.to_owned())),
        None => {
            Err(Problem::of(&problem_types::BAD_REQUEST)
                .saying("Idempotency-Key must be one text of 1 to 255 characters."))
        }
    }
}

/// What a request says of what it may take the place of: `If-None-Match: *` and nothing else, since nothing here
/// has an entity tag (RFC 9110 §13.1). A condition that is not kept is refused rather than passed over.
pub struct OnlyIf(pub Precondition);

impl IntoParams for OnlyIf {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new().name("If-None-Match").parameter_in(ParameterIn::Header);
        let header = header.schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        vec![header.description(Some("`*`: only where there is none yet, else 412")).build()]
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OnlyIf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut all = parts.headers.get_all(http::header::IF_NONE_MATCH).iter();
        let (first, more) = (all.next(), all.next());
        let has_other = more.is_some() || parts.headers.contains_key(http::header::IF_MATCH);
        match first.map(|value| value.as_bytes().trim_ascii()) {
            None if !has_other => Ok(Self(Precondition::None)),
            Some(b"*") if !has_other => Ok(Self(Precondition::IsNew)),
            _ => {
                Err(Problem::of(&problem_types::BAD_REQUEST)
                    .saying("The only condition taken here is `If-None-Match: *`."))
            }
        }
    }
}

/// A query string, with its own answer where a value is not what it must be.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            let text = error.body_text();
            let detail = text.rsplit(": ").next().unwrap_or(&text).to_owned();
            Problem::of(&problem_types::INVALID).saying(format!("The query string: {detail}."))
        })
    }
}

/// One field is wrong.
pub(crate) fn invalid(pointer: impl Into<String>, error: impl Into<ValidationError>) -> Problem {
    Problem::of(&problem_types::INVALID).at(vec![FieldError::at(pointer, error)])
}

/// Why something was done has at most so many bytes.
const MAX_REASON_BYTES: usize = 500;

/// Why something was done, as the audit trail keeps it.
pub(crate) fn reason(text: String) -> Result<String, Problem> {
    match plain_text(&text, MAX_REASON_BYTES) {
        true => Ok(text),
        false => Err(invalid("/reason", validation::PLAIN_TEXT.with([("most", &MAX_REASON_BYTES)]))),
    }
}

/// Parses the name that something new is to have.
pub(crate) fn new_name<T: std::str::FromStr<Err = InvalidName>>(text: &str) -> Result<T, Problem> {
    id::new_name(text).map_err(|why| invalid("", why))
}

/// Parses a field.
pub(crate) fn field<T: std::str::FromStr<Err: Into<ValidationError>>>(pointer: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|e: T::Err| invalid(pointer, e))
}
