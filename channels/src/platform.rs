//! A platform that a definition describes: what it can do, the channel of an account on it, and
//! the ear for what comes in over it. One engine serves all; what differs is in the definition.

use std::num::NonZeroU32;
use std::sync::Arc;

use secrecy::SecretString;

use crate::Channel;
use crate::account::form::RequestedField;
use crate::account::{Account, FORWARD_URL, max_per_minute};
use crate::ambient::Ambient;
use crate::auth::AccountProof;
use crate::definition::{Definition, Features};
use crate::engine::file::File;
use crate::engine::line::Line;
use crate::format::inbound::InboundFormat;
use crate::format::inbound::verify::VerifyFormat;
use crate::format::template::values::KnownAccount;
use crate::http_client::HttpClient;
use crate::inbound::WebhookVerifier;
use crate::validation::{self, FieldError};

pub mod check;
pub mod fields;
pub mod shipped;

use check::DefinitionError;

/// A platform, as its definition says.
pub struct Platform {
    file: Arc<File>,
    inbound: Option<Arc<InboundFormat>>,
    http_client: HttpClient,
    ambient: Arc<dyn Ambient>,
}

impl Platform {
    /// Reads a definition; `name` is what its errors are told under.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it, with its line and what would be right.
    pub fn load(
        name: &str,
        source: &str,
        http_client: HttpClient,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Self, DefinitionError> {
        let file = check::load(name, source)?;
        let inbound = file.inbound.clone().map(Arc::new);
        Ok(Self { file: Arc::new(file), inbound, http_client, ambient })
    }

    /// The account, with all that it needs to speak and to hear.
    fn judge(&self, account: &Account) -> Result<KnownAccount, Vec<FieldError>> {
        let known = fields::judge(&self.file, account, self.http_client.egress())?;
        let proofs = self.inbound.iter().flat_map(|inbound| &inbound.verify);
        let wrong: Vec<FieldError> =
            proofs.flat_map(|proof| proof.errors(&known)).chain(self.deaf(account, &known)).collect();
        if wrong.is_empty() { Ok(known) } else { Err(wrong) }
    }

    /// The line of an account that was judged.
    fn line(
        &self,
        known: KnownAccount,
        limit: Option<NonZeroU32>,
        http_client: HttpClient,
    ) -> Result<Line, Vec<FieldError>> {
        let proof = AccountProof::open(&self.file.auth, &known)?;
        let (file, ambient) = (self.file.clone(), self.ambient.clone());
        Ok(Line { file, known, proof, http_client, ambient, limit })
    }

    /// Who wants to have passed on what is heard must be able to prove it: the account that lacks
    /// what that takes would be told of nothing, for ever.
    fn deaf(&self, account: &Account, known: &KnownAccount) -> Option<FieldError> {
        account.fields.get(FORWARD_URL).filter(|url| !url.is_null())?;
        let Some(inbound) = &self.inbound else {
            let pointer = format!("/account/{}", FORWARD_URL);
            return Some(FieldError::at(pointer, &validation::NOT_HEARD));
        };
        let can_prove = |proof: &VerifyFormat| proof.secret().is_none_or(|name| known.secrets.contains_key(name));
        if inbound.verify.iter().any(can_prove) {
            return None;
        }
        let name = inbound.verify.iter().find_map(VerifyFormat::secret)?;
        let about = self.file.secrets.get(name).map_or("", |secret| secret.about.as_str());
        let detail = format!("is missing, and nothing that comes in can be proved without: {about}");
        Some(FieldError::at(format!("/secrets/{name}"), validation::UNPROVED.saying(detail)))
    }

    /// What the definition says.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Definition for Platform {
    fn name(&self) -> &str {
        &self.file.platform.name
    }

    fn features(&self) -> Features {
        let (file, inbound) = (&self.file, self.inbound.as_deref());
        Features {
            title: file.platform.title.clone(),
            link: !file.send.link.is_empty(),
            code: !file.send.code.is_empty(),
            initiate: file.can.initiate,
            window_hours: file.can.window_hours,
            idempotent: file.send.idempotent,
            preview: file.can.preview.into(),
            account_link: file.linking.is_some(),
            return_link: file.can.return_link.is_some(),
            retracts: file.retract.heard.is_some(),
            shows_status: file.shown.is_some(),
            hears: inbound.is_some(),
            receipts: inbound.is_some_and(|inbound| !inbound.receipt.is_empty()),
            assurance: inbound.map(|inbound| inbound.assurance.wire_name()),
        }
    }

    fn asks(&self) -> Vec<RequestedField> {
        fields::asked(&self.file)
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        let known = self.judge(account)?;
        let limit = max_per_minute(account).map_err(|wrong| vec![wrong])?.or(self.file.send.max_per_minute);
        Ok(Arc::new(self.line(known, limit, self.http_client.clone())?))
    }

    fn verifier(&self, secret: &SecretString) -> Option<WebhookVerifier> {
        let inbound = self.inbound.as_deref()?;
        let defaults = self.file.account.iter();
        let fields = defaults.filter_map(|(name, field)| Some((name.clone(), field.default.clone()?))).collect();
        let secrets = self.file.secrets.keys().map(|name| (name.clone(), secret.clone())).collect();
        Some(WebhookVerifier::new(inbound, KnownAccount { fields, secrets }, self.http_client.clone()))
    }

    fn webhook_verifier(&self, account: &Account) -> Result<Option<WebhookVerifier>, Vec<FieldError>> {
        let known = self.judge(account)?;
        let Some(inbound) = self.inbound.as_deref() else { return Ok(None) };
        let asks = inbound.members.is_some() || !inbound.invited.is_empty();
        // The platform waits for its answer meanwhile.
        let quick = self.http_client.quick();
        let webhook_verifier = WebhookVerifier::new(inbound, known.clone(), quick.clone());
        Ok(Some(if asks { webhook_verifier.with_line(self.line(known, None, quick)?) } else { webhook_verifier }))
    }
}
