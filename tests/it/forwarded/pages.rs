//! The attacks as they were tried: a stranger hands a genuine address to a customer, who proves themselves there.
//! Both are browsers without script; the same with two real ones stands in `browser::forwarded`.

use serde_json::{Value, json};

use super::{PHONE, is_up, logs_in, team, text, vouched};
use crate::world::{Browser, Visit, World, hidden, shown_code, worlds};

/// A001: the stranger's own window vouches, the customer logs in at the genuine page.
#[tokio::test]
async fn a001_a_login_page_that_is_handed_on_after_continue_authenticates_nobody() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        for binding in ["auto", "opener", "code"] {
            team.set(json!({"binding": binding})).await;
            let chat = team.open("webchat", &format!("stranger-{binding}")).await;
            let link = team.link(&chat).await;
            let mut stranger = Browser::new(&world);
            let visit = vouched(&mut stranger, &link).await;
            let done = logs_in(&team, &visit, "customer").await;
            let mut customer = Browser::new(&world);
            let shown = customer.finish(&done).await;
            assert!(!is_up(&team, &chat).await, "{binding}");
            // Where another browser is asked, it says that this chat is not its own, or nothing.
            if shown.text().contains("data-act=\"report\"") {
                assert_eq!(customer.press_done(&done, "report").await.status, 200);
            }
            // What the stranger can still do: come to the pages that they know, and press Continue again.
            stranger.get(text(&link, "url")).await;
            let secret = link["opener_secret"].as_str().unwrap_or_default();
            stranger.press(text(&link, "url"), "continue", secret).await;
            assert!(!is_up(&team, &chat).await, "{binding}");
            assert!(!json!(team.events().await).to_string().contains("\"customer\":{"), "{binding}");
        }
    }
}

/// The page of a code that was sent to the customer, opened and answered in the customer's browser.
#[tokio::test]
async fn a001_a_challenge_page_that_is_handed_on_authenticates_nobody() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        for (n, method) in ["otp", "pin"].into_iter().enumerate() {
            let chat = team.open("webchat", &format!("stranger-{n}")).await;
            let asked = match method {
                "otp" => team.otp(&chat).await,
                _ => {
                    let body = json!({"method": "pin", "pin": "004711"});
                    team.asks(&team.agent, &chat, body).await.expect(202)
                }
            };
            let code = team.code(&chat, 0).await;
            let mut customer = Browser::new(&world);
            let page = text(&asked, "page_url");
            let on = customer.press(page, "continue", "").await;
            let form = customer.get(&on.header("location")).await;
            let field = if method == "pin" { "pin" } else { "code" };
            let nonce = hidden(&form.text(), "nonce");
            let fields = [("act", "answer"), ("nonce", &nonce), ("attempt", "one"), (field, &code)];
            let done = customer.post(page, &fields).await;
            assert_eq!(done.status, 303, "{}", done.text());
            let shown = customer.finish(&done.header("location")).await;
            assert!(shown.text().contains("data-code") && shown.text().contains("data-act=\"report\""));
            assert!(!is_up(&team, &chat).await, "{method}");
            let mut stranger = Browser::new(&world);
            assert_eq!(stranger.finish(&done.header("location")).await.status, 409);
            assert!(!is_up(&team, &chat).await, "{method}");
            // The code came from the page: the chat's owner could have read it out, and nobody else.
            let confirmation = shown_code(&shown.text());
            assert_eq!(team.says(&chat, "m1", &confirmation).await.expect(200)["outcome"], "passed");
        }
    }
}

/// The page of questions, opened and answered in the customer's browser.
#[tokio::test]
async fn a001_a_page_of_questions_that_is_handed_on_authenticates_nobody() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        let facts = json!({"first_pet": "Rex", "first_school": "Rex"});
        let customer = json!({"phones": [PHONE], "facts": facts});
        world.call(&team.admin, "PUT", "/v1/teams/acme/customers/customer", customer).await.expect(201);
        let kba = json!({"enabled": true, "ask": ["first_pet", "first_school"], "questions": 2, "must_match": 2});
        team.set(json!({ "kba": kba })).await;
        for (binding, channel) in [("auto", "webchat"), ("code", "sms"), ("opener", "webchat")] {
            team.set(json!({ "binding": binding })).await;
            let person = json!({"role": "primary", "phone": PHONE});
            let body = json!({"channel": channel, "conversation": format!("stranger-{binding}"),
                "participants": [person]});
            let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
            let chat = text(&opened, "id");
            let asked = team.asks(&team.bot, chat, json!({"method": "kba"})).await.expect(202);
            let page = text(&asked, "page_url");
            let mut customer = Browser::new(&world);
            let on = customer.press(page, "continue", "").await;
            if binding == "opener" {
                assert_eq!(on.status, 403, "only the chat's own window opens it");
                continue;
            }
            let form = customer.get(&on.header("location")).await;
            let nonce = hidden(&form.text(), "nonce");
            let fields =
                [("act", "answer"), ("nonce", &nonce), ("attempt", "one"), ("answer_1", "rex"), ("answer_2", "rex")];
            let done = customer.post(page, &fields).await;
            assert_eq!(done.status, 303, "{}", done.text());
            let done = done.header("location");
            let shown = customer.finish(&done).await;
            assert!(shown.text().contains("data-code") && shown.text().contains("data-act=\"report\""), "{binding}");
            assert_eq!(Browser::new(&world).finish(&done).await.status, 409);
            // The stranger, who has learned the answers since, gives them in the chat: they were given.
            for n in 0..2 {
                team.says(chat, &format!("m{n}"), "rex").await.expect(200);
            }
            assert!(!is_up(&team, chat).await, "{binding}");
            assert_eq!(customer.press_done(&done, "report").await.status, 200);
            let code = shown_code(&shown.text());
            assert_ne!(team.says(chat, "m9", &code).await.expect(200)["outcome"], "passed");
            assert!(!is_up(&team, chat).await, "{binding}");
        }
    }
}

