//! The world that journeys happen in: the real router over a real store, a clock that moves only
//! when told to, chance that can be repeated, and the people (bot, browser, login page) who use it.
//!
//! They know what the contract tells outsiders, and no more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use countersign::domain::secret::Secret;
use countersign::domain::team::oidc::OidcProvider;
use countersign::http;
use countersign::identity::mitek::Mitek;
use countersign::identity::signed::SignedKind;
use countersign::identity::{Kind, ProviderKinds};
use countersign::services::Gateway;
use countersign::services::GatewayConfig;
use countersign::services::Retention;
use countersign::store::{Partition, RecordKey, Store, VersionIndex};
use countersign_channels::built_in::recorder::{Recorded, Recorder};
use countersign_channels::definition::{Definition, Registry};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::HttpClient;
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::stores::{self, Stand};

pub mod ambient;

use ambient::{FixedClock, SeededEntropy};

/// What generated links start with.
pub const URL: &str = "https://auth.example.com";
/// The owner's key.
pub const OWNER: &str = "owner-key-of-the-tests-0123456789abcdef";
/// The moment at which every world begins: 2026-01-01T00:00:00Z.
pub const BEGINNING: u64 = 1_767_225_600_000;
/// The login page of a made team.
pub const LOGIN_PAGE: &str = "https://login.example.com/in?theme=dark";
/// The origin of a made team's chat.
pub const CHAT: &str = "https://shop.example.com";

/// A gateway and everything around it.
#[derive(Clone)]
pub struct World {
    /// The clock of all its nodes.
    pub clock: Arc<FixedClock>,
    /// The first node.
    pub gateway: Arc<Gateway>,
    /// Its router.
    pub router: Router,
    /// What this node has sent.
    pub recorder: Recorder,
    /// Done pages, and what the browser brings that a login page led there.
    led_on: Arc<Mutex<BTreeMap<String, String>>>,
    store: Arc<dyn Store>,
    _stand: Arc<Stand>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: ::http::HeaderMap,
    /// The body as it was.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// The JSON, where the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// A problem of that status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.json()
    }
}

/// Redis is only there where a server is; a world on it may be skipped, save on a build server.
pub async fn worlds() -> Vec<World> {
    let mut worlds = vec![World::new().await];
    worlds.extend(stores::redis().await.map(World::on));
    worlds
}

/// The same, and one on a cluster: for the few journeys that touch every kind of record.
pub async fn every_world() -> Vec<World> {
    let mut worlds = worlds().await;
    worlds.extend(stores::cluster().await.map(World::on));
    worlds
}

impl World {
    /// On the embedded store in memory.
    pub async fn new() -> Self {
        Self::on(stores::memory().await.expect("memory is always there"))
    }

    /// On a store.
    pub fn on(stand: Stand) -> Self {
        let clock = Arc::new(FixedClock::at(BEGINNING));
        let store = stand.store.clone();
        let (gateway, router, recorder) = node(store.clone(), clock.clone(), 1);
        Self { clock, gateway, router, recorder, led_on: Arc::default(), store, _stand: Arc::new(stand) }
    }

    /// Another node on the same clock, with its own view of the same store, and its own chance.
    pub fn beside(&self, stand: Stand, seed: u64) -> Self {
        let store = stand.store.clone();
        let (gateway, router, recorder) = node(store.clone(), self.clock.clone(), seed);
        let led_on = self.led_on.clone();
        Self { gateway, router, recorder, led_on, store, _stand: Arc::new(stand), clock: self.clock.clone() }
    }

    /// The node that also knows this platform.
    pub fn with_platform(&self, platform: Arc<dyn Definition>) -> Self {
        self.with_platforms(vec![platform])
    }

