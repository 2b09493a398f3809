//! What holds whatever people do: no handle takes two answers, no flag goes up without its proof and the browser
//! that it was begun in, or stands past its time, no login takes more than three guesses, no code passes twice or
//! gives back a try, and what is told is what happened, once and in order.
//!
//! Here the rules alone are asked, thousands of conversations a second; `router` asks the whole
//! gateway. Neither knows how the rules come to their answers: a ledger is kept beside them.

use std::collections::{BTreeMap, BTreeSet};

use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::Kid;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::method::Method;
use countersign::domain::base::role::ParticipantRole;
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
use countersign::domain::proof::assertion::AssertionResult;
use countersign::domain::proof::assertion::PostBack;
use countersign::domain::proof::flag::Customer;
use countersign::domain::proof::flag::Proof;
use countersign::domain::proof::link::EndedLink;
use countersign::domain::proof::link::LinkPurpose;
use countersign::domain::proof::link::PostBackStatus;
use countersign::domain::refusal::Refusal;
use countersign::domain::rules::chat::hear;
use countersign::domain::rules::chat::hear::Sender;
use countersign::domain::rules::flag::maintain;
use countersign::domain::rules::flag::open;
use countersign::domain::rules::links::continue_link;
use countersign::domain::rules::links::issue;
use countersign::domain::rules::links::postback;
use countersign::domain::rules::links::postback::NewAnswer;
use countersign::domain::rules::pages::bind::Finish;
use countersign::domain::rules::pages::finish;
use countersign::domain::rules::pages::finish::FinishForm;
use countersign::domain::secret::Secret;
use countersign::domain::secret::Tag;
use countersign::domain::secret::keys::Keys;
use countersign::domain::secret::token::Token;
use countersign::domain::settings::Overrides;
use countersign::domain::settings::Settings;
use countersign::domain::settings::effective;
use countersign::domain::time::Moment;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;

mod browsers;
mod codes;
mod lockouts;
mod router;

/// One thing that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Issue { who: usize, pre_chat: bool },
    Continue { link: usize, browser: u8 },
    PostBack { handle: usize, jti: u8, customer: u8, verdict: u8 },
    Finish { done: usize, browser: u8 },
    Name { done: usize, browser: u8, right: bool },
    PostForged { handle: usize },
    SayRight { who: usize, own: bool },
    SayWrong { letter: u8 },
    SayNothing,
    SignOut { who: usize },
    Vouch { customer: u8, token: u8 },
    ReportLink { link: usize },
    ReportDone { done: usize, browser: u8 },
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
    // What is typed in the conversation is the primary's.
    let who = prop::sample::select(vec![0usize, 0, 0, 1, 2]);
    let some = 0..64usize;
    prop_oneof![
        6 => (who.clone(), any::<bool>()).prop_map(|(who, pre_chat)| Step::Issue { who, pre_chat }),
        8 => (some.clone(), 0..2u8).prop_map(|(link, browser)| Step::Continue { link, browser }),
        8 => (some.clone(), 0..3u8, 0..2u8, 0..8u8)
            .prop_map(|(handle, jti, customer, verdict)| Step::PostBack { handle, jti, customer, verdict }),
        8 => (some.clone(), 0..3u8).prop_map(|(done, browser)| Step::Finish { done, browser }),
        2 => (some.clone(), 0..3u8, any::<bool>())
            .prop_map(|(done, browser, right)| Step::Name { done, browser, right }),
        1 => some.clone().prop_map(|handle| Step::PostForged { handle }),
        6 => (who.clone(), prop::bool::weighted(0.9)).prop_map(|(who, own)| Step::SayRight { who, own }),
        6 => (0..18u8).prop_map(|letter| Step::SayWrong { letter }),
        1 => Just(Step::SayNothing),
        1 => who.clone().prop_map(|who| Step::SignOut { who }),
        1 => (0..2u8, 0..3u8).prop_map(|(customer, token)| Step::Vouch { customer, token }),
        1 => some.clone().prop_map(|link| Step::ReportLink { link }),
        1 => (some, 0..3u8).prop_map(|(done, browser)| Step::ReportDone { done, browser }),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, online)| Step::Presence { who, online }),
        1 => (who.clone(), 0..3u8).prop_map(|(who, name)| Step::Reassign { who, name }),
        4 => who.prop_map(|who| Step::Unlock { who }),
        1 => Just(Step::Close),
        8 => span().prop_map(|ms| Step::Pass { ms }),
        14 => codes::act().prop_map(Step::Code),
    ]
}

