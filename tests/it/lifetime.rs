//! A gateway's life among accidents: callers that hang up, handlers that panic, a store that goes
//! away and comes back, and the order to stop (A099, A140, A141).
//!
//! Connections here are real ones.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use countersign::ambient::Entropy;
use countersign::http;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::crash::people::{Cut, Outsiders};
use crate::crash::process::Site;
use crate::world::ambient::SeededEntropy;
use crate::world::{Browser, Team, World};

/// Serves a router on a free port until the token is cancelled.
async fn served(router: Router) -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, stopping) = (listener.local_addr().expect("it is bound"), CancellationToken::new());
    tokio::spawn(http::server::serve::serve(listener, router, Default::default(), stopping.clone()));
    (address, stopping)
}

/// `POST …/messages` as it goes over the wire.
fn message(team: &Team, chat: &str, id: &str, text: &str) -> Vec<u8> {
    let body = json!({"message_id": id, "text": text}).to_string();
    let head = format!(
        "POST /v1/interactions/{chat}/messages HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        team.bot,
        body.len()
    );
    [head, body].concat().into_bytes()
}

/// A099: a caller that hangs up at any byte and moment. Its guess is counted or it is not; the
/// same message again tells which, and makes it counted once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a099_a_guess_whose_caller_hangs_up_is_counted_once_or_not_at_all() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let (address, stopping) = served(world.router()).await;
    let chance = SeededEntropy::new(99);
    let (mut counted_at_once, mut never_arrived) = (0, 0);
    for n in 0..100 {
        let chat = team.open("sms", &format!("c{n}")).await;
        let told = team.log_in(&chat, "cust-42").await;
        let code = Browser::of(&world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
        let wrong = if code == "B2D3FG" { "B2D3FH" } else { "B2D3FG" };
        for guess in 1..=3u64 {
            let id = format!("m{guess}");
            let whole = message(&team, &chat, &id, wrong);
            let cut = hang_up(address, &whole, &chance).await;
            if n % 2 == 0 {
                sleep(Duration::from_millis(2)).await; // else the repetition runs beside the first
            }
            let before = failures(&team, &chat).await;
            assert!(before == guess || before == guess - 1, "guess {guess} was counted {before} times");
            assert!(cut == whole.len() || before == guess - 1, "half a message is no guess");
            counted_at_once += usize::from(before == guess);
            never_arrived += usize::from(cut < whole.len());
            let heard = team.says(&chat, &id, wrong).await.expect(200);
            assert_eq!((&heard["outcome"], failures(&team, &chat).await), (&json!("wrong"), guess));
        }
        assert_eq!(team.says(&chat, "m4", &code).await.expect(200)["consumed"], false, "three tries were all");
    }
    let wrongs = team.event_types().await.iter().filter(|kind| *kind == "confirmation.wrong").count();
    assert_eq!(wrongs, 300);
    assert!(counted_at_once > 10 && never_arrived > 10, "{counted_at_once} and {never_arrived} of 300");
    stopping.cancel();
}

/// Sends a part of the request, or all of it, and resets the connection; how much was sent.
async fn hang_up(address: SocketAddr, whole: &[u8], chance: &SeededEntropy) -> usize {
    let mut drawn = [0; 16];
    chance.fill(&mut drawn);
    let (cut, wait) = drawn.split_at(8);
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    // Every other one is sent whole.
    let cut = usize::try_from(number(cut)).expect("64 bits") % (2 * whole.len());
    let cut = cut.min(whole.len());
    let mut connection = TcpStream::connect(address).await.expect("it listens");
    connection.write_all(&whole[..cut]).await.expect("it is taken");
    tokio::time::sleep(Duration::from_micros(number(wait) % 3_000)).await;
    connection.set_zero_linger().expect("the system can reset");
    cut
}

async fn failures(team: &Team, chat: &str) -> u64 {
    let seen = team.bot("GET", chat, "", Value::Null).await.expect(200);
    seen["participants"][0]["lockout"]["failures"].as_u64().expect("a number")
}

