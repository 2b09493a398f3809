//! Hours put together as they are asked for: hour by hour, day by day (of UTC), or channel by channel.
//! A stretch in which nothing happened is told too, so that who draws it need not guess.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Hour, HourNumber, Tally};
use crate::base::id::ChannelName;
use crate::time::Moment;

/// Hours of a day.
const DAY: u64 = 24;

/// How a report is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportDivision {
    /// Each hour.
    Hour,
    /// Each day of UTC.
    #[default]
    Day,
    /// Each channel, over the whole time.
    Channel,
}

impl ReportDivision {
    /// The longest time that is told so, in days: as many rows as can be looked at.
    pub fn most_days(self) -> u64 {
        match self {
            Self::Hour => 31,
            Self::Day | Self::Channel => 800,
        }
    }
}

/// What a row tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The stretch that begins then.
    From(Moment),
    /// A channel.
    Channel(ChannelName),
}

/// What happened, divided and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In order of time, or of channels' names.
    pub rows: Vec<(Part, Tally)>,
    /// All rows together.
    pub total: Tally,
}

impl Report {
    /// Of the hours between two moments, of which those are missing in which nothing happened.
    pub fn of(hours: &BTreeMap<HourNumber, Hour>, from: Moment, to: Moment, by: ReportDivision) -> Self {
        let mut total = Tally::default();
        hours.values().for_each(|hour| total.add(&hour.whole()));
        let rows = match by {
            ReportDivision::Channel => by_channel(hours),
            ReportDivision::Hour => by_time(hours, from, to, 1),
            ReportDivision::Day => by_time(hours, from, to, DAY),
        };
        Self { rows, total }
    }
}

fn by_channel(hours: &BTreeMap<HourNumber, Hour>) -> Vec<(Part, Tally)> {
    let mut channels = BTreeMap::<&ChannelName, Tally>::new();
    for (channel, tally) in hours.values().flat_map(|hour| &hour.0) {
        channels.entry(channel).or_default().add(tally);
    }
    channels.into_iter().map(|(channel, tally)| (Part::Channel(channel.clone()), tally)).collect()
}

fn by_time(hours: &BTreeMap<HourNumber, Hour>, from: Moment, to: Moment, span: u64) -> Vec<(Part, Tally)> {
    let number = |at| HourNumber::of(at).0 / span;
    let mut stretches: BTreeMap<u64, Tally> = (number(from)..=number(to)).map(|n| (n, Tally::default())).collect();
    for (hour, counts) in hours {
        stretches.entry(hour.0 / span).or_default().add(&counts.whole());
    }
    stretches.into_iter().map(|(n, tally)| (Part::From(HourNumber(n.saturating_mul(span)).begins()), tally)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::insight::Step;

    const HOUR: u64 = super::super::MILLISECONDS_OF_AN_HOUR;

    fn hour(channels: &[(&str, u64)]) -> Hour {
        let tally = |count: u64| Tally { counts: [(Step::LinksIssued, count)].into(), ..Tally::default() };
        Hour(channels.iter().map(|(name, count)| (name.parse().expect("a name"), tally(*count))).collect())
    }

    #[test]
    fn what_is_divided_comes_to_the_same_in_each_way() {
        let hours = BTreeMap::from([
            (HourNumber(23), hour(&[("sms", 1), ("webchat", 2)])),
            (HourNumber(24), hour(&[("sms", 4)])),
            (HourNumber(71), hour(&[("webchat", 8)])),
        ]);
        let told = |by| {
            let report = Report::of(&hours, Moment(22 * HOUR), Moment(72 * HOUR - 1), by);
            let sum: u64 = report.rows.iter().map(|(_, tally)| tally.count(Step::LinksIssued)).sum();
            assert_eq!((sum, report.total.count(Step::LinksIssued)), (15, 15), "{by:?}");
            report.rows.into_iter().map(|(part, tally)| (part, tally.count(Step::LinksIssued))).collect::<Vec<_>>()
        };
        let begins = |n: u64| Part::From(Moment(n * HOUR));
        assert_eq!(told(ReportDivision::Day), [(begins(0), 3), (begins(24), 4), (begins(48), 8)]);
        let channel = |name: &str| Part::Channel(name.parse().expect("a name"));
        assert_eq!(told(ReportDivision::Channel), [(channel("sms"), 5), (channel("webchat"), 10)]);
        let by_hour = told(ReportDivision::Hour);
        assert_eq!((by_hour.len(), &by_hour[..3]), (50, &[(begins(22), 0), (begins(23), 3), (begins(24), 4)][..]));
    }
}