    /// The node that also knows these.
    pub fn with_platforms(&self, platforms: Vec<Arc<dyn Definition>>) -> Self {
        let (gateway, router, recorder) = node_with(self.store.clone(), self.clock.clone(), unique(), platforms);
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// The node that speaks to others than those on loopback.
    pub fn reaching(&self, egress: EgressPolicy) -> Self {
        let node = Node { egress, ..Node::default() };
        let (gateway, router, recorder) = node.over(self.store.clone(), self.clock.clone(), unique());
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// The node whose staff also sign in by that OpenID provider.
    pub fn with_provider(&self, provider: OidcProvider) -> Self {
        let node = Node { provider: Some(provider), ..Node::default() };
        let (gateway, router, recorder) = node.over(self.store.clone(), self.clock.clone(), unique());
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// The node that knows this kind of providers alone.
    pub fn judged_by(&self, kind: Arc<dyn Kind>) -> Self {
        let node = Node { kinds: Some(ProviderKinds::of([kind])), ..Node::default() };
        let (gateway, router, recorder) = node.over(self.store.clone(), self.clock.clone(), unique());
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// Another node on the same store (one that keeps no flag board) and clock.
    pub fn second_node(&self) -> Self {
        let (gateway, router, recorder) = node(self.store.clone(), self.clock.clone(), 2);
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// Whether one process has the store for itself.
    pub fn keeps_a_board(&self) -> bool {
        let key = RecordKey { partition: Partition(0), name: "i/0".to_owned() };
        self.store.version_index(&key) != VersionIndex::NotKept
    }

    /// The node after a restart: it knows what the store knows, and goes by the same clock.
    pub async fn restarted(&self, trust_clock: bool) -> Self {
        let (gateway, router, recorder) = node(self.store.clone(), self.clock.clone(), unique());
        gateway.maintenance.recognise(trust_clock).await.expect("the store is its own");
        Self { gateway, router, recorder, ..self.clone() }
    }

    /// What this node has sent so far, with all that waits now: inbox, address and text.
    pub async fn sent(&self) -> Vec<(String, String, String)> {
        self.gateway.maintain().await.expect("the store is there");
        let read = |kept: Recorded| {
            let text = kept.message.content.plain().expose_secret().to_owned();
            (kept.inbox, kept.message.to.as_str().to_owned(), text)
        };
        self.recorder.messages().into_iter().map(read).collect()
    }

    /// What a server of this node would serve.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Time passes, and what is due is done.
    pub async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        self.gateway.maintain().await.expect("the store is there");
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: ::http::Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|b| b.to_bytes().to_vec()).unwrap_or_default();
        Reply { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    /// Calls the API with a key.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Reply {
        let mut request = ::http::Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).expect("the request is well-formed")).await
    }

    /// Makes a team with a login page, a security key and a key of each role.
    pub async fn team(&self, name: &str) -> Team {
        let at = format!("/v1/teams/{name}");
        self.call(OWNER, "PUT", &at, json!({"name": "A shop"})).await.expect(201);
        let settings = json!({
            "authentication_url": LOGIN_PAGE,
            "allowed_origins": [CHAT],
            "brand": {"name": "A shop"},
            "intents": {"statement_copy": {"accept": ["login"], "max_age_minutes": 5, "label": "Copy of a statement"}},
        });
        self.call(OWNER, "PATCH", &format!("{at}/settings"), settings).await.expect(200);
        let key = self.call(OWNER, "POST", &format!("{at}/security-keys"), json!({})).await.expect(201);
        let mut keys = Vec::new();
        for role in ["bot", "agent", "admin"] {
            let body = json!({"role": role, "name": role});
            let made = self.call(OWNER, "POST", &format!("{at}/api-keys"), body).await.expect(201);
            keys.push(made["key"].as_str().expect("the key is told").to_owned());
        }
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        Team {
            world: self.clone(),
            name: name.to_owned(),
            bot: keys[0].clone(),
            agent: keys[1].clone(),
            admin: keys[2].clone(),
            key: SecurityKey { kid: text("kid"), secret: text("secret") },
        }
    }
}

fn node(store: Arc<dyn Store>, clock: Arc<FixedClock>, seed: u64) -> (Arc<Gateway>, Router, Recorder) {
    node_with(store, clock, seed, Vec::new())
}

fn node_with(
    store: Arc<dyn Store>,
    clock: Arc<FixedClock>,
    seed: u64,
    platforms: Vec<Arc<dyn Definition>>,
) -> (Arc<Gateway>, Router, Recorder) {
    Node { platforms, ..Node::default() }.over(store, clock, seed)
}

/// Who checks documents, as this process reaches them.
fn providers(egress: EgressPolicy) -> ProviderKinds {
    let http_client = HttpClient::new(egress).expect("TLS");
    let (mitek, signed) = (Mitek::new(http_client.clone()), SignedKind::new(http_client));
    ProviderKinds::of([Arc::new(mitek) as Arc<dyn Kind>, Arc::new(signed)])
}

/// What a node knows and whom it reaches.
struct Node {
    platforms: Vec<Arc<dyn Definition>>,
    egress: EgressPolicy,
    provider: Option<OidcProvider>,
    /// Others than this process reaches.
    kinds: Option<ProviderKinds>,
}

impl Default for Node {
    fn default() -> Self {
        Self { platforms: Vec::new(), egress: EgressPolicy::new(|ip| ip.is_loopback()), provider: None, kinds: None }
    }
}

impl Node {
    fn over(mut self, store: Arc<dyn Store>, clock: Arc<FixedClock>, seed: u64) -> (Arc<Gateway>, Router, Recorder) {
        let recorder = Recorder::default();
        self.platforms.push(Arc::new(recorder.clone()));
        let root = Secret::new(vec![7; 32]);
        let premises = GatewayConfig {
            public_url: URL.to_owned(),
            owner_key: Some(Secret::new(OWNER.as_bytes().to_vec())),
            retention: Retention { interactions: 30, events: 7, audit: 400, insights: 800 },
            channels: Registry::of(self.platforms),
            directories: countersign::app::directories(&self.egress),
            egress: self.egress.clone(),
            oidc: self.provider,
            providers: self.kinds.unwrap_or_else(|| providers(self.egress)),
            posts: None,
        };
        let gateway = Arc::new(Gateway::new(store, clock, Arc::new(SeededEntropy::new(seed)), &root, premises));
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let router =
            http::router(gateway.clone(), http::Proxies::default(), metrics, CancellationToken::new(), Router::new());
        (gateway, router, recorder)
    }
}

/// What a login page shares with the gateway.
#[derive(Clone, Debug)]
pub struct SecurityKey {
    /// Its id.
    pub kid: String,
    /// base64url.
    pub secret: String,
}

/// A team and its keys.
#[derive(Clone)]
pub struct Team {
    /// Where it lives.
    pub world: World,
    /// Its name.
    pub name: String,
    /// A bot's API key.
    pub bot: String,
    /// An agent's.
    pub agent: String,
    /// An admin's.
    pub admin: String,
    /// Its security key.
    pub key: SecurityKey,
}

impl Team {
    /// Opens a conversation with one customer; its id.
    pub async fn open(&self, channel: &str, conversation: &str) -> String {
        let body = json!({"channel": channel, "conversation": conversation,
            "participants": [{"role": "primary", "name": "Demo Customer"}]});
        let opened = self.world.call(&self.bot, "POST", "/v1/interactions", body).await.expect(201);
        opened["id"].as_str().expect("an id").to_owned()
    }

    /// The bot calls something of an interaction.
    pub async fn bot(&self, method: &str, interaction: &str, rest: &str, body: Value) -> Reply {
        self.world.call(&self.bot, method, &format!("/v1/interactions/{interaction}{rest}"), body).await
    }

    /// Changes the team's settings.
    pub async fn set(&self, patch: Value) {
        let path = format!("/v1/teams/{}/settings", self.name);
        self.world.call(OWNER, "PATCH", &path, patch).await.expect(200);
    }

    /// A channel that ends in an inbox of its own name.
    pub async fn channel(&self, name: &str) {
        let path = format!("/v1/teams/{}/channels/{name}", self.name);
        let body = json!({"definition": "recorder", "account": {"inbox": name}});
        self.world.call(&self.admin, "PUT", &path, body).await.expect(201);
    }

    /// The primary's flag.
    pub async fn flag(&self, interaction: &str) -> Value {
        self.bot("GET", interaction, "/authentication", Value::Null).await.expect(200)
    }

    /// A login link for `statement_copy` in the middle of the chat.
    pub async fn link(&self, interaction: &str) -> Value {
        let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "state": "ticket-7"});
        self.bot("POST", interaction, "/login-links", body).await.expect(201)
    }

