//! The hosted pages of codes, PINs and invitations as people meet them: opening screen, one field,
//! and how it ends, on phones and desktops, without JavaScript, and with a keyboard alone.

use std::time::Duration;

use serde_json::json;
use thirtyfour::prelude::*;

use super::codes::another;
use super::driver::{Browser, Eyes, walk_at};
use super::house::{House, PHONE};
use super::{CONTINUE, FIELD, RETURN};

journeys! {
    on_a_phone_a_code_is_typed_on_its_page_l23_l24 = code_page(Eyes::LARGE_PHONE);
    on_a_desktop_a_code_is_typed_on_its_page_l23_l24 = code_page(Eyes::DESKTOP);
    on_a_phone_without_script_a_code_is_typed_on_its_page_l23_l24 = code_page(Eyes::LARGE_PHONE.without_script());
    on_a_phone_too_many_wrong_codes_lock_l20 = locked(Eyes::LARGE_PHONE);
    on_a_desktop_without_script_too_many_wrong_codes_lock_l20 = locked(Eyes::DESKTOP.without_script());
    on_a_phone_a_pin_follows_the_teams_own_words_l36_p06_p07 = pin(Eyes::LARGE_PHONE);
    on_a_desktop_without_script_a_pin_follows_the_teams_own_words_l36_p06_p07 = pin(Eyes::DESKTOP.without_script());
    on_a_phone_customer_and_cosigner_come_in_by_their_own_invitations_i07 = invitations(Eyes::LARGE_PHONE);
    on_a_desktop_without_script_customer_and_cosigner_come_in_by_their_own_invitations_i07 = invitations(Eyes::DESKTOP.without_script());
}

#[tokio::test]
async fn with_a_keyboard_alone_a_code_is_answered() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "keyboard", Eyes::DESKTOP, async |browser| {
        let (chat, page, code) = house.sends_a_code().await;
        browser.open(&page).await?;
        browser.find(CONTINUE).await?;
        browser.tabs_to(CONTINUE).await?;
        browser.looks("1-continue").await?;
        browser.presses(Key::Enter).await?;
        browser.find(FIELD).await?;
        assert!(browser.has_focus(FIELD).await?, "one can type at once");
        browser.driver.active_element().await?.send_keys(&code[..]).await?;
        browser.looks("2-typed").await?;
        browser.presses(Key::Enter).await?;
        let confirm = browser.text("[data-code]").await?;
        assert_eq!(house.types_in_chat(&chat, &confirm).await["outcome"], "passed");
        browser.tabs_to("form[data-act=finish] button").await?;
        browser.presses(Key::Enter).await?;
        browser.find(".outcome-authenticated").await.map(drop)
    })
    .await;
}

async fn code_page(eyes: Eyes) {
    let house = House::open(json!({"send_budget": {"resend_after_seconds": 20}})).await;
    walk_at(&house.url, "code-page", eyes, async |browser| {
        let (chat, page, first) = house.sends_a_code().await;
        browser.open(&page).await?;
        browser.find(CONTINUE).await?;
        browser.looks("1-opening").await?;
        browser.click(CONTINUE).await?;
        browser.is_refused_another().await?;

        let field = browser.find(FIELD).await?;
        for (name, value) in [("name", "code"), ("autocomplete", "one-time-code"), ("inputmode", "numeric")] {
            assert_eq!(field.attr(name).await?.as_deref(), Some(value), "{name}");
        }
        assert_eq!(browser.driver.find_all(By::Css("input:not([type=hidden])")).await?.len(), 1, "one field");
        assert!(browser.has_focus(FIELD).await?, "one can type at once");
        browser.looks("2-code").await?;

        browser.answers(&another(&first)).await?;
        assert_eq!(browser.find(FIELD).await?.attr("aria-invalid").await?.as_deref(), Some("true"));
        browser.looks("3-wrong").await?;

        browser.has_another_sent(&house, PHONE).await?;
        browser.looks("4-another").await?;
        let second = house.code(PHONE, 2).await;
        browser.answers(&second).await?;
        browser.is_confirmed_by_the_chat(&house, &chat, "5").await?;
        let flag = &house.participant(&chat, 0).await["authentication"];
        assert_eq!((&flag["authenticated"], &flag["methods"]), (&json!(true), &json!(["otp"])));
        assert_eq!(flag["binding"], "code");
        Ok(())
    })
    .await;
}

