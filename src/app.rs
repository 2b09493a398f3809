//! The composition root: makes concrete stores, keys and listeners of a configuration, starts
//! what runs behind them, and stops it in order. Nothing above it sees an adapter.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use countersign_channels::built_in::recorder::Recorder;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ambient::{SystemClock, SystemEntropy};
use crate::config::{Config, GroupRole, Oidc, Servers, StoreKind, public_url};
use crate::domain::secret::Secret;
use crate::domain::team::Role;
use crate::domain::team::oidc::{GroupRule, OidcProvider};
use crate::http;
use crate::http::server::connection_limits::ConnectionLimits;
use crate::http::server::serve;
use crate::services::{Gateway, GatewayConfig, Retention};
use crate::store::Store;
use crate::store::embedded::{self, Embedded};
use crate::store::redis::{Redis, RedisAddress, RedisOptions};

pub mod backup;
mod platforms;
mod root_key;

pub use platforms::{directories, registry};

/// What the operator allows this start of a gateway.
#[derive(Clone, Copy, Debug, Default)]
pub struct Consent {
    /// A store may lack what it acknowledged: a new epoch begins.
    pub accept_loss: bool,
    /// A clock that was set back is right: a new epoch begins.
    pub trust_clock: bool,
}

/// What stands beside a gateway in its process.
#[derive(Default)]
pub struct Beside {
    /// What else is served.
    pub routes: Router,
    /// Where messages are kept that no platform takes; production has none.
    pub recorder: Recorder,
}

/// A gateway that listens.
pub struct Running {
    /// The address that it really listens on.
    pub address: SocketAddr,
    /// What generated links start with.
    pub public_url: String,
    /// Cancelled to stop it.
    pub stopping: CancellationToken,
    server: JoinHandle<()>,
    behind: Vec<JoinHandle<()>>,
    embedded: Option<Arc<Embedded>>,
}

impl Running {
    /// Runs until it is stopped, or until its store dies, which is an error.
    pub async fn finish(self) -> anyhow::Result<()> {
        let died = async {
            match &self.embedded {
                Some(embedded) => embedded.dead().await,
                None => std::future::pending().await,
            }
        };
        let outcome = tokio::select! {
            () = self.stopping.cancelled() => Ok(()),
            why = died => Err(anyhow::anyhow!("the store died: {why}")),
        };
        self.stopping.cancel();
        let _ = self.server.await;
        for task in self.behind {
            task.abort();
            let _ = task.await;
        }
        outcome
    }
}

/// Opens the store that the configuration names.
async fn open(config: &Config, accept_loss: bool) -> anyhow::Result<(Arc<dyn Store>, Option<Arc<Embedded>>)> {
    match config.store.kind {
        StoreKind::Embedded => {
            let path = config.store.path.clone();
            let options = embedded::EmbeddedOptions { accept_loss };
            let opened = tokio::task::spawn_blocking(move || Embedded::open_with(&path, options)).await?;
            let embedded = Arc::new(opened.with_context(|| format!("store.path {}", config.store.path.display()))?);
            Ok((embedded.clone(), Some(embedded)))
        }
        StoreKind::Redis => {
            let place = match config.store.urls.clone() {
                Servers::Single(url) => RedisAddress::Single(url),
                Servers::Cluster(urls) => RedisAddress::Cluster(urls),
                Servers::Sentinel { name, urls } => RedisAddress::Sentinel { name, urls },
            };
            let options = RedisOptions {
                place,
                prefix: config.store.prefix.clone(),
                confirm_replicas: config.store.confirm_replicas,
            };
            let redis = Redis::connect(&options).await.context("store.urls")?;
            Ok((Arc::new(redis), None))
        }
    }
}

/// Starts a gateway.
pub async fn start(config: &Config, beside: Beside, consent: Consent) -> anyhow::Result<Running> {
    let root = root_key::load(config)?;
    let (store, embedded) = open(config, consent.accept_loss).await?;
    let listener =
        serve::listen(config.server.listen).with_context(|| format!("server.listen {}", config.server.listen))?;
    let address = listener.local_addr()?;
    let public_url = own_url(config, address)?;
    let gateway = Arc::new(over(store, config, &root, public_url.clone(), beside.recorder)?);
    recognise(&gateway, embedded.as_deref(), consent).await?;
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    drop(metrics::set_global_recorder(recorder)); // a second gateway in one process counts with the first
    let stopping = CancellationToken::new();
    let proxies = http::Proxies(config.server.trusted_proxies.clone());
    let router = http::router(gateway.clone(), proxies, metrics, stopping.clone(), beside.routes);
    let server = tokio::spawn(serve::serve(listener, router, ConnectionLimits::default(), stopping.clone()));
    let behind = behind(&gateway);
    Ok(Running { address, public_url, stopping, server, behind, embedded })
}

