//! Messages to a customer that belong to no conversation: a code, or the link to another password. Each
//! lies in her login's record until it has left or leads nowhere, and outlives nothing that it is about.
//!
//! What it says is made when it leaves; where it goes is kept until then and no longer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Login;
use super::codes::CodePurpose;
use crate::base::way::Way;
use crate::is_default;
use crate::messaging::attempt::{AttemptResult, Trying};
use crate::time::Moment;

/// Tries on a way that has another behind it.
const TRIES_BEFORE_THE_NEXT: u32 = 5;

/// How long the last way is tried, where what it is about lives on.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);

/// Times that the same message may be sent without knowing whether it arrived.
const MAX_LOST: u32 = 3;

/// What a letter is about, and nothing that could answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageSubject {
    /// A code, made with that nonce.
    Code(CodePurpose, [u8; 16]),
    /// A link to another password, made with that nonce.
    Reset([u8; 16]),
}

/// An address, and the way there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// By which way.
    pub way: Way,
    /// Where to.
    pub to: String,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stop({})", self.way.as_str())
    }
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountMessage {
    /// Its number among the customer's.
    pub number: u32,
    /// What it says.
    pub about: MessageSubject,
    /// Where it goes, and where it goes if that leads nowhere.
    pub stops: Vec<Stop>,
    /// Stops that led nowhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallen: u32,
    /// How it has been tried.
    pub trying: Trying,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountMessageNews {
    /// It has left by that way.
    Sent(MessageSubject, Way),
    /// It did not leave by that way; the next one, where there is one.
    Failed(MessageSubject, Way, &'static str, Option<Way>),
}

impl Login {
    /// Whether what a letter is about still stands.
    pub(super) fn is_live(&self, message: &AccountMessage) -> bool {
        match message.about {
            MessageSubject::Code(purpose, nonce) => self.codes.get(purpose).is_some_and(|code| code.nonce == nonce),
            MessageSubject::Reset(nonce) => self.reset.as_ref().is_some_and(|reset| reset.nonce == nonce),
        }
    }

    /// One more letter. Who commits this has claimed it and sends it at once; its number.
    pub fn write(&mut self, about: MessageSubject, stops: Vec<Stop>, now: Moment) -> u32 {
        self.account_messages_made = self.account_messages_made.wrapping_add(1);
        self.account_messages.push(AccountMessage {
            number: self.account_messages_made,
            about,
            stops,
            fallen: 0,
            trying: Trying::claimed(now),
        });
        self.account_messages_made
    }

    /// Letters that are due, each claimed by whoever commits this.
    pub fn claim_account_messages(&mut self, now: Moment) -> Vec<u32> {
        let claimed = |message: &mut AccountMessage| message.trying.claim(now).then_some(message.number);
        self.account_messages.iter_mut().filter_map(claimed).collect()
    }

    /// A try ended. Where somebody else has claimed the letter since, it is theirs to say how it went,
    /// unless it has arrived.
    pub fn tried(
        &mut self,
        number: u32,
        tries: u32,
        how: AttemptResult,
        now: Moment,
        jitter: u8,
    ) -> Option<AccountMessageNews> {
        let at = self.account_messages.iter().position(|message| message.number == number)?;
        let message = &mut self.account_messages[at];
        if how != AttemptResult::Sent && message.trying.tries != tries {
            return None;
        }
        let (about, way) = (message.about, message.stops.first()?.way);
        match how {
            AttemptResult::Sent => {
                self.account_messages.remove(at);
                Some(AccountMessageNews::Sent(about, way))
            }
            AttemptResult::Refused(why) | AttemptResult::Barred(why) => self.fall(at, why, now),
            AttemptResult::Lost if message.trying.lost + 1 >= MAX_LOST => self.fall(at, "no-answer", now),
            _ if message.is_given_up(now) => self.fall(at, "busy", now),
            AttemptResult::Shut(_) if message.stops.len() > 1 => self.fall(at, "channel-down", now),
            how => {
                message.trying = message.trying.after(how, now, jitter);
                None
            }
        }
    }

    fn fall(&mut self, at: usize, why: &'static str, now: Moment) -> Option<AccountMessageNews> {
        let message = &mut self.account_messages[at];
        let (about, way) = (message.about, message.stops.remove(0).way);
        let next = message.stops.first().map(|stop| stop.way);
        message.fallen += 1;
        message.trying = Trying::new(now);
        if next.is_none() {
            self.account_messages.remove(at);
        }
        Some(AccountMessageNews::Failed(about, way, why, next))
    }
}

impl AccountMessage {
    /// Its id for the platform: the same however often it is tried, another by another way.
    pub fn message_id(&self, of: super::LoginTag) -> String {
        format!("{}.m{}-{}", of.name(), self.number, self.fallen)
    }

    fn is_given_up(&self, now: Moment) -> bool {
        match self.stops.len() {
            1 => now.since(self.trying.since) >= MAX_RETRY_TIME,
            _ => self.trying.tries >= TRIES_BEFORE_THE_NEXT,
        }
    }
}
