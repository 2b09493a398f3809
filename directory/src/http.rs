//! A directory that the company runs itself, as an HTTP service: it is asked by one signed POST and answers
//! in JSON, from which records are read by pointers (RFC 6901).
//!
//! The request is signed as a Standard Webhook, so that the service can refuse whoever else asks; that
//! the answer is the service's, TLS says. `docs/directories.md` has what is asked and answered.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_channels::ambient::Ambient;
use countersign_channels::auth::webhook::{WebhookKey, WebhookSigner};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::{HttpClient, LostReply};
use http::{Request, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::fields::{DirectoryFields, parsed, texts};
use super::{ASKED_FOR, Directory, DirectoryConnection, DirectoryFailure, Kind, Verified, only};
use countersign_domain::base::id::CustomerId;
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::customer::matching::FieldCondition;
use countersign_domain::secret::{Secret, hex};

/// `directory.kind = "http"`.
pub struct Http {
    egress: EgressPolicy,
    ambient: Arc<dyn Ambient>,
}

impl Http {
    /// Speaks to whom `egress` lets it, at these times, under these ids.
    pub fn new(egress: EgressPolicy, ambient: Arc<dyn Ambient>) -> Self {
        Self { egress, ambient }
    }
}

/// What an admin writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: Url,
    /// Where in the answer the list of customers stands.
    #[serde(default = "customers")]
    customers: String,
    /// Pointers into each of them.
    #[serde(default = "usual")]
    fields: DirectoryFields,
}

fn customers() -> String {
    "/customers".to_owned()
}

/// As a record of the built-in directory is written; fields of private data and facts by their names.
fn usual() -> DirectoryFields {
    let at = json!({"id": "/id", "name": "/name", "username": "/username", "emails": "/emails", "phones": "/phones"});
    serde_json::from_value(at).expect("it is a table of fields")
}

fn is_pointer(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 256
}

impl Kind for Http {
    fn open(&self, connection: DirectoryConnection<'_>) -> Result<Arc<dyn Directory>, Vec<FieldError>> {
        let settings: Settings = parsed(connection.settings)?;
        let mut errors = settings.fields.errors(is_pointer);
        if let Err(why) = self.egress.admit(&settings.url) {
            errors.push(FieldError::invalid("/connection/url", why.says));
        }
        if !settings.customers.is_empty() && !is_pointer(&settings.customers) {
            errors.push(FieldError::invalid("/connection/customers", "must be a pointer (RFC 6901)"));
        }
        let secret =
            connection.secrets.get("signing_secret").and_then(|secret| std::str::from_utf8(secret.expose()).ok());
        let secret = secret.and_then(|text| BASE64_STANDARD.decode(text.strip_prefix("whsec_")?).ok());
        let secret = secret.filter(|secret| (24..=64).contains(&secret.len()));
        if secret.is_none() {
            errors.push(FieldError::invalid(
                "/secrets/signing_secret",
                "must be whsec_ and the base64 of 24 to 64 bytes",
            ));
        }
        let (Some(secret), true) = (secret, errors.is_empty()) else { return Err(errors) };
        let signer = WebhookSigner(vec![WebhookKey::shared(&secret)]);
        let http_client = HttpClient::new(self.egress.clone());
        let http_client =
            http_client.map_err(|_| vec![FieldError::invalid("/connection/url", "no TLS is spoken here")])?;
        let ambient = self.ambient.clone();
        Ok(Arc::new(Open { settings, signer, http_client, ambient }))
    }
}

/// A directory that was opened.
struct Open {
    settings: Settings,
    signer: WebhookSigner,
    http_client: HttpClient,
    ambient: Arc<dyn Ambient>,
}

impl Open {
    async fn ask(&self, question: Value) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let body = question.to_string().into_bytes();
        let id = format!("ask_{}", hex(&self.ambient.draw()));
        let headers = self.signer.headers(&id, self.ambient.now(), &body);
        let headers = headers.ok_or_else(|| DirectoryFailure::misconfigured("the question cannot be signed"))?;
        let request = Request::post(self.settings.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(body).map_err(|_| DirectoryFailure::misconfigured("the URL is none"))?;
        let reply = self.http_client.carry(request).await.map_err(|lost| match lost {
            LostReply::Refused => {
                DirectoryFailure::refused("its address is none that the operator lets the gateway speak to")
            }
            LostReply::Unreached => DirectoryFailure::down("no connection, or none over TLS that can be trusted"),
            LostReply::Unanswered => DirectoryFailure::down("no answer in time"),
        })?;
        match reply.status {
            200 => self.read(&reply.body),
            404 => Ok(Vec::new()),
            401 | 403 => Err(DirectoryFailure::refused(format!("it answered {}", reply.status))),
            408 | 425 | 429 | 500..=599 => Err(DirectoryFailure::down(format!("it answered {}", reply.status))),
            status => Err(DirectoryFailure::misconfigured(format!("it answered {status}; no redirect is followed"))),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let answer: Value = serde_json::from_slice(body)
            .map_err(|_| DirectoryFailure::misconfigured("the answer is no JSON, or is over 256 KiB"))?;
        let list = answer.pointer(&self.settings.customers).and_then(Value::as_array);
        let list =
            list.ok_or_else(|| DirectoryFailure::misconfigured("the answer has no list where customers should be"))?;
        list.iter().take(ASKED_FOR).map(|customer| self.record(customer)).collect()
    }

    fn record(&self, customer: &Value) -> Result<StoredCustomer, DirectoryFailure> {
        let fields = self.named(customer);
        let record = fields.record(|pointer| customer.pointer(pointer).map(texts).unwrap_or_default());
        record.ok_or_else(|| DirectoryFailure::misconfigured("a customer has no id where fields.id points"))
    }

    /// The table; where it names no private data and no facts, they are what the service calls so.
    fn named(&self, customer: &Value) -> DirectoryFields {
        let own = |member: &str| {
            let members = customer[member].as_object().into_iter().flat_map(Map::keys);
            let escaped = |name: &String| name.replace('~', "~0").replace('/', "~1");
            members.take(50).map(|name| (name.clone(), format!("/{member}/{}", escaped(name)))).collect()
        };
        let mut fields = self.settings.fields.clone();
        if fields.private_data.is_empty() {
            fields.private_data = own("private_data");
        }
        if fields.facts.is_empty() {
            fields.facts = own("facts");
        }
        fields
    }

    async fn one(&self, question: Value) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        only(self.ask(question).await?)
    }
}

#[async_trait]
impl Directory for Open {
    async fn find(&self, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let values = wanted.iter().map(|wanted| (wanted.field.clone(), Value::String(wanted.value.clone())));
        self.ask(json!({"ask": "find", "private_data": values.collect::<Map<_, _>>()})).await
    }

    async fn by_login_name(&self, name: &str) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        self.one(json!({"ask": "by_login_name", "login_name": name.trim()})).await
    }

    async fn by_id(&self, id: &CustomerId) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        let found = self.one(json!({"ask": "by_id", "id": id})).await?;
        Ok(found.filter(|record| record.id == *id))
    }

    async fn verify(&self, login_name: &str, password: &Secret) -> Result<Verified, DirectoryFailure> {
        let Some(password) = std::str::from_utf8(password.expose()).ok().filter(|password| !password.is_empty()) else {
            return Ok(Verified::Wrong);
        };
        let asked = json!({"ask": "verify", "login_name": login_name.trim(), "password": password});
        Ok(self.one(asked).await?.map_or(Verified::Wrong, |record| Verified::Right(Box::new(record))))
    }
}
