//! A team's webhooks, as admins write, read, rotate and remove them.
//! How events are told is `webhook_dispatch`'s, what became of them `deliveries`'s.

use url::Url;

use super::Webhooks;
use crate::engine::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use crate::engine::{Error, Execution, IdempotencyRecord, decode, encode, plain_record};
use crate::names::{cursor_name, delivery_indexes, team_record};
use crate::teams::team_event;
use countersign_domain::base::id::{TeamName, WebhookName};
use countersign_domain::base::validation;
use countersign_domain::base::validation::{FieldError, ValidationError};
use countersign_domain::event::data::teams::SettingsChangedData;
use countersign_domain::event::webhook::{Start, Webhook, WebhookInput};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::messaging::webhook_cursor::WebhookCursor;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::hex;
use countersign_domain::settings::effective;
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::Team;
use countersign_domain::time::Moment;

/// An address has at most so many bytes.
const MAX_URL_BYTES: usize = 2048;

/// A webhook, how far it has come, and whether its secret is a new one.
#[derive(Clone, Debug)]
pub struct WebhookState {
    /// As it is kept.
    pub webhook: Webhook,
    /// How far it has come.
    pub cursor: WebhookCursor,
    /// Whether who made it so must be told what it is signed with.
    pub is_secret_new: bool,
}

impl Webhooks {
    /// Makes a webhook or writes it anew; true where it is new. It tells what happens from then on; one
    /// that has stopped begins anew.
    pub async fn put_webhook(
        &self,
        team: &TeamName,
        name: &WebhookName,
        writing: &WebhookInput,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<(bool, WebhookState), Error> {
        self.may_be_told(&writing.url)?;
        let after = self.event_log.head(team).await?.events;
        let (secret, id) = (self.engine.draw(), hex(&self.engine.draw::<8>()));
        let rule = |record: &mut Team, kept: Option<WebhookCursor>, now| {
            let before = record.webhooks.get(name);
            only_if.admit(before.is_some())?;
            let is_stopped = |before: &Webhook| WebhookCursor::of(kept.clone(), &before.start).stopped.is_some();
            let goes_on = before.filter(|before| !is_stopped(before)).map(|before| before.start.clone());
            let start = goes_on.unwrap_or_else(|| Start { id: id.clone(), after });
            let (webhook, is_secret_new) = writing.over(before, secret, start, now);
            let moves = before.is_some_and(|before| before.url != webhook.url);
            let is_new = record.put_webhook(name, webhook.clone())?;
            let mut cursor = WebhookCursor::of(kept, &webhook.start);
            let mut put = Vec::new();
            if moves {
                cursor.moves(now);
                put.push(cursor_record(cursor_name(team, name), &cursor));
            }
            let events = vec![changed(team, name, "written", actor, now)];
            let known = WebhookState { webhook, cursor, is_secret_new };
            Ok(Change { put, events, ..Change::nothing(Ok((is_new, known))) })
        };
        self.change_webhook(team, name, rule).await
    }

    /// Whether an address may be spoken to, as far as it tells: a name is judged again by what it
    /// resolves to, whenever a connection is made.
    fn may_be_told(&self, text: &str) -> Result<(), Refusal> {
        let refused = |error: ValidationError| Refusal::Invalid(vec![FieldError::at("/url", error)]);
        let url = Url::parse(text).map_err(|_| refused(ValidationError::from(&validation::URL)))?;
        let is_long = text.len() > MAX_URL_BYTES || text.chars().any(|c| c.is_control() || c.is_whitespace());
        if is_long || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refused(ValidationError::from(&validation::URL_PARTS)));
        }
        self.messaging.egress().admit(&url).map_err(|kind| refused(kind.into()))
    }

    /// A webhook of the team.
    pub async fn webhook(&self, team: &TeamName, name: &WebhookName) -> Result<WebhookState, Error> {
        let reads = self.cursor_reads(team, name);
        let (mut record, cursor) =
            opened(&reads, &self.engine.read(&reads).await?)?.ok_or(Refusal::NotFound("team"))?;
        let webhook = record.webhooks.remove(name).ok_or(Refusal::NotFound("webhook"))?;
        let cursor = WebhookCursor::of(cursor, &webhook.start);
        Ok(WebhookState { webhook, cursor, is_secret_new: false })
    }

    /// How far a webhook has come, and its team's record.
    pub(crate) fn cursor_reads(&self, team: &TeamName, name: &WebhookName) -> Reads {
        Reads { partition: self.engine.team_partition(team), names: vec![cursor_name(team, name), team_record(team)] }
    }

    /// Another secret signs from now on, and for so long the one before as well.
    pub async fn rotate_webhook(
        &self,
        team: &TeamName,
        name: &WebhookName,
        overlap_minutes: u64,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, WebhookState>>,
    ) -> Result<Execution<WebhookState>, Error> {
        let cursor = self.webhook(team, name).await?.cursor;
        let secret = self.engine.draw();
        let rule = |record: &mut Team, now| {
            let webhook = record.webhook(name)?;
            webhook.rotate(secret, overlap_minutes, now);
            let known = WebhookState { webhook: webhook.clone(), cursor: cursor.clone(), is_secret_new: true };
            Ok((known, vec![changed(team, name, "rotated", actor, now)]))
        };
        self.teams.change_team(team, rule, idempotency).await
    }

    /// Takes a webhook away, with all that waits for it. One that the settings name stays.
    pub async fn remove_webhook(&self, team: &TeamName, name: &WebhookName, actor: &Actor) -> Result<(), Error> {
        let (system, _) = self.teams.system().await?;
        let rule = |record: &mut Team, _, now| {
            record.remove_webhook(name)?;
            let named = effective(&system, &record.overrides)?.settings.delivery.event_webhook;
            if named.as_deref() == Some(name.as_str()) {
                return Err(Refusal::WebhookInUse);
            }
            let (delete, trim) = (vec![cursor_name(team, name)], delivery_indexes(team, name).to_vec());
            let events = vec![changed(team, name, "removed", actor, now)];
            Ok(Change { delete, trim, events, ..Change::nothing(Ok(())) })
        };
        self.change_webhook(team, name, rule).await
    }

    /// Lets a rule change a team's record, and with it in one commit what is kept of a webhook.
    async fn change_webhook<T>(
        &self,
        team: &TeamName,
        name: &WebhookName,
        rule: impl Fn(&mut Team, Option<WebhookCursor>, Moment) -> Result<Change<T>, Refusal>,
    ) -> Result<T, Error> {
        let reads = self.cursor_reads(team, name);
        let saved = self.engine.decide(&reads, |records, now| {
            let Some((mut record, cursor)) = opened(&reads, records)? else {
                return Ok(Change::nothing(Err(Refusal::NotFound("team"))));
            };
            let mut change = match rule(&mut record, cursor, now) {
                Ok(change) => change,
                Err(refusal) => return Ok(Change::nothing(Err(refusal))),
            };
            change.put.push(plain_record(reads.names[1].clone(), &record, now));
            Ok(Change { confirm: Confirm::Written, ..change })
        });
        let saved = saved.await?;
        self.teams.forget(Some(team));
        Ok(saved.outcome?)
    }
}

