//! What a chat platform is to us: a name, what an account on it must say, and the channel that
//! comes of an account. The registry is the list of those that this gateway has.
//!
//! It knows no team and keeps no account: whoever asks brings one.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use crate::Channel;
use crate::account::form::RequestedField;
use crate::inbound::WebhookVerifier;
use crate::validation::FieldError;

pub use crate::account::Account;

/// What a platform can do, for whoever chooses one.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Features {
    /// What people call it.
    pub title: String,
    /// Whether links have a form of their own, such as a button; else they stand in the text.
    pub link: bool,
    /// Whether codes have a form of their own; else they stand in the text.
    pub code: bool,
    /// Whether it may write first.
    pub initiate: bool,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
    /// Whether it drops the same message when it comes again.
    pub idempotent: bool,
    /// What becomes of links' previews: `fetched`, `suppressed`, `none`.
    pub preview: &'static str,
    /// Whether the platform itself says whose browser has logged in.
    pub account_link: bool,
    /// Whether a link can write a code into the chat.
    pub return_link: bool,
    /// Whether what a person wrote can be taken out of the chat.
    pub retracts: bool,
    /// Whether agents there can be shown who was proved.
    pub shows_status: bool,
    /// Whether what is said there is heard.
    pub hears: bool,
    /// Whether it says what became of messages.
    pub receipts: bool,
    /// What a sender's id is worth, where it is heard: `platform`, `spoofable`, `inherited`.
    pub assurance: Option<&'static str>,
}

/// A platform.
pub trait Definition: Send + Sync + 'static {
    /// What teams call it.
    fn name(&self) -> &str;

    /// The channel of an account, or everything that is wrong with the account. Speaks to nobody.
    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>>;

    /// What it can do.
    fn features(&self) -> Features;

    /// What an account on it may say, for whoever fills one in; nothing: it describes none.
    fn asks(&self) -> Vec<RequestedField> {
        Vec::new()
    }

    /// What hears what comes in for an account, where the platform is heard.
    fn webhook_verifier(&self, _account: &Account) -> Result<Option<WebhookVerifier>, Vec<FieldError>> {
        Ok(None)
    }

    /// An ear without an account, that holds one secret against whatever proof there is: for who
    /// asks why a request is not believed. Rules that an account's fields fill do not hold for it.
    fn verifier(&self, _secret: &SecretString) -> Option<WebhookVerifier> {
        None
    }
}

/// The platforms that there are.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn Definition>>);

impl Registry {
    /// With these. Of two with one name the later stands.
    pub fn of(definitions: impl IntoIterator<Item = Arc<dyn Definition>>) -> Self {
        Self(definitions.into_iter().map(|definition| (definition.name().to_owned(), definition)).collect())
    }

    /// With one more.
    #[must_use]
    pub fn and(mut self, definition: Arc<dyn Definition>) -> Self {
        self.0.insert(definition.name().to_owned(), definition);
        self
    }

    /// The platform of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Definition>> {
        self.0.get(name)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in::recorder::Recorder;

    #[test]
    fn a_registry_knows_its_definitions_by_name() {
        let registry = Registry::of([Arc::new(Recorder::default()) as Arc<dyn Definition>]);
        assert_eq!(registry.names().collect::<Vec<_>>(), ["recorder"]);
        assert!(registry.find("recorder").is_some() && registry.find("pigeon").is_none());
    }
}
