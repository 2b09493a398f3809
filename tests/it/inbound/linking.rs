//! Logins that the chat's own platform vouches for: what it is asked, what it tells, and what that
//! raises. And what it raises for somebody who had another person log in.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::heard;
use super::platforms::{Call, Line, Said, meta};
use super::receiver::Receiver;
use crate::world::{Browser, Reply, Team, World, every_world, hidden, shown_code, worlds};

pub const CUSTOMER: &str = "U00000000000000000000000000000001";
const OTHER: &str = "U00000000000000000000000000000002";
const PAGE: &str = "682498302938465";

/// LINE, whose API stands on this machine.
fn line(api: &Receiver) -> Line {
    Line {
        name: "line",
        definition: "line",
        account: json!({"base_url": api.url, "basic_id": "@demobank"}),
        secrets: json!({"channel_token": "t", "channel_secret": "line-secret"}),
        conversation: CUSTOMER,
        from: CUSTOMER,
        call: |said| line_events(&[line_text(said)]),
        reply: ("text/plain", ""),
    }
}

fn line_text(said: Said<'_>) -> Value {
    json!({"type": "message", "webhookEventId": format!("w{}", said.id), "source": {"type": "user", "userId": said.from},
        "message": {"type": "text", "id": said.id.to_string(), "text": said.text}})
}

/// LINE's word on a browser that came to it with a nonce.
pub fn account_link(user: &str, nonce: &str, result: &str) -> Call {
    line_events(&[json!({"type": "accountLink", "source": {"type": "user", "userId": user}, "replyToken": "r",
        "link": {"result": result, "nonce": nonce}})])
}

fn line_events(events: &[Value]) -> Call {
    let body = json!({"destination": "Ubot", "events": events}).to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"line-secret"), body.as_bytes());
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-line-signature", BASE64_STANDARD.encode(tag.as_ref())),
    ];
    Call { method: "POST", target: "/in/acme/line".into(), headers, body: body.into_bytes() }
}

fn messenger() -> Line {
    Line {
        name: "messenger",
        definition: "messenger",
        account: json!({"page_id": PAGE, "page_name": "demobank"}),
        secrets: json!({"page_token": "t", "app_secret": "meta-secret"}),
        conversation: "24685",
        from: "24685",
        call: |said| {
            messaging(&json!({"sender": {"id": said.from}, "message": {"mid": said.id.to_string(), "text": said.text}}))
        },
        reply: ("text/plain", ""),
    }
}

/// An event of a page's.
fn messaging(event: &Value) -> Call {
    let mut event = event.clone();
    event["recipient"] = json!({"id": PAGE});
    meta("/in/acme/messenger", &json!({"object": "page", "entry": [{"id": PAGE, "messaging": [event]}]}))
}

/// Somebody followed a link into Messenger.
fn referral(user: &str, nonce: &str) -> Call {
    messaging(
        &json!({"sender": {"id": user}, "referral": {"ref": nonce, "source": "SHORTLINK", "type": "OPEN_THREAD"}}),
    )
}

async fn team(world: &World) -> Team {
    heard(world).team("acme").await
}

