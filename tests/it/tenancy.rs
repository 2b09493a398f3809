//! Who may do what to whose things. The routes come from the OpenAPI document, so a new one
//! without a row here fails.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test, also in a function beside it")]

use http::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{OWNER, Reply, Team, World};

/// A route: its method and path, who may call it, and a body that it takes.
struct Row(&'static str, &'static str, Least, fn() -> Value);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Nobody,
    Bot,
    Agent,
    Admin,
    Owner,
}

fn none() -> Value {
    Value::Null
}

/// A directory that nobody asks here.
fn crm() -> Value {
    json!({"kind": "http", "connection": {"url": "https://crm.example.com/ask"},
        "secrets": {"signing_secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}})
}

/// The exact table (A105).
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row("post",   "/v1/interactions", Least::Bot, || json!({"channel": "sms", "conversation": "+37255500000", "participants": [{"role": "primary"}]})),
    Row("get",    "/v1/interactions", Least::Bot, none),
    Row("get",    "/v1/interactions/{id}", Least::Bot, none),
    Row("delete", "/v1/interactions/{id}", Least::Admin, none),
    Row("get",    "/v1/interactions/{id}/authentication", Least::Bot, none),
    Row("post",   "/v1/interactions/{id}/participants", Least::Bot, || json!({"role": "cosigner"})),
    Row("patch",  "/v1/interactions/{id}/participants/{participant}", Least::Bot, || json!({"name": "Another"})),
    Row("post",   "/v1/interactions/{id}/login-links", Least::Bot, || json!({"purpose": "mid_chat"})),
    Row("post",   "/v1/interactions/{id}/messages", Least::Bot, || json!({"message_id": "m1", "text": "hello"})),
    Row("post",   "/v1/interactions/{id}/presence", Least::Bot, || json!({"state": "offline"})),
    Row("post",   "/v1/interactions/{id}/sign-out", Least::Bot, || json!({})),
    Row("post",   "/v1/interactions/{id}/close", Least::Bot, || json!({})),
    Row("post",   "/v1/interactions/{id}/participants/{participant}/unlock", Least::Agent, || json!({"reason": "called us"})),
    Row("post",   "/v1/interactions/{id}/chat-tokens", Least::Bot, || json!({})),
    Row("post",   "/v1/interactions/{id}/embed-links", Least::Bot, || json!({"panel": "status"})),
    Row("post",   "/v1/interactions/{id}/replies", Least::Bot, || json!({"text": "hello"})),
    Row("post",   "/v1/interactions/{id}/invitations", Least::Bot, || json!({"via": "chat"})),
    Row("post",   "/v1/interactions/{id}/challenges", Least::Bot, || json!({"method": "otp", "deliver_to": "agent"})),
    Row("get",    "/v1/challenges/{id}", Least::Bot, none),
    Row("delete", "/v1/challenges/{id}", Least::Bot, none),
    Row("post",   "/v1/challenges/{id}/answers", Least::Bot, || json!({"answer": "hello"})),
    Row("post",   "/v1/challenges/{id}/resend", Least::Bot, || json!({})),
    Row("get",    "/v1/challenges/{id}/code", Least::Agent, none),
    Row("get",    "/v1/events", Least::Bot, none),
    Row("post",   "/p/{handle}", Least::Nobody, || json!({"assertion": "a.b.c"})),
    Row("get",    "/v1/teams", Least::Admin, none),
    Row("put",    "/v1/teams/{team}", Least::Owner, || json!({"name": "Another"})),
    Row("get",    "/v1/teams/{team}", Least::Admin, none),
    Row("delete", "/v1/teams/{team}", Least::Owner, none),
    Row("get",    "/v1/settings", Least::Owner, none),
    Row("patch",  "/v1/settings", Least::Owner, || json!({})),
    Row("get",    "/v1/teams/{team}/settings", Least::Admin, none),
    Row("patch",  "/v1/teams/{team}/settings", Least::Admin, || json!({"locale": "et"})),
    Row("get",    "/v1/teams/{team}/audit", Least::Admin, none),
    Row("get",    "/v1/teams/{team}/insights", Least::Admin, none),
    Row("get",    "/v1/teams/{team}/customers", Least::Admin, none),
    Row("put",    "/v1/teams/{team}/customers/{id}", Least::Admin, || json!({"name": "Demo Customer"})),
    Row("get",    "/v1/teams/{team}/customers/{id}", Least::Admin, none),
    Row("delete", "/v1/teams/{team}/customers/{id}", Least::Admin, none),
    Row("get",    "/v1/interactions/{id}/customer", Least::Agent, none),
    Row("put",    "/v1/teams/{team}/directory", Least::Admin, crm),
    Row("get",    "/v1/teams/{team}/directory", Least::Admin, none),
    Row("delete", "/v1/teams/{team}/directory", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/directory/test", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/customers/{id}/disable", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/customers/{id}/enable", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/customers/{id}/unlock", Least::Agent, || json!({})),
    Row("post",   "/v1/teams/{team}/customers/{id}/password-reset", Least::Agent, || json!({})),
    Row("post",   "/v1/teams/{team}/customers/{id}/totp", Least::Admin, || json!({})),
    Row("delete", "/v1/teams/{team}/customers/{id}/totp", Least::Admin, none),
    Row("post",   "/api/commerce/customer/authtickets", Least::Bot, || json!({})),
    Row("delete", "/api/commerce/customer/authtickets", Least::Bot, || json!({})),
    Row("put",    "/api/commerce/customer/authtickets/refresh", Least::Bot, || json!({})),
    Row("post",   "/api/commerce/customer/authtickets/otp/request", Least::Bot, || json!({})),
    Row("post",   "/api/commerce/customer/authtickets/otp/auth", Least::Bot, || json!({})),
    Row("post",   "/api/commerce/customer/authtickets/2fa/request", Least::Bot, || json!({})),
    Row("post",   "/api/commerce/customer/authtickets/2fa/auth", Least::Bot, || json!({})),
    Row("post",   "/v1/tickets/introspect", Least::Bot, || json!({"token": "x"})),
    Row("post",   "/v1/teams/{team}/security-keys", Least::Admin, || json!({})),
    Row("get",    "/v1/teams/{team}/security-keys", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/security-keys/{kid}/activate", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/security-keys/{kid}/retire", Least::Admin, || json!({"after_minutes": 5})),
    Row("delete", "/v1/teams/{team}/security-keys/{kid}", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/api-keys", Least::Admin, || json!({"role": "bot", "name": "another"})),
    Row("get",    "/v1/teams/{team}/api-keys", Least::Admin, none),
    Row("delete", "/v1/teams/{team}/api-keys/{id}", Least::Admin, none),
    Row("put",    "/v1/teams/{team}/screens/{name}", Least::Admin, || json!("<p>Hello</p>")),
    Row("get",    "/v1/teams/{team}/screens/{name}", Least::Admin, none),
    Row("delete", "/v1/teams/{team}/screens/{name}", Least::Admin, none),
    Row("put",    "/v1/teams/{team}/channels/{name}", Least::Admin, || json!({"definition": "recorder"})),
    Row("get",    "/v1/teams/{team}/channels/{name}", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/channels/{name}/test", Least::Admin, || json!({"to": "+37255500000"})),
    Row("post",   "/v1/teams/{team}/channels/{name}/rotate", Least::Admin, || json!({})),
    Row("delete", "/v1/teams/{team}/channels/{name}", Least::Admin, none),
    Row("put",    "/v1/teams/{team}/providers/{name}", Least::Admin, || json!({"kind": "signed", "account": {"url": "http://127.0.0.1:9/"}, "secrets": {"secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}})),
    Row("get",    "/v1/teams/{team}/providers/{name}", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/providers/{name}/test", Least::Admin, || json!({})),
    Row("delete", "/v1/teams/{team}/providers/{name}", Least::Admin, none),
    // Its signature counts, and no key.
    Row("post",   "/v1/identity/{team}/{name}", Least::Nobody, || json!({})),
    Row("put",    "/v1/teams/{team}/webhooks/{name}", Least::Admin, || json!({"url": "https://hooks.example.com/"})),
    Row("get",    "/v1/teams/{team}/webhooks/{name}", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/webhooks/{name}/rotate", Least::Admin, || json!({})),
    Row("get",    "/v1/teams/{team}/webhooks/{name}/deliveries", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/webhooks/{name}/deliveries/{id}/redeliver", Least::Admin, none),
    Row("delete", "/v1/teams/{team}/webhooks/{name}", Least::Admin, none),
    Row("get",    "/v1/interactions/{id}/history", Least::Bot, none),
    Row("get",    "/v1/teams/{team}/lockouts", Least::Agent, none),
    Row("post",   "/v1/teams/{team}/lockouts/{id}/unlock", Least::Agent, || json!({"reason": "called us"})),
    Row("get",    "/v1/teams/{team}/users", Least::Admin, none),
    Row("put",    "/v1/teams/{team}/users/{name}", Least::Admin, || json!({"role": "agent"})),
    Row("get",    "/v1/teams/{team}/users/{name}", Least::Admin, none),
    Row("post",   "/v1/teams/{team}/users/{name}/invite", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/users/{name}/totp-reset", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/users/{name}/unlock", Least::Admin, || json!({})),
    Row("post",   "/v1/teams/{team}/users/{name}/sign-out", Least::Admin, || json!({})),
    Row("delete", "/v1/teams/{team}/users/{name}", Least::Admin, none),
];

/// Things that exist, and what they are called in a path.
#[derive(Clone)]
struct Things {
    team: String,
    interaction: String,
    /// An interaction in the gateway's own web chat.
    chat: String,
    /// An interaction that a website vouched for.
    vouched: String,
    challenge: String,
    participant: String,
    kid: String,
    api_key: String,
    delivery: String,
    lockout: String,
}

impl Things {
    fn path(&self, template: &str) -> String {
        let id = if template.contains("api-keys") {
            &self.api_key
        } else if template.contains("/challenges/{id}") {
            &self.challenge
        } else if template.contains("/deliveries/{id}") {
            &self.delivery
        } else if template.contains("/lockouts/{id}") {
            &self.lockout
        } else if template.ends_with("/chat-tokens") || template.ends_with("/replies") {
            &self.chat
        } else if template.ends_with("/{id}/customer") {
            &self.vouched
        } else if template.contains("customers") {
            "cust-42"
        } else {
            &self.interaction
        };
        let handle = "A".repeat(60);
        let parts = [("team", &self.team), ("participant", &self.participant), ("kid", &self.kid), ("handle", &handle)];
        let path =
            parts.iter().fold(template.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        path.replace("{id}", id).replace("{name}", "pager")
    }

    /// Well-formed, and nobody's.
    fn nobodys() -> Self {
        Self {
            team: "nobody".into(),
            interaction: "0199a0b0-0000-7000-8000-000000000000".into(),
            chat: "0199a0b0-0000-7000-8000-000000000000".into(),
            vouched: "0199a0b0-0000-7000-8000-000000000000".into(),
            challenge: "0199a0b0-0000-7000-8000-000000000000.c1".into(),
            participant: "p1".into(),
            kid: "AAAAAAAAAAAA".into(),
            api_key: "0123456789abcdef".into(),
            delivery: "0000000000000001_0123456789abcdef".into(),
            lockout: "0123456789abcdef0123456789abcdef.pin".into(),
        }
    }
}

/// A webhook that nobody listens at, so that what it is told waits.
async fn hooked(team: &Team) -> String {
    let path = format!("/v1/teams/{}/webhooks/pager", team.name);
    let body = json!({"url": "http://127.0.0.1:9/", "events": ["interaction.opened"]});
    team.world.call(&team.admin, "PUT", &path, body).await.expect(201);
    format!("{path}/deliveries")
}

/// Somebody is locked out, in a conversation of her own.
async fn lockout(team: &Team) -> String {
    team.set(json!({"lockout": {"threshold": 1}})).await;
    let chat = team.open("sms", "+37255567890").await;
    let path = format!("/v1/interactions/{chat}/challenges");
    let pin = json!({"method": "pin", "pin": "2580"});
    let made = team.world.call(&team.agent, "POST", &path, pin).await.expect(202);
    let path = format!("/v1/challenges/{}/answers", made["id"].as_str().unwrap());
    team.world.call(&team.bot, "POST", &path, json!({"answer": "1111"})).await.expect(200);
    team.set(json!({"lockout": {"threshold": 5}})).await;
    team.world.gateway.maintain().await.unwrap();
    let path = format!("/v1/teams/{}/lockouts", team.name);
    let listed = team.world.call(&team.agent, "GET", &path, Value::Null).await.expect(200);
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn things(team: &Team) -> Things {
    let lockout = lockout(team).await;
    let deliveries = hooked(team).await;
    team.set(json!({"otp": {"show_to_agents": true}, "send_budget": {"resend_after_seconds": 0}})).await;
    let interaction = team.open("sms", "+37255512345").await;
    let window = format!("/v1/teams/{}/channels/webchat", team.name);
    team.world.call(&team.admin, "PUT", &window, json!({"definition": "webchat"})).await.expect(201);
    let chat = team.open("webchat", "visitor").await;
    let at = format!("/v1/teams/{}", team.name);
    team.world.call(&team.admin, "PUT", &format!("{at}/customers/cust-42"), json!({"name": "Demo"})).await.expect(201);
    team.world.call(&team.admin, "PUT", &format!("{at}/directory"), crm()).await.expect(201);
    let body = json!({"channel": "web", "conversation": "vouched", "participants": [{"role": "primary"}],
        "identity_token": team.identity_token("cust-42")});
    let vouched = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let challenge = team.otp(&interaction).await;
    team.arrives(&challenge).await;
    team.channel("pager").await;
    let user = format!("/v1/teams/{}/users/pager", team.name);
    team.world.call(&team.admin, "PUT", &user, json!({"role": "agent"})).await.expect(201);
    let provider = format!("/v1/teams/{}/providers/pager", team.name);
    let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let body = json!({"kind": "signed", "account": {"url": "http://127.0.0.1:9/"}, "secrets": {"secret": secret}});
    team.world.call(&team.admin, "PUT", &provider, body).await.expect(201);
    team.world.gateway.maintain().await.unwrap();
    let deliveries = team.world.call(&team.admin, "GET", &deliveries, Value::Null).await.expect(200);
    let screen = format!("/v1/teams/{}/screens/pager", team.name);
    asked(&team.world, &team.admin, "PUT", &screen, json!("<p>Hello</p>")).await;
    let keys =
        team.world.call(OWNER, "GET", &format!("/v1/teams/{}/api-keys", team.name), Value::Null).await.expect(200);
    let bot = keys["items"].as_array().unwrap().iter().find(|key| key["role"] == "bot").unwrap();
    // The key that signs cannot be retired.
    let pending = team.world.call(OWNER, "POST", &format!("{at}/security-keys"), json!({})).await.expect(201);
    Things {
        team: team.name.clone(),
        interaction,
        chat,
        vouched: vouched["id"].as_str().unwrap().to_owned(),
        challenge: challenge["id"].as_str().unwrap().to_owned(),
        participant: "p1".into(),
        kid: pending["kid"].as_str().unwrap().to_owned(),
        api_key: bot["id"].as_str().unwrap().to_owned(),
        delivery: deliveries["items"][0]["id"].as_str().unwrap().to_owned(),
        lockout,
    }
}

/// The customer has a password, and a mailbox that the team reaches.
async fn registered(team: &Team) {
    team.channel("email").await;
    let body = json!({"emails": ["demo@example.com"], "password": "vexed lamp 7"});
    let path = format!("/v1/teams/{}/customers/cust-42", team.name);
    asked(&team.world, &team.admin, "PUT", &path, body).await.expect(200);
}

/// Everything of a team that a caller could have changed.
async fn everything(team: &Team, things: &Things) -> Value {
    let get = async |path: String| team.world.call(OWNER, "GET", &path, Value::Null).await.expect(200);
    team.world.gateway.maintain().await.unwrap();
    let at = format!("/v1/teams/{}", team.name);
    json!([
        get(at.clone()).await,
        get(format!("{at}/settings")).await,
        get(format!("{at}/security-keys")).await,
        get(format!("{at}/api-keys")).await,
        get(format!("{at}/audit")).await["head"],
        get(format!("/v1/interactions/{}", things.interaction)).await,
        get(format!("/v1/interactions?team={}", team.name)).await,
    ])
}

fn key_of(team: &Team, least: Least) -> &str {
    match least {
        Least::Nobody => "",
        Least::Bot => &team.bot,
        Least::Agent => &team.agent,
        Least::Admin => &team.admin,
        Least::Owner => OWNER,
    }
}

/// The status alone: a stream would never end.
async fn status(world: &World, key: &str, method: &str, path: &str, body: Value) -> StatusCode {
    let mut request = http::Request::builder().method(method).uri(path);
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let body = if body.is_null() {
        axum::body::Body::empty()
    } else {
        request = request.header("content-type", "application/json");
        axum::body::Body::from(body.to_string())
    };
    world.router().oneshot(request.body(body).unwrap()).await.unwrap().status()
}

/// A text is a page, everything else is JSON.
async fn asked(world: &World, key: &str, method: &str, path: &str, body: Value) -> Reply {
    let Value::String(page) = body else { return world.call(key, method, path, body).await };
    let request = http::Request::builder().method(method).uri(path).header("content-type", "text/html");
    world.send(request.header("authorization", format!("Bearer {key}")).body(page.into()).unwrap()).await
}

/// Every operation of the document has its row, and every row is an operation.
#[test]
fn every_route_has_a_row() {
    let document = serde_json::to_value(countersign::http::openapi()).unwrap();
    let mut described: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(item.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    let mut rows: Vec<String> = TABLE.iter().map(|Row(method, path, ..)| format!("{method} {path}")).collect();
    described.sort();
    rows.sort();
    assert_eq!(rows, described);
}

/// A105: every route × every role, as the table says and no other way.
#[tokio::test]
async fn a105_every_role_does_what_the_table_says() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for Row(method, template, least, body) in TABLE {
        let path = Things { team: "acme".into(), ..Things::nobodys() }.path(template);
        // A team that does not exist, so that what is allowed still changes nothing.
        let path = if *least == Least::Owner { Things::nobodys().path(template) } else { path };
        let method = method.to_uppercase();
        let nobody = status(&world, "", &method, &path, body()).await;
        assert_eq!(nobody == 401, *least != Least::Nobody, "{method} {template} without a key: {nobody}");
        for role in [Least::Bot, Least::Agent, Least::Admin, Least::Owner] {
            if *least == Least::Nobody {
                continue; // the assertion alone counts there
            }
            let told = status(&world, key_of(&team, role), &method, &path, body()).await;
            assert_ne!(told, 401, "{method} {template} as {role:?}");
            assert_eq!(told == 403, role < *least, "{method} {template} as {role:?}: {told}");
            assert!(!told.is_server_error(), "{method} {template} as {role:?}: {told}");
        }
        if template.ends_with("/{team}") && method == "PUT" {
            world.call(OWNER, "DELETE", &path, Value::Null).await;
        }
    }
}

/// A104: what is another team's, what never was and what was deleted answer with the same bytes,
/// and nothing of the other team changes. One's own answers.
#[tokio::test]
async fn a104_a_foreign_thing_is_a_thing_that_does_not_exist() {
    for Row(method, template, least, body) in TABLE {
        if !template.contains('{') || *least == Least::Nobody {
            continue;
        }
        let world = World::new().await;
        let (own, other, gone) = (world.team("acme").await, world.team("other").await, world.team("gone").await);
        let (mine, theirs, deleted) = (things(&own).await, things(&other).await, things(&gone).await);
        world.call(OWNER, "DELETE", "/v1/teams/gone", Value::Null).await.expect(204);
        let before = everything(&other, &theirs).await;
        let (method, key) = (method.to_uppercase(), key_of(&own, *least));
        let nobodys = Things::nobodys();
        let mut tried = vec![nobodys.clone(), deleted.clone()];
        if *least != Least::Owner {
            tried.push(theirs.clone());
        }
        if template.contains("{team}") && template.contains("{kid}") || template.contains("api-keys/{id}") {
            // One's own team with another's key.
            tried.extend([&theirs, &nobodys, &deleted].map(|t| Things { team: mine.team.clone(), ..t.clone() }));
        }
        if template.contains("{participant}") {
            tried.push(Things { participant: "p9".into(), ..mine.clone() });
            tried.push(Things { participant: "x".into(), ..mine.clone() });
        }
        if method == "PUT" && template.ends_with("{team}") {
            tried.clear(); // an owner makes the team that is not there
        }
        let mut first = None;
        for things in &tried {
            let path = things.path(template);
            let reply = asked(&world, key, &method, &path, body()).await;
            reply.refused(404, "not-found");
            let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
            let first = first.get_or_insert((reply.bytes.clone(), names.clone()));
            assert_eq!(*first, (reply.bytes, names), "{method} {path}");
        }
        assert_eq!(
            everything(&other, &theirs).await,
            before,
            "{method} {template} changed something of the other team"
        );
        if template.contains("/customers/{id}/") {
            registered(&own).await;
        }
        let path = mine.path(template);
        let reply = asked(&world, key, &method, &path, body()).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text());
    }
}

/// A104, for lists, streams and creations: the team is named by the query.
#[tokio::test]
async fn a104_only_an_owner_names_a_team_and_must() {
    let world = World::new().await;
    let (own, _other) = (world.team("acme").await, world.team("other").await);
    let body = || json!({"channel": "sms", "conversation": "+37255500000", "participants": [{"role": "primary"}]});
    for (method, path) in [("GET", "/v1/interactions"), ("POST", "/v1/interactions"), ("GET", "/v1/events")] {
        let body = || if method == "POST" { body() } else { Value::Null };
        let foreign = world.call(&own.bot, method, &format!("{path}?team=other"), body()).await;
        let random = world.call(&own.bot, method, &format!("{path}?team=nobody"), body()).await;
        foreign.refused(404, "not-found");
        assert_eq!(foreign.bytes, random.bytes, "{method} {path}");
        world.call(OWNER, method, &format!("{path}?team=nobody"), body()).await.refused(404, "not-found");
        world.call(OWNER, method, path, body()).await.refused(422, "invalid");
        let own_name = status(&world, &own.bot, method, &format!("{path}?team=acme"), body()).await;
        assert!(own_name.is_success(), "{method} {path}: {own_name}");
        assert!(status(&world, OWNER, method, &format!("{path}?team=other"), body()).await.is_success());
    }
    let mine = own.open("sms", "+37255512345").await;
    world.call(OWNER, "GET", &format!("/v1/interactions/{mine}"), Value::Null).await.expect(200);
}

/// A key that was taken away, one of a team that is gone, and one that never was: 401 at once.
#[tokio::test]
async fn a_removed_key_is_nobodys_at_once() {
    let world = World::new().await;
    let (own, gone) = (world.team("acme").await, world.team("gone").await);
    let id = things(&own).await.api_key;
    let path = "/v1/interactions";
    world.call(&own.bot, "GET", path, Value::Null).await.expect(200);
    world.call(&own.admin, "DELETE", &format!("/v1/teams/acme/api-keys/{id}"), Value::Null).await.expect(204);
    world.call(OWNER, "DELETE", "/v1/teams/gone", Value::Null).await.expect(204);
    let wrong = format!("{}x", own.agent);
    let cut = &own.agent[..own.agent.len() - 1];
    let mut all = Vec::new();
    for key in [own.bot.as_str(), &gone.admin, &wrong, cut, "x", &OWNER[1..]] {
        let reply = world.call(key, "GET", path, Value::Null).await;
        reply.refused(401, "unauthorized");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        all.push(reply.bytes);
    }
    all.dedup();
    assert_eq!(all.len(), 1, "why a key is not good is nobody's business");
}

/// The key is one `Authorization: Bearer`, and nothing else is one.
#[tokio::test]
async fn a_key_stands_in_one_place_only() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let get = |uri: String| http::Request::builder().uri(uri);
    let bearer = format!("Bearer {}", team.bot);
    let none = || axum::body::Body::empty();
    for request in [
        get(format!("/v1/interactions?access_token={}", team.bot)),
        get("/v1/interactions".into()).header("x-api-key", &team.bot),
        get("/v1/interactions".into()).header("cookie", format!("key={}", team.bot)),
        get("/v1/interactions".into()).header("authorization", format!("Basic {}", team.bot)),
        get("/v1/interactions".into()).header("authorization", &team.bot),
        get("/v1/interactions".into()).header("authorization", &bearer).header("authorization", &bearer),
    ] {
        let reply = world.send(request.body(none()).unwrap()).await;
        assert!(matches!(reply.status, 401 | 422), "{}", reply.text());
    }
}

/// Roles nest, and none can hand out more than it has.
#[tokio::test]
async fn a105_nobody_hands_out_more_than_they_have() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let path = "/v1/teams/acme/api-keys";
    let body = |role: &str| json!({"role": role, "name": "x"});
    world.call(&team.admin, "POST", path, body("owner")).await.refused(403, "forbidden");
    world.call(&team.admin, "POST", path, body("admin")).await.expect(201);
    let owner = world.call(OWNER, "POST", path, body("owner")).await.expect(201);
    let id = owner["id"].as_str().unwrap();
    world.call(&team.admin, "DELETE", &format!("{path}/{id}"), Value::Null).await.refused(403, "forbidden");
    world.call(owner["key"].as_str().unwrap(), "GET", "/v1/settings", Value::Null).await.expect(200);
    world.call(OWNER, "DELETE", &format!("{path}/{id}"), Value::Null).await.expect(204);
}
