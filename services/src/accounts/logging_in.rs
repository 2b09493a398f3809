//! Logging in with an account: a password, a code besides it, or a code alone. The same work is done for
//! a name that is somebody's and for one that is nobody's, and the person hears the same.
//!
//! A guess begins, which is saved, before anything is compared, and its end is saved before anybody is
//! told. When a code is wanted, and what wrong guesses lead to, `domain::team::login` says.

use super::CustomerLogin;
use super::logins::{BothTimes, LoginAccount, LoginOwner, Ruled};
use super::tickets::{Holder, Tokens};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::teams::TeamView;
use countersign_directory::Verified;
use countersign_domain::base::id::CustomerId;
use countersign_domain::conversation::failure_limit::Need;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::event::data::accounts::{AccountLockReason, CustomerLockedData, CustomerLoggedInData};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Secret;
use countersign_domain::secret::password::{Password, PasswordHash};
use countersign_domain::team::login::devices::LoginDevice;
use countersign_domain::team::login::tickets::Ticket;
use countersign_domain::team::login::{Login, never_for_good};
use countersign_domain::time::Moment;

/// Who logs in, from where, by whom.
pub struct LoggingIn<'a> {
    /// The team.
    pub team: &'a TeamView,
    /// The device, as it is described.
    pub device: LoginDevice,
    /// Who brings it.
    pub actor: &'a Actor,
    /// What binds the second step to the first, where a page takes both; then no ticket is given.
    pub page: Option<[u8; 16]>,
    /// Whose wrong guesses are counted at the customer's failure limit by others.
    pub counted: Option<&'a CustomerId>,
}

/// How it went.
#[derive(Clone, Debug)]
pub enum LoggedIn {
    /// Nothing was right, or nothing is taken. Which of these it was is for nobody to know.
    No,
    /// The password was right, and a code is wanted besides.
    SecondStep(Holder),
    /// She is in.
    In(Holder, Option<Tokens>),
}

/// What the end of a guess came to.
#[derive(Clone)]
enum Ended {
    No(Option<Moment>),
    SecondStep,
    In(Option<Ticket>),
}

/// How the customer's failure limit stands after a guess.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// Below.
    Stands,
    /// This guess bans.
    Trips,
    /// Guesses before this one have.
    Bans,
}

mod by_code;

impl CustomerLogin {
    /// A device, as records know it.
    pub fn device(&self, fingerprint: Option<&str>, region: Option<&str>) -> LoginDevice {
        LoginDevice::of(&self.engine.keys.pseudonym, fingerprint, region)
    }

    pub(crate) fn account_for(&self, team: &TeamView, record: Option<&StoredCustomer>, name: &str) -> LoginAccount {
        match record {
            Some(record) => self.logins.account_of(&team.team.name, &record.id),
            None => self.logins.account_of_nobody(&team.team.name, name),
        }
    }

    /// Logs in by name and password. `number` is the account's, where the caller names one.
    pub async fn log_in(
        &self,
        by: &LoggingIn<'_>,
        name: &str,
        password: &str,
        number: Option<u64>,
    ) -> Result<LoggedIn, Error> {
        let record = self.customers.person_named(by.team, name).await?;
        let account = self.account_for(by.team, record.as_ref(), name);
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        let rule = never_for_good(by.team.effective.settings.lockout.clone());
        let guess: [u8; 8] = self.engine.draw();
        let begin = |login: &mut Login, when: BothTimes| {
            if known.bans() {
                return Ruled::quiet(Err(Refusal::Banned));
            }
            let from = login.devices.own(&by.device);
            let begun = login.passwords.begin(guess, from.as_deref(), &rule, when.earliest);
            let open = login.disabled_at.is_none();
            let second = login.wants_second(&by.team.effective.settings, &by.device);
            Ruled::quiet(begun.map(|()| (open, second, login.password().filter(|_| open).cloned())))
        };
        let begun = match self.logins.change_login(&account, begin, None).await {
            Err(Error::Refused(Refusal::Banned | Refusal::Locked(_))) => None,
            told => Some(executed(told?)?),
        };
        let (open, second, kept) = begun.clone().unwrap_or_default();
        let compared = match open && !by.team.keeps_passwords() {
            true => self.is_directorys(by.team, record.as_ref(), name, password).await,
            false => self.is_her_password(kept.as_ref(), password).await,
        };
        if begun.is_none() {
            return compared.map(|_| LoggedIn::No);
        }
        let asked = number.is_none_or(|number| {
            record.as_ref().is_some_and(|record| u64::from(account.tag.number(&record.id)) == number)
        });
        let compared = compared.map(|right| right && asked);
        let (right, settled) = self.weighed(by, &account, guess, compared, second, known.failures).await?;
        let nonce = self.engine.draw();
        let end = |login: &mut Login, when: BothTimes| {
            // Between the two another password may have been chosen, or nothing more is taken of her.
            let still = login.disabled_at.is_none() && login.password() == kept.as_ref();
            if settled == Settled::Bans {
                login.passwords.take_back(guess);
                return Ruled::quiet(Ok(Ended::No(None)));
            }
            if !(right && still && login.passwords.right(guess)) {
                let until = login.passwords.wrong(guess, &rule, when.earliest);
                return self.refused(&account, by.actor, when, until, settled == Settled::Trips);
            }
            self.after_password(login, by, &account, nonce, second, when)
        };
        let ended = executed(self.logins.change_login(&account, end, None).await?)?;
        Ok(self.told_of(by, &account, record.as_ref(), ended))
    }

