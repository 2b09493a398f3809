//! One browser's conversation, seen from outside: how to reach it and what it looks like.
//!
//! A conversation is a task that hears one thing at a time, so its state needs no lock and what is
//! said keeps its order. What the bot does with it is `talk`'s.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::channel::ChatChannel;
use super::chats::World;
use super::events::Event;
use super::phones::Phone;
use super::scenes::Scene;
use super::talk::Talk;
use super::transcript::{Task, View};

const INBOX: usize = 256;

/// A handle to a conversation.
#[derive(Clone)]
pub struct Chat {
    door: mpsc::Sender<ChatTask>,
    /// The chat as it looks now.
    pub view: watch::Receiver<Arc<View>>,
    /// The customer's own. The bot knows its number and nothing of what arrives there.
    pub phone: Phone,
    /// What is played in it.
    pub scene: Option<Scene>,
}

/// What can happen to a conversation. `done` is dropped when the bot has dealt with it.
pub enum ChatTask {
    /// The customer has typed a text.
    Said { text: String, done: oneshot::Sender<()> },
    /// The customer wants another code.
    Resend { by_mail: bool, done: oneshot::Sender<()> },
    /// The website's server says who this is.
    Vouched { identity_token: String, done: oneshot::Sender<()> },
    /// An agent lets the customer come in by a number that they agreed on.
    Invited { pin: String, done: oneshot::Sender<()> },
    /// The bot wants a proof that is given on a page.
    Task { task: Task, done: oneshot::Sender<()> },
    /// The gateway has told an event.
    Event(Event),
    /// Events may have been missed.
    Refresh,
}

impl Chat {
    /// A new conversation, greeted and without an interaction: looking is not talking.
    pub fn open(world: Arc<World>, phone: Phone, scene: Option<Scene>) -> Self {
        let channel = scene.map_or(ChatChannel::Web, Scene::channel);
        let (door, inbox) = mpsc::channel(INBOX);
        let (publish, view) = watch::channel(Arc::default());
        let account = scene.and_then(|scene| scene.account(&phone.number));
        let talk = Talk::begin(world, channel, phone.clone(), account, publish, door.downgrade());
        tokio::spawn(talk.run(inbox));
        Self { door, view, phone, scene }
    }

    /// Whether anybody still listens.
    pub fn is_open(&self) -> bool {
        !self.door.is_closed()
    }

    /// The customer says something; returns when the bot has answered. `false`: the chat is too busy.
    pub async fn say(&self, text: String) -> bool {
        let (done, answered) = oneshot::channel();
        self.put(ChatTask::Said { text, done }, answered).await
    }

    /// The customer wants another code, by mail or as before; returns when it is asked for. `false`: the
    /// chat is too busy.
    pub async fn resend(&self, by_mail: bool) -> bool {
        let (done, answered) = oneshot::channel();
        self.put(ChatTask::Resend { by_mail, done }, answered).await
    }

    /// The website vouches for the visitor; returns when the bot has greeted them.
    pub async fn vouch(&self, identity_token: String) -> bool {
        let (done, answered) = oneshot::channel();
        self.put(ChatTask::Vouched { identity_token, done }, answered).await
    }

    /// An agent invites the customer; returns when the invitation is on its way. `false`: the chat is too
    /// busy.
    pub async fn invite(&self, pin: &str) -> bool {
        let (done, answered) = oneshot::channel();
        self.put(ChatTask::Invited { pin: pin.to_owned(), done }, answered).await
    }

    /// The bot asks for a proof that is given on a page; returns when it has. `false`: the chat is too busy.
    pub async fn give(&self, task: Task) -> bool {
        let (done, answered) = oneshot::channel();
        self.put(ChatTask::Task { task, done }, answered).await
    }

    async fn put(&self, put: ChatTask, answered: oneshot::Receiver<()>) -> bool {
        let taken = self.door.try_send(put).is_ok();
        if taken {
            drop(answered.await); // an error only says that it is done
        }
        taken
    }
}
