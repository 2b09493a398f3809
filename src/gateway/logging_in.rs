//! Logging in with an account: a password, a code besides it, or a code alone. The same work is done for
//! a name that is somebody's and for one that is nobody's, and the person hears the same.
//!
//! A guess begins, which is saved, before anything is compared, and its end is saved before anybody is
//! told. When a code is wanted, and what wrong guesses lead to, `domain::login` says.

use serde_json::json;

use super::links::fresh;
use super::logins::{Account, Ruled, When, Whose};
use super::teams::TeamView;
use super::tickets::{Holder, Tokens};
use super::{Error, Gateway};
use crate::domain::ceiling::Need;
use crate::domain::customer::Record;
use crate::domain::event::{Actor, Event, EventKind};
use crate::domain::id::CustomerId;
use crate::domain::login::codes::{Code, Purpose};
use crate::domain::login::devices::Device;
use crate::domain::login::letters::About;
use crate::domain::login::tickets::Ticket;
use crate::domain::login::{AppState, Login, never_for_good};
use crate::domain::method::Guarded;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::domain::typed::Digits;

/// Who logs in, from where, by whom.
pub struct LoggingIn<'a> {
    /// The team.
    pub team: &'a TeamView,
    /// The device, as it is described.
    pub device: Device,
    /// Who brings it.
    pub actor: &'a Actor,
    /// What binds the second step to the first, where a page takes both; then no ticket is given.
    pub page: Option<[u8; 16]>,
    /// Whose wrong guesses are counted at the customer's ceiling by others.
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

impl Gateway {
    /// A device, as records know it.
    pub fn device(&self, fingerprint: Option<&str>, region: Option<&str>) -> Device {
        Device::of(&self.keys.pseudonym, fingerprint, region)
    }

    fn account_for(&self, team: &TeamView, record: Option<&Record>, name: &str) -> Account {
        match record {
            Some(record) => self.account_of(&team.team.name, &record.id),
            None => self.account_of_nobody(&team.team.name, name),
        }
    }

    /// Logs in by name and password. `number` is the account's, where the caller names one.
    pub async fn log_in(
        &self,
        by: &LoggingIn<'_>,
        (name, password): (&str, &str),
        number: Option<u64>,
    ) -> Result<LoggedIn, Error> {
        let record = self.person_named(by.team, name).await?;
        let account = self.account_for(by.team, record.as_ref(), name);
        let known = self.at_ceiling_of(&account, Need::Look).await?;
        let rule = never_for_good(by.team.effective.settings.lockout_of(Guarded::Login));
        let guess: [u8; 8] = self.draw();
        let begin = |login: &mut Login, when: When| {
            if known.bans() {
                return Ruled::quiet(Err(Refusal::Banned));
            }
            let from = login.devices.own(&by.device);
            let begun = login.passwords.begin(guess, from.as_deref(), &rule, when.sure);
            let open = login.password().filter(|_| login.disabled_at.is_none()).cloned();
            Ruled::quiet(begun.map(|()| open))
        };
        let begun = match self.change_login(&account, begin, None).await {
            Err(Error::Refused(Refusal::Banned | Refusal::Locked(_))) => None,
            told => Some(fresh(told?)?),
        };
        let kept = begun.clone().flatten();
        let right = self.is_her_password(kept.as_ref(), password).await?;
        if begun.is_none() {
            return Ok(LoggedIn::No);
        }
        let asked = number.is_none_or(|number| {
            record.as_ref().is_some_and(|record| u64::from(account.tag.number(&record.id)) == number)
        });
        let trips = self.settle_ceiling(by, &account, right && asked, known.failures).await?;
        let nonce = self.draw();
        let end = |login: &mut Login, when: When| {
            // Between the two another password may have been chosen, or nothing more is taken of her.
            let still = login.disabled_at.is_none() && login.password() == kept.as_ref();
            if !(right && asked && still && login.passwords.right(guess)) {
                let until = login.passwords.wrong(guess, &rule, when.sure);
                return self.refused(&account, by.actor, when, until, trips);
            }
            self.after_password(login, by, &account, nonce, when)
        };
        let ended = fresh(self.change_login(&account, end, None).await?)?;
        Ok(self.told_of(by, &account, record.as_ref(), ended))
    }

    /// Whether that is the password. What cannot be one is compared all the same.
    async fn is_her_password(&self, kept: Option<&PasswordHash>, text: &str) -> Result<bool, Error> {
        let (kept, typed) = match Password::parse(text) {
            Some(typed) => (kept.cloned(), typed),
            None => (None, Password::parse("-").expect("a dash is a text")),
        };
        self.is_password(kept, typed).await
    }

    /// A wrong guess counts at the customer's ceiling before it is told, a right one clears it before
    /// anybody is in. True where this one bans.
    async fn settle_ceiling(
        &self,
        by: &LoggingIn<'_>,
        account: &Account,
        right: bool,
        failures: u32,
    ) -> Result<bool, Error> {
        let elsewhere = matches!((&account.whose, by.counted), (Whose::Customers(id), Some(counted)) if id == counted);
        if right {
            if failures > 0 {
                self.at_ceiling_of(account, Need::Clear).await?;
            }
            return Ok(false);
        }
        if elsewhere {
            return Ok(false);
        }
        Ok(self.at_ceiling_of(account, Need::Count).await?.trips())
    }

