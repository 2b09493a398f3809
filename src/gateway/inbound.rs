//! Messages that come from the conversation itself: found the interaction that is open there, let
//! answer what waits, and what is nobody's answer passed on to the team's bot. Never is an
//! interaction opened by one.
//!
//! What a message caused, that it was received, and what is still to be done for it lie in one
//! commit: a platform that tells it again causes nothing. Its text is kept nowhere, save sealed on
//! its way to the bot. Who may tell one is proved elsewhere: `ears`, or the gateway's own chat.

use serde_json::Value;

use super::decide::{Change, Confirm, Opened, Plain, Reads};
use super::names::RETRACTION;
use super::replay::{Along, Place, Remember, Told};
use super::retracting::Retraction;
use super::teams::TeamView;
use super::turns::{Held, Visit, With};
use super::{Error, Gateway, decode, encode};
use crate::domain::channel::Channel;
use crate::domain::event::Actor;
use crate::domain::id::{ChannelName, Conversation, InteractionId, TeamName};
use crate::domain::interaction::Address;
use crate::domain::refusal::Refusal;
use crate::domain::rules::receive::{Before, Company, Received, Said, may_be_code, receive, receive_alone};
use crate::domain::sending::Destination;
use crate::domain::time::Moment;
use crate::domain::typed::Digits;
use crate::store::Key;

/// A message as it came.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The platform's id of it: the same one again, in the same conversation, is the same message.
    pub id: &'a str,
    /// Who wrote it, as the platform calls the person.
    pub sender: &'a str,
    /// Where: what an interaction calls its conversation.
    pub conversation: &'a Conversation,
    /// What it says.
    pub text: &'a str,
    /// Who reads along.
    pub company: Company,
    /// The platform's own words for it, for the bot; none where there are none.
    pub raw: Option<&'a Value>,
}

/// How bots read the flag of an interaction.
pub type Flag<'a> = dyn Fn(&Held<Received>) -> Value + Send + Sync + 'a;

/// A message and all that it came by.
struct Coming<'a> {
    gateway: &'a Gateway,
    view: &'a TeamView,
    name: &'a ChannelName,
    channel: &'a Channel,
    message: &'a Message<'a>,
    /// What the bot knows it by.
    mark: String,
}

impl Gateway {
    /// Receives a message that was proved to come over a team's channel.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no such team or channel; else only the store's: the message may be
    /// told again.
    pub async fn receive(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        message: &Message<'_>,
        _flag: &Flag<'_>,
    ) -> Result<Received, Error> {
        let view = self.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let account = view.team.channels.get(channel).ok_or(Refusal::NotFound("channel"))?;
        let address = self.keys.address_tag(team, channel, message.conversation);
        let place = self.received_place(&address, message.id);
        let coming = Coming {
            gateway: self,
            view: &view,
            name: channel,
            channel: account,
            message,
            mark: self.keys.replay.tag(&[b"passed on", address.as_bytes(), message.id.as_bytes()]).name(),
        };
        let mut in_doubt = false;
        if let Some(id) = self.find_open(&coming).await? {
            match self.receive_at(id, &coming, place.clone()).await {
                // It is over: nobody waits there any more.
                Err(Error::Refused(Refusal::Closed | Refusal::NotFound(_))) => {}
                Err(Error::Refused(_)) => in_doubt = true,
                told => return told,
            }
        }
        self.receive_alone(&coming, place, in_doubt).await
    }

    /// The interaction that is open where a message came from.
    async fn find_open(&self, coming: &Coming<'_>) -> Result<Option<InteractionId>, Error> {
        let (partition, name) = coming.address();
        let mut opened = self.read(&Reads { partition, names: vec![name.clone()] }).await?;
        let address: Option<Address> = opened.pop().flatten().map(|bytes| decode(&name, &bytes)).transpose()?;
        Ok(address.and_then(|address| address.open))
    }

