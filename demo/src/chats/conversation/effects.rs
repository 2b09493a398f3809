//! The effects of the gateway's events on a chat, as `events.json` says it: to the card of the link, to what is said in
//! the chat, and to the story beside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::state::Conversation;
use crate::bot::bot;
use crate::transcript::CardState;

/// The effect of an event.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventEffect {
    /// The new state of the live card.
    card: Option<CardState>,
    /// A notice in the chat.
    notice: Option<String>,
    /// Whether the notice is a warning.
    alarm: bool,
    /// The bot's words.
    said: Option<String>,
    /// The sentence of the story.
    story: String,
}

static EFFECTS: LazyLock<HashMap<String, EventEffect>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../events.json")).expect("the compiled-in file is right: effects::tests")
});

impl Conversation {
    /// Shows what an event of that kind does; `wire` is the event in short. `false`: it does nothing.
    pub fn show_effect(&mut self, kind: &str, wire: String) -> bool {
        let Some(effect) = EFFECTS.get(kind) else { return false };
        if let Some(card) = effect.card {
            self.view.set_card_state(card);
        }
        if let Some(notice) = &effect.notice {
            self.notice(notice, effect.alarm);
        }
        if let Some(said) = &effect.said {
            self.view.add(bot(said));
        }
        self.view.explain(&effect.story, wire);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_a_story() {
        assert!(EFFECTS.values().all(|effect| !effect.story.is_empty()));
    }
}
