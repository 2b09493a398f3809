//! How one customer logs in: her password, who may not, codes that are out, devices that are known,
//! tickets that stand. All of it is one record, so "code spent but nobody in" cannot exist.
//!
//! What is known of her otherwise is the directory's; who asks, and what the answer looks like, others
//! say. A name that is nobody's has such a record, too, for a day: guessing at it is no other than
//! guessing at a real one.

use serde::{Deserialize, Serialize};

use crate::base::id::{CustomerId, TeamName};
use crate::is_default;
use crate::proof::lockout::Consequence;
use crate::refusal::Refusal;
use crate::secret::keys::Keys;
use crate::secret::password::PasswordHash;
use crate::secret::totp::Totp;
use crate::settings::{Lockout, Settings};
use crate::time::Moment;

pub mod account_messages;
pub mod account_status;
pub mod codes;
pub mod devices;
pub mod guesses;
pub mod reset;
pub mod tickets;

use account_messages::AccountMessage;
use codes::{CodePurpose, Codes};
use devices::{Devices, LoginDevice};
use guesses::Guesses;
use reset::Reset;
use tickets::Tickets;

/// A right password opens the second step for so long.
const SECOND_STEP_MINUTES: u64 = 10;

/// What names a login's record: a keyed fingerprint of the team and the customer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LoginTag([u8; 16]);

impl std::fmt::Debug for LoginTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl LoginTag {
    /// Of a customer.
    pub fn of(keys: &Keys, team: &TeamName, customer: &CustomerId) -> Self {
        Self::made(keys, team, "customer", customer.as_str())
    }

    /// Of a name that is nobody's.
    pub fn of_nobody(keys: &Keys, team: &TeamName, name: &str) -> Self {
        Self::made(keys, team, "nobody", name)
    }

    fn made(keys: &Keys, team: &TeamName, kind: &str, text: &str) -> Self {
        let tag = keys.pseudonym.tag(&[b"login", team.as_str().as_bytes(), kind.as_bytes(), text.as_bytes()]);
        Self(tag.first_half())
    }

    /// From its bytes, as a token carries them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From its hex, as it names a record.
    pub fn parse(name: &str) -> Option<Self> {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = name.as_bytes().as_chunks::<2>();
        let bytes = pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect::<Option<Vec<u8>>>()?;
        let made = Self(bytes.try_into().ok()?);
        (rest.is_empty() && made.name() == name).then_some(made)
    }

    /// Its bytes: not secret.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// As lower-case hex.
    pub fn name(&self) -> String {
        crate::secret::hex(&self.0)
    }

    /// A number for those who call accounts by numbers: the id itself, where it is one.
    pub fn number(&self, customer: &CustomerId) -> u32 {
        let own = customer.as_str().parse::<u32>().ok().filter(|n| (1..1 << 31).contains(n));
        let [a, b, c, d, ..] = self.0;
        own.unwrap_or(u32::from_be_bytes([a & 0x7f, b, c, d | 1]))
    }
}

/// What is kept of how one customer logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Whose customer.
    pub team: TeamName,
    /// Which one; none where the name is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The store's epoch in which it was last acted on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub epoch: u32,
    /// A registered customer has one, a guest has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Kept>,
    /// Since when she may not log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Moment>,
    /// When she came in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Moment>,
    /// Wrong passwords.
    #[serde(default, skip_serializing_if = "Guesses::is_clear")]
    pub passwords: Guesses,
    /// Wrong codes.
    #[serde(default, skip_serializing_if = "Guesses::is_clear")]
    pub answers: Guesses,
    /// Codes that are out.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub codes: Codes,
    /// A right password that waits for the second step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<VerifiedPassword>,
    /// Where she was shown to be.
    #[serde(default, skip_serializing_if = "Devices::is_empty")]
    pub devices: Devices,
    /// Her authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<App>,
    /// A link to choose another password by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// From then on somebody may say again that the password was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgot_again_at: Option<Moment>,
    /// Where she is logged in.
    #[serde(default, skip_serializing_if = "Tickets::is_empty")]
    pub tickets: Tickets,
    /// Messages on their way to her.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_messages: Vec<AccountMessage>,
    /// Letters so far: the newest one's number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub account_messages_made: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    hash: PasswordHash,
    set_at: Moment,
}

/// A right password, and from where it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedPassword {
    at: Moment,
    /// From where.
    pub device: LoginDevice,
    /// What the second step must show to be this attempt's, where a page asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<[u8; 16]>,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum App {
    /// It was given its secret and has shown no code yet.
    Pending(Totp),
    /// It is asked at each login.
    Confirmed(Totp),
}

/// How an authenticator app stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppState {
    /// There is none.
    None,
    /// It has shown no code yet.
    Pending,
    /// It is asked at each login.
    Confirmed,
}

impl Login {
    /// Nothing is known yet.
    pub fn new(team: TeamName, customer: Option<CustomerId>, epoch: u32) -> Self {
        Self {
            team,
            customer,
            epoch,
            password: None,
            disabled_at: None,
            last_login_at: None,
            passwords: Guesses::default(),
            answers: Guesses::default(),
            codes: Codes::default(),
            attempt: None,
            devices: Devices::default(),
            app: None,
            reset: None,
            forgot_again_at: None,
            tickets: Tickets::default(),
            account_messages: Vec::new(),
            account_messages_made: 0,
        }
    }

