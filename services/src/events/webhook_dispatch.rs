//! Events told to teams' webhooks. A webhook follows its team's stream; how far it has come is one
//! record, which a node claims before it posts anything and settles afterwards, with what it claims
//! next in the same commit. So nodes share the work, nothing is told twice at one time, a claim that
//! nobody settled lapses and the same is told again, and what waits costs no room but a number.
//!
//! What comes next is `domain::webhook_cursor`'s to say. A webhook that does not answer delays no other.

use std::sync::Arc;
use std::time::Duration;

use countersign_channels::auth::webhook::WebhookSigner;
use futures_util::stream::{self, StreamExt as _};

use super::Webhooks;
use super::stream::SharedEvent;
use super::webhook_claim::{ClaimedDeliveries, WebhookClaim};
use super::webhooks::{cursor_record, live};
use crate::engine::decide::{Change, Confirm, OpenedRecord, Reads};
use crate::engine::executor::{JobKind, Next};
use crate::engine::{Error, encode};
use crate::messaging::posting::signer;
use crate::names::{dead_index, delivered_index, member};
use crate::teams::team_event;
use countersign_domain::base::id::{TeamName, WebhookName};
use countersign_domain::event::data::teams::WebhookFailingData;
use countersign_domain::event::posting::{PostOutcome, Why};
use countersign_domain::event::webhook::{Start, Webhook};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::messaging::webhook_cursor::{
    DeliveryClaim, DeliveryRecord, Settled, Try, WaitingEvent, WebhookCursor, Work,
};
use countersign_domain::secret::hex;
use countersign_domain::time::Moment;
use countersign_domain::time::lease::{Lease, TIMEOUT};
use countersign_store::{CommitId, Order, RecordKey};

/// Events that are taken up at once.
const PAGE: usize = 256;

/// Lines of one webhook that are posted at the same time.
const LINES: usize = 16;

/// How soon one that another node has is looked at again.
const LATER: Duration = Duration::from_millis(250);

/// What one step came to.
enum Step {
    /// Another node has it.
    Held,
    /// Nothing is left to do now.
    Done,
    /// More is to be taken up.
    More,
    /// This is to be tried, at the webhook as it was then.
    Try(Work, Box<Webhook>),
}

/// A webhook that is looked after.
struct WebhookTask<'a> {
    team: &'a TeamName,
    name: &'a WebhookName,
    /// How far it has come, and its team's record: what this node kept of a team may be out of date,
    /// and nothing may be posted to where a webhook led before.
    reads: Reads,
}

/// Where posts go, what signs them, and until when they may be under way.
struct To<'a> {
    url: &'a str,
    signer: WebhookSigner,
    lease: Lease,
}

/// What a step knows beforehand.
struct Known {
    /// The course that it knows this of.
    start: Start,
    /// Where its events begin.
    after: u64,
    /// The next events of the stream.
    page: Vec<Arc<SharedEvent>>,
    /// Which version of it.
    version: Option<CommitId>,
    /// Letters that are to go: the index, and up to which.
    trim: Vec<(String, String)>,
    /// How many of each kind these are.
    gone: [u32; 2],
}

impl Webhooks {
    /// There may be news for a team's webhooks.
    pub(crate) async fn tell_soon(&self, team: &TeamName) {
        match self.teams.team(team).await {
            Ok(Some(view)) => {
                let claim = |name: &WebhookName| WebhookClaim::news(team.clone(), name.clone());
                view.team.webhooks.keys().for_each(|name| self.executor.push(claim(name)));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%team, %error, "webhooks hear of news with the next housekeeping"),
        }
    }

    /// The alarm of a webhook's course has come.
    pub(crate) fn is_cursor(&self, key: &RecordKey) -> bool {
        let Some((team, name)) = key.name.strip_prefix("v/").and_then(|rest| rest.split_once('/')) else {
            return false;
        };
        if let (Ok(team), Ok(name)) = (team.parse(), name.parse()) {
            self.executor.push(WebhookClaim::news(team, name));
        }
        true
    }

    /// Settles what was tried, takes up what is new and claims what is due.
    async fn claim(
        &self,
        claim: WebhookClaim,
        mut tries: Option<(DeliveryClaim, Vec<Try>)>,
    ) -> Result<Next<WebhookClaim>, Error> {
        let one = self.task(&claim);
        loop {
            let Some(known) = self.known(&one).await? else { return Ok(Next::Done) };
            match self.step(&one, &known, tries.take()).await? {
                Step::Held => return Ok(Next::Later(WebhookClaim { deliveries: None, ..claim }, LATER)),
                Step::Done => return Ok(Next::Done),
                Step::More => {}
                Step::Try(work, webhook) => {
                    let deliveries = Some(ClaimedDeliveries { work, webhook: *webhook, page: known.page });
                    return Ok(Next::AtOnce(WebhookClaim { deliveries, ..claim }));
                }
            }
        }
    }

