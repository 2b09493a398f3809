//! Where Redis is, and how its primaries are found: one server, a primary that Sentinels know, or
//! a cluster that any of its nodes can describe.
//!
//! Whoever is asked may be dead, cut off or behind. So all are asked at once, and of the answers
//! that come soon the one of the latest epoch counts.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, Value, aio::MultiplexedConnection, cmd, pipe,
};
use tokio::time::{Instant, timeout_at};

use super::{
    answers::{sorted, unread},
    keys,
};
use crate::{StoreError, TAGS};

/// No answer is waited for longer than this, nor all tries of one call together.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// No connection is waited for longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The first good answer waits so long for one of a later epoch.
const OTHERS: Duration = Duration::from_millis(100);

/// Requests that one connection may have under way.
const PIPELINE: usize = 1024;

/// Where Redis is. URLs are `redis://[user:password@]host[:port]`, `rediss://` with TLS; user and
/// password are the same for all servers, and nothing here prints them.
#[derive(Clone)]
pub enum RedisAddress {
    /// One server; its URL may end with `/database`.
    Single(String),
    /// A cluster, by some of its nodes.
    Cluster(Vec<String>),
    /// One primary, and replicas that may take its place.
    Sentinel {
        /// What the Sentinels call it.
        name: String,
        /// The Sentinels; a `/database` at the end is the primary's.
        urls: Vec<String>,
    },
}

/// Knows whom to ask for primaries.
pub(super) struct Finder {
    place: RedisAddress,
    /// The server, nodes of the cluster, or the Sentinels; never none.
    seeds: Vec<ConnectionInfo>,
}

/// What was found at one moment.
pub(super) struct Layout {
    /// Each primary, and which tags it holds.
    pub(super) primaries: Vec<(ConnectionInfo, Vec<u8>)>,
    /// Who else may be asked the next time.
    pub(super) others: Vec<ConnectionInfo>,
}

impl Finder {
    pub(super) fn new(place: &RedisAddress) -> Result<Self, StoreError> {
        let urls = match place {
            RedisAddress::Single(url) => std::slice::from_ref(url),
            RedisAddress::Cluster(urls) | RedisAddress::Sentinel { urls, .. } => urls,
        };
        let seeds =
            urls.iter().map(|url| url.as_str().into_connection_info().map_err(sorted)).collect::<Result<_, _>>();
        let seeds: Vec<_> = seeds?;
        if seeds.is_empty() {
            return Err(StoreError::Away("no Redis URL is given".to_owned()));
        }
        Ok(Self { place: place.clone(), seeds })
    }

