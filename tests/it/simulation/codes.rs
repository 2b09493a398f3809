//! Challenges in a simulated world: bots put them, customers answer rightly, wrongly and many times
//! at once, have another code sent or the challenge taken back; and what must hold of each.

use std::sync::Arc;

use countersign::domain::base::id::ChallengeId;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::way::DeliverTo;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::conversation::interaction::Participant;
use countersign::domain::event::Actor;
use countersign::domain::event::EventKind;
use countersign::domain::proof::challenge::Challenge;
use countersign::domain::proof::methods::check::TypedText;
use countersign::domain::proof::methods::one_time_code::OneTimeCode;
use countersign::domain::rules::challenges::answer::AnswerOutcome;
use countersign::domain::rules::challenges::answer::Answered;
use countersign::domain::rules::challenges::ask::ChallengeRequest;
use countersign::domain::rules::challenges::ask::PageWay;
use countersign::services::Snapshot;
use countersign::services::challenges::Attending;
use countersign::services::conversations::snapshots::Acting;
use countersign::services::engine::Execution;
use countersign::services::engine::IdempotencyRecord;

use super::book::Book;
use super::flags::Of;
use super::people::{Answer, People};

/// Which code of its challenge is the live one.
fn issue(challenge: &Challenge) -> u32 {
    challenge.issue().unwrap_or(0)
}

impl People {
    pub(super) async fn prove_by_code(self: &Arc<Self>) {
        match self.cluster.chance.below(10) {
            0..6 => {
                self.put_challenge().await;
                for _ in 0..self.cluster.chance.below(5) {
                    self.answer_challenge(self.odds(300)).await;
                }
            }
            6 => self.answer_challenge(self.odds(500)).await,
            7 => {
                let right = self.odds(400);
                let answers: Vec<_> = (0..6u64)
                    .map(|n| {
                        let people = self.clone();
                        tokio::spawn(async move { people.answer_challenge(right && n == 3).await })
                    })
                    .collect();
                for answer in answers {
                    let _ = answer.await;
                }
            }
            8 => self.send_again().await,
            _ => self.take_back().await,
        }
    }