    /// The bot passes on what the customer typed.
    pub async fn says(&self, interaction: &str, message_id: &str, text: &str) -> Reply {
        self.bot("POST", interaction, "/messages", json!({"message_id": message_id, "text": text})).await
    }

    /// A whole login without a chat window: link, Continue, post-back; what the login page got.
    pub async fn log_in(&self, interaction: &str, customer: &str) -> Value {
        let link = self.link(interaction).await;
        let mut browser = Browser::new(&self.world);
        let visit = browser.continues(link["url"].as_str().expect("a URL")).await;
        self.post_back(&visit, &self.assertion(&visit, customer)).await.expect(200)
    }

    /// Everything that a whole login under `auto` takes: the code goes back into the chat.
    pub async fn authenticate(&self, interaction: &str, customer: &str) {
        let told = self.log_in(interaction, customer).await;
        let code = Browser::of(&self.world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
        let id = format!("auth-{code}");
        let heard = self.says(interaction, &id, &code).await.expect(200);
        assert_eq!(heard["outcome"], "passed", "{heard}");
    }

    /// The claims of a good assertion.
    pub fn claims(&self, visit: &Visit, customer: &str) -> Value {
        use countersign::ambient::Clock;
        let now = self.world.clock.now() / 1000;
        json!({"iss": "login.example.com", "aud": visit.callback, "sub": customer, "nonce": visit.token,
            "jti": format!("{:0>22}", unique()), "iat": now, "exp": now + 60, "name": "Demo Customer"})
    }

    /// A good assertion for what the browser brought.
    pub fn assertion(&self, visit: &Visit, customer: &str) -> String {
        self.sign(&self.claims(visit, customer))
    }

    /// Signs claims as the login page would.
    pub fn sign(&self, claims: &Value) -> String {
        jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": self.key.kid}), claims, &self.key.secret)
    }

    /// Posts an assertion as JSON.
    pub async fn post_back(&self, visit: &Visit, assertion: &str) -> Reply {
        let path = visit.callback.strip_prefix(URL).expect("the callback is ours");
        let reply = self.world.call("", "POST", path, json!({"assertion": assertion})).await;
        if let (Some(to), Some(cookie)) = (reply.json()["continue_url"].as_str(), &visit.cookie) {
            let mut led_on = self.world.led_on.lock().unwrap_or_else(PoisonError::into_inner);
            led_on.insert(to.to_owned(), cookie.clone());
        }
        reply
    }

    /// An identity token of the website for one of its customers.
    pub fn identity_token(&self, customer: &str) -> String {
        use countersign::ambient::Clock;
        let now = self.world.clock.now() / 1000;
        self.sign(&json!({"iss": "shop.example.com", "aud": format!("{URL}/v1/interactions"), "sub": customer,
            "jti": format!("{:0>22}", unique()), "iat": now, "exp": now + 60}))
    }

    /// The team's events so far, through the gateway's own stream, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        self.world.gateway.maintain().await.expect("the store is there");
        let team = self.name.parse().expect("a team's name");
        let mut listener = self.world.gateway.event_log.listen(&team, Some(0)).await.expect("events are kept");
        let mut events = Vec::new();
        loop {
            match tokio::time::timeout(Duration::from_millis(60), listener.next()).await {
                Ok(event) => {
                    let event = &event.expect("events are kept").event;
                    events.push(json!({"type": event.kind().as_str(), "interaction": event.interaction,
                        "participant": event.participant, "data": event.data}));
                }
                Err(_) if listener.is_caught_up() => return events,
                Err(_) => {} // the machine is busy
            }
        }
    }

