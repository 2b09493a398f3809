//! The methods by which somebody can prove who they are, and what failing at each counts
//! against. Their names are the contract's; what each is worth, teams say in their intents.

use std::fmt;
use std::str::FromStr;

use super::id::InvalidName;

crate::named! {
    /// The way in which somebody proved who they are.
    #[derive(PartialOrd, Ord)]
    pub enum Method {
        /// The company's login page, or its website's word.
        Login = "login",
        /// A one-time code.
        Otp = "otp",
        /// A number agreed with the agent.
        Pin = "pin",
        /// Answers to questions.
        Kba = "kba",
        /// A government's document.
        PhotoId = "photo_id",
        /// A document and a face.
        PhotoIdSelfie = "photo_id_selfie",
    }
}

impl Method {
    /// The default for entries.
    pub const ENTRY_DEFAULT: Self = Self::Otp;

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

crate::named! {
    /// The method that a guess budget guards. Confirmation codes and passwords count as logins.
    #[derive(PartialOrd, Ord)]
    pub enum Guarded {
        /// Logins.
        Login = "login",
        /// One-time codes.
        Otp = "otp",
        /// PINs.
        Pin = "pin",
        /// Sets of answers.
        Kba = "kba",
        /// Documents, with or without a face.
        PhotoId = "photo_id",
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
