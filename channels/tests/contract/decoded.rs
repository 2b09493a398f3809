//! A request taken apart as the platform takes it apart: its path's segments, its query, its body
//! by its media type, down to single texts with their places.

use serde_json::Value;
use url::Url;
use url::form_urlencoded;

use crate::server::Asked;

/// Every text of a request, with its place.
pub fn texts(asked: &Asked) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://platform.example{}", asked.path)).unwrap();
    let mut texts = Vec::new();
    for (number, segment) in url.path_segments().into_iter().flatten().enumerate() {
        texts.push((format!("path/{number}"), unescaped(segment)));
    }
    for (name, value) in url.query_pairs() {
        texts.push((format!("query/{name}"), value.into_owned()));
    }
    let content_type = asked.headers.get("content-type").map(|value| value.to_str().unwrap()).unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default() {
        "application/json" => leaves("body", &serde_json::from_str(&asked.body).unwrap(), &mut texts),
        "application/x-www-form-urlencoded" => {
            for (name, value) in form_urlencoded::parse(asked.body.as_bytes()) {
                texts.push((format!("body/{name}"), value.into_owned()));
            }
        }
        _ => assert_eq!(asked.body, "", "a body without a media type"),
    }
    texts
}

fn unescaped(segment: &str) -> String {
    let pair = format!("s={}", segment.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}

fn leaves(place: &str, value: &Value, texts: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            texts.push((format!("{place}#"), items.len().to_string()));
            items.iter().enumerate().for_each(|(number, item)| leaves(&format!("{place}/{number}"), item, texts));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| leaves(&format!("{place}/{name}"), member, texts));
        }
        Value::String(text) => texts.push((place.to_owned(), text.clone())),
        other => texts.push((format!("{place}="), other.to_string())),
    }
}
