//! The configuration of the process: built-in defaults ← a file ← the environment, parsed once.
//! A wrong value is refused with its name and, where it is a slip, with the nearest right one.
//! What teams may set stands in the store and is nothing of this.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

mod oidc;
mod servers;

pub use oidc::{GroupRole, Oidc};
pub use servers::Servers;

/// The defaults are this file, so the two cannot drift apart.
const DEFAULTS: &str = include_str!("../config/countersign.toml");

/// Environment variables that set something begin so.
const PREFIX: &str = "COUNTERSIGN_";

/// The variable that names the file.
const FILE: &str = "COUNTERSIGN_CONFIG";

/// Everything that the process is told.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[store]`
    pub store: StoreConfig,
    /// `[secrets]`
    pub secrets: Secrets,
    /// `[admin]`
    pub admin: Admin,
    /// `[oidc]`
    pub oidc: Oidc,
    /// `[outbound]`
    pub outbound: Outbound,
    /// `[retention]`
    pub retention: RetentionConfig,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What generated links start with; empty: the address listened on.
    pub public_url: String,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Refuse what is only good enough for trying.
    pub production: bool,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
pub struct StoreConfig {
    /// Which store.
    pub kind: StoreKind,
    /// The embedded store's folder.
    pub path: PathBuf,
    /// Where Redis is.
    pub urls: Servers,
    /// What every key of ours in Redis begins with.
    pub prefix: String,
    /// Redis: how many replicas must have an act before it is answered.
    pub confirm_replicas: u32,
}

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// SQLite in a folder, for one process.
    Embedded,
    /// Redis: a server, a cluster, or a primary that Sentinels know.
    Redis,
}

/// `[secrets]`
#[derive(Clone, Debug, Deserialize)]
pub struct Secrets {
    /// Where the root key lies; empty: beside the store.
    pub root_key_file: PathBuf,
}

/// `[admin]`
#[derive(Clone, Deserialize)]
pub struct Admin {
    /// The owner's API key; empty: nobody is owner by a key.
    pub key: String,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.key.is_empty() { "Admin(nobody)" } else { "Admin(…)" })
    }
}

/// `[outbound]`
#[derive(Clone, Debug, Deserialize)]
pub struct Outbound {
    /// Private addresses that may be reached.
    pub allow: Vec<IpNet>,
    /// Ports of public addresses that may be reached.
    pub ports: Vec<u16>,
}

/// `[retention]`
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct RetentionConfig {
    /// Closed interactions.
    pub interactions_days: u64,
    /// Events.
    pub events_days: u64,
    /// Audit entries.
    pub audit_days: u64,
    /// Counts of what happened in an hour.
    pub insights_days: u64,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file is no TOML.
    #[error("the configuration file {0} is not TOML: {1}")]
    NotToml(PathBuf, String),
    /// There is no such setting.
    #[error("{from}: there is no setting {name}; the nearest is {nearest}")]
    Unknown {
        /// The file or the variable.
        from: String,
        /// What stood there.
        name: String,
        /// What may have been meant.
        nearest: String,
    },
    /// A value is not what its setting takes.
    #[error("{0}: {1}")]
    Value(String, String),
}

