//! The bot's reaction to an event of the gateway.
//!
//! Events come at least once, and late after a pause: each is taken once, none is believed to say
//! how things stand now, and one about a link that is no longer offered changes nothing.

use serde_json::Value;

use super::state::Conversation;
use crate::api::{ApiError, Authentication};
use crate::bot::{RequiredProof, bot};
use crate::mark::Mark;
use crate::outsiders::events::TeamEvent;
use crate::transcript::{CardState, CodeState};

/// So many ids are remembered to tell a repetition.
const MAX_KNOWN_EVENTS: usize = 64;

impl Conversation {
    /// Takes an event about this conversation.
    pub async fn take_event(&mut self, event: TeamEvent) -> Result<(), ApiError> {
        if self.known_events.contains(&event.id) {
            return Ok(());
        }
        self.known_events.push_back(event.id.clone());
        if self.known_events.len() > MAX_KNOWN_EVENTS {
            self.known_events.pop_front();
        }
        let wire = format!("event {}", event.kind);
        match event.kind.as_str() {
            "participant.authenticated" => self.resume(&event).await,
            // The flag stands as it stood.
            "participant.expiring" | "participant.unlocked" => {
                self.show_effect(&event.kind, wire);
                Ok(())
            }
            "interaction.closed" => {
                self.end(wire);
                Ok(())
            }
            kind if kind.starts_with("challenge.") => self.take_code_event(&event, wire).await,
            // Sent again each time that she comes back by the invitation.
            "participant.entered" if event.data.get("first") != Some(&Value::Bool(true)) => self.refresh().await,
            kind if kind.starts_with("participant.") => {
                self.show_effect(kind, wire);
                self.refresh().await
            }
            _ => {
                self.take_link_event(&event, wire);
                self.refresh().await
            }
        }
    }

    /// After a silence in which events may have been missed.
    pub async fn catch_up(&mut self) -> Result<(), ApiError> {
        self.refresh().await?;
        if self.pending.is_empty() { Ok(()) } else { self.answer_pending().await }
    }

    /// The customer has proved it: what they asked for is answered without asking them again.
    async fn resume(&mut self, event: &TeamEvent) -> Result<(), ApiError> {
        self.refresh().await?;
        self.finish_tasks(event);
        let state = event.data.get("state").and_then(Value::as_str);
        let asked = self.pending.iter().find(|pending| state == Some(pending.state.as_str()));
        let Some(asked) = asked else { return Ok(()) };
        let wire = format!("event participant.authenticated {{state: {}}}", asked.state);
        let (proved, thanks) = match asked.want.proof() {
            RequiredProof::Login => {
                self.view.set_card_state(CardState::Done);
                ("The login is proved and belongs to this chat.", "Thank you, you are logged in.")
            }
            RequiredProof::Code => {
                self.view.set_code_state(CodeState::Done);
                ("The code is right, and it came from this chat.", "Thank you, that was the right code.")
            }
        };
        self.view.explain(format!("{proved} The event brought back what had been asked."), wire);
        self.view.add(bot(format!("{thanks} Here is what you asked for:")));
        self.answer_pending().await
    }

    fn take_link_event(&mut self, event: &TeamEvent, wire: String) {
        let about = event.data.get("link").and_then(Value::as_str);
        let live = self.view.link.as_ref().map(|link| link.id.as_str());
        if about.is_some() && about != live {
            return;
        }
        if event.data.contains_key("challenge") {
            return; // of a page that is no login
        }
        let reason = event.data.get("reason").and_then(Value::as_str);
        let kind = match (event.kind.as_str(), reason) {
            ("confirmation.expired", Some("started_again")) => return,
            ("confirmation.expired", Some(_)) => "confirmation.void",
            (kind, _) => kind,
        };
        if kind == "link.reported" {
            self.pending.clear();
        }
        self.show_effect(kind, wire);
    }

    fn end(&mut self, wire: String) {
        self.interaction = None;
        self.pending.clear();
        self.code = None;
        self.view.set_code_state(CodeState::Over);
        self.view.mark = Mark::of(Authentication::default());
        self.show_effect("interaction.closed", wire);
    }
}
