//! Messages that come from the conversation itself: found the interaction that is open there, let
//! answer what waits, and what is nobody's answer passed on to the team's bot. Never is an
//! interaction opened by one.
//!
//! What a message caused, that it was received, and what is still to be done for it lie in one
//! commit: a platform that tells it again causes nothing. Its text is kept nowhere, save sealed on
//! its way to the bot. Who may tell one is proved elsewhere: `webhook_verifiers`, or the gateway's own chat.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_channels::format::inbound::Assurance;
use serde_json::{Value, json};

use self::webhook_verifiers::WebhookVerifiers;
use crate::challenges::Challenges;
use crate::challenges::messages::Text;
use crate::conversations::Conversations;
use crate::conversations::retractions::Retraction;
use crate::conversations::snapshots::Snapshot;
use crate::engine::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use crate::engine::replay::{Execution, ExtraWrites, IdempotencyRecord, ReplyKey};
use crate::engine::{Engine, Error, KeyOf, decode, encode, plain_record};
use crate::limits::Limits;
use crate::messaging::Messaging;
use crate::messaging::outboxes::OutboxClaim;
use crate::messaging::transcripts::Transcripts;
use crate::names::{RETRACTION, address_of};
use crate::teams::channels::Channels;
use crate::teams::drivers::Drivers;
use crate::teams::{TeamView, Teams};
use crate::urls::Urls;
use countersign_domain::accounts::channel::TeamChannel;
use countersign_domain::base::id::{ChannelName, Conversation, InteractionId, TeamName};
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::destination::Destination;
use countersign_domain::event::Actor;
use countersign_domain::event::posting::MAX_RETRY_TIME;
use countersign_domain::messaging::outbox::{Post, PostClaim, Recipient};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::chat::hear::Sender;
use countersign_domain::rules::chat::receive::Audience;
use countersign_domain::rules::chat::receive::Before;
use countersign_domain::rules::chat::receive::Received;
use countersign_domain::rules::chat::receive::awaited;
use countersign_domain::rules::chat::receive::is_awaited;
use countersign_domain::rules::chat::receive::may_be_late;
use countersign_domain::rules::chat::receive::may_hold_code;
use countersign_domain::rules::chat::receive::receive_alone;
use countersign_domain::secret::Secret;
use countersign_domain::time::Moment;
use countersign_store::RecordKey;

pub mod opened_chats;
pub mod platform_calls;
pub mod receipts;
pub mod web_chats;
pub mod webhook_verifiers;

/// What is passed on of a platform's own words has at most so many bytes.
const MAX_RAW_BYTES: usize = 64 * 1024;

/// What stands where a bot is not told what was said.
const HIDDEN: &str = "••••••";

/// A message as it came.
#[derive(Clone, Copy)]
pub struct ArrivedMessage<'a> {
    /// The platform's id of it: the same one again, in the same conversation, is the same message.
    pub id: &'a str,
    /// Who wrote it, as the platform calls the person.
    pub sender: &'a str,
    /// Whether the conversation is the sender's own.
    pub is_own: bool,
    /// Where: what an interaction calls its conversation.
    pub conversation: &'a Conversation,
    /// What it says.
    pub text: &'a str,
    /// Who reads along.
    pub audience: Audience,
    /// Whether the conversation is a group's, where the platform tells.
    pub in_group: Option<bool>,
    /// What the sender's id is worth.
    pub assurance: Assurance,
    /// The platform's own words for it, for the bot; none where there are none.
    pub raw: Option<&'a Value>,
}

/// How bots read the flag of an interaction.
pub type FlagReader<'a> = dyn Fn(&Snapshot<Received>) -> Value + Send + Sync + 'a;

/// A message and all that it came by.
struct InboundMessage<'a> {
    inbound: &'a Inbound,
    view: &'a TeamView,
    name: &'a ChannelName,
    channel: &'a TeamChannel,
    message: &'a ArrivedMessage<'a>,
    flag: &'a FlagReader<'a>,
    /// What the bot knows it by.
    mark: String,
    /// The outbox of posts to the bot that it joins.
    outbox: RecordKey,
    /// The outbox's claim, where this message made one.
    claim: Mutex<Option<PostClaim>>,
}

