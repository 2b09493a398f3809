//! Somebody who works with the consoles: what she may do, by what she proves who she is, and how often she
//! may fail at it. Pure changes of one record; whoever reads it from a store and saves it stands elsewhere.
//!
//! Customers are never users: what these may do and what those have proved are different questions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::login::never_for_good;
use crate::base::id::{TeamName, UserName};
use crate::proof::lockout::{Budget, Consequence};
use crate::secret::Tag;
use crate::secret::password::PasswordHash;
use crate::secret::totp::Totp;
use crate::settings::Lockout;
use crate::team::Role;
use crate::time::Moment;

pub mod words;

/// A team has at most so many local users.
pub const MAX_USERS: usize = 500;

/// What a user's password has at least: she can do more than a customer can.
pub const MIN_PASSWORD: usize = 10;

/// How long a set-password link is good.
pub const INVITED_FOR: Duration = Duration::from_secs(72 * 60 * 60);

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Her team.
    pub team: TeamName,
    /// Her name in it.
    pub name: UserName,
    /// Where her invitation goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What she may do: never a bot's.
    pub role: Role,
    /// She may not sign in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Since when.
    pub created_at: Moment,
    /// None until she has set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// Her authenticator app, once it has shown a right code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// One that has shown none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolling: Option<Totp>,
    /// The link by which she sets her password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<UserInvitation>,
    /// Wrong passwords: they lock, and never ban, or a stranger could shut her out for good.
    #[serde(default, skip_serializing_if = "Budget::is_clear")]
    pub budget: Budget,
    /// Wrong codes of her app, each after a right password.
    #[serde(default, skip_serializing_if = "Budget::is_clear")]
    pub codes: Budget,
    /// Sessions of an earlier one are over.
    pub generation: u64,
    /// When she came in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<Moment>,
}

/// A link that is good once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserInvitation {
    /// Of its secret.
    pub tag: Tag,
    /// Its end.
    pub until: Moment,
}

/// Which users a team has, and where their invitations go.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserIndex {
    /// Mail address by name.
    pub users: BTreeMap<UserName, Option<String>>,
}

impl UserIndex {
    /// Who is meant by what somebody typed: a name, or the address of exactly one.
    pub fn find(&self, typed: &str) -> Option<&UserName> {
        if let Some((name, _)) = self.users.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(typed)) {
            return Some(name);
        }
        let has = |email: &Option<String>| email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(typed));
        let mut all = self.users.iter().filter(|(_, email)| has(email)).map(|(name, _)| name);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}

/// What an admin says of a user.
#[derive(Clone, Debug)]
pub struct UserInput {
    /// Where her invitation goes.
    pub email: Option<String>,
    /// What she may do.
    pub role: Role,
    /// Whether she may not sign in.
    pub disabled: bool,
}

/// How she stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// She has set no password yet.
    Invited,
    /// She can sign in.
    Active,
    /// She may not.
    Disabled,
    /// Too many failures; until then.
    Locked(Moment),
    /// Too many lockouts.
    Banned,
}

impl UserStatus {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Locked(_) => "locked",
            Self::Banned => "banned",
        }
    }

    /// When it is over by itself.
    pub fn until(self) -> Option<Moment> {
        match self {
            Self::Locked(until) => Some(until),
            Self::Invited | Self::Active | Self::Disabled | Self::Banned => None,
        }
    }
}

/// How a try to sign in was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgedSignIn {
    /// She is in.
    Right,
    /// The password is right, and her app's code is wanted.
    CodeWanted,
    /// It was not right, and this follows.
    Wrong(Consequence),
    /// Nothing was compared: locked, banned, disabled.
    Refused,
}

impl User {
    /// A user without a password. `drawn` begins her sessions' generations: one who had her name before had
    /// others, so what is left of his counts for nothing.
    pub fn new(team: TeamName, name: UserName, wanted: UserInput, drawn: [u8; 6], now: Moment) -> Self {
        let UserInput { email, role, disabled } = wanted;
        Self {
            team,
            name,
            email,
            role,
            disabled,
            created_at: now,
            password: None,
            totp: None,
            enrolling: None,
            invitation: None,
            budget: Budget::default(),
            codes: Budget::default(),
            generation: first_generation(drawn),
            signed_in_at: None,
        }
    }

