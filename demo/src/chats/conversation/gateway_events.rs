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

/// The effect of an event about a link: on the card, on the bot's words and on the story.
struct LinkEventEffect {
    card: CardState,
    said: Option<&'static str>,
    story: &'static str,
}

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
            "participant.expired" => {
                self.notice("Your login has run out. I will ask again when you need it.", false);
                self.view.explain("The login’s time was over, so the mark fell by itself.", wire);
                self.refresh().await
            }
            "participant.expiring" => {
                self.view.explain("The mark stands for one more minute. Inside it, nothing asks for a login.", wire);
                Ok(())
            }
            "participant.locked" => {
                self.view.explain("Too many failed attempts: for a while nothing of that kind is even compared.", wire);
                self.refresh().await
            }
            "participant.unlocked" => {
                self.notice("The lock has been lifted. Ask again whenever you like.", false);
                self.view.explain("An agent lifted the lock; one whose time is over is simply gone.", wire);
                Ok(())
            }
            // Sent again each time that she comes back by the invitation.
            "participant.entered" if event.data.get("first") == Some(&Value::Bool(true)) => {
                self.notice("The customer came in by the invitation.", false);
                self.view.explain("She answered at the door, and is in the conversation.", wire);
                self.refresh().await
            }
            "participant.entered" | "participant.signed_out" => self.refresh().await,
            "interaction.closed" => {
                self.end(wire);
                Ok(())
            }
            kind if kind.starts_with("challenge.") => self.take_code_event(&event, wire).await,
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
        let Some(effect) = link_event_effect(&event.kind, reason) else { return };
        self.view.set_card_state(effect.card);
        if effect.card == CardState::Frozen {
            self.pending.clear();
            self.notice("Somebody who got the login link said: this wasn’t me. The link is frozen. If you did not forward it, do not log in by links from others.", true);
        }
        if let Some(said) = effect.said {
            self.view.add(bot(said));
        }
        self.view.explain(effect.story, wire);
    }

    fn end(&mut self, wire: String) {
        self.interaction = None;
        self.pending.clear();
        self.code = None;
        self.view.set_card_state(CardState::Expired);
        self.view.set_code_state(CodeState::Over);
        self.view.mark = Mark::of(Authentication::default());
        self.notice("This conversation has ended. Write to begin a new one.", false);
        self.view.explain("The conversation was closed; nothing of it stays authenticated.", wire);
    }
}

/// The effect of an event about a link; `None` where it has none.
fn link_event_effect(kind: &str, reason: Option<&str>) -> Option<LinkEventEffect> {
    let (card, said, story) = match kind {
        "link.opened" => (
            CardState::Opened,
            None,
            "A person pressed Continue. Only that opens a link: previews and scanners do not.",
        ),
        "link.cancelled" => (
            CardState::Cancelled,
            Some("You cancelled the login. Ask me again whenever you like."),
            "The login page answered “cancelled”. The link is spent.",
        ),
        "link.denied" => (
            CardState::Cancelled,
            Some("The login was refused. Ask me again to try once more."),
            "The login page answered “denied”. The link is spent.",
        ),
        "link.expired" => (
            CardState::Expired,
            Some("The login link has expired. Ask me again and I will send a new one."),
            "The link’s time was over before anybody logged in.",
        ),
        "link.reported" => {
            (CardState::Frozen, None, "“This wasn’t me” was pressed: the link is frozen and agents are told.")
        }
        _ => return proof_event_effect(kind, reason),
    };
    Some(LinkEventEffect { card, said, story })
}

/// The effect of an event about a proof by a link, after the link was opened.
fn proof_event_effect(kind: &str, reason: Option<&str>) -> Option<LinkEventEffect> {
    let (card, said, story) = match kind {
        "confirmation.expired" if reason == Some("started_again") => return None,
        "confirmation.expired" if reason.is_some() => (
            CardState::Expired,
            Some("That login does not count any more. Ask me again and I will send a new link."),
            "What had been proved could not count any more, so nothing was authenticated.",
        ),
        "confirmation.expired" => (
            CardState::Opened,
            Some("The six characters have run out. Open the page again to be shown new ones."),
            "Nobody typed the code in the chat in time, so nothing was authenticated. The link lasts.",
        ),
        "proof.not_returned" => (
            CardState::Expired,
            Some("Your login did not come back in time. Ask me again and I will send a new link."),
            "The login page said yes, but no browser came back from it in time: nothing was authenticated.",
        ),
        "proof.other_browser" => (
            CardState::Cancelled,
            Some(
                "Another browser came back than the one that opened the link. Ask me again and I will send a new one.",
            ),
            "Another browser finished the login than the one that pressed Continue: nothing was authenticated.",
        ),
        _ => return None,
    };
    Some(LinkEventEffect { card, said, story })
}
