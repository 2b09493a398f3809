//! What people do with the gateway, from beginning to end, on every store.
//! The real router and a clock that the test moves; how a race or a hostile caller fares is shown
//! elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use crate::world::{Browser, CHAT, LOGIN_PAGE, OWNER, SecurityKey, Team, Visit, World, every_world};

const MINUTE: Duration = Duration::from_secs(60);

/// G-06, B-01, B-03, B-04, B-05: the main journey.
#[tokio::test]
async fn a_customer_logs_in_mid_chat_and_the_request_runs_without_asking_again() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255512345").await;
        let ask = "/authentication?intent=statement_copy";
        let asked = team.bot("GET", &chat, ask, Value::Null).await.expect(200);
        assert_eq!(asked["intent"]["allowed"], false);
        assert_eq!(asked["intent"]["reason"], "unauthenticated");

        let link = team.link(&chat).await;
        assert_eq!(team.flag(&chat).await["status"], "pending");
        let mut phone = Browser::new(&world);
        let visit = phone.continues(link["url"].as_str().unwrap()).await;
        assert!(visit.url.starts_with(&format!("{LOGIN_PAGE}&cs_token=")));
        let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
        assert_eq!(told["status"], "accepted");
        assert_eq!(team.flag(&chat).await["authenticated"], false);

        let code = phone.code(told["continue_url"].as_str().unwrap()).await;
        let heard = team.says(&chat, "m1", &code.to_lowercase()).await.expect(200);
        assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(true), &json!("passed")));
        assert!(!heard.to_string().contains(&code), "the code is told to nobody");

        let flag = team.bot("GET", &chat, ask, Value::Null).await.expect(200);
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
        assert_eq!(flag["customer"]["id"], "cust-42");
        assert_eq!(flag["intent"]["allowed"], true);
        assert_eq!(team.bot("GET", &chat, ask, Value::Null).await.expect(200)["intent"]["allowed"], true);

        let events = team.events().await;
        let told = events.iter().find(|e| e["type"] == "participant.authenticated").expect("it is told");
        assert_eq!((&told["data"]["intent"], &told["data"]["state"]), (&json!("statement_copy"), &json!("ticket-7")));

        world.pass(15 * MINUTE).await;
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["status"]), (&json!(false), &json!("expired")));
        let types = team.event_types().await;
        assert!(types.iter().any(|t| t == "participant.expiring") && types.iter().any(|t| t == "participant.expired"));
    }
}

/// G-01, G-04, G-05: a website vouches for a customer that it knows.
#[tokio::test]
async fn a_customer_who_is_logged_in_on_the_website_is_authenticated_before_the_chat() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let token = team.identity_token("cust-42");
        let body = json!({"channel": "webchat", "conversation": "c1", "participants": [{"role": "primary"}], "identity_token": token});
        let opened = world.call(&team.bot, "POST", "/v1/interactions", body.clone()).await.expect(201);
        assert_eq!(opened["authentication"]["binding"], "token");
        assert_eq!(opened["authentication"]["customer"]["id"], "cust-42");
        // The same token again raises nothing, elsewhere it is nothing.
        let id = opened["id"].as_str().unwrap();
        team.bot("POST", id, "/sign-out", json!({})).await.expect(200);
        let again = world.call(&team.bot, "POST", "/v1/interactions", body.clone()).await.expect(200);
        assert_eq!(again["authentication"]["authenticated"], false);
        let mut elsewhere = body;
        elsewhere["conversation"] = json!("c2");
        world.call(&team.bot, "POST", "/v1/interactions", elsewhere).await.refused(401, "bad-assertion");
    }
}

/// The chat's own window opened the page: no code is needed.
#[tokio::test]
async fn in_a_web_chat_the_window_that_was_opened_by_the_chat_needs_no_code() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let (url, secret) = (link["url"].as_str().unwrap(), link["opener_secret"].as_str().unwrap());
    assert!(!url.contains(secret));
    let mut browser = Browser::new(&world);
    assert!(browser.get(url).await.text().contains(CHAT), "the page knows whom to ask");
    let reply = browser.press(url, "continue", secret).await;
    let visit = Visit::of(&reply.header("location"));
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    assert_eq!(told["status"], "accepted");
    assert_eq!(team.flag(&chat).await["authenticated"], false, "the browser has to come back first");
    browser.finish(told["continue_url"].as_str().unwrap()).await;
    assert_eq!(team.flag(&chat).await["binding"], "opener");
}

/// "This wasn't me", before and after the login.
#[tokio::test]
async fn who_did_not_ask_can_say_so_and_the_link_freezes() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.press(link["url"].as_str().unwrap(), "report", "").await.status, 200);
    assert_eq!(browser.get(link["url"].as_str().unwrap()).await.status, 410);
    // For an hour nobody is sent another, unless an agent lifts it.
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(409, "recently-reported");
    team.bot("POST", &chat, "/participants/p1/unlock", json!({})).await.refused(403, "forbidden");
    let lift = format!("/v1/interactions/{chat}/participants/p1/unlock");
    world.call(&team.agent, "POST", &lift, json!({"reason": "talked to the customer"})).await.expect(200);
    let told = team.log_in(&chat, "cust-42").await;
    let done = told["continue_url"].as_str().unwrap();
    let mut browser = Browser::of(&world, &told);
    let code = browser.code(done).await;
    assert_eq!(browser.press_done(done, "report").await.status, 200);
    let heard = team.says(&chat, "m1", &code).await.expect(200);
    assert_eq!(heard["consumed"], false, "a reported login waits for nothing");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert_eq!(team.event_types().await.iter().filter(|t| *t == "link.reported").count(), 2);
}

