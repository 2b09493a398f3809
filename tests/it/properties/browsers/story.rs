//! Two people with a browser, an account and a chat each: this file carries out their acts and checks after each
//! that nobody stands for the other. The property chooses the acts and their order.

use std::time::Duration;

use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::Step;
use crate::photos::provider::{Provider, clear};
use crate::photos::{self, Person};
use crate::world::{Browser, Reply, Team, URL, Visit, World, hidden, shown_code};

const ACCOUNTS: [&str; 2] = ["stranger", "customer"];
const PHONES: [&str; 2] = ["+37255500001", "+37255500002"];
const PASSWORD: &str = "vexed lamp 7";

/// Facts that the directory has of both: name, question, right answer. Only one of the two gives the answers.
const FACTS: [(&str, &str, &str); 2] = [("first_pet", "First pet", "rex"), ("first_school", "First school", "hill")];

/// A page that anybody may have been given.
#[derive(Clone)]
struct Page {
    url: String,
    chat: usize,
    /// Which of the chat's people it is for.
    participant: usize,
    opener: String,
}

/// The team's settings, the chats' channel, and the owner of what each chat's proofs ask for.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    pub binding: &'static str,
    pub other_browser: &'static str,
    pub channel: &'static str,
    /// The method of proof at the door.
    pub first: &'static str,
    /// The gateway's own login page is the team's.
    pub hosted: bool,
    /// For each chat, the person with its phone, its PIN, the answers to its questions and its document.
    pub knows: [usize; 2],
}

impl Stage {
    pub const USUAL: Self = Self {
        binding: "auto",
        other_browser: "ask",
        channel: "webchat",
        first: "login",
        hosted: false,
        knows: [1, 1],
    };
}

pub struct Story {
    stage: Stage,
    team: Team,
    provider: Provider,
    /// Ids of the checks that the provider was asked for.
    checks: Vec<String>,
    chats: [String; 2],
    browsers: [Browser; 2],
    pages: Vec<Page>,
    visits: Vec<Visit>,
    /// Done addresses and codes, by whom they were told to.
    dones: [Vec<String>; 2],
    codes: [Vec<String>; 2],
    said: u32,
    /// How often a flag was seen raised.
    pub raised: u32,
}

