//! Instructions of one operation: through the real router, over a store in memory, with a clock that
//! stands still and chance that repeats. Counted by valgrind on the thread that answers requests;
//! what the store's own thread does is not in it.
//!
//! The limits stand in `benches/instructions.toml`. This test counts itself: it runs its other half
//! under valgrind.

use std::hint::black_box;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::length::figure;
use crate::outside;
use crate::world::{Browser, Team, URL, Visit, World};

/// The operations, in the order in which a login does them.
const OPERATIONS: [&str; 6] = ["link_issue", "post_back", "code_answer", "flag_read", "otp_start", "otp_answer"];

/// How often each is done before it is counted, and while it is.
const BEFORE: usize = 8;
const COUNTED: usize = 64;

/// Set where the process is there for this test alone.
const LIKE_THE_BINARY: &str = "COUNTED_LIKE_THE_BINARY";

/// A count may be so much over its limit: compilers differ a little.
const TOLERANCE_PERCENT: u64 = 5;

#[test]
fn no_operation_takes_more_instructions_than_its_limit() {
    if cfg!(debug_assertions) {
        return eprintln!("skipped: instructions are counted in the release profile, which ./scripts/test uses");
    }
    if !outside::have("valgrind") {
        return;
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml"));
    let limits: toml::Table = text.expect("the limits are there").parse().expect("they are TOML");
    let mut over = Vec::new();
    for (operation, found) in OPERATIONS.iter().zip(count()) {
        let Some(limit) = limits.get(*operation) else {
            figure(operation, format_args!("{found} instructions, no limit is set yet"));
            continue;
        };
        let limit = limit.as_integer().and_then(|limit| u64::try_from(limit).ok()).expect("a number");
        figure(operation, format_args!("{found} instructions, limit {limit}"));
        if found * 100 > limit * (100 + TOLERANCE_PERCENT) {
            over.push(format!("{operation} takes {found} instructions instead of {limit}"));
        }
    }
    let advice = "mend it, or raise the limit in benches/instructions.toml and say in the commit what it buys";
    assert!(over.is_empty(), "{}: {advice}", over.join(", "));
}

/// Runs the other half under valgrind, once for each operation: it counts only one function's time.
fn count() -> Vec<u64> {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |operation: &&str| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--collect-atstart=no"]);
        valgrind.arg(format!("--toggle-collect={}::counted_{operation}", module_path!()));
        valgrind.arg(format!("--callgrind-out-file={}", folder.path().join(operation).display()));
        valgrind.arg(std::env::current_exe().expect("this test is a file"));
        valgrind.args(["--exact", "costs::instructions::each_operation_does_what_is_counted", "--test-threads=1"]);
        valgrind.env(LIKE_THE_BINARY, "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        valgrind.spawn().expect("valgrind starts")
    };
    let running: Vec<_> = OPERATIONS.iter().map(start).collect();
    let counted = running.into_iter().zip(OPERATIONS).map(|(valgrind, operation)| {
        let ran = valgrind.wait_with_output().expect("valgrind ends");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let written = std::fs::read_to_string(folder.path().join(operation)).expect("valgrind wrote its count");
        let total = written.lines().find_map(|line| line.strip_prefix("summary:"));
        let total: u64 = total.and_then(|total| total.trim().parse().ok()).expect("valgrind says the total");
        assert!(total > 0, "counted_{operation} was not found under its name");
        total / COUNTED as u64
    });
    counted.collect()
}

/// Logs as the binary does on a server, and counts what it counts.
fn like_the_binary() {
    let logs = tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::sink);
    logs.json().flatten_event(true).init();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    metrics::set_global_recorder(recorder).expect("this process has no other");
}

#[test]
fn each_operation_does_what_is_counted() {
    if std::env::var_os(LIKE_THE_BINARY).is_some() {
        like_the_binary();
    }
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let world = runtime.block_on(World::new());
    let team = runtime.block_on(bank(&world));
    let asked = Asked { runtime: &runtime, world: &world, team: &team };
    let interactions: Vec<String> =
        (0..BEFORE + COUNTED).map(|n| runtime.block_on(team.open("whatsapp", &phone(n)))).collect();

    let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "state": "ticket-7", "landing": false});
    let issue = |id: &String| asked.as_bot("POST", id, "/login-links", body.clone());
    let links = asked.count(&interactions, issue, 201, counted_link_issue);

    let post_backs: Vec<(String, String)> = links.iter().map(|link| asked.post_back(link)).collect();
    let post = |(path, body): &(String, String)| asked.request("POST", path, "", body);
    let accepted = asked.count(&post_backs, post, 200, counted_post_back);

    let codes: Vec<(&String, String)> =
        interactions.iter().zip(accepted.iter().enumerate().map(|(n, a)| asked.code(a, n))).collect();
    let say = |(id, code): &(&String, String)| {
        asked.as_bot("POST", id, "/messages", json!({"message_id": format!("m-{code}"), "text": code}))
    };
    let heard = asked.count(&codes, say, 200, counted_code_answer);
    assert!(heard.iter().all(|heard| heard["outcome"] == "passed"));

    let read = |id: &String| asked.as_bot("GET", id, "/authentication?intent=statement_copy", Value::Null);
    let flags = asked.count(&interactions, read, 200, counted_flag_read);
    assert!(flags.iter().all(|flag| flag["intent"]["allowed"] == true), "{flags:?}");

    let body = json!({"method": "otp", "deliver_to": "agent"});
    let ask = |id: &String| asked.as_bot("POST", id, "/challenges", body.clone());
    let put = asked.count(&interactions, ask, 202, counted_otp_start);

    let answers: Vec<(String, String)> =
        interactions.iter().zip(&put).map(|(id, put)| asked.otp_answer(id, put)).collect();
    let answer = |(path, body): &(String, String)| asked.request("POST", path, &team.bot, body);
    let answered = asked.count(&answers, answer, 200, counted_otp_answer);
    assert!(answered.iter().all(|answered| answered["outcome"] == "passed"));
}

