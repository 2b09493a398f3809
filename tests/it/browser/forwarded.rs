//! Two people, each with a browser of their own: a stranger has a link, or begins with it, and the customer
//! finishes it. What the customer proves never counts for the stranger. How the flag stands is asked of the API.

mod pages;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, walk_at, walk_both_at};
use super::house::{House, PHONE};
use super::webchat::Stage;
use super::{CONTINUE, RETURN};

/// The button of the site's login page.
const SIGN_IN: &str = "#sign-in";

/// So long nothing may happen before it counts as not happening.
const QUIET: Duration = Duration::from_secs(2);

/// A stage whose login page asks whoever comes.
async fn stage(more: Value) -> Stage {
    let stage = Stage::set(more).await;
    set(&stage, json!({"authentication_url": format!("{}/sign-in", stage.site.url)})).await;
    stage
}

async fn set(stage: &Stage, settings: Value) {
    stage.house.call(Method::PATCH, "/v1/teams/linden/settings", settings).await;
}

async fn link(stage: &Stage, body: Value) -> String {
    stage.call("login-links", body).await["url"].as_str().expect("a URL").to_owned()
}

/// The done page that the login page has led the last browser on to.
fn led_on(stage: &Stage) -> String {
    stage.site.done_pages().pop().expect("it was told one")
}

/// Nobody in the conversation is authenticated, and nobody becomes it.
async fn nobody_is_authenticated(house: &House, chat: &str) {
    for wait in [Duration::ZERO, QUIET] {
        tokio::time::sleep(wait).await;
        let seen = house.call(Method::GET, &format!("/v1/interactions/{chat}"), Value::Null).await;
        for person in seen["participants"].as_array().expect("a list") {
            assert_eq!(person["authentication"]["authenticated"], false, "{person}");
        }
    }
}

impl Browser {
    /// Opens an address of whichever site.
    async fn goes_to(&self, url: &str) -> WebDriverResult<()> {
        self.driver.goto(url).await
    }

    /// Where it is.
    async fn place(&self) -> WebDriverResult<String> {
        Ok(self.driver.current_url().await?.into())
    }

    /// Presses Continue, and is at the login page; its signed address.
    async fn continues(&self) -> WebDriverResult<String> {
        self.click(CONTINUE).await?;
        self.find(SIGN_IN).await?;
        self.place().await
    }

    /// The link that stands in the chat, opened from the chat in a window of its own for which the chat vouches;
    /// answers the chat's.
    async fn opens_from_chat(&self) -> WebDriverResult<WindowHandle> {
        let chat = self.opens_link().await?;
        self.find("[data-state=connected]").await?;
        Ok(chat)
    }

    async fn opens_link(&self) -> WebDriverResult<WindowHandle> {
        let chat = self.driver.window().await?;
        let before = self.driver.windows().await?;
        self.click(".way a").await?;
        let opened = async || Ok(self.driver.windows().await?.into_iter().find(|window| !before.contains(window)));
        self.driver.switch_to_window(self.until("the window", opened).await?).await?;
        Ok(chat)
    }

    /// The chat's window has no check mark.
    async fn has_no_tick(&self, chat: WindowHandle) -> WebDriverResult<()> {
        self.driver.switch_to_window(chat).await?;
        self.in_chat().await?;
        self.find("#tick[hidden]").await.map(drop)
    }
}