/// A team's record and how far one of its webhooks has come, as they were read; nothing where there is
/// no such team.
fn opened(reads: &Reads, records: &[Option<OpenedRecord>]) -> Result<Option<(Team, Option<WebhookCursor>)>, Error> {
    let Some(bytes) = &records[1] else { return Ok(None) };
    let team: Team = decode(&reads.names[1], bytes)?;
    let cursor = records[0].as_ref().map(|bytes| decode(&reads.names[0], bytes)).transpose()?;
    Ok((!team.leaving).then_some((team, cursor)))
}

/// A webhook and how far it has come, as they were read; nothing where there is no such webhook.
pub(crate) fn live(
    reads: &Reads,
    records: &[Option<OpenedRecord>],
    name: &WebhookName,
) -> Result<Option<(Webhook, WebhookCursor)>, Error> {
    let found = opened(reads, records)?.and_then(|(mut team, cursor)| Some((team.webhooks.remove(name)?, cursor)));
    Ok(found.map(|(webhook, cursor)| {
        let cursor = WebhookCursor::of(cursor, &webhook.start);
        (webhook, cursor)
    }))
}

/// A course as it is kept.
pub(crate) fn cursor_record(name: String, cursor: &WebhookCursor) -> PlainRecord {
    PlainRecord { name, bytes: encode(cursor), alarm: cursor.alarm(), ..PlainRecord::default() }
}

/// That an admin changed a webhook.
fn changed(team: &TeamName, name: &WebhookName, how: &'static str, actor: &Actor, now: Moment) -> Event {
    let data = SettingsChangedData::webhook(name.clone(), how);
    team_event(team, EventData::SettingsChanged(data), actor, now)
}