impl Config {
    /// Reads the defaults, the file (named here or by `COUNTERSIGN_CONFIG`), and `environment`.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let environment: Vec<(String, String)> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        let named = environment.iter().find(|(name, _)| name == FILE).map(|(_, path)| PathBuf::from(path));
        let mut all: Table = DEFAULTS.parse().expect("the built-in file is TOML: a test reads it");
        if let Some(file) = file.map(Path::to_path_buf).or(named) {
            let text = std::fs::read_to_string(&file).map_err(|e| ConfigError::Unreadable(file.clone(), e))?;
            let table: Table =
                text.parse().map_err(|e: toml::de::Error| ConfigError::NotToml(file.clone(), e.to_string()))?;
            lay(&mut all, table, "", &file.display().to_string())?;
        }
        for (name, value) in environment.iter().filter(|(name, _)| name != FILE) {
            let path = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            // A TOML value where it is one, else a text.
            let value = format!("v = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
            let text = environment.iter().find(|(n, _)| n == name).map(|(_, v)| Value::String(v.clone()));
            let value = value.or(text).expect("the variable was just read");
            lay(&mut all, nested(&path, value), "", name)?;
        }
        let config: Self = serde_path_to_error::deserialize(Value::Table(all)).map_err(|error| {
            let place = error.path().to_string();
            ConfigError::Value(place, error.into_inner().to_string().trim().to_owned())
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |name: &str, why: &str| Err(ConfigError::Value(name.into(), why.into()));
        if !self.server.public_url.is_empty() {
            public_url(&self.server.public_url).map_err(|why| ConfigError::Value("server.public_url".into(), why))?;
        }
        if self.server.production && !self.server.public_url.starts_with("https://") {
            return wrong("server.public_url", "must be an https:// URL in production");
        }
        if self.server.production && self.secrets.root_key_file.as_os_str().is_empty() {
            return wrong("secrets.root_key_file", "must name a file in production: head -c 32 /dev/urandom | base64");
        }
        if self.store.kind == StoreKind::Redis && self.secrets.root_key_file.as_os_str().is_empty() {
            return wrong(
                "secrets.root_key_file",
                "must name a file where the store is redis: every node needs the same key",
            );
        }
        if self.store.confirm_replicas > 0 && self.store.kind == StoreKind::Embedded {
            return wrong("store.confirm_replicas", "must be 0 where the store is embedded: it has no replicas");
        }
        if self.store.confirm_replicas > 16 {
            return wrong("store.confirm_replicas", "must be at most 16");
        }
        if self.outbound.ports.is_empty() || self.outbound.ports.contains(&0) {
            return wrong("outbound.ports", "must list ports from 1 to 65535, at least one");
        }
        if !self.admin.key.is_empty() && self.admin.key.len() < 32 {
            return wrong("admin.key", "must have at least 32 characters");
        }
        self.oidc.check()?;
        let RetentionConfig { interactions_days, events_days, audit_days, insights_days } = self.retention;
        if [interactions_days, events_days, audit_days, insights_days].iter().any(|days| !(1..=36_500).contains(days)) {
            return wrong("retention", "days must be from 1 to 36500");
        }
        Ok(())
    }
}

/// An origin that links may start with: https, or http with a loopback host.
pub fn public_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|e| format!("is not a URL: {e}"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return Err("must be https:// (http:// only with a loopback host)".into());
    }
    let origin = url.origin().ascii_serialization();
    if text.trim_end_matches('/') == origin {
        Ok(origin)
    } else {
        Err(format!("must be scheme, host and port only: {origin}"))
    }
}

/// Lays one table over another; a name that the defaults do not have is refused.
fn lay(under: &mut Table, over: Table, prefix: &str, from: &str) -> Result<(), ConfigError> {
    for (name, value) in over {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match (under.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay(under, over, &path, from)?,
            (Some(Value::Table(_)), _) => return Err(ConfigError::Value(path, "must be a table".into())),
            (Some(known), value) => *known = value,
            (None, _) => return Err(ConfigError::Unknown { from: from.into(), nearest: nearest(&path), name: path }),
        }
    }
    Ok(())
}

/// The known setting whose name is most like `path`.
fn nearest(path: &str) -> String {
    let all: Table = DEFAULTS.parse().expect("the built-in file is TOML: a test reads it");
    let sections = all.iter().filter_map(|(section, value)| Some((section, value.as_table()?)));
    let names = sections.flat_map(|(section, table)| table.keys().map(move |key| format!("{section}.{key}")));
    names.max_by(|a, b| strsim::jaro_winkler(a, path).total_cmp(&strsim::jaro_winkler(b, path))).unwrap_or_default()
}

fn nested(path: &str, value: Value) -> Table {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let inner = rest.map_or(value.clone(), |rest| Value::Table(nested(rest, value)));
    Table::from_iter([(first.to_owned(), inner)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(None, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_built_in_file_is_a_configuration() {
        let config = load(&[]).unwrap();
        assert_eq!(config.server.listen.port(), 8080);
        assert_eq!(config.store.kind, StoreKind::Embedded);
    }

    #[test]
    fn the_environment_stands_over_the_defaults() {
        let config =
            load(&[("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0"), ("COUNTERSIGN_RETENTION__AUDIT_DAYS", "9")]).unwrap();
        assert_eq!(config.server.listen.port(), 0);
        assert_eq!(config.retention.audit_days, 9);
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        let wrong = |name, value| load(&[(name, value)]).unwrap_err().to_string();
        assert!(wrong("COUNTERSIGN_SERVER__LISTENS", "x").contains("server.listen"));
        assert!(wrong("COUNTERSIGN_STORE__KIND", "mysql").starts_with("store.kind"));
        assert!(wrong("COUNTERSIGN_STORE__URLS", "['redis://a', 'redis://b/1']").starts_with("store.urls: must"));
        assert!(wrong("COUNTERSIGN_ADMIN__KEY", "short").contains("32"));
        assert!(wrong("COUNTERSIGN_OUTBOUND__PORTS", "[]").starts_with("outbound.ports: must"));
        assert!(wrong("COUNTERSIGN_OUTBOUND__PORTS", "[443, 0]").starts_with("outbound.ports: must"));
        assert!(wrong("COUNTERSIGN_SERVER__PUBLIC_URL", "http://example.com").contains("https"));
        assert!(wrong("COUNTERSIGN_SERVER__PRODUCTION", "true").contains("public_url"));
    }

    #[test]
    fn the_owners_key_does_not_print() {
        let config = load(&[("COUNTERSIGN_ADMIN__KEY", "0123456789012345678901234567890123456789")]).unwrap();
        assert!(!format!("{config:?}").contains("0123456789"));
    }
}
