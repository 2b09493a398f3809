//! What a platform's answer means: taken, with which id; or refused, in the few ways that the
//! sender tells apart. A definition's rows come first; what none of them names goes by HTTP's own
//! meaning.
//!
//! Reasons are words of ours: a platform's words may quote what it was sent.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde_json::Value;

use crate::DeliveryError;
use crate::format::matching::{Condition, Pointer, TestedDocument, text};
use crate::format::template::Template;

/// Where the id of a message that was taken stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageIdPlace {
    /// Nowhere: the platform gives none.
    None,
    /// In the reply, at these places, joined by one space.
    Pointers(Vec<Pointer>),
    /// In the reply, in this XML element.
    Element(String),
    /// In the request: we chose it.
    Chosen(Template),
}

impl MessageIdPlace {
    /// Reads it; `chosen` is what our own came out as.
    pub fn read(&self, reply: &TestedDocument, chosen: Option<String>) -> Option<String> {
        match self {
            Self::None => None,
            Self::Pointers(pointers) => {
                let parts = pointers.iter().map(|pointer| match reply.json.pointer(pointer.as_str())? {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                });
                parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(" "))
            }
            Self::Element(name) => reply.element(name).map(str::to_owned),
            Self::Chosen(_) => chosen,
        }
    }
}

/// `[[errors]]`: what one kind of refusal means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow {
    /// How it is known.
    pub when: Condition,
    /// What is to be done.
    pub class: Class,
    /// Why.
    pub reason: RefusalReason,
    /// When it may be tried again; the first that says so counts.
    #[serde(default)]
    pub after: Vec<Hint>,
}

/// What is to be done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Again, later.
    Retry,
    /// Over another channel.
    Fallback,
    /// Nothing: it will never work.
    Permanent,
    /// An admin must act: nothing works with this account.
    Account,
    /// Nobody knows whether it was sent.
    Ambiguous,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RefusalReason {
    /// The person is not on this platform, or cannot be reached there.
    NotReachable,
    /// The person wants no messages from us.
    OptedOut,
    /// The person was silent for too long for this form of message.
    WindowClosed,
    /// That is no address.
    BadAddress,
    /// We may not send from there.
    BadSender,
    /// We may not send to that country.
    Region,
    /// The text is too long.
    TooLong,
    /// The platform does not take such content.
    Content,
    /// The template is missing, paused or filled wrongly.
    Template,
    /// Too many messages in this moment.
    Rate,
    /// The account's quota is spent.
    Quota,
    /// The account has no money.
    Balance,
    /// The platform takes it for spam.
    Spam,
    /// The platform is out of order.
    Unavailable,
    /// Key, token or password is wrong.
    Credentials,
    /// The account may not do this.
    Forbidden,
    /// The platform does not know the account, or its path.
    Unknown,
    /// The platform refuses it for a reason that we do not know.
    Refused,
}

impl RefusalReason {
    /// The word for it.
    pub fn wire_name(self) -> &'static str {
        self.into()
    }
}

/// Where a platform says when it may be tried again.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hint {
    /// In a header: seconds or a date.
    Header(String),
    /// In the reply: seconds or a date.
    Pointer(Pointer),
    /// In the reply: milliseconds.
    MillisecondsAt(Pointer),
    /// Nowhere, but it is known.
    Seconds(u32),
}

/// No platform's word keeps a message longer.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a reply's headers say.
pub type Headers = http::HeaderMap;

impl Hint {
    fn read(&self, reply: &TestedDocument, headers: &Headers, unix: u64) -> Option<Duration> {
        let found = match self {
            Self::Header(name) => moment(headers.get(name)?.to_str().ok()?, unix),
            Self::Pointer(pointer) => moment(&text(reply.json.pointer(pointer.as_str())?), unix),
            Self::MillisecondsAt(pointer) => reply.json.pointer(pointer.as_str())?.as_u64().map(Duration::from_millis),
            Self::Seconds(seconds) => Some(Duration::from_secs((*seconds).into())),
        };
        found.map(|wait| wait.min(MAX_RETRY_AFTER))
    }
}

/// Seconds, or a date: RFC 9110 §10.2.3 has both, JSON replies have RFC 3339 as well.
fn moment(text: &str, unix: u64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0).min(MAX_RETRY_AFTER.as_secs_f64())).ok();
    }
    let date = rfc2822::parse(text).map(|zoned| zoned.timestamp()).or_else(|_| text.parse::<Timestamp>()).ok()?;
    let date = u64::try_from(date.as_second()).ok()?;
    Some(Duration::from_secs(date.saturating_sub(unix)))
}

/// For how long a reply's `Retry-After` asks, at most a day (RFC 9110 §10.2.3).
pub fn retry_after(headers: &Headers, unix: u64) -> Option<Duration> {
    moment(headers.get("retry-after")?.to_str().ok()?, unix).map(|wait| wait.min(MAX_RETRY_AFTER))
}

/// A refusal, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformRefusal {
    /// Which row of the definition says so.
    pub row: Option<usize>,
    /// As the sender is told.
    pub error: DeliveryError,
}

