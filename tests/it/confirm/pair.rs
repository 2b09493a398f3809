//! A primary and its replica, with a proxy between them, and one before whichever is primary.
//!
//! It knows Redis and signals, and nothing of what is kept in it.

use std::time::Duration;

use countersign::store::redis::{Redis, RedisAddress, RedisOptions};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, cmd};

use super::proxy::{Mode, Proxy};
use crate::stores::{self, RedisServer, Stand};
use crate::world::unique;

/// What is waited for comes within this, or never.
const TIMEOUT: Duration = Duration::from_secs(20);

pub struct Pair {
    pub primary: RedisServer,
    pub replica: Option<RedisServer>,
    /// Where the replica hears its primary.
    pub between: Proxy,
    /// Where gateways find the primary.
    pub front: Proxy,
}

/// A connection that is not the store's.
pub async fn shell(port: u16) -> MultiplexedConnection {
    let client = Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(TIMEOUT)).set_response_timeout(Some(TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// A field of `INFO`.
pub async fn says(shell: &mut MultiplexedConnection, field: &str) -> String {
    let info: String = cmd("INFO").query_async(shell).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

/// A server that replicates without waiting for others to come, and keeps nothing on the disk.
async fn server(of: Option<u16>) -> Option<RedisServer> {
    let of = of.map(|port| port.to_string());
    tokio::task::spawn_blocking(move || {
        let mut settings = vec!["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
        if let Some(port) = &of {
            settings.extend(["--replicaof", "127.0.0.1", port]);
        }
        RedisServer::start(&settings)
    })
    .await
    .unwrap()
}

impl Pair {
    /// Both, in step; `None`, said aloud, where there is no Redis. `writes`: the proxy before the
    /// primary keeps what passes.
    pub async fn start(writes: bool) -> Option<Self> {
        let primary = server(None).await?;
        let between = Proxy::to(primary.port(), false).await;
        let front = Proxy::to(primary.port(), writes).await;
        let mut pair = Self { primary, replica: None, between, front };
        pair.attach().await;
        Some(pair)
    }

    /// Starts a new replica, and returns when it has everything.
    pub async fn attach(&mut self) {
        let replica = server(Some(self.between.port)).await.expect("the first one started, too");
        self.replica = Some(replica);
        self.in_step().await;
    }

    /// Returns when the replica has what the primary has.
    pub async fn in_step(&self) {
        let mut primary = shell(self.primary.port()).await;
        let mut replica = shell(self.replica.as_ref().expect("there is one to wait for").port()).await;
        let in_step = async {
            loop {
                let probe = unique();
                let _: () = cmd("SET").arg("probe").arg(probe).query_async(&mut primary).await.unwrap();
                let has: u32 = cmd("WAIT").arg(1).arg(50).query_async(&mut primary).await.unwrap();
                // By its own word, too: one that still loads what it was given has nothing yet.
                let seen: Option<u64> = cmd("GET").arg("probe").query_async(&mut replica).await.unwrap_or_default();
                if has > 0 && seen == Some(probe) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, in_step).await.expect("the replica comes");
    }

    /// A store on whoever is primary, that waits for so many replicas.
    pub async fn store(&self, confirm_replicas: u32) -> Redis {
        let place = RedisAddress::Single(format!("redis://127.0.0.1:{}", self.front.port));
        let options = RedisOptions { confirm_replicas, ..RedisOptions::new(place) };
        Redis::connect(&options).await.expect("our server is fit")
    }

    /// The same, as a gateway stands on it.
    pub async fn stand(&self, confirm_replicas: u32) -> Stand {
        stores::on(self.store(confirm_replicas).await)
    }

    /// SIGKILL for the primary, and the replica takes its place, without what was still held.
    pub async fn fail_over(&mut self) {
        self.primary.signal("KILL");
        self.promote().await;
    }

    /// The replica is primary from now on; gateways find it where they found the other. The old
    /// one, which may live, is given back.
    pub async fn promote(&mut self) -> RedisServer {
        let replica = self.replica.take().expect("a replica is attached");
        let mut shell = shell(replica.port()).await;
        let _: () = cmd("REPLICAOF").arg("NO").arg("ONE").query_async(&mut shell).await.unwrap();
        self.between.set(Mode::Open);
        self.between.turn_to(replica.port());
        self.front.turn_to(replica.port());
        std::mem::replace(&mut self.primary, replica)
    }
}
