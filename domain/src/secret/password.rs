//! Passwords: what one may be, what is kept of it, and whether one is right. Whose it is, and how often
//! somebody may be wrong, stands elsewhere.
//!
//! Hashing takes tens of milliseconds and 19 MiB: `services::accounts::passwords` calls it, away from what must not
//! wait.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::base::validation;
use crate::base::validation::ValidationError;
use crate::secret::Secret;

/// The fewest characters that any team takes.
pub const FEWEST: usize = 6;

/// The most characters: nobody's hashing is kept busy by a novel.
pub const MAX_CHARACTERS: usize = 128;

/// Bytes beyond which nobody begins to read.
const MAX_BYTES: usize = 4 * MAX_CHARACTERS;

/// The first five bytes of the SHA-256 of what everybody tries first, sorted: `scripts/common-passwords`.
static COMMON: &[u8] = include_bytes!("password/common.bin");
const MARK: usize = 5;

/// A password as it was typed, in the one spelling that is compared: that of RFC 8265 §4.2
/// (OpaqueString). It does not print.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Nothing for what no password can be: an empty text, one that is too long, one with control
    /// characters. Every kind of blank is the plain one, and composed characters are one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES || text.chars().any(char::is_control) {
            return None;
        }
        let blank = |c: char| if c.is_whitespace() { ' ' } else { c };
        let plain = Zeroizing::new(text.chars().map(blank).nfc().collect::<String>());
        (1..=MAX_CHARACTERS).contains(&plain.chars().count()).then_some(Self(plain))
    }

    fn folded(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_lowercase())
    }
}

crate::secret::hidden!(Password);

/// What a team asks of a new password.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// Characters; never fewer than `FEWEST`.
    pub min_length: usize,
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It has fewer characters than this.
    #[error("must have at least {0} characters")]
    Short(usize),
    /// It is no text that can be typed as one.
    #[error("must be 1 to {MAX_CHARACTERS} characters without control characters")]
    Unusable,
    /// It has no letter.
    #[error("must hold a letter")]
    NoLetter,
    /// It has no digit.
    #[error("must hold a digit")]
    NoDigit,
    /// Everybody tries it first.
    #[error("is one of the most common passwords")]
    Common,
    /// It is what the account is called.
    #[error("must not be the account's own name or address")]
    Own,
}

impl From<Weakness> for ValidationError {
    fn from(why: Weakness) -> Self {
        match why {
            Weakness::Short(least) => validation::PASSWORD_SHORT.with([("least", &least)]),
            Weakness::Unusable => Self::from(&validation::PASSWORD_UNUSABLE),
            Weakness::NoLetter => Self::from(&validation::PASSWORD_NO_LETTER),
            Weakness::NoDigit => Self::from(&validation::PASSWORD_NO_DIGIT),
            Weakness::Common => Self::from(&validation::PASSWORD_COMMON),
            Weakness::Own => Self::from(&validation::PASSWORD_OWN),
        }
    }
}

impl PasswordPolicy {
    /// A password that may be chosen; `own` are the names that the account goes by.
    pub fn choose(self, text: &str, own: &[&str]) -> Result<Password, Weakness> {
        let password = Password::parse(text).ok_or(Weakness::Unusable)?;
        let fewest = self.min_length.max(FEWEST);
        if password.0.chars().count() < fewest {
            return Err(Weakness::Short(fewest));
        }
        if !password.0.chars().any(char::is_alphabetic) {
            return Err(Weakness::NoLetter);
        }
        if !password.0.chars().any(char::is_numeric) {
            return Err(Weakness::NoDigit);
        }
        let folded = password.folded();
        if is_common(&folded) {
            return Err(Weakness::Common);
        }
        let is_own = |name: &&str| {
            let name = name.to_lowercase();
            let mailbox = name.split('@').next().unwrap_or_default().to_owned();
            *folded == name || *folded == mailbox
        };
        if own.iter().any(is_own) { Err(Weakness::Own) } else { Ok(password) }
    }
}

fn is_common(folded: &str) -> bool {
    let mark = digest(&SHA256, folded.as_bytes());
    let mark = &mark.as_ref()[..MARK];
    let (marks, _) = COMMON.as_chunks::<MARK>();
    marks.binary_search_by(|one| one.as_slice().cmp(mark)).is_ok()
}

/// What is kept of a password: Argon2id (RFC 9106) with 19 MiB, two passes and one lane, the first choice
/// of OWASP's cheat sheet for password storage. The numbers are kept with each, so that they may rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    salt: Secret,
    hash: Secret,
}

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const BYTES: usize = 32;

