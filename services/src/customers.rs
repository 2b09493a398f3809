//! The built-in directory's customers: written, read, listed and taken away, each in one commit with
//! everything that she is found by.
//!
//! A record is named by a keyed tag of her id; what she is found by stands in `finding`. What a record
//! may say is judged in `domain::customer`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::directories::OpenedDirectories;
use crate::engine::{Effects, Engine, Error, KeyOf, Slot, StoredRecord, decode, encode};
use crate::names::{customer_name, customers_index, login_name, value_index};
use crate::teams::{Teams, existing_team, team_event};
use countersign_directory::DirectoryKinds;
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::customer::{StoredCustomer, folded};
use countersign_domain::event::data::accounts::{CustomerChangedData, CustomerViewedData};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::Team;
use countersign_domain::time::Moment;
use countersign_store::Order;

pub mod directories;

mod finding;

pub use finding::BuiltIn;

/// Entries of the list that one page looks at, however few of them are asked for.
const MAX_SCANNED: usize = 2_000;

/// A customer as she is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What is known of her.
    pub record: StoredCustomer,
    /// Since when.
    pub created_at: Moment,
}

/// What the list keeps of each, so that looking for one need not open all.
#[derive(Serialize, Deserialize)]
struct Summary {
    id: CustomerId,
    names: Vec<String>,
}

impl Summary {
    fn of(record: &StoredCustomer) -> Self {
        let words = record.name.iter().flat_map(|name| name.split_whitespace());
        let own = record.name.iter().chain(&record.username).chain(&record.emails).chain(&record.phones);
        let names = own.map(String::as_str).chain(words).map(folded).collect::<BTreeSet<_>>();
        Self { id: record.id.clone(), names: names.into_iter().collect() }
    }

    /// Whether it is one that is looked for: by the start of her id, of a word of her name, or of
    /// whatever else she is called by.
    fn fits(&self, start: &str) -> bool {
        folded(self.id.as_str()).starts_with(start) || self.names.iter().any(|name| name.starts_with(start))
    }
}

/// Whose login name it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    customer: CustomerId,
}

impl StoredRecord for Kept {}

impl StoredRecord for Named {}

/// Teams' customers: the built-in directory, and those that teams connect.
pub struct Customers {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    /// The kinds of directories that teams may have besides the built-in one.
    pub(crate) kinds: DirectoryKinds,
    pub(crate) directories: Arc<OpenedDirectories>,
}

impl Customers {
    /// The tag that a customer's record is named by.
    fn customer_tag(&self, team: &TeamName, id: &CustomerId) -> String {
        self.engine.keys.directory.tag(&[b"id", team.as_str().as_bytes(), id.as_str().as_bytes()]).name()
    }

    /// The record of whose login name it is.
    fn login_record(&self, team: &TeamName, name: &str) -> String {
        let tag = self.engine.keys.directory.tag(&[b"login", team.as_str().as_bytes(), folded(name).as_bytes()]);
        login_name(team, &tag.name())
    }

    /// The record of a customer.
    fn customer_key(&self, team: &TeamName, id: &CustomerId) -> KeyOf<Kept> {
        KeyOf::new(self.engine.team_partition(team), customer_name(team, &self.customer_tag(team, id)))
    }

    /// The record of a login name: whose it is.
    fn username_key(&self, team: &TeamName, name: &str) -> KeyOf<Named> {
        KeyOf::new(self.engine.team_partition(team), self.login_record(team, name))
    }

