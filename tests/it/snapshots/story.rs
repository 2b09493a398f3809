//! The story that events and records are collected from: one team, its people, and all that a day brings. Clock,
//! chance and names are fixed, so that it writes the same bytes each time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use countersign::store::Batch;
use countersign_channels::DeliveryError::{AuthBroken, Permanent};
use serde_json::{Value, json};

use super::serial::Serial;
use crate::doors::form;
use crate::inbound::receipts::Stage;
use crate::photos::provider::{Provider, SECRET, clear};
use crate::sending::code_in;
use crate::staff::{Desk, PASSWORD};
use crate::stores::{self, Stand};
use crate::world::{Browser, OWNER, Reply, Team, URL, Visit, World, hidden};

const MINUTE: Duration = Duration::from_secs(60);
const TICKETS: &str = "/api/commerce/customer/authtickets";

/// All commits of the worlds that it was given to.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Batch>>>);

impl Log {
    pub fn push(&self, batch: Batch) {
        self.batches().push(batch);
    }

    pub fn batches(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A world on the embedded store.
    pub async fn memory(&self) -> World {
        self.on(stores::memory().await.expect("memory is always there"))
    }

    /// A world on Redis, where a server is.
    pub async fn redis(&self) -> Option<World> {
        stores::redis().await.map(|stand| self.on(stand))
    }

    fn on(&self, stand: Stand) -> World {
        let store = Serial::over(stand.store.clone(), self.clone());
        World::on(stand.behind(Arc::new(store)))
    }
}

/// Whatever succeeded.
#[track_caller]
fn good(reply: Reply) -> Value {
    assert!(reply.status < 400, "{}: {}", reply.status, reply.text());
    reply.json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

struct Story {
    world: World,
    team: Team,
    numbers: AtomicU64,
}

/// The whole story.
pub async fn told(world: &World) {
    let story = Story::begin(world).await;
    story.logins().await;
    story.logins_that_come_to_nothing().await;
    story.conversations().await;
    story.challenges().await;
    story.entries().await;
    story.messages().await;
    story.lockouts().await;
    story.customers().await;
    story.directory().await;
    story.staff().await;
    story.keys().await;
    story.webhooks().await;
    story.ends().await;
}

impl Story {
    async fn begin(world: &World) -> Self {
        world.gateway.maintenance.recognise(false).await.expect("an empty store");
        good(world.call(OWNER, "PATCH", "/v1/settings", json!({"locale": "en"})).await);
        let team = world.team("acme").await;
        let story = Self { world: world.clone(), team, numbers: AtomicU64::new(1) };
        for (name, definition) in
            [("sms", "recorder"), ("email", "recorder"), ("webchat", "webchat"), ("session", "session")]
        {
            let account = if name == "sms" { json!({"inbox": "sms", "max_per_minute": 600}) } else { json!({}) };
            let body = json!({"definition": definition, "account": account});
            good(story.admin("PUT", &format!("/channels/{name}"), body).await);
        }
        let budget = json!({"per_interaction": 100, "per_destination_hour": 100, "per_destination_day": 100,
            "resend_after_seconds": 0});
        let settings = json!({"interaction_timeout_minutes": 600, "otp": {"show_to_agents": true},
            "kba": {"enabled": true, "ask": ["first_pet", "first_school", {"fact": "moved_in", "as": "date"}]},
            "send_budget": budget, "delivery": {"order": ["sms", "email"]}});
        story.team.set(settings).await;
        let facts = json!({"first_pet": "Paws", "first_school": "Hill School", "moved_in": "2001-12-31"});
        let customer = json!({"name": "Demo Customer", "username": "demo", "emails": ["demo@example.com"],
            "phones": ["+37255512345"], "password": "vexed lamp 7", "facts": facts, "private_data": {"account": "12345"}});
        good(story.admin("PUT", "/customers/cust-42", customer).await);
        story
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    /// An admin's call below the team.
    async fn admin(&self, method: &str, rest: &str, body: Value) -> Reply {
        self.world.call(&self.team.admin, method, &format!("/v1/teams/acme{rest}"), body).await
    }

    async fn agent(&self, method: &str, chat: &str, rest: &str, body: Value) -> Reply {
        self.world.call(&self.team.agent, method, &format!("/v1/interactions/{chat}{rest}"), body).await
    }

    async fn maintain(&self) {
        self.world.gateway.maintain().await.expect("the store is there");
    }

    async fn pass(&self, span: Duration) {
        self.world.pass(span).await;
    }

    /// The message that leaves after this act, once its turn has come.
    async fn sent_by(&self, act: impl Future<Output = Reply>) -> String {
        let before = self.world.sent().await.len();
        good(act.await);
        for _ in 0..10 {
            match self.world.sent().await.split_off(before).pop() {
                Some((_, _, words)) => return words,
                None => self.pass(Duration::from_secs(1)).await,
            }
        }
        panic!("nothing leaves");
    }

    /// Somebody new on that channel.
    async fn open(&self, channel: &str) -> String {
        self.open_for(channel, json!({})).await
    }

    async fn open_for(&self, channel: &str, more: Value) -> String {
        let number = self.number();
        let mut primary = json!({"role": "primary", "name": "Demo Customer", "phone": format!("+372555{number:05}"),
            "email": format!("c{number}@example.com")});
        primary.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        let body =
            json!({"channel": channel, "conversation": format!("+372555{number:05}"), "participants": [primary]});
        text(&good(self.world.call(&self.team.bot, "POST", "/v1/interactions", body).await), "id").to_owned()
    }

    async fn bot(&self, method: &str, chat: &str, rest: &str, body: Value) -> Value {
        good(self.team.bot(method, chat, rest, body).await)
    }

    async fn link(&self, chat: &str) -> Value {
        let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "state": "ticket-7"});
        self.bot("POST", chat, "/login-links", body).await
    }

    /// Continue is pressed on a new link.
    async fn continued(&self, chat: &str) -> (Browser, Visit) {
        let link = self.link(chat).await;
        let mut browser = Browser::new(&self.world);
        let visit = browser.continues(text(&link, "url")).await;
        (browser, visit)
    }

    /// The login page's answer, with these claims instead of its own.
    async fn answered(&self, visit: &Visit, more: Value) -> Reply {
        let mut claims = self.team.claims(visit, "login-7");
        claims["jti"] = json!(format!("{:0>22}", self.number()));
        claims.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        self.team.post_back(visit, &self.team.sign(&claims)).await
    }

    /// The conversation says something.
    async fn says(&self, chat: &str, words: &str) -> Value {
        let id = format!("m-{}", self.number());
        good(self.team.says(chat, &id, words).await)
    }

    /// A login up to the code that its browser shows.
    async fn shown(&self, chat: &str) -> String {
        let (_, visit) = self.continued(chat).await;
        let told = good(self.answered(&visit, json!({})).await);
        Browser::of(&self.world, &told).code(text(&told, "continue_url")).await
    }

    async fn logs_in(&self, chat: &str) {
        let code = self.shown(chat).await;
        assert_eq!(self.says(chat, &code).await["outcome"], "passed");
    }

    /// An identity token that is for once the same each time.
    fn token(&self) -> String {
        use countersign::ambient::Clock as _;
        let now = self.world.clock.now() / 1000;
        self.team.sign(&json!({"iss": "shop.example.com", "aud": format!("{URL}/v1/interactions"), "sub": "login-8",
            "jti": format!("{:0>22}", self.number()), "iat": now, "exp": now + 60}))
    }

    async fn logins(&self) {
        let chat = self.open("sms").await;
        self.link(&chat).await;
        let code = self.shown(&chat).await;
        let wrong = if code == "BB22BB" { "BB22BC" } else { "BB22BB" };
        assert_eq!(self.says(&chat, wrong).await["outcome"], "wrong");
        assert_eq!(self.says(&chat, &code).await["outcome"], "passed");
        self.pass(14 * MINUTE).await;
        self.pass(MINUTE).await;
        self.logs_in(&chat).await;
        self.bot("POST", &chat, "/sign-out", json!({})).await;
        let body = json!({"channel": "whatsapp", "conversation": "vouched", "participants": [{"role": "primary"}],
            "identity_token": self.token()});
        good(self.world.call(&self.team.bot, "POST", "/v1/interactions", body).await);
        self.maintain().await;
    }

    async fn logins_that_come_to_nothing(&self) {
        for outcome in ["denied", "cancelled"] {
            let chat = self.open("sms").await;
            let (_, visit) = self.continued(&chat).await;
            good(self.answered(&visit, json!({"outcome": outcome})).await);
        }
        let chat = self.open("sms").await;
        let link = self.link(&chat).await;
        good(Browser::new(&self.world).press(text(&link, "url"), "report", "").await);
        // Another browser than Continue's names the chat's address.
        let chat = self.open("sms").await;
        let (_, visit) = self.continued(&chat).await;
        let told = good(self.answered(&visit, json!({})).await);
        let seen = self.bot("GET", &chat, "", Value::Null).await;
        Browser::new(&self.world).names(text(&told, "continue_url"), text(&seen, "conversation")).await;
        // And one that names another address, twice.
        let (_, visit) = self.continued(&self.open("sms").await).await;
        let told = good(self.answered(&visit, json!({})).await);
        let (done, mut other) = (text(&told, "continue_url"), Browser::new(&self.world));
        let nonce = hidden(&other.finish(done).await.text(), "nonce");
        for _ in 0..2 {
            other.post(done, &[("act", "address"), ("nonce", &nonce), ("address", "+37255599999")]).await;
        }
        // Nobody comes back, no code comes back, and a link that nobody opens.
        let chat = self.open("sms").await;
        let (_, visit) = self.continued(&chat).await;
        good(self.answered(&visit, json!({})).await);
        self.shown(&self.open("sms").await).await;
        self.link(&self.open("sms").await).await;
        for _ in 0..12 {
            self.pass(5 * MINUTE).await;
        }
    }

    async fn conversations(&self) {
        let chat = self.open("sms").await;
        self.bot("POST", &chat, "/participants", json!({"role": "cosigner", "phone": "+37255500000"})).await;
        good(self.team.bot("PATCH", &chat, "/participants/p1", json!({"name": "Other Customer"})).await);
        self.bot("POST", &chat, "/presence", json!({"state": "offline"})).await;
        self.bot("POST", &chat, "/close", json!({})).await;
        let erased = self.open("sms").await;
        good(self.world.call(&self.team.admin, "DELETE", &format!("/v1/interactions/{erased}"), Value::Null).await);
        // The same request twice.
        for _ in 0..2 {
            let body = json!({"channel": "sms", "conversation": "once", "participants": [{"role": "primary"}]});
            let request = http::Request::post("/v1/interactions")
                .header("authorization", format!("Bearer {}", self.team.bot))
                .header("content-type", "application/json")
                .header("idempotency-key", "once");
            good(self.world.send(request.body(Body::from(body.to_string())).expect("well-formed")).await);
        }
        let window = self.open("webchat").await;
        self.bot("POST", &window, "/replies", json!({"text": "How can I help?"})).await;
        self.maintain().await;
    }

    async fn asks(&self, chat: &str, body: Value) -> Value {
        good(self.team.asks(&self.team.agent, chat, body).await)
    }

    async fn challenges(&self) {
        let chat = self.open("sms").await;
        let live = self.asks(&chat, json!({"method": "otp", "deliver_to": "agent"})).await;
        self.team.arrives(&live).await;
        good(self.team.attends(&self.team.agent, "GET", &live, "/code", Value::Null).await);
        let code = self.team.code(&chat, 0).await;
        assert_eq!(self.says(&chat, &Team::wrong(&code)).await["outcome"], "wrong");
        assert_eq!(self.says(&chat, &code).await["outcome"], "passed");
        self.asks(&chat, json!({"method": "otp", "deliver_to": "agent"})).await;
        self.pass(4 * MINUTE).await;
        let over = self.asks(&chat, json!({"method": "pin", "pin": "4711"})).await;
        good(self.team.attends(&self.team.agent, "DELETE", &over, "", Value::Null).await);
        let chat = self.open_for("webchat", json!({"customer_id": "cust-42"})).await;
        let asked = good(self.team.asks(&self.team.bot, &chat, json!({"method": "kba"})).await);
        for answers in [json!(["no", "no", "no"]), right(&asked)] {
            good(self.team.attends(&self.team.bot, "POST", &asked, "/answers", json!({"answers": answers})).await);
        }
        self.maintain().await;
    }

    /// At the door, by a code that is sent where the invitation is not.
    async fn entries(&self) {
        let entry = json!({"require_authentication": true, "first": "otp", "subsequent": "none"});
        self.team.set(json!({"entry": entry})).await;
        let screen = http::Request::put("/v1/teams/acme/screens/hint")
            .header("authorization", format!("Bearer {}", self.team.admin))
            .header("content-type", "text/html");
        good(self.world.send(screen.body(Body::from("<p>Your number</p>")).expect("well-formed")).await);
        let chat = self.open("session").await;
        let invited = good(self.agent("POST", &chat, "/invitations", json!({"via": "sms"})).await);
        let mut browser = Browser::new(&self.world);
        let page = self.presses(&mut browser, text(&invited, "url"), "continue", &[]).await;
        self.maintain().await;
        let code = self.team.code(&chat, 0).await;
        self.submits(&mut browser, page, "answer", &[("code", &code)]).await;
        self.bot("POST", &chat, "/presence", json!({"state": "offline"})).await;
        self.team.set(json!({"entry": null})).await;
        self.maintain().await;
    }

    async fn presses(&self, browser: &mut Browser, url: &str, act: &str, typed: &[(&str, &str)]) -> Reply {
        let page = browser.get(url).await;
        self.submits(browser, page, act, typed).await
    }

    /// The form of that act is sent, and where it leads on our pages is followed.
    async fn submits(&self, browser: &mut Browser, page: Reply, act: &str, typed: &[(&str, &str)]) -> Reply {
        let (to, fields) = form(&page.text(), act).unwrap_or_else(|| panic!("no {act} on {}", page.text()));
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut page = browser.post(&to, &fields.chain(typed.iter().copied()).collect::<Vec<_>>()).await;
        while page.status == 303 {
            let to = page.header("location");
            page = if to.contains("/d/") { browser.finish(&to).await } else { browser.get(&to).await };
        }
        page
    }

    async fn messages(&self) {
        let chat = self.open("whatsapp").await;
        let sent = good(self.team.asks(&self.team.bot, &chat, json!({"method": "otp", "deliver_to": "sms"})).await);
        self.maintain().await;
        good(self.team.attends(&self.team.bot, "POST", &sent, "/resend", json!({})).await);
        self.maintain().await;
        let code = self.team.code(&chat, 0).await;
        assert_eq!(self.says(&chat, &code).await["outcome"], "passed");
        good(self.admin("POST", "/channels/sms/test", json!({"to": "+37255512345"})).await);
        let linked = self.open("sms").await;
        let body = json!({"purpose": "mid_chat", "deliver": true});
        self.bot("POST", &linked, "/login-links", body.clone()).await;
        self.maintain().await;
        for failure in [Permanent("no such number"), AuthBroken("401")] {
            self.world.recorder.fail_next([failure]);
            let chat = self.open("sms").await;
            self.bot("POST", &chat, "/login-links", body.clone()).await;
            self.maintain().await;
        }
        let chat = self.open("whatsapp").await;
        good(self.team.asks(&self.team.bot, &chat, json!({"method": "otp", "deliver_to": "sms"})).await);
        for _ in 0..4 {
            self.pass(MINUTE).await;
        }
        self.world.recorder.fail_next([Permanent("no such number")]);
        let chat = self.open("whatsapp").await;
        good(self.team.asks(&self.team.bot, &chat, json!({"method": "otp", "deliver_to": "sms"})).await);
        self.maintain().await;
    }

    async fn lockouts(&self) {
        self.team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 2}})).await;
        let chat = self.open_for("sms", json!({"customer_id": "cust-43"})).await;
        let fails = async || {
            self.asks(&chat, json!({"method": "otp", "deliver_to": "agent"})).await;
            let wrong = Team::wrong(&self.team.code(&chat, 0).await);
            self.says(&chat, &wrong).await["outcome"].clone()
        };
        assert_eq!(fails().await, "locked");
        let reason = json!({"reason": "asked by phone"});
        good(self.agent("POST", &chat, "/participants/p1/unlock", reason.clone()).await);
        assert_eq!(fails().await, "banned");
        let path = format!("/v1/interactions/{chat}/participants/p1/unlock");
        good(self.world.call(&self.team.admin, "POST", &path, reason).await);
        self.team.set(json!({"lockout": null})).await;
        self.maintain().await;
    }

    async fn customers(&self) {
        let enters = async |password: &str| {
            let body = json!({"username": "demo", "password": password, "fingerprint": "f1", "region": "EE"});
            self.world.call(&self.team.bot, "POST", TICKETS, body).await
        };
        let ticket = good(enters("vexed lamp 7").await);
        let body = json!({"refreshToken": ticket["refreshToken"]});
        good(self.world.call(&self.team.bot, "DELETE", TICKETS, body).await);
        for n in 0..5 {
            enters(&format!("wrong {n} guess")).await.refused(401, "login-failed");
        }
        good(self.admin("POST", "/customers/cust-42/unlock", json!({})).await);
        let letter = self.sent_by(self.admin("POST", "/customers/cust-42/password-reset", json!({}))).await;
        let at = letter.find(&format!("{URL}/r/")).unwrap_or_else(|| panic!("no link in {letter}"));
        let url = letter[at..].split_whitespace().next().expect("a link").to_owned();
        let mut browser = Browser::new(&self.world);
        let nonce = hidden(&browser.get(&url).await.text(), "nonce");
        let fields =
            [("act", "answer"), ("nonce", &nonce), ("password", "another lamp 8"), ("again", "another lamp 8")];
        good(browser.post(&url, &fields).await);
        self.team.set(json!({"two_factor": {"always": true}})).await;
        good(enters("another lamp 8").await);
        let body = json!({"userId": "cust-42"});
        let request = format!("{TICKETS}/2fa/request");
        let code = code_in(&self.sent_by(self.world.call(&self.team.bot, "POST", &request, body)).await);
        let body = json!({"userId": "cust-42", "otpCode": code});
        good(self.world.call(&self.team.bot, "POST", &format!("{TICKETS}/2fa/auth"), body).await);
        good(self.admin("POST", "/customers/cust-42/disable", json!({})).await);
        good(self.admin("POST", "/customers/cust-42/enable", json!({})).await);
        let body = json!({"name": "Demo Customer", "username": "demo", "emails": ["other@example.com"]});
        good(self.admin("PUT", "/customers/cust-42", body).await);
        let chat = self.open_for("sms", json!({"customer_id": "cust-42"})).await;
        self.asks(&chat, json!({"method": "otp", "deliver_to": "agent"})).await;
        let code = self.team.code(&chat, 0).await;
        self.says(&chat, &code).await;
        self.maintain().await;
    }

    /// Private data that fit one customer, and several.
    async fn directory(&self) {
        let fields = json!([{"field": "account", "as": "digits"}]);
        self.team.set(json!({"directory": {"kind": "builtin", "match": fields}, "binding": "none"})).await;
        for (id, account) in [("one", "40-000"), ("twin-a", "50-000"), ("twin-b", "50 000")] {
            let body = json!({"name": "Demo Customer", "private_data": {"account": account}});
            good(self.admin("PUT", &format!("/customers/{id}"), body).await);
        }
        let chat = self.open("sms").await;
        let (_, visit) = self.continued(&chat).await;
        let twice = self.answered(&visit, json!({"private_data": {"account": "50000"}})).await;
        twice.refused(422, "no-matching-record");
        good(self.answered(&visit, json!({"private_data": {"account": "40000"}})).await);
        good(self.agent("GET", &chat, "/customer?unmasked=true", Value::Null).await);
        let connection = json!({"kind": "http", "connection": {"url": "http://127.0.0.1:9/ask"},
            "secrets": {"signing_secret": SECRET}});
        good(self.admin("PUT", "/directory", connection).await);
        self.team.set(json!({"directory": {"kind": "http"}})).await;
        let chat = self.open("sms").await;
        let (_, visit) = self.continued(&chat).await;
        let away = self.answered(&visit, json!({"private_data": {"account": "40000"}})).await;
        away.refused(503, "directory-down");
        self.team.set(json!({"directory": null, "binding": null})).await;
        good(self.admin("DELETE", "/customers/twin-b", Value::Null).await);
        self.maintain().await;
    }

    async fn staff(&self) {
        let mut desk = self.team.staff("demo", "agent").await;
        desk.comes_in("acme", "demo").await;
        good(self.admin("PUT", "/users/demo", json!({"role": "admin"})).await);
        for _ in 0..6 {
            Desk::new(&self.world).sign_in_as("acme", "demo", "a wrong one 1").await;
        }
        Desk::new(&self.world).sign_in_as("acme", "nobody", PASSWORD).await;
        good(self.admin("POST", "/users/demo/unlock", json!({})).await);
        good(self.admin("DELETE", "/users/demo", Value::Null).await);
        self.maintain().await;
    }

    async fn keys(&self) {
        let made = good(self.admin("POST", "/security-keys", json!({})).await);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let public = good(self.admin("POST", "/security-keys", json!({"public_key": jwk})).await);
        let kid = |key: &Value| text(key, "kid").to_owned();
        let path = format!("/security-keys/{}/activate", kid(&made));
        good(self.admin("POST", &path, json!({"overlap_minutes": 60})).await);
        let path = format!("/security-keys/{}/retire", kid(&public));
        good(self.admin("POST", &path, json!({"after_minutes": 60})).await);
        good(self.admin("DELETE", &format!("/security-keys/{}", kid(&public)), Value::Null).await);
        let path = "/v1/teams/acme/api-keys";
        let made = good(self.world.call(OWNER, "POST", path, json!({"role": "bot", "name": "spare"})).await);
        let path = format!("{path}/{}", text(&made, "id"));
        good(self.world.call(OWNER, "DELETE", &path, Value::Null).await);
        self.maintain().await;
    }

    /// Nobody listens where the webhook leads.
    async fn webhooks(&self) {
        let hook = json!({"url": "http://127.0.0.1:9/", "events": ["interaction.opened"]});
        good(self.admin("PUT", "/webhooks/crm", hook).await);
        self.open("sms").await;
        for _ in 0..12 {
            self.pass(10 * MINUTE).await;
        }
        self.pass(25 * 60 * MINUTE).await;
        let page = good(self.admin("GET", "/webhooks/crm/deliveries", Value::Null).await);
        let path = format!("/webhooks/crm/deliveries/{}/redeliver", text(&page["items"][0], "id"));
        good(self.admin("POST", &path, json!({})).await);
        self.maintain().await;
    }

    /// A team goes, an epoch begins, and what is old is taken away.
    async fn ends(&self) {
        let beta = self.world.team("beta").await;
        beta.open("sms", "+37255599999").await;
        good(self.world.call(OWNER, "DELETE", "/v1/teams/beta", Value::Null).await);
        self.world.gateway.maintenance.keep_time().await.expect("the store is there");
        self.world.gateway.maintenance.begin_epoch("a test").await.expect("the store is there");
        self.maintain().await;
        self.pass(45 * 24 * 60 * MINUTE).await;
        self.world.gateway.maintenance.keep_house().await.expect("the store is there");
    }
}

