//! An outbox of signed POSTs to one receiver about one conversation: one leaves at a time, in the order
//! in which they joined. Each lies sealed in the commit of what it tells, and is gone once it was
//! delivered or given up.
//!
//! It knows whom it leads to by name; address and secret are read when a post leaves.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::id::{ChannelName, TeamName};
use crate::event::posting::{MAX_RETRY_TIME, PostOutcome, awaited, wait};
use crate::secret::Secret;
use crate::time::Moment;
use crate::time::lease::Lease;

/// Posts that wait in one outbox at most; then the oldest gives way.
const MAX_WAITING: usize = 64;

/// Bytes of their bodies at most.
const MAX_BYTES: usize = 2 << 20;

/// Who is posted to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recipient {
    /// What a channel's messages are passed on to: the account's `forward_url`, under its `forward_secret`.
    Forward(ChannelName),
}

/// A POST that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The receiver's way to know it again: 1 to 64 letters, digits, `_` and `-`.
    pub id: String,
    /// A JSON document. It may hold a person's own words, so it does not print.
    pub body: Secret,
    /// When it is of no use to anybody any more.
    pub until: Moment,
}

/// An outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostOutbox {
    /// Whose.
    pub team: TeamName,
    /// Where it leads.
    pub to: Recipient,
    waiting: VecDeque<Post>,
    /// Tries of the first that were begun, the one under way included.
    tries: u32,
    /// Claims so far: the newest is the one that counts.
    claims: u32,
    /// When the next is due: for who claimed it, the end of the claim.
    next: Moment,
    /// Until when the receiver has asked to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest_until: Option<Moment>,
}

/// The right to try an outbox's first post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostClaim(u32);

impl PostOutbox {
    /// An empty one.
    pub fn new(team: TeamName, to: Recipient) -> Self {
        Self { team, to, waiting: VecDeque::new(), tries: 0, claims: 0, next: Moment(0), rest_until: None }
    }

    /// One more at its end. Where nobody waits before it, who commits this has claimed it; where the first
    /// waits for another try, it is tried soon: somebody talks to the receiver, who may be back. Also how
    /// many had to give way.
    pub fn join(&mut self, post: Post, now: Moment) -> (Option<PostClaim>, usize) {
        let mut dropped = 0;
        let bytes = |outbox: &Self| outbox.waiting.iter().map(|post| post.body.expose().len()).sum::<usize>();
        // The first may be on its way.
        while self.waiting.len() > 1
            && (self.waiting.len() >= MAX_WAITING || bytes(self) + post.body.expose().len() > MAX_BYTES)
        {
            self.waiting.remove(1);
            dropped += 1;
        }
        let alone = self.waiting.is_empty();
        self.waiting.push_back(post);
        let rests = self.rest_until.and_then(|until| awaited(until, now)).unwrap_or(now);
        self.next = self.next.min(Lease::begin(now).0.max(rests));
        (alone.then(|| self.begin(now)), dropped)
    }

    /// The first one's claim, where one is due; what is past its time is dropped before.
    pub fn claim(&mut self, now: Moment) -> Option<PostClaim> {
        if awaited(self.next, now).is_some() {
            return None;
        }
        self.drop_late(now);
        if self.waiting.is_empty() {
            return None;
        }
        Some(self.begin(now))
    }

    /// The post that a claim is for, and when it ends.
    pub fn claimed(&self, claim: PostClaim) -> Option<(&Post, Lease)> {
        self.waiting.front().filter(|_| claim.0 == self.claims).map(|post| (post, Lease(self.next)))
    }

    /// How a try of the post of that id ended. The next one's claim, where it goes on at once.
    pub fn settle(
        &mut self,
        claim: PostClaim,
        id: &str,
        answer: PostOutcome,
        now: Moment,
        jitter: u8,
    ) -> Option<PostClaim> {
        if self.waiting.front().is_none_or(|post| post.id != id) {
            return None;
        }
        let mine = claim.0 == self.claims;
        match answer {
            PostOutcome::Failed(failure) if mine => {
                self.next = now.plus(wait(self.tries, failure.after, jitter));
                self.rest_until = failure.after.map(|after| now.plus(after.min(MAX_RETRY_TIME)));
                let first = self.waiting.front().expect("it was looked at");
                if first.until > self.next {
                    return None;
                }
            }
            PostOutcome::Failed(_) => return None, // whoever claimed it since says how it went
            PostOutcome::Taken | PostOutcome::Gone => {}
        }
        self.pop();
        self.drop_late(now);
        (!self.waiting.is_empty()).then(|| self.begin(now))
    }

