//! Lockouts and bans against a model that is written from what people are promised: so many wrong
//! answers lock, for so long; so many locks ban; nothing is compared meanwhile; and no other act,
//! no restart and no change of settings gives anybody a guess or a minute.
//!
//! The model knows numbers and moments only. Codes, records and rules are the real ones.

use std::collections::BTreeMap;

use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::role::ParticipantRole;
use countersign::domain::base::way::DeliverTo;
use countersign::domain::conversation::address::Address;
use countersign::domain::conversation::context::Context;
use countersign::domain::conversation::context::Decision;
use countersign::domain::conversation::context::Draws;
use countersign::domain::conversation::context::Environment;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::conversation::interaction::InteractionStatus;
use countersign::domain::conversation::interaction::Person;
use countersign::domain::event::Actor;
use countersign::domain::event::Event;
use countersign::domain::event::EventKind;
use countersign::domain::proof::challenge::Challenge;
use countersign::domain::proof::challenge::EndedChallenge;
use countersign::domain::proof::methods::check::TypedText;
use countersign::domain::proof::methods::one_time_code::OneTimeCode;
use countersign::domain::proof::methods::pin::{AgreedPin, Pin};
use countersign::domain::refusal::Refusal;
use countersign::domain::rules::challenges::answer::Answer;
use countersign::domain::rules::challenges::answer::AnswerOrigin;
use countersign::domain::rules::challenges::answer::AnswerOutcome;
use countersign::domain::rules::challenges::answer::answer;
use countersign::domain::rules::challenges::ask::ChallengeRequest;
use countersign::domain::rules::challenges::ask::PageWay;
use countersign::domain::rules::challenges::ask::ask;
use countersign::domain::rules::challenges::manage::resend;
use countersign::domain::rules::chat::hear::Heard;
use countersign::domain::rules::chat::hear::Sender;
use countersign::domain::rules::chat::hear::hear;
use countersign::domain::rules::flag::maintain;
use countersign::domain::rules::flag::open;
use countersign::domain::secret::Secret;
use countersign::domain::secret::keys::Keys;
use countersign::domain::settings::Overrides;
use countersign::domain::settings::Settings;
use countersign::domain::settings::effective;
use countersign::domain::time::Moment;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::length::{figure, seed, size};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// Settings that matter here, as an admin sets them.
#[derive(Clone, Copy, Debug)]
struct Limits {
    threshold: u32,
    minutes: u64,
    growth: u64,
    max_lockouts: u32,
    max_tries: u32,
}

#[derive(Clone, Debug)]
enum Step {
    /// A new code or PIN.
    New,
    Wrong {
        which: usize,
        by_chat: bool,
    },
    Right {
        which: usize,
        by_chat: bool,
    },
    NoCode {
        by_chat: bool,
    },
    Resend,
    Tick {
        ms: u64,
    },
    /// To the very end of what runs: a lock, or a millisecond before.
    ToEnd {
        early: bool,
    },
    Restart,
    Set(Limits),
    Unlock {
        ban: bool,
    },
    /// The customer comes back in a new conversation.
    Reopen,
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..=10u32, prop::sample::select(vec![1u64, 15, 700]), 1..=4u64, 0..=5u32, 1..=6u32).prop_map(
        |(threshold, minutes, growth, max_lockouts, max_tries)| Limits {
            threshold,
            minutes,
            growth,
            max_lockouts,
            max_tries,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let one = || (prop::sample::select(vec![0usize, 0, 0, 0, 1, 2]), any::<bool>());
    prop_oneof![
        10 => Just(Step::New),
        20 => one().prop_map(|(which, by_chat)| Step::Wrong { which, by_chat }),
        3 => one().prop_map(|(which, by_chat)| Step::Right { which, by_chat }),
        1 => any::<bool>().prop_map(|by_chat| Step::NoCode { by_chat }),
        2 => Just(Step::Resend),
        3 => prop::sample::select(vec![1, MINUTE - 1, MINUTE, 2 * MINUTE, 15 * MINUTE, DAY - 1, DAY])
            .prop_map(|ms| Step::Tick { ms }),
        4 => prop::bool::weighted(0.3).prop_map(|early| Step::ToEnd { early }),
        2 => Just(Step::Restart),
        2 => limits().prop_map(Step::Set),
        1 => prop::bool::weighted(0.3).prop_map(|ban| Step::Unlock { ban }),
        1 => Just(Step::Reopen),
    ]
}

/// How a challenge stands, as its bot was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    Live { tries_left: u32, until: Option<u64>, resend_at: u64 },
    Over { told: AnswerOutcome, since: u64 },
}

