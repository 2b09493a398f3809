//! The records of how customers log in: where each lies, how one is changed, and how it goes. What one
//! may become is `domain::team::login`'s.

use super::Logins;
use crate::engine::decide::{Change, Confirm, Reads};
use crate::engine::executor::{Claim, JobPolicy};
use crate::engine::{
    DAY, Effects, Engine, Error, Execution, IdempotencyRecord, KeyOf, KeysOf, Schedule, Slot, StoredRecord, decode,
    plain_record,
};
use crate::names::{account_name, accounts_index, locked_accounts_index, team_record};
use crate::teams::team_event;
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::conversation::failure_limit::{CustomerTag, KnownFailures, Need};
use countersign_domain::customer::folded;
use countersign_domain::event::{Actor, Event, EventData, EventKind};
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Team;
use countersign_domain::team::login::{Login, LoginTag};
use countersign_domain::time::Moment;
use countersign_store::{Order, RecordKey};

/// Logins that are read at once.
const LOGINS_AT_ONCE: usize = 100;

/// Whose login it is, and where its record lies.
#[derive(Clone, Debug)]
pub(crate) struct LoginAccount {
    pub team: TeamName,
    pub tag: LoginTag,
    pub whose: LoginOwner,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginOwner {
    /// A customer's; the record is made where there is none.
    Customers(CustomerId),
    /// A name that is nobody's: it has a record for a day.
    Nobodys,
    /// Whosever the record says, where there is one.
    Kept,
}

/// The time, by both lines.
#[derive(Clone, Copy)]
pub(crate) struct BothTimes {
    pub now: Moment,
    pub earliest: Moment,
}

/// What a rule over a login came to. What it changed is saved either way.
pub(crate) struct Ruled<T> {
    pub outcome: Result<T, Refusal>,
    pub events: Vec<Event>,
    /// Letters that whoever saves this is to send.
    pub claimed: Vec<u32>,
}

impl<T> Ruled<T> {
    /// An outcome that is told to nobody.
    pub fn quiet(outcome: Result<T, Refusal>) -> Self {
        Self { outcome, events: Vec::new(), claimed: Vec::new() }
    }

    /// An outcome and the events that tell of it.
    pub fn with_events(outcome: Result<T, Refusal>, events: Vec<Event>) -> Self {
        Self { events, ..Self::quiet(outcome) }
    }
}

impl LoginAccount {
    /// What a listener is told of it: the customer by a pseudonym, and what else there is.
    pub fn tells(
        &self,
        engine: &Engine,
        actor: &Actor,
        now: Moment,
        data: impl FnOnce(Option<String>) -> EventData,
    ) -> Event {
        let pseudonym = match &self.whose {
            LoginOwner::Customers(id) => Some(engine.keys.customer_pseudonym(&self.team, id.as_str())),
            LoginOwner::Nobodys | LoginOwner::Kept => None,
        };
        team_event(&self.team, data(pseudonym), actor, now)
    }
}

impl Logins {
    /// A customer's login.
    pub(crate) fn account_of(&self, team: &TeamName, id: &CustomerId) -> LoginAccount {
        let tag = LoginTag::of(&self.engine.keys, team, id);
        LoginAccount { team: team.clone(), tag, whose: LoginOwner::Customers(id.clone()) }
    }

    /// The login of a name that is nobody's.
    pub(crate) fn account_of_nobody(&self, team: &TeamName, name: &str) -> LoginAccount {
        let tag = LoginTag::of_nobody(&self.engine.keys, team, &folded(name));
        LoginAccount { team: team.clone(), tag, whose: LoginOwner::Nobodys }
    }

    fn account_reads(&self, account: &LoginAccount) -> Reads {
        let names = vec![account_name(&account.team, &account.tag.name()), team_record(&account.team)];
        Reads { partition: self.engine.team_partition(&account.team), names }
    }

    fn login_key(&self, team: &TeamName, tag: &str) -> KeyOf<Login> {
        KeyOf::new(self.engine.team_partition(team), account_name(team, tag))
    }

    /// Where an account's record lies.
    pub(crate) fn account_key(&self, account: &LoginAccount) -> RecordKey {
        let Reads { partition, mut names } = self.account_reads(account);
        RecordKey { partition, name: names.swap_remove(0) }
    }

