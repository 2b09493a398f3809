//! What a chat looks like at one moment: the transcript, and the story told beside it. Plain data for the
//! pages.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{CodeChallenge, LoginLink, ProofPage};
use crate::mark::{Mark, milliseconds};

/// Older entries leave the page; the demo keeps no history.
const MAX_ENTRIES: usize = 120;

/// A chat as its pages see it.
#[derive(Clone, Default)]
pub struct View {
    /// The transcript, oldest first.
    pub entries: Vec<TranscriptEntry>,
    /// What happened, step by step.
    pub story: Vec<StoryStep>,
    /// The check mark.
    pub mark: Mark,
    /// The login link that may still be opened, for the chat widget's hands only.
    pub link: Option<LoginLink>,
    /// The page that the customer was given last, for the same hands.
    pub page: Option<ProofPage>,
    /// The interaction as the gateway shows it to agents.
    pub agent_view: Option<Value>,
    next: u32,
}

/// One bubble or card of the transcript.
#[derive(Clone, Debug, Serialize)]
pub struct TranscriptEntry {
    /// Its number in this chat.
    pub id: u32,
    /// What stands in it.
    #[serde(flatten)]
    pub body: EntryBody,
}

/// What stands in it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryBody {
    /// Something that the customer typed.
    Customer { text: String, redacted: bool },
    /// Something that the bot said.
    Bot { text: String },
    /// Something that happened in the chat and that nobody said.
    Notice { text: String, alarm: bool },
    /// A login link.
    Login {
        url: String,
        want: String,
        state: CardState,
        /// The gateway has sent it to the customer's phone; it is not in the chat.
        sent: bool,
    },
    /// A code that is waited for.
    Code(CodeCard),
    /// A proof that is given on a page.
    Task { task: PageTask, url: String, done: bool },
    /// The statement of the account.
    Statement,
    /// The balance.
    Balance,
    /// The form for another address.
    Address,
}

/// A code that was sent to the customer's phone and is waited for in the chat.
#[derive(Clone, Debug, Serialize)]
pub struct CodeCard {
    /// The phone, masked.
    pub to: String,
    /// What the customer wanted.
    pub want: String,
    /// How far it has come.
    pub state: CodeState,
    /// Answers that are still taken.
    pub tries_left: u32,
    /// Unix milliseconds from which another may be asked for.
    pub resend_at: u64,
}

/// A proof that is given on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageTask {
    /// Questions about the customer's own facts.
    Questions,
    /// A document and a face.
    Document,
}

impl PageTask {
    /// Its name in the API.
    pub fn method(self) -> &'static str {
        match self {
            Self::Questions => "kba",
            Self::Document => "photo_id",
        }
    }
}

/// How far a code has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// It was sent and is waited for.
    Sent,
    /// It was right.
    Done,
    /// Tried too often.
    Exhausted,
    /// Too many wrong answers: nothing is compared now.
    Locked,
    /// Its time is over.
    Expired,
    /// Nobody waits for it any more.
    Over,
}

impl CodeState {
    fn may_be_sent_again(self) -> bool {
        matches!(self, Self::Sent | Self::Exhausted | Self::Expired)
    }

    /// What the gateway calls it.
    fn of(status: &str) -> Self {
        match status {
            "pending" => Self::Sent,
            "passed" => Self::Done,
            "exhausted" => Self::Exhausted,
            "locked" => Self::Locked,
            "expired" => Self::Expired,
            _ => Self::Over,
        }
    }
}

/// How far a login card has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// It was offered.
    Offered,
    /// The customer has pressed Continue.
    Opened,
    /// The customer has logged in.
    Done,
    /// The customer has cancelled.
    Cancelled,
    /// Its time is over.
    Expired,
    /// A newer link replaces it.
    Replaced,
    /// The customer has reported it.
    Frozen,
}

impl CardState {
    fn is_live(self) -> bool {
        matches!(self, Self::Offered | Self::Opened)
    }
}

/// One step of the story: what happened, and the call or event that carried it.
#[derive(Clone, Debug, Serialize)]
pub struct StoryStep {
    /// Its number in this chat.
    pub id: u32,
    /// What happened.
    pub text: String,
    /// The call or event, in short.
    pub wire: String,
}

impl View {
    /// Adds an entry at the end.
    pub fn add(&mut self, body: EntryBody) {
        let id = self.number();
        self.entries.push(TranscriptEntry { id, body });
        let surplus = self.entries.len().saturating_sub(MAX_ENTRIES);
        self.entries.drain(..surplus);
    }

    /// Adds a step to the story; the newest is first.
    pub fn explain(&mut self, text: impl Into<String>, wire: impl Into<String>) {
        let id = self.number();
        self.story.insert(0, StoryStep { id, text: text.into(), wire: wire.into() });
        self.story.truncate(MAX_ENTRIES);
    }

    /// Offers a login link; the one before it is void.
    pub fn add_login(&mut self, link: LoginLink, want: &str, sent: bool) {
        self.set_card_state(CardState::Replaced);
        let url = if sent { String::new() } else { link.url.clone() };
        self.add(EntryBody::Login { url, want: want.to_owned(), state: CardState::Offered, sent });
        self.link = Some(link);
    }

