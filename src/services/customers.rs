//! The built-in directory's customers: written, read, listed and taken away, each in one commit with
//! everything that she is found by.
//!
//! A record is named by a keyed tag of her id; what she is found by stands in `finding`. What a record
//! may say is judged in `domain::customer`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::directories::OpenedDirectories;
use crate::directory::DirectoryKinds;
use crate::domain::base::id::{CustomerId, TeamName};
use crate::domain::customer::{StoredCustomer, folded};
use crate::domain::event::{Actor, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::settings::precondition::Precondition;
use crate::domain::team::Team;
use crate::domain::time::Moment;
use crate::engine::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use crate::engine::{Engine, Error, decode, encode};
use crate::services::names::{customer_name, customers_index, login_name, team_record, value_index};
use crate::services::teams::{Teams, team_event};
use crate::store::Order;

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

    /// Where a customer's record and her team's lie.
    fn customer_reads(&self, team: &TeamName, id: &CustomerId) -> Reads {
        let names = vec![customer_name(team, &self.customer_tag(team, id)), team_record(team)];
        Reads { partition: self.engine.team_partition(team), names }
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
        let mut reads = self.customer_reads(team, &record.id);
        reads.names.extend(record.username.as_deref().map(|name| self.login_record(team, name)));
        let saved = self.engine.decide(&reads, |records, now| {
            must_stand(&reads, records)?;
            if let Err(refusal) = only_if.admit(records[0].is_some()) {
                return Ok(Change::nothing(Err(refusal)));
            }
            let named = records.get(2).and_then(Option::as_ref);
            let named = named.map(|bytes| decode::<Named>(&reads.names[2], bytes)).transpose()?;
            if named.is_some_and(|named| named.customer != record.id) {
                return Ok(Change::nothing(Err(Refusal::UsernameTaken)));
            }
            let before = records[0].as_ref().map(|bytes| decode::<Kept>(&reads.names[0], bytes)).transpose()?;
            let kept = match &before {
                Some(before) => Kept { record: record.clone(), ..before.clone() },
                None => Kept { record: record.clone(), created_at: now },
            };
            let mut change = self.replace(team, before.as_ref(), Some(&kept));
            let pseudonym = self.engine.keys.customer_pseudonym(team, record.id.as_str());
            let data = json!({"pseudonym": pseudonym, "created": before.is_none()});
            change.events.push(team_event(team, EventKind::CustomerChanged, actor, now, data));
            Ok(change.map(|()| (before.is_none(), kept)))
        });
        Ok(saved.await?.outcome?)
    }

    /// What becomes of a customer's record, and of everything that she is found by.
    fn replace(&self, team: &TeamName, before: Option<&Kept>, after: Option<&Kept>) -> Change<()> {
        let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(())) };
        let tag = |kept: &Kept| self.customer_tag(team, &kept.record.id);
        let login = |kept: &Kept| kept.record.username.as_deref().map(|name| self.login_record(team, name));
        let found_by = |kept: &Kept| self.found_by(team, &kept.record);
        let listed = |kept: &Kept| format!("{:016}-{}", kept.created_at.0, tag(kept));
        let now_by = after.map(found_by).unwrap_or_default();
        if let Some(before) = before {
            let gone = found_by(before).into_iter().filter(|value| !now_by.contains(value));
            change.remove.extend(gone.map(|value| (value_index(team, &value), tag(before))));
            change.delete.extend(login(before).filter(|name| after.and_then(login).as_ref() != Some(name)));
        }
        match (after, before) {
            (Some(kept), _) => {
                let put = |name, bytes| PlainRecord { name, bytes, ..PlainRecord::default() };
                change.put.push(put(customer_name(team, &tag(kept)), encode(kept)));
                let named = Named { customer: kept.record.id.clone() };
                change.put.extend(login(kept).map(|name| put(name, encode(&named))));
                change.enter.push((customers_index(team), listed(kept), encode(&Summary::of(&kept.record))));
                let enter = now_by.iter().map(|value| (value_index(team, value), tag(kept), Vec::new()));
                change.enter.extend(enter);
            }
            (None, Some(gone)) => {
                change.delete.push(customer_name(team, &tag(gone)));
                change.remove.push((customers_index(team), listed(gone)));
                // A commit puts at least one record: this one says nothing.
                change.put.push(PlainRecord { name: format!("customer/{team}/gone"), ..PlainRecord::default() });
            }
            (None, None) => {}
        }
        change
    }

    /// A customer of the built-in directory.
    pub async fn customer(&self, team: &TeamName, id: &CustomerId) -> Result<Option<Kept>, Error> {
        let mut reads = self.customer_reads(team, id);
        reads.names.truncate(1);
        let opened = self.engine.read_to_tell(&reads).await?.pop().flatten();
        opened.map(|bytes| decode(&reads.names[0], &bytes)).transpose()
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
            let data = json!({"pseudonym": pseudonym, "unmasked": true});
            self.teams.record_audit_event(team, EventKind::CustomerViewed, actor, data).await?;
        }
        Ok(kept)
    }

    /// Takes a customer's record away with everything that she is found by; whether there was one.
    pub(crate) async fn remove_customer(&self, team: &TeamName, id: &CustomerId) -> Result<bool, Error> {
        let mut reads = self.customer_reads(team, id);
        reads.names.truncate(1); // also of a team that leaves
        let saved = self.engine.decide(&reads, |records, _| {
            let Some(bytes) = &records[0] else { return Ok(Change::nothing(Ok(false))) };
            let before: Kept = decode(&reads.names[0], bytes)?;
            Ok(self.replace(team, Some(&before), None).map(|()| true))
        });
        Ok(saved.await?.outcome?)
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

/// Only a team that is there, and stays, gets customers: its record is the second that was read.
fn must_stand(reads: &Reads, records: &[Option<OpenedRecord>]) -> Result<(), Error> {
    let bytes = records[1].as_ref().ok_or(Refusal::NotFound("team"))?;
    let team: Team = decode(&reads.names[1], bytes)?;
    if team.leaving { Err(Refusal::NotFound("team").into()) } else { Ok(()) }
}
