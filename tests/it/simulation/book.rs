//! The book that is kept beside the gateways: what people did, what they were answered, and what
//! the store really holds, opened. `changes` judges each change as it happens, `answers` each
//! answer; neither asks a gateway.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use countersign::domain::base::id::CustomerId;
use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::Kid;
use countersign::domain::base::id::TeamName;
use countersign::domain::conversation::address::Address;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::event::Event;
use countersign::domain::proof::link::EndedLink;
use countersign::domain::secret::Tag;
use countersign::domain::team::Team;
use serde_json::Value;

use super::clocks::Time;
use super::sealed::Seal;
use super::trace::Trace;

/// A link, by its interaction and number.
pub type LinkId = (InteractionId, u16);

/// Every version that a record had: from which step on, and what (None: it was gone).
pub struct History<T>(Vec<(u64, Option<T>)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    pub fn now(&self) -> Option<&T> {
        self.0.last().and_then(|(_, value)| value.as_ref())
    }

    pub fn push(&mut self, step: u64, value: Option<T>) {
        self.0.push((step, value));
    }

    /// Every version that stood at some time from a step on.
    pub fn since(&self, step: u64) -> impl Iterator<Item = Option<&T>> {
        let first = self.0.partition_point(|(at, _)| *at <= step);
        let before = first.checked_sub(1).map_or(Some(None), |at| Some(self.0[at].1.as_ref()));
        before.into_iter().chain(self.0[first..].iter().map(|(_, value)| value.as_ref()))
    }

    /// Whether it ever was so.
    pub fn ever(&self, is: impl FnMut(&T) -> bool) -> bool {
        self.0.iter().filter_map(|(_, value)| value.as_ref()).any(is)
    }
}

/// What people did, entered before they do it.
#[derive(Default)]
pub struct Sent {
    /// Good proofs: of which link, and for whom.
    pub proofs: BTreeSet<(InteractionId, u16, CustomerId)>,
    /// The right codes that were said, by the link of the login that waited.
    pub codes: BTreeSet<LinkId>,
    /// The right codes of challenges, by challenge and by which of its codes it was.
    pub answers: BTreeSet<(InteractionId, u16, u32)>,
}

/// What people were answered.
#[derive(Default)]
pub struct Execution {
    /// Which assertion a handle took, by the handle's fingerprint.
    pub taken: BTreeMap<String, String>,
    /// The first answer to a message or an idempotency key.
    pub first: BTreeMap<String, (u64, String)>,
    /// When a key was said to count no more, by true time.
    pub revoked: BTreeMap<(TeamName, Kid), u64>,
    /// The same of API keys, by their text.
    pub removed: BTreeMap<String, u64>,
}

/// Where a team's streams stand.
#[derive(Default)]
pub struct Streams {
    pub events: Vec<Event>,
    pub audited: u64,
    pub hash: String,
    /// Waiting events by tag, not numbered yet.
    pub waiting: BTreeMap<u8, VecDeque<(u64, Event)>>,
}

/// The book.
pub struct Book {
    pub seal: Seal,
    pub trace: Arc<Trace>,
    pub time: Arc<Time>,
    /// Changes so far.
    pub step: u64,
    /// The highest threshold, the longest timeouts (minutes) that were ever set.
    pub threshold: u32,
    pub timeouts: (u64, u64),
    pub interactions: BTreeMap<InteractionId, History<Interaction>>,
    pub addresses: BTreeMap<String, Address>,
    pub ended: BTreeMap<LinkId, EndedLink>,
    /// By which answer each link was used, also where what ended is swept by now.
    pub spent: BTreeMap<LinkId, Tag>,
    pub teams: BTreeMap<TeamName, History<Team>>,
    pub heads: BTreeMap<String, Value>,
    pub streams: BTreeMap<TeamName, Streams>,
    /// Names of all records that there are, and of those that ever were.
    pub names: BTreeSet<String>,
    pub ever: BTreeSet<String>,
    /// Links that have raised a flag, and words that have.
    pub raised: BTreeSet<LinkId>,
    /// Challenges that were passed.
    pub passed: BTreeSet<(InteractionId, u16)>,
    pub vouched: BTreeMap<String, String>,
    pub sent: Sent,
    pub told: Execution,
    /// How often each kind of event happened.
    pub kinds: BTreeMap<&'static str, u64>,
    violation: Option<String>,
}

impl Book {
    pub fn new(trace: Arc<Trace>, time: Arc<Time>) -> Self {
        Self {
            seal: Seal::of_tests(),
            trace,
            time,
            step: 0,
            threshold: 0,
            timeouts: (0, 0),
            interactions: BTreeMap::new(),
            addresses: BTreeMap::new(),
            ended: BTreeMap::new(),
            spent: BTreeMap::new(),
            teams: BTreeMap::new(),
            heads: BTreeMap::new(),
            streams: BTreeMap::new(),
            names: BTreeSet::new(),
            ever: BTreeSet::new(),
            raised: BTreeSet::new(),
            passed: BTreeSet::new(),
            vouched: BTreeMap::new(),
            sent: Sent::default(),
            told: Execution::default(),
            kinds: BTreeMap::new(),
            violation: None,
        }
    }

    /// Something that must not be. The first one is kept: what follows may follow from it.
    pub fn wrong(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.trace.say(format_args!("WRONG: {what}"));
        self.violation.get_or_insert(what);
    }

    /// What was wrong first.
    pub fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
    }

    /// Notes it where it does not hold.
    pub fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong(what());
        }
    }

    /// An interaction as the store has it now.
    pub fn interaction(&self, id: InteractionId) -> Option<&Interaction> {
        self.interactions.get(&id).and_then(History::now)
    }
}