/// A flag as the ledger has it.
#[derive(Clone)]
struct Standing {
    since: Moment,
    first: Moment,
    by: Raise,
}

/// What may raise a flag.
#[derive(Clone)]
struct Raise {
    who: ParticipantId,
    /// When its proof was accepted.
    at: Moment,
    /// The browser that it is bound to, where it is bound to nothing else.
    browser: Option<u8>,
    /// Whom it names.
    customer: Option<u8>,
}

/// A login that was accepted, as the ledger has it.
#[derive(Clone)]
struct Waiting {
    done: Token,
    at: Moment,
    customer: u8,
    /// Continue was pressed in.
    started: u8,
    /// The first that came back.
    finished: Option<u8>,
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
    dones: Vec<Token>,
    kids: Vec<Kid>,
    /// Continue was pressed last in, by link.
    opened_by: BTreeMap<u16, u8>,
    waiting: BTreeMap<u16, Waiting>,
    /// Handles that took their answer.
    spent: Vec<Token>,
    /// Links that raised a flag.
    raised: BTreeSet<u16>,
    words: BTreeSet<String>,
    guesses: BTreeMap<[u8; 16], u32>,
    standing: BTreeMap<ParticipantId, Standing>,
    codes: codes::Ledger,
    told: Vec<Event>,
}

impl Standing {
    /// Whether what raises the flag now stands beside what raised it: no flag is made of two browsers.
    fn is_continued_by(&self, by: &Raise) -> bool {
        let same_browser = self.by.browser.is_none() || self.by.browser == by.browser;
        let same_customer = self.by.customer.is_none() || by.customer.is_none() || self.by.customer == by.customer;
        same_browser && (same_customer || by.browser.is_none())
    }
}

