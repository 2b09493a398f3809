//! A proof that is made on a page: who pressed Continue, what was accepted, which browser finished, and
//! what is still missing until the flag may be raised. Login links and challenges share it.
//!
//! A page proves who is at a browser; the flag says who is in a conversation. What binds the two is
//! decided in `rules::binding`.

use serde::{Deserialize, Serialize};

use super::confirmation::Confirmation;
use super::flag::Proof;
use crate::base::binding::Binding;
use crate::base::id::Kid;
use crate::is_default;
use crate::secret::Tag;
use crate::settings::BindingRule;
use crate::time::Moment;

/// An accepted proof waits so many minutes for its done page's form.
pub const RETURN_MINUTES: u64 = 10;

/// Continue makes a new handle or a new code at most so many times.
pub const MAX_STARTS: u16 = 5;

/// Another browser may name the address that it chats with so many times.
pub const NAMING_TRIES: u8 = 2;

/// The page's side of a login link or a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageProof {
    /// How the browser must be shown to be the chat's, as it was decided when the link or challenge was made.
    pub rule: BindingRule,
    /// Of the secret that only the chat's own window has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opener: Option<Tag>,
    /// The browser that pressed Continue last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartingBrowser>,
    /// How often Continue began anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub starts: u16,
    /// Of the done address of the answer that was accepted since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Tag>,
    /// The browser whose post of the done page's form decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_by: Option<Tag>,
    /// How often another browser was wrong about the address that it chats with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wrong_addresses: u8,
    /// The accepted proof, until it has raised the flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<PendingProof>>,
}

/// The browser that pressed Continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartingBrowser {
    /// Its fingerprint.
    pub fingerprint: Tag,
    /// The chat's own window vouched for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vouched: bool,
}

/// A proof that was accepted on a page and has not raised the flag yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingProof {
    /// What was proved; none while a provider still judges a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// When it was accepted: the flag's times count from here.
    pub accepted_at: Moment,
    /// The security key that signed it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<Kid>,
    /// The invitation at whose door it was made, by its link's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<u16>,
    /// What is missing.
    pub step: PendingStep,
    /// The end of this step; none while only a provider's verdict is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
}

/// What an accepted proof waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PendingStep {
    /// The form of its done page.
    Form,
    /// Another browser than Continue's has posted it, and is asked which address it chats with.
    Address(Tag),
    /// The code that a browser is shown must come back through the chat.
    Code(Confirmation),
    /// It is bound to the chat; a provider's verdict is awaited.
    Bound(Tag, Binding),
}

impl PageProof {
    /// The page of something that was just made.
    pub fn new(rule: BindingRule, opener: Option<Tag>) -> Self {
        Self {
            rule,
            opener,
            start: None,
            starts: 0,
            answered: None,
            finished_by: None,
            wrong_addresses: 0,
            pending: None,
        }
    }

    /// Whether that browser pressed Continue last. Where nobody did, none has.
    pub fn was_started_by(&self, browser: &Tag) -> bool {
        self.start.as_ref().is_some_and(|start| start.fingerprint == *browser)
    }

    /// Whether the chat's own window has vouched for that browser, which pressed Continue last.
    pub fn is_vouched(&self, browser: &Tag) -> bool {
        self.start.is_some_and(|start| start.fingerprint == *browser && start.vouched)
    }

    /// Whether an answer was accepted and waits for its browser to be bound. A document that is still judged
    /// is no answer yet.
    pub fn is_answered(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.proof.is_some())
    }

    /// The code that a browser is shown, and its end.
    pub fn confirmation(&self) -> Option<(&Confirmation, Moment)> {
        let pending = self.pending.as_deref()?;
        match &pending.step {
            PendingStep::Code(confirmation) => Some((confirmation, pending.expires_at?)),
            PendingStep::Form | PendingStep::Address(_) | PendingStep::Bound(..) => None,
        }
    }

    /// Continue begins anew in that browser: what waited is void.
    pub fn begin(&mut self, fingerprint: Tag, vouched: bool) {
        self.start = Some(StartingBrowser { fingerprint, vouched });
        self.starts = self.starts.saturating_add(1);
        (self.answered, self.finished_by, self.pending) = (None, None, None);
    }
}
