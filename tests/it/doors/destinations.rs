//! The code page says where the code went, masked, to the browser that has asked for it: enough for the
//! person to know where to look, and no more than the mask.

use std::time::Duration;

use countersign_channels::DeliveryError::Permanent;
use serde_json::{Value, json};

use super::{Visitor, channels, invited, open_chat};
use crate::world::{Team, World};

const PHONE: &str = "+372•••••341";
const MAIL: &str = "d•••@example.com";

/// A team that sends codes to the customer by itself.
async fn sending(world: &World) -> (Team, String) {
    let team = world.team("acme").await;
    channels(&team).await;
    team.channel("webchat").await;
    team.set(json!({"entry": {"require_authentication": true, "first": "otp"}})).await;
    let chat = open_chat(&team, "conv-1").await;
    (team, chat)
}

/// The page of a code that the bot has put, after Continue.
async fn asked(team: &Team, chat: &str, to: &str) -> Visitor {
    let body = json!({"method": "otp", "deliver_to": to});
    let made = team.bot("POST", chat, "/challenges", body).await.expect(202);
    team.world.sent().await;
    let mut visitor = Visitor::at(&team.world, made["page_url"].as_str().expect("a page")).await;
    tells_nothing(&visitor);
    visitor.goes_on().await;
    visitor
}

#[track_caller]
fn tells_nothing(visitor: &Visitor) {
    let text = visitor.page.text();
    for told in ["+372", "•341", "@example.com", "We sent"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn the_page_says_where_its_code_went() {
    let world = World::new().await;
    let (team, chat) = sending(&world).await;
    for (to, shown) in [("sms", PHONE), ("email", MAIL)] {
        let visitor = asked(&team, &chat, to).await;
        visitor.sees(200, &format!("We sent a code of 6 digits to <bdi dir=\"ltr\">{shown}</bdi>"));
        for address in ["+37255512341", "demo1@example.com"] {
            assert!(!visitor.page.text().contains(address));
        }
    }
    let visitor = asked(&team, &chat, "chat").await;
    visitor.sees(200, "We sent a code of 6 digits to your chat.");
}

/// What did not go by one way went by the next; what went by none is said to be nowhere.
#[tokio::test]
async fn it_says_what_became_of_the_message() {
    let world = World::new().await;
    let (team, chat) = sending(&world).await;
    team.set(json!({"delivery": {"order": ["sms", "email"]}})).await;
    world.recorder.fail_next([Permanent("no such number")]);
    asked(&team, &chat, "auto").await.sees(200, MAIL);
    world.recorder.fail_next([Permanent("no such number")]);
    let visitor = asked(&team, &chat, "sms").await;
    visitor.sees(200, "A code of 6 digits is on its way to you.");
    tells_nothing(&visitor);
}

/// Who has only the invitation, or comes when the code is over, learns nothing of it.
#[tokio::test]
async fn at_the_door_only_the_browser_that_waits_is_told() {
    let world = World::new().await;
    let (team, chat) = sending(&world).await;
    let url = invited(&team, &chat, json!({"via": "email"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    tells_nothing(&visitor);
    visitor.goes_on().await.sees(200, PHONE);
    let stranger = Visitor::at(&world, &format!("{url}?step=code")).await;
    stranger.sees(200, "You are invited to a conversation");
    tells_nothing(&stranger);
    world.pass(Duration::from_secs(180)).await;
    visitor.open(&format!("{url}?step=code")).await;
    visitor.sees(200, "This code no longer works");
    tells_nothing(&visitor);
    visitor.press("resend", &[]).await.sees(200, PHONE);
    assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200)["challenge"]["delivery"]["to"], PHONE);
}

/// Codes that cannot be sent are said to be so, and no login page is blamed.
#[tokio::test]
async fn a_code_that_cannot_be_sent_is_no_login_that_failed() {
    let world = World::new().await;
    let (team, chat) = sending(&world).await;
    asked(&team, &chat, "sms").await;
    world.pass(Duration::from_secs(31)).await; // another one might be sent now
    let url = invited(&team, &chat, json!({"via": "email"})).await;
    for (budget, status) in
        [(json!({"countries": ["FI"]}), 409), (json!({"countries": [], "per_destination_hour": 1}), 429)]
    {
        team.set(json!({"send_budget": budget})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await.sees(status, "No code can be sent right now");
        tells_nothing(&visitor);
    }
}
