//! The demo's own edge: what it refuses, and the policy on its pages.
//!
//! There is no gateway behind it here; the story with one is told in a real browser.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

use super::*;

/// A demo whose gateway is away: nothing listens there.
fn slot() -> DemoSlot {
    let (base, http) = ("http://127.0.0.1:9", api::client().expect("a client"));
    let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SystemEntropy::default()));
    let key = outsiders::bank::SharedSecret::from_base64url("k1", &random_text(&*entropy, 32)).expect("32 bytes");
    let slot = DemoSlot::default();
    slot.fill(Demo {
        chats: Arc::new(chats::Chats::new(
            ["bot", "other bot"].map(|bot| api::TeamApi {
                bot: api::Api::new(http.clone(), base, bot),
                agent: api::Api::new(http.clone(), base, "agent"),
            }),
            Phones::default(),
            entropy.clone(),
        )),
        bank: outsiders::bank::Bank::new(base, key),
        pages: pages::DemoPages::new(),
        base: base.to_owned(),
        provider: outsiders::identity::DemoProvider::new(vec![7; 32]),
        owner: api::Api::new(http.clone(), base, "owner"),
        http,
        clock,
        entropy,
        _event_listeners: [(), ()].map(|()| AbortOnDropHandle::new(tokio::spawn(async {}))),
    });
    slot
}

async fn ask(slot: DemoSlot, request: &str, headers: &[(&str, &str)]) -> Response {
    let (method, path) = request.split_once(' ').expect("METHOD /path");
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let request = request.body(Body::from("text=hello")).expect("a request");
    web::router(slot).oneshot(request).await.expect("the router answers")
}

#[tokio::test]
async fn until_the_demo_is_prepared_it_says_to_come_back() {
    let reply = ask(DemoSlot::default(), "GET /demo", &[]).await;
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn every_reply_carries_the_policy() {
    for path in ["/demo", "/demo/login", "/demo/assets/chat.js", "/demo/live/log"] {
        let reply = ask(slot(), &format!("GET {path}"), &[]).await;
        let policy = reply.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("ASCII");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(reply.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let reply = ask(slot(), "GET /demo", &[]).await;
    let cookie = reply.headers()[header::SET_COOKIE].to_str().expect("ASCII");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/demo"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test]
async fn another_website_cannot_speak_for_the_customer() {
    let cookie = format!("demo_chat={}", "a".repeat(43));
    for (site, status) in [
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
        ("same-origin", StatusCode::SEE_OTHER),
    ] {
        let headers = [("sec-fetch-site", site), ("cookie", cookie.as_str())];
        assert_eq!(ask(slot(), "POST /demo/chat/messages", &headers).await.status(), status, "{site}");
    }
}

#[tokio::test]
async fn without_the_cookie_there_is_no_chat() {
    assert_eq!(ask(slot(), "POST /demo/chat/messages", &[]).await.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn g_21_the_login_page_answers_nobody_whom_the_gateway_did_not_send() {
    for request in ["GET /demo/login", "GET /demo/login?cs_token=x&cs_signature=AAAA"] {
        assert_eq!(ask(slot(), request, &[]).await.status(), StatusCode::BAD_REQUEST, "{request}");
    }
}

#[tokio::test]
async fn while_the_gateway_is_away_the_mark_is_unknown_and_nothing_protected_is_given() {
    let slot = slot();
    let demo = slot.0.get().expect("filled");
    let chat = demo.chats.chat("somebody").expect("room for one");
    assert!(chat.ask(chats::inboxes::ChatRequest::Said("my statement".into())).await);
    let view = chat.view.borrow().clone();
    assert_eq!(view.mark.shown(0, true).status, "unknown");
    assert!(!view.entries.iter().any(|entry| matches!(entry.body, transcript::EntryBody::Statement)));
}
