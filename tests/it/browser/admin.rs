//! The admin console as admins meet it, on a phone and on a desk: from nothing to the first authenticated chat,
//! and what a team's settings, keys, opening screens and intents are changed by.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, walk_at};
use super::house::House;

/// The owner, by her key.
pub async fn owner_comes_in(browser: &Browser, house: &House, next: &str) -> WebDriverResult<()> {
    browser.open(&format!("/signin?next={next}")).await?;
    if browser.driver.find_all(By::Css("details[open]")).await?.is_empty() {
        browser.click("details summary").await?;
    }
    browser.find("[name=key]").await?.send_keys(house.owner()).await?;
    browser.click("form[data-act=key] button").await?;
    browser.find("#told").await.map(drop)
}

#[tokio::test]
async fn on_a_phone_a_new_team_comes_to_its_first_authenticated_chat_g05_g07() {
    first_run(Eyes::PHONE).await;
}

#[tokio::test]
async fn on_a_desk_a_new_team_comes_to_its_first_authenticated_chat_g05_g07() {
    first_run(Eyes::DESKTOP).await;
}

/// Nobody tells her anything but the pages: an empty gateway, a team, four steps, and the check mark (G-05,
/// G-07) when the customer whom she made has logged in.
async fn first_run(eyes: Eyes) {
    let house = House::empty().await;
    walk_at(&house.url, "admin-first", eyes, async |browser| {
        browser.open("/signin").await?;
        browser.find("details[open] [name=key]").await?; // nobody else can be there
        browser.looks("0-sign-in").await?;
        owner_comes_in(browser, &house, "/agent").await?;
        browser.find("#new-team").await?; // who has no team is where one is made
        browser.looks("1-no-team").await?;
        browser.find("#title").await?.send_keys("Harbour Bank").await?;
        assert_eq!(browser.find("#team").await?.prop("value").await?.as_deref(), Some("harbour-bank"));
        browser.click("#new-team button").await?;
        browser.find("[data-step=login][aria-current=step]").await?;
        browser.looks("2-path").await?;
        browser.click("#hosted button").await?;
        browser.find("#password").await?.send_keys("12").await?;
        browser.click("#customer button").await?;
        assert_eq!(browser.driver.find_all(By::Css("[data-step=login][data-done=true]")).await?.len(), 0);
        browser.find("#password").await?.clear().await?;
        browser.find("#password").await?.send_keys("rainy day 7").await?;
        browser.click("#customer button").await?;
        browser.find("[data-step=login][data-done=true]").await?;
        browser.click("#generate button").await?;
        browser.find("[data-step=key][data-done=true]").await?;
        browser.click("#webchat button").await?;
        browser.find("[data-step=channel][data-done=true]").await?;
        browser.looks("3-before-the-try").await?;
        tries(browser).await?;
        let stands = async || {
            browser.open("/admin/teams/harbour-bank").await?; // what is counted may take a second
            browser.driver.find(By::Css("#stands")).await.map(Some)
        };
        browser.until("what stands", stands).await?;
        browser.looks("6-stands").await?;
        browser.open("/admin").await?;
        browser.find("a[href='/admin/teams/harbour-bank']").await?;
        browser.looks("7-teams").await
    })
    .await;
}

/// The last step: link, login, code, check mark; nothing before the proof looks like one.
async fn tries(browser: &Browser) -> WebDriverResult<()> {
    browser.click("#try-begin").await?;
    browser.find("#try-chat[data-state=unverified], #try-chat[data-state=waiting]").await?;
    let console = browser.driver.window().await?;
    browser.click("#try-link").await?;
    let opened = async || Ok(browser.driver.windows().await?.into_iter().find(|window| *window != console));
    let opened = browser.until("the login's tab", opened).await?;
    browser.driver.switch_to_window(opened).await?;
    browser.click("form[data-act=continue] button").await?;
    browser.find("[name=username]").await?.send_keys("test").await?;
    browser.find("[name=password]").await?.send_keys("rainy day 7").await?;
    browser.click("form[data-act=answer] button").await?;
    let code = browser.find("[data-code]").await?.text().await?;
    browser.driver.switch_to_window(console).await?;
    assert!(browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(), "the login alone proves nothing");
    browser.find("#try-text").await?.send_keys("hello").await?;
    browser.click("#try-say button").await?;
    browser.find("#try-log .try-customer").await?;
    browser.looks("4-code-is-asked-for").await?;
    browser.find("#try-text").await?.send_keys(&code).await?;
    browser.click("#try-say button").await?;
    browser.find("#try-chat[data-state=verified] .who-verified").await?;
    browser.find("[data-step=try][data-done=true]").await?;
    let log = browser.find("#try-log").await?.text().await?;
    assert!(!log.contains(&code), "the code is taken out of the chat: {log}");
    browser.looks("5-authenticated").await
}

