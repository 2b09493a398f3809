//! The gateway's process, killed in the middle of its work and started again: what was answered
//! is there, and nothing is seen half done (A006, A023, A117, A138).
//!
//! The store's own promise is kept in `store_contract::crash`; here it is what people were told.

use std::time::Duration;

use countersign::ambient::Entropy;
use countersign::services::events::audit::Trail;
use serde_json::Value;

use crate::length::{figure, rounds, seed};
use crate::world::ambient::SeededEntropy;
use people::{Act, Outsiders, Story};
use process::Site;

mod codes;
pub mod people;
pub mod process;
mod sending;

/// Customers who log in at the same time, half of them with a code to say.
const CUSTOMERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a117_a_kill_loses_nothing_that_was_answered_on_a_disk() {
    lives(&Site::embedded(), "SIGKILLs on disk", 20, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a117_a_kill_loses_nothing_that_was_answered_on_redis() {
    if let Some(site) = Site::redis() {
        lives(&site, "SIGKILLs on Redis", 8, 200).await;
    }
}

/// Lives that end by SIGKILL while customers log in, and what is found after each.
async fn lives(site: &Site, what: &'static str, short: usize, long: usize) {
    let chance = SeededEntropy::new(seed());
    let life = site.serve();
    let teams =
        [Outsiders::meet(&site.url(), "bound", "code").await, Outsiders::meet(&site.url(), "unbound", "none").await];
    life.kill();
    let (mut raised, mut cut) = ([Vec::new(), Vec::new()], 0);
    for _ in rounds(what, short, long) {
        let life = site.serve();
        let customers: Vec<_> = (0..CUSTOMERS).map(|n| tokio::spawn(log_in_until_cut(teams[n % 2].again()))).collect();
        let mut bytes = [0; 8];
        chance.fill(&mut bytes);
        tokio::time::sleep(Duration::from_millis(30 + u64::from_le_bytes(bytes) % 220)).await;
        life.kill();

        let life = site.serve();
        for (n, customer) in customers.into_iter().enumerate() {
            let team = teams[n % 2].again();
            for story in customer.await.expect("every reply was the expected one") {
                check(&team, &story).await;
                raised[n % 2].extend(story.chat.clone().filter(|_| story.raised()));
                cut += usize::from([story.post_back, story.wrong, story.right].contains(&Act::Asked));
            }
        }
        life.kill(); // also while the relay is at work: A138
    }
    let life = site.serve();
    for (team, raised) in teams.iter().zip(&raised) {
        assert!(!raised.is_empty(), "the customers did something");
        follow_trail(&team.again(), raised).await;
    }
    drop(life);
    let answered: usize = raised.iter().map(Vec::len).sum();
    figure("T1", format_args!("{what}: nothing of {answered} answered logins lost, {cut} cut in the middle of an act"));
}

async fn log_in_until_cut(team: Outsiders) -> Vec<Story> {
    let mut stories = Vec::new();
    loop {
        let mut story = Story::default();
        let cut = story.go(&team).await.is_err();
        stories.push(story);
        if cut {
            return stories;
        }
    }
}

/// What must be there of a story, and what must not be there by half.
async fn check(team: &Outsiders, story: &Story) {
    let Some(chat) = &story.chat else { return };
    let seen = team.interaction(chat).await.expect("it lives").expect(200);
    assert_eq!(seen["status"], "open", "{story:?}");
    if story.link.is_none() {
        return;
    }
    let up = seen["authentication"]["authenticated"] == true;
    let live = &seen["login_link"]["status"];
    // A login that was answered has raised its flag, or waits for its browser or its code.
    let answered = up || live == "answered";
    assert_eq!(live.is_null(), up, "a link lives until its flag is up: {story:?} {seen}");
    assert!(story.visit.is_none() || live != "issued", "{story:?} {seen}");
    match story.post_back {
        Act::Unasked => assert!(!answered, "{story:?} {seen}"),
        Act::Asked => {}
        Act::Done => assert!(answered, "{story:?} {seen}"),
    }
    if story.raised() {
        assert!(up, "{story:?} {seen}");
    }
    check_guesses(story, &seen, up);
    replay(team, story, answered).await;
    say_again(team, story, chat, up).await;
}

/// A023: an answered guess is counted; success forgets it.
fn check_guesses(story: &Story, seen: &Value, up: bool) {
    let failures = seen["participants"][0]["lockout"]["failures"].as_u64().expect("a number");
    match story.wrong {
        _ if up => assert_eq!(failures, 0, "{story:?}"),
        Act::Unasked => assert_eq!(failures, 0, "{story:?}"),
        Act::Asked => assert!(failures <= 1, "{story:?}"),
        Act::Done => assert_eq!(failures, 1, "{story:?}"),
    }
}

/// A006: after the restart, too, an assertion counts once.
async fn replay(team: &Outsiders, story: &Story, answered: bool) {
    let (Some(visit), Some(assertion)) = (&story.visit, &story.assertion) else { return };
    let again = team.posts_back(visit, assertion).await.expect("it lives");
    let code = again.json()["code"].clone();
    if answered {
        assert_eq!((again.status, code.as_str()), (409, Some("replayed")), "{story:?}");
    } else {
        assert_eq!(again.status, 200, "{story:?} {}", again.text);
    }
}

/// The right code passes once, whether or not its first reply was lost.
async fn say_again(team: &Outsiders, story: &Story, chat: &str, up: bool) {
    let Some(code) = &story.code else { return };
    let heard = team.says(chat, "m3", code).await.expect("it lives").expect(200);
    if up {
        assert_eq!(heard["consumed"], false, "{story:?}");
    } else {
        assert_eq!(heard["outcome"], "passed", "{story:?}");
    }
    if story.right != Act::Unasked && up {
        // The bot's own repetition of the message gets the reply that may have been lost.
        assert_eq!(team.says(chat, "m2", code).await.expect("it lives").expect(200)["outcome"], "passed");
    }
}

/// A138: the chain holds over every kill; every flag that was answered to be up still is, after
/// all those lives, and stands in the trail once.
async fn follow_trail(team: &Outsiders, raised: &[String]) {
    tokio::time::sleep(Duration::from_secs(1)).await; // what waits is relayed
    let trail = team.trail().await;
    let told = |chat: &String| {
        let entries = trail["items"].as_array().expect("a list").iter();
        entries.filter(|e| e["action"] == "participant.authenticated" && e["object"]["interaction"] == **chat).count()
    };
    for chat in raised {
        assert_eq!(told(chat), 1, "{chat}");
        let seen = team.interaction(chat).await.expect("it lives").expect(200);
        assert_eq!(seen["authentication"]["authenticated"], true, "{chat}");
    }
    let trail: Trail = serde_json::from_value(trail).expect("a trail");
    trail.verify().expect("every entry is in its place");
}
