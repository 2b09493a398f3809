//! Listeners of event streams: one that does not read is cut off, and comes back to where it was;
//! ten thousand that hear nothing cost little, and hear of one event together.

use std::time::Duration;

use countersign::http::server::connection_limits::ConnectionLimits;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{TIMEOUT, Target, kinds};
use crate::crash::people::Outsiders;
use crate::length::{figure, is_long, size};
use crate::world::World;

/// What asks for a stream.
fn listen(key: &str, last: Option<&str>) -> String {
    let last = last.map_or(String::new(), |last| format!("last-event-id: {last}\r\n"));
    format!("GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{last}\r\n")
}

/// The ids of whole events in what was heard.
fn ids(heard: &[u8]) -> Vec<u64> {
    let heard = String::from_utf8_lossy(heard);
    let whole = heard.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| line.strip_prefix("id: ")).map(|id| id.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_does_not_read_is_cut_off_and_misses_nothing() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    world.gateway.maintain().await.unwrap();
    let write = Duration::from_millis(400);
    let target = Target::router(&world, ConnectionLimits { write, ..ConnectionLimits::default() }).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(target.address).await.unwrap();
    slow.write_all(listen(&team.bot, None).as_bytes()).await.unwrap();
    let mut heard = vec![0; 1024];
    let n = slow.read(&mut heard).await.unwrap();
    heard.truncate(n);
    // It reads no more, and more happens than any buffer between takes.
    let cut = async {
        loop {
            for _ in 0..40 {
                let body = json!({"purpose": "mid_chat", "state": "x".repeat(1_000)});
                team.bot("POST", &chat, "/login-links", body).await.expect(201);
            }
            world.gateway.maintain().await.unwrap();
            let mut byte = [0];
            match timeout(Duration::from_millis(100), slow.peek(&mut byte)).await {
                Ok(Ok(0) | Err(_)) => break,
                _ if slow.take_error().ok().flatten().is_some() => break,
                _ => {}
            }
        }
    };
    timeout(TIMEOUT, cut).await.expect("it is cut off");
    let _ = slow.read_to_end(&mut heard).await; // what the system still has for it
    let before = ids(&heard);
    let last = before.last().copied().unwrap_or(1);
    let mut again = TcpStream::connect(target.address).await.unwrap();
    again.write_all(listen(&team.bot, Some(&last.to_string())).as_bytes()).await.unwrap();
    let newest = kinds(&team).await.len() as u64;
    let mut heard = Vec::new();
    while ids(&heard).last().is_none_or(|id| *id < newest) {
        timeout(TIMEOUT, again.read_buf(&mut heard)).await.expect("it hears the rest").unwrap();
    }
    let all: Vec<u64> = before.into_iter().chain(ids(&heard)).collect();
    assert!(all.windows(2).all(|two| two[1] == two[0] + 1), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_listeners_cost_little_and_hear_together() {
    let world = World::new().await;
    let (target, key, people) = if is_long() {
        let target = Target::binary();
        let people = Outsiders::meet(&target.process.as_ref().unwrap().0.url(), "acme", "none").await;
        (target, people.key().to_owned(), Some(people))
    } else {
        let key = world.team("acme").await.bot;
        (Target::router(&world, ConnectionLimits::default()).await, key, None)
    };
    let (all, before) = (size(100, 10_000), target.holds());
    let mut waiting = Vec::new();
    for _ in 0..all {
        let mut stream = BufReader::new(TcpStream::connect(target.address).await.unwrap());
        stream.write_all(listen(&key, None).as_bytes()).await.unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "the stream ended in its head");
        }
        waiting.push(stream);
    }
    sleep(Duration::from_secs(if is_long() { 10 } else { 0 })).await;
    let idle = target.holds();
    let mut listeners: JoinSet<Instant> = JoinSet::new();
    for mut stream in waiting {
        listeners.spawn(async move {
            let mut line = String::new();
            while !line.starts_with("event: interaction.opened") {
                line.clear();
                assert!(stream.read_line(&mut line).await.unwrap() > 0, "the stream ended");
            }
            Instant::now()
        });
    }
    let began = Instant::now();
    match &people {
        Some(people) => drop(people.opens("+37255500001").await.unwrap()),
        None => {
            let open = json!({"channel": "sms", "conversation": "c", "participants": [{"role": "primary"}]});
            world.call(&key, "POST", "/v1/interactions", open).await.expect(201);
            world.gateway.maintain().await.unwrap();
        }
    }
    let told = timeout(TIMEOUT, listeners.join_all()).await.expect("each hears it");
    let (first, last) = (told.iter().min().unwrap(), told.iter().max().unwrap());
    assert_eq!(told.len(), all);
    let each = before.zip(idle).map(|(before, idle)| (idle.memory.saturating_sub(before.memory)) * 1024 / all as u64);
    figure(
        "event streams",
        format_args!(
            "{all} idle: {each:?} KiB each; one event told to all {:.1?} after the first of them, {:.1?} after it was asked for",
            *last - *first,
            *last - began
        ),
    );
}
