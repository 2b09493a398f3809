//! Agents on a team's platform are shown whether it is proved who chats: after what may have changed
//! it, as it stands by then, and only where that is another than what was shown last. After
//! something was shown it is looked at again, since meanwhile another node may have shown what is
//! older. What was shown last is kept in memory, so after a restart something may be shown twice.
//! What is shown says until when it holds, should nobody be there to show the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_channels::{AuthenticationStatus, DeliveryError, MessageAddress};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use quick_cache::sync::Cache;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::slots::{Landed, ShowingSlots, StatusDisplay};
use super::Messaging;
use crate::domain::base::id::{InteractionId, TeamName};
use crate::domain::conversation::interaction::Interaction;
use crate::domain::event::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::engine::Error;
use crate::services::teams::TeamView;

mod slots;

/// Conversations of which it is known what was shown last.
const MAX_SHOWN: usize = 20_000;

/// Conversations whose agents are to be shown something.
pub(crate) struct Showing {
    slots: Mutex<ShowingSlots>,
    woken: Notify,
    /// What agents see.
    last: Cache<InteractionId, Stands>,
}

/// How a conversation stands, and since when without a break.
#[derive(Clone, PartialEq, Eq)]
struct Stands {
    status: AuthenticationStatus,
    since: Option<Moment>,
}

impl Default for Showing {
    fn default() -> Self {
        Self { slots: Mutex::default(), woken: Notify::new(), last: Cache::new(MAX_SHOWN) }
    }
}

impl Showing {
    fn slots(&self) -> MutexGuard<'_, ShowingSlots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be shown now, and otherwise when something may be.
    fn next(&self) -> Result<StatusDisplay, Option<Instant>> {
        let mut slots = self.slots();
        slots.next(Instant::now()).ok_or_else(|| slots.wakes())
    }
}

impl Messaging {
    /// What happened may have changed what agents should see. A conversation that closes tells first
    /// that its flag has fallen.
    pub(crate) fn show_status(&self, team: &TeamName, id: InteractionId, what: EventKind) {
        let changes = matches!(
            what,
            EventKind::Authenticated
                | EventKind::Expired
                | EventKind::SignedOut
                | EventKind::Banned
                | EventKind::LinkReported
                | EventKind::ParticipantReassigned
        );
        if !changes {
            return;
        }
        if self.conversations.is_shared(id) {
            // Another node may have shown that it was proved since this one has shown that it is not.
            self.showing.last.remove_if(&id, |last| !last.status.is_authenticated);
        }
        self.showing.slots().add(team, id, Instant::now());
        self.showing.woken.notify_one();
    }

    /// Shows for ever, at once when something has changed.
    pub async fn show_forever(&self) {
        let mut flying = FuturesUnordered::new();
        loop {
            let wakes = loop {
                match self.showing.next() {
                    Ok(flight) => flying.push(self.show_one(flight)),
                    Err(wakes) => break wakes,
                }
            };
            tokio::select! {
                Some((flight, landed)) = flying.next() => self.land(&flight, landed),
                () = self.showing.woken.notified() => {}
                () = sleep_until(wakes.unwrap_or_else(Instant::now)), if wakes.is_some() => {}
            }
        }
    }

    fn land(&self, flight: &StatusDisplay, landed: Landed) {
        if !self.showing.slots().landed(flight, landed, Instant::now()) {
            let id = flight.id;
            tracing::warn!(%id, "agents are not shown how a conversation stands: their platform does not answer");
        }
    }

    async fn show_one(&self, flight: StatusDisplay) -> (StatusDisplay, Landed) {
        let id = flight.id;
        let landed = match self.try_to_show(&flight).await {
            Ok(landed) => landed,
            Err(Error::Refused(Refusal::NotFound(_))) => Landed::Done,
            Err(error) => {
                tracing::warn!(%id, %error, "agents are not shown how a conversation stands");
                Landed::Retry(None)
            }
        };
        (flight, landed)
    }

    /// Shows a conversation as it stands, where agents see something else.
    async fn try_to_show(&self, flight: &StatusDisplay) -> Result<Landed, Error> {
        let id = flight.id;
        let snapshot = self.conversations.flag(id, Some(&flight.team)).await?;
        let (team, interaction) = (&snapshot.team, &snapshot.interaction);
        if !self.shows(team, interaction) {
            return Ok(Landed::Done);
        }
        let Some(driver) = self.channels.driver(team, &interaction.channel).filter(|driver| driver.shows_status())
        else {
            return Ok(Landed::Done);
        };
        let stands = stands(interaction, self.engine.now());
        if self.showing.last.get(&id).as_ref() == Some(&stands) {
            return Ok(Landed::Done);
        }
        // Where no answer comes it may be there all the same: then nobody knows what agents see.
        self.showing.last.remove(&id);
        let to = MessageAddress::new(interaction.conversation.as_str());
        match driver.show_status(&to, &stands.status).await {
            Ok(()) => {
                self.showing.last.insert(id, stands);
                Ok(Landed::Shown)
            }
            Err(DeliveryError::RetryAfter(after)) => Ok(Landed::Retry(Some(after))),
            Err(DeliveryError::Retry(_) | DeliveryError::Ambiguous) => Ok(Landed::Retry(None)),
            Err(error) => {
                let (team, channel) = (&interaction.team, &interaction.channel);
                tracing::warn!(%id, %team, %channel, %error, "agents cannot be shown how a conversation stands");
                Ok(Landed::Done)
            }
        }
    }

    /// Whether the conversation's platform has agents who could be shown something: most have none,
    /// and nothing is opened for them.
    fn shows(&self, team: &TeamView, interaction: &Interaction) -> bool {
        let channel = team.team.channels.get(&interaction.channel);
        let definition = channel.and_then(|channel| self.drivers.registry().find(&channel.definition));
        definition.is_some_and(|definition| definition.features().shows_status)
    }
}

/// How it stands with who opened the conversation.
fn stands(interaction: &Interaction, now: Moment) -> Stands {
    let Some(raised) = interaction.primary().flag.raised(now) else {
        return Stands { status: AuthenticationStatus::default(), since: None };
    };
    let methods: Vec<&str> = raised.proofs.keys().map(|method| method.as_str()).collect();
    let (until, methods) = (raised.expires_at.to_string(), methods.join(","));
    Stands { status: AuthenticationStatus { is_authenticated: true, until, methods }, since: Some(raised.first_since) }
}
