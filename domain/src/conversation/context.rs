//! The context of a rule in a transaction of an interaction, and the decision that the transaction ends with.
//!
//! A rule changes a `Context` and returns what to tell, or a refusal. `Context::end` makes a `Decision` of both:
//! what the rule changed is in it either way, and is saved before anybody is told. Time passes first: a transaction
//! begins with everything announced that its moment has overtaken.

use new_epoch::begin_again;

use super::address::Address;
use super::failure_limit::{CustomerFailureLimits, CustomerTag, Need};
use super::interaction::{Interaction, InteractionStatus, Participant};
use crate::base::country::Country;
use crate::base::id::ParticipantId;
use crate::event::data::challenges::ChallengeEndedData;
use crate::event::{Actor, Event, EventData};
use crate::proof::challenge::{ChallengeEnd, EndedChallenge};
use crate::proof::link::{EndedLink, Link, LinkEnd, LinkPurpose};
use crate::refusal::Refusal;
use crate::time::Moment;

pub mod budgets;
mod draws;
mod environment;
mod event_data;
mod new_epoch;
mod passing;

pub use draws::Draws;
pub use environment::Environment;
pub use event_data::{challenge_data, link_data};

/// A rule's working state.
pub struct Context<'a> {
    /// What the rule may change.
    pub interaction: Interaction,
    /// The address that the interaction is held at.
    pub address: Address,
    /// Settings, keys, time.
    pub environment: Environment<'a>,
    /// Who acts.
    pub actor: Actor,
    /// Chance.
    pub draws: Draws,
    /// What ended earlier, where the caller came with its number.
    pub past: Past,
    /// What is known of customers' failure limits.
    pub limits: CustomerFailureLimits,
    needs: Vec<Need>,
    counted: Vec<CustomerTag>,
    /// Messages that whoever commits this transaction is to send.
    pub(crate) claimed: Vec<u32>,
    pub(crate) ended: Ended,
    events: Vec<Event>,
}

/// The link and challenge that ended before this transaction: at most one of each.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The link that the caller came with.
    pub link: Option<EndedLink>,
    /// The challenge that the caller came with.
    pub challenge: Option<EndedChallenge>,
}

/// The links and challenges that ended in a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Links.
    pub links: Vec<EndedLink>,
    /// Challenges.
    pub challenges: Vec<EndedChallenge>,
}

impl Ended {
    /// Nothing did.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.challenges.is_empty()
    }
}

/// What is to be saved, and what is to be told after that.
#[derive(Debug)]
pub struct Decision<T> {
    /// The interaction as it is from now on.
    pub interaction: Interaction,
    /// The address as it is from now on.
    pub address: Address,
    /// Links and challenges that ended in this transaction.
    pub ended: Ended,
    /// Messages that are now the committer's to send, by number.
    pub claimed: Vec<u32>,
    /// Where a code that was sent has come back from, rightly.
    pub back: Option<Country>,
    /// What happened.
    pub events: Vec<Event>,
    /// What must be so, elsewhere, before any of this is saved or told. Where it is not, the rule
    /// is asked again once it is.
    pub needs: Vec<Need>,
    /// Customers whose failure limits have counted this answer, and rightly so.
    pub counted: Vec<CustomerTag>,
    /// What to tell.
    pub outcome: Result<T, Refusal>,
}

