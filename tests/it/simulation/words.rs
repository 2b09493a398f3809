//! What is typed in conversations: codes that are right, guesses, one at a time and many at once,
//! messages that a bot passes on twice, and talk.

use std::sync::Arc;

use countersign::domain::base::id::InteractionId;
use countersign::domain::event::Actor;
use countersign::domain::rules::chat::hear::Sender;
use countersign::domain::rules::chat::receive::Received;
use countersign::services::Snapshot;
use countersign::services::challenges::messages::Text;
use countersign::services::engine::Execution;
use countersign::services::engine::IdempotencyRecord;

use super::people::{Answer, People};

impl People {
    pub(super) async fn speak(&self) {
        let (again, which) = (self.odds(150), self.cluster.chance.below(10));
        let said = {
            let mut things = self.things();
            let earlier = self.cluster.chance.recent(&things.messages).cloned().filter(|_| again);
            let code = self.cluster.chance.recent(&things.codes).cloned();
            match (earlier, code) {
                (Some(earlier), _) => Some(earlier),
                (None, Some((at, (id, _), code))) => {
                    let text = match which {
                        0..5 => code,
                        9 => "please go on".to_owned(),
                        _ => format!("Z9{}9ZZ", char::from(b"BCDFGHJKMNPQRTVWXZ"[usize::from(which as u8 * 2)])),
                    };
                    let message = format!("msg-{}", things.fresh());
                    things.messages.push((at, id, message.clone(), text.clone()));
                    Some((at, id, message, text))
                }
                (None, None) => None,
            }
        };
        if let Some((at, id, message, text)) = said {
            self.tell(at, id, &message, &text).await;
        }
    }

    /// Many guesses at the same moment, at whatever nodes there are.
    pub(super) async fn guess_at_once(self: &Arc<Self>) {
        let Some((at, (id, _), _)) = self.cluster.chance.recent(&self.things().codes).cloned() else { return };
        let guesses = (0..6).map(|n| {
            let (people, message) = (self.clone(), format!("msg-{}", self.things().fresh()));
            tokio::spawn(async move { people.tell(at, id, &message, &format!("Z8{}8ZZ", b"BCDFGH"[n] as char)).await })
        });
        for guess in guesses.collect::<Vec<_>>() {
            let _ = guess.await;
        }
    }

    async fn tell(&self, at: usize, id: InteractionId, message: &str, text: &str) {
        let right: Vec<_> =
            self.things().codes.iter().filter(|(_, link, code)| link.0 == id && code == text).map(|c| c.1).collect();
        self.book().sent.codes.extend(right);
        self.say(format_args!("{message} in {id}: {text}"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let asking = async {
                let (team, bot) = self.team(at);
                self.caller(&node, &bot).await?;
                let render = |held: &Snapshot<Received>| told(held.outcome).into_bytes();
                let remember =
                    IdempotencyRecord::new(node.gateway.engine.message_place(id.as_bytes(), message), &render);
                let text = Text { text, sender: Sender::Own, by: &Actor::Person, in_group: None };
                Ok(match node.gateway.challenges.hear(id, Some(&team), text, &remember).await? {
                    Execution::Executed(held) => told(held.outcome),
                    Execution::Replayed(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                })
            };
            match self.perform(&node, asking).await {
                Answer::Execution(heard) => {
                    self.say(format_args!("{} heard {message}: {heard}", node.name));
                    self.book().was_heard(id, message);
                    if heard == "Locked" || heard == "Banned" {
                        self.things().locked.push((at, id));
                    }
                    return self.book().answered_again(
                        &format!("{id} {message}"),
                        &heard,
                        around.asked,
                        self.cluster.time.now(),
                    );
                }
                Answer::Refused(refusal) => return self.say(format_args!("{message} not heard: {refusal}")),
                Answer::Unknown => {}
            }
        }
    }
}

/// A word for what became of a text.
fn told(received: Received) -> String {
    match received {
        Received::Answer(_, outcome) => format!("{outcome:?}"),
        other => format!("{other:?}"),
    }
}
