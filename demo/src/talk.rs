//! The bot at work: what it does with what a customer says.
//!
//! It trusts nothing but the gateway's answers: every text goes through it before it is read, every
//! protected wish is asked of it at the moment of answering, and an event only says when to ask
//! again (`news`). It never sees the security key, a password or a code. Codes from the phone are
//! `codes`'.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::api::{Authentication, Heard, Problem, Trouble};
use super::bot::{Proof, Want, Wish, bot};
use super::channel::ChatChannel;
use super::chat::ChatTask;
use super::chats::World;
use super::mark::Mark;
use super::phones::Phone;
use super::transcript::{Body, View};

/// Silence after which a chat is forgotten.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// A request that waits for the customer's proof. `state` goes to the gateway and comes back.
pub(super) struct Pending {
    pub state: String,
    pub want: Want,
}

/// The bot's side of one conversation.
pub(super) struct Talk {
    pub world: Arc<World>,
    publish: watch::Sender<Arc<View>>,
    /// Only to be handed on: it must not keep its own task alive.
    door: mpsc::WeakSender<ChatTask>,
    pub channel: ChatChannel,
    /// What the visitor must know to log in as her, where that is not on the page.
    account: Option<String>,
    conversation: String,
    /// The customer's phone and mailbox, as the bank has them on file.
    on_file: (String, String),
    said: u32,
    requests: u32,
    pub view: View,
    pub interaction: Option<String>,
    pub pending: Vec<Pending>,
    /// The code that was asked for last: its id and what for.
    pub code: Option<(String, Want)>,
    /// Ids of the last events: they come at least once.
    pub known: VecDeque<String>,
}

impl Talk {
    /// Greets, and opens no interaction yet: looking is not talking.
    pub fn begin(
        world: Arc<World>,
        channel: ChatChannel,
        phone: Phone,
        account: Option<String>,
        publish: watch::Sender<Arc<View>>,
        door: mpsc::WeakSender<ChatTask>,
    ) -> Self {
        let mut view = View::default();
        view.mark = Mark::of(Authentication::default());
        if channel == ChatChannel::WhatsApp {
            view.say(Body::Notice {
                text: "This chat is on WhatsApp: what you type here you type there.".into(),
                alarm: false,
            });
        }
        view.say(bot("Hello, I am the assistant of Linden Bank. I can send you a copy of your statement, tell you your balance, or change your address."));
        view.explain("Ask for your statement, and the bot wants a login. Ask to change your address, and it wants a code from your phone.", "");
        publish.send_replace(Arc::new(view.clone()));
        Self {
            conversation: match channel {
                ChatChannel::Web => format!("demo-{}", super::draw(&*world.entropy, 12)),
                ChatChannel::WhatsApp => phone.number.clone(),
            },
            world,
            channel,
            account,
            on_file: (phone.number, phone.mailbox),
            publish,
            door,
            said: 0,
            requests: 0,
            view,
            interaction: None,
            pending: Vec::new(),
            code: None,
            known: VecDeque::new(),
        }
    }

    /// Hears until nobody has spoken for long.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<ChatTask>) {
        while let Ok(Some(knock)) = tokio::time::timeout(IDLE, inbox.recv()).await {
            let (result, done) = match knock {
                ChatTask::Said { text, done } => (self.hear(&text).await, Some(done)),
                ChatTask::Resend { by_mail: true, done } => (self.send_by_mail().await, Some(done)),
                ChatTask::Resend { by_mail: false, done } => (self.send_again().await, Some(done)),
                ChatTask::Vouched { identity_token, done } => (self.welcome(&identity_token).await, Some(done)),
                ChatTask::Invited { pin, done } => (self.invite(&pin).await, Some(done)),
                ChatTask::Task { task, done } => (self.put_task(task).await, Some(done)),
                ChatTask::Event(event) => (self.learn(event).await, None),
                ChatTask::Refresh => (self.catch_up().await, None),
            };
            if let Err(trouble) = result {
                self.apologise(&trouble);
            }
            self.show_desk().await;
            self.publish.send_replace(Arc::new(self.view.clone()));
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
        self.world.api.hear(&interaction, &format!("m-{}", self.said), text).await
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

    /// The centre of it all: ask whether it may run; if not, ask for a way to prove it.
    pub async fn serve(&mut self, want: Want) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        if self.allowed(&interaction, want).await? {
            self.view.say(want.answer());
            return Ok(());
        }
        self.requests += 1;
        let state = format!("request-{}", self.requests);
        match want.proof() {
            Proof::Login => self.send_link(&interaction, want, &state).await?,
            Proof::Code if !self.send_code(&interaction, want, &state, false).await? => return Ok(()),
            Proof::Code => {}
        }
        self.pending.retain(|other| other.want != want);
        self.pending.push(Pending { state, want });
        Ok(())
    }

