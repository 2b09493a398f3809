//! Customers under failovers, and what their bot was told of each.
//!
//! A story ends at the first act that stays without an answer; up to there everything was
//! answered, and whoever reads the story afterwards knows what must be there.

use serde_json::{Value, json};

use crate::world::{Browser, LOGIN_PAGE, Reply, Team, Visit, World};

/// How a story ended before its end.
#[derive(Debug)]
pub enum End {
    /// An act was answered 503.
    Unanswered,
    /// An act was refused, as if what was answered before had never been.
    Forgotten(String),
}

/// What a customer came for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Logs in and then says wrong codes, until locked (threshold 2).
    Guesses,
    /// The same, where the first lock is a ban.
    GuessesForGood,
    /// Logs in without a code, and signs out.
    SignsOut,
}

pub const KINDS: [Kind; 3] = [Kind::Guesses, Kind::GuessesForGood, Kind::SignsOut];

/// A team for each kind.
pub async fn teams(world: &World) -> [Team; 3] {
    let settings = [
        ("locks", json!({"lockout": {"threshold": 2}})),
        ("bans", json!({"lockout": {"threshold": 2, "max_lockouts": 1}})),
        ("signs", json!({"binding": "none"})),
    ];
    let mut teams = Vec::new();
    for (name, settings) in settings {
        let team = world.team(name).await;
        team.set(settings).await;
        teams.push(team);
    }
    teams.try_into().unwrap_or_else(|_| unreachable!("three were made"))
}

/// What was answered, and what was asked beyond that.
#[derive(Debug, Default)]
pub struct Story {
    conversation: String,
    chat: Option<String>,
    /// A link that was given out, and whether Continue was asked for, and answered.
    link: Option<String>,
    continue_asked: bool,
    continued: bool,
    /// A post-back that was answered.
    posted: Option<(String, Value)>,
    wrong: u64,
    wrong_asked: u64,
    locked: Option<String>,
    up: bool,
    out_asked: bool,
    out: bool,
    /// None: every act was answered.
    pub end: Option<End>,
    /// Acts that were answered.
    pub acts: usize,
    /// Guesses, locks, bans, opened links and sign-outs among them.
    pub grave: usize,
}

fn answered(reply: Reply, good: u16) -> Result<Reply, End> {
    match reply.status {
        503 => Err(End::Unanswered),
        status if status == good => Ok(reply),
        _ => Err(End::Forgotten(reply.text())),
    }
}

impl Story {
    pub async fn told(team: &Team, kind: Kind, conversation: String) -> Self {
        let mut story = Self { conversation, ..Self::default() };
        story.end = story.go(team, kind).await.err();
        story
    }

    fn done(&mut self, grave: bool) {
        self.acts += 1;
        self.grave += usize::from(grave);
    }