/// A team whose bot asks for the signed URL itself.
async fn bank(world: &World) -> Team {
    let team = world.team("bank").await;
    team.set(json!({"link": {"landing": "optional"}, "binding": "code"})).await;
    team.shows_codes().await;
    team
}

struct Asked<'a> {
    runtime: &'a Runtime,
    world: &'a World,
    team: &'a Team,
}

impl Asked<'_> {
    /// Does to each what is asked, most of it counted; the replies, all with that status.
    fn count<T>(
        &self,
        each: &[T],
        ask: impl Fn(&T) -> ::http::Request<Body>,
        status: u16,
        counted: fn(&mut dyn FnMut()),
    ) -> Vec<Value> {
        let mut requests: Vec<_> = each.iter().map(ask).collect();
        let rest = requests.split_off(BEFORE);
        let mut responses = self.answer(requests);
        let mut rest = Some(rest);
        let mut more = Vec::new();
        counted(&mut || more = self.answer(rest.take().unwrap_or_default()));
        responses.append(&mut more);
        responses.into_iter().map(|response| self.json(response, status)).collect()
    }

    fn answer(&self, requests: Vec<::http::Request<Body>>) -> Vec<Response> {
        self.runtime.block_on(async {
            let mut responses = Vec::with_capacity(requests.len());
            for request in requests {
                responses.push(self.world.router.clone().oneshot(request).await.expect("the router answers"));
            }
            responses
        })
    }

    fn json(&self, response: Response, status: u16) -> Value {
        let found = response.status().as_u16();
        let body = self.runtime.block_on(response.into_body().collect()).expect("a body").to_bytes();
        assert_eq!(found, status, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    fn as_bot(&self, method: &str, id: &str, rest: &str, body: Value) -> ::http::Request<Body> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.request(method, &format!("/v1/interactions/{id}{rest}"), &self.team.bot, &body)
    }

    /// As the server hands it over.
    fn request(&self, method: &str, path: &str, key: &str, body: &str) -> ::http::Request<Body> {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let mut request = ::http::Request::builder().method(method).uri(path).extension(ConnectInfo(peer));
        request = request.header("host", "auth.example.com").header("accept", "application/json");
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").header("content-length", body.len());
        }
        request.body(Body::from(body.to_owned())).expect("well-formed")
    }

    /// The path and the body of a login page's answer to a link.
    fn post_back(&self, link: &Value) -> (String, String) {
        let visit = Visit::of(link["direct_url"].as_str().expect("the signed URL was asked for"));
        let path = visit.callback.strip_prefix(URL).expect("the callback is ours").to_owned();
        (path, json!({"assertion": self.team.assertion(&visit, "customer-42")}).to_string())
    }

    /// The path and the body of the right answer to a challenge.
    fn otp_answer(&self, id: &str, put: &Value) -> (String, String) {
        let code = self.runtime.block_on(self.team.code(id, 0));
        let path = format!("/v1/challenges/{}/answers", put["id"].as_str().expect("an id"));
        (path, json!({"answer": code}).to_string())
    }

    /// The code that the done page shows who has named the chat's address.
    fn code(&self, accepted: &Value, chat: usize) -> String {
        let url = accepted["continue_url"].as_str().expect("a URL");
        self.runtime.block_on(Browser::new(self.world).names(url, &phone(chat)))
    }
}

fn phone(chat: usize) -> String {
    format!("+3725550{chat:04}")
}

// Valgrind counts between their beginning and their end, and knows them by their names.

#[inline(never)]
fn counted_flag_read(work: &mut dyn FnMut()) {
    black_box("flag_read");
    work();
}

#[inline(never)]
fn counted_link_issue(work: &mut dyn FnMut()) {
    black_box("link_issue");
    work();
}

#[inline(never)]
fn counted_post_back(work: &mut dyn FnMut()) {
    black_box("post_back");
    work();
}

#[inline(never)]
fn counted_code_answer(work: &mut dyn FnMut()) {
    black_box("code_answer");
    work();
}

#[inline(never)]
fn counted_otp_start(work: &mut dyn FnMut()) {
    black_box("otp_start");
    work();
}

#[inline(never)]
fn counted_otp_answer(work: &mut dyn FnMut()) {
    black_box("otp_answer");
    work();
}
