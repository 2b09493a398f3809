//! What a chat platform is to us: a name, what an account on it must say, and the channel that
//! comes of an account. The registry is the list of those that this gateway has.
//!
//! It knows no team and keeps no account: whoever asks brings one.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::Channel;
use crate::asked::Asked;
use crate::inbound::WebhookVerifier;
use crate::validation::{self, FieldError};

/// A team's account on a platform, as the team has written it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What may be shown.
    pub fields: Map<String, Value>,
    /// What may not: keys and passwords by name.
    pub secrets: BTreeMap<String, SecretString>,
}

/// What a platform can do, for whoever chooses one.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Abilities {
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
    pub shows_standing: bool,
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
    fn abilities(&self) -> Abilities;

    /// What an account on it may say, for whoever fills one in; nothing: it describes none.
    fn asks(&self) -> Vec<Asked> {
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

/// Every field of an account must be one that the platform knows.
pub fn only(account: &Account, fields: &[&str], secrets: &[&str]) -> Vec<FieldError> {
    let unknown = |place: &str, name: &str, known: &[&str]| {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        FieldError::at(
            format!("/{place}/{name}"),
            validation::UNKNOWN.saying(format!("no such field; there are: {known}")),
        )
    };
    let open = account.fields.keys().filter(|name| !fields.contains(&name.as_str()));
    let closed = account.secrets.keys().filter(|name| !secrets.contains(&name.as_str()));
    let open = open.map(|name| unknown("account", name, fields));
    open.chain(closed.map(|name| unknown("secrets", name, secrets))).collect()
}

/// How many messages a minute may bring to the platform: a field of every account.
pub const MAX_PER_MINUTE: &str = "max_per_minute";

/// No limit is larger: nothing would be left to wait for.
const MAX_PER_MINUTE_ALLOWED: u64 = 60_000;

/// The limit that an account says, as a number or as a text of digits.
///
/// # Errors
///
/// What is wrong with it.
pub fn max_per_minute(account: &Account) -> Result<Option<NonZeroU32>, FieldError> {
    let said = match account.fields.get(MAX_PER_MINUTE) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    let said = said.filter(|said| *said <= MAX_PER_MINUTE_ALLOWED).and_then(|said| u32::try_from(said).ok());
    let limit = said.and_then(NonZeroU32::new);
    let out_of_bounds = || validation::NUMBER.with([("least", &1), ("most", &MAX_PER_MINUTE_ALLOWED)]);
    limit.map(Some).ok_or_else(|| FieldError::at(format!("/account/{MAX_PER_MINUTE}"), out_of_bounds()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;

    #[test]
    fn an_account_that_says_too_much_is_told_what_there_is() {
        let account = Account { fields: Map::from_iter([("sender".to_owned(), "x".into())]), ..Account::default() };
        let wrong = only(&account, &["from"], &[]);
        assert_eq!(wrong[0].pointer, "/account/sender");
        assert!(wrong[0].error.detail.contains("from"));
        assert_eq!(only(&account, &["sender"], &[]), []);
    }

    #[test]
    fn a_registry_knows_its_definitions_by_name() {
        let registry = Registry::of([Arc::new(Recorder::default()) as Arc<dyn Definition>]);
        assert_eq!(registry.names().collect::<Vec<_>>(), ["recorder"]);
        assert!(registry.find("recorder").is_some() && registry.find("pigeon").is_none());
    }
}
