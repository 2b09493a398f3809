//! Agents on a team's platform are shown whether it is proved who chats: after what may have changed
//! it, as it stands by then, and only where that is another than what was shown last. After
//! something was shown it is looked at again, since meanwhile another node may have shown what is
//! older. What was shown last is kept in memory, so after a restart something may be shown twice.
//! What is shown says until when it holds, should nobody be there to show the next.

use std::sync::Arc;
use std::time::Duration;

use countersign_channels::{AuthenticationStatus, DeliveryError, MessageAddress};
use quick_cache::sync::Cache;

use super::Messaging;
use crate::engine::executor::{Claim, Executor, JobKind, JobPolicy, Next};
use crate::engine::{Engine, Error};
use crate::teams::TeamView;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::event::EventKind;
use countersign_domain::time::Moment;
use countersign_domain::time::backoff::Backoff;

/// Conversations of which it is known what was shown last.
const MAX_SHOWN: usize = 20_000;

/// So often a platform is asked that does not answer.
const TRIES: u32 = 5;

/// The waits between these.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_secs(1), doubled_to: Duration::from_secs(30), max: Duration::from_secs(30) };

/// A conversation whose agents may see something else than how it stands.
pub(crate) struct StatusDisplay {
    team: TeamName,
    id: InteractionId,
    /// Tries before this one.
    tries: u32,
}

impl Claim for StatusDisplay {
    type Key = InteractionId;
    const POLICY: JobPolicy = JobPolicy { of_a_team: 4, ..JobPolicy::new("status-display", 16) };

    fn key(&self) -> InteractionId {
        self.id
    }

    fn team(&self) -> Option<TeamName> {
        Some(self.team.clone())
    }
}

impl StatusDisplay {
    /// The next step when it ended so.
    fn next(self, how: DisplayResult, jitter: u8) -> Next<Self> {
        let tries = self.tries + 1;
        match how {
            DisplayResult::Done => Next::Done,
            DisplayResult::Shown => Next::AtOnce(Self { tries: 0, ..self }),
            DisplayResult::Retry(_) if tries >= TRIES => {
                tracing::warn!(id = %self.id, "agents are not shown how a conversation stands: their platform does not answer");
                Next::Done
            }
            DisplayResult::Retry(after) => {
                let wait = after.unwrap_or_else(|| BACKOFF.wait(tries, jitter)).min(BACKOFF.max);
                Next::Later(Self { tries, ..self }, wait)
            }
        }
    }
}

/// How showing it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisplayResult {
    /// Agents see how it stands.
    Done,
    /// Something was shown; by now it may stand otherwise.
    Shown,
    /// To be tried again, after so long where the platform has said it.
    Retry(Option<Duration>),
}

/// Conversations whose agents are to be shown something.
pub(crate) struct Showing {
    pub(crate) displays: Executor<StatusDisplay>,
    /// What agents see.
    last: Cache<InteractionId, Stands>,
}

/// How a conversation stands, and since when without a break.
#[derive(Clone, PartialEq, Eq)]
struct Stands {
    status: AuthenticationStatus,
    since: Option<Moment>,
}

impl Showing {
    /// Nothing is known of what agents see.
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self { displays: Executor::new(engine), last: Cache::new(MAX_SHOWN) }
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
        self.showing.displays.push(StatusDisplay { team: team.clone(), id, tries: 0 });
    }

    /// Shows a conversation as it stands, where agents see something else.
    async fn try_to_show(&self, display: &StatusDisplay) -> Result<DisplayResult, Error> {
        let id = display.id;
        let snapshot = self.conversations.flag(id, Some(&display.team)).await?;
        let (team, interaction) = (&snapshot.team, &snapshot.interaction);
        if !self.shows(team, interaction) {
            return Ok(DisplayResult::Done);
        }
        let Some(driver) = self.channels.driver(team, &interaction.channel).filter(|driver| driver.shows_status())
        else {
            return Ok(DisplayResult::Done);
        };
        let stands = stands(interaction, self.engine.now());
        if self.showing.last.get(&id).as_ref() == Some(&stands) {
            return Ok(DisplayResult::Done);
        }
        // Where no answer comes it may be there all the same: then nobody knows what agents see.
        self.showing.last.remove(&id);
        let to = MessageAddress::new(interaction.conversation.as_str());
        match driver.show_status(&to, &stands.status).await {
            Ok(()) => {
                self.showing.last.insert(id, stands);
                Ok(DisplayResult::Shown)
            }
            Err(DeliveryError::RetryAfter(after)) => Ok(DisplayResult::Retry(Some(after))),
            Err(DeliveryError::Retry(_) | DeliveryError::Ambiguous) => Ok(DisplayResult::Retry(None)),
            Err(error) => {
                let (team, channel) = (&interaction.team, &interaction.channel);
                tracing::warn!(%id, %team, %channel, %error, "agents cannot be shown how a conversation stands");
                Ok(DisplayResult::Done)
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

impl JobKind<StatusDisplay> for Messaging {
    type Job = StatusDisplay;
    type Attempt = DisplayResult;

    async fn load(&self, display: StatusDisplay) -> Result<Option<StatusDisplay>, Error> {
        Ok(Some(display))
    }

    async fn attempt(&self, display: &StatusDisplay) -> Result<DisplayResult, Error> {
        let id = display.id;
        match self.try_to_show(display).await {
            Err(error @ (Error::Away(_) | Error::Damaged(_))) => {
                tracing::warn!(%id, %error, "agents are not shown how a conversation stands");
                Ok(DisplayResult::Retry(None))
            }
            other => other,
        }
    }

    async fn settle(&self, display: StatusDisplay, how: DisplayResult) -> Result<Next<StatusDisplay>, Error> {
        Ok(display.next(how, self.engine.draw::<1>()[0]))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn display() -> StatusDisplay {
        let id = InteractionId::new(Moment(1), [1; 10], 1);
        StatusDisplay { team: "bank".parse().expect("a name"), id, tries: 0 }
    }

    #[test]
    fn silent_platform_is_asked_five_times() {
        let (mut display, mut waits) = (display(), Vec::new());
        while let Next::Later(again, wait) = display.next(DisplayResult::Retry(None), 0) {
            waits.push(wait.as_millis());
            display = again;
        }
        assert_eq!(waits, [750, 1_500, 3_000, 6_000]);
    }

    #[test]
    fn platform_may_ask_for_half_a_minute() {
        let next = display().next(DisplayResult::Retry(Some(Duration::from_secs(3_600))), 0);
        assert!(matches!(next, Next::Later(StatusDisplay { tries: 1, .. }, wait) if wait == BACKOFF.max));
    }

    #[test]
    fn shown_conversation_is_looked_at_again() {
        let tried = StatusDisplay { tries: 3, ..display() };
        assert!(matches!(tried.next(DisplayResult::Shown, 0), Next::AtOnce(StatusDisplay { tries: 0, .. })));
        assert!(matches!(display().next(DisplayResult::Done, 0), Next::Done));
    }
}
