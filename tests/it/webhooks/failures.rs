//! Receivers that fail: what waits keeps its order, what is given up can be looked at and sent again, and
//! one that is down holds nobody else up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign::ambient::Clock as _;
use countersign::store::{Batch, CommitOutcome, Store, StoreError};
use serde_json::{Value, json};

use super::receiver::{Got, Receiver};
use super::{HOUR, MINUTE, acme, text};
use crate::ports::free_port;
use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::ambient::FixedClock;
use crate::world::{Team, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A store that does less than it is asked.
struct Faults {
    /// Commits that are still made.
    commits: AtomicUsize,
    /// For how long the next commit of a course is under way.
    slow: Mutex<Option<(Arc<FixedClock>, Duration)>>,
    /// Whether single events of a stream cannot be read.
    unread: AtomicBool,
}

fn away() -> StoreError {
    StoreError::Away("an error of the test".to_owned())
}

/// A world over such a store.
async fn faulty() -> (World, Arc<Around<Faults>>) {
    let stand = stores::memory().await.expect("memory is always there");
    let (commits, unread) = (AtomicUsize::new(usize::MAX), AtomicBool::new(false));
    let before = Faults { commits, slow: Mutex::default(), unread };
    let store = Arc::new(Around { store: stand.store.clone(), before });
    (World::on(stand.behind(store.clone())), store)
}

#[async_trait]
impl Before for Faults {
    async fn commit(&self, store: &dyn Store, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let left = self.commits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| away())?;
        let is_cursor = batch.put.iter().any(|put| put.name.starts_with("v/"));
        let outcome = store.commit(batch).await;
        if is_cursor && let Some((clock, span)) = self.slow.lock().expect("nobody panicked").take() {
            clock.advance(span);
        }
        outcome
    }

    fn lists(&self, index: &str, limit: usize) -> Result<(), StoreError> {
        let is_one_event = limit == 1 && index.starts_with("s/");
        if is_one_event && self.unread.load(Ordering::SeqCst) { Err(away()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn events_of_one_interaction_keep_their_order_and_others_pass_by() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened", "link.issued", "interaction.closed"])).await;
    let (slow, quick) = (team.open("sms", "slow").await, team.open("sms", "quick").await);
    let failing = slow.clone();
    receiver.answers(move |got| (if got.interaction() == failing { 503 } else { 204 }, None));
    for chat in [&slow, &quick] {
        team.link(chat).await;
        team.bot("POST", chat, "/close", json!({})).await.expect(200);
    }
    team.tended().await;
    let got = receiver.got();
    let of = |id: &str| -> Vec<String> { got.iter().filter(|one| one.interaction() == id).map(Got::kind).collect() };
    assert_eq!(of(&quick), ["interaction.opened", "link.issued", "interaction.closed"]);
    assert_eq!(of(&slow), ["interaction.opened"], "what comes after it waits for it");
    let first = got.iter().find(|one| one.interaction() == slow).expect("it was tried").id().to_owned();
    world.pass(Duration::from_secs(3)).await;
    assert_eq!(receiver.got().len(), 0, "it waits a little");
    world.pass(Duration::from_secs(4)).await;
    let again = receiver.got();
    assert_eq!((again.len(), again[0].id()), (1, first.as_str()), "the same id, whenever it is tried");
    assert!(again[0].header("webhook-timestamp") > "1767225600", "and the time of this try");
    receiver.says(204);
    world.pass(MINUTE).await;
    assert_eq!(receiver.kinds(), ["interaction.opened", "link.issued", "interaction.closed"]);
    assert_eq!(receiver.most_at_once(), 1);
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    receiver.answers(|_| (429, Some(("retry-after", "600".to_owned()))));
    team.open("sms", "c1").await;
    team.tended().await;
    assert_eq!(receiver.got().len(), 1);
    receiver.says(204);
    team.open("sms", "c2").await;
    world.pass(599 * Duration::from_secs(1)).await;
    assert_eq!(receiver.got().len(), 0, "nothing at all is sent meanwhile");
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(receiver.got().len(), 2);
}

/// What one receiver asked for binds no other: a webhook that leads elsewhere goes on at once.
#[tokio::test]
async fn a_webhook_that_leads_elsewhere_waits_for_nothing_that_was_asked_before() {
    let (_world, team, receiver) = acme().await;
    let other = Receiver::start().await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    receiver.answers(|_| (429, Some(("retry-after", "80000".to_owned()))));
    team.open("sms", "c1").await;
    team.tended().await;
    team.open("sms", "c2").await;
    let body = |to: &Receiver, kinds| json!({"url": to.url, "events": kinds});
    team.hook("PUT", "bot", "", body(&receiver, json!(["interaction.opened", "link.issued"]))).await.expect(200);
    team.tended().await;
    assert_eq!((receiver.got().len(), other.got().len()), (1, 0), "it leads where it led");
    team.hook("PUT", "bot", "", body(&other, json!(["interaction.opened"]))).await.expect(200);
    team.tended().await;
    assert_eq!((receiver.got().len(), other.got().len()), (0, 2));
}

#[tokio::test]
async fn a_receiver_that_is_gone_stops_its_webhook_until_it_is_written_anew() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["*"])).await;
    receiver.says(410);
    team.open("sms", "c1").await;
    team.tended().await;
    let shown = team.hook("GET", "bot", "", Value::Null).await.expect(200);
    assert_eq!(shown["status"], "stopped");
    receiver.got();
    receiver.says(204);
    team.open("sms", "c2").await;
    world.pass(HOUR).await;
    assert_eq!(receiver.got().len(), 0);
    let failed = team.deliveries("bot", "failed").await;
    assert!(failed.iter().all(|one| one["reason"] == "gone"), "{failed:?}");
    let id = text(&failed[0]["id"]);
    let redeliver = format!("/deliveries/{id}/redeliver");
    team.hook("POST", "bot", &redeliver, json!({})).await.refused(409, "webhook-stopped");
    let told = team.events().await;
    let failing: Vec<&Value> = told.iter().filter(|event| event["type"] == "webhook.failing").collect();
    assert_eq!((failing.len(), &failing[0]["data"]["reason"]), (1, &json!("gone")));
    let body = json!({"url": receiver.url, "events": ["interaction.opened"]});
    assert_eq!(team.hook("PUT", "bot", "", body).await.expect(200)["status"], "active");
    team.tended().await;
    assert_eq!(receiver.got().len(), 0, "what happened while it was stopped is not told");
    team.open("sms", "c3").await;
    team.tended().await;
    assert_eq!(receiver.kinds(), ["interaction.opened"]);
    team.hook("POST", "bot", &redeliver, json!({})).await.expect(202);
    team.tended().await;
    assert_eq!(receiver.got()[0].id(), id, "what was given up can be sent again");
}

