//! A team's webhooks, as admins write, read and rotate them, and what became of their events: what
//! waits, what was given up and can be sent again, what was delivered of late.
//! How events are told is `telling`'s; no body of an event is kept here.

use std::str::FromStr;

use serde_json::json;
use url::Url;

use super::decide::{Change, Confirm, Opened, Plain, Reads};
use super::links::fresh;
use super::names::{course_name, dead_index, delivered_index, letters, member, team_record};
use super::teams::team_event;
use super::{Error, Gateway, Remember, Told, decode, encode};
use crate::domain::course::{Course, Letter, Pending, Waiting};
use crate::domain::event::{Actor, Event, EventKind};
use crate::domain::id::{TeamName, WebhookName};
use crate::domain::posting::Why;
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::secret::hex;
use crate::domain::settings::effective;
use crate::domain::team::Team;
use crate::domain::time::Moment;
use crate::domain::webhook::{Start, Webhook, Writing};
use crate::store::Order;

/// An address has at most so many bytes.
const MOST_URL: usize = 2048;

/// A webhook, how far it has come, and whether its secret is a new one.
#[derive(Clone, Debug)]
pub struct Known {
    /// As it is kept.
    pub webhook: Webhook,
    /// How far it has come.
    pub course: Course,
    /// Whether who made it so must be told what it is signed with.
    pub is_secret_new: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits.
    Pending,
    /// It was given up, and can be sent again.
    Failed,
    /// The receiver has it.
    Delivered,
}

impl Status {
    /// In the order in which they are listed.
    const ALL: [Self; 3] = [Self::Pending, Self::Failed, Self::Delivered];

    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
        }
    }
}

impl FromStr for Status {
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
    pub event: Waiting,
    /// What became of it.
    pub status: Status,
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
pub struct Cursor(Status, u64);

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

impl Gateway {
    /// Makes a webhook or writes it anew; true where it is new. It tells what happens from then on; one
    /// that has stopped begins anew.
    pub async fn put_webhook(
        &self,
        team: &TeamName,
        name: &WebhookName,
        writing: &Writing,
        actor: &Actor,
    ) -> Result<(bool, Known), Error> {
        self.may_be_told(&writing.url)?;
        let stopped = match self.webhook(team, name).await {
            Ok(known) => known.course.stopped.is_some(),
            Err(Error::Refused(Refusal::NotFound(_))) => false,
            Err(error) => return Err(error),
        };
        let after = self.head(team).await?.events;
        let (secret, id) = (self.draw(), hex(&self.draw::<8>()));
        let rule = |record: &mut Team, now| {
            let before = record.webhooks.get(name);
            let goes_on = before.filter(|_| !stopped).map(|before| before.start.clone());
            let start = goes_on.unwrap_or_else(|| Start { id: id.clone(), after });
            let (webhook, is_secret_new) = writing.over(before, secret, start, now);
            let is_new = record.put_webhook(name, webhook.clone())?;
            Ok(((is_new, webhook, is_secret_new), vec![changed(team, name, "written", actor, now)]))
        };
        let (is_new, webhook, is_secret_new) = fresh(self.change_team(team, rule, None).await?)?;
        let reads = self.course_reads(team, name);
        let course = opened(&reads, &self.read(&reads).await?)?.and_then(|(_, course)| course);
        let course = Course::of(course, &webhook.start);
        Ok((is_new, Known { webhook, course, is_secret_new }))
    }

    /// Whether an address may be spoken to, as far as it tells: a name is judged again by what it
    /// resolves to, whenever a connection is made.
    fn may_be_told(&self, text: &str) -> Result<(), Refusal> {
        let refused = |detail: &str| Refusal::UnusableWebhook(vec![Fault::at("/url", detail)]);
        let url = Url::parse(text).map_err(|_| refused("must be a URL"))?;
        if text.len() > MOST_URL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refused("must be at most 2048 bytes without blanks"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refused("must have no user, no password and no fragment"));
        }
        self.courier.reach().admit(&url).map_err(refused)
    }

    /// A webhook of the team.
    pub async fn webhook(&self, team: &TeamName, name: &WebhookName) -> Result<Known, Error> {
        let reads = self.course_reads(team, name);
        let (mut record, course) = opened(&reads, &self.read(&reads).await?)?.ok_or(Refusal::NotFound("team"))?;
        let webhook = record.webhooks.remove(name).ok_or(Refusal::NotFound("webhook"))?;
        let course = Course::of(course, &webhook.start);
        Ok(Known { webhook, course, is_secret_new: false })
    }

