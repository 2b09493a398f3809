//! Messages that leave: what a node has claimed it hands to the channel, and a transaction records what
//! became of it. Claims are made by commits, so of several nodes one sends; a claim that nobody
//! settled lapses, and the message goes again under the same id.
//!
//! The words stand in `domain::messaging::wording`, the retries in `domain::rules::messages::send`.

use std::sync::Arc;
use std::time::Duration;

use countersign_channels::{
    Capabilities, Channel, Content, DeliveryError, Message, MessageAddress, Receipts, Sent, Terms,
};
use secrecy::SecretString;

use super::Messaging;
use super::live_codes::live_code;
use crate::conversations::Parsed;
use crate::conversations::committed::{CommitObserver, Committed};
use crate::conversations::snapshots::RequestContext;
use crate::engine::Error;
use crate::engine::executor::{Claim, Executor, JobKind, JobPolicy, Next};
use crate::teams::{TeamView, sms};
use countersign_domain::base::id::{ChannelName, InteractionId};
use countersign_domain::base::way::Way;
use countersign_domain::conversation::context::Context;
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_domain::messaging::attempt::{AttemptResult, Trying};
use countersign_domain::messaging::sending::{DeliveryState, MAX_ANSWER, Sending, What};
use countersign_domain::messaging::wording;
use countersign_domain::proof::entry;
use countersign_domain::proof::link::LinkPurpose;
use countersign_domain::proof::methods;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::messages::send::DeliveryAttempt;
use countersign_domain::rules::messages::send::renew;
use countersign_domain::rules::messages::send::tried;
use countersign_domain::secret::token::{Token, TokenKind};
use countersign_domain::time::lease::Lease;

/// A platform's id of a message that is longer is not kept.
const MAX_ID_BYTES: usize = 256;

/// A message that this node has claimed.
#[derive(Clone, Copy)]
pub(crate) struct MessageClaim {
    id: InteractionId,
    number: u32,
}

impl Claim for MessageClaim {
    type Key = (InteractionId, u32);
    const POLICY: JobPolicy =
        JobPolicy { renewed_every: Some(Duration::from_secs(3)), ..JobPolicy::new("message", 64) };

    fn key(&self) -> Self::Key {
        (self.id, self.number)
    }
}

/// A message that waits, as it was when it was looked at.
pub(crate) struct MessageJob {
    team: Arc<TeamView>,
    seen: Arc<Parsed>,
    /// Its place in the interaction.
    at: usize,
    trying: Trying,
}

impl MessageJob {
    fn sending(&self) -> &Sending {
        &self.seen.interaction.sendings[self.at]
    }
}

/// How a try went, and over what.
pub(crate) struct Went {
    how: AttemptResult,
    /// The platform's id of what it took.
    platform_id: Option<String>,
    capabilities: Capabilities,
}

impl Went {
    /// Nothing went over a channel.
    fn without(how: AttemptResult) -> Self {
        Self { how, platform_id: None, capabilities: Capabilities::default() }
    }
}

/// What this node is to send.
pub(crate) type Outgoing = Executor<MessageClaim>;

impl CommitObserver for Outgoing {
    fn committed(&self, commit: &Committed<'_>) {
        for number in commit.claimed {
            self.push(MessageClaim { id: commit.interaction.id, number: *number });
        }
    }
}

impl Messaging {
    /// Hands a message over. Where the platform tells of it under an id of its own alone, whose that is is
    /// remembered: before it is asked, where the id is ours to choose, since it may tell before it answers.
    async fn hand_known(
        &self,
        interaction: &Interaction,
        channel: &ChannelName,
        driver: &dyn Channel,
        message: &Message,
    ) -> Result<Result<Sent, DeliveryError>, Error> {
        let is_theirs = driver.capabilities().receipts == Receipts::ByTheirs;
        let is_kept = |id: &String| is_theirs && id.len() <= MAX_ID_BYTES;
        let chosen = driver.chosen_id(message).filter(is_kept);
        if let Some(id) = &chosen {
            self.save_platform_id(&interaction.team, channel, id, &message.id).await?;
        }
        let answer = hand(driver, message, MAX_ANSWER).await;
        let theirs = answer.as_ref().ok().and_then(|sent| sent.platform_id.clone()).filter(is_kept);
        if let Some(id) = theirs.filter(|id| chosen.as_ref() != Some(id)) {
            self.save_platform_id(&interaction.team, channel, &id, &message.id).await?;
        }
        Ok(answer)
    }

