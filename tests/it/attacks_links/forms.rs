//! Forms that the person did not press: from another site, another browser, another page.
//! Each act that a page offers is tried; what an honest press does is in the journeys.

use serde_json::Value;

use super::{ask, text};
use crate::world::{Browser, Team, URL, World, hidden};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A link's page as one browser was shown it.
struct Shown {
    url: String,
    cookie: String,
    nonce: String,
}

async fn shown(world: &World, team: &Team, chat: &str) -> Shown {
    let url = text(&team.link(chat).await, "url").to_owned();
    let mut browser = Browser::new(world);
    let nonce = hidden(&browser.get(&url).await.text(), "nonce");
    Shown { url, cookie: browser.cookie.expect("the page sets a cookie"), nonce }
}

/// A004: without nonce, cookie and origin together nothing is pressed, and nothing is consumed
/// (403 `stale-form` as a page; a minimum time on the page and `Sec-Fetch-User` are not asked
/// for: contract §4 and design §4 say what is).
#[tokio::test]
async fn a004_a_form_without_nonce_cookie_or_origin_consumes_nothing() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let other = shown(&world, &team, &team.open("whatsapp", "+37255500002").await).await;
    let old = shown(&world, &team, &chat).await;
    let page = shown(&world, &team, &chat).await; // it supersedes the old one
    let (mine, own) = (("cookie", page.cookie.as_str()), ("origin", URL));
    let (theirs, good) = (("cookie", old.cookie.as_str()), format!("nonce={}", page.nonce));
    let (foreign, ended) = (format!("nonce={}", other.nonce), format!("nonce={}", old.nonce));
    let more = format!("{good}A");
    let cut = good[..good.len() - 1].to_owned();
    let attempts: [(&str, Vec<(&str, &str)>, &str); 13] = [
        ("no nonce", vec![FORM, own, mine], ""),
        ("an empty nonce", vec![FORM, own, mine], "nonce="),
        ("the nonce of another link", vec![FORM, own, mine], &foreign),
        ("the nonce of a superseded link", vec![FORM, own, theirs], &ended),
        ("a nonce that was cut", vec![FORM, own, mine], &cut),
        ("a nonce and more", vec![FORM, own, mine], &more),
        ("no cookie", vec![FORM, own], &good),
        ("another browser's cookie", vec![FORM, own, theirs], &good),
        ("a foreign origin", vec![FORM, ("origin", "https://evil.example"), mine], &good),
        ("an opaque origin", vec![FORM, ("origin", "null"), mine], &good),
        ("no origin at all", vec![FORM, mine], &good),
        ("cross-site", vec![FORM, ("sec-fetch-site", "cross-site"), mine], &good),
        ("same-site", vec![FORM, ("sec-fetch-site", "same-site"), mine], &good),
    ];
    for (what, headers, body) in attempts {
        for act in ["continue", "report"] {
            let reply = ask(&world, "POST", &page.url, &headers, &format!("act={act}&{body}")).await;
            assert_eq!(reply.status, 403, "{what}, {act}: {}", reply.text());
            assert_eq!(reply.header("location"), "");
        }
    }
    let link = team.bot("GET", &chat, "", Value::Null).await.expect(200)["login_link"].clone();
    assert_eq!(link["status"], "issued", "nothing was consumed or frozen");
    for source in [("sec-fetch-site", "same-origin"), own] {
        let body = format!("act=continue&{good}");
        assert_eq!(ask(&world, "POST", &page.url, &[FORM, source, mine], &body).await.status, 303);
    }
}

/// A004: origins that look like ours.
#[tokio::test]
async fn a004_only_our_own_origin_is_ours() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let page = shown(&world, &team, &chat).await;
    let body = format!("act=continue&nonce={}", page.nonce);
    for origin in [
        "http://auth.example.com",
        "https://auth.example.com:8443",
        "https://auth.example.com.evil.example",
        "https://evil.example/https://auth.example.com",
        "https://sub.auth.example.com",
        "https://auth.example.co",
        "https://AUTH.example.com.",
        "file://",
        "",
    ] {
        // A browser cannot be made to say same-origin with a foreign origin; a program can.
        let headers = [FORM, ("origin", origin), ("sec-fetch-site", "same-origin"), ("cookie", page.cookie.as_str())];
        assert_eq!(ask(&world, "POST", &page.url, &headers, &body).await.status, 403, "{origin}");
    }
}

/// A004: other methods and acts press nothing either.
#[tokio::test]
async fn a004_no_other_method_or_act_presses_the_button() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let page = shown(&world, &team, &chat).await;
    let headers = [FORM, ("origin", URL), ("cookie", page.cookie.as_str())];
    for act in ["", "Continue", "start", "answer", "continue%20"] {
        let body = format!("act={act}&nonce={}", page.nonce);
        assert_eq!(ask(&world, "POST", &page.url, &headers, &body).await.status, 403, "{act}");
    }
    let valid = format!("act=continue&nonce={}", page.nonce);
    let by_query = format!("{}?{valid}", page.url);
    assert_eq!(ask(&world, "GET", &by_query, &headers, "").await.status, 200);
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        assert_eq!(ask(&world, method, &page.url, &headers, &valid).await.status, 405, "{method}");
    }
    let overridden = [FORM, ("origin", URL), ("cookie", page.cookie.as_str()), ("x-http-method-override", "POST")];
    assert_eq!(ask(&world, "GET", &page.url, &overridden, &valid).await.status, 200);
    let link = team.bot("GET", &chat, "", Value::Null).await.expect(200)["login_link"].clone();
    assert_eq!(link["status"], "issued");
}