/// A140: a panic is one request's, with an id to look for; the node serves on.
#[tokio::test]
async fn a140_a_panic_ends_its_request_alone() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let more = Router::new().route("/panics", get(|| async { panic!("as the test wants it") as &'static str }));
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let proxies = http::Proxies::default();
    let router = http::router(world.gateway.clone(), proxies, metrics, CancellationToken::new(), more);
    let (address, stopping) = served(router).await;
    let client = Client::new();
    for round in 0..20 {
        let asked = client.get(format!("http://{address}/panics")).header("x-request-id", format!("round-{round}"));
        let reply = asked.send().await.expect("it is answered");
        assert_eq!(reply.status(), 500);
        assert_eq!(reply.headers()["x-request-id"], format!("round-{round}"));
        assert_eq!(reply.headers()["content-type"], "application/problem+json");
        let text = reply.text().await.expect("a body");
        assert!(!text.contains("as the test wants it"), "what went wrong is for the log: {text}");
        let flag = format!("http://{address}/v1/interactions/{chat}/authentication");
        assert_eq!(client.get(flag).bearer_auth(&team.bot).send().await.expect("it is answered").status(), 200);
    }
    stopping.cancel();
}

/// A141: what was begun before SIGTERM is finished, nothing is answered that is not kept, and the
/// process ends by itself with 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a141_sigterm_under_load_finishes_what_was_begun() {
    let site = Site::embedded();
    let mut life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let callers: Vec<_> = (0..8).map(|n| tokio::spawn(open_until_cut(team.again(), n))).collect();
    sleep(Duration::from_millis(150)).await;

    // A request whose second half comes after the signal.
    let half = HalfARequest::begin(&site, &team).await;
    let asked = Instant::now();
    life.term();
    sleep(Duration::from_millis(300)).await;
    let begun = half.finish().await;
    assert!(begun.starts_with("HTTP/1.1 201"), "{begun}");

    let status = life.ended(Duration::from_secs(10)).await.expect("it ends within 10 seconds");
    assert_eq!(status.code(), Some(0), "after {:?}", asked.elapsed());
    let life = site.serve();
    let mut opened = 0;
    for caller in callers {
        for chat in caller.await.expect("every reply was a good one") {
            assert_eq!(team.again().interaction(&chat).await.expect("it lives").status, 200);
            opened += 1;
        }
    }
    assert!(opened > 8, "{opened} were opened");
    let body = json!({"channel": "sms", "conversation": "half", "participants": [{"role": "primary"}]});
    let found = team.again().call(Method::POST, "/v1/interactions", body).await.expect("it lives");
    assert_eq!(found.status, 200, "what was begun is kept");
    drop(life);
}

/// Opens conversations until the gateway takes no more; those that were answered. Each reply that
/// comes is a good one.
async fn open_until_cut(team: Outsiders, caller: usize) -> Vec<String> {
    let mut opened = Vec::new();
    for n in 0.. {
        match team.opens(&format!("c{caller}-{n}")).await {
            Ok(chat) => opened.push(chat),
            Err(Cut) => break,
        }
    }
    opened
}

struct HalfARequest {
    connection: TcpStream,
    rest: Vec<u8>,
}

impl HalfARequest {
    async fn begin(site: &Site, team: &Outsiders) -> Self {
        let body = json!({"channel": "sms", "conversation": "half", "participants": [{"role": "primary"}]}).to_string();
        let head = format!(
            "POST /v1/interactions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            team.key(),
            body.len()
        );
        let address = site.url();
        let mut connection =
            TcpStream::connect(address.strip_prefix("http://").expect("a URL")).await.expect("it listens");
        let (first, rest) = body.split_at(20);
        connection.write_all([&head, first].concat().as_bytes()).await.expect("it is taken");
        sleep(Duration::from_millis(100)).await; // its head is read
        Self { connection, rest: rest.as_bytes().to_vec() }
    }

    async fn finish(mut self) -> String {
        self.connection.write_all(&self.rest).await.expect("it is still taken");
        let mut reply = Vec::new();
        self.connection.read_to_end(&mut reply).await.expect("it is answered, then closed");
        String::from_utf8_lossy(&reply).into_owned()
    }
}

/// A141: without its store a node is not ready and knows no flag; when the store is back, both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a141_without_its_store_a_node_says_so_and_vouches_for_nobody() {
    let Some(mut site) = Site::redis() else { return };
    let mut server = site.redis.take().expect("it stands on one");
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let mut story = crate::crash::people::Story::default();
    story.go(&team).await.expect("it lives");
    let flag = format!("/v1/interactions/{}/authentication", story.chat.expect("it was opened"));
    let asks = async || team.call(Method::GET, &flag, Value::Null).await.expect("the node itself lives");
    let is_ready = async || team.page(&format!("{}/readyz", site.url())).await.expect("the node itself lives").status;
    assert_eq!((is_ready().await, asks().await.expect(200)["authenticated"].clone()), (200, json!(true)));

    server.goes();
    let gone = Instant::now();
    while is_ready().await != 503 {
        assert!(gone.elapsed() < Duration::from_secs(1), "still ready");
    }
    assert!(gone.elapsed() < Duration::from_secs(1), "it took {:?} to notice", gone.elapsed());
    for _ in 0..20 {
        let answer = asks().await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.json()["authenticated"].is_null());
    }
    assert_eq!(team.page(&format!("{}/livez", site.url())).await.expect("it lives").status, 200);

    server.comes_back();
    let back = Instant::now();
    while is_ready().await != 200 {
        assert!(back.elapsed() < Duration::from_secs(5), "not ready again");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(asks().await.expect(200)["authenticated"], true, "what the store kept still holds");
    drop(life);
}