    /// The password was right: she is in, or a code is wanted besides.
    fn after_password(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        account: &Account,
        nonce: [u8; 16],
        when: When,
    ) -> Ruled<Ended> {
        if login.wants_second(&by.team.effective.settings, &by.device) {
            login.first_step(by.device.clone(), by.page, when.now);
            return Ruled::quiet(Ok(Ended::SecondStep));
        }
        self.lets_in(login, by, account, (nonce, &["pwd"]), when)
    }

    fn lets_in(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        account: &Account,
        (nonce, amr): ([u8; 16], &[&str]),
        when: When,
    ) -> Ruled<Ended> {
        let ticket = match by.page {
            Some(_) => {
                login.last_login_at = Some(when.now);
                None
            }
            None => Some(self.begin_ticket(login, (by.team, nonce), amr, when)),
        };
        let event = account.tells(self, EventKind::CustomerLoggedIn, by.actor, when.now, json!({"methods": amr}));
        Ruled::telling(Ok(Ended::In(ticket)), vec![event])
    }

    /// A wrong guess, and what it led to.
    fn refused(
        &self,
        account: &Account,
        actor: &Actor,
        when: When,
        until: Option<Moment>,
        trips: bool,
    ) -> Ruled<Ended> {
        let mut events: Vec<Event> = Vec::new();
        if account.whose != Whose::Nobodys && (until.is_some() || trips) {
            let shown = until.map(|until| until.shown(when.sure, when.now).to_string());
            let reason = if trips { "ceiling" } else { "failures" };
            let data = json!({"until": shown.filter(|_| !trips), "reason": reason});
            events.push(account.tells(self, EventKind::CustomerLocked, actor, when.now, data));
        }
        Ruled::telling(Ok(Ended::No(until)), events)
    }

    fn told_of(&self, by: &LoggingIn<'_>, account: &Account, record: Option<&Record>, ended: Ended) -> LoggedIn {
        let Some(record) = record else { return LoggedIn::No };
        let holder = Holder::of(account.tag, &record.id);
        match ended {
            Ended::No(_) => LoggedIn::No,
            Ended::SecondStep => LoggedIn::SecondStep(holder),
            Ended::In(ticket) => {
                let tokens = ticket.map(|ticket| self.tokens(by.team, account, &record.id, &ticket));
                LoggedIn::In(holder, tokens)
            }
        }
    }

    /// The customer whom a storefront calls so: by her id, else by her login name.
    async fn called(&self, team: &TeamView, user: &str) -> Result<Option<Record>, Error> {
        if let Ok(id) = user.parse::<CustomerId>()
            && let Some(record) = self.customer_record(team, &id).await?
        {
            return Ok(Some(record));
        }
        self.person_named(team, user).await
    }

    /// Asks for a code. Where it goes is one of the customer's own addresses, `email` where that is one;
    /// whether anything left, only an event tells.
    pub async fn request_code(
        &self,
        by: &LoggingIn<'_>,
        purpose: Purpose,
        user: &str,
        email: Option<&str>,
    ) -> Result<(), Error> {
        if purpose == Purpose::Login && !by.team.effective.settings.login_otp {
            return Ok(());
        }
        let record = self.called(by.team, user).await?;
        let account = self.account_for(by.team, record.as_ref(), user);
        let known = self.at_ceiling_of(&account, Need::Look).await?;
        let stops = record.as_ref().map(|record| Self::stops(by.team, record, email, true)).unwrap_or_default();
        let (settings, nonce) = (&by.team.effective.settings, self.draw());
        let rule = |login: &mut Login, when: When| {
            let cools = login.codes.get(purpose).is_some_and(|code| when.now < code.resend_at);
            let asked = purpose == Purpose::Login || login.attempt(by.page.as_ref()).is_some();
            if cools || !asked {
                return Ruled::quiet(Ok(()));
            }
            let from = login.devices.own(&by.device);
            let open = login.answers.admit(from.as_deref(), when.sure).is_ok() && !known.bans();
            let hers = login.disabled_at.is_none() && (login.is_registered() || !Self::keeps_passwords(by.team));
            // Who has an app shows it: a code in a mailbox is not to be the way around.
            let way_around = purpose == Purpose::Login && login.app() == AppState::Confirmed;
            login.codes.put(purpose, Code::new(nonce, settings, by.device.clone(), when.now));
            if !(open && hers) || way_around || stops.is_empty() {
                return self.unsent(&account, (purpose, stops.is_empty()), by.actor, when);
            }
            let number = login.write(About::Code(purpose, nonce), stops.clone(), when.now);
            login.settle(when.now, login.epoch); // a letter about the code before goes no more
            Ruled { claimed: vec![number], ..Ruled::quiet(Ok(())) }
        };
        fresh(self.change_login(&account, rule, None).await?)
    }