    /// What servers of this kind say of themselves as `redis_mode`.
    pub(super) fn mode(&self) -> &'static str {
        if matches!(self.place, RedisAddress::Cluster(_)) { "cluster" } else { "standalone" }
    }

    /// Whether another server may take over, so that waiting for it makes sense.
    pub(super) fn may_move(&self) -> bool {
        !matches!(self.place, RedisAddress::Single(_))
    }

    /// How the server at an address is reached: like the first one, with its user, password and TLS.
    pub(super) fn at(&self, host: &str, port: u16) -> ConnectionInfo {
        let like = &self.seeds[0];
        let host = host.to_owned();
        like.clone().set_addr(match like.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        })
    }

    /// The primaries at this moment. `others`: nodes met before, asked besides the seeds.
    pub(super) async fn find(&self, others: &[ConnectionInfo]) -> Result<Layout, StoreError> {
        match &self.place {
            RedisAddress::Single(_) => {
                Ok(Layout { primaries: vec![(self.seeds[0].clone(), (0..TAGS).collect())], others: Vec::new() })
            }
            RedisAddress::Cluster(_) => {
                let mut asked = self.seeds.clone();
                asked.extend(others.iter().filter(|at| !self.seeds.iter().any(|s| s.addr() == at.addr())).cloned());
                latest(asked.iter().map(|at| self.cluster_by(at))).await
            }
            RedisAddress::Sentinel { name, .. } => {
                let at = latest(self.seeds.iter().map(|at| self.primary_by(at, name))).await?;
                Ok(Layout { primaries: vec![(at, (0..TAGS).collect())], others: Vec::new() })
            }
        }
    }

    /// The cluster as one of its nodes sees it, and the epoch of that view.
    async fn cluster_by(&self, node: &ConnectionInfo) -> Result<((u64, bool), Layout), StoreError> {
        let mut connection = connect(node).await.map_err(sorted)?;
        let (info, ranges): (String, Vec<Vec<Value>>) = pipe()
            .cmd("CLUSTER")
            .arg("INFO")
            .cmd("CLUSTER")
            .arg("SLOTS")
            .query_async(&mut connection)
            .await
            .map_err(sorted)?;
        let says = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let epoch = says("cluster_current_epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
        let mut layout = Layout { primaries: Vec::new(), others: Vec::new() };
        for range in ranges {
            let mut range = range.into_iter();
            let (Some(Value::Int(first)), Some(Value::Int(last))) = (range.next(), range.next()) else {
                return Err(unread("not a range of slots"));
            };
            let tags = (0..TAGS).filter(|tag| (first..=last).contains(&i64::from(keys::slot(*tag))));
            let mut nodes = range.filter_map(|said| self.node(said, node));
            let Some(primary) = nodes.next() else { continue };
            layout.others.extend(nodes);
            layout.others.push(primary.clone());
            match layout.primaries.iter_mut().find(|(at, _)| at.addr() == primary.addr()) {
                Some((_, held)) => held.extend(tags),
                None => layout.primaries.push((primary, tags.collect())),
            }
        }
        Ok(((epoch, says("cluster_state") == Some("ok")), layout))
    }

    /// A node as `CLUSTER SLOTS` names it. No name is that of the node that was asked.
    fn node(&self, said: Value, asked: &ConnectionInfo) -> Option<ConnectionInfo> {
        let Value::Array(said) = said else { return None };
        let mut said = said.into_iter();
        let host = match said.next()? {
            Value::BulkString(name) if name == b"?" => return None,
            Value::BulkString(name) if !name.is_empty() => String::from_utf8(name).ok()?,
            _ => host(asked).to_owned(),
        };
        let Some(Value::Int(port)) = said.next() else { return None };
        Some(self.at(&host, u16::try_from(port).ok()?))
    }

    /// The primary as one of the Sentinels knows it, and the epoch of that knowledge.
    async fn primary_by(&self, sentinel: &ConnectionInfo, name: &str) -> Result<(u64, ConnectionInfo), StoreError> {
        // A Sentinel has no databases, and mostly no password of its own.
        let open = RedisConnectionInfo::default();
        let settings = sentinel.redis_settings().clone().set_db(0);
        let mut connection = match connect(&sentinel.clone().set_redis_settings(settings)).await {
            Err(error) if error.kind() == ErrorKind::AuthenticationFailed => {
                connect(&sentinel.clone().set_redis_settings(open)).await
            }
            reached => reached,
        }
        .map_err(sorted)?;
        let said: HashMap<String, String> =
            cmd("SENTINEL").arg("MASTER").arg(name).query_async(&mut connection).await.map_err(|error| {
                StoreError::Away(format!("the Sentinel at {} knows no {name:?}: {error}", sentinel.addr()))
            })?;
        let says = |field: &str| said.get(field).map(String::as_str).unwrap_or_default();
        let port = says("port").parse().map_err(|_| unread("not a port"))?;
        Ok((says("config-epoch").parse().unwrap_or(0), self.at(says("ip"), port)))
    }
}

/// Asks all at once; the answer of the highest rank among those that come soon after the first.
async fn latest<R: Ord, T>(
    asked: impl Iterator<Item = impl Future<Output = Result<(R, T), StoreError>>>,
) -> Result<T, StoreError> {
    let mut answers: FuturesUnordered<_> = asked.collect();
    let mut best: Option<(R, T)> = None;
    let mut why = StoreError::Away(format!("nobody answered within {TIMEOUT:?}"));
    let mut until = Instant::now() + TIMEOUT;
    while let Ok(Some(answer)) = timeout_at(until, answers.next()).await {
        match answer {
            Err(error) => why = error,
            Ok(answer) => {
                if best.is_none() {
                    until = until.min(Instant::now() + OTHERS);
                }
                if best.as_ref().is_none_or(|(rank, _)| answer.0 > *rank) {
                    best = Some(answer);
                }
            }
        }
    }
    best.map(|(_, found)| found).ok_or(why)
}

/// A new connection, which is never repaired: where it breaks, it is asked again who is primary.
pub(super) async fn connect(at: &ConnectionInfo) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_pipeline_buffer_size(PIPELINE);
    Client::open(at.clone())?.get_multiplexed_async_connection_with_config(&config).await
}

/// The name or address of a server.
pub(super) fn host(at: &ConnectionInfo) -> &str {
    match at.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "localhost",
    }
}
