//! The load generator: so many connections, each sends a request when it has the answer to the one
//! before. One thread, so that it can be kept on a core of its own.
//!
//! It knows enough of HTTP/1.1 to find the end of a reply, and nothing of what the replies say.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// How many callers there are at once, where nothing else is said.
pub const CALLERS: usize = 64;

/// What one run of requests came to.
#[derive(Debug, Default)]
pub struct Run {
    /// Replies.
    pub done: usize,
    /// From the first request to the last reply.
    pub took: Duration,
    /// The time of each reply.
    pub waits: Vec<Duration>,
    /// What was replied, in the order of the requests; empty where it was not to be kept.
    pub bodies: Vec<Vec<u8>>,
}

impl Run {
    /// Replies in a second.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The wait that this part of all replies does not exceed.
    pub fn wait(&self, part: f64) -> Duration {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = (waits.len() as f64 * part) as usize;
        waits.get(at.min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// The replies as JSON.
    pub fn json(&self) -> anyhow::Result<Vec<Value>> {
        self.bodies.iter().map(|body| serde_json::from_slice(body).context("a reply is not JSON")).collect()
    }
}

/// Requests for one server, and what each must be answered with.
pub struct Load<'a> {
    pub server: SocketAddr,
    pub requests: &'a [Vec<u8>],
    pub status: u16,
    pub callers: usize,
}

/// Until when requests are sent.
#[derive(Clone, Copy)]
enum Until {
    /// Each was sent once.
    AllWereSent,
    /// Again from the first, as long as this.
    Later(Instant),
}

/// What the callers have in common.
struct Common {
    next: Cell<usize>,
    run: RefCell<Run>,
}

impl Load<'_> {
    /// Sends each request once and keeps the replies.
    pub async fn each(&self) -> anyhow::Result<Run> {
        self.drive(Until::AllWereSent).await
    }

    /// Sends the requests over and over for so long.
    pub async fn over_and_over(&self, span: Duration) -> anyhow::Result<Run> {
        self.drive(Until::Later(Instant::now() + span)).await
    }

    async fn drive(&self, until: Until) -> anyhow::Result<Run> {
        let keeps = matches!(until, Until::AllWereSent);
        let bodies = vec![Vec::new(); if keeps { self.requests.len() } else { 0 }];
        let common = Rc::new(Common { next: Cell::new(0), run: RefCell::new(Run { bodies, ..Run::default() }) });
        let requests: Rc<[Vec<u8>]> = self.requests.into();
        // Who has nothing to send only holds a connection.
        let count = if keeps { self.callers.min(self.requests.len()) } else { self.callers };
        let mut callers = Vec::with_capacity(count);
        for _ in 0..count {
            callers.push(Caller::connect(self.server).await?);
        }
        let began = Instant::now();
        let local = LocalSet::new();
        let calling: Vec<_> = callers
            .into_iter()
            .map(|caller| local.spawn_local(caller.calls(requests.clone(), self.status, until, common.clone())))
            .collect();
        local
            .run_until(async {
                for caller in calling {
                    caller.await.context("a caller panicked")??;
                }
                anyhow::Ok(())
            })
            .await?;
        let mut run = common.run.take();
        run.took = began.elapsed();
        Ok(run)
    }
}

/// One connection.
struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Caller {
    async fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await.context("the server takes no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(16 * 1024) })
    }

    async fn calls(
        mut self,
        requests: Rc<[Vec<u8>]>,
        status: u16,
        until: Until,
        common: Rc<Common>,
    ) -> anyhow::Result<()> {
        loop {
            let n = common.next.get();
            let now = Instant::now();
            match until {
                Until::AllWereSent if n >= requests.len() => return Ok(()),
                Until::Later(end) if now >= end => return Ok(()),
                _ => common.next.set(n + 1),
            }
            let n = n % requests.len();
            let reply = self.call(&requests[n]).await?;
            let mut run = common.run.borrow_mut();
            if reply.status != status {
                bail!("{} instead of {status}: {}", reply.status, String::from_utf8_lossy(&self.read[reply.body..]));
            }
            if let Some(kept) = run.bodies.get_mut(n) {
                kept.extend_from_slice(&self.read[reply.body..]);
            }
            run.done += 1;
            run.waits.push(now.elapsed());
        }
    }

    async fn call(&mut self, request: &[u8]) -> anyhow::Result<Reply> {
        self.stream.write_all(request).await?;
        self.read.clear();
        loop {
            let more = self.stream.read_buf(&mut self.read).await?;
            ensure!(more > 0, "the server hung up: {}", String::from_utf8_lossy(&self.read));
            if let Some(reply) = Reply::of(&self.read)? {
                return Ok(reply);
            }
        }
    }
}

struct Reply {
    status: u16,
    /// Where the body begins.
    body: usize,
}

impl Reply {
    /// The reply, once all of it is there.
    fn of(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).context("a reply's head is not text")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let (Some(status), Some(length)) = (status, length) else { bail!("a reply that cannot be read: {head}") };
        Ok((bytes.len() >= end + 4 + length).then_some(Self { status, body: end + 4 }))
    }
}

/// One request by itself: its status and body.
pub async fn ask(server: SocketAddr, request: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut caller = Caller::connect(server).await?;
    let reply = caller.call(request).await?;
    Ok((reply.status, caller.read[reply.body..].to_vec()))
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    written(method, path, headers, ("application/json", body))
}

/// A form of a page, as a browser sends it.
pub fn form(path: &str, headers: &[(&str, &str)], fields: &str) -> Vec<u8> {
    written("POST", path, headers, ("application/x-www-form-urlencoded", fields))
}

fn written(method: &str, path: &str, headers: &[(&str, &str)], (media_type, body): (&str, &str)) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: {media_type}\r\ncontent-length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}