#[tokio::test]
async fn on_a_phone_settings_say_where_they_come_from_l03_l04_l08_l09_l10() {
    settings(Eyes::PHONE).await;
}

#[tokio::test]
async fn on_a_desk_settings_say_where_they_come_from_l03_l04_l08_l09_l10() {
    settings(Eyes::DESKTOP).await;
}

/// L-03, L-04: the System says something, the team something else, and the team's goes before; L-09: both are
/// reached from the console; L-08, L-10: proof at the door is a switch and a choice of methods.
async fn settings(eyes: Eyes) {
    let house = House::open(json!({})).await;
    let own = async || house.call(Method::GET, "/v1/teams/linden/settings", Value::Null).await;
    walk_at(&house.url, "admin-settings", eyes, async |browser| {
        owner_comes_in(browser, &house, "/admin").await?;
        browser.click("a[href='/admin/system']").await?;
        browser.click("[data-setting='entry.require_authentication'] input").await?;
        browser.click("#form-entry > .acts button").await?;
        browser.find("[data-setting='entry.require_authentication'][data-source=system]").await?;
        browser.looks("1-system").await?;

        browser.open("/admin/teams/linden/settings").await?;
        browser.find("[data-setting='entry.require_authentication'][data-source=system]").await?;
        let before = own().await;
        browser.find("[id='set-entry.first'] option[value=pin]").await?.click().await?;
        browser.click("#form-entry > .acts button").await?;
        browser.find("[data-setting='entry.first'][data-source=team]").await?;
        let mut wanted = before.clone();
        wanted["entry"] = json!({"first": "pin"});
        assert_eq!(own().await, wanted, "only what was changed is sent");
        browser.looks("2-team").await?;
        browser.click("[data-setting='entry.first'] button[data-body]").await?;
        browser.find("[data-setting='entry.first'][data-source=default]").await?;
        assert_eq!(own().await, before, "back to what is inherited");
        browser.find("#meanwhile[data-live=live]").await?;
        assert!(browser.shows_no("#meanwhile").await?, "nobody else was there");
        house.call(Method::PATCH, "/v1/teams/linden/settings", json!({"otp": {"length": 7}})).await;
        browser.find("#meanwhile:not([hidden])").await?;
        never(browser).await?;
        refused(browser).await
    })
    .await;
}

/// An empty field of a span says "never" and what that means, before it is saved and after.
async fn never(browser: &Browser) -> WebDriverResult<()> {
    let field = browser.find("[id='set-link.ttl_minutes']").await?;
    field.clear().await?;
    let note = browser.find("[data-setting='link.ttl_minutes'] .never").await?;
    assert!(note.is_displayed().await? && note.text().await?.contains("never expires"));
    browser.looks("3-never").await?;
    browser.click("#form-login > .acts button").await?;
    let warning = browser.find("[data-setting='link.ttl_minutes'] [data-warning]").await?;
    assert!(warning.text().await?.contains("OWASP ASVS 6.5.5"));
    assert!(browser.find("[id='set-link.ttl_minutes']").await?.prop("value").await?.unwrap_or_default().is_empty());
    Ok(())
}

/// What the API refuses stands at its field, which has the focus; the rest of the form is as it was.
async fn refused(browser: &Browser) -> WebDriverResult<()> {
    let field = browser.find("[id='set-kba.must_match']").await?;
    field.clear().await?;
    field.send_keys("9").await?;
    browser.click("#form-kba > .acts button").await?;
    let wrong = browser.find("[id='set-kba.must_match'][aria-invalid=true]").await?;
    assert!(browser.has_focus("[id='set-kba.must_match']").await?);
    assert_eq!(wrong.prop("value").await?.as_deref(), Some("9"));
    assert!(browser.find("[data-setting='kba.must_match'] .field-error").await?.text().await?.contains("questions"));
    browser.looks("4-refused").await
}

