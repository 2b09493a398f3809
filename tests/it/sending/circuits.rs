//! Channels that fail for everybody: nobody is sent ahead any more, one message at a time finds out,
//! and the first that arrives opens the way for all. And accounts that may send only so fast: who is
//! early waits for its turn and is not refused.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_channels::DeliveryError::{Ambiguous, AuthBroken, Permanent, Retry};
use countersign_channels::definition::{Account, Definition, Features};
use countersign_channels::validation::FieldError;
use countersign_channels::{Channel, DeliveryError, Message, Sent};
use serde_json::{Value, json};

use super::{code_in, seconds, team_with};
use crate::stores;
use crate::world::{Team, World};

const SMS: &str = "/v1/teams/acme/channels/sms";

fn phone(n: usize) -> String {
    format!("+372555{n:05}")
}

impl Team {
    /// Somebody new is to get a code; that person's conversation.
    async fn codes_for(&self, n: usize, wish: &str) -> String {
        let mail = format!("c{n}@example.com");
        let chat = self.open_with(&format!("c{n}"), Some(&phone(n)), Some(&mail)).await;
        self.wants_code(&chat, json!({"deliver_to": wish})).await.expect(202);
        chat
    }

    async fn status(&self, chat: &str) -> String {
        let seen = self.bot("GET", chat, "", Value::Null).await.expect(200);
        seen["challenge"]["delivery"]["status"].as_str().unwrap_or_default().to_owned()
    }

    async fn of_channels(&self) -> Vec<String> {
        self.event_types().await.into_iter().filter(|kind| kind == "channel.down" || kind == "channel.up").collect()
    }
}

/// The platform is asked for nothing while it is down, save by one message now and then.
#[tokio::test]
async fn a_flapping_platform_is_left_alone_until_one_message_has_arrived() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    world.recorder.fail_next([Retry("503"), Retry("503"), Retry("503"), Retry("503"), Retry("503")]);
    let mut chats = Vec::new();
    for n in 0..5 {
        chats.push(team.codes_for(n, "sms").await);
        world.gateway.maintain().await.expect("the store is there");
    }
    assert_eq!(team.of_channels().await, ["channel.down"], "five messages failed once each");
    // Nothing would fail now; nobody is sent to find that out but one.
    for n in 5..25 {
        chats.push(team.codes_for(n, "sms").await);
    }
    assert_eq!(world.sent().await.len(), 0);
    world.pass(seconds(3)).await;
    assert_eq!(world.sent().await.len(), 0, "not yet");
    world.pass(seconds(9)).await;
    assert!(!world.sent().await.is_empty());
    assert_eq!(team.of_channels().await, ["channel.down", "channel.up"]);
    for _ in 0..8 {
        world.pass(seconds(9)).await;
    }
    assert_eq!(world.sent().await.len(), 25, "each arrives, and once");
    for chat in &chats {
        assert_eq!(team.status(chat).await, "sent");
    }
}

/// A115: who has another way does not wait for a channel that is down.
#[tokio::test]
async fn a115_what_has_another_way_takes_it_while_a_channel_is_down() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    world.recorder.fail_next([AuthBroken("401")]);
    team.codes_for(0, "auto").await;
    let first = world.sent().await;
    assert_eq!((first.len(), first[0].0.as_str()), (1, "email"));
    team.codes_for(1, "auto").await;
    team.codes_for(2, "auto").await;
    let ways: Vec<String> = world.sent().await.into_iter().map(|sent| sent.0).collect();
    assert_eq!(ways, ["email", "email", "email"]);
    let events = team.events().await;
    let lost: Vec<&Value> = events.iter().filter(|e| e["type"] == "challenge.delivery_failed").collect();
    assert_eq!((&lost[1]["data"]["reason"], &lost[1]["data"]["next"]), (&json!("channel-down"), &json!("email")));
    world.pass(seconds(7)).await;
    team.codes_for(3, "auto").await;
    assert_eq!(world.sent().await.last().expect("a message").0, "sms", "one finds out");
    assert_eq!(team.of_channels().await, ["channel.down", "channel.up"]);
}

