//! What failed answers have led to, as callers read it: all methods together, and each.
//! When a budget locks is `domain::lockout`'s.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Viewer;
use crate::domain::base::method::Guarded;
use crate::domain::conversation::address::Address;
use crate::domain::conversation::interaction::Participant;
use crate::domain::proof::link;
use crate::domain::proof::lockout::Budget;

/// What failed answers have led to.
#[derive(Serialize, ToSchema)]
pub struct LockoutView {
    /// `clear`, `locked` or `banned`.
    status: &'static str,
    until: Option<String>,
    failures: u32,
    lockouts: u32,
    by_method: BTreeMap<String, MethodLockoutView>,
    /// Until when no links are sent in this participant's name, since one was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_until: Option<String>,
}

/// The same of one method.
#[derive(Serialize, ToSchema)]
pub struct MethodLockoutView {
    status: &'static str,
    until: Option<String>,
    failures: u32,
    /// Of documents: unclear or wrong pictures, which count apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_failures: Option<u32>,
    lockouts: u32,
}

impl Viewer<'_> {
    pub(super) fn lockout(self, participant: &Participant, address: &Address) -> LockoutView {
        let pseudonym = |own: &str| self.keys.pseudonym.tag(&[own.as_bytes()]).name();
        let methods = Guarded::ALL.into_iter().filter_map(|what| {
            let budget = address.budgets.get(&Address::budget_name(what, participant, pseudonym))?;
            Some((what.to_string(), self.budget(budget)))
        });
        let by_method: BTreeMap<String, MethodLockoutView> = methods.collect();
        let reported = address.reported_until.get(&Address::budget_name(link::BUDGET, participant, pseudonym));
        let reported = reported.filter(|until| self.earliest < **until);
        let rank = |status: &str| ["clear", "locked", "banned"].iter().position(|s| *s == status);
        let status = by_method.values().map(|m| m.status).max_by_key(|s| rank(s)).unwrap_or("clear");
        LockoutView {
            status,
            until: by_method.values().filter_map(|m| m.until.clone()).max(),
            failures: by_method.values().map(|m| m.failures).sum(),
            lockouts: by_method.values().map(|m| m.lockouts).sum(),
            by_method,
            reported_until: reported.map(|until| until.shown(self.earliest, self.now).to_string()),
        }
    }

    fn budget(self, budget: &Budget) -> MethodLockoutView {
        let until = budget.lasts(self.earliest).map(|until| until.shown(self.earliest, self.now));
        let status = match (budget.banned, until) {
            (true, _) => "banned",
            (false, Some(_)) => "locked",
            (false, None) => "clear",
        };
        let (failures, lockouts) = (budget.failures, budget.lockouts);
        let quality_failures = Some(budget.quality_failures).filter(|failures| *failures > 0);
        MethodLockoutView { status, until: until.map(|u| u.to_string()), failures, quality_failures, lockouts }
    }
}
