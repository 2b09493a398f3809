//! Reading and tending interactions, and what lists keep of them. How one begins, `open` says.
//! Acts on one go by way of `transactions`; how long a closed one is kept is `retention`'s.

use std::sync::Arc;

use super::Conversations;
use super::snapshots::{Acting, Snapshot};
use crate::engine::{Error, Execution, IdempotencyRecord};
use crate::names::address_of;
use crate::teams::TeamView;
use countersign_domain::base::id::{ChannelName, Conversation, InteractionId, ParticipantId, TeamName};
use countersign_domain::base::method::Guarded;
use countersign_domain::base::role::ParticipantRole;
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::context::{Context, Decision};
use countersign_domain::conversation::interaction::{Interaction, InteractionStatus, Person, PersonChange};
use countersign_domain::customer::StoredCustomer;
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::flag::maintain;
use countersign_domain::rules::flag::show::proved;
use countersign_domain::rules::flag::show::show;
use countersign_store::CommitId;

impl Conversations {
    /// An interaction as it is now, time included.
    pub async fn interaction(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Snapshot<()>, Error> {
        let seen = self.look_to_tell(id, team).await?;
        let team = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let facts = &seen.interaction;
        let address = address_of(&self.engine, &facts.team, &facts.channel, &facts.conversation);
        let address = self.engine.record_to_tell(&address).await?.unwrap_or_default();
        Ok(self.settled(&seen.interaction, address, team))
    }

    /// The interaction for a read of its flag: no address, so no second read.
    pub async fn flag(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Snapshot<()>, Error> {
        Ok(self.flag_again(id, team, None).await?.0)
    }

    /// The same, for somebody who keeps asking, and the version that it was read of: that is what to ask
    /// with the next time.
    pub(crate) async fn flag_again(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        told: Option<CommitId>,
    ) -> Result<(Snapshot<()>, CommitId), Error> {
        let seen = self.look_again(id, team, told).await?;
        let team = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        Ok((self.settled(&seen.interaction, Address::default(), team), seen.version))
    }

    /// What time has made of it, without saving: a read never waits for a sweep.
    fn settled(&self, interaction: &Arc<Interaction>, address: Address, team: Arc<TeamView>) -> Snapshot<()> {
        let now = self.engine.now();
        let of_this_epoch =
            interaction.status != InteractionStatus::Open || interaction.epoch >= self.engine.epoch().number;
        if of_this_epoch && interaction.deadline().is_none_or(|deadline| now < deadline) {
            return Snapshot::unchanged(interaction.clone(), address, team);
        }
        let environment = self.environment(&team, now);
        let context =
            Context::begin(Interaction::clone(interaction), address, environment, Actor::Time, self.engine.draws());
        let Decision { interaction, address, .. } = context.end(Ok(()));
        Snapshot::unchanged(Arc::new(interaction), address, team)
    }

    /// The open interaction of a conversation.
    pub async fn find(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        conversation: &Conversation,
    ) -> Result<Option<Snapshot<()>>, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let address = self.engine.record(&address_of(&self.engine, team, channel, conversation)).await?;
        match address.and_then(|address| address.open) {
            Some(id) => Ok(Some(self.interaction(id, Some(team)).await?)
                .filter(|h| h.interaction.status == InteractionStatus::Open)),
            None => Ok(None),
        }
    }

    /// The person is there, or is not.
    pub async fn presence(
        &self,
        request: Acting<'_>,
        who: Option<&ParticipantId>,
        online: bool,
    ) -> Result<Snapshot<()>, Error> {
        self.run(request.into(), |context| maintain::presence(context, who, online)).await
    }

    /// The flag falls.
    pub async fn sign_out(&self, request: Acting<'_>, who: Option<&ParticipantId>) -> Result<Snapshot<()>, Error> {
        self.run(request.into(), |context| maintain::sign_out(context, who)).await
    }

    /// The conversation ends.
    pub async fn close(&self, request: Acting<'_>) -> Result<Snapshot<()>, Error> {
        self.run(request.into(), maintain::close).await
    }

    /// Another person joins.
    pub async fn add_participant(
        &self,
        request: Acting<'_>,
        role: ParticipantRole,
        person: &Person,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<ParticipantId>>>,
    ) -> Result<Execution<Snapshot<ParticipantId>>, Error> {
        self.transact(request.into(), |context, _| maintain::add(context, role, person), idempotency).await
    }

    /// Another person takes a participant's place.
    pub async fn reassign(
        &self,
        request: Acting<'_>,
        who: &ParticipantId,
        change: &PersonChange,
    ) -> Result<Snapshot<()>, Error> {
        let rule = |context: &mut Context<'_>| {
            let participant = context.interaction.participant(who).ok_or(Refusal::NotFound("participant"))?;
            let person = change.apply(&participant.person);
            maintain::reassign(context, who, &person)
        };
        self.run(request.into(), rule).await
    }

    /// A lock is lifted; with `ban` also a ban.
    pub async fn unlock(
        &self,
        request: Acting<'_>,
        who: &ParticipantId,
        only: Option<Guarded>,
        reason: &str,
        ban: bool,
    ) -> Result<Snapshot<()>, Error> {
        self.run(request.into(), |context| maintain::unlock(context, who, only, reason, ban)).await
    }

    /// The team of an interaction, if a key signs for it: another node may have made or activated one a moment ago.
    pub(crate) async fn team_that_signs(&self, id: InteractionId) -> Result<Arc<TeamView>, Error> {
        let team = self.facts(id, None).await?.interaction.team.clone();
        let view = self.teams.team_with(&team, |view| view.signing.is_some()).await?;
        view.filter(|view| view.signing.is_some()).ok_or_else(|| Refusal::NoSecurityKey.into())
    }

    /// The record of the customer whom a participant was proved to be, for an agent: it stands in the audit
    /// trail before it is told.
    pub async fn show_customer(
        &self,
        request: Acting<'_>,
        who: Option<&ParticipantId>,
        unmasked: bool,
    ) -> Result<StoredCustomer, Error> {
        let snapshot = self.interaction(request.id, request.team).await?;
        let customer = proved(&snapshot.interaction, who, self.engine.now())?;
        let id = customer.record.as_ref().unwrap_or(&customer.id);
        let answer = match self.customers.directory(&snapshot.team) {
            Ok(asked) => asked.directory().by_id(id).await,
            Err(failure) => Err(failure),
        };
        let record = self.customers.heard(&snapshot.team, answer).await?.ok_or(Refusal::NotFound("customer"))?;
        self.run(request.into(), |context| show(context, who, &customer, unmasked)).await?;
        Ok(record)
    }
}
