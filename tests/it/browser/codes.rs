//! The demo's story of a code: it arrives on the phone, is typed in the chat, and is on no other
//! screen than the phone's.

use std::time::Duration;

use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, walk};

#[tokio::test]
async fn on_a_phone_a_code_arrives_and_is_typed_in_the_chat_l23_l24() {
    walk("code", Eyes::LARGE_PHONE, proved_by_a_code_from_the_phone).await;
}

#[tokio::test]
async fn on_a_desktop_a_code_arrives_on_the_phone_beside_the_chat_l23_l24() {
    walk("code", Eyes::DESKTOP, proved_by_a_code_from_the_phone).await;
}

#[tokio::test]
async fn on_a_phone_without_script_a_code_arrives_and_is_typed_in_the_chat_l23_l24() {
    walk("code", Eyes::PHONE.without_script(), proved_by_a_code_from_the_phone).await;
}

#[tokio::test]
async fn on_a_desktop_wrong_codes_end_the_code_and_then_lock_k08() {
    walk("wrong-codes", Eyes::DESKTOP, locked_by_wrong_codes).await;
}

#[tokio::test]
async fn on_a_phone_without_script_wrong_codes_end_the_code_and_then_lock_k08() {
    walk("wrong-codes", Eyes::LARGE_PHONE.without_script(), locked_by_wrong_codes).await;
}

#[tokio::test]
async fn a_login_is_not_enough_for_what_needs_a_code_and_both_are_shown() {
    walk("step-up", Eyes::DESKTOP, async |browser| {
        browser.open("/demo").await?;
        browser.click("[data-scene=pre-chat]").await?;
        browser.sees_mark("verified").await?;
        browser.says("Address").await?;
        browser.sees(".card.code[data-state=sent]").await?;
        let code = browser.code_on_phone(1).await?;
        browser.types(&code).await?;
        browser.sees(".card.address").await?;
        browser.mark_says("Login, and a code from the phone").await?;
        browser.looks("both").await
    })
    .await;
}

#[tokio::test]
async fn on_a_desktop_each_kind_of_message_is_drawn_as_what_it_is() {
    walk("messages", Eyes::DESKTOP, three_kinds_of_messages).await;
}

#[tokio::test]
async fn on_a_phone_without_script_each_kind_of_message_is_drawn_as_what_it_is() {
    walk("messages", Eyes::PHONE.without_script(), three_kinds_of_messages).await;
}

/// A login link in WhatsApp, a code by text message, and another by mail.
async fn three_kinds_of_messages(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/demo").await?;
    browser.click("[data-scene=otp]").await?;
    browser.sees(".card.code[data-state=sent]").await?;
    let code = browser.code_on_phone(1).await?;
    browser.message_on_phone("whatsapp", ".tap:not([data-act])", &code).await?;
    browser.looks("1-whatsapp-code").await?;
    browser.says("Statement").await?;
    browser.sees(".card.login.on-phone[data-state=offered]").await?;
    browser.message_on_phone("whatsapp", ".tap[data-act=login]", "Log in").await?;
    browser.looks("2-whatsapp-link").await?;

    browser.driver.enter_default_frame().await?;
    browser.click("[data-act=new]").await?;
    browser.sees_mark("unverified").await?;
    browser.says("Address").await?;
    let by_sms = browser.code_on_phone(1).await?;
    browser.message_on_phone("sms", "[data-words]", &by_sms).await?;
    browser.looks("3-text-message").await?;
    browser.in_log().await?;
    browser.driver.find(By::Css("[data-act=by-mail]")).await?.click().await?;
    let by_mail = browser.code_on_phone(2).await?;
    browser.message_on_phone("mail", ".digits", &by_mail).await?;
    browser.message_on_phone("mail", ".subject", "code").await?;
    browser.looks("4-mail").await?;
    browser.types(&by_mail).await?;
    browser.sees(".card.address").await
}

/// L-23, L-24; G-12: inside its time, nothing else asks again.
async fn proved_by_a_code_from_the_phone(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/demo").await?;
    browser.sees_mark("unverified").await?;
    browser.looks("0-before").await?;
    browser.says("Address").await?;
    browser.sees(".card.code[data-state=sent] [data-tries='3']").await?;
    let code = browser.code_on_phone(1).await?;
    browser.sees_mark("pending").await?;
    browser.looks("1-arrived").await?;
    assert_eq!(browser.count(".card.address").await?, 0, "nothing is done before the proof");

    browser.types(&code).await?;
    browser.sees(".customer.redacted").await?;
    browser.sees_mark("verified").await?;
    browser.mark_says("Code from the phone").await?;
    browser.sees(".card.code[data-state=done]").await?;
    browser.sees(".card.address").await?;
    browser.looks("2-answered").await?;
    assert_eq!(browser.count(".customer:not(.redacted)").await?, 1, "the customer asked once");
    browser.is_on_no_other_screen(&code).await?;

    browser.says("Balance").await?;
    browser.sees(".card.balance").await?;
    assert_eq!(browser.count(".card.login").await?, 0, "inside its time nothing asks for a login");
    browser.looks("3-nothing-asked-again").await
}

