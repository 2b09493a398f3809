//! One interaction in a frame on somebody else's page: who may frame it, how often its link is good, and
//! what may be done in it.

use super::*;
use crate::world::CHAT;

async fn link(team: &Team, key: &str, chat: &str) -> Value {
    let path = format!("/v1/interactions/{chat}/embed-links");
    team.world.call(key, "POST", &path, json!({ "panel": "console" })).await.expect(201)
}

async fn enters(world: &World, token: &Value) -> Reply {
    let mut frame = Desk::new(world);
    frame.call_with("POST", "/embed/session", json!({ "token": token }), &[("origin", URL)]).await
}

/// A083: the frame stands on the team's own pages and nowhere else; its link is good once and for a minute.
#[tokio::test]
async fn a083_a_panel_stands_in_a_frame_of_the_teams_own_pages_by_a_link_that_is_good_once() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("webchat", "one").await;
        let made = link(&team, &team.agent, &chat).await;
        let url = made["url"].as_str().expect("a URL").to_owned();
        assert!(url.starts_with(&format!("{URL}/embed/")) && url.ends_with(made["token"].as_str().expect("a token")));
        for _ in 0..3 {
            let page = Desk::new(&world).get(&url).await;
            let policy = page.header("content-security-policy");
            assert!(page.status == 200 && policy.contains(&format!("frame-ancestors {CHAT};")), "{policy}");
            assert!(page.header("set-cookie").is_empty(), "no cookie: browsers keep third parties' apart");
        }
        let foreign = [("origin", "https://evil.example")];
        let body = json!({"token": made["token"]});
        Desk::new(&world).call_with("POST", "/embed/session", body, &foreign).await.refused(403, "foreign-page");
        let session = enters(&world, &made["token"]).await.expect(200)["session"].as_str().expect("one").to_owned();
        enters(&world, &made["token"]).await.refused(410, "link-used");
        assert_eq!(Desk::new(&world).get(&url).await.status, 410);

        let at = format!("/v1/interactions/{chat}");
        world.call(&session, "GET", &at, Value::Null).await.expect(200);
        world.call(&session, "POST", &format!("{at}/sign-out"), json!({})).await.expect(200);
        world.gateway.maintain().await.expect("the store is there");
        let past = world.call(&session, "GET", &format!("{at}/history"), Value::Null).await.expect(200);
        assert_eq!(past["items"].as_array().expect("a list").last().expect("one")["type"], "interaction.opened");
        let other = team.open("webchat", "two").await;
        world.call(&session, "GET", &format!("/v1/interactions/{other}"), Value::Null).await.refused(404, "not-found");
        for (method, path) in [("GET", "/v1/interactions"), ("GET", "/v1/interactions?team=acme"), ("GET", "/v1/teams")]
        {
            world.call(&session, method, path, Value::Null).await.refused(403, "forbidden");
        }
        world
            .call(&session, "POST", &format!("{at}/embed-links"), json!({"panel": "console"}))
            .await
            .refused(403, "forbidden");

        let late = link(&team, &team.agent, &chat).await;
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(Desk::new(&world).get(late["url"].as_str().expect("a URL")).await.status, 410);
        enters(&world, &late["token"]).await.refused(410, "link-used");
    }
}

/// A frame may what whoever asked for it may, and for as long; the check mark alone may nothing.
#[tokio::test]
async fn a_frame_may_no_more_than_who_let_it_in() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    let chat = team.open("webchat", "one").await;
    let body = json!({"method": "pin", "pin": "2580"});
    let challenge =
        world.call(&team.agent, "POST", &format!("/v1/interactions/{chat}/challenges"), body).await.expect(202);
    let code = format!("/v1/challenges/{}/code", challenge["id"].as_str().expect("an id"));
    let session = async |key: &str| {
        let made = link(&team, key, &chat).await;
        enters(&world, &made["token"]).await.expect(200)["session"].as_str().expect("one").to_owned()
    };
    let (agents, bots) = (session(&team.agent).await, session(&team.bot).await);
    assert_eq!(world.call(&agents, "GET", &code, Value::Null).await.expect(200)["code"], "2580");
    world.call(&bots, "GET", &code, Value::Null).await.refused(403, "forbidden");
    let at = format!("/v1/interactions/{chat}");
    let keys = world.call(&team.admin, "GET", "/v1/teams/acme/api-keys", Value::Null).await.expect(200);
    let agent = keys["items"].as_array().expect("a list").iter().find(|key| key["role"] == "agent").expect("hers");
    let path = format!("/v1/teams/acme/api-keys/{}", agent["id"].as_str().expect("an id"));
    assert_eq!(world.call(&team.admin, "DELETE", &path, Value::Null).await.status, 204);
    world.call(&agents, "GET", &at, Value::Null).await.refused(401, "unauthorized");
    world.call(&bots, "GET", &at, Value::Null).await.expect(200);
}

/// A frame's session lies in a page on somebody else's website. It does not make its holder the customer: no
/// token for the web chat, no invitation, no secret of the chat's window, and nothing said or answered as the
/// customer. What the panel's buttons do goes on.
#[tokio::test]
async fn a_frame_does_not_act_for_the_customer() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let window = "/v1/teams/acme/channels/webchat";
    world.call(&team.admin, "PUT", window, json!({"definition": "webchat"})).await.expect(201);
    team.set(json!({"binding": "opener"})).await;
    team.shows_codes().await;
    let chat = team.open("webchat", "one").await;
    let live = team.otp(&chat).await;
    let at = format!("/v1/interactions/{chat}");
    let challenge = format!("/v1/challenges/{}", live["id"].as_str().expect("an id"));
    for key in [&team.agent, &team.bot] {
        let made = link(&team, key, &chat).await;
        let entered = enters(&world, &made["token"]).await.expect(200);
        let frame = entered["session"].as_str().expect("one");
        let says = json!({"message_id": "m-1", "text": "123456"});
        for (path, body) in [
            (format!("{at}/chat-tokens"), json!({})),
            (format!("{at}/messages"), says.clone()),
            (format!("{challenge}/answers"), json!({"answer": "123456"})),
            (format!("{at}/invitations"), json!({"via": "chat"})),
        ] {
            world.call(frame, "POST", &path, body).await.refused(403, "forbidden");
        }
        assert_eq!(team.lockout(&chat).await["failures"], 0, "nothing was compared");
        let body = json!({"purpose": "mid_chat"});
        let path = format!("{at}/login-links");
        assert_eq!(world.call(frame, "POST", &path, body.clone()).await.expect(201)["opener_secret"], Value::Null);
        assert!(world.call(key, "POST", &path, body).await.expect(201)["opener_secret"].is_string());
        world.call(frame, "GET", &at, Value::Null).await.expect(200);
        world.call(frame, "POST", &format!("{at}/sign-out"), json!({})).await.expect(200);
        world.call(key, "POST", &format!("{at}/chat-tokens"), json!({})).await.expect(201);
    }
}
