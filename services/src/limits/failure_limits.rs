//! The records of customers' failure limits, each in a partition of its own: how they stand, one more
//! wrong answer, none any more. What the numbers mean is the domain's (`domain::failure_limit`).
//!
//! The order is the point. A wrong answer is counted here *before* the transaction that judged it is saved
//! and told: the other way round a crash in between would leave the answer judged, its reply
//! remembered and nothing counted, and whoever repeated that would guess for nothing. A right answer
//! clears *before* the flag goes up: afterwards a crash would leave failures that nothing clears.
//! Either way a crash errs towards refusing, or costs who knew the answer nothing. An admin's word is told by
//! the commit that lifts the failure limit, so that a ban is never lifted in silence, nor one lift told twice.

use super::Limits;
use crate::engine::{Effects, Error, KeyOf, Schedule, Slot, StoredRecord};
use crate::names::failure_limit_name;
use countersign_domain::conversation::failure_limit::{
    CustomerFailureLimit, CustomerFailureLimits, CustomerTag, KnownFailures, Need,
};
use countersign_domain::event::Event;
use countersign_domain::proof::lockout::Redo;
use countersign_domain::time::Moment;

impl StoredRecord for CustomerFailureLimit {
    fn schedule(&self, _: Moment) -> Schedule {
        Schedule { alarm: None, expires: self.forgotten_at() }
    }
}

impl Limits {
    /// Makes what a decision needs so. `answer` is the name of what is answered, where it has one:
    /// told again, it counts once.
    pub(crate) async fn meet(
        &self,
        needs: &[Need],
        answer: Option<&str>,
        limits: &mut CustomerFailureLimits,
    ) -> Result<(), Error> {
        for need in needs {
            let customer = need.customer();
            let failures = match need {
                Need::Look(_) => self.at_failure_limit(customer, |_, _| {}, None).await?,
                Need::Count(_) => self.at_failure_limit(customer, |limit, now| limit.count(answer, now), None).await?,
                Need::Clear(_) => self.at_failure_limit(customer, |limit, _| limit.clear(), None).await?,
                Need::Lift(_, told) => self.at_failure_limit(customer, |limit, _| limit.lift(), Some(told)).await?,
            };
            limits.know(customer.clone(), KnownFailures { failures, counted: matches!(need, Need::Count(_)) });
        }
        Ok(())
    }

    /// Takes back what was counted for an answer that was not judged after all: another one came
    /// between. Where that fails it stays counted.
    pub(crate) async fn take_back(&self, customer: &CustomerTag, answer: Option<&str>) {
        if let Err(error) = self.at_failure_limit(customer, |limit, _| limit.take_back(answer), None).await {
            tracing::warn!(%error, "an answer that was not judged stays counted at its customer's failure limit");
        }
    }

    /// Does again what was done to a failure limit in another life of the store.
    pub(crate) async fn failure_limit_again(&self, customer: &CustomerTag, redo: Redo) -> Result<(), Error> {
        self.at_failure_limit(customer, |limit, now| limit.again(redo, now), None).await.map(drop)
    }

    /// How one failure limit stands once that is so.
    pub(crate) async fn failure_limit(&self, need: Need) -> Result<KnownFailures, Error> {
        let mut limits = CustomerFailureLimits::default();
        self.meet(std::slice::from_ref(&need), None, &mut limits).await?;
        Ok(limits.of(need.customer()).unwrap_or_default())
    }

    /// Lets `change` act on a failure limit, and saves what it left; how many failures stand after. Where that lifts a
    /// ban, `lifted` is told with it.
    async fn at_failure_limit(
        &self,
        customer: &CustomerTag,
        change: impl Fn(&mut CustomerFailureLimit, Moment),
        lifted: Option<&Event>,
    ) -> Result<u32, Error> {
        let partition = self.engine.partition_of(&[b"failure_limit", customer.as_str().as_bytes()]);
        let key = KeyOf::<CustomerFailureLimit>::new(partition, failure_limit_name(customer.as_str()));
        let act = |slot: &mut Slot<CustomerFailureLimit>, effects: &mut Effects, now| {
            let before = slot.get().cloned().unwrap_or_default();
            let mut after = before.clone();
            change(&mut after, now);
            let failures = after.failures(now);
            if after == before {
                return Ok(failures);
            }
            if let Some(lifted) = lifted.filter(|_| before.bans() && !after.bans()) {
                effects.tell(lifted.clone());
            }
            if after.is_clear() {
                slot.delete();
            } else {
                slot.put(after);
            }
            Ok(failures)
        };
        self.engine.transact(&key, act).await
    }
}
