//! A097: connections that say nothing, or next to nothing, in every part of a request and of its
//! reply. Each ends; who waits for its own client makes room; others are served.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::http::server::connection_limits::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Holds, Honest, TIMEOUT, Target, ask, frames};
use crate::length::{self, figure, size};
use crate::world::World;

/// Short ones, so that a test need not wait.
pub fn short() -> ConnectionLimits {
    let span = Duration::from_millis(400);
    let request = Duration::from_millis(1200);
    ConnectionLimits { connections: 400, idle: span, body: span, write: span, request, ..ConnectionLimits::default() }
}

/// How a client wastes a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Waste {
    /// It says nothing.
    Silence,
    /// A head that never ends.
    Head,
    /// A body that never ends.
    Body,
    /// A reply that is hardly read.
    Reply,
    /// HTTP/2 without a request.
    Frames,
}

pub const WASTES: [Waste; 5] = [Waste::Silence, Waste::Head, Waste::Body, Waste::Reply, Waste::Frames];

impl Waste {
    /// Wastes one connection until the gateway ends it.
    pub async fn until_it_ends(self, address: SocketAddr, number: usize, pace: Duration) {
        let Some(mut stream) = self.begins(address, number).await else { return };
        let mut bytes = [0; 512];
        loop {
            if self == Self::Reply {
                sleep(pace).await;
                let reset = stream.take_error().is_ok_and(|error| error.is_some());
                match stream.read(&mut bytes[..1]).await {
                    Ok(1..) if !reset => continue, // what came before the end may be read after it
                    _ => return,
                }
            }
            let drop = match timeout(pace, stream.read(&mut bytes)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(_)) => continue,
                Err(_) if matches!(self, Self::Head | Self::Body) => stream.write_all(b"x").await,
                Err(_) => Ok(()),
            };
            if drop.is_err() {
                return;
            }
        }
    }

    async fn begins(self, address: SocketAddr, number: usize) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        if self == Self::Reply {
            socket.set_recv_buffer_size(4096).unwrap();
        }
        let mut stream = socket.connect(address).await.ok()?;
        // Where proxies are believed, each comes from somewhere else: it is not the rate that is tried here.
        let from = format!("x-forwarded-for: 10.{}.{}.1\r\n", number / 256, number % 256);
        let handle = "A".repeat(47);
        let said = match self {
            Self::Silence => String::new(),
            Self::Head => "GET /livez HTTP/1.1\r\nhost: x\r\nx-a: ".to_owned(),
            Self::Body => format!(
                "POST /p/{handle} HTTP/1.1\r\nhost: x\r\n{from}content-type: application/json\r\ncontent-length: 9999\r\n\r\n"
            ),
            Self::Reply => "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(300),
            Self::Frames => String::new(),
        };
        let said = if self == Self::Frames { frames::hello() } else { said.into_bytes() };
        stream.write_all(&said).await.ok()?;
        Some(stream)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a097_slow_and_idle_connections_end_and_others_are_served() {
    let world = World::new().await;
    let target = Target::of(&world, short()).await;
    let (all, pace) = (size(300, 10_000), if length::is_long() { 5_000 } else { 50 });
    let before = target.holds();
    for waste in WASTES {
        let all = all / if length::is_long() { 1 } else { WASTES.len() };
        let honest = Honest::asks(target.address, "/livez");
        let (began, mut clients) = (Instant::now(), JoinSet::new());
        for number in 0..all {
            clients.spawn(waste.until_it_ends(target.address, number, Duration::from_millis(pace)));
            if number % 100 == 99 {
                sleep(Duration::from_millis(10)).await; // the system's own queue is none of our limits
            }
        }
        let mut held = Holds::default();
        while !clients.is_empty() {
            let ended = timeout(Duration::from_millis(250), async { while clients.join_next().await.is_some() {} });
            let all_ended = ended.await.is_ok();
            held = held.most(target.holds().unwrap_or_default());
            assert!(
                all_ended || began.elapsed() < 3 * TIMEOUT,
                "{waste:?}: {} connections are still held",
                clients.len()
            );
        }
        let took = began.elapsed();
        let waited = honest.waited().await;
        if let Some(before) = before {
            let back = target.has_files(before.files + 4, Duration::from_secs(30)).await;
            let back = back.unwrap_or_else(|| panic!("{waste:?}: the files did not come back: {:?}", target.holds()));
            let (memory, files) = (held.memory.saturating_sub(before.memory), held.files);
            figure(
                "T13",
                format_args!(
                    "{all} × {waste:?}: all ended after {took:.1?}, others {waited}; at most {files} files and \
                     +{memory} MiB held, files back {back:.1?} after the last"
                ),
            );
        } else {
            figure("T13", format_args!("{all} × {waste:?}: all ended after {took:.1?}, others {waited}"));
        }
    }
}

