//! Tickets: changed for newer ones, ended, and stolen ones found out. How one is come by is nothing of
//! this.

use serde_json::{Value, json};

use super::{MINUTE, PASSWORD, shop};
use crate::stores;
use crate::world::{Reply, Team, World, worlds};

async fn enters(team: &Team) -> Value {
    team.enters("demo", PASSWORD, json!({})).await.expect(200)
}

async fn refreshes(team: &Team, ticket: &Value) -> Reply {
    team.tickets("PUT", "/refresh", json!({"refreshToken": ticket["refreshToken"]})).await
}

/// A refresh token is good once; coming again it ends the ticket, for both who have it.
#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_its_ticket() {
    for world in worlds().await {
        let team = shop(&world, json!({})).await;
        let (first, other) = (enters(&team).await, enters(&team).await);
        let by_query = format!("/refresh?refreshToken={}", first["refreshToken"].as_str().unwrap());
        let second = team.tickets("PUT", &by_query, Value::Null).await.expect(200);
        assert_ne!(second["refreshToken"], first["refreshToken"]);
        assert_eq!((&second["userId"], &second["requires2fa"]), (&json!("cust-42"), &json!(false)));
        let third = refreshes(&team, &second).await.expect(200);
        assert!(team.stands(&first).await, "an access token lives as long as its ticket");
        refreshes(&team, &first).await.refused(401, "ticket-ended");
        refreshes(&team, &third).await.refused(401, "ticket-ended");
        assert!(!team.stands(&third).await);
        assert!(team.stands(&other).await, "another ticket is another's");
        for token in ["", "csr_", "csr_AAAA", "x", &format!("{}A", other["refreshToken"].as_str().unwrap())] {
            let told = team.tickets("PUT", "/refresh", json!({"refreshToken": token})).await;
            assert!(matches!((told.status, token), (422, "") | (401, _)), "{token}: {}", told.text());
        }
        assert!(team.event_types().await.contains(&"customer.signed_out".to_owned()));
    }
}

/// A directory that does not answer ends no ticket: nothing was given for the token, so it stays good.
#[tokio::test]
async fn a_directory_that_does_not_answer_burns_no_refresh_token() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    let ticket = enters(&team).await;
    team.set(json!({"directory": {"kind": "http", "match": [{"field": "account", "as": "digits"}]}})).await;
    for _ in 0..2 {
        assert_eq!(refreshes(&team, &ticket).await.status, 503);
    }
    team.set(json!({"directory": {"kind": "builtin"}})).await;
    refreshes(&team, &ticket).await.expect(200);
}

/// Signing out, disabling, another password and erasure end what stands, at once; others' tickets stay.
#[tokio::test]
async fn what_ends_a_ticket_ends_it_at_once() {
    for world in worlds().await {
        let team = shop(&world, json!({})).await;
        let (one, two) = (enters(&team).await, enters(&team).await);
        team.tickets("DELETE", "", json!({"refreshToken": one["refreshToken"]})).await.expect(204);
        refreshes(&team, &one).await.refused(401, "ticket-ended");
        assert!(!team.stands(&one).await && team.stands(&two).await);
        team.tickets("DELETE", "", json!({"refreshToken": one["refreshToken"]})).await.expect(204);

        team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
        assert!(!team.stands(&two).await);
        refreshes(&team, &two).await.refused(401, "ticket-ended");
        team.customer("POST", "cust-42", "/enable", json!({})).await.expect(200);
        refreshes(&team, &two).await.refused(401, "ticket-ended");

        let three = enters(&team).await;
        let again = json!({"username": "demo", "password": "another lamp 8"});
        team.customer("PUT", "cust-42", "", again).await.expect(200);
        assert!(!team.stands(&three).await, "another password");
        let four = team.enters("demo", "another lamp 8", json!({})).await.expect(200);
        team.customer("DELETE", "cust-42", "", Value::Null).await.expect(200);
        assert!(!team.stands(&four).await);
        refreshes(&team, &four).await.refused(401, "ticket-ended");
        team.enters("demo", "another lamp 8", json!({})).await.refused(401, "login-failed");
    }
}

/// A ticket that nobody uses ends after a week; one that is used goes on.
#[tokio::test]
async fn a_ticket_that_nobody_uses_ends() {
    let world = World::new().await;
    let team = shop(&world, json!({"ticket": {"refresh_minutes": 60, "access_minutes": 5}})).await;
    let mut ticket = enters(&team).await;
    let unused = enters(&team).await;
    for _ in 0..4 {
        world.clock.advance(30 * MINUTE);
        ticket = refreshes(&team, &ticket).await.expect(200);
    }
    refreshes(&team, &unused).await.refused(401, "ticket-ended");
    assert!(team.stands(&ticket).await);
    world.clock.advance(5 * MINUTE);
    assert!(!team.stands(&ticket).await, "its access token is past its time");
    refreshes(&team, &ticket).await.expect(200);
}

/// Another team's ticket is nothing here, though its signature is good.
#[tokio::test]
async fn a_ticket_is_its_teams_alone() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    let other = world.team("other").await;
    let ticket = enters(&team).await;
    let body = json!({"token": ticket["accessToken"]});
    let told = world.call(&other.bot, "POST", "/v1/tickets/introspect", body).await.expect(200);
    assert_eq!(told["active"], false);
    let refused = other.tickets("PUT", "/refresh", json!({"refreshToken": ticket["refreshToken"]})).await;
    refused.refused(401, "ticket-ended");
    other.tickets("DELETE", "", json!({"refreshToken": ticket["refreshToken"]})).await.expect(204);
    assert!(team.stands(&ticket).await);
    let mut forged = ticket.clone();
    let text = ticket["accessToken"].as_str().unwrap();
    let at = text.len() - 20;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    forged["accessToken"] = json!(format!("{}{other}{}", &text[..at], &text[at + 1..]));
    assert!(!team.stands(&forged).await);
}

/// What one node ended has ended on the other.
#[tokio::test]
async fn what_one_node_ended_has_ended_on_the_other() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let team = shop(&world, json!({})).await;
    let other = Team { world: world.second_node(), ..team.clone() };
    let ticket = enters(&team).await;
    assert!(other.stands(&ticket).await);
    team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
    assert!(!other.stands(&ticket).await);
    refreshes(&other, &ticket).await.refused(401, "ticket-ended");
    other.enters("demo", PASSWORD, json!({})).await.refused(401, "login-failed");
}
