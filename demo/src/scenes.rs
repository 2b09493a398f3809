//! The scenes that a visitor may pick: where each takes place, what happens in it by itself, and the one
//! sentence that tells it. What happens, happens by the same doors that visitors use.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Demo;
use super::chat::{Chat, Place};
use super::phones::{By, PhoneMessage};
use super::setup::{PASSWORD, customer, username};
use super::transcript::Task;

/// What an agent and the customer agreed on when she rang.
pub const PIN: &str = "2580";

/// So many wrong codes end one code, and so many more lock.
const MISSES: [usize; 2] = [3, 2];

/// How long a code may take to the phone.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Between two things that somebody does, so that one can follow.
const BREATH: Duration = Duration::from_millis(700);

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
    pub fn place(self) -> Place {
        if self == Self::Otp { Place::WhatsApp } else { Place::Web }
    }
}

/// Lets the scene begin in a chat that is its own. What takes long goes on after this has returned.
pub async fn play(demo: &Arc<Demo>, scene: Scene, chat: &Chat) {
    match scene {
        Scene::PreChat => {
            let token = demo.bank.identity_token(&super::draw(&*demo.entropy, 24), demo.clock.now() / 1000);
            chat.vouch(token).await;
        }
        Scene::MidChat => drop(chat.say("I would like a copy of my statement".into()).await),
        Scene::Otp => drop(chat.say("Please change my address to 12 Linden Row".into()).await),
        Scene::Pin => drop(chat.invite(PIN).await),
        Scene::TwoFactor if enrolled(demo, chat).await => {
            chat.say("I would like a copy of my statement".into()).await;
        }
        Scene::Questions if enrolled(demo, chat).await => drop(chat.give(Task::Questions).await),
        Scene::TwoFactor | Scene::Questions => {}
        Scene::Document => drop(chat.give(Task::Document).await),
        Scene::Forwarded => {
            chat.say("I would like a copy of my statement".into()).await;
            forward(demo, chat);
        }
        Scene::Lockout => drop(tokio::spawn(guess(chat.clone()))),
    }
}

/// The bank writes its customer into the gateway's directory, as an administrator's script would.
async fn enrolled(demo: &Demo, chat: &Chat) -> bool {
    let written = customer(&demo.owner, &chat.phone.number).await;
    if let Err(trouble) = &written {
        tracing::warn!(%trouble, "the demo's customer could not be written");
    }
    written.is_ok()
}

/// The stranger sends his link on, to somebody who did not ask for it.
fn forward(demo: &Demo, chat: &Chat) {
    let url = chat.view.borrow().link.as_ref().map(|link| link.url.clone());
    let text = "Hello, this is your bank. Please confirm your account at once:".to_owned();
    demo.chats.text(&chat.phone.number, PhoneMessage { by: By::Sms, subject: None, text, url, code: None });
}

/// Somebody tries one code after another.
async fn guess(mut chat: Chat) {
    chat.say("Please change my address to 12 Linden Row".into()).await;
    for (times, misses) in (0..).zip(MISSES) {
        if times > 0 && !chat.resend(true).await {
            return;
        }
        let Some(code) = code(&mut chat, times).await else { return };
        for _ in 0..misses {
            tokio::time::sleep(BREATH).await;
            chat.say(another(&code)).await;
        }
    }
}

/// The code that came after so many others.
async fn code(chat: &mut Chat, before: usize) -> Option<String> {
    let arrives = async {
        loop {
            let code = chat.phone.texts.borrow().iter().filter_map(|text| text.message.code.clone()).nth(before);
            if code.is_some() {
                return code;
            }
            chat.phone.texts.changed().await.ok()?;
        }
    };
    tokio::time::timeout(TIMEOUT, arrives).await.ok().flatten()
}

/// A code that it is not.
fn another(code: &str) -> String {
    let (head, last) = code.split_at(code.len().saturating_sub(1));
    format!("{head}{}", if last == "0" { "1" } else { "0" })
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
        assert_eq!((another("314150"), another("314159")), ("314151".to_owned(), "314150".to_owned()));
    }
}
