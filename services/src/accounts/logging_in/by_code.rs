//! Codes that log somebody in, alone or besides a password: how one is asked for, and what an answer leads
//! to. Where a code goes and how often it may be sent, `domain::team::login` and the send budgets say.

use super::{Ended, LoggedIn, LoggingIn, Settled};
use crate::accounts::logins::{BothTimes, LoginAccount, LoginOwner, Ruled};
use crate::accounts::tickets::signed_out;
use crate::accounts::{Accounts, CustomerLogin};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::teams::TeamView;
use countersign_domain::base::id::CustomerId;
use countersign_domain::conversation::failure_limit::Need;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::event::data::accounts::SignOutReason;
use countersign_domain::event::data::messages::CodeDeliveryFailedData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::secret::typed::Digits;
use countersign_domain::team::login::account_messages::MessageSubject;
use countersign_domain::team::login::codes::{Code, CodePurpose};
use countersign_domain::team::login::{AppState, Login, never_for_good};

impl CustomerLogin {
    /// The customer whom a storefront calls so: by her id, else by her login name.
    async fn called(&self, team: &TeamView, user: &str) -> Result<Option<StoredCustomer>, Error> {
        if let Ok(id) = user.parse::<CustomerId>()
            && let Some(record) = self.customers.customer_record(team, &id).await?
        {
            return Ok(Some(record));
        }
        self.customers.person_named(team, user).await
    }

