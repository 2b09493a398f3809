//! A team's account on a chat platform: which one, with what, and the secret that what comes in
//! over it is passed on under. What a platform is, and whether it takes this account, is said
//! outside; nothing here sends anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::validation;
use crate::base::validation::FieldError;
use crate::secret::Secret;
use crate::secret::retiring::{Retiring, overlap_until, replaced};
use crate::time::Moment;

/// A team has at most so many channels.
pub const MAX_CHANNELS: usize = 32;

/// An account, secrets included, has at most so many bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Whether an account is of a size that a record can bear.
pub(crate) fn check_size(
    account: &Map<String, Value>,
    secrets: &BTreeMap<String, Secret>,
) -> Result<(), Vec<FieldError>> {
    let open: usize = account.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    let closed: usize = secrets.iter().map(|(name, secret)| name.len() + secret.expose().len()).sum();
    if open + closed > MAX_BYTES {
        return Err(vec![FieldError::at("/account", validation::TOO_LONG.with([("most", &MAX_BYTES)]))]);
    }
    Ok(())
}

/// A team's channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamChannel {
    /// The platform.
    pub definition: String,
    /// What may be shown of the account.
    pub account: Map<String, Value>,
    /// What may not, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Messages that come in are passed on under it.
    pub forward_secret: Secret,
    /// What they are passed on under still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retiring: Vec<Retiring>,
    /// Since when.
    pub created_at: Moment,
    /// Since when nothing goes over it, as far as anybody tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<Moment>,
}

/// What a try says of the channel itself, beyond the one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// A message has left over it.
    Up,
    /// Nothing leaves, for that reason.
    Down(&'static str),
}

impl TeamChannel {
    /// What was found out of it; true where that is news.
    pub fn hear(&mut self, health: Health, now: Moment) -> bool {
        let is_news = self.is_news(health);
        if is_news {
            self.down_since = matches!(health, Health::Down(_)).then_some(now);
        }
        is_news
    }

    /// What signs at that moment what is passed on, the newest first.
    pub fn forward_secrets(&self, now: Moment) -> impl Iterator<Item = &Secret> {
        let live = self.retiring.iter().filter(move |old| now < old.until);
        [&self.forward_secret].into_iter().chain(live.map(|old| &old.secret))
    }

    /// Until when a secret that was replaced signs as well.
    pub fn overlap_until(&self, now: Moment) -> Option<Moment> {
        overlap_until(&self.retiring, now)
    }

    /// Another secret signs from now on; the one before signs as well for so long.
    pub fn rotate(&mut self, secret: [u8; 32], overlap_minutes: u64, now: Moment) {
        let before = std::mem::replace(&mut self.forward_secret, Secret::new(secret.to_vec()));
        replaced(&mut self.retiring, before, overlap_minutes, now);
    }

    /// Where messages that are nobody's answer go, where they go anywhere.
    pub fn forward_url(&self) -> Option<&str> {
        self.account.get("forward_url").and_then(Value::as_str)
    }

    /// Whether the account is the same, however it stands with the platform.
    pub fn is_same_account(&self, other: &Self) -> bool {
        (&self.definition, &self.account, &self.secrets) == (&other.definition, &other.account, &other.secrets)
    }

    /// Whether it is of a size that a record can bear, with what was kept of it.
    ///
    /// # Errors
    /// That it is too large.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        check_size(&self.account, &self.secrets)
    }

    /// Whether nobody knew it yet.
    pub fn is_news(&self, health: Health) -> bool {
        self.down_since.is_some() != matches!(health, Health::Down(_))
    }
}

/// What an admin writes of a channel.
#[derive(Clone, Debug)]
pub struct ChannelInput {
    /// The platform.
    pub definition: String,
    /// What may be shown.
    pub account: Map<String, Value>,
    /// What may not; none keeps what is there, since nobody can read it to write it again, and so does a
    /// name with nothing for that one.
    pub secrets: Option<BTreeMap<String, Option<Secret>>>,
}

