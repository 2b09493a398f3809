//! The inboxes of the conversations: what can be put into one, and which of them an event goes to.
//!
//! A conversation registers its inbox under its interaction. The inboxes know nothing of what a conversation does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::outsiders::events::TeamEvent;
use crate::transcript::PageTask;

/// A request to the bot of a conversation.
pub enum ChatRequest {
    /// The customer has typed a text.
    Said(String),
    /// The customer wants another code, by mail or as before.
    Resend { by_mail: bool },
    /// The website's server says who this is, by an identity token.
    Vouched(String),
    /// An agent lets the customer come in by a PIN that they agreed on.
    Invited(String),
    /// The bot wants a proof that is given on a page.
    Task(PageTask),
}

/// The input of a conversation.
pub enum ChatInput {
    /// Something for the bot to do. The sender is dropped when the bot has dealt with it.
    Asked(ChatRequest, oneshot::Sender<()>),
    /// The gateway has sent an event.
    Event(TeamEvent),
    /// Events may have been missed.
    Refresh,
}

/// The inboxes of all conversations, by their interactions. Clones share them.
#[derive(Clone, Default)]
pub struct Inboxes(Arc<Mutex<HashMap<String, mpsc::Sender<ChatInput>>>>);

impl Inboxes {
    /// From now on events of `interaction` go to `inbox`; inboxes of chats that ended are removed.
    pub fn register(&self, interaction: &str, inbox: mpsc::Sender<ChatInput>) {
        let mut inboxes = self.lock();
        inboxes.retain(|_, inbox| !inbox.is_closed());
        inboxes.insert(interaction.to_owned(), inbox);
    }

    /// Hands an event to the chat that it is about.
    pub fn deliver(&self, event: TeamEvent) {
        let inboxes = self.lock();
        let Some(inbox) = event.interaction.as_ref().and_then(|id| inboxes.get(id)) else { return };
        if inbox.try_send(ChatInput::Event(event)).is_err() {
            tracing::warn!("a chat of the demo is too busy to hear an event");
        }
    }

    /// Lets every chat ask how it stands.
    pub fn refresh_all(&self) {
        for inbox in self.lock().values() {
            drop(inbox.try_send(ChatInput::Refresh)); // a full inbox asks anyway
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<ChatInput>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