    /// A login as it is now; none where nobody ever asked for it.
    pub(crate) async fn login(&self, account: &LoginAccount) -> Result<Option<Login>, Error> {
        let mut login = self.engine.record_to_tell(&self.login_key(&account.team, &account.tag.name())).await?;
        if let Some(login) = &mut login {
            login.settle(self.engine.now(), self.engine.epoch().number);
        }
        Ok(login)
    }

    /// Lets a rule change a login, and saves what it left, also where it refused.
    pub(crate) async fn change_login<T>(
        &self,
        account: &LoginAccount,
        rule: impl Fn(&mut Login, BothTimes) -> Ruled<T>,
        idempotency: Option<&IdempotencyRecord<'_, T>>,
    ) -> Result<Execution<T>, Error> {
        let mut reads = self.account_reads(account);
        reads.names.extend(idempotency.map(IdempotencyRecord::name));
        let claimed = std::sync::Mutex::new(Vec::new());
        let saved = self
            .engine
            .decide(&reads, |records, now| {
                if let Some(idempotency) = idempotency
                    && let Some(reply) = idempotency.earlier(&records[2], now)?
                {
                    return Ok(Change::nothing(Ok(Execution::Replayed(reply))));
                }
                let team = records[1].as_ref().map(|bytes| decode::<Team>(&reads.names[1], bytes)).transpose()?;
                if team.is_none_or(|team| team.leaving) {
                    return Err(Refusal::NotFound("team").into());
                }
                let before = records[0].as_ref().map(|bytes| decode::<Login>(&reads.names[0], bytes)).transpose()?;
                let Some(mut login) = before.clone().or_else(|| self.fresh_login(account)) else {
                    return Ok(Change::nothing(Err(Refusal::NotFound("account"))));
                };
                let (time, earliest) = self.engine.now_and_earliest();
                login.settle(now, self.engine.epoch().number);
                let when = BothTimes { now, earliest: now.shown(time, earliest) };
                let ruled = rule(&mut login, when);
                let mut change = Change { confirm: Confirm::Written, ..Change::nothing(ruled.outcome) };
                if before.as_ref() != Some(&login) || !ruled.events.is_empty() {
                    change.put.push(plain_record(reads.names[0].clone(), &login, now));
                    if before.is_none() && login.customer.is_some() {
                        change.enter.push((accounts_index(&account.team), account.tag.name(), Vec::new()));
                    }
                }
                if login.customer.is_some() {
                    self.note_lock(account, before.as_ref(), &login, &ruled.events, when, &mut change);
                }
                change.events = ruled.events;
                *claimed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = ruled.claimed;
                if let (Some(idempotency), Ok(told)) = (idempotency, &change.outcome) {
                    change.put.push(idempotency.keep(&self.engine, told, now));
                }
                Ok(change.map(Execution::Executed))
            })
            .await?;
        if saved.version.is_some() {
            for number in claimed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
                self.account_messages.push(AccountMessageClaim { key: self.account_key(account), number });
            }
        }
        Ok(saved.outcome?)
    }

    /// Where a lock or a ban fell or was lifted, the index of those tells it. A lock that merely is over stays in
    /// it until somebody looks: a ban may stand above, which no login's record knows.
    fn note_lock<T>(
        &self,
        account: &LoginAccount,
        before: Option<&Login>,
        after: &Login,
        events: &[Event],
        when: BothTimes,
        change: &mut Change<T>,
    ) {
        let told = |kind: EventKind| events.iter().any(|event| event.kind() == kind);
        let was = before.and_then(|login| login.locked(when.earliest));
        let (index, member) = (locked_accounts_index(&account.team), account.tag.name());
        if told(EventKind::CustomerLocked) || after.locked(when.earliest) > was {
            change.enter.push((index, member, Vec::new()));
        } else if told(EventKind::CustomerUnlocked) {
            change.remove.push((index, member));
        }
    }

    fn fresh_login(&self, account: &LoginAccount) -> Option<Login> {
        let customer = match &account.whose {
            LoginOwner::Customers(id) => Some(id.clone()),
            LoginOwner::Nobodys => None,
            LoginOwner::Kept => return None,
        };
        Some(Login::new(account.team.clone(), customer, self.engine.epoch().number))
    }

    /// Forgets how a customer logs in; whoever is logged in is out.
    pub(crate) async fn remove_login(&self, team: &TeamName, id: &CustomerId) -> Result<(), Error> {
        let account = self.account_of(team, id);
        self.remove_login_of(team, &account.tag.name()).await
    }

