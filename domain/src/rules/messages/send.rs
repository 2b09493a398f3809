//! What becomes of messages: queued in the commit of what they are about, claimed by who sends
//! them, and told when they have left or cannot.
//!
//! Whether an act may send at all is decided by that act's own rule; what is paid for, outside.

use std::time::Duration;

use crate::base::country::Country;
use crate::base::id::{ChallengeId, ChannelName, LinkId, ParticipantId};
use crate::base::way::{DeliverTo, Way};
use crate::conversation::context::Context;
use crate::conversation::destination::Destination;
use crate::event::EventData;
use crate::event::data::messages::{
    CodeDeliveredData, CodeDeliveryFailedData, CodeSentData, LinkDeliveredData, LinkDeliveryFailedData, LinkSentData,
};
use crate::messaging::attempt::{AttemptResult, MAX_LOST, MAX_WAIT, NO_ANSWER, TRIES_BEFORE_THE_NEXT, Trying};
use crate::messaging::sending::{DeliveryState, Kind, Sending, What};
use crate::proof::challenge::{ChallengeEnd, EndedChallenge};
use crate::refusal::Refusal;
use crate::rules::messages::ways::ways;
use crate::time::Moment;

/// How long the last way is tried, where what it is about lives on.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);

/// Nothing goes over the channel now.
const CHANNEL_DOWN: &str = "channel-down";

/// A message that may be queued: the ways that it can take, found before anything changes.
#[derive(Clone, Debug)]
pub struct Ready {
    at: usize,
    ways: Vec<Way>,
}

impl Context<'_> {
    /// Whether a message to that participant can be queued now, and by which ways. Asked before
    /// anything is changed: without budget nothing may have happened.
    pub fn ready_to_send(&self, at: usize, to: DeliverTo, kind: Kind) -> Result<Ready, Refusal> {
        let (ready, destination) = self.plan_to_send(at, to, kind)?;
        match self.environment.quota_receipt {
            Some(quota_receipt) if quota_receipt.0 == destination => Ok(ready),
            _ => Err(Refusal::Unpaid),
        }
    }

    /// The same, and what must be paid for it.
    pub fn plan_to_send(&self, at: usize, to: DeliverTo, kind: Kind) -> Result<(Ready, Destination), Refusal> {
        let (settings, interaction) = (self.environment.settings, &self.interaction);
        let participant = &interaction.participants[at];
        let mut ways = ways(interaction, participant, &self.environment, to, kind)?;
        if to == DeliverTo::Auto && self.environment.web_chats.contains(&interaction.channel) {
            // What is sent there is read by whoever chats, and shows nothing of who that is.
            let only_there = settings.delivery.ways() == [Way::Chat];
            ways.retain(|way| only_there || *way != Way::Chat);
        }
        if ways.is_empty() {
            return Err(Refusal::NoAddress);
        }
        if self.is_in_group() {
            ways.retain(|way| *way != Way::Chat); // others would read it
        }
        if ways.is_empty() {
            return Err(Refusal::PrivateChannelRequired);
        }
        if interaction.messages >= settings.send_budget.per_interaction {
            return Err(Refusal::SendBudget(interaction.idle_until));
        }
        let first = ways[0].destination(interaction, participant, &self.environment.keys.pseudonym);
        let destination = first.expect("a way without an address is none");
        Ok((Ready { at, ways }, destination))
    }

    /// Queues it. Who commits this transaction has claimed the message and sends it at once.
    pub fn queue(&mut self, ready: Ready, what: What) {
        let now = self.environment.now;
        self.interaction.messages += 1;
        let number = self.interaction.messages;
        let participant = self.interaction.participants[ready.at].id.clone();
        let mut ways = ready.ways.into_iter();
        let way = ways.next().expect("it has at least one way");
        let state = DeliveryState::Queued(Trying::claimed(now));
        let then: Vec<Way> = ways.collect();
        let to_chat = way == Way::Chat || then.contains(&Way::Chat);
        let freely_until = self.address.freely_until.filter(|until| to_chat && now < *until);
        let platform_id = None;
        let sending = Sending { number, participant, what, way, then, platform_id, freely_until, fallen: 0, state };
        self.interaction.sendings.retain(|other| !other.is_replaced_by(&sending));
        self.interaction.sendings.push(sending);
        self.claimed.push(number);
    }

    /// Where a code that was answered rightly in this transaction had been sent to.
    pub fn code_came_back(&self) -> Option<Country> {
        let (interaction, key) = (&self.interaction, &self.environment.keys.pseudonym);
        interaction.sendings.iter().find_map(|sending| {
            let What::Code { challenge, .. } = sending.what else { return None };
            let passed = |ended: &&EndedChallenge| ended.number == challenge && ended.end == ChallengeEnd::Passed;
            self.ended.challenges.iter().find(passed)?;
            let participant = interaction.participant(&sending.participant)?;
            sending.way.destination(interaction, participant, key)?.country
        })
    }

    pub(crate) fn sending(&mut self, number: u32) -> Option<&mut Sending> {
        self.interaction.sendings.iter_mut().find(|sending| sending.number == number)
    }
}

