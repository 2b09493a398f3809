//! The one map from a "no" to what a caller reads (RFC 9457). Public text stands here; what is
//! for us alone goes to the log. A 404 is the same bytes whether a thing is foreign or absent.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::problem_types::ProblemType;
use crate::domain::base::validation;
use crate::domain::base::validation::{FieldError, ValidationError};
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::http::requests::problem_types;
use crate::services::engine::Error;

/// A problem document that is still to be written: the outermost layer knows the public URL and
/// the time.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    problem_type: &'static ProblemType,
    detail: String,
    retry: Option<Retry>,
    errors: Vec<FieldError>,
    more: Vec<(&'static str, Value)>,
}

/// When asking again may help.
#[derive(Clone, Copy, Debug)]
enum Retry {
    /// After so many seconds.
    After(u64),
    /// From that moment on.
    Until(Moment),
}

impl Retry {
    /// Seconds from `now` until then, at least one where it is a moment.
    fn seconds(self, now: Moment) -> u64 {
        match self {
            Self::After(seconds) => seconds,
            Self::Until(moment) => moment.since(now).as_secs().max(1),
        }
    }
}

impl Problem {
    /// A problem with its usual text.
    pub fn of(problem_type: &'static ProblemType) -> Self {
        let detail = problem_type.meaning.to_owned();
        Self(Box::new(Details { problem_type, detail, retry: None, errors: Vec::new(), more: Vec::new() }))
    }

    /// With another text.
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Where it is of too large a body, with this resource's own limit.
    pub fn naming_limit(self, limit: &str) -> Self {
        if self.0.problem_type.status != StatusCode::PAYLOAD_TOO_LARGE {
            return self;
        }
        self.saying(format!("The body is larger than this resource takes ({limit})."))
    }

    /// Whether it is of that kind.
    pub fn is(&self, problem_type: &ProblemType) -> bool {
        self.0.problem_type.problem_type == problem_type.problem_type
    }

    /// With the places that are wrong.
    pub fn at(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With how long to wait.
    pub fn after(mut self, seconds: u64) -> Self {
        self.0.retry = Some(Retry::After(seconds));
        self
    }

    /// With the moment until which to wait: at least a second.
    pub fn until(mut self, moment: Moment) -> Self {
        self.0.retry = Some(Retry::Until(moment));
        self
    }

    /// With one more member.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.more.push((name, value));
        self
    }

