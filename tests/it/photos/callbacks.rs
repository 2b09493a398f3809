//! Verdicts that come later, by a signed call: matched, counted once, and late ones ignored.
//! What they count for is told in `stages`.

use std::time::Duration;

use serde_json::{Value, json};

use super::provider::{self, Provider, SECRET, clear, signed, unclear};
use super::{Person, ask, budget, connect, front, read, team};
use crate::world::{Team, World, worlds};

const MINUTE: Duration = Duration::from_secs(60);

/// A team whose provider says everything later; its chat, its challenge, and the person at the page.
async fn later(world: &World, provider: &Provider) -> (Team, String, String, Person) {
    provider.says(|_| (202, Value::Null));
    let team = team(world, provider).await;
    team.set(json!({"photo_id": {"quality_threshold": 5}})).await;
    let chat = team.open("session", "conv-1").await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let person = Person::at(world, &url).await;
    (team, chat, challenge, person)
}

#[tokio::test]
async fn a_verdict_may_come_later_and_the_page_waits_for_it() {
    for world in worlds().await {
        let provider = Provider::start().await;
        let (team, chat, challenge, mut person) = later(&world, &provider).await;
        assert_eq!(person.hands_in(&front(true)).await, 303);
        person.sees(200, "Your document is being checked");
        assert_eq!(read(&team, &challenge).await["document"]["status"], "checking");
        let check = provider.check();

        let said = provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200);
        assert_eq!(said["status"], "taken");
        person.looks().await.sees(200, "confirmed");
        assert_eq!(team.flag(&chat).await["methods"], json!(["photo_id"]));
        // A048: the same again, and another word on it, are too late.
        for verdict in [clear(&check, true), clear(&check, false)] {
            let again = provider.calls(&team, "call-1", &verdict).await.refused(409, "replayed");
            assert_eq!(again["first_status"], "passed");
        }
    }
}

/// A047: the second stage without the first is out of order; what each stage counts stays apart, and the lock
/// is one.
#[tokio::test]
async fn a047_the_stages_come_in_their_order_and_count_apart() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, challenge, mut person) = later(&world, &provider).await;
    for n in 0..4 {
        person.hands_in(&front(true)).await;
        let check = provider.check();
        let alone = json!({"check": check, "authentication": {"passed": true}});
        provider.calls(&team, &format!("early-{n}"), &alone).await.refused(409, "out-of-order");
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        assert_eq!(provider.calls(&team, &format!("q-{n}"), &unclear(&check)).await.expect(200)["status"], "taken");
        person.looks().await.sees(200, "cannot be used");
    }
    assert_eq!(budget(&team, &chat).await["quality_failures"], 4);
    for n in 0..2 {
        person.hands_in(&front(true)).await;
        let check = provider.check();
        // One stage after the other.
        let first = json!({"check": check, "quality": {"passed": true}});
        assert_eq!(provider.calls(&team, &format!("one-{n}"), &first).await.expect(200)["status"], "waiting");
        assert_eq!(read(&team, &challenge).await["document"]["status"], "checking");
        let second = json!({"check": check, "authentication": {"passed": false}});
        assert_eq!(provider.calls(&team, &format!("two-{n}"), &second).await.expect(200)["status"], "taken");
        if n == 0 {
            let budget = budget(&team, &chat).await;
            assert_eq!((&budget["failures"], &budget["quality_failures"]), (&json!(1), &json!(4)));
            person.looks().await.sees(200, "could not confirm");
        }
    }
    let budget = budget(&team, &chat).await;
    assert_eq!((&budget["status"], &budget["lockouts"]), (&json!("locked"), &json!(1)));
}

