//! Every browser's chat, found by its cookie, and by its interaction when an event comes.
//!
//! It holds doors and views, never a conversation's state: each chat owns its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::api::{Api, ConsoleLink, Trouble};
use super::chat::{Chat, ChatTask};
use super::events::Event;
use super::phones::{self, PhoneMessage, Phones};
use super::scenes::Scene;
use countersign_ambient::Entropy;

/// A demo open to the world must not fill the memory, and each chat has a phone number of its own.
const MAX_CHATS: usize = phones::NUMBERS as usize;

/// The chats of all browsers.
pub struct Chats {
    /// The team of most scenes, and the one whose customers have accounts.
    worlds: [Arc<World>; 2],
    /// Which of them are heard.
    heard: Mutex<[bool; 2]>,
    phones: Phones,
    by_cookie: Mutex<HashMap<String, Chat>>,
}

/// What a chat needs of the world.
pub struct World {
    /// The API with the bot's key.
    pub api: Api,
    /// The agent's own.
    pub desk: Api,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    doors: Arc<Doors>,
    hearing: Arc<watch::Sender<bool>>,
}

/// Where each conversation's events go.
type Doors = Mutex<HashMap<String, mpsc::Sender<ChatTask>>>;

impl Chats {
    /// No chats yet, and not hearing the gateway yet. The second team's customers have accounts with it.
    pub fn new(teams: [(Api, Api); 2], phones: Phones, entropy: Arc<dyn Entropy>) -> Self {
        let (doors, hearing) = (Arc::<Doors>::default(), Arc::new(watch::Sender::new(false)));
        let worlds = teams.map(|(api, desk)| {
            let (entropy, doors, hearing) = (entropy.clone(), doors.clone(), hearing.clone());
            Arc::new(World { api, desk, entropy, doors, hearing })
        });
        Self { worlds, heard: Mutex::default(), phones, by_cookie: Mutex::default() }
    }

    /// The world that a scene takes place in.
    fn world(&self, scene: Option<Scene>) -> &Arc<World> {
        &self.worlds[usize::from(scene.is_some_and(Scene::has_accounts))]
    }

    /// The chat of a browser, made when it first speaks or listens. `None`: too many.
    pub fn of(&self, cookie: &str) -> Option<Chat> {
        self.made(cookie, None)
    }

    /// A chat in which a scene is to be played.
    pub fn stage(&self, cookie: &str, scene: Scene) -> Option<Chat> {
        self.made(cookie, Some(scene))
    }

    /// The scene of a browser's chat, where it is in one.
    pub fn scene(&self, cookie: &str) -> Option<Scene> {
        lock(&self.by_cookie).get(cookie).filter(|chat| chat.is_open())?.scene
    }

    /// Somebody who is not the gateway writes to a phone.
    pub fn text(&self, number: &str, message: PhoneMessage) {
        self.phones.deliver(number, message);
    }

    /// Leave for the agent's page to show how a flag stands.
    pub async fn status_link(&self, scene: Option<Scene>, interaction: &str) -> Result<Value, Trouble> {
        self.world(scene).desk.status_link(interaction).await
    }

    /// The agent's console of one conversation, for a frame.
    pub async fn console_link(&self, scene: Option<Scene>, interaction: &str) -> Result<ConsoleLink, Trouble> {
        self.world(scene).desk.console_link(interaction).await
    }

    fn made(&self, cookie: &str, scene: Option<Scene>) -> Option<Chat> {
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
        let chat = Chat::open(self.world(scene).clone(), self.phones.connect()?, scene);
        chats.insert(cookie.to_owned(), chat.clone());
        Some(chat)
    }

    /// Hands an event to the chat that it is about.
    pub fn tell(&self, event: Event) {
        let doors = lock(&self.worlds[0].doors);
        let Some(door) = event.interaction.as_ref().and_then(|id| doors.get(id)) else { return };
        if door.try_send(ChatTask::Event(event)).is_err() {
            tracing::warn!("a chat of the demo is too busy to hear an event");
        }
    }

    /// Whether the gateway can be heard of that team; when it can again, every chat asks how it stands.
    pub fn heard(&self, team: usize, hearing: bool) {
        let all = {
            let mut heard = lock(&self.heard);
            heard[team] = hearing;
            heard.iter().all(|one| *one)
        };
        self.worlds[0].hearing.send_replace(all);
        if all {
            for door in lock(&self.worlds[0].doors).values() {
                drop(door.try_send(ChatTask::Refresh)); // a full inbox asks anyway
            }
        }
    }

    /// To be told when the gateway falls silent or is heard again.
    pub fn hearing(&self) -> watch::Receiver<bool> {
        self.worlds[0].hearing.subscribe()
    }
}

impl World {
    /// From now on events of `interaction` go to `door`; doors of chats that ended are cleared away.
    pub fn register(&self, interaction: &str, door: mpsc::Sender<ChatTask>) {
        let mut doors = lock(&self.doors);
        doors.retain(|_, door| !door.is_closed());
        doors.insert(interaction.to_owned(), door);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
