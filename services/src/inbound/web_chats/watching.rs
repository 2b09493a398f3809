//! The view of a web chat's browser, and when there is something new: entries of the transcript after the
//! last one that it has, and the state of the conversation.
//!
//! A link's way in and a code that was sent here are put together at this moment, for this browser,
//! and only while they are live.

use std::sync::Arc;
use std::time::Duration;

use countersign_channels::PIN;

use super::ChatGuest;
use crate::conversations::snapshots::Snapshot;
use crate::engine::Error;
use crate::inbound::Inbound;
use crate::messaging::transcripts;
use crate::messaging::transcripts::TranscriptWatch;
use countersign_domain::base::way::Way;
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_domain::messaging::sending::{DeliveryState as Sent, What};
use countersign_domain::messaging::web_chat::{ChatEntry, DOTS, EntryContent, Transcript, link_number};
use countersign_domain::proof::flag::{Flag, Reason};
use countersign_domain::proof::methods::{AnswerForm, Prompt, form};
use countersign_domain::rules::chat::hear::Kind;
use countersign_domain::secret::base64url;
use countersign_domain::time::Moment;
use countersign_store::CommitId;

/// How often it is asked whether the guest may still look, and what other nodes did.
const POLL: Duration = Duration::from_secs(1);

/// Something new.
pub struct ChatNews {
    /// In the transcript.
    pub entries: Vec<ShownEntry>,
    /// How the conversation stands, where that changed.
    pub state: Option<ConversationState>,
    /// When this was seen.
    pub now: Moment,
}

/// An entry as this browser sees it.
pub struct ShownEntry {
    /// What it resumes after.
    pub number: u64,
    /// When it was put there.
    pub at: Moment,
    /// What it is.
    pub what: WatchedEntry,
}

/// What an entry is to its reader.
pub enum WatchedEntry {
    /// The bot's words.
    Bot(String),
    /// Her own.
    Customer(String),
    /// Her own answer to a question of the gateway's.
    Answer,
    /// A link.
    Link {
        /// The words before it.
        text: String,
        /// Its number within the interaction.
        number: Option<u16>,
        /// Where it leads, and what shows whose window opened it; nothing where it is over.
        way: Option<(String, Option<String>)>,
    },
    /// A code was sent here: the words with the code in them, or with dots where it is over.
    Code(String),
}

/// How the conversation stands.
#[derive(Clone, PartialEq, Eq)]
pub struct ConversationState {
    /// Whether anything more can be said.
    pub open: bool,
    /// Until when the customer is authenticated, where she is.
    pub authenticated: Option<Moment>,
    /// Her live links.
    pub links: Vec<u16>,
    /// What the gateway waits for.
    pub asked: Option<PendingQuestion>,
    /// Why the last proof on a page came to nothing, where it is for the customer to know.
    pub missed: Option<Reason>,
}

/// A question of the gateway's own.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingQuestion {
    /// Tells one question, and one code of it, from the next.
    pub id: String,
    /// What is asked for.
    pub kind: Kind,
    /// The form of the answer; none of a confirmation.
    pub form: Option<AnswerForm>,
    /// How many digits the code has.
    pub digits: Option<u8>,
    /// Which way the code went, and where to, unmasked.
    pub sent: Option<(Way, String)>,
    /// Wrong answers that are still taken.
    pub tries_left: u32,
    /// Its end.
    pub expires_at: Option<Moment>,
    /// When another code may be asked for, where one can be.
    pub resend_at: Option<Moment>,
}

/// A browser's place at a window.
pub struct Watcher {
    inbound: Arc<Inbound>,
    guest: ChatGuest,
    watch: TranscriptWatch,
    last: u64,
    /// The transcript that has nothing after `last`.
    seen: Option<transcripts::SeenVersion>,
    shown: Option<ConversationState>,
    /// The interaction's record as it was looked at last.
    told: Option<CommitId>,
    /// Other nodes write, too, and nobody here is told.
    shared: bool,
}

impl Inbound {
    /// Looks at a window, after the numbered entry. None where as many look at it as may.
    pub fn watch(self: &Arc<Self>, guest: ChatGuest, last: u64) -> Option<Watcher> {
        let id = guest.session.interaction;
        let shared = self.conversations.is_shared(id);
        let watch = self.transcripts.look_at(id)?;
        Some(Watcher { inbound: self.clone(), watch, guest, last, seen: None, shown: None, told: None, shared })
    }
}

impl Watcher {
    /// What is new. Waits until there is something; an error ends it, and the browser comes back. May be
    /// dropped and asked again.
    pub async fn next(&mut self) -> Result<ChatNews, Error> {
        let (mut stale, id) = (true, self.guest.session.interaction);
        loop {
            let woken = self.watch.woken().notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let (snapshot, version) = self.inbound.seat_again(&self.guest, self.told).await?;
            self.told = Some(version);
            let newer = if stale || self.shared { self.inbound.transcripts.newer(id, self.seen).await? } else { None };
            let (seen, transcript) = newer.unzip();
            let news = self.news(&snapshot, transcript.as_ref());
            self.seen = seen.or(self.seen);
            if !news.entries.is_empty() || news.state.is_some() {
                self.last = news.entries.last().map_or(self.last, |entry| entry.number);
                self.shown = news.state.clone().or(self.shown.take());
                return Ok(news);
            }
            stale = tokio::time::timeout(POLL, woken).await.is_ok();
        }
    }