/// The right answers in the order of the questions.
fn right(asked: &Value) -> Value {
    let answer = |question: &Value| match text(question, "text") {
        "First pet" => "Paws",
        "First school" => "Hill School",
        "Moved in" => "2001-12-31",
        other => panic!("nobody asks {other}"),
    };
    asked["questions"].as_array().expect("questions").iter().map(answer).collect()
}

/// What needs platforms or providers beside the gateway: events alone, since their addresses differ each time.
pub async fn told_of_platforms(log: &Log) {
    documents(log).await;
    receipts(log).await;
    paused(log).await;
}

/// A platform tells that a code and a link have arrived.
async fn receipts(log: &Log) {
    let stage = Stage::on(&log.memory().await).await;
    let chat = stage.chat().await;
    let at = stage.sent(&chat, json!({"deliver_to": "sms"})).await;
    stage.told(&at, "SM1", "delivered").await;
    let person = json!({"role": "cosigner", "phone": "+37255512345"});
    good(stage.team.bot("POST", &chat, "/participants", person).await);
    let body = json!({"purpose": "mid_chat", "deliver": true, "participant": "p2"});
    good(stage.team.bot("POST", &chat, "/login-links", body).await);
    stage.team.world.gateway.maintain().await.expect("the store is there");
    let at = stage.callback();
    stage.told(&at, "SM1", "delivered").await;
}

