//! Two people, each with a browser, an account and a chat of their own, and every address handed on. In no order of
//! acts is the stranger's chat authenticated as the customer, nor the customer's as the stranger, as long as codes
//! and done addresses stay with whom they were shown to.

use std::time::Duration;

use countersign::domain::secret::from_base64url;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::cases;
use crate::world::{Browser, Reply, Team, Visit, World, hidden, shown_code};

const ACCOUNTS: [&str; 2] = ["stranger", "customer"];
const PHONES: [&str; 2] = ["+37255500001", "+37255500002"];

#[derive(Clone, Debug)]
enum Step {
    /// The bot sends a login link into somebody's chat, to the primary or to a cosigner.
    Link {
        chat: usize,
        cosigner: bool,
    },
    /// The bot asks for a code or a PIN, which one of the two knows, on a page.
    Ask {
        chat: usize,
        pin: bool,
    },
    /// Somebody is invited by text message, and has to prove something at the door.
    Invite {
        chat: usize,
    },
    /// Somebody presses Continue on any page, in the chat's own window where it is theirs.
    Continue {
        who: usize,
        page: usize,
    },
    /// Somebody logs in at any signed address, with their own account.
    LogIn {
        who: usize,
        visit: usize,
    },
    /// Somebody answers on a page, where they know the code or the PIN.
    Answer {
        who: usize,
        page: usize,
    },
    /// Somebody comes to a done page that they were led to.
    Return {
        who: usize,
        done: usize,
    },
    /// Somebody says which number they chat with.
    Name {
        who: usize,
        done: usize,
        whose: usize,
    },
    /// Somebody types a code that they were shown into their own chat.
    Say {
        who: usize,
        code: usize,
    },
    Report {
        who: usize,
        page: usize,
    },
    SignOut {
        chat: usize,
    },
    Pass {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..2usize, 0..32usize);
    prop_oneof![
        4 => (who.clone(), prop::bool::weighted(0.2)).prop_map(|(chat, cosigner)| Step::Link { chat, cosigner }),
        2 => (who.clone(), any::<bool>()).prop_map(|(chat, pin)| Step::Ask { chat, pin }),
        1 => who.clone().prop_map(|chat| Step::Invite { chat }),
        7 => (who.clone(), some.clone()).prop_map(|(who, page)| Step::Continue { who, page }),
        7 => (who.clone(), some.clone()).prop_map(|(who, visit)| Step::LogIn { who, visit }),
        4 => (who.clone(), some.clone()).prop_map(|(who, page)| Step::Answer { who, page }),
        7 => (who.clone(), some.clone()).prop_map(|(who, done)| Step::Return { who, done }),
        2 => (who.clone(), some.clone(), 0..2usize).prop_map(|(who, done, whose)| Step::Name { who, done, whose }),
        6 => (who.clone(), some.clone()).prop_map(|(who, code)| Step::Say { who, code }),
        1 => (who.clone(), some).prop_map(|(who, page)| Step::Report { who, page }),
        1 => who.prop_map(|chat| Step::SignOut { chat }),
        2 => prop::sample::select(vec![1u64, 29, 61, 119, 121, 601]).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// A page that anybody may have been given.
#[derive(Clone)]
struct Page {
    url: String,
    chat: usize,
    /// Which of the chat's people it is for.
    participant: usize,
    opener: String,
}

/// What a team has set, where the chats are, and who knows what is asked for.
#[derive(Clone, Copy, Debug)]
struct Stage {
    binding: &'static str,
    other_browser: &'static str,
    channel: &'static str,
    /// What has to be proved at the door.
    first: &'static str,
    /// Who has the phone that each chat's codes go to, and the PIN that was agreed for it.
    knows: [usize; 2],
}

impl Stage {
    const USUAL: Self =
        Self { binding: "auto", other_browser: "ask", channel: "webchat", first: "login", knows: [1, 1] };
}

struct Story {
    stage: Stage,
    team: Team,
    chats: [String; 2],
    browsers: [Browser; 2],
    pages: Vec<Page>,
    visits: Vec<Visit>,
    /// Done addresses and codes, by whom they were told to.
    dones: [Vec<String>; 2],
    codes: [Vec<String>; 2],
    said: u32,
    /// The code of a page was answered for the stranger's chat.
    raised: u32,
}

impl Story {
    async fn begin(stage: Stage) -> Self {
        let world = World::new().await;
        let team = world.team("acme").await;
        team.channel("sms").await;
        let rooms = json!({"definition": "session"});
        world.call(&team.admin, "PUT", "/v1/teams/acme/channels/session", rooms).await.expect(201);
        let entry = json!({"require_authentication": true, "first": stage.first,
            "admit_url": "https://rooms.example.com/in"});
        team.set(json!({"binding": stage.binding, "other_browser": stage.other_browser,
            "lockout": {"threshold": 50}, "entry": entry, "allowed_origins": ["https://www.example.com"],
            "send_budget": {"resend_after_seconds": 1, "per_destination_hour": 100}}))
            .await;
        team.shows_codes().await;
        let mut chats = Vec::new();
        for phone in PHONES {
            let people = json!([{"role": "primary", "phone": phone}, {"role": "cosigner", "phone": "+37255500003"}]);
            let body = json!({"channel": stage.channel, "conversation": phone, "participants": people});
            let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
            chats.push(opened["id"].as_str().expect("an id").to_owned());
        }
        Self {
            stage,
            chats: chats.try_into().expect("two"),
            browsers: [Browser::new(&world), Browser::new(&world)],
            team,
            pages: Vec::new(),
            visits: Vec::new(),
            dones: [Vec::new(), Vec::new()],
            codes: [Vec::new(), Vec::new()],
            said: 0,
            raised: 0,
        }
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Link { chat, cosigner } => {
                let participant = if cosigner { "p2" } else { "p1" };
                let body = json!({"purpose": "mid_chat", "participant": participant});
                let made = self.team.bot("POST", &self.chats[chat], "/login-links", body).await;
                self.made(chat, usize::from(cosigner), &made, 201);
            }
            Step::Ask { chat, pin } => {
                let body = match pin {
                    true => json!({"method": "pin", "pin": "004711"}),
                    false => json!({"method": "otp", "deliver_to": "agent"}),
                };
                let made = self.team.bot("POST", &self.chats[chat], "/challenges", body).await;
                self.made(chat, 0, &made, 202);
            }
            Step::Invite { chat } => {
                let path = format!("/v1/interactions/{}/invitations", self.chats[chat]);
                let made = self.team.world.call(&self.team.agent, "POST", &path, json!({"via": "sms"})).await;
                self.made(chat, 0, &made, 201);
            }
            Step::Continue { who, page } => self.go_on(who, page).await,
            Step::LogIn { who, visit } => {
                let Some(visit) = nth(&self.visits, visit) else { return };
                let told = self.team.post_back(&visit, &self.team.assertion(&visit, ACCOUNTS[who])).await;
                if let Some(done) = told.json()["continue_url"].as_str() {
                    self.dones[who].push(done.to_owned());
                }
            }
            Step::Answer { who, page } => self.answer(who, page).await,
            Step::Return { who, done } => {
                let Some(done) = nth(&self.dones[who], done) else { return };
                let reply = self.browsers[who].finish(&done).await;
                self.shown(who, &reply);
            }
            Step::Name { who, done, whose } => {
                // The customer is asked for their own number, and tells it; the stranger tells whatever they like.
                let (Some(done), whose) = (nth(&self.dones[who], done), if who == 1 { 1 } else { whose }) else {
                    return;
                };
                let nonce = hidden(&self.browsers[who].finish(&done).await.text(), "nonce");
                let fields = [("act", "address"), ("nonce", nonce.as_str()), ("address", PHONES[whose])];
                let reply = self.browsers[who].post(&done, &fields).await;
                self.shown(who, &reply);
            }
            Step::Say { who, code } => {
                let Some(code) = nth(&self.codes[who], code) else { return };
                self.said += 1;
                self.team.says(&self.chats[who], &format!("m{}", self.said), &code).await;
            }
            Step::Report { who, page } => {
                let Some(page) = nth(&self.pages, page) else { return };
                self.browsers[who].press(&page.url, "report", "").await;
                let lift = format!("/v1/interactions/{}/participants/p1/unlock", self.chats[page.chat]);
                self.team.world.call(&self.team.agent, "POST", &lift, json!({"reason": "asked"})).await;
            }
            Step::SignOut { chat } => drop(self.team.bot("POST", &self.chats[chat], "/sign-out", json!({})).await),
            Step::Pass { seconds } => self.team.world.pass(Duration::from_secs(seconds)).await,
        }
        self.check().await;
    }

    fn made(&mut self, chat: usize, participant: usize, made: &Reply, status: u16) {
        if made.status == status {
            let (made, name) = (made.json(), if status == 202 { "page_url" } else { "url" });
            let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
            self.pages.push(Page { url: text(name), chat, participant, opener: text("opener_secret") });
        }
    }

    async fn go_on(&mut self, who: usize, page: usize) {
        let Some(page) = nth(&self.pages, page) else { return };
        // A window vouches for its own chat, and a cosigner has none.
        let opener = if page.chat == who && page.participant == 0 { page.opener.as_str() } else { "" };
        let reply = self.browsers[who].press(&page.url, "continue", opener).await;
        let to = reply.header("location");
        self.is_own_entry(who, &to);
        if to.contains("cs_token=") {
            self.visits.push(Visit::of(&to));
        }
    }

    /// Somebody opens the page of a code that came to their phone, or of a PIN that they know, and types it there.
    async fn answer(&mut self, who: usize, page: usize) {
        let asked: Vec<Page> = self.pages.iter().filter(|page| page.url.contains("/c/")).cloned().collect();
        let Some(page) = nth(&asked, page).filter(|page| self.stage.knows[page.chat] == who) else { return };
        let code = async |story: &Self| {
            let seen = story.team.bot("GET", &story.chats[page.chat], "", Value::Null).await.expect(200);
            match seen["participants"][0]["challenge"].is_null() {
                true => None,
                false => Some(story.team.code(&story.chats[page.chat], 0).await),
            }
        };
        let on = self.browsers[who].press(&page.url, "continue", "").await;
        let Some(code) = code(self).await.filter(|_| on.header("location").starts_with('/')) else { return };
        let form = self.browsers[who].get(&on.header("location")).await.text();
        let (nonce, field) = (hidden(&form, "nonce"), if form.contains("name=\"pin\"") { "pin" } else { "code" });
        let fields = [("act", "answer"), ("nonce", nonce.as_str()), ("attempt", "one"), (field, code.as_str())];
        let done = self.browsers[who].post(&page.url, &fields).await.header("location");
        if done.contains("/d/") {
            self.dones[who].push(done);
        }
    }

    fn shown(&mut self, who: usize, reply: &Reply) {
        self.is_own_entry(who, &reply.header("location"));
        if reply.text().contains("data-code") {
            self.codes[who].push(shown_code(&reply.text()));
        }
    }

    /// Nobody stands for another: by account, and by a code or a PIN that only one of them knows.
    async fn check(&mut self) {
        for (who, chat) in self.chats.iter().enumerate() {
            let seen = self.team.bot("GET", chat, "", Value::Null).await.expect(200);
            let id = |n: usize| seen["participants"][n]["authentication"]["customer"]["id"].as_str();
            assert!(id(0).is_none() || id(0) != id(1), "one customer is two people: {seen}");
            for participant in seen["participants"].as_array().expect("people") {
                let flag = &participant["authentication"];
                if flag["authenticated"] != true {
                    continue;
                }
                self.raised += 1;
                // A cosigner, and whoever is at a page without a chat, is who proved themselves there; the flag says
                // that it stands for that browser alone.
                if participant["role"] == "cosigner" || self.stage.channel == "session" {
                    assert_eq!(flag["binding"], "browser", "{participant}");
                    continue;
                }
                let id = flag["customer"]["id"].as_str();
                assert!(id.is_none_or(|id| id == ACCOUNTS[who]), "the chat of the {}: {flag}", ACCOUNTS[who]);
                let known = |method: &Value| ["otp", "pin"].iter().any(|known| method == known);
                let by_code = flag["methods"].as_array().is_some_and(|methods| methods.iter().any(known));
                assert!(self.stage.knows[who] == who || !by_code, "a chat by the other's code or PIN: {flag}");
            }
        }
    }

    /// Whoever is let in carries a word of what they have proved themselves.
    fn is_own_entry(&self, who: usize, location: &str) {
        let Some((_, word)) = location.split_once("cs_entry=") else { return };
        let claims = word.split('.').nth(1).and_then(from_base64url).expect("a JWT");
        let claims: Value = serde_json::from_slice(&claims).expect("claims");
        if self.stage.first == "login" {
            return assert_eq!(claims["customer"], ACCOUNTS[who], "{claims}");
        }
        let chat = self.chats.iter().position(|chat| claims["interaction"] == **chat).expect("one of the two");
        assert_eq!(self.stage.knows[chat], who, "let in by the other's code: {claims}");
    }
}

fn nth<T: Clone>(of: &[T], n: usize) -> Option<T> {
    (!of.is_empty()).then(|| of[of.len() - 1 - n % of.len().min(4)].clone())
}

fn told(stage: Stage, steps: &[Step]) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut story = Story::begin(stage).await;
        for step in steps {
            story.step(step).await;
        }
        story.raised
    })
}

