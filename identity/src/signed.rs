//! A provider of one's own, or any other behind an adapter: signed POSTs there, signed answers back, at
//! once or later (`docs/identity-providers.md`). Both are signed as Standard Webhooks says, under one
//! secret; what is not signed is not believed.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_channels::auth::webhook::{WebhookKey, WebhookSigner};
use countersign_channels::definition::Account;
use countersign_channels::http_client::{HttpClient, HttpReply};
use countersign_channels::validation::FieldError;
use http::{HeaderMap, Request, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::reading::{AccountReader, lost, status};
use super::{
    Checker, Given, Kind, ProviderAttempt, ProviderReply, ProviderTrouble, ProviderVerificationError, QuestionRequest,
};
use countersign_domain::proof::mrz;
use countersign_domain::providers::identity::{CheckId, DocumentVerdict, Flaw};
use countersign_domain::providers::provider_questions::Set;
use countersign_domain::time::Moment;

/// How far a signature's time may be from now, before and after, in seconds.
const TOLERANCE: u64 = 300;

/// The kind `signed`.
pub struct SignedKind(HttpClient);

impl SignedKind {
    /// One that speaks through that carrier.
    pub fn new(http_client: HttpClient) -> Self {
        Self(http_client)
    }
}

impl Kind for SignedKind {
    fn name(&self) -> &'static str {
        "signed"
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Checker>, Vec<FieldError>> {
        let mut reading = AccountReader::of(account, &["url", "later_minutes"], &["secret", "secret_before"]);
        let url = reading.address("url", None, &self.0);
        let later = reading.number("later_minutes", 1..=1440, 10);
        reading.needed_secret("secret");
        let mut keys = Vec::new();
        for name in ["secret", "secret_before"] {
            let Some(text) = reading.secret(name) else { continue };
            let key = text.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
            match key.filter(|key| (24..=64).contains(&key.len())) {
                Some(key) => keys.push(key),
                None => {
                    reading.error(format!("/secrets/{name}"), "must be whsec_ and the base64 of 24 to 64 bytes");
                }
            }
        }
        let account = url.map(|url| Open { http_client: self.0.clone(), url, later, keys });
        reading.end(account).map(|open| Arc::new(open) as Arc<dyn Checker>)
    }
}

/// An account.
struct Open {
    http_client: HttpClient,
    url: Url,
    later: u64,
    /// What signs; of two the newer stands first, and either proves.
    keys: Vec<Vec<u8>>,
}

/// What it says of an attempt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    check: String,
    #[serde(default)]
    quality: Option<Quality>,
    #[serde(default)]
    authentication: Option<Authentication>,
    /// The lines of the machine-readable zone, as the provider read them. Their digits are checked, no line is kept.
    #[serde(default)]
    mrz: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quality {
    passed: bool,
    #[serde(default)]
    flaws: Vec<Flaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authentication {
    passed: bool,
}

/// Questions that it puts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    request: String,
    set: String,
    questions: Vec<Question>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    text: String,
    #[serde(default)]
    choices: Vec<String>,
}

/// What it says of answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    check: String,
    passed: bool,
}

#[async_trait]
impl Checker for Open {
    async fn check(&self, case: &ProviderAttempt<'_>) -> Result<ProviderReply, ProviderTrouble> {
        let pictures = case.pictures.iter().map(|(side, picture)| {
            json!({"side": side, "media_type": picture.format().media_type(), "data": STANDARD.encode(picture.bytes())})
        });
        let pictures: Vec<Value> = pictures.collect();
        let id = case.id.to_string();
        let method = if case.selfie { "photo_id_selfie" } else { "photo_id" };
        let body = json!({"type": "identity.check", "check": id, "method": method,
            "callback_url": case.callback, "pictures": pictures});
        let reply = self.post(&id, body.to_string().into_bytes(), case.now).await?;
        match reply.status {
            202 => Ok(ProviderReply::Later),
            200 => {
                // Whoever could answer in the provider's place could make anybody genuine.
                self.proved(&reply.headers, &reply.body, case.now)
                    .map_err(|_| ProviderTrouble::Refused("answer-unsigned"))?;
                match read(&reply.body) {
                    Ok((said, verdict)) if said == case.id => Ok(ProviderReply::Verdict(verdict)),
                    _ => Err(ProviderTrouble::Refused("answer-unreadable")),
                }
            }
            other => Err(status(other)),
        }
    }

    fn asks_questions(&self) -> bool {
        true
    }

    async fn questions(&self, asking: &QuestionRequest<'_>) -> Result<Set, ProviderTrouble> {
        let customer = asking.customer.map(|(id, fields)| json!({"id": id, "fields": fields}));
        let (questions, must_match) = asking.wanted;
        let body = json!({"type": "identity.questions", "request": asking.id, "person": asking.person,
            "customer": customer, "questions": questions, "must_match": must_match, "locale": asking.locale});
        let put: Put = self.asked(asking.id, &body, asking.now).await?;
        let named = put.request == asking.id;
        let set = Set { name: put.set, put: put.questions.into_iter().map(|one| (one.text, one.choices)).collect() };
        Some(set).filter(|set| named && set.can_be_put()).ok_or(ProviderTrouble::Refused("answer-unreadable"))
    }

