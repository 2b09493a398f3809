//! Several nodes on one simulated store: how they start, die and come back, and what is done to
//! the ways between. Who uses them is `people`'s; whether what they do is right is `book`'s.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use countersign::domain::secret::Secret;
use countersign::services::Gateway;
use countersign::services::GatewayConfig;
use countersign::services::Retention;
use countersign::store::Store;
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::Carry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::chance::Chance;
use super::clocks::{NodeClock, Time};
use super::network::{Network, Weather};
use super::outside::Outside;
use super::sealed::root;
use super::trace::Trace;
use super::truth::Truth;
use crate::world::{OWNER, URL};

/// How far a clock may be off, in milliseconds.
const OFF: u64 = 2000;

/// One life of a node.
pub struct Node {
    pub name: String,
    pub gateway: Arc<Gateway>,
    pub clock: Arc<NodeClock>,
    /// Ended with it.
    pub died: CancellationToken,
    cut: Arc<AtomicBool>,
    behind: Vec<JoinHandle<()>>,
}

/// All of them, and everything around.
pub struct Cluster {
    pub chance: Arc<Chance>,
    pub trace: Arc<Trace>,
    pub time: Arc<Time>,
    pub weather: Arc<Weather>,
    pub truth: Arc<Truth>,
    book: Arc<Mutex<Book>>,
    /// Platforms and receivers, where there are any.
    outside: OnceLock<Arc<Outside>>,
    nodes: Mutex<Vec<Option<Arc<Node>>>>,
    lives: Mutex<u64>,
}

impl Cluster {
    /// As many places for nodes; more than one only on a store that keeps no board.
    pub fn new(seed: u64, places: usize) -> Self {
        let (trace, time) = (Arc::new(Trace::new()), Arc::new(Time::new()));
        let truth = Arc::new(Truth::new(places == 1));
        let book = Arc::new(Mutex::new(Book::new(trace.clone(), time.clone())));
        let witness = book.clone();
        truth.tell(Box::new(move |change| witness.lock().unwrap_or_else(PoisonError::into_inner).changed(change)));
        Self {
            chance: Arc::new(Chance::new(seed)),
            trace,
            time,
            weather: Arc::default(),
            truth,
            book,
            outside: OnceLock::new(),
            nodes: Mutex::new((0..places).map(|_| None).collect()),
            lives: Mutex::new(0),
        }
    }

    /// There are platforms that messages go to, and somebody who is told of events.
    pub fn reaches(&self, outside: Arc<Outside>) {
        assert!(self.outside.set(outside).is_ok(), "once");
    }

    /// What the book is written in.
    pub fn shared_book(&self) -> Arc<Mutex<Book>> {
        self.book.clone()
    }

    /// The book, for as long as nobody waits.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Option<Arc<Node>>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A gateway under the root key of all.
    fn gateway(&self, store: Arc<dyn Store>, clock: Arc<NodeClock>) -> Arc<Gateway> {
        let premises = GatewayConfig {
            channels: self.outside.get().map(|outside| outside.platforms()).unwrap_or_default(),
            directories: Default::default(),
            egress: EgressPolicy::new(|_| false),
            oidc: None,
            providers: Default::default(),
            posts: self.outside.get().map(|outside| outside.clone() as Arc<dyn Carry>),
            public_url: URL.to_owned(),
            owner_key: Some(Secret::new(OWNER.as_bytes().to_vec())),
            retention: Retention { interactions: 30, events: 7, audit: 400, insights: 800 },
        };
        Arc::new(Gateway::new(store, clock, Arc::new(self.chance.entropy()), &root(), premises))
    }

    /// One whose clock is right and whose store never fails: it tells how things are.
    pub fn faultless(&self) -> Arc<Gateway> {
        self.gateway(self.truth.clone(), Arc::new(NodeClock::new(self.time.clone(), 0)))
    }

    fn off(&self) -> i64 {
        i64::try_from(self.chance.below(2 * OFF)).unwrap_or(0) - OFF.cast_signed()
    }

    /// Starts a node where none runs.
    pub fn start(&self, place: usize) {
        if self.slots()[place].is_some() {
            return;
        }
        let life = {
            let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
            *lives += 1;
            *lives
        };
        let name = format!("n{place}.{life}");
        let (died, cut) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let clock = Arc::new(NodeClock::new(self.time.clone(), self.off()));
        let network = Network {
            name: name.clone(),
            truth: self.truth.clone(),
            chance: self.chance.clone(),
            trace: self.trace.clone(),
            weather: self.weather.clone(),
            cut: cut.clone(),
            died: died.clone(),
        };
        let gateway = self.gateway(Arc::new(network), clock.clone());
        let (alarms, relay, house) = (gateway.maintenance.clone(), gateway.relay.clone(), gateway.maintenance.clone());
        let mut behind = vec![
            tokio::spawn(async move { alarms.ring_forever().await }),
            tokio::spawn(async move { relay.relay_forever().await }),
            tokio::spawn(async move { house.keep_house_forever().await }),
        ];
        if self.outside.get().is_some() {
            behind.extend(gateway.job_loops().into_iter().map(tokio::spawn));
        }
        self.trace.say(format_args!("{name} starts"));
        self.slots()[place] = Some(Arc::new(Node { name, gateway, clock, died, cut, behind }));
    }

    /// A node dies in the middle of everything; true where there was one.
    pub fn kill(&self, place: usize) -> bool {
        let Some(node) = self.slots()[place].take() else { return false };
        self.trace.say(format_args!("{} dies", node.name));
        node.died.cancel();
        node.behind.iter().for_each(JoinHandle::abort);
        true
    }

    /// A running node.
    pub fn any(&self) -> Option<Arc<Node>> {
        let running: Vec<Arc<Node>> = self.slots().iter().flatten().cloned().collect();
        self.chance.pick(&running).cloned()
    }

    /// So many places there are.
    pub fn places(&self) -> usize {
        self.slots().len()
    }

    /// Starts or ends a node's isolation.
    pub fn isolate(&self, place: usize, cut: bool) {
        if let Some(node) = &self.slots()[place] {
            self.trace.say(format_args!("{} is {}", node.name, if cut { "cut off" } else { "back" }));
            node.cut.store(cut, Ordering::SeqCst);
        }
    }

    /// Sets a node's clock anew.
    pub fn set_clock(&self, place: usize) {
        let off = self.off();
        if let Some(node) = &self.slots()[place] {
            self.trace.say(format_args!("{}'s clock is now {off} ms off", node.name));
            node.clock.set(off);
        }
    }

    /// So much passes in which nothing happens; a server tidies up by itself.
    pub fn jump(&self, span: Duration) {
        self.time.jump(span);
        self.trace.say(format_args!("{} s pass", span.as_secs()));
        if !self.truth.keeps_board() {
            self.truth.drop_expired(self.time.now() - 3_600_000);
        }
    }
}
