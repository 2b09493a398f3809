//! A link in other hands: sent to a victim, opened in a second browser, shown on another device.
//! Who gets the flag is asked of the gateway, never of a page.

use std::time::Duration;

use serde_json::json;

use super::{ask, text};
use crate::world::{Browser, World, worlds};

/// A001: the attacker's chat is not authenticated by a victim's login: the code that the victim's
/// browser shows must come from the chat's own sender, within two minutes (contract §4; the
/// attack's own page 202 is the contract's 200 `accepted`).
#[tokio::test]
async fn a001_a_forwarded_link_authenticates_nobody_without_the_code_from_the_chat() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let attacker = team.open("whatsapp", "+37255500001").await;
        let link = team.link(&attacker).await;
        let mut victim = Browser::new(&world);
        let visit = victim.continues(text(&link, "url")).await;
        let told = team.post_back(&visit, &team.assertion(&visit, "victim")).await.expect(200);
        assert_eq!(told["status"], "accepted");
        assert_eq!(team.flag(&attacker).await["authenticated"], false);
        // The victim, or anybody else, types the code into a chat: it counts from the sender alone.
        let code = victim.code(text(&told, "continue_url")).await;
        let body = json!({"message_id": "m1", "from": "+37255500999", "text": code});
        let heard = team.bot("POST", &attacker, "/messages", body).await.expect(200);
        assert_eq!(heard["consumed"], false);
        let elsewhere = team.open("whatsapp", "+37255500002").await;
        assert_eq!(team.says(&elsewhere, "m1", &code).await.expect(200)["consumed"], false);
        assert_eq!(team.flag(&elsewhere).await["authenticated"], false);
        assert_eq!(team.flag(&attacker).await["authenticated"], false);
        // After two minutes the code is nothing.
        world.pass(Duration::from_secs(120)).await;
        assert_eq!(team.says(&attacker, "m2", &code).await.expect(200)["consumed"], false);
        let flag = team.flag(&attacker).await;
        assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!("confirmation_expired")));
        assert!(team.event_types().await.contains(&"confirmation.expired".to_owned()));
    }
}

/// A001, `binding = "opener"`: without the chat's own window there is no way to the login
/// page. The link is not burned by it (the attack catalogue burns it): a stranger could else spend the
/// rightful person's link.
#[tokio::test]
async fn a001_with_opener_binding_a_forwarded_link_does_not_reach_the_login_page() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"binding": "opener"})).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let (url, secret) = (text(&link, "url"), text(&link, "opener_secret"));
    let flipped = format!("{}{}", if secret.starts_with('A') { 'B' } else { 'A' }, &secret[1..]);
    for wrong in ["", "x", flipped.as_str(), url] {
        let mut victim = Browser::new(&world);
        assert_eq!(victim.press(url, "continue", wrong).await.status, 403, "{wrong}");
    }
    // Another link's secret is not this one's.
    let other = team.link(&team.open("webchat", "c2").await).await;
    assert_eq!(Browser::new(&world).press(url, "continue", text(&other, "opener_secret")).await.status, 403);
    let mut own = Browser::new(&world);
    assert_eq!(own.press(url, "continue", secret).await.status, 303);
}

/// A001: Continue in another browser begins anew there, and what the first was given is over.
#[tokio::test]
async fn a001_the_browser_that_continued_last_has_the_login() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let link = team.link(&chat).await;
    let url = text(&link, "url");
    let (mut first, mut second) = (Browser::new(&world), Browser::new(&world));
    let visit = first.continues(url).await;
    assert_eq!(first.continues(url).await.token, visit.token, "the same browser is where it was");
    let newer = second.continues(url).await;
    assert_ne!(newer.token, visit.token);
    team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(410, "link-superseded");
    assert_eq!(team.post_back(&newer, &team.assertion(&newer, "cust-42")).await.expect(200)["status"], "accepted");
}

/// A002: who is talked into reading the code back is told first what it does; "This wasn't me"
/// comes with it, and freezes at once. City and time of the chat are no part of our page's facts
/// beyond when it was asked for (design §4).
#[tokio::test]
async fn a002_the_page_with_the_code_says_whose_chat_it_is_and_can_be_reported() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255500001").await;
        let link = team.link(&chat).await;
        let mut victim = Browser::new(&world);
        let landing = victim.get(text(&link, "url")).await.text();
        let visit = victim.continues(text(&link, "url")).await;
        let told = team.post_back(&visit, &team.assertion(&visit, "victim")).await.expect(200);
        let done = text(&told, "continue_url");
        let page = victim.finish(done).await.text();
        for page in [&landing, &page] {
            for fact in ["brand", "channel", "address", "asked"] {
                assert!(page.contains(&format!("data-fact=\"{fact}\"")), "{fact}: {page}");
            }
            assert!(page.contains("A shop") && page.contains("data-act=\"report\""));
            assert!(!page.contains("+37255500001"), "the chat's address is masked");
        }
        let code = victim.code(done).await;
        assert_eq!(victim.press_done(done, "report").await.status, 200);
        // Also the attacker's right code comes too late.
        assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["consumed"], false);
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!("reported")));
        assert_eq!(victim.finish(done).await.status, 410, "nothing of it can be used again");
        let again = team.post_back(&visit, &team.assertion(&visit, "victim")).await;
        assert_eq!(again.status, 410, "{}", again.text());
        assert!(team.event_types().await.contains(&"link.reported".to_owned()));
    }
}