impl Story {
    pub async fn begin(stage: Stage) -> Self {
        let world = World::new().await;
        let provider = Provider::start().await;
        provider.says(|_| (202, Value::Null));
        let team = team(&world, stage, &provider).await;
        let mut chats = Vec::new();
        for phone in PHONES {
            let people = json!([{"role": "primary", "phone": phone}, {"role": "cosigner", "phone": "+37255500003"}]);
            let body = json!({"channel": stage.channel, "conversation": phone, "participants": people});
            let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
            chats.push(opened["id"].as_str().expect("an id").to_owned());
        }
        Self {
            stage,
            provider,
            checks: Vec::new(),
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

    pub async fn step(&mut self, step: &Step) {
        match *step {
            Step::Link { chat, cosigner } => {
                let participant = if cosigner { "p2" } else { "p1" };
                let body = json!({"purpose": "mid_chat", "participant": participant});
                let made = self.team.bot("POST", &self.chats[chat], "/login-links", body).await;
                self.made(chat, usize::from(cosigner), &made, 201);
            }
            Step::Ask { chat, method } => {
                let body = match method {
                    "pin" => json!({"method": "pin", "pin": "004711"}),
                    "otp" => json!({"method": "otp", "deliver_to": "agent"}),
                    other => json!({ "method": other }),
                };
                let key = if method == "pin" { &self.team.agent } else { &self.team.bot };
                let made = self.team.asks(key, &self.chats[chat], body).await;
                self.made(chat, 0, &made, 202);
            }
            Step::Invite { chat } => {
                let path = format!("/v1/interactions/{}/invitations", self.chats[chat]);
                let made = self.team.world.call(&self.team.agent, "POST", &path, json!({"via": "sms"})).await;
                self.made(chat, 0, &made, 201);
            }
            Step::Continue { who, page } => self.go_on(who, page).await,
            Step::LogIn { who, visit, whose } => self.log_in(who, visit, whose).await,
            Step::Answer { who, page } => self.answer(who, page).await,
            Step::Judge { check } => {
                self.checks.extend(self.provider.got().iter().map(|asked| text(&asked["check"])));
                let Some(check) = nth(&self.checks, check) else { return };
                self.said += 1;
                let genuine = clear(&check, true);
                self.provider.calls(&self.team, &format!("call-{}", self.said), &genuine).await;
            }
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

    async fn log_in(&mut self, who: usize, visit: usize, whose: usize) {
        let Some(visit) = nth(&self.visits, visit) else { return };
        let done = if visit.url.starts_with(URL) {
            self.log_in_here(who, &visit.url, whose).await
        } else {
            let told = self.team.post_back(&visit, &self.team.assertion(&visit, ACCOUNTS[who])).await;
            text(&told.json()["continue_url"])
        };
        if done.contains("/d/") {
            self.dones[who].push(done);
        }
    }

    /// At the gateway's own login page; where it leads.
    async fn log_in_here(&mut self, who: usize, url: &str, whose: usize) -> String {
        let browser = &mut self.browsers[who];
        let mut page = browser.get(url).await;
        if page.text().contains("data-act=\"address\"") {
            let nonce = hidden(&page.text(), "nonce");
            let number = PHONES[if who == 1 { 1 } else { whose }];
            browser.post(url, &[("nonce", &nonce), ("act", "address"), ("address", number)]).await;
            page = browser.get(url).await;
        }
        let nonce = hidden(&page.text(), "nonce");
        let fields = [("nonce", &*nonce), ("act", "answer"), ("username", ACCOUNTS[who]), ("password", PASSWORD)];
        browser.post(url, &fields).await.header("location")
    }

    /// Somebody opens the page of a code that came to their phone, of a PIN or of facts that they know, or of a
    /// document that they have, and answers there.
    async fn answer(&mut self, who: usize, page: usize) {
        let asked: Vec<Page> = self.pages.iter().filter(|page| page.url.contains("/c/")).cloned().collect();
        let Some(page) = nth(&asked, page).filter(|page| self.stage.knows[page.chat] == who) else { return };
        let on = self.browsers[who].press(&page.url, "continue", "").await;
        if !on.header("location").starts_with('/') {
            return;
        }
        let form = self.browsers[who].get(&on.header("location")).await;
        let done = self.answer_form(who, &page, form).await;
        if done.contains("/d/") {
            self.dones[who].push(done);
        }
    }

    /// Fills the form in; where it leads.
    async fn answer_form(&mut self, who: usize, page: &Page, form: Reply) -> String {
        let text = form.text();
        if text.contains("data-act=\"photo\"") {
            let person = Person::with(self.browsers[who].clone(), &page.url, form);
            return person.sends(&[("front", photos::card(true))]).await.header("location");
        }
        let nonce = hidden(&text, "nonce");
        let mut fields = vec![("act", "answer".to_owned()), ("nonce", nonce), ("attempt", "one".to_owned())];
        if text.contains("name=\"answer_1\"") {
            fields.extend(answers(&text));
        } else {
            let seen = self.team.bot("GET", &self.chats[page.chat], "", Value::Null).await.expect(200);
            if seen["participants"][0]["challenge"].is_null() {
                return String::new();
            }
            let field = if text.contains("name=\"pin\"") { "pin" } else { "code" };
            fields.push((field, self.team.code(&self.chats[page.chat], 0).await));
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.browsers[who].post(&page.url, &fields).await.header("location")
    }

    fn shown(&mut self, who: usize, reply: &Reply) {
        self.is_own_entry(who, &reply.header("location"));
        if reply.text().contains("data-code") {
            self.codes[who].push(shown_code(&reply.text()));
        }
    }

    /// Nobody stands for another: by account, and by what only one of them knows or has.
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
                let known = |method: &Value| super::METHODS.iter().any(|known| method == known);
                let by_answer = flag["methods"].as_array().is_some_and(|methods| methods.iter().any(known));
                assert!(self.stage.knows[who] == who || !by_answer, "a chat by what the other answered: {flag}");
            }
        }
    }

    /// An entry token names what its own bearer has proved, and nobody else's proof.
    fn is_own_entry(&self, who: usize, location: &str) {
        let Some((_, word)) = location.split_once("cs_entry=") else { return };
        let claims = word.split('.').nth(1).and_then(from_base64url).expect("a JWT");
        let claims: Value = serde_json::from_slice(&claims).expect("claims");
        if self.stage.first == "login" {
            return assert_eq!(claims["customer"], ACCOUNTS[who], "{claims}");
        }
        let chat = self.chats.iter().position(|chat| claims["interaction"] == **chat).expect("one of the two");
        assert_eq!(self.stage.knows[chat], who, "let in by what the other answered: {claims}");
    }
}

fn nth<T: Clone>(of: &[T], n: usize) -> Option<T> {
    (!of.is_empty()).then(|| of[of.len() - 1 - n % of.len().min(4)].clone())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The team, with both as customers that can log in, and a provider that judges documents later.
async fn team(world: &World, stage: Stage, provider: &Provider) -> Team {
    let team = world.team("acme").await;
    team.channel("sms").await;
    photos::connect(&team, "house", provider).await;
    let rooms = json!({"definition": "session"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/channels/session", rooms).await.expect(201);
    let entry = json!({"require_authentication": true, "first": stage.first,
        "admit_url": "https://rooms.example.com/in"});
    team.set(json!({"binding": stage.binding, "other_browser": stage.other_browser, "lockout": {"threshold": 50},
        "entry": entry, "allowed_origins": ["https://www.example.com"],
        "kba": {"enabled": true, "ask": FACTS.map(|(name, ..)| name), "questions": 2, "must_match": 2},
        "photo_id": {"enabled": true, "provider": "house"},
        "send_budget": {"resend_after_seconds": 1, "per_destination_hour": 100}}))
        .await;
    if stage.hosted {
        team.set(json!({"authentication_url": format!("{URL}/login/acme")})).await;
    }
    team.shows_codes().await;
    let facts: Value = FACTS.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))).collect();
    for (who, account) in ACCOUNTS.iter().enumerate() {
        let phones: Vec<_> = (0..2).filter(|chat| stage.knows[*chat] == who).map(|chat| PHONES[chat]).collect();
        let mut body = json!({"name": account, "phones": phones, "facts": facts});
        if stage.hosted {
            (body["username"], body["password"]) = (json!(account), json!(PASSWORD));
        }
        let path = format!("/v1/teams/acme/customers/{account}");
        world.call(&team.admin, "PUT", &path, body).await.expect(201);
    }
    team
}

/// The right answers, each under the field that follows its question.
fn answers(page: &str) -> Vec<(&'static str, String)> {
    ["answer_1", "answer_2"]
        .into_iter()
        .filter_map(|field| {
            let before = &page[..page.find(&format!("name=\"{field}\""))?];
            let asked = FACTS.iter().max_by_key(|(_, question, _)| before.rfind(question))?;
            Some((field, asked.2.to_owned()))
        })
        .collect()
}