    async fn judge(&self, given: &Given<'_>) -> Result<bool, ProviderTrouble> {
        let id = given.id.to_string();
        let body = json!({"type": "identity.answers", "check": id, "set": given.set, "answers": given.answers});
        let said: Judged = self.asked(&id, &body, given.now).await?;
        if said.check == id { Ok(said.passed) } else { Err(ProviderTrouble::Refused("answer-unreadable")) }
    }

    fn later_minutes(&self) -> u64 {
        self.later
    }

    fn hear(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Moment,
    ) -> Result<(CheckId, DocumentVerdict), ProviderVerificationError> {
        self.proved(headers, body, now).map_err(ProviderVerificationError::Unproved)?;
        read(body).map_err(ProviderVerificationError::Unreadable)
    }

    async fn try_account(&self, now: Moment) -> Result<(), ProviderTrouble> {
        let body = json!({"type": "identity.ping"}).to_string().into_bytes();
        let reply = self.post("ping", body, now).await?;
        if (200..300).contains(&reply.status) { Ok(()) } else { Err(status(reply.status)) }
    }
}

impl Open {
    /// What it answers at once, signed.
    async fn asked<T: DeserializeOwned>(&self, id: &str, body: &Value, now: Moment) -> Result<T, ProviderTrouble> {
        let reply = self.post(id, body.to_string().into_bytes(), now).await?;
        if reply.status != 200 {
            return Err(status(reply.status));
        }
        self.proved(&reply.headers, &reply.body, now).map_err(|_| ProviderTrouble::Refused("answer-unsigned"))?;
        serde_json::from_slice(&reply.body).map_err(|_| ProviderTrouble::Refused("answer-unreadable"))
    }

    async fn post(&self, id: &str, body: Vec<u8>, now: Moment) -> Result<HttpReply, ProviderTrouble> {
        let signer = WebhookSigner(self.keys.iter().map(|key| WebhookKey::shared(key)).collect());
        let headers =
            signer.headers(id, now.unix_seconds(), &body).ok_or(ProviderTrouble::Refused("request-refused"))?;
        let request = Request::post(self.url.as_str()).header(header::CONTENT_TYPE, "application/json");
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(body).map_err(|_| ProviderTrouble::Refused("request-refused"))?;
        self.http_client.carry(request).await.map_err(lost)
    }

    /// Whether one of the keys signed it, a moment ago.
    fn proved(&self, headers: &HeaderMap, body: &[u8], now: Moment) -> Result<(), &'static str> {
        let text = |name: &str| {
            let mut all = headers.get_all(name).iter();
            let one = all.next().and_then(|value| value.to_str().ok()).filter(|_| all.next().is_none());
            one.ok_or("a header of Standard Webhooks is missing, or there twice")
        };
        let (id, time, signatures) = (text("webhook-id")?, text("webhook-timestamp")?, text("webhook-signature")?);
        let at = time.parse::<u64>().ok().filter(|at| at.to_string() == time).ok_or("the time is none")?;
        if at.abs_diff(now.unix_seconds()) > TOLERANCE {
            return Err("the time is too far from now");
        }
        // A dot in the id would let a part of it be read as the time.
        if id.is_empty() || id.contains('.') {
            return Err("the id is none");
        }
        let signed = [format!("{id}.{time}.").as_bytes(), body].concat();
        let said: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|one| one.strip_prefix("v1,").and_then(|one| STANDARD.decode(one).ok()))
            .collect();
        let by = |key: &Vec<u8>| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key);
            said.iter().any(|one| hmac::verify(&key, &signed, one).is_ok())
        };
        if self.keys.iter().any(by) { Ok(()) } else { Err("no signature is by the secret") }
    }
}

/// Reads a verdict. A document is not genuine if its reported zone does not check out, whatever else the
/// provider says of it.
fn read(body: &[u8]) -> Result<(CheckId, DocumentVerdict), String> {
    let said: Said = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let id: CheckId = said.check.parse().map_err(|_| "check is not the id of a check".to_owned())?;
    if said.quality.is_none() && said.authentication.is_none() {
        return Err("neither quality nor authentication is said".to_owned());
    }
    let quality = said.quality.map(|quality| if quality.passed { Ok(()) } else { Err(quality.flaws) });
    let forged = said.mrz.is_some_and(|lines| mrz::check(&lines).is_err());
    // Whether it comes with the second stage or with the first alone.
    let authentication = if forged { Some(false) } else { said.authentication.map(|stage| stage.passed) };
    Ok((id, DocumentVerdict { quality, authentication }))
}