impl Sending {
    /// One code of a challenge, one message of a link.
    fn is_replaced_by(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Code { .. }, What::Code { .. }) => self.participant == other.participant,
            (What::Link { link, .. }, What::Link { link: newer, .. }) => link == newer,
            _ => false,
        }
    }
}

/// What listeners are told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryNotice {
    /// The platform has it.
    Sent,
    /// The person has it.
    Delivered,
    /// It does not arrive by that way, for that reason; which way is tried next, where there is one.
    Failed(&'static str, Option<Way>),
}

impl DeliveryNotice {
    /// Of a code, by the challenge that it answers.
    fn of_code(self, challenge: ChallengeId, channel: ChannelName) -> EventData {
        let (challenge_id, purpose, pseudonym) = (Some(challenge), None, None);
        match self {
            Self::Sent => {
                let data = CodeSentData { challenge: challenge_id, purpose, channel, pseudonym };
                EventData::ChallengeSent(data)
            }
            Self::Delivered => EventData::ChallengeDelivered(CodeDeliveredData { challenge, channel }),
            Self::Failed(why, next) => {
                let (channel, reason) = (Some(channel), why.into());
                let data =
                    CodeDeliveryFailedData { challenge: challenge_id, purpose, channel, reason, next, pseudonym };
                EventData::ChallengeDeliveryFailed(data)
            }
        }
    }

    /// Of a link.
    fn of_link(self, link: LinkId, channel: ChannelName) -> EventData {
        let (link_id, purpose, pseudonym) = (Some(link), None, None);
        match self {
            Self::Sent => EventData::LinkSent(LinkSentData { link: link_id, purpose, channel, pseudonym }),
            Self::Delivered => EventData::LinkDelivered(LinkDeliveredData { link, channel }),
            Self::Failed(why, next) => {
                let (channel, reason) = (Some(channel), why.into());
                let data = LinkDeliveryFailedData { link: link_id, purpose, channel, reason, next, pseudonym };
                EventData::LinkDeliveryFailed(data)
            }
        }
    }
}

/// Time has passed: what is due now is claimed by whoever's turn this is.
pub fn claim(context: &mut Context<'_>) -> Result<(), Refusal> {
    let now = context.environment.now;
    for sending in &mut context.interaction.sendings {
        if let DeliveryState::Queued(trying) = &mut sending.state
            && trying.claim(now)
        {
            context.claimed.push(sending.number);
        }
    }
    Ok(())
}

/// The claim goes on: whoever sends is at it still. False where it is not theirs any more.
pub fn renew(context: &mut Context<'_>, number: u32, tries: u32) -> Result<bool, Refusal> {
    let now = context.environment.now;
    let state = context.sending(number).map(|sending| &mut sending.state);
    let mine = match state {
        Some(DeliveryState::Queued(trying)) if trying.tries == tries => {
            trying.renew(now);
            true
        }
        _ => false,
    };
    Ok(mine)
}

/// A try of a message.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryAttempt<'a> {
    /// The message's number.
    pub number: u32,
    /// By which way.
    pub way: Way,
    /// Which of the tries by that way.
    pub tries: u32,
    /// How it ended.
    pub how: AttemptResult,
    /// The platform's id of what it took.
    pub platform_id: Option<&'a str>,
    /// The platform will say whether it has arrived.
    pub is_told_of: bool,
}