    /// What holds for a message at this moment.
    fn terms(&self, participant: &Participant, sending: &Sending) -> Option<Terms> {
        let now = self.engine.now();
        let ends = match &sending.what {
            What::Link { link, .. } => participant.links.iter().find(|live| live.number == *link)?.expires_at,
            What::Code { .. } => live_code(participant, &sending.what, now)?.expires_at,
        };
        let freely = sending.way == Way::Chat && sending.freely_until.is_some_and(|until| now < until);
        Some(Terms { freely, seconds: ends.map(|ends| ends.since(now).as_secs()) })
    }

    /// What it says; nothing where what it was about is gone.
    fn content_of(
        &self,
        team: &TeamView,
        interaction: &Interaction,
        participant: &Participant,
        sending: &Sending,
        is_text_message: bool,
    ) -> Option<(String, Content)> {
        let settings = &team.effective.settings;
        let (locale, brand) = (settings.locale.as_str(), settings.brand.name.as_deref());
        match &sending.what {
            What::Link { link, seed } => {
                let live = participant.links.iter().find(|live| live.number == *link)?;
                let url = match live.purpose {
                    LinkPurpose::Entry => {
                        self.urls.code_page_url(&entry::page(interaction.id, live, &self.engine.keys))
                    }
                    _ => {
                        let (seed, key) = (seed.as_ref()?, &self.engine.keys.handle);
                        self.urls.landing_url(&Token::of_seed(TokenKind::Link, seed, interaction.id, *link, key))
                    }
                };
                let url = SecretString::from(url);
                let text = wording::link(live.purpose, locale, brand);
                let text = if is_text_message { sms::plainer(&text) } else { text };
                Some((wording::link_subject(locale, brand), Content::Link { text, url }))
            }
            What::Code { .. } => {
                let live = live_code(participant, &sending.what, self.engine.now())?;
                let digits = live.answer(interaction.id, &self.engine.keys.code);
                let code = SecretString::from(String::from_utf8_lossy(digits.expose()).into_owned());
                let message = methods::code_rules(live.method(), settings)?.message.as_str();
                let text = match sending.way {
                    Way::Email => wording::code_by_mail(message, locale),
                    _ if is_text_message => sms::code_by_sms(message, self.urls.public_url(), digits.expose().len()),
                    _ => message.to_owned(),
                };
                Some((wording::code_subject(locale, brand), Content::Code { text, code }))
            }
        }
    }
}

impl JobKind<MessageClaim> for Messaging {
    type Job = MessageJob;
    type Attempt = Went;

