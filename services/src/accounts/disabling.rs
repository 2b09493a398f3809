//! What a disabled account takes with it besides its tickets: the flags that its logins have raised. They
//! are looked for in the team's list of interactions, as erasure does; nothing else names them.
//!
//! Who may disable an account, and what becomes of the account itself, `accounts` says.

use super::Accounts;
use crate::conversations::snapshots::Acting;
use crate::conversations::summary::Summary;
use crate::engine::{Error, decode};
use crate::names::list_index;
use countersign_domain::base::id::{CustomerId, InteractionId, TeamName};
use countersign_domain::conversation::interaction::Participant;
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::Order;

impl Accounts {
    /// Signs out whoever logged in as that customer, in every open conversation of the team.
    pub(crate) async fn lower_flags_of(&self, team: &TeamName, id: &CustomerId, actor: &Actor) -> Result<(), Error> {
        self.relay.catch_up(Some(team)).await?; // the list lags, and nothing must be missed
        let (index, mut cursor) = (list_index(team), None::<String>);
        loop {
            let page = self
                .engine
                .store
                .list(self.engine.team_partition(team), &index, Order::Falling, cursor.as_deref(), 100)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            cursor = Some(last.member.clone());
            for entry in page {
                let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                if summary.closed_at.is_none() && summary.customers.contains(id) {
                    let open = entry.member.parse().map_err(|_| Error::Damaged("the list of interactions".into()))?;
                    self.lower_flags_in(open, team, id, actor).await?;
                }
            }
        }
    }

    /// The same in one conversation.
    pub(crate) async fn lower_flags_in(
        &self,
        open: InteractionId,
        team: &TeamName,
        id: &CustomerId,
        actor: &Actor,
    ) -> Result<(), Error> {
        let seen = match self.conversations.look(open, Some(team)).await {
            Err(Error::Refused(Refusal::NotFound(_))) => return Ok(()),
            seen => seen?,
        };
        let (now, people) = (self.engine.now(), &seen.interaction.participants);
        for participant in people.iter().filter(|participant| is_logged_in_as(participant, id, now)) {
            let acting = Acting { id: open, team: Some(team), actor: actor.clone() };
            match self.conversations.sign_out(acting, Some(&participant.id)).await {
                Ok(_) | Err(Error::Refused(Refusal::Closed | Refusal::NotFound(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether her login stands there, or waits for its code.
fn is_logged_in_as(participant: &Participant, id: &CustomerId, now: Moment) -> bool {
    let by_login = participant.flag.raised(now).is_some_and(|raised| raised.login().is_some());
    (by_login || participant.pending().next().is_some()) && participant.may_be().any(|customer| customer == id)
}
