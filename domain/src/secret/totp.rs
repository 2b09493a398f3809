//! Codes of an authenticator app: TOTP (RFC 6238) with what every app understands, which is SHA-1, six
//! digits and steps of thirty seconds. A code that counted is not taken again (§5.2).

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use url::form_urlencoded::byte_serialize;

use crate::secret::Secret;
use crate::time::Moment;

/// Digits of a code.
pub const DIGITS: usize = 6;

const STEP_SECONDS: u64 = 30;

/// Steps by which the app's clock may differ from ours, either way.
const DRIFT: u64 = 1;

/// What an app shares with us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totp {
    secret: Secret,
    /// The newest step whose code has counted: neither it nor one before it counts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
}

impl Totp {
    /// With 160 drawn bits, as long as SHA-1's output (RFC 4226 §4).
    pub fn new(secret: [u8; 20]) -> Self {
        Self { secret: Secret::new(secret.to_vec()), last: None }
    }

    /// What an app reads, from a QR code mostly. It is told once.
    pub fn otpauth_url(&self, issuer: &str, account: &str) -> String {
        let text = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, account) = (text(issuer), text(account));
        let secret = base32(self.secret.expose());
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// Whether a code is right now, which it is once: who calls it saves what it leaves before anybody is
    /// told.
    pub fn take(&mut self, code: &[u8], now: Moment) -> bool {
        let step = now.unix_seconds() / STEP_SECONDS;
        let mut right = None;
        // All of them are compared, so that the time tells nothing of which it was.
        for one in step.saturating_sub(DRIFT)..=step.saturating_add(DRIFT) {
            let same: bool = code_of(&self.secret, one, DIGITS).as_bytes().ct_eq(code).into();
            if same && self.last.is_none_or(|last| one > last) {
                right = Some(one);
            }
        }
        self.last = right.or(self.last);
        right.is_some()
    }
}

crate::secret::hidden!(Totp);

/// HOTP of a step (RFC 4226 §5.3), leading zeros kept.
fn code_of(secret: &Secret, step: u64, digits: usize) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose());
    let made = hmac::sign(&key, &step.to_be_bytes());
    let made = made.as_ref();
    let at = usize::from(made[made.len() - 1] & 15);
    let cut: [u8; 4] = made[at..at + 4].try_into().expect("an offset of at most 15 leaves four of twenty bytes");
    let number = u64::from(u32::from_be_bytes(cut) & 0x7FFF_FFFF) % 10u64.pow(u32::try_from(digits).unwrap_or(9));
    format!("{number:0digits$}")
}

/// RFC 4648 §6, without padding: the spelling that apps take.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let five = |chunk: &[u8]| {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let (bits, letters) = (u64::from_be_bytes(block), (chunk.len() * 8).div_ceil(5));
        (0..letters).map(move |n| char::from(LETTERS[usize::try_from(bits >> (35 - 5 * n) & 31).unwrap_or(0)]))
    };
    bytes.chunks(5).flat_map(five).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1000)
    }

    /// RFC 6238, appendix B, the rows of SHA-1.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let rows = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, code) in rows {
            assert_eq!(code_of(&secret, seconds / STEP_SECONDS, 8), code);
            let mut totp = Totp { secret: secret.clone(), last: None };
            assert!(totp.take(&code.as_bytes()[2..], at(seconds)), "six digits are the last six");
        }
    }

    /// A037: a code counts once, whatever the step that it is of, and never after a newer one.
    #[test]
    fn a037_a_code_that_counted_does_not_count_again() {
        let mut totp = Totp::new([7; 20]);
        let code = |step: u64| code_of(&totp.secret, step, DIGITS);
        let (before, this, next, later) = (code(9), code(10), code(11), code(12));
        assert!(!totp.take(later.as_bytes(), at(300)), "two steps ahead");
        assert!(totp.take(next.as_bytes(), at(300)));
        for code in [&next, &this, &before] {
            assert!(!totp.take(code.as_bytes(), at(300)));
        }
        assert!(!totp.take(next.as_bytes(), at(330)));
        assert!(totp.take(later.as_bytes(), at(330)));
        for odd in ["", "12345", &format!("{later} "), "１２３４５６"] {
            assert!(!totp.take(odd.as_bytes(), at(10_000)));
        }
    }

    /// RFC 4648 §10, without its padding.
    #[test]
    fn the_address_is_what_apps_read() {
        for (plain, coded) in [("f", "MY"), ("fo", "MZXQ"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
        let url = Totp::new([0; 20]).otpauth_url("A shop", "demo@example.com");
        assert_eq!(
            url,
            format!(
                "otpauth://totp/A%20shop:demo%40example.com?secret={}&issuer=A%20shop&algorithm=SHA1&digits=6&period=30",
                "A".repeat(32)
            )
        );
        assert!(!format!("{:?}", Totp::new([7; 20])).contains('7'));
    }
}
