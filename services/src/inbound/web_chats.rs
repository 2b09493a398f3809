//! Web chats as the gateway keeps them: who is let into a window, what the bot says in it and what
//! the customer types. How a window's news reach a browser is `watching`'s.
//!
//! A back end vouches: it asks for an invitation with its API key and gives it to its page. The
//! browser changes it, once, for a session that names the page's origin; the team's
//! `allowed_origins` are asked anew whenever the session is shown. Who tends the team may have it in the
//! admin console, too, and see what her customers will.

use countersign_channels::format::inbound::Assurance;
use serde::{Deserialize, Serialize};

use super::{ArrivedMessage, FlagReader, Inbound};
use crate::challenges::Attending;
use crate::challenges::messages::Text;
use crate::conversations::snapshots::{Acting, Snapshot};
use crate::engine::replay::{ReplyKey, executed};
use crate::engine::{Error, Execution, IdempotencyRecord};
use countersign_domain::base::id::{ChallengeId, InteractionId, TeamName};
use countersign_domain::event::Actor;
use countersign_domain::messaging::web_chat::{ChatInvitation, ChatSession, EntryContent, Transcript};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::challenges::answer::AnswerOutcome;
use countersign_domain::rules::chat::hear::Kind;
use countersign_domain::rules::chat::hear::Sender;
use countersign_domain::rules::chat::receive::Audience;
use countersign_domain::rules::chat::receive::Received;
use countersign_domain::rules::chat::receive::awaited;
use countersign_domain::rules::flag::maintain;
use countersign_domain::secret::base64url;
use countersign_domain::time::Moment;
use countersign_store::CommitId;

mod watching;

pub use watching::{ChatNews, ConversationState, PendingQuestion, ShownEntry, WatchedEntry, Watcher};

/// Words that were made, and their end.
#[derive(Clone)]
pub struct Made {
    /// The text, which is a secret.
    pub text: String,
    /// Its end.
    pub until: Moment,
}

/// A browser that may look into a window.
#[derive(Clone)]
pub struct ChatGuest {
    team: TeamName,
    session: ChatSession,
}

/// Where a window stands.
#[derive(Clone, Copy)]
pub enum Embedding<'a> {
    /// In a page of that origin, as the browser says.
    Website(&'a str),
    /// In the admin console, before somebody who tends the team.
    Console,
}

/// The name of the console in the place of a website. It is no origin.
const CONSOLE: &str = "console";

/// A reply of the bot.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// Its id.
    pub id: String,
    /// When it was put there.
    pub at: Moment,
}

/// The outcome of a text that the customer typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedOutcome {
    /// It was an answer to a question of the gateway's own.
    Answer(Kind, AnswerOutcome),
    /// It is in the transcript, and the bot's to read.
    Said,
    /// It looks like an answer that came too late: nobody reads it.
    TooLate,
    /// A code stands in a text of other words: the bot reads the text without it.
    InText,
    /// It was typed where only a code may be, and is none. Nobody reads it.
    NoCode,
}

impl Inbound {
    /// The transcript of a conversation.
    pub async fn transcript(&self, id: InteractionId) -> Result<Transcript, Error> {
        self.transcripts.read(id).await
    }

    /// Lets a browser come to a conversation's window.
    pub async fn invite_to_chat(
        &self,
        acting: Acting<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Made>>>,
    ) -> Result<Execution<Snapshot<Made>>, Error> {
        self.must_be_web_chat(&self.conversations.flag(acting.id, acting.team).await?)?;
        let invitation = ChatInvitation::begin(acting.id, self.engine.now(), self.engine.draw());
        let made = Made { text: invitation.text(&self.engine.keys.window), until: invitation.until };
        self.conversations
            .transact(acting.into(), |context, _| maintain::spoken(context).map(|()| made.clone()), idempotency)
            .await
    }

