//! A message of no meaning that an admin has sent over a channel, to see that it arrives.
//! It costs what every message costs, and the audit trail says that it was sent.

use countersign_channels::{Content, Message, MessageAddress, Terms};

use super::Messaging;
use super::sending::{hand, outcome_of};
use crate::engine::Error;
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::conversation::destination::Destination;
use countersign_domain::event::data::messages::ChannelEventData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::messaging::attempt::AttemptResult;
use countersign_domain::messaging::wording;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::base64url;
use countersign_domain::time::lease::TIMEOUT;

impl Messaging {
    /// Sends a message of no meaning, now, and says what became of it. It costs what every message
    /// costs.
    pub async fn try_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        to: &str,
        actor: &Actor,
    ) -> Result<AttemptResult, Error> {
        let view = self.channels.team_over(team, name).await?.ok_or(Refusal::NotFound("team"))?;
        if !view.team.channels.contains_key(name) {
            return Err(Refusal::NotFound("channel").into());
        }
        let driver = self.channels.driver(&view, name).ok_or(Refusal::NoChannel)?;
        self.limits.pay(&view, Destination::of(team, name, to, &self.engine.keys.pseudonym)).await?;
        let tested = EventData::ChannelTested(ChannelEventData { channel: name.clone() });
        self.teams.record_audit_event(team, tested, actor).await?;
        let settings = &view.effective.settings;
        let text = wording::trial(&settings.locale, settings.brand.name.as_deref());
        let id = format!("{team}.{}", base64url(&self.engine.draw::<12>()));
        let (subject, content, terms) = (Some(text.clone()), Content::Text(text), Terms::default());
        let message = Message { id, to: MessageAddress::new(to), subject, content, terms };
        let how = outcome_of(&hand(&*driver, &message, TIMEOUT).await); // somebody waits for the answer
        self.limits.went(&view, name, how, None).await;
        Ok(how)
    }
}
