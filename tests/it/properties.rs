//! What holds whatever people do: no link is spent twice, no flag goes up without its proof or
//! stands past its time, no login takes more than three guesses, no code passes twice or gives
//! back a try, and what is told is what happened, once and in order.
//!
//! Here the rules alone are asked, thousands of conversations a second; `router` asks the whole
//! gateway. Neither knows how the rules come to their answers: a ledger is kept beside them.

use std::collections::{BTreeMap, BTreeSet};

use countersign::domain::address::Address;
use countersign::domain::assertion::{PostBack, Verdict};
use countersign::domain::event::{Actor, Event, EventKind};
use countersign::domain::flag::{Customer, Proof};
use countersign::domain::id::{InteractionId, ParticipantId};
use countersign::domain::interaction::{Interaction, Participant, Person, Role, Status};
use countersign::domain::link::{EndedLink, PostBackStatus, Purpose};
use countersign::domain::method::Method;
use countersign::domain::rules::{continue_link, hear, issue, open, postback, tend};
use countersign::domain::secret::{Keys, Secret};
use countersign::domain::settings::{Overrides, Settings, effective};
use countersign::domain::time::Moment;
use countersign::domain::token::Token;
use countersign::domain::turn::{Around, Decision, Draws, Turn};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;

mod codes;
mod lockouts;
mod router;

/// One thing that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Issue { who: usize, pre_chat: bool },
    Continue { link: usize, browser: u8 },
    PostBack { handle: usize, jti: u8, customer: u8, verdict: u8 },
    PostForged { handle: usize },
    SayRight { who: usize, own: bool },
    SayWrong { letter: u8 },
    SayNothing,
    SignOut { who: usize },
    Vouch { customer: u8, token: u8 },
    ReportLink { link: usize },
    ReportDone { handle: usize },
    Presence { who: usize, online: bool },
    Reassign { who: usize, name: u8 },
    Unlock { who: usize },
    Close,
    Pass { ms: u64 },
    Code(codes::Act),
}

/// Moments around every deadline, and jumps over all of them.
fn span() -> impl Strategy<Value = u64> {
    let minute = 60_000u64;
    let edges = [1, 2, 14, 15, 29, 30, 44, 60, 480, 10_080].map(|m| m * minute);
    prop_oneof![
        4 => 0..minute,
        4 => (prop::sample::select(edges.to_vec()), 0..3u64).prop_map(|(edge, off)| edge + off - 1),
        1 => 0..40 * 24 * 60 * minute,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..3usize, 0..64usize);
    prop_oneof![
        6 => (who.clone(), any::<bool>()).prop_map(|(who, pre_chat)| Step::Issue { who, pre_chat }),
        8 => (some.clone(), 0..2u8).prop_map(|(link, browser)| Step::Continue { link, browser }),
        8 => (some.clone(), 0..3u8, 0..2u8, 0..8u8)
            .prop_map(|(handle, jti, customer, verdict)| Step::PostBack { handle, jti, customer, verdict }),
        1 => some.clone().prop_map(|handle| Step::PostForged { handle }),
        6 => (who.clone(), prop::bool::weighted(0.9)).prop_map(|(who, own)| Step::SayRight { who, own }),
        4 => (0..18u8).prop_map(|letter| Step::SayWrong { letter }),
        1 => Just(Step::SayNothing),
        1 => who.clone().prop_map(|who| Step::SignOut { who }),
        1 => (0..2u8, 0..3u8).prop_map(|(customer, token)| Step::Vouch { customer, token }),
        1 => some.clone().prop_map(|link| Step::ReportLink { link }),
        1 => some.prop_map(|handle| Step::ReportDone { handle }),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, online)| Step::Presence { who, online }),
        1 => (who.clone(), 0..3u8).prop_map(|(who, name)| Step::Reassign { who, name }),
        4 => who.prop_map(|who| Step::Unlock { who }),
        1 => Just(Step::Close),
        8 => span().prop_map(|ms| Step::Pass { ms }),
        14 => codes::act().prop_map(Step::Code),
    ]
}

/// A flag as the ledger has it.
struct Standing {
    since: Moment,
    first: Moment,
}

