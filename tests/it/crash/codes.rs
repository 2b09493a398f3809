//! Guesses at codes while the gateway is killed: what was answered is counted, and what was not is
//! counted once at most, at the challenge and at the customer's failure limit.
//!
//! Who was not answered asks again under the same message id, so that in the end each guess counts
//! exactly once: the ban must fall at the hundredth.

use std::time::Duration;

use countersign::ambient::Entropy;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Cut, Outsiders};
use super::process::Site;
use crate::length::{figure, rounds, seed};
use crate::world::ambient::SeededEntropy;
use crate::world::unique;

/// Guessers at the same time.
const GUESSERS: usize = 3;

/// Wrong answers that one code takes.
const TRIES: u64 = 10;

/// Wrong answers in a row that ban.
const MAX_FAILURES: u64 = 100;

/// Somebody who guesses at the codes of one customer, at many addresses.
struct Guesser {
    phone: String,
    /// The live challenge, and how many guesses at it were answered.
    live: Option<(String, u64)>,
    /// The guess that was asked and not answered.
    asked: Option<(String, String)>,
    answered: u64,
    banned: bool,
    /// Guesses that were cut off.
    cut: u64,
}

impl Guesser {
    fn new() -> Self {
        let phone = format!("+37255{:06}", unique() % 1_000_000);
        Self { phone, live: None, asked: None, answered: 0, banned: false, cut: 0 }
    }

    /// Guesses until the ban falls or the connection ends.
    async fn go(&mut self, team: &Outsiders) -> Result<(), Cut> {
        while !self.banned {
            let (id, at_this) = match self.live.take().filter(|(_, answered)| *answered < TRIES) {
                Some(live) => live,
                None => (self.challenge(team).await?, 0),
            };
            self.live = Some((id.clone(), at_this));
            let fresh = || (format!("m-{}", unique()), format!("{:010}", unique()));
            let (message, guess) = self.asked.take().unwrap_or_else(fresh);
            self.asked = Some((message.clone(), guess.clone()));
            let body = json!({"answer": guess, "message_id": message});
            let told = team.call(Method::POST, &format!("/v1/challenges/{id}/answers"), body).await;
            self.cut += u64::from(told.is_err());
            let told = told?.expect(200);
            (self.asked, self.answered) = (None, self.answered + 1);
            self.live = Some((id, at_this + 1));
            assert_eq!(told["tries_left"], TRIES - at_this - 1, "each guess counts once: {told}");
            let expected = if self.answered < MAX_FAILURES { "wrong" } else { "banned" };
            assert_eq!(told["outcome"], expected, "guess {}", self.answered);
            self.banned = told["outcome"] == "banned";
        }
        Ok(())
    }

    async fn challenge(&self, team: &Outsiders) -> Result<String, Cut> {
        let body = json!({"channel": "sms", "conversation": format!("guess-{}", unique()),
            "participants": [{"role": "primary", "phone": self.phone}]});
        let chat = team.call(Method::POST, "/v1/interactions", body).await?.expect(201);
        let path = format!("/v1/interactions/{}/challenges", chat["id"].as_str().expect("an id"));
        let body = json!({"method": "otp", "deliver_to": "agent"});
        let put = team.call(Method::POST, &path, body).await?.expect(202);
        Ok(put["id"].as_str().expect("an id").to_owned())
    }

    /// After a kill: the answered guesses are counted, and the other one at most once.
    async fn check(&self, team: &Outsiders) {
        let Some((id, answered)) = &self.live else { return };
        let path = format!("/v1/challenges/{id}");
        let seen = team.call(Method::GET, &path, Value::Null).await.expect("it lives").expect(200);
        let counted = TRIES - seen["tries_left"].as_u64().expect("a number");
        let most = answered + u64::from(self.asked.is_some());
        assert!((*answered..=most).contains(&counted), "{answered} were answered, {counted} are counted: {seen}");
    }
}

async fn guessed(mut guesser: Guesser, team: Outsiders) -> Guesser {
    let _ = guesser.go(&team).await; // where it is cut is what is looked at
    guesser
}

/// Lives that end by SIGKILL among guesses; then the guessers go on until they are banned.
async fn lives(site: &Site, what: &'static str, short: usize, long: usize) {
    let chance = SeededEntropy::new(seed());
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let many = json!({"otp": {"max_tries": TRIES, "length": 10, "expires_minutes": "never", "show_to_agents": true}});
    team.call(Method::PATCH, "/v1/teams/acme/settings", many).await.expect("it lives").expect(200);
    life.kill();
    let mut guessers: Vec<Guesser> = (0..GUESSERS).map(|_| Guesser::new()).collect();
    let (mut kills, mut cut, mut bans) = (0u64, 0, 0u64);
    for _ in rounds(what, short, long) {
        let life = site.serve();
        let guessing: Vec<_> = guessers.drain(..).map(|one| tokio::spawn(guessed(one, team.again()))).collect();
        let mut bytes = [0; 8];
        chance.fill(&mut bytes);
        tokio::time::sleep(Duration::from_millis(20 + u64::from_le_bytes(bytes) % 160)).await;
        life.kill();
        kills += 1;
        let life = site.serve();
        for one in guessing {
            let one = one.await.expect("every reply was the expected one");
            one.check(&team.again()).await;
            bans += u64::from(one.banned);
            cut += if one.banned { one.cut } else { 0 };
            guessers.push(if one.banned { Guesser::new() } else { one });
        }
        life.kill();
    }
    let life = site.serve();
    for one in &mut guessers {
        one.go(&team.again()).await.expect("nobody kills it now");
        bans += 1;
        cut += one.cut;
    }
    drop(life);
    assert!(cut > 0, "no kill met a guess");
    figure(
        "T1",
        format_args!("{what}: {kills} kills, {cut} guesses cut off, {bans} bans, each at the hundredth guess"),
    );
}

/// A022, A023, A025: a kill between the count and its answer gives no guess away, and takes none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a022_a023_a025_a_kill_among_guesses_counts_each_once_on_a_disk() {
    lives(&Site::embedded(), "guesses and SIGKILLs on disk", 8, 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a022_a023_a025_a_kill_among_guesses_counts_each_once_on_redis() {
    if let Some(site) = Site::redis() {
        lives(&site, "guesses and SIGKILLs on Redis", 4, 100).await;
    }
}
