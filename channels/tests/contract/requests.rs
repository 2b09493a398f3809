//! Each kind of message becomes exactly the request that the platform documents, and its answer
//! the id that the platform gave.

use countersign_channels::definition::Definition as _;
use countersign_channels::{AuthenticationStatus, Author, DeliveryError, Linking, MessageAddress, NOT_POSSIBLE, Terms};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::case::{Kind, TEXT, all};
use crate::server::{Answer, Server};

#[tokio::test]
async fn each_platform_is_asked_for_what_it_documents() {
    let server = Server::start().await;
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        for (number, wanted) in case.request.iter().enumerate() {
            let channel = case.channel(&platform, &server.url, &wanted.without);
            let mut message = case.message(wanted.kind, wanted.text.as_deref().unwrap_or(TEXT));
            message.terms = Terms { freely: wanted.freely, seconds: wanted.seconds };
            if let Some(to) = &wanted.to {
                message.to = MessageAddress::new(to);
            }
            let sent = channel.send(&message).await;
            let place = format!("{name}, request {number}");
            assert_eq!(sent.as_ref().map(|sent| &sent.platform_id), Ok(&case.taken.id), "{place}: {sent:?}");
            let asked = server.asked();
            assert_eq!(asked.len(), 1, "{place}");
            assert_eq!((&asked[0].method, &asked[0].path), (&wanted.method, &wanted.path), "{place}");
            for (header, value) in &wanted.headers {
                let found = asked[0].headers.get(header).map(|value| value.to_str().unwrap());
                assert_eq!(found, Some(value.as_str()), "{place}: {header}");
            }
            let body = wanted.body.trim();
            match serde_json::from_str::<Value>(body) {
                Ok(json) if json.is_object() => {
                    let found: Value = serde_json::from_str(&asked[0].body).unwrap();
                    assert_eq!(found, json, "{place}:\n{found:#}");
                }
                _ => assert_eq!(asked[0].body, body, "{place}"),
            }
        }
    }
}

#[test]
fn every_kind_and_form_is_looked_at() {
    for (platform, case) in all() {
        let send = &platform.file().send;
        let count = |kind| case.request.iter().filter(|request| request.kind == kind).count();
        let forms = [(Kind::Text, &send.text), (Kind::Link, &send.link), (Kind::Code, &send.code)];
        for (kind, forms) in forms {
            let name = &platform.file().platform.name;
            assert!(count(kind) >= forms.len().max(1), "{name}: {kind:?} has {} forms", forms.len());
        }
    }
}

#[test]
fn a_link_back_carries_the_code() {
    for (platform, case) in all() {
        let channel = case.channel(&platform, "http://127.0.0.1:1", &[]);
        let name = &platform.file().platform.name;
        assert_eq!(channel.return_link("B7K 9&"), case.return_link, "{name}");
        assert_eq!(platform.file().can.return_link.is_some(), case.return_link.is_some(), "{name}");
    }
}

/// After a login the platform is made to say whose browser it was: by a link into it, or by a word that
/// it gives for whoever chats there.
#[tokio::test]
async fn a_browser_that_logged_in_is_led_to_its_platform() {
    let server = Server::start().await;
    let nonce = SecretString::from("n0nce_-".repeat(6));
    let mut linking = Vec::new();
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let (channel, to) = (case.channel(&platform, &server.url, &[]), MessageAddress::new(&case.to));
        assert_eq!(platform.features().account_link, case.linking.is_some(), "{name}");
        let Some(way) = &case.linking else {
            assert!(channel.linking(&nonce).is_none(), "{name}");
            let asked = channel.ask_to_link(&to, &nonce).await;
            assert!(matches!(asked, Err(DeliveryError::Permanent(NOT_POSSIBLE))), "{name}");
            continue;
        };
        linking.push(name.clone());
        let back = way.back.replace("{nonce}", nonce.expose_secret());
        if let Some(field) = &way.needs {
            assert!(case.channel(&platform, &server.url, std::slice::from_ref(field)).linking(&nonce).is_none());
        }
        let Some(wanted) = &way.asked else {
            let Some(Linking::To(url)) = channel.linking(&nonce) else { panic!("{name} is asked") };
            assert_eq!(url.expose_secret(), back, "{name}");
            assert!(server.asked().is_empty(), "{name}");
            continue;
        };
        assert!(matches!(channel.linking(&nonce), Some(Linking::Asked)), "{name}");
        server.answers([Answer { status: 200, body: wanted.answer.clone(), ..Answer::default() }]);
        let url = channel.ask_to_link(&to, &nonce).await.unwrap();
        assert_eq!(url.expose_secret(), back, "{name}");
        let asked = server.asked().remove(0);
        assert_eq!((&asked.method, &asked.path, &asked.body), (&wanted.method, &wanted.path, &wanted.body), "{name}");
        // What it was not given leads nowhere.
        for (status, body) in [(200, "{}"), (200, r#"{"linkToken":null}"#), (401, "{}"), (500, "")] {
            server.answers([Answer { status, body: body.into(), ..Answer::default() }]);
            assert!(channel.ask_to_link(&to, &nonce).await.is_err(), "{name}: {status} {body}");
        }
        server.asked();
    }
    assert_eq!(linking, ["messenger", "instagram", "line"]);
}

