//! The directory port: where the company's customers are looked up. A directory gives records that may
//! fit; which one is meant is judged in `domain::matching`, and what follows in `services`.
//!
//! It knows no interaction and keeps nothing. What an adapter's driver says ends here: a `DirectoryFailure` says
//! what kind of trouble it is, and its words are for the admin who tries the directory out, never for a
//! caller. Neither values nor passwords stand in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use countersign_domain::base::id::CustomerId;
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::customer::matching::{FieldCondition, MatchedCustomer, judge};
use countersign_domain::secret::Secret;

mod dial;
mod fields;
pub mod http;
#[cfg(feature = "ldap")]
pub mod ldap;
#[cfg(feature = "postgres")]
pub mod postgres;

/// So many records that may fit are looked at.
pub const MAX_CANDIDATES: usize = 20;

/// A directory is asked for so many: the one more shows that there are others, which nobody looked at.
pub const ASKED_FOR: usize = MAX_CANDIDATES + 1;

/// Whose the private data are, of what a directory gave. That several fit is sure, however many it left
/// out; that no other fits is not, where it gave more than are looked at.
pub fn whose(wanted: &[FieldCondition], candidates: Vec<StoredCustomer>) -> Result<MatchedCustomer, DirectoryFailure> {
    let given = candidates.len();
    match judge(wanted, candidates) {
        MatchedCustomer::Several => Ok(MatchedCustomer::Several),
        found => of_all(given, found),
    }
}

/// What was found among so many, where they are all that there are.
fn of_all<T>(given: usize, found: T) -> Result<T, DirectoryFailure> {
    if given > MAX_CANDIDATES { Err(DirectoryFailure::misconfigured("the query gives too many")) } else { Ok(found) }
}

/// The one record of what a directory gave for one customer's name or id; none where they are several
/// customers'.
fn only(mut found: Vec<StoredCustomer>) -> Result<Option<StoredCustomer>, DirectoryFailure> {
    let given = found.len();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    match found.pop() {
        Some(_) if !found.is_empty() => Ok(None),
        one => of_all(given, one),
    }
}

countersign_domain::named! {
    /// The kind of trouble that a directory is in.
    pub enum DirectoryTrouble {
        /// It cannot be reached, or did not answer in time.
        Down = "no-answer",
        /// It does not let the gateway in.
        Refused = "refused",
        /// It does not have what it is said to have.
        Misconfigured = "misconfigured",
    }
}

/// Why a directory did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {words}", trouble.as_str())]
pub struct DirectoryFailure {
    /// What kind of trouble it is.
    pub trouble: DirectoryTrouble,
    /// For the admin; without values and secrets.
    pub words: String,
}

impl DirectoryFailure {
    /// It cannot be reached.
    pub fn down(words: impl fmt::Display) -> Self {
        Self { trouble: DirectoryTrouble::Down, words: words.to_string() }
    }

    /// It does not let the gateway in.
    pub fn refused(words: impl fmt::Display) -> Self {
        Self { trouble: DirectoryTrouble::Refused, words: words.to_string() }
    }

    /// It does not have what it is said to have.
    pub fn misconfigured(words: impl fmt::Display) -> Self {
        Self { trouble: DirectoryTrouble::Misconfigured, words: words.to_string() }
    }
}

/// What became of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is hers.
    Right(Box<StoredCustomer>),
    /// There is nobody of that name, it is not hers, or she may not log in: the directory does not say
    /// which, and nobody may tell.
    Wrong,
}

/// A team's directory. Contacts and facts stand in the records that it gives.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Records that may fit, at most `ASKED_FOR`: all that do, or so many.
    async fn find(&self, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, DirectoryFailure>;

    /// Whose login name it is; none where it is nobody's or more than one customer's.
    async fn by_login_name(&self, name: &str) -> Result<Option<StoredCustomer>, DirectoryFailure>;

    /// The customer of that id.
    async fn by_id(&self, id: &CustomerId) -> Result<Option<StoredCustomer>, DirectoryFailure>;

    /// Whether the password is that customer's. An empty one is nobody's, whatever the directory would
    /// say of it.
    async fn verify(&self, login_name: &str, password: &Secret) -> Result<Verified, DirectoryFailure>;
}

/// What an admin writes of a directory.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryConnection<'a> {
    /// What may be shown.
    pub settings: &'a Map<String, Value>,
    /// What may not, by name.
    pub secrets: &'a BTreeMap<String, Secret>,
}

/// A kind of directory: it makes one of what an admin writes, and says what is wrong with that.
pub trait Kind: Send + Sync {
    /// A directory; nothing is asked of it yet.
    fn open(&self, connection: DirectoryConnection<'_>) -> Result<Arc<dyn Directory>, Vec<FieldError>>;
}

/// The kinds that this gateway knows besides its own, by the name that `directory.kind` gives them.
#[derive(Clone, Default)]
pub struct DirectoryKinds(BTreeMap<&'static str, Arc<dyn Kind>>);

impl fmt::Debug for DirectoryKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl DirectoryKinds {
    /// These.
    pub fn of(kinds: impl IntoIterator<Item = (&'static str, Arc<dyn Kind>)>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// One of them.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.0.get(name)
    }

    /// What they are called.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use countersign_domain::customer::matching::As;

    fn named(id: usize, name: &str) -> StoredCustomer {
        let record = json!({"id": format!("c{id}"), "private_data": {"name": [name]}});
        serde_json::from_value(record).expect("it is a record")
    }

    fn wanted() -> Vec<FieldCondition> {
        let (value, given) = ("Demo".to_owned(), "Demo".to_owned());
        vec![FieldCondition { field: "name".into(), how: As::Exact, value, given }]
    }

    /// Who stands behind the twentieth was not looked at: then nothing is said of nobody and of one.
    #[test]
    fn more_candidates_than_are_looked_at_show_neither_one_nor_nobody() {
        let others = |n: usize| (1..=n).map(|id| named(id, "Other"));
        let too_many = DirectoryFailure::misconfigured("the query gives too many");
        let judged = |candidates: Vec<StoredCustomer>| whose(&wanted(), candidates);
        assert_eq!(judged(others(20).collect()), Ok(MatchedCustomer::Nobody));
        assert_eq!(judged(others(21).collect()), Err(too_many.clone()));
        let one = named(0, "Demo");
        assert_eq!(judged(others(19).chain([one.clone()]).collect()), Ok(MatchedCustomer::One(Box::new(one.clone()))));
        assert_eq!(judged(others(20).chain([one.clone()]).collect()), Err(too_many.clone()));
        let second = named(99, "Demo");
        assert_eq!(judged(others(19).chain([one, second]).collect()), Ok(MatchedCustomer::Several), "that is sure");
    }

    #[test]
    fn a_name_is_one_customers_or_nobodys_and_of_too_many_rows_nothing_is_said() {
        let same = |n: usize| std::iter::repeat_with(|| named(1, "Demo")).take(n).collect::<Vec<_>>();
        assert_eq!(only(Vec::new()), Ok(None));
        assert_eq!(only(same(3)), Ok(Some(named(1, "Demo"))), "a row for each of her addresses");
        assert_eq!(only(same(ASKED_FOR)), Err(DirectoryFailure::misconfigured("the query gives too many")));
        assert_eq!(only((1..=ASKED_FOR).map(|id| named(id, "Demo")).collect()), Ok(None));
        let apart = vec![named(1, "Demo"), named(2, "Demo"), named(1, "Demo")];
        assert_eq!(only(apart), Ok(None));
    }
}
