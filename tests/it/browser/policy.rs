//! What an admin decides of proofs on the settings page, and what customers then meet at the door: no proof, a
//! PIN. On phones and desktops, the customer's without JavaScript, too.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::admin::owner_comes_in;
use super::driver::{Browser, Eyes, walk_at};
use super::house::House;
use super::{CONTINUE, FIELD};

journeys! {
    on_a_phone_second_factors_and_codes_are_decided_k09_k16 = decided(Eyes::PHONE);
    on_a_desk_second_factors_and_codes_are_decided_k09_k16 = decided(Eyes::DESKTOP);
    on_a_phone_whoever_is_invited_comes_in_without_proof_l07 = invited(Eyes::PHONE);
    on_a_desktop_without_script_whoever_is_invited_comes_in_without_proof_l07 = invited(Eyes::DESKTOP.without_script());
    on_a_phone_a_pin_opens_the_door_p08_l37 = pin_at_the_door(Eyes::PHONE);
    on_a_desktop_without_script_a_pin_opens_the_door_p08_l37 = pin_at_the_door(Eyes::DESKTOP.without_script());
}

/// K-09: where customers' logins are decided is a part of the settings; K-10, K-11, K-12: a second factor always,
/// on a new device, in a new region; K-13, K-14: a code alone, by mail; K-15: codes that the company sends itself;
/// K-16: saved, and there when the page comes back. L-31: codes may be sent and shown to agents; G-11: how long a
/// proof counts.
async fn decided(eyes: Eyes) {
    let house = House::open(json!({})).await;
    house.call(Method::PUT, "/v1/teams/linden/webhooks/mine", json!({"url": "https://hooks.example.com/"})).await;
    walk_at(&house.url, "admin-policy", eyes, async |browser| {
        owner_comes_in(browser, &house, "/admin/teams/linden/settings").await?;
        for path in
            ["two_factor.always", "two_factor.on_fingerprint_change", "two_factor.on_region_change", "login_otp"]
        {
            browser.turns(path).await?;
        }
        // K-10: always is instead of the two others.
        browser.click("#form-accounts > .acts button").await?;
        browser.find("[data-setting='two_factor.always'] .field-error").await?;
        browser.looks("1-excluded").await?;
        browser.turns("two_factor.always").await?;
        browser.saves("accounts", "two_factor.on_fingerprint_change").await?;
        let kept = house.call(Method::GET, "/v1/teams/linden/settings", Value::Null).await;
        assert_eq!(kept["two_factor"], json!({"on_fingerprint_change": true, "on_region_change": true}));
        for path in ["two_factor.always", "two_factor.on_fingerprint_change", "two_factor.on_region_change"] {
            browser.turns(path).await?;
        }
        browser.saves("accounts", "two_factor.always").await?;
        browser.turns("otp.show_to_agents").await?;
        browser.saves("otp", "otp.show_to_agents").await?;
        let lasts = browser.find("[id='set-authentication_timeout_minutes']").await?;
        lasts.clear().await?;
        lasts.send_keys("20").await?;
        browser.saves("lasting", "authentication_timeout_minutes").await?;
        let order = browser.find("[id='set-delivery.order']").await?;
        order.clear().await?;
        order.send_keys("email\nevent").await?;
        browser.find("[id='set-delivery.event_webhook']").await?.send_keys("mine").await?;
        browser.saves("sending", "delivery.order").await?;
        browser.looks("2-saved").await?;

        let kept = house.call(Method::GET, "/v1/teams/linden/settings", Value::Null).await;
        let always = json!({"always": true, "on_fingerprint_change": false, "on_region_change": false});
        assert_eq!(kept["two_factor"], always);
        assert_eq!((&kept["login_otp"], &kept["authentication_timeout_minutes"]), (&json!(true), &json!(20)));
        assert_eq!(kept["delivery"], json!({"order": ["email", "event"], "event_webhook": "mine"}));
        assert_eq!(kept["otp"], json!({"show_to_agents": true}), "that they are sent to the customer stays");
        assert!(browser.find("[id='set-otp.send_to_customer']").await?.is_selected().await?);
        assert!(browser.find("[id='set-otp.show_to_agents']").await?.is_selected().await?);
        Ok(())
    })
    .await;
}

/// L-07: by default the invitation is enough, and nobody who came in by it looks verified.
async fn invited(eyes: Eyes) {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "door-open", eyes, async |browser| {
        let chat = house.chat().await;
        browser.open(&house.invite(&chat, json!({"via": "sms"})).await).await?;
        browser.click(CONTINUE).await?;
        browser.find(".outcome-entered").await?;
        browser.looks("1-in").await?;
        let person = house.participant(&chat, 0).await;
        assert_eq!(
            (&person["entry"]["status"], &person["authentication"]["authenticated"]),
            (&json!("admitted"), &json!(false))
        );
        Ok(())
    })
    .await;
}

/// P-01, L-37: the team requires the PIN that was agreed on; P-04, L-34: letters are none; P-08: with it she is in.
async fn pin_at_the_door(eyes: Eyes) {
    let house = House::open(json!({"entry": {"require_authentication": true, "first": "pin"}})).await;
    walk_at(&house.url, "door-pin", eyes, async |browser| {
        let chat = house.chat().await;
        browser.open(&house.invite(&chat, json!({"via": "sms", "pin": "258013"})).await).await?;
        browser.click(CONTINUE).await?;
        browser.find(FIELD).await?;
        browser.tries("25801a").await?;
        browser.find("#error").await?;
        browser.looks("1-letters").await?;
        let before = house.participant(&chat, 0).await;
        assert_ne!(before["entry"]["status"], "admitted");
        browser.tries("258013").await?;
        browser.returns().await?;
        let confirm = browser.text("[data-code]").await?;
        browser.looks("2-confirm").await?;
        browser.click(CONTINUE).await?;
        browser.find(".outcome-entered").await?;
        browser.looks("3-in").await?;
        let person = house.participant(&chat, 0).await;
        assert_eq!(person["authentication"]["authenticated"], false, "nothing shows yet whose chat it is");
        assert_eq!(house.types_in_chat(&chat, &confirm).await["outcome"], "passed");
        let person = house.participant(&chat, 0).await;
        assert_eq!((&person["entry"]["status"], &person["entry"]["method"]), (&json!("admitted"), &json!("pin")));
        let flag = &person["authentication"];
        assert_eq!((&flag["methods"], &flag["binding"]), (&json!(["pin"]), &json!("code")));
        Ok(())
    })
    .await;
}

impl Browser {
    /// Turns a switch of the settings.
    async fn turns(&self, path: &str) -> WebDriverResult<()> {
        self.click(&format!("[data-setting='{path}'] input")).await
    }

    /// Sends one part of the settings, and waits until the page shows one of them as the team's own.
    async fn saves(&self, part: &str, path: &str) -> WebDriverResult<()> {
        self.click(&format!("#form-{part} > .acts button")).await?;
        self.find(&format!("[data-setting='{path}'][data-source=team]")).await.map(drop)
    }

    /// Types into the one field and sends it.
    async fn tries(&self, text: &str) -> WebDriverResult<()> {
        let field = self.find(FIELD).await?;
        field.send_keys(text).await?;
        self.click("form[data-act=answer] button").await?;
        self.until("the answer", async || Ok(field.tag_name().await.err())).await.map(drop)
    }
}