    /// The types of its events.
    pub async fn event_types(&self) -> Vec<String> {
        self.events().await.iter().map(|e| e["type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A JWT under HS256 with a base64url secret, whatever its header says.
pub fn jwt(header: &Value, claims: &Value, secret: &str) -> String {
    use countersign::domain::secret::MacKey;
    use countersign::domain::secret::base64url;
    use countersign::domain::secret::from_base64url;
    let signed = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let key = MacKey::new(&from_base64url(secret).expect("base64url"));
    format!("{signed}.{}", base64url(&key.sign(signed.as_bytes())))
}

/// A number that this process has not given out before.
pub fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

/// What the login page is given by the browser.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The whole signed authentication URL.
    pub url: String,
    /// `cs_token`.
    pub token: String,
    /// `cs_callback`.
    pub callback: String,
    /// What the browser brings that came here, where it is known.
    pub cookie: Option<String>,
}

impl Visit {
    /// Reads a signed authentication URL.
    pub fn of(url: &str) -> Self {
        let parsed = url::Url::parse(url).expect("a URL");
        let part = |name: &str| parsed.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        Self {
            url: url.to_owned(),
            token: part("cs_token").expect("cs_token"),
            callback: part("cs_callback").expect("cs_callback"),
            cookie: None,
        }
    }
}

/// A browser: it keeps cookies and presses buttons, and runs no script.
#[derive(Clone)]
pub struct Browser {
    world: World,
    /// As it would send it.
    pub cookie: Option<String>,
}

impl Browser {
    /// A fresh one.
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), cookie: None }
    }