/// The chat's own window vouched for the stranger's browser; the customer logs in at the very address that it was
/// sent to.
async fn by_a_login(settings: Value, ends: &str, step: &str) {
    let stage = stage(settings).await;
    walk_both_at(&stage.site.url, &format!("forwarded-{step}"), Eyes::DESKTOP, async |stranger, customer| {
        stranger.open("/").await?;
        stranger.opens_chat().await?;
        link(&stage, json!({"purpose": "mid_chat", "deliver": true})).await;
        let chat = stranger.opens_from_chat().await?;
        let signed = stranger.continues().await?;

        customer.goes_to(&signed).await?;
        customer.click(SIGN_IN).await?;
        customer.find(ends).await?;
        assert_eq!(customer.place().await?, format!("{}/d", stage.house.url), "the address bar has no token");
        let done = led_on(&stage);
        customer.looks("1-done").await?;
        nobody_is_authenticated(&stage.house, &stage.chat).await;

        // The stranger comes back to the login page, and presses Continue again.
        let login = stranger.driver.window().await?;
        stranger.has_no_tick(chat).await?;
        if stranger.driver.find(By::Css(".way:not(.over) a")).await.is_ok() {
            stranger.opens_link().await?;
            stranger.continues().await?;
        } else {
            stranger.driver.switch_to_window(login).await?;
        }
        nobody_is_authenticated(&stage.house, &stage.chat).await;

        // Nor is the customer's page worth anything from then on, in whichever browser.
        customer.goes_to(&done).await?;
        customer.find("h1").await?;
        stranger.goes_to(&done).await?;
        stranger.find("h1").await?;
        assert!(stranger.driver.find_all(By::Css("[data-code]")).await?.is_empty(), "no code for the stranger");
        nobody_is_authenticated(&stage.house, &stage.chat).await;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn login_in_another_browser_leaves_the_chat_alone() {
    by_a_login(json!({}), "form[data-act=address]", "login").await;
}

#[tokio::test]
async fn where_only_the_chats_window_counts_another_browser_ends_the_login() {
    by_a_login(json!({"binding": "opener"}), ".outcome-other_browser", "opener").await;
}

#[tokio::test]
async fn where_other_browsers_are_refused_the_login_ends() {
    by_a_login(json!({"other_browser": "refuse"}), ".outcome-other_browser", "refused").await;
}

/// The stranger comes to the login page beside the customer, whose login is accepted, and answers the same nonce
/// under the `jti` that the customer's had: with an account of their own, or by cancelling. The stranger is told no
/// page; the customer's own, where the code stands, shows it to no other browser.
#[tokio::test]
async fn answer_after_the_customers_leads_to_no_page_of_theirs() {
    for button in ["#sign-in-stranger", "#cancel"] {
        let stage = stage(json!({"binding": "code"})).await;
        walk_both_at(&stage.site.url, "answered-again", Eyes::DESKTOP, async |stranger, customer| {
            stranger.goes_to(&link(&stage, json!({"purpose": "mid_chat"})).await).await?;
            let signed = stranger.continues().await?;
            customer.goes_to(&signed).await?;
            customer.click(SIGN_IN).await?;
            customer.find("form[data-act=address]").await?;

            stranger.click(button).await?;
            stranger.find("#refused").await?;
            assert_eq!(stage.site.done_pages().len(), 1, "nobody was told the customer's page again");
            nobody_is_authenticated(&stage.house, &stage.chat).await;
            Ok(())
        })
        .await;
    }
}

/// Whoever is told the address of a done page where the code stands already is not shown it.
#[tokio::test]
async fn code_on_a_done_page_is_shown_to_one_browser() {
    let stage = stage(json!({"binding": "code"})).await;
    walk_both_at(&stage.site.url, "shown-once", Eyes::DESKTOP, async |customer, stranger| {
        customer.goes_to(&link(&stage, json!({"purpose": "mid_chat"})).await).await?;
        customer.continues().await?;
        customer.click(SIGN_IN).await?;
        let code = customer.text("[data-code]").await?;

        stranger.goes_to(&led_on(&stage)).await?;
        stranger.find(".outcome-elsewhere").await?;
        stranger.looks("1-elsewhere").await?;
        assert!(!stranger.driver.source().await?.contains(&code));
        assert_eq!(stage.house.types_in_chat(&stage.chat, &code).await["outcome"], "passed");
        Ok(())
    })
    .await;
}

/// A team that lets people in by a login.
async fn with_door() -> Stage {
    let stage = stage(json!({})).await;
    let entry =
        json!({"require_authentication": true, "first": "login", "admit_url": format!("{}/inside", stage.site.url)});
    set(&stage, json!({ "entry": entry })).await;
    stage
}

/// Such a team; the id of a conversation of pages, and the invitation that came as a text.
async fn door() -> (Stage, String, String) {
    let stage = with_door().await;
    let rooms = json!({"definition": "session"});
    stage.house.call(Method::PUT, "/v1/teams/linden/channels/session", rooms).await;
    let body = json!({"channel": "session", "conversation": "call-1",
        "participants": [{"role": "primary", "name": "Demo Customer", "phone": PHONE}]});
    let opened = stage.house.call(Method::POST, "/v1/interactions", body).await;
    let chat = opened["id"].as_str().expect("an id").to_owned();
    stage.house.invite(&chat, json!({"via": "sms"})).await;
    let invitation = stage.house.link(PHONE).await;
    (stage, chat, invitation)
}

#[tokio::test]
async fn login_at_the_door_lets_in_the_browser_that_logged_in_and_no_other() {
    let (stage, chat, invitation) = door().await;
    walk_both_at(&stage.site.url, "forwarded-door", Eyes::DESKTOP, async |stranger, customer| {
        stranger.goes_to(&invitation).await?;
        let signed = stranger.continues().await?;

        customer.goes_to(&signed).await?;
        customer.click(SIGN_IN).await?;
        customer.find(".outcome-start_again").await?;
        customer.looks("1-start-again").await?;
        let done = led_on(&stage);
        nobody_is_authenticated(&stage.house, &chat).await;
        assert_ne!(stage.house.participant(&chat, 0).await["entry"]["status"], "admitted");

        // Neither the invitation nor the customer's page lets the stranger in.
        for page in [&invitation, &done] {
            stranger.goes_to(page).await?;
            stranger.find("h1").await?;
            tokio::time::sleep(QUIET).await;
            assert!(stranger.driver.find_all(By::Css("#inside")).await?.is_empty());
        }
        assert_eq!(stage.site.entered(), 0, "nobody was let in");
        nobody_is_authenticated(&stage.house, &chat).await;

        // The customer is, by the invitation in their own browser.
        customer.goes_to(&invitation).await?;
        customer.continues().await?;
        customer.click(SIGN_IN).await?;
        customer.find("#inside").await?;
        assert_eq!(stage.site.entered(), 1);
        let person = stage.house.participant(&chat, 0).await;
        assert_eq!(person["entry"]["status"], "admitted");
        let flag = &person["authentication"];
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("browser")));

        stranger.goes_to(&invitation).await?;
        stranger.find(CONTINUE).await?;
        assert_eq!(stage.site.entered(), 1, "and nobody else");
        Ok(())
    })
    .await;
}

/// The stranger has an invitation sent into the chat of their own window. Handed on before or after Continue, it
/// neither authenticates the chat by the customer's login nor lets the stranger in.
#[tokio::test]
async fn invitation_into_a_chat_that_is_handed_on_authenticates_nobody_there() {
    for after_continue in [false, true] {
        let stage = with_door().await;
        stage.house.invite(&stage.chat, json!({"via": "sms"})).await;
        let invitation = stage.house.link(PHONE).await;
        let name = format!("forwarded-invitation-{after_continue}");
        walk_both_at(&stage.site.url, &name, Eyes::DESKTOP, async |stranger, customer| {
            stranger.open("/").await?;
            stranger.opens_chat().await?;
            if after_continue {
                stranger.goes_to(&invitation).await?;
                customer.goes_to(&stranger.continues().await?).await?;
            } else {
                customer.goes_to(&invitation).await?;
                customer.continues().await?;
            }
            customer.click(SIGN_IN).await?;
            let ends = if after_continue { "form[data-act=address]" } else { "[data-code]" };
            customer.find(ends).await?;
            customer.looks("1-end").await?;
            nobody_is_authenticated(&stage.house, &stage.chat).await;
            if !after_continue {
                customer.goes_to(&invitation).await?;
                customer.click(CONTINUE).await?;
                customer.find("#inside").await?;
            }
            let entered = stage.site.entered();
            assert_eq!(entered, usize::from(!after_continue), "whoever has logged in at the door");

            stranger.goes_to(&led_on(&stage)).await?;
            stranger.find("h1").await?;
            stranger.goes_to(&invitation).await?;
            stranger.continues().await?;
            assert_eq!(stage.site.entered(), entered, "the stranger has to log in");
            nobody_is_authenticated(&stage.house, &stage.chat).await;
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn cosigners_login_in_the_primarys_browser_counts_for_nobody() {
    let stage = stage(json!({})).await;
    walk_both_at(&stage.site.url, "forwarded-cosigner", Eyes::DESKTOP, async |primary, cosigner| {
        cosigner.goes_to(&link(&stage, json!({"purpose": "mid_chat", "participant": "p2"})).await).await?;
        let signed = cosigner.continues().await?;

        primary.goes_to(&signed).await?;
        primary.click(SIGN_IN).await?;
        primary.find(".outcome-start_again").await?;
        nobody_is_authenticated(&stage.house, &stage.chat).await;
        let done = led_on(&stage);
        cosigner.goes_to(&done).await?;
        cosigner.find("h1").await?;
        nobody_is_authenticated(&stage.house, &stage.chat).await;

        // Where the cosigner logs in, the flag is theirs.
        cosigner.goes_to(&link(&stage, json!({"purpose": "mid_chat", "participant": "p2"})).await).await?;
        cosigner.continues().await?;
        cosigner.click(SIGN_IN).await?;
        cosigner.find(".outcome-authenticated").await?;
        let flag = stage.house.participant(&stage.chat, 1).await["authentication"].clone();
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("browser")));
        assert_eq!(stage.flag().await["authenticated"], false);
        Ok(())
    })
    .await;
}

/// With a script, and opened from the chat, there are three presses: the link, Continue, and the login itself.
#[tokio::test]
async fn in_one_browser_nothing_is_pressed_after_the_login() {
    let stage = stage(json!({})).await;
    walk_at(&stage.site.url, "one-browser", Eyes::DESKTOP, async |browser| {
        browser.open("/").await?;
        browser.opens_chat().await?;
        link(&stage, json!({"purpose": "mid_chat", "deliver": true})).await;
        browser.opens_from_chat().await?;
        browser.continues().await?;
        browser.click(SIGN_IN).await?;
        browser.find(".outcome-authenticated").await?;
        let flag = stage.flag().await;
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("opener")));
        Ok(())
    })
    .await;
}

journeys! {
    on_a_desktop_with_a_script_the_login_is_the_last_press = presses(Eyes::DESKTOP);
    on_a_desktop_without_script_one_press_follows_the_login = presses(Eyes::DESKTOP.without_script());
    on_a_phone_without_script_one_press_follows_the_login = presses(Eyes::PHONE.without_script());
}

/// In one browser, from Continue on: with a script the login is the last press, without there is exactly one more.
async fn presses(eyes: Eyes) {
    let stage = stage(json!({})).await;
    walk_at(&stage.site.url, "presses", eyes, async |browser| {
        for (participant, binding) in [("p1", "code"), ("p2", "browser")] {
            browser.goes_to(&link(&stage, json!({"purpose": "mid_chat", "participant": participant})).await).await?;
            browser.continues().await?;
            browser.click(SIGN_IN).await?;
            if !eyes.script {
                browser.find(RETURN).await?;
                browser.looks(&format!("{participant}-1-back")).await?;
                nobody_is_authenticated(&stage.house, &stage.chat).await;
                browser.click(RETURN).await?;
            }
            let n = usize::from(participant == "p2");
            if n == 0 {
                let code = browser.text("[data-code]").await?;
                nobody_is_authenticated(&stage.house, &stage.chat).await;
                assert_eq!(stage.house.types_in_chat(&stage.chat, &code).await["outcome"], "passed");
            } else {
                browser.find(".outcome-authenticated").await?;
            }
            let flag = stage.house.participant(&stage.chat, n).await["authentication"].clone();
            assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!(binding)));
            browser.looks(&format!("{participant}-2-done")).await?;
            stage.call("sign-out", json!({})).await;
        }
        Ok(())
    })
    .await;
}