    fn must_be_web_chat(&self, snapshot: &Snapshot<()>) -> Result<(), Refusal> {
        if !snapshot.team.web_chats.contains(&snapshot.interaction.channel) {
            return Err(Refusal::NoChannel);
        }
        if snapshot.interaction.is_open(self.engine.now()) { Ok(()) } else { Err(Refusal::Closed) }
    }

    /// Changes an invitation for a session. Refused with `NotFound` where it is none, was used or is
    /// over, and with `Forbidden` where the page's origin is not one of the team's.
    pub async fn join_chat(&self, team: &TeamName, invitation: &str, embedding: Embedding<'_>) -> Result<Made, Error> {
        let embedder = match embedding {
            Embedding::Website(CONSOLE) => return Err(Refusal::Forbidden.into()),
            Embedding::Website(origin) => origin,
            Embedding::Console => CONSOLE,
        };
        let gone = || Error::Refused(Refusal::NotFound("window"));
        let invitation =
            ChatInvitation::parse(invitation, &self.engine.keys.window, self.engine.now()).ok_or_else(gone)?;
        let session = ChatSession::begin(invitation.interaction, self.engine.now(), embedder);
        let guest = ChatGuest { team: team.clone(), session };
        self.must_be_web_chat(&self.seat(&guest).await?)?;
        let (mark, until) = (self.engine.keys.window.tag(&[b"used", &invitation.nonce]), invitation.until);
        let use_up = |transcript: &mut Transcript, now| transcript.use_up(mark, until, now);
        if !self.transcripts.change(invitation.interaction, use_up).await? {
            return Err(gone());
        }
        Ok(Made { text: guest.session.text(&self.engine.keys.window), until: guest.session.until })
    }

    /// The browser whose session this is. Refused like an invitation.
    pub async fn guest(&self, team: &TeamName, session: &str) -> Result<ChatGuest, Error> {
        let session = ChatSession::parse(session, &self.engine.keys.window, self.engine.now());
        let guest = ChatGuest { team: team.clone(), session: session.ok_or(Refusal::NotFound("window"))? };
        self.seat(&guest).await?;
        Ok(guest)
    }

    /// The conversation of a guest, for as long as she may look at it.
    async fn seat(&self, guest: &ChatGuest) -> Result<Snapshot<()>, Error> {
        Ok(self.seat_again(guest, None).await?.0)
    }

    /// The same, for a guest who keeps looking; with the version that she is told of.
    async fn seat_again(&self, guest: &ChatGuest, told: Option<CommitId>) -> Result<(Snapshot<()>, CommitId), Error> {
        if guest.session.until <= self.engine.now() {
            return Err(Refusal::NotFound("window").into());
        }
        let (snapshot, version) =
            self.conversations.flag_again(guest.session.interaction, Some(&guest.team), told).await?;
        if !snapshot.team.web_chats.contains(&snapshot.interaction.channel) {
            return Err(Refusal::NotFound("window").into());
        }
        let embedder = &guest.session.embedder;
        match embedder == CONSOLE || snapshot.team.effective.settings.allowed_origins.contains(embedder) {
            true => Ok((snapshot, version)),
            false => Err(Refusal::Forbidden.into()),
        }
    }

    /// Puts the bot's words into the window. The same id is said once.
    pub async fn say(
        &self,
        acting: Acting<'_>,
        message: Option<&str>,
        text: &str,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Spoken>>>,
    ) -> Result<Execution<Snapshot<Spoken>>, Error> {
        let id = acting.id;
        self.must_be_web_chat(&self.conversations.flag(id, acting.team).await?)?;
        let own = idempotency.map(|idempotency| idempotency.mark().to_owned());
        let name = message.map(|id| format!("said:{id}")).or(own);
        let name = name.unwrap_or_else(|| format!("said:{}", base64url(&self.engine.draw::<12>())));
        let said = EntryContent::Bot(text.to_owned());
        let at = self.transcripts.change(id, |transcript, now| {
            transcript.put(&name, said.clone(), now);
            transcript.at(&name).unwrap_or(now)
        });
        let spoken = Spoken { at: at.await?, id: name.rsplit([':', '/']).next().unwrap_or(&name).to_owned() };
        self.conversations
            .transact(acting.into(), |context, _| maintain::spoken(context).map(|()| spoken.clone()), idempotency)
            .await
    }

