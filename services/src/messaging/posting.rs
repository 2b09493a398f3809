//! Signed POSTs to addresses that teams name: one is carried there, and what came back is read. No
//! redirect is followed, and names are judged by the address that they resolve to.
//!
//! What is posted, and what becomes of it, others say; neither body nor address is logged.

use std::sync::{Arc, OnceLock};

use countersign_channels::auth::webhook::{WebhookKey as Signing, WebhookSigner};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::engine::outcome::retry_after;
use countersign_channels::http_client::{Carry, HttpClient, LostReply};
use http::{Request, header};
use url::Url;

use super::Messaging;
use countersign_domain::event::posting::{PostOutcome, Why};
use countersign_domain::event::webhook::{SignatureScheme, Webhook};
use countersign_domain::secret::Secret;
use countersign_domain::time::Moment;

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
    pub(crate) async fn post(&self, url: &str, signer: &WebhookSigner, id: &str, body: Vec<u8>) -> PostOutcome {
        let answer = self.carry(url, signer, id, body).await;
        let label = match answer {
            PostOutcome::Taken => "taken",
            PostOutcome::Gone => "gone",
            PostOutcome::Failed(failure) => failure.why.as_str(),
        };
        metrics::counter!("countersign_posts_total", "outcome" => label).increment(1);
        answer
    }

    async fn carry(&self, url: &str, signer: &WebhookSigner, id: &str, body: Vec<u8>) -> PostOutcome {
        // As it is written for machines: who wrote it may have used any script.
        let Ok(url) = Url::parse(url) else { return PostOutcome::without(Why::Forbidden) };
        let now = self.engine.now().unix_seconds();
        let signed = signer.headers(id, now, &body).map(|headers| {
            let request = Request::post(url.as_str()).header(header::CONTENT_TYPE, "application/json");
            headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
        });
        let Some(Ok(request)) = signed.map(|request| request.body(body)) else {
            return PostOutcome::without(Why::Forbidden);
        };
        let Some(http_client) = self.posting_client.http_client() else { return PostOutcome::without(Why::Unreached) };
        match http_client.carry(request).await {
            Ok(reply) => PostOutcome::of(reply.status, retry_after(&reply.headers, now)),
            Err(LostReply::Refused) => PostOutcome::without(Why::Forbidden),
            Err(LostReply::Unreached) => PostOutcome::without(Why::Unreached),
            Err(LostReply::Unanswered) => PostOutcome::without(Why::Unanswered),
        }
    }
}

/// What signs for a webhook at that moment.
pub(crate) fn signer(webhook: &Webhook, now: Moment) -> WebhookSigner {
    let key = |secret: &Secret| match webhook.signature {
        SignatureScheme::V1 => Some(Signing::shared(secret.expose())),
        SignatureScheme::V1a => Signing::pair(secret.expose()),
    };
    WebhookSigner(webhook.secrets(now).filter_map(key).collect())
}