    async fn send_link(&mut self, interaction: &str, want: Want, state: &str) -> Result<(), Trouble> {
        let sent = self.channel == ChatChannel::WhatsApp;
        let link = self.world.api.login_link(interaction, want.intent(), state, sent).await?;
        self.view.say(bot(format!("For {} I need to know that it is you. Please log in:", want.spoken())));
        let (told, deliver) = match self.channel {
            ChatChannel::Web => {
                ("The bot asked for a login link, put it in the chat, and remembers what was wanted.", "")
            }
            ChatChannel::WhatsApp => {
                ("The gateway sends the login link to WhatsApp itself; the bot only waits.", ", deliver: true")
            }
        };
        let wire = format!(
            "POST …/login-links {{purpose: mid_chat, intent: {}, state: {state}{deliver}}} → 201",
            want.intent()
        );
        self.view.explain(told, wire);
        self.view.offer(link, want.spoken(), sent);
        if let Some(account) = self.account.clone() {
            self.notice(&account, false);
        }
        self.refresh().await
    }

    async fn allowed(&mut self, interaction: &str, want: Want) -> Result<bool, Trouble> {
        let flag = self.world.api.may(interaction, want.intent()).await?;
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
        self.world.desk.invite(&interaction, pin).await?;
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
            Some(interaction) => self.world.desk.desk(interaction).await.ok(),
            None => None,
        };
    }

    async fn sign_out(&mut self) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        self.view.mark = Mark::of(self.world.api.sign_out(&interaction).await?.authentication);
        self.view.say(bot("You are signed out."));
        self.view.explain("The bot signed the customer out; the mark fell at once.", "POST …/sign-out → 200");
        self.follow_code().await
    }

    /// The open interaction, opened now if there is none, or if the website has something to say.
    pub async fn interaction(&mut self, identity_token: Option<&str>) -> Result<String, Trouble> {
        if let (Some(id), None) = (&self.interaction, identity_token) {
            return Ok(id.clone());
        }
        let (phone, email) = &self.on_file;
        let opened = self.world.api.open(self.channel, &self.conversation, phone, email, identity_token).await?;
        if let Some(door) = self.door.upgrade() {
            self.world.register(&opened.id, door);
        }
        self.view.mark = Mark::of(opened.authentication);
        self.interaction = Some(opened.id.clone());
        Ok(opened.id)
    }

    /// Asks how the flag stands.
    pub async fn refresh(&mut self) -> Result<(), Trouble> {
        let Some(interaction) = &self.interaction else { return Ok(()) };
        self.view.mark = Mark::unknown(); // until the answer is here
        self.view.mark = Mark::of(self.world.api.authentication(interaction).await?);
        Ok(())
    }

    /// Answers what waited for a login, as far as the gateway allows it now; the rest waits on.
    pub async fn answer_pending(&mut self) -> Result<(), Trouble> {
        let Some(interaction) = self.interaction.clone() else { return Ok(()) };
        for pending in std::mem::take(&mut self.pending) {
            if self.allowed(&interaction, pending.want).await? {
                self.view.say(pending.want.answer());
            } else {
                self.pending.push(pending);
            }
        }
        Ok(())
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
