//! A138: the audit trail. Every kind of tampering is named, by the library and by the command;
//! what stands in it is who did what to what, and nothing of people.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test, also in a function beside it")]

use std::io::Write;
use std::process::Stdio;

use countersign::services::events::audit::Broken;
use countersign::services::events::audit::Trail;
use serde_json::{Value, json};

use countersign::domain::base::id::TeamName;
use countersign::store::{Batch, CommitId, CommitOutcome, Order, Partition, Put};

use crate::commands::countersign;
use crate::simulation::sealed::Seal;
use crate::stores::{Stand, memory, redis};
use crate::world::{Browser, OWNER, Team, World};

/// A team that has seen everything worth an entry.
async fn seen() -> (Team, Value) {
    let world = World::new().await;
    let team = world.team("acme").await;
    let body = json!({"channel": "sms", "conversation": "+37255512345", "participants": [{"role": "primary",
        "name": "Demo Canary", "phone": "+37255512345", "email": "demo.canary@example.com", "customer_id": "cust-canary"}]});
    let chat =
        world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    team.authenticate(&chat, "cust-canary").await;
    team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
    team.bot("PATCH", &chat, "/participants/p1", json!({"name": "Other Canary"})).await.expect(200);
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    world.call(&team.admin, "DELETE", "/v1/teams/acme/customers/cust-canary", Value::Null).await.expect(200);
    world.gateway.maintain().await.unwrap();
    let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
    (team, trail)
}

fn verified(trail: &Value) -> Result<usize, Broken> {
    serde_json::from_value::<Trail>(trail.clone()).expect("a trail").verify()
}