    async fn remove_login_of(&self, team: &TeamName, tag: &str) -> Result<(), Error> {
        let remove = |login: &mut Slot<Login>, effects: &mut Effects, _| {
            if login.get().is_some() {
                login.delete();
                effects.remove(accounts_index(team), tag);
                effects.remove(locked_accounts_index(team), tag);
            }
            Ok(())
        };
        self.engine.transact(&self.login_key(team, tag), remove).await
    }

    /// Whether anybody has a password here, or passwords are kept elsewhere. Only the first accounts are looked at:
    /// a team with more is past its beginning, also where all of them log in by codes.
    pub async fn has_registered(&self, team: &TeamName) -> Result<bool, Error> {
        if !self.teams.current_team(team).await?.keeps_passwords() {
            return Ok(true);
        }
        let (logins, more) = self.page_of_logins(team, None).await?;
        Ok(more.is_some() || logins.iter().any(Login::is_registered))
    }

    /// Whose the team's logins are.
    pub(crate) async fn ids_of_logins(&self, team: &TeamName) -> Result<Vec<CustomerId>, Error> {
        let (mut ids, mut after) = (Vec::new(), None::<String>);
        loop {
            let (logins, more) = self.page_of_logins(team, after.as_deref()).await?;
            ids.extend(logins.into_iter().filter_map(|login| login.customer));
            if more.is_none() {
                return Ok(ids);
            }
            after = more;
        }
    }

    /// Logins of customers, a page; and after which to look further, where there may be more.
    async fn page_of_logins(
        &self,
        team: &TeamName,
        after: Option<&str>,
    ) -> Result<(Vec<Login>, Option<String>), Error> {
        let (index, partition) = (accounts_index(team), self.engine.team_partition(team));
        let page = self.engine.store.list(partition, &index, Order::Rising, after, LOGINS_AT_ONCE).await?;
        let more = page.last().filter(|_| page.len() == LOGINS_AT_ONCE).map(|last| last.member.clone());
        if page.is_empty() {
            return Ok((Vec::new(), None));
        }
        let names = page.iter().map(|entry| account_name(team, &entry.member)).collect();
        let read = self.engine.load(&KeysOf::<Login>::new(partition, names)).await?;
        let logins = read.into_iter().filter_map(Slot::into_record).filter(|login| login.customer.is_some());
        Ok((logins.collect(), more))
    }

    /// Takes away all logins of a team that goes.
    pub(crate) async fn remove_logins(&self, team: &TeamName) -> Result<(), Error> {
        let (index, partition) = (accounts_index(team), self.engine.team_partition(team));
        let mut cursor = None::<String>;
        loop {
            let page =
                self.engine.store.list(partition, &index, Order::Rising, cursor.as_deref(), LOGINS_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            cursor = Some(last.member.clone());
            for entry in page {
                self.remove_login_of(team, &entry.member).await?;
            }
        }
    }

    pub(crate) fn failure_limit_of(&self, account: &LoginAccount) -> CustomerTag {
        match &account.whose {
            LoginOwner::Customers(id) => CustomerTag::of_id(&self.engine.keys, &account.team, id),
            // Names without number share a few: what fails there leads to nothing.
            LoginOwner::Nobodys | LoginOwner::Kept => {
                CustomerTag::of_nobody(&self.engine.keys, &account.team, account.tag.as_bytes()[0] % 64)
            }
        }
    }

    /// How a customer's failure limit stands after that; who is nobody has none.
    pub(crate) async fn at_failure_limit_of(
        &self,
        account: &LoginAccount,
        need: impl FnOnce(CustomerTag) -> Need,
    ) -> Result<KnownFailures, Error> {
        let known = self.limits.failure_limit(need(self.failure_limit_of(account))).await?;
        Ok(if account.whose == LoginOwner::Nobodys { KnownFailures::default() } else { known })
    }
}

/// The login of a name that is nobody's is kept for a day after the last guess.
impl StoredRecord for Login {
    fn schedule(&self, now: Moment) -> Schedule {
        Schedule { alarm: self.alarm(), expires: self.customer.is_none().then(|| now.plus(DAY)) }
    }
}

/// A letter that this node has claimed: in which record, by its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountMessageClaim {
    pub key: RecordKey,
    pub number: u32,
}

impl Claim for AccountMessageClaim {
    type Key = Self;
    const POLICY: JobPolicy = JobPolicy::new("account-message", 32);

    fn key(&self) -> Self {
        self.clone()
    }
}