journeys! {
    on_a_desktop_another_browser_names_where_it_chats = names_its_address(Eyes::DESKTOP);
    on_a_phone_another_browser_names_where_it_chats = names_its_address(Eyes::PHONE);
    on_a_phone_without_script_another_browser_names_where_it_chats = names_its_address(Eyes::PHONE.without_script());
}

/// Phones change the browser half-way: the other one names the number or the mail address that it chats with, or,
/// where the chat has neither, says whose chat it is. Only then is it shown the code, and only the code counts.
async fn names_its_address(eyes: Eyes) {
    let stage = stage(json!({})).await;
    for (channel, conversation, asks, wrong) in [
        ("sms", PHONE, "input[type=tel]", Some("+447700900199")),
        ("email", "demo1@example.com", "input[type=email]", Some("demo9@example.com")),
        ("webchat", "conv-2", "input[name=address][value=mine]", None),
    ] {
        let body = json!({"channel": channel, "conversation": conversation,
            "participants": [{"role": "primary", "name": "Demo Customer", "phone": PHONE, "email": "demo1@example.com"}]});
        let opened = stage.house.call(Method::POST, "/v1/interactions", body).await;
        let chat = opened["id"].as_str().expect("an id");
        let links = format!("/v1/interactions/{chat}/login-links");
        let made = stage.house.call(Method::POST, &links, json!({"purpose": "mid_chat"})).await;
        let url = made["url"].as_str().expect("a URL");
        walk_both_at(&stage.site.url, &format!("names-{channel}"), eyes, async |one, other| {
            one.goes_to(url).await?;
            let signed = one.continues().await?;
            other.goes_to(&signed).await?;
            other.click(SIGN_IN).await?;
            other.returns().await?;
            other.comes_with_a_cookie().await?;
            other.find(asks).await?;
            other.looks("1-asked").await?;
            if let Some(wrong) = wrong {
                other.find(asks).await?.send_keys(wrong).await?;
                other.click("form[data-act=address] button").await?;
                other.find("#error").await?;
                other.looks("2-wrong").await?;
                other.find(asks).await?.send_keys(conversation).await?;
            }
            other.click("form[data-act=address] button").await?;
            let code = other.text("[data-code]").await?;
            other.looks("3-code").await?;
            nobody_is_authenticated(&stage.house, chat).await;
            assert_eq!(stage.house.types_in_chat(chat, &code).await["outcome"], "passed");
            let flag = stage.house.participant(chat, 0).await["authentication"].clone();
            assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
            Ok(())
        })
        .await;
    }
}

impl Browser {
    /// A browser that brought no cookie of the gateway's is given one and asked again.
    async fn comes_with_a_cookie(&self) -> WebDriverResult<()> {
        if self.eyes.script {
            return Ok(());
        }
        self.find("input[name=again]").await?;
        self.returns().await
    }
}
