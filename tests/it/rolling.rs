//! Rolling restarts: two gateways on one Redis behind a balancer, one of them always going or
//! coming, and people in the middle of their logins (A141).
//!
//! People do what the contract lets them: whoever got no reply, or a 503, asks the same again.
//! Then nothing may fail, and nothing may have happened twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::crash::people::{Answer, Cut, Outsiders};
use crate::crash::process::Site;
use crate::length::{figure, rounds};
use crate::world::{Visit, shown_code, unique};

/// Customers at the same time.
const CUSTOMERS: usize = 8;

/// A gateway that is asked to stop may finish what it has for so long.
const DRAIN: Duration = Duration::from_secs(10);

/// Brings each connection to a gateway that takes it, the next one first.
async fn balance(listener: TcpListener, ports: [u16; 2]) {
    let turn = AtomicUsize::new(0);
    loop {
        let (mut person, _) = listener.accept().await.expect("it listens");
        let first = turn.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            for n in 0..ports.len() {
                let port = ports[(first + n) % ports.len()];
                if let Ok(mut gateway) = TcpStream::connect(("127.0.0.1", port)).await {
                    // However it ends: whoever was cut off asks again.
                    let _ = tokio::io::copy_bidirectional(&mut person, &mut gateway).await;
                    return;
                }
            }
        });
    }
}

/// How often somebody had to ask again.
static AGAIN: AtomicUsize = AtomicUsize::new(0);

/// Asks until there is a reply that is not a 503.
async fn steadily<F: Future<Output = Result<Answer, Cut>>>(act: impl Fn() -> F) -> Answer {
    for _ in 0..200 {
        match act().await {
            Ok(reply) if reply.status == 503 => {}
            Ok(reply) => {
                assert!(reply.status < 500, "{}", reply.text);
                return reply;
            }
            Err(Cut) => {}
        }
        AGAIN.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody answers any more");
}

/// One whole login with a wrong code in it; the conversation.
async fn log_in(team: &Outsiders) -> String {
    let conversation = format!("+372{:08}", unique());
    let body = json!({"channel": "sms", "conversation": conversation, "participants": [{"role": "primary"}]});
    let opened = steadily(|| team.call(Method::POST, "/v1/interactions", body.clone())).await;
    assert!(matches!(opened.status, 200 | 201), "{} {}", opened.status, opened.text);
    let chat = text(&opened.json()["id"]);
    let path = format!("/v1/interactions/{chat}/login-links");
    let wanted = json!({"purpose": "mid_chat"});
    // While the first request under this key is still at it, it is "running".
    let link = loop {
        let made = steadily(|| team.call_once(&chat, Method::POST, &path, wanted.clone())).await;
        match made.json()["url"].as_str() {
            Some(url) => break url.to_owned(),
            None => assert_eq!(made.status, 409, "{}", made.text),
        }
        sleep(Duration::from_millis(50)).await;
    };
    let page = steadily(|| team.page(&link)).await;
    let pressed = steadily(|| team.presses(&link, &page)).await;
    assert_eq!(pressed.status, 303, "{}", pressed.text);
    let visit = Visit { cookie: Some(page.cookie.clone()), ..Visit::of(&pressed.location) };
    let assertion = team.assertion(&visit);
    let told = steadily(|| team.posts_back(&visit, &assertion)).await.json();
    let first = told.get("first_status").unwrap_or(&told["status"]);
    assert_eq!(first, "accepted", "{told}");
    let done = text(&told["continue_url"]);
    let code = shown_code(&steadily(|| team.finishes(&done, &visit)).await.text);
    let other = if code == "B2D3FG" { "B2D3FH" } else { "B2D3FG" };
    assert_eq!(steadily(|| team.says(&chat, "m1", other)).await.expect(200)["outcome"], "wrong");
    assert_eq!(steadily(|| team.says(&chat, "m2", &code)).await.expect(200)["outcome"], "passed");
    chat
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a141_rolling_restarts_fail_nobody() {
    let Some(mut one) = Site::redis() else { return };
    let mut other = one.beside();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    one.known_as(&url);
    other.known_as(&url);
    let balancer = tokio::spawn(balance(listener, [one.port(), other.port()]));
    let mut lives = [one.serve(), other.serve()];
    let team = Outsiders::meet(&url, "acme", "code").await;

    let over = Arc::new(AtomicBool::new(false));
    let customer = |over: Arc<AtomicBool>, team: Outsiders| async move {
        let mut chats = Vec::new();
        while !over.load(Ordering::Relaxed) {
            chats.push(log_in(&team).await);
        }
        chats
    };
    let customers: Vec<_> = (0..CUSTOMERS).map(|_| tokio::spawn(customer(over.clone(), team.again()))).collect();
    let (mut restarts, mut longest) = (0, Duration::ZERO);
    for round in rounds("rolling restarts", 4, 100) {
        sleep(Duration::from_millis(300)).await;
        let (site, life) = if round % 2 == 0 { (&one, &mut lives[0]) } else { (&other, &mut lives[1]) };
        let asked = Instant::now();
        life.term();
        let ended = life.ended(DRAIN + Duration::from_secs(5)).await.expect("it ends by itself");
        assert!(ended.success(), "{ended}");
        longest = longest.max(asked.elapsed());
        *life = site.serve();
        restarts += 1;
    }
    over.store(true, Ordering::Relaxed);
    let mut chats = Vec::new();
    for customer in customers {
        chats.extend(customer.await.expect("nobody was failed"));
    }
    sleep(Duration::from_secs(1)).await; // what waits is relayed
    let trail = team.trail().await;
    let mut told: HashMap<(&str, &str), usize> = HashMap::new();
    for entry in trail["items"].as_array().expect("a list") {
        let what = (entry["action"].as_str(), entry["object"]["interaction"].as_str());
        if let (Some(action), Some(chat)) = what {
            *told.entry((action, chat)).or_default() += 1;
        }
    }
    for chat in &chats {
        let once = ["link.issued", "link.opened", "participant.authenticated", "confirmation.wrong"];
        assert_eq!(once.map(|action| told.get(&(action, chat.as_str()))), [Some(&1); 4], "{chat}");
    }
    assert!(chats.len() >= CUSTOMERS);
    let (logins, again) = (chats.len(), AGAIN.load(Ordering::Relaxed));
    figure(
        "T15",
        format_args!(
            "{restarts} rolling restarts of two gateways on Redis: none of {logins} logins failed or counted twice, \
             {again} requests asked again, longest drain {longest:.1?}"
        ),
    );
    balancer.abort();
}
