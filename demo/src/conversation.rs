//! The bot at work in one conversation: it takes one input after another, and reads what the customer types.
//!
//! Every text goes through the gateway before it is read. The bot never sees the security key, a password or a code.
//! The parts below have an order: `state`, then `codes` and `page_proofs`, then `requests`, then `gateway_events`.

mod codes;
mod gateway_events;
mod page_proofs;
mod requests;
mod state;

use std::time::Duration;

use tokio::sync::mpsc;

use super::api::{Heard, Problem, Trouble};
use super::bot::{Wish, bot};
use super::inboxes::ChatInput;
use super::mark::Mark;
use super::transcript::Body;

pub use state::Conversation;

/// Silence after which a chat is forgotten.
const IDLE: Duration = Duration::from_secs(60 * 60);

impl Conversation {
    /// Hears until nobody has spoken for long.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<ChatInput>) {
        while let Ok(Some(input)) = tokio::time::timeout(IDLE, inbox.recv()).await {
            let (result, done) = match input {
                ChatInput::Said { text, done } => (self.hear(&text).await, Some(done)),
                ChatInput::Resend { by_mail: true, done } => (self.send_by_mail().await, Some(done)),
                ChatInput::Resend { by_mail: false, done } => (self.send_again().await, Some(done)),
                ChatInput::Vouched { identity_token, done } => (self.welcome(&identity_token).await, Some(done)),
                ChatInput::Invited { pin, done } => (self.invite(&pin).await, Some(done)),
                ChatInput::Task { task, done } => (self.put_task(task).await, Some(done)),
                ChatInput::Event(event) => (self.learn(event).await, None),
                ChatInput::Refresh => (self.catch_up().await, None),
            };
            if let Err(trouble) = result {
                self.apologise(&trouble);
            }
            self.show_desk().await;
            self.publish_view();
            drop(done);
        }
    }

    /// Every text goes through the gateway first: a code is taken out before anybody here reads it.
    async fn hear(&mut self, text: &str) -> Result<(), Trouble> {
        self.said += 1;
        let heard = match self.pass_on(text).await {
            // The conversation idled out meanwhile: the same text opens the next one.
            Err(Trouble::Refused(Problem { status: 404 | 409 | 410, .. })) => {
                self.interaction = None;
                self.code = None;
                self.pass_on(text).await?
            }
            other => other?,
        };
        if let Some(authentication) = &heard.authentication {
            self.view.mark = Mark::of(authentication.clone());
        }
        if heard.consumed {
            return self.acknowledge(heard).await;
        }
        // What may go on is what the gateway tells: a code in a sentence is dots.
        let text = heard.redacted_text;
        self.view.say(Body::Customer { text: text.clone(), redacted: false });
        if heard.outcome.as_deref() == Some("code_in_text") {
            self.view.say(bot("Please send the code alone, without other words."));
            return Ok(());
        }
        match Wish::of(&text) {
            Wish::Protected(want) => self.serve(want).await,
            Wish::SignOut => self.sign_out().await,
            Wish::Hello => {
                self.view.say(bot(
                    "Hello! Would you like a copy of your statement, your balance, or to change your address?",
                ));
                Ok(())
            }
            Wish::Unclear => {
                self.view.say(bot("I am a simple bot. I know “statement”, “balance”, “address” and “sign out”."));
                Ok(())
            }
        }
    }

    async fn pass_on(&mut self, text: &str) -> Result<Heard, Trouble> {
        let interaction = self.interaction(None).await?;
        self.team.bot.hear(&interaction, &format!("m-{}", self.said), text).await
    }

    /// The gateway took the text: it was an answer to a question of its own.
    async fn acknowledge(&mut self, heard: Heard) -> Result<(), Trouble> {
        let text = heard.redacted_text;
        self.view.say(Body::Customer { text: text.clone(), redacted: true });
        let kind = heard.kind.as_deref().unwrap_or("answer");
        let outcome = heard.outcome.as_deref().unwrap_or("taken");
        self.view.explain(
            "The customer typed a code. The gateway took it out: bot, log and agent have only dots.",
            format!("POST …/messages → consumed: true, {kind}: {outcome}, redacted_text: {text}"),
        );
        if kind == "otp" {
            return self.judged(outcome).await;
        }
        match outcome {
            "passed" => {} // what it opens is told by an event
            "locked" | "banned" => self.view.say(bot("There were too many wrong codes. Please try again later.")),
            "expired" | "exhausted" | "already_used" => {
                self.view.say(bot("That code is no longer good. Ask me again and I will send you a new link."));
            }
            _ => self.view.say(bot("That code did not match. Please look at the login window again.")),
        }
        Ok(())
    }

    async fn welcome(&mut self, identity_token: &str) -> Result<(), Trouble> {
        self.interaction(Some(identity_token)).await?;
        self.view.say(bot("Welcome back. You are logged in on our website, so I will not ask again."));
        self.view.explain(
            "The bank’s website vouched for its visitor: the chat began authenticated.",
            "POST /v1/interactions {identity_token: JWT} → authenticated, binding: token",
        );
        Ok(())
    }

    /// An agent's act, with an agent's key: the bot learns no PIN.
    async fn invite(&mut self, pin: &str) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        self.team.agent.invite(&interaction, pin).await?;
        self.notice("An agent has sent an invitation to the customer’s phone.", false);
        self.view.explain(
            "The agent named the number that both agreed on; the gateway sent the invitation.",
            "POST …/invitations {via: sms, pin: ••••} → 201",
        );
        Ok(())
    }

    /// What the agent sees of it.
    async fn show_desk(&mut self) {
        self.view.desk = match &self.interaction {
            Some(interaction) => self.team.agent.desk(interaction).await.ok(),
            None => None,
        };
    }

    async fn sign_out(&mut self) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        self.view.mark = Mark::of(self.team.bot.sign_out(&interaction).await?.authentication);
        self.view.say(bot("You are signed out."));
        self.view.explain("The bot signed the customer out; the mark fell at once.", "POST …/sign-out → 200");
        self.follow_code().await
    }

    fn apologise(&mut self, trouble: &Trouble) {
        tracing::warn!(%trouble, "the demo's bot failed a request");
        self.view.say(bot("Sorry, I cannot do that just now. Please try again in a moment."));
        self.view
            .explain("The gateway did not do what the bot asked. Nothing protected was given.", trouble.to_string());
        if matches!(trouble, Trouble::Unreachable(_)) {
            self.view.mark = Mark::unknown();
        }
    }
}