async fn locked(eyes: Eyes) {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "lockout", eyes, async |browser| {
        let (chat, page, code) = house.sends_a_code().await;
        browser.open(&page).await?;
        browser.click(CONTINUE).await?;
        for _ in 0..2 {
            browser.answers(&another(&code)).await?;
            browser.find("#error").await?;
        }
        browser.looks("1-last-try").await?;
        browser.answers(&another(&code)).await?;
        browser.find(".outcome-notice").await?;
        browser.find("main time[datetime]").await?;
        assert!(browser.driver.find_all(By::Css("form")).await?.is_empty(), "there is nothing to try");
        browser.looks("2-locked").await?;
        let lockout = &house.participant(&chat, 0).await["lockout"];
        assert_eq!(lockout["status"], "locked", "{lockout}");

        browser.open(&page).await?;
        browser.find(".outcome-notice").await?;
        assert!(browser.driver.find_all(By::Css(FIELD)).await?.is_empty(), "the code is over");
        browser.looks("3-opened-again").await
    })
    .await;
}

/// L-35, L-36, P-06, P-07: the team's own words say which number was agreed on, in a frame that may do nothing.
async fn pin(eyes: Eyes) {
    let house = House::open(json!({})).await;
    let words = "<h2>Before you begin</h2><p>We agreed on a number when you rang us. It is <b>not</b> the number of \
        your card.</p><ul><li>Four digits</li><li>Only for today</li></ul><script>document.body.textContent = 'taken over'</script>";
    house.screen(words).await;
    walk_at(&house.url, "pin", eyes, async |browser| {
        let chat = house.chat().await;
        let page = house.challenge(&chat, json!({"method": "pin", "pin": "2580"})).await;
        browser.open(&page).await?;
        let frame = browser.find("iframe.screen").await?;
        assert_eq!(frame.attr("sandbox").await?.as_deref(), Some(""), "it may do nothing");
        browser
            .until("the team's words", async || {
                browser.driver.enter_default_frame().await?;
                browser.driver.find(By::Css("iframe.screen")).await?.enter_frame().await?;
                let text = browser.driver.find(By::Css("body")).await?.text().await?;
                Ok(text.contains("Only for today").then_some(()))
            })
            .await?;
        browser.driver.enter_default_frame().await?;
        browser.looks("1-opening").await?;
        browser.click(CONTINUE).await?;
        let field = browser.find(FIELD).await?;
        for (name, value) in [("name", "pin"), ("autocomplete", "off"), ("inputmode", "numeric")] {
            assert_eq!(field.attr(name).await?.as_deref(), Some(value), "{name}");
        }
        assert!(browser.driver.find_all(By::Css("iframe")).await?.is_empty(), "no other words beside the field");
        assert!(browser.driver.find_all(By::Css("form[data-act=resend]")).await?.is_empty(), "a PIN is sent to nobody");
        browser.looks("2-pin").await?;
        browser.answers("1234").await?;
        browser.find("#error").await?;
        browser.looks("3-wrong").await?;
        browser.answers("2580").await?;
        browser.is_confirmed_by_the_chat(&house, &chat, "4").await?;
        let flag = &house.participant(&chat, 0).await["authentication"];
        assert_eq!((&flag["authenticated"], &flag["methods"]), (&json!(true), &json!(["pin"])));
        assert_eq!(flag["binding"], "code");
        Ok(())
    })
    .await;
}

/// I-01, I-11, I-12, L-28, L-32: a code is needed to enter; it is sent when its page is reached, to each of the two,
/// by mail where the invitation came as a text. The customer's counts in the chat once the chat has shown that it is
/// theirs; the cosigner writes in none.
async fn invitations(eyes: Eyes) {
    let house = House::open(json!({"entry": {"require_authentication": true, "first": "otp"}})).await;
    walk_at(&house.url, "invitation", eyes, async |browser| {
        let chat = house.chat().await;
        let first = house.invite(&chat, json!({"via": "sms"})).await;
        let second = house.invite(&chat, json!({"via": "sms", "participant": "p2"})).await;
        browser.proves_at_the_door(&house, &first, "demo1@example.com", "customer").await?;
        let confirm = browser.text("[data-code]").await?;
        browser.looks("customer-3-confirm").await?;
        browser.click(CONTINUE).await?;
        browser.find(".outcome-entered").await?;
        browser.looks("customer-4-in").await?;
        let customer = house.participant(&chat, 0).await;
        assert_eq!(customer["entry"]["status"], "admitted");
        assert_eq!(customer["authentication"]["authenticated"], false, "nothing shows yet whose chat it is");
        assert_eq!(house.types_in_chat(&chat, &confirm).await["outcome"], "passed");
        let flag = &house.participant(&chat, 0).await["authentication"];
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
        let cosigner = house.participant(&chat, 1).await;
        assert_eq!(cosigner["entry"]["status"], "invited", "who came in is not the other one");
        assert_eq!(cosigner["authentication"]["authenticated"], false);

        browser.driver.delete_all_cookies().await?; // another person's browser
        browser.proves_at_the_door(&house, &second, "demo2@example.com", "cosigner").await?;
        browser.find(".outcome-entered").await?;
        browser.looks("cosigner-3-in").await?;
        let cosigner = house.participant(&chat, 1).await;
        assert_eq!((&cosigner["entry"]["status"], &cosigner["entry"]["method"]), (&json!("admitted"), &json!("otp")));
        let flag = &cosigner["authentication"];
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("browser")));
        Ok(())
    })
    .await;
}