async fn admits(world: &World, team: &crate::world::Team, channel: &str) -> (String, String) {
    for (name, definition) in [("session", "session"), ("sms", "recorder")] {
        let path = format!("/v1/teams/acme/channels/{name}");
        let status = world.call(&team.admin, "PUT", &path, json!({"definition": definition})).await.status;
        assert!([200, 201].contains(&status));
    }
    let entry = json!({"require_authentication": true, "first": "login", "admit_url": "https://rooms.example.com/in"});
    team.set(json!({"entry": entry})).await;
    let person = json!({"role": "primary", "phone": "+37255500001"});
    let body = json!({"channel": channel, "conversation": format!("stranger-{channel}"), "participants": [person]});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = text(&opened, "id").to_owned();
    let path = format!("/v1/interactions/{chat}/invitations");
    let made = world.call(&team.agent, "POST", &path, json!({"via": "sms"})).await.expect(201);
    (chat, text(&made, "url").to_owned())
}

/// An invitation whose login address is handed on: the browser at the door is not let in by the customer's login.
#[tokio::test]
async fn a001_an_invitations_login_that_is_handed_on_admits_and_authenticates_nobody() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        for channel in ["session", "webchat"] {
            let (chat, invitation) = admits(&world, &team, channel).await;
            let mut stranger = Browser::new(&world);
            let on = stranger.press(&invitation, "continue", "").await;
            let visit = Visit::of(&on.header("location"));
            let done = logs_in(&team, &visit, "customer").await;
            let mut customer = Browser::new(&world);
            let page = customer.finish(&done).await;
            assert!(!page.header("location").contains("cs_entry"), "{channel}: {}", page.header("location"));
            let again = stranger.press(&invitation, "continue", "").await;
            assert!(!again.header("location").contains("cs_entry"), "{channel}: {}", again.header("location"));
            assert!(!is_up(&team, &chat).await, "{channel}");
        }
    }
}

/// The invitation itself is handed on: the customer who proves is let in, in their own browser, and nobody else.
#[tokio::test]
async fn an_invitation_that_is_handed_on_admits_who_proved_and_nobody_else() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        for channel in ["session", "webchat"] {
            let (chat, invitation) = admits(&world, &team, channel).await;
            let mut customer = Browser::new(&world);
            let on = customer.press(&invitation, "continue", "").await;
            let done = logs_in(&team, &Visit::of(&on.header("location")), "customer").await;
            customer.finish(&done).await;
            let flag = team.flag(&chat).await;
            if channel == "session" {
                assert_eq!((&flag["binding"], &flag["customer"]["id"]), (&json!("browser"), &json!("customer")));
            } else {
                assert_eq!(flag["authenticated"], false, "the chat has not said that it is the customer's");
            }
            // A later arrival of another browser proves anew, whatever is asked of the same one.
            let mut stranger = Browser::new(&world);
            let on = stranger.press(&invitation, "continue", "").await;
            assert!(on.header("location").contains("cs_token="), "{channel}: {} {}", on.status, on.header("location"));
            let again = customer.press(&invitation, "continue", "").await;
            assert!(again.header("location").contains("cs_entry="), "{channel}: {}", again.header("location"));
        }
    }
}

/// A cosigner hands their login address to the primary, who logs in there: the cosigner is not the primary.
#[tokio::test]
async fn a001_a_cosigners_login_that_the_primary_takes_is_not_the_primarys_proof() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        let chat = team.open("sms", PHONE).await;
        team.authenticate(&chat, "primary").await;
        let cosigner = json!({"role": "cosigner", "name": "A Cosigner", "phone": "+37255500009"});
        team.bot("POST", &chat, "/participants", cosigner).await.expect(201);
        let body = json!({"purpose": "mid_chat", "participant": "p2"});
        let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
        let mut cosigner = Browser::new(&world);
        let visit = cosigner.continues(text(&link, "url")).await;
        let done = logs_in(&team, &visit, "primary").await;
        let mut primary = Browser::new(&world);
        let page = primary.finish(&done).await;
        assert!(!page.text().contains("data-code"), "there is no code to type in the chat: {}", page.text());
        cosigner.finish(&done).await;
        let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
        assert_eq!(seen["participants"][1]["authentication"]["authenticated"], false, "{seen}");
        assert_eq!(seen["participants"][0]["authentication"]["customer"]["id"], "primary");
    }
}

