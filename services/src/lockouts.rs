//! Who is locked out of a team now, and the way out: people in conversations, and customers at their accounts.
//! Where to look, indexes tell (`locks`); whether it still holds, the record says that counts, so what was
//! lifted or is over is not told. Console users who are locked stand in `users`.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::accounts::{AccountState, Accounts, Logins};
use crate::conversations::Conversations;
use crate::conversations::snapshots::Acting;
use crate::engine::decide::{Confirm, Reads};
use crate::engine::{Effects, Engine, Error, KeyOf, KeysOf, Slot, decode};
use crate::events::EventLog;
use crate::events::lock_index::{Lock, LockId};
use crate::limits::Limits;
use crate::names::{account_name, address_name, locked_accounts_index, locks_index};
use crate::teams::{Teams, team_event};
use countersign_domain::base::id::{ChannelName, CustomerId, InteractionId, ParticipantId, TeamName};
use countersign_domain::base::method::Guarded;
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::failure_limit::{CustomerTag, Need};
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_domain::event::data::lockouts::LockoutEventData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::proof::lockout::{Budget, may_lift};
use countersign_domain::refusal::Refusal;
use countersign_domain::team::login::Login;
use countersign_domain::time::Moment;
use countersign_store::{CommitId, IndexEntry, Order, Partition};

pub mod locks;

/// Locks of a page.
pub const LOCKS_AT_ONCE: usize = 50;

/// Locks that are looked at at the same time.
const CONCURRENCY: usize = 16;

/// Somebody who is locked out in conversations.
pub struct LockedOut {
    /// What locked her.
    pub id: LockId,
    /// The conversation in which it fell.
    pub interaction: InteractionId,
    /// Who in it.
    pub participant: ParticipantId,
    /// Over which channel, where that was noted or the conversation is still there.
    pub channel: Option<ChannelName>,
    /// When it fell.
    pub since: Moment,
    /// The budget; none: wrong answers over all addresses, and nothing of hers is taken anywhere.
    pub budget: Option<Budget>,
    /// The conversation, unless it was erased.
    pub told: Option<Arc<Interaction>>,
}

impl LockedOut {
    /// The participant, where she is still known.
    pub fn person(&self) -> Option<&Participant> {
        self.told.as_ref()?.participant(&self.participant)
    }

    /// Until an admin lifts it.
    pub fn is_ban(&self) -> bool {
        self.budget.as_ref().is_none_or(|budget| budget.banned)
    }

    /// What is refused; none: everything.
    pub fn method(&self) -> Option<Guarded> {
        match &self.id {
            LockId::Budget { what, .. } => Some(*what),
            LockId::CustomerFailureLimit(_) => None,
        }
    }
}

/// Who lifts a lock, why, and whether a ban, too.
pub struct Lifting<'a> {
    /// For the audit trail.
    pub reason: &'a str,
    /// An admin's word.
    pub ban: bool,
    /// Who does it.
    pub actor: Actor,
}

/// Who is locked or banned, and lifting it.
pub struct Lockouts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) event_log: Arc<EventLog>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) accounts: Arc<Accounts>,
}

