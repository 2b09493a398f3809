//! What time tells: two kinds of the same question, mixed at random, and whether how long each takes
//! tells them apart (Welch's t, as dudect has it: beyond 4.5 it does). A figure and no verdict, since
//! a busy machine tells more than the code does; the long form only.

use std::hint::black_box;
use std::time::Duration;

use countersign::ambient::Entropy;
use countersign::domain::base::id::InteractionId;
use countersign::domain::proof::methods::check::{Judgement, TypedText};
use countersign::domain::secret::base64url;
use countersign::domain::secret::token::Token;
use countersign::domain::time::Moment;
use serde_json::Value;
use tokio::time::Instant;

use crate::length::{figure, is_long, seed};
use crate::world::ambient::SeededEntropy;
use crate::world::{URL, World};

/// Samples of a comparison, and of a request.
const COMPARED: usize = 1_000_000;
const ASKED: usize = 40_000;

/// Two kinds of samples.
#[derive(Default)]
struct Kinds([Vec<f64>; 2]);

impl Kinds {
    fn add(&mut self, kind: usize, took: Duration) {
        self.0[kind].push(took.as_secs_f64() * 1e9);
    }

    /// Welch's t without the slowest tenth, which the machine made slow; and how far the means are apart.
    fn told(mut self) -> String {
        let mut all: Vec<f64> = self.0.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        let slow = all[all.len() * 9 / 10];
        self.0.iter_mut().for_each(|kind| kind.retain(|took| *took <= slow));
        let [first, second] = self.0.map(|kind| {
            let n = kind.len() as f64;
            let mean = kind.iter().sum::<f64>() / n;
            let variance = kind.iter().map(|took| (took - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (n, mean, variance)
        });
        let t = (first.1 - second.1) / (first.2 / first.0 + second.2 / second.0).sqrt();
        format!("t = {t:.2}, means {:.0} ns apart, {} samples", (first.1 - second.1).abs(), all.len())
    }
}

/// Which kind comes next.
struct Coin(SeededEntropy);

impl Coin {
    fn toss(&self) -> usize {
        let mut byte = [0; 1];
        self.0.fill(&mut byte);
        usize::from(byte[0] & 1)
    }
}

/// A054: wrong codes whose first digits are right, and one whose digits are all wrong.
#[tokio::test]
async fn a054_how_many_digits_are_right_takes_no_time() {
    if !is_long() {
        return;
    }
    let coin = Coin(SeededEntropy::new(seed()));
    let team = World::new().await.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    team.otp(&chat).await;
    let (id, code): (InteractionId, _) = (chat.parse().expect("an id"), team.code(&chat, 0).await);
    let held = team.world.gateway.conversations.interaction(id, None).await.expect("it is there");
    let mut live = held.interaction.primary().challenge.clone().expect("it lives");
    let key = &team.world.gateway.engine.keys().code;
    let wrong = crate::world::Team::wrong(&code);
    for right in [1, 3, 5] {
        let near = format!("{}{}", &code[..right], &wrong[right..]);
        let said = [&wrong, &near].map(|text| live.prompt().candidate(TypedText::Text(text)).expect("digits"));
        let mut kinds = Kinds::default();
        for _ in 0..COMPARED {
            let kind = coin.toss();
            let began = Instant::now();
            let judged = black_box(live.judge(black_box(&said[kind]), id, key, Moment(0), &[]));
            kinds.add(kind, began.elapsed());
            assert!(matches!(judged, Ok(Judgement::Wrong)));
        }
        figure("timing", format_args!("a wrong code with {right} right digits and one with none: {}", kinds.told()));
    }
}

/// A053: a challenge that is there and one that never was, by id and by a page's token whose secret
/// is wrong.
#[tokio::test]
async fn a053_what_is_there_and_what_never_was_take_the_same_time() {
    if !is_long() {
        return;
    }
    let coin = Coin(SeededEntropy::new(seed()));
    let team = World::new().await.team("acme").await;
    let stranger = team.world.team("beta").await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let known = live["id"].as_str().expect("an id").to_owned();
    // Another conversation's id in the same partition, which nobody has opened.
    let (name, last) = known.split_at(35);
    let other = format!("{name}{}{}", if last.starts_with('0') { '1' } else { '0' }, &last[1..]);
    let mut kinds = Kinds::default();
    for _ in 0..ASKED {
        let kind = coin.toss();
        let path = format!("/v1/challenges/{}", [&known, &other][kind]);
        let began = Instant::now();
        let reply = stranger.world.call(&stranger.bot, "GET", &path, Value::Null).await;
        kinds.add(kind, began.elapsed());
        reply.refused(404, "not-found");
    }
    figure("timing", format_args!("another team's challenge and one that never was, by id: {}", kinds.told()));

    let url = live["page_url"].as_str().expect("a URL");
    let page = url.strip_prefix(&format!("{URL}/c/")).and_then(Token::parse).expect("a token");
    let unknown =
        Token { interaction: other.split('.').next().expect("an id").parse().expect("an id"), ..page.clone() };
    let mut kinds = Kinds::default();
    for _ in 0..ASKED {
        let (kind, mut secret) = (coin.toss(), [0; 16]);
        coin.0.fill(&mut secret);
        let token = Token { secret, ..[&page, &unknown][kind].clone() };
        let began = Instant::now();
        let found = team.world.gateway.challenges.code_page_by_token(&token).await;
        kinds.add(kind, began.elapsed());
        assert!(found.is_err(), "{} opens nothing", base64url(&secret));
    }
    figure("timing", format_args!("a page's token with a wrong secret and one of nobody's: {}", kinds.told()));
}
