//! One browser's conversation with the bot, as a task that hears one thing at a time.
//!
//! The bot trusts nothing but the gateway's answers: every text goes through it before it is read,
//! every protected wish is asked of it at the moment of answering, and an event only says when to ask
//! again. It never sees the security key, a password or a code.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::api::{Authentication, Heard, Problem, Trouble};
use super::bot::{Want, Wish};
use super::chats::World;
use super::events::Event;
use super::transcript::{Body, CardState, Mark, View};

/// Silence after which a chat is forgotten.
const IDLE: Duration = Duration::from_secs(60 * 60);
const INBOX: usize = 256;

/// A handle to a conversation.
#[derive(Clone)]
pub struct Chat {
    door: mpsc::Sender<Knock>,
    /// The chat as it looks now.
    pub view: watch::Receiver<Arc<View>>,
}

/// What can happen to a conversation. `done` is dropped when the bot has dealt with it.
pub enum Knock {
    Said {
        text: String,
        done: oneshot::Sender<()>,
    },
    /// The website's server says who this is.
    Vouched {
        identity_token: String,
        done: oneshot::Sender<()>,
    },
    Event(Event),
    /// Events may have been missed.
    Refresh,
}

impl Chat {
    /// A new conversation, greeted and without an interaction: looking is not talking.
    pub fn open(world: Arc<World>) -> Self {
        let (door, inbox) = mpsc::channel(INBOX);
        let mut view = View::default();
        view.mark = Mark::of(Authentication::default());
        view.say(bot("Hello, I am the assistant of Linden Bank. I can send you a copy of your statement or tell you your balance."));
        view.explain("Ask the bot for a copy of your statement. It will want to know who you are.", "");
        let (publish, seen) = watch::channel(Arc::new(view.clone()));
        let conversation = format!("demo-{}", super::draw(&*world.entropy, 12));
        let talk = Talk {
            world,
            publish,
            view,
            conversation,
            door: door.downgrade(),
            interaction: None,
            pending: Vec::new(),
            said: 0,
            requests: 0,
            known: VecDeque::new(),
        };
        tokio::spawn(talk.run(inbox));
        Self { door, view: seen }
    }

    /// Whether anybody still listens.
    pub fn is_open(&self) -> bool {
        !self.door.is_closed()
    }

    /// The customer says something; returns when the bot has answered. `false`: the chat is too busy.
    pub async fn say(&self, text: String) -> bool {
        let (done, answered) = oneshot::channel();
        self.knock(Knock::Said { text, done }, answered).await
    }

    /// The website vouches for the visitor; returns when the bot has greeted them.
    pub async fn vouch(&self, identity_token: String) -> bool {
        let (done, answered) = oneshot::channel();
        self.knock(Knock::Vouched { identity_token, done }, answered).await
    }

    async fn knock(&self, knock: Knock, answered: oneshot::Receiver<()>) -> bool {
        let taken = self.door.try_send(knock).is_ok();
        if taken {
            drop(answered.await); // an error only says that it is done
        }
        taken
    }
}

/// A request that waits for the customer to log in.
struct Pending {
    state: String,
    want: Want,
}

struct Talk {
    world: Arc<World>,
    publish: watch::Sender<Arc<View>>,
    view: View,
    conversation: String,
    door: mpsc::WeakSender<Knock>,
    interaction: Option<String>,
    pending: Vec<Pending>,
    said: u32,
    requests: u32,
    /// Ids of the last events: they come at least once.
    known: VecDeque<String>,
}