    fn news(&self, snapshot: &Snapshot<()>, transcript: Option<&Transcript>) -> ChatNews {
        let now = self.inbound.engine.now();
        let entries = transcript.map(|transcript| transcript.after(self.last)).unwrap_or_default();
        let entries = entries.iter().map(|entry| self.inbound.show(entry, &snapshot.interaction, now)).collect();
        let state = state(&snapshot.interaction, now);
        ChatNews { entries, state: Some(state).filter(|state| Some(state) != self.shown.as_ref()), now }
    }
}

impl Inbound {
    fn show(&self, entry: &ChatEntry, interaction: &Interaction, now: Moment) -> ShownEntry {
        let what = match &entry.said {
            EntryContent::Bot(text) => WatchedEntry::Bot(text.clone()),
            EntryContent::Customer(text) => WatchedEntry::Customer(text.clone()),
            EntryContent::Answer => WatchedEntry::Answer,
            EntryContent::Link { text, url } => {
                let found = link_number(url);
                let live = found.as_ref().and_then(|(token, number)| {
                    let mut links = interaction.primary().links.iter();
                    let link = links.find(|link| link.number == *number && link.may_be_opened(now))?;
                    let opener =
                        link.page.opener.is_some().then(|| base64url(token.opener(&self.engine.keys.handle).expose()));
                    Some((String::from_utf8_lossy(url.expose()).into_owned(), opener))
                });
                let way = live.filter(|_| interaction.is_open(now));
                WatchedEntry::Link { text: text.clone(), number: found.map(|(_, number)| number), way }
            }
            EntryContent::Code { text, message } => {
                let code = self.code_of(interaction, *message, now);
                WatchedEntry::Code(text.replace(PIN, code.as_deref().unwrap_or(DOTS)))
            }
        };
        ShownEntry { number: entry.number, at: entry.at, what }
    }

    /// The code that a message brought, while it is the live one.
    fn code_of(&self, interaction: &Interaction, message: u32, now: Moment) -> Option<String> {
        let sending = interaction.sendings.iter().find(|sending| sending.number == message)?;
        let What::Code { challenge, issue } = sending.what else { return None };
        let live = interaction.participant(&sending.participant)?.challenge.as_ref()?;
        let same = live.number == challenge && live.issue() == Some(issue) && live.is_live(now);
        let digits = same.then(|| live.answer(interaction.id, &self.engine.keys.code))?;
        Some(String::from_utf8_lossy(digits.expose()).into_owned())
    }
}

/// How the conversation stands for the one who chats.
fn state(interaction: &Interaction, now: Moment) -> ConversationState {
    let (open, primary) = (interaction.is_open(now), interaction.primary());
    let raised = primary.flag.raised(now).filter(|_| open);
    let live = primary.links.iter().filter(|link| open && link.is_live(now));
    ConversationState {
        open,
        authenticated: raised.map(|raised| raised.expires_at),
        links: live.map(|link| link.number).collect(),
        asked: asked(interaction, primary, now).filter(|_| open),
        missed: match primary.flag {
            Flag::Lowered(Some(reason @ (Reason::NotReturned | Reason::OtherBrowser))) => Some(reason),
            _ => None,
        },
    }
}

/// A proof that waits for its code goes before a challenge, as a text that is typed is taken.
fn asked(interaction: &Interaction, primary: &Participant, now: Moment) -> Option<PendingQuestion> {
    if let Some((confirmation, end)) = primary.confirmations().find(|(_, end)| now < *end) {
        return Some(PendingQuestion {
            id: format!("w{}", end.0),
            kind: Kind::Confirmation,
            form: None,
            digits: None,
            sent: None,
            tries_left: confirmation.tries_left.into(),
            expires_at: Some(end),
            resend_at: None,
        });
    }
    let live = primary.challenge.as_ref().filter(|challenge| challenge.is_live(now))?;
    let digits = match live.prompt() {
        Prompt::Code(length) => Some(length),
        Prompt::AgreedNumber => None,
        // Questions and documents have a page of their own.
        Prompt::Questions(_) | Prompt::Document(_) => return None,
    };
    let about = |what: &What| matches!(what, What::Code { challenge, .. } if *challenge == live.number);
    let sending = interaction.sendings.iter().find(|sending| about(&sending.what) && sending.state != Sent::Failed);
    let sent = sending
        .and_then(|sending| sending.way.address(interaction, primary).map(|address| (sending.way, address.to_owned())));
    Some(PendingQuestion {
        id: format!("c{}.{}", live.number, live.issue().unwrap_or_default()),
        kind: Kind::Challenge(live.method()),
        form: form(live.method()),
        digits,
        resend_at: live.resend_at().filter(|_| sending.is_some()),
        sent,
        tries_left: live.tries_left,
        expires_at: live.expires_at,
    })
}