    fn task<'a>(&self, claim: &'a WebhookClaim) -> WebhookTask<'a> {
        let WebhookClaim { team, name, .. } = claim;
        WebhookTask { team, name, reads: self.cursor_reads(team, name) }
    }

    /// What there is to take up, and what is kept for too long; nothing where there is no such webhook.
    async fn known(&self, one: &WebhookTask<'_>) -> Result<Option<Known>, Error> {
        let records = self.engine.read(&one.reads).await?;
        let Some((webhook, cursor)) = one.live(&records)? else { return Ok(None) };
        let page = match cursor.has_room() {
            true => self.event_log.events_after(one.team, cursor.after, PAGE).await?,
            false => Vec::new(),
        };
        let (mut trim, mut gone) = (Vec::new(), [0; 2]);
        for ((index, most), gone) in one.indexes().into_iter().zip(cursor.surplus()).zip(&mut gone) {
            if most > 0 {
                let oldest =
                    self.engine.store.list(one.reads.partition, &index, Order::Rising, None, most as usize).await?;
                *gone = u32::try_from(oldest.len()).unwrap_or(most);
                trim.extend(oldest.last().map(|last| (index, last.member.clone())));
            }
        }
        let version = records[0].as_ref().map(|cursor| cursor.version);
        Ok(Some(Known { start: webhook.start, after: cursor.after, page, version, trim, gone }))
    }

    /// Settles what was tried, takes up what is new and claims what is due, in one commit.
    async fn step(
        &self,
        one: &WebhookTask<'_>,
        known: &Known,
        tries: Option<(DeliveryClaim, Vec<Try>)>,
    ) -> Result<Step, Error> {
        let chance = self.engine.draw::<32>();
        let saved = self.engine.decide(&one.reads, |records, now| {
            let live = one.live(records)?.filter(|(webhook, _)| webhook.start == known.start);
            let Some((webhook, before)) = live else { return Ok(unsaved(Step::Done)) };
            if before.held(tries.as_ref().map(|(claim, _)| *claim), now).is_some() {
                return Ok(unsaved(Step::Held));
            }
            let mut cursor = before.clone();
            let mut chance = chance.iter().copied().cycle();
            let jitter = || chance.next().unwrap_or_default();
            let settle = |(claim, tries): &(DeliveryClaim, Vec<Try>)| cursor.settle(*claim, tries, now, jitter);
            let Settled { records: mut ended, news } = tries.as_ref().map(settle).unwrap_or_default();
            one.take_up(&webhook, &mut cursor, known, &mut ended, now);
            let work = cursor.claim(now);
            let whole = known.page.len() == PAGE;
            let step = match work {
                Some(work) => Step::Try(work, Box::new(webhook)),
                None if whole && cursor.has_room() => Step::More,
                None => Step::Done,
            };
            // That nothing was wanted is found again sooner than saved.
            if cursor.has_only_read_since(&before) && ended.is_empty() && !whole {
                return Ok(unsaved(step));
            }
            // Where another step was in between, the same letters may have gone with that one.
            let trims = records[0].as_ref().map(|cursor| cursor.version) == known.version;
            cursor.forget(known.gone.map(|gone| if trims { gone } else { 0 }));
            let mut change = one.change(&cursor, &ended, step);
            change.trim.extend(known.trim.iter().filter(|_| trims).cloned());
            change.events.extend(news.map(|why| one.failing(why, now)));
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }

    async fn try_all(&self, one: &WebhookTask<'_>, deliveries: &ClaimedDeliveries) -> Vec<Try> {
        let ClaimedDeliveries { work, webhook, page } = deliveries;
        let to = &To { url: &webhook.url, signer: signer(webhook, self.engine.now()), lease: work.lease };
        let lines = stream::iter(work.lines.clone()).map(|(line, events)| async move {
            let mut tries = Vec::new();
            for event in events {
                let Some(answer) = self.tell_one(one, to, event, page).await else { break };
                tries.push(Try { line: line.clone(), number: event.number, answer });
                if answer != PostOutcome::Taken {
                    break;
                }
            }
            tries
        });
        lines.buffer_unordered(LINES).collect::<Vec<_>>().await.concat()
    }

    /// Nothing where it was not tried, which is not the receiver's fault.
    async fn tell_one(
        &self,
        one: &WebhookTask<'_>,
        to: &To<'_>,
        event: WaitingEvent,
        page: &[Arc<SharedEvent>],
    ) -> Option<PostOutcome> {
        let (team, webhook) = (one.team, one.name);
        let found = page.iter().find(|heard| heard.number == event.number).cloned();
        let heard = match found {
            Some(heard) => Some(heard),
            None => self
                .kept_event(team, event.number)
                .await
                .inspect_err(|error| tracing::error!(%team, %webhook, %error, "an event waits for its claim to lapse"))
                .ok()?,
        };
        let Some(heard) = heard else { return Some(PostOutcome::without(Why::Untried)) };
        if !to.lease.leaves(TIMEOUT, self.engine.now()) {
            return None; // too late for this claim: whoever makes the next one has the time for it
        }
        let body = heard.told().into_bytes();
        let answer = self.messaging.post(to.url, &to.signer, &self.webhook_id(team, webhook, event), body).await;
        if let PostOutcome::Failed(failure) = answer {
            let why = failure.why.as_str();
            tracing::info!(%team, %webhook, why, status = failure.why.status(), "a webhook was not taken");
        }
        Some(answer)
    }

    /// An event of the stream, by its number, where it is kept.
    pub(crate) async fn kept_event(&self, team: &TeamName, number: u64) -> Result<Option<Arc<SharedEvent>>, Error> {
        let Some(before) = number.checked_sub(1) else { return Ok(None) };
        let page = self.event_log.events_after(team, before, 1).await?;
        Ok(page.into_iter().next().filter(|heard| heard.number == number))
    }

    /// What a receiver knows an event again by. After a restored backup another event may have the same
    /// number: it gets another id.
    pub(crate) fn webhook_id(&self, team: &TeamName, name: &WebhookName, event: WaitingEvent) -> String {
        let parts = [team.as_str().as_bytes(), name.as_str().as_bytes(), event.kind.as_str().as_bytes()];
        let (number, at) = (event.number.to_be_bytes(), event.at.0.to_be_bytes());
        let tag = self.engine.keys.replay.tag(&[b"webhook", parts[0], parts[1], parts[2], &number, &at]);
        format!("{}_{}", member(event.number), hex(&tag.as_bytes()[..8]))
    }
}

impl JobKind<WebhookClaim> for Webhooks {
    /// Without deliveries where another node has it.
    type Job = WebhookClaim;
    type Attempt = Vec<Try>;

    async fn load(&self, claim: WebhookClaim) -> Result<Option<WebhookClaim>, Error> {
        if claim.deliveries.is_some() {
            return Ok(Some(claim));
        }
        Ok(match self.claim(claim, None).await? {
            Next::AtOnce(claim) | Next::Later(claim, _) => Some(claim),
            Next::Done => None,
        })
    }

    fn lease(&self, job: &WebhookClaim) -> Option<Lease> {
        job.deliveries.as_ref().map(|deliveries| deliveries.work.lease)
    }

    async fn attempt(&self, job: &WebhookClaim) -> Result<Vec<Try>, Error> {
        Ok(match &job.deliveries {
            Some(deliveries) => self.try_all(&self.task(job), deliveries).await,
            None => Vec::new(),
        })
    }

    async fn settle(&self, job: WebhookClaim, tries: Vec<Try>) -> Result<Next<WebhookClaim>, Error> {
        match &job.deliveries {
            None => Ok(Next::Later(job, LATER)),
            // Claimed at once again it would go no better: the claim lapses.
            Some(_) if tries.is_empty() => Ok(Next::Done),
            Some(deliveries) => {
                let claim = deliveries.work.claim;
                self.claim(job, Some((claim, tries))).await
            }
        }
    }
}

/// What a step came to, and nothing to save: nobody waits for it.
fn unsaved(step: Step) -> Change<Step> {
    Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(step)) }
}

