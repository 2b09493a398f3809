//! The pseudonym that customers' failure limits go by.
//! How many failures there were, `conversation::failure_limit` says.

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::id::{CustomerId, TeamName};
use crate::secret::keys::Keys;

/// A customer as failure limits know her: a keyed pseudonym, the same at each of her addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CustomerTag(String);

impl CustomerTag {
    /// Of a customer by her id.
    pub fn of_id(keys: &Keys, team: &TeamName, id: &CustomerId) -> Self {
        Self::made(keys, team, "customer", id.as_str())
    }

    /// Of nobody: what fails under names that are no customer's costs the same and leads to nothing.
    pub fn of_nobody(keys: &Keys, team: &TeamName, bucket: u8) -> Self {
        Self::made(keys, team, "nobody", &bucket.to_string())
    }

    /// Of what a customer is known by, and of which kind that is.
    pub(crate) fn made(keys: &Keys, team: &TeamName, kind: &str, own: &str) -> Self {
        let tag = keys.pseudonym.tag(&[b"failure_limit", team.as_str().as_bytes(), kind.as_bytes(), own.as_bytes()]);
        Self(tag.name())
    }

    /// As a trail tells it; nothing for a text that no customer is known by.
    pub fn told(text: &str) -> Option<Self> {
        let is_tag = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_tag.then(|| Self(text.to_owned()))
    }

    /// The name of the record.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CustomerTag {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::told(&String::deserialize(d)?).ok_or_else(|| serde::de::Error::custom("no customer's tag"))
    }
}