/// What comes in from chat platforms and web chats.
pub struct Inbound {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) drivers: Arc<Drivers>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) messaging: Arc<Messaging>,
    /// What lies in web chats' windows.
    pub(crate) transcripts: Arc<Transcripts>,
    pub(crate) webhook_verifiers: Arc<WebhookVerifiers>,
}

impl Inbound {
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
        message: &ArrivedMessage<'_>,
        flag: &FlagReader<'_>,
    ) -> Result<Received, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let account = view.team.channels.get(channel).ok_or(Refusal::NotFound("channel"))?;
        let address = self.engine.keys.address_tag(team, channel, message.conversation);
        let place = self.engine.received_place(&address, message.id);
        let mut incoming = InboundMessage {
            inbound: self,
            view: &view,
            name: channel,
            channel: account,
            message,
            flag,
            mark: self.engine.keys.replay.tag(&[b"passed on", address.as_bytes(), message.id.as_bytes()]).name(),
            outbox: self.messaging.outbox_of(team, channel, message.conversation),
            claim: Mutex::default(),
        };
        let (mut in_doubt, bare) = (false, ArrivedMessage { raw: None, ..*message });
        let address = self.engine.record(&incoming.address()).await?.unwrap_or_default();
        if let Some(id) = address.open {
            match self.receive_at(id, &incoming, place.clone()).await {
                // It is over: nobody waits there any more.
                Err(Error::Refused(Refusal::Closed | Refusal::NotFound(_))) => {}
                // It is an answer, and nobody's to read: who told it tells it again.
                Err(Error::Refused(why @ (Refusal::ProviderDown | Refusal::Judging))) => {
                    return Err(Error::Away(why.to_string()));
                }
                Err(Error::Refused(_)) => (in_doubt, incoming.message) = (true, &bare),
                told => return told,
            }
        }
        self.receive_alone(&incoming, place, in_doubt, incoming.noted(&address, self.engine.now()).is_some()).await
    }

    async fn receive_at(
        &self,
        id: InteractionId,
        incoming: &InboundMessage<'_>,
        place: ReplyKey,
    ) -> Result<Received, Error> {
        let (team, message) = (&incoming.view.team.name, incoming.message);
        let sender = match message.audience {
            Audience::Group => Sender::Unknown,
            Audience::Alone if message.is_own => Sender::Own,
            Audience::Alone => Sender::Named(message.sender),
        };
        let text = Text { text: message.text, sender, by: &Actor::Person, in_group: message.in_group };
        let render = |snapshot: &Snapshot<Received>| encode(&snapshot.outcome);
        let puts = |records: &[Option<OpenedRecord>], snapshot: &Snapshot<Received>, now| {
            incoming.puts(records, snapshot.outcome, Some(snapshot), now)
        };
        let idempotency =
            IdempotencyRecord::new(place, &render).extra_writes(ExtraWrites { reads: incoming.reads(), puts: &puts });
        match self.challenges.hear(id, Some(team), text, &idempotency).await? {
            Execution::Executed(snapshot) => Ok(incoming.is_saved(snapshot.outcome)),
            Execution::Replayed(earlier) => again(&earlier),
        }
    }

    /// The situation of a message that no open conversation waits for.
    async fn before_alone(&self, incoming: &InboundMessage<'_>, in_doubt: bool) -> Result<Before, Error> {
        if in_doubt {
            return Ok(Before::Doubt);
        }
        let (text, settings) = (incoming.message.text, &incoming.view.effective.settings);
        if may_be_late(text, settings)
            && let Some(address) = self.engine.record(&incoming.address()).await?
            && address.awaits_the_late(self.engine.now())
        {
            return Ok(Before::Closed);
        }
        if may_hold_code(text, settings) && self.limits.was_sent_to(incoming.destination()).await? {
            return Ok(Before::Sent);
        }
        Ok(Before::Silence)
    }

    /// Where nobody waits, a message is only passed on. What causes nothing is not remembered.
    async fn receive_alone(
        &self,
        incoming: &InboundMessage<'_>,
        place: ReplyKey,
        in_doubt: bool,
        notes: bool,
    ) -> Result<Received, Error> {
        let before = self.before_alone(incoming, in_doubt).await?;
        let (text, settings) = (incoming.message.text, &incoming.view.effective.settings);
        let received = receive_alone(text, before, settings);
        if !incoming.is_passed_on(received) && !incoming.is_taken_back(received) && !notes {
            return Ok(received);
        }
        let render = |received: &Received| encode(received);
        let puts = |records: &[Option<OpenedRecord>], received: &Received, now| {
            let mut put = incoming.puts(records, *received, None, now)?;
            put.extend(if notes { incoming.note(records.last().and_then(Option::as_ref), now)? } else { None });
            Ok(put)
        };
        let mut beside = incoming.reads();
        beside.extend(notes.then(|| incoming.address().name));
        let idempotency =
            IdempotencyRecord::new(place, &render).extra_writes(ExtraWrites { reads: beside, puts: &puts });
        let reads = Reads { partition: incoming.outbox.partition, names: idempotency.names() };
        let saved = self.engine.decide(&reads, |records, now| {
            if let Some(earlier) = idempotency.earlier(&records[records.len() - 1], now)? {
                return Ok(Change::nothing(Ok(Execution::Replayed(earlier))));
            }
            let put = vec![idempotency.keep(&self.engine, &received, now)];
            let mut change =
                Change { put, confirm: Confirm::Written, ..Change::nothing(Ok(Execution::Executed(received))) };
            idempotency.add(&mut change, records, now)?;
            Ok(change)
        });
        match saved.await?.outcome? {
            Execution::Executed(received) => Ok(incoming.is_saved(received)),
            Execution::Replayed(earlier) => again(&earlier),
        }
    }
}

