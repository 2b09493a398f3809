//! Agents on a team's platform are shown whether it is proved who chats: after what may have
//! changed it, as it stands by then. The same shown twice is the same, so nothing is kept for it;
//! what is shown says until when it holds, should nobody be there to show the next.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_channels::{Address, DeliveryError, Standing};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;

use super::teams::TeamView;
use super::{Error, Gateway};
use crate::domain::event::EventKind;
use crate::domain::id::InteractionId;
use crate::domain::interaction::Interaction;
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;

/// Conversations that are shown at the same time.
const ABREAST: usize = 16;

/// So often a platform is asked that does not answer, waiting twice as long each time.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Conversations whose agents are to be shown something.
#[derive(Default)]
pub(super) struct Showing {
    waiting: Mutex<BTreeSet<InteractionId>>,
    woken: Notify,
}

impl Showing {
    /// What happened may have changed what agents should see.
    pub(super) fn notice(&self, id: InteractionId, what: EventKind) {
        let changes = matches!(
            what,
            EventKind::Authenticated
                | EventKind::Expired
                | EventKind::SignedOut
                | EventKind::Banned
                | EventKind::LinkReported
                | EventKind::ParticipantReassigned
                | EventKind::InteractionClosed
        );
        if changes {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
            self.woken.notify_one();
        }
    }

    fn pop(&self) -> Option<InteractionId> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }
}

impl Gateway {
    /// Shows for ever, at once when something has changed.
    pub async fn show_forever(&self) {
        let mut flying = FuturesUnordered::new();
        loop {
            while flying.len() < ABREAST
                && let Some(id) = self.showing.pop()
            {
                flying.push(self.show_one(id));
            }
            let room = flying.len() < ABREAST;
            tokio::select! {
                Some(()) = flying.next() => {}
                () = self.showing.woken.notified(), if room => {}
            }
        }
    }

    async fn show_one(&self, id: InteractionId) {
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            match self.try_to_show(id).await {
                Ok(Some(after)) => tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await,
                Ok(None) | Err(Error::Refused(Refusal::NotFound(_))) => return,
                Err(error) => {
                    tracing::warn!(%id, %error, "agents are not shown how a conversation stands");
                    tokio::time::sleep(wait).await;
                }
            }
            wait = wait.saturating_mul(2);
        }
        tracing::warn!(%id, "agents are not shown how a conversation stands: their platform does not answer");
    }

    /// Shows a conversation as it stands. Some where that should be tried again, after so long if the
    /// platform has said it.
    async fn try_to_show(&self, id: InteractionId) -> Result<Option<Option<Duration>>, Error> {
        let seen = self.look(id, None).await?;
        let interaction = &seen.interaction;
        let Some(team) = self.team(&interaction.team).await? else { return Ok(None) };
        if !self.shows(&team, interaction) {
            return Ok(None);
        }
        let Some(driver) = self.driver(&team, &interaction.channel).filter(|driver| driver.shows_standing()) else {
            return Ok(None);
        };
        let to = Address::new(interaction.conversation.as_str());
        match driver.show_standing(&to, &standing(interaction, self.now())).await {
            Ok(()) => Ok(None),
            Err(DeliveryError::RetryAfter(after)) => Ok(Some(Some(after))),
            Err(DeliveryError::Retry(_) | DeliveryError::Ambiguous) => Ok(Some(None)),
            Err(error) => {
                let (team, channel) = (&interaction.team, &interaction.channel);
                tracing::warn!(%id, %team, %channel, %error, "agents cannot be shown how a conversation stands");
                Ok(None)
            }
        }
    }

    /// Whether the conversation's platform has agents who could be shown something: most have none,
    /// and nothing is opened for them.
    fn shows(&self, team: &TeamView, interaction: &Interaction) -> bool {
        let channel = team.team.channels.get(&interaction.channel);
        let definition = channel.and_then(|channel| self.registry.find(&channel.definition));
        definition.is_some_and(|definition| definition.abilities().shows_standing)
    }
}

/// How it stands with who opened the conversation.
fn standing(interaction: &Interaction, now: Moment) -> Standing {
    let Some(raised) = interaction.primary().flag.raised(now) else { return Standing::default() };
    let methods: Vec<&str> = raised.proofs.keys().map(|method| method.as_str()).collect();
    Standing { is_authenticated: true, until: raised.expires_at.to_string(), methods: methods.join(",") }
}
