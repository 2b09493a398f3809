//! The same promises asked of the whole gateway, through its router: signatures, pages and the
//! store are in it, so fewer stories are told.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use countersign::domain::proof::confirmation::LIFETIME_MINUTES;
use countersign::domain::proof::confirmation::TRIES;

use super::cases;
use crate::world::{Browser, Team, Visit, World};

#[derive(Clone, Debug)]
enum Step {
    Link,
    Continue { browser: usize },
    PostBack { fault: WrongClaim },
    SayRight,
    SayWrong,
    SignOut,
    Report,
    Pass { seconds: u64 },
}

/// What is wrong with an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WrongClaim {
    None,
    Signature,
    Audience,
    Nonce,
    Old,
}

fn step() -> impl Strategy<Value = Step> {
    let faults = [
        WrongClaim::None,
        WrongClaim::None,
        WrongClaim::None,
        WrongClaim::Signature,
        WrongClaim::Audience,
        WrongClaim::Nonce,
        WrongClaim::Old,
    ];
    prop_oneof![
        3 => Just(Step::Link),
        4 => (0..2usize).prop_map(|browser| Step::Continue { browser }),
        5 => prop::sample::select(faults.to_vec()).prop_map(|fault| Step::PostBack { fault }),
        3 => Just(Step::SayRight),
        3 => Just(Step::SayWrong),
        1 => Just(Step::SignOut),
        1 => Just(Step::Report),
        2 => prop::sample::select(vec![1u64, 59, 119, 120, 599, 600, 899, 900, 28_800]).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// What may be true, by what was answered.
struct Story {
    team: Team,
    chat: String,
    bound: bool,
    said: u32,
    link: Option<String>,
    browsers: [Browser; 2],
    visit: Option<Visit>,
    /// Where Continue was pressed last.
    pressed: usize,
    /// The present visit has its answer.
    spent: bool,
    /// On the screen of the browser that finished, for so many seconds more.
    code: Option<String>,
    code_left: u64,
    guesses: u32,
    /// The flag stands at most for so many seconds more.
    left: u64,
}

impl Story {
    async fn begin(bound: bool) -> Self {
        let world = World::new().await;
        let team = world.team("acme").await;
        let binding = if bound { "code" } else { "none" };
        team.set(json!({"binding": binding, "lockout": {"threshold": 50}})).await;
        let chat = team.open("sms", "+37255512345").await;
        let browsers = [Browser::new(&world), Browser::new(&world)];
        Self {
            team,
            chat,
            bound,
            said: 0,
            link: None,
            browsers,
            visit: None,
            pressed: 0,
            spent: false,
            code: None,
            code_left: 0,
            guesses: 0,
            left: 0,
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Link => self.issue().await,
            Step::Continue { browser } => self.press(*browser).await,
            Step::PostBack { fault } => self.post_back(*fault).await,
            Step::SayRight => {
                let code = self.code.clone().unwrap_or_else(|| "B2D3FG".to_owned());
                self.say(&code).await;
            }
            Step::SayWrong => self.say("Z9Z9ZZ").await,
            Step::SignOut => {
                self.team.bot("POST", &self.chat, "/sign-out", json!({})).await;
                (self.left, self.code) = (0, None);
            }
            Step::Report => {
                if let Some(link) = self.link.take() {
                    let reply = self.browsers[0].press(&link, "report", "").await;
                    if reply.status == 200 {
                        (self.visit, self.code) = (None, None);
                    }
                }
            }
            Step::Pass { seconds } => {
                self.team.world.pass(Duration::from_secs(*seconds)).await;
                self.left = self.left.saturating_sub(*seconds);
                self.code_left = self.code_left.saturating_sub(*seconds);
                self.code.take_if(|_| self.code_left == 0);
            }
        }
        let flag = self.team.bot("GET", &self.chat, "/authentication", Value::Null).await.expect(200);
        assert!(flag["authenticated"] == false || self.left > 0, "{flag}");
    }

    async fn issue(&mut self) {
        let asked = self.team.bot("POST", &self.chat, "/login-links", json!({"purpose": "mid_chat"})).await;
        if asked.status == 201 {
            (self.link, self.visit) = (asked.json()["url"].as_str().map(str::to_owned), None);
            (self.spent, self.code) = (false, None);
        }
    }

    async fn press(&mut self, browser: usize) {
        let Some(link) = self.link.clone() else { return };
        let reply = self.browsers[browser].press(&link, "continue", "").await;
        if reply.status == 303 {
            let visit = Visit::of(&reply.header("location"));
            let stays = self.pressed == browser && !self.spent;
            if let Some(before) = &self.visit {
                assert_eq!(before.token == visit.token, stays, "the browser that pressed last has the login");
            }
            if !stays {
                // What waited is void, in whichever browser it was.
                (self.code, self.spent) = (None, false);
            }
            (self.visit, self.pressed) = (Some(visit), browser);
        }
    }

    async fn post_back(&mut self, fault: WrongClaim) {
        let Some(visit) = self.visit.clone() else { return };
        let mut claims = self.team.claims(&visit, "cust-42");
        match fault {
            WrongClaim::Audience => claims["aud"] = json!("https://auth.example.com/p/another"),
            WrongClaim::Nonce => claims["nonce"] = json!("another"),
            WrongClaim::Old => (claims["iat"], claims["exp"]) = (json!(1_700_000_000), json!(1_700_000_060)),
            WrongClaim::None | WrongClaim::Signature => {}
        }
        let mut assertion = self.team.sign(&claims);
        if fault == WrongClaim::Signature {
            let last = if assertion.ends_with('A') { 'E' } else { 'A' };
            assertion.pop();
            assertion.push(last);
        }
        let reply = self.team.post_back(&visit, &assertion).await;
        if reply.status != 200 {
            assert!((400..500).contains(&reply.status), "{}", reply.text());
            return;
        }
        assert!(fault == WrongClaim::None && !self.spent, "{fault:?} was taken, spent: {}", self.spent);
        self.spent = true;
        let told = reply.json();
        if self.bound {
            assert_eq!(told["status"], "accepted");
            let done = told["continue_url"].as_str().expect("a URL");
            self.code = Some(self.browsers[self.pressed].code(done).await);
            (self.code_left, self.guesses) = (60 * LIFETIME_MINUTES, 0);
        } else {
            self.left = 900;
        }
    }

    async fn say(&mut self, text: &str) {
        self.said += 1;
        let heard = self.team.says(&self.chat, &format!("m{}", self.said), text).await.json();
        match heard["outcome"].as_str() {
            Some("passed") => {
                assert_eq!(self.code.take().as_deref(), Some(text), "only the right code passes, and once");
                self.left = 900;
            }
            Some("wrong") => {
                self.guesses += 1;
                assert!(self.guesses <= u32::from(TRIES), "{} guesses were compared", self.guesses);
                self.code.take_if(|_| self.guesses == u32::from(TRIES));
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(16, 400))]

    /// A001, A006, A007, A018, A021 through the router.
    #[test]
    fn whatever_people_do_the_gateway_holds(bound in any::<bool>(), steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut story = Story::begin(bound).await;
            for step in &steps {
                story.step(step).await;
            }
            let raised = story.team.event_types().await.iter().filter(|t| *t == "participant.authenticated").count();
            assert!(raised <= steps.len());
        });
    }
}
