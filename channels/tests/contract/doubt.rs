//! What is not believed: requests without a proof, times that are written oddly, borders that are
//! moved within what is signed, accounts without a secret.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_channels::definition::Definition as _;
use countersign_channels::format::inbound::proof::VerificationError;
use countersign_channels::inbound::WebhookVerifier;
use countersign_channels::inbound::keys::PlatformKeys;
use http::HeaderMap;

use crate::case::{Case, NOW, all, http_client};
use crate::heard::Request;
use crate::server::{Answer, Server};

fn webhook_verifier(name: &str) -> (WebhookVerifier, Case) {
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == name).unwrap();
    let webhook_verifier = platform.webhook_verifier(&case.account("https://platform.example", &[])).unwrap().unwrap();
    (webhook_verifier, case)
}

fn request(headers: &[(&str, &str)], body: &str) -> Request {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let (method, url) = ("POST".to_owned(), "https://gate.example/in/demo/x".to_owned());
    Request { method, url, at: NOW, headers, body: body.as_bytes().to_vec() }
}

/// Nothing is believed without a proof, whatever it says; nor for an account that has no secret
/// to hold against it (A107).
#[tokio::test]
async fn nothing_is_believed_without_proof() {
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let optional = platform.file().secrets.iter().filter(|(_, field)| field.optional);
        let optional: Vec<String> = optional.flat_map(|(name, _)| [name.clone(), format!("{name}_before")]).collect();
        let whole = platform.webhook_verifier(&case.account("https://platform.example", &[])).unwrap().unwrap();
        let bare = platform.webhook_verifier(&case.account("https://platform.example", &optional)).unwrap().unwrap();
        let empty = [
            ("authorization", "Bearer "),
            ("X-Twilio-Signature", ""),
            ("X-Hub-Signature-256", "sha256="),
            ("X-Telegram-Bot-Api-Secret-Token", ""),
        ];
        for body in [
            "",
            "{}",
            "[]",
            "a=b",
            r#"{"type":"url_verification","challenge":"x"}"#,
            r#"{"clientToken":"","secret":"x"}"#,
        ] {
            for headers in [&[][..], &empty[..]] {
                assert!(request(headers, body).send_to(&whole).await.is_err(), "{name}: {body}");
                assert!(request(headers, body).send_to(&bare).await.is_err(), "{name} without secrets: {body}");
            }
        }
        for query in
            ["hub.mode=subscribe&hub.challenge=7&hub.verify_token=", "hub.mode=subscribe&hub.challenge=7", "key="]
        {
            let url = format!("https://gate.example/in/demo/x?{query}");
            let asked = Request { method: "GET".into(), url, ..request(&[], "") };
            assert!(asked.send_to(&whole).await.is_err() && asked.send_to(&bare).await.is_err(), "{name}: {query}");
        }
    }
}

/// With the right signature over them: only their times are wrong (A075).
#[tokio::test]
async fn a_time_is_written_in_one_way() {
    let (webhook_verifier, case) = webhook_verifier("slack");
    let now = NOW.to_string();
    let signed = |time: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, case.secrets["signing_secret"].as_bytes());
        let tag = hmac::sign(&key, format!("v0:{time}:{{}}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        request(&[("X-Slack-Request-Timestamp", time), ("X-Slack-Signature", &format!("v0={hex}"))], "{}")
    };
    assert!(signed(&now).send_to(&webhook_verifier).await.is_ok());
    let odd = [
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "1e9",
        "0x6b",
        "",
        "0",
        &format!("+{now}"),
        &format!("0{now}"),
        &format!("{now}.0"),
        &format!("{now} "),
        &format!("-{now}"),
    ];
    for time in odd {
        assert!(signed(time).send_to(&webhook_verifier).await.is_err(), "{time}");
    }
}