/// A try ended. Where somebody else has claimed the message since, it is theirs to say how it went,
/// unless it has arrived. False where there is no such message any more.
pub fn tried(context: &mut Context<'_>, attempt: &DeliveryAttempt<'_>) -> Result<bool, Refusal> {
    let (now, jitter) = (context.environment.now, context.draws.take::<1>()[0]);
    let DeliveryAttempt { number, way, tries, how, .. } = *attempt;
    let Some(sending) = context.sending(number) else { return Ok(false) };
    if sending.way != way {
        return Ok(true); // that it has not arrived was told before
    }
    let DeliveryState::Queued(trying) = sending.state else {
        if how == AttemptResult::Sent && sending.platform_id.is_none() {
            sending.platform_id = attempt.platform_id.map(str::to_owned);
        }
        return Ok(true);
    };
    if how != AttemptResult::Sent && trying.tries != tries {
        return Ok(true);
    }
    match how {
        AttemptResult::Sent => arrived(context, attempt),
        AttemptResult::Refused(why) | AttemptResult::Barred(why) => next_way(context, number, why),
        AttemptResult::Lost if trying.lost + 1 >= MAX_LOST => next_way(context, number, NO_ANSWER),
        AttemptResult::Later(why) if is_given_up(sending, trying, now) => next_way(context, number, why),
        AttemptResult::After(wait) if is_given_up(sending, trying, now) || is_too_long(sending, wait) => {
            next_way(context, number, "busy");
        }
        AttemptResult::Shut(_) if !sending.then.is_empty() || is_given_up(sending, trying, now) => {
            next_way(context, number, CHANNEL_DOWN);
        }
        AttemptResult::Deferred(at) if is_given_up(sending, trying, now) || is_too_long(sending, at.since(now)) => {
            next_way(context, number, "busy");
        }
        how => sending.state = DeliveryState::Queued(trying.after(how, now, jitter)),
    }
    Ok(true)
}

/// Who has another way does not wait for long.
fn is_too_long(sending: &Sending, wait: Duration) -> bool {
    wait > MAX_WAIT && !sending.then.is_empty()
}

fn is_given_up(sending: &Sending, trying: Trying, now: Moment) -> bool {
    match sending.then.is_empty() {
        true => now.since(trying.since) >= MAX_RETRY_TIME,
        false => trying.tries >= TRIES_BEFORE_THE_NEXT,
    }
}

fn arrived(context: &mut Context<'_>, attempt: &DeliveryAttempt<'_>) {
    let Some(sending) = context.sending(attempt.number) else { return };
    sending.state = DeliveryState::Sent;
    sending.platform_id = attempt.platform_id.map(str::to_owned);
    // Should the platform say that it has not arrived after all, a link is made again for the next way.
    if !attempt.is_told_of || sending.then.is_empty() {
        sending.forget();
    }
    tell(context, attempt.number, DeliveryNotice::Sent);
}

/// By the next way, and now; where there is none, it has failed.
pub(crate) fn next_way(context: &mut Context<'_>, number: u32, why: &'static str) {
    let (now, most) = (context.environment.now, context.environment.settings.send_budget.per_interaction);
    let room = context.interaction.messages < most;
    let Some(sending) = context.sending(number) else { return };
    let next = sending.then.first().copied().filter(|_| room);
    tell(context, number, DeliveryNotice::Failed(why, next));
    let Some(sending) = context.sending(number) else { return };
    match next {
        Some(way) => {
            sending.then.remove(0);
            sending.way = way;
            sending.platform_id = None;
            sending.fallen += 1;
            sending.state = DeliveryState::Queued(Trying::new(now));
            context.interaction.messages += 1;
        }
        None => {
            sending.state = DeliveryState::Failed;
            sending.forget();
        }
    }
}

/// What a listener is told of a message: what it is about and by which channel, never where to.
pub(crate) fn tell(context: &mut Context<'_>, number: u32, notice: DeliveryNotice) {
    let interaction = context.interaction.id;
    let Some(sending) = context.interaction.sendings.iter().find(|sending| sending.number == number) else { return };
    let channel = sending.way.channel(&context.interaction);
    let data = match &sending.what {
        What::Code { challenge, .. } => notice.of_code(ChallengeId { interaction, number: *challenge }, channel),
        What::Link { link, .. } => notice.of_link(LinkId { interaction, number: *link }, channel),
    };
    let participant: ParticipantId = sending.participant.clone();
    context.tell(data, Some(participant));
}