impl SharedEvent {
    /// As it waits for a webhook.
    pub(crate) fn waiting(&self) -> WaitingEvent {
        WaitingEvent { number: self.number, at: self.event.at, kind: self.event.kind() }
    }
}

impl WebhookTask<'_> {
    fn indexes(&self) -> [String; 2] {
        [delivered_index(self.team, self.name), dead_index(self.team, self.name)]
    }

    /// The webhook as its team has it, and how far it has come; nothing where it is gone.
    fn live(&self, records: &[Option<OpenedRecord>]) -> Result<Option<(Webhook, WebhookCursor)>, Error> {
        live(&self.reads, records, self.name)
    }

    fn take_up(
        &self,
        webhook: &Webhook,
        cursor: &mut WebhookCursor,
        known: &Known,
        ended: &mut Vec<DeliveryRecord>,
        now: Moment,
    ) {
        if cursor.after < known.after {
            return; // it began anew since
        }
        for heard in &known.page {
            if heard.number > cursor.after && cursor.has_room() {
                let line = heard.event.interaction;
                ended.extend(cursor.take(heard.waiting(), line, self.wants(webhook, heard), now));
            }
        }
    }

    /// That it fails itself a webhook is not told: it would be what fails next.
    fn wants(&self, webhook: &Webhook, heard: &SharedEvent) -> bool {
        let event = &heard.event;
        let own = matches!(&event.data, EventData::WebhookFailing(data) if data.webhook == *self.name);
        webhook.wants(event.kind()) && !own
    }

    fn change(&self, cursor: &WebhookCursor, ended: &[DeliveryRecord], step: Step) -> Change<Step> {
        let mut change = unsaved(step);
        let [delivered, dead] = self.indexes();
        for record in ended {
            let index = if record.why.is_some() { &dead } else { &delivered };
            change.enter.push((index.clone(), member(record.event.number), encode(record)));
        }
        change.put.push(cursor_record(self.reads.names[0].clone(), cursor));
        change
    }

    fn failing(&self, why: Why, now: Moment) -> countersign_domain::event::Event {
        let (webhook, reason) = (self.name.clone(), why.as_str().into());
        let data = WebhookFailingData { webhook, reason, status: why.status() };
        team_event(self.team, EventData::WebhookFailing(data), &Actor::Time, now)
    }
}
