//! How far a webhook has come in its team's events: which it has taken up, which of them wait in line
//! for which reason, and whether its receiver takes anything at all. What waits is kept by number: the
//! events themselves lie in the team's stream.
//!
//! Events of one interaction go one after another. What is not taken is tried for a day. Where nothing
//! is taken any more, one event is tried now and then, and the others wait in the stream.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::InteractionId;
use crate::event::posting::{MAX_RETRY_TIME, PostOutcome, Why, awaited, wait};
use crate::event::webhook::Start;
use crate::time::Moment;
use crate::time::lease::Lease;

/// Events that wait in lines at most; what comes after them waits in the stream.
const MAX_WAITING: usize = 500;

/// Lines that are tried at one time.
const MAX_LINES: usize = 16;

/// Events of one line that are tried in one go.
const MAX_PER_LINE: usize = 8;

/// Rounds without anything taken after which the receiver is said to fail.
const MAX_FAILURES: u32 = 5;

/// That a receiver fails is told no more often than that.
const TELL_AGAIN: Duration = Duration::from_secs(3600);

/// What the line of an event begins with that is told again.
const AGAIN: &str = "again ";

/// A webhook's course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookCursor {
    start: String,
    /// Events up to this one are taken up.
    pub after: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lines: BTreeMap<String, EventQueue>,
    /// Until when a node has it for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Moment>,
    claims: u32,
    /// Rounds in a row in which nothing was taken.
    failures: u32,
    /// Since when the receiver takes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Moment>,
    /// When that was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Moment>,
    /// Nothing is tried before.
    rest_until: Moment,
    /// Since when the receiver wants nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Moment>,
    /// Letters that are kept of what was delivered, and of what was given up.
    pub delivered: u32,
    /// See `delivered`.
    pub dead: u32,
    /// Events that retention took before they could be tried.
    pub dropped: u64,
}

/// The right to try what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryClaim(u32);

/// What is to be tried now: each line's events one after another, until one is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whose right it is.
    pub claim: DeliveryClaim,
    /// Until when it is.
    pub lease: Lease,
    /// By line.
    pub lines: Vec<(String, Vec<WaitingEvent>)>,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// The line.
    pub line: String,
    /// The event, by number.
    pub number: u64,
    /// How.
    pub answer: PostOutcome,
}

/// What followed from tries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What was delivered or given up.
    pub records: Vec<DeliveryRecord>,
    /// The receiver fails, and that is to be told.
    pub news: Option<Why>,
}

/// An event that is still to be told, as who lists deliveries reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The event.
    pub event: WaitingEvent,
    /// Tries so far.
    pub tries: u32,
    /// Why the last was not taken.
    pub why: Option<Why>,
    /// When it is tried next; nothing where another is before it in its line.
    pub next: Option<Moment>,
}

impl WebhookCursor {
    /// At its start.
    pub fn begin(start: &Start) -> Self {
        Self { start: start.id.clone(), after: start.after, ..Self::default() }
    }

    /// The course that began there: the one that is kept, or another where that began elsewhere. What
    /// that one has kept letters of stays.
    pub fn of(kept: Option<Self>, start: &Start) -> Self {
        match kept {
            Some(cursor) if cursor.start == start.id => cursor,
            Some(before) => Self { delivered: before.delivered, dead: before.dead, ..Self::begin(start) },
            None => Self::begin(start),
        }
    }

    /// Whether nothing has happened since but that events were passed over.
    pub fn has_only_read_since(&self, before: &Self) -> bool {
        Self { after: before.after, dropped: before.dropped, ..self.clone() } == *before
    }

    /// Until when another has it, where one has.
    pub fn held(&self, claim: Option<DeliveryClaim>, now: Moment) -> Option<Moment> {
        self.held.filter(|until| Lease(*until).is_held(now) && claim != Some(DeliveryClaim(self.claims)))
    }

    /// Whether it takes up more.
    pub fn has_room(&self) -> bool {
        self.stopped.is_none() && self.waiting() < MAX_WAITING
    }

    fn waiting(&self) -> usize {
        self.lines.values().map(|line| line.events.len()).sum()
    }

