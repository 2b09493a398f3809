//! The story in a real browser: a customer asks the bot, proves who they are, and is answered.
//!
//! Chromium drives the demo that the binary itself serves, on a phone and on a desktop, with
//! JavaScript and without. Screenshots of every step are left in `target/screens`.

/// Journeys that are walked by several eyes: for each a test with a name of its own.
macro_rules! journeys {
    ($($name:ident = $walk:ident($eyes:expr);)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $walk($eyes).await;
            }
        )*
    };
}

mod admin;
mod admin_desk;
mod agent;
mod codes;
mod driver;
mod everybody;
mod forwarded;
mod hosted;
mod house;
mod pages;
mod photo;
mod policy;
pub mod process;
mod scenes;
mod site;
mod status;
mod webchat;
mod words;

use std::time::Duration;

use thirtyfour::prelude::*;

use driver::{Browser, Eyes, walk};

/// The button by which a page's visitor shows that she is a person and no robot that looks at links.
const CONTINUE: &str = "form[data-act=continue] button";

/// Where an answer is typed.
const FIELD: &str = "input.answer-field";

/// Without a script, what says on the page after a login which browser has come.
const RETURN: &str = "form[data-act=finish] .button:not(.button-plain)";

#[tokio::test]
async fn on_a_phone_the_login_window_proves_itself_and_the_request_is_answered_g06_g07_g08_g11_g12() {
    walk("mid-chat", Eyes::PHONE, proved_by_the_window).await;
}

#[tokio::test]
async fn on_a_desktop_the_login_window_proves_itself_and_the_request_is_answered_g06_g07_g08_g11_g12() {
    walk("mid-chat", Eyes::DESKTOP, proved_by_the_window).await;
}

#[tokio::test]
async fn on_a_phone_without_script_a_code_typed_in_the_chat_proves_it_g06_g07_g08_g12() {
    walk("mid-chat", Eyes::PHONE.without_script(), proved_by_a_code).await;
}

#[tokio::test]
async fn on_a_desktop_without_script_a_code_typed_in_the_chat_proves_it_g06_g07_g08_g12() {
    walk("mid-chat", Eyes::DESKTOP.without_script(), proved_by_a_code).await;
}

#[tokio::test]
async fn a_visitor_logged_in_on_the_website_is_not_asked_again_g04_g05() {
    walk("pre-chat", Eyes::DESKTOP, async |browser| {
        browser.open("/demo").await?;
        browser.sees_mark("unverified").await?;
        browser.click("[data-scene=pre-chat]").await?;
        browser.sees_mark("verified").await?;
        browser.mark_says("Demo Customer").await?;
        browser.says("Statement").await?;
        browser.sees(".card.statement").await?;
        assert_eq!(browser.count(".card.login").await?, 0, "nobody was asked to log in");
        browser.shot("answered").await
    })
    .await;
}

#[tokio::test]
async fn the_mark_falls_when_its_time_is_over_and_the_bot_asks_again_g11_g13() {
    walk("mark-falls", Eyes::DESKTOP, async |browser| {
        browser.open("/demo").await?;
        browser.click("[data-scene=pre-chat]").await?;
        browser.sees_mark("verified").await?;
        browser.shot("stands").await?;
        let minute = Duration::from_secs(75);
        browser
            .within(minute, "the mark falling", async || Ok(browser.mark().await?.filter(|status| status == "expired")))
            .await?;
        assert_eq!(browser.count(".tick").await?, 0, "no check mark stays behind");
        browser.sees(".notice").await?;
        browser.shot("fallen").await?;
        browser.says("Balance").await?;
        browser.sees(".card.login[data-state=offered]").await?;
        assert_eq!(browser.count(".card.balance").await?, 0, "nothing is given without a mark");
        browser.shot("asked-again").await
    })
    .await;
}

