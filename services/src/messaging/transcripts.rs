//! Web chats' transcripts: one sealed record beside its interaction, kept for a day after the last word.
//! Any node reads and writes it; who looks at one on this node is woken when it changes here.
//!
//! It knows no caller: who may look or speak, `web_chats` says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::aead::LessSafeKey;
use countersign_channels::built_in::webchat::TranscriptWriter;
use countersign_channels::{Content, DeliveryError, Message, Sent};
use dashmap::DashMap;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;

use crate::conversations::committed::{CommitObserver, Committed};
use crate::engine::seal::{open_with, ready, seal_with};
use crate::engine::{Engine, Error, decode, encode};
use crate::names::transcript_name;
use countersign_ambient::{Clock, Entropy};
use countersign_domain::base::id::InteractionId;
use countersign_domain::messaging::web_chat::{EntryContent, Transcript};
use countersign_domain::secret::Secret;
use countersign_domain::time::Moment;
use countersign_store::{Batch, CommitId, CommitOutcome, Expect, Partition, Put, Store};

/// How long a transcript is kept after the last word.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Conflicts after which the store is said to be in contention.
const MAX_ATTEMPTS: u32 = 64;

/// All transcripts.
pub(crate) struct Transcripts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    seal: LessSafeKey,
    watchers: Arc<TranscriptWatchers>,
}

/// So many windows of one conversation may stand open on one node: a person's devices and tabs, and
/// connections that were lost and are not known to be. A visitor who opens more would only make each
/// change in her transcript dearer.
const MAX_WATCHERS: usize = 8;

/// The watchers of each transcript on this node.
#[derive(Default)]
pub(crate) struct TranscriptWatchers(DashMap<InteractionId, Watched>);

/// A transcript that is looked at.
#[derive(Default)]
struct Watched {
    woken: Arc<Notify>,
    count: usize,
}

/// The version of a transcript that was read. It is not its interaction's: a typed text comes into the transcript
/// after the transaction.
#[derive(Clone, Copy)]
pub(crate) struct SeenVersion(Option<CommitId>);

/// A watcher, which is notified for as long as it is held.
pub(crate) struct TranscriptWatch {
    watchers: Arc<TranscriptWatchers>,
    id: InteractionId,
    woken: Arc<Notify>,
}

impl TranscriptWatchers {
    /// Something changed there.
    pub fn notify(&self, id: InteractionId) {
        if let Some(watched) = self.0.get(&id) {
            watched.woken.notify_waiters();
        }
    }
}

impl TranscriptWatch {
    /// To be awaited before one looks, so that nothing falls in between.
    pub fn woken(&self) -> &Notify {
        &self.woken
    }
}

impl Drop for TranscriptWatch {
    fn drop(&mut self) {
        self.watchers.0.remove_if_mut(&self.id, |_, watched| {
            watched.count -= 1;
            watched.count == 0
        });
    }
}

impl CommitObserver for Transcripts {
    fn committed(&self, commit: &Committed<'_>) {
        self.notify(commit.interaction.id);
    }
}

impl Transcripts {
    /// Over the engine's store, clock and chance, sealed as its records are.
    pub fn new(engine: &Engine) -> Self {
        Self {
            store: engine.store.clone(),
            clock: engine.clock.clone(),
            entropy: engine.entropy.clone(),
            seal: ready(engine.keys.seal.expose()),
            watchers: Arc::default(),
        }
    }

    /// The watcher is woken when that interaction or its transcript changes on this node. None where
    /// as many look at it as may.
    pub fn look_at(&self, id: InteractionId) -> Option<TranscriptWatch> {
        let mut watched = self.watchers.0.entry(id).or_default();
        if watched.count >= MAX_WATCHERS {
            return None;
        }
        watched.count += 1;
        Some(TranscriptWatch { watchers: self.watchers.clone(), id, woken: watched.woken.clone() })
    }

    /// Something changed there.
    pub fn notify(&self, id: InteractionId) {
        self.watchers.notify(id);
    }

    /// A transcript as it is now; empty where nobody has spoken.
    pub async fn read(&self, id: InteractionId) -> Result<Transcript, Error> {
        Ok(self.load(id).await?.1)
    }

