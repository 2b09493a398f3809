//! The durable queue of signed POSTs: a post joins its conversation's outbox in the commit of what it
//! tells, and a node that has claimed the outbox sends it behind the reply. A claim that nobody settled
//! lapses, and the post goes again under the same id: at least once, in order, one at a time.
//!
//! How outboxes are kept is `domain::outbox`'s. An outbox that leads to nobody any more is emptied.

use countersign_channels::auth::webhook::{WebhookKey as Signing, WebhookSigner};

use super::Messaging;
use crate::domain::base::id::{ChannelName, Conversation, TeamName};
use crate::domain::event::posting::PostOutcome;
use crate::domain::messaging::outbox::{Post, PostClaim, PostOutbox, Recipient};
use crate::domain::time::Moment;
use crate::domain::time::lease::TIMEOUT;
use crate::engine::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use crate::engine::queue::Queue;
use crate::engine::{DAY, Error, decode, encode};
use crate::services::names::{address_of, outbox_name};
use crate::store::RecordKey;

/// Lines that are served at the same time: a receiver that is slow to answer must not keep the others
/// waiting.
const CONCURRENCY: usize = 64;

/// Lines that this node has claimed.
pub(crate) type ClaimedOutboxes = Queue<(RecordKey, PostClaim)>;

impl Messaging {
    /// Posts of an outbox that were claimed by another commit than its own.
    pub(crate) fn post_claimed(&self, outbox: RecordKey, claim: PostClaim) {
        self.outboxes.push((outbox, claim));
    }

    /// The outbox of a conversation. It lies with the address, and so with its interactions.
    pub(crate) fn outbox_of(&self, team: &TeamName, channel: &ChannelName, conversation: &Conversation) -> RecordKey {
        let (partition, _) = address_of(&self.engine, team, channel, conversation);
        RecordKey { partition, name: outbox_name(&self.engine.keys.address_tag(team, channel, conversation).name()) }
    }

    /// An outbox's record with one post more, for the commit of what that tells. With a claim it is the
    /// committer's to send: `outboxes.push` after the commit.
    pub(crate) fn joined(
        &self,
        name: &str,
        outbox: Option<&OpenedRecord>,
        team: &TeamName,
        to: &Recipient,
        post: Post,
        now: Moment,
    ) -> Result<(PlainRecord, Option<PostClaim>), Error> {
        let mut outbox = match outbox {
            Some(bytes) => decode::<PostOutbox>(name, bytes)?,
            None => PostOutbox::new(team.clone(), to.clone()),
        };
        outbox.to.clone_from(to);
        let (claim, dropped) = outbox.join(post, now);
        if dropped > 0 {
            metrics::counter!("countersign_posts_dropped_total").increment(dropped as u64);
            tracing::warn!(%team, dropped, "posts gave way to newer ones: their receiver takes too few");
        }
        Ok((line_record(name, &outbox, now), claim))
    }

    /// The alarm of an outbox has come: whoever hears it first claims the outbox.
    pub(crate) async fn claim_line(&self, outbox: &RecordKey) {
        let claimed = self.change_outbox(outbox, |outbox, now| outbox.claim(now)).await;
        match claimed {
            Ok(Some(Some(claim))) => self.outboxes.push((outbox.clone(), claim)),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "an outbox could not be claimed; its alarm comes again"),
        }
    }

    /// Posts what this node has claimed so far; how many outboxes it was.
    pub async fn post_lines(&self) -> usize {
        self.outboxes.drain(CONCURRENCY, |(outbox, claim)| self.serve_line(outbox, claim)).await
    }

    /// Posts for ever, at once when something is claimed.
    pub async fn post_lines_forever(&self) {
        self.outboxes.serve(CONCURRENCY, |(outbox, claim)| self.serve_line(outbox, claim)).await;
    }

    async fn serve_line(&self, outbox: RecordKey, claim: PostClaim) {
        let mut claim = Some(claim);
        while let Some(mine) = claim {
            claim = match self.post_first(&outbox, mine).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "a post waits for its claim to lapse");
                    None
                }
            };
        }
    }

    /// Tries an outbox's first post; the next one's claim, where it goes on.
    async fn post_first(&self, outbox: &RecordKey, claim: PostClaim) -> Result<Option<PostClaim>, Error> {
        let reads = Reads { partition: outbox.partition, names: vec![outbox.name.clone()] };
        let Some(bytes) = self.engine.read(&reads).await?.pop().flatten() else { return Ok(None) };
        let kept: PostOutbox = decode(&outbox.name, &bytes)?;
        let Some((post, lease)) = kept.claimed(claim) else { return Ok(None) };
        if !lease.leaves(TIMEOUT, self.engine.now()) {
            return Ok(None); // too late for this claim: whoever makes the next one has the time for it
        }
        let Some((url, signer)) = self.recipient(&kept).await? else {
            return self.change_outbox(outbox, |outbox, _| outbox.clear()).await.map(|_| None);
        };
        let answer = self.post(&url, &signer, &post.id, post.body.expose().to_vec()).await;
        if let PostOutcome::Failed(failure) = answer {
            tracing::info!(team = %kept.team, why = failure.why.as_str(), "a post was not taken");
        }
        let jitter = self.engine.draw::<1>()[0];
        let id = post.id.clone();
        self.change_outbox(outbox, |outbox, now| outbox.settle(claim, &id, answer, now, jitter))
            .await
            .map(Option::flatten)
    }

    /// Where an outbox leads now, and what signs what goes there.
    async fn recipient(&self, outbox: &PostOutbox) -> Result<Option<(String, WebhookSigner)>, Error> {
        let Some(view) = self.teams.team(&outbox.team).await? else { return Ok(None) };
        let Recipient::Forward(channel) = &outbox.to;
        let Some(channel) = view.team.channels.get(channel) else { return Ok(None) };
        let secrets = channel.forward_secrets(self.engine.now()).map(|secret| Signing::shared(secret.expose()));
        let signer = || WebhookSigner(secrets.collect());
        Ok(channel.forward_url().map(|url| (url.to_owned(), signer())))
    }

    /// Lets an outbox be changed, where there is one.
    pub(crate) async fn change_outbox<T: Clone>(
        &self,
        outbox: &RecordKey,
        how: impl Fn(&mut PostOutbox, Moment) -> T,
    ) -> Result<Option<T>, Error> {
        let reads = Reads { partition: outbox.partition, names: vec![outbox.name.clone()] };
        let saved = self.engine.decide(&reads, |records, now| {
            let Some(bytes) = &records[0] else { return Ok(Change::nothing(Ok(None))) };
            let before: PostOutbox = decode(&outbox.name, bytes)?;
            let mut after = before.clone();
            let outcome = how(&mut after, now);
            let put = (after != before).then(|| line_record(&outbox.name, &after, now));
            let put = put.into_iter().collect();
            Ok(Change { put, confirm: Confirm::Nothing, ..Change::nothing(Ok(Some(outcome))) })
        });
        Ok(saved.await?.outcome?)
    }
}

/// An empty outbox may be swept: the next post makes it again.
fn line_record(name: &str, outbox: &PostOutbox, now: Moment) -> PlainRecord {
    let alarm = outbox.alarm();
    let expires = alarm.is_none().then(|| now.plus(DAY));
    PlainRecord { name: name.to_owned(), bytes: encode(outbox), alarm, expires }
}
