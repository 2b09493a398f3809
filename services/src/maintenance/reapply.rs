//! What happened after a backup, taken from the audit trail of the store that is gone: keys that
//! were revoked, people who were locked or banned, erasures.
//!
//! A trail is taken where it goes on from the one that the backup holds: entry follows entry by
//! hash. What is taken becomes part of this store's trail, too, so that the chain has one end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::Maintenance;
use crate::accounts::Logins;
use crate::conversations::snapshots::Acting;
use crate::customers::Customers;
use crate::engine::decide::Confirm;
use crate::engine::{Effects, Engine, Error, KeyOf, Slot, encode};
use crate::events::EventLog;
use crate::events::audit::{AuditEntry, Trail};
use crate::events::event_log::StreamHead;
use crate::limits::Limits;
use crate::names::{address_name, audit_index, member};
use crate::staff::Users;
use crate::teams::Teams;
use countersign_domain::base::id::{CustomerId, InteractionId, TeamName};
use countersign_domain::conversation::address::Address;
use countersign_domain::event::data::accounts::{
    CustomerEventData, CustomerLockedData, CustomerResetData, CustomerUnlockedData,
};
use countersign_domain::event::data::lockouts::LockoutEventData;
use countersign_domain::event::data::staff::{
    UserChangedData, UserCreatedData, UserEventData, UserLockedData, UserUnlockedData,
};
use countersign_domain::event::data::teams::KeyEventData;
use countersign_domain::event::{Actor, Event, EventData, EventKind};
use countersign_domain::proof::challenge::ChallengeEnd;
use countersign_domain::proof::lockout::Redo;
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Team;
use countersign_domain::time::Moment;
use countersign_store::Partition;

mod people;

/// Entries that one commit takes.
const PAGE: usize = 200;

/// What came of a team's part of the trails.
#[derive(Clone, Debug, Default)]
pub struct Reapplied {
    /// Entries that were adopted and not done again yet.
    taken: Vec<AuditEntry>,
    /// The team's customers by their pseudonyms, once one was looked for.
    customers: Option<HashMap<String, CustomerId>>,
    /// Entries that were done again, where there was something to do.
    pub entries: u64,
    /// Where the trail that was given ends, and where its head says that it ended.
    pub end: (u64, u64),
    /// What was done again, by the name of the event.
    pub done: BTreeMap<String, u64>,
    /// What was not, in words.
    pub left: Vec<String>,
}

impl Reapplied {
    fn did(&mut self, kind: EventKind) {
        *self.done.entry(kind.as_str().to_owned()).or_default() += 1;
    }
}

/// Entries by the hash of the entry before.
pub struct Trails {
    next: HashMap<(u64, String), AuditEntry>,
    /// By an entry's hash: where the trail's head stood when it was read.
    heads: HashMap<String, u64>,
}

impl Trails {
    /// Of pages that were verified, in any order.
    pub fn of(pages: Vec<Trail>) -> Self {
        let mut trails = Self { next: HashMap::new(), heads: HashMap::new() };
        for page in pages {
            for entry in page.items {
                let head = trails.heads.entry(entry.hash.clone()).or_default();
                *head = page.head.number.max(*head);
                trails.next.insert((entry.number, entry.previous.clone()), entry);
            }
        }
        trails
    }

    /// What follows an entry, in order.
    fn after(&self, number: u64, hash: &str) -> Vec<&AuditEntry> {
        let mut found: Vec<&AuditEntry> = Vec::new();
        loop {
            let (number, hash) = found.last().map_or((number, hash), |last| (last.number, last.hash.as_str()));
            match self.next.get(&(number + 1, hash.to_owned())) {
                Some(entry) => found.push(entry),
                None => return found,
            }
        }
    }
}

/// Security records of a lost store, put again.
pub struct Restore {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) event_log: Arc<EventLog>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) users: Arc<Users>,
    pub(crate) maintenance: Arc<Maintenance>,
}