    /// Hears what a guest typed: an answer, or words for the bot.
    pub async fn type_in(
        &self,
        guest: &ChatGuest,
        message: &str,
        text: &str,
        flag: &FlagReader<'_>,
    ) -> Result<TypedOutcome, Error> {
        let snapshot = self.seat(guest).await?;
        self.must_be_web_chat(&snapshot)?;
        let (id, conversation) = (snapshot.interaction.id, &snapshot.interaction.conversation);
        let message_id = format!("{id}.{message}");
        let incoming = ArrivedMessage {
            id: &message_id,
            sender: conversation.as_str(),
            is_own: true,
            conversation,
            text,
            audience: Audience::Alone,
            in_group: None,
            // The window's session names the conversation: nobody else's words come under it.
            assurance: Assurance::Platform,
            raw: None,
        };
        let received = self.receive(&guest.team, &snapshot.interaction.channel, &incoming, flag).await?;
        let (said, typed) = match received {
            Received::Answer(kind, outcome) => (EntryContent::Answer, TypedOutcome::Answer(kind, outcome)),
            Received::Hidden => (EntryContent::Answer, TypedOutcome::TooLate),
            Received::Redacted => {
                let redacted =
                    awaited(&self.conversations.facts(id, Some(&guest.team)).await?.interaction).redact(text);
                // Where it was answered meanwhile, nobody is waited for, and nothing of it is told.
                let said = if redacted == text { EntryContent::Answer } else { EntryContent::Customer(redacted) };
                (said, TypedOutcome::InText)
            }
            Received::Words => (EntryContent::Customer(text.to_owned()), TypedOutcome::Said),
        };
        self.transcripts.put(id, &format!("typed:{message}"), &said).await?;
        Ok(typed)
    }

    /// Takes what a guest typed into the card of a code. Nothing but a code is taken there: whatever else it
    /// is, nobody reads it.
    pub async fn answer_in_card(&self, guest: &ChatGuest, message: &str, text: &str) -> Result<TypedOutcome, Error> {
        let id = guest.session.interaction;
        let read = |received: Received| match received {
            Received::Answer(kind, outcome) => TypedOutcome::Answer(kind, outcome),
            Received::Words | Received::Redacted | Received::Hidden => TypedOutcome::NoCode,
        };
        let render = |snapshot: &Snapshot<Received>| crate::engine::encode(&read(snapshot.outcome));
        let idempotency = IdempotencyRecord::new(self.typed_place(id, message), &render);
        let text = Text { text, sender: Sender::Own, by: &Actor::Person, in_group: None };
        let typed = match self.challenges.hear(id, Some(&guest.team), text, &idempotency).await? {
            Execution::Executed(snapshot) => read(snapshot.outcome),
            Execution::Replayed(bytes) => crate::engine::decode("what was typed", &bytes)?,
        };
        if matches!(typed, TypedOutcome::Answer(..)) {
            self.transcripts.put(id, &format!("typed:{message}"), &EntryContent::Answer).await?;
        }
        Ok(typed)
    }

    fn typed_place(&self, id: InteractionId, message: &str) -> ReplyKey {
        self.engine.place_of(b"typed", id.as_bytes(), message)
    }

    /// A guest wants another code.
    pub async fn resend_to_guest(&self, guest: &ChatGuest) -> Result<(), Error> {
        let id = guest.session.interaction;
        let snapshot = self.conversations.flag(id, Some(&guest.team)).await?;
        let live = snapshot.interaction.primary().challenge.as_ref().ok_or(Refusal::CodeGone)?;
        let id = ChallengeId { interaction: id, number: live.number };
        executed(self.challenges.resend(Attending { id, team: Some(&guest.team), actor: Actor::Person }, None).await?)?;
        Ok(())
    }
}
