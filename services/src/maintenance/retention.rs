//! Lists, retention and erasure: what is kept, for how long, and how it goes.
//! Nothing counts for longer because it is still there: `domain` judges time by the clock.

use std::time::Duration;

use super::Maintenance;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::event::data::accounts::CustomerEventData;
use countersign_domain::event::data::conversations::EmptyEventData;
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;

use crate::conversations::snapshots::{Acting, Snapshot};
use crate::conversations::summary::Summary;
use crate::engine::decide::{Change, Confirm, Reads};
use crate::engine::{DAY, Effects, Error, Slot, decode, plain_record};
use crate::events::audit::AuditEntry;
use crate::events::event_log::{Numbered, StreamHead};
use crate::names::{
    address_of, audit_index, ended_challenge_name, ended_name, interaction_name, list_index, locks_index, member,
    stream_index, transcript_name,
};
use crate::teams::team_event;
use countersign_store::Order;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only open (true) or closed (false) ones.
    pub open: Option<bool>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this conversation.
    pub conversation: Option<String>,
    /// Only those whose primary is, or is not, authenticated.
    pub authenticated: Option<bool>,
    /// An id, a conversation, or the start of a name.
    pub q: Option<String>,
}

/// Index entries that one page looks at, however few of them fit the filter.
const MAX_SCANNED: usize = 2_000;

