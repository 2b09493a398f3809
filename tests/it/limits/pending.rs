//! A133: links that are made and never used. One of a participant's lives, the others become small
//! records on disk that go after a day; memory knows nothing of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Honest, Target, Waited};
use crate::crash::people::Outsiders;
use crate::length::{Progress, figure, is_long};
use crate::stores;
use crate::world::{Browser, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// On the store on disk: each new link takes the place of the last, which is told apart from one
/// that never was for a day, and is then gone.
#[tokio::test]
async fn a133_of_links_without_number_one_lives() {
    let world = World::on(stores::disk().await.expect("there is a disk"));
    let team = world.team("acme").await;
    team.set(json!({"interaction_timeout_minutes": 10_080, "absolute_timeout_minutes": 10_080})).await;
    let mut made = Vec::new();
    for n in 0..4 {
        let chat = team.open("sms", &format!("+3725550000{n}")).await;
        for _ in 0..60 {
            made.push((chat.clone(), team.link(&chat).await["url"].as_str().unwrap().to_owned()));
        }
    }
    let mut browser = Browser::new(&world);
    let mut status = async |url: &str| browser.get(url).await.status;
    for (n, (_, url)) in made.iter().enumerate() {
        assert_eq!(status(url).await, if n % 60 == 59 { 200 } else { 410 }, "link {n}");
    }
    let seen = team.bot("GET", &made[0].0, "", Value::Null).await.expect(200).to_string();
    assert!(seen.len() < 2_000, "an interaction does not grow with its links: {seen}");
    world.pass(Duration::from_secs(600)).await;
    for (_, url) in made.iter().skip(59).step_by(60) {
        assert_eq!(status(url).await, 410, "its time is over");
    }
    world.pass(DAY + Duration::from_secs(1)).await;
    world.gateway.maintenance.keep_house().await.unwrap();
    for (n, (_, url)) in made.iter().enumerate() {
        assert_eq!(status(url).await, 404, "link {n} is forgotten");
    }
}

/// A million links over ten thousand conversations, through HTTP, in the binary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a133_a_million_pending_links_fit_into_memory() {
    if !is_long() {
        return; // the short form is the one above
    }
    const CHATS: usize = 10_000;
    const LINKS: usize = 100;
    let target = Target::binary();
    let url = target.process.as_ref().unwrap().0.url();
    let people = Outsiders::meet(&url, "acme", "none").await;
    let settings = json!({"link": {"ttl_minutes": 1}});
    people.call(Method::PATCH, "/v1/teams/acme/settings", settings).await.expect("it lives").expect(200);
    let before = target.holds().unwrap();
    let honest = Honest::asks(target.address, "/livez");
    let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut bots = JoinSet::new();
    for _ in 0..32 {
        let (people, next) = (people.clone(), next.clone());
        bots.spawn(async move {
            let mut took = Vec::new();
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= CHATS {
                    return took;
                }
                let chat = people.opens(&format!("+3725{n:07}")).await.expect("it lives");
                for _ in 0..LINKS {
                    let (path, began) = (format!("/v1/interactions/{chat}/login-links"), Instant::now());
                    let made = people.call(Method::POST, &path, json!({"purpose": "mid_chat"})).await;
                    made.expect("it lives").expect(201);
                    took.push(began.elapsed());
                }
            }
        });
    }
    let mut most = before.memory;
    let mut progress = Progress::of("links", CHATS * LINKS);
    while next.load(Relaxed) < CHATS + 32 {
        progress.at(next.load(Relaxed).min(CHATS) * LINKS);
        most = most.max(target.holds().unwrap().memory);
        sleep(Duration::from_secs(1)).await;
    }
    let mut took: Vec<Duration> = bots.join_all().await.concat();
    took.sort();
    let (made, made_in) = (Waited(took), began.elapsed());
    let ttl = Instant::now();
    while ttl.elapsed() < Duration::from_secs(120) {
        most = most.max(target.holds().unwrap().memory);
        sleep(Duration::from_secs(1)).await;
    }
    let (after, waited) = (target.holds().unwrap(), honest.waited().await);
    figure(
        "T10",
        format_args!(
            "1,000,000 links over 10,000 conversations in {made_in:.0?}: {made}; memory {} MiB at the start, \
             at most {most}, {} two minutes later; others {waited}",
            before.memory, after.memory
        ),
    );
    assert!(most <= 512, "{most} MiB");
}