/// When no room is left, the connection that waits for its own client makes some: never an event
/// stream, never one that a reply is owed to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a097_who_waits_for_nothing_makes_room() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let forever = Duration::from_secs(600);
    let limits = ConnectionLimits {
        connections: 20,
        idle: forever,
        body: forever,
        request: forever,
        ..ConnectionLimits::default()
    };
    let target = Target::router(&world, limits).await;
    let mut listener = TcpStream::connect(target.address).await.unwrap();
    let request = format!("GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", team.bot);
    listener.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 4096];
    assert!(listener.read(&mut head).await.unwrap() > 0);
    let mut clients = JoinSet::new();
    for number in 0..100 {
        let waste = [Waste::Silence, Waste::Head, Waste::Body, Waste::Frames][number % 4];
        clients.spawn(waste.until_it_ends(target.address, number, Duration::from_millis(50)));
        if number % 10 == 9 {
            let reply = timeout(TIMEOUT, ask(target.address, "/livez")).await.expect("there is room");
            assert!(reply.starts_with("HTTP/1.1 200"), "{reply:?}");
        }
    }
    let gone = async {
        while clients.len() > 20 {
            clients.join_next().await;
        }
    };
    timeout(TIMEOUT, gone).await.expect("all but those for whom there is room have ended");
    let chat = team.open("sms", "+37255512345").await;
    world.gateway.maintain().await.unwrap();
    let mut heard = String::new();
    while !heard.contains(&chat) {
        let n = timeout(TIMEOUT, listener.read(&mut head)).await.expect("it is told").unwrap();
        assert!(n > 0, "the event stream was cut to make room");
        heard.push_str(&String::from_utf8_lossy(&head[..n]));
    }
}

/// A body that comes in time is taken, however it is cut; one that does not is 408 and a document.
#[tokio::test]
async fn a097_a_body_has_its_time_as_a_whole() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let body = Duration::from_secs(2);
    let target = Target::router(&world, ConnectionLimits { body, ..ConnectionLimits::default() }).await;
    let text = r#"{"channel":"sms","conversation":"+37255512345","participants":[{"role":"primary"}]}"#;
    let head = format!(
        "POST /v1/interactions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        team.bot,
        text.len()
    );
    for (pause, status) in [(Duration::from_millis(1), "201"), (Duration::from_millis(400), "408")] {
        let mut stream = TcpStream::connect(target.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        for piece in text.as_bytes().chunks(text.len() / 8) {
            let _ = stream.write_all(piece).await; // it may be refused by now
            sleep(pause).await;
        }
        let mut told = Vec::new();
        let _ = timeout(TIMEOUT, stream.read_to_end(&mut told)).await.expect("it is answered");
        let told = String::from_utf8_lossy(&told);
        assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{told}");
        assert_eq!(told.contains(r#""code":"timeout""#), status == "408", "{told}");
    }
}

/// All bodies that are not whole together are held to a limit: what is beyond it is refused, and
/// what was held is given back.
#[tokio::test]
async fn a097_unfinished_bodies_are_bounded_together() {
    let world = World::new().await;
    let target = Target::router(&world, ConnectionLimits { bodies: 200_000, ..ConnectionLimits::default() }).await;
    let handle = "A".repeat(47);
    let head = format!(
        "POST /p/{handle} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60001\r\n\r\n"
    );
    let mut clients = JoinSet::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(target.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&[b' '; 60_000]).await.unwrap();
        clients.spawn(async move { (status(&mut stream).await, stream) });
    }
    for _ in 0..2 {
        let (status, _) = timeout(TIMEOUT, clients.join_next()).await.expect("it is refused").unwrap().unwrap();
        assert_eq!(status, "408");
    }
    let third = timeout(Duration::from_millis(200), clients.join_next()).await;
    assert!(third.is_err(), "three of sixty thousand bytes fit into two hundred thousand");
    drop(clients); // they hang up, and what was held of them is given back
    let taken = async {
        loop {
            let mut stream = TcpStream::connect(target.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&[b' '; 60_001]).await.unwrap();
            match status(&mut stream).await.as_str() {
                "408" => sleep(Duration::from_millis(20)).await,
                other => return assert_eq!(other, "400", "it was taken in, and is no JSON"),
            }
        }
    };
    timeout(TIMEOUT, taken).await.expect("there is room again");
}

/// The status of the reply that comes.
async fn status(stream: &mut TcpStream) -> String {
    let mut told = [0; 12];
    let _ = stream.read_exact(&mut told).await; // nothing is no status
    String::from_utf8_lossy(&told[9..]).into_owned()
}

/// A141: told to stop among slow and idle connections, the binary ends within its ten seconds, and
/// what it was asked in time is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a141_wasted_connections_do_not_hold_up_the_end() {
    let mut target = Target::binary();
    let mut clients = JoinSet::new();
    for number in 0..size(200, 10_000) {
        let waste = WASTES[number % WASTES.len()];
        clients.spawn(waste.until_it_ends(target.address, number, Duration::from_secs(2)));
        if number % 100 == 99 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    sleep(Duration::from_millis(300)).await;
    let mut last = TcpStream::connect(target.address).await.unwrap();
    let head = format!("POST /p/{} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n", "A".repeat(47));
    let head = format!("{head}expect: 100-continue\r\ncontent-length: 21\r\n\r\n");
    last.write_all(head.as_bytes()).await.unwrap();
    let mut told = Vec::new();
    while !told.ends_with(b" 100 Continue\r\n\r\n") {
        let read = timeout(TIMEOUT, last.read_buf(&mut told)).await.expect("its body is asked for").unwrap();
        assert!(read > 0, "the connection ended");
    }
    last.write_all(b"{\"assertion\":\"a.b").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    let (_, life) = target.process.as_mut().expect("it is the binary");
    let began = Instant::now();
    life.term();
    sleep(Duration::from_millis(200)).await;
    last.write_all(b".c\"}").await.unwrap();
    timeout(TIMEOUT, last.read_to_end(&mut told)).await.expect("it is answered").unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("HTTP/1.1 404") && told.contains("\"not-found\""), "{told}");
    let status = life.ended(Duration::from_secs(30)).await.expect("it ends");
    let took = began.elapsed();
    assert!(status.success(), "{status}");
    figure("T15", format_args!("SIGTERM among {} wasted connections: the end after {took:.1?}", size(200, 10_000)));
}