    async fn put_challenge(&self) {
        let Some((at, id)) = self.cluster.chance.recent(&self.things().chats).copied() else { return };
        let (team, participant) = (self.team(at).0, self.odds(200).then(|| ParticipantId::nth(2)));
        let deliver_to = DeliverTo::Agent;
        let request = ChallengeRequest {
            method: &OneTimeCode,
            agreed: None,
            participant,
            deliver_to,
            intent: None,
            state: None,
            way: PageWay::Landing,
        };
        self.say(format_args!("a bot wants a code in {id}"));
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            let acting = Acting { id, team: Some(&team), actor: Actor::Owner };
            match self.perform(&node, node.gateway.challenges.ask(acting, &request, None)).await {
                Answer::Execution(Execution::Executed(held)) => {
                    let number = held.outcome.number;
                    self.say(format_args!("{} put challenge {number}", node.name));
                    let put = |i: &Interaction| {
                        i.participants.iter().filter_map(|p| p.challenge.as_ref()).any(|c| *c == held.outcome)
                    };
                    let mut book = self.book();
                    let there = book.interactions.get(&id).is_some_and(|history| history.ever(put));
                    book.must(there, || format!("challenge {number} of {id} was told, and was never saved"));
                    drop(book);
                    return self.things().challenges.push((at, ChallengeId { interaction: id, number }));
                }
                Answer::Execution(Execution::Replayed(_)) => unreachable!("nothing was remembered"),
                Answer::Refused(refusal) => return self.say(format_args!("no code: {refusal}")),
                Answer::Unknown => {}
            }
        }
    }

    /// What is typed: the code that the store has now, or one that is not it.
    fn typed(&self, id: ChallengeId, right: bool) -> String {
        let mut book = self.book();
        let live = book.interaction(id.interaction).and_then(|i| live(i, id.number)).cloned();
        let Some(live) = live else { return "123456".to_owned() };
        let code = live.answer(id.interaction, &book.seal.keys.code);
        let mut text = String::from_utf8(code.expose().to_vec()).expect("digits");
        if right {
            book.sent.answers.insert((id.interaction, id.number, issue(&live)));
        } else {
            text.replace_range(..1, if text.starts_with('7') { "8" } else { "7" });
        }
        text
    }

    async fn answer_challenge(&self, right: bool) {
        let Some((at, id)) = self.cluster.chance.recent(&self.things().challenges).copied() else { return };
        let (team, text) = (self.team(at).0, self.typed(id, right));
        let message = format!("answer-{}", self.things().fresh());
        self.say(format_args!("{message} to {id}, right: {right}"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let attending = Attending { id, team: Some(&team), actor: Actor::Person };
            let name = message.parse().expect("a message's id");
            let render = |held: &Snapshot<Answered>| told(held.outcome.outcome).into_bytes();
            let remember = IdempotencyRecord::new(node.gateway.challenges.answer_place(id, &name), &render);
            match self
                .perform(
                    &node,
                    node.gateway.challenges.answer(attending, TypedText::Text(&text), true, Some(&remember)),
                )
                .await
            {
                Answer::Execution(answered) => {
                    let outcome = match answered {
                        Execution::Executed(held) => told(held.outcome.outcome),
                        Execution::Replayed(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    };
                    self.say(format_args!("{} judged {message}: {outcome}", node.name));
                    if outcome == told(AnswerOutcome::Locked) || outcome == told(AnswerOutcome::Banned) {
                        self.things().locked.push((at, id.interaction));
                    }
                    let mut book = self.book();
                    let passed = book.passed.contains(&(id.interaction, id.number));
                    let must = outcome == told(AnswerOutcome::Passed) || outcome == told(AnswerOutcome::AlreadyUsed);
                    book.must(passed || !must, || format!("{id} was told to be {outcome}, and never passed"));
                    return book.answered_again(
                        &format!("{id} {message}"),
                        &outcome,
                        around.asked,
                        self.cluster.time.now(),
                    );
                }
                Answer::Refused(refusal) => return self.say(format_args!("{message} not judged: {refusal}")),
                Answer::Unknown => {}
            }
        }
    }

    async fn send_again(&self) {
        let Some((at, id)) = self.cluster.chance.recent(&self.things().challenges).copied() else { return };
        let team = self.team(at).0;
        let Some((node, _)) = self.node(0).await else { return };
        let attending = Attending { id, team: Some(&team), actor: Actor::Owner };
        let _ = self.perform(&node, node.gateway.challenges.resend(attending, None)).await;
    }

    async fn take_back(&self) {
        let Some((at, id)) = self.cluster.chance.recent(&self.things().challenges).copied() else { return };
        let team = self.team(at).0;
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let attending = Attending { id, team: Some(&team), actor: Actor::Owner };
            match self.perform(&node, node.gateway.challenges.cancel(attending)).await {
                Answer::Execution(_) => {
                    let gone = |i: &Interaction| live(i, id.number).is_none();
                    return self.book().shows(id.interaction, around, "rid of a challenge", gone);
                }
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }
}

fn live(interaction: &Interaction, number: u16) -> Option<&Challenge> {
    interaction.participants.iter().filter_map(|p| p.challenge.as_ref()).find(|c| c.number == number)
}

/// A word for an outcome.
fn told(outcome: AnswerOutcome) -> String {
    format!("{outcome:?}")
}

impl Book {
    /// No code passes twice, no try comes back, what a lock guards is over, and how each challenge
    /// ended is kept.
    pub(super) fn challenge_put(
        &mut self,
        at: &Interaction,
        after: &Participant,
        before: Option<&Participant>,
        made: u16,
        of: &Of<'_>,
    ) {
        let name = format!("{} {}", at.id, after.id);
        let (wrong, passed) = (of.count(&[EventKind::ChallengeWrong]), of.count(&[EventKind::ChallengePassed]));
        let asked = before.and_then(|b| b.challenge.as_ref());
        let now = after.challenge.as_ref();
        self.must(wrong + passed <= usize::from(asked.is_some()), || {
            format!("{name}: {wrong} wrong and {passed} right answers, and one was asked at most")
        });
        if let Some(new) = now.filter(|now| asked.is_none_or(|asked| asked.number != now.number)) {
            let fresh = new.number > made && new.number <= at.challenges_made;
            self.must(fresh, || format!("{name}: challenge {} after {made}", new.number));
        }
        let Some(asked) = asked else { return };
        if let Some(now) = now.filter(|now| now.number == asked.number) {
            let counted = asked.tries_left as usize == now.tries_left as usize + wrong && passed == 0;
            let kept = asked.nonce == now.nonce && issue(asked) <= issue(now);
            self.must(counted && kept, || format!("{name}: from {asked:?} to {now:?} by {wrong} wrong answers"));
            let shut = of.count(&[EventKind::Locked, EventKind::Banned]) > 0 && wrong > 0;
            return self.must(!shut, || format!("{name}: locked, and challenge {} lives", now.number));
        }
        let ended = self.ever.contains(&format!("f/{}/{}", at.id, asked.number));
        self.must(ended, || format!("{name}: challenge {} is gone, and nothing says how", asked.number));
        if passed == 1 {
            let first = self.passed.insert((at.id, asked.number));
            self.must(first, || format!("{name}: challenge {} was passed twice", asked.number));
            let said = self.sent.answers.contains(&(at.id, asked.number, issue(asked)));
            self.must(said, || format!("{name}: challenge {} passed, and nobody said its code", asked.number));
        }
    }
}
