//! A134: ten million addresses, each of which asks once. What is remembered of them is little and
//! forgotten; who was locked out stays locked out.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use countersign::ambient::Entropy;
use countersign::domain::base::id::InteractionId;
use countersign::domain::secret::token::Token;
use countersign::domain::secret::token::TokenKind;
use countersign::domain::time::Moment;
use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Honest, Target};
use crate::crash::people::Outsiders;
use crate::length::{Progress, figure, is_long, rounds};
use crate::world::ambient::SeededEntropy;
use crate::world::{Browser, Reply, Team, World, unique};

/// A link that nobody made.
fn unknown_link(chance: &SeededEntropy, kind: TokenKind) -> String {
    let (mut secret, mut drawn) = ([0; 16], [0; 11]);
    chance.fill(&mut secret);
    chance.fill(&mut drawn);
    let interaction = InteractionId::new(Moment(1_767_225_600_000), drawn[..10].try_into().unwrap(), drawn[10]);
    Token { kind, secret, interaction, number: 1 }.text()
}

/// The nth household: a /64 of its own.
fn household(n: usize, host: u64) -> IpAddr {
    let net = 0x2001_0db8_0000_0000 + n as u64;
    Ipv6Addr::from((u128::from(net) << 64) | u128::from(host)).into()
}

async fn asks(world: &World, from: IpAddr, method: &str, path: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let peer = ConnectInfo(SocketAddr::new(from, 4000));
    request.extensions_mut().unwrap().insert(peer);
    world.send(request.body(Body::from(if method == "POST" { r#"{"assertion":"a.b.c"}"# } else { "" })).unwrap()).await
}

/// Locks a conversation out by wrong codes.
async fn locked_out(team: &Team, conversation: &str) -> String {
    let chat = team.open("sms", conversation).await;
    let told = team.log_in(&chat, "cust-1").await;
    let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().unwrap()).await;
    let wrong = if code == "BB22BB" { "BB22BC" } else { "BB22BB" };
    for _ in 0..2 {
        team.says(&chat, &format!("wrong-{}", unique()), wrong).await.expect(200);
    }
    chat
}

/// Addresses and links that nobody knows, and conversations that each fail once: the locks that
/// were there before are there after.
#[tokio::test]
async fn a134_no_crowd_takes_a_lock_away() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 2}})).await;
    let locked = [locked_out(&team, "+37255500001").await, locked_out(&team, "+37255500002").await];
    let chance = SeededEntropy::new(134);
    for n in rounds("hostile addresses", 6_000, 200_000) {
        let (kind, method, start) = match n % 2 {
            0 => (TokenKind::Link, "GET", "/l/"),
            _ => (TokenKind::Handle, "POST", "/p/"),
        };
        let path = format!("{start}{}", unknown_link(&chance, kind));
        assert_eq!(asks(&world, household(n, 1), method, &path).await.status, 404);
        if n % 500 == 0 {
            let unknown = format!("/v1/interactions/{}", "0".repeat(36));
            world.call(&format!("csk_nobody{n}_x"), "GET", &unknown, Value::Null).await.refused(401, "unauthorized");
            locked_out(&team, &format!("+3725{:07}", n + 5_600_000)).await;
        }
    }
    for chat in &locked {
        team.bot("POST", chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(423, "locked");
    }
}

/// One household is one address, however many it has (IPv6: /64); another is served meanwhile.
#[tokio::test]
async fn a134_a_household_is_one_address() {
    let world = World::new().await;
    let chance = SeededEntropy::new(64);
    let (mut served, mut refused) = (0, 0);
    for host in 0..600 {
        let path = format!("/l/{}", unknown_link(&chance, TokenKind::Link));
        match asks(&world, household(1, host), "GET", &path).await.status {
            404 => served += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
        assert_eq!(asks(&world, household(2 + host as usize, 1), "GET", &path).await.status, 404);
    }
    assert!(served >= 200 && refused > 0, "{served} were served and {refused} refused");
}

/// The binary's memory under ten million addresses; a locked customer of it stays so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a134_ten_million_addresses_leave_no_trace_in_memory() {
    if !is_long() {
        return; // the short form is the bound of the limiter itself: see `http::layers`
    }
    const ALL: usize = 10_000_000;
    const AT_ONCE: usize = 50_000;
    const BATCH: usize = 200;
    let target = Target::binary();
    let site = &target.process.as_ref().unwrap().0;
    let people = Outsiders::meet(&site.url(), "acme", "none").await;
    people.opens("+37255500001").await.expect("it is answered");
    let honest = Honest::asks(target.address, "/livez");
    let before = target.holds().unwrap();
    let (chance, mut progress, mut most) = (SeededEntropy::new(10), Progress::of("addresses", ALL), 0);
    for first in (0..ALL).step_by(AT_ONCE) {
        progress.at(first);
        let mut connection = TcpStream::connect(target.address).await.unwrap();
        for n in (first..first + AT_ONCE).step_by(BATCH) {
            all_unknown(&mut connection, n..n + BATCH, &chance).await;
        }
        most = most.max(target.holds().unwrap().memory);
    }
    let more = most.saturating_sub(before.memory);
    let waited = honest.waited().await;
    figure("T11", format_args!("{ALL} addresses (IPv6 /64), each once: +{more} MiB, others {waited}"));
    assert!(more <= 64, "{more} MiB more");
}

/// Each of these households answers a link that nobody made; all are told so.
async fn all_unknown(connection: &mut TcpStream, households: std::ops::Range<usize>, chance: &SeededEntropy) {
    const NO: &[u8] = b"HTTP/1.1 404 ";
    let all = households.len();
    let asked: String = households
        .map(|n| {
            let (link, from) = (unknown_link(chance, TokenKind::Handle), household(n, 1));
            let head = format!("POST /p/{link} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {from}\r\n");
            head + "content-type: application/json\r\ncontent-length: 21\r\n\r\n{\"assertion\":\"a.b.c\"}"
        })
        .collect();
    let (mut reader, mut writer) = connection.split();
    let answered = async {
        let (mut answers, mut told, mut piece) = (0, Vec::new(), vec![0; 1 << 16]);
        while answers < all {
            let n = reader.read(&mut piece).await.unwrap();
            assert!(n > 0, "the connection ended");
            told.extend_from_slice(&piece[..n]);
            answers += told.windows(NO.len()).filter(|at| *at == NO).count();
            told.drain(..told.len().saturating_sub(NO.len() - 1)); // one may lie across two readings
        }
    };
    tokio::join!(async { writer.write_all(asked.as_bytes()).await.unwrap() }, answered);
}