/// What a reply means that is no success.
pub fn refused(
    rows: &[ErrorRow],
    reply: &TestedDocument,
    headers: &Headers,
    unix: u64,
    idempotent: bool,
) -> PlatformRefusal {
    if let Some((number, row)) = rows.iter().enumerate().find(|(_, row)| row.when.fits(reply)) {
        let after = row.after.iter().find_map(|hint| hint.read(reply, headers, unix));
        return PlatformRefusal { row: Some(number), error: error(row.class, row.reason, after) };
    }
    let unsure = if idempotent { Class::Retry } else { Class::Ambiguous };
    let (class, reason) = match reply.status.unwrap_or_default() {
        401 => (Class::Account, RefusalReason::Credentials),
        408 | 425 | 429 => (Class::Retry, RefusalReason::Rate),
        500..=599 => (unsure, RefusalReason::Unavailable),
        _ => (Class::Permanent, RefusalReason::Refused),
    };
    let after = retry_after(headers, unix).filter(|_| class == Class::Retry);
    PlatformRefusal { row: None, error: error(class, reason, after) }
}

fn error(class: Class, reason: RefusalReason, after: Option<Duration>) -> DeliveryError {
    let word = reason.wire_name();
    match (class, after) {
        (Class::Retry, Some(after)) => DeliveryError::RetryAfter(after),
        (Class::Retry, None) => DeliveryError::Retry(word),
        (Class::Fallback, _) => DeliveryError::Fallback(word),
        (Class::Permanent, _) => DeliveryError::Permanent(word),
        (Class::Account, _) => DeliveryError::AuthBroken(word),
        (Class::Ambiguous, _) => DeliveryError::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_217_522;

    fn rows(toml: &str) -> Vec<ErrorRow> {
        #[derive(Deserialize)]
        struct File {
            errors: Vec<ErrorRow>,
        }
        toml::from_str::<File>(toml).unwrap().errors
    }

    fn read(rows: &[ErrorRow], status: u16, body: &str, header: Option<(&'static str, &str)>) -> DeliveryError {
        let mut headers = Headers::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        refused(rows, &TestedDocument::of_reply(status, body.as_bytes()), &headers, NOW, false).error
    }

    #[test]
    fn what_no_row_names_goes_by_http() {
        for (status, error) in [
            (400, DeliveryError::Permanent("refused")),
            (401, DeliveryError::AuthBroken("credentials")),
            (302, DeliveryError::Permanent("refused")),
            (200, DeliveryError::Permanent("refused")),
            (429, DeliveryError::Retry("rate")),
            (503, DeliveryError::Ambiguous),
        ] {
            assert_eq!(read(&[], status, "", None), error, "{status}");
        }
        let reply = TestedDocument::of_reply(503, b"");
        let error = refused(&[], &reply, &Headers::new(), NOW, true).error;
        assert_eq!(error, DeliveryError::Retry("unavailable"));
    }

    #[test]
    fn a_hint_is_seconds_milliseconds_or_a_date() {
        let after = |seconds: f64| DeliveryError::RetryAfter(Duration::from_secs_f64(seconds));
        let header = |value| read(&[], 429, "", Some(("retry-after", value)));
        assert_eq!(header("8"), after(8.0));
        assert_eq!(header("Fri, 20 Nov 2026 23:32:32 GMT"), after(30.0));
        assert_eq!(header("Fri, 20 Nov 2020 23:32:32 GMT"), after(0.0));
        assert_eq!(header("soon"), DeliveryError::Retry("rate"));
        assert_eq!(header("1e300"), after(86_400.0));
        assert_eq!(header("-5"), after(0.0));
        assert_eq!(header("NaN"), after(0.0));
        let rows = rows(
            "[[errors]]\nwhen = { status = [429] }\nclass = \"retry\"\nreason = \"rate\"\n\
             after = [{ milliseconds-at = \"/ms\" }, { pointer = \"/at\" }, { seconds = 6 }]",
        );
        assert_eq!(read(&rows, 429, "{\"ms\": 4033}", None), after(4.033));
        assert_eq!(read(&rows, 429, "{\"at\": \"2026-11-20T23:32:23Z\"}", None), after(21.0));
        assert_eq!(read(&rows, 429, "", None), after(6.0));
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        let rows = rows(
            "[[errors]]\nwhen = { pointer = \"/code\", is = [7] }\nclass = \"fallback\"\nreason = \"opted-out\"\n\
             [[errors]]\nwhen = { status = [400] }\nclass = \"permanent\"\nreason = \"content\"",
        );
        assert_eq!(read(&rows, 400, "{\"code\": 7}", None), DeliveryError::Fallback("opted-out"));
        assert_eq!(read(&rows, 400, "{\"code\": 8}", None), DeliveryError::Permanent("content"));
    }

    #[test]
    fn an_id_is_composed_found_in_xml_chosen_or_none() {
        #[derive(Deserialize)]
        struct One {
            message_id: MessageIdPlace,
        }
        let id = |toml: &str, body: &str| {
            let reply = TestedDocument::of_reply(200, body.as_bytes());
            toml::from_str::<One>(toml).unwrap().message_id.read(&reply, Some("ours".into()))
        };
        let both = "message_id.pointers = [\"/channel\", \"/ts\"]";
        assert_eq!(id(both, r#"{"channel":"D1","ts":14}"#).as_deref(), Some("D1 14"));
        assert_eq!(id(both, r#"{"channel":"D1"}"#), None);
        assert_eq!(
            id("message_id.element = \"MessageId\"", "<a><MessageId>x-1</MessageId></a>").as_deref(),
            Some("x-1")
        );
        assert_eq!(id("message_id.chosen = \"{uuid}\"", "").as_deref(), Some("ours"));
        assert_eq!(id("message_id = \"none\"", "{}"), None);
    }
}
