//! One turn of an interaction: what a rule is given, and what it gives back to be saved.
//!
//! A rule takes a `Turn` and ends it with `done` or `refuse`; either way what it changed is in
//! the `Decision` and is saved before anybody is told. Time passes first: a turn begins with
//! everything announced that its moment has overtaken.

use serde_json::{Map, Value, json};

use super::epoch::begin_again;
use super::event::{Actor, Event, EventKind};
use super::flag::{Passed, Reason};
use super::id::{IntentName, InteractionId, ParticipantId};
use super::interaction::{Address, Interaction, Participant, Status};
use super::link::{EndedLink, Link, LinkEnd};
use super::lockout::{Admitted, Budget, Consequence};
use super::refusal::Refusal;
use super::secret::Keys;
use super::settings::Settings;
use super::time::Moment;

/// Random bytes, drawn before the rule runs, so that deciding again decides the same.
#[derive(Clone)]
pub struct Draws {
    bytes: [u8; 96],
    used: usize,
}

impl Draws {
    /// From fresh bytes.
    pub fn new(bytes: [u8; 96]) -> Self {
        Self { bytes, used: 0 }
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        let from = self.used;
        self.used += N;
        self.bytes[from..self.used].try_into().expect("no rule draws more than a turn has")
    }
}

/// What a rule may look at besides the interaction.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The team's effective settings.
    pub settings: &'a Settings,
    /// The gateway's keys.
    pub keys: &'a Keys,
    /// The moment.
    pub now: Moment,
    /// What has surely passed: lockouts end by it. See `clock`.
    pub sure: Moment,
    /// The store's epoch: what was proved in another one does not count.
    pub epoch: u32,
}

impl<'a> Around<'a> {
    /// The surroundings of a store's first epoch, by a clock that nobody ever set.
    pub fn at(settings: &'a Settings, keys: &'a Keys, now: Moment) -> Self {
        Self { settings, keys, now, sure: now, epoch: 0 }
    }

    /// An end of a lockout as clocks show it.
    fn shown(&self, until: Moment) -> Moment {
        until.shown(self.sure, self.now)
    }
}

/// A rule's working state.
pub struct Turn<'a> {
    /// What the rule may change.
    pub interaction: Interaction,
    /// The address that the interaction is held at.
    pub address: Address,
    /// Settings, keys, time.
    pub around: Around<'a>,
    /// Who acts.
    pub actor: Actor,
    /// Chance.
    pub draws: Draws,
    /// A link that ended earlier, where the caller came with its number.
    pub past: Option<EndedLink>,
    ended: Vec<EndedLink>,
    events: Vec<Event>,
}

/// What is to be saved, and what is to be told after that.
#[derive(Debug)]
pub struct Decision<T> {
    /// The interaction as it is from now on.
    pub interaction: Interaction,
    /// The address as it is from now on.
    pub address: Address,
    /// Links that ended in this turn.
    pub ended: Vec<EndedLink>,
    /// What happened.
    pub events: Vec<Event>,
    /// What to tell.
    pub outcome: Result<T, Refusal>,
}

impl<T> Decision<T> {
    /// The same decision, told otherwise.
    pub fn map<U>(self, told: impl FnOnce(T) -> U) -> Decision<U> {
        let Self { interaction, address, ended, events, outcome } = self;
        Decision { interaction, address, ended, events, outcome: outcome.map(told) }
    }
}

impl<'a> Turn<'a> {
    /// Begins a turn: first, time passes.
    pub fn begin(interaction: Interaction, address: Address, around: Around<'a>, actor: Actor, draws: Draws) -> Self {
        let (ended, events) = (Vec::new(), Vec::new());
        let mut turn = Self { interaction, address, around, actor, draws, past: None, ended, events };
        turn.settle();
        begin_again(&mut turn);
        turn
    }

    /// Ends the turn with success.
    pub fn done<T>(self, outcome: T) -> Decision<T> {
        self.end(Ok(outcome))
    }

