//! The people of a simulated world: each does one thing with what there is, at some node, and
//! does it again, as the contract allows, where nobody answered. What they do is chosen here;
//! conversations are `chats`', challenges `codes`', keys and settings `admins`'.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign::domain::base::id::ChallengeId;
use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::Kid;
use countersign::domain::base::id::TeamName;
use countersign::domain::refusal::Refusal;
use countersign::domain::secret::token::Token;
use countersign::services::engine::Error;
use countersign::services::staff::caller::Caller;
use tokio::time::sleep;

use super::answers::Around;
use super::book::{Book, LinkId};
use super::cluster::{Cluster, Node};

/// Attempts of one act.
const ATTEMPTS: u64 = 3;

/// What came of an attempt.
#[derive(Debug)]
pub enum Answer<T> {
    Execution(T),
    Refused(Refusal),
    /// 503, or the node died: it may or may not have happened.
    Unknown,
}

/// A team as its people know it.
pub struct TeamFacts {
    pub name: TeamName,
    /// A bot's key; nobody takes it away.
    pub key: String,
    /// Its login page's keys, the newest last.
    pub signing: Vec<(Kid, String)>,
    /// Keys of callers that come and go.
    pub passing: Vec<String>,
}

/// Somebody asks to open a conversation; asked again it is the same request.
#[derive(Clone)]
pub struct OpeningSent {
    pub team: usize,
    pub conversation: String,
    pub key: Option<String>,
    pub token: Option<String>,
}

/// A login page's answer.
#[derive(Clone)]
pub struct Assertion {
    pub handle: Token,
    pub jwt: String,
    pub jti: String,
    pub kid: Kid,
    /// Whether it may be taken.
    pub good: bool,
}

/// What people have got so far.
#[derive(Default)]
pub struct Things {
    pub openings: Vec<OpeningSent>,
    pub words: Vec<(usize, String)>,
    pub chats: Vec<(usize, InteractionId)>,
    pub links: Vec<(usize, Token)>,
    pub handles: Vec<(usize, Token)>,
    pub assertions: Vec<(usize, Assertion)>,
    pub dones: Vec<(usize, Token)>,
    pub codes: Vec<(usize, LinkId, String)>,
    pub messages: Vec<(usize, InteractionId, String, String)>,
    pub challenges: Vec<(usize, ChallengeId)>,
    /// Where somebody is locked or banned.
    pub locked: Vec<(usize, InteractionId)>,
    pub teams: Vec<TeamFacts>,
    made: u64,
}

impl Things {
    /// A number that nobody has used.
    pub fn fresh(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

/// All of them.
pub struct People {
    pub cluster: Arc<Cluster>,
    things: Mutex<Things>,
}

impl People {
    pub fn new(cluster: Arc<Cluster>, teams: Vec<TeamFacts>) -> Self {
        Self { cluster, things: Mutex::new(Things { teams, ..Things::default() }) }
    }

    /// What they have, for as long as nobody waits.
    pub fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.cluster.book()
    }

    /// True so many times in a thousand.
    pub fn odds(&self, per_mille: u64) -> bool {
        self.cluster.chance.odds(per_mille)
    }

    /// A team's name and its bot's key.
    pub fn team(&self, at: usize) -> (TeamName, String) {
        let things = self.things();
        (things.teams[at].name.clone(), things.teams[at].key.clone())
    }

    pub fn say(&self, what: std::fmt::Arguments<'_>) {
        self.cluster.trace.say(what);
    }

    /// Somebody does something.
    pub async fn act(self: Arc<Self>) {
        match self.cluster.chance.below(125) {
            0..6 => self.open().await,
            6..12 => self.issue().await,
            12..18 => self.press().await,
            18..26 => self.post_back().await,
            26..38 => self.speak().await,
            38..66 => self.log_in().await,
            66..75 => self.guess_at_once().await,
            75..85 => self.read().await,
            85..87 => self.sign_out().await,
            87 => self.close().await,
            88..90 => self.report().await,
            90 => self.attend().await,
            91..93 => self.unlock().await,
            93 => self.erase().await,
            94..96 => self.change_security_keys().await,
            96..98 => self.change_api_keys().await,
            98 => self.use_passing_key().await,
            99 => self.change_settings().await,
            _ => self.prove_by_code().await,
        }
    }

    /// All that a login takes, one after the other; what each step takes up is the newest there is.
    async fn log_in(&self) {
        if self.odds(300) || self.things().chats.is_empty() {
            self.open().await;
        }
        self.issue().await;
        self.press().await;
        self.post_back().await;
        for _ in 0..self.cluster.chance.below(4) {
            self.speak().await;
        }
    }

    /// A node that answers, and how things stand before it is asked.
    pub async fn node(&self, attempt: u64) -> Option<(Arc<Node>, Around)> {
        if attempt > 0 {
            sleep(Duration::from_millis(100 + self.cluster.chance.below(1500))).await;
        }
        let node = self.cluster.any()?;
        let around = self.before(&node);
        Some((node, around))
    }

    /// The attempts of one act.
    pub fn attempts(&self) -> std::ops::Range<u64> {
        0..ATTEMPTS
    }

    fn before(&self, node: &Node) -> Around {
        let (step, asked) = (self.book().step, self.cluster.time.now());
        let earliest = node.gateway.engine.now().0;
        Around { step, asked, earliest, latest: earliest, sets: self.sets() }
    }

    fn sets(&self) -> u64 {
        self.cluster.time.set.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// What the node's clock showed meanwhile: where clocks were set, it may have been anything near.
    pub fn after(&self, node: &Node, before: Around) -> Around {
        let now = node.gateway.engine.now().0;
        let loose = if self.sets() == before.sets { 0 } else { 5000 };
        let (earliest, latest) = (before.earliest.min(now) - loose, before.earliest.max(now) + loose);
        Around { earliest, latest, ..before }
    }

    /// One attempt at a node, which may die meanwhile.
    pub async fn perform<T>(&self, node: &Node, act: impl Future<Output = Result<T, Error>>) -> Answer<T> {
        let done = tokio::select! {
            biased;
            () = node.died.cancelled() => return Answer::Unknown,
            done = act => done,
        };
        match done {
            Ok(told) => Answer::Execution(told),
            Err(Error::Refused(refusal)) => Answer::Refused(refusal),
            Err(Error::Away(_)) => Answer::Unknown,
            Err(Error::Damaged(why)) => {
                self.book().wrong(format!("{} cannot read what is whole: {why}", node.name));
                Answer::Unknown
            }
        }
    }

    /// The caller whose key this is: who has a good one must be known.
    pub async fn caller(&self, node: &Node, key: &str) -> Result<Caller, Error> {
        let caller = node.gateway.callers.caller(key).await?;
        if caller.is_none() {
            self.book().wrong(format!("{} does not know a good key", node.name));
        }
        caller.as_deref().cloned().ok_or(Error::Refused(Refusal::Forbidden))
    }
}
