//! Whether codes that are sent to a country come back. Where hardly any do, somebody is paid for
//! messages that no customer asked for, and sending there stops for a while.
//! It judges counts; who counts, and what follows, stands elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// What is judged: codes of the last day.
const SPAN: Duration = Duration::from_secs(24 * 3600);

/// What is counted within so long is kept as one: a day takes 145 of them.
const STEP: Duration = Duration::from_secs(600);

/// Fewer codes say nothing: of so many a hundredth part comes back by mere chance, if anybody at
/// all is at the other end.
pub const SAMPLE: u64 = 100;

/// Below one in so many it is nobody who asked.
const ONE_IN: u64 = 20;

/// Codes to one country, by one team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionGuard {
    steps: Vec<Step>,
    paused: bool,
}

/// From when on it was counted; codes that left; codes that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Step(Moment, u64, u64);

/// What a count led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionVerdict {
    /// As before.
    Same,
    /// Nothing is sent there any more, for now.
    Paused,
    /// Messages go there again.
    Resumed,
}

impl ConversionGuard {
    /// Until when nothing is sent there, where that is so: then the oldest counts are forgotten, and the
    /// others are judged anew. Codes that come back late may end it sooner.
    pub fn until(&self) -> Option<Moment> {
        self.steps.first().filter(|_| self.paused).map(|Step(from, ..)| from.plus(STEP).plus(SPAN))
    }

    /// Counts codes that left and codes that came back, and judges.
    pub fn count(&mut self, sent: u64, back: u64, now: Moment) -> ConversionVerdict {
        self.steps.retain(|Step(from, ..)| now < from.plus(STEP).plus(SPAN));
        if sent + back > 0 {
            match self.steps.last_mut() {
                Some(Step(from, left, came)) if now < from.plus(STEP) => (*left, *came) = (*left + sent, *came + back),
                _ => self.steps.push(Step(now, sent, back)),
            }
        }
        let was = self.paused;
        self.paused = self.is_hopeless(now);
        match (was, self.paused) {
            (false, true) => ConversionVerdict::Paused,
            (true, false) => ConversionVerdict::Resumed,
            _ => ConversionVerdict::Same,
        }
    }

    /// Codes of the last minutes are still on their way: only older ones are missed. All that came
    /// back count.
    fn is_hopeless(&self, now: Moment) -> bool {
        let old = self.steps.iter().filter(|Step(from, ..)| from.plus(STEP * 2) <= now);
        let sent: u64 = old.map(|Step(_, sent, _)| sent).sum();
        let back: u64 = self.steps.iter().map(|Step(.., back)| back).sum();
        sent >= SAMPLE && back * ONE_IN < sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: u64) -> Moment {
        Moment(n * 60_000)
    }

    #[test]
    fn sending_stops_where_fewer_than_one_in_twenty_comes_back_and_goes_on_a_day_later() {
        let mut conversion_guard = ConversionGuard::default();
        assert_eq!(conversion_guard.count(100, 4, minute(0)), ConversionVerdict::Same, "they may still come");
        assert_eq!(conversion_guard.count(0, 0, minute(19)), ConversionVerdict::Same);
        assert_eq!(conversion_guard.count(0, 0, minute(20)), ConversionVerdict::Paused);
        assert_eq!(conversion_guard.count(0, 0, minute(21)), ConversionVerdict::Same);
        let until = conversion_guard.until().unwrap();
        assert_eq!(conversion_guard.count(0, 0, Moment(until.0 - 1)), ConversionVerdict::Same);
        assert_eq!(conversion_guard.count(0, 0, until), ConversionVerdict::Resumed);
        assert_eq!(conversion_guard.until(), None);
    }

    #[test]
    fn late_answers_resume_it_and_enough_of_them_never_stop_it() {
        let mut conversion_guard = ConversionGuard::default();
        conversion_guard.count(100, 4, minute(0));
        assert_eq!(conversion_guard.count(0, 0, minute(20)), ConversionVerdict::Paused);
        assert_eq!(conversion_guard.count(0, 1, minute(25)), ConversionVerdict::Resumed);
        let mut good = ConversionGuard::default();
        assert_eq!(good.count(1000, 50, minute(0)), ConversionVerdict::Same);
        assert_eq!(good.count(0, 0, minute(600)), ConversionVerdict::Same);
    }

    #[test]
    fn a_few_codes_say_nothing() {
        let mut conversion_guard = ConversionGuard::default();
        conversion_guard.count(99, 0, minute(0));
        assert_eq!(conversion_guard.count(0, 0, minute(60)), ConversionVerdict::Same);
    }

    #[test]
    fn what_is_kept_stays_small() {
        let mut conversion_guard = ConversionGuard::default();
        (0..10_000).for_each(|n| {
            conversion_guard.count(1, 1, minute(n));
        });
        assert!(conversion_guard.steps.len() <= 146, "{}", conversion_guard.steps.len());
    }
}
