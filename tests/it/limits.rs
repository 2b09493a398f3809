//! Limits: what an outsider can take of connections, memory and time, and that those who mean well
//! are served meanwhile (A097, A098, A100, A133, A134, A136, A141; T10, T11, T13, T14).
//!
//! The short forms serve the router in this process under small limits and look at what ends; the
//! long ones attack the real binary under its own limits and look at its memory, its files, and
//! how long others waited.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::http::server::connection_limits::ConnectionLimits;
use countersign::http::server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::crash::process::{Life, Site};
use crate::length;
use crate::world::{Team, World, unique};

mod connections;
pub mod frames;
mod hostile;
mod listeners;
mod packed;
mod pending;
mod servers;
mod storm;

/// A test that waits for longer has failed.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A gateway that is attacked: the router in this process, or the binary in its own.
struct Target {
    address: SocketAddr,
    process: Option<(Site, Life)>,
    stopping: CancellationToken,
}

impl Target {
    /// In the short form this router under these limits; in the long form the binary.
    async fn of(world: &World, limits: ConnectionLimits) -> Self {
        if length::is_long() { Self::binary() } else { Self::router(world, limits).await }
    }

    async fn router(world: &World, limits: ConnectionLimits) -> Self {
        let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let (address, stopping) = (listener.local_addr().expect("it is bound"), CancellationToken::new());
        tokio::spawn(serve::serve(listener, world.router(), limits, stopping.clone()));
        Self { address, process: None, stopping }
    }

    fn binary() -> Self {
        let site = Site::embedded();
        let life = site.serve();
        let address = SocketAddr::from(([127, 0, 0, 1], site.port()));
        Self { address, process: Some((site, life)), stopping: CancellationToken::new() }
    }

    /// What the binary holds now; `None` in the short form, where this process does other things, too.
    fn holds(&self) -> Option<Holds> {
        self.process.as_ref().map(|(_, life)| Holds::now(life.id()))
    }

    /// Waits, at most so long, until it has no more files than that; how long it took.
    async fn has_files(&self, at_most: usize, within: Duration) -> Option<Duration> {
        let began = Instant::now();
        while self.holds()?.files > at_most {
            if began.elapsed() > within {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(began.elapsed())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default)]
struct Holds {
    /// Resident memory, in MiB.
    memory: u64,
    files: usize,
}

impl Holds {
    fn now(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let memory = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024;
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        Self { memory, files }
    }

    /// The larger of each.
    fn most(self, other: Self) -> Self {
        Self { memory: self.memory.max(other.memory), files: self.files.max(other.files) }
    }
}

/// Somebody who means well: asks again and again on connections of her own, and is answered.
struct Honest {
    asking: JoinHandle<Vec<Duration>>,
    enough: CancellationToken,
}

impl Honest {
    fn asks(address: SocketAddr, path: &'static str) -> Self {
        let enough = CancellationToken::new();
        let done = enough.clone();
        let asking = tokio::spawn(async move {
            let mut took = Vec::new();
            while !done.is_cancelled() {
                let began = Instant::now();
                let reply = timeout(TIMEOUT, ask(address, path)).await.expect("it is answered");
                assert!(reply.starts_with("HTTP/1.1 200"), "{path}: {reply:?}");
                took.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            took
        });
        Self { asking, enough }
    }

    /// How long she waited: what is told of it.
    async fn waited(self) -> Waited {
        self.enough.cancel();
        let mut took = self.asking.await.expect("she was answered each time");
        took.sort();
        Waited(took)
    }
}

/// How long answers took, in order.
struct Waited(Vec<Duration>);

impl std::fmt::Display for Waited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |share: f64| self.0.get((self.0.len() as f64 * share) as usize).copied().unwrap_or_default();
        let last = self.0.last().copied().unwrap_or_default();
        write!(f, "{} answers, p50 {:.1?}, p99 {:.1?}, longest {last:.1?}", self.0.len(), of(0.5), of(0.99))
    }
}

/// The kinds of all of a team's events so far, oldest first, however slow the store is: the last is
/// of a conversation that is opened to know where the end is.
async fn kinds(team: &Team) -> Vec<String> {
    let last = team.open("sms", &format!("+3729{:07}", unique())).await;
    team.world.gateway.maintain().await.expect("the store is there");
    let name = team.name.parse().expect("a team's name");
    let mut listener = team.world.gateway.event_log.listen(&name, Some(0)).await.expect("events are kept");
    let mut kinds = Vec::new();
    loop {
        let heard = timeout(TIMEOUT, listener.next()).await.expect("it is told").expect("the store is there");
        kinds.push(heard.event.kind().as_str().to_owned());
        if heard.event.interaction.is_some_and(|id| id.to_string() == last) {
            return kinds;
        }
    }
}

/// One request on a connection of its own, and all that came back.
async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut told = Vec::new();
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _ = stream.read_to_end(&mut told).await; // what came until then is looked at
    }
    String::from_utf8_lossy(&told).into_owned()
}
