//! The scenes that a visitor may pick: each one's name, its channel, and the one sentence that tells it.
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

impl Scene {
    /// In the order in which they teach.
    pub const ALL: [Self; 9] = [
        Self::PreChat,
        Self::MidChat,
        Self::Otp,
        Self::Pin,
        Self::TwoFactor,
        Self::Questions,
        Self::Document,
        Self::Forwarded,
        Self::Lockout,
    ];

    /// For the button.
    pub fn title(self) -> &'static str {
        match self {
            Self::PreChat => "Already logged in",
            Self::MidChat => "A login link",
            Self::Otp => "A code",
            Self::Pin => "A PIN",
            Self::TwoFactor => "Password and code",
            Self::Questions => "Questions",
            Self::Document => "A document",
            Self::Forwarded => "A forwarded link",
            Self::Lockout => "Wrong codes",
        }
    }

    /// What happens, told while it does.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PreChat => {
                "She is logged in on the bank’s website, whose server vouches for her, so the chat begins with the mark and nothing asks her again."
            }
            Self::MidChat => {
                "She wants her statement, so the bot puts a login link into the chat: press Log in, and the window that opens proves by itself whose chat it is."
            }
            Self::Otp => {
                "A code has gone to her WhatsApp: type it into the chat, and all that bot, agent and log ever read of it is dots."
            }
            Self::Pin => {
                "An agent agreed on the number 2580 with her by phone and sent an invitation: open it on her phone, and the number lets her in; the six characters that she is shown there, typed into the chat, raise the mark."
            }
            Self::TwoFactor => {
                "Her account is in the gateway, whose own login page takes her password and then the code that arrives on her phone, and only both together raise the mark."
            }
            Self::Questions => {
                "The bot asks what only she should know: on the page that opens Hill School, 4217 and Linden Row are right in any spelling, and a wrong answer tells nobody which it was."
            }
            Self::Document => {
                "She shows a document: any sharp photo goes, signed and stripped of what stands beside the picture, to a demo provider that takes every clear one for genuine, and is kept nowhere."
            }
            Self::Forwarded => {
                "This chat is a stranger’s, who forwarded his login link to her phone: she may open it, even log in, and his chat stays without a mark unless she types its code there herself."
            }
            Self::Lockout => {
                "Somebody guesses codes: three misses end a code, the fifth locks this chat for a minute, and another code would not help."
            }
        }
    }

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

    #[test]
    fn each_scene_is_told_in_one_sentence() {
        for scene in Scene::ALL {
            let told = scene.sentence();
            assert!(told.ends_with('.') && !told[..told.len() - 1].contains(". "), "{told}");
        }
    }
}