    /// Asks for a code. Where it goes is one of the customer's own addresses, `email` where that is one;
    /// whether anything left, only an event tells.
    pub async fn request_code(
        &self,
        by: &LoggingIn<'_>,
        purpose: CodePurpose,
        user: &str,
        email: Option<&str>,
    ) -> Result<(), Error> {
        if purpose == CodePurpose::Login && !by.team.effective.settings.login_otp {
            return Ok(());
        }
        let record = self.called(by.team, user).await?;
        let account = self.account_for(by.team, record.as_ref(), user);
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        let stops = record.as_ref().map(|record| Accounts::stops(by.team, record, email, true)).unwrap_or_default();
        let (settings, nonce) = (&by.team.effective.settings, self.engine.draw());
        let rule = |login: &mut Login, when: BothTimes| {
            let cools = login.codes.get(purpose).is_some_and(|code| when.now < code.resend_at);
            let asked = purpose == CodePurpose::Login || login.attempt(by.page.as_ref()).is_some();
            if cools || !asked {
                return Ruled::quiet(Ok(()));
            }
            let from = login.devices.own(&by.device);
            let open = login.answers.admit(from.as_deref(), when.earliest).is_ok() && !known.bans();
            let takes = login.takes_codes(purpose, !by.team.keeps_passwords());
            login.codes.put(purpose, Code::new(nonce, settings, by.device.clone(), when.now));
            if !(open && takes) || stops.is_empty() {
                return self.unsent(&account, purpose, stops.is_empty(), by.actor, when);
            }
            let number = login.write(MessageSubject::Code(purpose, nonce), stops.clone(), when.now);
            login.settle(when.now, login.epoch); // a letter about the code before goes no more
            Ruled { claimed: vec![number], ..Ruled::quiet(Ok(())) }
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    fn unsent(
        &self,
        account: &LoginAccount,
        purpose: CodePurpose,
        nowhere: bool,
        actor: &Actor,
        when: BothTimes,
    ) -> Ruled<()> {
        let reason = if nowhere { "no-address" } else { "not-allowed" };
        let data = |pseudonym| {
            let (purpose, reason, pseudonym) = (Some(purpose.told()), reason.into(), Some(pseudonym));
            let (challenge, channel, next) = (None, None, None);
            let data = CodeDeliveryFailedData { challenge, purpose, channel, reason, next, pseudonym };
            EventData::ChallengeDeliveryFailed(data)
        };
        let event = || account.tells(&self.engine, actor, when.now, data);
        let events = (account.whose != LoginOwner::Nobodys).then(event).into_iter().collect();
        Ruled::with_events(Ok(()), events)
    }

    /// Takes a code: the one that was sent, or besides a password one of the customer's app.
    pub async fn answer_code(
        &self,
        by: &LoggingIn<'_>,
        purpose: CodePurpose,
        user: &str,
        code: &str,
        number: Option<u64>,
    ) -> Result<LoggedIn, Error> {
        if purpose == CodePurpose::Login && !by.team.effective.settings.login_otp {
            return Ok(LoggedIn::No);
        }
        let record = self.called(by.team, user).await?;
        let account = self.account_for(by.team, record.as_ref(), user);
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        let lockout = never_for_good(by.team.effective.settings.lockout.clone());
        let said = Digits::parse(code);
        let asked = number.is_none_or(|number| {
            record.as_ref().is_some_and(|record| u64::from(account.tag.number(&record.id)) == number)
        });
        let nonce = self.engine.draw();
        let rule = |login: &mut Login, when: BothTimes| {
            let Some(said) = said.as_ref().filter(|_| asked && !known.bans()) else {
                return Ruled::quiet(Ok(Ended::No(None)));
            };
            let from = self.guessed_from(login, by, purpose);
            if login.answers.admit(from.as_deref(), when.earliest).is_err() {
                return Ruled::quiet(Ok(Ended::No(None)));
            }
            match self.is_her_code(login, by, purpose, &account, said, when) {
                None => Ruled::quiet(Ok(Ended::No(None))),
                Some(true) => {
                    login.answers.succeed(from.as_deref());
                    self.after_code(login, by, purpose, &account, nonce, when)
                }
                Some(false) => {
                    login.codes.count_wrong_try(purpose);
                    let until = login.answers.fail(from.as_deref(), &lockout, when.earliest);
                    if until.is_some() {
                        login.codes.end(purpose); // a lock ends what it guards
                    }
                    let mut ruled = self.refused(&account, by.actor, when, until, false);
                    ruled.outcome = Ok(Ended::No(Some(when.now)));
                    ruled
                }
            }
        };
        let ended = executed(self.logins.change_login(&account, rule, None).await?)?;
        let settled = match &ended {
            Ended::No(Some(_)) => self.count_at_failure_limit(by, &account).await?,
            Ended::In(_) => self.clear_failure_limit(&account, known.failures).await?,
            Ended::No(None) | Ended::SecondStep => Settled::Stands,
        };
        let ended = self.heed(by, &account, ended, settled).await?;
        Ok(self.told_of(by, &account, record.as_ref(), ended))
    }

    /// What the failure limit says stands above the code: the guess that bans is told, and whom it bans by now is
    /// not in.
    async fn heed(
        &self,
        by: &LoggingIn<'_>,
        account: &LoginAccount,
        ended: Ended,
        settled: Settled,
    ) -> Result<Ended, Error> {
        if settled == Settled::Stands {
            return Ok(ended);
        }
        let ticket = match &ended {
            Ended::In(ticket) => ticket.as_ref(),
            Ended::No(_) | Ended::SecondStep => None,
        };
        let rule = |login: &mut Login, when: BothTimes| {
            if settled == Settled::Trips {
                return self.refused(account, by.actor, when, None, true);
            }
            // Nobody has its tokens yet.
            let ended = ticket.is_some_and(|ticket| login.tickets.end_number(ticket.number));
            let event = || account.tells(&self.engine, by.actor, when.now, signed_out(SignOutReason::FailureLimit));
            Ruled::with_events(Ok(Ended::No(None)), ended.then(event).into_iter().collect())
        };
        executed(self.logins.change_login(account, rule, None).await?)
    }

    /// What guesses from there are counted under.
    fn guessed_from(&self, login: &Login, by: &LoggingIn<'_>, purpose: CodePurpose) -> Option<String> {
        let of_attempt = login.attempt(by.page.as_ref()).filter(|_| purpose == CodePurpose::Second);
        login.devices.own(of_attempt.map_or(&by.device, |attempt| &attempt.device))
    }

    /// Whether it is a code that would let her in; none where nothing is asked that it could answer.
    fn is_her_code(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        purpose: CodePurpose,
        account: &LoginAccount,
        said: &Digits,
        when: BothTimes,
    ) -> Option<bool> {
        if purpose == CodePurpose::Second && login.attempt(by.page.as_ref()).is_none() {
            return None;
        }
        let app = purpose == CodePurpose::Second && login.app() == AppState::Confirmed;
        // What is neither as long as the code that is out nor as an app's is none, and no guess.
        let live = login.codes.get(purpose).filter(|code| code.length() == said.len());
        let app = app && said.len() == countersign_domain::secret::totp::DIGITS;
        if live.is_none() && !app {
            return None;
        }
        let sent = live.is_some_and(|code| code.is(said, account.tag, purpose, &self.engine.keys.code));
        let shown = app && login.take_from_app(said.expose(), when.now);
        // What was so when the code was asked for may have changed since.
        let hers = account.whose != LoginOwner::Nobodys && login.takes_codes(purpose, !by.team.keeps_passwords());
        Some(hers && (sent || shown))
    }

    /// The code was right: where it was asked for is known from now on, and she is in.
    fn after_code(
        &self,
        login: &mut Login,
        by: &LoggingIn<'_>,
        purpose: CodePurpose,
        account: &LoginAccount,
        nonce: [u8; 16],
        when: BothTimes,
    ) -> Ruled<Ended> {
        let code = login.codes.end(purpose);
        match purpose {
            CodePurpose::Second => login.second_step(),
            CodePurpose::Login => {
                let asked = code.map(|code| code.device).unwrap_or_default();
                login.devices.validate(&by.device.or(&asked));
            }
        }
        let amr: &[&str] = if purpose == CodePurpose::Second { &["pwd", "otp", "mfa"] } else { &["otp"] };
        self.lets_in(login, by, account, nonce, amr, when)
    }
}