impl Talk {
    async fn run(mut self, mut inbox: mpsc::Receiver<Knock>) {
        while let Ok(Some(knock)) = tokio::time::timeout(IDLE, inbox.recv()).await {
            let (result, done) = match knock {
                Knock::Said { text, done } => (self.hear(&text).await, Some(done)),
                Knock::Vouched { identity_token, done } => (self.welcome(&identity_token).await, Some(done)),
                Knock::Event(event) => (self.learn(event).await, None),
                Knock::Refresh => (self.refresh().await, None),
            };
            if let Err(trouble) = result {
                self.apologise(&trouble);
            }
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
                self.pass_on(text).await?
            }
            other => other?,
        };
        if let Some(authentication) = &heard.authentication {
            self.view.mark = Mark::of(authentication.clone());
        }
        if heard.consumed {
            self.acknowledge(heard);
            return Ok(());
        }
        self.view.say(Body::Customer { text: text.to_owned(), redacted: false });
        match Wish::of(text) {
            Wish::Protected(want) => self.serve(want).await,
            Wish::SignOut => self.sign_out().await,
            Wish::Hello => {
                self.view.say(bot("Hello! Would you like a copy of your statement, or your balance?"));
                Ok(())
            }
            Wish::Unclear => {
                self.view.say(bot("I am a simple bot. I know “statement”, “balance” and “sign out”."));
                Ok(())
            }
        }
    }

    async fn pass_on(&mut self, text: &str) -> Result<Heard, Trouble> {
        let interaction = self.interaction(None).await?;
        self.world.api.hear(&interaction, &format!("m-{}", self.said), text).await
    }

    /// The gateway took the text: it was an answer to a question of its own.
    fn acknowledge(&mut self, heard: Heard) {
        let text = heard.redacted_text.unwrap_or_else(|| "••••••".to_owned());
        self.view.say(Body::Customer { text, redacted: true });
        let kind = heard.kind.as_deref().unwrap_or("answer");
        let outcome = heard.outcome.as_deref().unwrap_or("taken");
        self.view.explain(
            "The customer typed a code. The gateway took it out of the chat before the bot could read it.",
            format!("POST …/messages → consumed: true, {kind}: {outcome}"),
        );
        match outcome {
            "passed" => {} // what it opens is told by an event
            "locked" | "banned" => self.view.say(bot("There were too many wrong codes. Please try again later.")),
            "expired" | "exhausted" | "already_used" => {
                self.view.say(bot("That code is no longer good. Ask me again and I will send you a new link."));
            }
            _ => self.view.say(bot("That code did not match. Please look at the login window again.")),
        }
    }

    /// The centre of it all: ask whether it may run; if not, ask for a way to prove it.
    async fn serve(&mut self, want: Want) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        if self.allowed(&interaction, want).await? {
            self.view.say(want.answer());
            return Ok(());
        }
        self.requests += 1;
        let state = format!("request-{}", self.requests);
        let link = self.world.api.login_link(&interaction, want.intent(), &state).await?;
        self.view.say(bot(format!("For {} I need to know that it is you. Please log in:", want.spoken())));
        self.view.explain(
            "The bot asked for a login link, put it in the chat, and remembers what was wanted.",
            format!("POST …/login-links {{purpose: mid_chat, intent: {}, state: {state}}} → 201", want.intent()),
        );
        self.view.offer(link, want.spoken());
        self.pending.retain(|other| other.want != want);
        self.pending.push(Pending { state, want });
        Ok(())
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
            "The bank's website vouched for its visitor: the chat began authenticated.",
            "POST /v1/interactions {identity_token: JWT} → authenticated, binding: token",
        );
        Ok(())
    }

    async fn sign_out(&mut self) -> Result<(), Trouble> {
        let interaction = self.interaction(None).await?;
        self.view.mark = Mark::of(self.world.api.sign_out(&interaction).await?.authentication);
        self.view.say(bot("You are signed out."));
        self.view.explain("The bot signed the customer out; the mark fell at once.", "POST …/sign-out → 200");
        Ok(())
    }

    /// The open interaction, opened now if there is none, or if the website has something to say.
    async fn interaction(&mut self, identity_token: Option<&str>) -> Result<String, Trouble> {
        if let (Some(id), None) = (&self.interaction, identity_token) {
            return Ok(id.clone());
        }
        let opened = self.world.api.open(&self.conversation, identity_token).await?;
        if let Some(door) = self.door.upgrade() {
            self.world.register(&opened.id, door);
        }
        self.view.mark = Mark::of(opened.authentication);
        self.interaction = Some(opened.id.clone());
        Ok(opened.id)
    }

    async fn refresh(&mut self) -> Result<(), Trouble> {
        let Some(interaction) = &self.interaction else { return Ok(()) };
        self.view.mark = Mark::unknown(); // until the answer is here
        self.view.mark = Mark::of(self.world.api.authentication(interaction).await?);
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

/// What the bot does when the gateway tells it something.
impl Talk {
    async fn learn(&mut self, event: Event) -> Result<(), Trouble> {
        if self.known.contains(&event.id) {
            return Ok(());
        }
        self.known.push_back(event.id.clone());
        if self.known.len() > 64 {
            self.known.pop_front();
        }
        let wire = format!("event {}", event.kind);
        match event.kind.as_str() {
            "participant.authenticated" => return self.resume(&event).await,
            "participant.expired" => {
                self.fell(
                    "Your login has run out. I will ask again when you need it.",
                    "The login's time was over, so the mark fell by itself.",
                    wire,
                )
                .await?
            }
            "participant.signed_out" => self.refresh().await?,
            "participant.expiring" => {
                self.view
                    .explain("The mark stands for one more minute. Inside it, nothing asks for a login again.", wire);
            }
            "participant.locked" => {
                self.view.explain("Too many failed attempts: the login of this chat is locked for a while.", wire);
                self.refresh().await?;
            }
            "interaction.closed" => {
                self.interaction = None;
                self.pending.clear();
                self.view.turn_card(CardState::Expired);
                self.fell(
                    "This conversation has ended. Write to begin a new one.",
                    "The conversation was closed; nothing of it stays authenticated.",
                    wire,
                )
                .await?;
            }
            _ => self.follow_link(&event.kind, wire),
        }
        Ok(())
    }

    fn follow_link(&mut self, kind: &str, wire: String) {
        let (card, said, story) = match kind {
            "link.opened" => (
                CardState::Opened,
                None,
                "A person pressed Continue. Only that opens a link: previews and scanners do not.",
            ),
            "link.cancelled" => (
                CardState::Cancelled,
                Some("You cancelled the login. Ask me again whenever you like."),
                "The login page answered “cancelled”. The link is spent.",
            ),
            "link.denied" => (
                CardState::Cancelled,
                Some("The login was refused. Ask me again to try once more."),
                "The login page answered “denied”. The link is spent.",
            ),
            "link.expired" => (
                CardState::Expired,
                Some("The login link has expired. Ask me again and I will send a new one."),
                "The link's time was over before anybody logged in.",
            ),
            "confirmation.expired" => (
                CardState::Expired,
                Some("The confirmation code has run out. Ask me again and I will send a new link."),
                "Nobody typed the code in the chat in time, so nothing was authenticated.",
            ),
            "link.reported" => {
                self.pending.clear();
                self.view.turn_card(CardState::Frozen);
                self.view.say(Body::Notice { text: "Somebody who got the login link said: this wasn't me. The link is frozen. If you did not forward it, do not log in by links from others.".into(), alarm: true });
                return self
                    .view
                    .explain("“This wasn't me” was pressed: the link is frozen and agents are told.", wire);
            }
            _ => return,
        };
        self.view.turn_card(card);
        if let Some(said) = said {
            self.view.say(bot(said));
        }
        self.view.explain(story, wire);
    }

    /// The customer has proved it: what they asked for is answered without asking them again.
    async fn resume(&mut self, event: &Event) -> Result<(), Trouble> {
        self.refresh().await?;
        let state = event.data.get("state").and_then(|state| state.as_str());
        let Some(state) = state.filter(|state| self.pending.iter().any(|pending| pending.state == *state)) else {
            return Ok(());
        };
        self.view.turn_card(CardState::Done);
        self.view.explain(
            "The login is proved and belongs to this chat. The event brought back what had been asked.",
            format!("event participant.authenticated {{state: {state}}}"),
        );
        self.view.say(bot("Thank you, you are logged in. Here is what you asked for:"));
        let Some(interaction) = self.interaction.clone() else { return Ok(()) };
        for pending in std::mem::take(&mut self.pending) {
            if self.allowed(&interaction, pending.want).await? {
                self.view.say(pending.want.answer());
            }
        }
        Ok(())
    }

    async fn fell(&mut self, said: &str, story: &str, wire: String) -> Result<(), Trouble> {
        self.view.say(Body::Notice { text: said.to_owned(), alarm: false });
        self.view.explain(story, wire);
        match self.interaction {
            Some(_) => self.refresh().await,
            None => {
                self.view.mark = Mark::of(Authentication::default());
                Ok(())
            }
        }
    }
}

fn bot(text: impl Into<String>) -> Body {
    Body::Bot { text: text.into() }
}
