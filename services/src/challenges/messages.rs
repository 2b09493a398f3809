//! What a person typed, as the bot passes it on.
//! Whether a text is a code is the rule's to say; the text itself is kept nowhere.

use super::Challenges;
use crate::conversations::snapshots::{RequestContext, Snapshot, With};
use crate::engine::{Error, Execution, IdempotencyRecord};
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::chat::hear::Sender;
use countersign_domain::rules::chat::receive::Received;
use countersign_domain::rules::chat::receive::ReceivedText;
use countersign_domain::rules::chat::receive::may_be_late;
use countersign_domain::rules::chat::receive::receive;

/// A text of a conversation.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// What was typed.
    pub text: &'a str,
    /// Who sent it.
    pub sender: Sender<'a>,
    /// Who brings it.
    pub by: &'a Actor,
    /// Whether the conversation is a group's, where the platform tells.
    pub in_group: Option<bool>,
}

impl Challenges {
    /// Hears a text of the conversation. It answers only what is asked of whoever wrote it, and not
    /// by way of who had the code revealed.
    pub async fn hear(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        text: Text<'_>,
        idempotency: &IdempotencyRecord<'_, Snapshot<Received>>,
    ) -> Result<Execution<Snapshot<Received>>, Error> {
        let seen = self.conversations.facts(id, team).await?;
        let view = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let asked = seen.interaction.challenges_made;
        // How the newest challenge has ended is asked for a text alone that could be its answer.
        let is_late = asked > 0 && may_be_late(text.text, &view.effective.settings);
        let with = if is_late { With::Challenge(asked) } else { With::Nothing };
        let Text { text, sender, by, in_group } = text;
        let said = ReceivedText { text, sender, by, in_group, asked };
        let request_context = RequestContext::new(id, team, Actor::Person, with);
        self.transact_judged(request_context, |context, _| receive(context, said), Some(idempotency)).await
    }
}
