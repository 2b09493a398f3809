//! A transaction of an interaction over the loop: reads the interaction, its address and what the
//! caller came with, and lets the rule decide. `saving` makes its decision into records.

use std::sync::Arc;

use super::snapshots::{RequestContext, Snapshot, With};
use super::{Conversations, Parsed};
use crate::engine::decide::{Change, Confirm, OpenedRecord, Reads};
use crate::engine::replay::{Execution, IdempotencyRecord, executed};
use crate::engine::{Engine, Error, decode};
use crate::names::{address_of, interaction_name};
use crate::teams::TeamView;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::context::{Context, Environment};
use countersign_domain::conversation::destination::QuotaReceipt;
use countersign_domain::conversation::failure_limit::{CustomerFailureLimits, CustomerTag, Need};
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::{CommitId, CommitOutcome, Expect, Partition, RecordKey, VersionIndex};

/// Attempts at one transaction: what it needs elsewhere is looked at, counted, and looked at again.
const MAX_ATTEMPTS: u32 = 16;

/// The result of one attempt at a transaction.
enum Attempt<T> {
    /// It was made before: the reply that it got.
    Replayed(Vec<u8>),
    /// It is saved, and whose failure limits have counted it.
    Judged(Box<Result<Execution<Snapshot<T>>, Refusal>>, Vec<CustomerTag>),
    /// Nothing is saved: this must be so first.
    Needs(Vec<Need>),
}

impl Conversations {
    /// What this node knows of an interaction is out of date.
    pub(crate) fn forget(&self, id: InteractionId) {
        self.parsed.remove(&id);
    }