/// One conversation, and the ledger of what was allowed in it.
struct Story {
    keys: Keys,
    settings: Settings,
    interaction: Interaction,
    address: Address,
    ended: BTreeMap<u16, EndedLink>,
    now: Moment,
    drawn: u64,
    links: Vec<Token>,
    handles: Vec<Token>,
    opened_by: BTreeMap<u16, u8>,
    spent: BTreeSet<u16>,
    words: BTreeSet<String>,
    guesses: BTreeMap<u16, u32>,
    standing: BTreeMap<ParticipantId, Standing>,
    codes: codes::Ledger,
    told: Vec<Event>,
}

impl Story {
    fn begin(patch: &serde_json::Value) -> Self {
        let team = Overrides::default().patch(patch.as_object().expect("a map")).expect("good settings");
        let settings = effective(&Overrides::default(), &team).expect("good settings").settings;
        let keys = Keys::from_root(&Secret::new(vec![7; 32]));
        let now = Moment(1_767_225_600_000);
        let person = |name: &str| Person { name: Some(name.to_owned()), ..Person::default() };
        let opening = open::Opening {
            team: "acme".parse().expect("a name"),
            channel: "sms".parse().expect("a name"),
            conversation: "+37255512345".parse().expect("a conversation"),
            participants: vec![
                (Role::Primary, person("one")),
                (Role::Cosigner, person("two")),
                (Role::Cosigner, person("three")),
            ],
            device: None,
        };
        let around = Around::at(&settings, &keys, now);
        let id = InteractionId::new(now, [1; 10], 7);
        let turn = open::open(id, &opening, Address::default(), around, Actor::Person, Draws::new([0; 96]));
        let Decision { interaction, address, events, .. } = turn.done(());
        Self {
            interaction,
            address,
            told: events,
            keys: keys.clone(),
            settings: settings.clone(),
            now,
            ended: BTreeMap::new(),
            drawn: 0,
            links: Vec::new(),
            handles: Vec::new(),
            opened_by: BTreeMap::new(),
            spent: BTreeSet::new(),
            words: BTreeSet::new(),
            guesses: BTreeMap::new(),
            standing: BTreeMap::new(),
            codes: codes::Ledger::default(),
        }
    }