    async fn load(&self, claim: MessageClaim) -> Result<Option<MessageJob>, Error> {
        let seen = self.conversations.look(claim.id, None).await?;
        let team = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("team"))?;
        let Some(at) = seen.interaction.sendings.iter().position(|sending| sending.number == claim.number) else {
            return Ok(None);
        };
        let DeliveryState::Queued(trying) = seen.interaction.sendings[at].state else { return Ok(None) };
        Ok(Some(MessageJob { team, seen, at, trying }))
    }

    fn lease(&self, job: &MessageJob) -> Option<Lease> {
        Some(Lease(job.trying.next))
    }

    async fn renew(&self, job: &MessageJob) -> Result<bool, Error> {
        let (id, number, tries) = (job.seen.interaction.id, job.sending().number, job.trying.tries);
        let rule = |context: &mut Context<'_>| renew(context, number, tries);
        Ok(self.conversations.run(RequestContext::by_time(id), rule).await?.outcome)
    }

    /// Sends it where it is to go now.
    async fn attempt(&self, job: &MessageJob) -> Result<Went, Error> {
        let MessageJob { team, seen, trying, .. } = job;
        let (interaction, sending) = (&seen.interaction, job.sending());
        let not_tried = |how| Ok(Went::without(how));
        let participant = interaction.participant(&sending.participant).ok_or(Refusal::NotFound("participant"))?;
        if sending.way == Way::Event {
            let how = self.request_sending(team, interaction, participant, sending).await?;
            return not_tried(how);
        }
        let channel = sending.way.channel(interaction);
        let Some(driver) = self.channels.driver(team, &channel) else {
            return not_tried(AttemptResult::Refused("no-channel"));
        };
        let Some(address) = sending.way.address(interaction, participant) else {
            return not_tried(AttemptResult::Refused("no-address"));
        };
        if let Some(delayed) = self.limits.held_back(team, &channel, driver.max_per_minute(), *trying).await? {
            return not_tried(delayed);
        }
        let to = sending.way.destination(interaction, participant, &self.engine.keys.pseudonym);
        if let Some(unpaid) = self.pay_for(team, sending, to).await? {
            return not_tried(unpaid);
        }
        let capabilities = driver.capabilities();
        let said = self.content_of(team, interaction, participant, sending, capabilities.is_text_message);
        let terms = self.terms(participant, sending).filter(|terms| terms.seconds != Some(0));
        let (Some((subject, content)), Some(terms)) = (said, terms) else {
            return not_tried(AttemptResult::Refused("gone"));
        };
        let (to_whom, subject) = (MessageAddress::new(address), Some(subject));
        let message = Message { id: sending.message_id(interaction.id), to: to_whom, subject, content, terms };
        let answer = self.hand_known(interaction, &channel, &*driver, &message).await?;
        let how = outcome_of(&answer);
        self.limits.went(team, &channel, how, Some(*trying)).await;
        if how == AttemptResult::Sent && matches!(sending.what, What::Code { .. }) {
            self.limits.count_sent(&team.team.name, to.and_then(|to| to.country));
        }
        let platform_id = answer.ok().and_then(|sent| sent.platform_id).filter(|id| id.len() <= MAX_ID_BYTES);
        Ok(Went { how, platform_id, capabilities })
    }

    async fn settle(&self, job: MessageJob, went: Went) -> Result<Next<MessageClaim>, Error> {
        let Went { how, platform_id, capabilities } = went;
        let label = match how {
            AttemptResult::Sent => "sent",
            AttemptResult::Deferred(_) | AttemptResult::Shut(_) => "waits",
            _ => "not-sent",
        };
        metrics::counter!("countersign_messages_total", "outcome" => label).increment(1);
        let (is_told_of, platform_id) = (capabilities.receipts != Receipts::None, platform_id.as_deref());
        let (interaction, sending) = (&job.seen.interaction, job.sending());
        let (id, number, way, tries) = (interaction.id, sending.number, sending.way, job.trying.tries);
        let attempt = DeliveryAttempt { number, way, tries, how, platform_id, is_told_of };
        let told = self.conversations.run(RequestContext::by_time(id), |context| tried(context, &attempt)).await?;
        let is_gone = !told.outcome;
        let spent = platform_id.filter(|_| is_gone && capabilities.takes_back);
        if let Some(spent) = spent.and_then(|platform_id| sending.spent_as(interaction, platform_id)) {
            self.take_back_late(&interaction.team, id, spent).await?;
        }
        Ok(Next::Done)
    }
}

/// Hands a message to its channel; no answer in time is a lost one.
pub(crate) async fn hand(channel: &dyn Channel, message: &Message, most: Duration) -> Result<Sent, DeliveryError> {
    tokio::time::timeout(most, channel.send(message)).await.unwrap_or(Err(DeliveryError::Ambiguous))
}

/// What a platform's answer means here. Its own words may quote what it was sent: they are not kept.
pub(crate) fn outcome_of(answer: &Result<Sent, DeliveryError>) -> AttemptResult {
    match *answer {
        Ok(_) => AttemptResult::Sent,
        Err(DeliveryError::RetryAfter(wait)) => AttemptResult::After(wait),
        Err(DeliveryError::Retry(why)) => AttemptResult::Later(why),
        Err(DeliveryError::Ambiguous) => AttemptResult::Lost,
        Err(DeliveryError::Fallback(why) | DeliveryError::Permanent(why)) => AttemptResult::Refused(why),
        Err(DeliveryError::AuthBroken(why)) => AttemptResult::Barred(why),
    }
}
