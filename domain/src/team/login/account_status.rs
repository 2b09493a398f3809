//! How an account stands: what keeps its customer out, and what is missing. Who looks after it reads one word;
//! what was guessed, and from where, stands in `guesses`.

use super::Login;
use crate::time::Moment;

crate::named! {
    /// The status of an account, in one word.
    pub enum AccountStatus {
        /// She may log in.
        Active = "active",
        /// She has no password.
        Guest = "guest",
        /// An admin has closed it.
        Disabled = "disabled",
        /// Wrong answers, for a while.
        Locked = "locked",
        /// Until an admin says otherwise.
        Banned = "banned",
    }
}

impl Login {
    /// What matters most of it: what somebody has decided, then what wrong answers did, then what is missing.
    /// Whether her failure limit bans her, and whether she has a password where that is kept elsewhere, others know.
    pub fn status(&self, banned: bool, registered: bool, earliest: Moment) -> AccountStatus {
        match self.locked(earliest) {
            _ if self.disabled_at.is_some() => AccountStatus::Disabled,
            _ if banned => AccountStatus::Banned,
            Some(_) => AccountStatus::Locked,
            None if registered => AccountStatus::Active,
            None => AccountStatus::Guest,
        }
    }

    /// Until when something of hers is locked: her password or her codes, for strangers or on a device that is
    /// known; the last of these locks.
    pub fn locked(&self, earliest: Moment) -> Option<Moment> {
        self.passwords.locked(earliest).max(self.answers.locked(earliest))
    }

    /// When a lock fell last.
    pub fn last_locked_at(&self) -> Option<Moment> {
        self.passwords.last_locked_at.max(self.answers.last_locked_at)
    }

    /// An agent's word: what was guessed wrongly is forgotten; true where something was locked.
    pub fn unlock(&mut self, earliest: Moment) -> bool {
        let was = self.locked(earliest).is_some();
        self.passwords.forgive();
        self.answers.forgive();
        was
    }
}