/// `countersign audit verify < file`: exit code, stdout, stderr.
fn by_command(trail: &str) -> (i32, String, String) {
    let mut command = countersign(&["audit", "verify"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(trail.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a138_every_kind_of_tampering_is_named() {
    let (_, trail) = seen().await;
    let count = trail["items"].as_array().unwrap().len();
    assert!(count >= 10, "{trail}");
    assert_eq!(verified(&trail), Ok(count));
    let (code, told, _) = by_command(&trail.to_string());
    assert!(code == 0 && told.contains(&format!("{count} entries")), "{told}");

    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut changed = trail.clone();
        change(changed["items"].as_array_mut().unwrap());
        changed
    };
    let cases: Vec<(&str, Value, Broken)> = vec![
        ("edited", with(&|items| items[4]["action"] = json!("nothing.happened")), Broken::Changed(5)),
        ("edited actor", with(&|items| items[2]["actor"] = json!("person")), Broken::Changed(3)),
        ("edited time", with(&|items| items[2]["at"] = json!("2026-01-01T00:00:01.000Z")), Broken::Changed(3)),
        ("edited detail", with(&|items| items[2]["detail"]["more"] = json!(1)), Broken::Changed(3)),
        ("edited hash", with(&|items| items[2]["hash"] = json!("00")), Broken::Changed(3)),
        ("deleted", with(&|items| drop(items.remove(4))), Broken::Unlinked(6)),
        ("deleted first", with(&|items| drop(items.remove(0))), Broken::Unlinked(2)),
        ("moved", with(&|items| items.swap(4, 5)), Broken::Unlinked(6)),
        ("inserted", with(&|items| items.insert(4, items[3].clone())), Broken::Unlinked(4)),
        ("cut", with(&|items| drop(items.pop())), Broken::Cut(count as u64 - 1, count as u64)),
        ("emptied", with(&|items| items.clear()), Broken::Cut(0, count as u64)),
    ];
    for (what, changed, broken) in cases {
        if what == "deleted first" {
            // Retention takes entries from the beginning, so this alone is no tampering.
            assert_eq!(verified(&changed), Ok(count - 1));
            continue;
        }
        assert_eq!(verified(&changed), Err(broken.clone()), "{what}");
        let (code, told, error) = by_command(&changed.to_string());
        assert_eq!((code, told.as_str()), (1, ""), "{what}");
        assert!(error.contains(&broken.to_string()), "{what}: {error}");
    }
    // Another order of names or other spaces are no tampering.
    let mut turned = trail.clone();
    for item in turned["items"].as_array_mut().unwrap() {
        let mut members: Vec<_> = item.as_object().unwrap().clone().into_iter().collect();
        members.sort_by(|a, b| b.0.cmp(&a.0));
        *item = Value::Object(members.into_iter().collect());
    }
    assert_eq!(by_command(&serde_json::to_string_pretty(&turned).unwrap()).0, 0);
    // Who also computes the hashes anew ends at another head.
    let mut rewritten = trail.clone();
    rewritten["head"]["hash"] = json!("00");
    assert_eq!(verified(&rewritten), Err(Broken::Changed(count as u64)));
    let (code, _, error) = by_command("no trail");
    assert!(code == 1 && error.contains("audit"), "{error}");
}

/// Pages follow each other, and a page that lost its end is seen too.
#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let (team, whole) = seen().await;
    let (mut items, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/v1/teams/acme/audit?limit=4&after={after}");
        let page = team.world.call(&team.admin, "GET", &path, Value::Null).await.expect(200);
        verified(&page).expect("each page holds");
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        let mut cut = page.clone();
        cut["items"].as_array_mut().unwrap().pop();
        assert!(matches!(verified(&cut), Err(Broken::Cut(..))));
        after = next.to_owned();
    }
    assert_eq!(json!(items), whole["items"]);
    for wrong in ["limit=0", "limit=1001", "after=x", "after=-1"] {
        let path = format!("/v1/teams/acme/audit?{wrong}");
        team.world.call(&team.admin, "GET", &path, Value::Null).await.refused(422, "invalid");
    }
}

/// Who did what to what; no secret, address, state or name of a person.
#[tokio::test]
async fn entries_name_actor_and_object_and_nobody_else() {
    let (team, trail) = seen().await;
    let keys = team.world.call(OWNER, "GET", "/v1/teams/acme/api-keys", Value::Null).await.expect(200);
    let bot = keys["items"].as_array().unwrap().iter().find(|k| k["role"] == "bot").unwrap()["id"].clone();
    let mut actions = Vec::new();
    for entry in trail["items"].as_array().unwrap() {
        let mut names: Vec<&String> = entry.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["action", "actor", "at", "detail", "hash", "number", "object", "previous"]);
        assert!(entry["actor"].is_string() || entry["actor"].is_object(), "{entry}");
        actions.push(entry["action"].as_str().unwrap());
    }
    for action in [
        "team.created",
        "settings.changed",
        "key.created",
        "link.issued",
        "link.opened",
        "participant.authenticated",
        "participant.signed_out",
        "participant.reassigned",
        "interaction.closed",
        "customer.erased",
    ] {
        assert!(actions.contains(&action), "{action} is missing in {actions:?}");
    }
    let of = |action: &str| trail["items"].as_array().unwrap().iter().find(|e| e["action"] == action).unwrap().clone();
    assert_eq!(of("link.issued")["actor"], json!({"api_key": bot}));
    assert!(
        of("link.issued")["object"]["interaction"].is_string() && of("link.issued")["object"]["participant"] == "p1"
    );
    assert_eq!(of("team.created")["actor"], "owner");
    let text = trail.to_string();
    let secrets = [team.bot.as_str(), &team.agent, &team.admin, &team.key.secret, OWNER];
    for canary in ["Canary", "canary", "37255512345", "ticket-7", "login.example.com"].iter().chain(&secrets) {
        assert!(!text.contains(canary), "`{canary}` stands in the trail");
    }
}

/// The kinds of acts that need a chain: a wrong code, a lock, and its lifting with the reason.
#[tokio::test]
async fn failed_answers_and_what_followed_stand_in_the_trail() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 1}})).await;
    let chat = team.open("sms", "+37255512345").await;
    let told = team.log_in(&chat, "cust-1").await;
    let code = Browser::of(&world, &told).code(told["continue_url"].as_str().unwrap()).await;
    let wrong = if code == "BB22BB" { "BB22BC" } else { "BB22BB" };
    assert_eq!(team.says(&chat, "m1", wrong).await.expect(200)["outcome"], "locked");
    let path = format!("/v1/interactions/{chat}/participants/p1/unlock");
    world.call(&team.agent, "POST", &path, json!({"reason": "called the person back"})).await.expect(200);
    world.gateway.maintain().await.unwrap();
    let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
    let actions: Vec<&str> = trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    for action in ["confirmation.wrong", "participant.locked", "participant.unlocked"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert!(trail.to_string().contains("called the person back"));
    assert!(!trail.to_string().contains(&code) && !trail.to_string().contains(wrong));
}