#[tokio::test]
async fn this_was_not_me_freezes_the_link_and_the_chat_is_told() {
    walk("reported", Eyes::PHONE, async |browser| {
        browser.open("/demo").await?;
        browser.says("Statement").await?;
        let chat = browser.driver.window().await?;
        let url = browser.open_login_window(&chat).await?;
        browser.click("form[data-act=report] button").await?;
        browser
            .until("thanks", async || Ok(browser.driver.find(By::Css("form[data-act=continue]")).await.err()))
            .await?;
        browser.shot("thanked").await?;
        browser.open(url.trim_start_matches(&browser.base)).await?;
        let goes_on = browser.driver.find_all(By::Css("form[data-act=continue]")).await?;
        assert!(goes_on.is_empty(), "a frozen link leads nowhere");

        browser.driver.switch_to_window(chat).await?;
        browser.sees(".notice.alarm").await?;
        browser.sees(".card.login[data-state=frozen]").await?;
        browser.sees_mark("unverified").await?;
        browser.shot("told").await
    })
    .await;
}

#[tokio::test]
async fn cancelling_at_the_bank_is_heard_in_the_chat_and_proves_nothing() {
    walk("cancelled", Eyes::DESKTOP, async |browser| {
        browser.open("/demo").await?;
        browser.says("Statement").await?;
        let chat = browser.driver.window().await?;
        browser.open_login_window(&chat).await?;
        browser.click("form[data-act=continue] button").await?;
        browser.click("button[value=cancel]").await?;
        browser.driver.switch_to_window(chat).await?;
        browser.sees(".card.login[data-state=cancelled]").await?;
        browser.sees_mark("unverified").await?;
        assert_eq!(browser.count(".card.statement").await?, 0);
        browser.shot("told").await
    })
    .await;
}

async fn proved_by_the_window(browser: &Browser) -> WebDriverResult<()> {
    let chat = asks_and_opens_the_login(browser).await?;
    browser.find("[data-state=connected]").await?;
    browser.shot("2-landing").await?;
    browser.click("form[data-act=continue] button").await?;
    logs_in(browser).await?;
    browser.until("the done page", async || Ok(browser.driver.find(By::Css("#password")).await.err())).await?;
    browser.shot("4-done").await?;

    browser.driver.switch_to_window(chat).await?;
    is_answered_without_asking_again(browser, "opened from this chat").await
}

async fn proved_by_a_code(browser: &Browser) -> WebDriverResult<()> {
    let chat = asks_and_opens_the_login(browser).await?;
    browser.shot("2-landing").await?;
    browser.click("form[data-act=continue] button").await?;
    logs_in(browser).await?;
    browser.find(RETURN).await?;
    browser.shot("4-back").await?;
    browser.returns().await?;
    let code = browser.find("[data-code]").await?.text().await?;
    browser.shot("4-code").await?;

    browser.driver.switch_to_window(chat).await?;
    let mark = browser.until("the mark", async || browser.mark().await).await?;
    assert_ne!(mark, "verified", "the login alone proves nothing yet");
    browser.types(&code).await?;
    browser.sees(".customer.redacted").await?;
    is_answered_without_asking_again(browser, "code typed in this chat").await?;
    let log = async || {
        browser.in_log().await?;
        browser.driver.find(By::Css(".entries")).await?.text().await.map(Some)
    };
    assert!(!browser.until("the transcript", log).await?.contains(&code), "the code stays out of the transcript");
    Ok(())
}

/// Answers the chat's window; the login link's window is in front.
async fn asks_and_opens_the_login(browser: &Browser) -> WebDriverResult<WindowHandle> {
    browser.open("/demo").await?;
    browser.sees_mark("unverified").await?;
    browser.says("Statement").await?;
    browser.sees(".card.login[data-state=offered]").await?;
    browser.shot("1-asked").await?;
    assert_eq!(browser.count(".card.statement").await?, 0, "nothing is given before the proof");
    let chat = browser.driver.window().await?;
    browser.open_login_window(&chat).await?;
    Ok(chat)
}

async fn logs_in(browser: &Browser) -> WebDriverResult<()> {
    browser.find("#password").await?;
    browser.shot("3-login").await?;
    browser.click("button[value=login]").await
}

