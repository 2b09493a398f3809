//! The scenes that a visitor may pick, and where each takes place. Their titles, and the one sentence that tells
//! each, stand in `scenes.json`, in the order in which they teach.
//!
//! `play` runs the part of a scene that happens by itself.

use serde::{Deserialize, Serialize};

use crate::outsiders::channel::ChatChannel;
use crate::setup::{PASSWORD, username};

/// One scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// The website vouches for the customer before the chat.
    PreChat,
    /// The bot sends a login link in the chat.
    MidChat,
    /// A one-time code by text message.
    Otp,
    /// A PIN that an agent and the customer agreed on.
    Pin,
    /// A password, and then a code in the chat.
    TwoFactor,
    /// Questions about the customer's own facts.
    Questions,
    /// A document that a provider checks.
    Document,
    /// A stranger hands the link on.
    Forwarded,
    /// Wrong codes until the lock.
    Lockout,
}

/// The words of a scene.
#[derive(Deserialize, Serialize)]
pub struct SceneWords {
    name: Scene,
    /// For the button.
    title: String,
    /// The sentence that is shown while the scene plays.
    sentence: String,
}

/// The words of all scenes.
pub fn words() -> Vec<SceneWords> {
    serde_json::from_str(include_str!("scenes.json")).expect("the compiled-in file is right: scenes::tests")
}

impl Scene {
    /// Whether it is of the team whose customers have accounts in the gateway.
    pub fn has_accounts(self) -> bool {
        self == Self::TwoFactor
    }

    /// What the visitor must know of an account to log in as its owner.
    pub fn account(self, phone: &str) -> Option<String> {
        let told = || format!("On the login page she is {}, with the password {PASSWORD}.", username(phone));
        self.has_accounts().then(told)
    }

    /// Where it takes place.
    pub fn channel(self) -> ChatChannel {
        if self == Self::Otp { ChatChannel::WhatsApp } else { ChatChannel::Web }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next scene; a new one that is missing here does not compile.
    fn after(scene: Scene) -> Option<Scene> {
        match scene {
            Scene::PreChat => Some(Scene::MidChat),
            Scene::MidChat => Some(Scene::Otp),
            Scene::Otp => Some(Scene::Pin),
            Scene::Pin => Some(Scene::TwoFactor),
            Scene::TwoFactor => Some(Scene::Questions),
            Scene::Questions => Some(Scene::Document),
            Scene::Document => Some(Scene::Forwarded),
            Scene::Forwarded => Some(Scene::Lockout),
            Scene::Lockout => None,
        }
    }

    #[test]
    fn each_scene_has_its_words_in_the_order_of_the_scenes() {
        let scenes: Vec<_> = std::iter::successors(Some(Scene::PreChat), |scene| after(*scene)).collect();
        assert_eq!(words().iter().map(|words| words.name).collect::<Vec<_>>(), scenes);
    }

    #[test]
    fn each_scene_is_told_in_one_sentence() {
        for SceneWords { title, sentence, .. } in words() {
            assert!(!title.is_empty());
            assert!(sentence.ends_with('.') && !sentence[..sentence.len() - 1].contains(". "), "{sentence}");
        }
    }
}