/// Many messages at once ask for one token.
#[tokio::test]
async fn a_token_is_fetched_once() {
    let server = Server::start().await;
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let before = server.tokens();
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        let channel = case.channel(&platform, &server.url, &[]);
        let message = case.message(Kind::Text, TEXT);
        let (one, two, three) = tokio::join!(channel.send(&message), channel.send(&message), channel.send(&message));
        assert!(one.is_ok() && two.is_ok() && three.is_ok(), "{name}");
        let fetches = ["bot-framework", "rcs", "sinch"].contains(&name.as_str());
        assert_eq!(server.tokens() - before, usize::from(fetches), "{name}");
    }
}

/// Where the account wants it, agents see who was proved and until when; elsewhere nothing is shown.
#[tokio::test]
async fn agents_are_shown_who_was_proved() {
    let server = Server::start().await;
    let status = AuthenticationStatus {
        is_authenticated: true,
        until: "2026-11-20T23:47:02Z".into(),
        methods: "login,otp".into(),
    };
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let Some(wanted) = &case.shown else {
            let channel = case.channel(&platform, &server.url, &[]);
            assert!(platform.file().shown.is_none() && !channel.shows_status(), "{name}");
            let outcome = channel.show_status(&MessageAddress::new(&case.to), &status).await;
            assert_eq!(outcome, Err(DeliveryError::Permanent(NOT_POSSIBLE)), "{name}");
            continue;
        };
        server.answers([Answer { status: 200, body: "{}".into(), ..Answer::default() }]);
        let channel = case.channel(&platform, &server.url, &[]);
        assert!(channel.shows_status(), "{name}");
        assert_eq!(channel.show_status(&MessageAddress::new(&case.to), &status).await, Ok(()), "{name}");
        let asked = server.asked().remove(0);
        assert_eq!((&asked.method, &asked.path), (&wanted.method, &wanted.path), "{name}");
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(&asked.body), json(&wanted.body), "{name}");
        // What does not hold any more is written over.
        channel.show_status(&MessageAddress::new(&case.to), &AuthenticationStatus::default()).await.unwrap();
        let body = server.asked().remove(0).body;
        assert!(body.contains("unauthenticated") && !body.contains("otp") && !body.contains("2026"), "{name}: {body}");
        server.answers([Answer { status: 503, ..Answer::default() }]);
        let outcome = channel.show_status(&MessageAddress::new(&case.to), &status).await;
        assert!(matches!(outcome, Err(DeliveryError::Retry(_))), "{name}: {outcome:?}");
        server.asked();
        let silent = case.channel(&platform, &server.url, &["show_flag".into()]);
        assert!(!silent.shows_status(), "{name}");
    }
}

/// What may be read by others is taken back where the platform can.
#[tokio::test]
async fn a_message_is_taken_back_as_each_platform_documents_it() {
    let server = Server::start().await;
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let channel = case.channel(&platform, &server.url, &[]);
        let to = MessageAddress::new(&case.to);
        for (whose, word) in [(Author::Theirs, "theirs"), (Author::Ours, "ours")] {
            let Some(wanted) = case.retract.iter().find(|wanted| wanted.whose == word) else {
                let outcome = channel.retract(whose, &to, "1").await;
                assert_eq!(outcome, Err(DeliveryError::Permanent(NOT_POSSIBLE)), "{name}");
                continue;
            };
            server.answers([Answer { status: 200, body: wanted.answer.clone(), ..Answer::default() }]);
            assert_eq!(channel.retract(whose, &to, &wanted.id).await, Ok(()), "{name}");
            let asked = server.asked().remove(0);
            assert_eq!((&asked.method, &asked.path), (&wanted.method, &wanted.path), "{name}");
            let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
            assert_eq!(json(&asked.body), json(&wanted.body), "{name}");
            server.answers([Answer { status: 503, ..Answer::default() }]);
            assert!(matches!(channel.retract(whose, &to, &wanted.id).await, Err(DeliveryError::Retry(_))), "{name}");
            server.asked();
            assert!(channel.retract(whose, &to, "..").await.is_err(), "{name}");
            server.asked();
        }
        let retract = &platform.file().retract;
        let count = usize::from(retract.heard.is_some()) + usize::from(retract.sent.is_some());
        assert_eq!(case.retract.len(), count, "{name}");
    }
}