/// A048: nothing is believed that is not signed a moment ago, for that check, by that team's provider.
#[tokio::test]
async fn a048_a_forged_verdict_is_none() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, _, mut person) = later(&world, &provider).await;
    let elsewhere = world.team("other").await;
    connect(&elsewhere, "house", &provider).await;
    connect(&team, "second", &provider).await;
    person.hands_in(&front(true)).await;
    let check = provider.check();
    let body = clear(&check, true).to_string();
    use countersign::ambient::Clock;
    let now = world.clock.now() / 1000;
    let good = signed("call-1", now, &body, SECRET);
    let call = async |headers: &[(&'static str, String)], body: &str| {
        provider::call(&team, "house", headers, body.to_owned()).await
    };
    call(&[], &body).await.refused(401, "unproved");
    for missing in 0..3 {
        let some: Vec<_> = good.iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, one)| one.clone()).collect();
        call(&some, &body).await.refused(401, "unproved");
    }
    let other = "whsec_HB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs=";
    call(&signed("call-1", now, &body, other), &body).await.refused(401, "unproved");
    call(&good, &body.replace("true", "false")).await.refused(401, "unproved");
    for stale in [now - 301, now + 301] {
        call(&signed("call-1", stale, &body, SECRET), &body).await.refused(401, "unproved");
    }
    let moved = signed("call-1.9", now, &body, SECRET);
    call(&moved, &body).await.refused(401, "unproved");
    // Good signatures, of others.
    provider::call(&elsewhere, "house", &good, body.clone()).await.refused(404, "not-found");
    provider::call(&team, "second", &good, body.clone()).await.refused(404, "not-found");
    provider::call(&team, "third", &good, body.clone()).await.refused(404, "not-found");
    for unknown in [check.replace("-1-1", "-9-1"), check.replace("-1-1", "-1-2"), check.replace("-1-1", "-1-0")] {
        let body = clear(&unknown, true).to_string();
        call(&signed("call-1", now, &body, SECRET), &body).await.refused(404, "not-found");
    }
    for nonsense in [
        "",
        "{}",
        "[]",
        r#"{"check": 7}"#,
        &format!(r#"{{"check":"{check}"}}"#),
        &format!(r#"{{"check":"{check}","passed":true}}"#),
    ] {
        call(&signed("call-1", now, nonsense, SECRET), nonsense).await.refused(422, "invalid");
    }
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert!(budget(&team, &chat).await.is_null(), "none of it counted for anything");
    call(&good, &body).await.expect(200);
    assert_eq!(team.flag(&chat).await["authenticated"], true);
}

/// Nobody waits for ever: after its time the attempt counts for nothing, and the verdict on it comes too late.
#[tokio::test]
async fn a_verdict_that_does_not_come_is_given_up_and_counts_for_nothing() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, challenge, mut person) = later(&world, &provider).await;
    person.hands_in(&front(true)).await;
    let check = provider.check();
    world.pass(10 * MINUTE - Duration::from_millis(1)).await;
    assert_eq!(read(&team, &challenge).await["document"]["status"], "checking");
    world.pass(Duration::from_millis(1)).await;
    let told = team.events().await.into_iter().find(|e| e["type"] == "challenge.undecided").expect("it is told");
    assert_eq!(told["data"]["reason"], "timeout");
    person.looks().await.sees(200, "does not count");
    assert_eq!(provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200)["status"], "late");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert!(budget(&team, &chat).await.is_null());
    // It goes on: another attempt is another check.
    person.hands_in(&front(true)).await;
    let next = provider.check();
    assert_ne!(next, check);
    assert_eq!(provider.calls(&team, "call-2", &clear(&check, true)).await.expect(200)["status"], "late");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    provider.calls(&team, "call-3", &clear(&next, true)).await.expect(200);
    assert_eq!(team.flag(&chat).await["authenticated"], true);
}

/// A029: a lock, a sign-out or another challenge in between, and a verdict raises nothing.
#[tokio::test]
async fn a029_a_verdict_raises_nothing_for_a_challenge_that_is_over() {
    for how in ["cancelled", "superseded", "signed-out", "closed"] {
        let (world, provider) = (World::new().await, Provider::start().await);
        let (team, chat, challenge, mut person) = later(&world, &provider).await;
        person.hands_in(&front(true)).await;
        let check = provider.check();
        match how {
            "cancelled" => {
                let path = format!("/v1/challenges/{challenge}");
                world.call(&team.bot, "DELETE", &path, Value::Null).await.expect(204);
            }
            "superseded" => drop(ask(&team, &chat, "photo_id").await),
            "closed" => drop(team.bot("POST", &chat, "/close", json!({})).await.expect(200)),
            _ => drop(team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200)),
        }
        assert_eq!(provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200)["status"], "late", "{how}");
        assert_eq!(team.flag(&chat).await["authenticated"], false, "{how}");
    }
}

/// A document is not genuine if its reported zone does not check out, whatever else the provider says of it.
#[tokio::test]
async fn a_machine_readable_zone_is_judged_by_its_own_digits() {
    let right = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    let wrong = [right[0], "L898902C36UTO7408122F1204159ZE184226B<<<<<11"];
    for (zone, passes) in [(right, true), (wrong, false)] {
        let (world, provider) = (World::new().await, Provider::start().await);
        let (team, chat, _, mut person) = later(&world, &provider).await;
        person.hands_in(&front(true)).await;
        let mut verdict = clear(&provider.check(), true);
        verdict["mrz"] = json!(zone);
        provider.calls(&team, "call-1", &verdict).await.expect(200);
        assert_eq!(team.flag(&chat).await["authenticated"], passes);
        let told = json!(team.events().await).to_string();
        assert!(!told.contains("ERIKSSON") && !told.contains("L898902C3"), "nothing of it is told");
    }
    // With the first stage alone it decides the second: what is said later cannot undo it.
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, challenge, mut person) = later(&world, &provider).await;
    person.hands_in(&front(true)).await;
    let check = provider.check();
    let first = json!({"check": check, "quality": {"passed": true}, "mrz": wrong});
    assert_eq!(provider.calls(&team, "call-1", &first).await.expect(200)["status"], "taken");
    assert_eq!(read(&team, &challenge).await["document"]["status"], "failed");
    assert_eq!(budget(&team, &chat).await["failures"], 1);
    let second = json!({"check": check, "authentication": {"passed": true}});
    provider.calls(&team, "call-2", &second).await.refused(409, "replayed");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// Providers call from few addresses for everybody: unsigned calls are cut, and a right one is taken meanwhile.
#[tokio::test]
async fn a_flood_of_forged_verdicts_is_cut_and_the_right_one_is_taken() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, _, mut person) = later(&world, &provider).await;
    assert_eq!(person.hands_in(&front(true)).await, 303);
    let verdict = clear(&provider.check(), true);
    let forged = async || {
        let body = verdict.to_string();
        provider::call(&team, "house", &signed("call-1", 0, &body, SECRET), body).await
    };
    let mut judged = 0;
    while forged().await.status == 401 {
        judged += 1;
        assert!(judged < 1_000, "it is cut at last");
    }
    assert!(judged >= 200, "{judged}");
    forged().await.refused(429, "too-many-requests");
    assert_eq!(provider.calls(&team, "call-2", &verdict).await.expect(200)["status"], "taken");
    assert_eq!(team.flag(&chat).await["methods"], json!(["photo_id"]));
}
