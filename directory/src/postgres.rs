//! A directory that is a table of the company's own, in PostgreSQL: it is asked by queries that the admin
//! writes, with what people typed as parameters and never as text of a query.
//!
//! Each runs alone in a transaction that reads only, for so long and no longer, inside a selection of
//! ours: what it finds comes as JSON, whatever its columns' types are, and in no larger number than is
//! looked at. A role that may read only these columns is still the admin's to give.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_channels::egress::EgressPolicy;
use serde::Deserialize;
use serde_json::Value;
use url::Host;

use super::dial::{TIMEOUT, admit, default_timeout, tls};
use super::fields::{DirectoryFields, parsed, texts};
use super::{ASKED_FOR, Directory, DirectoryConnection, DirectoryFailure, Kind, Verified, only};
use countersign_domain::base::id::CustomerId;
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::matching::FieldCondition;
use countersign_domain::customer::{StoredCustomer, folded};
use countersign_domain::secret::Secret;

mod pool;
mod secured;

use pool::Pool;

/// `directory.kind = "postgres"`.
pub struct Postgres {
    egress: EgressPolicy,
}

impl Postgres {
    /// Speaks to whom `egress` lets it.
    pub fn new(egress: EgressPolicy) -> Self {
        Self { egress }
    }
}

/// What an admin writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    host: String,
    #[serde(default = "usual_port")]
    port: u16,
    database: String,
    /// Its password is the secret `password`.
    user: String,
    /// Off only for an address that the operator allows.
    #[serde(default = "yes")]
    tls: bool,
    /// Certificates of the company's own authority, in PEM.
    ca: Option<String>,
    queries: Queries,
    /// The queries' columns.
    fields: DirectoryFields,
    #[serde(default = "default_timeout")]
    timeout_ms: u64,
}

fn usual_port() -> u16 {
    5432
}

fn yes() -> bool {
    true
}

/// The admin's own queries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queries {
    /// Whose private data: `$1` and so on are what `parameters` names.
    find: Find,
    /// Who has the id `$1`.
    by_id: String,
    /// Who logs in as `$1`, which comes in lower case.
    by_login_name: Option<String>,
    /// Who logs in as `$1` with the password `$2`: nobody, where it is another.
    verify: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    query: String,
    parameters: Vec<String>,
}

impl Queries {
    fn all(&mut self) -> [(&'static str, Option<&mut String>); 4] {
        [
            ("find/query", Some(&mut self.find.query)),
            ("by_id", Some(&mut self.by_id)),
            ("by_login_name", self.by_login_name.as_mut()),
            ("verify", self.verify.as_mut()),
        ]
    }

    /// Puts each into our selection; which of them are too long, or none.
    fn wrap(&mut self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (name, query) in self.all() {
            let Some(query) = query else { continue };
            let bare = query.trim().trim_end_matches(';').trim_end();
            if bare.is_empty() || bare.len() > 8192 || bare.contains('\0') {
                errors.push(FieldError::invalid(
                    format!("/connection/queries/{name}"),
                    "must be a query of at most 8192 bytes",
                ));
            }
            *query = selection(bare);
        }
        errors
    }
}

/// A query as what our own selects from: there nothing but a query can stand, and nothing that writes.
fn selection(query: &str) -> String {
    format!("SELECT row_to_json(found)::text FROM (\n{query}\n) AS found LIMIT {ASKED_FOR}")
}

/// Whether a text can be a column's name; it is looked up in what came, and stands in no query.
fn is_column(text: &str) -> bool {
    (1..=63).contains(&text.len()) && !text.contains('\0')
}

impl Settings {
    fn errors(&mut self, egress: &EgressPolicy) -> Vec<FieldError> {
        let at = |place: &str, why: &str| FieldError::invalid(format!("/connection/{place}"), why);
        let mut errors = self.fields.errors(is_column);
        match Host::parse(&self.host) {
            Ok(host) => {
                let wrong = admit(egress, &host.to_string(), self.port, self.tls).err();
                errors.extend(wrong.map(|why| at(if self.tls { "host" } else { "tls" }, why)));
            }
            Err(_) => errors.push(at("host", "must be a host's name or address")),
        }
        for (place, text) in [("database", &self.database), ("user", &self.user)] {
            if text.is_empty() || text.len() > 63 || text.contains('\0') {
                errors.push(at(place, "must be 1 to 63 bytes"));
            }
        }
        if self.queries.find.parameters.is_empty() || self.queries.find.parameters.len() > 50 {
            errors.push(at("queries/find/parameters", "must name 1 to 50 fields of private data"));
        }
        errors.extend(self.queries.wrap());
        if !TIMEOUT.contains(&self.timeout_ms) {
            errors.push(at("timeout_ms", "must be from 100 to 10000"));
        }
        errors
    }
}

impl Kind for Postgres {
    fn open(&self, connection: DirectoryConnection<'_>) -> Result<Arc<dyn Directory>, Vec<FieldError>> {
        let mut settings: Settings = parsed(connection.settings)?;
        let mut errors = settings.errors(&self.egress);
        let config = tls(settings.ca.as_deref()).map_err(|error| vec![error])?;
        let password = connection.secrets.get("password").cloned();
        if password.is_none() {
            errors.push(FieldError::invalid("/secrets/password", "must be the user's password"));
        }
        let (Some(password), true) = (password, errors.is_empty()) else { return Err(errors) };
        let mut to = tokio_postgres::Config::new();
        to.user(&settings.user).dbname(&settings.database).password(password.expose()).application_name("countersign");
        to.ssl_mode(if settings.tls {
            tokio_postgres::config::SslMode::Require
        } else {
            tokio_postgres::config::SslMode::Disable
        });
        let timeout = Duration::from_millis(settings.timeout_ms);
        let pool = Pool::new(self.egress.clone(), settings.host.clone(), settings.port, to, config, timeout);
        Ok(Arc::new(Open { settings, pool }))
    }
}

/// A directory that was opened.
struct Open {
    settings: Settings,
    pool: Pool,
}

impl Open {
    async fn ask(&self, query: &str, parameters: &[&str]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let rows = self.pool.ask(query, parameters).await?;
        rows.iter().map(|row| self.record(row)).collect()
    }

