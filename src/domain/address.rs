//! An address, a channel's conversation: what is known of it from one interaction to the next. What
//! happens in one stands in `interaction`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::InteractionId;
use super::interaction::{Participant, Role};
use super::lockout::Budget;
use super::method::Guarded;
use super::time::Moment;

/// For so long after its end a challenge is still answered by people who were slow.
pub const LATE: Duration = Duration::from_secs(10 * 60);

/// What is kept of an address (channel and conversation) beyond its interactions: which one is
/// open, the guess budgets, which no new interaction resets, and the identity tokens that counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The open interaction.
    pub open: Option<InteractionId>,
    /// By method, and by person for participants other than the primary.
    pub budgets: BTreeMap<String, Budget>,
    /// Identity tokens that raised a flag here, by name, and until when each is remembered: one
    /// that stands here raises nothing again. Saved with the flag, so that a token whose request
    /// was refused, or whose reply was lost on the way to the store, may come again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vouched: BTreeMap<String, Moment>,
    /// When an interaction closed here in which somebody was asked for an answer and gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Moment>,
}

impl Address {
    /// Whether what was asked for here, in an interaction that is closed, may still come.
    pub fn awaits_the_late(&self, now: Moment) -> bool {
        self.closed_at.is_some_and(|closed| now < closed.plus(LATE))
    }

    /// The name of a participant's budget for a method. A cosigner's carries her own address, so
    /// that she cannot lock the primary; `pseudonym` keeps it unreadable.
    pub fn budget_name(what: Guarded, participant: &Participant, pseudonym: impl Fn(&str) -> String) -> String {
        if participant.role == Role::Primary {
            return what.to_string();
        }
        let own = participant.person.address();
        format!("{what}:{}", own.map_or_else(|| participant.id.to_string(), |own| pseudonym(&own)))
    }
}