    /// The interaction as this node has seen it: its team and its address never change. Whether it
    /// still is there, and what else it says, only `look` and a transaction know.
    pub(crate) async fn facts(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Arc<Parsed>, Error> {
        match self.parsed.get(&id).filter(|seen| team.is_none_or(|team| seen.interaction.team == *team)) {
            Some(seen) => Ok(seen),
            None => self.look(id, team).await,
        }
    }

    /// The interaction as the store has it now, where the caller may see it.
    pub(crate) async fn look(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Arc<Parsed>, Error> {
        self.seen(id, team, false).await
    }

    /// The same, where somebody is told what is seen: nothing that might still be forgotten.
    pub(crate) async fn look_to_tell(&self, id: InteractionId, team: Option<&TeamName>) -> Result<Arc<Parsed>, Error> {
        self.seen(id, team, true).await
    }

    /// The same, for somebody who keeps asking and was told a version of it: where that is the newest still,
    /// nothing of it is read again.
    pub(crate) async fn look_again(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        told: Option<CommitId>,
    ) -> Result<Arc<Parsed>, Error> {
        let known = self.parsed.get(&id).filter(|known| Some(known.version) == told && self.is_shared(id));
        if let Some(known) = known.filter(|known| team.is_none_or(|team| known.interaction.team == *team)) {
            let (partition, name) = (Partition(id.partition()), interaction_name(id));
            if !self.engine.store.has_changed(partition, &name, told).await? {
                return Ok(known);
            }
        }
        self.look_to_tell(id, team).await
    }

    async fn seen(&self, id: InteractionId, team: Option<&TeamName>, told: bool) -> Result<Arc<Parsed>, Error> {
        let name = interaction_name(id);
        let key = RecordKey { partition: Partition(id.partition()), name };
        let newest = match self.engine.store.version_index(&key) {
            VersionIndex::Absent => None,
            VersionIndex::Version(version) => match self.parsed.get(&id).filter(|p| p.version == version) {
                Some(parsed) => Some(parsed),
                None => self.fetch(id, key, told).await?,
            },
            VersionIndex::NotKept => self.fetch(id, key, told).await?,
        };
        let mine = |parsed: &Arc<Parsed>| team.is_none_or(|team| parsed.interaction.team == *team);
        newest.filter(mine).ok_or(Error::Refused(Refusal::NotFound("interaction")))
    }

    /// Whether other nodes change it, too, and nobody here is told.
    pub(crate) fn is_shared(&self, id: InteractionId) -> bool {
        let key = RecordKey { partition: Partition(id.partition()), name: interaction_name(id) };
        self.engine.store.version_index(&key) == VersionIndex::NotKept
    }

    async fn fetch(&self, id: InteractionId, key: RecordKey, told: bool) -> Result<Option<Arc<Parsed>>, Error> {
        let record = loop {
            let record = self.engine.store.get(key.partition, std::slice::from_ref(&key.name)).await?.pop().flatten();
            let Some(record) = record else { return Ok(None) };
            if !told {
                break record;
            }
            let read = [(key.name.clone(), Expect::Version(record.version))];
            match self.engine.store.confirm(key.partition, &read).await? {
                CommitOutcome::Committed => break record,
                CommitOutcome::Conflict => {}
            }
        };
        if let Some(parsed) = self.parsed.get(&id).filter(|p| p.version == record.version) {
            return Ok(Some(parsed));
        }
        let plain = self.engine.open_record(&key.name, record.version, &record.bytes)?;
        let interaction = Arc::new(decode(&key.name, &plain)?);
        let parsed = Arc::new(Parsed { version: record.version, interaction });
        self.parsed.insert(id, parsed.clone());
        Ok(Some(parsed))
    }

    /// What an interaction's record says.
    fn parse(&self, id: InteractionId, name: &str, record: &OpenedRecord) -> Result<Arc<Interaction>, Error> {
        match self.parsed.get(&id).filter(|parsed| parsed.version == record.version) {
            Some(parsed) => Ok(parsed.interaction.clone()),
            None => decode(name, record).map(Arc::new),
        }
    }

    /// Lets a rule decide on an interaction and saves it. What the decision needs to be so elsewhere
    /// is made so first, and then the rule is asked again. It queues no message.
    pub(crate) async fn transact<T>(
        &self,
        request: RequestContext<'_>,
        rule: impl Fn(&mut Context<'_>, &TeamView) -> Result<T, Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
    ) -> Result<Execution<Snapshot<T>>, Error>
    where
        T: Clone,
    {
        self.transact_with(request, None, rule, idempotency).await
    }

    /// The same, where no reply is remembered.
    pub(crate) async fn run<T: Clone>(
        &self,
        request: RequestContext<'_>,
        rule: impl Fn(&mut Context<'_>) -> Result<T, Refusal>,
    ) -> Result<Snapshot<T>, Error> {
        executed(self.transact(request, |context, _| rule(context), None).await?)
    }

    /// The same, where a message may be queued that is paid for.
    pub(crate) async fn transact_with<T>(
        &self,
        request: RequestContext<'_>,
        quota_receipt: Option<QuotaReceipt>,
        rule: impl Fn(&mut Context<'_>, &TeamView) -> Result<T, Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
    ) -> Result<Execution<Snapshot<T>>, Error>
    where
        T: Clone,
    {
        let answer = idempotency.map(IdempotencyRecord::name);
        let (mut limits, mut turnstile) = (CustomerFailureLimits::default(), None);
        for _ in 0..MAX_ATTEMPTS {
            let needs = match self.attempt(&request, quota_receipt, &rule, idempotency, &limits).await? {
                Attempt::Replayed(reply) => return Ok(Execution::Replayed(reply)),
                Attempt::Judged(outcome, counted) => {
                    for customer in limits.counted().filter(|customer| !counted.contains(customer)) {
                        self.limits.take_back(customer, answer.as_deref()).await;
                    }
                    return Ok((*outcome)?);
                }
                Attempt::Needs(needs) => needs,
            };
            if turnstile.is_none() {
                turnstile = Some(self.answering.pass(request.id).await?);
            }
            self.limits.meet(&needs, answer.as_deref(), &mut limits).await?;
        }
        Err(Error::Away("too many answers at one time".into()))
    }

    async fn attempt<T: Clone>(
        &self,
        request: &RequestContext<'_>,
        quota_receipt: Option<QuotaReceipt>,
        rule: impl Fn(&mut Context<'_>, &TeamView) -> Result<T, Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
        limits: &CustomerFailureLimits,
    ) -> Result<Attempt<T>, Error> {
        let seen = self.facts(request.id, request.team).await?;
        let facts = &seen.interaction;
        let team = self.teams.team(&facts.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let mut reads = reads_of(&self.engine, request, facts);
        reads.names.extend(idempotency.into_iter().flat_map(IdempotencyRecord::names));
        let draws = self.engine.draws();
        let saved = self
            .engine
            .decide(&reads, |records, now| {
                if let Some(idempotency) = idempotency
                    && let Some(reply) = idempotency.earlier(&records[records.len() - 1], now)?
                {
                    return Ok(Change::nothing(Ok(Attempt::Replayed(reply))));
                }
                let record = records[0].as_ref().ok_or(Refusal::NotFound("interaction"))?;
                let before = self.parse(request.id, &reads.names[0], record)?;
                let address: Address =
                    records[1].as_ref().map_or(Ok(Address::default()), |b| decode(&reads.names[1], b))?;
                let (questions, verdicts) = (request.questions, request.verdicts);
                let environment = Environment { quota_receipt, questions, verdicts, ..self.environment(&team, now) };
                let interaction = Interaction::clone(&before);
                let mut context =
                    Context::begin(interaction, address.clone(), environment, request.actor.clone(), draws.clone());
                context.limits = limits.clone();
                if !matches!(request.with, With::Nothing) {
                    context.past = request.with.past(&reads.names[2], records[2].as_ref())?;
                }
                let outcome = rule(&mut context, &team);
                let mut decision = context.end(outcome);
                let needs = std::mem::take(&mut decision.needs);
                if !needs.is_empty() {
                    return Ok(unmet(needs, idempotency.is_some()));
                }
                let counted = std::mem::take(&mut decision.counted);
                let mut change = self.save(&before, &address, &reads.names[1], decision, &team, idempotency, now);
                idempotency.map_or(Ok(()), |idempotency| idempotency.add(&mut change, records, now))?;
                let change = change.told(|outcome| Attempt::Judged(Box::new(outcome), counted));
                match request.actor {
                    Actor::Time => Ok(Change { confirm: Confirm::Nothing, ..change }),
                    _ => Ok(change),
                }
            })
            .await?;
        let attempt = saved.outcome?;
        if let Some(version) = saved.version {
            self.has_saved(&attempt, version);
        }
        Ok(attempt)
    }

    fn has_saved<T>(&self, attempt: &Attempt<T>, version: CommitId) {
        if let Attempt::Judged(judged, _) = attempt
            && let Ok(Execution::Executed(snapshot)) = &**judged
        {
            self.stands(snapshot, version);
        }
    }

    /// Keeps the saved interaction on this node, and tells the observers of commits.
    fn stands<T>(&self, snapshot: &Snapshot<T>, version: CommitId) {
        let interaction = snapshot.interaction.clone();
        self.parsed.insert(interaction.id, Arc::new(Parsed { version, interaction }));
        self.limits.count_back(&snapshot.interaction.team, snapshot.returned);
        self.tell_observers(snapshot);
    }

    /// The environment of a rule at `now`.
    pub(crate) fn environment<'a>(&'a self, team: &'a TeamView, now: Moment) -> Environment<'a> {
        let clock_readings = self.engine.clock_readings();
        let earliest = now.shown(clock_readings.now(), clock_readings.earliest());
        let settings = &team.effective.settings;
        let (channels, web_chats, capabilities) =
            (team.channels.as_slice(), team.web_chats.as_slice(), team.capabilities.as_slice());
        let sends_itself = team.event_webhook().is_some();
        let (keys, epoch) = (&self.engine.keys, self.engine.epoch().number);
        let provider = self.providers.judge_of_documents(team);
        let asker = self.providers.asker_of_questions(team);
        Environment {
            settings,
            keys,
            channels,
            web_chats,
            sessions: &team.sessions,
            security_keys: &team.security_keys,
            capabilities,
            sends_itself,
            provider,
            questions: None,
            verdicts: &[],
            asker,
            quota_receipt: None,
            now,
            earliest,
            epoch,
        }
    }
}

/// The interaction, its address, and what tells how that ended which the request came with.
fn reads_of(engine: &Engine, request: &RequestContext<'_>, facts: &Interaction) -> Reads {
    let address = address_of(engine, &facts.team, &facts.channel, &facts.conversation);
    let mut names = vec![interaction_name(request.id), address.name];
    names.extend(request.with.ended(request.id));
    Reads { partition: address.partition, names }
}

/// Nothing is saved: these must be met first, and then the rule is asked again.
fn unmet<T>(needs: Vec<Need>, is_cached: bool) -> Change<Attempt<T>> {
    let can_be_undone = needs.iter().all(|need| need.can_be_undone(is_cached));
    let confirm = if can_be_undone { Confirm::Unanswered } else { Confirm::Nothing };
    Change { confirm, ..Change::nothing(Ok(Attempt::Needs(needs))) }
}
