//! Signed POSTs to addresses that teams name: one is carried there, and what came back is read. No
//! redirect is followed, and names are judged by the address that they resolve to.
//!
//! What is posted, and what becomes of it, others say; neither body nor address is logged.

use std::sync::{Arc, OnceLock};

use countersign_channels::auth::webhook::{Key as Signing, Signer};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::{Carry, HttpClient, Lost};
use countersign_channels::platform::outcome::retry_after;
use http::{Request, header};
use url::Url;

use super::Messaging;
use crate::domain::event::posting::{Answer, Why};
use crate::domain::event::webhook::{Signature, Webhook};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;

/// What carries posts. It is made when the first one leaves.
pub(crate) struct PostingClient {
    egress: EgressPolicy,
    http_client: OnceLock<Option<Arc<dyn Carry>>>,
}

impl PostingClient {
    /// Over the network, or by somebody else.
    pub fn new(egress: EgressPolicy, other: Option<Arc<dyn Carry>>) -> Self {
        let http_client = other.map_or_else(OnceLock::new, |other| OnceLock::from(Some(other)));
        Self { egress, http_client }
    }

    /// To whom it speaks.
    pub fn egress(&self) -> &EgressPolicy {
        &self.egress
    }

    /// What carries posts; none where it could not be made.
    pub fn http_client(&self) -> Option<&dyn Carry> {
        let made = || {
            HttpClient::new(self.egress.clone()).inspect_err(|error| tracing::error!(%error, "nothing can be posted"))
        };
        self.http_client.get_or_init(|| Some(Arc::new(made().ok()?))).as_deref()
    }
}

impl Messaging {
    /// Whom the gateway may speak to where a team names the address.
    pub(crate) fn egress(&self) -> &EgressPolicy {
        self.posting_client.egress()
    }

    /// What asks addresses of others; none where nothing can be asked.
    pub(crate) fn http_client(&self) -> Option<&dyn Carry> {
        self.posting_client.http_client()
    }

    /// Posts a JSON document under that id, with the headers of Standard Webhooks.
    pub(crate) async fn post(&self, url: &str, signer: &Signer, id: &str, body: Vec<u8>) -> Answer {
        let answer = self.carry(url, signer, id, body).await;
        let label = match answer {
            Answer::Taken => "taken",
            Answer::Gone => "gone",
            Answer::Failed(failure) => failure.why.as_str(),
        };
        metrics::counter!("countersign_posts_total", "outcome" => label).increment(1);
        answer
    }

    async fn carry(&self, url: &str, signer: &Signer, id: &str, body: Vec<u8>) -> Answer {
        // As it is written for machines: who wrote it may have used any script.
        let Ok(url) = Url::parse(url) else { return Answer::without(Why::Forbidden) };
        let now = self.engine.now().unix_seconds();
        let signed = signer.headers(id, now, &body).map(|headers| {
            let request = Request::post(url.as_str()).header(header::CONTENT_TYPE, "application/json");
            headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
        });
        let Some(Ok(request)) = signed.map(|request| request.body(body)) else {
            return Answer::without(Why::Forbidden);
        };
        let Some(http_client) = self.posting_client.http_client() else { return Answer::without(Why::Unreached) };
        match http_client.carry(request).await {
            Ok(reply) => Answer::of(reply.status, retry_after(&reply.headers, now)),
            Err(Lost::Refused) => Answer::without(Why::Forbidden),
            Err(Lost::Unreached) => Answer::without(Why::Unreached),
            Err(Lost::Unanswered) => Answer::without(Why::Unanswered),
        }
    }
}

/// What signs for a webhook at that moment.
pub(crate) fn signer(webhook: &Webhook, now: Moment) -> Signer {
    let key = |secret: &Secret| match webhook.signature {
        Signature::V1 => Some(Signing::shared(secret.expose())),
        Signature::V1a => Signing::pair(secret.expose()),
    };
    Signer(webhook.secrets(now).filter_map(key).collect())
}
