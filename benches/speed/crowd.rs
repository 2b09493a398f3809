//! What does not come in requests a second: many listeners that hear nothing, one event to all of
//! them, and a gateway that holds many live interactions and is started again.

use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::bank::{Bank, text};
use super::load::{ask, request};
use super::processes::{Cores, Process};

/// Openings that are sent in one go.
const AT_ONCE: usize = 20_000;

/// Nothing takes longer to come.
const MAX_DELIVERY_TIME: Duration = Duration::from_secs(30);

/// What listeners cost.
pub struct Listeners {
    pub count: usize,
    /// Of memory for each, in bytes.
    pub each: u64,
    /// From the request that caused an event until the last of them has it.
    pub told_within: Vec<Duration>,
}

/// So many event streams of one team, of which each is told of so many events.
pub async fn listeners(cores: Cores, folder: &Path, count: usize, events: usize) -> anyhow::Result<Listeners> {
    let gateway = Process::gateway(cores.server, folder, None)?;
    let bank = Bank::on(gateway.address).await?;
    bank.each(&bank.openings(0..64), 201).await?; // what every gateway has, listeners or not
    sleep(Duration::from_millis(500)).await;
    let before = gateway.memory()?;
    let mut streams = Vec::with_capacity(count);
    for n in 0..count {
        streams.push(listen(&bank).await.with_context(|| format!("listener {n} of {count}"))?);
    }
    sleep(Duration::from_secs(2)).await;
    let each = gateway.memory()?.saturating_sub(before) / count as u64;
    let mut told_within = Vec::new();
    for n in 0..events {
        let opening = bank.openings(1_000 + n..1_001 + n);
        let began = Instant::now();
        let opened = bank.each(&opening, 201).await?.json()?;
        let id = text(&opened[0], "id")?.as_bytes();
        for stream in &mut streams {
            hears(stream, id, began + MAX_DELIVERY_TIME)?;
        }
        told_within.push(began.elapsed());
    }
    Ok(Listeners { count, each, told_within })
}

async fn listen(bank: &Bank) -> anyhow::Result<std::net::TcpStream> {
    let mut stream = TcpStream::connect(bank.server).await?;
    stream.write_all(&bank.events()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    ensure!(&head[9..] == b"200", "{}", String::from_utf8_lossy(&head));
    Ok(stream.into_std()?)
}

/// Waits until the stream has told of that interaction. This core does nothing else and never sleeps: listeners
/// are many machines elsewhere, and to wake ten thousand that sleep on this one would be the server's work.
fn hears(stream: &mut std::net::TcpStream, id: &[u8], until: Instant) -> anyhow::Result<()> {
    let (mut heard, mut more) = (Vec::new(), [0; 4096]);
    while !heard.windows(id.len()).any(|part| part == id) {
        match stream.read(&mut more) {
            Ok(0) => bail!("a stream ended"),
            Ok(n) => heard.extend_from_slice(&more[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ensure!(Instant::now() < until, "an event did not come");
                std::hint::spin_loop();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What many live interactions cost.
pub struct Multitude {
    pub count: usize,
    /// Openings a second while they were made.
    pub opened: f64,
    /// In bytes, at the end of that.
    pub memory: u64,
    /// From the start of a process that finds them until it is ready.
    pub ready: Duration,
    /// In bytes, once it was ready and had told some flags.
    pub memory_again: u64,
}

/// So many open interactions on one gateway, which is killed and started again.
pub async fn multitude(cores: Cores, folder: &Path, count: usize) -> anyhow::Result<Multitude> {
    let gateway = Process::gateway(cores.everywhere(), folder, None)?;
    let bank = Bank::on(gateway.address).await?;
    let (mut took, mut ids) = (Duration::ZERO, Vec::new());
    for first in (0..count).step_by(AT_ONCE) {
        let run = bank.each(&bank.openings(first..count.min(first + AT_ONCE)), 201).await?;
        took += run.took;
        let opened: serde_json::Value = serde_json::from_slice(&run.bodies[0])?;
        ids.push(text(&opened, "id")?.to_owned());
        if first % (AT_ONCE * 10) == 0 {
            eprintln!("… {first} of {count} interactions");
        }
    }
    let memory = gateway.memory()?;
    drop(gateway); // as a crash would
    let began = Instant::now();
    let gateway = Process::gateway(cores.everywhere(), folder, None)?;
    let (status, _) = ask(gateway.address, &request("GET", "/readyz", &[], "")).await?;
    let ready = began.elapsed();
    ensure!(status == 200, "it is not ready: {status}");
    let bank = bank.moved(gateway.address);
    bank.each(&ids.iter().map(|id| bank.flag(id)).collect::<Vec<_>>(), 200).await?;
    Ok(Multitude { count, opened: count as f64 / took.as_secs_f64(), memory, ready, memory_again: gateway.memory()? })
}