fn again(earlier: &[u8]) -> Result<Received, Error> {
    metrics::counter!("countersign_received_total", "outcome" => "again").increment(1);
    decode("what became of a message", earlier)
}

impl InboundMessage<'_> {
    fn address(&self) -> KeyOf<Address> {
        address_of(&self.inbound.engine, &self.view.team.name, self.name, self.message.conversation)
    }

    /// What the budgets know the conversation as.
    fn destination(&self) -> Destination {
        let (team, conversation) = (&self.view.team.name, self.message.conversation.as_str());
        Destination::of(team, self.name, conversation, &self.inbound.engine.keys.pseudonym)
    }

    /// Whether a message of which that became goes from the chat.
    fn is_taken_back(&self, received: Received) -> bool {
        let definition = self.inbound.drivers.registry().find(&self.channel.definition);
        received != Received::Words && definition.is_some_and(|definition| definition.features().retracts)
    }

    /// Whether it goes to the bot.
    fn is_passed_on(&self, received: Received) -> bool {
        !matches!(received, Received::Answer(..)) && self.channel.forward_url().is_some()
    }

    /// What the address is to remember of the message, where that is anything new: that the person has
    /// written, and whether others read along.
    fn noted(&self, address: &Address, now: Moment) -> Option<Address> {
        let mut noted = address.clone();
        let window =
            self.view.capabilities.iter().find(|known| known.channel == *self.name).and_then(|m| m.free_reply_period);
        if let Some(window) = window.filter(|_| self.message.audience == Audience::Alone) {
            noted.heard(window, now);
        }
        if let Some(in_group) = self.message.in_group {
            noted.heard_in(in_group, now);
        }
        (noted != *address).then_some(noted)
    }

    fn note(&self, record: Option<&OpenedRecord>, now: Moment) -> Result<Option<PlainRecord>, Error> {
        let name = self.address().name;
        let address = record.map_or(Ok(Address::default()), |bytes| decode(&name, bytes))?;
        Ok(self.noted(&address, now).map(|noted| plain_record(name, &noted, now)))
    }

    fn retraction_name(&self) -> String {
        format!("{RETRACTION}{}", self.mark)
    }

    /// What has to be read for what may be done.
    fn reads(&self) -> Vec<String> {
        self.channel.forward_url().map(|_| self.outbox.name.clone()).into_iter().collect()
    }

    /// The records of what is to be done.
    fn puts(
        &self,
        records: &[Option<OpenedRecord>],
        received: Received,
        snapshot: Option<&Snapshot<Received>>,
        now: Moment,
    ) -> Result<Vec<PlainRecord>, Error> {
        let (team, mut put, mut claimed) = (&self.view.team.name, Vec::new(), None);
        if self.is_taken_back(received) {
            let (to, id) = (self.message.conversation.as_str().to_owned(), self.message.id.to_owned());
            let (team, channel) = (team.clone(), self.name.clone());
            let retraction = Retraction { team, channel, to, id, is_ours: false, tries: 1, since: now, due: None };
            put.push(retraction.record(self.retraction_name(), now));
        }
        if self.is_passed_on(received) {
            let body = self.body(received, snapshot, now).to_string().into_bytes();
            let post = Post { id: self.mark.clone(), body: Secret::new(body), until: now.plus(MAX_RETRY_TIME) };
            let (record, to) = (records.first().and_then(Option::as_ref), Recipient::Forward(self.name.clone()));
            let (outbox, claim) = self.inbound.messaging.joined(&self.outbox.name, record, team, &to, post, now)?;
            put.push(outbox);
            claimed = claim;
        }
        *self.claim.lock().unwrap_or_else(PoisonError::into_inner) = claimed;
        Ok(put)
    }

    /// What the bot is told.
    fn body(&self, received: Received, snapshot: Option<&Snapshot<Received>>, now: Moment) -> Value {
        let ArrivedMessage { id, sender, conversation, text, audience, assurance, raw, .. } = *self.message;
        let told = match (received, snapshot) {
            (Received::Words, _) => text.to_owned(),
            (Received::Redacted, Some(snapshot)) => awaited(&snapshot.interaction).redact(text),
            _ => HIDDEN.to_owned(),
        };
        let may_quote = snapshot.is_some_and(|snapshot| is_awaited(&snapshot.interaction));
        // A flag is the customer's, and what others say, or what is said before them, may be anybody's.
        let is_group = audience == Audience::Group;
        let authentication =
            snapshot.filter(|_| !is_group && self.message.is_own).map(|snapshot| (self.flag)(snapshot));
        let raw = raw.filter(|raw| received == Received::Words && !may_quote && raw.to_string().len() <= MAX_RAW_BYTES);
        json!({
            "id": self.mark,
            "type": "message.received",
            "at": now.to_string(),
            "team": self.view.team.name,
            "channel": self.name,
            "conversation": conversation,
            "from": sender,
            "interaction": snapshot.map(|snapshot| snapshot.interaction.id),
            "authentication": authentication,
            "group": is_group,
            "assurance": assurance.wire_name(),
            "message_id": id,
            "text": told,
            "raw": raw,
        })
    }

    /// It is saved: what is to be done is done behind the reply.
    fn is_saved(&self, received: Received) -> Received {
        if self.is_taken_back(received) {
            self.inbound
                .messaging
                .take_back(RecordKey { partition: self.outbox.partition, name: self.retraction_name() });
        }
        if let Some(claim) = self.claim.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.inbound.messaging.outboxes.push(OutboxClaim { outbox: self.outbox.clone(), claim });
        }
        let outcome = match received {
            Received::Answer(..) => "answer",
            Received::Words => "words",
            Received::Redacted => "redacted",
            Received::Hidden => "hidden",
        };
        metrics::counter!("countersign_received_total", "outcome" => outcome).increment(1);
        received
    }
}
