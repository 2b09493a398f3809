//! A document that is to be shown, with or without a face: how far its check has come, and what a
//! provider may say of it. First the pictures must be clear and of the right document; only then it is
//! asked whether the document is genuine (and whether the face is its owner's).
//!
//! `rules::pages::photo` says what each verdict leads to. No picture is known here, and no name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::{ChallengeId, InvalidName, ProviderName};
use crate::is_default;
use crate::time::Moment;

/// A provider that has not said anything for so long will not; the person tries again.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// So many attempts of one challenge may come to nothing without counting. The last of them ends it and pauses the
/// method for as long as a lockout: whoever could bring about that nobody decides has no tries without end.
pub const MAX_UNDECIDED: u16 = 10;

/// The document that a challenge asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdDocument {
    /// Whether a face is to be shown with it.
    pub selfie: bool,
    /// Who judges it.
    pub provider: ProviderName,
    /// Attempts at unclear or wrong pictures that it still takes.
    pub quality_left: u32,
    /// How often pictures were handed in.
    pub attempts: u16,
    /// How many of these came to nothing, and counted for nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub undecided: u16,
    /// What is being judged now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checking: Option<Checking>,
    /// How the newest attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
}

/// An attempt that waits for its verdict. There is one at a time, so no more are ever judged than the
/// thresholds allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checking {
    /// Which.
    pub attempt: u16,
    /// After that nobody waits for its verdict any more.
    pub until: Moment,
    /// Whether its pictures were found to be clear and of the right document.
    pub clear: bool,
}

/// How an attempt ended that did not prove anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// Which.
    pub attempt: u16,
    /// How.
    pub how: Shortfall,
}

/// Why an attempt proved nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// The pictures.
    Quality(Vec<Flaw>),
    /// The document, or the face.
    Authentication,
    /// Nobody said anything: it counts for nothing.
    Undecided,
}

crate::named! {
    /// A flaw of a picture that a person can do something about.
    #[derive(PartialOrd, Ord)]
    pub enum Flaw {
        /// Not sharp.
        Blurred = "blurred",
        /// Light is reflected.
        Glare = "glare",
        /// Too dark.
        Dark = "dark",
        /// The document is cut off, or too small.
        Incomplete = "incomplete",
        /// It cannot be read for another reason.
        Unreadable = "unreadable",
        /// It is not a document that is taken, or another side of it.
        WrongDocument = "wrong_document",
        /// No face, or not one alone.
        NoFace = "no_face",
        /// The check digits of its machine-readable zone do not fit, as the provider read it.
        Zone = "zone",
    }
}

crate::named! {
    /// A picture's place among what is shown.
    #[derive(PartialOrd, Ord)]
    pub enum Side {
        /// The side with the portrait, or a passport's page.
        Front = "front",
        /// The other side; a passport has none.
        Back = "back",
        /// The person's face.
        Selfie = "selfie",
    }
}

crate::named! {
    /// The first stage, and the one that is reached only through it.
    pub enum CheckStage {
        /// Clear pictures of the right document.
        Quality = "quality",
        /// A genuine document, and its owner's face.
        Authentication = "authentication",
    }
}

/// What a provider says of an attempt: of both stages at once, or of one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentVerdict {
    /// Of the pictures: what is wrong with them, where they were looked at.
    pub quality: Option<Result<(), Vec<Flaw>>>,
    /// Of the document and the face, where these were looked at.
    pub authentication: Option<bool>,
}

impl IdDocument {
    /// Nobody waits for the verdict on what is being judged any more, where its time is over. Whether it was.
    pub fn give_up_late(&mut self, now: Moment) -> bool {
        let late = self.checking.as_ref().is_some_and(|checking| checking.until <= now);
        if late {
            self.give_up();
        }
        late
    }

    /// What is being judged comes to nothing.
    pub fn give_up(&mut self) {
        let Some(checking) = self.checking.take() else { return };
        self.undecided = self.undecided.saturating_add(1);
        self.last = Some(Last { attempt: checking.attempt, how: Shortfall::Undecided });
    }

    /// Whether it came to nothing too often to go on.
    pub fn is_given_up(&self) -> bool {
        self.undecided >= MAX_UNDECIDED
    }
}

/// One attempt, as a provider knows it: `INTERACTION-CHALLENGE-ATTEMPT`. Not secret: what is said of it
/// must be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckId {
    /// Of which challenge.
    pub challenge: ChallengeId,
    /// Which.
    pub attempt: u16,
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.challenge.interaction, self.challenge.number, self.attempt)
    }
}

impl FromStr for CheckId {
    type Err = InvalidName;

    /// Only the canonical spelling.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName("not the id of a check");
        let mut parts = text.rsplitn(3, '-');
        let mut part = || parts.next().ok_or_else(wrong);
        let attempt = part()?.parse().map_err(|_| wrong())?;
        let number = part()?.parse().map_err(|_| wrong())?;
        let interaction = part()?.parse().map_err(|_| wrong())?;
        let id = Self { challenge: ChallengeId { interaction, number }, attempt };
        if id.to_string() == text { Ok(id) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checks_id_is_read_as_it_is_written_and_no_other_way() {
        let text = "0199a0b0-0000-7000-8000-000000000000-3-2";
        let id: CheckId = text.parse().expect("an id");
        assert_eq!((id.challenge.number, id.attempt, id.to_string().as_str()), (3, 2, text));
        for wrong in
            ["", "3-2", "0199a0b0-0000-7000-8000-000000000000-03-2", "0199A0B0-0000-7000-8000-000000000000-3-2"]
        {
            assert!(wrong.parse::<CheckId>().is_err(), "{wrong}");
        }
    }
}
