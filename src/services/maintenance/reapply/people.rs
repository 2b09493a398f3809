//! What was done to who has an account, done again from the audit trail: to local users by the name that
//! an entry gives, to customers by whoever of them has its pseudonym.
//!
//! What an entry does not say (a password, an app) nobody can do again: it is told to the operator.

use std::collections::HashMap;

use super::{Reapplied, text, words};
use crate::domain::base::id::{CustomerId, TeamName, UserName};
use crate::domain::event::{Actor, EventKind};
use crate::domain::proof::lockout::Redo;
use crate::domain::refusal::Refusal;
use crate::domain::team::Role;
use crate::domain::team::login::Login;
use crate::domain::team::user::{User, UserInput};
use crate::domain::time::Moment;
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::services::accounts::logins::{BothTimes, Ruled};
use crate::services::events::audit::AuditEntry;
use crate::services::maintenance::reapply::Restore;

impl Restore {
    /// Whether there was something to do to the user whom the entry names.
    pub(super) async fn user_again(
        &self,
        team: &TeamName,
        kind: EventKind,
        entry: &AuditEntry,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let Some(name) = text(entry, "user").and_then(|name| name.parse::<UserName>().ok()) else { return Ok(false) };
        if kind == EventKind::UserCreated {
            told.left.push(format!("a user made at {} is gone: {}", entry.at, words(&entry.detail)));
            return Ok(false);
        }
        if kind == EventKind::UserRemoved {
            let removed = self.users.remove_user(team, &name, Role::Owner, &Actor::Operator).await;
            return where_known(removed.map(|()| true));
        }
        if let Some(gone) = lost_of_user(kind, entry) {
            told.left.push(format!("{gone} of user {name} at {} is gone: what was before counts", entry.at));
            return Ok(false);
        }
        let earliest = self.engine.earliest();
        let until = text(entry, "until").and_then(|until| until.parse().ok()).unwrap_or(Moment(0));
        let rule = |user: &mut User, _| Ok((act_on_user(user, kind, entry, until, earliest), None));
        where_known(self.users.change_user(team, &name, &Actor::Operator, rule).await)
    }

    /// Whether there was something to do to the customer whose pseudonym the entry gives.
    pub(super) async fn customer_again(
        &self,
        team: &TeamName,
        kind: EventKind,
        entry: &AuditEntry,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let Some(pseudonym) = text(entry, "pseudonym") else { return Ok(false) };
        if kind == EventKind::CustomerReset {
            if text(entry, "step") != Some("requested") {
                let of = format!("a password of customer {pseudonym}, chosen at {},", entry.at);
                told.left.push(format!("{of} is gone: what was before counts"));
            }
            return Ok(false);
        }
        let Some(id) = self.customer_of(team, pseudonym, told).await? else {
            let what = words(&entry.detail);
            told.left.push(format!("{} at {} is of nobody who is known here: {what}", kind.as_str(), entry.at));
            return Ok(false);
        };
        let account = self.logins.account_of(team, &id);
        let failure_limit = match kind {
            EventKind::CustomerLocked if text(entry, "reason") == Some("failure_limit") => Some(Redo::Banned),
            EventKind::CustomerUnlocked => Some(Redo::Unbanned), // whatever was lifted: a ban that stood was
            _ => None,
        };
        if let Some(redo) = failure_limit {
            self.limits.failure_limit_again(&self.logins.failure_limit_of(&account), redo).await?;
        }
        let until = text(entry, "until").and_then(|until| until.parse::<Moment>().ok());
        let rule = |login: &mut Login, when: BothTimes| {
            // What was told of a lock's end was told on the other line of time.
            let until = until.map(|until| until.shown(when.now, when.earliest));
            Ruled::quiet(Ok(act_on_login(login, kind, until, when)))
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
        entry: &AuditEntry,
        told: &mut Reapplied,
    ) -> Result<bool, Error> {
        let Some(pseudonym) = text(entry, "pseudonym") else { return Ok(false) };
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
fn lost_of_user(kind: EventKind, entry: &AuditEntry) -> Option<&'static str> {
    match (kind, text(entry, "what")?) {
        (EventKind::UserChanged, "password") => Some("a password"),
        (EventKind::UserChanged, "totp_enrolled" | "totp_reset") => Some("a change of the app"),
        _ => None,
    }
}

/// Whether the entry changes the user. Nobody gains a role by it: what she was given since, an admin gives
/// her again.
fn act_on_user(user: &mut User, kind: EventKind, entry: &AuditEntry, until: Moment, earliest: Moment) -> bool {
    match (kind, text(entry, "what")) {
        (EventKind::UserLocked, _) => user.budget.again(Redo::Locked(until), earliest),
        (EventKind::UserBanned, _) => user.budget.again(Redo::Banned, earliest),
        (EventKind::UserUnlocked, _) => user.unlock(),
        (EventKind::UserChanged, Some("signed_out" | "signed_out_everywhere")) => user.sign_out_everywhere(),
        (EventKind::UserChanged, None) => {
            let said = |name: &str| entry.detail.get(name).cloned().unwrap_or_default();
            let role = serde_json::from_value::<Role>(said("role")).map_or(user.role, |role| role.min(user.role));
            let disabled = said("disabled").as_bool().unwrap_or(user.disabled);
            let before = (user.role, user.disabled);
            user.change(UserInput { email: user.email.clone(), role, disabled });
            return (role, disabled) != before;
        }
        _ => return false,
    }
    true
}

/// Whether the entry changes the login.
fn act_on_login(login: &mut Login, kind: EventKind, until: Option<Moment>, when: BothTimes) -> bool {
    match (kind, until) {
        (EventKind::CustomerDisabled, _) => login.disable(when.now),
        (EventKind::CustomerEnabled, _) => login.disabled_at.take().is_some(),
        (EventKind::CustomerUnlocked, _) => login.unlock(when.earliest),
        (EventKind::CustomerLocked, Some(until)) => {
            // The entry does not say at what: neither passwords nor codes are guessed on.
            login.passwords.again(until, when.earliest);
            login.answers.again(until, when.earliest);
            true
        }
        _ => false,
    }
}
