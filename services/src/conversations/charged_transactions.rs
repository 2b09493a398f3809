//! Rules that may queue a message: it is paid for before the rule runs, and paid back where nothing was queued.
//! `send_budget` says what a message costs.

use super::Conversations;
use super::snapshots::{RequestContext, Snapshot};
use crate::engine::Error;
use crate::engine::decide::Reads;
use crate::engine::replay::{Execution, IdempotencyRecord};
use crate::names::address_of;
use crate::teams::TeamView;
use countersign_domain::conversation::context::Context;
use countersign_domain::conversation::destination::Destination;
use countersign_domain::refusal::Refusal;

/// Turns that are begun anew because somebody was reassigned between paying and sending.
const MAX_ATTEMPTS: u32 = 8;

impl Conversations {
    /// Lets a rule decide that may queue a message. What it says must be paid for is paid first,
    /// and given back where nothing was queued.
    pub(crate) async fn transact_charged<T: Clone>(
        &self,
        request: RequestContext<'_>,
        payable: impl Fn(&mut Context<'_>) -> Option<Destination>,
        rule: impl Fn(&mut Context<'_>, &TeamView) -> Result<T, Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
    ) -> Result<Execution<Snapshot<T>>, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let Some((team, destination)) = self.what_to_pay(&request, &payable).await? else {
                return self.transact(request, rule, idempotency).await;
            };
            if let Some(reply) = self.earlier_reply(&request, idempotency).await? {
                return Ok(Execution::Replayed(reply));
            }
            let quota_receipt = self.limits.pay(&team, destination).await?;
            let told = self.transact_with(request.clone(), Some(quota_receipt), &rule, idempotency).await;
            let queued = matches!(&told, Ok(Execution::Executed(snapshot)) if !snapshot.claimed.is_empty());
            // Where nobody knows whether it was queued, it was.
            if !queued && !matches!(told, Err(Error::Away(_) | Error::Damaged(_))) {
                self.limits.give_back(&team, destination).await;
            }
            match told {
                Err(Error::Refused(Refusal::Unpaid)) => {}
                told => return told,
            }
        }
        Err(Error::Away("a participant who is reassigned again and again".into()))
    }

    async fn what_to_pay(
        &self,
        request: &RequestContext<'_>,
        payable: &impl Fn(&mut Context<'_>) -> Option<Destination>,
    ) -> Result<Option<(std::sync::Arc<TeamView>, Destination)>, Error> {
        let seen = self.look(request.id, request.team).await?;
        let facts = &seen.interaction;
        let team = self.teams.team(&facts.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let address = address_of(&self.engine, &facts.team, &facts.channel, &facts.conversation);
        let address = self.engine.record(&address).await?.unwrap_or_default();
        let environment = self.environment(&team, self.engine.now());
        let mut context =
            Context::begin((**facts).clone(), address, environment, request.actor.clone(), self.engine.draws());
        let destination = payable(&mut context);
        drop(context);
        Ok(destination.map(|destination| (team, destination)))
    }

    /// The reply that the same request got earlier: it stands, whatever the budgets say now.
    async fn earlier_reply<T>(
        &self,
        request: &RequestContext<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let reads =
            Reads { partition: countersign_store::Partition(request.id.partition()), names: vec![idempotency.name()] };
        idempotency.earlier(&self.engine.read_to_tell(&reads).await?[0], self.engine.now())
    }
}
