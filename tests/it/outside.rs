//! Countersign as outsiders meet it: the real binary in a process of its own, and their processes.
//!
//! Only what the contract says is used here: the command line, the environment, HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

pub const OWNER: &str = "an owner key of the tests, 32 characters and more";

/// A process that ends with the test.
pub struct Process(Child);

impl Process {
    /// Starts it and waits for its line on stdout that begins with `ready`; answers the line's rest.
    pub fn start(command: &mut Command, ready: &str) -> (Self, String) {
        let mut process = Self(command.stdout(Stdio::piped()).spawn().expect("it can be started"));
        let stdout = process.0.stdout.take().expect("stdout is piped");
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let line = lines.into_iter().find_map(|line| line.strip_prefix(ready).map(str::to_owned));
        (process, line.unwrap_or_else(|| panic!("{command:?} ended before it said `{ready}`")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// A gateway with an embedded store in a folder of its own.
pub struct Gateway {
    pub url: String,
    pub http: Client,
    _process: Process,
    _folder: tempfile::TempDir,
}

/// What a team's administrator holds after setting it up.
pub struct Team {
    pub bot_key: String,
    pub kid: String,
    pub secret: String,
}

impl Gateway {
    /// `countersign serve` on a free port.
    pub fn serve() -> Self {
        Self::serve_with(&[])
    }

    /// The same with further settings, as the environment has them.
    pub fn serve_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut serve = Command::new(env!("CARGO_BIN_EXE_countersign"));
        serve.arg("serve").env("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0").env("COUNTERSIGN_ADMIN__KEY", OWNER);
        serve.env("COUNTERSIGN_STORE__PATH", folder.path().join("store")).envs(settings.iter().copied());
        let (process, url) = Process::start(&mut serve, "countersign listening on ");
        let http = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Self { url: url.trim().to_owned(), http, _process: process, _folder: folder }
    }

    /// One call that must succeed.
    pub async fn call(&self, method: Method, path: &str, key: &str, body: Value) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(key);
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = request.send().await.expect("the gateway answers");
        let (status, body) = (reply.status(), reply.json().await.unwrap_or(Value::Null));
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// A team with a login page, an intent, a security key and a bot.
    pub async fn team(&self, name: &str, login_page: &str) -> Team {
        let at = format!("/v1/teams/{name}");
        let settings = json!({"authentication_url": login_page, "intents": {"statement_copy": {"accept": ["login"]}}});
        self.call(Method::PUT, &at, OWNER, json!({"name": name})).await;
        self.call(Method::PATCH, &format!("{at}/settings"), OWNER, settings).await;
        let key = self.call(Method::POST, &format!("{at}/security-keys"), OWNER, json!({})).await;
        let bot = json!({"role": "bot", "name": "bot"});
        let bot = self.call(Method::POST, &format!("{at}/api-keys"), OWNER, bot).await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Team { bot_key: text(&bot["key"]), kid: text(&key["kid"]), secret: text(&key["secret"]) }
    }
}

/// Whether a program is there. A build server must have it; elsewhere the test is skipped.
pub fn have(program: &str) -> bool {
    // Not every program knows the argument, but one that answers at all is there.
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        skip(&format!("{program} is not installed"));
    }
    there
}

/// Says why a test does nothing; on a build server that is a failure.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "may not be skipped here: {why}");
    eprintln!("skipped: {why}");
}