#[tokio::test]
async fn what_is_not_taken_for_a_day_is_given_up_and_can_be_sent_again() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["link.issued"])).await;
    receiver.says(500);
    let chat = team.open("sms", "c1").await;
    team.link(&chat).await;
    team.tended().await;
    let mut tries = receiver.got().len();
    // The last attempt within the day may be followed by a wait of two and a half hours.
    for _ in 0..28 {
        world.pass(HOUR).await;
        tries += receiver.got().len();
    }
    assert!((10..40).contains(&tries), "waits grow: {tries}");
    let failed = team.deliveries("bot", "failed").await;
    assert_eq!((failed.len(), team.deliveries("bot", "pending").await.len()), (1, 0));
    assert_eq!((&failed[0]["type"], &failed[0]["reason"]), (&json!("link.issued"), &json!("status")));
    world.pass(DAY).await;
    assert_eq!(receiver.got().len(), 0);
    receiver.says(200);
    let redeliver = format!("/deliveries/{}/redeliver", text(&failed[0]["id"]));
    let again = team.hook("POST", "bot", &redeliver, json!({})).await.expect(202);
    assert_eq!((&again["status"], &again["id"]), (&json!("pending"), &failed[0]["id"]));
    team.tended().await;
    let got = receiver.got();
    assert_eq!((got.len(), got[0].id()), (1, text(&failed[0]["id"])));
    assert_eq!(team.deliveries("bot", "failed").await.len(), 0);
    assert_eq!(team.deliveries("bot", "delivered").await.len(), 1);
    // One that was delivered may be wanted once more, too.
    team.hook("POST", "bot", &redeliver, json!({})).await.expect(202);
    team.tended().await;
    assert_eq!(receiver.got().len(), 1);
    assert_eq!(team.deliveries("bot", "delivered").await.len(), 1);
}

