//! Every browser's chat, found by its cookie, and whether events reach the chats.
//!
//! It holds handles to the chats, never a conversation's state: each chat owns its own.

pub(crate) mod chat;
pub(crate) mod conversation;
pub(crate) mod inboxes;
pub(crate) mod listener;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::api::{ApiError, ConsoleLink, TeamApi};
use crate::chats::chat::Chat;
use crate::chats::inboxes::Inboxes;
use crate::outsiders::events::TeamEvent;
use crate::outsiders::phones::{self, PhoneMessage, Phones};
use crate::scenes::Scene;
use countersign_ambient::Entropy;

/// A demo open to the world must not fill the memory, and each chat has a phone number of its own.
const MAX_CHATS: usize = phones::NUMBERS as usize;

/// The chats of all browsers.
pub struct Chats {
    /// The team of most scenes, and the one whose customers have accounts.
    teams: [TeamApi; 2],
    /// Whose event streams are connected.
    connected: Mutex<[bool; 2]>,
    /// Whether all of them are.
    all_connected: watch::Sender<bool>,
    inboxes: Inboxes,
    entropy: Arc<dyn Entropy>,
    phones: Phones,
    by_cookie: Mutex<HashMap<String, Chat>>,
}

impl Chats {
    /// No chats yet, and not connected to the gateway yet. The second team's customers have accounts with it.
    pub fn new(teams: [TeamApi; 2], phones: Phones, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            teams,
            connected: Mutex::default(),
            all_connected: watch::Sender::new(false),
            inboxes: Inboxes::default(),
            entropy,
            phones,
            by_cookie: Mutex::default(),
        }
    }

    /// The team of a scene.
    fn team(&self, scene: Option<Scene>) -> &TeamApi {
        &self.teams[usize::from(scene.is_some_and(Scene::has_accounts))]
    }

    /// The chat of a browser, made when it first speaks or listens. `None`: too many.
    pub fn chat(&self, cookie: &str) -> Option<Chat> {
        self.find_or_open(cookie, None)
    }

    /// A chat in which a scene is to be played.
    pub fn chat_for_scene(&self, cookie: &str, scene: Scene) -> Option<Chat> {
        self.find_or_open(cookie, Some(scene))
    }

    /// The scene of a browser's chat, where it is in one.
    pub fn scene(&self, cookie: &str) -> Option<Scene> {
        lock(&self.by_cookie).get(cookie).filter(|chat| chat.is_open())?.scene
    }

    /// Somebody who is not the gateway writes to a phone.
    pub fn deliver_to_phone(&self, number: &str, message: PhoneMessage) {
        self.phones.deliver(number, message);
    }

    /// A link that lets the agent's page show how the flag of one conversation stands.
    pub async fn status_link(&self, scene: Option<Scene>, interaction: &str) -> Result<Value, ApiError> {
        self.team(scene).agent.embed_link(interaction, "status").await
    }

    /// The link of the agent's console for one conversation.
    pub async fn console_link(&self, scene: Option<Scene>, interaction: &str) -> Result<ConsoleLink, ApiError> {
        self.team(scene).agent.embed_link(interaction, "console").await
    }

    fn find_or_open(&self, cookie: &str, scene: Option<Scene>) -> Option<Chat> {
        let mut chats = lock(&self.by_cookie);
        if let Some(chat) = chats.get(cookie).filter(|chat| chat.is_open()) {
            return Some(chat.clone());
        }
        if chats.len() >= MAX_CHATS {
            chats.retain(|_, chat| chat.is_open());
        }
        if chats.len() >= MAX_CHATS {
            return None;
        }
        let chat =
            Chat::open(self.team(scene).clone(), self.inboxes.clone(), &*self.entropy, self.phones.connect()?, scene);
        chats.insert(cookie.to_owned(), chat.clone());
        Some(chat)
    }

    /// Hands an event to the chat that it is about.
    pub fn deliver_event(&self, event: TeamEvent) {
        self.inboxes.deliver(event);
    }

    /// Whether events of that team arrive; when they arrive of all teams again, every chat asks how it stands.
    pub fn set_connected(&self, team: usize, connected: bool) {
        let all = {
            let mut teams = lock(&self.connected);
            teams[team] = connected;
            teams.iter().all(|one| *one)
        };
        self.all_connected.send_replace(all);
        if all {
            self.inboxes.refresh_all();
        }
    }

    /// Whether events of all teams arrive, as that changes.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.all_connected.subscribe()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