    /// A transcript as it is now and what tells it from an older one, where it is another than `seen`. Nothing of
    /// it is read where it is not.
    pub async fn newer(
        &self,
        id: InteractionId,
        seen: Option<SeenVersion>,
    ) -> Result<Option<(SeenVersion, Transcript)>, Error> {
        let partition = Partition(id.partition());
        if let Some(SeenVersion(version)) = seen
            && !self.store.has_changed(partition, &transcript_name(id), version).await?
        {
            return Ok(None);
        }
        let (version, transcript) = self.load(id).await?;
        Ok(Some((SeenVersion(version), transcript)))
    }

    /// Puts something into a transcript; false where it was there already.
    pub async fn put(&self, id: InteractionId, name: &str, said: &EntryContent) -> Result<bool, Error> {
        self.change(id, |transcript, now| transcript.put(name, said.clone(), now)).await
    }

    /// Changes a transcript. What leaves it as it is is not saved.
    pub async fn change<T>(&self, id: InteractionId, rule: impl Fn(&mut Transcript, Moment) -> T) -> Result<T, Error> {
        for round in 0..MAX_ATTEMPTS {
            let (version, before) = self.load(id).await?;
            let (mut transcript, now) = (before.clone(), Moment(self.clock.now()));
            let outcome = rule(&mut transcript, now);
            if transcript == before {
                return Ok(outcome);
            }
            if self.store.commit(self.batch(id, version, &transcript, now)).await? == CommitOutcome::Committed {
                self.notify(id);
                return Ok(outcome);
            }
            tokio::time::sleep(Duration::from_micros(u64::from(round) * 200)).await;
        }
        Err(Error::Away("too many writers of one transcript".into()))
    }

    async fn load(&self, id: InteractionId) -> Result<(Option<CommitId>, Transcript), Error> {
        let name = transcript_name(id);
        let found = self.store.get(Partition(id.partition()), std::slice::from_ref(&name)).await?.pop().flatten();
        let Some(record) = found else { return Ok((None, Transcript::default())) };
        let about = [name.as_bytes(), &record.version.0].concat();
        let plain = open_with(&self.seal, &about, &record.bytes);
        let plain = plain.ok_or_else(|| Error::Damaged(format!("{name} does not open")))?;
        Ok((Some(record.version), decode(&name, &plain)?))
    }

    fn batch(&self, id: InteractionId, version: Option<CommitId>, transcript: &Transcript, now: Moment) -> Batch {
        let (name, commit) = (transcript_name(id), CommitId(self.draw()));
        let about = [name.as_bytes(), &commit.0].concat();
        let bytes = seal_with(&self.seal, self.draw(), &about, &encode(transcript)).into();
        let mut batch = Batch::new(commit, Partition(id.partition()));
        batch.confirm = true;
        batch.expect = vec![(name.clone(), version.map_or(Expect::Absent, Expect::Version))];
        batch.put = vec![Put { name, bytes, expires: Some(now.plus(KEPT).0), ..Put::default() }];
        batch
    }

    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

#[async_trait]
impl TranscriptWriter for Transcripts {
    async fn put(&self, message: &Message) -> Result<Sent, DeliveryError> {
        // A message that belongs to no conversation (an admin tries the channel) has no window.
        let Some((id, number)) = belongs(&message.id) else { return Err(DeliveryError::Permanent("no-window")) };
        let said = match &message.content {
            Content::Text(text) => EntryContent::Bot(text.clone()),
            Content::Link { text, url } => {
                EntryContent::Link { text: text.clone(), url: Secret::new(url.expose_secret().as_bytes().to_vec()) }
            }
            // The code itself is read again when it is shown: it lies nowhere.
            Content::Code { text, .. } => EntryContent::Code { text: text.clone(), message: number },
        };
        match Transcripts::put(self, id, &message.id, &said).await {
            Ok(_) => Ok(Sent { platform_id: Some(message.id.clone()) }),
            Err(error) => {
                tracing::warn!(%id, %error, "a window's transcript could not be written");
                Err(DeliveryError::Retry("store-away"))
            }
        }
    }
}

/// The interaction and the number of a message, as `Sending::message_id` writes them.
fn belongs(message: &str) -> Option<(InteractionId, u32)> {
    let (id, rest) = message.split_once(".m")?;
    Some((id.parse().ok()?, rest.split_once('-')?.0.parse().ok()?))
}