/// Settings as callers see them, and what they do.
#[tokio::test]
async fn a_team_stands_over_the_system_and_sees_where_each_setting_comes_from() {
    let world = World::new().await;
    let team = world.team("acme").await;
    world.call(OWNER, "PATCH", "/v1/settings", json!({"link": {"ttl_minutes": "never"}})).await.expect(200);
    let path = "/v1/teams/acme/settings?effective=true";
    let seen = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
    assert_eq!(seen["source"]["link.ttl_minutes"], "system");
    assert_eq!(seen["warnings"][0]["code"], "never-expires");
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(team.link(&chat).await["expires_at"], Value::Null);
    team.set(json!({"link": {"ttl_minutes": 1}})).await;
    assert!(team.link(&chat).await["expires_at"].is_string());
}

/// Nobody has swept yet, and the visitor is told the truth all the same.
#[tokio::test]
async fn a_link_that_ends_this_very_moment_is_expired_and_not_unknown() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255512345").await;
        let link = team.link(&chat).await;
        let url = link["url"].as_str().unwrap();
        let visit = Browser::new(&world).continues(url).await;
        world.clock.advance(10 * MINUTE);
        assert_eq!(Browser::new(&world).get(url).await.status, 410);
        let late = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await;
        late.refused(410, "link-expired");
    }
}

/// A login page as a company has it: it takes a link under a key that it was given, and no other.
struct LoginPage {
    secrets: BTreeMap<String, String>,
}

impl LoginPage {
    /// Its answer under the key that the link names.
    async fn logs_in(&self, team: &Team, visit: &Visit) -> Value {
        let (signed, signature) = visit.url.split_once("&cs_signature=").expect("a signed URL");
        let kid = signed.split("&cs_kid=").nth(1).and_then(|rest| rest.split('&').next()).expect("it names its key");
        let secret = self.secrets.get(kid).unwrap_or_else(|| panic!("403: the login page does not know {kid}"));
        let key = MacKey::new(&from_base64url(secret).expect("base64url"));
        assert_eq!(base64url(&key.sign(signed.as_bytes())), signature, "403: the signature is wrong");
        let page = Team { key: SecurityKey { kid: kid.to_owned(), secret: secret.clone() }, ..team.clone() };
        team.post_back(visit, &page.assertion(visit, "cust-42")).await.expect(200)
    }
}

/// A key is changed while links are outstanding, and the login page is given the new key late: none of them is
/// refused at any moment, also where another node than the admin's answers.
#[tokio::test]
async fn key_changes_and_no_outstanding_link_is_refused() {
    for world in every_world().await {
        let admin = world.team("acme").await;
        admin.set(json!({"link": {"ttl_minutes": 1440}, "interaction_timeout_minutes": 10_080})).await;
        let node = if world.keeps_a_board() { world.clone() } else { world.second_node() };
        let team = Team { world: node, ..admin.clone() };
        let mut page = LoginPage { secrets: [(team.key.kid.clone(), team.key.secret.clone())].into() };
        let links: Vec<Value> = {
            let mut links = Vec::new();
            for n in 0..12 {
                let chat = team.open("sms", &format!("+3725550{n:04}")).await;
                links.push(team.link(&chat).await);
            }
            links
        };
        let mut links = links.iter().map(|link| link["url"].as_str().unwrap());
        let (mut unopened, mut opened) = (links.by_ref().take(6), Vec::new());
        for url in unopened.by_ref() {
            opened.push(Browser::new(&team.world).continues(url).await);
        }
        let mut opened = opened.into_iter();
        // One whose page was opened a while ago, and one whose page is opened now.
        let mut each = async |page: &LoginPage, signs: &str| {
            page.logs_in(&team, &opened.next().expect("one is left")).await;
            let visit = Browser::new(&team.world).continues(links.next().expect("one is left")).await;
            assert!(visit.url.contains(&format!("&cs_kid={signs}&")), "{} should be signed by {signs}", visit.url);
            page.logs_in(&team, &visit).await;
        };
        let keys = "/v1/teams/acme/security-keys";
        let old = admin.key.kid.as_str();
        each(&page, old).await;
        // 1: the new key is made. The login page does not know it yet.
        let made = world.call(&admin.admin, "POST", keys, json!({})).await.expect(201);
        let new = made["kid"].as_str().unwrap();
        each(&page, old).await;
        world.clock.advance(60 * MINUTE);
        each(&page, old).await;
        // 2: it is given to the login page, which takes both from now on.
        page.secrets.insert(new.to_owned(), made["secret"].as_str().unwrap().to_owned());
        each(&page, old).await;
        // 3: it is activated. What is under way under the old key goes on.
        let path = format!("{keys}/{new}/activate");
        let told = world.call(&admin.admin, "POST", &path, json!({"overlap_minutes": 60})).await.expect(200);
        assert_eq!(told["overlaps"][0]["kid"], old);
        world.clock.advance(Duration::from_secs(1)); // by then every node has heard of it
        each(&page, new).await;
        world.clock.advance(58 * MINUTE);
        each(&page, new).await;
        // 4: the old key's time is over, and the login page forgets it.
        world.clock.advance(MINUTE);
        page.secrets.remove(old);
        let chat = team.open("sms", "+37255599999").await;
        let visit = Browser::new(&team.world).continues(team.link(&chat).await["url"].as_str().unwrap()).await;
        page.logs_in(&team, &visit).await;
    }
}
