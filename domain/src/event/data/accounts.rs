//! Data of events about the company's customers and their login records; customers by pseudonym.
//! Messages to them are in `messages`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::event::value::words;
use crate::time::Moment;

/// A change of a customer's authenticator app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppChange {
    /// The customer confirmed it with a code.
    Confirmed,
    /// It was removed.
    Removed,
}

/// Why an account was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountLockReason {
    /// Too many wrong answers at the account.
    Failures,
    /// Too many wrong answers of the customer over all addresses.
    FailureLimit,
}

/// How far a new password has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordResetStep {
    /// A link to it was asked for.
    Requested,
    /// The customer chose it by the link.
    Done,
    /// A caller of the API set it.
    Set,
}

/// Why a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOutReason {
    /// The customer signed out.
    SignedOut,
    /// A refresh token came a second time.
    RefreshTokenReused,
    /// The customer was banned while the login began.
    FailureLimit,
}

words! { AccountLockReason, AppChange, PasswordResetStep, SignOutReason }

event_data! {
    /// A customer.
    pub struct CustomerEventData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
    }

    /// A change of a customer's record or account.
    pub struct CustomerChangedData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// Whether the record is new.
        created?: bool,
        /// The change of the authenticator app.
        app?: AppChange,
    }

    /// A customer's record that somebody read.
    pub struct CustomerViewedData {
        /// The customer's pseudonym.
        pseudonym: String,
        /// Whether it was shown in full.
        unmasked: bool,
    }

    /// A locked or banned account.
    pub struct CustomerLockedData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// When the lock ends by itself; `null` for a ban.
        until: Option<Moment>,
        /// The budget that was used up.
        reason: AccountLockReason,
    }

    /// An account that was unlocked.
    pub struct CustomerUnlockedData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// Why, in the words of whoever unlocked it.
        reason?: Cow<'static, str>,
    }

    /// A step to another password.
    pub struct CustomerResetData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// Which step.
        step: PasswordResetStep,
    }

    /// A login with an account.
    pub struct CustomerLoggedInData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// The methods that the customer logged in with, by the words of RFC 8176, such as `pwd` and `otp`.
        methods: Vec<String>,
    }

    /// The end of a login with an account.
    pub struct CustomerSignedOutData {
        /// The customer's pseudonym; `null` where it is unknown.
        pseudonym: Option<String>,
        /// Why it ended.
        reason: SignOutReason,
    }
}