/// A dead platform takes no try from the customer and no more than a message a minute from us.
#[tokio::test]
async fn a_dead_platform_is_asked_ever_more_rarely() {
    let world = World::new().await;
    let deaf = Deaf::default();
    let world = world.with_platform(Arc::new(deaf.clone()));
    let team = team_with(&world, &[]).await;
    world.call(&team.admin, "PUT", SMS, json!({"definition": "deaf"})).await.expect(201);
    team.set(json!({"otp": {"expires_minutes": 60}})).await;
    for n in 0..8 {
        team.codes_for(n, "sms").await;
    }
    for _ in 0..30 {
        world.pass(seconds(20)).await;
    }
    let asked = deaf.asked();
    assert!((12..=30).contains(&asked), "{asked} times in ten minutes for eight messages");
    assert_eq!(team.of_channels().await, ["channel.down"]);
    // An admin who writes the account anew is believed at once.
    world.call(&team.admin, "PUT", SMS, json!({"definition": "recorder"})).await.expect(200);
    for _ in 0..8 {
        world.pass(seconds(20)).await;
    }
    assert_eq!(world.sent().await.len(), 8);
}

/// A platform that fails as if nobody were there, and counts how often it was asked.
#[derive(Clone, Default)]
struct Deaf(Arc<std::sync::atomic::AtomicUsize>);

impl Deaf {
    fn asked(&self) -> usize {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl Definition for Deaf {
    fn name(&self) -> &str {
        "deaf"
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        Ok(Arc::new(self.clone()))
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

#[async_trait]
impl Channel for Deaf {
    fn name(&self) -> &str {
        "deaf"
    }

    async fn send(&self, _: &Message) -> Result<Sent, DeliveryError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err(Retry("unreachable"))
    }
}

/// A slow platform that answers nobody is asked for each message three times and not more.
#[tokio::test]
async fn an_answer_that_never_comes_ends_in_the_next_way() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    world.recorder.fail_next([Ambiguous, Ambiguous, Ambiguous]);
    team.codes_for(0, "auto").await;
    for _ in 0..4 {
        world.sent().await;
        world.pass(seconds(10)).await;
    }
    let sent = world.sent().await;
    assert_eq!((sent.len(), sent[0].0.as_str()), (1, "email"));
    assert_eq!(team.of_channels().await, ["channel.down"]);
}

/// One node finds out; the other knows.
#[tokio::test]
async fn two_nodes_leave_a_channel_alone_together() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let first = team_with(&world, &["sms"]).await;
    let second = Team { world: world.second_node(), ..first.clone() };
    world.recorder.fail_next([AuthBroken("401")]);
    first.codes_for(0, "sms").await;
    world.gateway.maintain().await.expect("the store is there");
    assert_eq!(first.of_channels().await, ["channel.down"]);
    world.clock.advance(seconds(1)); // what a node decides is known to all after a second
    for n in 1..9 {
        second.codes_for(n, "sms").await;
    }
    second.world.recorder.fail_next([AuthBroken("401")]);
    second.world.gateway.maintain().await.expect("the store is there");
    assert_eq!(second.world.recorder.messages().len(), 0, "one found out in vain, and the others waited");
    for _ in 0..12 {
        world.clock.advance(seconds(11));
        let (one, two) = tokio::join!(first.world.gateway.maintain(), second.world.gateway.maintain());
        one.and(two).expect("the store is there");
    }
    let all = first.world.recorder.messages().len() + second.world.recorder.messages().len();
    assert_eq!(all, 7, "the two that were refused are over, and each of the others has arrived once");
    assert_eq!(first.of_channels().await, ["channel.down", "channel.up"]);
}

async fn limited(team: &Team, per_minute: u32) {
    let body = json!({"definition": "recorder", "account": {"inbox": "sms", "max_per_minute": per_minute}});
    let made = team.world.call(&team.admin, "PUT", SMS, body).await;
    assert!([200, 201].contains(&made.status), "{}", made.text());
}

/// Ten messages at once over an account that may send one in two seconds.
#[tokio::test]
async fn who_is_early_waits_for_its_turn() {
    let world = World::new().await;
    let team = team_with(&world, &[]).await;
    limited(&team, 30).await;
    for n in 0..10 {
        team.codes_for(n, "sms").await;
    }
    assert_eq!(world.sent().await.len(), 1);
    for seen in 2..=10 {
        world.pass(Duration::from_millis(1_900)).await;
        assert_eq!(world.sent().await.len(), seen - 1);
        world.pass(Duration::from_millis(100)).await;
        assert_eq!(world.sent().await.len(), seen);
    }
    let failed = team.event_types().await.iter().filter(|kind| *kind == "challenge.delivery_failed").count();
    assert_eq!(failed, 0, "waiting is not failing");
}

/// A crowd over a fast account goes as fast as it may, and uses up no turns that it does not need.
#[tokio::test]
async fn a_crowd_over_a_fast_account_leaves_at_its_pace() {
    let world = World::new().await;
    let team = team_with(&world, &[]).await;
    limited(&team, 4_800).await;
    for n in 0..64 {
        team.codes_for(n, "sms").await;
    }
    for gone in (0_u64..800).step_by(100) {
        let sent = world.sent().await.len() as u64;
        assert!(sent <= gone * 4_800 / 60_000 + 1, "{sent} after {gone} ms");
        world.pass(Duration::from_millis(100)).await;
    }
    assert_eq!(world.sent().await.len(), 64);
    // Another node begins where the turns that were taken end: no more than a quarter of a second ahead.
    let next = Team { world: world.restarted(false).await, ..team };
    next.codes_for(64, "sms").await;
    next.world.sent().await;
    next.world.pass(Duration::from_millis(250)).await;
    assert_eq!(next.world.sent().await.len(), 1);
}

/// Nodes share what an account may send, and a node that is gone leaves nothing unsent.
#[tokio::test]
async fn nodes_share_an_account_s_limit() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let first = team_with(&world, &[]).await;
    let second = Team { world: world.second_node(), ..first.clone() };
    limited(&first, 60).await;
    for n in 0..10 {
        (if n % 2 == 0 { &first } else { &second }).codes_for(n, "sms").await;
    }
    let sent = async || {
        let (one, two) = tokio::join!(first.world.gateway.maintain(), second.world.gateway.maintain());
        one.and(two).expect("the store is there");
        first.world.recorder.messages().len() + second.world.recorder.messages().len()
    };
    assert_eq!(sent().await, 1, "the first has its turn at once");
    for seen in 2..=10 {
        world.clock.advance(seconds(1));
        assert_eq!(sent().await, seen);
    }
}

