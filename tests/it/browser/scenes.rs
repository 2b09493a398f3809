//! The demo's scenes, each picked on a phone and on a desktop, and how each ends. The README's picture is one
//! of them: `scripts/picture` keeps it.

use std::time::Duration;

use serde_json::json;
use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, walk};

#[tokio::test]
async fn on_a_desktop_each_scene_is_told_and_plays() {
    walk("scenes", Eyes::DESKTOP, every_scene).await;
}

#[tokio::test]
async fn on_a_phone_each_scene_is_told_and_plays() {
    walk("scenes", Eyes::PHONE, every_scene).await;
}

#[tokio::test]
async fn on_a_phone_without_script_each_scene_is_told_and_plays() {
    walk("scenes", Eyes::PHONE.without_script(), every_scene).await;
}

async fn every_scene(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/demo").await?;
    browser.looks("0-before").await?;

    browser.picks("pre-chat", "vouches for her").await?;
    browser.sees_mark("verified").await?;
    browser.looks("1-pre-chat").await?;

    browser.picks("mid-chat", "login link into the chat").await?;
    browser.sees(".card.login[data-state=offered]").await?;
    browser.sees_mark("pending").await?;
    browser.looks("2-mid-chat").await?;

    browser.picks("otp", "is dots").await?;
    browser.sees(".card.code[data-state=sent]").await?;
    browser.looks("3-otp").await?;

    browser.picks("pin", "2580").await?;
    browser.enters_by_the_invitation().await?;
    browser.sees_mark("verified").await?;
    browser.mark_says("PIN, at the door").await?;
    browser.looks("4-pin").await?;

    browser.picks("forwarded", "stranger").await?;
    browser.logs_in_by_the_forwarded_link().await?;
    browser.sees_mark("pending").await?;
    assert_eq!(browser.count(".card.statement").await?, 0, "a stranger is given nothing");
    browser.looks("5-forwarded").await?;

    browser.picks("lockout", "guesses").await?;
    browser
        .within(Duration::from_secs(40), "the lock", async || {
            browser.in_log().await?;
            browser.driver.find(By::Css(".card.code[data-state=locked]")).await.map(|_| Some(()))
        })
        .await?;
    browser.sees_mark("unverified").await?;
    browser.looks("6-lockout").await?;

    browser.driver.enter_default_frame().await?;
    browser.click("[data-act=new]").await?;
    browser.sees_mark("unverified").await?;
    assert!(browser.driver.find_all(By::Css("[aria-pressed=true]")).await?.is_empty(), "no scene is left");
    Ok(())
}

/// What the README shows: a login that has just been proved, with everybody's view of it.
#[tokio::test]
async fn the_picture_shows_everybodys_view_of_one_login() {
    walk("picture", Eyes::DESKTOP, async |browser| {
        let screen = json!({"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        browser.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", screen).await?;
        browser.open("/demo").await?;
        browser.picks("otp", "is dots").await?;
        browser.sees(".card.code[data-state=sent]").await?;
        let code = browser.code_on_phone(1).await?;
        browser.types(&code).await?;
        browser.sees_mark("verified").await?;
        browser.sees(".card.address").await?;
        browser.portal_shows("authenticated").await?;
        browser.console_shows(".person-card[data-state=verified] .who-verified").await?;
        browser.looks("demo").await?;
        browser.console_signs_out().await?;
        browser.sees_mark("unverified").await
    })
    .await;
}

impl Browser {
    /// Picks a scene, and is told what it is.
    async fn picks(&self, scene: &str, told: &str) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        self.click(&format!("[data-scene={scene}]:not(body)")).await?;
        self.until(told, async || {
            self.driver.enter_default_frame().await?;
            let sentence = self.driver.find(By::Css(".sentence")).await?.text().await?;
            let pressed = self.driver.find(By::Css("[aria-pressed=true]")).await?.attr("data-scene").await?;
            Ok((sentence.contains(told) && pressed.as_deref() == Some(scene)).then_some(()))
        })
        .await
    }

    /// Opens what has come to the phone in a window of its own; answers the chat's.
    async fn opens_on_phone(&self) -> WebDriverResult<WindowHandle> {
        self.driver.enter_default_frame().await?;
        let chat = self.driver.window().await?;
        let before = self.driver.windows().await?.len();
        self.until("the link on the phone", async || {
            self.in_phone().await?;
            self.driver.find(By::Css(".tap[data-act=login]")).await?.click().await.map(Some)
        })
        .await?;
        let opened = async || Ok(self.driver.windows().await?.into_iter().nth(before));
        self.driver.switch_to_window(self.until("the window", opened).await?).await?;
        self.find("form[data-act=continue]").await?;
        Ok(chat)
    }

    async fn enters_by_the_invitation(&self) -> WebDriverResult<()> {
        let chat = self.opens_on_phone().await?;
        self.click("form[data-act=continue] button").await?;
        self.find("input.answer-field").await?.send_keys("2580").await?;
        self.click("form[data-act=answer] button").await?;
        self.find(".outcome-entered").await?;
        self.driver.close_window().await?;
        self.driver.switch_to_window(chat).await
    }

    /// She believes the stranger, and even logs in.
    async fn logs_in_by_the_forwarded_link(&self) -> WebDriverResult<()> {
        let chat = self.opens_on_phone().await?;
        self.looks("5-forwarded-landing").await?;
        self.click("form[data-act=continue] button").await?;
        self.click("button[value=login]").await?;
        self.find("[data-code]").await?;
        self.driver.close_window().await?;
        self.driver.switch_to_window(chat).await
    }

    /// The agent's console in its frame, where there is script.
    async fn console_shows(&self, what: &str) -> WebDriverResult<()> {
        self.until(what, async || {
            self.driver.enter_default_frame().await?;
            self.driver.find(By::Css("#console iframe")).await?.enter_frame().await?;
            self.driver.find(By::Css(what)).await.map(|_| Some(()))
        })
        .await?;
        self.driver.enter_default_frame().await
    }

    /// What the agent does in the frame is done.
    async fn console_signs_out(&self) -> WebDriverResult<()> {
        self.driver.find(By::Css("#console iframe")).await?.enter_frame().await?;
        self.click("[data-act=signout]").await?;
        self.find(".person-card:not([data-state=verified])").await?;
        self.driver.enter_default_frame().await
    }

    /// The web component on the agent's desk, where there is script.
    async fn portal_shows(&self, status: &str) -> WebDriverResult<()> {
        self.until(status, async || {
            self.driver.enter_default_frame().await?;
            let script = "return document.querySelector('countersign-status').status";
            Ok((self.driver.execute(script, Vec::new()).await?.json() == status).then_some(()))
        })
        .await
    }
}
