//! Mitek's Mobile Verify: a token by client credentials, then a dossier with the document's pictures and,
//! where a face is asked for, the selfie that is compared with it. It answers at once.
//!
//! What its documentation names (`docs.us.mitekcloud.com`, Mobile Verify) stands here, and nothing that
//! it does not. What it says in a way that is not known is no verdict: the person tries again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_channels::definition::Account;
use countersign_channels::http_client::{HttpClient, HttpReply};
use countersign_channels::validation::FieldError;
use http::{Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::reading::{AccountReader, lost, status};
use super::{Checker, Kind, ProviderAttempt, ProviderReply, ProviderTrouble};
use countersign_domain::providers::identity::{DocumentVerdict, Flaw, Side};
use countersign_domain::time::Moment;

/// Where it is, where an account names no other region.
const HOME: &str = "https://api.west-1.us.mitekcloud.com";

/// What a token is asked for: to make dossiers.
const SCOPE: &str = "global.identity.api dossier.creator";

/// A token is not used any more so long before its end.
const MARGIN: Duration = Duration::from_secs(30);

/// The kind `mitek`.
pub struct Mitek(HttpClient);

impl Mitek {
    /// One that speaks through that carrier.
    pub fn new(http_client: HttpClient) -> Self {
        Self(http_client)
    }
}

impl Kind for Mitek {
    fn name(&self) -> &'static str {
        "mitek"
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Checker>, Vec<FieldError>> {
        let mut reading = AccountReader::of(account, &["base_url", "client_id", "scope"], &["client_secret"]);
        let base = reading.address("base_url", Some(HOME), &self.0);
        let client_id = reading.needed("client_id");
        let scope = reading.text("scope").unwrap_or_else(|| SCOPE.to_owned());
        let client_secret = SecretString::from(reading.needed_secret("client_secret").to_owned());
        let token = Mutex::new(None);
        let open = base.map(|base| Open { http_client: self.0.clone(), base, client_id, client_secret, scope, token });
        reading.end(open).map(|open| Arc::new(open) as Arc<dyn Checker>)
    }
}

/// An account.
struct Open {
    http_client: HttpClient,
    base: Url,
    client_id: String,
    client_secret: SecretString,
    scope: String,
    /// The newest token, and until when it is used.
    token: Mutex<Option<(SecretString, Moment)>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

/// What it found, as far as it is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dossier {
    #[serde(default)]
    evidence: Vec<Evidence>,
    findings: Option<Findings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evidence {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    images: Vec<Image>,
    processing_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    processing_status: String,
    classification: Option<Classification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Classification {
    image_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    authenticated: Option<bool>,
    #[serde(default)]
    verifications: Vec<Verification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    name: String,
    judgement: String,
}

#[async_trait]
impl Checker for Open {
    async fn check(&self, case: &ProviderAttempt<'_>) -> Result<ProviderReply, ProviderTrouble> {
        let body = dossier(case).to_string().into_bytes();
        let mut reply = self.hand_in(&body, case.now).await?;
        if reply.status == 401 {
            // The token was taken back before its end: once more with another.
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
            reply = self.hand_in(&body, case.now).await?;
        }
        if reply.status != 200 {
            return Err(status(reply.status));
        }
        let found: Dossier =
            serde_json::from_slice(&reply.body).map_err(|_| ProviderTrouble::Away("answer-unreadable"))?;
        verdict(&found, case.selfie).map(ProviderReply::Verdict)
    }

    async fn try_account(&self, now: Moment) -> Result<(), ProviderTrouble> {
        self.ask_for_token(now).await.map(drop)
    }
}

impl Open {
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }

    async fn hand_in(&self, body: &[u8], now: Moment) -> Result<HttpReply, ProviderTrouble> {
        let token = self.token(now).await?;
        let request = Request::post(self.at("api/verify/v2/dossier"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .body(body.to_vec());
        self.http_client.carry(request.map_err(|_| ProviderTrouble::Refused("request-refused"))?).await.map_err(lost)
    }

    async fn token(&self, now: Moment) -> Result<SecretString, ProviderTrouble> {
        let kept = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept.filter(|(_, until)| now < *until) {
            Some((token, _)) => Ok(token),
            None => self.ask_for_token(now).await,
        }
    }

    async fn ask_for_token(&self, now: Moment) -> Result<SecretString, ProviderTrouble> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
            ("scope", &self.scope),
        ];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(self.at("connect/token"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        let request = request.map_err(|_| ProviderTrouble::Refused("request-refused"))?;
        let reply = self.http_client.carry(request).await.map_err(lost)?;
        match reply.status {
            200 => {}
            400 | 401 | 403 => return Err(ProviderTrouble::Refused("account-refused")),
            other => return Err(status(other)),
        }
        let granted: Granted =
            serde_json::from_slice(&reply.body).map_err(|_| ProviderTrouble::Away("answer-unreadable"))?;
        let until = now.plus(Duration::from_secs(granted.expires_in).saturating_sub(MARGIN));
        let token = SecretString::from(granted.access_token);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some((token.clone(), until));
        Ok(token)
    }
}

/// What is asked: the document's pictures in their order, and with a face that the two be compared.
fn dossier(case: &ProviderAttempt<'_>) -> Value {
    let data = |side: Side| {
        let own = case.pictures.iter().filter(move |(shown, _)| *shown == side);
        own.map(|(_, picture)| STANDARD.encode(picture.bytes()))
    };
    let images: Vec<Value> =
        [Side::Front, Side::Back].into_iter().flat_map(data).map(|data| json!({"data": data})).collect();
    let mut evidence = vec![json!({"type": "IdDocument", "images": images})];
    evidence
        .extend(data(Side::Selfie).map(|data| json!({"type": "Biometric", "biometricType": "Selfie", "data": data})));
    let verifications = if case.selfie { json!({"faceComparison": true}) } else { json!({}) };
    json!({
        "customerReferenceId": case.id.to_string(),
        "evidence": evidence,
        "configuration": {"verifications": verifications, "responseImages": []},
    })
}

/// What was found, in our words. First the pictures; of the document it counts only where all of them
/// could be worked with, and with a face only where the faces were compared.
fn verdict(found: &Dossier, selfie: bool) -> Result<DocumentVerdict, ProviderTrouble> {
    let unclear = |flaw| Ok(DocumentVerdict { quality: Some(Err(vec![flaw])), authentication: None });
    let images: Vec<&Image> =
        found.evidence.iter().filter(|evidence| evidence.kind == "IdDocument").flat_map(|e| &e.images).collect();
    if images.is_empty() {
        return Err(ProviderTrouble::Away("answer-unreadable"));
    }
    if images.iter().any(|image| image.processing_status != "Successful") {
        return unclear(Flaw::Unreadable);
    }
    let known = |image: &&Image| {
        let kind = image.classification.as_ref().and_then(|classification| classification.image_type.as_deref());
        kind.is_some_and(|kind| !kind.is_empty() && kind != "Unknown")
    };
    if !images.iter().all(known) {
        return unclear(Flaw::WrongDocument);
    }
    let faces = found.evidence.iter().filter(|evidence| evidence.kind == "Biometric");
    if faces.filter_map(|face| face.processing_status.as_deref()).any(|status| status != "Successful") {
        return unclear(Flaw::NoFace);
    }
    let findings = found.findings.as_ref().ok_or(ProviderTrouble::Away("answer-unreadable"))?;
    let genuine = findings.authenticated.ok_or(ProviderTrouble::Away("answer-unreadable"))?;
    let compared = findings.verifications.iter().find(|one| one.name == "Face Comparison");
    let same = match (selfie, compared.map(|one| one.judgement.as_str())) {
        (false, _) | (true, Some("Authentic")) => true,
        (true, Some("Fraudulent")) => false,
        // Genuine without a face is not what was asked for. It is the selfie's doing and not ours, so it counts:
        // else a document that is another's could be tried with any face, without end.
        (true, _) if genuine => return unclear(Flaw::NoFace),
        (true, _) => false,
    };
    Ok(DocumentVerdict { quality: Some(Ok(())), authentication: Some(genuine && same) })
}