/// A114: a receiver that takes nothing gets one try now and then, and is told of once.
#[tokio::test]
async fn a114_a_receiver_that_is_down_is_not_stormed() {
    let (world, team, receiver) = acme().await;
    let other = Receiver::start().await;
    team.hooked("down", &receiver, json!(["*"])).await;
    team.hooked("up", &other, json!(["webhook.failing"])).await;
    receiver.says(500);
    for n in 0..520 {
        team.open("sms", &format!("c{n}")).await;
    }
    world.pass(MINUTE).await;
    world.pass(5 * MINUTE).await;
    world.pass(5 * MINUTE).await;
    assert_eq!(team.hook("GET", "down", "", Value::Null).await.expect(200)["status"], "failing");
    let failing = other.got();
    assert_eq!(failing.len(), 1);
    let data = &failing[0].body()["data"];
    assert_eq!((&data["webhook"], &data["reason"], &data["status"]), (&json!("down"), &json!("status"), &json!(500)));
    receiver.got();
    for _ in 0..12 {
        world.pass(5 * MINUTE).await;
    }
    assert!((1..=4).contains(&receiver.got().len()), "one event, and ever more seldom");
    let pending = team.deliveries("down", "pending").await.len();
    assert_eq!(pending, 200, "a page of them");
    assert_eq!(other.got().len(), 0, "it is told once");
    receiver.says(204);
    world.pass(3 * HOUR).await;
    let got = receiver.got();
    let opened = got.iter().filter(|one| one.kind() == "interaction.opened").count();
    assert_eq!(opened, 520, "nothing was lost");
    assert!(got.iter().all(|one| one.kind() != "webhook.failing"), "of its own failure it is not told");
    assert_eq!(team.hook("GET", "down", "", Value::Null).await.expect(200)["status"], "active");
}

/// While nothing is taken, what is too old is given up, so that what waits does not grow for ever.
#[tokio::test]
async fn what_waits_behind_a_dead_receiver_is_given_up_after_a_day_as_well() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    receiver.says(500);
    for n in 0..510 {
        team.open("sms", &format!("c{n}")).await;
    }
    for _ in 0..14 {
        world.pass(2 * HOUR).await;
    }
    assert_eq!(team.deliveries("bot", "pending").await.len(), 0);
    let failed = team.deliveries("bot", "failed").await;
    assert_eq!((failed.len(), &failed[0]["reason"]), (200, &json!("not-tried")), "a page of them");
    let tried = receiver.got().len();
    assert!(tried < 200, "{tried}");
}

#[tokio::test]
async fn one_that_does_not_answer_holds_up_neither_its_neighbour_nor_another_team() {
    let world = World::new().await;
    let (one, other) = (world.team("acme").await, world.team("bank").await);
    let (silent, quick, theirs) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    one.hooked("silent", &silent, json!(["interaction.opened"])).await;
    one.hooked("quick", &quick, json!(["interaction.opened"])).await;
    other.hooked("theirs", &theirs, json!(["interaction.opened"])).await;
    silent.holds();
    one.open("sms", "c1").await;
    other.open("sms", "c1").await;
    let gateway = world.gateway.clone();
    let tending = tokio::spawn(async move { gateway.maintain().await });
    silent.has_come().await;
    quick.has_come().await;
    theirs.has_come().await;
    silent.lets_go();
    tending.await.expect("it ends").expect("the store is there");
    assert_eq!(one.deliveries("silent", "delivered").await.len(), 1);
}

#[tokio::test]
async fn nobody_who_listens_is_no_reason_to_lose_anything() {
    let (world, team, _) = acme().await;
    let body = json!({"url": format!("http://127.0.0.1:{}/", free_port()), "events": ["interaction.opened"]});
    team.hook("PUT", "bot", "", body).await.expect(201);
    team.open("sms", "c1").await;
    team.tended().await;
    assert_eq!(team.deliveries("bot", "pending").await[0]["reason"], "no-connection");
    let receiver = Receiver::start().await;
    team.hook("PUT", "bot", "", json!({"url": receiver.url, "events": ["interaction.opened"]})).await.expect(200);
    world.pass(MINUTE).await;
    assert_eq!(receiver.kinds(), ["interaction.opened"], "it waits for wherever the webhook leads then");
}

/// A process that dies between posting and saying so posts again, under the same id; nothing is lost.
#[tokio::test]
async fn a_crash_between_the_post_and_its_mark_repeats_it_under_the_same_id() {
    let folder = stores::folder();
    let (first, team, receiver) = {
        let world = World::on(stores::reopened(folder.path()));
        let (team, receiver) = (world.team("acme").await, Receiver::start().await);
        team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
        team.open("sms", "c1").await;
        receiver.holds();
        let gateway = world.gateway.clone();
        let tending = tokio::spawn(async move { gateway.maintain().await });
        receiver.has_come().await;
        tending.abort(); // nothing of it goes on
        assert!(tending.await.is_err());
        receiver.lets_go();
        let Team { world: _, name, bot, agent, admin, key } = team;
        (receiver.got().remove(0), (name, bot, agent, admin, key), receiver)
    };
    let (name, bot, agent, admin, key) = team;
    let world = World::on(stores::reopened(folder.path())).second_node();
    let team = Team { world: world.clone(), name, bot, agent, admin, key };
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    team.tended().await;
    assert_eq!(receiver.got().len(), 0, "who died may still be posting, as far as anybody knows");
    world.pass(Duration::from_secs(10)).await;
    let again = receiver.got();
    assert_eq!((again.len(), again[0].id(), &again[0].raw), (1, first.id(), &first.raw));
    assert_eq!(team.deliveries("bot", "delivered").await.len(), 1);
}

