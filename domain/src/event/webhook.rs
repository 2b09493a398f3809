//! A team's webhooks: where events are told, which, and what they are signed with. A secret that is
//! replaced signs on beside the new one for as long as was said.
//!
//! How far a webhook has come is `cursor`'s; whether an address may be spoken to is said outside.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::id::InvalidName;
use crate::base::validation;
use crate::event::EventKind;
use crate::secret::Secret;
use crate::secret::retiring::{Retiring, overlap_until, replaced};
use crate::time::Moment;

/// A team has at most so many webhooks.
pub const MAX_WEBHOOKS: usize = 16;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSelection {
    /// Every event.
    All,
    /// Events of that kind. Codes go to the webhook that the team's settings name, and it gets them anyway.
    Kind(EventKind),
}

impl EventSelection {
    /// Everything that may be wanted by its own name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EventKind::ALL.iter().map(|kind| kind.as_str())
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::Kind(kind) => kind.as_str(),
        }
    }
}

impl fmt::Display for EventSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventSelection {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text {
            "*" => Ok(Self::All),
            _ => EventKind::named(text).map(Self::Kind).ok_or(InvalidName(validation::EVENT.says)),
        }
    }
}

impl Serialize for EventSelection {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventSelection {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How it is signed, as Standard Webhooks calls it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureScheme {
    /// HMAC-SHA-256: the receiver has the secret.
    #[default]
    V1,
    /// Ed25519: the receiver has the public key.
    V1a,
}

/// Where a webhook's course began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Tells this course from one before it under the same name.
    pub id: String,
    /// It tells what came after that event.
    pub after: u64,
}

/// A team's webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// What is told.
    pub events: Vec<EventSelection>,
    /// How it is signed.
    pub signature: SignatureScheme,
    /// What signs: a shared secret, or the seed of a pair.
    pub secret: Secret,
    /// What signs still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retiring: Vec<Retiring>,
    /// Since when.
    pub created_at: Moment,
    /// Where its course began.
    pub start: Start,
}

impl Webhook {
    /// Whether it is told events of that kind.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.events.iter().any(|wanted| *wanted == EventSelection::All || *wanted == EventSelection::Kind(kind))
    }

    /// What signs at that moment, the newest first.
    pub fn secrets(&self, now: Moment) -> impl Iterator<Item = &Secret> {
        let live = self.retiring.iter().filter(move |old| now < old.until);
        [&self.secret].into_iter().chain(live.map(|old| &old.secret))
    }

    /// Until when a secret that was replaced signs as well.
    pub fn overlap_until(&self, now: Moment) -> Option<Moment> {
        overlap_until(&self.retiring, now)
    }

    /// Another secret signs from now on; the one before signs as well for so long.
    pub fn rotate(&mut self, secret: [u8; 32], overlap_minutes: u64, now: Moment) {
        let before = std::mem::replace(&mut self.secret, Secret::new(secret.to_vec()));
        replaced(&mut self.retiring, before, overlap_minutes, now);
    }

    /// What the receiver must have, as Standard Webhooks writes it, told once: nothing but the public
    /// key, where a pair signs.
    pub fn secret_text(&self) -> Option<String> {
        (self.signature == SignatureScheme::V1).then(|| format!("whsec_{}", STANDARD.encode(self.secret.expose())))
    }

    /// The public half of what signs, where a pair does.
    pub fn public_key(&self) -> Option<String> {
        if self.signature == SignatureScheme::V1 {
            return None;
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(self.secret.expose()).ok()?;
        Some(format!("whpk_{}", STANDARD.encode(pair.public_key().as_ref())))
    }
}

/// What an admin writes of a webhook.
#[derive(Clone, Debug)]
pub struct WebhookInput {
    /// Where to.
    pub url: String,
    /// What is told.
    pub events: Vec<EventSelection>,
    /// How it is signed; none keeps what is there.
    pub signature: Option<SignatureScheme>,
}

impl WebhookInput {
    /// The webhook as it is from now on, and whether its secret is a new one: what was a shared secret
    /// must never sign as a pair, since others know it.
    pub fn over(&self, before: Option<&Webhook>, secret: [u8; 32], start: Start, now: Moment) -> (Webhook, bool) {
        let signature = self.signature.or(before.map(|before| before.signature)).unwrap_or_default();
        let kept = before.filter(|before| before.signature == signature);
        let webhook = Webhook {
            url: self.url.clone(),
            events: self.events.clone(),
            signature,
            secret: kept.map_or_else(|| Secret::new(secret.to_vec()), |before| before.secret.clone()),
            retiring: kept.map(|before| before.retiring.clone()).unwrap_or_default(),
            created_at: before.map_or(now, |before| before.created_at),
            start,
        };
        (webhook, kept.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start { id: "a".into(), after: 0 }
    }

    fn written(signature: Option<SignatureScheme>, before: Option<&Webhook>, draw: u8) -> (Webhook, bool) {
        let writing = WebhookInput { url: "https://a.example/".into(), events: vec![EventSelection::All], signature };
        writing.over(before, [draw; 32], start(), Moment(1))
    }

    #[test]
    fn a_secret_stays_until_it_is_rotated_or_signs_otherwise() {
        let (first, is_new) = written(None, None, 1);
        assert!(is_new && first.signature == SignatureScheme::V1);
        let (same, is_new) = written(None, Some(&first), 2);
        assert_eq!((same.clone(), is_new), (first.clone(), false));
        let (other, is_new) = written(Some(SignatureScheme::V1a), Some(&first), 2);
        assert!(is_new && other.secret != first.secret, "a secret that others know must not become a pair's seed");
        assert!(other.public_key().is_some_and(|key| key.starts_with("whpk_")) && other.secret_text().is_none());
        assert!(first.public_key().is_none() && first.secret_text().is_some_and(|text| text.starts_with("whsec_")));
    }

    #[test]
    fn a_replaced_secret_signs_for_as_long_as_was_said() {
        let (mut webhook, _) = written(None, None, 1);
        webhook.rotate([2; 32], 10, Moment(0));
        let signing = |webhook: &Webhook, now| -> Vec<u8> {
            webhook.secrets(Moment(now)).map(|secret| secret.expose()[0]).collect()
        };
        assert_eq!(signing(&webhook, 599_999), [2, 1]);
        assert_eq!(signing(&webhook, 600_000), [2]);
        webhook.rotate([3; 32], 0, Moment(0));
        assert_eq!(signing(&webhook, 0), [3, 1], "one that was replaced without overlap signs no more");
        for n in 4..12 {
            webhook.rotate([n; 32], 10, Moment(0));
        }
        assert_eq!(signing(&webhook, 0), [11, 10, 9, 8]);
    }

    #[test]
    fn what_is_wanted_is_named_or_everything() {
        assert_eq!("*".parse::<EventSelection>(), Ok(EventSelection::All));
        let named: EventSelection = "participant.authenticated".parse().unwrap();
        let (mut webhook, _) = written(None, None, 1);
        assert!(webhook.wants(EventKind::Locked));
        webhook.events = vec![named, EventSelection::Kind(EventKind::OtpRequested)];
        assert!(webhook.wants(EventKind::Authenticated) && !webhook.wants(EventKind::Locked));
        assert!("participant.*".parse::<EventSelection>().is_err() && "".parse::<EventSelection>().is_err());
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse::<EventSelection>().unwrap().to_string(), kind.as_str());
        }
    }
}