/// A002: nobody lowers a flag by another page's form.
#[tokio::test]
async fn a002_another_pages_nonce_reports_nothing() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let told = team.log_in(&chat, "victim").await;
    let mut victim = Browser::of(&world, &told);
    let code = victim.code(text(&told, "continue_url")).await;
    assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["authenticated"], true);
    let nonce = nonce_of(&world, &mut victim, &team, &chat).await;
    assert_eq!(victim.post(text(&told, "continue_url"), &[("act", "report"), ("nonce", &nonce)]).await.status, 403);
    assert_eq!(team.flag(&chat).await["authenticated"], true, "another page's nonce reports nothing");
}

/// The nonce of another page, shown to the same browser.
async fn nonce_of(world: &World, browser: &mut Browser, team: &crate::world::Team, chat: &str) -> String {
    let link = team.link(chat).await;
    assert_eq!(ask(world, "HEAD", text(&link, "url"), &[], "").await.status, 200);
    crate::world::hidden(&browser.get(text(&link, "url")).await.text(), "nonce")
}

/// A014: a cookie that an attacker knows or has planted grants nothing: without the page's nonce
/// it presses nothing, and a link that it continues still needs the login page's signature. It
/// is not rotated (the attack catalogue wants that): the same browser must get the same handle
/// (design §4), and it carries no session that could be fixed.
#[tokio::test]
async fn a014_the_browsers_cookie_is_no_session() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let link = team.link(&chat).await;
    let (url, planted) = (text(&link, "url"), "__Host-cs_browser=AAAAAAAAAAAAAAAAAAAAAA");
    let page = Browser::new(&world).get(url).await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-cs_browser="), "{cookie}");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain="));
    let origin = ("origin", crate::world::URL);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let reply = ask(&world, "POST", url, &[("cookie", planted), origin, form], "act=continue&nonce=").await;
    assert_eq!(reply.status, 403);
    // It opens no API and no other page.
    for path in [format!("/v1/interactions/{chat}"), format!("/v1/interactions/{chat}/authentication")] {
        assert_eq!(ask(&world, "GET", &path, &[("cookie", planted)], "").await.status, 401);
    }
    // What is no cookie of ours is replaced, not taken over.
    for odd in [
        "__Host-cs_browser=",
        "__Host-cs_browser=../../x",
        "__Host-cs_browser=AAAA",
        "cs_browser=AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let reply = ask(&world, "GET", url, &[("cookie", odd)], "").await;
        let value = odd.split_once('=').expect("a cookie").1;
        let set = reply.header("set-cookie");
        assert!(value.is_empty() || !set.contains(&format!("={value};")), "{odd}: {set}");
    }
}

/// A016: a new conversation at the same address, also with a recycled number, begins with
/// nothing proved.
#[tokio::test]
async fn a016_the_flag_belongs_to_one_interaction_and_not_to_its_address() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let first = team.open("whatsapp", "+37255500001").await;
        team.authenticate(&first, "cust-42").await;
        let waiting = team.log_in(&first, "cust-42").await;
        let code = Browser::of(&world, &waiting).code(text(&waiting, "continue_url")).await;
        team.bot("POST", &first, "/close", json!({})).await.expect(200);
        assert_eq!(team.flag(&first).await["authenticated"], false);
        let second = team.open("whatsapp", "+37255500001").await;
        assert_ne!(first, second);
        let flag = team.flag(&second).await;
        assert_eq!((&flag["authenticated"], &flag["customer"]), (&json!(false), &json!(null)));
        assert_eq!(team.says(&second, "m1", &code).await.expect(200)["consumed"], false, "an old code is a text");
        // Also an interaction that closed by itself hands nothing over.
        team.authenticate(&second, "cust-43").await;
        world.pass(Duration::from_secs(31 * 60)).await;
        let third = team.open("whatsapp", "+37255500001").await;
        assert_ne!(second, third);
        assert_eq!(team.flag(&third).await["authenticated"], false);
    }
}