impl Restore {
    /// Makes what the trails say of a team part of its own. To be done for every team before
    /// anything is done again: what the backup had not relayed yet would come in between.
    pub async fn adopt(&self, team: &TeamName, trails: &Trails) -> Result<Reapplied, Error> {
        let head = self.event_log.head(team).await?;
        let entries = trails.after(head.audit, &head.hash);
        for page in entries.chunks(PAGE) {
            self.take_entries(team, page).await?;
        }
        let end = entries.last().map_or((head.audit, head.audit), |last| {
            (last.number, trails.heads.get(&last.hash).copied().unwrap_or(last.number))
        });
        Ok(Reapplied { taken: entries.into_iter().cloned().collect(), end, ..Reapplied::default() })
    }

    /// Does again what was adopted.
    pub async fn reapply(&self, team: &TeamName, told: &mut Reapplied) -> Result<(), Error> {
        for entry in std::mem::take(&mut told.taken) {
            told.entries += 1;
            self.again(team, &entry, told).await?;
        }
        Ok(())
    }

    /// Makes entries of another life of this store part of its trail.
    async fn take_entries(&self, team: &TeamName, page: &[&AuditEntry]) -> Result<(), Error> {
        let take = |head: &mut Slot<StreamHead>, effects: &mut Effects, _| {
            let head = head.get_or_default();
            for entry in page.iter().filter(|entry| entry.number > head.audit) {
                effects.enter(audit_index(team), member(entry.number), encode(*entry));
            }
            if let Some(last) = page.last().filter(|last| last.number > head.audit) {
                head.audit = last.number;
                head.hash.clone_from(&last.hash);
                head.locks_kept = false; // what was taken may tell of some
            }
            Ok(())
        };
        self.engine.transact(&self.event_log.head_key(team), take).await
    }

    async fn again(&self, team: &TeamName, entry: &AuditEntry, told: &mut Reapplied) -> Result<(), Error> {
        let Some(kind) = EventKind::named(&entry.action) else {
            return Ok(()); // of a later version
        };
        let Some(event) = entry.event(team) else {
            told.left.push(format!("{} at {} cannot be read: {}", entry.action, entry.at, words(&entry.detail)));
            return Ok(());
        };
        if let Some(what) = lost(&event.data) {
            told.left.push(format!("{what} at {} is gone: {}", entry.at, words(&entry.detail)));
            return Ok(());
        }
        let done = match &event.data {
            EventData::KeyRevoked(_) | EventData::KeyRetired(_) | EventData::KeyActivated(_) => {
                self.key_again(&event).await?
            }
            EventData::Locked(data)
            | EventData::Unlocked(data)
            | EventData::Banned(data)
            | EventData::Unbanned(data) => {
                let at_address = self.budget_again(&event, data).await?;
                self.failure_limit_banned_again(&event, data).await? || at_address
            }
            EventData::InteractionErased(_) => self.erase_again(&event).await?,
            EventData::CustomerErased(data) => self.erase_customer_again(team, data, told).await?,
            EventData::CustomerDisabled(CustomerEventData { pseudonym })
            | EventData::CustomerEnabled(CustomerEventData { pseudonym })
            | EventData::CustomerLocked(CustomerLockedData { pseudonym, .. })
            | EventData::CustomerUnlocked(CustomerUnlockedData { pseudonym, .. })
            | EventData::CustomerReset(CustomerResetData { pseudonym, .. }) => match pseudonym {
                Some(pseudonym) => self.customer_again(&event, pseudonym, entry, told).await?,
                None => false,
            },
            EventData::UserCreated(UserCreatedData { user, .. })
            | EventData::UserChanged(UserChangedData { user, .. })
            | EventData::UserRemoved(UserEventData { user })
            | EventData::UserLocked(UserLockedData { user, .. })
            | EventData::UserBanned(UserEventData { user })
            | EventData::UserUnlocked(UserUnlockedData { user, .. }) => {
                self.user_again(&event, user, entry, told).await?
            }
            _ => return Ok(()),
        };
        if done {
            told.did(kind);
        }
        Ok(())
    }

