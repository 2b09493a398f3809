//! A platform tells whose browser came from a done page: it must be who chats, and then the waiting proof counts.
//! How the browser gets there, `linking` says.

use countersign_channels::inbound::OpenedLink;
use secrecy::ExposeSecret as _;

use super::Inbound;
use crate::conversations::snapshots::{RequestContext, With};
use crate::engine::Error;
use crate::names::address_of;
use countersign_domain::base::id::{ChannelName, Conversation, TeamName};
use countersign_domain::conversation::context::Context;
use countersign_domain::event::Actor;
use countersign_domain::rules::chat::linked::Linked;
use countersign_domain::rules::chat::linked::awaits;
use countersign_domain::rules::chat::linked::linked;

impl Inbound {
    /// The platform tells whose browser came from a done page. It must be who chats, and nobody else's
    /// conversation is looked at: not even one that is named beside the sender.
    pub(crate) async fn receive_opened(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        opened: &OpenedLink,
    ) -> Result<(), Error> {
        let Ok(conversation) = opened.conversation.as_str().parse::<Conversation>() else { return Ok(()) };
        if opened.sender != opened.conversation {
            return Ok(());
        }
        let address = self.engine.record(&address_of(&self.engine, team, channel, &conversation)).await?;
        let Some(id) = address.and_then(|address| address.open) else { return Ok(()) };
        match self.take_carried(RequestContext::new(id, Some(team), Actor::Person, With::Nothing), opened).await {
            Ok(Linked::Passed) => metrics::counter!("countersign_received_total", "outcome" => "linked").increment(1),
            Ok(Linked::Nothing) | Err(Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn take_carried(&self, request_context: RequestContext<'_>, opened: &OpenedLink) -> Result<Linked, Error> {
        if !awaits(&self.conversations.look(request_context.id, request_context.team).await?.interaction) {
            return Ok(Linked::Nothing);
        }
        let rule = |context: &mut Context<'_>| linked(context, opened.token.expose_secret());
        Ok(self.conversations.run(request_context, rule).await?.outcome)
    }
}