    /// Lets a rule decide, saves what it decided, and answers what was told to whom.
    fn turn<T>(&mut self, link: Option<u16>, rule: impl FnOnce(Turn<'_>) -> Decision<T>) -> (Option<T>, Vec<Event>) {
        self.drawn += 1;
        let mut bytes = [0; 96];
        bytes
            .chunks_mut(8)
            .zip(1u64..)
            .for_each(|(chunk, n)| chunk.copy_from_slice(&(self.drawn * 97 + n).to_le_bytes()));
        let around = Around::at(&self.settings, &self.keys, self.now);
        let (before, address) = (self.interaction.clone(), self.address.clone());
        let mut turn = Turn::begin(before, address, around, Actor::Person, Draws::new(bytes));
        turn.past.link = link.and_then(|number| self.ended.get(&number).cloned());
        let Decision { interaction, address, ended, events, outcome, .. } = rule(turn);
        for link in ended.links {
            self.ended.insert(link.link.number, link);
        }
        (self.interaction, self.address) = (interaction, address);
        (outcome.ok(), events)
    }

    fn id(&self, who: usize) -> ParticipantId {
        self.interaction.participants[who].id.clone()
    }

    fn code(&self, who: usize) -> Option<String> {
        let waits = self.interaction.participants[who].confirmation.as_ref()?;
        Some(waits.code(self.interaction.id, &self.keys.confirmation))
    }

    /// What time alone does, so that what is found next was not done by anybody.
    fn settle(&mut self) {
        let (_, events) = self.turn(None, tend::tick);
        assert!(events.iter().all(|e| e.kind != EventKind::Authenticated), "time raises nothing");
        self.hear(events, None);
    }

    fn step(&mut self, step: &Step) {
        if let Step::Pass { ms } = step {
            self.now = Moment(self.now.0 + ms);
        }
        self.settle();
        match step {
            Step::Issue { who, pre_chat } => self.issue(*who, *pre_chat),
            Step::Continue { link, browser } => self.press(*link, *browser),
            Step::PostBack { handle, jti, customer, verdict } => self.post_back(*handle, *jti, *customer, *verdict),
            Step::PostForged { handle } => self.forge(*handle),
            Step::SayRight { who, own } => {
                let said = self.code(*who).unwrap_or_else(|| "B2D3FG".to_owned());
                self.say(&said, *own);
            }
            Step::SayWrong { letter } => {
                let letter = char::from(b"BCDFGHJKMNPQRTVWXZ"[usize::from(*letter)]);
                self.say(&format!("Z9{letter}9ZZ"), true);
            }
            Step::SayNothing => self.say("please go on", true),
            Step::Vouch { customer, token } => self.vouch(*customer, *token),
            Step::Code(act) => self.code_act(act),
            other => self.tend(other),
        }
        self.check();
    }

    /// The acts that can raise nothing.
    fn tend(&mut self, step: &Step) {
        let lowered = match *step {
            Step::SignOut { who } | Step::Reassign { who, .. } => Some(self.id(who)),
            _ => None,
        };
        let (_, events) = match *step {
            Step::SignOut { who } => {
                let id = self.id(who);
                self.turn(None, |turn| tend::sign_out(turn, Some(&id)))
            }
            Step::Presence { who, online } => {
                let id = self.id(who);
                self.turn(None, |turn| tend::presence(turn, Some(&id), online))
            }
            Step::Reassign { who, name } => {
                let (id, name) = (self.id(who), Some(format!("person {name}")));
                self.turn(None, |turn| tend::reassign(turn, &id, &Person { name, ..Person::default() }))
            }
            Step::Unlock { who } => {
                let id = self.id(who);
                self.turn(None, |turn| tend::unlock(turn, &id, None, "asked", true))
            }
            Step::Close => self.turn(None, tend::close),
            Step::ReportLink { link } => {
                let Some(token) = nth(&self.links, link) else { return };
                self.turn(Some(token.number), |turn| continue_link::report(turn, &token))
            }
            Step::ReportDone { handle } => {
                let Some(handle) = nth(&self.handles, handle) else { return };
                let done = handle.done(&self.keys.handle);
                self.turn(Some(done.number), |turn| continue_link::report(turn, &done))
            }
            _ => return,
        };
        self.hear(events, None);
        if let Some(id) = lowered.filter(|_| matches!(step, Step::SignOut { .. })) {
            assert!(!self.interaction.participant(&id).expect("nobody leaves").flag.raised_at_all());
        }
    }

    /// An identity token is good for minutes, and counts once in them.
    fn vouch(&mut self, customer: u8, token: u8) {
        let life = 330_000;
        let window = self.now.0 / life;
        let (name, until) = (format!("{token} of {window}"), Moment((window + 1) * life));
        let word = open::Word { name: name.clone(), ends_at: until, until, proof: proof(customer) };
        let (done, events) = self.turn(None, |turn| open::vouch(turn, &word));
        let first = done.is_some() && self.words.insert(name);
        let primary = self.interaction.primary().id.clone();
        self.hear(events, first.then_some(primary));
    }

    fn issue(&mut self, who: usize, pre_chat: bool) {
        let purpose = if pre_chat { Purpose::PreChat } else { Purpose::MidChat };
        let request = issue::Request {
            purpose,
            participant: Some(self.id(who)),
            intent: None,
            state: None,
            landing: true,
            return_url: None,
            deliver: false,
        };
        let (issued, events) = self.turn(None, |turn| issue::issue(turn, &request));
        self.hear(events, None);
        self.links.extend(issued.map(|issued| issued.token));
    }

    fn press(&mut self, link: usize, browser: u8) {
        let Some(token) = nth(&self.links, link) else { return };
        let (continued, events) =
            self.turn(Some(token.number), |turn| continue_link::press_continue(turn, &token, &[browser; 22], None));
        self.hear(events, None);
        let Some(continued) = continued else { return };
        assert!(!self.spent.contains(&token.number), "a spent link leads nowhere");
        assert_eq!(*self.opened_by.entry(token.number).or_insert(browser), browser, "one browser has the link");
        if !self.handles.contains(&continued.handle) {
            self.handles.push(continued.handle);
        }
    }

    fn post_back(&mut self, handle: usize, jti: u8, customer: u8, verdict: u8) {
        let Some(handle) = nth(&self.handles, handle) else { return };
        let verdict = match verdict {
            0 => Verdict::Denied,
            1 => Verdict::Cancelled,
            _ => Verdict::Authenticated(proof(customer)),
        };
        let kid = "k1".parse().expect("a kid");
        let assertion = PostBack { kid, jti: format!("{jti:022}"), verdict };
        let asked = self.interaction.participants.iter().find(|p| p.links.iter().any(|l| l.number == handle.number));
        let asked = asked.map(|p| p.id.clone());
        let (accepted, events) = self.turn(Some(handle.number), |turn| postback::accept(turn, &handle, &assertion));
        let Some(accepted) = accepted else { return self.hear(events, None) };
        assert!(self.spent.insert(handle.number), "link {} was spent twice", handle.number);
        let raised = accepted.status == PostBackStatus::Authenticated;
        assert!(!raised || self.settings.link.binding == countersign::domain::settings::BindingRule::None);
        self.hear(events, asked.filter(|_| raised));
    }

    fn forge(&mut self, handle: usize) {
        let Some(mut handle) = nth(&self.handles, handle) else { return };
        handle.secret[3] ^= 1;
        let kid = "k1".parse().expect("a kid");
        let assertion = PostBack { kid, jti: "f".repeat(22), verdict: Verdict::Authenticated(proof(0)) };
        let (accepted, events) = self.turn(Some(handle.number), |turn| postback::accept(turn, &handle, &assertion));
        assert!(accepted.is_none(), "a handle that nobody was given");
        self.hear(events, None);
    }

    fn say(&mut self, text: &str, own: bool) {
        let waits = |p: &Participant| Some((p.id.clone(), p.confirmation.as_ref()?.link));
        let waiting: BTreeMap<_, _> = self.interaction.participants.iter().filter_map(waits).collect();
        let right = (0..self.interaction.participants.len()).find(|who| self.code(*who).as_deref() == Some(text));
        let right = right.filter(|_| own).map(|who| self.id(who));
        let (_, events) = self.turn(None, |turn| hear::hear(turn, text, own, &Actor::Person));
        for wrong in events.iter().filter(|e| e.kind == EventKind::ConfirmationWrong) {
            let link = waiting[wrong.participant.as_ref().expect("somebody's")];
            let guesses = self.guesses.entry(link).or_default();
            *guesses += 1;
            assert!(*guesses <= 3, "login {link} took {guesses} guesses");
        }
        assert!(own || events.is_empty(), "only the conversation's own sender is heard");
        self.hear(events, right);
    }

    /// Enters what was told into the ledger; `may` is the only one whose flag may have gone up.
    fn hear(&mut self, events: Vec<Event>, may: Option<ParticipantId>) {
        let mut raises = 0;
        self.codes.enter(&events);
        for event in &events {
            let who = event.participant.clone();
            match event.kind {
                EventKind::Authenticated => {
                    raises += 1;
                    assert!(who.is_some() && who == may, "{who:?} was raised, {may:?} may");
                    let who = who.expect("somebody's");
                    let first = self.standing.get(&who).map_or(event.at, |s| s.first);
                    self.standing.insert(who, Standing { since: event.at, first });
                }
                EventKind::Expired | EventKind::SignedOut => {
                    let stood = self.standing.remove(&who.expect("somebody's"));
                    let stood = stood.expect("an end is told of a flag that stood, and once");
                    assert!(event.at <= self.end(&stood), "told when it was over");
                }
                EventKind::ParticipantReassigned => drop(self.standing.remove(&who.expect("somebody's"))),
                EventKind::InteractionClosed => assert!(self.standing.is_empty(), "every flag falls before"),
                _ => {}
            }
        }
        assert!(raises <= 1);
        self.told.extend(events);
    }

    fn end(&self, standing: &Standing) -> Moment {
        let timeout = standing.since.plus_minutes(self.settings.authentication_timeout_minutes);
        timeout.min(standing.first.plus_minutes(self.settings.absolute_timeout_minutes))
    }

    /// The record says what the ledger says, and nothing that time has overtaken is left in it.
    fn check(&mut self) {
        for participant in &self.interaction.participants {
            let up = participant.flag.raised(self.now).is_some();
            let standing = self.standing.get(&participant.id);
            assert_eq!(up, standing.is_some_and(|s| self.now < self.end(s)), "{:?}", participant.flag);
        }
        self.codes.check(&self.interaction.participants);
        let closed = self.interaction.status != Status::Open;
        assert!(!closed || self.standing.is_empty());
        assert!(self.interaction.deadline().is_none_or(|deadline| deadline > self.now));
        assert!(self.told.is_sorted_by_key(|event| event.at), "in the order of what happened");
        assert!(self.told.last().is_none_or(|event| event.at <= self.now));
        let ends = self.told.iter().filter(|event| event.kind == EventKind::InteractionClosed).count();
        assert_eq!(ends, usize::from(closed));
    }
}

fn nth<T: Clone>(of: &[T], n: usize) -> Option<T> {
    (!of.is_empty()).then(|| of[of.len() - 1 - n % of.len().min(4)].clone())
}

fn proof(customer: u8) -> Proof {
    let id = format!("cust-{customer}").parse().expect("an id");
    let customer = Some(Customer { id, name: None, record: None });
    Proof { customer, ..Proof::of_answer(Method::Login, false) }
}

/// Timeouts that meet each other, and both ways to bind.
fn settings() -> impl Strategy<Value = serde_json::Value> {
    let minutes = [(15, 480, 30), (1, 1, 30), (15, 20, 10_080), (60, 60, 30)];
    let lockouts = [(5, 3), (1, 0), (2, 2), (1, 1)];
    (prop::sample::select(minutes.to_vec()), prop::sample::select(lockouts.to_vec()), any::<bool>()).prop_map(
        |((timeout, absolute, idle), (threshold, max_lockouts), bound)| {
            json!({
                "authentication_url": "https://login.example.com/in",
                "authentication_timeout_minutes": timeout,
                "absolute_timeout_minutes": absolute,
                "interaction_timeout_minutes": idle,
                "link": {"binding": if bound { "code" } else { "none" }},
                "lockout": {"threshold": threshold, "max_lockouts": max_lockouts},
            })
        },
    )
}

fn cases(debug: u32, release: u32) -> ProptestConfig {
    let cases = if cfg!(debug_assertions) { debug } else { release };
    // Cases that failed become tests of their own, not files beside them.
    let failure_persistence = Some(Box::new(FileFailurePersistence::Off) as _);
    ProptestConfig { cases, failure_persistence, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(600, 50_000))]