    /// The document. `now` turns the moment until which to wait into seconds.
    pub(crate) fn write(&self, public_url: &str, now: Moment) -> Response {
        let retry_after_seconds = self.0.retry.map(|retry| retry.seconds(now));
        let mut document = json!({
            "type": format!("{public_url}/problems/{}", self.0.problem_type.problem_type),
            "title": self.0.problem_type.title,
            "status": self.0.problem_type.status.as_u16(),
            "detail": self.0.detail,
            "code": self.0.problem_type.problem_type,
        });
        if let Some(seconds) = retry_after_seconds {
            document["retry_after_seconds"] = json!(seconds);
        }
        if !self.0.errors.is_empty() {
            document["errors"] = self.0.errors.iter().map(wrong_place).collect();
        }
        for (name, value) in &self.0.more {
            document[*name] = value.clone();
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.0.problem_type.status, kind, document.to_string()).into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.problem_type.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The problem that a refusal is answered with.
impl From<Refusal> for Problem {
    #[expect(clippy::too_many_lines, reason = "one row for each refusal")]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(_) => Self::of(&problem_types::NOT_FOUND),
            Refusal::Closed => Self::of(&problem_types::INTERACTION_CLOSED),
            Refusal::Full => Self::of(&problem_types::INTERACTION_FULL),
            Refusal::SubjectConflict => Self::of(&problem_types::SUBJECT_CONFLICT),
            Refusal::NoAuthenticationUrl => Self::of(&problem_types::NO_AUTHENTICATION_URL),
            Refusal::NoSecurityKey => Self::of(&problem_types::NO_SECURITY_KEY),
            Refusal::KeyInUse => Self::of(&problem_types::KEY_IN_USE),
            Refusal::KeyNotPending => Self::of(&problem_types::KEY_NOT_PENDING),
            Refusal::KeyCannotSign => Self::of(&problem_types::KEY_CANNOT_SIGN),
            Refusal::ReturnUrl => Self::of(&problem_types::INVALID)
                .at(vec![FieldError::invalid("/return_url", "its origin must be one of the team's allowed_origins")]),
            Refusal::LandingRequired => Self::of(&problem_types::INVALID).at(vec![FieldError::invalid(
                "/landing",
                "false is taken only where the team sets link.landing to optional, and not where the browser must be \
                 known: binding is opener, other_browser is refuse, or nobody can write in the conversation",
            )]),
            Refusal::LinkExpired => Self::of(&problem_types::LINK_EXPIRED),
            Refusal::LinkSuperseded => Self::of(&problem_types::LINK_SUPERSEDED),
            Refusal::LinkUsed => Self::of(&problem_types::LINK_USED),
            Refusal::LinkReported => Self::of(&problem_types::LINK_REPORTED),
            Refusal::Reported(until) => Self::of(&problem_types::RECENTLY_REPORTED).until(until),
            Refusal::BindingNotPossible => Self::of(&problem_types::BINDING_NOT_POSSIBLE),
            Refusal::StaleForm => Self::of(&problem_types::STALE_FORM),
            Refusal::NotOpenedByChat => Self::of(&problem_types::NOT_OPENED_BY_CHAT),
            Refusal::OutOfOrder => Self::of(&problem_types::OUT_OF_ORDER),
            Refusal::BadAssertion(why) => {
                tracing::info!(why, "an assertion was refused");
                Self::of(&problem_types::BAD_ASSERTION)
            }
            Refusal::TokenUsed => Self::of(&problem_types::BAD_ASSERTION),
            Refusal::Replayed(first) | Refusal::Repeated(first) => {
                Self::of(&problem_types::REPLAYED).with("first_status", json!(first))
            }
            Refusal::NoMatchingRecord => Self::of(&problem_types::NO_MATCHING_RECORD),
            Refusal::Locked(until) => Self::of(&problem_types::LOCKED).until(until),
            Refusal::Banned => Self::of(&problem_types::BANNED),
            Refusal::InvalidPin => {
                Self::of(&problem_types::INVALID_PIN).at(vec![FieldError::at("/pin", &validation::PIN)])
            }
            Refusal::PinRequired => {
                Self::of(&problem_types::PIN_REQUIRED).at(vec![FieldError::at("/pin", &validation::PIN)])
            }
            Refusal::SecondChannelRequired(errors) => Self::of(&problem_types::SECOND_CHANNEL_REQUIRED).at(errors),
            Refusal::MethodMissing => Self::of(&problem_types::METHOD_UNAVAILABLE),
            Refusal::NotShown => Self::of(&problem_types::NOT_SHOWN),
            Refusal::NotArrived => Self::of(&problem_types::NOT_ARRIVED),
            Refusal::CodeGone => Self::of(&problem_types::CODE_GONE),
            Refusal::ActorConflict => Self::of(&problem_types::ACTOR_CONFLICT),
            Refusal::Invalid(errors) => Self::of(&problem_types::INVALID).at(errors),
            Refusal::TooManyKeys => Self::of(&problem_types::TOO_MANY_KEYS),
            Refusal::TooManyUsers => Self::of(&problem_types::TOO_MANY_USERS),
            Refusal::UnusableKey(kind) => {
                Self::of(&problem_types::INVALID).at(vec![FieldError::at("/public_key", kind)])
            }
            Refusal::NoChannel => Self::of(&problem_types::NO_CHANNEL),
            Refusal::NoAddress => Self::of(&problem_types::NO_ADDRESS),
            Refusal::PrivateChannelRequired => Self::of(&problem_types::PRIVATE_CHANNEL_REQUIRED),
            Refusal::SendBudget(until) => Self::of(&problem_types::SEND_BUDGET).until(until),
            Refusal::CountryNotAllowed => Self::of(&problem_types::COUNTRY_NOT_ALLOWED),
            Refusal::Unpaid | Refusal::AnotherPerson | Refusal::Unjudged(_) | Refusal::Judging => {
                Self::of(&problem_types::UNAVAILABLE).after(1)
            }
            Refusal::TooManyChannels => Self::of(&problem_types::TOO_MANY_CHANNELS),
            Refusal::TooManyProviders => Self::of(&problem_types::TOO_MANY_PROVIDERS),
            Refusal::Unproved(why) => {
                tracing::info!(why, "what came in is not believed");
                Self::of(&problem_types::UNPROVED)
            }
            Refusal::TooLarge => Self::of(&problem_types::TOO_LARGE).naming_limit("1 MiB"),
            Refusal::TooManyWebhooks => Self::of(&problem_types::TOO_MANY_WEBHOOKS),
            Refusal::WebhookStopped => Self::of(&problem_types::WEBHOOK_STOPPED),
            Refusal::WebhookInUse => Self::of(&problem_types::WEBHOOK_IN_USE),
            Refusal::ProviderDown => Self::of(&problem_types::PROVIDER_DOWN).after(5),
            Refusal::DirectoryDown => Self::of(&problem_types::DIRECTORY_DOWN).after(5),
            Refusal::NotAuthenticated => Self::of(&problem_types::NOT_AUTHENTICATED),
            Refusal::Guest => Self::of(&problem_types::GUEST_ACCOUNT),
            Refusal::PasswordElsewhere => Self::of(&problem_types::PASSWORD_ELSEWHERE),
            Refusal::AccountDisabled => Self::of(&problem_types::ACCOUNT_DISABLED),
            Refusal::AppStands => Self::of(&problem_types::APP_ENROLLED),
            Refusal::NoApp => Self::of(&problem_types::NO_APP),
            Refusal::WrongAppCode => Self::of(&problem_types::INVALID)
                .at(vec![FieldError::invalid("/code", "is not the code that the app shows")]),
            Refusal::UsernameTaken => Self::of(&problem_types::USERNAME_TAKEN)
                .at(vec![FieldError::at("/username", &validation::USERNAME_TAKEN)]),
            Refusal::Exists => Self::of(&problem_types::EXISTS),
            Refusal::Forbidden => Self::of(&problem_types::FORBIDDEN),
            Refusal::BanStands => Self::of(&problem_types::FORBIDDEN).saying("This is a ban: only an admin lifts one."),
            Refusal::IdempotencyMismatch => Self::of(&problem_types::IDEMPOTENCY_MISMATCH),
            Refusal::IdempotencyRunning => Self::of(&problem_types::IDEMPOTENCY_RUNNING).after(1),
            Refusal::EventsGone => Self::of(&problem_types::EVENTS_GONE),
        }
    }
}

/// The problem that an error of a use case is answered with; failures of the store are logged.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Away(why) => {
                tracing::warn!(why, "answered 503");
                Self::of(&problem_types::UNAVAILABLE).after(1)
            }
            Error::Damaged(why) => {
                tracing::error!(why, "answered 503: the store cannot be trusted");
                Self::of(&problem_types::UNAVAILABLE).after(60)
            }
        }
    }
}

/// One entry of `errors`.
fn wrong_place(error: &FieldError) -> Value {
    let FieldError { pointer, error: ValidationError { code, values, detail } } = error;
    let mut place = json!({"pointer": pointer, "code": code, "detail": detail});
    if !values.is_empty() {
        place["values"] =
            values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    }
    place
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.problem_type.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