async fn locked_by_wrong_codes(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/demo").await?;
    browser.says("Address").await?;
    let first = browser.code_on_phone(1).await?;
    for left in ["[data-tries='2']", "[data-tries='1']"] {
        browser.types(&another(&first)).await?;
        browser.sees(&format!(".card.code[data-state=sent] {left}")).await?;
    }
    browser.types(&another(&first)).await?;
    browser.sees(".card.code[data-state=exhausted]").await?;
    browser.looks("1-no-try-left").await?;

    browser.sends_again().await?;
    let second = browser.code_on_phone(2).await?;
    browser.sees(".card.code[data-state=sent] button[disabled]").await?;
    browser.looks("2-another").await?;
    browser.sends_again().await?; // as soon as it may
    browser.code_on_phone(3).await?;
    browser.types(&second).await?;
    browser.sees(".card.code[data-state=sent] [data-tries='2']").await?;
    browser.looks("3-the-one-before-is-dead").await?;

    browser.types(&another(&second)).await?;
    browser.sees(".card.code[data-state=locked]").await?;
    browser.sees(".notice.alarm").await?;
    browser.sees_mark("unverified").await?;
    browser.looks("4-locked").await?;
    browser.says("Address").await?;
    let customer = ".customer:not(.redacted)";
    browser.until("the request", async || Ok((browser.count(customer).await? == 2).then_some(()))).await?;
    assert_eq!(browser.count(".card.code").await?, 2, "nobody who is locked is sent a code");
    assert_eq!(browser.count(".card.address").await?, 0);
    browser.looks("5-still-locked").await?;
    browser.is_on_no_other_screen(&second).await
}

/// Another code of the same length.
pub(super) fn another(code: &str) -> String {
    code.chars().map(|c| if c == '9' { '0' } else { char::from(c as u8 + 1) }).collect()
}

/// The first run of digits in a message.
pub(super) fn digits(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 4);
    runs.next().map(str::to_owned)
}

impl Browser {
    /// The code in the phone's message of that number, once a person can read it there.
    pub(super) async fn code_on_phone(&self, number: u32) -> WebDriverResult<String> {
        self.until("a message on the phone", async || {
            self.in_phone().await?;
            let message = self.driver.find(By::Css(format!("[data-text='{number}'] [data-words]"))).await?;
            Ok(digits(&message.text().await?))
        })
        .await
    }

    /// On the phone is a message of that kind, in which that place says this.
    async fn message_on_phone(&self, by: &str, place: &str, says: &str) -> WebDriverResult<()> {
        self.until(place, async || {
            self.in_phone().await?;
            let found = self.driver.find(By::Css(format!("[data-by='{by}'] {place}"))).await?;
            Ok(found.text().await?.contains(says).then_some(()))
        })
        .await
    }

    /// Presses "Send a new code", once it can be pressed.
    async fn sends_again(&self) -> WebDriverResult<()> {
        self.within(Duration::from_secs(30), "another code may be asked for", async || {
            self.in_log().await?;
            let button = self.driver.find(By::Css("button[data-act=resend]:enabled")).await?;
            Ok(button.click().await.ok())
        })
        .await
    }

    /// What bot, agent and log see: none of it is the code.
    async fn is_on_no_other_screen(&self, code: &str) -> WebDriverResult<()> {
        let log = self.html_of(".entries", true).await?;
        let side = self.html_of(".steps", false).await?;
        for (name, html) in [("the transcript", log), ("what happened", side)] {
            assert!(html.contains("••••••"), "{name} tells of the code: {html}");
            assert!(!html.contains(code), "{name} does not tell the code");
        }
        let printed = self.printed();
        assert!(printed.contains("/demo") && !printed.contains(code), "no log tells the code: {printed}");
        Ok(())
    }

    async fn html_of(&self, css: &str, in_log: bool) -> WebDriverResult<String> {
        self.until(css, async || {
            if in_log {
                self.in_log().await?
            } else {
                self.in_side().await?
            }
            self.driver.find(By::Css(css)).await?.outer_html().await.map(Some)
        })
        .await
    }
}