impl Browser {
    async fn answers(&self, code: &str) -> WebDriverResult<()> {
        let before = self.find(FIELD).await?;
        before.send_keys(code).await?;
        self.click("form[data-act=answer] button").await?;
        // Until the answer's page is there; the same act may lead to a page like the one before.
        self.until("the answer", async || Ok(before.tag_name().await.err())).await.map(drop)
    }

    /// Asks for another code at once, and is told how long to wait.
    async fn is_refused_another(&self) -> WebDriverResult<()> {
        let wait = self.find("[data-wait]").await?;
        assert!(!wait.text().await?.is_empty(), "the wait can be seen");
        self.click("form[data-act=resend] button").await?;
        self.until("the refusal", async || Ok(wait.tag_name().await.err())).await?;
        self.find("#error").await?;
        self.find("[data-wait]").await?;
        self.looks("1-too-early").await
    }

    /// Has another code sent when the wait is over.
    async fn has_another_sent(&self, house: &House, to: &str) -> WebDriverResult<()> {
        let wait = self.find("#wait").await?;
        match wait.attr("data-wait").await?.and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) if !self.eyes.script => tokio::time::sleep(Duration::from_secs(seconds)).await,
            Some(_) => {
                let over = wait.attr("data-over").await?;
                let is_told = async || Ok((wait.text().await.ok() == over).then_some(()));
                self.within(Duration::from_secs(30), "the wait counted down", is_told).await?;
            }
            None => {}
        }
        self.click("form[data-act=resend] button").await?;
        house.code(to, 2).await;
        self.until("the page anew", async || Ok(wait.tag_name().await.err())).await?;
        assert!(self.driver.find_all(By::Css("#error")).await?.is_empty(), "it was sent");
        Ok(())
    }

    /// A right answer was given in this browser: the page shows six characters, and only once the chat has sent them
    /// is anybody authenticated.
    async fn is_confirmed_by_the_chat(&self, house: &House, chat: &str, step: &str) -> WebDriverResult<()> {
        if !self.eyes.script {
            self.find(RETURN).await?;
            self.looks(&format!("{step}-back")).await?;
        }
        self.returns().await?;
        let confirm = self.text("[data-code]").await?;
        self.looks(&format!("{step}-confirm")).await?;
        assert_eq!(house.participant(chat, 0).await["authentication"]["authenticated"], false);
        assert_eq!(house.types_in_chat(chat, &confirm).await["outcome"], "passed");
        self.click("form[data-act=finish] button").await?;
        self.find(".outcome-authenticated").await?;
        self.looks(&format!("{step}-done")).await
    }

    /// From an invitation to what a right answer leads to, by a code that is sent by the other way.
    async fn proves_at_the_door(&self, house: &House, page: &str, mail: &str, who: &str) -> WebDriverResult<()> {
        self.open(page).await?;
        self.find(CONTINUE).await?;
        self.looks(&format!("{who}-1-invited")).await?;
        self.click(CONTINUE).await?;
        self.find(FIELD).await?;
        self.looks(&format!("{who}-2-code")).await?;
        let code = house.code(mail, 1).await;
        self.answers(&code).await?;
        self.returns().await
    }

    pub async fn has_focus(&self, css: &str) -> WebDriverResult<bool> {
        let wanted = self.find(css).await?;
        Ok(self.driver.active_element().await?.element_id() == wanted.element_id())
    }

    pub(super) async fn presses(&self, key: Key) -> WebDriverResult<()> {
        self.driver.action_chain().send_keys(key).perform().await
    }

    /// Tabs to it, and sees where it is.
    pub async fn tabs_to(&self, css: &str) -> WebDriverResult<()> {
        for _ in 0..20 {
            self.presses(Key::Tab).await?;
            if self.has_focus(css).await? {
                assert_eq!(self.find(css).await?.css_value("outline-style").await?, "solid", "focus can be seen");
                return Ok(());
            }
        }
        panic!("{css} is out of a keyboard's reach")
    }
}