    async fn receive_at(&self, id: InteractionId, coming: &Coming<'_>, place: Place) -> Result<Received, Error> {
        let (team, message) = (&coming.view.team.name, coming.message);
        let asked = self.facts(id, Some(team)).await?.interaction.challenges_made;
        let is_number = asked > 0 && Digits::parse(message.text).is_some();
        let with = if is_number { With::Challenge(asked) } else { With::Nothing };
        let visit = Visit { id, team: Some(team), actor: Actor::Person, with };
        let said = Said { text: message.text, company: message.company };
        let render = |held: &Held<Received>| encode(&held.outcome);
        let puts = |_: &[Option<Opened>], held: &Held<Received>, now| Ok(coming.puts(held.outcome, now));
        let remember = Remember::new(place, &render).along(Along { reads: Vec::new(), puts: &puts });
        match self.turn(visit, |turn, _| receive(turn, said), Some(&remember)).await? {
            Told::Fresh(held) => Ok(coming.is_saved(held.outcome)),
            Told::Again(earlier) => again(&earlier),
        }
    }

    /// Where nobody waits, a message is only passed on. What causes nothing is not remembered.
    async fn receive_alone(&self, coming: &Coming<'_>, place: Place, in_doubt: bool) -> Result<Received, Error> {
        let settings = &coming.view.effective.settings;
        let before = if in_doubt {
            Before::Doubt
        } else if may_be_code(coming.message.text, settings) && self.was_sent_to(coming.destination()).await? {
            Before::Sent
        } else {
            Before::Silence
        };
        let received = receive_alone(coming.message.text, before, settings);
        if !coming.is_taken_back(received) {
            return Ok(received);
        }
        let render = |received: &Received| encode(received);
        let puts = |_: &[Option<Opened>], received: &Received, now| Ok(coming.puts(*received, now));
        let remember = Remember::new(place, &render).along(Along { reads: Vec::new(), puts: &puts });
        let reads = Reads { partition: coming.address().0, names: remember.names() };
        let saved = self.decide(&reads, |records, now| {
            if let Some(earlier) = remember.earlier(&records[records.len() - 1], now)? {
                return Ok(Change::nothing(Ok(Told::Again(earlier))));
            }
            let put = vec![remember.keep(self, &received, now)];
            let mut change = Change { put, confirm: Confirm::Written, ..Change::nothing(Ok(Told::Fresh(received))) };
            remember.add(&mut change, records, now)?;
            Ok(change)
        });
        match saved.await?.outcome? {
            Told::Fresh(received) => Ok(coming.is_saved(received)),
            Told::Again(earlier) => again(&earlier),
        }
    }
}

fn again(earlier: &[u8]) -> Result<Received, Error> {
    metrics::counter!("countersign_received_total", "outcome" => "again").increment(1);
    decode("what became of a message", earlier)
}

impl Coming<'_> {
    fn address(&self) -> (crate::store::Partition, String) {
        self.gateway.address_of(&self.view.team.name, self.name, self.message.conversation)
    }

    /// What the budgets know the conversation as.
    fn destination(&self) -> Destination {
        let (team, conversation) = (&self.view.team.name, self.message.conversation.as_str());
        Destination::of(team, self.name, conversation, &self.gateway.keys.pseudonym)
    }

    /// Whether a message of which that became goes from the chat.
    fn is_taken_back(&self, received: Received) -> bool {
        let definition = self.gateway.registry.find(&self.channel.definition);
        received != Received::Words && definition.is_some_and(|definition| definition.abilities().retracts)
    }

    fn retraction_name(&self) -> String {
        format!("{RETRACTION}{}", self.mark)
    }

    /// The records of what is to be done.
    fn puts(&self, received: Received, now: Moment) -> Vec<Plain> {
        let (team, mut put) = (&self.view.team.name, Vec::new());
        if self.is_taken_back(received) {
            let (to, id) = (self.message.conversation.as_str().to_owned(), self.message.id.to_owned());
            let (team, channel) = (team.clone(), self.name.clone());
            let retraction = Retraction { team, channel, to, id, tries: 1, since: now };
            put.push(retraction.record(self.retraction_name(), now));
        }
        put
    }

    /// It is saved: what is to be done is done behind the reply.
    fn is_saved(&self, received: Received) -> Received {
        if self.is_taken_back(received) {
            self.gateway.retractions.push(Key { partition: self.address().0, name: self.retraction_name() });
        }
        let outcome = match received {
            Received::Answer(..) => "answer",
            Received::Words => "words",
            Received::Hidden => "hidden",
        };
        metrics::counter!("countersign_received_total", "outcome" => outcome).increment(1);
        received
    }
}