    /// How far a webhook has come, and its team's record.
    pub(super) fn course_reads(&self, team: &TeamName, name: &WebhookName) -> Reads {
        Reads { partition: self.team_partition(team), names: vec![course_name(team, name), team_record(team)] }
    }

    /// Another secret signs from now on, and for so long the one before as well.
    pub async fn rotate_webhook(
        &self,
        team: &TeamName,
        name: &WebhookName,
        overlap_minutes: u64,
        actor: &Actor,
        remember: Option<&Remember<'_, Known>>,
    ) -> Result<Told<Known>, Error> {
        let course = self.webhook(team, name).await?.course;
        let secret = self.draw();
        let rule = |record: &mut Team, now| {
            let webhook = record.webhook(name)?;
            webhook.rotate(secret, overlap_minutes, now);
            let known = Known { webhook: webhook.clone(), course: course.clone(), is_secret_new: true };
            Ok((known, vec![changed(team, name, "rotated", actor, now)]))
        };
        self.change_team(team, rule, remember).await
    }

    /// Takes a webhook away, with all that waits for it. One that the settings name stays.
    pub async fn remove_webhook(&self, team: &TeamName, name: &WebhookName, actor: &Actor) -> Result<(), Error> {
        let (system, _) = self.system().await?;
        let rule = |record: &mut Team, now| {
            record.remove_webhook(name)?;
            let named = effective(&system, &record.overrides)?.settings.delivery.event_webhook;
            if named.as_deref() == Some(name.as_str()) {
                return Err(Refusal::WebhookInUse);
            }
            Ok(((), vec![changed(team, name, "removed", actor, now)]))
        };
        fresh(self.change_team(team, rule, None).await?)?;
        let reads = self.course_reads(team, name);
        let saved = self.decide(&reads, |_, now| {
            let nothing = encode(&Course::begin(&Start { id: String::new(), after: 0 }));
            let put = Plain { name: reads.names[0].clone(), bytes: nothing, expires: Some(now), ..Plain::default() };
            let trim = letters(team, name).to_vec();
            Ok(Change { put: vec![put], trim, confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        Ok(saved.await?.outcome?)
    }

    /// A page of a webhook's deliveries, those that wait first, each kind the newest first; and where
    /// the next page begins.
    pub async fn deliveries(
        &self,
        (team, name): (&TeamName, &WebhookName),
        only: Option<Status>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Delivery>, Option<Cursor>), Error> {
        let known = self.webhook(team, name).await?;
        let mut found = Vec::new();
        for status in Status::ALL {
            let passed = after.is_some_and(|Cursor(at, _)| (at as u8) > (status as u8));
            if passed || only.is_some_and(|only| only != status) {
                continue;
            }
            let before = after.filter(|Cursor(at, _)| *at == status).map(|Cursor(_, number)| number);
            let room = limit - found.len();
            let page: Vec<Delivery> = match status {
                Status::Pending => {
                    let older = |waits: &Pending| before.is_none_or(|before| waits.event.number < before);
                    let all = known.course.pending().into_iter().filter(older).take(room);
                    all.map(|pending| self.pending(team, name, pending)).collect()
                }
                Status::Failed => self.letters(team, name, &dead_index(team, name), before, room).await?,
                Status::Delivered => self.letters(team, name, &delivered_index(team, name), before, room).await?,
            };
            found.extend(page);
            if found.len() == limit {
                let next = found.last().map(|last| Cursor(status, last.event.number));
                return Ok((found, next));
            }
        }
        Ok((found, None))
    }

    async fn letters(
        &self,
        team: &TeamName,
        name: &WebhookName,
        index: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Delivery>, Error> {
        let before = before.map(member);
        let partition = self.team_partition(team);
        let page = self.store.list(partition, index, Order::Falling, before.as_deref(), limit).await?;
        let read = |entry: crate::store::Entry| {
            let letter: Letter = decode(index, &self.open_at(index, &entry.bytes)?)?;
            let status = if letter.why.is_some() { Status::Failed } else { Status::Delivered };
            let Letter { event, tries, ended_at, why } = letter;
            let (id, ended_at) = (self.webhook_id(team, name, event), Some(ended_at));
            Ok(Delivery { id, event, status, tries, why, next: None, ended_at })
        };
        page.into_iter().map(read).collect()
    }

    /// The indexes that have a letter of an event: of what was delivered, and of what was given up.
    async fn letters_of(
        &self,
        team: &TeamName,
        name: &WebhookName,
        event: &Waiting,
    ) -> Result<[Option<String>; 2], Error> {
        let (partition, before) = (self.team_partition(team), event.number.checked_sub(1).map(member));
        let mut found = [delivered_index(team, name), dead_index(team, name)].map(Some);
        for index in &mut found {
            let name = index.as_deref().unwrap_or_default();
            let first = self.store.list(partition, name, Order::Rising, before.as_deref(), 1).await?;
            if first.first().is_none_or(|first| first.member != member(event.number)) {
                *index = None;
            }
        }
        Ok(found)
    }

    fn pending(&self, team: &TeamName, name: &WebhookName, pending: Pending) -> Delivery {
        let Pending { event, tries, why, next } = pending;
        let id = self.webhook_id(team, name, event);
        Delivery { id, event, status: Status::Pending, tries, why, next, ended_at: None }
    }

    /// Tells an event again, now, whatever became of it, under the same id.
    pub async fn redeliver(&self, team: &TeamName, name: &WebhookName, id: &str) -> Result<Delivery, Error> {
        self.webhook(team, name).await?;
        let number = id.split('_').next().and_then(|number| number.parse::<u64>().ok());
        let heard = match number {
            Some(number) => self.kept_event(team, number).await?,
            None => None,
        };
        let event = heard.map(|heard| heard.waiting()).filter(|event| self.webhook_id(team, name, *event) == id);
        let event = event.ok_or(Refusal::NotFound("delivery"))?;
        let (reads, entry) = (self.course_reads(team, name), member(event.number));
        let kept = self.letters_of(team, name, &event).await?;
        let saved = self.decide(&reads, |records, now| {
            let Some((_, mut course)) = live(&reads, records, name)? else {
                return Ok(Change::nothing(Err(Refusal::NotFound("webhook"))));
            };
            if course.stopped.is_some() {
                return Ok(Change::nothing(Err(Refusal::WebhookStopped)));
            }
            course.again(event, now);
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(now)) };
            course.forget(kept.each_ref().map(|index| u32::from(index.is_some())));
            change.remove.extend(kept.iter().flatten().map(|index| (index.clone(), entry.clone())));
            let alarm = course.alarm();
            change.put.push(Plain { name: reads.names[0].clone(), bytes: encode(&course), alarm, ..Plain::default() });
            Ok(change)
        });
        let now = saved.await?.outcome?;
        self.ringing.push((team.clone(), name.clone()));
        let id = id.to_owned();
        Ok(Delivery { id, event, status: Status::Pending, tries: 0, why: None, next: Some(now), ended_at: None })
    }
}

/// A team's record and how far one of its webhooks has come, as they were read; nothing where there is
/// no such team.
fn opened(reads: &Reads, records: &[Option<Opened>]) -> Result<Option<(Team, Option<Course>)>, Error> {
    let Some(bytes) = &records[1] else { return Ok(None) };
    let team: Team = decode(&reads.names[1], bytes)?;
    let course = records[0].as_ref().map(|bytes| decode(&reads.names[0], bytes)).transpose()?;
    Ok((!team.leaving).then_some((team, course)))
}

/// A webhook and how far it has come, as they were read; nothing where there is no such webhook.
pub(super) fn live(
    reads: &Reads,
    records: &[Option<Opened>],
    name: &WebhookName,
) -> Result<Option<(Webhook, Course)>, Error> {
    let found = opened(reads, records)?.and_then(|(mut team, course)| Some((team.webhooks.remove(name)?, course)));
    Ok(found.map(|(webhook, course)| {
        let course = Course::of(course, &webhook.start);
        (webhook, course)
    }))
}

/// That an admin changed a webhook.
fn changed(team: &TeamName, name: &WebhookName, how: &str, actor: &Actor, now: Moment) -> Event {
    team_event(team, EventKind::SettingsChanged, actor, now, json!({"webhook": name, "change": how}))
}
