//! Data of events about the people who work with the consoles.
//! Which role may do what, others say.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::id::UserName;
use crate::base::role::Role;
use crate::event::value::words;
use crate::time::Moment;

/// A change of a user, or by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChange {
    /// An admin made a new invitation.
    Invited,
    /// The user chose a password.
    Password,
    /// An admin signed the user out.
    SignedOut,
    /// The user signed out everywhere.
    SignedOutEverywhere,
    /// The user confirmed an authenticator app.
    TotpEnrolled,
    /// An admin removed the authenticator app.
    TotpReset,
    /// An admin lifted a lock or a ban.
    Unlocked,
}

/// Another way to sign in to the consoles than a name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInProvider {
    /// The company's OpenID provider.
    Oidc,
}

words! { SignInProvider, UserChange }

event_data! {
    /// A user.
    pub struct UserEventData {
        /// The user's name.
        user: UserName,
    }

    /// A new user.
    pub struct UserCreatedData {
        /// The user's name.
        user: UserName,
        /// The user's role.
        role: Role,
        /// Whether the user is disabled.
        disabled: bool,
    }

    /// A change of a user.
    pub struct UserChangedData {
        /// The user's name.
        user: UserName,
        /// The user's role from now on, where an admin wrote it.
        role?: Role,
        /// Whether the user is disabled from now on, where an admin wrote it.
        disabled?: bool,
        /// The change, where it is another one.
        what?: UserChange,
    }

    /// A user who was unlocked.
    pub struct UserUnlockedData {
        /// The user's name.
        user: UserName,
        /// The change: `unlocked`.
        what: UserChange,
        /// Why, in the words of whoever unlocked the user.
        reason?: Cow<'static, str>,
    }

    /// A user who was locked.
    pub struct UserLockedData {
        /// The user's name.
        user: UserName,
        /// When the lock ends.
        until: Moment,
    }

    /// Somebody signed in to the consoles.
    pub struct UserSignedInData {
        /// The user's name, of a user of the team's own.
        user?: UserName,
        /// Whether a code of an authenticator app was asked for, of a user of the team's own.
        totp?: bool,
        /// The provider that vouched, of somebody else.
        by?: SignInProvider,
    }
}

impl UserChangedData {
    /// Something was done that changes neither role nor access.
    pub fn done(user: UserName, what: UserChange) -> Self {
        Self { user, role: None, disabled: None, what: Some(what) }
    }
}
