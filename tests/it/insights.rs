//! What admins are told of the past: each act of a journey is counted once, under the channel that it
//! was on, in the hour in which it happened, on every store, whoever relays.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{BEGINNING, Browser, OWNER, Team, World, every_world};

const HOUR: Duration = Duration::from_secs(3600);

async fn insights(team: &Team, query: &str) -> Value {
    let path = format!("/v1/teams/acme/insights{query}");
    team.world.call(&team.admin, "GET", &path, Value::Null).await.expect(200)
}

/// One that logs in forty seconds after the link was sent, and one that guesses.
async fn a_busy_hour(team: &Team, world: &World) {
    let chat = team.open("webchat", "conv-1").await;
    let link = team.link(&chat).await;
    world.pass(Duration::from_secs(40)).await;
    let mut browser = Browser::new(world);
    let visit = browser.continues(link["url"].as_str().unwrap()).await;
    let done = team.post_back(&visit, &team.assertion(&visit, "cust-1")).await.expect(200);
    let code = browser.code(done["continue_url"].as_str().unwrap()).await;
    team.says(&chat, "m1", &code).await.expect(200);

    team.channel("sms").await;
    let other = team.open("sms", "+37255512345").await;
    team.bot("POST", &other, "/challenges", json!({"method": "otp", "deliver_to": "chat"})).await.expect(202);
    world.gateway.maintain().await.unwrap();
    team.says(&other, "m2", "000000").await.expect(200);
    while world.gateway.relay.relay().await.unwrap() > 0 {}
}

#[tokio::test]
async fn each_act_is_counted_once_on_every_store() {
    for world in every_world().await {
        let team = world.team("acme").await;
        a_busy_hour(&team, &world).await;
        let told = insights(&team, "?by=channel").await;
        let of = |channel: &str| {
            let items = told["items"].as_array().unwrap();
            items.iter().find(|item| item["channel"] == channel).cloned().unwrap_or_else(|| panic!("{told}"))
        };
        let webchat = of("webchat");
        for step in ["links_issued", "links_opened", "logged_in", "authenticated"] {
            assert_eq!(webchat[step], 1, "{step}: {told}");
        }
        assert_eq!(webchat["median_seconds"], 40);
        let sms = of("sms");
        for (step, count) in [("codes_sent", 1), ("codes_wrong", 1), ("codes_answered", 0), ("authenticated", 0)] {
            assert_eq!(sms[step], count, "{step}: {told}");
        }
        assert_eq!(told["total"]["codes_wrong"], 1);
    }
}

#[tokio::test]
async fn hours_that_are_over_are_told_with_the_one_that_is_not() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for hour in 0..4_u32 {
        for n in 0..=hour {
            team.link(&team.open("webchat", &format!("conv-{hour}-{n}")).await).await;
        }
        while world.gateway.relay.relay().await.unwrap() > 0 {}
        world.pass(HOUR).await;
    }
    let hours = insights(&team, "?by=hour&from=2026-01-01T00:00:00Z").await;
    let issued: Vec<u64> =
        hours["items"].as_array().unwrap().iter().map(|item| item["links_issued"].as_u64().unwrap()).collect();
    assert_eq!(issued, [1, 2, 3, 4, 0]);
    assert_eq!(hours["items"][2]["at"], "2026-01-01T02:00:00.000Z");
    let two = insights(&team, "?by=hour&from=2026-01-01T01:30:00Z&to=2026-01-01T02:10:00Z").await;
    assert_eq!((two["items"].as_array().unwrap().len(), &two["total"]["links_issued"]), (2, &json!(5)));

    let day = insights(&team, "").await;
    assert_eq!(day["by"], "day");
    assert_eq!(day["items"].as_array().unwrap().last().unwrap()["links_issued"], 10);
    let path = "/v1/teams/acme/insights?by=hour&from=2026-01-01T03:00:00Z&format=csv";
    let table = world.call(&team.admin, "GET", path, Value::Null).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = table.text();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(rows[0].starts_with("at,channel,links_issued,") && rows[0].ends_with(",median_seconds"), "{text}");
    assert!(rows[1].starts_with("2026-01-01T03:00:00.000Z,,4,0,"), "{text}");
}

#[tokio::test]
async fn counts_outlive_what_they_counted_and_go_when_they_are_due() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "conv-1").await;
    team.link(&chat).await;
    while world.gateway.relay.relay().await.unwrap() > 0 {}
    world.call(&team.admin, "DELETE", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(204);
    world.pass(HOUR * 24 * 790).await;
    team.link(&team.open("webchat", "conv-2").await).await;
    while world.gateway.relay.relay().await.unwrap() > 0 {}
    world.gateway.maintenance.keep_house().await.unwrap();
    let old = "?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";
    assert_eq!(insights(&team, old).await["total"]["links_issued"], 1);

    world.pass(HOUR * 24 * 11).await;
    world.gateway.maintenance.keep_house().await.unwrap();
    assert_eq!(insights(&team, old).await["total"]["links_issued"], 0);
}

#[tokio::test]
async fn a_team_that_comes_back_begins_at_nothing() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.link(&team.open("webchat", "conv-1").await).await;
    world.pass(HOUR * 3).await;
    team.link(&team.open("webchat", "conv-2").await).await;
    while world.gateway.relay.relay().await.unwrap() > 0 {}
    world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.expect(204);
    let team = world.team("acme").await;
    assert_eq!(insights(&team, "").await["total"]["links_issued"], 0);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_where_it_is_wrong() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let refused = async |query: &str| {
        let path = format!("/v1/teams/acme/insights{query}");
        team.world.call(&team.admin, "GET", &path, Value::Null).await
    };
    for (query, pointer) in [
        ("?from=yesterday", "/from"),
        ("?to=2026-13-01T00:00:00Z", "/to"),
        ("?from=2026-01-02T00:00:00Z", "/from"),
        ("?from=2025-11-01T00:00:00Z&by=hour", "/from"),
        ("?from=1999-01-01T00:00:00Z", "/from"),
    ] {
        let problem = refused(query).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    assert_eq!(refused("?by=week").await.status, 422);
    let by_bot = world.call(&team.bot, "GET", "/v1/teams/acme/insights", Value::Null).await;
    assert_eq!(by_bot.status, 403);
    assert_eq!(BEGINNING % 3_600_000, 0, "a world begins with an hour");
}
