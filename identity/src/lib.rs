//! Who checks documents, as the gateway asks them: the port that every provider is spoken to through.
//!
//! A provider is given pictures and says what it found, at once or later by a signed call. It knows
//! nothing of interactions, thresholds, lockouts or flags: what a verdict leads to is a rule's to say.
//! Pictures are borrowed for the length of one call, and nothing of one is kept, logged or printed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_channels::definition::Account;
use countersign_channels::validation::FieldError;
use http::HeaderMap;

use countersign_domain::providers::identity::{CheckId, DocumentVerdict, Side};
use countersign_domain::providers::provider_questions::Set;
use countersign_domain::time::Moment;
use countersign_pictures::Picture;

pub mod mitek;
mod reading;
pub mod signed;

/// One attempt: what is to be judged.
pub struct ProviderAttempt<'a> {
    /// The attempt. The same id again is the same attempt.
    pub id: CheckId,
    /// Whether the face is to be compared with the document's.
    pub selfie: bool,
    /// What was shown.
    pub pictures: &'a [(Side, Picture)],
    /// Where a verdict may be sent later.
    pub callback: &'a str,
    /// Now.
    pub now: Moment,
}

/// Whom questions are wanted for.
pub struct QuestionRequest<'a> {
    /// The request's own name: the answer says it again.
    pub id: &'a str,
    /// Who, by a name that says nothing of her and stays the same.
    pub person: &'a str,
    /// Her record's id and what else of it is told; nobody's where no record is known.
    pub customer: Option<(&'a str, &'a BTreeMap<&'a str, Vec<&'a str>>)>,
    /// How many questions the team wants, and how many of them answered rightly.
    pub wanted: (usize, usize),
    /// The language in which they are put.
    pub locale: &'a str,
    /// Now.
    pub now: Moment,
}

/// Answers that are to be judged.
pub struct Given<'a> {
    /// The attempt. The same id again is the same attempt.
    pub id: CheckId,
    /// The provider's own name for the set.
    pub set: &'a str,
    /// One to each question.
    pub answers: &'a [String],
    /// Now.
    pub now: Moment,
}

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderReply {
    /// What it found. It may be the first stage's alone.
    Verdict(DocumentVerdict),
    /// It will say later, by a call.
    Later,
}

/// Why a provider has not answered. None of these is the person's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderTrouble {
    /// It cannot be reached, has no time, or broke: asking again may help.
    Away(&'static str),
    /// It does not take the account, or is not who it should be: an admin must look.
    Refused(&'static str),
}

impl ProviderTrouble {
    /// For events and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Away(why) | Self::Refused(why) => why,
        }
    }
}

/// Why a call with a verdict is not believed, or not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderVerificationError {
    /// This provider sends none.
    Unheard,
    /// It does not prove that it is the provider's. The reason is for the log.
    Unproved(&'static str),
    /// It is the provider's, and says nothing that can be followed.
    Unreadable(String),
}

/// A team's account, ready to be asked.
#[async_trait]
pub trait Checker: Send + Sync {
    /// Has an attempt judged.
    ///
    /// # Errors
    ///
    /// Where there is no answer. Nothing follows from it for the person.
    async fn check(&self, case: &ProviderAttempt<'_>) -> Result<ProviderReply, ProviderTrouble>;

    /// Whether it puts questions, too.
    fn asks_questions(&self) -> bool {
        false
    }

    /// Has questions made for somebody.
    ///
    /// # Errors
    ///
    /// Where there are none.
    async fn questions(&self, _asking: &QuestionRequest<'_>) -> Result<Set, ProviderTrouble> {
        Err(ProviderTrouble::Refused("no-questions"))
    }

    /// Has the answers to a set judged.
    ///
    /// # Errors
    ///
    /// Where there is no verdict. Nothing follows from it for the person.
    async fn judge(&self, _given: &Given<'_>) -> Result<bool, ProviderTrouble> {
        Err(ProviderTrouble::Refused("no-questions"))
    }

    /// For how long a verdict that comes later is waited for, in minutes.
    fn later_minutes(&self) -> u64 {
        0
    }

    /// Reads a call with a verdict, once its signature is proved.
    ///
    /// # Errors
    ///
    /// Where it is not the provider's, or says nothing that can be followed.
    fn hear(
        &self,
        _headers: &HeaderMap,
        _body: &[u8],
        _now: Moment,
    ) -> Result<(CheckId, DocumentVerdict), ProviderVerificationError> {
        Err(ProviderVerificationError::Unheard)
    }

    /// Tries the account out, without a picture.
    ///
    /// # Errors
    ///
    /// Where it would not be answered.
    async fn try_account(&self, now: Moment) -> Result<(), ProviderTrouble>;
}

/// A kind of provider.
pub trait Kind: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Opens an account.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    fn open(&self, account: &Account) -> Result<Arc<dyn Checker>, Vec<FieldError>>;
}

/// The kinds of providers that this gateway knows.
#[derive(Clone, Default)]
pub struct ProviderKinds(Vec<Arc<dyn Kind>>);

impl ProviderKinds {
    /// These.
    pub fn of(kinds: impl IntoIterator<Item = Arc<dyn Kind>>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// The kind of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.0.iter().find(|kind| kind.name() == name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|kind| kind.name())
    }
}

impl fmt::Debug for ProviderKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