/// What is promised.
#[derive(Clone, Debug, Default)]
struct Model {
    failures: u32,
    lockouts: u32,
    locked_until: u64,
    banned: bool,
    puts: Vec<(u16, Put)>,
}

impl Model {
    fn shut(&self, now: u64) -> Option<AnswerOutcome> {
        if self.banned {
            return Some(AnswerOutcome::Banned);
        }
        (now < self.locked_until).then_some(AnswerOutcome::Locked)
    }

    fn end_live(&mut self, told: AnswerOutcome, now: u64) {
        for (_, put) in &mut self.puts {
            if matches!(put, Put::Live { .. }) {
                *put = Put::Over { told, since: now };
            }
        }
    }

    fn pass(&mut self, now: u64) {
        for (_, put) in &mut self.puts {
            if let Put::Live { until: Some(until), .. } = *put
                && until <= now
            {
                *put = Put::Over { told: AnswerOutcome::Expired, since: until };
            }
        }
    }

    /// A wrong answer was compared.
    fn wrong(&mut self, at: usize, limits: &Limits, now: u64) -> AnswerOutcome {
        let Put::Live { tries_left, .. } = &mut self.puts[at].1 else { unreachable!("it is live") };
        *tries_left -= 1;
        let spent = *tries_left == 0;
        self.failures += 1;
        let told = if self.failures >= limits.threshold {
            self.failures = 0;
            self.lockouts += 1;
            if limits.max_lockouts > 0 && self.lockouts >= limits.max_lockouts {
                self.banned = true;
                AnswerOutcome::Banned
            } else {
                // Each lock is `growth` times the one before, and none is longer than a day.
                let mut minutes = limits.minutes;
                for _ in 1..self.lockouts {
                    minutes = (minutes * limits.growth).min(DAY / MINUTE);
                }
                self.locked_until = now + minutes.min(DAY / MINUTE) * MINUTE;
                AnswerOutcome::Locked
            }
        } else {
            AnswerOutcome::Wrong
        };
        if told != AnswerOutcome::Wrong || spent {
            self.end_live(AnswerOutcome::Exhausted, now);
        }
        told
    }
}

/// A conversation of the real rules beside its model.
struct Story<'k> {
    keys: &'k Keys,
    by_pin: bool,
    limits: Limits,
    settings: Settings,
    interaction: Interaction,
    address: Address,
    ended: BTreeMap<u16, EndedChallenge>,
    now: u64,
    drawn: u64,
    model: Model,
    /// Answers that were compared, by challenge, and by code of a challenge.
    compared: BTreeMap<(u16, u32), u32>,
    allowed: BTreeMap<u16, u32>,
    seen: Seen,
}

/// What the stories came to.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    compared: u64,
    locks: u64,
    bans: u64,
    passed: u64,
    refused: u64,
}

const PIN: &str = "471147";

fn settings(limits: &Limits) -> Settings {
    let patch = json!({
        "interaction_timeout_minutes": 10_080,
        "otp": {"max_tries": limits.max_tries, "show_to_agents": true},
        "send_budget": {"resend_after_seconds": 30},
        "lockout": {"threshold": limits.threshold, "duration_minutes": limits.minutes,
            "growth": limits.growth, "max_lockouts": limits.max_lockouts},
    });
    let team = Overrides::default().patch(patch.as_object().expect("a map")).expect("good settings");
    effective(&Overrides::default(), &team).expect("good settings").settings
}

fn opened(keys: &Keys, settings: &Settings, address: Address, now: u64, drawn: u64) -> (Interaction, Address) {
    let opening = open::NewInteraction {
        team: "acme".parse().expect("a name"),
        channel: "sms".parse().expect("a name"),
        conversation: "+37255512345".parse().expect("a conversation"),
        participants: vec![(ParticipantRole::Primary, Person::default())],
        device: None,
    };
    let mut random = [0; 10];
    random[2..].copy_from_slice(&drawn.to_be_bytes());
    let id = InteractionId::new(Moment(now), random, 7);
    let environment = Environment::at(settings, keys, Moment(now));
    let Decision { interaction, address, .. } =
        open::open(id, &opening, address, environment, Actor::Person, Draws::new([0; 96])).end(Ok(()));
    (interaction, address)
}

