//! How many messages may leave: to one destination, and by one team. Spent before a message is
//! queued, so that a crash in between errs towards refusing.
//!
//! It counts; whose record a count lies in, and what a message says, is not its affair.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::SendBudget;
use crate::time::Moment;

const HOUR: Duration = Duration::from_secs(3600);

/// The longest window: nothing older counts.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A window is told apart so finely; what is closer together counts as the later one.
const MARKS: u32 = 256;

/// What was spent in the last while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window(Vec<Mark>);

/// So many from the first of these moments to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark(Moment, Moment, u32);

impl Window {
    /// What still counts.
    fn spent(&self, span: Duration, now: Moment) -> u32 {
        self.0.iter().filter(|Mark(_, to, _)| now < to.plus(span)).fold(0, |sum, Mark(.., n)| sum.saturating_add(*n))
    }

    /// How many more there may be.
    fn room(&self, span: Duration, most: u32, now: Moment) -> u32 {
        most.saturating_sub(self.spent(span, now))
    }

    /// When there is room for one more.
    fn until(&self, span: Duration, most: u32, now: Moment) -> Moment {
        let mut spent = self.spent(span, now);
        for Mark(_, to, n) in &self.0 {
            if now < to.plus(span) {
                spent = spent.saturating_sub(*n);
                if spent < most {
                    return to.plus(span);
                }
            }
        }
        now
    }

    fn spend(&mut self, span: Duration, count: u32, now: Moment) {
        self.0.retain(|Mark(_, to, _)| now < to.plus(span));
        match self.0.last_mut() {
            // The earlier of two close ones counts for a little longer, never for less.
            Some(Mark(from, to, n)) if now < from.plus(span / MARKS) => {
                (*to, *n) = (now.max(*to), n.saturating_add(count))
            }
            _ => self.0.push(Mark(now, now, count)),
        }
    }

    fn give_back(&mut self, mut count: u32) {
        while let Some(Mark(.., n)) = self.0.last_mut().filter(|_| count > 0) {
            let taken = count.min(*n);
            (*n, count) = (*n - taken, count - taken);
            if *n == 0 {
                self.0.pop();
            }
        }
    }
}

/// What one destination was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToDestination {
    hour: Window,
    day: Window,
}

impl ToDestination {
    /// Spends one, or says when there will be one.
    pub fn spend(&mut self, rule: &SendBudget, now: Moment) -> Result<(), Moment> {
        let windows = [(&self.hour, HOUR, rule.per_destination_hour), (&self.day, DAY, rule.per_destination_day)];
        let full = windows.iter().filter(|(web_chat, span, most)| web_chat.room(*span, *most, now) == 0);
        if let Some(until) = full.map(|(web_chat, span, most)| web_chat.until(*span, *most, now)).max() {
            return Err(until);
        }
        self.hour.spend(HOUR, 1, now);
        self.day.spend(DAY, 1, now);
        Ok(())
    }

    /// Whether anything was sent there within the hour.
    pub fn is_fresh(&self, now: Moment) -> bool {
        self.hour.spent(HOUR, now) > 0
    }

    /// Nothing was sent after all.
    pub fn give_back(&mut self) {
        self.hour.give_back(1);
        self.day.give_back(1);
    }
}

/// What a team sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByTeam {
    day: Window,
}

impl ByTeam {
    /// Gives `unused` ones back and spends as many as there are of `wanted`, at least one; or
    /// says when there will be one.
    pub fn exchange(&mut self, unused: u32, wanted: u32, rule: &SendBudget, now: Moment) -> Result<u32, Moment> {
        self.day.give_back(unused);
        let given = self.day.room(DAY, rule.per_team_day, now).min(wanted);
        if given == 0 {
            return Err(self.day.until(DAY, rule.per_team_day, now));
        }
        self.day.spend(DAY, given, now);
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Overrides;
    use crate::settings::effective;
    use serde_json::json;

    fn rule(hour: u32, day: u32, team: u32) -> SendBudget {
        let patch =
            json!({"send_budget": {"per_destination_hour": hour, "per_destination_day": day, "per_team_day": team}});
        let team = Overrides::default().patch(patch.as_object().unwrap()).unwrap();
        effective(&Overrides::default(), &team).unwrap().settings.send_budget
    }

    fn minute(n: u64) -> Moment {
        Moment(n * 60_000)
    }

    #[test]
    fn a_destination_gets_so_many_in_any_hour_and_any_day() {
        let (mut to, rule) = (ToDestination::default(), rule(2, 3, 9));
        assert_eq!(to.spend(&rule, minute(0)), Ok(()));
        assert_eq!(to.spend(&rule, minute(30)), Ok(()));
        assert_eq!(to.spend(&rule, minute(59)), Err(minute(60)));
        assert_eq!(to.spend(&rule, minute(60)), Ok(()));
        assert_eq!(to.spend(&rule, minute(1000)), Err(minute(1440)));
        assert_eq!(to.spend(&rule, minute(1440)), Ok(()));
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let (mut to, rule) = (ToDestination::default(), rule(1, 5, 9));
        to.spend(&rule, minute(0)).unwrap();
        to.give_back();
        assert_eq!(to, ToDestination::default());
        to.give_back();
        assert_eq!(to.spend(&rule, minute(0)), Ok(()));
    }

    #[test]
    fn a_team_gets_blocks_that_never_sum_to_more() {
        let (mut by, rule) = (ByTeam::default(), rule(1, 1, 10));
        assert_eq!(by.exchange(0, 8, &rule, minute(0)), Ok(8));
        assert_eq!(by.exchange(0, 8, &rule, minute(10)), Ok(2));
        assert_eq!(by.exchange(0, 1, &rule, minute(11)), Err(minute(1440)));
        assert_eq!(by.exchange(3, 8, &rule, minute(12)), Ok(3));
    }

    /// However long it goes on, a window stays small, and close ones never count for less time.
    #[test]
    fn a_window_is_bounded_and_errs_towards_refusing() {
        let mut web_chat = Window::default();
        for n in 0..100_000u64 {
            web_chat.spend(DAY, 1, Moment(n * 7_000));
        }
        assert!(web_chat.0.len() <= MARKS as usize + 1, "{}", web_chat.0.len());
        let now = Moment(99_999 * 7_000);
        let exact = u32::try_from(DAY.as_millis() / 7_000).unwrap();
        assert!(web_chat.spent(DAY, now) >= exact, "{}", web_chat.spent(DAY, now));
    }

    #[test]
    fn a_clock_that_steps_back_frees_nothing() {
        let (mut to, rule) = (ToDestination::default(), rule(1, 5, 9));
        to.spend(&rule, minute(100)).unwrap();
        assert!(to.spend(&rule, minute(50)).is_err());
    }
}