#[tokio::test]
async fn on_a_phone_keys_are_made_shown_once_and_taken_away() {
    keys(Eyes::PHONE).await;
}

#[tokio::test]
async fn on_a_desk_keys_are_made_shown_once_and_taken_away() {
    keys(Eyes::DESKTOP).await;
}

/// A key that is made is shown once; one that retires still verifies; one that is revoked does not, after a
/// question.
async fn keys(eyes: Eyes) {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-keys", eyes, async |browser| {
        owner_comes_in(browser, &house, "/admin/teams/linden/keys").await?;
        browser.click("#new-security button").await?;
        let secret = browser.find("#made-secret:not(:empty)").await?.text().await?;
        let kid = browser.find("#made-kid").await?.text().await?;
        assert_eq!(secret.len(), 43, "32 bytes in base64url");
        browser.looks("1-made").await?;
        browser.click("#made-security .again").await?;
        let row = format!("[data-key='{kid}']");
        browser.find(&format!("{row}[data-status=active]")).await?;
        browser.until("the box is gone", async || Ok(browser.shows_no("#made-security").await?.then_some(()))).await?;
        assert!(!browser.driver.source().await?.contains(&secret), "it is shown once");
        browser.click(&format!("{row} form[data-call^=POST] button")).await?;
        browser.click("dialog[open] button[value=yes]").await?;
        browser.find(&format!("{row}[data-status=retiring] time[datetime]")).await?;
        browser.looks("2-retiring").await?;
        browser.click(&format!("{row} form[data-call^=DELETE] button")).await?;
        browser.find("dialog[open]").await?;
        browser.looks("3-asked").await?;
        browser.presses(Key::Escape).await?;
        browser.find(&format!("{row}[data-status=retiring]")).await?;
        browser.click(&format!("{row} form[data-call^=DELETE] button")).await?;
        browser.click("dialog[open] button[value=yes]").await?;
        browser.find(&format!("{row}[data-status=revoked]")).await?;

        browser.find("#label").await?.send_keys("the portal").await?;
        browser.find("#role option[value=agent]").await?.click().await?;
        browser.click("#new-api button").await?;
        let key = browser.find("#made-key:not(:empty)").await?.text().await?;
        assert!(key.starts_with("csk_linden_"), "it is told once");
        browser.looks("4-api-key").await?;
        assert_eq!(house.as_key(&key, "/v1/interactions").await, 200);
        let id = key.split('_').nth(2).expect("its id").to_owned();
        browser.click("#made-api .again").await?;
        let row = format!("[data-api-key='{id}']");
        browser.click(&format!("{row} button")).await?;
        browser.click("dialog[open] button[value=yes]").await?;
        browser.until("it is gone", async || Ok(browser.shows_no(&row).await?.then_some(()))).await?;
        assert_eq!(house.as_key(&key, "/v1/interactions").await, 401);
        Ok(())
    })
    .await;
}

/// With a keyboard alone: a key is made, and one is not revoked by mistake.
#[tokio::test]
async fn with_a_keyboard_alone_a_key_is_made_and_kept() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-keyboard", Eyes::DESKTOP, async |browser| {
        owner_comes_in(browser, &house, "/admin/teams/linden/keys").await?;
        browser.presses(Key::Tab).await?;
        assert!(browser.has_focus(".skip").await?, "one can skip what all pages have");
        browser.presses(Key::Enter).await?;
        browser.tabs_to("#new-security button").await?;
        browser.presses(Key::Enter).await?;
        browser.find("#made-secret:not(:empty)").await?;
        assert!(browser.has_focus("[data-copy=made-secret]").await?, "what is next has the focus");
        browser.tabs_to("#made-security .again").await?;
        browser.presses(Key::Enter).await?;
        browser.until("loaded again", async || Ok(browser.shows_no("#made-security").await?.then_some(()))).await?;
        browser.find("[data-key] form[data-call^=DELETE] button").await?.focus().await?;
        browser.presses(Key::Enter).await?;
        browser.find("dialog[open]").await?;
        assert!(browser.has_focus("dialog[open] button[value='']").await?, "the harmless one has the focus");
        browser.presses(Key::Enter).await?;
        browser.until("closed", async || Ok(browser.shows_no("dialog").await?.then_some(()))).await?;
        browser.find("[data-key][data-status=active]").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn on_a_phone_a_screen_is_edited_beside_the_customers_page_l36_l38_l39() {
    screens(Eyes::PHONE).await;
}