/// A turn that lies too far away is no turn for who has another way.
#[tokio::test]
async fn who_would_wait_for_more_than_a_minute_takes_the_next_way() {
    let world = World::new().await;
    let team = team_with(&world, &["email"]).await;
    limited(&team, 1).await;
    for n in 0..3 {
        team.codes_for(n, "auto").await;
        world.gateway.maintain().await.expect("the store is there");
    }
    let ways: Vec<String> = world.sent().await.into_iter().map(|sent| sent.0).collect();
    assert_eq!(ways, ["sms", "email"], "the second's turn comes within a minute, the third's does not");
    world.pass(seconds(60)).await;
    assert_eq!(world.sent().await.len(), 3);
}

/// Clocks that are set while messages wait: forward ends what is over and sends nothing old, back
/// makes nobody wait for longer than was said.
#[tokio::test]
async fn a_clock_that_is_set_keeps_nobody_waiting() {
    for step in [-3_600_000_i64, 3_600_000] {
        let world = World::new().await;
        let team = team_with(&world, &[]).await;
        limited(&team, 30).await;
        for n in 0..3 {
            team.codes_for(n, "sms").await;
        }
        assert_eq!(world.sent().await.len(), 1);
        world.clock.step(step);
        for _ in 0..4 {
            world.pass(seconds(2)).await;
        }
        let sent = world.sent().await.len();
        assert_eq!(sent, if step < 0 { 3 } else { 1 }, "{step}: a code that is over is sent to nobody");
    }
}

/// What waits behind a channel that is down is tried no longer than its code lives.
#[tokio::test]
async fn nothing_waits_longer_than_its_code() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    world.recorder.fail_next([AuthBroken("401")]);
    team.codes_for(0, "sms").await;
    world.gateway.maintain().await.expect("the store is there");
    let waits = team.codes_for(1, "sms").await;
    world.gateway.maintain().await.expect("the store is there");
    assert_eq!(team.status(&waits).await, "queued");
    world.clock.advance(seconds(181));
    assert!(world.sent().await.is_empty());
    world.pass(seconds(120)).await;
    assert!(world.sent().await.is_empty());
}

/// A trial goes whatever is known, tells how it went, and its arrival opens the way.
#[tokio::test]
async fn a_trial_finds_out_at_once() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    world.recorder.fail_next([AuthBroken("401"), Permanent("no such number")]);
    team.codes_for(0, "sms").await;
    world.gateway.maintain().await.expect("the store is there");
    team.codes_for(1, "sms").await;
    assert!(world.sent().await.is_empty());
    let trial =
        async |to: &str| world.call(&team.admin, "POST", &format!("{SMS}/test"), json!({"to": to})).await.expect(200);
    assert_eq!(trial("+37255599999").await["reason"], "no such number");
    assert_eq!(team.of_channels().await, ["channel.down"]);
    assert_eq!(trial("+37255599999").await["status"], "sent");
    assert_eq!(team.of_channels().await, ["channel.down", "channel.up"]);
    world.pass(seconds(9)).await;
    let sent = world.sent().await;
    assert_eq!((sent.len(), code_in(&sent[1].2).len()), (2, 6));
}
