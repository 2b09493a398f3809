//! The durable queue of signed POSTs: a post joins its conversation's outbox in the commit of what it
//! tells, and a node that has claimed the outbox sends it behind the reply. A claim that nobody settled
//! lapses, and the post goes again under the same id: at least once, in order, one at a time.
//!
//! How outboxes are kept is `domain::outbox`'s. An outbox that leads to nobody any more is emptied.

use countersign_channels::auth::webhook::{WebhookKey as Signing, WebhookSigner};

use super::Messaging;
use crate::engine::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use crate::engine::executor::{Claim, JobKind, JobPolicy, Next};
use crate::engine::{DAY, Error, decode, encode};
use crate::names::{address_of, outbox_name};
use countersign_domain::base::id::{ChannelName, Conversation, TeamName};
use countersign_domain::event::posting::PostOutcome;
use countersign_domain::messaging::outbox::{Post, PostClaim, PostOutbox, Recipient};
use countersign_domain::time::Moment;
use countersign_domain::time::lease::Lease;
use countersign_store::RecordKey;

/// The right to try an outbox's first post. After it the next one's follows at once.
pub(crate) struct OutboxClaim {
    pub outbox: RecordKey,
    pub claim: PostClaim,
}

impl Claim for OutboxClaim {
    type Key = RecordKey;
    const POLICY: JobPolicy = JobPolicy::new("forward", 64);

    fn key(&self) -> RecordKey {
        self.outbox.clone()
    }
}

/// The first post of an outbox, where the outbox leads, and what signs it.
pub(crate) struct ForwardJob {
    claimed: OutboxClaim,
    team: TeamName,
    post: Post,
    lease: Lease,
    url: String,
    signer: WebhookSigner,
}

impl Messaging {
    /// The outbox of a conversation. It lies with the address, and so with its interactions.
    pub(crate) fn outbox_of(&self, team: &TeamName, channel: &ChannelName, conversation: &Conversation) -> RecordKey {
        let partition = address_of(&self.engine, team, channel, conversation).partition;
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
            Ok(Some(Some(claim))) => self.outboxes.push(OutboxClaim { outbox: outbox.clone(), claim }),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "an outbox could not be claimed; its alarm comes again"),
        }
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

impl JobKind<OutboxClaim> for Messaging {
    type Job = ForwardJob;
    type Attempt = PostOutcome;

    async fn load(&self, claimed: OutboxClaim) -> Result<Option<ForwardJob>, Error> {
        let OutboxClaim { outbox, claim } = &claimed;
        let reads = Reads { partition: outbox.partition, names: vec![outbox.name.clone()] };
        let Some(bytes) = self.engine.read(&reads).await?.pop().flatten() else { return Ok(None) };
        let kept: PostOutbox = decode(&outbox.name, &bytes)?;
        let Some((post, lease)) = kept.claimed(*claim) else { return Ok(None) };
        let Some((url, signer)) = self.recipient(&kept).await? else {
            return self.change_outbox(outbox, |outbox, _| outbox.clear()).await.map(|_| None);
        };
        let (team, post) = (kept.team.clone(), post.clone());
        Ok(Some(ForwardJob { claimed, team, post, lease, url, signer }))
    }

    fn lease(&self, job: &ForwardJob) -> Option<Lease> {
        Some(job.lease)
    }

    async fn attempt(&self, job: &ForwardJob) -> Result<PostOutcome, Error> {
        let answer = self.post(&job.url, &job.signer, &job.post.id, job.post.body.expose().to_vec()).await;
        if let PostOutcome::Failed(failure) = answer {
            tracing::info!(team = %job.team, why = failure.why.as_str(), "a post was not taken");
        }
        Ok(answer)
    }

    async fn settle(&self, job: ForwardJob, answer: PostOutcome) -> Result<Next<OutboxClaim>, Error> {
        let ForwardJob { claimed: OutboxClaim { outbox, claim }, post, .. } = job;
        let jitter = self.engine.draw::<1>()[0];
        let settle = |outbox: &mut PostOutbox, now| outbox.settle(claim, &post.id, answer, now, jitter);
        let next = self.change_outbox(&outbox, settle).await?.flatten();
        Ok(next.map_or(Next::Done, |claim| Next::AtOnce(OutboxClaim { outbox, claim })))
    }
}

/// An empty outbox may be swept: the next post makes it again.
fn line_record(name: &str, outbox: &PostOutbox, now: Moment) -> PlainRecord {
    let alarm = outbox.alarm();
    let expires = alarm.is_none().then(|| now.plus(DAY));
    PlainRecord { name: name.to_owned(), bytes: encode(outbox), alarm, expires }
}
