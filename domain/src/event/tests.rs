//! The table of kinds against the data that it describes: each kind is written as it is described, and read back.
//! Which kinds are told when, the tests of the rules say.

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value, json};

use super::value::{DataField, ValueShape};
use super::*;

/// Data of a kind, with every field that it may have.
pub fn sample(kind: EventKind) -> Value {
    data_of(kind, |_| true)
}

fn data_of(kind: EventKind, has: impl Fn(&DataField) -> bool) -> Value {
    let fields = kind.fields().into_iter().filter(has);
    Value::Object(fields.map(|field| (field.name.to_owned(), value(&field.shape, field.name))).collect::<Map<_, _>>())
}

fn value(shape: &ValueShape, field: &str) -> Value {
    let interaction = "0199a0b0-0000-7000-8000-000000000000";
    match shape {
        ValueShape::Text if field == "link" => json!(format!("{interaction}.1")),
        ValueShape::Text if field == "challenge" => json!(format!("{interaction}.c1")),
        ValueShape::Text if field == "failure_limit" => json!("0123456789abcdef0123456789abcdef"),
        ValueShape::Text => json!("acme"),
        ValueShape::Words(words) => json!(words[0]),
        ValueShape::Moment => json!("2026-01-02T03:04:05.678Z"),
        ValueShape::Number => json!(7),
        ValueShape::Boolean => json!(true),
        ValueShape::List(inner) => json!([value(inner, field)]),
    }
}

#[test]
fn data_is_written_as_described() {
    for kind in EventKind::ALL {
        let (whole, least) = (sample(*kind), data_of(*kind, |field| !field.may_be_absent));
        for wanted in [whole, least] {
            let data = kind.deserialize(&wanted).unwrap_or_else(|error| panic!("{}: {error}", kind.as_str()));
            assert_eq!((data.kind(), serde_json::to_value(&data).unwrap()), (*kind, wanted));
        }
    }
}

#[test]
fn every_word_of_data_is_read_back() {
    for kind in EventKind::ALL {
        for field in kind.fields() {
            let words = match &field.shape {
                ValueShape::Words(words) => *words,
                ValueShape::List(inner) => match **inner {
                    ValueShape::Words(words) => words,
                    _ => continue,
                },
                _ => continue,
            };
            assert!(!words.is_empty(), "{}: {} has no words", kind.as_str(), field.name);
            for word in words {
                let mut data = sample(*kind);
                data[field.name] = if matches!(field.shape, ValueShape::List(_)) { json!([word]) } else { json!(word) };
                assert_eq!(serde_json::to_value(kind.deserialize(&data).unwrap()).unwrap(), data);
            }
        }
    }
}

#[test]
fn only_what_may_be_null_is() {
    for kind in EventKind::ALL {
        for field in kind.fields() {
            let mut data = sample(*kind);
            data[field.name] = Value::Null;
            let read = kind.deserialize(&data);
            assert_eq!(read.is_ok(), field.may_be_null, "{}: {}", kind.as_str(), field.name);
            if let Ok(read) = read {
                assert_eq!(serde_json::to_value(read).unwrap(), data, "null is not left out");
            }
        }
    }
}

#[test]
fn unknown_field_is_refused() {
    for kind in EventKind::ALL {
        let mut data = sample(*kind);
        data["newer"] = json!(1);
        assert!(kind.deserialize(data).is_err(), "{}", kind.as_str());
    }
}

#[test]
fn event_is_kept_and_read_back() {
    for kind in EventKind::ALL {
        for channel in [None, Some("webchat".parse().unwrap())] {
            let data = kind.deserialize(sample(*kind)).unwrap();
            let (team, participant) = ("acme".parse().unwrap(), Some("p1".parse().unwrap()));
            let event =
                Event { at: Moment(5), team, channel, interaction: None, participant, actor: Actor::Time, data };
            let kept = serde_json::to_vec(&event).unwrap();
            assert_eq!(serde_json::from_slice::<Event>(&kept).unwrap(), event);
        }
    }
}

/// An event that an older release kept: its fields in its order.
#[test]
fn event_of_older_release_is_read() {
    let kept = r#"{"type":"link.issued","at":1700000000000,"team":"acme","channel":"webchat",
        "interaction":"0199a0b0-0000-7000-8000-000000000000","participant":"p1","actor":{"api_key":"abc"},
        "data":{"link":"0199a0b0-0000-7000-8000-000000000000.1","purpose":"mid_chat","state":"s"}}"#;
    let event: Event = serde_json::from_str(kept).unwrap();
    let written = serde_json::to_string(&event).unwrap();
    assert_eq!(written, kept.replace("\n        ", ""));
}

#[test]
fn neither_a_code_nor_its_address_is_printed() {
    let mut data = sample(EventKind::OtpRequested);
    data["code"] = json!("314159");
    data["to"] = json!("+15550100");
    let data = EventKind::OtpRequested.deserialize(data).unwrap();
    let printed = format!("{data:?}");
    assert!(!printed.contains("314159") && !printed.contains("15550100"), "{printed}");
}