    /// Ends the turn with a refusal; what was counted is saved all the same.
    pub fn refuse<T>(self, refusal: Refusal) -> Decision<T> {
        self.end(Err(refusal))
    }

    /// Ends the turn.
    pub fn end<T>(self, outcome: Result<T, Refusal>) -> Decision<T> {
        Decision {
            interaction: self.interaction,
            address: self.address,
            ended: self.ended,
            events: self.events,
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
        if self.interaction.status == Status::Open { Ok(()) } else { Err(Refusal::Closed) }
    }

    /// Something happened that keeps the interaction from closing.
    pub fn touch(&mut self) {
        let idle = self.around.settings.interaction_timeout_minutes;
        self.interaction.idle_until = self.around.now.plus_minutes(idle);
    }

    /// The one door to raising a flag.
    pub fn admit(&self, at: usize, method: &str) -> Result<Admitted, Refusal> {
        let name = self.budget_name(at, method);
        self.address
            .budgets
            .get(&name)
            .map_or_else(|| Budget::default().admit(self.around.sure), |b| b.admit(self.around.sure))
            .map_err(|refusal| match refusal {
                Refusal::Locked(until) => Refusal::Locked(self.around.shown(until)),
                other => other,
            })
    }

    /// Counts a failed answer and announces what it led to.
    pub fn fail(&mut self, at: usize, method: &str) -> Consequence {
        let name = self.budget_name(at, method);
        let consequence =
            self.address.budgets.entry(name).or_default().fail(&self.around.settings.lockout, self.around.sure);
        let mut data = self.budget_data(at, method);
        let id = Some(self.interaction.participants[at].id.clone());
        match consequence {
            Consequence::Counted => {}
            Consequence::Locked(until) => {
                data.insert("until".into(), self.around.shown(until).to_string().into());
                self.tell(EventKind::Locked, id, data);
            }
            Consequence::Banned => {
                data.insert("reason".into(), "lockouts".into());
                self.tell(EventKind::Banned, id, data);
            }
        }
        consequence
    }

    /// A right answer: the method's failures are forgotten.
    pub fn succeed(&mut self, at: usize, method: &str) {
        let name = self.budget_name(at, method);
        if let Some(budget) = self.address.budgets.get_mut(&name) {
            budget.succeed();
            if budget.is_clear() {
                self.address.budgets.remove(&name);
            }
        }
    }

    /// The name of a participant's guess budget.
    pub fn budget_name(&self, at: usize, method: &str) -> String {
        let keys = self.around.keys;
        Address::budget_name(method, &self.interaction.participants[at], |own| {
            keys.pseudonym.tag(&[own.as_bytes()]).name()
        })
    }

    /// Which budget, told so that it can be found again where its interaction is not known any
    /// more: by method, address and name, all of them without a person's own.
    pub fn budget_data(&self, at: usize, method: &str) -> Map<String, Value> {
        let facts = &self.interaction;
        let address = self.around.keys.address_tag(&facts.team, &facts.channel, &facts.conversation);
        object(json!({"method": method, "address": address.name(), "budget": self.budget_name(at, method)}))
    }

    /// The link of that number, where it ended in this turn or before: one whose time was over
    /// when the turn began has no record of its own yet.
    pub fn ended_link(&self, number: u16) -> Option<&EndedLink> {
        self.ended.iter().chain(&self.past).find(|ended| ended.link.number == number)
    }

    /// Ends a live link: it leaves the interaction and is kept for a day.
    pub fn end_link(&mut self, link: Link, end: LinkEnd) {
        self.ended.push(EndedLink { link, end });
    }

    /// Something happened, now, by the turn's actor.
    pub fn tell(&mut self, kind: EventKind, participant: Option<ParticipantId>, data: Map<String, Value>) {
        let (at, actor) = (self.around.now, self.actor.clone());
        self.push(kind, at, actor, participant, data);
    }

    fn push(
        &mut self,
        kind: EventKind,
        at: Moment,
        actor: Actor,
        participant: Option<ParticipantId>,
        data: Map<String, Value>,
    ) {
        let (team, interaction) = (self.interaction.team.clone(), Some(self.interaction.id));
        self.events.push(Event { kind, at, team, interaction, participant, actor, data });
    }

    /// Announces everything that the moment has overtaken, in the order of its deadlines.
    fn settle(&mut self) {
        while self.interaction.status == Status::Open {
            let Some(deadline) = self.interaction.deadline().filter(|d| *d <= self.around.now) else { return };
            if self.interaction.idle_until == deadline {
                return self.close(deadline, "idle", &Actor::Time);
            }
            for at in 0..self.interaction.participants.len() {
                self.settle_participant(at, deadline);
            }
        }
    }

    fn settle_participant(&mut self, at: usize, deadline: Moment) {
        let participant = &mut self.interaction.participants[at];
        let id = Some(participant.id.clone());
        let late = |link: &Link| link.expires_at.is_some_and(|end| end <= deadline);
        let (over, live): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.links).into_iter().partition(late);
        participant.links = live;
        let unconfirmed = participant.confirmation.take_if(|c| c.expires_at <= deadline);
        if unconfirmed.is_some() {
            participant.flag.explain(Reason::ConfirmationExpired);
        } else if !over.is_empty() {
            participant.flag.explain(Reason::LinkExpired);
        }
        let passed = participant.flag.settle(deadline);
        for link in over {
            self.push(EventKind::LinkExpired, deadline, Actor::Time, id.clone(), link_data(self.interaction.id, &link));
            self.end_link(link, LinkEnd::Expired);
        }
        if unconfirmed.is_some() {
            self.push(EventKind::ConfirmationExpired, deadline, Actor::Time, id.clone(), Map::new());
        }
        match passed {
            Some(Passed::Expiring(moment)) => {
                let ends = self.interaction.participants[at].flag.deadline();
                let data = object(json!({"expires_at": ends.map(|e| e.to_string())}));
                self.push(EventKind::Expiring, moment, Actor::Time, id, data);
            }
            Some(Passed::Expired(moment, reason)) => {
                self.push(EventKind::Expired, moment, Actor::Time, id, object(json!({"reason": reason})));
            }
            None => {}
        }
    }

