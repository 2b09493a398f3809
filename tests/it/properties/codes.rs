//! One-time codes among everything else that people do: put, answered in the chat and by the API,
//! sent again and taken back, by people who may be locked.

use std::collections::{BTreeMap, BTreeSet};

use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::method::Guarded;
use countersign::domain::base::way::DeliverTo;
use countersign::domain::conversation::interaction::Participant;
use countersign::domain::event::Actor;
use countersign::domain::event::Event;
use countersign::domain::event::EventData;
use countersign::domain::event::data::lockouts::LockoutEventData;
use countersign::domain::proof::methods::check::TypedText;
use countersign::domain::proof::methods::one_time_code::OneTimeCode;
use countersign::domain::rules::challenges::answer::Answer;
use countersign::domain::rules::challenges::answer::AnswerOrigin;
use countersign::domain::rules::challenges::answer::AnswerOutcome;
use countersign::domain::rules::challenges::answer::answer;
use countersign::domain::rules::challenges::ask::ChallengeRequest;
use countersign::domain::rules::challenges::ask::PageWay;
use countersign::domain::rules::challenges::ask::ask;
use countersign::domain::rules::challenges::manage::cancel;
use countersign::domain::rules::challenges::manage::resend;
use countersign::domain::rules::chat::hear;
use countersign::domain::rules::chat::hear::Sender;
use countersign::domain::time::Moment;
use proptest::prelude::*;

use super::{Raise, Story};

/// What is done with a participant's code.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Ask { who: usize },
    Answer { who: usize, right: bool, by_chat: bool },
    Resend { who: usize },
    Cancel { who: usize },
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let who = 0..3usize;
    prop_oneof![
        5 => who.clone().prop_map(|who| Act::Ask { who }),
        7 => (who.clone(), prop::bool::weighted(0.4), any::<bool>())
            .prop_map(|(who, right, by_chat)| Act::Answer { who, right, by_chat }),
        1 => who.clone().prop_map(|who| Act::Resend { who }),
        1 => who.prop_map(|who| Act::Cancel { who }),
    ]
}

/// What was told of codes.
#[derive(Default)]
pub(super) struct Ledger {
    /// Tries left, by challenge.
    tries: BTreeMap<u16, u32>,
    /// Challenges that are over.
    over: BTreeSet<String>,
    /// Until when somebody's codes are not compared.
    locked: BTreeMap<ParticipantId, Moment>,
}

impl Ledger {
    pub(super) fn enter(&mut self, events: &[Event]) {
        for event in events {
            let Some(who) = event.participant.clone() else { continue };
            let challenge = match &event.data {
                EventData::ChallengeWrong(data) => Some(data.challenge),
                EventData::ChallengePassed(data) => Some(data.challenge),
                EventData::ChallengeExpired(data) | EventData::ChallengeCancelled(data) => Some(data.challenge),
                _ => None,
            };
            let challenge = challenge.map(|id| id.to_string());
            let of_codes = |data: &LockoutEventData| data.method == Some(Guarded::Otp);
            match &event.data {
                EventData::ChallengeWrong(_) | EventData::ChallengePassed(_) => {
                    let locked = self.locked.get(&who).is_some_and(|until| event.at < *until);
                    assert!(!locked, "{who:?} is locked, and a code was compared");
                    let id = challenge.expect("a challenge's event names it");
                    assert!(!self.over.contains(&id), "{id} was over, and was compared");
                    if matches!(event.data, EventData::ChallengePassed(_)) {
                        self.over.insert(id);
                    }
                }
                EventData::ChallengeExpired(_) | EventData::ChallengeCancelled(_) => {
                    let id = challenge.expect("a challenge's event names it");
                    assert!(self.over.insert(id.clone()), "{id} ended twice");
                }
                EventData::Locked(data) if of_codes(data) => {
                    self.locked.insert(who, data.until.expect("a lock ends"));
                }
                EventData::Banned(data) if of_codes(data) => drop(self.locked.insert(who, Moment(u64::MAX))),
                EventData::Unlocked(data) | EventData::Unbanned(data) if of_codes(data) => {
                    self.locked.remove(&who);
                }
                _ => {}
            }
        }
    }

    /// Nobody is given a try back.
    pub(super) fn check(&mut self, participants: &[Participant]) {
        for challenge in participants.iter().filter_map(|p| p.challenge.as_ref()) {
            let before = self.tries.insert(challenge.number, challenge.tries_left).unwrap_or(u32::MAX);
            assert!(challenge.tries_left > 0 && challenge.tries_left <= before, "{before}, then {challenge:?}");
        }
    }
}

impl Story {
    pub(super) fn code_act(&mut self, act: &Act) {
        match *act {
            Act::Ask { who } => {
                let request = ChallengeRequest {
                    method: &OneTimeCode,
                    agreed: None,
                    participant: Some(self.id(who)),
                    deliver_to: DeliverTo::Agent,
                    intent: None,
                    state: None,
                    way: PageWay::Landing,
                };
                let (asked, events) = self.context(None, |context| ask(context, &request));
                self.hear(events, None);
                let new = asked.is_none_or(|challenge| !self.codes.tries.contains_key(&challenge.number));
                assert!(new, "a number is given out once");
            }
            Act::Answer { who, right, by_chat } => self.answer_code(who, right, by_chat),
            Act::Resend { who } => {
                let Some(number) = self.asked(who) else { return };
                let (_, events) = self.context(None, |context| resend(context, number));
                self.hear(events, None);
            }
            Act::Cancel { who } => {
                let Some(number) = self.asked(who) else { return };
                let (_, events) = self.context(None, |context| cancel(context, number));
                self.hear(events, None);
                assert!(self.asked(who).is_none());
            }
        }
    }

    fn asked(&self, who: usize) -> Option<u16> {
        self.interaction.participants[who].challenge.as_ref().map(|challenge| challenge.number)
    }

    fn answer_code(&mut self, who: usize, right: bool, by_chat: bool) {
        let Some(challenge) = self.interaction.participants[who].challenge.clone() else { return };
        let code = challenge.answer(self.interaction.id, &self.keys.code);
        let mut text = String::from_utf8(code.expose().to_vec()).expect("digits");
        if !right {
            let first = if text.starts_with('7') { "8" } else { "7" };
            text.replace_range(..1, first);
        }
        let may = Raise { who: self.id(who), at: self.now, browser: None, customer: None };
        if by_chat {
            // Only what is asked of the one who chats is answered there.
            let may = Some(may).filter(|_| right && who == 0);
            let (_, events) = self.context(None, |context| hear::hear(context, &text, Sender::Own, &Actor::Person));
            return self.hear(events, may);
        }
        let may = Some(may).filter(|_| right);
        let said =
            Answer { typed: TypedText::Text(&text), how: AnswerOrigin::Brought { speaks: true }, by: &Actor::Person };
        let (answered, events) = self.context(None, |context| answer(context, challenge.number, &said));
        self.hear(events, may);
        let passed = answered.is_some_and(|answered| answered.outcome == AnswerOutcome::Passed);
        assert_eq!(passed, right, "a live code is right, and nothing else is");
        assert!(!passed || self.asked(who).is_none(), "what has passed is over");
    }
}