    /// The browser that a login page leads on, by what its post-back was told.
    pub fn of(world: &World, told: &Value) -> Self {
        let url = told["continue_url"].as_str().unwrap_or_default();
        let known = world.led_on.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        Self { world: world.clone(), cookie: known }
    }

    /// The browser that came to the login page.
    pub fn at(world: &World, visit: &Visit) -> Self {
        Self { world: world.clone(), cookie: visit.cookie.clone() }
    }

    /// Where it is.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Opens a page of the gateway.
    pub async fn get(&mut self, url: &str) -> Reply {
        let path = url.strip_prefix(URL).unwrap_or(url);
        let mut request = ::http::Request::builder().uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let reply = self.world.send(request.body(Body::empty()).expect("well-formed")).await;
        if let Some(cookie) = reply.headers.get("set-cookie").and_then(|v| v.to_str().ok()) {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        reply
    }

    /// Sends a form of a page, as a browser does from the page's own origin.
    pub async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Reply {
        let path = url.strip_prefix(URL).unwrap_or(url);
        // A done page's forms carry its token.
        let (path, page) = match path.strip_prefix("/d/") {
            Some(token) => ("/d", Some(("page", token))),
            None => (path, None),
        };
        let fields = fields.iter().copied().chain(page);
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = ::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", URL);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        self.world.send(request.body(Body::from(form)).expect("well-formed")).await
    }

    /// Opens a link's page and presses a button; `opener` is what the chat's window gave.
    pub async fn press(&mut self, url: &str, act: &str, opener: &str) -> Reply {
        let page = self.get(url).await;
        let nonce = hidden(&page.text(), "nonce");
        self.post(url, &[("act", act), ("nonce", &nonce), ("opener", opener)]).await
    }

    /// Opens a link's page, presses Continue, and arrives at the login page.
    #[track_caller]
    pub fn continues(&mut self, url: &str) -> impl Future<Output = Visit> {
        let at = std::panic::Location::caller();
        async move {
            let reply = self.press(url, "continue", "").await;
            assert_eq!(reply.status, 303, "{at}: {}", reply.text());
            Visit { cookie: self.cookie.clone(), ..Visit::of(&reply.header("location")) }
        }
    }

    /// Comes to a done page and posts its form, as the page's own script does at once.
    pub async fn finish(&mut self, url: &str) -> Reply {
        let page = self.get(url).await;
        assert_eq!(page.header("set-cookie"), "", "the done page knows no browser");
        let mut reply = self.post(url, &[("act", "finish")]).await;
        if let Some(cookie) = reply.headers.get("set-cookie").and_then(|v| v.to_str().ok()) {
            self.cookie = cookie.split(';').next().map(str::to_owned);
            reply = self.post(url, &[("act", "finish"), ("again", "1")]).await;
        }
        reply
    }

    /// The confirmation code that a done page shows.
    pub async fn code(&mut self, url: &str) -> String {
        shown_code(&self.finish(url).await.text())
    }

    /// The code that another browser than Continue's is shown, once it has named the chat's address.
    pub async fn names(&mut self, url: &str, address: &str) -> String {
        let nonce = hidden(&self.finish(url).await.text(), "nonce");
        let named = self.post(url, &[("act", "address"), ("nonce", &nonce), ("address", address)]).await;
        shown_code(&named.text())
    }

    /// Presses a button of a done page whose form was posted.
    pub async fn press_done(&mut self, url: &str, act: &str) -> Reply {
        let page = self.finish(url).await;
        self.post(url, &[("act", act), ("nonce", &hidden(&page.text(), "nonce"))]).await
    }
}

/// The confirmation code on a done page.
pub fn shown_code(page: &str) -> String {
    let after = page.split("data-code").nth(1).expect("the page shows a code");
    let text: String = after.split('>').skip(1).flat_map(|p| p.split('<').next()).collect();
    text.chars().filter(|c| c.is_ascii_alphanumeric()).take(6).collect()
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let field = page.split("<input").find(|tag| tag.contains(&format!("name=\"{name}\"")));
    let value = field.and_then(|tag| tag.split("value=\"").nth(1)).and_then(|rest| rest.split('"').next());
    value.unwrap_or_default().to_owned()
}
