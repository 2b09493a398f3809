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

/// The scenes whose proof is given on a page of the gateway's.
#[tokio::test]
async fn on_a_desktop_each_page_proves_what_its_scene_says() {
    walk("proofs", Eyes::DESKTOP, every_page).await;
}

#[tokio::test]
async fn on_a_phone_each_page_proves_what_its_scene_says() {
    walk("proofs", Eyes::PHONE, every_page).await;
}

#[tokio::test]
async fn on_a_phone_without_script_each_page_proves_what_its_scene_says() {
    walk("proofs", Eyes::PHONE.without_script(), every_page).await;
}

async fn every_page(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/demo").await?;
    browser.picks("two-factor", "only both together").await?;
    browser.logs_in_with_password_and_code().await?;
    browser.sees_mark("verified").await?;
    browser.sees(".card.statement").await?;
    browser.looks("7-two-factor").await?;

    browser.picks("questions", "Hill School").await?;
    browser.answers_the_questions().await?;
    browser.sees_mark("verified").await?;
    browser.mark_says("Answers to questions").await?;
    browser.sees(".card.task[data-state=done]").await?;
    browser.looks("8-questions").await?;

    browser.picks("document", "demo provider").await?;
    browser.shows_a_document().await?;
    browser.sees_mark("verified").await?;
    browser.mark_says("A document").await?;
    browser.looks("9-document").await?;
    Ok(())
}

/// G-06: among them, a bot that sends the customer to the company's login page in mid-chat.
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
    // The lockout's mark is the new chat's, too: that alone does not show that the new chat has begun.
    browser
        .within(Duration::from_secs(20), "no scene", async || {
            let pressed = browser.driver.find_all(By::Css("[aria-pressed=true]")).await?;
            Ok(pressed.is_empty().then_some(()))
        })
        .await?;
    browser.sees_mark("unverified").await?;
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
        self.returns().await?;
        let confirm = self.text("[data-code]").await?;
        self.looks("4-pin-confirm").await?;
        self.click("form[data-act=continue] button").await?;
        self.find(".outcome-entered").await?;
        self.driver.close_window().await?;
        self.driver.switch_to_window(chat).await?;
        self.types(&confirm).await
    }

    /// She believes the stranger, and even logs in.
    async fn logs_in_by_the_forwarded_link(&self) -> WebDriverResult<()> {
        let chat = self.opens_on_phone().await?;
        self.looks("5-forwarded-landing").await?;
        self.click("form[data-act=continue] button").await?;
        self.click("button[value=login]").await?;
        self.returns().await?;
        self.find("[data-code]").await?;
        self.driver.close_window().await?;
        self.driver.switch_to_window(chat).await
    }

    /// Opens the page of a task in a window of its own and goes on there; answers the chat's.
    async fn opens_the_task(&self) -> WebDriverResult<WindowHandle> {
        self.driver.enter_default_frame().await?;
        let chat = self.driver.window().await?;
        let before = self.driver.windows().await?.len();
        self.until("the page's button", async || {
            self.in_log().await?;
            self.driver.find(By::Css("[data-act=task]")).await?.click().await.map(Some)
        })
        .await?;
        let opened = async || Ok(self.driver.windows().await?.into_iter().nth(before));
        self.driver.switch_to_window(self.until("the window", opened).await?).await?;
        self.is_vouched_for().await?;
        self.click("form[data-act=continue] button").await?;
        Ok(chat)
    }

    /// With a script the chat's window says that it has opened this page.
    async fn is_vouched_for(&self) -> WebDriverResult<()> {
        if self.eyes.script { self.find("[data-state=connected]").await.map(drop) } else { Ok(()) }
    }

    async fn answers_the_questions(&self) -> WebDriverResult<()> {
        let chat = self.opens_the_task().await?;
        self.find("form[data-act=answer]").await?;
        self.looks("8-questions-page").await?;
        for (words, answer) in [("first school", "hill  SCHOOL"), ("last four digits", "42 17")] {
            let field = By::XPath(format!("//label[contains(., '{words}')]//input"));
            self.driver.find(field).await?.send_keys(answer).await?;
        }
        self.click("input[value='Linden Row']").await?;
        self.click("form[data-act=answer] button").await?;
        self.goes_back_to(chat).await
    }

    async fn shows_a_document(&self) -> WebDriverResult<()> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("card.png");
        std::fs::write(&file, crate::photos::card(true)).expect("a file");
        let chat = self.opens_the_task().await?;
        self.find("form[data-act=photo]").await?;
        self.chooses("front", file.to_str().expect("UTF-8")).await?;
        self.click("form[data-act=photo] [data-send]").await?;
        self.goes_back_to(chat).await
    }

    /// The page was opened from the chat, so with a script nothing more is asked; without, its six characters are
    /// typed there.
    async fn goes_back_to(&self, chat: WindowHandle) -> WebDriverResult<()> {
        self.returns().await?;
        let confirm = if self.eyes.script {
            self.find(".outcome-authenticated, .outcome-judging").await?;
            None
        } else {
            Some(self.text("[data-code]").await?)
        };
        self.driver.close_window().await?;
        self.driver.switch_to_window(chat).await?;
        match confirm {
            Some(code) => self.types(&code).await,
            None => Ok(()),
        }
    }

    /// At the gateway's own login page: the account that the chat names, and the code from the phone.
    async fn logs_in_with_password_and_code(&self) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        let chat = self.driver.window().await?;
        let account = async || {
            self.in_log().await?;
            // It may have been scrolled away by what came after it.
            let notice = self.driver.find(By::Css(".notice")).await?;
            let text = notice.prop("textContent").await?.unwrap_or_default();
            let named = text.split_once("she is ").and_then(|(_, rest)| rest.split_once(','));
            let password = text.split_once("password ").map(|(_, rest)| rest.trim_end_matches('.').to_owned());
            Ok(named.map(|(name, _)| name.to_owned()).zip(password))
        };
        let (name, password) = self.until("the account", account).await?;
        self.open_login_window(&chat).await?;
        self.is_vouched_for().await?;
        self.click("form[data-act=continue] button").await?;
        self.find("input[name=username]").await?.send_keys(&name).await?;
        self.find("input[name=password]").await?.send_keys(&password).await?;
        self.looks("7-password").await?;
        self.click("form[data-act=answer] button").await?;
        self.find("input[name=code]").await?;
        let login = self.driver.window().await?;
        self.driver.switch_to_window(chat.clone()).await?;
        let code = self.code_on_phone(1).await?;
        self.looks("7-code-on-phone").await?;
        self.driver.switch_to_window(login).await?;
        self.looks("7-code").await?;
        self.find("input[name=code]").await?.send_keys(&code).await?;
        self.click("form[data-act=answer] button").await?;
        self.until("the end", async || Ok(self.driver.find(By::Css("input[name=code]")).await.err())).await?;
        self.goes_back_to(chat).await
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
