//! Guess budgets: how often somebody may fail, and what follows. `admit` is the one door that
//! every raising of a flag passes; what it hands out cannot be made elsewhere.
//!
//! Counted before compared: the caller saves what `fail` left before it tells anybody.

use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::refusal::Refusal;
use crate::settings::Lockout;
use crate::time::Moment;

/// No lockout lasts longer, whatever duration and growth say.
const MAX_MINUTES: u64 = 1440;

/// What one (team, address, method) has used up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Failed answers since the last success or lock.
    pub failures: u32,
    /// Unclear or wrong pictures since then: they count apart, and lock as one with the rest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quality_failures: u32,
    /// Locks so far; success keeps them, an admin's act clears them.
    pub lockouts: u32,
    /// Refused until then. Fixed when the lock falls: nothing prolongs or frees it.
    pub locked_until: Option<Moment>,
    /// Refused until an admin lifts it.
    pub banned: bool,
}

/// Proof that the budget was asked. Only `admit` makes one, only `Flag::raise` takes one.
#[derive(Debug)]
pub struct Admitted(());

/// What a failed answer led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Counted, nothing more.
    Counted,
    /// Locked until then.
    Locked(Moment),
    /// Banned.
    Banned,
}

/// Whether it is theirs to lift: a lock is anybody's who may lift at all, a ban only whose `ban` it is to lift.
/// This is the one place that says so, of budgets, failure limits and accounts.
pub fn may_lift(is_ban: bool, ban: bool) -> Result<(), Refusal> {
    if is_ban && !ban { Err(Refusal::BanStands) } else { Ok(()) }
}

/// What was done to a budget, or to a failure limit, in another life of the store, as its trail tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redo {
    /// A lock fell, until then.
    Locked(Moment),
    /// One fell until then though nobody had failed.
    Paused(Moment),
    /// A ban fell.
    Banned,
    /// A lock was lifted.
    Unlocked,
    /// A ban was lifted.
    Unbanned,
}

impl Budget {
    /// The one admission: refused while locked or banned, and then nothing is compared.
    pub fn admit(&self, now: Moment) -> Result<Admitted, Refusal> {
        if self.banned {
            return Err(Refusal::Banned);
        }
        self.lasts(now).map_or(Ok(Admitted(())), |until| Err(Refusal::Locked(until)))
    }

    /// Until when a lock lasts that has not ended.
    pub fn lasts(&self, now: Moment) -> Option<Moment> {
        self.locked_until.filter(|until| now < *until)
    }

    /// Counts one failed answer. Call it only after `admit`.
    pub fn fail(&mut self, rule: &Lockout, now: Moment) -> Consequence {
        self.locked_until = None; // admitted: an older lock is over
        self.failures += 1;
        if self.failures < rule.threshold { Consequence::Counted } else { self.lock(rule, now) }
    }

    /// Counts one attempt with unclear or wrong pictures against its own threshold. Call it only after `admit`.
    pub fn fail_quality(&mut self, threshold: u32, rule: &Lockout, now: Moment) -> Consequence {
        self.locked_until = None; // admitted: an older lock is over
        self.quality_failures += 1;
        if self.quality_failures < threshold { Consequence::Counted } else { self.lock(rule, now) }
    }

    fn lock(&mut self, rule: &Lockout, now: Moment) -> Consequence {
        (self.failures, self.quality_failures) = (0, 0);
        self.lockouts += 1;
        if rule.max_lockouts > 0 && self.lockouts >= rule.max_lockouts {
            self.banned = true;
            return Consequence::Banned;
        }
        let growth = rule.growth.checked_pow(self.lockouts - 1).unwrap_or(u64::MAX);
        let minutes = rule.duration_minutes.saturating_mul(growth).min(MAX_MINUTES);
        let until = now.plus_minutes(minutes);
        self.locked_until = Some(until);
        Consequence::Locked(until)
    }

    /// Nothing more is taken until then, though nobody failed: it is no lock that leads to a ban.
    pub fn pause(&mut self, until: Moment) {
        self.locked_until = self.locked_until.max(Some(until));
    }

