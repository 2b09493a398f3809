//! The records of customers' ceilings, each in a partition of its own: how they stand, one more
//! wrong answer, none any more. What the numbers mean is the domain's (`domain::ceiling`).
//!
//! The order is the point. A wrong answer is counted here *before* the turn that judged it is saved
//! and told: the other way round a crash in between would leave the answer judged, its reply
//! remembered and nothing counted, and whoever repeated that would guess for nothing. A right answer
//! clears *before* the flag goes up: afterwards a crash would leave failures that nothing clears.
//! Either way a crash errs towards refusing, or costs who knew the answer nothing.

use super::decide::{Change, Confirm, Opened, Plain, Reads};
use super::names::ceiling_name;
use super::{Error, Gateway, decode, encode};
use crate::domain::ceiling::{Ceiling, Ceilings, CustomerTag, Known, Need};
use crate::domain::lockout::Redo;
use crate::domain::time::Moment;

impl Gateway {
    /// Makes what a decision needs so. `answer` is the name of what is answered, where it has one:
    /// told again, it counts once.
    pub(super) async fn meet(
        &self,
        needs: &[Need],
        answer: Option<&str>,
        ceilings: &mut Ceilings,
    ) -> Result<(), Error> {
        for need in needs {
            let (customer, known) = match need {
                Need::Look(customer) => {
                    let failures = self.at_ceiling(customer, |_, _| false).await?;
                    (customer, Known { failures, ..Known::default() })
                }
                Need::Count(customer) => {
                    let failures = self.at_ceiling(customer, |ceiling, now| {
                        ceiling.count(answer, now);
                        true
                    });
                    (customer, Known { failures: failures.await?, counted: true, cleared: false })
                }
                Need::Clear(customer) => {
                    let clear = |ceiling: &mut Ceiling, now| {
                        ceiling.clear(now);
                        true
                    };
                    let failures = self.at_ceiling(customer, clear).await?;
                    (customer, Known { failures, counted: false, cleared: failures == 0 })
                }
                Need::Lift(customer) => {
                    let lift = |ceiling: &mut Ceiling, _| {
                        ceiling.lift();
                        true
                    };
                    let failures = self.at_ceiling(customer, lift).await?;
                    (customer, Known { failures, counted: false, cleared: true })
                }
            };
            ceilings.know(customer.clone(), known);
        }
        Ok(())
    }

    /// Takes back what was counted for an answer that was not judged after all: another one came
    /// between. Where that fails it stays counted.
    pub(super) async fn take_back(&self, customer: &CustomerTag, answer: Option<&str>) {
        let back = |ceiling: &mut Ceiling, _| {
            ceiling.take_back(answer);
            true
        };
        if let Err(error) = self.at_ceiling(customer, back).await {
            tracing::warn!(%error, "an answer that was not judged stays counted at its customer's ceiling");
        }
    }

    /// Does again what was done to a ceiling in another life of the store.
    pub(super) async fn ceiling_again(&self, customer: &CustomerTag, redo: Redo) -> Result<(), Error> {
        let again = |ceiling: &mut Ceiling, now| {
            ceiling.again(redo, now);
            true
        };
        self.at_ceiling(customer, again).await.map(drop)
    }

    /// Lets `change` act on a ceiling, and saves it where it says so; how many failures stand after.
    async fn at_ceiling(
        &self,
        customer: &CustomerTag,
        change: impl Fn(&mut Ceiling, Moment) -> bool,
    ) -> Result<u32, Error> {
        let name = ceiling_name(customer.as_str());
        let partition = self.partition_of(&[b"ceiling", customer.as_str().as_bytes()]);
        let reads = Reads { partition, names: vec![name.clone()] };
        let saved = self.decide(&reads, |records, now| {
            let opened = |bytes: &Opened| decode::<Ceiling>(&name, bytes);
            let before = records[0].as_ref().map(opened).transpose()?.unwrap_or_default();
            let mut after = before.clone();
            let wanted = change(&mut after, now);
            let mut told = Change::nothing(Ok(after.failures(now)));
            if wanted && after != before {
                told.confirm = Confirm::Written;
                match after.is_clear() {
                    true => told.delete.push(name.clone()),
                    false => told.put.push(Plain {
                        name: name.clone(),
                        bytes: encode(&after),
                        alarm: None,
                        expires: after.forgotten_at(),
                    }),
                }
            }
            Ok(told)
        });
        Ok(saved.await?.outcome?)
    }
}