impl Lockouts {
    /// Who is locked out in conversations, a page; and after which lock to look further, where there may be more.
    pub async fn locked_out(
        &self,
        team: &TeamName,
        after: Option<&str>,
    ) -> Result<(Vec<LockedOut>, Option<String>), Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let seen = self.whole_locks(team).await?;
        let index = locks_index(team);
        let page = self.page_of_locks(team, &index, after).await?;
        let next = page.last().filter(|_| page.len() == LOCKS_AT_ONCE).map(|last| last.member.clone());
        let members: Vec<String> = page.iter().map(|entry| entry.member.clone()).collect();
        let looks = stream::iter(page).map(|entry| self.looked_at(team, entry)).buffered(CONCURRENCY);
        let looked: Vec<Option<LockedOut>> = looks.try_collect().await?;
        let over = members.into_iter().zip(&looked).filter(|(_, found)| found.is_none());
        let over = over.map(|(member, _)| (index.clone(), member)).collect();
        self.forget_locks(team, seen, over).await?;
        let mut found: Vec<LockedOut> = looked.into_iter().flatten().collect();
        found.sort_by_key(|locked| std::cmp::Reverse(locked.since));
        Ok((found, next))
    }

    async fn page_of_locks(&self, team: &TeamName, index: &str, after: Option<&str>) -> Result<Vec<IndexEntry>, Error> {
        Ok(self.engine.store.list(self.engine.team_partition(team), index, Order::Rising, after, LOCKS_AT_ONCE).await?)
    }

    /// A lock that still holds.
    async fn looked_at(&self, team: &TeamName, entry: IndexEntry) -> Result<Option<LockedOut>, Error> {
        let lock: Lock = decode(&entry.index, &self.engine.open_at(&entry.index, &entry.bytes)?)?;
        let id: LockId = entry.member.parse().map_err(|_| Error::Damaged("the index of locks".into()))?;
        let budget = match &id {
            LockId::Budget { address, budget, .. } => {
                let mut kept = self.address_tagged(&lock, address).await?;
                match kept.budgets.remove(budget).filter(|budget| budget.admit(self.engine.earliest()).is_err()) {
                    None => return Ok(None),
                    active => active,
                }
            }
            LockId::CustomerFailureLimit(customer) => {
                if !self.limits.failure_limit(Need::Look(customer.clone())).await?.bans() {
                    return Ok(None);
                }
                None
            }
        };
        let told = match self.conversations.look(lock.interaction, Some(team)).await {
            Ok(seen) => Some(seen.interaction.clone()),
            Err(Error::Refused(_)) => None, // it was erased, and the lock was not
            Err(error) => return Err(error),
        };
        let Lock { interaction, participant, channel, since, .. } = lock;
        let channel = channel.or_else(|| told.as_ref().map(|told| told.channel.clone()));
        Ok(Some(LockedOut { id, interaction, participant, channel, since, budget, told }))
    }

    async fn address_tagged(&self, lock: &Lock, tag: &str) -> Result<Address, Error> {
        let key = KeyOf::<Address>::new(Partition(lock.interaction.partition()), address_name(tag));
        Ok(self.engine.record_to_tell(&key).await?.unwrap_or_default())
    }

    /// Lifts a lock that stands in the index, also where its conversation is no more.
    pub async fn lift(&self, team: &TeamName, id: &LockId, lifting: &Lifting<'_>) -> Result<(), Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        self.whole_locks(team).await?;
        let (index, member) = (locks_index(team), id.to_string());
        // The store reads an index in order: what lies just before the next possible name is this one, or none.
        let beyond = format!("{member}!");
        let page =
            self.engine.store.list(self.engine.team_partition(team), &index, Order::Falling, Some(&beyond), 1).await?;
        let entry = page.into_iter().find(|entry| entry.member == member).ok_or(Refusal::NotFound("lockout"))?;
        let lock: Lock = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
        match id {
            LockId::CustomerFailureLimit(customer) => self.lift_failure_limit(team, customer, lifting).await,
            LockId::Budget { address, what, budget } => {
                let open = self.address_tagged(&lock, address).await?.open;
                for interaction in open.into_iter().chain([lock.interaction]) {
                    if let Some(who) = self.holder(team, interaction, *what, budget).await? {
                        let acting = Acting { id: interaction, team: Some(team), actor: lifting.actor.clone() };
                        return self
                            .conversations
                            .unlock(acting, &who, Some(*what), lifting.reason, lifting.ban)
                            .await
                            .map(drop);
                    }
                }
                self.lift_alone(team, &lock, address, *what, budget, lifting).await
            }
        }
    }

    /// Which participant of an interaction answers against that budget, where it is still there.
    async fn holder(
        &self,
        team: &TeamName,
        id: InteractionId,
        what: Guarded,
        budget: &str,
    ) -> Result<Option<ParticipantId>, Error> {
        let seen = match self.conversations.look(id, Some(team)).await {
            Ok(seen) => seen,
            Err(Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let pseudonym = |own: &str| self.engine.keys.pseudonym.tag(&[own.as_bytes()]).name();
        let is_hers = |person: &&Participant| Address::budget_name(what, person, pseudonym) == budget;
        Ok(seen.interaction.participants.iter().find(is_hers).map(|person| person.id.clone()))
    }

    /// Lifts a lock of an address at which nobody is known any more.
    async fn lift_alone(
        &self,
        team: &TeamName,
        lock: &Lock,
        tag: &str,
        what: Guarded,
        budget: &str,
        lifting: &Lifting<'_>,
    ) -> Result<(), Error> {
        let partition = Partition(lock.interaction.partition());
        let lift = |slot: &mut Slot<Address>, effects: &mut Effects, now| {
            let mut address = slot.get().cloned().unwrap_or_default();
            let lifted = address.lift([(what, budget.to_owned())], lifting.ban, self.engine.earliest())?;
            if lifted.is_empty() {
                return Ok(());
            }
            for lifted in lifted {
                // No interaction says where it lies.
                let data = lifted.told(tag, lifting.reason, Some(partition.0));
                effects.tell(team_event(team, data, &lifting.actor, now));
            }
            slot.put(address);
            Ok(())
        };
        self.engine.transact(&KeyOf::new(partition, address_name(tag)), lift).await
    }

    async fn lift_failure_limit(&self, team: &TeamName, customer: &CustomerTag, by: &Lifting<'_>) -> Result<(), Error> {
        if !self.limits.failure_limit(Need::Look(customer.clone())).await?.bans() {
            return Ok(());
        }
        may_lift(true, by.ban)?;
        let data = LockoutEventData::of_failure_limit(customer.clone()).because(by.reason.to_owned());
        let told = team_event(team, EventData::Unbanned(data), &by.actor, self.engine.now());
        self.limits.failure_limit(Need::Lift(customer.clone(), Box::new(told))).await.map(drop)
    }

    /// Customers whose accounts are locked or banned, a page; and after which to look further.
    pub async fn locked_accounts(
        &self,
        team: &TeamName,
        after: Option<&str>,
    ) -> Result<(Vec<(CustomerId, AccountState)>, Option<String>), Error> {
        self.whole_locks(team).await?;
        let index = locked_accounts_index(team);
        let page = self.page_of_locks(team, &index, after).await?;
        let next = page.last().filter(|_| page.len() == LOCKS_AT_ONCE).map(|last| last.member.clone());
        let partition = self.engine.team_partition(team);
        let names = page.iter().map(|entry| account_name(team, &entry.member)).collect();
        let reads = Reads { partition, names };
        let opened = if page.is_empty() { Vec::new() } else { self.engine.read(&reads).await? };
        let (mut found, mut over) = (Vec::new(), Vec::new());
        for ((entry, name), opened) in page.into_iter().zip(&reads.names).zip(opened) {
            let version = opened.as_ref().map(|opened| opened.version);
            let login = opened.map(|bytes| decode::<Login>(name, &bytes)).transpose()?;
            let state = match login.and_then(|login| login.customer) {
                Some(customer) => {
                    let state = self.accounts.account_state(team, &customer).await?;
                    state.is_locked().then_some((customer, state))
                }
                None => None,
            };
            match state {
                Some(locked) => found.push(locked),
                None => over.push((entry.member, version)),
            }
        }
        self.forget_accounts(team, over).await?;
        Ok((found, next))
    }

    /// Takes accounts out of the index that were seen unlocked, and have not been touched since.
    async fn forget_accounts(&self, team: &TeamName, over: Vec<(String, Option<CommitId>)>) -> Result<(), Error> {
        if over.is_empty() {
            return Ok(());
        }
        let names = over.iter().map(|(member, _)| account_name(team, member)).collect();
        let forget = |logins: &mut Vec<Slot<Login>>, effects: &mut Effects, _| {
            for ((member, seen), login) in over.iter().zip(logins) {
                if login.version() == *seen {
                    effects.remove(locked_accounts_index(team), member);
                }
            }
            effects.confirm(Confirm::Nothing);
            Ok(())
        };
        self.engine.transact(&KeysOf::new(self.engine.team_partition(team), names), forget).await
    }
}
