//! What admins and agents do to accounts: passwords, who may not log in, locks, authenticator apps. Who a
//! customer is, and by which ways she is reached, the team's directory says.

use std::sync::Arc;

use self::logins::{AccountMessageClaim, BothTimes, LoginAccount, Ruled};
use self::passwords::Hashing;
use crate::conversations::Conversations;
use crate::customers::Customers;
use crate::engine::executor::Executor;
use crate::engine::keyed_locks::KeyedLocks;
use crate::engine::replay::executed;
use crate::engine::{Engine, Error, Execution, IdempotencyRecord};
use crate::events::Relay;
use crate::limits::Limits;
use crate::links::Links;
use crate::messaging::Messaging;
use crate::teams::channels::Channels;
use crate::teams::{TeamView, Teams};
use crate::urls::Urls;
use countersign_domain::base::country;
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::base::validation::FieldError;
use countersign_domain::base::way::Way;
use countersign_domain::conversation::failure_limit::Need;
use countersign_domain::customer::{StoredCustomer, folded};
use countersign_domain::event::data::accounts::{
    AppChange, CustomerChangedData, CustomerEventData, CustomerResetData, CustomerUnlockedData, PasswordResetStep,
};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::proof::lockout::may_lift;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::password::{Password, PasswordPolicy};
use countersign_domain::secret::totp::Totp;
use countersign_domain::secret::typed::Digits;
use countersign_domain::team::login::account_messages::Stop;
use countersign_domain::team::login::account_status::AccountStatus;
use countersign_domain::team::login::{AppState, Login, never_for_good};
use countersign_domain::time::Moment;

pub mod account_messages;
pub mod disabling;
pub mod hosted;
pub mod logging_in;
pub mod logins;
pub mod passwords;
pub mod resets;
pub mod tickets;

/// How an account stands, as those who look after it see it.
#[derive(Clone, Debug)]
pub struct AccountState {
    /// All of it in one word.
    pub status: AccountStatus,
    /// Whether she has a password, or her directory has one.
    pub registered: bool,
    /// Since when she may not log in.
    pub disabled_at: Option<Moment>,
    /// Until when nobody may guess at her password or her codes, from an unknown place or from one of hers: the
    /// last of these locks.
    pub locked_until: Option<Moment>,
    /// Nothing is taken of her at all until an admin says otherwise.
    pub banned: bool,
    /// Wrong passwords in a row.
    pub failures: u32,
    /// Those that are still taken.
    pub remaining: u32,
    /// When the first of them came.
    pub first_failed_at: Option<Moment>,
    /// When a lock fell last.
    pub last_locked_at: Option<Moment>,
    /// When she came in last.
    pub last_login_at: Option<Moment>,
    /// When her password was chosen.
    pub password_set_at: Option<Moment>,
    /// Until when a link to another password is out.
    pub reset_until: Option<Moment>,
    /// Her authenticator app.
    pub app: AppState,
    /// Where she is logged in.
    pub tickets: usize,
}

impl AccountState {
    /// Whether wrong answers keep her out now.
    pub fn is_locked(&self) -> bool {
        self.banned || self.locked_until.is_some()
    }
}

/// What admins and agents do to customers' accounts.
pub struct Accounts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) logins: Arc<Logins>,
}

impl Accounts {
    /// The account of a customer who is there.
    async fn account(
        &self,
        team: &TeamName,
        id: &CustomerId,
    ) -> Result<(std::sync::Arc<TeamView>, StoredCustomer, LoginAccount), Error> {
        let view = self.teams.current_team(team).await?;
        let record = self.customers.customer_record(&view, id).await?.ok_or(Refusal::NotFound("customer"))?;
        Ok((view, record, self.logins.account_of(team, id)))
    }

    /// What a password must be to be this customer's; said before anything is changed.
    pub fn judge_password(&self, team: &TeamView, record: &StoredCustomer, text: &str) -> Result<Password, Refusal> {
        if !team.keeps_passwords() {
            return Err(Refusal::PasswordElsewhere);
        }
        let own: Vec<&str> =
            record.username.iter().chain(&record.emails).map(String::as_str).chain([record.id.as_str()]).collect();
        let policy = PasswordPolicy { min_length: team.effective.settings.password.min_length };
        let weak = |why: countersign_domain::secret::password::Weakness| {
            Refusal::Invalid(vec![FieldError::at("/password", why)])
        };
        policy.choose(text, &own).map_err(weak)
    }

