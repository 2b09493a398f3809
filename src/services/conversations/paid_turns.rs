//! Rules that may queue a message: it is paid for before the rule runs, and paid back where nothing was queued.
//! What a message costs, `send_budget` says.

use super::Conversations;
use super::visits::{Held, Visit};
use crate::domain::conversation::address::Address;
use crate::domain::conversation::destination::Destination;
use crate::domain::conversation::turn::{Decision, Turn};
use crate::domain::refusal::Refusal;
use crate::engine::decide::Reads;
use crate::engine::replay::{Remember, Told};
use crate::engine::{Error, decode};
use crate::services::names::address_of;
use crate::services::teams::TeamView;

/// Turns that are begun anew because somebody was reassigned between paying and sending.
const MAX_ATTEMPTS: u32 = 8;

impl Conversations {
    /// Lets a rule decide that may queue a message. What it says must be paid for is paid first,
    /// and given back where nothing was queued.
    pub(crate) async fn turn_paid<T: Clone>(
        &self,
        visit: Visit<'_>,
        payable: impl Fn(&mut Turn<'_>) -> Option<Destination>,
        rule: impl Fn(Turn<'_>, &TeamView) -> Decision<T>,
        remember: Option<&Remember<'_, Held<T>>>,
    ) -> Result<Told<Held<T>>, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let Some((team, destination)) = self.what_to_pay(&visit, &payable).await? else {
                return self.turn(visit, rule, remember).await;
            };
            if let Some(reply) = self.earlier_reply(&visit, remember).await? {
                return Ok(Told::Again(reply));
            }
            let paid = self.limits.pay(&team, destination).await?;
            let told = self.turn_with(visit.clone(), Some(paid), &rule, remember).await;
            let queued = matches!(&told, Ok(Told::Fresh(held)) if !held.claimed.is_empty());
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
        visit: &Visit<'_>,
        payable: &impl Fn(&mut Turn<'_>) -> Option<Destination>,
    ) -> Result<Option<(std::sync::Arc<TeamView>, Destination)>, Error> {
        let seen = self.look(visit.id, visit.team).await?;
        let facts = &seen.interaction;
        let team = self.teams.team(&facts.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let (partition, name) = address_of(&self.engine, &facts.team, &facts.channel, &facts.conversation);
        let mut opened = self.engine.read(&Reads { partition, names: vec![name.clone()] }).await?;
        let address = opened.pop().flatten().map_or(Ok(Address::default()), |b| decode(&name, &b))?;
        let around = self.around(&team, self.engine.now());
        let mut turn = Turn::begin((**facts).clone(), address, around, visit.actor.clone(), self.engine.draws());
        let destination = payable(&mut turn);
        drop(turn);
        Ok(destination.map(|destination| (team, destination)))
    }

    /// The reply that the same request got earlier: it stands, whatever the budgets say now.
    async fn earlier_reply<T>(
        &self,
        visit: &Visit<'_>,
        remember: Option<&Remember<'_, Held<T>>>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(remember) = remember else { return Ok(None) };
        let reads = Reads { partition: crate::store::Partition(visit.id.partition()), names: vec![remember.name()] };
        remember.earlier(&self.engine.read_to_tell(&reads).await?[0], self.engine.now())
    }
}
