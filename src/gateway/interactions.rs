//! Reading and tending interactions, and what lists keep of them. How one begins, `openings` says.
//! Acts on one go by way of `turns`; how long a closed one is kept is `retention`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::decide::Reads;
use super::links::fresh;
use super::turns::{Visit, With};
use super::{Error, Gateway, Held, Remember, Told, decode};
use crate::domain::address::Address;
use crate::domain::event::{Actor, EventKind};
use crate::domain::id::{ChannelName, Conversation, CustomerId, InteractionId, ParticipantId, TeamName};
use crate::domain::interaction::{Interaction, Participant, Person, PersonChange, Role, Status};
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;
use crate::domain::rules::maintain;
use crate::domain::time::Moment;
use crate::domain::turn::{Decision, Turn};
use crate::gateway::teams::TeamView;
use crate::store::CommitId;

/// What the index of a team's interactions keeps of each, so that filters need not open records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub channel: ChannelName,
    pub conversation: Conversation,
    pub names: Vec<String>,
    pub customers: Vec<CustomerId>,
    pub closed_at: Option<Moment>,
}

impl Summary {
    pub fn of(interaction: &Interaction) -> Self {
        let people = interaction.participants.iter();
        Self {
            channel: interaction.channel.clone(),
            conversation: interaction.conversation.clone(),
            names: people.clone().filter_map(|p| p.person.name.clone()).collect(),
            customers: people.flat_map(Participant::may_be).collect::<BTreeSet<_>>().into_iter().cloned().collect(),
            closed_at: match interaction.status {
                Status::Open => None,
                Status::Closed(at) => Some(at),
            },
        }
    }

    /// Whether an event of that kind may come with another summary. A link's steps do not, so what
    /// the list keeps is not written anew for each of them; nor does the end of a ban, which a failure limit tells from
    /// elsewhere: what was read for it could be older than what stands there.
    pub fn may_change_with(kind: EventKind) -> bool {
        use EventKind::{Expiring, IntentResumed, LinkIssued, LinkOpened, Unbanned};
        !matches!(kind, LinkIssued | LinkOpened | IntentResumed | Expiring | Unbanned)
    }
}

impl Gateway {
    /// An interaction as it is now, time included.
    pub async fn interaction(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Held<()>, Error> {
        let seen = self.look_to_tell(id, team).await?;
        let team = self.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let facts = &seen.interaction;
        let (partition, name) = self.address_of(&facts.team, &facts.channel, &facts.conversation);
        let mut opened = self.read_to_tell(&Reads { partition, names: vec![name.clone()] }).await?;
        let address = opened.pop().flatten().map_or(Ok(Address::default()), |b| decode(&name, &b))?;
        Ok(self.settled(&seen.interaction, address, team))
    }

    /// The interaction for a read of its flag: no address, so no second read.
    pub async fn flag(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Held<()>, Error> {
        Ok(self.flag_again(id, team, None).await?.0)
    }

    /// The same, for somebody who keeps asking, and the version that it was read of: that is what to ask
    /// with the next time.
    pub(super) async fn flag_again(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        told: Option<CommitId>,
    ) -> Result<(Held<()>, CommitId), Error> {
        let seen = self.look_again(id, team, told).await?;
        let team = self.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        Ok((self.settled(&seen.interaction, Address::default(), team), seen.version))
    }

    /// What time has made of it, without saving: a read never waits for a sweep.
    fn settled(&self, interaction: &Arc<Interaction>, address: Address, team: Arc<TeamView>) -> Held<()> {
        let now = self.now();
        let of_this_epoch = interaction.status != Status::Open || interaction.epoch >= self.epoch().number;
        if of_this_epoch && interaction.deadline().is_none_or(|deadline| now < deadline) {
            return Held {
                outcome: (),
                interaction: interaction.clone(),
                address,
                team,
                claimed: Vec::new(),
                spent: Vec::new(),
                back: None,
            };
        }
        let around = self.around(&team, now);
        let turn = Turn::begin(Interaction::clone(interaction), address, around, Actor::Time, self.draws());
        let Decision { interaction, address, .. } = maintain::tick(turn);
        let (claimed, spent) = (Vec::new(), Vec::new());
        Held { outcome: (), interaction: Arc::new(interaction), address, team, claimed, spent, back: None }
    }

    /// The open interaction of a conversation.
    pub async fn find(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        conversation: &Conversation,
    ) -> Result<Option<Held<()>>, Error> {
        self.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (partition, name) = self.address_of(team, channel, conversation);
        let mut opened = self.read(&Reads { partition, names: vec![name.clone()] }).await?;
        let address: Address = opened.pop().flatten().map_or(Ok(Address::default()), |b| decode(&name, &b))?;
        match address.open {
            Some(id) => {
                Ok(Some(self.interaction(id, Some(team)).await?).filter(|h| h.interaction.status == Status::Open))
            }
            None => Ok(None),
        }
    }

    /// The person is there, or is not.
    pub async fn presence(
        &self,
        visit: Acting<'_>,
        who: Option<&ParticipantId>,
        online: bool,
    ) -> Result<Held<()>, Error> {
        fresh(self.turn(visit.into(), |turn, _| maintain::presence(turn, who, online), None).await?)
    }

    /// The flag falls.
    pub async fn sign_out(&self, visit: Acting<'_>, who: Option<&ParticipantId>) -> Result<Held<()>, Error> {
        fresh(self.turn(visit.into(), |turn, _| maintain::sign_out(turn, who), None).await?)
    }

    /// The conversation ends.
    pub async fn close(&self, visit: Acting<'_>) -> Result<Held<()>, Error> {
        fresh(self.turn(visit.into(), |turn, _| maintain::close(turn), None).await?)
    }

    /// Another person joins.
    pub async fn add_participant(
        &self,
        visit: Acting<'_>,
        role: Role,
        person: &Person,
        remember: Option<&Remember<'_, Held<ParticipantId>>>,
    ) -> Result<Told<Held<ParticipantId>>, Error> {
        self.turn(visit.into(), |turn, _| maintain::add(turn, role, person), remember).await
    }

    /// Another person takes a participant's place.
    pub async fn reassign(
        &self,
        visit: Acting<'_>,
        who: &ParticipantId,
        change: &PersonChange,
    ) -> Result<Held<()>, Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| match turn.interaction.participant(who) {
            None => turn.refuse(Refusal::NotFound("participant")),
            Some(participant) => {
                let person = change.apply(&participant.person);
                maintain::reassign(turn, who, &person)
            }
        };
        fresh(self.turn(visit.into(), rule, None).await?)
    }

    /// A lock is lifted; with `ban` also a ban.
    pub async fn unlock(
        &self,
        visit: Acting<'_>,
        who: &ParticipantId,
        only: Option<Guarded>,
        reason: &str,
        ban: bool,
    ) -> Result<Held<()>, Error> {
        fresh(self.turn(visit.into(), |turn, _| maintain::unlock(turn, who, only, reason, ban), None).await?)
    }
}

/// Which interaction, for which team's caller, by whom.
#[derive(Clone)]
pub struct Acting<'a> {
    /// The interaction.
    pub id: InteractionId,
    /// The caller's team; None: an owner, who sees every team's.
    pub team: Option<&'a TeamName>,
    /// How the audit trail names the caller.
    pub actor: Actor,
}

impl<'a> From<Acting<'a>> for Visit<'a> {
    fn from(acting: Acting<'a>) -> Self {
        Visit { id: acting.id, team: acting.team, actor: acting.actor, with: With::Nothing }
    }
}
