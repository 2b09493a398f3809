//! What happened in an hour, counted by channel: how many were asked, how far they came, and how long
//! it took them. Counts only: nobody can be found in them, so they may outlive what they counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::id::ChannelName;
pub use crate::event::step::Step;
use crate::event::{Event, EventData};
use crate::time::Moment;

pub mod report;

const MILLISECONDS_OF_AN_HOUR: u64 = 3_600_000;

/// Channels that are told apart within an hour. A bot may call its channels as it likes, and an hour
/// must not grow with what it makes up: the next ones are counted together.
const MAX_CHANNELS: usize = 64;

/// What the channels beyond those are called.
const OTHERS: &str = "other";

/// An hour, by its number since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HourNumber(pub u64);

impl HourNumber {
    /// The hour that a moment lies in.
    pub fn of(at: Moment) -> Self {
        Self(at.0 / MILLISECONDS_OF_AN_HOUR)
    }

    /// When it begins.
    pub fn begins(self) -> Moment {
        Moment(self.0.saturating_mul(MILLISECONDS_OF_AN_HOUR))
    }
}

/// What happened on one channel, or on several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    counts: BTreeMap<Step, u64>,
    #[serde(default, skip_serializing_if = "Waits::is_empty")]
    waits: Waits,
}

impl Tally {
    /// How often.
    pub fn count(&self, step: Step) -> u64 {
        self.counts.get(&step).copied().unwrap_or(0)
    }

    /// How long the half of those who were asked and authenticated took at most, in seconds.
    pub fn median_seconds(&self) -> Option<u64> {
        self.waits.median()
    }

    /// This and that.
    pub fn add(&mut self, other: &Self) {
        for (step, count) in &other.counts {
            *self.counts.entry(*step).or_default() += count;
        }
        for (span, count) in &other.waits.0 {
            *self.waits.0.entry(*span).or_default() += count;
        }
    }

    fn note(&mut self, step: Step, event: &Event) {
        *self.counts.entry(step).or_default() += 1;
        if let EventData::Authenticated(data) = &event.data
            && let Some(asked) = data.asked_at
        {
            self.waits.note(event.at.since(asked).as_secs());
        }
    }
}

/// One hour of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub BTreeMap<ChannelName, Tally>);

impl Hour {
    /// All its channels together.
    pub fn whole(&self) -> Tally {
        let mut whole = Tally::default();
        self.0.values().for_each(|tally| whole.add(tally));
        whole
    }

    fn of_channel(&mut self, channel: &ChannelName) -> &mut Tally {
        let has_room = self.0.len() < MAX_CHANNELS || self.0.contains_key(channel);
        let channel = if has_room { channel.clone() } else { OTHERS.parse().expect("a channel's name") };
        self.0.entry(channel).or_default()
    }
}

/// Hours that are being counted. Events come in order of their commits and not of their moments, so an
/// hour stays open for one more; what comes later still is counted in the oldest that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counting {
    /// At most two.
    pub hours: BTreeMap<HourNumber, Hour>,
}

impl Counting {
    /// Counts an event; what it closes is returned, to be kept elsewhere.
    pub fn count(&mut self, event: &Event) -> Vec<(HourNumber, Hour)> {
        let (Some(step), Some(channel)) = (event.data.step(), &event.channel) else { return Vec::new() };
        let oldest =
            self.hours.keys().next_back().map_or(HourNumber(0), |newest| HourNumber(newest.0.saturating_sub(1)));
        let hour = HourNumber::of(event.at).max(oldest);
        self.hours.entry(hour).or_default().of_channel(channel).note(step, event);
        let newest = self.hours.keys().next_back().expect("one was counted in").0;
        let open = self.hours.split_off(&HourNumber(newest.saturating_sub(1)));
        std::mem::replace(&mut self.hours, open).into_iter().collect()
    }
}

/// Upper ends of the spans that waits are counted in, in seconds. Each is about a quarter longer than the one
/// before it: a median is told as well as that.
const SPANS: [u64; 38] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 120, 150, 180, 240, 300, 360, 450, 600, 750,
    900, 1_200, 1_800, 2_700, 3_600, 7_200, 14_400, 28_800, 86_400, 604_800,
];

/// How long people took, counted in spans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Waits(BTreeMap<u64, u64>);

impl Waits {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn note(&mut self, seconds: u64) {
        let span = SPANS.iter().copied().find(|end| seconds <= *end).unwrap_or(SPANS[SPANS.len() - 1]);
        *self.0.entry(span).or_default() += 1;
    }

    /// The end of the span that the middle one lies in.
    fn median(&self) -> Option<u64> {
        let all: u64 = self.0.values().sum();
        let mut before = 0;
        self.0.iter().find_map(|(span, count)| {
            before += count;
            (before * 2 >= all).then_some(*span)
        })
    }
}

#[cfg(test)]
mod tests;
