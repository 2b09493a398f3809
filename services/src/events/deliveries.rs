//! What became of a webhook's events: what waits, what was given up and can be sent again, what was
//! delivered of late. No body of an event is kept here.

use std::str::FromStr;

use super::Webhooks;
use super::webhook_claim::WebhookClaim;
use super::webhooks::{cursor_record, live};
use crate::engine::decide::{Change, Confirm};
use crate::engine::{Error, decode};
use crate::names::{dead_index, delivered_index, member};
use crate::teams::team_event;
use countersign_domain::base::id::{TeamName, WebhookName};
use countersign_domain::event::data::teams::WebhookRedeliveredData;
use countersign_domain::event::posting::Why;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::messaging::webhook_cursor::{DeliveryRecord, Pending, WaitingEvent};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::{IndexEntry, Order};

countersign_domain::named! {
    /// The state of an event's delivery.
    pub enum EventDeliveryStatus {
        /// It waits.
        Pending = "pending",
        /// It was given up, and can be sent again.
        Failed = "failed",
        /// The receiver has it.
        Delivered = "delivered",
    }
}

impl FromStr for EventDeliveryStatus {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or("must be pending, failed or delivered")
    }
}

/// A delivery of an event, without its body.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the receiver knows it by.
    pub id: String,
    /// The event.
    pub event: WaitingEvent,
    /// What became of it.
    pub status: EventDeliveryStatus,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try was not taken.
    pub why: Option<Why>,
    /// When it is tried next.
    pub next: Option<Moment>,
    /// When it was delivered or given up.
    pub ended_at: Option<Moment>,
}

/// Where a page of deliveries begins: behind the event of that number among those of that status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(EventDeliveryStatus, u64);

impl FromStr for Cursor {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts =
            text.split_once('-').and_then(|(status, number)| Some((status.parse().ok()?, number.parse().ok()?)));
        parts.map(|(status, number)| Self(status, number)).ok_or("must be a cursor of this list")
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0.as_str(), self.1)
    }
}

impl Webhooks {
    /// A page of a webhook's deliveries, those that wait first, each kind the newest first; and where
    /// the next page begins.
    pub async fn deliveries(
        &self,
        team: &TeamName,
        name: &WebhookName,
        only: Option<EventDeliveryStatus>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Delivery>, Option<Cursor>), Error> {
        let known = self.webhook(team, name).await?;
        let mut found = Vec::new();
        for status in EventDeliveryStatus::ALL {
            let passed = after.is_some_and(|Cursor(at, _)| (at as u8) > (status as u8));
            if passed || only.is_some_and(|only| only != status) {
                continue;
            }
            let before = after.filter(|Cursor(at, _)| *at == status).map(|Cursor(_, number)| number);
            let room = limit - found.len();
            let page: Vec<Delivery> = match status {
                EventDeliveryStatus::Pending => {
                    let older = |waits: &Pending| before.is_none_or(|before| waits.event.number < before);
                    let all = known.cursor.pending().into_iter().filter(older).take(room);
                    all.map(|pending| self.pending(team, name, pending)).collect()
                }
                EventDeliveryStatus::Failed => self.records(team, name, &dead_index(team, name), before, room).await?,
                EventDeliveryStatus::Delivered => {
                    self.records(team, name, &delivered_index(team, name), before, room).await?
                }
            };
            found.extend(page);
            if found.len() == limit {
                let next = found.last().map(|last| Cursor(status, last.event.number));
                return Ok((found, next));
            }
        }
        Ok((found, None))
    }

    async fn records(
        &self,
        team: &TeamName,
        name: &WebhookName,
        index: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Delivery>, Error> {
        let before = before.map(member);
        let partition = self.engine.team_partition(team);
        let page = self.engine.store.list(partition, index, Order::Falling, before.as_deref(), limit).await?;
        let read = |entry: IndexEntry| {
            let record: DeliveryRecord = decode(index, &self.engine.open_at(index, &entry.bytes)?)?;
            let status =
                if record.why.is_some() { EventDeliveryStatus::Failed } else { EventDeliveryStatus::Delivered };
            let DeliveryRecord { event, tries, ended_at, why } = record;
            let (id, ended_at) = (self.webhook_id(team, name, event), Some(ended_at));
            Ok(Delivery { id, event, status, tries, why, next: None, ended_at })
        };
        page.into_iter().map(read).collect()
    }

    /// The indexes that have a letter of an event: of what was delivered, and of what was given up.
    async fn records_of(
        &self,
        team: &TeamName,
        name: &WebhookName,
        event: &WaitingEvent,
    ) -> Result<[Option<String>; 2], Error> {
        let (partition, before) = (self.engine.team_partition(team), event.number.checked_sub(1).map(member));
        let mut found = [delivered_index(team, name), dead_index(team, name)].map(Some);
        for index in &mut found {
            let name = index.as_deref().unwrap_or_default();
            let first = self.engine.store.list(partition, name, Order::Rising, before.as_deref(), 1).await?;
            if first.first().is_none_or(|first| first.member != member(event.number)) {
                *index = None;
            }
        }
        Ok(found)
    }

    fn pending(&self, team: &TeamName, name: &WebhookName, pending: Pending) -> Delivery {
        let Pending { event, tries, why, next } = pending;
        let id = self.webhook_id(team, name, event);
        Delivery { id, event, status: EventDeliveryStatus::Pending, tries, why, next, ended_at: None }
    }

    /// Tells an event again, now, whatever became of it, under the same id.
    pub async fn redeliver(
        &self,
        team: &TeamName,
        name: &WebhookName,
        id: &str,
        actor: &Actor,
    ) -> Result<Delivery, Error> {
        self.webhook(team, name).await?;
        let number = id.split('_').next().and_then(|number| number.parse::<u64>().ok());
        let heard = match number {
            Some(number) => self.kept_event(team, number).await?,
            None => None,
        };
        let event = heard.map(|heard| heard.waiting()).filter(|event| self.webhook_id(team, name, *event) == id);
        let event = event.ok_or(Refusal::NotFound("delivery"))?;
        let (reads, entry) = (self.cursor_reads(team, name), member(event.number));
        let kept = self.records_of(team, name, &event).await?;
        let saved = self.engine.decide(&reads, |records, now| {
            let Some((_, mut cursor)) = live(&reads, records, name)? else {
                return Ok(Change::nothing(Err(Refusal::NotFound("webhook"))));
            };
            if cursor.stopped.is_some() {
                return Ok(Change::nothing(Err(Refusal::WebhookStopped)));
            }
            cursor.again(event, now);
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(now)) };
            cursor.forget(kept.each_ref().map(|index| u32::from(index.is_some())));
            change.remove.extend(kept.iter().flatten().map(|index| (index.clone(), entry.clone())));
            change.put.push(cursor_record(reads.names[0].clone(), &cursor));
            let data = WebhookRedeliveredData { webhook: name.clone(), delivery: id.to_owned() };
            change.events.push(team_event(team, EventData::WebhookRedelivered(data), actor, now));
            Ok(change)
        });
        let now = saved.await?.outcome?;
        self.executor.push(WebhookClaim::news(team.clone(), name.clone()));
        let id = id.to_owned();
        Ok(Delivery {
            id,
            event,
            status: EventDeliveryStatus::Pending,
            tries: 0,
            why: None,
            next: Some(now),
            ended_at: None,
        })
    }
}