    /// A006, A017, A018, A021, A035 over every order of acts.
    #[test]
    fn whatever_people_do_the_rules_hold(settings in settings(), steps in prop::collection::vec(step(), 1..90)) {
        let mut story = Story::begin(&settings);
        for step in &steps {
            story.step(step);
        }
    }
}

/// The steps reach what they are to try: flags by code and without, locks, expiries.
#[test]
fn the_steps_reach_every_kind_of_event_that_the_rules_tell() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut told = BTreeSet::new();
    for _ in 0..600 {
        let steps = (settings(), prop::collection::vec(step(), 90)).new_tree(&mut runner).expect("steps").current();
        let mut story = Story::begin(&steps.0);
        steps.1.iter().for_each(|step| story.step(step));
        told.extend(story.told.iter().map(|event| event.kind.as_str()));
    }
    for kind in [
        "participant.authenticated",
        "participant.expiring",
        "participant.expired",
        "participant.signed_out",
        "participant.locked",
        "participant.banned",
        "participant.unbanned",
        "participant.reassigned",
        "link.issued",
        "link.opened",
        "link.expired",
        "link.superseded",
        "link.denied",
        "link.cancelled",
        "link.reported",
        "confirmation.wrong",
        "confirmation.expired",
        "challenge.started",
        "challenge.wrong",
        "challenge.passed",
        "challenge.expired",
        "challenge.cancelled",
        "interaction.closed",
    ] {
        assert!(told.contains(kind), "no story comes to {kind}");
    }
}
