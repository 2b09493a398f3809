//! Acts that leave nothing behind but their word in the audit trail: somebody looked, or tried something out.
//! What was looked at or tried, and that it is told first, whoever calls says.

use super::{Teams, team_event};
use crate::engine::{Effects, Error};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::{Actor, EventData};

impl Teams {
    /// Tells what somebody did that left nothing else behind. It is saved before it is done.
    pub(crate) async fn record_audit_event(
        &self,
        team: &TeamName,
        data: EventData,
        actor: &Actor,
    ) -> Result<(), Error> {
        let tell = |(): &mut (), effects: &mut Effects, now| {
            effects.tell(team_event(team, data.clone(), actor, now));
            Ok(())
        };
        self.engine.transact(&self.engine.team_partition(team), tell).await
    }
}
