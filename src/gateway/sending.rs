//! Messages that leave: what a node has claimed it hands to the channel, and a turn records what
//! became of it. Claims are made by commits, so of several nodes one sends; a claim that nobody
//! settled lapses, and the message goes again under the same id.
//!
//! What is said stands in `domain::wording`; when it is said again, in `domain::rules::send`.

use countersign_channels::{Address, Channel, Content, DeliveryError, Message, Sent};
use secrecy::SecretString;

use super::queue::Queue;
use super::sms;
use super::teams::TeamView;
use super::turns::{Visit, With};
use super::{Error, Gateway, Held};
use crate::domain::challenge::Challenge;
use crate::domain::entry;
use crate::domain::event::Actor;
use crate::domain::id::InteractionId;
use crate::domain::interaction::{Interaction, Participant};
use crate::domain::link::Purpose;
use crate::domain::refusal::Refusal;
use crate::domain::rules::send::{Tried, tried};
use crate::domain::sending::{PATIENCE, Sending, State, Trying, Way, What, is_text_message};
use crate::domain::time::Moment;
use crate::domain::token::{Token, TokenKind};
use crate::domain::wording;

/// Messages that are handed over at the same time: a platform that is slow to answer must not keep
/// the others waiting.
const ABREAST: usize = 64;

/// A message that this node has claimed.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    id: InteractionId,
    number: u32,
}

/// What this node is to send.
pub(super) type Outgoing = Queue<Claim>;

impl Gateway {
    /// What a turn has claimed is sent behind its reply.
    pub(super) fn hand_over<T>(&self, held: &Held<T>) {
        for number in &held.claimed {
            self.outgoing.push(Claim { id: held.interaction.id, number: *number });
        }
    }

    /// Sends what this node has claimed so far; how many messages it was.
    pub async fn send(&self) -> usize {
        self.outgoing.drain(ABREAST, |claim| self.send_one(claim)).await
    }

    /// Sends for ever, at once when something is claimed.
    pub async fn send_forever(&self) {
        self.outgoing.serve(ABREAST, |claim| self.send_one(claim)).await;
    }

    async fn send_one(&self, claim: Claim) {
        match self.try_to_send(claim).await {
            Ok(()) | Err(Error::Refused(Refusal::NotFound(_))) => {}
            Err(error) => {
                tracing::error!(id = %claim.id, message = claim.number, %error, "a message waits for its claim to lapse");
            }
        }
    }

