//! What the passing of time does to an interaction, and how one ends: flags that fall, links,
//! logins and challenges whose time is over. Announced in the order of the deadlines.

use serde_json::{Map, json};

use super::{Turn, link_data, object};
use crate::domain::challenge::ChallengeEnd;
use crate::domain::event::{Actor, EventKind};
use crate::domain::flag::{Flag, Passed, Reason};
use crate::domain::interaction::{Participant, Status};
use crate::domain::link::{Link, LinkEnd, Purpose};
use crate::domain::time::Moment;

impl Turn<'_> {
    /// Announces everything that the moment has overtaken, in the order of its deadlines.
    pub(super) fn settle(&mut self) {
        while self.interaction.status == Status::Open {
            let Some(deadline) = self.interaction.deadline().filter(|d| *d <= self.around.now) else { return };
            if self.interaction.idle_until == deadline {
                return self.close(deadline, "idle", &Actor::Time);
            }
            for at in 0..self.interaction.participants.len() {
                self.settle_participant(at, deadline);
            }
        }
    }

    fn settle_participant(&mut self, at: usize, deadline: Moment) {
        let participant = &mut self.interaction.participants[at];
        let id = Some(participant.id.clone());
        let late = |link: &Link| link.expires_at.is_some_and(|end| end <= deadline);
        let (over, live): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.links).into_iter().partition(late);
        participant.links = live;
        let unconfirmed = participant.confirmation.take_if(|c| c.expires_at <= deadline);
        if unconfirmed.is_some() {
            participant.flag.explain(Reason::ConfirmationExpired);
        } else if over.iter().any(|link| link.purpose != Purpose::Entry) {
            participant.flag.explain(Reason::LinkExpired);
        }
        let given_up = participant.challenge.as_mut().is_some_and(|challenge| challenge.give_up_late(deadline));
        let unanswered = participant.challenge.as_ref().is_some_and(|c| !c.is_live(deadline));
        if unanswered {
            participant.flag.explain(Reason::ChallengeExpired);
        }
        let passed = participant.flag.settle(deadline);
        for link in over {
            self.push(EventKind::LinkExpired, deadline, Actor::Time, id.clone(), link_data(self.interaction.id, &link));
            self.end_link(link, LinkEnd::Expired);
        }
        if given_up {
            self.tell_undecided(at, "timeout", deadline, &Actor::Time);
        }
        if unconfirmed.is_some() {
            self.push(EventKind::ConfirmationExpired, deadline, Actor::Time, id.clone(), Map::new());
        }
        if unanswered {
            self.end_challenge_at(at, ChallengeEnd::Expired, deadline, &Actor::Time);
        }
        match passed {
            Some(Passed::Expiring(moment)) => {
                let ends = self.interaction.participants[at].flag.deadline();
                let data = object(json!({"expires_at": ends.map(|e| e.to_string())}));
                self.push(EventKind::Expiring, moment, Actor::Time, id, data);
            }
            Some(Passed::Expired(moment, reason)) => {
                self.push(EventKind::Expired, moment, Actor::Time, id, object(json!({"reason": reason})));
            }
            None => {}
        }
    }

    /// Somebody was asked for something and has not given it: it may come yet, and late.
    fn is_owed_an_answer(&self) -> bool {
        let missed = |flag: &Flag| {
            let Flag::Lowered(Some(why)) = flag else { return false };
            matches!(
                why,
                Reason::ChallengeExpired
                    | Reason::ChallengeFailed
                    | Reason::ConfirmationExpired
                    | Reason::ConfirmationFailed
            )
        };
        let asks = |p: &Participant| p.challenge.is_some() || p.confirmation.is_some() || missed(&p.flag);
        self.interaction.participants.iter().any(asks)
            || self.ended.challenges.iter().any(|ended| ended.end != ChallengeEnd::Passed)
    }

    /// Closes the interaction: every flag falls, every link and challenge ends.
    pub fn close(&mut self, when: Moment, reason: &str, by: &Actor) {
        self.interaction.status = Status::Closed(when);
        self.address.closed_at = match self.is_owed_an_answer() {
            true => Some(when),
            false => self.address.closed_at.filter(|_| self.address.awaits_the_late(when)),
        };
        for at in 0..self.interaction.participants.len() {
            let participant = &mut self.interaction.participants[at];
            let (id, links) = (participant.id.clone(), std::mem::take(&mut participant.links));
            participant.confirmation = None;
            participant.entry.forget_secrets();
            let stood = participant.flag.lower(Reason::Closed);
            for link in links {
                self.end_link(link, LinkEnd::Expired);
            }
            self.end_challenge_at(at, ChallengeEnd::Closed, when, by);
            if stood {
                self.push(EventKind::Expired, when, by.clone(), Some(id), object(json!({"reason": Reason::Closed})));
            }
        }
        if self.address.open == Some(self.interaction.id) {
            self.address.open = None;
        }
        self.push(EventKind::InteractionClosed, when, by.clone(), None, object(json!({"reason": reason})));
    }
}
