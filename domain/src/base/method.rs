//! The methods by which somebody can prove who they are, and what failing at each counts
//! against. Their names are the contract's; what each is worth, teams say in their intents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::InvalidName;

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The company's login page, or its website's word.
    Login,
    /// A one-time code.
    Otp,
    /// A number agreed with the agent.
    Pin,
    /// Answers to questions.
    Kba,
    /// A government's document.
    PhotoId,
    /// A document and a face.
    PhotoIdSelfie,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Login, Self::Otp, Self::Pin, Self::Kba, Self::PhotoId, Self::PhotoIdSelfie];

    /// The default for entries.
    pub const ENTRY_DEFAULT: Self = Self::Otp;

    /// The names of all of them.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].as_str();
            at += 1;
        }
        names
    };

    /// Its name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Otp => "otp",
            Self::Pin => "pin",
            Self::Kba => "kba",
            Self::PhotoId => "photo_id",
            Self::PhotoIdSelfie => "photo_id_selfie",
        }
    }

    /// Whether the company's login page proves it, and no challenge.
    pub fn is_login(self) -> bool {
        self == Self::Login
    }

    /// Which guess budget failing at it counts against: both ways to show a document share one.
    pub fn guarded(self) -> Guarded {
        match self {
            Self::Login => Guarded::Login,
            Self::Otp => Guarded::Otp,
            Self::Pin => Guarded::Pin,
            Self::Kba => Guarded::Kba,
            Self::PhotoId | Self::PhotoIdSelfie => Guarded::PhotoId,
        }
    }
}

/// What a guess budget guards. Confirmation codes and passwords count as logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarded {
    /// Logins.
    Login,
    /// One-time codes.
    Otp,
    /// PINs.
    Pin,
    /// Sets of answers.
    Kba,
    /// Documents, with or without a face.
    PhotoId,
}

impl Guarded {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Login, Self::Otp, Self::Pin, Self::Kba, Self::PhotoId];

    /// Its name: in budgets' names, in events and in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Otp => "otp",
            Self::Pin => "pin",
            Self::Kba => "kba",
            Self::PhotoId => "photo_id",
        }
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Guarded {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = InvalidName("must be login, otp, pin, kba or photo_id");
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(wrong)
    }
}