async fn is_answered_without_asking_again(browser: &Browser, how: &str) -> WebDriverResult<()> {
    browser.sees_mark("verified").await?;
    browser.mark_says(how).await?;
    browser.sees(".card.statement").await?;
    assert_eq!(browser.count(".customer:not(.redacted)").await?, 1, "the customer asked once");
    browser.shot("5-answered").await?;
    browser.says("Balance").await?;
    browser.sees(".card.balance").await?;
    assert_eq!(browser.count(".card.login").await?, 1, "inside its time nothing asks for a login");
    browser.shot("6-no-login-again").await
}

/// What a person does with the demo's page, which is made of frames where there is no script.
impl Browser {
    async fn in_log(&self) -> WebDriverResult<()> {
        self.enter(".log-frame").await
    }

    async fn in_side(&self) -> WebDriverResult<()> {
        self.enter(".side-frame").await
    }

    async fn in_phone(&self) -> WebDriverResult<()> {
        self.enter(".phone-frame").await
    }

    /// From the page after a login, or after a right answer: its script posts its form at once, a person without one
    /// presses its button.
    async fn returns(&self) -> WebDriverResult<()> {
        if self.eyes.script { Ok(()) } else { self.click(RETURN).await }
    }

    async fn enter(&self, frame: &str) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        if !self.eyes.script {
            self.driver.find(By::Css(frame)).await?.enter_frame().await?;
        }
        Ok(())
    }

    async fn sees(&self, css: &str) -> WebDriverResult<()> {
        self.until(css, async || {
            self.in_log().await?;
            self.driver.find(By::Css(css)).await.map(|_| Some(()))
        })
        .await
    }

    async fn count(&self, css: &str) -> WebDriverResult<usize> {
        // Counted inside an element that is there: a frame that is just loading holds nothing.
        self.until("the transcript", async || {
            self.in_log().await?;
            let entries = self.driver.find(By::Css(".entries")).await?;
            Ok(Some(entries.find_all(By::Css(css)).await?.len()))
        })
        .await
    }

    /// What the agent's strip says; the check mark is there exactly when it says "verified".
    async fn mark(&self) -> WebDriverResult<Option<String>> {
        self.in_side().await?;
        // Read in one go: it may be redrawn at any moment.
        let html = self.driver.find(By::Css(".mark")).await?.outer_html().await?;
        let status = html.split_once("data-status=\"").and_then(|(_, rest)| rest.split_once('"'));
        let status = status.map(|(status, _)| status.to_owned());
        assert_eq!(html.contains("\"tick\""), status.as_deref() == Some("verified"), "the check mark: {html}");
        Ok(status)
    }

    async fn sees_mark(&self, wanted: &str) -> WebDriverResult<()> {
        self.until(wanted, async || Ok(self.mark().await?.filter(|status| status == wanted).map(drop))).await
    }

    async fn mark_says(&self, text: &str) -> WebDriverResult<()> {
        self.until(text, async || {
            self.in_side().await?;
            Ok(self.driver.find(By::Css(".mark")).await?.text().await?.contains(text).then_some(()))
        })
        .await
    }

    /// Presses one of the suggestions.
    async fn says(&self, suggestion: &str) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        self.driver.find(By::XPath(format!("//button[text()='{suggestion}']"))).await?.click().await
    }

    async fn types(&self, text: &str) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        self.find("#text").await?.send_keys(text).await?;
        self.click("[data-act=send]").await
    }

    /// Follows the login card into its own window and answers the link.
    async fn open_login_window(&self, chat: &WindowHandle) -> WebDriverResult<String> {
        let url = self
            .until("the login button", async || {
                self.in_log().await?;
                let button = self.driver.find(By::Css("[data-act=login]")).await?;
                let url = button.attr("href").await?;
                button.click().await?;
                Ok(url)
            })
            .await?;
        let opened = async || Ok(self.driver.windows().await?.into_iter().find(|window| window != chat));
        let opened = self.until("the login window", opened).await?;
        self.driver.switch_to_window(opened).await?;
        self.find("form[data-act=continue]").await?;
        Ok(url)
    }
}
