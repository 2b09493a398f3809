//! A few connections to one database, each given to one query at a time. One that a query left halfway is
//! not used again.
//!
//! Of a server's words no more is told than what is about the query itself: others quote values.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_channels::egress::EgressPolicy;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error};

use super::secured::Secured;
use crate::DirectoryFailure;
use crate::dial::dial;

/// Queries that run at one time.
const MAX_AT_ONCE: usize = 8;

/// A text, for a parameter of whatever type the query makes it: the server reads it as that type's
/// literal, and only as that.
struct Text<'a>(&'a str);

/// The driver writes parameters into its log.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The connections.
pub(super) struct Pool {
    egress: EgressPolicy,
    host: String,
    port: u16,
    to: Config,
    tls: Arc<ClientConfig>,
    timeout: Duration,
    idle: Mutex<Vec<Client>>,
    room: Semaphore,
}

impl Pool {
    /// A pool without connections: the first is made when it is needed.
    pub fn new(
        egress: EgressPolicy,
        host: String,
        port: u16,
        to: Config,
        tls: Arc<ClientConfig>,
        timeout: Duration,
    ) -> Self {
        let (idle, room) = (Mutex::default(), Semaphore::new(MAX_AT_ONCE));
        Self { egress, host, port, to, tls, timeout, idle, room }
    }

    /// The rows of a query that gives one text. A connection that was idle may have been closed
    /// meanwhile: then another is made.
    pub async fn ask(&self, query: &str, parameters: &[&str]) -> Result<Vec<String>, DirectoryFailure> {
        if parameters.iter().any(|value| value.contains('\0')) {
            return Ok(Vec::new()); // no text of a database holds it
        }
        let whole = async {
            let _turn = self.room.acquire().await.map_err(DirectoryFailure::down)?;
            while let Some(client) = self.idle_one() {
                match self.run(&client, query, parameters).await {
                    Err(error) if error.code().is_none() => {} // it broke; what it was asked can be asked again
                    asked => return self.judge(asked, client).await,
                }
            }
            let client = self.connect().await?;
            let asked = self.run(&client, query, parameters).await;
            self.judge(asked, client).await
        };
        // The server ends the query a little earlier than nobody waits for it any more.
        let timeout = self.timeout + Duration::from_millis(500);
        tokio::time::timeout(timeout, whole).await.map_err(|_| DirectoryFailure::down("no answer in time"))?
    }

    fn idle_one(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Result<Client, DirectoryFailure> {
        let stream = dial(&self.egress, &self.host, self.port, self.timeout).await?;
        let secured = Secured::new(&self.host, self.tls.clone())
            .ok_or_else(|| DirectoryFailure::misconfigured("the host is none"))?;
        let (client, connection) = self.to.connect_raw(stream, secured).await.map_err(|error| said(&error))?;
        tokio::spawn(async move {
            let _ = connection.await; // whoever waits for an answer hears that it ended
        });
        Ok(client)
    }

    async fn run(&self, client: &Client, query: &str, parameters: &[&str]) -> Result<Vec<String>, Error> {
        let timeout = self.timeout.as_millis();
        // Notices would stand in our log, and may quote values.
        let begin =
            format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}; SET LOCAL client_min_messages = error");
        client.batch_execute(&begin).await?;
        let texts: Vec<Text<'_>> = parameters.iter().map(|value| Text(value)).collect();
        let texts: Vec<&(dyn ToSql + Sync)> = texts.iter().map(|text| text as _).collect();
        let rows = client.query(query, &texts).await?;
        rows.iter().map(|row| row.try_get::<_, String>(0)).collect()
    }

    /// Ends the transaction, keeps the connection, and says what the answer means.
    async fn judge(&self, asked: Result<Vec<String>, Error>, client: Client) -> Result<Vec<String>, DirectoryFailure> {
        if client.batch_execute("ROLLBACK").await.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            idle.push(client);
        }
        match asked {
            // A value that is none of the column's type is in no row (SQLSTATE class 22).
            Err(error) if error.code().is_some_and(|code| code.code().starts_with("22")) => Ok(Vec::new()),
            asked => asked.map_err(|error| said(&error)),
        }
    }
}

/// What an error of the driver is.
fn said(error: &Error) -> DirectoryFailure {
    let Some(told) = error.as_db_error() else {
        let tls = std::error::Error::source(error).is_some_and(|inner| {
            let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            wrapped.is_some_and(|inner| inner.is::<rustls::Error>())
        });
        return match tls {
            true => DirectoryFailure::refused(
                "TLS failed: its certificate is not one of the authority that is trusted here",
            ),
            false if error.to_string().contains("tls") || error.to_string().contains("TLS") => {
                DirectoryFailure::refused("the server does not speak TLS")
            }
            false if error.to_string().contains("parameters") => {
                DirectoryFailure::misconfigured("the query does not have as many parameters as it is given")
            }
            false => DirectoryFailure::down("the connection broke"),
        };
    };
    let (code, with) = (told.code().code(), |words: &str| format!("{words} (SQLSTATE {})", told.code().code()));
    match code {
        "57014" => DirectoryFailure::down(with("the query took too long")),
        "42501" => DirectoryFailure::refused(with("the role may not read that")),
        _ if code.starts_with("25") => DirectoryFailure::misconfigured(with("the query does more than read")),
        _ if code.starts_with("28") => DirectoryFailure::refused(with("it does not let the role in")),
        // What is about the query's own text, or its words for things.
        _ if code.starts_with("42") || code.starts_with("3D") || code.starts_with("0A") => {
            DirectoryFailure::misconfigured(with(told.message()))
        }
        _ => DirectoryFailure::down(with("it does not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_does_not_print() {
        assert_eq!(format!("{:?}", [Text("demo")]), "[Text(…)]");
    }
}
