//! How a customer of the built-in directory is found: each value that her record has is entered, in
//! every spelling that it may be looked for in, under a keyed tag of field and spelling. So a look-up
//! is exact, and the store tells nobody what was entered.
//!
//! An entry only leads to a record; whether that fits is read off the record itself.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Customers, Kept, Named};
use crate::engine::decide::Reads;
use crate::engine::{Error, KeyOf, decode};
use crate::names::{customer_name, value_index};
use countersign_directory::{Directory, DirectoryFailure, Verified};
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::customer::StoredCustomer;
use countersign_domain::customer::matching::{As, FieldCondition, fit};
use countersign_domain::secret::Secret;
use countersign_store::Order;

/// What more customers than these have in common does not tell one from another.
const MAX_MATCHES: usize = 4_096;

/// Entries and records that are read at once.
const PAGE: usize = 256;

/// A team's own customers, as a directory.
#[derive(Clone, Copy)]
pub struct BuiltIn<'a> {
    customers: &'a Customers,
    team: &'a TeamName,
}

impl Customers {
    /// The built-in directory of a team.
    pub fn built_in<'a>(&'a self, team: &'a TeamName) -> BuiltIn<'a> {
        BuiltIn { customers: self, team }
    }

    fn value_tag(&self, team: &TeamName, field: &str, spelled: &str) -> String {
        let parts = [b"value", team.as_str().as_bytes(), field.as_bytes(), spelled.as_bytes()];
        self.engine.keys.directory.tag(&parts).name()
    }

    /// The tags that a record is found by.
    pub(super) fn found_by(&self, team: &TeamName, record: &StoredCustomer) -> BTreeSet<String> {
        let spellings = |(field, value): (&str, &str)| {
            let spelled: BTreeSet<String> = As::ALL.into_iter().filter_map(|how| how.spelled(value)).collect();
            spelled.into_iter().map(|text| self.value_tag(team, field, &text)).collect::<Vec<_>>()
        };
        record.fields().flat_map(spellings).collect()
    }
}

impl BuiltIn<'_> {
    /// The customers' tags that have a value; none where too many have it.
    async fn having(&self, wanted: &FieldCondition) -> Result<Option<BTreeSet<String>>, Error> {
        let customers = self.customers;
        let index = value_index(self.team, &customers.value_tag(self.team, &wanted.field, &wanted.value));
        let (partition, mut found) = (customers.engine.team_partition(self.team), BTreeSet::new());
        loop {
            let after = found.last().map(String::as_str);
            let page = customers.engine.store.list(partition, &index, Order::Rising, after, PAGE).await?;
            let whole = page.len() == PAGE;
            found.extend(page.into_iter().map(|entry| entry.member));
            if !whole {
                return Ok(Some(found));
            }
            if found.len() > MAX_MATCHES {
                return Ok(None);
            }
        }
    }

    /// The records of these tags that fit; no more than two.
    async fn fitting(&self, tags: BTreeSet<String>, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, Error> {
        let names: Vec<String> = tags.iter().map(|tag| customer_name(self.team, tag)).collect();
        let mut fitting = Vec::new();
        for names in names.chunks(PAGE) {
            let reads = Reads { partition: self.customers.engine.team_partition(self.team), names: names.to_vec() };
            for (name, opened) in names.iter().zip(self.customers.engine.read_to_tell(&reads).await?) {
                let Some(bytes) = opened else { continue };
                let kept: Kept = decode(name, &bytes)?;
                if fit(wanted, &kept.record) {
                    fitting.push(kept.record);
                }
            }
            if fitting.len() > 1 {
                break;
            }
        }
        fitting.truncate(2);
        Ok(fitting)
    }

    async fn look_for(&self, wanted: &[FieldCondition]) -> Result<Option<Vec<StoredCustomer>>, Error> {
        let mut alike = None::<BTreeSet<String>>;
        for wanted in wanted {
            let Some(having) = self.having(wanted).await? else { continue };
            let both = match alike {
                None => having,
                Some(alike) => alike.intersection(&having).cloned().collect(),
            };
            alike = Some(both);
        }
        match alike {
            Some(tags) => self.fitting(tags, wanted).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whose login name it is.
    pub async fn named(&self, name: &str) -> Result<Option<Kept>, Error> {
        let record = self.customers.login_record(self.team, name);
        let key = KeyOf::<Named>::new(self.customers.engine.team_partition(self.team), record);
        let Some(named) = self.customers.engine.record_to_tell(&key).await? else { return Ok(None) };
        self.customers.customer(self.team, &named.customer).await
    }

    /// Customers who have that mail address or phone number, at most two: one is one, two are several.
    pub async fn reached_at(&self, field: &str, address: &str) -> Result<Vec<StoredCustomer>, Error> {
        let how = if field == "phone" { As::E164 } else { As::CaseFolded };
        let Some(value) = how.spelled(address) else { return Ok(Vec::new()) };
        let wanted = [FieldCondition { field: field.to_owned(), how, value, given: address.to_owned() }];
        Ok(self.look_for(&wanted).await?.unwrap_or_default())
    }
}

/// A store that is away is a directory that is down.
fn failure(error: Error) -> DirectoryFailure {
    DirectoryFailure::down(error)
}

#[async_trait]
impl Directory for BuiltIn<'_> {
    async fn find(&self, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let found = self.look_for(wanted).await.map_err(failure)?;
        found.ok_or_else(|| DirectoryFailure::misconfigured("too many customers have these values in common"))
    }

    async fn by_login_name(&self, name: &str) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        Ok(self.named(name).await.map_err(failure)?.map(|kept| kept.record))
    }

    async fn by_id(&self, id: &CustomerId) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        let kept = self.customers.customer(self.team, id).await.map_err(failure)?;
        Ok(kept.map(|kept| kept.record))
    }

    /// No customer has a password here.
    async fn verify(&self, _: &str, _: &Secret) -> Result<Verified, DirectoryFailure> {
        Ok(Verified::Wrong)
    }
}