    /// Moves the live card, if there is one: at most one link of a chat is alive.
    pub fn set_card_state(&mut self, to: CardState) {
        for entry in &mut self.entries {
            if let EntryBody::Login { state, .. } = &mut entry.body
                && state.is_live()
            {
                *state = to;
            }
        }
        if !to.is_live() {
            self.link = None;
        }
    }

    /// How far the newest login has come.
    pub fn login(&self) -> Option<CardState> {
        self.entries.iter().rev().find_map(|entry| match entry.body {
            EntryBody::Login { state, .. } => Some(state),
            _ => None,
        })
    }

    /// Gives the customer a page to prove something on.
    pub fn add_task(&mut self, task: PageTask, page: ProofPage) {
        self.add(EntryBody::Task { task, url: page.page_url.clone(), done: false });
        self.page = Some(page);
    }

    /// It was proved; true where it was asked for.
    pub fn finish_task(&mut self, ended: PageTask) -> bool {
        let mut asked = false;
        for entry in &mut self.entries {
            if let EntryBody::Task { task, done, .. } = &mut entry.body
                && *task == ended
            {
                asked |= !*done;
                *done = true;
            }
        }
        asked
    }

    /// Shows the code that the customer is to type; `want` is what for.
    pub fn add_code(&mut self, challenge: &CodeChallenge, want: &str) {
        self.set_code_state(CodeState::Over);
        self.add(EntryBody::Code(CodeCard {
            to: challenge.delivery.as_ref().map_or_else(String::new, |delivery| delivery.to.clone()),
            want: want.to_owned(),
            state: CodeState::Sent,
            tries_left: 0,
            resend_at: 0,
        }));
        self.update_code(challenge);
    }

    /// Draws the newest code as the gateway says that it stands.
    pub fn update_code(&mut self, challenge: &CodeChallenge) {
        if let Some(card) = self.newest_code() {
            card.state = CodeState::of(&challenge.status);
            card.tries_left = challenge.tries_left;
            card.resend_at = challenge.resend_after.as_deref().and_then(milliseconds).unwrap_or_default();
        }
    }

    /// Moves the newest code to the end, where the customer is reading.
    pub fn move_code_to_end(&mut self) {
        let at = self.entries.iter().rposition(|entry| matches!(entry.body, EntryBody::Code(_)));
        if let Some(at) = at {
            let card = self.entries.remove(at);
            self.add(card.body);
        }
    }

    /// Ends the newest code, if it is still waited for or another could take its place.
    pub fn set_code_state(&mut self, to: CodeState) {
        if let Some(card) = self.newest_code().filter(|card| card.state.may_be_sent_again()) {
            card.state = to;
        }
    }

    fn newest_code(&mut self) -> Option<&mut CodeCard> {
        self.entries.iter_mut().rev().find_map(|entry| match &mut entry.body {
            EntryBody::Code(card) => Some(card),
            _ => None,
        })
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: u64 = 1_800_000_060_000;

    #[test]
    fn a_code_is_drawn_as_the_gateway_says_and_a_new_one_ends_the_card_before() {
        let challenge = |status: &str, tries_left: u32| CodeChallenge {
            id: "c".into(),
            status: status.into(),
            delivery: None,
            tries_left,
            resend_after: Some("2027-01-15T08:01:00Z".into()),
        };
        let mut view = View::default();
        view.add_code(&challenge("pending", 3), "a new address");
        view.add_code(&challenge("pending", 3), "a new address");
        view.update_code(&challenge("pending", 2));
        view.add(EntryBody::Bot { text: "That was not it.".into() });
        view.move_code_to_end();
        assert!(matches!(view.entries.last().map(|entry| &entry.body), Some(EntryBody::Code(_))));
        let cards = |view: &View| -> Vec<(CodeState, u32, u64)> {
            let card = |entry: &TranscriptEntry| match &entry.body {
                EntryBody::Code(card) => Some((card.state, card.tries_left, card.resend_at)),
                _ => None,
            };
            view.entries.iter().filter_map(card).collect()
        };
        assert_eq!(cards(&view), [(CodeState::Over, 3, UNTIL), (CodeState::Sent, 2, UNTIL)]);
        for (status, state, after_the_chat) in [
            ("passed", CodeState::Done, CodeState::Done),
            ("exhausted", CodeState::Exhausted, CodeState::Over),
            ("locked", CodeState::Locked, CodeState::Locked),
            ("expired", CodeState::Expired, CodeState::Over),
            ("signed_out", CodeState::Over, CodeState::Over),
        ] {
            view.update_code(&challenge(status, 0));
            assert_eq!(cards(&view)[1].0, state, "{status}");
            view.set_code_state(CodeState::Over);
            assert_eq!(cards(&view)[1].0, after_the_chat, "{status}: no button is left to have another sent");
        }
    }

    #[test]
    fn a_new_link_voids_the_card_before_it() {
        let link = |url: &str| LoginLink { id: url.into(), url: url.into(), opener_secret: None };
        let mut view = View::default();
        view.add_login(link("/l/1"), "a statement", false);
        view.add_login(link("/l/2"), "a statement", true);
        view.set_card_state(CardState::Done);
        let states: Vec<_> = view
            .entries
            .iter()
            .filter_map(|entry| if let EntryBody::Login { state, .. } = entry.body { Some(state) } else { None })
            .collect();
        assert_eq!(states, [CardState::Replaced, CardState::Done]);
        assert!(view.link.is_none());
    }
}