/// A LINE whose next link tokens are these.
async fn api(tokens: &[&'static str]) -> Receiver {
    let api = Receiver::start().await;
    let answers: Vec<(u16, &'static str)> = tokens.iter().map(|answer| (200, *answer)).collect();
    api.answers(&answers);
    api
}

/// A login in somebody's browser, and the page that it ends on.
async fn logged_in(team: &Team, chat: &str, customer: &str) -> (Browser, String) {
    let told = team.log_in(chat, customer).await;
    assert_eq!(told["status"], "accepted");
    (Browser::of(&team.world, &told), told["continue_url"].as_str().expect("a URL").to_owned())
}

/// What the browser carries to LINE.
async fn carried(browser: &mut Browser, page: &str) -> (String, String) {
    let gone = browser.press_done(page, "link").await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    let url = url::Url::parse(&gone.header("location")).expect("a URL");
    assert_eq!(url.as_str().split('?').next(), Some("https://access.line.me/dialog/bot/accountLink"));
    let part = |name: &str| url.query_pairs().find(|(known, _)| known == name).expect("it is there").1.into_owned();
    (part("linkToken"), part("nonce"))
}

/// The link into Messenger on a done page.
fn way_into_messenger(page: &Reply) -> Option<String> {
    let page = page.text().replace("&#x2f;", "/");
    let nonce = page.split_once("https://m.me/demobank?ref=")?.1.split('"').next()?;
    Some(nonce.to_owned())
}

/// B-01, B-02: LINE is asked for a token of whoever chats, the browser that has logged in carries it there
/// with a nonce, and LINE's word that both are the same person raises the flag. Nothing is typed.
#[tokio::test]
async fn a_login_is_bound_by_lines_own_word() {
    for world in every_world().await {
        let (api, team) = (api(&[r#"{"linkToken":"of-the-customer"}"#]).await, team(&world).await);
        let line = line(&api);
        let chat = team.chat_on(&line).await;
        let (mut browser, page) = logged_in(&team, &chat, "cust-42").await;
        let shown = browser.finish(&page).await.text();
        assert!(shown.contains("data-act=\"link\"") && shown.contains("Confirm with LINE"), "{shown}");
        assert_eq!(shown_code(&shown).len(), 6, "who cannot go there types the code");
        assert!(api.asked().is_empty(), "looking asks for nothing");
        let (token, nonce) = carried(&mut browser, &page).await;
        assert_eq!((token.as_str(), nonce.len()), ("of-the-customer", 43));
        let asked = api.asked();
        assert_eq!(asked[0].path, format!("/v2/bot/user/{CUSTOMER}/linkToken"));
        assert_eq!((&asked[0].headers["authorization"], asked.len()), (&"Bearer t".parse().expect("a header"), 1));
        assert!(!team.is_authenticated(&chat).await, "only LINE's word raises it");
        let told = account_link(CUSTOMER, &nonce, "ok");
        assert_eq!(team.hears_call(&told).await.status, 200);
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("platform")), "{flag}");
        assert_eq!((&flag["methods"], &flag["customer"]["id"]), (&json!(["login"]), &json!("cust-42")));
        let resumed = team.events().await.into_iter().filter(|event| event["type"] == "intent.resumed").count();
        assert_eq!(resumed, 1, "what was asked goes on");
        // Told again it does nothing, and the page has nothing left to carry.
        assert_eq!(team.hears_call(&told).await.status, 200);
        assert_eq!(team.flag(&chat).await, flag);
        let again = browser.finish(&page).await.text();
        assert!(!again.contains("data-act=\"link\"") && !again.contains("data-code"), "{again}");
    }
}

/// Messenger tells who follows a link into it: the page of the login has one, which needs nothing else.
#[tokio::test]
async fn a_login_is_bound_by_the_link_into_messenger() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = team.chat_on(&messenger()).await;
    let (mut browser, page) = logged_in(&team, &chat, "cust-42").await;
    let shown = browser.finish(&page).await;
    let nonce = way_into_messenger(&shown).expect("the page leads there");
    assert!(shown.text().contains("Confirm with Messenger") && !shown.text().contains("data-act=\"link\""));
    assert_eq!(team.hears_call(&referral("24685", &nonce)).await.status, 200);
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("platform")), "{flag}");
    // An account without what the link needs has the code alone.
    let nameless = json!({"page_name": null});
    team.plug(&messenger(), nameless).await.expect(200);
    let chat = team.open("messenger", "24686").await;
    let (mut browser, page) = logged_in(&team, &chat, "cust-43").await;
    assert_eq!(way_into_messenger(&browser.finish(&page).await), None);
    assert_eq!(browser.press_done(&page, "link").await.status, 404);
}

