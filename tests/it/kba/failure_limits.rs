//! Wrong sets count for whoever a conversation takes somebody for and for the record that they ask about: two
//! failure limits. Each that bans is told, listed, lifted and asked after by itself.

use serde_json::{Value, json};

use super::{answer, asking, chat, put, right};
use crate::world::{Team, World};

const WRONG: [&str; 3] = ["no", "no", "no"];

/// A customer who is known by her phone or her mail address, and a team that bans nobody at an address.
async fn reached(world: &World) -> Team {
    let team = asking(world).await;
    team.set(json!({"lockout": {"threshold": 100, "max_lockouts": 0}})).await;
    let kept = world.call(&team.admin, "GET", "/v1/teams/acme/customers/cust-42", Value::Null).await.expect(200);
    let body = json!({"facts": kept["facts"], "emails": ["demo@example.com"], "phones": ["+37255512345"]});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", body).await.expect(200);
    team
}

/// A hundred wrong sets in a row; the failure limits that are told to ban, in their order.
async fn bans(team: &Team, chat: &str) -> Vec<String> {
    let asked = put(team, chat).await;
    for n in 1..=100 {
        let told = answer(team, &asked, WRONG).await.expect(200);
        assert_eq!(told["outcome"], if n < 100 { "wrong" } else { "banned" }, "{n}");
    }
    told(team, "participant.banned").await
}

/// The failure limits of which that is told.
async fn told(team: &Team, kind: &str) -> Vec<String> {
    let events = team.events().await;
    let of = events.iter().filter(|event| event["type"] == kind);
    of.filter_map(|event| event["data"]["failure_limit"].as_str().map(str::to_owned)).collect()
}

/// The failure limits that are listed.
async fn listed(team: &Team) -> Vec<String> {
    team.world.gateway.maintain().await.expect("it is told");
    let page = team.world.call(&team.agent, "GET", "/v1/teams/acme/lockouts", Value::Null).await.expect(200);
    let rows = page["items"].as_array().expect("rows").iter();
    rows.filter_map(|row| row["id"].as_str()?.strip_prefix("failure_limit.").map(str::to_owned)).collect()
}

async fn lifts(team: &Team, id: &str) {
    let path = format!("/v1/teams/acme/lockouts/{id}/unlock");
    let reason = || json!({"reason": "she called"});
    team.world.call(&team.agent, "POST", &path, reason()).await.refused(403, "forbidden");
    team.world.call(&team.admin, "POST", &path, reason()).await.expect(204);
}

/// Both trip at one answer. Whoever lifts the one finds the other.
#[tokio::test]
async fn each_failure_limit_that_bans_is_told_and_has_a_row_to_be_lifted_by() {
    let world = World::new().await;
    let team = reached(&world).await;
    let mine = chat(&team, "conv-1", json!({"phone": "+37255512345"})).await;
    let banned = bans(&team, &mine).await;
    let [hers, records] = &banned[..] else { panic!("two failure limits trip: {banned:?}") };
    let mut rows = listed(&team).await;
    rows.sort();
    let mut both = banned.clone();
    both.sort();
    assert_eq!(rows, both);
    let unlock = format!("/v1/interactions/{mine}/participants/p1/unlock");
    world.call(&team.admin, "POST", &unlock, json!({"reason": "she called"})).await.expect(200);
    assert_eq!(told(&team, "participant.unbanned").await, [hers.as_str()]);
    // Nothing is put about a record that is banned, whoever asks.
    for who in [json!({"phone": "+37255512345"}), json!({"email": "demo@example.com"})] {
        let other = chat(&team, &format!("conv {who}"), who).await;
        team.asks(&team.bot, &other, json!({"method": "kba"})).await.refused(403, "banned");
    }
    assert_eq!(listed(&team).await, [records.as_str()]);
    lifts(&team, &format!("failure_limit.{records}")).await;
    assert_eq!(told(&team, "participant.unbanned").await, banned);
    assert_eq!(listed(&team).await, [] as [String; 0]);
    let asked = put(&team, &mine).await;
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed");
}

/// Who unlocks somebody while she is asked lifts the ban of whom she is asked about, and says so.
#[tokio::test]
async fn a_failure_limit_that_is_lifted_is_the_one_that_is_told() {
    let world = World::new().await;
    let team = reached(&world).await;
    let asked = chat(&team, "conv-1", json!({"phone": "+37255512345"})).await;
    put(&team, &asked).await;
    let other = chat(&team, "conv-2", json!({"email": "demo@example.com"})).await;
    let banned = bans(&team, &other).await;
    let [address, records] = &banned[..] else { panic!("two failure limits trip: {banned:?}") };
    let unlock = format!("/v1/interactions/{asked}/participants/p1/unlock");
    world.call(&team.admin, "POST", &unlock, json!({"reason": "she called"})).await.expect(200);
    assert_eq!(told(&team, "participant.unbanned").await, [records.as_str()]);
    assert_eq!(listed(&team).await, [address.as_str()]);
}
