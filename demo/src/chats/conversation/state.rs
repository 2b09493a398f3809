//! The state of one conversation, and what every part of the bot does with it: it opens the interaction,
//! reads the flag, asks what may run, and answers what waited.
//!
//! It trusts nothing but the gateway's answers: every protected request is asked of it at the moment of answering.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::api::{ApiError, Authentication, TeamApi};
use crate::bot::{ProtectedRequest, bot};
use crate::chats::inboxes::{ChatInput, Inboxes};
use crate::mark::Mark;
use crate::outsiders::channel::ChatChannel;
use crate::outsiders::phones::Phone;
use crate::scenes::Scene;
use crate::transcript::{EntryBody, View};

/// A request that waits for the customer's proof. `state` goes to the gateway and comes back.
pub struct PendingRequest {
    /// Names it.
    pub state: String,
    /// The customer's request.
    pub want: ProtectedRequest,
}

/// The bot's side of one conversation.
pub struct Conversation {
    /// The team's API.
    pub team: TeamApi,
    inboxes: Inboxes,
    publish: watch::Sender<Arc<View>>,
    /// Only to be handed on: it must not keep its own task alive.
    sender: mpsc::WeakSender<ChatInput>,
    /// Where it takes place.
    pub channel: ChatChannel,
    /// The facts that the visitor needs to log in as the customer, where the page does not show them.
    pub account: Option<String>,
    conversation: String,
    /// The customer's phone and mailbox, as the bank has them on file.
    on_file: (String, String),
    /// So many texts the customer has typed.
    pub said: u32,
    /// So many requests had to be proved.
    pub requests: u32,
    /// The chat as its pages show it.
    pub view: View,
    /// The open interaction.
    pub interaction: Option<String>,
    /// The request that waits for a proof.
    pub pending: Vec<PendingRequest>,
    /// The code that was asked for last: its id and what for.
    pub code: Option<(String, ProtectedRequest)>,
    /// Ids of the last events: they come at least once.
    pub known_events: VecDeque<String>,
}

impl Conversation {
    /// Greets, and opens no interaction yet: looking is not talking.
    pub fn begin(
        team: TeamApi,
        inboxes: Inboxes,
        conversation: String,
        phone: Phone,
        scene: Option<Scene>,
        publish: watch::Sender<Arc<View>>,
        sender: mpsc::WeakSender<ChatInput>,
    ) -> Self {
        let channel = scene.map_or(ChatChannel::Web, Scene::channel);
        let mut view = View::default();
        view.mark = Mark::of(Authentication::default());
        if channel == ChatChannel::WhatsApp {
            view.add(EntryBody::Notice {
                text: "This chat is on WhatsApp: what you type here you type there.".into(),
                alarm: false,
            });
        }
        view.add(bot("Hello, I am the assistant of Linden Bank. I can send you a copy of your statement, tell you your balance, or change your address."));
        view.explain("Ask for your statement, and the bot wants a login. Ask to change your address, and it wants a code from your phone.", "");
        publish.send_replace(Arc::new(view.clone()));
        Self {
            team,
            inboxes,
            channel,
            account: scene.and_then(|scene| scene.account(&phone.number)),
            conversation,
            on_file: (phone.number, phone.mailbox),
            publish,
            sender,
            said: 0,
            requests: 0,
            view,
            interaction: None,
            pending: Vec::new(),
            code: None,
            known_events: VecDeque::new(),
        }
    }

    /// Shows the view as it is now to whoever watches the chat.
    pub fn publish_view(&self) {
        self.publish.send_replace(Arc::new(self.view.clone()));
    }

    /// Puts something in the chat that nobody said.
    pub fn notice(&mut self, text: &str, alarm: bool) {
        self.view.add(EntryBody::Notice { text: text.to_owned(), alarm });
    }

    /// Asks the gateway whether that may run now, and shows its answer.
    pub async fn may_run(&mut self, interaction: &str, want: ProtectedRequest) -> Result<bool, ApiError> {
        let flag = self.team.bot.may(interaction, want.intent()).await?;
        let verdict = flag.intent.clone();
        self.view.mark = Mark::of(flag);
        let allowed = verdict.as_ref().is_some_and(|verdict| verdict.allowed);
        let reason = verdict.and_then(|verdict| verdict.reason).unwrap_or_else(|| "unknown".to_owned());
        let (answer, wire) = if allowed { ("Yes", "allowed".to_owned()) } else { ("No", reason.replace('_', " ")) };
        self.view.explain(
            format!("The bot asked the gateway: may {} run now? {answer}.", want.intent()),
            format!("GET …/authentication?intent={} → {wire}", want.intent()),
        );
        Ok(allowed)
    }

    /// The open interaction, opened now if there is none, or if the website has something to say.
    pub async fn interaction(&mut self, identity_token: Option<&str>) -> Result<String, ApiError> {
        if let (Some(id), None) = (&self.interaction, identity_token) {
            return Ok(id.clone());
        }
        let (phone, email) = &self.on_file;
        let opened = self.team.bot.open(self.channel, &self.conversation, phone, email, identity_token).await?;
        if let Some(sender) = self.sender.upgrade() {
            self.inboxes.register(&opened.id, sender);
        }
        self.view.mark = Mark::of(opened.authentication);
        self.interaction = Some(opened.id.clone());
        Ok(opened.id)
    }

    /// Asks how the flag stands.
    pub async fn refresh(&mut self) -> Result<(), ApiError> {
        let Some(interaction) = &self.interaction else { return Ok(()) };
        self.view.mark = Mark::unknown(); // until the answer is here
        self.view.mark = Mark::of(self.team.bot.authentication(interaction).await?);
        Ok(())
    }

    /// Answers what waited for a login, as far as the gateway allows it now; the rest waits on.
    pub async fn answer_pending(&mut self) -> Result<(), ApiError> {
        let Some(interaction) = self.interaction.clone() else { return Ok(()) };
        for pending in std::mem::take(&mut self.pending) {
            if self.may_run(&interaction, pending.want).await? {
                self.view.add(pending.want.answer());
            } else {
                self.pending.push(pending);
            }
        }
        Ok(())
    }
}