    /// Nobody is there to be posted to any more.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Its moments were set by a clock that was ahead and is set back: what waits is due.
    pub fn wake(&mut self, now: Moment) {
        self.claims = self.claims.wrapping_add(1);
        (self.next, self.rest_until) = (self.next.min(now), None);
    }

    /// When somebody must look at it.
    pub fn alarm(&self) -> Option<Moment> {
        (!self.waiting.is_empty()).then_some(self.next)
    }

    fn begin(&mut self, now: Moment) -> PostClaim {
        (self.tries, self.claims, self.next) = (self.tries + 1, self.claims.wrapping_add(1), Lease::begin(now).0);
        PostClaim(self.claims)
    }

    fn pop(&mut self) {
        self.waiting.pop_front();
        (self.tries, self.rest_until) = (0, None);
    }

    fn drop_late(&mut self, now: Moment) {
        while self.waiting.front().is_some_and(|post| post.until <= now) {
            self.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::posting::PostFailure;
    use crate::event::posting::Why;
    use crate::time::lease::LEASE;

    const FAILED: PostOutcome = PostOutcome::Failed(PostFailure { why: Why::Unanswered, after: None });

    fn outbox() -> PostOutbox {
        PostOutbox::new("acme".parse().unwrap(), Recipient::Forward("sms".parse().unwrap()))
    }

    fn post(id: &str, until: u64) -> Post {
        Post { id: id.to_owned(), body: Secret::new(b"{}".to_vec()), until: Moment(until) }
    }

    #[test]
    fn one_leaves_at_a_time_and_in_order() {
        let mut outbox = outbox();
        let first = outbox.join(post("a", 1_000_000), Moment(0)).0.unwrap();
        assert_eq!(outbox.join(post("b", 1_000_000), Moment(1)), (None, 0));
        assert_eq!(outbox.claimed(first).unwrap().0.id, "a");
        assert_eq!(outbox.claim(Moment(9_999)), None, "the first is on its way");
        let second = outbox.settle(first, "a", PostOutcome::Taken, Moment(5), 0).unwrap();
        assert_eq!(outbox.claimed(second).unwrap().0.id, "b");
        assert_eq!(outbox.settle(second, "b", PostOutcome::Taken, Moment(6), 0), None);
        assert_eq!(outbox.alarm(), None);
    }

    #[test]
    fn what_fails_keeps_its_place_and_comes_again() {
        let mut outbox = outbox();
        let first = outbox.join(post("a", 1_000_000), Moment(0)).0.unwrap();
        outbox.join(post("b", 1_000_000), Moment(1));
        assert_eq!(outbox.settle(first, "a", FAILED, Moment(100), 0), None);
        assert_eq!(outbox.alarm(), Some(Moment(3_850)));
        assert_eq!(outbox.claim(Moment(3_849)), None);
        let again = outbox.claim(Moment(3_850)).unwrap();
        assert_eq!(outbox.claimed(again).unwrap().0.id, "a");
        assert!(outbox.claimed(first).is_none(), "the first claim is over");
        assert_eq!(outbox.settle(first, "a", FAILED, Moment(4_000), 0), None);
        assert_eq!(outbox.alarm(), Some(Moment(13_850)), "a late word of failure changes nothing");
        assert!(outbox.settle(first, "a", PostOutcome::Taken, Moment(4_001), 0).is_some(), "of arrival it does");
    }

    /// Whoever talks to a bot that was away for long does not wait for the end of its longest wait.
    #[test]
    fn who_joins_has_the_first_tried_soon() {
        let mut outbox = outbox();
        let mut claim = outbox.join(post("a", u64::MAX), Moment(0)).0.unwrap();
        for _ in 0..12 {
            outbox.settle(claim, "a", FAILED, outbox.next, 0);
            claim = outbox.claim(outbox.next).unwrap();
        }
        let now = outbox.next;
        outbox.settle(claim, "a", FAILED, now, 0);
        assert_eq!(outbox.alarm(), Some(now.plus(Duration::from_secs(5_400))));
        assert_eq!(outbox.join(post("b", u64::MAX), now.plus(LEASE)), (None, 0));
        assert_eq!(outbox.alarm(), Some(now.plus(LEASE * 2)));
        outbox.join(post("c", u64::MAX), now.plus(LEASE * 3 / 2));
        assert_eq!(outbox.alarm(), Some(now.plus(LEASE * 2)), "and no later");
        let claim = outbox.claim(now.plus(LEASE * 2)).unwrap();
        outbox.join(post("d", u64::MAX), now.plus(LEASE * 2));
        assert_eq!(outbox.claim(now.plus(LEASE * 5 / 2)), None, "the first is on its way");
        assert!(outbox.settle(claim, "a", PostOutcome::Taken, now.plus(LEASE * 5 / 2), 0).is_some());
    }

    #[test]
    fn who_asks_to_be_left_alone_is() {
        let mut outbox = outbox();
        let first = outbox.join(post("a", u64::MAX), Moment(0)).0.unwrap();
        let after = Some(Duration::from_secs(600));
        outbox.settle(first, "a", PostOutcome::Failed(PostFailure { why: Why::Status(429), after }), Moment(0), 0);
        outbox.join(post("b", u64::MAX), Moment(1));
        assert_eq!(outbox.alarm(), Some(Moment(600_000)));
    }

    /// The clock was wrong by a year, and is believed again.
    #[test]
    fn a_clock_that_is_set_back_keeps_no_line_waiting() {
        let (now, ahead) = (Moment(1_000_000_000), Moment(1_000_000_000).plus(MAX_RETRY_TIME * 365));
        let mut outbox = outbox();
        outbox.join(post("a", u64::MAX), ahead);
        assert!(outbox.clone().claim(now).is_some(), "nobody has held it for a year");
        outbox.join(post("b", u64::MAX), now);
        assert_eq!(outbox.alarm(), Some(now.plus(LEASE)));
        let claim = outbox.claim(now.plus(LEASE)).unwrap();
        let after = Some(MAX_RETRY_TIME);
        outbox.settle(claim, "a", PostOutcome::Failed(PostFailure { why: Why::Status(429), after }), ahead, 0);
        outbox.join(post("c", u64::MAX), now);
        assert_eq!(outbox.alarm(), Some(now.plus(LEASE)), "nor does its receiver rest for so long");
    }

    #[test]
    fn what_is_past_its_time_goes() {
        let mut outbox = outbox();
        let first = outbox.join(post("a", 3_000), Moment(0)).0.unwrap();
        outbox.join(post("b", 2_000), Moment(1));
        assert_eq!(outbox.settle(first, "a", FAILED, Moment(2_500), 0), None, "no time is left for another try");
        assert_eq!(outbox.alarm(), None);
        outbox.join(post("c", 5_000), Moment(2_600));
        assert_eq!(outbox.claim(Moment(12_600)), None);
        assert_eq!(outbox.alarm(), None);
    }

    #[test]
    fn a_long_line_drops_the_oldest_that_is_not_on_its_way() {
        let mut outbox = outbox();
        for n in 0..MAX_WAITING {
            assert_eq!(outbox.join(post(&n.to_string(), 1), Moment(0)).1, 0);
        }
        assert_eq!(outbox.join(post("more", 1), Moment(0)), (None, 1));
        assert_eq!((outbox.waiting[0].id.as_str(), outbox.waiting[1].id.as_str()), ("0", "2"));
        let large = Post { body: Secret::new(vec![0; MAX_BYTES]), ..post("large", 1) };
        assert_eq!(outbox.join(large, Moment(0)).1, MAX_WAITING - 1);
        assert_eq!(outbox.waiting.len(), 2);
    }

    #[test]
    fn nothing_of_it_prints_a_body() {
        let mut outbox = outbox();
        outbox.join(Post { body: Secret::new(b"482913".to_vec()), ..post("a", 9) }, Moment(0));
        assert!(!format!("{outbox:?}").contains("482913"));
    }
}