/// Takes entries out of a team's trail behind the gateway's back.
async fn take_out(stand: &Stand, team: &TeamName, which: std::ops::RangeInclusive<u64>) {
    let tag = Seal::of_tests().keys.address.tag(&[b"team", team.as_str().as_bytes()]);
    let (partition, index) = (Partition(tag.as_bytes()[31]), format!("u/{team}"));
    let page = stand.store.list(partition, &index, Order::Rising, None, 2_000).await.expect("a list");
    let is_meant = |member: &str| member.parse().is_ok_and(|number: u64| which.contains(&number));
    let gone = page.into_iter().filter(|entry| is_meant(&entry.member)).map(|entry| (index.clone(), entry.member));
    let (version, name) = (CommitId(std::array::from_fn(|at| tag.as_bytes()[at])), format!("marker/by-hand/{team}"));
    let put = Put { name, bytes: bytes::Bytes::new(), version_index: false, alarm: None, expires: Some(1) };
    let batch = Batch { put: vec![put], remove: gone.collect(), ..Batch::new(version, partition) };
    assert_eq!(stand.store.commit(batch).await.expect("it is taken out"), CommitOutcome::Committed);
}

/// A138: the check of the whole chain, on each store, of a trail that somebody cut at its end, at its
/// beginning, in its middle, or took away; and of one that retention shortened.
#[tokio::test]
async fn a138_the_check_names_where_a_trail_was_cut() {
    for stand in [memory().await, redis().await].into_iter().flatten() {
        let stand = std::sync::Arc::new(stand);
        let world = World::on(crate::stores::standing(stand.store.clone()));
        let mut cases = Vec::new();
        for name in ["whole", "ended", "begun", "middle", "emptied", "kept"] {
            let team = world.team(name).await;
            for n in 0..12 {
                team.set(json!({"otp": {"max_tries": 1 + n % 5}})).await;
            }
            cases.push((name, name.parse::<TeamName>().unwrap()));
        }
        world.gateway.maintain().await.unwrap();
        for (name, team) in &cases {
            let whole = world.gateway.event_log.check_audit(team).await.unwrap();
            let head = whole.last;
            assert!(whole.broken.is_none() && whole.count == head && head > 12, "{whole:?}");
            let broken = match *name {
                "ended" => (8..=head, Some(Broken::Cut(7, head))),
                "begun" => (1..=4, Some(Broken::Unlinked(5))),
                "middle" => (6..=7, Some(Broken::Unlinked(8))),
                "emptied" => (1..=head, Some(Broken::Cut(0, head))),
                _ => continue,
            };
            take_out(&stand, team, broken.0).await;
            assert_eq!(world.gateway.event_log.check_audit(team).await.unwrap().broken, broken.1, "{name}");
        }
        // Callers of the API come to an end, too, and `verify` says what they hold.
        let page = world.call(OWNER, "GET", "/v1/teams/emptied/audit?limit=4", Value::Null).await.expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        assert!(matches!(verified(&page), Err(Broken::Cut(0, _))), "{page}");

        world.pass(std::time::Duration::from_secs(5 * 366 * 86_400)).await;
        world.gateway.maintenance.keep_house().await.unwrap();
        let kept: TeamName = "kept".parse().unwrap();
        let none = world.gateway.event_log.check_audit(&kept).await.unwrap();
        assert_eq!((none.count, none.broken), (0, None), "retention took all of it");
        let page = world.call(OWNER, "GET", "/v1/teams/kept/audit", Value::Null).await.expect(200);
        assert_eq!((verified(&page), &page["head"]["gone"]), (Ok(0), &page["head"]["number"]));
        let more = json!({"otp": {"max_tries": 2}});
        world.call(OWNER, "PATCH", "/v1/teams/kept/settings", more).await.expect(200);
        world.gateway.maintain().await.unwrap();
        let one = world.gateway.event_log.check_audit(&kept).await.unwrap();
        assert_eq!((one.count, one.broken), (1, None));
    }
}
