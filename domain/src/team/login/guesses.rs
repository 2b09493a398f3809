//! Wrong guesses at one account. Who guesses from a place that was shown to be the customer's is counted
//! apart: a stranger who guesses locks strangers out, and her in her own browser not.
//!
//! A password is compared outside of any commit, since that takes long. So a guess begins, which is saved,
//! and then ends; one that never ended (a crash) has failed. What the numbers mean is `lockout`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lock_of;
use crate::proof::lockout::{Budget, Consequence, Redo};
use crate::refusal::Refusal;
use crate::settings::Lockout;
use crate::time::Moment;

/// A guess that has not ended after so long never will.
const MAX_DURATION: Duration = Duration::from_secs(60);

/// How often somebody may be wrong, and has been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guesses {
    /// From anywhere else.
    #[serde(default, skip_serializing_if = "Budget::is_clear")]
    unknown: Budget,
    /// By device, from those that are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<String, Budget>,
    /// Guesses under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    begun: Vec<Begun>,
    /// The first of those that were wrong in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failed_at: Option<Moment>,
    /// When a lock fell last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_locked_at: Option<Moment>,
}

/// A guess under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    id: [u8; 8],
    at: Moment,
    /// The device, where it is a known one.
    from: Option<String>,
}

impl Guesses {
    /// Nothing to remember.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// Until when somebody is locked out: strangers, or a device that is known; the last of these locks.
    pub fn locked(&self, earliest: Moment) -> Option<Moment> {
        let budgets = std::iter::once(&self.unknown).chain(self.own.values());
        budgets.filter_map(|budget| budget.lasts(earliest)).max()
    }

    /// Wrong guesses of strangers in a row, and those that are still taken of them.
    pub fn counts(&self, rule: &Lockout, earliest: Moment) -> (u32, u32) {
        let failed = self.unknown.failures;
        let left = if self.unknown.lasts(earliest).is_some() { 0 } else { rule.threshold.saturating_sub(failed) };
        (failed, left)
    }

    fn budget(&mut self, from: Option<&str>) -> &mut Budget {
        match from {
            Some(device) => self.own.entry(device.to_owned()).or_default(),
            None => &mut self.unknown,
        }
    }

    /// Whether a guess may be made from there now; then nothing is compared.
    pub fn admit(&mut self, from: Option<&str>, earliest: Moment) -> Result<(), Refusal> {
        self.budget(from).admit(earliest).map(drop)
    }

    /// A guess begins. Refused while locked, and where so many are under way that the next could be one
    /// too many.
    pub fn begin(&mut self, id: [u8; 8], from: Option<&str>, rule: &Lockout, earliest: Moment) -> Result<(), Refusal> {
        let late = |begun: &Begun| earliest.since(begun.at) >= MAX_DURATION;
        let (over, begun): (Vec<_>, Vec<_>) = std::mem::take(&mut self.begun).into_iter().partition(late);
        self.begun = begun;
        for one in over {
            self.fail(one.from.as_deref(), rule, earliest);
        }
        self.admit(from, earliest)?;
        let under_way = self.begun.iter().filter(|one| one.from.as_deref() == from).count();
        let failures = usize::try_from(self.budget(from).failures).unwrap_or(usize::MAX);
        if failures.saturating_add(under_way) >= usize::try_from(rule.threshold).unwrap_or(usize::MAX) {
            return Err(Refusal::Locked(earliest.plus(MAX_DURATION)));
        }
        self.begun.push(Begun { id, at: earliest, from: from.map(str::to_owned) });
        Ok(())
    }

    /// That guess was wrong; until when it locks, where it does. One that took too long was counted then.
    pub fn wrong(&mut self, id: [u8; 8], rule: &Lockout, earliest: Moment) -> Option<Moment> {
        let at = self.begun.iter().position(|one| one.id == id)?;
        let begun = self.begun.remove(at);
        self.fail(begun.from.as_deref(), rule, earliest)
    }

    /// That guess was right. False where it took so long that it was counted as a wrong one.
    pub fn right(&mut self, id: [u8; 8]) -> bool {
        let Some(at) = self.begun.iter().position(|one| one.id == id) else { return false };
        let begun = self.begun.remove(at);
        self.succeed(begun.from.as_deref());
        true
    }

    /// That guess could not be judged: it never began.
    pub fn take_back(&mut self, id: [u8; 8]) {
        self.begun.retain(|one| one.id != id);
    }

    /// A guess was wrong; until when it locks, where it does.
    pub fn fail(&mut self, from: Option<&str>, rule: &Lockout, earliest: Moment) -> Option<Moment> {
        self.first_failed_at.get_or_insert(earliest);
        let until = match self.budget(from).fail(rule, earliest) {
            Consequence::Counted => None,
            fell => lock_of(fell),
        };
        if until.is_some() {
            self.last_locked_at = Some(earliest);
        }
        until
    }

    /// A guess was right: what failed from there is forgotten.
    pub fn succeed(&mut self, from: Option<&str>) {
        self.budget(from).succeed();
        self.own.retain(|_, budget| !budget.is_clear());
        if self.unknown.failures == 0 {
            self.first_failed_at = None;
        }
    }

    /// A lock on strangers that fell in another life of the store falls again.
    pub fn again(&mut self, until: Moment, earliest: Moment) {
        self.unknown.again(Redo::Locked(until), earliest);
        self.last_locked_at = self.last_locked_at.max(Some(earliest));
    }

    /// Everything is forgotten, locks and all.
    pub fn forgive(&mut self) {
        *self = Self { last_locked_at: self.last_locked_at, ..Self::default() };
    }
}