fn over(
    store: Arc<dyn Store>,
    config: &Config,
    root: &Secret,
    public_url: String,
    recorder: Recorder,
) -> anyhow::Result<Gateway> {
    let owner = Some(&config.admin.key).filter(|key| !key.is_empty());
    let premises = GatewayConfig {
        public_url,
        owner_key: owner.map(|key| Secret::new(key.clone().into_bytes())),
        retention: Retention {
            interactions: config.retention.interactions_days,
            events: config.retention.events_days,
            audit: config.retention.audit_days,
            insights: config.retention.insights_days,
        },
        channels: platforms::registry(config, recorder)?,
        directories: platforms::directories(&platforms::egress(config)),
        egress: platforms::egress(config),
        oidc: oidc(&config.oidc)?,
        providers: platforms::providers(config)?,
        posts: None,
    };
    let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SystemEntropy::default()));
    Ok(Gateway::new(store, clock, entropy, root, premises))
}

/// The OpenID provider that staff sign in by, where the configuration names one.
fn oidc(oidc: &Oidc) -> anyhow::Result<Option<OidcProvider>> {
    if oidc.issuer.is_empty() {
        return Ok(None);
    }
    let mut rules = Vec::new();
    for rule in &oidc.groups {
        let role = match rule.role {
            GroupRole::Agent => Role::Agent,
            GroupRole::Admin => Role::Admin,
            GroupRole::Owner => Role::Owner,
        };
        let team = rule.team.as_deref().map(str::parse).transpose();
        let team = team.with_context(|| format!("oidc.groups: the team of {}", rule.group))?;
        rules.push(GroupRule { group: rule.group.clone(), role, team });
    }
    let secret = Some(&oidc.client_secret).filter(|secret| !secret.is_empty());
    let mut scopes = oidc.scopes.clone();
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    Ok(Some(OidcProvider {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: secret.map(|secret| Secret::new(secret.clone().into_bytes())),
        scopes,
        groups_claim: oidc.groups_claim.clone(),
        rules,
    }))
}

/// The store is this gateway's; where it lacks what it acknowledged, a new epoch begins.
async fn recognise(gateway: &Gateway, embedded: Option<&Embedded>, consent: Consent) -> anyhow::Result<()> {
    let recognised = gateway.maintenance.recognise(consent.trust_clock).await;
    recognised.context("put back the root key that belongs to the store, or name another store")?;
    let why = match embedded {
        Some(embedded) => embedded.data_loss()?,
        None => {
            consent.accept_loss.then(|| "the operator says that the store may lack what it acknowledged".to_owned())
        }
    };
    if let Some(why) = why {
        gateway.maintenance.begin_epoch(&why).await?;
        if let Some(embedded) = embedded {
            embedded.heal()?;
        }
    }
    Ok(())
}

/// What runs behind the requests.
fn behind(gateway: &Gateway) -> Vec<JoinHandle<()>> {
    macro_rules! forever {
        ($($service:ident.$work:ident),* $(,)?) => {
            vec![$({
                let service = gateway.$service.clone();
                tokio::spawn(async move { service.$work().await })
            }),*]
        };
    }
    let mut behind = forever![
        maintenance.keep_time_forever,
        maintenance.ring_forever,
        limits.add_counts_forever,
        relay.relay_forever,
        maintenance.keep_house_forever,
    ];
    behind.extend(gateway.job_loops().into_iter().map(tokio::spawn));
    behind
}

fn own_url(config: &Config, address: SocketAddr) -> anyhow::Result<String> {
    if !config.server.public_url.is_empty() {
        return public_url(&config.server.public_url).map_err(anyhow::Error::msg);
    }
    if !address.ip().is_loopback() {
        bail!(
            "server.public_url: must be set where server.listen is not a loopback address: every link starts with it"
        );
    }
    Ok(format!("http://{address}"))
}

/// What `check` found: true where the gateway would start.
pub async fn check(config: &Config, say: &mut dyn FnMut(&str)) -> bool {
    let mut good = true;
    let mut found = |what: &str, outcome: anyhow::Result<String>| match outcome {
        Ok(text) => say(&format!("good     {what}: {text}")),
        Err(error) => {
            good = false;
            say(&format!("wrong    {what}: {error:#}"));
        }
    };
    found("root key", root_key::load(config).map(|_| "it can be read".into()));
    let store = match open(config, false).await {
        Ok((store, _)) => store.ping().await.map(|()| "it takes commits".to_owned()).map_err(Into::into),
        Err(error) => Err(error),
    };
    found("store", store);
    let listening = TcpListener::bind(config.server.listen).await;
    let listening =
        listening.map(|_| config.server.listen.to_string()).with_context(|| config.server.listen.to_string());
    found("listen", listening);
    found("public URL", own_url(config, config.server.listen));
    for (unsafe_, why) in [
        (config.admin.key.is_empty(), "admin.key is empty: nobody is owner by a key"),
        (!config.server.production, "server.production is false: what is only good enough for trying is taken"),
        (
            config.secrets.root_key_file.as_os_str().is_empty(),
            "secrets.root_key_file is empty: the root key lies beside the store it seals",
        ),
        (
            config.server.listen.ip().is_unspecified(),
            "server.listen takes connections on every address: put a TLS proxy before it",
        ),
    ] {
        if unsafe_ {
            say(&format!("careful  {why}"));
        }
    }
    good
}
