//! Opening a conversation: the one that is open there is found, else one begins; with the identity token of a
//! website that knows the customer, the flag goes up in the same commit.
//! `domain::rules::flag::open` decides; that an identity token counts once is reserved here.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::snapshots::Snapshot;
use super::{Conversations, Parsed};
use crate::customers::directories::LoginIdentity;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::{Error, Execution, IdempotencyRecord, KeyOf, decode, encode};
use crate::names::{address_of, interaction_name};
use crate::teams::TeamView;
use countersign_domain::base::id::InteractionId;
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::context::{Context, Decision};
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::event::Actor;
use countersign_domain::proof::assertion;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::flag::open;
use countersign_domain::rules::flag::open::NewInteraction;
use countersign_domain::rules::flag::open::VouchedIdentity;
use countersign_domain::secret::Tag;
use countersign_domain::time::Moment;

/// Attempts to open at an address that others open and close at the same time.
const MAX_ATTEMPTS: u32 = 16;

/// No identity token is good for so long, whatever clocks do meanwhile.
const MEMORY_OF_TOKENS: Duration = Duration::from_secs(3600);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spent {
    address: Tag,
}

impl Conversations {
    /// Opens a conversation, or finds the one that is open there; the outcome is true where it
    /// was opened now. With an identity token the primary is authenticated.
    pub async fn open(
        &self,
        new_interaction: &NewInteraction,
        identity_token: Option<&str>,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<bool>>>,
    ) -> Result<Execution<Snapshot<bool>>, Error> {
        let team = match identity_token {
            Some(token) => self.teams.team_signing(&new_interaction.team, token).await?,
            None => self.teams.team(&new_interaction.team).await?,
        };
        let team = team.ok_or(Refusal::NotFound("team"))?;
        let at =
            address_of(&self.engine, &new_interaction.team, &new_interaction.channel, &new_interaction.conversation);
        if let Some(idempotency) = idempotency {
            // An earlier reply stands, also where its identity token has grown old since.
            let reads = Reads { partition: at.partition, names: vec![idempotency.name()] };
            if let Some(reply) = idempotency.earlier(&self.engine.read_to_tell(&reads).await?[0], self.engine.now())? {
                return Ok(Execution::Replayed(reply));
            }
        }
        let vouched = match identity_token {
            None => None,
            Some(token) => Some(self.reserve_identity_token(&team, new_interaction, token, &at.name, actor).await?),
        };
        let attempt = Attempt { conversations: self, team, new_interaction, vouched, actor, at };
        for _ in 0..MAX_ATTEMPTS {
            if let Some(told) = attempt.run(idempotency).await? {
                return Ok(told);
            }
        }
        Err(Error::Away("too many openings of one conversation".into()))
    }

    /// Judges an identity token and reserves its `jti` for this conversation. Whether it counted
    /// here already stands with the address.
    async fn reserve_identity_token(
        &self,
        team: &TeamView,
        new_interaction: &NewInteraction,
        token: &str,
        address: &str,
        actor: &Actor,
    ) -> Result<VouchedIdentity, Error> {
        let audience = format!("{}/v1/interactions", self.urls.public_url());
        let mut identity =
            assertion::identity(token, &audience, &team.verifying, self.engine.now(), self.engine.epoch().since)?;
        self.teams.note_key_use(team, &identity.kid).await;
        if identity.conversation.as_ref().is_some_and(|c| *c != new_interaction.conversation) {
            return Err(Refusal::BadAssertion("another conversation's").into());
        }
        match self.customers.identify(team, &mut identity.proof).await? {
            LoginIdentity::Known => {}
            LoginIdentity::Nobody => return Err(Refusal::NoMatchingRecord.into()),
            LoginIdentity::Several => {
                self.customers.tell_ambiguous(&new_interaction.team, actor).await?;
                return Err(Refusal::NoMatchingRecord.into());
            }
        }
        let team_name = new_interaction.team.as_str().as_bytes();
        let tag = self.engine.keys.replay.tag(&[b"jti", team_name, identity.jti.as_bytes()]);
        let name = format!("j/{}", tag.name());
        let reads = Reads { partition: self.engine.partition_of(&[b"jti", tag.as_bytes()]), names: vec![name.clone()] };
        let mark = self.engine.keys.replay.tag(&[b"address", address.as_bytes()]);
        let until = self.engine.now().plus(MEMORY_OF_TOKENS);
        let saved = self.engine.decide(&reads, |records, now| {
            if let Some(bytes) = &records[0] {
                let spent: Spent = decode(&name, bytes)?;
                let ours = if spent.address == mark { Ok(()) } else { Err(Refusal::TokenUsed) };
                return Ok(Change::nothing(ours));
            }
            // Whoever waited here until it ended may find forgotten that it was reserved elsewhere.
            if now >= identity.ends_at {
                return Ok(Change::nothing(Err(Refusal::BadAssertion("expired"))));
            }
            let bytes = encode(&Spent { address: mark });
            let put = PlainRecord { name: name.clone(), bytes, expires: Some(until), ..PlainRecord::default() };
            Ok(Change { put: vec![put], confirm: Confirm::Written, ..Change::nothing(Ok(())) })
        });
        saved.await?.outcome?;
        Ok(VouchedIdentity { name: tag.name(), ends_at: identity.ends_at, until, proof: identity.proof })
    }
}