/// A node that dies after an event was numbered and before a webhook heard of it loses nothing either.
#[tokio::test]
async fn what_nobody_was_left_to_tell_is_found_by_the_next_housekeeping() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    team.tended().await;
    team.open("sms", "c1").await;
    while world.gateway.relay.relay().await.expect("the store is there") > 0 {}
    let next = Team { world: world.restarted(true).await, ..team };
    next.tended().await;
    assert_eq!(receiver.got().len(), 0);
    next.world.gateway.maintenance.keep_house().await.expect("the store is there");
    next.tended().await;
    assert_eq!(receiver.kinds(), ["interaction.opened"]);
}

/// What a webhook kept goes in the commit that removes it: no crash leaves a course behind that nobody
/// looks after and whose moments come for ever.
#[tokio::test]
async fn a_removal_that_is_cut_short_leaves_nothing_of_a_webhook() {
    let (world, store) = faulty().await;
    let (team, receiver) = (world.team("acme").await, Receiver::start().await);
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    receiver.says(500);
    team.open("sms", "c1").await;
    team.tended().await;
    assert_eq!(team.deliveries("bot", "pending").await.len(), 1);
    store.before.commits.store(1, Ordering::SeqCst);
    team.hook("DELETE", "bot", "", Value::Null).await.expect(204);
    store.before.commits.store(usize::MAX, Ordering::SeqCst);
    world.clock.advance(DAY);
    let due = store.store.due(world.clock.now(), 256, 1).await.expect("the store is there");
    assert!(due.iter().all(|key| !key.name.starts_with("v/")), "{due:?}");
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    world.pass(HOUR).await;
    assert_eq!(team.hook("GET", "bot", "/deliveries", Value::Null).await.expect(200)["items"], json!([]));
}

/// That the gateway cannot read an event is no failure of who was to get it.
#[tokio::test]
async fn an_event_that_cannot_be_read_is_not_held_against_its_receiver() {
    let (world, store) = faulty().await;
    let (team, receiver) = (world.team("acme").await, Receiver::start().await);
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    receiver.says(500);
    team.open("sms", "c1").await;
    team.tended().await;
    assert_eq!(receiver.got().len(), 1);
    receiver.says(204);
    store.before.unread.store(true, Ordering::SeqCst);
    world.pass(Duration::from_secs(10)).await;
    let waits = team.deliveries("bot", "pending").await;
    assert_eq!((&waits[0]["tries"], &waits[0]["reason"]), (&json!(1), &json!("status")));
    store.before.unread.store(false, Ordering::SeqCst);
    world.pass(Duration::from_secs(10)).await;
    assert_eq!(receiver.kinds(), ["interaction.opened"], "when the claim has lapsed");
}

/// A post begins only where it ends within its claim, however long the claim itself took.
#[tokio::test]
async fn what_was_claimed_too_slowly_is_left_to_the_next_claim() {
    let (world, store) = faulty().await;
    let (team, receiver) = (world.team("acme").await, Receiver::start().await);
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    team.open("sms", "c1").await;
    *store.before.slow.lock().expect("nobody panicked") = Some((world.clock.clone(), Duration::from_secs(4)));
    team.tended().await;
    assert!(store.before.slow.lock().expect("nobody panicked").is_none(), "it was claimed");
    assert_eq!(receiver.got().len(), 0);
    world.pass(Duration::from_secs(6)).await;
    assert_eq!(receiver.kinds(), ["interaction.opened"]);
    let told = team.deliveries("bot", "delivered").await;
    assert_eq!((told.len(), &told[0]["tries"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_flapping_receiver_gets_everything_in_the_end() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened", "link.issued", "interaction.closed"])).await;
    let count = Arc::new(AtomicUsize::new(0));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (calls, kept) = (count.clone(), taken.clone());
    receiver.answers(move |got| {
        if calls.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            kept.lock().expect("nobody panicked").push((got.interaction(), got.kind()));
            return (200, None);
        }
        (502, None)
    });
    let mut chats = Vec::new();
    for n in 0..8 {
        let chat = team.open("sms", &format!("c{n}")).await;
        team.link(&chat).await;
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        chats.push(chat);
    }
    for _ in 0..60 {
        world.pass(5 * MINUTE).await;
    }
    let taken = taken.lock().expect("nobody panicked");
    for chat in &chats {
        let of: Vec<&str> = taken.iter().filter(|(id, _)| id == chat).map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(of, ["interaction.opened", "link.issued", "interaction.closed"]);
    }
}