impl<'k> Story<'k> {
    fn begin(keys: &'k Keys, limits: Limits, by_pin: bool) -> Self {
        let (now, settings) = (1_767_225_600_000, settings(&limits));
        let (interaction, address) = opened(keys, &settings, Address::default(), now, 0);
        Self {
            keys,
            by_pin,
            limits,
            settings,
            interaction,
            address,
            ended: BTreeMap::new(),
            now,
            drawn: 0,
            model: Model::default(),
            compared: BTreeMap::new(),
            allowed: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    fn context<T>(
        &mut self,
        with: Option<u16>,
        rule: impl FnOnce(&mut Context<'_>) -> Result<T, Refusal>,
    ) -> (Result<T, Refusal>, Vec<Event>) {
        self.drawn += 1;
        let mut bytes = [0; 96];
        bytes
            .chunks_mut(8)
            .zip(1u64..)
            .for_each(|(chunk, n)| chunk.copy_from_slice(&(self.drawn * 97 + n).to_le_bytes()));
        let environment = Environment::at(&self.settings, self.keys, Moment(self.now));
        let (interaction, address) = (self.interaction.clone(), self.address.clone());
        let mut context = Context::begin(interaction, address, environment, Actor::Person, Draws::new(bytes));
        context.past.challenge = with.and_then(|number| self.ended.get(&number).cloned());
        let told = rule(&mut context);
        let Decision { interaction, address, ended, events, needs, outcome, .. } = context.end(told);
        assert!(needs.is_empty(), "nobody knows this customer, so she has no failure_limit");
        self.ended.extend(ended.challenges.into_iter().map(|ended| (ended.number, ended)));
        (self.interaction, self.address) = (interaction, address);
        (outcome, events)
    }

    fn live(&self) -> Option<&Challenge> {
        self.interaction.primary().challenge.as_ref()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Tick { ms } => self.now += ms,
            Step::ToEnd { early } if self.now < self.model.locked_until => {
                self.now = self.model.locked_until - u64::from(early);
            }
            _ => {}
        }
        self.model.pass(self.now);
        let (_, events) = self.context(None, |_| Ok(()));
        self.check_told(&events, None);
        if self.interaction.status != InteractionStatus::Open {
            self.reopen();
        }
        match *step {
            Step::New => self.ask(),
            Step::Wrong { which, by_chat } => self.say(which, by_chat, false),
            Step::Right { which, by_chat } => self.say(which, by_chat, true),
            Step::NoCode { by_chat } => self.say_nothing(by_chat),
            Step::Resend => self.resend(),
            Step::Restart => self.restart(),
            Step::Set(limits) => (self.limits, self.settings) = (limits, settings(&limits)),
            Step::Unlock { ban } => self.unlock(ban),
            Step::Reopen => self.reopen(),
            Step::Tick { .. } | Step::ToEnd { .. } => {}
        }
        self.check();
    }

    /// The records as a store keeps them, and nothing else, go on.
    fn restart(&mut self) {
        fn again<T: serde::Serialize + serde::de::DeserializeOwned>(kept: &T) -> T {
            serde_json::from_slice(&serde_json::to_vec(kept).expect("JSON")).expect("what was written is read")
        }
        (self.interaction, self.address) = (again(&self.interaction), again(&self.address));
        self.ended = again(&self.ended);
    }

    fn reopen(&mut self) {
        if self.interaction.status == InteractionStatus::Open {
            let (_, events) = self.context(None, maintain::close);
            self.check_told(&events, None);
        }
        self.drawn += 1;
        let address = std::mem::take(&mut self.address);
        (self.interaction, self.address) = opened(self.keys, &self.settings, address, self.now, self.drawn);
        self.ended.clear();
        self.model.puts.clear();
        self.compared.clear();
        self.allowed.clear();
    }

    fn ask(&mut self) {
        let by_pin = self.by_pin;
        let request = ChallengeRequest {
            method: if by_pin { &AgreedPin } else { &OneTimeCode },
            agreed: by_pin.then(|| Pin::parse(PIN).expect("a PIN")),
            participant: None,
            deliver_to: DeliverTo::Agent,
            intent: None,
            state: None,
            way: PageWay::Landing,
        };
        let (asked, events) = self.context(None, |context| ask(context, &request));
        self.check_told(&events, None);
        match (self.model.shut(self.now), asked) {
            (Some(AnswerOutcome::Banned), Err(refusal)) => assert_eq!(refusal, Refusal::Banned),
            (Some(_), Err(refusal)) => assert_eq!(refusal, Refusal::Locked(Moment(self.model.locked_until))),
            (None, Ok(challenge)) => {
                self.model.end_live(AnswerOutcome::Expired, self.now);
                // A PIN has no tries of its own: as many as the lockout lets through.
                let tries_left = if by_pin { self.limits.threshold } else { self.limits.max_tries };
                let until = (!by_pin).then(|| self.now + 3 * MINUTE);
                let resend_at = self.now + 30_000;
                self.model.puts.push((challenge.number, Put::Live { tries_left, until, resend_at }));
                self.allowed.insert(challenge.number, tries_left);
            }
            (shut, asked) => panic!("{shut:?}, and a challenge was answered {:?}", asked.map(|c| c.number)),
        }
    }

    fn resend(&mut self) {
        let Some(&(number, put)) = self.model.puts.last() else { return };
        let (sent, events) = self.context(Some(number), |context| resend(context, number));
        self.check_told(&events, None);
        let Put::Live { tries_left, resend_at, .. } = put else { return assert!(sent.is_err(), "{put:?}") };
        assert_eq!(self.model.shut(self.now), None, "what is guarded by a lock does not live");
        let may = !self.by_pin && resend_at <= self.now;
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if may {
            let put = Put::Live { tries_left, until: Some(self.now + 3 * MINUTE), resend_at: self.now + 30_000 };
            *self.model.puts.last_mut().expect("there is one") = (number, put);
        }
    }

    fn unlock(&mut self, ban: bool) {
        let (done, _) =
            self.context(None, |context| maintain::unlock(context, &ParticipantId::nth(1), None, "asked", ban));
        match (self.model.banned, ban) {
            (true, false) => return assert_eq!(done, Err(Refusal::BanStands)),
            (true, true) => {
                (self.model.banned, self.model.failures, self.model.lockouts) = (false, 0, 0);
                self.model.locked_until = 0;
            }
            (false, _) => self.model.locked_until = self.model.locked_until.min(self.now),
        }
        assert_eq!(done, Ok(()));
    }

    fn say_nothing(&mut self, by_chat: bool) {
        let before = (self.address.clone(), self.live().map(|live| live.tries_left));
        let last = self.model.puts.len().saturating_sub(1);
        let told = self.told(last, by_chat, "12345678901234567890123");
        let live = self.live().is_some();
        assert!(matches!(told, None | Some(AnswerOutcome::NotACode)) || !live, "{told:?}");
        assert_eq!((self.address.clone(), self.live().map(|live| live.tries_left)), before, "talk is not counted");
    }

    /// An answer, and what became of it; nothing where it was conversation.
    fn told(&mut self, at: usize, by_chat: bool, text: &str) -> Option<AnswerOutcome> {
        if by_chat {
            let issue = self.issue();
            let (heard, events) = self.context(None, |context| hear(context, text, Sender::Own, &Actor::Person));
            self.check_told(&events, issue);
            return match heard.expect("an open conversation hears") {
                Heard::Conversation => None,
                Heard::Answer(_, outcome) => Some(outcome),
            };
        }
        let &(number, _) = self.model.puts.get(at)?;
        let issue = self.issue();
        let said =
            Answer { typed: TypedText::Text(text), how: AnswerOrigin::Brought { speaks: true }, by: &Actor::Person };
        let (answered, events) = self.context(Some(number), |context| answer(context, number, &said));
        self.check_told(&events, issue);
        match answered {
            Ok(answered) => Some(answered.outcome),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::NotFound("challenge"));
                None
            }
        }
    }