/// A001: the attacker lets a victim log in by the link of the attacker's chat. The victim's browser is the
/// victim's to LINE, whatever token it carries: no word of LINE's raises the attacker's flag, nor that
/// of the victim's own chat. What the attacker can make LINE say without the nonce raises nothing either.
#[tokio::test]
async fn a001_a_linking_that_is_forwarded_raises_nothing_for_whoever_began_it() {
    for world in worlds().await {
        let (api, team) = (api(&[r#"{"linkToken":"of-the-attacker"}"#]).await, team(&world).await);
        let line = line(&api);
        let attacker = team.chat_on(&line).await;
        let victim = team.open("line", OTHER).await;
        let (mut browser, page) = logged_in(&team, &attacker, "victim").await;
        let (token, nonce) = carried(&mut browser, &page).await;
        assert_eq!(token, "of-the-attacker", "it is made for who chats, not for who logs in");
        let code = browser.code(&page).await;
        // LINE finds another person in the browser, and tells so in either's name; or believed it to be
        // the victim's own; or the attacker makes LINE tell something by links of his own.
        for (user, said, result) in [
            (CUSTOMER, nonce.as_str(), "failed"),
            (OTHER, nonce.as_str(), "failed"),
            (OTHER, nonce.as_str(), "ok"),
            (CUSTOMER, "", "ok"),
            (CUSTOMER, "x", "ok"),
            (CUSTOMER, &nonce[..42], "ok"),
            (CUSTOMER, &nonce.to_uppercase(), "ok"),
            (CUSTOMER, &token, "ok"),
            (CUSTOMER, &code, "ok"),
        ] {
            assert_eq!(team.hears_call(&account_link(user, said, result)).await.status, 200);
        }
        // Not LINE's word: unsigned, or signed by another.
        let forged = account_link(CUSTOMER, &nonce, "ok").with("x-line-signature", Some("AAAA"));
        assert_eq!(team.hears_call(&forged).await.status, 401);
        // In a chat with others, or under a name beside the sender's own.
        let mut group = json!({"type": "accountLink", "link": {"result": "ok", "nonce": nonce}});
        group["source"] = json!({"type": "group", "groupId": "G1", "userId": OTHER});
        assert_eq!(team.hears_call(&line_events(&[group])).await.status, 200);
        // Typed as words it is nothing.
        assert_eq!(team.hears_on(&line, 7, &nonce).await.status, 200);
        assert!(!team.is_authenticated(&attacker).await && !team.is_authenticated(&victim).await);
        // The victim says that it was not her: from then on not even LINE's word counts.
        assert_eq!(browser.press_done(&page, "report").await.status, 200);
        assert_eq!(team.hears_call(&account_link(CUSTOMER, &nonce, "ok")).await.status, 200);
        assert!(!team.is_authenticated(&attacker).await);
    }
}

/// A001 on Messenger: what it puts into a link that is opened (a token of who tapped, and where to go with
/// it) stands in the URL, so the attacker hands it on. None of it is taken from there; the only way back
/// is told of who follows it, and an account that is linked by such a token raises nothing.
#[tokio::test]
async fn a001_what_messenger_puts_into_a_url_is_nobodys_proof() {
    let world = World::new().await;
    let team = team(&world).await;
    let attacker = team.chat_on(&messenger()).await;
    let victim = team.open("messenger", "99999").await;
    let link = team.link(&attacker).await;
    let back =
        "https%3A%2F%2Fwww.facebook.com%2Fmessenger_platform%2Faccount_linking%2F%3Faccount_linking_token%3DATTACKERS";
    let url = link["url"].as_str().expect("a URL");
    let forwarded = format!("{url}?account_linking_token=ATTACKERS&redirect_uri={back}");
    let mut browser = Browser::new(&team.world);
    let page = browser.get(&forwarded).await;
    let nonce = hidden(&page.text(), "nonce");
    let on = browser.post(url, &[("act", "continue"), ("nonce", &nonce), ("opener", "")]).await;
    let visit = crate::world::Visit::of(&on.header("location"));
    let told = team.post_back(&visit, &team.assertion(&visit, "victim")).await.expect(200);
    let done = told["continue_url"].as_str().expect("a URL");
    let shown = browser.finish(done).await;
    assert!(
        !page.text().contains("ATTACKERS") && !shown.text().contains("ATTACKERS") && !visit.url.contains("ATTACKERS")
    );
    let nonce = way_into_messenger(&shown).expect("the page leads there");
    // Her Messenger tells it as hers; an account linking tells it as the attacker's, and is no proof.
    let linked =
        json!({"sender": {"id": "24685"}, "account_linking": {"status": "linked", "authorization_code": nonce}});
    for call in [referral("99999", &nonce), messaging(&linked), referral("24685", "ATTACKERS")] {
        assert_eq!(team.hears_call(&call).await.status, 200);
    }
    assert!(!team.is_authenticated(&attacker).await && !team.is_authenticated(&victim).await);
}

/// The platform's word counts while the login waits and no longer; for who chats and nobody else; and not
/// for somebody who is locked.
#[tokio::test]
async fn a_platforms_word_counts_while_the_login_waits_for_who_chats() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = team.chat_on(&messenger()).await;
    let waits = async |customer: &str| {
        let (mut browser, page) = logged_in(&team, &chat, customer).await;
        way_into_messenger(&browser.finish(&page).await).expect("the page leads there")
    };
    let older = waits("cust-42").await;
    let newer = waits("cust-42").await;
    assert_ne!(older, newer);
    team.hears_call(&referral("24685", &older)).await;
    assert!(!team.is_authenticated(&chat).await, "a login that another replaced waits no more");
    world.pass(Duration::from_secs(120)).await;
    team.hears_call(&referral("24685", &newer)).await;
    assert!(!team.is_authenticated(&chat).await, "two minutes are over");
    // A cosigner is not in the chat: the browser alone binds their login.
    let cosigner = json!({"role": "cosigner", "name": "Demo Cosigner"});
    team.bot("POST", &chat, "/participants", cosigner).await.expect(201);
    let body = json!({"purpose": "mid_chat", "participant": "p2"});
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    let visit = Browser::new(&team.world).continues(link["url"].as_str().expect("a URL")).await;
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-7")).await.expect(200);
    let shown = Browser::of(&team.world, &told).finish(told["continue_url"].as_str().expect("a URL")).await;
    assert_eq!((way_into_messenger(&shown), shown.text().contains("data-code")), (None, false));
    // Who is locked out has nothing raised.
    team.set(json!({"lockout": {"threshold": 1}})).await;
    let nonce = waits("cust-42").await;
    team.hears_on(&messenger(), 9, "B2B2B2").await;
    team.hears_call(&referral("24685", &nonce)).await;
    assert!(!team.is_authenticated(&chat).await);
}

/// Where the platform gives no token now, the page with its code is there still.
#[tokio::test]
async fn where_the_platform_is_away_the_code_is_there() {
    let world = World::new().await;
    let team = team(&world).await;
    let api = Receiver::start().await;
    api.answers(&[(500, ""), (200, "{}"), (401, "{}"), (200, r#"{"linkToken":"now"}"#)]);
    let chat = team.chat_on(&line(&api)).await;
    let (mut browser, page) = logged_in(&team, &chat, "cust-42").await;
    for _ in 0..3 {
        let told = browser.press_done(&page, "link").await;
        assert_eq!((told.status, shown_code(&told.text()).len()), (200, 6));
        assert_eq!(browser.code(&page).await.len(), 6);
    }
    assert_eq!(carried(&mut browser, &page).await.0, "now");
}
