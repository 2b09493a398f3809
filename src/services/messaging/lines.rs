//! The durable queue of signed POSTs: a post joins its conversation's line in the commit of what it
//! tells, and a node that has claimed the line sends it behind the reply. A claim that nobody settled
//! lapses, and the post goes again under the same id: at least once, in order, one at a time.
//!
//! How lines are kept is `domain::line`'s. A line that leads to nobody any more is emptied.

use countersign_channels::auth::webhook::{Key as Signing, Signer};

use super::Messaging;
use crate::domain::base::id::{ChannelName, Conversation, TeamName};
use crate::domain::event::posting::Answer;
use crate::domain::messaging::line::{Claim, Line, Post, Recipient};
use crate::domain::messaging::sending::TIMEOUT;
use crate::domain::time::Moment;
use crate::engine::decide::{Change, Confirm, Opened, Plain, Reads};
use crate::engine::queue::Queue;
use crate::engine::{DAY, Error, decode, encode};
use crate::services::names::{address_of, line_name};
use crate::store::Key;

/// Lines that are served at the same time: a receiver that is slow to answer must not keep the others
/// waiting.
const CONCURRENCY: usize = 64;

/// Lines that this node has claimed.
pub(crate) type Claimed = Queue<(Key, Claim)>;

impl Messaging {
    /// Posts of a line that were claimed by another commit than its own.
    pub(crate) fn post_claimed(&self, line: Key, claim: Claim) {
        self.lines.push((line, claim));
    }

    /// The line of a conversation. It lies with the address, and so with its interactions.
    pub(crate) fn line_of(&self, team: &TeamName, channel: &ChannelName, conversation: &Conversation) -> Key {
        let (partition, _) = address_of(&self.engine, team, channel, conversation);
        Key { partition, name: line_name(&self.engine.keys.address_tag(team, channel, conversation).name()) }
    }

    /// A line's record with one post more, for the commit of what that tells. With a claim it is the
    /// committer's to send: `lines.push` after the commit.
    pub(crate) fn joined(
        &self,
        name: &str,
        line: Option<&Opened>,
        team: &TeamName,
        to: &Recipient,
        post: Post,
        now: Moment,
    ) -> Result<(Plain, Option<Claim>), Error> {
        let mut line = match line {
            Some(bytes) => decode::<Line>(name, bytes)?,
            None => Line::new(team.clone(), to.clone()),
        };
        line.to.clone_from(to);
        let (claim, dropped) = line.join(post, now);
        if dropped > 0 {
            metrics::counter!("countersign_posts_dropped_total").increment(dropped as u64);
            tracing::warn!(%team, dropped, "posts gave way to newer ones: their receiver takes too few");
        }
        Ok((line_record(name, &line, now), claim))
    }

    /// The alarm of a line has come: whoever hears it first claims the line.
    pub(crate) async fn claim_line(&self, line: &Key) {
        let claimed = self.change_line(line, |line, now| line.claim(now)).await;
        match claimed {
            Ok(Some(Some(claim))) => self.lines.push((line.clone(), claim)),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "a line of posts could not be claimed; its alarm comes again"),
        }
    }

    /// Posts what this node has claimed so far; how many lines it was.
    pub async fn post_lines(&self) -> usize {
        self.lines.drain(CONCURRENCY, |(line, claim)| self.serve_line(line, claim)).await
    }

    /// Posts for ever, at once when something is claimed.
    pub async fn post_lines_forever(&self) {
        self.lines.serve(CONCURRENCY, |(line, claim)| self.serve_line(line, claim)).await;
    }

    async fn serve_line(&self, line: Key, claim: Claim) {
        let mut claim = Some(claim);
        while let Some(mine) = claim {
            claim = match self.post_first(&line, mine).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "a post waits for its claim to lapse");
                    None
                }
            };
        }
    }

    /// Tries a line's first post; the next one's claim, where it goes on.
    async fn post_first(&self, line: &Key, claim: Claim) -> Result<Option<Claim>, Error> {
        let reads = Reads { partition: line.partition, names: vec![line.name.clone()] };
        let Some(bytes) = self.engine.read(&reads).await?.pop().flatten() else { return Ok(None) };
        let kept: Line = decode(&line.name, &bytes)?;
        let Some((post, until)) = kept.claimed(claim) else { return Ok(None) };
        if self.engine.now().plus(TIMEOUT) > until {
            return Ok(None); // too late for this claim: whoever makes the next one has the time for it
        }
        let Some((url, signer)) = self.recipient(&kept).await? else {
            return self.change_line(line, |line, _| line.clear()).await.map(|_| None);
        };
        let answer = self.post(&url, &signer, &post.id, post.body.expose().to_vec()).await;
        if let Answer::Failed(failure) = answer {
            tracing::info!(team = %kept.team, why = failure.why.as_str(), "a post was not taken");
        }
        let jitter = self.engine.draw::<1>()[0];
        let id = post.id.clone();
        self.change_line(line, |line, now| line.settle(claim, &id, answer, now, jitter)).await.map(Option::flatten)
    }

    /// Where a line leads now, and what signs what goes there.
    async fn recipient(&self, line: &Line) -> Result<Option<(String, Signer)>, Error> {
        let Some(view) = self.teams.team(&line.team).await? else { return Ok(None) };
        let Recipient::Forward(channel) = &line.to;
        let Some(channel) = view.team.channels.get(channel) else { return Ok(None) };
        let secrets = channel.forward_secrets(self.engine.now()).map(|secret| Signing::shared(secret.expose()));
        let signer = || Signer(secrets.collect());
        Ok(channel.forward_url().map(|url| (url.to_owned(), signer())))
    }

    /// Lets a line be changed, where there is one.
    pub(crate) async fn change_line<T: Clone>(
        &self,
        line: &Key,
        how: impl Fn(&mut Line, Moment) -> T,
    ) -> Result<Option<T>, Error> {
        let reads = Reads { partition: line.partition, names: vec![line.name.clone()] };
        let saved = self.engine.decide(&reads, |records, now| {
            let Some(bytes) = &records[0] else { return Ok(Change::nothing(Ok(None))) };
            let before: Line = decode(&line.name, bytes)?;
            let mut after = before.clone();
            let outcome = how(&mut after, now);
            let put = (after != before).then(|| line_record(&line.name, &after, now));
            let put = put.into_iter().collect();
            Ok(Change { put, confirm: Confirm::Nothing, ..Change::nothing(Ok(Some(outcome))) })
        });
        Ok(saved.await?.outcome?)
    }
}

/// An empty line may be swept: the next post makes it again.
fn line_record(name: &str, line: &Line, now: Moment) -> Plain {
    let alarm = line.alarm();
    let expires = alarm.is_none().then(|| now.plus(DAY));
    Plain { name: name.to_owned(), bytes: encode(line), alarm, expires }
}
