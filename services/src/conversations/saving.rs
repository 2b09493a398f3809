//! What a decision on an interaction changes in the store: its record, its address's, how things
//! ended, and the reply that stands for a repetition.

use std::sync::Arc;

use super::Conversations;
use super::snapshots::Snapshot;
use super::summary::Summary;
use crate::engine::decide::{Change, Confirm, PlainRecord};
use crate::engine::replay::{Execution, IdempotencyRecord};
use crate::engine::{DAY, Schedule, StoredRecord, encode, plain_record};
use crate::names::{ended_challenge_name, ended_name, interaction_name};
use crate::teams::TeamView;
use countersign_domain::base::id::InteractionId;
use countersign_domain::conversation::address::{Address, LATE};
use countersign_domain::conversation::context::{Decision, Ended};
use countersign_domain::conversation::destination::taken_back;
use countersign_domain::conversation::interaction::{Interaction, InteractionStatus, MAX_BYTES};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::{Partition, RecordKey};

impl Conversations {
    /// What a decision changes in the store.
    #[expect(clippy::too_many_arguments, reason = "everything that a commit of an interaction is made of")]
    pub(crate) fn save<T: Clone>(
        &self,
        before: &Interaction,
        address_before: &Address,
        address_name: &str,
        decision: Decision<T>,
        team: &Arc<TeamView>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
        now: Moment,
    ) -> Change<Execution<Snapshot<T>>> {
        let Decision { interaction, address, ended, claimed, back, events, outcome, .. } = decision;
        debug_assert!(
            Summary::of(before) == Summary::of(&interaction)
                || events.iter().any(|e| Summary::may_change_with(e.kind())),
            "the list would not hear of a change"
        );
        let interaction = Arc::new(interaction);
        let spent = taken_back(before, &interaction, &team.capabilities);
        let partition = Partition(interaction.id.partition());
        let retractions =
            spent.iter().map(|spent| RecordKey { partition, name: self.retraction_name(spent) }).collect::<Vec<_>>();
        let outcome = outcome.map(|outcome| Snapshot {
            outcome,
            interaction: interaction.clone(),
            address: address.clone(),
            team: team.clone(),
            claimed: claimed.clone(),
            retractions: retractions.clone(),
            returned: back,
        });
        // That a conversation goes on may be forgotten; whatever else somebody did may not.
        let on = Interaction { idle_until: interaction.idle_until, ..before.clone() };
        let goes_on = *interaction == on && address == *address_before && ended.is_empty() && events.is_empty();
        let confirm = if goes_on { Confirm::Read } else { Confirm::Written };
        let mut put = Vec::new();
        if *interaction != *before {
            let record = self.interaction_record(&interaction);
            if record.bytes.len() > MAX_BYTES {
                return Change::nothing(Err(Refusal::Full));
            }
            put.push(record);
        }
        let mut delete = Vec::new();
        if address != *address_before {
            // Addresses are without number: one with nothing to remember is forgotten.
            match address == Address::default() && !put.is_empty() {
                true => delete.push(address_name.to_owned()),
                false => put.push(plain_record(address_name.to_owned(), &address, now)),
            }
        }
        put.extend(ended_records(interaction.id, &ended, now));
        put.extend(self.retractions_of(&interaction.team, &spent, now));
        if let (Some(idempotency), Ok(snapshot)) = (idempotency, &outcome) {
            put.push(idempotency.keep(&self.engine, snapshot, now));
        }
        Change { put, delete, events, confirm, ..Change::nothing(outcome.map(Execution::Executed)) }
    }

    /// An interaction's record: its alarm is its next deadline, and a closed one may be swept
    /// when retention is over.
    pub(crate) fn interaction_record(&self, interaction: &Interaction) -> PlainRecord {
        let expires = match interaction.status {
            InteractionStatus::Open => None,
            InteractionStatus::Closed(at) => {
                Some(at.plus(DAY * u32::try_from(self.retention.interactions).unwrap_or(u32::MAX)))
            }
        };
        PlainRecord {
            name: interaction_name(interaction.id),
            bytes: encode(interaction),
            alarm: interaction.alarm(),
            expires,
        }
    }
}

/// An address's record: one that only remembers identity tokens, or what may come late, may be swept
/// after the last, one that remembers nothing at once.
impl StoredRecord for Address {
    fn schedule(&self, now: Moment) -> Schedule {
        let only_words = self.open.is_none() && self.budgets.is_empty();
        let late = self.closed_at.map(|closed| closed.plus(LATE));
        let noted = late.into_iter().chain(self.freely_until).chain(self.group_until);
        let expires = only_words.then(|| self.vouched.values().copied().chain(noted).max().unwrap_or(now));
        Schedule { alarm: None, expires }
    }
}

/// The records of what ended.
fn ended_records(id: InteractionId, ended: &Ended, now: Moment) -> impl Iterator<Item = PlainRecord> {
    let links = ended.links.iter().map(move |one| (ended_name(id, one.link.number), encode(one)));
    let challenges = ended.challenges.iter().map(move |one| (ended_challenge_name(id, one.number), encode(one)));
    let expires = Some(now.plus(DAY));
    links.chain(challenges).map(move |(name, bytes)| PlainRecord { name, bytes, expires, ..PlainRecord::default() })
}
