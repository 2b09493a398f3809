//! What a person typed, as the bot passes it on.
//! Whether a text is a code is the rule's to say; the text itself is kept nowhere.

use super::turns::{Visit, With};
use super::{Error, Gateway, Held, Remember, Told};
use crate::domain::event::Actor;
use crate::domain::id::{InteractionId, TeamName};
use crate::domain::rules::hear::{Heard, Sender, hear};
use crate::gateway::teams::TeamView;

impl Gateway {
    /// Hears a text of the conversation. It answers only what is asked of whoever wrote it, and not
    /// by way of who had the code revealed.
    pub async fn hear(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        text: &str,
        from: Option<&str>,
        by: &Actor,
        remember: &Remember<'_, Held<Heard>>,
    ) -> Result<Told<Held<Heard>>, Error> {
        let visit = Visit { id, team, actor: Actor::Person, with: With::Nothing };
        let rule = |turn: crate::domain::turn::Turn<'_>, _: &TeamView| {
            hear(turn, text, from.map_or(Sender::Own, Sender::Named), by)
        };
        self.turn_judged(visit, rule, Some(remember)).await
    }
}