    fn unsent(&self, account: &Account, (purpose, nowhere): (Purpose, bool), actor: &Actor, when: When) -> Ruled<()> {
        let reason = if nowhere { "no-address" } else { "not-allowed" };
        let data = json!({"purpose": purpose.as_str(), "reason": reason, "next": null});
        let event = || account.tells(self, EventKind::ChallengeDeliveryFailed, actor, when.now, data);
        let events = (account.whose != Whose::Nobodys).then(event).into_iter().collect();
        Ruled::telling(Ok(()), events)
    }

    /// Takes a code: the one that was sent, or besides a password one of the customer's app.
    pub async fn answer_code(
        &self,
        by: &LoggingIn<'_>,
        purpose: Purpose,
        user: &str,
        (code, number): (&str, Option<u64>),
    ) -> Result<LoggedIn, Error> {
        if purpose == Purpose::Login && !by.team.effective.settings.login_otp {
            return Ok(LoggedIn::No);
        }
        let record = self.called(by.team, user).await?;
        let account = self.account_for(by.team, record.as_ref(), user);
        let known = self.at_ceiling_of(&account, Need::Look).await?;
        let lockout = never_for_good(by.team.effective.settings.lockout_of(Guarded::Otp));
        let said = Digits::parse(code);
        let asked = number.is_none_or(|number| {
            record.as_ref().is_some_and(|record| u64::from(account.tag.number(&record.id)) == number)
        });
        let nonce = self.draw();
        let rule = |login: &mut Login, when: When| {
            let Some(said) = said.as_ref().filter(|_| asked && !known.bans()) else {
                return Ruled::quiet(Ok(Ended::No(None)));
            };
            let from = self.guessed_from(login, by, purpose);
            if login.answers.admit(from.as_deref(), when.sure).is_err() {
                return Ruled::quiet(Ok(Ended::No(None)));
            }
            match self.is_her_code(login, by, (purpose, &account), said, when) {
                None => Ruled::quiet(Ok(Ended::No(None))),
                Some(true) => {
                    login.answers.succeed(from.as_deref());
                    self.after_code(login, by, (purpose, &account), nonce, when)
                }
                Some(false) => {
                    login.codes.miss(purpose);
                    let until = login.answers.fail(from.as_deref(), &lockout, when.sure);
                    if until.is_some() {
                        login.codes.end(purpose); // a lock ends what it guards
                    }
                    let mut ruled = self.refused(&account, by.actor, when, until, false);
                    ruled.outcome = Ok(Ended::No(Some(when.now)));
                    ruled
                }
            }
        };
        let ended = fresh(self.change_login(&account, rule, None).await?)?;
        match &ended {
            Ended::No(Some(_)) => drop(self.settle_ceiling(by, &account, false, known.failures).await?),
            Ended::In(_) if known.failures > 0 => drop(self.at_ceiling_of(&account, Need::Clear).await?),
            _ => {}
        }
        Ok(self.told_of(by, &account, record.as_ref(), ended))
    }

    /// What guesses from there are counted under.
    fn guessed_from(&self, login: &Login, by: &LoggingIn<'_>, purpose: Purpose) -> Option<String> {
        let of_attempt = login.attempt(by.page.as_ref()).filter(|_| purpose == Purpose::Second);
        login.devices.own(of_attempt.map_or(&by.device, |attempt| &attempt.device))
    }

    /// Whether it is a code that would let her in; none where nothing is asked that it could answer.
    fn is_her_code(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        (purpose, account): (Purpose, &Account),
        said: &Digits,
        when: When,
    ) -> Option<bool> {
        if purpose == Purpose::Second && login.attempt(by.page.as_ref()).is_none() {
            return None;
        }
        let app = purpose == Purpose::Second && login.app() == AppState::Confirmed;
        // What is neither as long as the code that is out nor as an app's is none, and no guess.
        let live = login.codes.get(purpose).filter(|code| code.length() == said.len());
        let app = app && said.len() == crate::domain::totp::DIGITS;
        if live.is_none() && !app {
            return None;
        }
        let sent = live.is_some_and(|code| code.is(said, account.tag, purpose, &self.keys.code));
        let shown = app && login.take_from_app(said.expose(), when.now);
        let hers = account.whose != Whose::Nobodys && login.disabled_at.is_none();
        Some(hers && (sent || shown))
    }

    /// The code was right: where it was asked for is known from now on, and she is in.
    fn after_code(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        (purpose, account): (Purpose, &Account),
        nonce: [u8; 16],
        when: When,
    ) -> Ruled<Ended> {
        let code = login.codes.end(purpose);
        match purpose {
            Purpose::Second => login.second_step(),
            Purpose::Login => {
                let asked = code.map(|code| code.device).unwrap_or_default();
                login.devices.validate(&by.device.or(&asked));
            }
        }
        let amr: &[&str] = if purpose == Purpose::Second { &["pwd", "otp", "mfa"] } else { &["otp"] };
        self.lets_in(login, by, account, (nonce, amr), when)
    }
}
