//! Codes that are out to a customer: one to log in with, one besides a password. They are kept nowhere:
//! each follows from a nonce and a key outside the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::LoginTag;
use super::devices::LoginDevice;
use crate::event::data::messages::AccountMessagePurpose;
use crate::secret::typed::{Digits, one_time_code};
use crate::secret::{MacKey, Secret};
use crate::settings::Settings;
use crate::time::Moment;

/// What a code is for. One for the one is none for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// To log in with, instead of a password.
    Login,
    /// Besides a password.
    Second,
}

impl CodePurpose {
    /// Its name, in events and codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login_otp",
            Self::Second => "two_factor",
        }
    }

    /// As events tell it.
    pub fn told(self) -> AccountMessagePurpose {
        match self {
            Self::Login => AccountMessagePurpose::LoginOtp,
            Self::Second => AccountMessagePurpose::TwoFactor,
        }
    }
}

/// A code that is out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// What it follows from.
    pub nonce: [u8; 16],
    length: u8,
    /// None where the team says "never".
    pub expires_at: Option<Moment>,
    /// Wrong answers that it still takes.
    pub tries_left: u32,
    /// When the next may be asked for.
    pub resend_at: Moment,
    /// From where it was asked for.
    pub device: LoginDevice,
}

impl Code {
    /// A fresh one, by the team's rules.
    pub fn new(nonce: [u8; 16], settings: &Settings, device: LoginDevice, now: Moment) -> Self {
        let rules = &settings.otp;
        let (expires_at, resend_at) = (rules.expires_minutes.after(now), settings.send_budget.resend_after(now));
        Self { nonce, length: rules.length, expires_at, tries_left: rules.max_tries, resend_at, device }
    }

    fn is_live(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// What would be right.
    pub fn digits(&self, of: LoginTag, purpose: CodePurpose, key: &MacKey) -> Secret {
        let parts = |round| {
            key.tag(&[
                b"account",
                of.as_bytes(),
                purpose.as_str().as_bytes(),
                &self.nonce,
                std::slice::from_ref(&round),
            ])
        };
        one_time_code(self.length, parts)
    }

    /// How many digits it has.
    pub fn length(&self) -> usize {
        usize::from(self.length)
    }

    /// Compares in a time that does not tell where the difference is.
    pub fn is(&self, said: &Digits, of: LoginTag, purpose: CodePurpose, key: &MacKey) -> bool {
        self.digits(of, purpose, key).expose().ct_eq(said.expose()).into()
    }
}

/// The live ones, one for each purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Codes(BTreeMap<CodePurpose, Code>);

impl Codes {
    /// None is out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What time has ended goes.
    pub fn settle(&mut self, now: Moment) {
        self.0.retain(|_, code| code.is_live(now));
    }

    /// The live one.
    pub fn get(&self, purpose: CodePurpose) -> Option<&Code> {
        self.0.get(&purpose)
    }

    /// Another one: the one before is dead.
    pub fn put(&mut self, purpose: CodePurpose, code: Code) {
        self.0.insert(purpose, code);
    }

    /// It was answered rightly, or is not to be answered any more.
    pub fn end(&mut self, purpose: CodePurpose) -> Option<Code> {
        self.0.remove(&purpose)
    }

    /// It was answered wrongly; true where that was the last time.
    pub fn count_wrong_try(&mut self, purpose: CodePurpose) -> bool {
        let Some(code) = self.0.get_mut(&purpose) else { return false };
        code.tries_left = code.tries_left.saturating_sub(1);
        let over = code.tries_left == 0;
        if over {
            self.0.remove(&purpose);
        }
        over
    }
}
