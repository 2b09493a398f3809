//! The beginning of a scene, which runs by itself: acts of the customer, an agent, the bank or a stranger.
//!
//! All of it goes through the same handle to the chat that a visitor's own acts go through.

use std::sync::Arc;
use std::time::Duration;

use crate::Demo;
use crate::chats::chat::Chat;
use crate::chats::inboxes::ChatRequest;
use crate::outsiders::phones::{MessageKind, PhoneMessage};
use crate::scenes::Scene;
use crate::setup::customer;
use crate::transcript::PageTask;

/// The PIN that an agent and the customer agreed on by phone.
const PIN: &str = "2580";

/// So many wrong codes end one code, and so many more lock.
const MISSES: [usize; 2] = [3, 2];

/// How long a code may take to the phone.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Between two things that somebody does, so that one can follow.
const STEP_PAUSE: Duration = Duration::from_millis(700);

const STATEMENT: &str = "I would like a copy of my statement";
const ADDRESS: &str = "Please change my address to 12 Linden Row";

/// Lets the scene begin in a chat that is its own. What takes long goes on after this has returned.
pub async fn play(demo: &Arc<Demo>, scene: Scene, chat: &Chat) {
    let request = match scene {
        Scene::PreChat => {
            let jti = crate::random_text(&*demo.entropy, 24);
            ChatRequest::Vouched(demo.bank.identity_token(&jti, demo.clock.now() / 1000))
        }
        Scene::MidChat | Scene::Forwarded => ChatRequest::Said(STATEMENT.into()),
        Scene::Otp => ChatRequest::Said(ADDRESS.into()),
        Scene::Pin => ChatRequest::Invited(PIN.into()),
        Scene::TwoFactor | Scene::Questions if !enrolled(demo, chat).await => return,
        Scene::TwoFactor => ChatRequest::Said(STATEMENT.into()),
        Scene::Questions => ChatRequest::Task(PageTask::Questions),
        Scene::Document => ChatRequest::Task(PageTask::Document),
        Scene::Lockout => return drop(tokio::spawn(guess(chat.clone()))),
    };
    chat.ask(request).await;
    if scene == Scene::Forwarded {
        forward(demo, chat);
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
    demo.chats.deliver_to_phone(
        &chat.phone.number,
        PhoneMessage { by: MessageKind::Sms, subject: None, text, url, code: None },
    );
}

/// Somebody tries one code after another.
async fn guess(mut chat: Chat) {
    chat.ask(ChatRequest::Said(ADDRESS.into())).await;
    for (times, misses) in (0..).zip(MISSES) {
        if times > 0 && !chat.ask(ChatRequest::Resend { by_mail: true }).await {
            return;
        }
        let Some(code) = code(&mut chat, times).await else { return };
        for _ in 0..misses {
            tokio::time::sleep(STEP_PAUSE).await;
            chat.ask(ChatRequest::Said(another(&code))).await;
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
    fn another_code_is_never_the_code() {
        assert_eq!((another("314150"), another("314159")), ("314151".to_owned(), "314150".to_owned()));
    }
}
