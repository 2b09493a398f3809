//! The live stream of a team's events. One tail per team and node reads the store, and looks
//! whether the team still is what it was; every listener hears it, and reads the store itself only
//! for what it missed. So ten thousand that hear nothing do nothing.

use std::collections::{HashMap, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::EventLog;
use super::event_log::Numbered;
use crate::engine::{Error, decode};
use crate::names::{member, stream_index};
use crate::teams::TeamView;
use countersign_domain::base::id::TeamName;
use countersign_domain::refusal::Refusal;
use countersign_store::Order;

/// Events that a slow listener may be behind before it reads the store again.
const BACKLOG: usize = 1024;

/// How many events are read at once.
const PAGE: usize = 256;

/// How often another node's events, and another team than before, are looked for.
const POLL: Duration = Duration::from_millis(200);

/// Where this node's listeners of a team hear what is new.
type Tail = broadcast::Sender<News>;

/// What a tail tells.
#[derive(Clone)]
enum News {
    Event(Arc<SharedEvent>),
    /// The team is not what it was, or nobody can say: keys must be asked for again.
    Doubt,
}

/// An event as all listeners of this node hear it: it is put into words once.
pub struct SharedEvent {
    numbered: Numbered,
    words: OnceLock<Bytes>,
}

impl SharedEvent {
    /// The event in words, which the first listener finds.
    pub fn words(&self, find: impl FnOnce(&Numbered) -> String) -> Bytes {
        self.words.get_or_init(|| find(&self.numbered).into()).clone()
    }
}

impl Deref for SharedEvent {
    type Target = Numbered;
    fn deref(&self) -> &Numbered {
        &self.numbered
    }
}

#[derive(Default)]
pub(crate) struct Tails {
    by_team: Mutex<HashMap<TeamName, Tail>>,
}

impl Tails {
    fn lock(&self) -> MutexGuard<'_, HashMap<TeamName, Tail>> {
        self.by_team.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says whether what somebody listens by counts still.
#[async_trait]
pub trait CredentialCheck: Send + Sync {
    /// Whether it does.
    ///
    /// # Errors
    ///
    /// Where nobody can say it now.
    async fn counts(&self) -> Result<bool, Error>;
}

/// One listener's place in a team's stream.
pub struct Listener {
    event_log: Arc<EventLog>,
    team: TeamName,
    last: u64,
    behind: VecDeque<Arc<SharedEvent>>,
    caught_up: bool,
    live: broadcast::Receiver<News>,
    /// What it listens by, if it does by something that may end.
    credential: Option<Box<dyn CredentialCheck>>,
    /// Whether that ends, this tail does not tell: it is another team's key, or somebody's session.
    asks_itself: bool,
    /// The credential must be asked for before anything more is told.
    doubts: bool,
}

impl EventLog {
    /// A relay moved events into a stream: those who follow it look.
    pub(crate) fn has_moved(&self) {
        self.moved.notify_waiters();
    }

    /// Listens to a team's events after the numbered one; None: from now on. Refused with
    /// `EventsGone` where retention has taken the next one.
    pub async fn listen(self: &Arc<Self>, team: &TeamName, after: Option<u64>) -> Result<Listener, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let live = self.subscribe(team); // before the head is read, so that nothing falls in between
        let head = self.head(team).await?;
        if after.is_some_and(|after| after < head.gone) {
            return Err(Refusal::EventsGone.into());
        }
        let last = after.map_or(head.events, |after| after.min(head.events));
        Ok(Listener {
            event_log: self.clone(),
            team: team.clone(),
            last,
            behind: [].into(),
            caught_up: false,
            live,
            credential: None,
            asks_itself: false,
            doubts: false,
        })
    }

    fn subscribe(self: &Arc<Self>, team: &TeamName) -> broadcast::Receiver<News> {
        let mut tails = self.tails.lock();
        if let Some(tail) = tails.get(team) {
            return tail.subscribe();
        }
        let (tail, live) = broadcast::channel(BACKLOG);
        tails.insert(team.clone(), tail.clone());
        tokio::spawn(self.clone().follow(team.clone(), tail));
        live
    }

    /// Reads a team's stream for as long as anybody listens.
    async fn follow(self: Arc<Self>, team: TeamName, tail: Tail) {
        let (mut last, mut known) = (None, None);
        loop {
            let moved = self.moved.notified();
            if !self.is_as_known(&team, &mut known).await {
                let _ = tail.send(News::Doubt);
            }
            match self.news(&team, &mut last).await {
                Ok(events) if !events.is_empty() => {
                    for event in events {
                        let _ = tail.send(News::Event(event)); // nobody listening is found below
                    }
                    continue;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, %team, "a stream cannot be read"),
            }
            {
                let mut tails = self.tails.lock();
                if tail.receiver_count() == 0 {
                    tails.remove(&team);
                    return;
                }
            }
            let _ = tokio::time::timeout(POLL, moved).await;
        }
    }

    /// Whether the team is what it was the last time; what it is now is known the next time.
    async fn is_as_known(&self, team: &TeamName, known: &mut Option<Arc<TeamView>>) -> bool {
        let now = self.teams.team(team).await.ok().flatten();
        let same = matches!((&*known, &now), (Some(known), Some(now)) if Arc::ptr_eq(known, now));
        *known = now;
        same
    }

    /// What came after `last`; at first the newest event there is, so that a listener who looked
    /// before it came hears that it missed something.
    async fn news(&self, team: &TeamName, last: &mut Option<u64>) -> Result<Vec<Arc<SharedEvent>>, Error> {
        let after = match *last {
            Some(last) => last,
            None => self.head(team).await?.events.saturating_sub(1),
        };
        let events = self.events_after(team, after, PAGE).await?;
        *last = Some(events.last().map_or(after, |event| event.number));
        Ok(events)
    }

    /// A page of a team's events after the numbered one, as far as they may be told.
    pub(crate) async fn events_after(
        &self,
        team: &TeamName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<SharedEvent>>, Error> {
        let head = self.head(team).await?;
        if head.events <= after {
            return Ok(Vec::new());
        }
        let (index, from) = (stream_index(team), member(after));
        let page =
            self.engine.store.list(self.engine.team_partition(team), &index, Order::Rising, Some(&from), limit).await?;
        let mut events = Vec::with_capacity(page.len());
        for entry in &page {
            let numbered: Numbered = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
            if numbered.number <= head.events {
                events.push(Arc::new(SharedEvent { numbered, words: OnceLock::new() }));
            }
        }
        Ok(events)
    }
}

impl Listener {
    /// Listens for as long as that counts: neither a removed key nor an ended session, nor a store that
    /// cannot confirm it, goes on reading. `of` is the team that an API key is of.
    pub fn by(self, credential: Box<dyn CredentialCheck>, of: Option<&TeamName>) -> Self {
        let asks_itself = of != Some(&self.team);
        // A change between the caller's proof and here was told to nobody.
        Self { credential: Some(credential), asks_itself, doubts: true, ..self }
    }

    /// Whether it has read all that there was when it last looked: from now on it hears what is new.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up && self.behind.is_empty()
    }

    /// The next event. Waits until there is one; an error ends the stream, and the caller comes
    /// back with the last number that it got. May be dropped and asked again.
    pub async fn next(&mut self) -> Result<Arc<SharedEvent>, Error> {
        loop {
            // What is seldom waited for has no room in a stream that waits for years: hence the boxes.
            if self.doubts {
                Box::pin(self.ask_for_key()).await?;
            }
            if let Some(event) = self.behind.pop_front() {
                self.last = event.number;
                return Ok(event);
            }
            if !self.caught_up {
                let page = Box::pin(self.event_log.events_after(&self.team, self.last, PAGE)).await?;
                self.behind = page.into();
                self.caught_up = self.behind.is_empty();
                self.doubts |= !self.caught_up; // it may take long, and hears of no doubt meanwhile
                continue;
            }
            let news = match self.asks_itself {
                false => self.live.recv().await,
                true => tokio::time::timeout(POLL, self.live.recv()).await.unwrap_or(Ok(News::Doubt)),
            };
            self.doubts = self.asks_itself;
            match news {
                Ok(News::Doubt) => self.doubts = true,
                Ok(News::Event(event)) if event.number == self.last + 1 => {
                    self.last = event.number;
                    return Ok(event);
                }
                Ok(News::Event(event)) if event.number <= self.last => {}
                Ok(News::Event(_)) => self.caught_up = false,
                // A doubt may be among what it missed.
                Err(broadcast::error::RecvError::Lagged(_)) => (self.caught_up, self.doubts) = (false, true),
                Err(broadcast::error::RecvError::Closed) => {
                    return Err(Error::Away("the stream has ended".into()));
                }
            }
        }
    }

    /// Whether the credential counts still; asked for again until that is answered.
    async fn ask_for_key(&mut self) -> Result<(), Error> {
        if let Some(credential) = &self.credential
            && !credential.counts().await?
        {
            return Err(Refusal::NotFound("key").into());
        }
        self.doubts = false;
        Ok(())
    }
}
