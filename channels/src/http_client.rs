//! Requests that leave and replies that come: bounded in time and size, without redirects, to
//! nobody whom the gateway may not speak to. What failed is told only by how far it came.
//!
//! It knows no platform and prints no URL: some carry secrets.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, Request};
use reqwest::redirect::Policy;
use url::Url;

use crate::egress::EgressPolicy;

/// A connection that is not there after so long will not be there.
const CONNECT: Duration = Duration::from_secs(3);
/// The whole exchange, where nobody says otherwise.
const WHOLE: Duration = Duration::from_secs(5);
/// A reply is read so far.
const MAX_BYTES: usize = 256 * 1024;

/// Whoever carries requests there and replies back.
#[async_trait]
pub trait Carry: Send + Sync + 'static {
    /// Carries one.
    async fn carry(&self, request: Request<Vec<u8>>) -> Result<HttpReply, LostReply>;
}

#[async_trait]
impl Carry for HttpClient {
    async fn carry(&self, request: Request<Vec<u8>>) -> Result<HttpReply, LostReply> {
        Self::carry(self, request).await
    }
}

/// What carries requests over the network.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    /// For ports on which no public address is spoken to: what a name resolves to must be one that the
    /// operator allows. Made when the first such port is named.
    within: Arc<OnceLock<Option<reqwest::Client>>>,
    egress: EgressPolicy,
    whole: Duration,
}

/// A reply. It prints no more than its status: the rest may quote what was sent.
#[derive(Clone)]
pub struct HttpReply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as far as it is read.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.status)
    }
}

/// No reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LostReply {
    /// Nothing left: the address may not be spoken to, or is none.
    #[error("the address may not be spoken to")]
    Refused,
    /// Nothing arrived: there was no connection.
    #[error("no connection")]
    Unreached,
    /// Nobody knows what arrived.
    #[error("no answer")]
    Unanswered,
}

impl HttpClient {
    /// To whom `egress` lets it.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness or no certificates for TLS.
    pub fn new(egress: EgressPolicy) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client(&egress)?, within: Arc::default(), egress, whole: WHOLE })
    }

    /// The same, that waits so long for the whole of an exchange.
    pub fn patient(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// The same, for what somebody waits for.
    pub fn quick(&self) -> Self {
        Self { whole: WHOLE.min(self.whole), ..self.clone() }
    }

    /// To whom it speaks.
    pub fn egress(&self) -> &EgressPolicy {
        &self.egress
    }

    fn client_for(&self, url: &Url) -> Option<&reqwest::Client> {
        if url.port_or_known_default().is_some_and(|port| self.egress.takes_port(port)) {
            return Some(&self.client);
        }
        self.within.get_or_init(|| client(&self.egress.allowed_alone()).ok()).as_ref()
    }

    /// Carries one request there and its reply back.
    pub async fn carry(&self, request: Request<Vec<u8>>) -> Result<HttpReply, LostReply> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| LostReply::Refused)?;
        self.egress.admit(&url).map_err(|_| LostReply::Refused)?;
        let mut request = reqwest::Request::try_from(request).map_err(|_| LostReply::Refused)?;
        *request.timeout_mut() = Some(self.whole);
        let lost =
            |error: reqwest::Error| if error.is_connect() { LostReply::Unreached } else { LostReply::Unanswered };
        let client = self.client_for(&url).ok_or(LostReply::Refused)?;
        let mut reply = client.execute(request).await.map_err(lost)?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(|_| LostReply::Unanswered)? {
            let room = MAX_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
        Ok(HttpReply { status, headers, body })
    }
}

fn client(egress: &EgressPolicy) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .no_proxy()
        .dns_resolver(Arc::new(egress.clone()))
        .user_agent("countersign")
        .build()
}