impl Story {
    fn begin(patch: &serde_json::Value) -> Self {
        let team = Overrides::default().patch(patch.as_object().expect("a map")).expect("good settings");
        let settings = effective(&Overrides::default(), &team).expect("good settings").settings;
        let keys = Keys::from_root(&Secret::new(vec![7; 32]));
        let now = Moment(1_767_225_600_000);
        let person = |name: &str| Person { name: Some(name.to_owned()), ..Person::default() };
        let opening = open::NewInteraction {
            team: "acme".parse().expect("a name"),
            channel: "sms".parse().expect("a name"),
            conversation: "+37255512345".parse().expect("a conversation"),
            participants: vec![
                (ParticipantRole::Primary, person("one")),
                (ParticipantRole::Cosigner, person("two")),
                (ParticipantRole::Cosigner, person("three")),
            ],
            device: None,
        };
        let environment = Environment::at(&settings, &keys, now);
        let id = InteractionId::new(now, [1; 10], 7);
        let context = open::open(id, &opening, Address::default(), environment, Actor::Person, Draws::new([0; 96]));
        let Decision { interaction, address, events, .. } = context.end(Ok(()));
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
            dones: Vec::new(),
            kids: vec!["k1".parse().expect("a kid")],
            opened_by: BTreeMap::new(),
            waiting: BTreeMap::new(),
            spent: Vec::new(),
            raised: BTreeSet::new(),
            words: BTreeSet::new(),
            guesses: BTreeMap::new(),
            standing: BTreeMap::new(),
            codes: codes::Ledger::default(),
        }
    }

    /// Lets a rule decide, saves what it decided, and answers what was told to whom.
    fn context<T>(
        &mut self,
        link: Option<u16>,
        rule: impl FnOnce(&mut Context<'_>) -> Result<T, Refusal>,
    ) -> (Option<T>, Vec<Event>) {
        self.drawn += 1;
        let mut bytes = [0; 96];
        bytes
            .chunks_mut(8)
            .zip(1u64..)
            .for_each(|(chunk, n)| chunk.copy_from_slice(&(self.drawn * 97 + n).to_le_bytes()));
        let environment =
            Environment { security_keys: &self.kids, ..Environment::at(&self.settings, &self.keys, self.now) };
        let (before, address) = (self.interaction.clone(), self.address.clone());
        let mut context = Context::begin(before, address, environment, Actor::Person, Draws::new(bytes));
        context.past.link = link.and_then(|number| self.ended.get(&number).cloned());
        let told = rule(&mut context);
        let Decision { interaction, address, ended, events, outcome, .. } = context.end(told);
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
        let (shown, _) = self.interaction.participants[who].confirmations().next()?;
        Some(shown.code(self.interaction.id, &self.keys.confirmation))
    }

    /// The login whose code the participant's browser is shown.
    fn shown(&self, who: usize) -> Option<u16> {
        let links = &self.interaction.participants[who].links;
        links.iter().find(|link| link.shows_code()).map(|link| link.number)
    }

    /// What time alone does, so that what is found next was not done by anybody.
    fn settle(&mut self) {
        let (_, events) = self.context(None, |_| Ok(()));
        assert!(events.iter().all(|e| e.kind() != EventKind::Authenticated), "time raises nothing");
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
            Step::Finish { done, browser } => self.finish(*done, *browser, FinishForm::Nothing),
            Step::Name { done, browser, right } => {
                let said = if *right { "+372 5551 2345" } else { "+37255512346" };
                self.finish(*done, *browser, FinishForm::Address(said));
            }
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
            other => self.maintain(other),
        }
        self.check();
    }

    /// The acts that can raise nothing.
    fn maintain(&mut self, step: &Step) {
        let lowered = match *step {
            Step::SignOut { who } | Step::Reassign { who, .. } => Some(self.id(who)),
            _ => None,
        };
        let (_, events) = match *step {
            Step::SignOut { who } => {
                let id = self.id(who);
                self.context(None, |context| maintain::sign_out(context, Some(&id)))
            }
            Step::Presence { who, online } => {
                let id = self.id(who);
                self.context(None, |context| maintain::presence(context, Some(&id), online))
            }
            Step::Reassign { who, name } => {
                let (id, name) = (self.id(who), Some(format!("person {name}")));
                self.context(None, |context| maintain::reassign(context, &id, &Person { name, ..Person::default() }))
            }
            Step::Unlock { who } => {
                let id = self.id(who);
                self.context(None, |context| maintain::unlock(context, &id, None, "asked", true))
            }
            Step::Close => self.context(None, maintain::close),
            Step::ReportLink { link } => {
                let Some(token) = nth(&self.links, link) else { return };
                self.context(Some(token.number), |context| continue_link::report(context, &token))
            }
            Step::ReportDone { done, browser } => {
                let Some(done) = nth(&self.dones, done) else { return };
                let browser = self.browser(browser);
                self.context(Some(done.number), |context| finish::report(context, &done, &browser))
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
        let word = open::VouchedIdentity { name: name.clone(), ends_at: until, until, proof: proof(customer) };
        let (done, events) = self.context(None, |context| open::vouch(context, &word));
        let first = done.is_some() && self.words.insert(name);
        let who = self.interaction.primary().id.clone();
        let raise = Raise { who, at: self.now, browser: None, customer: Some(customer) };
        self.hear(events, first.then_some(raise));
    }

    fn issue(&mut self, who: usize, pre_chat: bool) {
        let purpose = if pre_chat { LinkPurpose::PreChat } else { LinkPurpose::MidChat };
        let request = issue::LinkRequest {
            purpose,
            participant: Some(self.id(who)),
            intent: None,
            state: None,
            landing: true,
            return_url: None,
            deliver: false,
        };
        let (issued, events) = self.context(None, |context| issue::issue(context, &request));
        self.hear(events, None);
        self.links.extend(issued.map(|issued| issued.token));
    }

    fn browser(&self, browser: u8) -> Tag {
        self.keys.form.tag(&[b"browser", &[browser]])
    }

    fn press(&mut self, link: usize, browser: u8) {
        let Some(token) = nth(&self.links, link) else { return };
        let fingerprint = self.browser(browser);
        let (continued, events) = self
            .context(Some(token.number), |context| continue_link::press_continue(context, &token, &fingerprint, None));
        self.hear(events, None);
        let Some(continued) = continued else { return };
        assert!(!self.raised.contains(&token.number), "a link that raised a flag leads nowhere");
        assert!(!self.spent.contains(&continued.handle), "a handle that took its answer is given to nobody");
        let is_new = !self.handles.contains(&continued.handle);
        let same = self.opened_by.insert(token.number, browser) == Some(browser);
        assert!(is_new || same, "another browser has a handle of its own");
        if is_new {
            self.waiting.remove(&token.number);
            self.handles.push(continued.handle);
        }
    }

    fn post_back(&mut self, handle: usize, jti: u8, customer: u8, verdict: u8) {
        let Some(handle) = nth(&self.handles, handle) else { return };
        let done = handle.done(&[&[jti, customer, verdict]], &self.keys.handle);
        let verdict = match verdict {
            0 => AssertionResult::Denied,
            1 => AssertionResult::Cancelled,
            _ => AssertionResult::Authenticated(proof(customer)),
        };
        let is_success = matches!(verdict, AssertionResult::Authenticated(_));
        let assertion = PostBack { kid: self.kids[0].clone(), jti: format!("{jti:022}"), verdict };
        let asked = self.interaction.participants.iter().find(|p| p.links.iter().any(|l| l.number == handle.number));
        let asked = asked.map(|p| p.id.clone());
        let answer = NewAnswer { handle: &handle, done: &done };
        let (accepted, events) =
            self.context(Some(handle.number), |context| postback::accept(context, answer, &assertion));
        let Some(accepted) = accepted else { return self.hear(events, None) };
        assert!(!self.spent.contains(&handle), "handle {} took two answers", handle.number);
        self.spent.push(handle.clone());
        self.dones.push(done.clone());
        let raised = accepted.status == PostBackStatus::Authenticated;
        assert!(!raised || self.settings.binding == countersign::domain::settings::BindingRule::None);
        let started = self.opened_by[&handle.number];
        if is_success && !raised {
            let at = self.now;
            self.waiting.insert(handle.number, Waiting { done, at, customer, started, finished: None });
        }
        self.raised.extend(raised.then_some(handle.number));
        let raise = asked.map(|who| Raise { who, at: self.now, browser: None, customer: Some(customer) });
        self.hear(events, raise.filter(|_| raised));
    }

    /// A browser comes to a done page. It raises a flag only where there is no chat to bring a code to, and only
    /// where it is the browser that Continue was pressed in.
    fn finish(&mut self, done: usize, browser: u8, said: FinishForm<'_>) {
        let Some(done) = nth(&self.dones, done) else { return };
        let (number, fingerprint) = (done.number, self.browser(browser));
        let asked = self.interaction.participants.iter().find(|p| p.links.iter().any(|l| l.number == number)).cloned();
        let (finished, events) =
            self.context(Some(number), |context| finish::finish(context, &done, &fingerprint, said));
        let waiting = self.waiting.get(&number).filter(|waiting| waiting.done == done).cloned();
        let may = asked.zip(waiting.clone()).filter(|(asked, waiting)| {
            asked.role != ParticipantRole::Primary
                && waiting.started == browser
                && waiting.finished.is_none_or(|b| b == browser)
        });
        let raise = may.map(|(asked, waiting)| Raise {
            who: asked.id,
            at: waiting.at,
            browser: Some(browser),
            customer: Some(waiting.customer),
        });
        let Some(finished) = finished else { return self.hear(events, None) };
        match finished.how {
            Finish::Code | Finish::Address(_) => {
                let waiting = self.waiting.get_mut(&number).expect("only what waits is shown a code");
                assert!(waiting.finished.is_none_or(|first| first == browser), "another browser has gone on");
                waiting.finished = Some(browser);
                let is_other = waiting.started != browser;
                assert!(is_other || matches!(finished.how, Finish::Code), "whoever began is not asked");
            }
            Finish::Authenticated if events.iter().any(|e| e.kind() == EventKind::Authenticated) => {
                self.raised.insert(number);
            }
            _ => {}
        }
        self.hear(events, raise);
    }

    fn forge(&mut self, handle: usize) {
        let Some(mut handle) = nth(&self.handles, handle) else { return };
        handle.secret[3] ^= 1;
        let verdict = AssertionResult::Authenticated(proof(0));
        let assertion = PostBack { kid: self.kids[0].clone(), jti: "f".repeat(22), verdict };
        let done = handle.done(&[b"forged"], &self.keys.handle);
        let answer = NewAnswer { handle: &handle, done: &done };
        let (accepted, events) =
            self.context(Some(handle.number), |context| postback::accept(context, answer, &assertion));
        assert!(accepted.is_none(), "a handle that nobody was given");
        self.hear(events, None);
    }

    fn say(&mut self, text: &str, own: bool) {
        let shown = self.interaction.participants[0].confirmations().next().map(|(shown, _)| shown.nonce);
        let right = self.code(0).filter(|code| own && code == text).and(self.shown(0));
        let sender = if own { Sender::Own } else { Sender::Unknown };
        let (_, events) = self.context(None, |context| hear::hear(context, text, sender, &Actor::Person));
        for wrong in events.iter().filter(|e| e.kind() == EventKind::ConfirmationWrong) {
            assert_eq!(wrong.participant.as_ref(), Some(&self.id(0)), "nobody answers for somebody else");
            let guesses = self.guesses.entry(shown.expect("only what is shown is guessed")).or_default();
            *guesses += 1;
            assert!(*guesses <= 3, "a login took {guesses} guesses");
        }
        assert!(own || events.is_empty(), "only the conversation's own sender is heard");
        let waiting = right.and_then(|number| Some((number, self.waiting.remove(&number)?)));
        self.raised.extend(waiting.as_ref().map(|(number, _)| *number));
        let raise = waiting.map(|(_, waiting)| {
            assert!(waiting.finished.is_some(), "a code is shown to a browser that has come back");
            Raise { who: self.id(0), at: waiting.at, browser: None, customer: Some(waiting.customer) }
        });
        self.hear(events, raise);
    }

    /// Enters what was told into the ledger; `may` is the only one whose flag may have gone up.
    fn hear(&mut self, events: Vec<Event>, may: Option<Raise>) {
        let mut raises = 0;
        self.codes.enter(&events);
        for event in &events {
            let who = event.participant.clone();
            match event.kind() {
                EventKind::Authenticated => {
                    raises += 1;
                    let may = may.clone().filter(|may| who.as_ref() == Some(&may.who));
                    let by = may.unwrap_or_else(|| panic!("{who:?} was raised, and may not"));
                    let before = self.standing.get(&by.who).filter(|before| before.is_continued_by(&by));
                    let first = before.map_or(by.at, |before| before.first);
                    let customer = by.customer.or(before.and_then(|before| before.by.customer));
                    let by = Raise { customer, ..by };
                    self.standing.insert(by.who.clone(), Standing { since: by.at, first, by });
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
        let closed = self.interaction.status != InteractionStatus::Open;
        assert!(!closed || self.standing.is_empty());
        assert!(self.interaction.deadline().is_none_or(|deadline| deadline > self.now));
        assert!(self.told.is_sorted_by_key(|event| event.at), "in the order of what happened");
        assert!(self.told.last().is_none_or(|event| event.at <= self.now));
        let ends = self.told.iter().filter(|event| event.kind() == EventKind::InteractionClosed).count();
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
                "binding": if bound { "code" } else { "none" },
                "otp": {"show_to_agents": true},
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
        told.extend(story.told.iter().map(|event| event.kind().as_str()));
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
        "link.answered",
        "proof.not_returned",
        "proof.other_browser",
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
