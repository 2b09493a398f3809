//! The link by which a customer chooses another password. It lives 72 hours, is good once, and a newer
//! one, a changed password, a disabled account and another address of the customer's end it. What is kept
//! could not make its token.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::LoginTag;
use crate::base::id::TeamName;
use crate::customer::folded;
use crate::secret::{MacKey, base64url, from_base64url};
use crate::time::Moment;

/// How long a link lives.
pub const LIFETIME: Duration = Duration::from_secs(72 * 60 * 60);

/// In its last hour a link is not sent again: it would be over when it is opened.
const LAST: Duration = Duration::from_secs(60 * 60);

/// A link that may still be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// What its token follows from, with a key outside the store.
    pub nonce: [u8; 16],
    /// From then on it is not good any more.
    pub expires_at: Moment,
    /// Where it may have gone, as keyed fingerprints; what an earlier release sent does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent_to: Vec<[u8; 16]>,
}

/// The secret of `/r/TOKEN`, taken apart: whose record it opens, and what proves that it may.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetToken {
    /// Whose customer.
    pub team: TeamName,
    /// Whose record.
    pub of: LoginTag,
    proof: [u8; 16],
}

/// The first byte, which tells it from other tokens.
const KIND: u8 = 6;

impl Reset {
    /// A fresh one.
    pub fn new(nonce: [u8; 16], sent_to: Vec<[u8; 16]>, now: Moment) -> Self {
        Self { nonce, expires_at: now.plus(LIFETIME), sent_to }
    }

    /// An address as it is kept here.
    pub fn address(key: &MacKey, team: &TeamName, address: &str) -> [u8; 16] {
        let tag = key.tag(&[b"reset to", team.as_str().as_bytes(), folded(address).as_bytes()]);
        tag.first_half()
    }

    /// Whether it may be sent once more: it went to these addresses and no others, and is good for long enough
    /// to be read and used.
    pub fn may_go_again(&self, addresses: &[[u8; 16]], now: Moment) -> bool {
        self.sent_to == addresses && now.plus(LAST) < self.expires_at
    }

    /// Whether all that it may have gone to are hers still. Who reads an address that was hers is another.
    pub fn is_hers(&self, addresses: &[[u8; 16]]) -> bool {
        self.sent_to.iter().all(|sent| addresses.contains(sent))
    }

    /// Its token.
    pub fn token(&self, team: &TeamName, of: LoginTag, key: &MacKey) -> ResetToken {
        let made = key.tag(&[b"reset", team.as_str().as_bytes(), of.as_bytes(), &self.nonce]);
        ResetToken { team: team.clone(), of, proof: made.first_half() }
    }

    /// Whether it is this link's.
    pub fn is(&self, token: &ResetToken, key: &MacKey) -> bool {
        self.token(&token.team, token.of, key).proof.ct_eq(&token.proof).into()
    }
}

impl ResetToken {
    /// The text that stands in the URL.
    pub fn text(&self) -> String {
        let parts = [&[KIND][..], &self.proof, self.of.as_bytes(), self.team.as_str().as_bytes()];
        base64url(&parts.concat())
    }

    /// Takes only the one canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = from_base64url(text).filter(|bytes| bytes.len() <= 96)?;
        let (kind, rest) = bytes.split_first()?;
        let (proof, rest) = rest.split_first_chunk::<16>()?;
        let (of, team) = rest.split_first_chunk::<16>()?;
        let team = std::str::from_utf8(team).ok()?.parse().ok()?;
        (*kind == KIND).then(|| Self { team, of: LoginTag::from_bytes(*of), proof: *proof })
    }
}

crate::secret::hidden!(ResetToken);
