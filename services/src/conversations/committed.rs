//! What a commit of an interaction tells the node that made it. Who is told may only push to a queue: what follows
//! from the commit is done behind its reply.

use super::Conversations;
use super::snapshots::Snapshot;
use countersign_domain::conversation::interaction::Interaction;
use countersign_store::RecordKey;

/// A commit of an interaction.
pub(crate) struct Committed<'a> {
    /// As it is now.
    pub interaction: &'a Interaction,
    /// Numbers of the messages that the commit has claimed for this node.
    pub claimed: &'a [u32],
    /// Records of messages that are to be taken out of their chats.
    pub retractions: &'a [RecordKey],
}

/// Is told of each commit of an interaction, after it and before its reply.
pub(crate) trait CommitObserver: Send + Sync {
    /// Notes what follows from the commit. It neither waits nor fails.
    fn committed(&self, commit: &Committed<'_>);
}

impl Conversations {
    /// Tells the observers of what was saved.
    pub(crate) fn tell_observers<T>(&self, snapshot: &Snapshot<T>) {
        let commit = Committed {
            interaction: &snapshot.interaction,
            claimed: &snapshot.claimed,
            retractions: &snapshot.retractions,
        };
        for observer in &self.observers {
            observer.committed(&commit);
        }
    }
}