/// The same bytes are signed, and other parts of them are the body (A074).
#[tokio::test]
async fn borders_of_what_is_signed_do_not_move() {
    let (webhook_verifier, _) = webhook_verifier("standard-webhooks");
    let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = |id: &str, time: &str, body: &str| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), format!("{id}.{time}.{body}").as_bytes());
        let signature = format!("v1,{}", BASE64_STANDARD.encode(tag));
        request(&[("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", &signature)], body)
    };
    let now = NOW.to_string();
    assert!(signed("m", &now, "{}").send_to(&webhook_verifier).await.is_ok());
    assert!(signed("m.1", &now, "{}").send_to(&webhook_verifier).await.is_err());
    let (webhook_verifier, case) = self::webhook_verifier("sinch");
    let key = hmac::Key::new(hmac::HMAC_SHA256, case.secrets["webhook_secret"].as_bytes());
    let sinch = |body: &str, nonce: &str| {
        let tag = hmac::sign(&key, format!("{body}.{nonce}.{now}").as_bytes());
        let name = "x-sinch-webhook-signature";
        let (n, t) = (format!("{name}-nonce"), format!("{name}-timestamp"));
        request(&[(name, &BASE64_STANDARD.encode(tag)), (&n, nonce), (&t, &now)], body)
    };
    assert!(sinch(r#"{"a":1.5}"#, "n").send_to(&webhook_verifier).await.is_ok());
    assert!(sinch("1", "5.n").send_to(&webhook_verifier).await.is_err());
}

/// Bytes are signed, not what they mean (A073).
#[tokio::test]
async fn the_same_meaning_in_other_bytes_is_another_body() {
    let (webhook_verifier, case) = webhook_verifier("whatsapp-cloud");
    let key = hmac::Key::new(hmac::HMAC_SHA256, case.secrets["app_secret"].as_bytes());
    let body = r#"{"object":"x","entry":[],"n":"\u00e4\/"}"#;
    let hex: String = hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = format!("sha256={hex}");
    assert!(request(&[("X-Hub-Signature-256", &signature)], body).send_to(&webhook_verifier).await.is_ok());
    for other in [
        r#"{"object":"x","entry":[],"n":"ä/"}"#,
        r#"{"entry":[],"object":"x","n":"\u00e4\/"}"#,
        r#"{"object":"x","entry":[],"n":"a\u0308\/"}"#,
        r#"{"object":"x", "entry":[],"n":"\u00e4\/"}"#,
    ] {
        assert!(
            request(&[("X-Hub-Signature-256", &signature)], other).send_to(&webhook_verifier).await.is_err(),
            "{other}"
        );
    }
}

/// Bodies that are no documents, nested without end, or of other types than expected are refused
/// or empty, and never a panic.
#[tokio::test]
async fn no_body_brings_it_down() {
    let (webhook_verifier, case) = webhook_verifier("telegram");
    let secret = case.secrets["webhook_secret"].clone();
    let deep = "[".repeat(100_000);
    for body in [
        &deep,
        "nul",
        "\u{feff}{}",
        "{\"message\":[]}",
        "{\"message\":{\"text\":{},\"from\":7,\"chat\":null}}",
        "7",
        "\"x\"",
    ] {
        let taken = request(&[("X-Telegram-Bot-Api-Secret-Token", &secret)], body).send_to(&webhook_verifier).await;
        assert!(taken.is_err() || taken.is_ok_and(|taken| taken.happenings.is_empty()), "{:.40}", body);
    }
}

/// Anybody who knows a topic's name can name a certificate that is not there: after one that could not be
/// had none is asked for, for a minute.
#[tokio::test]
async fn a_certificate_that_is_not_there_is_asked_for_once_a_minute() {
    let (server, keys) = (Server::start().await, PlatformKeys::new(http_client()));
    let (good, bad) = (format!("{}/good.pem", server.url), |n: u32| format!("{}/{n}.pem", server.url));
    let answer = |status, body: &str| Answer { status, body: body.into(), ..Answer::default() };
    server.answers([answer(200, "a certificate")]);
    assert_eq!(keys.certificate(&good, NOW).await.as_deref(), Ok(&b"a certificate"[..]));
    server.answers([answer(404, "")]);
    for n in 0..20 {
        assert!(matches!(
            keys.certificate(&bad(n), NOW + 3 * u64::from(n)).await,
            Err(VerificationError::Unavailable(_))
        ));
    }
    assert_eq!(server.asked().len(), 2);
    assert!(keys.certificate(&good, NOW + 1).await.is_ok(), "what is kept is not asked for");
    assert!(keys.certificate(&bad(20), NOW + 60).await.is_err());
    assert_eq!(server.asked().len(), 1);
}