fn stages() -> impl Strategy<Value = Stage> {
    let binding = prop::sample::select(vec!["auto", "auto", "code", "opener"]);
    let other_browser = prop::sample::select(vec!["ask", "ask", "refuse"]);
    let channel = prop::sample::select(vec!["webchat", "webchat", "sms", "telegram", "session"]);
    let first = prop::sample::select(vec!["login", "otp"]);
    let knows = prop::sample::select(vec![[1, 1], [0, 1], [0, 0]]);
    (binding, other_browser, channel, first, knows).prop_map(|(binding, other_browser, channel, first, knows)| Stage {
        binding,
        other_browser,
        channel,
        first,
        knows,
    })
}

proptest! {
    #![proptest_config(cases(24, 400))]

    /// A001 for logins, codes and PINs, at pages and at doors, for primaries and cosigners. Questions and documents
    /// go the same way; they have tests of their own.
    #[test]
    fn a001_nobodys_chat_is_authenticated_as_somebody_else(
        stage in stages(),
        steps in prop::collection::vec(step(), 10..60),
    ) {
        told(stage, &steps);
    }
}

/// The acts do lead to flags, or nothing would be tried.
#[test]
fn the_two_come_to_flags_of_their_own() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let raised: u32 = (0..12)
        .map(|_| {
            let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).expect("steps").current();
            told(Stage::USUAL, &steps)
        })
        .sum();
    assert!(raised > 0);
}