    /// Whether there was such a key. One that is to sign again may have been retired since.
    async fn key_again(&self, event: &Event) -> Result<bool, Error> {
        let rule = |record: &mut Team, now| {
            let done = match &event.data {
                EventData::KeyRetired(key) => record.retire_any(&key.kid, key.after_minutes, event.at),
                // The key that signed before is retired by an entry of its own.
                EventData::KeyActivated(key) => record.activate(&key.kid, 0, event.at).map(drop),
                EventData::KeyRevoked(KeyEventData { kid: Some(kid), .. }) => record.revoke(kid, now),
                EventData::KeyRevoked(KeyEventData { id: Some(id), .. }) => record.remove_api_key(id).map(drop),
                _ => Err(Refusal::NotFound("key")),
            };
            done.map(|()| ((), Vec::new()))
        };
        match self.teams.change_team(&event.team, rule, None).await {
            Ok(_) => Ok(true),
            // made after the backup
            Err(Error::Refused(Refusal::NotFound(_) | Refusal::KeyNotPending)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the entry says which budget it was: older ones do not.
    async fn budget_again(&self, event: &Event, data: &LockoutEventData) -> Result<bool, Error> {
        let partition = event.interaction.map(InteractionId::partition).or(data.partition).map(Partition);
        let (Some(partition), Some(address), Some(budget)) = (partition, &data.address, &data.budget) else {
            return Ok(false);
        };
        let act = |kept: &mut Slot<Address>, effects: &mut Effects, now: Moment| {
            let kept = kept.get_or_default();
            let earliest = self.engine.earliest();
            // What was told of a lock's end was told on the other line of time.
            let redo = redo(&event.data, data.until.unwrap_or(now).shown(now, earliest));
            kept.budgets.entry(budget.to_owned()).or_default().again(redo, earliest);
            kept.budgets.retain(|_, budget| !budget.is_clear());
            effects.confirm(Confirm::Read);
            Ok(true)
        };
        self.engine.transact(&KeyOf::new(partition, address_name(address)), act).await
    }

    /// Whether the entry names a customer's failure limit.
    async fn failure_limit_banned_again(&self, event: &Event, data: &LockoutEventData) -> Result<bool, Error> {
        let Some(customer) = &data.failure_limit else { return Ok(false) };
        self.limits.failure_limit_again(customer, redo(&event.data, Moment(0))).await?;
        Ok(true)
    }

    async fn erase_again(&self, event: &Event) -> Result<bool, Error> {
        let Some(id) = event.interaction else { return Ok(false) };
        match self.maintenance.erase(Acting { id, team: Some(&event.team), actor: Actor::Operator }).await {
            Ok(()) => Ok(true),
            Err(Error::Refused(Refusal::NotFound(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Acts that nobody can do again: an entry tells of them without saying them.
fn lost(data: &EventData) -> Option<&'static str> {
    match data {
        EventData::KeyCreated(_) => Some("a key made"),
        EventData::SettingsChanged(_) => Some("a change of settings"),
        _ => None,
    }
}

/// The act on a budget that an entry tells of; a lock lasted until then.
fn redo(data: &EventData, until: Moment) -> Redo {
    match data {
        EventData::Locked(data) if data.reason.as_deref() == Some(ChallengeEnd::Undecided.as_str()) => {
            Redo::Paused(until)
        }
        EventData::Locked(_) => Redo::Locked(until),
        EventData::Banned(_) => Redo::Banned,
        EventData::Unbanned(_) => Redo::Unbanned,
        _ => Redo::Unlocked,
    }
}

fn words(detail: &serde_json::Map<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    };
    detail.iter().map(one).collect::<Vec<_>>().join(", ")
}