#[tokio::test]
async fn on_a_desk_a_screen_is_edited_beside_the_customers_page_l36_l38_l39() {
    screens(Eyes::DESKTOP).await;
}

/// L-36, L-38, L-39: a screen is made, looked at as the customer will see it, and put before the PIN; and what a
/// bot may want is named with the proof that it needs (L-05).
async fn screens(eyes: Eyes) {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-screens", eyes, async |browser| {
        owner_comes_in(browser, &house, "/admin/teams/linden/screens").await?;
        browser.looks("1-none").await?;
        browser.find("#screen").await?.send_keys("card").await?;
        browser.click("#new-screen button").await?;
        browser.find("#edit").await?;
        let words = browser.find("#html").await?;
        words.clear().await?;
        words.send_keys("<p>Your <b>customer number</b></p><script>1</script>").await?;
        browser.click("#edit button").await?;
        let cleaned = async || {
            let text = browser.driver.find(By::Css("#html")).await?.prop("value").await?.unwrap_or_default();
            Ok((text.contains("customer number") && !text.contains("script")).then_some(()))
        };
        browser.until("what is left of it", cleaned).await?;
        browser.until("the customer's page", async || browser.reads_in_preview("customer number").await).await?;
        browser.looks("2-editor").await?;
        browser.click("#wide").await?;
        browser.looks("3-desktop").await?;
        browser.click("#use").await?;
        browser.find(".status[data-state=connected]").await?;
        let set = house.call(Method::GET, "/v1/teams/linden/settings", Value::Null).await;
        assert_eq!(set["pin"]["opening_screen"], "card");
        intents(browser, &house).await
    })
    .await;
}

async fn intents(browser: &Browser, house: &House) -> WebDriverResult<()> {
    browser.open("/admin/teams/linden/intents").await?;
    browser.find("#intent").await?.send_keys("statement_copy").await?;
    browser.click("#new-otp").await?;
    browser.find("#new-label").await?.send_keys("Copy of a statement").await?;
    browser.find("#new-age").await?.send_keys("15").await?;
    browser.click("#new-intent > .acts button").await?;
    browser.find("[data-intent=statement_copy]").await?;
    let set = house.call(Method::GET, "/v1/teams/linden/settings", Value::Null).await;
    let wanted = json!({"accept": ["login", "otp"], "label": "Copy of a statement", "max_age_minutes": 15, "acr": []});
    assert_eq!(set["intents"]["statement_copy"], wanted);
    browser.looks("4-intents").await?;
    browser.click("[data-intent=statement_copy] summary").await?;
    browser.looks("5-change").await?;
    browser.click("[data-intent=statement_copy] button[data-body]").await?;
    browser.click("dialog[open] button[value=yes]").await?;
    browser.until("removed", async || Ok(browser.shows_no("[data-intent]").await?.then_some(()))).await
}

impl Browser {
    /// Whether no such element is to be seen.
    pub(super) async fn shows_no(&self, css: &str) -> WebDriverResult<bool> {
        for found in self.driver.find_all(By::Css(css)).await? {
            if found.is_displayed().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The team's own words within the customer's page within the editor.
    async fn reads_in_preview(&self, words: &str) -> WebDriverResult<Option<()>> {
        self.driver.find(By::Css("#preview")).await?.enter_frame().await?;
        let inner = self.driver.find(By::Css("iframe.screen")).await;
        let seen = match inner {
            Ok(inner) => {
                inner.enter_frame().await?;
                self.driver.find(By::Css("body")).await?.text().await?.contains(words)
            }
            Err(_) => false,
        };
        self.driver.enter_default_frame().await?;
        Ok(seen.then_some(()))
    }
}
