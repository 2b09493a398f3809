//! What a door asks: nothing, a code, a number or a login, as the system and each team will have it,
//! and who of a team may let people in.

use serde_json::{Value, json};

use super::{Visitor, by, channels, code, invite, invited, open, read, team};
use crate::world::{OWNER, Visit, World};

/// L-01, I-01, P-01, P-08: several methods stand at a door, and each lets in who proves by it.
#[tokio::test]
async fn l01_each_method_lets_in_who_proves_by_it() {
    for (method, page) in [("otp", "Enter your code"), ("pin", "Enter your number"), ("login", "")] {
        let world = World::new().await;
        let team = team(&world, by(method, None)).await;
        let chat = open(&team, "conv-1").await;
        let url = invited(&team, &chat, json!({"via": "sms", "pin": "4711"})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await;
        if method == "login" {
            let visit = Visit::of(&visitor.page.header("location"));
            let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
            visitor.comes_to(told["continue_url"].as_str().unwrap()).await;
        } else {
            visitor.sees(200, page);
            let right = code(&team, &chat, 0).await;
            visitor.types(&right).await;
        }
        visitor.sees(200, "You are in");
        let seen = read(&team, &chat, 0).await;
        assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!(method)));
        assert_eq!(seen["authentication"]["methods"], json!([method]));
    }
}

/// L-08, I-01: whether anything is asked at all is a switch, off by default; off, no code is made.
#[tokio::test]
async fn l08_asking_is_switched_on_and_off() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let path = "/v1/teams/acme/settings?effective=true";
    let by_default = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
    let switch = |seen: &Value| {
        (
            seen["settings"]["entry"]["require_authentication"].clone(),
            seen["source"]["entry.require_authentication"].clone(),
        )
    };
    assert_eq!(switch(&by_default), (json!(false), json!("default")));
    for (n, (on, sees)) in
        [(false, "You are in"), (true, "Enter your code"), (false, "You are in")].into_iter().enumerate()
    {
        team.set(json!({"entry": {"require_authentication": on}})).await;
        let chat = open(&team, &format!("conv-{n}")).await;
        let url = invited(&team, &chat, json!({"via": "sms"})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await.sees(200, sees);
        assert_eq!(read(&team, &chat, 0).await["challenge"].is_null(), !on);
    }
    let told = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
    assert_eq!(switch(&told), (json!(false), json!("team")));
}

/// P-01, P-06, P-09, L-03, L-04, L-05: the system may ask for a PIN, and each team for something else;
/// an agent is of one team, whose door it is.
#[tokio::test]
async fn p09_each_team_has_a_door_of_its_own() {
    let world = World::new().await;
    world.call(OWNER, "PATCH", "/v1/settings", json!({"entry": by("pin", None)})).await.expect(200);
    let otp = json!({"send_to_customer": false, "show_to_agents": true});
    let mut teams = Vec::new();
    for (name, entry) in
        [("acme", json!({})), ("beta", json!({"first": "otp"})), ("gamma", json!({"require_authentication": false}))]
    {
        let team = world.team(name).await;
        channels(&team).await;
        team.set(json!({"entry": entry, "otp": otp})).await;
        teams.push(team);
    }
    for (team, sees) in teams.iter().zip(["Enter your number", "Enter your code", "You are in"]) {
        let chat = open(team, "conv-1").await;
        let url = invited(team, &chat, json!({"via": "email", "pin": "2468"})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.sees(200, "You are invited to a conversation");
        assert!(!visitor.page.text().contains("<iframe"), "the default opening page");
        visitor.goes_on().await.sees(200, sees);
        for other in teams.iter().filter(|other| other.name != team.name) {
            let path = format!("/v1/interactions/{chat}");
            world.call(&other.agent, "GET", &path, Value::Null).await.refused(404, "not-found");
            invite(other, &chat, json!({"via": "email", "pin": "2468"})).await.refused(404, "not-found");
        }
    }
}

/// P-10: an agent opens conversations, adds people, invites them and sees what they need; the team's
/// settings are not hers.
#[tokio::test]
async fn p10_an_agent_talks_with_customers_and_changes_no_settings() {
    let world = World::new().await;
    let team = team(&world, by("pin", None)).await;
    let call = async |method: &str, path: &str, body: Value| world.call(&team.agent, method, path, body).await;
    let person = json!({"role": "primary", "name": "Demo Customer", "phone": "+37255512341"});
    let body = json!({"channel": "webchat", "conversation": "conv-1", "participants": [person]});
    let opened = call("POST", "/v1/interactions", body).await.expect(201);
    let chat = opened["id"].as_str().unwrap().to_owned();
    let cosigner = json!({"role": "cosigner", "name": "Demo Cosigner", "phone": "+37255512342"});
    call("POST", &format!("/v1/interactions/{chat}/participants"), cosigner).await.expect(201);
    for (n, who) in ["p1", "p2"].into_iter().enumerate() {
        invited(&team, &chat, json!({"via": "sms", "participant": who, "pin": format!("471{n}")})).await;
        assert_eq!(code(&team, &chat, n).await, format!("471{n}"));
    }
    let settings = json!({"entry": {"require_authentication": false}});
    call("PATCH", "/v1/teams/acme/settings", settings).await.refused(403, "forbidden");
    call("PUT", "/v1/teams/acme/channels/sms", json!({"definition": "recorder"})).await.refused(403, "forbidden");
}