/// A provider of documents is away and comes back.
async fn documents(log: &Log) {
    let (world, provider) = (log.memory().await, Provider::start().await);
    let team = world.team("acme").await;
    let body = json!({"kind": "signed", "account": {"url": provider.url}, "secrets": {"secret": SECRET}});
    good(world.call(&team.admin, "PUT", "/v1/teams/acme/providers/house", body).await);
    let body = json!({"definition": "session"});
    good(world.call(&team.admin, "PUT", "/v1/teams/acme/channels/session", body).await);
    team.set(json!({"photo_id": {"enabled": true, "provider": "house"}})).await;
    let chat = team.open("session", "conv-1").await;
    let asked = good(team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await);
    let mut person = crate::photos::Person::at(&world, text(&asked, "page_url")).await;
    let front = || vec![("front", crate::photos::card(true))];
    provider.says(|_| (503, Value::Null));
    for _ in 0..6 {
        person.hands_in(&front()).await;
    }
    provider.says(|check| (200, clear(check, true)));
    person.hands_in(&front()).await;
    world.gateway.maintain().await.expect("the store is there");
}

/// Codes that do not come back pause the sending to their country.
async fn paused(log: &Log) {
    let world = log.memory().await;
    let team = world.team("acme").await;
    team.channel("sms").await;
    let many = json!({"per_interaction": 1000, "per_destination_hour": 1000, "per_destination_day": 1000,
        "resend_after_seconds": 0});
    team.set(json!({"send_budget": many})).await;
    let open = async |conversation: &str, phone: &str| {
        let body = json!({"channel": "shop", "conversation": conversation,
            "participants": [{"role": "primary", "phone": phone}]});
        text(&good(world.call(&team.bot, "POST", "/v1/interactions", body).await), "id").to_owned()
    };
    for n in 0..4 {
        let chat = open(&format!("c{n}"), &format!("+372555{n:05}")).await;
        good(team.asks(&team.bot, &chat, json!({"method": "otp"})).await);
        let code = code_in(&world.sent().await.pop().expect("a message").2);
        good(team.says(&chat, "m", &code).await);
    }
    let chat = open("pumped", "+37255512345").await;
    let asked = good(team.asks(&team.bot, &chat, json!({"method": "otp"})).await);
    for _ in 0..95 {
        world.sent().await;
        good(team.attends(&team.bot, "POST", &asked, "/resend", json!({})).await);
    }
    world.sent().await;
    world.pass(20 * MINUTE).await;
    let ask = async |conversation: &str, phone: &str| {
        let chat = open(conversation, phone).await;
        team.asks(&team.bot, &chat, json!({"method": "otp"})).await
    };
    ask("refused", "+37255599999").await.refused(429, "send-budget");
    world.pass(24 * 60 * MINUTE).await;
    good(ask("later", "+37255588888").await);
    world.gateway.maintain().await.expect("the store is there");
}
