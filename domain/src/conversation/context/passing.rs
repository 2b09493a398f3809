//! What the passing of time does to an interaction, and how one ends: flags that fall, links,
//! logins and challenges whose time is over. Announced in the order of the deadlines.

use super::budgets;
use super::{Context, challenge_data, link_data};
use crate::conversation::interaction::{InteractionStatus, Participant};
use crate::event::data::conversations::{CloseReason, ExpiredData, ExpiringData, InteractionClosedData};
use crate::event::data::links::PageProofData;
use crate::event::{Actor, EventData};
use crate::proof::challenge::ChallengeEnd;
use crate::proof::flag::{Flag, Passed, Reason};
use crate::proof::link::{Link, LinkEnd, LinkPurpose};
use crate::proof::page_proof::PendingStep;
use crate::time::Moment;

impl Context<'_> {
    /// Announces everything that the moment has overtaken, in the order of its deadlines.
    pub(super) fn settle(&mut self) {
        while self.interaction.status == InteractionStatus::Open {
            let Some(deadline) = self.interaction.deadline().filter(|d| *d <= self.environment.now) else { return };
            if self.interaction.idle_until == deadline {
                return self.close(deadline, CloseReason::Idle, &Actor::Time);
            }
            for at in 0..self.interaction.participants.len() {
                self.settle_participant(at, deadline);
            }
        }
    }

    fn settle_participant(&mut self, at: usize, deadline: Moment) {
        self.settle_links(at, deadline);
        let participant = &mut self.interaction.participants[at];
        let id = Some(participant.id.clone());
        let given_up = participant.challenge.as_mut().is_some_and(|challenge| challenge.give_up_late(deadline));
        let passed = participant.flag.settle(deadline);
        if given_up {
            budgets::tell_undecided(self, at, "timeout", deadline, &Actor::Time);
        }
        self.settle_challenge(at, deadline);
        match passed {
            Some(Passed::Expiring(moment)) => {
                let expires_at = self.interaction.participants[at].flag.deadline();
                self.push(EventData::Expiring(ExpiringData { expires_at }), moment, Actor::Time, id);
            }
            Some(Passed::Expired(moment, reason)) => {
                self.push(EventData::Expired(ExpiredData { reason }), moment, Actor::Time, id);
            }
            None => {}
        }
    }

    /// Links whose time is over, and accepted logins whose browser or code did not come back.
    fn settle_links(&mut self, at: usize, deadline: Moment) {
        let participant = &self.interaction.participants[at];
        let late = |link: &&Link| link.deadline().is_some_and(|end| end <= deadline);
        let (id, links) = (self.interaction.id, participant.links.iter().filter(late));
        let over: Vec<_> = links.map(|l| (l.number, l.shows_code().then(|| link_data(id, l)))).collect();
        for (number, shown) in over {
            if let Some(data) = shown {
                let id = Some(self.interaction.participants[at].id.clone());
                self.participant(at).flag.explain(Reason::ConfirmationExpired);
                let data = PageProofData::from(data);
                self.push(EventData::ConfirmationExpired(data), deadline, Actor::Time, id);
                self.drop_code_of_link(at, number, deadline);
            } else {
                self.settle_link(at, number, deadline);
            }
        }
    }

    fn settle_link(&mut self, at: usize, number: u16, deadline: Moment) {
        let participant = self.participant(at);
        let Some(place) = participant.links.iter().position(|link| link.number == number) else { return };
        let link = participant.links.remove(place);
        let data = link_data(self.interaction.id, &link);
        let participant = &mut self.interaction.participants[at];
        let (data, end, reason) = match link.page.pending {
            Some(_) => (EventData::ProofNotReturned(data.into()), LinkEnd::NotReturned, Some(Reason::NotReturned)),
            None if link.purpose == LinkPurpose::Entry => (EventData::LinkExpired(data), LinkEnd::Expired, None),
            None => (EventData::LinkExpired(data), LinkEnd::Expired, Some(Reason::LinkExpired)),
        };
        if let Some(reason) = reason {
            participant.flag.explain(reason);
        }
        let id = Some(participant.id.clone());
        self.push(data, deadline, Actor::Time, id);
        self.end_link(link, end);
    }

    /// The same of a challenge.
    fn settle_challenge(&mut self, at: usize, deadline: Moment) {
        let participant = &self.interaction.participants[at];
        let Some(challenge) = participant.challenge.as_ref().filter(|c| !c.is_live(deadline)) else { return };
        let (id, data) = (Some(participant.id.clone()), challenge_data(self.interaction.id, challenge));
        let (pending, shows_code) = (challenge.page.pending.is_some(), challenge.page.confirmation().is_some());
        if shows_code {
            self.participant(at).flag.explain(Reason::ConfirmationExpired);
            let data = PageProofData::from(data);
            self.push(EventData::ConfirmationExpired(data), deadline, Actor::Time, id);
            self.drop_code_of_challenge(at, deadline, &Actor::Time);
        } else if pending {
            self.participant(at).flag.explain(Reason::NotReturned);
            self.push(EventData::ProofNotReturned(data.into()), deadline, Actor::Time, id);
            self.end_challenge_at(at, ChallengeEnd::NotReturned, deadline, &Actor::Time);
        } else {
            self.participant(at).flag.explain(Reason::ChallengeExpired);
            self.end_challenge_at(at, ChallengeEnd::Expired, deadline, &Actor::Time);
        }
    }

    /// Ends the participant's links and challenge that wait for their browser, a document that is still judged among
    /// them; whether there was any.
    pub fn void_pending(&mut self, at: usize) -> bool {
        let waits = |link: &Link| link.page.pending.is_some();
        let participant = self.participant(at);
        let (over, live): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.links).into_iter().partition(waits);
        participant.links = live;
        let waits = participant.challenge.as_ref().is_some_and(|challenge| challenge.page.pending.is_some());
        let waited = !over.is_empty() || waits;
        for link in over {
            self.end_link(link, LinkEnd::Void);
        }
        if waits {
            self.end_challenge(at, ChallengeEnd::Unconfirmed);
        }
        waited
    }

    /// The code that a login's browser was shown is over. Continue begins a login anew while the link lasts and
    /// has a page to press it on.
    pub fn drop_code_of_link(&mut self, at: usize, number: u16, when: Moment) {
        let participant = self.participant(at);
        let Some(place) = participant.links.iter().position(|link| link.number == number) else { return };
        let link = &mut participant.links[place];
        link.page.pending = None;
        if link.page.start.is_none() || !link.may_be_opened(when) {
            let link = participant.links.remove(place);
            self.end_link(link, LinkEnd::Expired);
        }
    }

    /// The same of an answer to a challenge, which is over. A document that is still judged may be bound by
    /// another code.
    pub fn drop_code_of_challenge(&mut self, at: usize, when: Moment, by: &Actor) {
        let challenge = self.interaction.participants[at].challenge.as_mut();
        match challenge.and_then(|challenge| challenge.page.pending.as_mut()) {
            Some(pending) if pending.proof.is_none() => (pending.step, pending.expires_at) = (PendingStep::Form, None),
            _ => self.end_challenge_at(at, ChallengeEnd::Unconfirmed, when, by),
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
        let asks = |p: &Participant| p.challenge.is_some() || p.confirmations().next().is_some() || missed(&p.flag);
        self.interaction.participants.iter().any(asks)
            || self.ended.challenges.iter().any(|ended| ended.end != ChallengeEnd::Passed)
    }

    /// Closes the interaction: every flag falls, every link and challenge ends.
    pub fn close(&mut self, when: Moment, reason: CloseReason, by: &Actor) {
        self.interaction.status = InteractionStatus::Closed(when);
        self.address.closed_at = match self.is_owed_an_answer() {
            true => Some(when),
            false => self.address.closed_at.filter(|_| self.address.awaits_the_late(when)),
        };
        for at in 0..self.interaction.participants.len() {
            let participant = &mut self.interaction.participants[at];
            let (id, links) = (participant.id.clone(), std::mem::take(&mut participant.links));
            participant.entry.forget_secrets();
            let stood = participant.flag.lower(Reason::Closed);
            for link in links {
                self.end_link(link, LinkEnd::Expired);
            }
            self.end_challenge_at(at, ChallengeEnd::Closed, when, by);
            if stood {
                let data = EventData::Expired(ExpiredData { reason: Reason::Closed });
                self.push(data, when, by.clone(), Some(id));
            }
        }
        if self.address.open == Some(self.interaction.id) {
            self.address.open = None;
        }
        self.push(EventData::InteractionClosed(InteractionClosedData { reason }), when, by.clone(), None);
    }
}
