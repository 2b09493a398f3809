//! The conversation of a browser, seen from outside: how to reach it and what it looks like.
//!
//! A conversation is a task that takes one input at a time, so its state needs no lock and what is
//! said keeps its order. `conversation` has what the bot does in it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::api::TeamApi;
use crate::chats::conversation::Conversation;
use crate::chats::inboxes::{ChatInput, ChatRequest, Inboxes};
use crate::outsiders::channel::ChatChannel;
use crate::outsiders::phones::Phone;
use crate::scenes::Scene;
use crate::transcript::View;
use countersign_ambient::Entropy;

const INBOX: usize = 256;

/// A handle to a conversation.
#[derive(Clone)]
pub struct Chat {
    sender: mpsc::Sender<ChatInput>,
    /// The chat as it looks now.
    pub view: watch::Receiver<Arc<View>>,
    /// The customer's own. The bot knows its number and nothing of what arrives there.
    pub phone: Phone,
    /// The scene that is played in it.
    pub scene: Option<Scene>,
}

impl Chat {
    /// A new conversation, greeted and without an interaction: looking is not talking.
    pub fn open(team: TeamApi, inboxes: Inboxes, entropy: &dyn Entropy, phone: Phone, scene: Option<Scene>) -> Self {
        let conversation = match scene.map_or(ChatChannel::Web, Scene::channel) {
            ChatChannel::Web => format!("demo-{}", crate::random_text(entropy, 12)),
            ChatChannel::WhatsApp => phone.number.clone(),
        };
        let (sender, inbox) = mpsc::channel(INBOX);
        let (publish, view) = watch::channel(Arc::default());
        let conversation =
            Conversation::begin(team, inboxes, conversation, phone.clone(), scene, publish, sender.downgrade());
        tokio::spawn(conversation.run(inbox));
        Self { sender, view, phone, scene }
    }

    /// Whether anybody still listens.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Asks the bot for something; returns when the bot has dealt with it. `false`: the chat is too busy.
    pub async fn ask(&self, request: ChatRequest) -> bool {
        let (done, answered) = oneshot::channel();
        let taken = self.sender.try_send(ChatInput::Asked(request, done)).is_ok();
        if taken {
            drop(answered.await); // an error only says that it is done
        }
        taken
    }
}