    /// Closes the interaction: every flag falls, every link ends.
    pub fn close(&mut self, when: Moment, reason: &str, by: &Actor) {
        self.interaction.status = Status::Closed(when);
        for at in 0..self.interaction.participants.len() {
            let participant = &mut self.interaction.participants[at];
            let (id, links) = (participant.id.clone(), std::mem::take(&mut participant.links));
            participant.confirmation = None;
            let stood = participant.flag.lower(Reason::Closed);
            for link in links {
                self.end_link(link, LinkEnd::Expired);
            }
            if stood {
                self.push(EventKind::Expired, when, by.clone(), Some(id), object(json!({"reason": Reason::Closed})));
            }
        }
        if self.address.open == Some(self.interaction.id) {
            self.address.open = None;
        }
        self.push(EventKind::InteractionClosed, when, by.clone(), None, object(json!({"reason": reason})));
    }
}

/// What a listener is told of a link.
pub fn link_data(interaction: InteractionId, link: &Link) -> Map<String, Value> {
    let mut data = object(json!({"link": link_id(interaction, link.number), "purpose": link.purpose}));
    data.extend(resume_data(link.intent.as_ref(), link.state.as_deref()));
    data
}

/// What a bot needs to go on with what was asked: absent where it asked for nothing.
pub fn resume_data(intent: Option<&IntentName>, state: Option<&str>) -> Map<String, Value> {
    let intent = intent.map(|intent| ("intent".to_owned(), json!(intent)));
    let state = state.map(|state| ("state".to_owned(), json!(state)));
    intent.into_iter().chain(state).collect()
}

/// A link's public id: not secret, opens nothing.
pub fn link_id(interaction: InteractionId, number: u16) -> String {
    format!("{interaction}.{number}")
}

/// A JSON object made by `json!`.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => unreachable!("json! was given an object, not {other}"),
    }
}
