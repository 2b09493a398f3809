//! A primary with two replicas, and three Sentinels who watch over them, on free loopback ports.
//! Who is primary is not this file's affair after the start: the Sentinels decide.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign::store::redis::RedisAddress;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;
use tokio::{
    sync::OnceCell,
    time::{Duration, Instant, sleep},
};

use super::{RedisServer, cluster::said};
use crate::ports::free_port;

/// What the Sentinels call the primary.
pub const NAME: &str = "main";

/// Servers 0 to 2, of which 0 begins as primary, and the Sentinels.
pub struct Trio {
    ports: Vec<u16>,
    servers: Vec<Mutex<Option<RedisServer>>>,
    sentinels: Vec<RedisServer>,
    _folder: TempDir,
}

/// The trio of the tests that harm none; it ends with the process.
pub async fn shared() -> Option<&'static Trio> {
    static SHARED: OnceCell<Option<Trio>> = OnceCell::const_new();
    SHARED.get_or_init(Trio::start).await.as_ref()
}

impl Trio {
    /// Starts all six; `None` where there is no redis-server to start.
    pub async fn start() -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let mut trio =
            Self { ports, servers: (0..3).map(|_| Mutex::new(None)).collect(), sentinels: Vec::new(), _folder: folder };
        for n in 0..3 {
            if !trio.comes_back(n) {
                return None;
            }
        }
        for n in 0..3 {
            let (port, file) = (free_port(), trio._folder.path().join(format!("sentinel{n}.conf")));
            let text = format!(
                "port {port}\nbind 127.0.0.1\nsentinel monitor {NAME} 127.0.0.1 {} 2\n\
                 sentinel down-after-milliseconds {NAME} 2000\nsentinel failover-timeout {NAME} 2000\n",
                trio.ports[0]
            );
            std::fs::write(&file, text).expect("a file");
            let file = file.display().to_string();
            trio.sentinels.push(RedisServer::launch(port, &[&file, "--sentinel"], "+monitor master")?);
        }
        trio.stands().await;
        Some(trio)
    }

    pub fn place(&self) -> RedisAddress {
        let urls = self.sentinels.iter().map(RedisServer::url).collect();
        RedisAddress::Sentinel { name: NAME.to_owned(), urls }
    }

    /// KILL, or STOP and CONT.
    pub fn signal(&self, server: usize, signal: &str) {
        self.server(server).as_ref().expect("it runs").signal(signal);
    }

    /// It starts; all but the first as a replica of it.
    pub fn comes_back(&self, server: usize) -> bool {
        *self.server(server) = None;
        let (port, first) = (self.ports[server].to_string(), self.ports[0].to_string());
        let mut arguments = vec!["--port", &port, "--repl-diskless-sync-delay", "0"];
        if server > 0 {
            arguments.extend(["--replicaof", "127.0.0.1", &first]);
        }
        *self.server(server) = RedisServer::start(&arguments);
        self.server(server).is_some()
    }

    /// Waits until every Sentinel knows the two others and both replicas, and these follow the primary.
    pub async fn stands(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        for sentinel in &self.sentinels {
            loop {
                let known: Vec<String> =
                    said(&mut connected(&sentinel.url()).await, &["SENTINEL", "MASTER", NAME]).await;
                let says = |name: &str| known.iter().position(|word| word == name).map(|at| known[at + 1].as_str());
                if says("num-other-sentinels") == Some("2") && says("num-slaves") == Some("2") {
                    break;
                }
                assert!(Instant::now() < until, "{known:?}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        loop {
            let followed: String = said(&mut self.shell(self.primary().await).await, &["INFO", "replication"]).await;
            if followed.matches("state=online").count() == 2 {
                return;
            }
            assert!(Instant::now() < until, "{followed}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// A connection that is not the store's.
    pub async fn shell(&self, server: usize) -> MultiplexedConnection {
        connected(&format!("redis://127.0.0.1:{}", self.ports[server])).await
    }

    /// Who is primary, as the Sentinels say.
    pub async fn primary(&self) -> usize {
        let known: Vec<String> =
            said(&mut connected(&self.sentinels[0].url()).await, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).await;
        self.ports.iter().position(|port| known[1] == port.to_string()).expect("it is one of them")
    }

    fn server(&self, server: usize) -> MutexGuard<'_, Option<RedisServer>> {
        self.servers[server].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connected(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("it connects")
}