impl Maintenance {
    /// A team's interactions, newest first, and where the next page begins.
    pub async fn list(
        &self,
        team: &TeamName,
        filter: &ListFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Snapshot<()>>, Option<String>), Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (index, partition) = (list_index(team), self.engine.team_partition(team));
        let (mut found, mut cursor) = (Vec::new(), after.map(str::to_owned));
        for _ in 0..MAX_SCANNED / 100 {
            let page = self.engine.store.list(partition, &index, Order::Falling, cursor.as_deref(), 100).await?;
            let whole = page.len() == 100;
            for entry in page {
                let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                cursor = Some(entry.member.clone());
                if !filter.fits_summary(&entry.member, &summary) {
                    continue;
                }
                if let Some(snapshot) = self.still_there(&entry.member, team).await?
                    && filter.fits(&snapshot, self.engine.now())
                {
                    found.push(snapshot);
                }
                if found.len() == limit {
                    return Ok((found, cursor));
                }
            }
            if !whole {
                return Ok((found, None));
            }
        }
        Ok((found, cursor))
    }

    async fn still_there(&self, id: &str, team: &TeamName) -> Result<Option<Snapshot<()>>, Error> {
        let id: InteractionId = id.parse().map_err(|_| Error::Damaged("the list of interactions".into()))?;
        match self.conversations.interaction(id, Some(team)).await {
            Ok(snapshot) => Ok(Some(snapshot)),
            Err(Error::Refused(Refusal::NotFound(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Erases an interaction: record and address pointer at once, list entry with the next relay.
    /// Guess budgets stay, or erasing would be a way to guess on.
    pub async fn erase(&self, acting: Acting<'_>) -> Result<(), Error> {
        let seen = self.conversations.look(acting.id, acting.team).await?;
        let facts = &seen.interaction;
        let address = address_of(&self.engine, &facts.team, &facts.channel, &facts.conversation);
        let reads = Reads { partition: address.partition, names: vec![interaction_name(acting.id), address.name] };
        let saved = self.engine.decide(&reads, |records, now| {
            let bytes = records[0].as_ref().ok_or(Refusal::NotFound("interaction"))?;
            let interaction: Interaction = decode(&reads.names[0], bytes)?;
            let mut address: Address =
                records[1].as_ref().map_or(Ok(Address::default()), |b| decode(&reads.names[1], b))?;
            address.open.take_if(|open| *open == acting.id);
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(())) };
            change.delete.push(reads.names[0].clone());
            change.delete.push(transcript_name(acting.id));
            change.delete.extend((1..=interaction.links_made).map(|number| ended_name(acting.id, number)));
            let challenges = 1..=interaction.challenges_made;
            change.delete.extend(challenges.map(|number| ended_challenge_name(acting.id, number)));
            if address.open.is_none() {
                // What of the conversation still waits to be passed on.
                let facts = (&interaction.team, &interaction.channel, &interaction.conversation);
                change.delete.push(self.messaging.outbox_of(facts.0, facts.1, facts.2).name);
            }
            change.put.push(plain_record(reads.names[1].clone(), &address, now));
            change.events.push(Event {
                interaction: Some(acting.id),
                ..team_event(&interaction.team, EventData::InteractionErased(EmptyEventData {}), &acting.actor, now)
            });
            Ok(change)
        });
        saved.await?.outcome?;
        self.conversations.forget(acting.id);
        self.engine.opened.remove(&reads.names[0]);
        Ok(())
    }

    /// Erases every interaction of a team that `which` names by its summary; how many.
    pub(crate) async fn erase_interactions(
        &self,
        team: &TeamName,
        actor: &Actor,
        which: impl Fn(&Summary) -> bool,
    ) -> Result<usize, Error> {
        self.relay.catch_up(Some(team)).await?; // the list lags, and erasing must miss nothing
        let (index, mut cursor, mut erased) = (list_index(team), None::<String>, 0);
        loop {
            let page = self
                .engine
                .store
                .list(self.engine.team_partition(team), &index, Order::Rising, cursor.as_deref(), 100)
                .await?;
            let Some(last) = page.last() else { return Ok(erased) };
            cursor = Some(last.member.clone());
            for entry in page {
                let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                let id = entry.member.parse().map_err(|_| Error::Damaged("the list of interactions".into()))?;
                if which(&summary) {
                    match self.erase(Acting { id, team: Some(team), actor: actor.clone() }).await {
                        Ok(()) => erased += 1,
                        Err(Error::Refused(Refusal::NotFound(_))) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    /// Erases everything that is kept of one of the company's customers.
    pub async fn erase_customer(
        &self,
        team: &TeamName,
        customer: &countersign_domain::base::id::CustomerId,
        actor: &Actor,
    ) -> Result<usize, Error> {
        let erased = self.erase_interactions(team, actor, |summary| summary.customers.contains(customer)).await?;
        // The record first: while it is there, a login is made of it anew by whoever asks.
        self.customers.remove_customer(team, customer).await?;
        self.logins.remove_login(team, customer).await?;
        let rule = |_: &mut countersign_domain::team::Team, now| {
            let pseudonym = Some(self.engine.keys.customer_pseudonym(team, customer.as_str()));
            let data = EventData::CustomerErased(CustomerEventData { pseudonym });
            Ok(((), vec![team_event(team, data, actor, now)]))
        };
        self.teams.change_team(team, rule, None).await?;
        Ok(erased)
    }

    /// Empties the streams of a team that goes. Their numbers go on, so that what waits in an
    /// outbox is not taken twice and no id comes back.
    pub(crate) async fn end_streams(&self, team: &TeamName) -> Result<(), Error> {
        let end = |head: &mut Slot<StreamHead>, effects: &mut Effects, _| {
            let head = head.get_or_default();
            head.gone = head.events;
            head.audit_gone = Some(head.audit);
            effects.trim(stream_index(team), member(head.events));
            effects.trim(audit_index(team), member(head.audit));
            effects.trim(locks_index(team), "~");
            Ok(())
        };
        self.engine.transact(&self.event_log.head_key(team), end).await
    }

    /// Sweeps what is past its time out of the store, and what retention ends out of every
    /// team's streams and lists.
    pub async fn keep_house(&self) -> Result<(), Error> {
        while self.engine.store.sweep(self.engine.now().0).await? > 0 {}
        let mut after = None::<String>;
        loop {
            let page = self.teams.list_teams(after.as_deref(), 100).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.to_string());
            for (team, _) in &page {
                self.webhooks.tell_soon(team).await; // whoever was to tell its webhooks may have died
                if let Err(error) = self.tidy(team).await {
                    tracing::error!(%team, %error, "a team's retention cannot be kept; the others' goes on");
                }
            }
        }
    }

    async fn tidy(&self, team: &TeamName) -> Result<(), Error> {
        // First: what retention takes next may tell of a ban that is in no index yet.
        let locks = self.lockouts.forget_old_locks(team).await;
        while self.retain(team).await? {}
        self.event_log.forget_hours(team).await?;
        locks
    }

    /// Takes away what is past its time, a page of each; whether there was anything.
    async fn retain(&self, team: &TeamName) -> Result<bool, Error> {
        let now = self.engine.now();
        let before = |days: u64| now.minus(DAY * u32::try_from(days).unwrap_or(u32::MAX));
        let events = before(self.retention.events);
        let (stream, trail) = (stream_index(team), audit_index(team));
        let old_event = |bytes: &[u8]| decode::<Numbered>(&stream, bytes).map(|n| (n.number, n.event.at < events));
        let gone = self.oldest(team, &stream, old_event).await?;
        let audit = before(self.retention.audit).to_string();
        let old_entry = |bytes: &[u8]| decode::<AuditEntry>(&trail, bytes).map(|e| (e.number, e.at < audit));
        let audit_gone = self.oldest(team, &trail, old_entry).await?;
        if gone.is_none() && audit_gone.is_none() {
            return self.drop_closed(team, before(self.retention.interactions)).await;
        }
        let retain = |head: &mut Slot<StreamHead>, effects: &mut Effects, _| {
            let head = head.get_or_default();
            if let Some(gone) = gone {
                head.gone = head.gone.max(gone);
                effects.trim(&stream, member(gone));
            }
            if let Some(gone) = audit_gone {
                head.audit_gone = head.audit_gone.max(Some(gone));
                effects.trim(&trail, member(gone));
            }
            effects.confirm(Confirm::Nothing);
            Ok(())
        };
        self.engine.transact(&self.event_log.head_key(team), retain).await?;
        self.drop_closed(team, before(self.retention.interactions)).await?;
        Ok(true)
    }

    /// The newest of the first page's entries that retention has passed.
    async fn oldest(
        &self,
        team: &TeamName,
        index: &str,
        read: impl Fn(&[u8]) -> Result<(u64, bool), Error>,
    ) -> Result<Option<u64>, Error> {
        let page = self.engine.store.list(self.engine.team_partition(team), index, Order::Rising, None, 1_000).await?;
        let mut newest = None;
        for entry in page {
            match read(&self.engine.open_at(index, &entry.bytes)?)? {
                (number, true) => newest = Some(number),
                _ => break,
            }
        }
        Ok(newest)
    }

    /// Takes interactions that closed long ago out of the list; their records expire themselves.
    /// Whether there were any.
    async fn drop_closed(&self, team: &TeamName, before: Moment) -> Result<bool, Error> {
        let index = list_index(team);
        let page = self.engine.store.list(self.engine.team_partition(team), &index, Order::Rising, None, 1_000).await?;
        let mut gone = Vec::new();
        for entry in page {
            let summary: Summary = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
            if summary.closed_at.is_some_and(|at| at < before) {
                gone.push((index.clone(), entry.member));
            }
        }
        if gone.is_empty() {
            return Ok(false);
        }
        let unlist = |(): &mut (), effects: &mut Effects, _| {
            for (index, member) in &gone {
                effects.remove(index, member);
            }
            effects.confirm(Confirm::Nothing);
            Ok(())
        };
        self.engine.transact(&self.engine.team_partition(team), unlist).await?;
        Ok(true)
    }

    /// Keeps house for ever.
    pub async fn keep_house_forever(&self) {
        loop {
            if let Err(error) = self.keep_house().await {
                tracing::error!(%error, "the store cannot be swept");
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}

impl ListFilter {
    fn fits_summary(&self, id: &str, summary: &Summary) -> bool {
        let channel = self.channel.as_ref().is_none_or(|c| c == summary.channel.as_str());
        let conversation = self.conversation.as_ref().is_none_or(|c| c == summary.conversation.as_str());
        let q = self.q.as_ref().is_none_or(|q| {
            let start = q.to_lowercase();
            let named = |name: &String| name.to_lowercase().starts_with(&start);
            id == q || summary.conversation.as_str() == q || summary.names.iter().any(named)
        });
        channel && conversation && q
    }

    /// Whether an interaction as it is now is one that was asked for.
    pub fn fits(&self, snapshot: &Snapshot<()>, now: Moment) -> bool {
        let open = self.open.is_none_or(|open| snapshot.interaction.is_open(now) == open);
        let raised = || snapshot.interaction.is_open(now) && snapshot.interaction.primary().flag.raised(now).is_some();
        open && self.authenticated.is_none_or(|wanted| raised() == wanted)
    }
}
