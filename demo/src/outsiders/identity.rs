//! The demo's provider of document checks: somebody outside whom the gateway asks by a signed request. It
//! takes every clear picture for a genuine document, and says so wherever it is named.
//!
//! A real one would look at the pictures; this one proves who asks, signs what it answers, and keeps nothing.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A request is good for so many seconds.
const GOOD_FOR: u64 = 300;

/// What the gateway and the provider share.
pub struct DemoProvider(Vec<u8>);

impl DemoProvider {
    /// With a secret of these bytes.
    pub fn new(secret: Vec<u8>) -> Self {
        Self(secret)
    }

    /// As Standard Webhooks write one.
    pub fn secret(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The answer to a request at the provider's one address; `now` in Unix seconds.
    pub fn answer(&self, headers: &HeaderMap, body: &[u8], now: u64) -> Response {
        if !self.is_the_gateways(headers, body, now) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let Ok(asked) = serde_json::from_slice::<Value>(body) else { return StatusCode::BAD_REQUEST.into_response() };
        if asked["type"] == "identity.ping" {
            return StatusCode::NO_CONTENT.into_response();
        }
        let Some(verdict) = verdict(&asked) else { return StatusCode::BAD_REQUEST.into_response() };
        let (id, timestamp, answer) =
            (asked["check"].as_str().unwrap_or_default(), now.to_string(), verdict.to_string());
        let signature = self.signature(id, &timestamp, answer.as_bytes());
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
            (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ];
        (headers, answer).into_response()
    }

    fn signature(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)))
    }

    fn is_the_gateways(&self, headers: &HeaderMap, body: &[u8], now: u64) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp) = (text("webhook-id"), text("webhook-timestamp"));
        let in_time = timestamp.parse::<u64>().is_ok_and(|at| at.abs_diff(now) <= GOOD_FOR);
        let right = self.signature(id, timestamp, body);
        let same = |one: &str| aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), right.as_bytes());
        in_time && text("webhook-signature").split(' ').any(|one| same(one).is_ok())
    }
}

/// Judges what is asked. The gateway sends only pictures that it has found clear itself.
fn verdict(asked: &Value) -> Option<Value> {
    let check = asked["check"].as_str()?;
    let has_front = asked["pictures"].as_array()?.iter().any(|picture| picture["side"] == "front");
    Some(json!({"check": check, "quality": {"passed": true}, "authentication": {"passed": has_front}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_gateway_has_signed_in_time_is_judged() {
        let provider = DemoProvider::new(vec![7; 32]);
        let body = b"{}";
        let headers = |signature: String| {
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", "c".parse().expect("ASCII"));
            headers.insert("webhook-timestamp", "1000".parse().expect("ASCII"));
            headers.insert("webhook-signature", signature.parse().expect("ASCII"));
            headers
        };
        let good = headers(format!("v1,other {}", provider.signature("c", "1000", body)));
        assert!(provider.is_the_gateways(&good, body, 1300) && !provider.is_the_gateways(&good, body, 1301));
        assert!(!provider.is_the_gateways(&good, b"{ }", 1000));
        assert!(!provider.is_the_gateways(&headers("v1,".into()), body, 1000));
        let asked = json!({"check": "c", "pictures": [{"side": "front"}]});
        assert_eq!(verdict(&asked).expect("a verdict")["authentication"]["passed"], true);
        assert!(verdict(&json!({"pictures": []})).is_none());
    }
}