impl<'a> Context<'a> {
    /// Begins a transaction: first, time passes.
    pub fn begin(
        interaction: Interaction,
        address: Address,
        environment: Environment<'a>,
        actor: Actor,
        draws: Draws,
    ) -> Self {
        let (past, limits, ended) = <(Past, CustomerFailureLimits, Ended)>::default();
        let (needs, counted, claimed, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut context = Self {
            interaction,
            address,
            environment,
            actor,
            draws,
            past,
            limits,
            needs,
            counted,
            claimed,
            ended,
            events,
        };
        context.settle();
        begin_again(&mut context);
        context
    }

    /// Ends the transaction. The changes and counts of a rule that refuses are saved all the same.
    pub fn end<T>(mut self, outcome: Result<T, Refusal>) -> Decision<T> {
        let back = self.code_came_back();
        self.interaction.drop_pointless_sendings();
        Decision {
            interaction: self.interaction,
            address: self.address,
            ended: self.ended,
            claimed: self.claimed,
            back,
            events: self.events,
            needs: self.needs,
            counted: self.counted,
            outcome,
        }
    }

    /// Where the participant stands in the list: the named one, else the primary.
    pub fn find(&self, id: Option<&ParticipantId>) -> Result<usize, Refusal> {
        let named = self.interaction.named(id).ok_or(Refusal::NotFound("participant"))?;
        let at = self.interaction.participants.iter().position(|p| p.id == named.id);
        Ok(at.expect("it was found in that list"))
    }

    /// A participant, to be changed.
    pub fn participant(&mut self, at: usize) -> &mut Participant {
        &mut self.interaction.participants[at]
    }

    /// Refuses what only an open interaction takes.
    pub fn must_be_open(&self) -> Result<(), Refusal> {
        if self.interaction.status == InteractionStatus::Open { Ok(()) } else { Err(Refusal::Closed) }
    }

    /// Something happened that keeps the interaction from closing. What was accepted on a page is waited for in any
    /// case.
    pub fn touch(&mut self) {
        let idle = self.environment.now.plus_minutes(self.environment.settings.interaction_timeout_minutes);
        let pending = self.interaction.participants.iter().flat_map(Participant::pending);
        let waits = pending.filter_map(|pending| pending.expires_at).max();
        self.interaction.idle_until = waits.map_or(idle, |waits| idle.max(waits));
    }

    /// The one who chats has written: where her platform wants that, she may be answered freely.
    pub fn heard_her(&mut self) {
        if let Some(period) =
            self.environment.capabilities_of(&self.interaction.channel).and_then(|channel| channel.free_reply_period)
        {
            self.address.heard(period, self.environment.now);
        }
    }

    /// Whether others are known to read what is written into the conversation.
    pub fn is_in_group(&self) -> bool {
        let facts = &self.interaction;
        let by_id = self
            .environment
            .capabilities_of(&facts.channel)
            .is_some_and(|channel| channel.is_group(&facts.conversation));
        by_id || self.address.is_group(self.environment.now)
    }

    /// The link of that number, where it ended in this transaction or before: one whose time was over
    /// when the transaction began has no record of its own yet.
    pub fn ended_link(&self, number: u16) -> Option<&EndedLink> {
        self.ended.links.iter().chain(&self.past.link).find(|ended| ended.link.number == number)
    }

    /// Ends a live link: it leaves the interaction and is kept for a day, without what it proved. With an
    /// invitation ends the login that its page has sent somebody to.
    pub fn end_link(&mut self, mut link: Link, end: LinkEnd) {
        link.page.pending = None;
        if link.purpose == LinkPurpose::Entry {
            self.end_invitation(&link);
        }
        self.ended.links.push(EndedLink { link, end });
    }

    fn end_invitation(&mut self, invitation: &Link) {
        let is_its_own = |link: &Link| link.invitation == Some(invitation.number);
        let Some(participant) = self.interaction.participants.iter_mut().find(|p| p.id == invitation.participant)
        else {
            return;
        };
        participant.entry.waiting.take_if(|waiting| waiting.invitation == invitation.number);
        if let Some(challenge) = participant.challenge.as_mut() {
            let page = &mut challenge.page;
            page.pending.take_if(|pending| pending.invitation == Some(invitation.number));
        }
        let (over, live): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.links).into_iter().partition(is_its_own);
        participant.links = live;
        for link in over {
            self.end_link(link, LinkEnd::Superseded);
        }
    }

    /// The challenge of that number, where it ended in this transaction or before.
    pub fn ended_challenge(&self, number: u16) -> Option<&EndedChallenge> {
        self.ended.challenges.iter().chain(&self.past.challenge).find(|ended| ended.number == number)
    }

    /// Ends a participant's live challenge, where there is one: what would answer it goes, and how
    /// it ended is kept for a day. Listeners are told, save of one that was answered or is
    /// exhausted: its answer told them.
    pub fn end_challenge(&mut self, at: usize, end: ChallengeEnd) {
        let now = self.environment.now;
        self.end_challenge_at(at, end, now, &self.actor.clone());
    }

    fn end_challenge_at(&mut self, at: usize, end: ChallengeEnd, when: Moment, by: &Actor) {
        let Some(challenge) = self.interaction.participants[at].challenge.take() else { return };
        let told: Option<fn(ChallengeEndedData) -> EventData> = match end {
            ChallengeEnd::Passed | ChallengeEnd::Exhausted | ChallengeEnd::NotReturned | ChallengeEnd::OtherBrowser => {
                None
            }
            ChallengeEnd::Expired => Some(EventData::ChallengeExpired),
            _ => Some(EventData::ChallengeCancelled),
        };
        if let Some(told) = told {
            let data = challenge_data(self.interaction.id, &challenge).ended(end);
            self.push(told(data), when, by.clone(), Some(challenge.participant.clone()));
        }
        self.ended.challenges.push(challenge.ended(end, when));
    }

    /// Something happened that changes nothing else: it is saved all the same, and told once.
    pub fn tell_act(&mut self, data: EventData, participant: Option<ParticipantId>) {
        self.interaction.audit_marker = self.interaction.audit_marker.wrapping_add(1);
        self.tell(data, participant);
    }

    /// Something happened, now, by the transaction's actor.
    pub fn tell(&mut self, data: EventData, participant: Option<ParticipantId>) {
        let (at, actor) = (self.environment.now, self.actor.clone());
        self.push(data, at, actor, participant);
    }

    fn push(&mut self, data: EventData, at: Moment, actor: Actor, participant: Option<ParticipantId>) {
        let event = self.event(data, at, actor, participant);
        self.events.push(event);
    }

    fn event(&self, data: EventData, at: Moment, actor: Actor, participant: Option<ParticipantId>) -> Event {
        let Interaction { id, team, channel, .. } = &self.interaction;
        let (team, channel, interaction) = (team.clone(), Some(channel.clone()), Some(*id));
        Event { at, team, channel, interaction, participant, actor, data }
    }
}
