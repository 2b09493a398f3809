//! A Redis Cluster of three primaries and three replicas on free loopback ports, made by writing
//! down what it would have found out, so that it stands as soon as its servers do.

use std::{
    collections::HashSet,
    fmt::Write,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign::store::redis::RedisAddress;
use redis::{Value, aio::MultiplexedConnection, cmd};
use tempfile::TempDir;
use tokio::{
    sync::OnceCell,
    time::{Duration, Instant, sleep},
};

use super::RedisServer;
use crate::ports::free_port;

/// A primary that is silent for so long is replaced, in milliseconds.
pub const NODE_TIMEOUT: u32 = 2000;

/// The servers: 0 to 2 begin as primaries, and 3 to 5 as their replicas.
pub struct Cluster {
    nodes: Vec<Node>,
    settings: Vec<String>,
    _folder: TempDir,
}

struct Node {
    port: u16,
    /// Where the others speak to it.
    bus: u16,
    folder: PathBuf,
    running: Mutex<Option<RedisServer>>,
}

impl Node {
    fn running(&self) -> MutexGuard<'_, Option<RedisServer>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cluster of the tests that harm none; it ends with the process.
pub async fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceCell<Option<Cluster>> = OnceCell::const_new();
    SHARED.get_or_init(|| Cluster::start(&[])).await.as_ref()
}

impl Cluster {
    /// Starts one with further settings; `None` where there is no redis-server to start.
    pub async fn start(settings: &[&str]) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let nodes: Vec<Node> = (0..6)
            .map(|n| {
                let folder = folder.path().join(n.to_string());
                Node { port: free_port(), bus: free_port(), folder, running: Mutex::new(None) }
            })
            .collect();
        for (n, node) in nodes.iter().enumerate() {
            std::fs::create_dir(&node.folder).expect("a folder");
            std::fs::write(node.folder.join("nodes.conf"), written(n, &nodes)).expect("a file");
        }
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let cluster = Self { nodes, settings, _folder: folder };
        // All at once: each waits for the others anyway.
        let started = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..6)
                .map(|n| {
                    scope.spawn({
                        let cluster = &cluster;
                        move || cluster.comes_back(n)
                    })
                })
                .collect();
            starts.into_iter().all(|start| start.join().expect("a server starts"))
        });
        if !started {
            return None;
        }
        cluster.stands().await;
        Some(cluster)
    }

    /// The seeds: three of its nodes, of which one is a replica.
    pub fn place(&self) -> RedisAddress {
        RedisAddress::Cluster([0, 1, 5].map(|n| self.url(n)).to_vec())
    }

    pub fn url(&self, node: usize) -> String {
        format!("redis://127.0.0.1:{}", self.nodes[node].port)
    }

    pub fn port(&self, node: usize) -> u16 {
        self.nodes[node].port
    }

    /// A connection that is not the store's.
    pub async fn shell(&self, node: usize) -> MultiplexedConnection {
        let client = redis::Client::open(self.url(node)).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("it connects")
    }

    /// KILL, or STOP and CONT.
    pub fn signal(&self, node: usize, signal: &str) {
        self.nodes[node].running().as_ref().expect("it runs").signal(signal);
    }

    /// It starts again, with what it knew of the others.
    pub fn comes_back(&self, node: usize) -> bool {
        let node = &self.nodes[node];
        *node.running() = None;
        let (port, bus, folder) = (node.port.to_string(), node.bus.to_string(), node.folder.display().to_string());
        let timeout = NODE_TIMEOUT.to_string();
        let mut arguments = vec!["--port", &port, "--dir", &folder, "--cluster-enabled", "yes"];
        arguments.extend([
            "--cluster-port",
            &bus,
            "--cluster-node-timeout",
            &timeout,
            "--cluster-replica-validity-factor",
            "0",
        ]);
        arguments.extend(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]);
        arguments.extend(self.settings.iter().map(String::as_str));
        *node.running() = RedisServer::start(&arguments);
        node.running().is_some()
    }

    /// Waits until every node says that all is well, and each primary has a replica that follows.
    pub async fn stands(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        for n in 0..6 {
            loop {
                let client = redis::Client::open(self.url(n)).expect("a URL");
                let Ok(mut shell) = client.get_multiplexed_async_connection().await else {
                    // A test that failed has left it dead.
                    self.comes_back(n);
                    continue;
                };
                let info: String = said(&mut shell, &["CLUSTER", "INFO"]).await;
                let replication: String = said(&mut shell, &["INFO", "replication"]).await;
                let follows = replication.contains("master_link_status:up") || replication.contains("state=online");
                if info.contains("cluster_state:ok") && follows {
                    break;
                }
                assert!(Instant::now() < until, "{info}\n{replication}");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// The nodes that are primaries, as one that lives sees it, in the order of their first slots.
    pub async fn primaries(&self, by: usize) -> Vec<usize> {
        let slots: Vec<Vec<Value>> = said(&mut self.shell(by).await, &["CLUSTER", "SLOTS"]).await;
        let mut primaries: Vec<(i64, usize)> = slots
            .iter()
            .filter_map(|range| match (&range[0], &range[2]) {
                (Value::Int(first), Value::Array(node)) => {
                    let n = self.nodes.iter().position(|n| node[1] == Value::Int(n.port.into()))?;
                    Some((*first, n))
                }
                _ => None,
            })
            .collect();
        primaries.sort_unstable();
        let mut seen = HashSet::new();
        primaries.into_iter().map(|(_, node)| node).filter(|node| seen.insert(*node)).collect()
    }

    /// How often the primaries have been asked a command, by their own count.
    pub async fn calls(&self, command: &str) -> u64 {
        let mut sum = 0;
        for n in 0..6 {
            let stats: String = said(&mut self.shell(n).await, &["INFO", "commandstats"]).await;
            let of = stats
                .lines()
                .find_map(|line| line.strip_prefix("cmdstat_")?.strip_prefix(command)?.strip_prefix(":calls="));
            sum += of.and_then(|of| of.split(',').next()?.parse::<u64>().ok()).unwrap_or(0);
        }
        sum
    }
}

/// One command and its answer.
pub async fn said<T: redis::FromRedisValue>(shell: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(shell).await.expect("it answers")
}

/// A node's id, which may be any forty hexadecimal digits.
pub fn id(node: usize) -> String {
    format!("{node:040x}").replace('0', "a")
}

/// What node `own` would have written down.
fn written(own: usize, nodes: &[Node]) -> String {
    let mut text = String::new();
    for (n, Node { port, bus, .. }) in nodes.iter().enumerate() {
        let myself = if n == own { "myself," } else { "" };
        let (role, primary) = if n < 3 { ("master", "-".to_owned()) } else { ("slave", id(n - 3)) };
        let slots = ["0-5460", "5461-10922", "10923-16383"].get(n).copied().unwrap_or_default();
        let (id, epoch) = (id(n), n % 3 + 1);
        writeln!(text, "{id} 127.0.0.1:{port}@{bus} {myself}{role} {primary} 0 0 {epoch} connected {slots}")
            .expect("a text takes more");
    }
    text + "vars currentEpoch 6 lastVoteEpoch 0\n"
}