    /// Whether the company's own directory takes the password as hers. It is asked for a name that is
    /// nobody's, too.
    async fn is_directorys(
        &self,
        team: &TeamView,
        record: Option<&StoredCustomer>,
        name: &str,
        password: &str,
    ) -> Result<bool, Error> {
        let password = Secret::new(password.as_bytes().to_vec());
        let answer = match self.customers.directory(team) {
            Ok(asked) => asked.directory().verify(name, &password).await,
            Err(failure) => Err(failure),
        };
        let hers = |found: &StoredCustomer| record.is_some_and(|record| record.id == found.id);
        Ok(matches!(self.customers.heard(team, answer).await?, Verified::Right(found) if hers(&found)))
    }

    /// Whether that is the password. What cannot be one is compared all the same.
    async fn is_her_password(&self, kept: Option<&PasswordHash>, text: &str) -> Result<bool, Error> {
        let (kept, typed) = match Password::parse(text) {
            Some(typed) => (kept.cloned(), typed),
            None => (None, Password::parse("-").expect("a dash is a text")),
        };
        self.logins.is_password(kept, typed).await
    }

    /// Whether a guess is right, and how the failure limit stands after it. Where that cannot be known it is taken
    /// back: our own trouble is nobody's wrong guess. A wrong one is not, whatever happens then.
    async fn weighed(
        &self,
        by: &LoggingIn<'_>,
        account: &LoginAccount,
        guess: [u8; 8],
        compared: Result<bool, Error>,
        second: bool,
        failures: u32,
    ) -> Result<(bool, Settled), Error> {
        let told = match compared {
            // A password alone clears nothing that the code may still add to.
            Ok(true) if second => Ok((true, Settled::Stands)),
            Ok(true) => self.clear_failure_limit(account, failures).await.map(|settled| (true, settled)),
            Ok(false) => return Ok((false, self.count_at_failure_limit(by, account).await?)),
            Err(error) => Err(error),
        };
        if told.is_err() {
            let back = |login: &mut Login, _: BothTimes| {
                login.passwords.take_back(guess);
                Ruled::quiet(Ok(()))
            };
            if let Err(error) = self.logins.change_login(account, back, None).await {
                tracing::warn!(%error, "a guess that was not judged will count as a wrong one");
            }
        }
        told
    }

    /// A wrong guess counts at the customer's failure limit before it is told.
    async fn count_at_failure_limit(&self, by: &LoggingIn<'_>, account: &LoginAccount) -> Result<Settled, Error> {
        let elsewhere =
            matches!((&account.whose, by.counted), (LoginOwner::Customers(id), Some(counted)) if id == counted);
        if elsewhere {
            return Ok(Settled::Stands);
        }
        let trips = self.logins.at_failure_limit_of(account, Need::Count).await?.trips();
        Ok(if trips { Settled::Trips } else { Settled::Stands })
    }

    /// Who has shown all that is asked clears the failure limit, unless that bans meanwhile.
    async fn clear_failure_limit(&self, account: &LoginAccount, failures: u32) -> Result<Settled, Error> {
        if failures == 0 {
            return Ok(Settled::Stands);
        }
        let bans = self.logins.at_failure_limit_of(account, Need::Clear).await?.bans();
        Ok(if bans { Settled::Bans } else { Settled::Stands })
    }

    /// The password was right: she is in, or a code is wanted besides, now or when the guess began.
    fn after_password(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        account: &LoginAccount,
        nonce: [u8; 16],
        second: bool,
        when: BothTimes,
    ) -> Ruled<Ended> {
        if second || login.wants_second(&by.team.effective.settings, &by.device) {
            login.first_step(by.device.clone(), by.page, when.now);
            return Ruled::quiet(Ok(Ended::SecondStep));
        }
        self.lets_in(login, by, account, nonce, &["pwd"], when)
    }

    fn lets_in(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        account: &LoginAccount,
        nonce: [u8; 16],
        amr: &[&str],
        when: BothTimes,
    ) -> Ruled<Ended> {
        let ticket = match by.page {
            Some(_) => {
                login.last_login_at = Some(when.now);
                None
            }
            None => Some(self.logins.begin_ticket(login, by.team, nonce, amr, when)),
        };
        let methods = amr.iter().copied().map(str::to_owned).collect();
        let event = account.tells(&self.engine, by.actor, when.now, |pseudonym| {
            EventData::CustomerLoggedIn(CustomerLoggedInData { pseudonym, methods })
        });
        Ruled::with_events(Ok(Ended::In(ticket)), vec![event])
    }

    /// A wrong guess, and what it led to.
    fn refused(
        &self,
        account: &LoginAccount,
        actor: &Actor,
        when: BothTimes,
        until: Option<Moment>,
        trips: bool,
    ) -> Ruled<Ended> {
        let mut events: Vec<Event> = Vec::new();
        if account.whose != LoginOwner::Nobodys && (until.is_some() || trips) {
            let shown = until.map(|until| until.shown(when.earliest, when.now)).filter(|_| !trips);
            let reason = if trips { AccountLockReason::FailureLimit } else { AccountLockReason::Failures };
            events.push(account.tells(&self.engine, actor, when.now, |pseudonym| {
                EventData::CustomerLocked(CustomerLockedData { pseudonym, until: shown, reason })
            }));
        }
        Ruled::with_events(Ok(Ended::No(until)), events)
    }

    fn told_of(
        &self,
        by: &LoggingIn<'_>,
        account: &LoginAccount,
        record: Option<&StoredCustomer>,
        ended: Ended,
    ) -> LoggedIn {
        let Some(record) = record else { return LoggedIn::No };
        let holder = Holder::of(account.tag, &record.id);
        match ended {
            Ended::No(_) => LoggedIn::No,
            Ended::SecondStep => LoggedIn::SecondStep(holder),
            Ended::In(ticket) => {
                let tokens = ticket.map(|ticket| self.logins.tokens(by.team, account, &record.id, &ticket));
                LoggedIn::In(holder, tokens)
            }
        }
    }
}
