//! What was done to who has an account, done again from the audit trail: to local users by the name that
//! an entry gives, to customers by whoever of them has its pseudonym.
//!
//! What an entry does not say (a password, an app) nobody can do again: it is told to the operator.

use std::collections::HashMap;

use super::{Reapplied, words};
use crate::accounts::logins::{BothTimes, Ruled};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::events::audit::AuditEntry;
use crate::maintenance::reapply::Restore;
use countersign_domain::base::id::{CustomerId, TeamName, UserName};
use countersign_domain::event::data::accounts::{AccountLockReason, CustomerEventData, PasswordResetStep};
use countersign_domain::event::data::staff::UserChange;
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::proof::lockout::Redo;
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Role;
use countersign_domain::team::login::Login;
use countersign_domain::team::user::{User, UserInput};
use countersign_domain::time::Moment;

impl Restore {
    /// Whether there was something to do to the user whom the entry names.
    pub(super) async fn user_again(
        &self,
        event: &Event,
        name: &UserName,
        entry: &AuditEntry,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let team = &event.team;
        if let EventData::UserCreated(_) = &event.data {
            told.left.push(format!("a user made at {} is gone: {}", entry.at, words(&entry.detail)));
            return Ok(false);
        }
        if let EventData::UserRemoved(_) = &event.data {
            let removed = self.users.remove_user(team, name, Role::Owner, &Actor::Operator).await;
            return where_known(removed.map(|()| true));
        }
        if let Some(gone) = lost_of_user(&event.data) {
            told.left.push(format!("{gone} of user {name} at {} is gone: what was before counts", entry.at));
            return Ok(false);
        }
        let earliest = self.engine.earliest();
        let rule = |user: &mut User, _| Ok((act_on_user(user, &event.data, earliest), None));
        where_known(self.users.change_user(team, name, &Actor::Operator, rule).await)
    }

    /// Whether there was something to do to the customer whose pseudonym the entry gives.
    pub(super) async fn customer_again(
        &self,
        event: &Event,
        pseudonym: &str,
        entry: &AuditEntry,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let team = &event.team;
        if let EventData::CustomerReset(reset) = &event.data {
            if reset.step != PasswordResetStep::Requested {
                let of = format!("a password of customer {pseudonym}, chosen at {},", entry.at);
                told.left.push(format!("{of} is gone: what was before counts"));
            }
            return Ok(false);
        }
        let Some(id) = self.customer_of(team, pseudonym, told).await? else {
            let what = words(&entry.detail);
            told.left.push(format!("{} at {} is of nobody who is known here: {what}", entry.action, entry.at));
            return Ok(false);
        };
        let account = self.logins.account_of(team, &id);
        let (failure_limit, until) = match &event.data {
            EventData::CustomerLocked(lock) => {
                ((lock.reason == AccountLockReason::FailureLimit).then_some(Redo::Banned), lock.until)
            }
            EventData::CustomerUnlocked(_) => (Some(Redo::Unbanned), None), // whatever was lifted: a ban that stood was
            _ => (None, None),
        };
        if let Some(redo) = failure_limit {
            self.limits.failure_limit_again(&self.logins.failure_limit_of(&account), redo).await?;
        }
        let rule = |login: &mut Login, when: BothTimes| {
            // What was told of a lock's end was told on the other line of time.
            let until = until.map(|until| until.shown(when.now, when.earliest));
            Ruled::quiet(Ok(act_on_login(login, &event.data, until, when)))
        };
        let changed = match self.logins.change_login(&account, rule, None).await {
            Ok(changed) => executed(changed),
            Err(error) => Err(error),
        };
        Ok(where_known(changed)? || failure_limit.is_some())
    }

    /// Erases again whatever is known of the customer whose pseudonym the entry gives.
    pub(super) async fn erase_customer_again(
        &self,
        team: &TeamName,
        data: &CustomerEventData,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let Some(pseudonym) = data.pseudonym.as_deref() else { return Ok(false) };
        let is_hers = |customer: &CustomerId| self.engine.keys.customer_pseudonym(team, customer.as_str()) == pseudonym;
        let erased = self
            .maintenance
            .erase_interactions(team, &Actor::Operator, |summary| summary.customers.iter().any(is_hers));
        let erased = erased.await? > 0;
        let Some(id) = self.customer_of(team, pseudonym, told).await? else { return Ok(erased) };
        told.customers.as_mut().and_then(|known| known.remove(pseudonym));
        self.customers.remove_customer(team, &id).await?;
        self.logins.remove_login(team, &id).await?;
        Ok(true)
    }

    /// Whose pseudonym it is: all who have a record or a login here are looked at, once for a trail.
    async fn customer_of(
        &self,
        team: &TeamName,
        pseudonym: &str,
        told: &mut Reapplied,
    ) -> Result<Option<CustomerId>, Error> {
        if told.customers.is_none() {
            let ids =
                self.customers.ids_of_customers(team).await?.into_iter().chain(self.logins.ids_of_logins(team).await?);
            let named = ids.map(|id| (self.engine.keys.customer_pseudonym(team, id.as_str()), id));
            told.customers = Some(named.collect::<HashMap<_, _>>());
        }
        Ok(told.customers.as_ref().and_then(|known| known.get(pseudonym).cloned()))
    }
}

/// Of whom or what was made after the backup there is nothing here.
fn where_known(done: Result<bool, Error>) -> Result<bool, Error> {
    match done {
        Err(Error::Refused(Refusal::NotFound(_))) => Ok(false),
        done => done,
    }
}

/// What an entry tells of without saying it.
fn lost_of_user(data: &EventData) -> Option<&'static str> {
    let EventData::UserChanged(change) = data else { return None };
    match change.what? {
        UserChange::Password => Some("a password"),
        UserChange::TotpEnrolled | UserChange::TotpReset => Some("a change of the app"),
        UserChange::Invited | UserChange::SignedOut | UserChange::SignedOutEverywhere | UserChange::Unlocked => None,
    }
}

/// Whether the entry changes the user. Nobody gains a role by it: what she was given since, an admin gives
/// her again.
fn act_on_user(user: &mut User, data: &EventData, earliest: Moment) -> bool {
    match data {
        EventData::UserLocked(data) => user.budget.again(Redo::Locked(data.until), earliest),
        EventData::UserBanned(_) => user.budget.again(Redo::Banned, earliest),
        EventData::UserUnlocked(_) => user.unlock(),
        EventData::UserChanged(change) => match change.what {
            Some(UserChange::SignedOut | UserChange::SignedOutEverywhere) => user.sign_out_everywhere(),
            Some(_) => return false,
            None => {
                let role = change.role.map_or(user.role, |role| role.min(user.role));
                let disabled = change.disabled.unwrap_or(user.disabled);
                let before = (user.role, user.disabled);
                user.change(UserInput { email: user.email.clone(), role, disabled });
                return (role, disabled) != before;
            }
        },
        _ => return false,
    }
    true
}

/// Whether the entry changes the login.
fn act_on_login(login: &mut Login, data: &EventData, until: Option<Moment>, when: BothTimes) -> bool {
    match (data, until) {
        (EventData::CustomerDisabled(_), _) => login.disable(when.now),
        (EventData::CustomerEnabled(_), _) => login.disabled_at.take().is_some(),
        (EventData::CustomerUnlocked(_), _) => login.unlock(when.earliest),
        (EventData::CustomerLocked(_), Some(until)) => {
            // The entry does not say at what: neither passwords nor codes are guessed on.
            login.passwords.again(until, when.earliest);
            login.answers.again(until, when.earliest);
            true
        }
        _ => false,
    }
}
