//! Glances: what the page of a portal may see. A back end asks for leave to see one conversation's flag, and
//! the browser that it gives it to watches how that flag stands, and nothing else.
//!
//! Whether the page's website is one of the team's is asked anew each second; who is shown is asked of the
//! interaction, and what is not known is told as such.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, Interval, interval_at};

use super::Callers;
use crate::conversations::snapshots::{Acting, Snapshot};
use crate::engine::{Error, Execution, IdempotencyRecord};
use crate::events::stream::Listener;
use crate::inbound::web_chats::Made;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::messaging::web_chat::StatusToken;
use countersign_domain::proof::flag::Flag;
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;

/// How often it is asked whether the website may still look, and whether time has changed something.
const POLL: Duration = Duration::from_secs(1);

/// How a conversation stands for who glances at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Its primary is authenticated until then.
    Authenticated(Moment),
    /// Nobody proved anything, or it was taken back.
    Unauthenticated,
    /// A login waits for its code, or a code for its answer.
    Pending,
    /// The proof's time is over.
    Expired,
    /// The conversation has ended.
    Closed,
    /// It cannot be read, or is gone.
    Unknown,
}

/// What is new.
#[derive(Clone, Copy, Debug)]
pub struct StatusUpdate {
    /// Whose flag.
    pub interaction: InteractionId,
    /// How it stands.
    pub stands: Stands,
    /// The end of the leave to see it.
    pub until: Moment,
    /// When it was seen.
    pub now: Moment,
}

/// One conversation that is watched.
struct Watched {
    until: Moment,
    shown: Option<Stands>,
    /// When time alone changes something.
    due: Option<Moment>,
}

/// A page that watches.
pub struct Glancer {
    callers: Arc<Callers>,
    team: TeamName,
    website: String,
    watched: BTreeMap<InteractionId, Watched>,
    /// To be looked at.
    stale: VecDeque<InteractionId>,
    listener: Listener,
    tick: Interval,
}

impl Callers {
    /// Leave to see how a conversation's flag stands. It does not count as a sign of life.
    pub async fn issue_status_token(
        &self,
        acting: Acting<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Made>>>,
    ) -> Result<Execution<Snapshot<Made>>, Error> {
        let status_token = StatusToken::begin(acting.id, self.engine.now());
        let made = Made { text: status_token.text(&self.engine.keys.window), until: status_token.until };
        self.conversations.transact(acting.into(), |_, _| Ok(made.clone()), idempotency).await
    }

    /// Whether pages of that website may show how the team's conversations stand.
    pub async fn verify_status_token(&self, team: &TeamName, website: &str) -> Result<bool, Error> {
        let team = self.teams.team(team).await?;
        Ok(team.is_some_and(|team| team.effective.settings.allowed_origins.iter().any(|origin| origin == website)))
    }

    /// Watches conversations for a page. Refused with `NotFound` where one of the words is none or is over,
    /// and with `Forbidden` where the website is not the team's.
    pub async fn status_token(
        self: &Arc<Self>,
        team: &TeamName,
        website: &str,
        words: &[String],
    ) -> Result<Glancer, Error> {
        if !self.verify_status_token(team, website).await? {
            return Err(Refusal::Forbidden.into());
        }
        let mut watched = BTreeMap::new();
        for word in words {
            let status_token = StatusToken::parse(word, &self.engine.keys.window, self.engine.now())
                .ok_or(Refusal::NotFound("glance"))?;
            let until = watched
                .get(&status_token.interaction)
                .map_or(status_token.until, |w: &Watched| w.until.max(status_token.until));
            watched.insert(status_token.interaction, Watched { until, shown: None, due: None });
        }
        let listener = self.event_log.listen(team, None).await?; // before anything is read, so that nothing falls in between
        let stale = watched.keys().copied().collect();
        let tick = interval_at(Instant::now() + POLL, POLL);
        Ok(Glancer {
            callers: self.clone(),
            team: team.clone(),
            website: website.to_owned(),
            watched,
            stale,
            listener,
            tick,
        })
    }
}

impl Glancer {
    /// What is new. Waits until there is something; an error ends it, and so does the end of a leave. May be
    /// dropped and asked again.
    pub async fn next(&mut self) -> Result<StatusUpdate, Error> {
        loop {
            while let Some(id) = self.stale.front().copied() {
                let seen = self.look(id).await;
                self.stale.pop_front();
                if let Some(seen) = seen {
                    return Ok(seen);
                }
            }
            // However much is told of others, the clock is looked at.
            tokio::select! {
                biased;
                _ = self.tick.tick() => self.ask_time().await?,
                heard = self.listener.next() => {
                    let about = heard?.event.interaction;
                    self.stale.extend(about.filter(|id| self.watched.contains_key(id)));
                }
            }
        }
    }

    /// Whether the page may look on, and what time has changed.
    async fn ask_time(&mut self) -> Result<(), Error> {
        if !self.callers.verify_status_token(&self.team, &self.website).await? {
            return Err(Refusal::Forbidden.into());
        }
        let now = self.callers.engine.now();
        if self.watched.values().any(|watched| watched.until <= now) {
            return Err(Refusal::NotFound("glance").into());
        }
        let due = self.watched.iter().filter(|(_, watched)| watched.due.is_some_and(|due| due <= now));
        self.stale.extend(due.map(|(id, _)| *id));
        Ok(())
    }

    /// How one stands, where that is another than before.
    async fn look(&mut self, id: InteractionId) -> Option<StatusUpdate> {
        let snapshot = self.callers.conversations.flag(id, Some(&self.team)).await;
        let now = self.callers.engine.now();
        let (stands, due) = match &snapshot {
            Ok(snapshot) => (stands(&snapshot.interaction, now), snapshot.interaction.deadline()),
            Err(Error::Refused(_)) => (Stands::Unknown, None),
            Err(error) => {
                tracing::warn!(%error, "a flag that is watched cannot be read");
                (Stands::Unknown, Some(now.plus(POLL))) // until it can be
            }
        };
        let watched = self.watched.get_mut(&id)?;
        watched.due = due;
        let is_new = watched.shown.replace(stands) != Some(stands);
        is_new.then_some(StatusUpdate { interaction: id, stands, until: watched.until, now })
    }
}

fn stands(interaction: &Interaction, now: Moment) -> Stands {
    if !interaction.is_open(now) {
        return Stands::Closed;
    }
    let primary = interaction.primary();
    if let Some(raised) = primary.flag.raised(now) {
        return Stands::Authenticated(raised.expires_at);
    }
    match &primary.flag {
        _ if primary.is_awaited(now) => Stands::Pending,
        Flag::Lowered(_) => Stands::Unauthenticated,
        Flag::Raised(_) | Flag::Expired(..) => Stands::Expired,
    }
}