impl ChannelInput {
    /// The channel as it is from now on. Another platform's secrets are none of this one. Where
    /// nothing went over it, it is for a message to show that something does again.
    pub fn over(&self, before: Option<&TeamChannel>, forward: [u8; 32], now: Moment) -> TeamChannel {
        let kept = before.filter(|b| b.definition == self.definition).map(|b| b.secrets.clone()).unwrap_or_default();
        let secrets = match &self.secrets {
            None => kept,
            Some(told) => told
                .iter()
                .filter_map(|(name, secret)| Some((name.clone(), secret.as_ref().or_else(|| kept.get(name))?.clone())))
                .collect(),
        };
        TeamChannel {
            definition: self.definition.clone(),
            account: self.account.clone(),
            secrets,
            forward_secret: before.map_or_else(|| Secret::new(forward.to_vec()), |b| b.forward_secret.clone()),
            retiring: before.map(|b| b.retiring.clone()).unwrap_or_default(),
            created_at: before.map_or(now, |b| b.created_at),
            down_since: before.and_then(|b| b.down_since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(definition: &str, secret: Option<&str>) -> ChannelInput {
        let secrets = secret.map(|s| [("auth_token".to_owned(), Some(Secret::new(s.into())))].into_iter().collect());
        ChannelInput { definition: definition.into(), account: Map::new(), secrets }
    }

    #[test]
    fn secrets_stay_until_others_are_written_or_the_platform_changes() {
        let first = writing("a", Some("one")).over(None, [1; 32], Moment(1));
        let same = writing("a", None).over(Some(&first), [2; 32], Moment(2));
        assert_eq!(same, first);
        let nothing = Some([("auth_token".to_owned(), None), ("other".to_owned(), None)].into_iter().collect());
        let nothing = ChannelInput { secrets: nothing, ..writing("a", None) };
        assert_eq!(nothing.over(Some(&first), [2; 32], Moment(2)), first, "a name with nothing keeps that one");
        let none = ChannelInput { secrets: Some(BTreeMap::new()), ..writing("a", None) };
        assert!(none.over(Some(&first), [2; 32], Moment(2)).secrets.is_empty(), "what is not named goes");
        let other = writing("b", None).over(Some(&first), [2; 32], Moment(2));
        assert!(other.secrets.is_empty());
        assert_eq!(other.forward_secret, first.forward_secret);
    }

    #[test]
    fn what_is_kept_counts_with_what_is_written() {
        let half = || Some(Secret::new(vec![b'x'; MAX_BYTES / 2]));
        let written = |names: &[(&str, bool)], before: Option<&TeamChannel>| {
            let secrets = names.iter().map(|(name, new)| ((*name).to_owned(), half().filter(|_| *new)));
            ChannelInput { secrets: Some(secrets.collect()), ..writing("a", None) }.over(before, [1; 32], Moment(1))
        };
        let first = written(&[("a", true)], None);
        assert!(first.check().is_ok());
        assert!(written(&[("a", false), ("b", true)], Some(&first)).check().is_err(), "a stays, and its name counts");
        assert!(written(&[("b", true)], Some(&first)).check().is_ok(), "a goes");
        let account = [("note".to_owned(), Value::from("x".repeat(MAX_BYTES / 2)))].into_iter().collect();
        let more = ChannelInput { account, ..writing("a", None) };
        assert!(more.over(Some(&first), [1; 32], Moment(2)).check().is_err(), "all secrets stay");
    }

    #[test]
    fn a_secret_that_was_replaced_signs_on_until_its_end() {
        let mut channel = writing("a", None).over(None, [1; 32], Moment(0));
        channel.rotate([2; 32], 5, Moment(0));
        let signs = |channel: &TeamChannel, now| -> Vec<u8> {
            channel.forward_secrets(Moment(now)).map(|secret| secret.expose()[0]).collect()
        };
        assert_eq!((signs(&channel, 299_999), signs(&channel, 300_000)), (vec![2, 1], vec![2]));
        let anew = writing("a", None).over(Some(&channel), [9; 32], Moment(1));
        assert_eq!(signs(&anew, 1), [2, 1], "who writes the account anew takes no secret away");
        channel.rotate([3; 32], 0, Moment(1));
        assert_eq!(signs(&channel, 1), [3, 1], "one without an overlap is gone at once");
    }

    #[test]
    fn what_is_heard_of_a_channel_is_news_once() {
        let mut channel = writing("a", None).over(None, [1; 32], Moment(1));
        assert!(!channel.hear(Health::Up, Moment(2)));
        assert!(channel.hear(Health::Down("refused"), Moment(3)));
        assert!(!channel.hear(Health::Down("no-answer"), Moment(4)));
        let mut anew = writing("a", Some("one")).over(Some(&channel), [2; 32], Moment(5));
        assert_eq!(anew.down_since, Some(Moment(3)), "who writes it anew has not tried it");
        assert!(anew.hear(Health::Up, Moment(6)) && anew.down_since.is_none());
    }

    #[test]
    fn an_account_has_a_bound() {
        let size = |secret: &str| writing("a", Some(secret)).over(None, [1; 32], Moment(1)).check();
        assert!(size(&"x".repeat(MAX_BYTES + 1)).is_err());
        assert!(size("x").is_ok());
    }
}
