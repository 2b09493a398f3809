//! The list entry of an interaction: what filters of the list need, so that they open no records.
//! The relay writes it; lists and housekeeping read it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use countersign_domain::base::id::{ChannelName, Conversation, CustomerId};
use countersign_domain::conversation::interaction::{Interaction, InteractionStatus, Participant};
use countersign_domain::event::EventKind;
use countersign_domain::time::Moment;

/// What the index of a team's interactions keeps of each, so that filters need not open records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub channel: ChannelName,
    pub conversation: Conversation,
    pub names: Vec<String>,
    pub customers: Vec<CustomerId>,
    pub closed_at: Option<Moment>,
}

impl Summary {
    /// The list entry of an interaction as it is.
    pub fn of(interaction: &Interaction) -> Self {
        let people = interaction.participants.iter();
        Self {
            channel: interaction.channel.clone(),
            conversation: interaction.conversation.clone(),
            names: people.clone().filter_map(|p| p.person.name.clone()).collect(),
            customers: people.flat_map(Participant::may_be).collect::<BTreeSet<_>>().into_iter().cloned().collect(),
            closed_at: match interaction.status {
                InteractionStatus::Open => None,
                InteractionStatus::Closed(at) => Some(at),
            },
        }
    }

    /// Whether an event of that kind may come with another summary. A link's steps do not, so what
    /// the list keeps is not written anew for each of them; nor does the end of a ban, which a failure limit tells from
    /// elsewhere: what was read for it could be older than what stands there.
    pub fn may_change_with(kind: EventKind) -> bool {
        use EventKind::{Expiring, IntentResumed, LinkIssued, LinkOpened, Unbanned};
        !matches!(kind, LinkIssued | LinkOpened | IntentResumed | Expiring | Unbanned)
    }
}