    /// The live challenge, and which code of it.
    fn issue(&self) -> Option<(u16, u32)> {
        let live = self.live()?;
        Some((live.number, live.issue().unwrap_or(0)))
    }

    fn say(&mut self, back: usize, by_chat: bool, right: bool) {
        let Some(mut at) = self.model.puts.len().checked_sub(1 + back) else { return };
        let code = self.live().map_or(PIN.as_bytes().to_vec(), |live| {
            live.answer(self.interaction.id, &self.keys.code).expose().to_vec()
        });
        let mut text = String::from_utf8(code).expect("digits");
        if !right {
            let last = text.pop().expect("a digit");
            text.push(if last == '9' { '0' } else { '9' });
        }
        if by_chat {
            let live = self.model.puts.iter().position(|(_, put)| matches!(put, Put::Live { .. }));
            let Some(live) = live else { return assert_eq!(self.told(0, true, &text), None) };
            at = live;
        }
        let expected = match (self.model.shut(self.now), self.model.puts[at].1) {
            (_, Put::Over { since, .. }) if since + DAY <= self.now => None,
            (Some(shut), _) => Some(shut),
            (None, Put::Over { told, .. }) => Some(told),
            (None, Put::Live { .. }) if right => {
                self.model.failures = 0;
                self.model.end_live(AnswerOutcome::AlreadyUsed, self.now);
                Some(AnswerOutcome::Passed)
            }
            (None, Put::Live { .. }) => {
                let (limits, now) = (self.limits, self.now);
                Some(self.model.wrong(at, &limits, now))
            }
        };
        let before = self.seen.compared;
        assert_eq!(
            self.told(at, by_chat, &text),
            expected,
            "{} at {}",
            if right { "right" } else { "wrong" },
            self.now
        );
        let compared = self.seen.compared > before;
        self.seen.refused += u64::from(!compared);
        self.seen.locks += u64::from(compared && expected == Some(AnswerOutcome::Locked));
        self.seen.bans += u64::from(compared && expected == Some(AnswerOutcome::Banned));
        self.seen.passed += u64::from(expected == Some(AnswerOutcome::Passed));
    }

