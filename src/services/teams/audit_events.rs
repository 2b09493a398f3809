//! Acts that leave nothing behind but their word in the audit trail: somebody looked, or tried something out.
//! What was looked at or tried, and that it is told first, whoever calls says.

use super::{Teams, team_event};
use crate::domain::base::id::TeamName;
use crate::domain::event::{Actor, EventKind};
use crate::engine::Error;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::services::names::swept_name;

impl Teams {
    /// Tells what somebody did that left nothing else behind. It is saved before it is done.
    pub(crate) async fn record_audit_event(
        &self,
        team: &TeamName,
        kind: EventKind,
        actor: &Actor,
        data: serde_json::Value,
    ) -> Result<(), Error> {
        // A commit puts at least one record: this one says nothing.
        let reads = Reads { partition: self.engine.team_partition(team), names: vec![swept_name(team)] };
        let saved = self.engine.decide(&reads, |_, now| {
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(())) };
            change.put.push(PlainRecord { name: reads.names[0].clone(), ..PlainRecord::default() });
            change.events.push(team_event(team, kind, actor, now, data.clone()));
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }
}
