//! Which of the company's customers somebody is: records that private data must fit, of the built-in
//! directory, of slapd, of PostgreSQL and of a service of the company's, and what follows where they fit
//! none, several, or nobody answers.

mod built_in;
mod example;
mod hosted;
mod http;
mod ldap;
mod matching;
mod postgres;
pub mod servers;

use serde_json::{Value, json};

use crate::world::{Browser, Reply, Team, World};

/// A team that wants private data to be somebody's.
pub struct Desk {
    pub world: World,
    pub team: Team,
}

impl Desk {
    pub async fn on(world: World, kind: &str, fields: Value) -> Self {
        let team = world.team("acme").await;
        team.set(json!({"directory": {"kind": kind, "match": fields}, "binding": "none"})).await;
        Self { world, team }
    }

    /// An admin's call below the team.
    pub async fn admin(&self, method: &str, path: &str, body: Value) -> Reply {
        self.world.call(&self.team.admin, method, &format!("/v1/teams/{}{path}", self.team.name), body).await
    }

    /// Writes how the directory is reached.
    pub async fn connect(&self, written: &Value) {
        let put = self.admin("PUT", "/directory", written.clone()).await;
        assert!(matches!(put.status, 200 | 201), "{}", put.text());
    }

    /// Asks the directory outside of any login.
    pub async fn test(&self, asked: Value) -> Value {
        self.admin("POST", "/directory/test", asked).await.expect(200)
    }

    /// A login that brings these data, in a conversation of its own: what the login page is told, and the
    /// conversation.
    pub async fn log_in(&self, conversation: &str, data: Value) -> (Reply, String) {
        let chat = self.team.open("whatsapp", conversation).await;
        let link = self.team.link(&chat).await;
        let visit = Browser::new(&self.world).continues(link["url"].as_str().expect("a URL")).await;
        let mut claims = self.team.claims(&visit, "login-7");
        claims["private_data"] = data;
        let posted = self.team.post_back(&visit, &self.team.sign(&claims)).await;
        (posted, chat)
    }

    /// The website's word with these data.
    pub async fn vouched(&self, conversation: &str, data: Value) -> Reply {
        let token = self.word(data);
        let body = json!({"channel": "whatsapp", "conversation": conversation,
            "participants": [{"role": "primary"}], "identity_token": token});
        self.world.call(&self.team.bot, "POST", "/v1/interactions", body).await
    }

    /// An identity token with private data.
    pub fn word(&self, data: Value) -> String {
        use countersign::ambient::Clock as _;
        let now = self.world.clock.now() / 1000;
        self.team.sign(&json!({"iss": "shop.example.com", "aud": format!("{}/v1/interactions", crate::world::URL),
            "sub": "login-7", "jti": format!("{:0>22}", crate::world::unique()), "iat": now, "exp": now + 60,
            "private_data": data}))
    }

    /// What an agent is shown of whose conversation it is.
    pub async fn shown(&self, chat: &str, query: &str) -> Reply {
        self.world.call(&self.team.agent, "GET", &format!("/v1/interactions/{chat}/customer{query}"), Value::Null).await
    }

    /// Kinds of events that begin so, in the order of their names.
    pub async fn told(&self, start: &str) -> Vec<String> {
        let types = self.team.event_types().await;
        let mut told: Vec<String> = types.into_iter().filter(|kind| kind.starts_with(start)).collect();
        told.sort(); // what happened to conversations and to the team comes by ways of their own
        told
    }
}

/// What somebody may type who means to be more than one value: for LDAP, for SQL, for whatever comes between.
pub const NAUGHTY: &[&str] = &[
    "*",
    "*)(uid=*",
    "*))(|(uid=*",
    "demo)(|(uid=*))",
    "(uid=*)",
    "\\2a",
    "\\",
    "\\28",
    "&",
    "|",
    "!(uid=demo)",
    "demo*",
    "*demo",
    "demo\u{0}",
    "\u{0}",
    "demo)(&)",
    "demo,ou=customers,dc=bank,dc=example",
    "demo+cn=x",
    "#demo",
    " demo",
    "demo\u{a0}",
    "' OR '1'='1",
    "' OR 1=1 --",
    "1 OR 1=1",
    "'; DROP TABLE crm.klient; --",
    "$1",
    "$2",
    "$$",
    ":account",
    "?",
    "%",
    "_",
    "\" OR \"\"=\"",
    "1; SELECT pg_sleep(10)",
    "1) UNION SELECT * FROM crm.klient --",
    "E'\\047'",
    "\u{2019} OR 1=1",
    "/*",
    "*/",
    "NULL",
    "null",
    "true",
    "0x31",
    "1e3",
    "-1",
    "NaN",
    "infinity",
    "{40012}",
    "now()",
    "４００１２",
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "../../etc/passwd",
    "%00",
    "<script>",
    "\u{202e}",
    "\u{feff}",
    "🙂",
    "ß",
];