    /// What an admin says holds at once: who may do something else than before signs in anew.
    pub fn change(&mut self, wanted: UserInput) {
        if (self.role, self.disabled) != (wanted.role, wanted.disabled) {
            self.generation += 1;
        }
        (self.email, self.role, self.disabled) = (wanted.email, wanted.role, wanted.disabled);
    }

    /// A link that lets her set a password; one from before ends.
    pub fn invite(&mut self, tag: Tag, now: Moment) -> Moment {
        let until = now.plus(INVITED_FOR);
        self.invitation = Some(UserInvitation { tag, until });
        until
    }

    /// Whether that is the secret of her link, now.
    pub fn is_invited(&self, tag: Tag, now: Moment) -> bool {
        let good = |invitation: &UserInvitation| invitation.tag == tag && now < invitation.until;
        !self.disabled && self.invitation.as_ref().is_some_and(good)
    }

    /// Her password from now on: the link is used up, and whoever was in by another is out.
    pub fn set_password(&mut self, password: PasswordHash) {
        self.password = Some(password);
        self.invitation = None;
        self.generation += 1;
    }

    /// Every session of hers is over.
    pub fn sign_out_everywhere(&mut self) {
        self.generation += 1;
    }

    /// Judges a password that was compared with `against`: what has changed meanwhile counts for nothing.
    /// A right one clears no failures while a code is still wanted, or it would buy new guesses at that.
    pub fn judge_password(
        &mut self,
        right: bool,
        against: Option<&PasswordHash>,
        rule: &Lockout,
        (now, earliest): (Moment, Moment),
    ) -> JudgedSignIn {
        let may = !self.disabled && self.password.is_some() && self.password.as_ref() == against;
        if !may || !self.admits(earliest) {
            return JudgedSignIn::Refused;
        }
        match (right, &self.totp) {
            (false, _) => JudgedSignIn::Wrong(self.budget.fail(&never_for_good(rule.clone()), earliest)),
            (true, Some(_)) => JudgedSignIn::CodeWanted,
            (true, None) => self.came_in(now),
        }
    }

    /// Judges her app's code.
    pub fn judge_code(&mut self, code: &str, rule: &Lockout, (now, earliest): (Moment, Moment)) -> JudgedSignIn {
        if self.disabled || !self.admits(earliest) {
            return JudgedSignIn::Refused;
        }
        match self.totp.as_mut().is_some_and(|totp| totp.take(code.as_bytes(), now)) {
            true => self.came_in(now),
            false => JudgedSignIn::Wrong(self.codes.fail(rule, earliest)),
        }
    }

    fn admits(&self, earliest: Moment) -> bool {
        self.budget.admit(earliest).is_ok() && self.codes.admit(earliest).is_ok()
    }

    /// A lock or a ban is lifted.
    pub fn unlock(&mut self) {
        (self.budget, self.codes) = (Budget::default(), Budget::default());
    }

    fn came_in(&mut self, now: Moment) -> JudgedSignIn {
        self.budget.succeed();
        self.codes.succeed();
        self.signed_in_at = Some(now);
        JudgedSignIn::Right
    }

    /// Begins with another app; it counts once it has shown a right code.
    pub fn enrol(&mut self, totp: Totp) {
        self.enrolling = Some(totp);
    }

    /// Whether the new app's code is right: from now on it is asked for.
    pub fn confirm_app(&mut self, code: &str, now: Moment) -> bool {
        let Some(mut totp) = self.enrolling.clone() else { return false };
        if !totp.take(code.as_bytes(), now) {
            return false;
        }
        (self.totp, self.enrolling) = (Some(totp), None);
        self.generation += 1;
        true
    }

    /// No app is asked for any more.
    pub fn forget_app(&mut self) {
        (self.totp, self.enrolling) = (None, None);
        self.generation += 1;
    }

    /// How she stands.
    pub fn status(&self, earliest: Moment) -> UserStatus {
        match self.budget.locked_until.max(self.codes.locked_until) {
            _ if self.disabled => UserStatus::Disabled,
            _ if self.budget.banned || self.codes.banned => UserStatus::Banned,
            Some(until) if earliest < until => UserStatus::Locked(until),
            _ if self.password.is_none() => UserStatus::Invited,
            _ => UserStatus::Active,
        }
    }
}

/// Six bytes leave room above to count on.
fn first_generation([a, b, c, d, e, f]: [u8; 6]) -> u64 {
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests;