    /// Takes up the next event of the stream, where it is wanted. While the receiver fails, one whose
    /// time is over is given up at once.
    pub fn take(
        &mut self,
        event: WaitingEvent,
        line: Option<InteractionId>,
        wanted: bool,
        now: Moment,
    ) -> Option<DeliveryRecord> {
        self.dropped += event.number.saturating_sub(self.after + 1);
        self.after = event.number;
        if !wanted {
            return None;
        }
        if self.failing_since.is_some() && is_over(event, now) {
            self.dead += 1;
            return Some(DeliveryRecord { event, tries: 0, ended_at: now, why: Some(Why::Untried) });
        }
        let name = line.map_or_else(|| "team".to_owned(), |id| id.to_string());
        self.lines.entry(name).or_default().events.push_back(event);
        None
    }

    /// How the receiver stands, and since when: `stopped`, `failing` or `active`.
    pub fn status(&self) -> (&'static str, Option<Moment>) {
        match (self.stopped, self.failing_since) {
            (Some(at), _) => ("stopped", Some(at)),
            (None, Some(at)) => ("failing", Some(at)),
            (None, None) => ("active", None),
        }
    }

    /// An event is told again, now, whatever became of it. One that waits keeps its place.
    pub fn again(&mut self, event: WaitingEvent, now: Moment) {
        self.rest_until = now;
        match self.lines.values_mut().find(|line| line.events.iter().any(|waits| waits.number == event.number)) {
            Some(line) => line.next = now,
            None => {
                let line = EventQueue { events: [event].into(), next: now, ..EventQueue::default() };
                self.lines.insert(format!("{AGAIN}{}", event.number), line);
            }
        }
    }

    /// It leads elsewhere: what was asked for where it led before holds no more, and what waits goes now.
    pub fn moves(&mut self, now: Moment) {
        self.rest_until = self.rest_until.min(now);
        self.lines.values_mut().for_each(|line| line.next = line.next.min(now));
    }

    /// Claims what is due; nothing where nothing is.
    pub fn claim(&mut self, now: Moment) -> Option<Work> {
        (self.held, self.rest_until) = (None, awaited(self.rest_until, now).unwrap_or(now.min(self.rest_until)));
        if self.stopped.is_some() || self.rest_until > now {
            return None;
        }
        let failing = self.failing_since.is_some();
        let mut lines: Vec<_> =
            self.lines.iter().filter(|(_, line)| failing || awaited(line.next, now).is_none()).collect();
        // Who waits the longest goes first. A failing receiver is asked with one event, the one that was
        // tried least: it may be one event alone that it never takes.
        lines.sort_by_key(|(name, line)| {
            let tries = if failing { line.tries } else { 0 };
            (tries, !name.starts_with(AGAIN), line.events.front().map(|event| event.number))
        });
        let (most, of_a_line) = if failing { (1, 1) } else { (MAX_LINES, MAX_PER_LINE) };
        let first = |(name, line): (&String, &EventQueue)| {
            (name.clone(), line.events.iter().take(of_a_line).copied().collect::<Vec<_>>())
        };
        let lines: Vec<_> = lines.into_iter().take(most).map(first).collect();
        if lines.is_empty() {
            return None;
        }
        self.claims = self.claims.wrapping_add(1);
        let lease = Lease::begin(now);
        self.held = Some(lease.0);
        Some(Work { claim: DeliveryClaim(self.claims), lease, lines })
    }