    /// Does again what was done in another life of the store. A lock that runs is not shortened.
    pub fn again(&mut self, redo: Redo, now: Moment) {
        match redo {
            Redo::Locked(until) => {
                (self.failures, self.quality_failures) = (0, 0);
                self.lockouts += 1;
                self.locked_until = self.locked_until.max(Some(until));
            }
            Redo::Paused(until) => self.pause(until),
            Redo::Banned => self.banned = true,
            Redo::Unlocked => drop(self.lift(now, false)),
            Redo::Unbanned => drop(self.lift(now, true)),
        }
    }

    /// A right answer clears the failures and keeps the lockouts.
    pub fn succeed(&mut self) {
        (self.failures, self.quality_failures) = (0, 0);
        self.locked_until = None;
    }

    /// An agent lifts a lock; with `ban` an admin lifts a ban. True when something was lifted.
    pub fn lift(&mut self, now: Moment, ban: bool) -> bool {
        let locked = self.lasts(now).is_some();
        if self.banned && ban {
            *self = Self::default();
            return true;
        }
        if locked && !self.banned {
            (self.failures, self.quality_failures) = (0, 0);
            self.locked_until = None;
        }
        locked && !self.banned
    }

    /// Nothing to remember.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(threshold: u32, max_lockouts: u32, growth: u64) -> Lockout {
        Lockout { threshold, duration_minutes: 15, growth, max_lockouts }
    }

    #[test]
    fn the_threshold_locks_and_the_last_lockout_bans() {
        let (mut budget, rule, mut now) = (Budget::default(), rule(2, 2, 1), Moment(0));
        assert_eq!(budget.fail(&rule, now), Consequence::Counted);
        assert_eq!(budget.fail(&rule, now), Consequence::Locked(Moment(900_000)));
        assert!(budget.admit(Moment(899_999)).is_err());
        now = Moment(900_000);
        budget.admit(now).expect("the lock is over at its end");
        assert_eq!(budget.fail(&rule, now), Consequence::Counted);
        assert_eq!(budget.fail(&rule, now), Consequence::Banned);
        assert_eq!(budget.admit(Moment(u64::MAX)).unwrap_err(), Refusal::Banned);
    }

    #[test]
    fn lockouts_grow_to_a_day_and_never_overflow() {
        let (mut budget, rule) = (Budget::default(), rule(1, 0, 10));
        let spans: Vec<u64> = (0..40)
            .map(|_| match budget.fail(&rule, Moment(0)) {
                Consequence::Locked(until) => until.0 / 60_000,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(&spans[..4], &[15, 150, 1440, 1440]);
        assert_eq!(spans[39], 1440);
    }

    #[test]
    fn what_was_done_in_another_life_is_done_again() {
        let (mut budget, now) = (Budget { failures: 2, ..Budget::default() }, Moment(10));
        budget.again(Redo::Locked(Moment(90)), now);
        budget.again(Redo::Locked(Moment(50)), now);
        assert_eq!((budget.failures, budget.lockouts, budget.locked_until), (0, 2, Some(Moment(90))));
        budget.again(Redo::Unlocked, now);
        budget.admit(now).expect("it was lifted");
        assert_eq!(budget.lockouts, 2, "who was locked before is known");
        budget.again(Redo::Paused(Moment(40)), now);
        assert_eq!((budget.lockouts, budget.locked_until), (2, Some(Moment(40))), "a pause counts towards no ban");
        budget.again(Redo::Banned, now);
        budget.again(Redo::Unlocked, now);
        assert_eq!(budget.admit(now).unwrap_err(), Refusal::Banned, "lifting a lock lifts no ban");
        budget.again(Redo::Unbanned, now);
        assert!(budget.is_clear());
    }

    #[test]
    fn an_agent_lifts_a_lock_and_not_a_ban() {
        let mut budget = Budget { banned: true, lockouts: 3, ..Budget::default() };
        assert!(!budget.lift(Moment(0), false) && budget.banned);
        assert!(budget.lift(Moment(0), true) && budget.is_clear());
    }
}