    /// Time has passed: what it ended goes. What was proved in an earlier epoch may have been taken back
    /// since, so it does not count: tickets, codes, links, a first step. Passwords and guesses stand.
    pub fn settle(&mut self, now: Moment, epoch: u32) {
        if self.epoch < epoch {
            self.epoch = epoch;
            self.sign_out();
            (self.devices, self.reset) = (Devices::default(), None);
        }
        self.tickets.settle(now);
        self.codes.settle(now);
        self.attempt.take_if(|attempt| now >= attempt.at.plus_minutes(SECOND_STEP_MINUTES));
        self.reset.take_if(|reset| now >= reset.expires_at);
        self.forgot_again_at.take_if(|again| now >= *again);
        let live = self.account_messages.iter().map(|message| self.is_live(message)).collect::<Vec<_>>();
        let mut live = live.into_iter();
        self.account_messages.retain(|_| live.next().unwrap_or(false));
    }

    /// Whether she has a password: guests cannot log in.
    pub fn is_registered(&self) -> bool {
        self.password.is_some()
    }

    /// What her password is compared with.
    pub fn password(&self) -> Option<&PasswordHash> {
        self.password.as_ref().map(|kept| &kept.hash)
    }

    /// When it was chosen.
    pub fn password_set_at(&self) -> Option<Moment> {
        self.password.as_ref().map(|kept| kept.set_at)
    }

    /// Another password: whoever was logged in by the one before is out, and nothing that it had opened
    /// stays open.
    pub fn set_password(&mut self, hash: PasswordHash, now: Moment) {
        self.password = Some(Kept { hash, set_at: now });
        self.reset = None;
        self.passwords.forgive();
        self.sign_out();
    }

    /// Ends every ticket, and every way to one that had begun.
    pub fn sign_out(&mut self) -> usize {
        self.codes = Codes::default();
        self.attempt = None;
        self.tickets.end_all()
    }

    /// She may not log in any more; true where that is new.
    pub fn disable(&mut self, now: Moment) -> bool {
        self.sign_out();
        self.reset = None;
        let is_new = self.disabled_at.is_none();
        self.disabled_at.get_or_insert(now);
        is_new
    }

    /// Whether a code is wanted besides the password: always where the team says so or an app stands,
    /// else where the device or the region is another than those that were validated.
    pub fn wants_second(&self, settings: &Settings, device: &LoginDevice) -> bool {
        let rules = &settings.two_factor;
        rules.always
            || self.app() == AppState::Confirmed
            || rules.on_fingerprint_change && !self.devices.knows(device)
            || rules.on_region_change && !self.devices.is_there(device)
    }

    /// The password was right, and a code is wanted besides.
    pub fn first_step(&mut self, device: LoginDevice, mark: Option<[u8; 16]>, now: Moment) {
        self.attempt = Some(VerifiedPassword { at: now, device, mark });
    }

    /// The first step that a second one may follow: one that a page has taken goes on there alone.
    pub fn attempt(&self, mark: Option<&[u8; 16]>) -> Option<&VerifiedPassword> {
        self.attempt.as_ref().filter(|attempt| attempt.mark.as_ref() == mark)
    }

    /// The second step was taken: where it was is known from now on.
    pub fn second_step(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            self.devices.validate(&attempt.device);
        }
    }

    /// How her authenticator app stands.
    pub fn app(&self) -> AppState {
        match &self.app {
            None => AppState::None,
            Some(App::Pending(_)) => AppState::Pending,
            Some(App::Confirmed(_)) => AppState::Confirmed,
        }
    }

    /// Another app, which must show a code before it counts; one that counts stays until then.
    pub fn enrol(&mut self, totp: Totp) -> Result<(), Refusal> {
        if self.app() == AppState::Confirmed {
            return Err(Refusal::AppStands);
        }
        self.app = Some(App::Pending(totp));
        Ok(())
    }

    /// Whether a code for that may be sent to her, and let her in. `elsewhere`: her password is kept by the
    /// company. Who has an app shows it: a code in a mailbox is not to be the way around.
    pub fn takes_codes(&self, purpose: CodePurpose, elsewhere: bool) -> bool {
        let way_around = purpose == CodePurpose::Login && self.app() == AppState::Confirmed;
        self.disabled_at.is_none() && (self.is_registered() || elsewhere) && !way_around
    }

    /// The app that waits shows a code; true where it is right. Codes to log in with are over then.
    pub fn confirm(&mut self, code: &[u8], now: Moment) -> bool {
        let Some(App::Pending(totp)) = &mut self.app else { return false };
        let right = totp.take(code, now);
        if right && let Some(App::Pending(totp)) = self.app.take() {
            self.app = Some(App::Confirmed(totp));
            self.codes.end(CodePurpose::Login);
        }
        right
    }

    /// A code of the app that stands; true where it is right, which it is once.
    pub fn take_from_app(&mut self, code: &[u8], now: Moment) -> bool {
        match &mut self.app {
            Some(App::Confirmed(totp)) => totp.take(code, now),
            Some(App::Pending(_)) | None => false,
        }
    }

    /// Takes the app away; true where there was one.
    pub fn drop_app(&mut self) -> bool {
        self.app.take().is_some()
    }

    /// When somebody must look at it: a letter is due.
    pub fn alarm(&self) -> Option<Moment> {
        self.account_messages.iter().map(|message| message.trying.next).min()
    }
}

/// What failed guesses at an account lead to: locks that end by themselves. A ban would let a stranger
/// shut the customer out for good, so only the failure limit above bans.
pub fn never_for_good(rule: Lockout) -> Lockout {
    Lockout { max_lockouts: 0, ..rule }
}

/// What a budget's consequence is to a listener: when the lock ends, where one fell.
pub fn lock_of(consequence: Consequence) -> Option<Moment> {
    match consequence {
        Consequence::Locked(until) => Some(until),
        Consequence::Counted | Consequence::Banned => None,
    }
}

#[cfg(test)]
mod tests;