    fn record(&self, row: &str) -> Result<StoredCustomer, DirectoryFailure> {
        let row: Value =
            serde_json::from_str(row).map_err(|_| DirectoryFailure::misconfigured("a row is no object"))?;
        let read = |column: &str| row.get(column).map(texts).unwrap_or_default();
        let record = self.settings.fields.record(read);
        record.ok_or_else(|| DirectoryFailure::misconfigured("a row has no id in the column that fields.id names"))
    }

    async fn one(&self, query: &str, parameters: &[&str]) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        only(self.ask(query, parameters).await?)
    }
}

#[async_trait]
impl Directory for Open {
    async fn find(&self, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let find = &self.settings.queries.find;
        for wanted in wanted {
            if self.settings.fields.of(&wanted.field).is_empty() {
                return Err(DirectoryFailure::misconfigured(format!("fields names no column for {}", wanted.field)));
            }
        }
        let value = |field: &String| {
            let wanted = wanted.iter().find(|wanted| wanted.field == *field);
            let missing =
                || DirectoryFailure::misconfigured(format!("the query wants {field}, which directory.match does not"));
            wanted.map(|wanted| wanted.value.as_str()).ok_or_else(missing)
        };
        let values = find.parameters.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        self.ask(&find.query, &values).await
    }

    async fn by_login_name(&self, name: &str) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        let query = self.settings.queries.by_login_name.as_ref();
        let query = query.ok_or_else(|| DirectoryFailure::misconfigured("queries has no by_login_name"))?;
        self.one(query, &[&folded(name)]).await
    }

    async fn by_id(&self, id: &CustomerId) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        let found = self.one(&self.settings.queries.by_id, &[id.as_str()]).await?;
        Ok(found.filter(|record| record.id == *id))
    }

    async fn verify(&self, login_name: &str, password: &Secret) -> Result<Verified, DirectoryFailure> {
        let query = self.settings.queries.verify.as_ref();
        let query = query.ok_or_else(|| DirectoryFailure::misconfigured("queries has no verify"))?;
        let Some(password) = std::str::from_utf8(password.expose()).ok().filter(|password| !password.is_empty()) else {
            return Ok(Verified::Wrong);
        };
        let found = self.one(query, &[&folded(login_name), password]).await?;
        Ok(found.map_or(Verified::Wrong, |record| Verified::Right(Box::new(record))))
    }
}