    /// Makes a customer or writes her record anew; true where she is new.
    pub async fn put_customer(
        &self,
        team: &TeamName,
        record: &StoredCustomer,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<(bool, Kept), Error> {
        let errors = record.errors();
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors).into());
        }
        let username = record.username.as_deref().map(|name| self.username_key(team, name));
        let records = (self.customer_key(team, &record.id), self.teams.team_key(team), username);
        let put = |(customer, team_slot, named): &mut (Slot<Kept>, Slot<Team>, Option<Slot<Named>>),
                   effects: &mut Effects,
                   now| {
            existing_team(team_slot)?;
            only_if.admit(customer.get().is_some())?;
            let holder = named.as_ref().and_then(Slot::get);
            if holder.is_some_and(|named| named.customer != record.id) {
                return Err(Refusal::UsernameTaken.into());
            }
            let created_at = customer.get().map_or(now, |before| before.created_at);
            let kept = Kept { record: record.clone(), created_at };
            let is_new = customer.get().is_none();
            self.replace(team, customer.get(), Some(&kept), effects);
            customer.put(kept.clone());
            let pseudonym = Some(self.engine.keys.customer_pseudonym(team, record.id.as_str()));
            let data = CustomerChangedData { pseudonym, created: Some(is_new), app: None };
            effects.tell(team_event(team, EventData::CustomerChanged(data), actor, now));
            Ok((is_new, kept))
        };
        self.engine.transact(&records, put).await
    }

    /// Replaces everything that a customer is found by.
    fn replace(&self, team: &TeamName, before: Option<&Kept>, after: Option<&Kept>, effects: &mut Effects) {
        let tag = |kept: &Kept| self.customer_tag(team, &kept.record.id);
        let login = |kept: &Kept| kept.record.username.as_deref().map(|name| self.username_key(team, name));
        let found_by = |kept: &Kept| self.found_by(team, &kept.record);
        let listed = |kept: &Kept| format!("{:016}-{}", kept.created_at.0, tag(kept));
        let now_by = after.map(found_by).unwrap_or_default();
        if let Some(before) = before {
            for value in found_by(before).iter().filter(|value| !now_by.contains(*value)) {
                effects.remove(value_index(team, value), tag(before));
            }
            let kept_name = after.and_then(login).map(|key| key.name);
            if let Some(gone) = login(before).filter(|key| kept_name.as_ref() != Some(&key.name)) {
                effects.delete(gone.name);
            }
            if after.is_none() {
                effects.remove(customers_index(team), listed(before));
            }
        }
        if let Some(kept) = after {
            if let Some(key) = login(kept) {
                effects.put(&key, &Named { customer: kept.record.id.clone() });
            }
            effects.enter(customers_index(team), listed(kept), encode(&Summary::of(&kept.record)));
            for value in &now_by {
                effects.enter(value_index(team, value), tag(kept), Vec::new());
            }
        }
    }

    /// A customer of the built-in directory.
    pub async fn customer(&self, team: &TeamName, id: &CustomerId) -> Result<Option<Kept>, Error> {
        self.engine.record_to_tell(&self.customer_key(team, id)).await
    }

    /// A page of a team's customers, the newest first, and where the next one begins. `q` is the start
    /// of an id, of a word of a name, of a login name, of a mail address or of a phone number.
    pub async fn list_customers(
        &self,
        team: &TeamName,
        q: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Kept>, Option<String>), Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (index, partition) = (customers_index(team), self.engine.team_partition(team));
        let start = q.map(folded);
        let (mut found, mut cursor) = (Vec::new(), after.map(str::to_owned));
        for _ in 0..MAX_SCANNED / 100 {
            let page = self.engine.store.list(partition, &index, Order::Falling, cursor.as_deref(), 100).await?;
            let whole = page.len() == 100;
            for entry in page {
                let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                cursor = Some(entry.member);
                if start.as_ref().is_none_or(|start| summary.fits(start)) {
                    found.extend(self.customer(team, &summary.id).await?);
                }
                if found.len() == limit {
                    return Ok((found, cursor));
                }
            }
            if !whole {
                return Ok((found, None));
            }
        }
        Ok((found, cursor))
    }

    /// A customer's record with all that is in it, for somebody who looks at it: that is told first.
    pub async fn view_customer(&self, team: &TeamName, id: &CustomerId, actor: &Actor) -> Result<Option<Kept>, Error> {
        let kept = self.customer(team, id).await?;
        if kept.is_some() {
            let pseudonym = self.engine.keys.customer_pseudonym(team, id.as_str());
            let data = CustomerViewedData { pseudonym, unmasked: true };
            self.teams.record_audit_event(team, EventData::CustomerViewed(data), actor).await?;
        }
        Ok(kept)
    }

    /// Takes a customer's record away with everything that she is found by; whether there was one.
    pub(crate) async fn remove_customer(&self, team: &TeamName, id: &CustomerId) -> Result<bool, Error> {
        // Also of a team that leaves.
        let remove = |customer: &mut Slot<Kept>, effects: &mut Effects, _| {
            let Some(before) = customer.get() else { return Ok(false) };
            self.replace(team, Some(before), None, effects);
            customer.delete();
            Ok(true)
        };
        self.engine.transact(&self.customer_key(team, id), remove).await
    }

    /// Who the team's customers are.
    pub(crate) async fn ids_of_customers(&self, team: &TeamName) -> Result<Vec<CustomerId>, Error> {
        let (index, partition) = (customers_index(team), self.engine.team_partition(team));
        let (mut ids, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.engine.store.list(partition, &index, Order::Rising, cursor.as_deref(), 100).await?;
            let Some(last) = page.last() else { return Ok(ids) };
            cursor = Some(last.member.clone());
            for entry in page {
                ids.push(decode::<Summary>(&index, &self.engine.open_at(&index, &entry.bytes)?)?.id);
            }
        }
    }

    /// Takes away all customers of a team that goes.
    pub(crate) async fn remove_customers(&self, team: &TeamName) -> Result<(), Error> {
        let (index, partition) = (customers_index(team), self.engine.team_partition(team));
        let mut cursor = None::<String>;
        loop {
            let page = self.engine.store.list(partition, &index, Order::Rising, cursor.as_deref(), 100).await?;
            let Some(last) = page.last() else { return Ok(()) };
            cursor = Some(last.member.clone());
            for entry in page {
                let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                self.remove_customer(team, &summary.id).await?;
            }
        }
    }
}