/// The address of an earlier login of the same conversation leads nowhere.
#[tokio::test]
async fn the_address_of_an_earlier_login_leads_nowhere() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = team.open("webchat", "c1").await;
    let mut stranger = Browser::new(&world);
    let first = team.link(&chat).await;
    let visit = vouched(&mut stranger, &first).await;
    let earlier = logs_in(&team, &visit, "stranger").await;
    let link = team.link(&chat).await;
    let visit = vouched(&mut stranger, &link).await;
    logs_in(&team, &visit, "customer").await;
    assert_eq!(stranger.finish(&earlier).await.status, 410);
    assert!(!is_up(&team, &chat).await);
    // Neither does garbage that is posted as a form.
    let handle = visit.callback.replace("/p/", "/d/");
    for url in [handle.as_str(), &text(&link, "url").replace("/l/", "/d/"), "/d/x"] {
        assert_eq!(stranger.finish(url).await.status, 404, "{url}");
    }
}

/// The stranger sends the signed address; the customer gives up there. The link is over, and no flag is raised.
#[tokio::test]
async fn stranger_who_cancels_at_the_login_page_ends_the_link() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let mut customer = Browser::new(&world);
    let visit = vouched(&mut customer, &link).await;
    let mut claims = team.claims(&visit, "stranger");
    claims["outcome"] = json!("cancelled");
    let told = team.post_back(&visit, &team.sign(&claims)).await.expect(200);
    assert_eq!(told["status"], "cancelled");
    let mut stranger = Browser::new(&world);
    let page = stranger.finish(text(&told, "continue_url")).await;
    assert!(page.status == 200 && !page.text().contains("data-act=\"report\""), "that it was cancelled, and no more");
    assert_eq!(customer.get(text(&link, "url")).await.status, 410);
    assert!(!is_up(&team, &chat).await);
}

/// The page of a code is handed on: in the browser that presses Continue there the proof begins anew. Another code
/// goes to the participant, and the page of the browser before takes no answer any more.
#[tokio::test]
async fn challenge_begins_anew_in_the_browser_that_pressed_last() {
    for world in worlds().await {
        let team = team(&world, json!({"send_budget": {"resend_after_seconds": 1}})).await;
        let chat = team.open("webchat", "c1").await;
        let asked = team.otp(&chat).await;
        let page = text(&asked, "page_url");
        let opens = async |browser: &mut Browser| {
            let on = browser.press(page, "continue", "").await;
            hidden(&browser.get(&on.header("location")).await.text(), "nonce")
        };
        let answers = async |browser: &Browser, nonce: &str, code: &str| {
            let fields = [("act", "answer"), ("nonce", nonce), ("attempt", "one"), ("code", code)];
            browser.post(page, &fields).await
        };
        let (mut before, mut after) = (Browser::new(&world), Browser::new(&world));
        let first = opens(&mut before).await;
        let code = team.code(&chat, 0).await;
        world.pass(std::time::Duration::from_secs(2)).await;
        let second = opens(&mut after).await;
        let newer = team.code(&chat, 0).await;
        assert_ne!(newer, code, "the code of the page before is over");
        for code in [&code, &newer] {
            let refused = answers(&before, &first, code).await;
            assert!(refused.status >= 400 && refused.header("location").is_empty(), "{}", refused.text());
        }
        assert_eq!(team.lockout(&chat).await["failures"], 0);
        assert_eq!(answers(&after, &second, &newer).await.status, 303);
        assert!(!is_up(&team, &chat).await);
    }
}

/// The link back to the chat carries the code. From a stranger's own conversation it is a text like any other.
#[tokio::test]
async fn code_from_a_return_link_counts_in_its_own_chat_alone() {
    for world in worlds().await {
        let team = team(&world, json!({"binding": "code"})).await;
        let (chat, strangers) = (team.open("sms", PHONE).await, team.open("sms", "+37255599999").await);
        let link = team.link(&chat).await;
        let mut browser = Browser::new(&world);
        let visit = browser.continues(text(&link, "url")).await;
        let code = browser.code(&logs_in(&team, &visit, "customer").await).await;
        let heard = team.says(&strangers, "m1", &code).await.expect(200);
        assert_ne!(heard["outcome"], "passed", "{heard}");
        assert!(!is_up(&team, &strangers).await && !is_up(&team, &chat).await);
        assert_eq!(team.says(&chat, "m2", &code).await.expect(200)["outcome"], "passed");
    }
}