/// One attempt to open a conversation.
struct Attempt<'a> {
    conversations: &'a Conversations,
    team: Arc<TeamView>,
    new_interaction: &'a NewInteraction,
    vouched: Option<VouchedIdentity>,
    actor: &'a Actor,
    at: KeyOf<Address>,
}

impl Attempt<'_> {
    fn new_id(&self) -> InteractionId {
        let engine = &self.conversations.engine;
        InteractionId::new(engine.now(), engine.draw(), self.at.partition.0)
    }

    /// None: somebody else opened or closed meanwhile; look again.
    async fn run(
        &self,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<bool>>>,
    ) -> Result<Option<Execution<Snapshot<bool>>>, Error> {
        let conversations = self.conversations;
        let found = conversations.engine.record(&self.at).await?.and_then(|address| address.open);
        let id = found.unwrap_or_else(|| self.new_id());
        let mut names = vec![self.at.name.clone(), interaction_name(id)];
        names.extend(idempotency.map(IdempotencyRecord::name));
        let reads = Reads { partition: self.at.partition, names };
        let draws = conversations.engine.draws();
        let saved = conversations.engine.decide(&reads, |records, now| {
            if let Some(idempotency) = idempotency
                && let Some(reply) = idempotency.earlier(&records[2], now)?
            {
                return Ok(Change::nothing(Ok(Some(Execution::Replayed(reply)))));
            }
            let address = records[0].as_ref().map_or(Ok(Address::default()), |b| self.address(b))?;
            if address.open != found {
                return Ok(Change::nothing(Ok(None)));
            }
            let environment = conversations.environment(&self.team, now);
            match (found, &records[1]) {
                (Some(_), Some(bytes)) => {
                    let before: Interaction = decode(&reads.names[1], bytes)?;
                    let context =
                        Context::begin(before.clone(), address.clone(), environment, self.actor.clone(), draws.clone());
                    Ok(self.go_on(&before, &address, context, idempotency, now))
                }
                // Erased between the two readings: look again.
                (Some(_), None) => Ok(Change::nothing(Ok(None))),
                // This attempt opened it, was not told so, and it has ended since: look again, under another id.
                (None, Some(_)) => Ok(Change::nothing(Ok(None))),
                (None, None) => {
                    let context = open::open(
                        id,
                        self.new_interaction,
                        address.clone(),
                        environment,
                        self.actor.clone(),
                        draws.clone(),
                    );
                    Ok(self.begin(&address, context, idempotency, now))
                }
            }
        });
        let saved = saved.await?;
        let told = saved.outcome?;
        if let (Some(Execution::Executed(snapshot)), Some(version)) = (&told, saved.version) {
            conversations.parsed.insert(id, Arc::new(Parsed { version, interaction: snapshot.interaction.clone() }));
        }
        Ok(told)
    }

    fn address(&self, bytes: &[u8]) -> Result<Address, Error> {
        decode(&self.at.name, bytes)
    }

    /// A new interaction.
    fn begin(
        &self,
        address: &Address,
        context: Context<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<bool>>>,
        now: Moment,
    ) -> Change<Option<Execution<Snapshot<bool>>>> {
        // Whatever it was before, it is not what is saved now.
        let nothing = Interaction { links_made: u16::MAX, ..context.interaction.clone() };
        let decision = self.vouched(context, true);
        if let Err(refusal) = decision.outcome {
            return Change::nothing(Err(refusal)); // whose word is refused has opened nothing
        }
        self.saved(&nothing, address, decision, idempotency, now)
    }

    /// The open interaction; one that time has closed is saved so, and looked at again.
    fn go_on(
        &self,
        before: &Interaction,
        address: &Address,
        context: Context<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<bool>>>,
        now: Moment,
    ) -> Change<Option<Execution<Snapshot<bool>>>> {
        if context.must_be_open().is_err() {
            let change =
                self.conversations.save(before, address, &self.at.name, context.end(Ok(())), &self.team, None, now);
            return change.map(|_| None);
        }
        self.saved(before, address, self.vouched(context, false), idempotency, now)
    }

    fn vouched(&self, mut context: Context<'_>, created: bool) -> Decision<bool> {
        let outcome = self.vouched.as_ref().map_or(Ok(()), |vouched| open::vouch(&mut context, vouched));
        context.end(outcome.map(|()| created))
    }

    fn saved(
        &self,
        before: &Interaction,
        address: &Address,
        decision: Decision<bool>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<bool>>>,
        now: Moment,
    ) -> Change<Option<Execution<Snapshot<bool>>>> {
        self.conversations.save(before, address, &self.at.name, decision, &self.team, idempotency, now).map(Some)
    }
}
