//! A team's account with somebody who checks documents: which kind, with what, and whether it answers.
//! What a kind needs to know, and how it is asked, is said outside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::channel::check_size;
use crate::base::validation::FieldError;
use crate::secret::Secret;
use crate::time::Moment;

/// A team has at most so many providers.
pub const MAX_PROVIDERS: usize = 8;

/// A team's provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Which.
    pub kind: String,
    /// What may be shown of the account.
    pub account: Map<String, Value>,
    /// What may not, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Since when the team has it.
    pub created_at: Moment,
    /// Since when it has not answered, as far as anybody tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<Moment>,
}

impl Provider {
    /// Whether it is asked in the same way, however it stands.
    pub fn is_same_account(&self, other: &Self) -> bool {
        (&self.kind, &self.account, &self.secrets) == (&other.kind, &other.account, &other.secrets)
    }

    /// Whether it is of a size that a record can bear, with what was kept of it.
    ///
    /// # Errors
    /// That it is too large.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        check_size(&self.account, &self.secrets)
    }

    /// It answered, or it did not; true where that is news.
    pub fn hear(&mut self, answered: bool, now: Moment) -> bool {
        let is_news = self.down_since.is_none() != answered;
        if is_news {
            self.down_since = (!answered).then_some(now);
        }
        is_news
    }
}

/// What an admin writes of a provider.
#[derive(Clone, Debug)]
pub struct ProviderInput {
    /// Which.
    pub kind: String,
    /// What may be shown.
    pub account: Map<String, Value>,
    /// What may not; none keeps what is there, since nobody can read it to write it again.
    pub secrets: Option<BTreeMap<String, Secret>>,
}

impl ProviderInput {
    /// The provider as it is from now on. Another kind's secrets are none of this one.
    pub fn over(&self, before: Option<&Provider>, now: Moment) -> Provider {
        let kept = || before.filter(|b| b.kind == self.kind).map(|b| b.secrets.clone()).unwrap_or_default();
        Provider {
            kind: self.kind.clone(),
            account: self.account.clone(),
            secrets: self.secrets.clone().unwrap_or_else(kept),
            created_at: before.map_or(now, |b| b.created_at),
            down_since: before.and_then(|b| b.down_since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_it_does_not_answer_is_news_once_and_that_it_does_again_too() {
        let writing = ProviderInput { kind: "signed".into(), account: Map::new(), secrets: None };
        let mut provider = writing.over(None, Moment(1));
        assert!(!provider.hear(true, Moment(2)));
        assert!(provider.hear(false, Moment(3)) && !provider.hear(false, Moment(4)));
        assert_eq!(provider.down_since, Some(Moment(3)));
        assert!(provider.hear(true, Moment(5)) && provider.down_since.is_none());
    }

    #[test]
    fn secrets_stay_until_others_are_written_or_the_kind_changes() {
        let secrets = Some([("secret".to_owned(), Secret::new(b"one".to_vec()))].into_iter().collect());
        let first = ProviderInput { kind: "a".into(), account: Map::new(), secrets }.over(None, Moment(1));
        let kept = ProviderInput { kind: "a".into(), account: Map::new(), secrets: None }.over(Some(&first), Moment(2));
        assert_eq!(kept, first);
        let other =
            ProviderInput { kind: "b".into(), account: Map::new(), secrets: None }.over(Some(&first), Moment(2));
        assert!(other.secrets.is_empty());
        let account = [("note".to_owned(), Value::from("x".repeat(16 * 1024 - 8)))].into_iter().collect();
        let full = ProviderInput { kind: "a".into(), account, secrets: None };
        assert!(full.over(None, Moment(1)).check().is_ok());
        assert!(full.over(Some(&first), Moment(2)).check().is_err(), "what is kept counts, too");
    }
}