    /// What was told of answers: each was compared with a live code, and no code with too many.
    fn check_told(&mut self, events: &[Event], issue: Option<(u16, u32)>) {
        let judged = |e: &&Event| matches!(e.kind(), EventKind::ChallengeWrong | EventKind::ChallengePassed);
        for event in events.iter().filter(judged) {
            let issue = issue.expect("an answer is compared with a live code");
            self.seen.compared += 1;
            if event.kind() == EventKind::ChallengeWrong {
                *self.compared.entry(issue).or_default() += 1;
            }
            let of_all: u32 = self.compared.iter().filter(|((n, _), _)| *n == issue.0).map(|(_, count)| count).sum();
            let allowed = self.allowed[&issue.0];
            assert!(of_all <= allowed, "{of_all} wrong answers were compared, {allowed} may be");
        }
    }

    /// The records say what the model says.
    fn check(&self) {
        let method = if self.by_pin { "pin" } else { "otp" };
        let kept = self.address.budgets.get(method).cloned().unwrap_or_default();
        assert_eq!((kept.banned, kept.lockouts), (self.model.banned, self.model.lockouts), "{kept:?}");
        let until = kept.locked_until.map_or(0, |until| until.0);
        if !self.model.banned {
            let runs = |until: u64| (self.now < until).then_some(until);
            assert_eq!(runs(until), runs(self.model.locked_until), "a lock neither moves nor goes");
        }
        assert_eq!(kept.failures, self.model.failures);
        let live = self.live().map(|live| (live.number, live.tries_left));
        let promised = self.model.puts.iter().find_map(|(number, put)| match put {
            Put::Live { tries_left, .. } => Some((*number, *tries_left)),
            Put::Over { .. } => None,
        });
        assert_eq!(live, promised);
    }
}

/// A024, A026, A027, A031, A032, A034: every order of answers, locks, restarts and settings. Without
/// a customer who is known there is no failure limit: that one has its own tests.
#[test]
fn a032_lockouts_and_bans_fall_where_the_model_says() {
    let cases = u32::try_from(size(if cfg!(debug_assertions) { 300 } else { 4000 }, 100_000)).expect("few enough");
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let failure_persistence = Some(Box::new(FileFailurePersistence::Off) as _);
    let config = Config { cases, failure_persistence, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let keys = Keys::from_root(&Secret::new(vec![7; 32]));
    let seen = std::cell::Cell::new([0u64; 5]);
    let stories = (limits(), any::<bool>(), prop::collection::vec(step(), 1..120));
    let ran = runner.run(&stories, |(limits, by_pin, steps)| {
        let mut story = Story::begin(&keys, limits, by_pin);
        for step in &steps {
            story.step(step);
        }
        let Seen { compared, locks, bans, passed, refused } = story.seen;
        let so_far = seen.get();
        seen.set(std::array::from_fn(|n| so_far[n] + [compared, locks, bans, passed, refused][n]));
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("TEST_SEED={seed}: {failed}"));
    let [compared, locks, bans, passed, refused] = seen.get();
    assert!([compared, locks, bans, passed, refused].iter().all(|n| *n > 20), "the stories reach all of it");
    figure(
        "lockouts",
        format_args!(
            "{cases} sequences, {compared} answers compared, {refused} not, {locks} locks, {bans} bans, {passed} passed: none other than the model's"
        ),
    );
}
