//! What lies beyond the gateways of a simulated world: a platform that fails, hangs, forgets to answer and
//! takes messages all the same, and a receiver of webhooks that is no better. What each was given is
//! written down, and what may never be is said at once.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign::domain::messaging::sending::MessageId;
use countersign_channels::definition::{Account, Definition, Features, Registry};
use countersign_channels::http_client::{Carry, HttpReply, LostReply};
use countersign_channels::validation::FieldError;
use countersign_channels::{Channel, Content, DeliveryError, Message, Sent};
use http::{HeaderMap, Request};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::sleep;

use super::book::Book;
use super::chance::Chance;
use super::clocks::Time;

/// A node's clock may be so far off, in milliseconds, and another one as far the other way.
const OFF: u64 = 4_500;

/// All of it.
pub struct Outside {
    chance: Arc<Chance>,
    time: Arc<Time>,
    book: Arc<Mutex<Book>>,
    /// Things go wrong.
    pub storm: AtomicBool,
    /// Only platforms and receivers do: nodes and stores are well.
    pub strict: bool,
    written: Mutex<Written>,
    /// Requests to either.
    pub asked: AtomicU64,
}

/// What was written down.
#[derive(Default)]
pub struct Written {
    /// Messages that the platform took, by our id of them: how often, and with which words.
    pub taken: BTreeMap<String, (u64, String)>,
    /// Messages that it is being asked to take.
    flying: BTreeMap<String, u64>,
    /// Events that the receiver took, by interaction, each when it came first.
    pub heard: BTreeMap<String, Vec<u64>>,
    /// Events that it was told of again.
    pub again: u64,
}

/// How a request ends.
#[derive(Clone, Copy)]
struct RequestOutcome {
    after: Duration,
    taken: bool,
    answered: bool,
}

impl Outside {
    pub fn new(seed: u64, time: Arc<Time>, book: Arc<Mutex<Book>>, strict: bool) -> Arc<Self> {
        Arc::new(Self {
            chance: Arc::new(Chance::new(seed ^ 0x0d15_ea5e)),
            time,
            book,
            storm: AtomicBool::new(true),
            strict,
            written: Mutex::default(),
            asked: AtomicU64::new(0),
        })
    }

    /// The platforms that there are.
    pub fn platforms(self: &Arc<Self>) -> Registry {
        Registry::of([Arc::new(Post(self.clone())) as Arc<dyn Definition>])
    }

    pub fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_outcome(&self) -> RequestOutcome {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let after = Duration::from_millis(self.chance.below(300));
        if !self.storm.load(Ordering::SeqCst) {
            return RequestOutcome { after, taken: true, answered: true };
        }
        let after = if self.chance.odds(150) { Duration::from_secs(self.chance.below(40)) } else { after };
        RequestOutcome { after, taken: self.chance.odds(600), answered: self.chance.odds(800) }
    }

    /// What a message says is good now, and is what it said before.
    fn judge(&self, message: &Message) {
        let (now, words) = (self.time.now(), message.content.plain().expose_secret().to_owned());
        let Ok(id) = message.id.parse::<MessageId>() else {
            return self.book().wrong(format!("`{}` is no message's id", message.id));
        };
        let ends = match &message.content {
            Content::Code { code, .. } => {
                let book = self.book();
                let keys = book.seal.keys.clone();
                let live = book.interaction(id.interaction).and_then(|i| {
                    let right = |c: &&countersign::domain::proof::challenge::Challenge| {
                        c.answer(id.interaction, &keys.code).expose() == code.expose_secret().as_bytes()
                    };
                    i.participants.iter().filter_map(|p| p.challenge.as_ref()).find(right).cloned()
                });
                // One that ended a moment ago may be on its way.
                live.and_then(|challenge| challenge.expires_at)
            }
            _ => None,
        };
        if let Some(ends) = ends {
            self.book().must(now < ends.0 + OFF, || format!("{} is sent after its code's end", message.id));
        }
        let promised = message.terms.seconds.is_some_and(|seconds| seconds > 0);
        self.book().must(promised, || format!("{} is sent without an end of its words", message.id));
        let known = self.written().taken.get(&message.id).map(|(_, before)| before.clone());
        self.book().must(known.is_none_or(|known| known == words), || format!("{} says something else", message.id));
    }

