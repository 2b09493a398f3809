//! The bot at work in one conversation: it takes one input after another, and reads what the customer types.
//!
//! Every text goes through the gateway before it is read. The bot never sees the security key, a password or a code.
//! The parts below have an order: `state`, `effects`, then `codes` and `page_proofs`, then `requests`, then `gateway_events`.

mod codes;
mod effects;
mod gateway_events;
mod page_proofs;
mod requests;
mod state;

use std::time::Duration;

use tokio::sync::mpsc;

use crate::api::{ApiError, MessageOutcome, ProblemReply};
use crate::bot::{Wish, bot};
use crate::chats::inboxes::{ChatInput, ChatRequest};
use crate::mark::Mark;
use crate::transcript::EntryBody;

pub use state::Conversation;

/// Time without any input after which a chat is forgotten.
const IDLE: Duration = Duration::from_secs(60 * 60);

impl Conversation {
    /// Takes one input after another until none has come for long.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<ChatInput>) {
        while let Ok(Some(input)) = tokio::time::timeout(IDLE, inbox.recv()).await {
            let (result, done) = match input {
                ChatInput::Asked(request, done) => (self.take_request(request).await, Some(done)),
                ChatInput::Event(event) => (self.take_event(event).await, None),
                ChatInput::Refresh => (self.catch_up().await, None),
            };
            if let Err(trouble) = result {
                self.apologise(&trouble);
            }
            self.update_agent_view().await;
            self.publish_view();
            drop(done);
        }
    }

    async fn take_request(&mut self, request: ChatRequest) -> Result<(), ApiError> {
        match request {
            ChatRequest::Said(text) => self.take_text(&text).await,
            ChatRequest::Resend { by_mail: true } => self.send_by_mail().await,
            ChatRequest::Resend { by_mail: false } => self.send_again().await,
            ChatRequest::Vouched(identity_token) => self.welcome(&identity_token).await,
            ChatRequest::Invited(pin) => self.invite(&pin).await,
            ChatRequest::Task(task) => self.ask_for_task(task).await,
        }
    }

    /// Every text goes through the gateway first: a code is taken out before anybody here reads it.
    async fn take_text(&mut self, text: &str) -> Result<(), ApiError> {
        self.said += 1;
        let message = match self.pass_on(text).await {
            // The conversation idled out meanwhile: the same text opens the next one.
            Err(ApiError::Refused(ProblemReply { status: 404 | 409 | 410, .. })) => {
                self.interaction = None;
                self.code = None;
                self.pass_on(text).await?
            }
            other => other?,
        };
        if let Some(authentication) = &message.authentication {
            self.view.mark = Mark::of(authentication.clone());
        }
        if message.consumed {
            return self.acknowledge(message).await;
        }
        // The gateway's words may go on: it turns a code in a sentence into dots.
        let text = message.redacted_text;
        self.view.add(EntryBody::Customer { text: text.clone(), redacted: false });
        if message.outcome.as_deref() == Some("code_in_text") {
            self.view.add(bot("Please send the code alone, without other words."));
            return Ok(());
        }
        match Wish::of(&text) {
            Wish::Protected(want) => self.answer_request(want).await,
            Wish::SignOut => self.sign_out().await,
            Wish::Hello => {
                self.view.add(bot(
                    "Hello! Would you like a copy of your statement, your balance, or to change your address?",
                ));
                Ok(())
            }
            Wish::Unclear => {
                self.view.add(bot("I am a simple bot. I know “statement”, “balance”, “address” and “sign out”."));
                Ok(())
            }
        }
    }

    /// Passes a text on to the gateway, in an interaction that is opened now if there is none.
    async fn pass_on(&mut self, text: &str) -> Result<MessageOutcome, ApiError> {
        let interaction = self.interaction(None).await?;
        self.team.bot.submit_text(&interaction, &format!("m-{}", self.said), text).await
    }

    /// The gateway took the text: it was an answer to a question of its own.
    async fn acknowledge(&mut self, message: MessageOutcome) -> Result<(), ApiError> {
        let text = message.redacted_text;
        self.view.add(EntryBody::Customer { text: text.clone(), redacted: true });
        let kind = message.kind.as_deref().unwrap_or("answer");
        let outcome = message.outcome.as_deref().unwrap_or("taken");
        self.view.explain(
            "The customer typed a code. The gateway took it out: bot, log and agent have only dots.",
            format!("POST …/messages → consumed: true, {kind}: {outcome}, redacted_text: {text}"),
        );
        if kind == "otp" {
            return self.answer_code(outcome).await;
        }
        match outcome {
            "passed" => {} // what it opens is told by an event
            "locked" | "banned" => self.view.add(bot("There were too many wrong codes. Please try again later.")),
            "expired" | "exhausted" | "already_used" => {
                self.view.add(bot("That code is no longer good. Ask me again and I will send you a new link."));
            }
            _ => self.view.add(bot("That code did not match. Please look at the login window again.")),
        }
        Ok(())
    }

    /// The website vouches for its visitor: the chat begins with the flag raised.
    async fn welcome(&mut self, identity_token: &str) -> Result<(), ApiError> {
        self.interaction(Some(identity_token)).await?;
        self.view.add(bot("Welcome back. You are logged in on our website, so I will not ask again."));
        self.view.explain(
            "The bank’s website vouched for its visitor: the chat began authenticated.",
            "POST /v1/interactions {identity_token: JWT} → authenticated, binding: token",
        );
        Ok(())
    }

    /// An agent's act, with an agent's key: the bot learns no PIN.
    async fn invite(&mut self, pin: &str) -> Result<(), ApiError> {
        let interaction = self.interaction(None).await?;
        self.team.agent.invite(&interaction, pin).await?;
        self.notice("An agent has sent an invitation to the customer’s phone.", false);
        self.view.explain(
            "The agent named the number that both agreed on; the gateway sent the invitation.",
            "POST …/invitations {via: sms, pin: ••••} → 201",
        );
        Ok(())
    }

    /// Reads the interaction as the agent sees it now.
    async fn update_agent_view(&mut self) {
        self.view.agent_view = match &self.interaction {
            Some(interaction) => self.team.agent.agent_view(interaction).await.ok(),
            None => None,
        };
    }

    /// Ends the flag, as the customer wants.
    async fn sign_out(&mut self) -> Result<(), ApiError> {
        let interaction = self.interaction(None).await?;
        self.view.mark = Mark::of(self.team.bot.sign_out(&interaction).await?.authentication);
        self.view.add(bot("You are signed out."));
        self.view.explain("The bot signed the customer out; the mark fell at once.", "POST …/sign-out → 200");
        self.update_code().await
    }

    /// Says that the gateway did not do what the bot asked.
    fn apologise(&mut self, trouble: &ApiError) {
        tracing::warn!(%trouble, "the demo's bot failed a request");
        self.view.add(bot("Sorry, I cannot do that just now. Please try again in a moment."));
        self.view
            .explain("The gateway did not do what the bot asked. Nothing protected was given.", trouble.to_string());
        if matches!(trouble, ApiError::Unreachable(_)) {
            self.view.mark = Mark::unknown();
        }
    }
}
