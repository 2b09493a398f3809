//! A098: HTTP/2 frames as no client sends them (RFC 9113), written by hand: resets, endless heads,
//! empty data, settings, pings, and replies that are asked for and not taken.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::http::server::connection_limits::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::{sleep, timeout};

use super::connections::short;
use super::{Honest, TIMEOUT, Target, kinds};
use crate::length::{Progress, figure, is_long, size};
use crate::world::{Team, World};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The client's preface and empty settings.
pub fn hello() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &[])].concat()
}

/// A text in HPACK (RFC 7541 §5.2), not Huffman-coded.
fn text(text: &str) -> Vec<u8> {
    match u8::try_from(text.len()).unwrap() {
        short @ 0..127 => [&[short], text.as_bytes()].concat(),
        long => [&[127, long - 127], text.as_bytes()].concat(),
    }
}

/// A head in HPACK: everything literal, nothing remembered.
fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![if method == "GET" { 0x82 } else { 0x83 }, 0x86, 0x04];
    block.extend(text(path));
    block.push(0x01);
    block.extend(text("x"));
    for (name, value) in headers {
        block.push(0);
        block.extend(text(name));
        block.extend(text(value));
    }
    block
}

/// The number of the nth stream that a client opens.
fn stream(n: usize) -> u32 {
    u32::try_from(2 * n + 1).unwrap()
}

/// How a connection ended.
#[derive(Debug)]
struct End {
    /// Pieces that were sent.
    sent: usize,
    /// The error that the gateway named, where it did.
    named: Option<u32>,
}

/// Sends `first` and then one piece after the other until the gateway ends the connection, or
/// `most` were sent; then it has its patience to end it.
async fn flood(address: SocketAddr, first: Vec<u8>, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> Option<End> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(&[hello(), first].concat()).await.unwrap();
    let (reader, mut writer) = connection.into_split();
    let mut reading = tokio::spawn(read_to_end(reader));
    let mut sent = 0;
    while sent < most && !reading.is_finished() {
        let batch = (most - sent).min(64);
        let bytes: Vec<u8> = (sent..sent + batch).flat_map(&piece).collect();
        tokio::select! {
            written = writer.write_all(&bytes) => if written.is_err() { break },
            _ = &mut reading, if false => {}
        }
        sent += batch;
    }
    let named = timeout(TIMEOUT, reading).await.ok()?.unwrap();
    Some(End { sent, named })
}

/// Reads frames to the end of a connection; the last error that was named.
async fn read_to_end(mut reader: OwnedReadHalf) -> Option<u32> {
    let mut named = None;
    let mut head = [0; 9];
    while reader.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if reader.read_exact(&mut payload).await.is_err() {
            break;
        }
        if head[3] == GOAWAY {
            named = payload.get(4..8).map(|code| u32::from_be_bytes(code.try_into().unwrap()));
        }
    }
    named
}

/// A flood: what goes first, what follows for ever, and whether the gateway names it as one.
struct Flood {
    what: &'static str,
    first: Vec<u8>,
    piece: Box<dyn Fn(usize) -> Vec<u8> + Send + Sync>,
    named: bool,
    short: usize,
    long: usize,
}