    fn takes(&self, message: &Message) {
        let words = message.content.plain().expose_secret().to_owned();
        let times = {
            let mut written = self.written();
            let kept = written.taken.entry(message.id.clone()).or_insert((0, words));
            kept.0 += 1;
            kept.0
        };
        self.book().must(!self.strict || times <= 3, || format!("{} was sent {times} times", message.id));
    }
}

/// The platform.
struct Post(Arc<Outside>);

impl Definition for Post {
    fn name(&self) -> &str {
        "post"
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        Ok(Arc::new(Self(self.0.clone())))
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

/// Who sends is told that it is under way, and that it is over, however it ends.
struct Flying<'a>(&'a Outside, String);

impl<'a> Flying<'a> {
    fn begin(outside: &'a Outside, id: &str) -> Self {
        let at_once = {
            let mut written = outside.written();
            let count = written.flying.entry(id.to_owned()).or_default();
            *count += 1;
            *count
        };
        let alone = !outside.strict || at_once == 1;
        outside.book().must(alone, || format!("{id} is sent by {at_once} nodes at the same time"));
        Self(outside, id.to_owned())
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0.written().flying.get_mut(&self.1) {
            *count -= 1;
        }
    }
}

#[async_trait]
impl Channel for Post {
    fn name(&self) -> &str {
        "post"
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        let outside = &*self.0;
        outside.judge(message);
        let _flying = Flying::begin(outside, &message.id);
        let RequestOutcome { after, taken, answered } = outside.request_outcome();
        sleep(after).await;
        if taken {
            outside.takes(message);
        }
        match (taken, answered) {
            (_, false) if outside.chance.odds(500) => pending().await,
            (_, false) => Err(DeliveryError::Ambiguous),
            (true, true) => Ok(Sent { platform_id: Some(message.id.clone()) }),
            (false, true) => Err(match outside.chance.below(5) {
                0 => DeliveryError::RetryAfter(Duration::from_secs(outside.chance.below(30))),
                1 => DeliveryError::Fallback("not-reachable"),
                _ => DeliveryError::Retry("unavailable"),
            }),
        }
    }
}

#[async_trait]
impl Carry for Outside {
    async fn carry(&self, request: Request<Vec<u8>>) -> Result<HttpReply, LostReply> {
        let RequestOutcome { after, taken, answered } = self.request_outcome();
        sleep(after.min(Duration::from_secs(5))).await;
        if after >= Duration::from_secs(5) {
            return Err(LostReply::Unanswered);
        }
        if taken {
            self.hear(request.body());
        }
        match (taken, answered) {
            (_, false) => Err(if self.chance.odds(500) { LostReply::Unanswered } else { LostReply::Unreached }),
            (true, true) => Ok(HttpReply { status: 204, headers: HeaderMap::new(), body: Vec::new() }),
            (false, true) => Ok(HttpReply { status: 503, headers: HeaderMap::new(), body: Vec::new() }),
        }
    }
}

impl Outside {
    fn hear(&self, body: &[u8]) {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let number = told["id"].as_str().and_then(|id| id.parse::<u64>().ok());
        let Some(number) = number else { return self.book().wrong(format!("an event without a number: {told}")) };
        let of = told["interaction"].as_str().unwrap_or_default().to_owned();
        let in_order = {
            let mut written = self.written();
            let Written { heard, again, .. } = &mut *written;
            let line = heard.entry(of.clone()).or_default();
            if line.contains(&number) {
                *again += 1;
                true
            } else {
                let in_order = line.last().is_none_or(|last| *last < number);
                line.push(number);
                in_order
            }
        };
        self.book().must(in_order, || format!("{of}: event {number} is told after a later one"));
    }
}