    async fn go(&mut self, team: &Team, kind: Kind) -> Result<(), End> {
        let body = json!({"channel": "sms", "conversation": self.conversation,
            "participants": [{"role": "primary", "name": "Demo Customer"}]});
        let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await;
        let chat = answered(opened, 201)?.json()["id"].as_str().unwrap().to_owned();
        self.chat = Some(chat.clone());
        self.done(false);
        let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "state": "ticket-7"});
        let link = answered(team.bot("POST", &chat, "/login-links", body).await, 201)?.json();
        let link = link["url"].as_str().unwrap().to_owned();
        self.link = Some(link.clone());
        self.done(false);
        let mut browser = Browser::new(&team.world);
        let page = answered(browser.get(&link).await, 200)?;
        let nonce = crate::world::hidden(&page.text(), "nonce");
        self.continue_asked = true;
        let gone_on = browser.post(&link, &[("act", "continue"), ("nonce", &nonce), ("opener", "")]).await;
        let visit = Visit::of(&answered(gone_on, 303)?.header("location"));
        assert!(visit.url.starts_with(LOGIN_PAGE));
        self.continued = true;
        self.done(true);
        let body = json!({"assertion": team.assertion(&visit, "cust-1")});
        let path = visit.callback.strip_prefix(crate::world::URL).unwrap().to_owned();
        let told = answered(team.world.call("", "POST", &path, body.clone()).await, 200)?.json();
        self.posted = Some((path, body));
        self.done(true);
        match kind {
            Kind::SignsOut => {
                self.up = true;
                self.signs_out(team, &chat).await
            }
            Kind::Guesses | Kind::GuessesForGood => {
                let page = answered(browser.finish(told["continue_url"].as_str().unwrap()).await, 200)?;
                let code = crate::world::shown_code(&page.text());
                self.guesses(team, &chat, super::other_than(&code)).await
            }
        }
    }

    async fn signs_out(&mut self, team: &Team, chat: &str) -> Result<(), End> {
        self.out_asked = true;
        // A bot that has no answer asks once more.
        let mut reply = team.bot("POST", chat, "/sign-out", json!({})).await;
        if reply.status == 503 {
            reply = team.bot("POST", chat, "/sign-out", json!({})).await;
        }
        answered(reply, 200)?;
        self.out = true;
        self.done(true);
        Ok(())
    }

    async fn guesses(&mut self, team: &Team, chat: &str, wrong: &str) -> Result<(), End> {
        loop {
            self.wrong_asked += 1;
            let message = format!("guess-{}", self.wrong_asked);
            let mut reply = team.says(chat, &message, wrong).await;
            if reply.status == 503 {
                reply = team.says(chat, &message, wrong).await;
            }
            let heard = answered(reply, 200)?.json();
            self.wrong += 1;
            self.done(true);
            match heard["outcome"].as_str() {
                Some("wrong") => {}
                Some(locked) => {
                    self.locked = Some(locked.to_owned());
                    return Ok(());
                }
                None => return Err(End::Forgotten(heard.to_string())),
            }
        }
    }

    /// What was answered and is not there, as a node tells that reads whatever there is; and that
    /// nothing counts twice.
    pub async fn losses(&self, team: &Team) -> Vec<&'static str> {
        let Some(chat) = &self.chat else { return Vec::new() };
        let seen = team.bot("GET", chat, "", Value::Null).await;
        if seen.status == 404 {
            let lost = [(true, "conversation"), (self.continued, "opened link"), (self.posted.is_some(), "post-back")];
            let lost = lost.into_iter().chain([(self.wrong > 0, "guess"), (self.locked.is_some(), "lock")]);
            return lost.filter_map(|(was, what)| was.then_some(what)).collect();
        }
        let seen = seen.expect(200);
        let lockout = &seen["participants"][0]["lockout"];
        let mut lost = Vec::new();
        let mut check = |stands: bool, what| {
            if !stands {
                lost.push(what);
            }
        };
        if let Some(link) = &self.link {
            let live = &seen["login_link"]["status"];
            if !self.continue_asked {
                check(Browser::new(&team.world).get(link).await.status == 200, "link");
            } else if self.continued {
                check(live == "opened" || live.is_null(), "opened link");
            }
        }
        if let Some((path, body)) = &self.posted {
            check(team.world.call("", "POST", path, body.clone()).await.status == 409, "post-back");
        }
        match &self.locked {
            Some(locked) => check(lockout["status"] == **locked, "lock"),
            None if lockout["status"] == "clear" => {
                let counted = lockout["failures"].as_u64().unwrap();
                check(counted >= self.wrong, "guess");
                assert!(counted <= self.wrong_asked, "counted twice: {self:?} {lockout}");
            }
            // The last guess was counted and never answered.
            None => assert_eq!(self.wrong_asked, 2, "{self:?} {lockout}"),
        }
        let up = seen["authentication"]["authenticated"] == true;
        if self.out {
            check(!up, "sign-out");
        } else if self.up && !self.out_asked {
            check(up, "login");
        }
        lost
    }
}