/// What no password is: comparing with it takes as long as with a real one.
static NOBODYS: LazyLock<PasswordHash> = LazyLock::new(|| PasswordHash {
    memory_kib: MEMORY_KIB,
    passes: PASSES,
    salt: Secret::new(vec![0; 16]),
    hash: Secret::new(vec![0; BYTES]),
});

impl PasswordHash {
    /// Of a password, with a fresh salt.
    pub fn of(password: &Password, salt: [u8; 16]) -> Self {
        let hash = stretched(MEMORY_KIB, PASSES, password, &salt).expect("these numbers are within Argon2's");
        let (salt, hash) = (Secret::new(salt.to_vec()), Secret::new(hash.to_vec()));
        Self { memory_kib: MEMORY_KIB, passes: PASSES, salt, hash }
    }

    /// Whether that is the password. Where there is none to compare with, the same work is done and the
    /// answer is no: how long it takes tells nobody whether an account is there.
    pub fn is(kept: Option<&Self>, password: &Password) -> bool {
        let found = kept.unwrap_or(&NOBODYS);
        let Some(hash) = stretched(found.memory_kib, found.passes, password, found.salt.expose()) else { return false };
        let same: bool = hash.ct_eq(found.hash.expose()).into();
        same && kept.is_some()
    }
}

fn stretched(memory_kib: u32, passes: u32, password: &Password, salt: &[u8]) -> Option<Zeroizing<[u8; BYTES]>> {
    let params = Params::new(memory_kib, passes, 1, Some(BYTES)).ok()?;
    let mut hash = Zeroizing::new([0; BYTES]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.0.as_bytes(), salt, &mut *hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: PasswordPolicy = PasswordPolicy { min_length: 0 };

    /// K-30: at least six characters, with a letter and a digit; a team may ask for more and never for less.
    #[test]
    fn k30_six_characters_with_a_letter_and_a_digit() {
        let told = |text: &str| POLICY.choose(text, &["demo@example.com"]).map(drop);
        assert_eq!(told("vexed"), Err(Weakness::Short(6)));
        assert_eq!(told("vexed lamp"), Err(Weakness::NoDigit));
        assert_eq!(told("3141592653"), Err(Weakness::NoLetter));
        assert_eq!(told("vexed7"), Ok(()));
        assert_eq!(told("õõõõõ7"), Ok(()));
        assert_eq!(told("Passw0rd"), Err(Weakness::Common));
        assert_eq!(told("1qaz2wsx3edc"), Err(Weakness::Common));
        assert_eq!(POLICY.choose("demo17", &["Demo17@example.com"]).map(drop), Err(Weakness::Own));
        assert_eq!(PasswordPolicy { min_length: 10 }.choose("vexed7", &[]).map(drop), Err(Weakness::Short(10)));
        assert_eq!(told(&"7a".repeat(64)), Ok(()));
        assert_eq!(told(&"7a".repeat(65)), Err(Weakness::Unusable));
        assert_eq!(told("vexed\u{0}7"), Err(Weakness::Unusable));
    }

    #[test]
    fn the_common_ones_are_sorted_and_many() {
        let (marks, rest) = COMMON.as_chunks::<MARK>();
        assert!(rest.is_empty() && marks.len() > 10_000 && marks.is_sorted());
    }

    #[test]
    fn one_spelling_is_compared_and_nothing_is_folded() {
        let typed = |text: &str| Password::parse(text).unwrap();
        let kept = PasswordHash::of(&typed("K\u{fc}hler Tag 7"), [1; 16]);
        assert!(PasswordHash::is(Some(&kept), &typed("Ku\u{308}hler\u{a0}Tag 7")));
        assert!(!PasswordHash::is(Some(&kept), &typed("k\u{fc}hler Tag 7")));
        assert!(!PasswordHash::is(None, &typed("K\u{fc}hler Tag 7")));
    }

    /// The hash is what another library makes of the same (argon2-cffi, the reference code).
    #[test]
    fn the_hash_is_argon2id() {
        let kept = PasswordHash::of(&Password::parse("vexed lamp 7").unwrap(), *b"0123456789abcdef");
        assert_eq!(
            crate::secret::hex(kept.hash.expose()),
            "098c3f7dad95f1f32829cadf3f58051d275421af473dc186d0075a57f53fc49c"
        );
        assert!(!format!("{kept:?}").contains("012345"));
    }
}