    /// How the tries under a claim ended; nothing follows where another has claimed since, who will try
    /// the same again.
    pub fn settle(
        &mut self,
        claim: DeliveryClaim,
        tries: &[Try],
        now: Moment,
        mut jitter: impl FnMut() -> u8,
    ) -> Settled {
        let mut settled = Settled::default();
        if claim != DeliveryClaim(self.claims) {
            return settled;
        }
        self.held = None;
        let (mut taken, mut failed) = (false, None);
        for one in tries {
            let Some(line) = self.lines.get_mut(&one.line) else { continue };
            let Some(event) = line.events.front().copied().filter(|event| event.number == one.number) else {
                continue;
            };
            line.tries += 1;
            let over = match one.answer {
                PostOutcome::Taken => {
                    taken = true;
                    Some(None)
                }
                PostOutcome::Gone => {
                    self.stopped = Some(now);
                    failed = Some(Why::Gone);
                    Some(Some(Why::Gone))
                }
                PostOutcome::Failed(failure) => {
                    failed = Some(failure.why);
                    (line.why, line.next) = (Some(failure.why), now.plus(wait(line.tries, failure.after, jitter())));
                    if let Some(after) = failure.after {
                        self.rest_until = self.rest_until.max(now.plus(after.min(MAX_RETRY_TIME)));
                    }
                    is_over(event, now).then_some(Some(failure.why))
                }
            };
            if let Some(why) = over {
                settled.records.push(DeliveryRecord { event, tries: line.tries, ended_at: now, why });
                line.pop(now);
            }
        }
        self.judge(taken, failed, now, jitter());
        self.give_up(&mut settled.records, now);
        self.count(&settled.records);
        self.lines.retain(|_, line| !line.events.is_empty());
        settled.news = failed.filter(|_| self.is_news(now));
        settled
    }

    /// Whether the receiver takes anything.
    fn judge(&mut self, taken: bool, failed: Option<Why>, now: Moment, jitter: u8) {
        if taken {
            self.failures = 0;
            if self.failing_since.take().is_some() {
                self.rest_until = now;
                self.lines.values_mut().for_each(|line| line.next = line.next.min(now));
            }
        } else if failed.is_some() {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= MAX_FAILURES {
                self.failing_since.get_or_insert(now);
                self.rest_until = self.rest_until.max(now.plus(wait(self.failures, None, jitter)));
            }
        }
    }

    /// Where nothing is taken, what is past its time is given up, and where nothing is wanted, all.
    fn give_up(&mut self, records: &mut Vec<DeliveryRecord>, now: Moment) {
        let why = if self.stopped.is_some() { Why::Gone } else { Why::Untried };
        if self.failing_since.is_none() && self.stopped.is_none() {
            return;
        }
        for (name, line) in &mut self.lines {
            if self.stopped.is_none() && name.starts_with(AGAIN) {
                continue; // somebody wants it tried once more
            }
            while let Some(event) = line.events.front().copied() {
                if self.stopped.is_none() && !is_over(event, now) {
                    break;
                }
                records.push(DeliveryRecord {
                    event,
                    tries: line.tries,
                    ended_at: now,
                    why: Some(line.why.unwrap_or(why)),
                });
                line.pop(now);
            }
        }
    }

    fn is_news(&mut self, now: Moment) -> bool {
        let news = match (self.stopped, self.failing_since) {
            (Some(_), _) => true,
            (None, Some(since)) => self.told.is_none_or(|told| told < since && now.since(told) >= TELL_AGAIN),
            (None, None) => false,
        };
        if news {
            self.told = Some(now);
        }
        news
    }

    /// When somebody must look at it.
    pub fn alarm(&self) -> Option<Moment> {
        if self.held.is_some() || self.stopped.is_some() {
            return self.held;
        }
        if self.failing_since.is_some() && !self.lines.is_empty() {
            return Some(self.rest_until);
        }
        self.lines.values().map(|line| line.next.max(self.rest_until)).min()
    }

    /// Everything that waits, the newest first.
    pub fn pending(&self) -> Vec<Pending> {
        let mut all: Vec<Pending> = Vec::new();
        for line in self.lines.values() {
            let (next, why) = (Some(line.next.max(self.rest_until)), line.why);
            all.extend(line.events.iter().enumerate().map(|(at, event)| match at {
                0 => Pending { event: *event, tries: line.tries, why, next },
                _ => Pending { event: *event, tries: 0, why: None, next: None },
            }));
        }
        all.sort_by_key(|pending| std::cmp::Reverse(pending.event.number));
        all
    }
}

mod rearming;
mod records;
#[cfg(test)]
mod tests;
mod waiting_events;

pub use records::DeliveryRecord;
pub use waiting_events::WaitingEvent;
use waiting_events::{EventQueue, is_over};