    /// Gives a customer a password: from now on she is registered.
    pub async fn set_password(
        &self,
        team: &TeamName,
        id: &CustomerId,
        password: Password,
        actor: &Actor,
    ) -> Result<(), Error> {
        let (hash, account) = (self.logins.hash_password(password).await?, self.logins.account_of(team, id));
        let rule = |login: &mut Login, when: BothTimes| {
            login.set_password(hash.clone(), when.now);
            let event = account.tells(&self.engine, actor, when.now, |pseudonym| {
                EventData::CustomerReset(CustomerResetData { pseudonym, step: PasswordResetStep::Set })
            });
            Ruled::with_events(Ok(()), vec![event])
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    /// How an account stands.
    pub async fn account_state(&self, team: &TeamName, id: &CustomerId) -> Result<AccountState, Error> {
        let view = self.teams.current_team(team).await?;
        let account = self.logins.account_of(team, id);
        let login = self.logins.login(&account).await?;
        let login = login.unwrap_or_else(|| Login::new(team.clone(), Some(id.clone()), self.engine.epoch().number));
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        let (now, earliest) = self.engine.now_and_earliest();
        let rule = never_for_good(view.effective.settings.lockout.clone());
        let (failures, remaining) = login.passwords.counts(&rule, earliest);
        let shown = |at: Option<Moment>| at.map(|at| at.shown(earliest, now));
        let registered = login.is_registered() || !view.keeps_passwords();
        Ok(AccountState {
            status: login.status(known.bans(), registered, earliest),
            registered,
            disabled_at: login.disabled_at,
            locked_until: shown(login.locked(earliest)),
            banned: known.bans(),
            failures,
            remaining,
            first_failed_at: shown(login.passwords.first_failed_at),
            last_locked_at: shown(login.last_locked_at()),
            last_login_at: login.last_login_at,
            password_set_at: login.password_set_at(),
            reset_until: login.reset.as_ref().map(|reset| reset.expires_at),
            app: login.app(),
            tickets: login.tickets.count(),
        })
    }

    /// From now on she may not log in, and is nowhere logged in.
    pub async fn disable_account(&self, team: &TeamName, id: &CustomerId, actor: &Actor) -> Result<(), Error> {
        let (view, _, account) = self.account(team, id).await?;
        let rule = |login: &mut Login, when: BothTimes| {
            if view.keeps_passwords() && !login.is_registered() {
                return Ruled::quiet(Err(Refusal::Guest));
            }
            let is_new = login.disable(when.now);
            let data = |pseudonym| EventData::CustomerDisabled(CustomerEventData { pseudonym });
            let event = || account.tells(&self.engine, actor, when.now, data);
            Ruled::with_events(Ok(()), is_new.then(event).into_iter().collect())
        };
        executed(self.logins.change_login(&account, rule, None).await?)?;
        self.lower_flags_of(team, id, actor).await
    }

    /// She may log in again.
    pub async fn enable_account(&self, team: &TeamName, id: &CustomerId, actor: &Actor) -> Result<(), Error> {
        let (_, _, account) = self.account(team, id).await?;
        let rule = |login: &mut Login, when: BothTimes| {
            let was = login.disabled_at.take().is_some();
            let data = |pseudonym| EventData::CustomerEnabled(CustomerEventData { pseudonym });
            let event = || account.tells(&self.engine, actor, when.now, data);
            Ruled::with_events(Ok(()), was.then(event).into_iter().collect())
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    /// What was guessed wrongly is forgotten; with `ban` also what has banned her over all her addresses.
    pub async fn unlock_account(
        &self,
        team: &TeamName,
        id: &CustomerId,
        ban: bool,
        reason: Option<&str>,
        actor: &Actor,
    ) -> Result<(), Error> {
        let (_, _, account) = self.account(team, id).await?;
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        may_lift(known.bans(), ban)?;
        let unlocked = |now: Moment| {
            let reason = reason.map(|reason| reason.to_owned().into());
            account.tells(&self.engine, actor, now, |pseudonym| {
                EventData::CustomerUnlocked(CustomerUnlockedData { pseudonym, reason })
            })
        };
        if known.bans() {
            let told = Box::new(unlocked(self.engine.now()));
            self.logins.at_failure_limit_of(&account, |customer| Need::Lift(customer, told)).await?;
        }
        let rule = |login: &mut Login, when: BothTimes| {
            let was = login.unlock(when.earliest) && !known.bans(); // with the ban it was told
            Ruled::with_events(Ok(()), was.then(|| unlocked(when.now)).into_iter().collect())
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    /// An authenticator app is given its secret, as the address that apps read; told once.
    pub async fn enrol_customer_app(
        &self,
        team: &TeamName,
        id: &CustomerId,
        idempotency: Option<&IdempotencyRecord<'_, String>>,
    ) -> Result<Execution<String>, Error> {
        let (view, record, account) = self.account(team, id).await?;
        let totp = Totp::new(self.engine.draw());
        let issuer = view.effective.settings.brand.name.as_deref().unwrap_or(&view.team.title);
        let called = record.username.as_deref().or(record.emails.first().map(String::as_str)).unwrap_or(id.as_str());
        let url = totp.otpauth_url(issuer, called);
        let rule = |login: &mut Login, _: BothTimes| Ruled::quiet(login.enrol(totp.clone()).map(|()| url.clone()));
        self.logins.change_login(&account, rule, idempotency).await
    }

    /// The app shows that it has the secret: from now on it is asked at each login.
    pub async fn confirm_customer_app(
        &self,
        team: &TeamName,
        id: &CustomerId,
        code: &str,
        actor: &Actor,
    ) -> Result<(), Error> {
        let (view, _, account) = self.account(team, id).await?;
        let lockout = never_for_good(view.effective.settings.lockout.clone());
        let digits = Digits::parse(code);
        let rule = |login: &mut Login, when: BothTimes| {
            if login.app() != AppState::Pending {
                return Ruled::quiet(Err(Refusal::NoApp));
            }
            if let Err(refusal) = login.answers.admit(None, when.earliest) {
                return Ruled::quiet(Err(refusal));
            }
            if !digits.as_ref().is_some_and(|digits| login.confirm(digits.expose(), when.now)) {
                login.answers.fail(None, &lockout, when.earliest);
                return Ruled::quiet(Err(Refusal::WrongAppCode));
            }
            login.answers.succeed(None);
            Ruled::with_events(Ok(()), vec![app_changed(&self.engine, &account, AppChange::Confirmed, actor, when)])
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    /// Takes an authenticator app away.
    pub async fn drop_customer_app(&self, team: &TeamName, id: &CustomerId, actor: &Actor) -> Result<(), Error> {
        let (_, _, account) = self.account(team, id).await?;
        let rule = |login: &mut Login, when: BothTimes| {
            let event = || app_changed(&self.engine, &account, AppChange::Removed, actor, when);
            Ruled::with_events(Ok(()), login.drop_app().then(event).into_iter().collect())
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    /// Where a message to a customer can go, the first to be tried first. `only` is an address that must
    /// be her own: then nothing goes anywhere else.
    pub(crate) fn stops(team: &TeamView, record: &StoredCustomer, only: Option<&str>, codes: bool) -> Vec<Stop> {
        let settings = &team.effective.settings;
        let only = only.map(folded);
        let own = |list: &[String]| match &only {
            None => list.first().cloned(),
            Some(only) => list.iter().find(|address| folded(address) == *only).cloned(),
        };
        let (phone, email) = (own(&record.phones), own(&record.emails));
        let has = |way: Way| team.channels.iter().any(|channel| channel.as_str() == way.as_str());
        let stop = |way: Way| {
            let to = match way {
                Way::Sms if has(way) => phone.clone(),
                Way::Email if has(way) => email.clone(),
                Way::Event if codes && team.event_webhook().is_some() => phone.clone().or(email.clone()),
                Way::Chat | Way::Sms | Way::Email | Way::Event => None,
            }?;
            settings.send_budget.allows(country::of(&to)).then_some(Stop { way, to })
        };
        settings.delivery.ways().into_iter().filter_map(stop).collect()
    }
}

/// Customers' login records: passwords, codes by message, tickets.
pub struct Logins {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) hashing: Hashing,
    /// Messages to customers that this node has claimed.
    pub(crate) account_messages: Executor<AccountMessageClaim>,
}

/// Customers who log in by password or by code, and who choose another password.
pub struct CustomerLogin {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) accounts: Arc<Accounts>,
}

/// The gateway's own login page.
pub struct HostedLogin {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) links: Arc<Links>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) customer_login: Arc<CustomerLogin>,
    /// Logins wait here for those of the same conversation.
    pub(crate) logging_in: KeyedLocks,
}

/// The event of a change of an account's authenticator app.
fn app_changed(engine: &Engine, account: &LoginAccount, change: AppChange, actor: &Actor, when: BothTimes) -> Event {
    account.tells(engine, actor, when.now, |pseudonym| {
        EventData::CustomerChanged(CustomerChangedData { pseudonym, created: None, app: Some(change) })
    })
}