fn floods() -> Vec<Flood> {
    let get = head("GET", "/livez", &[]);
    let post = head("POST", &format!("/p/{}", "A".repeat(47)), &[("content-type", "application/json")]);
    let opened = frame(HEADERS, END_HEADERS, 1, &post);
    vec![
        Flood {
            what: "HEADERS and RST_STREAM",
            first: Vec::new(),
            piece: Box::new(move |n| {
                let head = frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &get);
                [head, frame(RST_STREAM, 0, stream(n), &[0, 0, 0, 8])].concat()
            }),
            named: true,
            short: 3_000,
            long: 1_000_000,
        },
        Flood {
            what: "CONTINUATION",
            first: frame(HEADERS, 0, 1, &head("GET", "/livez", &[])),
            piece: Box::new(|n| frame(CONTINUATION, 0, 1, &[&[0][..], &text(&format!("a{n}")), &text("b")].concat())),
            named: true,
            short: 20_000,
            long: 1_000_000,
        },
        Flood {
            what: "empty DATA",
            first: opened,
            piece: Box::new(|_| frame(DATA, 0, 1, &[])),
            named: true,
            short: 20_000,
            long: 10_000_000,
        },
        Flood {
            what: "SETTINGS",
            first: Vec::new(),
            piece: Box::new(|_| frame(SETTINGS, 0, 0, &[])),
            named: false,
            short: 40_000,
            long: 10_000_000,
        },
        Flood {
            what: "PING",
            first: Vec::new(),
            piece: Box::new(|n| frame(PING, 0, 0, &n.to_be_bytes())),
            named: false,
            short: 40_000,
            long: 10_000_000,
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a098_floods_of_frames_end_their_connection() {
    let world = World::new().await;
    let forever = Duration::from_secs(600); // so that it is the flood that ends them
    let limits =
        ConnectionLimits { unasked: 128 << 10, idle: forever, request: forever, ..ConnectionLimits::default() };
    let target = Target::of(&world, limits).await;
    for Flood { what, first, piece, named, short, long } in floods() {
        let honest = Honest::asks(target.address, "/livez");
        let before = target.holds();
        let all = size(short, long);
        let (mut sent, mut connections, mut most) = (0, 0, 0);
        let mut progress = Progress::of("frames", all);
        while sent < all {
            progress.at(sent);
            let end = flood(target.address, first.clone(), all - sent, &piece).await;
            let end = end.unwrap_or_else(|| panic!("{what}: the connection goes on"));
            assert!(!named || end.named == Some(ENHANCE_YOUR_CALM), "{what}: {end:?}");
            assert!(end.sent < 2_000_000, "{what}: {end:?}");
            (sent, connections) = (sent + end.sent, connections + 1);
            most = most.max(target.holds().map_or(0, |holds| holds.memory));
            if !is_long() {
                break; // once is enough to see the end
            }
        }
        let waited = honest.waited().await;
        let Some(before) = before else {
            figure("T14", format_args!("{what}: ended after at most {sent} frames, others {waited}"));
            continue;
        };
        let more = most.saturating_sub(before.memory);
        figure(
            "T14",
            format_args!("{sent} × {what} on {connections} connections: all ended, +{more} MiB, others {waited}"),
        );
        assert!(more <= 64, "{what}: {more} MiB more");
    }
}

/// Who asks for replies and takes none of them (windows of nothing) holds them for a while only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a098_replies_that_nobody_takes_are_let_go() {
    let world = World::new().await;
    let target = Target::of(&world, short()).await;
    let honest = Honest::asks(target.address, "/livez");
    let (before, pages) = (target.holds(), ["/openapi.json", "/docs", "/l/x", "/problems/forbidden"]);
    let nothing = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]); // SETTINGS_INITIAL_WINDOW_SIZE = 0
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..size(5, 200) {
        let asked =
            (0..100).flat_map(|n| frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &head("GET", pages[n % 4], &[])));
        let first = [nothing.clone(), asked.collect()].concat();
        clients.spawn(flood(target.address, first, 0, |_| Vec::new()));
    }
    sleep(Duration::from_millis(if is_long() { 3_000 } else { 300 })).await;
    let held = target.holds();
    while let Some(end) = clients.join_next().await {
        end.unwrap().expect("the connection ends");
    }
    let waited = honest.waited().await;
    if let (Some(before), Some(held)) = (before, held) {
        let more = held.memory.saturating_sub(before.memory);
        figure("T14", format_args!("20,000 replies that nobody takes: all let go, +{more} MiB, others {waited}"));
    }
}

/// An act whose stream is reset is done or not done: the links that were made and those that were
/// superseded stay one apart, and the next one works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a098_a_reset_leaves_no_half_of_an_act() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let target = Target::router(&world, ConnectionLimits::default()).await;
    let mut connection = TcpStream::connect(target.address).await.unwrap();
    connection.write_all(&hello()).await.unwrap();
    let (reader, mut writer) = connection.into_split();
    let reading = tokio::spawn(read_to_end(reader));
    let key = format!("Bearer {}", team.bot);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let post = head("POST", &format!("/v1/interactions/{chat}/login-links"), &headers);
    for n in 0..15 {
        let body = frame(DATA, END_STREAM, stream(n), br#"{"purpose":"mid_chat"}"#);
        let asked = [frame(HEADERS, END_HEADERS, stream(n), &post), body].concat();
        writer.write_all(&asked).await.unwrap();
        sleep(Duration::from_micros(300 * n as u64)).await;
        writer.write_all(&frame(RST_STREAM, 0, stream(n), &[0, 0, 0, 8])).await.unwrap();
    }
    sleep(Duration::from_millis(200)).await;
    drop(writer);
    reading.abort();
    let link = team.link(&chat).await;
    let (issued, superseded) = links(&team).await;
    assert_eq!(issued, superseded + 1, "one link is live");
    assert!(issued > 1, "some acts were done");
    crate::world::Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
}

async fn links(team: &Team) -> (usize, usize) {
    let types = kinds(team).await;
    let count = |kind: &str| types.iter().filter(|told| *told == kind).count();
    (count("link.issued"), count("link.superseded"))
}
