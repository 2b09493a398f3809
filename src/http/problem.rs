//! The one map from a "no" to what a caller reads (RFC 9457). Public text stands here; what is
//! for us alone goes to the log. A 404 is the same bytes whether a thing is foreign or absent.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::slugs::{self, Slug};
use crate::domain::misfit::{self, Misfit};
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::time::Moment;
use crate::gateway::Error;

/// A problem document that is still to be written: the outermost layer knows the public URL and
/// the time.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    slug: &'static Slug,
    detail: String,
    retry: Option<Retry>,
    errors: Vec<Fault>,
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
    pub fn of(slug: &'static Slug) -> Self {
        let detail = slug.meaning.to_owned();
        Self(Box::new(Details { slug, detail, retry: None, errors: Vec::new(), more: Vec::new() }))
    }

    /// With another text.
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Where it is of too large a body, with this resource's own limit.
    pub fn naming_limit(self, limit: &str) -> Self {
        if self.0.slug.status != StatusCode::PAYLOAD_TOO_LARGE {
            return self;
        }
        self.saying(format!("The body is larger than this resource takes ({limit})."))
    }

    /// Whether it is of that kind.
    pub fn is(&self, slug: &Slug) -> bool {
        self.0.slug.slug == slug.slug
    }

    /// With the places that are wrong.
    pub fn at(mut self, errors: Vec<Fault>) -> Self {
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
    pub(super) fn write(&self, public_url: &str, now: Moment) -> Response {
        let retry_after_seconds = self.0.retry.map(|retry| retry.seconds(now));
        let mut document = json!({
            "type": format!("{public_url}/problems/{}", self.0.slug.slug),
            "title": self.0.slug.title,
            "status": self.0.slug.status.as_u16(),
            "detail": self.0.detail,
            "code": self.0.slug.slug,
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
        let mut response = (self.0.slug.status, kind, document.to_string()).into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.slug.status == StatusCode::UNAUTHORIZED {
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
            Refusal::NotFound(_) => Self::of(&slugs::NOT_FOUND),
            Refusal::Closed => Self::of(&slugs::INTERACTION_CLOSED),
            Refusal::Full => Self::of(&slugs::INTERACTION_FULL),
            Refusal::SubjectConflict => Self::of(&slugs::SUBJECT_CONFLICT),
            Refusal::NoAuthenticationUrl => Self::of(&slugs::NO_AUTHENTICATION_URL),
            Refusal::NoSecurityKey => Self::of(&slugs::NO_SECURITY_KEY),
            Refusal::KeyInUse => Self::of(&slugs::KEY_IN_USE),
            Refusal::KeyNotPending => Self::of(&slugs::KEY_NOT_PENDING),
            Refusal::KeyCannotSign => Self::of(&slugs::KEY_CANNOT_SIGN),
            Refusal::ReturnUrl => Self::of(&slugs::INVALID)
                .at(vec![Fault::unfit("/return_url", "its origin must be one of the team's allowed_origins")]),
            Refusal::LandingRequired => Self::of(&slugs::INVALID).at(vec![Fault::unfit(
                "/landing",
                "false is taken only where the team sets link.landing to optional, and not where the browser must be \
                 known: binding is opener, other_browser is refuse, or nobody can write in the conversation",
            )]),
            Refusal::LinkExpired => Self::of(&slugs::LINK_EXPIRED),
            Refusal::LinkSuperseded => Self::of(&slugs::LINK_SUPERSEDED),
            Refusal::LinkUsed => Self::of(&slugs::LINK_USED),
            Refusal::LinkReported => Self::of(&slugs::LINK_REPORTED),
            Refusal::Reported(until) => Self::of(&slugs::RECENTLY_REPORTED).until(until),
            Refusal::BindingNotPossible => Self::of(&slugs::BINDING_NOT_POSSIBLE),
            Refusal::StaleForm => Self::of(&slugs::STALE_FORM),
            Refusal::NotOpenedByChat => Self::of(&slugs::NOT_OPENED_BY_CHAT),
            Refusal::OutOfOrder => Self::of(&slugs::OUT_OF_ORDER),
            Refusal::BadAssertion(why) => {
                tracing::info!(why, "an assertion was refused");
                Self::of(&slugs::BAD_ASSERTION)
            }
            Refusal::TokenUsed => Self::of(&slugs::BAD_ASSERTION),
            Refusal::Replayed(first) | Refusal::Repeated(first) => {
                Self::of(&slugs::REPLAYED).with("first_status", json!(first))
            }
            Refusal::NoMatchingRecord => Self::of(&slugs::NO_MATCHING_RECORD),
            Refusal::Locked(until) => Self::of(&slugs::LOCKED).until(until),
            Refusal::Banned => Self::of(&slugs::BANNED),
            Refusal::InvalidPin => Self::of(&slugs::INVALID_PIN).at(vec![Fault::at("/pin", &misfit::PIN)]),
            Refusal::PinRequired => Self::of(&slugs::PIN_REQUIRED).at(vec![Fault::at("/pin", &misfit::PIN)]),
            Refusal::SecondChannelRequired(faults) => Self::of(&slugs::SECOND_CHANNEL_REQUIRED).at(faults),
            Refusal::MethodMissing => Self::of(&slugs::METHOD_UNAVAILABLE),
            Refusal::NotShown => Self::of(&slugs::NOT_SHOWN),
            Refusal::NotArrived => Self::of(&slugs::NOT_ARRIVED),
            Refusal::CodeGone => Self::of(&slugs::CODE_GONE),
            Refusal::ActorConflict => Self::of(&slugs::ACTOR_CONFLICT),
            Refusal::Settings(faults) => Self::of(&slugs::INVALID).at(faults),
            Refusal::TooManyKeys => Self::of(&slugs::TOO_MANY_KEYS),
            Refusal::TooManyUsers => Self::of(&slugs::TOO_MANY_USERS),
            Refusal::UnusableKey(kind) => Self::of(&slugs::INVALID).at(vec![Fault::at("/public_key", kind)]),
            Refusal::NoChannel => Self::of(&slugs::NO_CHANNEL),
            Refusal::NoAddress => Self::of(&slugs::NO_ADDRESS),
            Refusal::PrivateChannelRequired => Self::of(&slugs::PRIVATE_CHANNEL_REQUIRED),
            Refusal::SendBudget(until) => Self::of(&slugs::SEND_BUDGET).until(until),
            Refusal::CountryNotAllowed => Self::of(&slugs::COUNTRY_NOT_ALLOWED),
            Refusal::Unpaid | Refusal::AnotherPerson | Refusal::Unjudged(_) | Refusal::Judging => {
                Self::of(&slugs::UNAVAILABLE).after(1)
            }
            Refusal::TooManyChannels => Self::of(&slugs::TOO_MANY_CHANNELS),
            Refusal::UnusableChannel(faults) => Self::of(&slugs::INVALID).at(faults),
            Refusal::TooManyProviders => Self::of(&slugs::TOO_MANY_PROVIDERS),
            Refusal::UnusableProvider(faults) | Refusal::UnusableVerdict(faults) => {
                Self::of(&slugs::INVALID).at(faults)
            }
            Refusal::Unproved(why) => {
                tracing::info!(why, "what came in is not believed");
                Self::of(&slugs::UNPROVED)
            }
            Refusal::TooLarge => Self::of(&slugs::TOO_LARGE).naming_limit("1 MiB"),
            Refusal::TooManyWebhooks => Self::of(&slugs::TOO_MANY_WEBHOOKS),
            Refusal::UnusableWebhook(faults) => Self::of(&slugs::INVALID).at(faults),
            Refusal::WebhookStopped => Self::of(&slugs::WEBHOOK_STOPPED),
            Refusal::WebhookInUse => Self::of(&slugs::WEBHOOK_IN_USE),
            Refusal::ProviderDown => Self::of(&slugs::PROVIDER_DOWN).after(5),
            Refusal::DirectoryDown => Self::of(&slugs::DIRECTORY_DOWN).after(5),
            Refusal::NotAuthenticated => Self::of(&slugs::NOT_AUTHENTICATED),
            Refusal::UnusableDirectory(faults) => Self::of(&slugs::INVALID).at(faults),
            Refusal::UnusableCustomer(faults) => Self::of(&slugs::INVALID).at(faults),
            Refusal::Guest => Self::of(&slugs::GUEST_ACCOUNT),
            Refusal::PasswordElsewhere => Self::of(&slugs::PASSWORD_ELSEWHERE),
            Refusal::AccountDisabled => Self::of(&slugs::ACCOUNT_DISABLED),
            Refusal::AppStands => Self::of(&slugs::APP_ENROLLED),
            Refusal::NoApp => Self::of(&slugs::NO_APP),
            Refusal::WrongAppCode => {
                Self::of(&slugs::INVALID).at(vec![Fault::unfit("/code", "is not the code that the app shows")])
            }
            Refusal::UsernameTaken => {
                Self::of(&slugs::USERNAME_TAKEN).at(vec![Fault::at("/username", &misfit::USERNAME_TAKEN)])
            }
            Refusal::Exists => Self::of(&slugs::EXISTS),
            Refusal::Forbidden => Self::of(&slugs::FORBIDDEN),
            Refusal::BanStands => Self::of(&slugs::FORBIDDEN).saying("This is a ban: only an admin lifts one."),
            Refusal::IdempotencyMismatch => Self::of(&slugs::IDEMPOTENCY_MISMATCH),
            Refusal::IdempotencyRunning => Self::of(&slugs::IDEMPOTENCY_RUNNING).after(1),
            Refusal::EventsGone => Self::of(&slugs::EVENTS_GONE),
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
                Self::of(&slugs::UNAVAILABLE).after(1)
            }
            Error::Damaged(why) => {
                tracing::error!(why, "answered 503: the store cannot be trusted");
                Self::of(&slugs::UNAVAILABLE).after(60)
            }
        }
    }
}

/// One entry of `errors`.
fn wrong_place(fault: &Fault) -> Value {
    let Fault { pointer, misfit: Misfit { code, values, detail } } = fault;
    let mut place = json!({"pointer": pointer, "code": code, "detail": detail});
    if !values.is_empty() {
        place["values"] =
            values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    }
    place
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.slug.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
