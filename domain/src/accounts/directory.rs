//! How a team's directory is reached: of which kind it is, with what, and whether it answered last. What a
//! kind needs to know, it says itself; nothing here asks anybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::channel::Health;
use crate::base::validation;
use crate::base::validation::FieldError;
use crate::secret::Secret;
use crate::time::Moment;

/// A connection, secrets included, has at most so many bytes.
const MAX_BYTES: usize = 32 * 1024;

crate::named! {
    /// `directory.kind`.
    pub enum DirectoryKind {
        /// The team's own customers, in the gateway's store.
        BuiltIn = "builtin",
        /// A server that speaks LDAP.
        Ldap = "ldap",
        /// A database of the company's.
        Postgres = "postgres",
        /// A service of the company's.
        Http = "http",
    }
}

/// How a directory is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connected {
    /// Of which kind it is.
    pub kind: DirectoryKind,
    /// What may be shown.
    pub connection: Map<String, Value>,
    /// What may not, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Since when.
    pub created_at: Moment,
    /// Since when it does not answer, as far as anybody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_since: Option<Moment>,
}

impl Connected {
    /// Whether it is the same directory, however it answers.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.connection, &self.secrets) == (other.kind, &other.connection, &other.secrets)
    }

    /// Whether nobody knew it yet.
    pub fn is_news(&self, health: Health) -> bool {
        self.down_since.is_some() != matches!(health, Health::Down(_))
    }

    /// What was found out of it; true where that is news.
    pub fn hear(&mut self, health: Health, now: Moment) -> bool {
        let is_news = self.is_news(health);
        if is_news {
            self.down_since = matches!(health, Health::Down(_)).then_some(now);
        }
        is_news
    }
}

/// What an admin writes of a directory.
#[derive(Clone, Debug)]
pub struct DirectoryInput {
    /// Of which kind it is.
    pub kind: DirectoryKind,
    /// What may be shown.
    pub connection: Map<String, Value>,
    /// What may not; none keeps what is there, since nobody can read it to write it again.
    pub secrets: Option<BTreeMap<String, Secret>>,
}

impl DirectoryInput {
    /// The directory as it is from now on; or that no record can bear it. Another kind's secrets are
    /// none of this one.
    pub fn over(&self, before: Option<&Connected>, now: Moment) -> Result<Connected, Vec<FieldError>> {
        let kept = || before.filter(|b| b.kind == self.kind).map(|b| b.secrets.clone()).unwrap_or_default();
        let secrets = self.secrets.clone().unwrap_or_else(kept);
        let open: usize = self.connection.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        let closed: usize = secrets.iter().map(|(name, secret)| name.len() + secret.expose().len()).sum();
        if open + closed > MAX_BYTES {
            return Err(vec![FieldError::at("/connection", validation::TOO_LONG.with([("most", &MAX_BYTES)]))]);
        }
        Ok(Connected {
            kind: self.kind,
            connection: self.connection.clone(),
            secrets,
            created_at: before.map_or(now, |b| b.created_at),
            down_since: before.and_then(|b| b.down_since),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(kind: DirectoryKind, secret: Option<&str>) -> DirectoryInput {
        let secrets = secret.map(|s| [("password".to_owned(), Secret::new(s.into()))].into_iter().collect());
        DirectoryInput { kind, connection: Map::new(), secrets }
    }

    #[test]
    fn secrets_stay_until_others_are_written_or_the_kind_changes() {
        let first = writing(DirectoryKind::Ldap, Some("hunter 7")).over(None, Moment(1)).unwrap();
        let same = writing(DirectoryKind::Ldap, None).over(Some(&first), Moment(2)).unwrap();
        assert_eq!(same, first);
        let other = writing(DirectoryKind::Http, None).over(Some(&first), Moment(2)).unwrap();
        assert!(other.secrets.is_empty() && !other.is_same(&first));
        let long = "x".repeat(MAX_BYTES + 1);
        assert!(writing(DirectoryKind::Ldap, Some(&long)).over(None, Moment(1)).is_err());
        let connection = [("note".to_owned(), Value::from("x".repeat(MAX_BYTES - 8)))].into_iter().collect();
        let full = DirectoryInput { connection, ..writing(DirectoryKind::Ldap, None) };
        assert!(full.over(None, Moment(1)).is_ok());
        assert!(full.over(Some(&first), Moment(2)).is_err(), "what is kept counts, too");
        assert!(!format!("{first:?}").contains("hunter"));
    }

    #[test]
    fn what_is_heard_of_it_is_news_once() {
        let mut directory = writing(DirectoryKind::Ldap, None).over(None, Moment(1)).unwrap();
        assert!(!directory.hear(Health::Up, Moment(2)));
        assert!(directory.hear(Health::Down("no-answer"), Moment(3)));
        assert!(!directory.hear(Health::Down("refused"), Moment(4)));
        assert_eq!(directory.down_since, Some(Moment(3)));
        assert!(directory.hear(Health::Up, Moment(5)) && directory.down_since.is_none());
    }
}
