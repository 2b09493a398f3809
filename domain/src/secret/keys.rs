//! Every key of the gateway, made from the one root key: each for one purpose.
//! What is a secret, a fingerprint and a key, `secret` says.

use aws_lc_rs::hkdf;

use super::signing::SigningKey;
use crate::base::id::{ChannelName, Conversation, TeamName};
use crate::secret::{MacKey, Secret, Tag};

/// Every key of the gateway, made from the one root key.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Links, handles and done pages.
    pub link: MacKey,
    /// The secret part of a handle, so that the same browser gets the same one.
    pub handle: MacKey,
    /// Confirmation codes.
    pub confirmation: MacKey,
    /// One-time codes.
    pub code: MacKey,
    /// The nonces of forms.
    pub form: MacKey,
    /// API keys.
    pub api: MacKey,
    /// Partitions and the names of address records.
    pub address: MacKey,
    /// People in the audit trail.
    pub pseudonym: MacKey,
    /// The words that let a browser into a web chat's window.
    pub window: MacKey,
    /// Refresh tokens of customers' tickets.
    pub ticket: MacKey,
    /// Sessions of the consoles, and set-password links.
    pub session: MacKey,
    /// The names of customers' records, and what they are found by.
    pub directory: MacKey,
    /// Idempotency keys and the bodies that came with them.
    pub replay: MacKey,
    /// What seals records at rest.
    pub seal: Secret,
    /// What signs the words that others verify.
    pub signing: SigningKey,
}

impl Keys {
    /// Of the address of conversations: its record's name, and its partition in the last byte.
    pub fn address_tag(&self, team: &TeamName, channel: &ChannelName, conversation: &Conversation) -> Tag {
        let parts = [team.as_str(), channel.as_str(), conversation.as_str()];
        self.address.tag(&parts.map(str::as_bytes))
    }

    /// What a customer is called where people are not to be read: in events and the audit trail.
    pub fn customer_pseudonym(&self, team: &TeamName, customer: &str) -> String {
        self.pseudonym.tag(&[team.as_str().as_bytes(), customer.as_bytes()]).name()
    }

    /// HKDF-SHA-256 with a label for each use.
    pub fn from_root(root: &Secret) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign 1");
        let root = salt.extract(root.expose());
        let derive = |label: &str| {
            let mut out = vec![0u8; 32];
            let info = [label.as_bytes()];
            let made = root.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out));
            made.expect("32 bytes are within what HKDF-SHA-256 gives");
            Secret::new(out)
        };
        let mac = |label: &str| MacKey::new(derive(label).expose());
        Self {
            link: mac("link"),
            handle: mac("handle"),
            confirmation: mac("confirmation"),
            code: mac("one-time code"),
            form: mac("form"),
            api: mac("api key"),
            address: mac("address"),
            pseudonym: mac("pseudonym"),
            window: mac("window"),
            ticket: mac("ticket"),
            session: mac("session"),
            directory: mac("directory"),
            replay: mac("replay"),
            seal: derive("seal"),
            signing: SigningKey::from_seed(&derive("signing")),
        }
    }
}