    async fn try_to_send(&self, claim: Claim) -> Result<(), Error> {
        let seen = self.look(claim.id, None).await?;
        let team = self.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("team"))?;
        let sending = seen.interaction.sendings.iter().find(|sending| sending.number == claim.number);
        let Some((sending, State::Queued(trying))) = sending.map(|sending| (sending, sending.state)) else {
            return Ok(());
        };
        if self.now().plus(PATIENCE) > trying.next {
            return Ok(()); // too late for this claim: whoever makes the next one has the time for it
        }
        let how = self.try_way(&team, &seen.interaction, (sending, trying)).await?;
        let label = match how {
            Tried::Sent => "sent",
            Tried::Turn(_) | Tried::Shut(_) => "waits",
            _ => "not-sent",
        };
        metrics::counter!("countersign_messages_total", "outcome" => label).increment(1);
        let visit = Visit { id: claim.id, team: None, actor: Actor::Time, with: With::Nothing };
        self.turn(visit, |turn, _| tried(turn, claim.number, trying.tries, how), None).await.map(drop)
    }

    /// Sends it where it is to go now.
    async fn try_way(
        &self,
        team: &TeamView,
        interaction: &Interaction,
        (sending, trying): (&Sending, Trying),
    ) -> Result<Tried, Error> {
        let participant = interaction.participant(&sending.participant).ok_or(Refusal::NotFound("participant"))?;
        if sending.way == Way::Event {
            return self.request_sending(team, interaction, participant, sending).await;
        }
        let channel = sending.way.channel(interaction);
        let Some(driver) = self.driver(team, &channel) else {
            return Ok(Tried::Refused("no-channel"));
        };
        let Some(address) = sending.way.address(interaction, participant) else {
            return Ok(Tried::Refused("no-address"));
        };
        let Some((subject, content)) = self.word(team, interaction, participant, sending) else {
            return Ok(Tried::Refused("gone"));
        };
        if let Some(held) = self.held_back(team, &channel, (driver.max_per_minute(), trying)).await? {
            return Ok(held);
        }
        let to = sending.way.destination(interaction, participant, &self.keys.pseudonym);
        if let Some(to) = to.filter(|_| sending.is_unpaid()) {
            match self.pay(team, to).await {
                Ok(_) => {}
                Err(Error::Refused(_)) => return Ok(Tried::Refused("send-budget")),
                Err(error) => return Err(error),
            }
        }
        let (id, address) = (sending.message_id(interaction.id), Address::new(address));
        let how = outcome_of(hand(&*driver, &Message { id, to: address, subject: Some(subject), content }).await);
        self.went(team, &channel, how, Some(trying)).await;
        if how == Tried::Sent && matches!(sending.what, What::Code { .. }) {
            self.count_sent(&team.team.name, to.and_then(|to| to.country));
        }
        Ok(how)
    }

    /// What it says; nothing where what it was about is gone.
    fn word(
        &self,
        team: &TeamView,
        interaction: &Interaction,
        participant: &Participant,
        sending: &Sending,
    ) -> Option<(String, Content)> {
        let settings = &team.effective.settings;
        let (locale, brand) = (settings.locale.as_str(), settings.brand.name.as_deref());
        match &sending.what {
            What::Link { link, seed } => {
                let live = participant.links.iter().find(|live| live.number == *link)?;
                let url = match live.purpose {
                    Purpose::Entry => self.code_page_url(&entry::page(interaction.id, live, &self.keys)),
                    _ => {
                        let of = (interaction.id, *link);
                        self.landing_url(&Token::of_seed(TokenKind::Link, seed.as_ref()?, of, &self.keys.handle))
                    }
                };
                let url = SecretString::from(url);
                let text = wording::link(live.purpose, locale, brand);
                let by_sms = is_text_message(&sending.way.channel(interaction));
                let text = if by_sms { sms::plainer(&text) } else { text };
                Some((wording::link_subject(locale, brand), Content::Link { text, url }))
            }
            What::Code { .. } => {
                let live = live_code(participant, &sending.what, self.now())?;
                let digits = live.answer(interaction.id, &self.keys.code);
                let code = SecretString::from(String::from_utf8_lossy(digits.expose()).into_owned());
                let message = settings.otp.message.as_str();
                let text = match sending.way {
                    Way::Email => wording::code_by_mail(message, locale),
                    _ if is_text_message(&sending.way.channel(interaction)) => {
                        sms::code_by_sms(message, &self.public_url, digits.expose().len())
                    }
                    _ => message.to_owned(),
                };
                Some((wording::code_subject(locale, brand), Content::Code { text, code }))
            }
        }
    }
}

/// The challenge whose code a message says, while that very code would be right.
pub(super) fn live_code<'a>(participant: &'a Participant, what: &What, now: Moment) -> Option<&'a Challenge> {
    let What::Code { challenge, issue } = what else { return None };
    let live = participant.challenge.as_ref()?;
    (live.number == *challenge && live.issue() == Some(*issue) && live.is_live(now)).then_some(live)
}

/// Hands a message to its channel; no answer in time is a lost one.
pub(super) async fn hand(channel: &dyn Channel, message: &Message) -> Result<Sent, DeliveryError> {
    tokio::time::timeout(PATIENCE, channel.send(message)).await.unwrap_or(Err(DeliveryError::Ambiguous))
}

/// What a platform's answer means here. Its own words may quote what it was sent: they are not kept.
pub(super) fn outcome_of(answer: Result<Sent, DeliveryError>) -> Tried {
    match answer {
        Ok(_) => Tried::Sent,
        Err(DeliveryError::RetryAfter(wait)) => Tried::After(wait),
        Err(DeliveryError::Retry(why)) => Tried::Later(why),
        Err(DeliveryError::Ambiguous) => Tried::Lost,
        Err(DeliveryError::Fallback(why) | DeliveryError::Permanent(why)) => Tried::Refused(why),
        Err(DeliveryError::AuthBroken(why)) => Tried::Barred(why),
    }
}
