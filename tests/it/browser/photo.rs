//! The page that asks for a document, in a real browser: on phones and a desktop, with files and with the
//! camera, and without JavaScript. What the browser draws is a real JPEG, and is judged by the real process.

use reqwest::Method;
use serde_json::json;
use thirtyfour::prelude::*;

use super::CONTINUE;
use super::driver::{Browser, Eyes, walk_at};
use super::house::House;
use crate::photos::card;
use crate::photos::provider::{Provider, SECRET, clear, unclear};

const SEND: &str = "form[data-act=photo] [data-send]";

journeys! {
    on_a_phone_a_document_and_a_face_are_shown_l15 = shown(Eyes::LARGE_PHONE);
    on_a_desktop_without_script_a_document_and_a_face_are_shown_l15 = shown(Eyes::DESKTOP.without_script());
    on_a_phone_without_script_a_document_and_a_face_are_shown_l15 = shown(Eyes::PHONE.without_script());
    photo_that_cannot_be_read_is_taken_again = unreadable(Eyes::LARGE_PHONE);
}

/// A gateway whose team has documents checked there.
async fn house(provider: &Provider) -> House {
    let house = House::open(json!({})).await;
    let body = json!({"kind": "signed", "account": {"url": provider.url}, "secrets": {"secret": SECRET}});
    house.call(Method::PUT, "/v1/teams/linden/providers/house", body).await;
    let settings = json!({"photo_id": {"enabled": true, "provider": "house"}});
    house.call(Method::PATCH, "/v1/teams/linden/settings", settings).await;
    house
}

async fn shown(eyes: Eyes) {
    let provider = Provider::start().await;
    let house = house(&provider).await;
    let chat = house.chat().await;
    let page = house.challenge(&chat, json!({"method": "photo_id_selfie"})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("card.png");
    std::fs::write(&file, card(true)).expect("a file");
    let file = file.to_str().expect("UTF-8");
    walk_at(&house.url, "photo", eyes, async |browser| {
        browser.open(&page).await?;
        browser.click(CONTINUE).await?;
        browser.find(SEND).await?;
        browser.looks("1-asked").await?;
        browser.has_large_targets().await?;

        provider.says(|check| (200, unclear(check)));
        browser.chooses("front", file).await?;
        browser.chooses("back", file).await?;
        browser.shows_a_face(file).await?;
        browser.looks("2-chosen").await?;
        browser.click(SEND).await?;
        browser.find("#error li").await?;
        browser.looks("3-unclear").await?;

        provider.says(|_| (202, serde_json::Value::Null));
        browser.chooses("front", file).await?;
        browser.shows_a_face(file).await?;
        browser.click(SEND).await?;
        browser.returns().await?;
        let confirm = browser.text("[data-code]").await?;
        let done = browser.find("input[name=page]").await?.value().await?.expect("the done page's token");
        browser.looks("4-confirm").await?;
        assert_eq!(house.types_in_chat(&chat, &confirm).await["outcome"], "passed");
        browser.click("form[data-act=finish] button").await?;
        browser.find(".outcome-judging").await?;
        browser.looks("5-checking").await?;
        assert_eq!(house.participant(&chat, 0).await["authentication"]["authenticated"], false, "nobody has judged it");
        let asked = provider.got().pop().expect("it was asked");
        let kinds: Vec<_> = asked["pictures"].as_array().unwrap().iter().map(|one| one["media_type"].clone()).collect();
        let drawn = if eyes.script { "image/jpeg" } else { "image/png" };
        assert_eq!(kinds, [drawn, drawn]);

        let check = asked["check"].as_str().expect("an id").to_owned();
        let callback = asked["callback_url"].as_str().expect("an address").to_owned();
        provider.posts(&callback, &clear(&check, true)).await;
        browser.open(&format!("/d/{done}")).await?;
        browser.returns().await?;
        browser.find(".outcome-authenticated").await?;
        browser.looks("6-done").await?;
        let flag = &house.participant(&chat, 0).await["authentication"];
        assert_eq!((&flag["methods"], &flag["binding"]), (&json!(["photo_id_selfie"]), &json!("code")));
        Ok(())
    })
    .await;
}

/// The browser makes no picture of what the camera sees, for want of memory for example, and does the next time.
async fn unreadable(eyes: Eyes) {
    let provider = Provider::start().await;
    let house = house(&provider).await;
    let chat = house.chat().await;
    let page = house.challenge(&chat, json!({"method": "photo_id_selfie"})).await;
    let fails = "const { toBlob } = HTMLCanvasElement.prototype;
        HTMLCanvasElement.prototype.toBlob = function (done) {
            HTMLCanvasElement.prototype.toBlob = toBlob;
            done(null);
        };";
    let of = |what: &str| format!("[data-side]:has(#selfie) {what}:not([hidden])");
    walk_at(&house.url, "photo-unreadable", eyes, async |browser| {
        browser.open(&page).await?;
        browser.click(CONTINUE).await?;
        browser.click(&of("[data-open]")).await?;
        browser.driver.execute(fails, Vec::new()).await?;
        browser.click(&of("[data-take]")).await?;
        let said = browser.text(&of("[data-unreadable]")).await?;
        assert_eq!(said, "The photo could not be read. Take it again.");
        browser.looks("1-unreadable").await?;
        browser.click(&of("[data-take]")).await?;
        browser.find(&of("[data-preview]")).await?;
        assert!(
            !browser.driver.find(By::Css("[data-side]:has(#selfie) [data-unreadable]")).await?.is_displayed().await?
        );
        Ok(())
    })
    .await;
}

impl Browser {
    pub(super) async fn chooses(&self, side: &str, file: &str) -> WebDriverResult<()> {
        self.find(&format!("#{side}")).await?.send_keys(file).await?;
        if self.eyes.script {
            let preview = format!("[data-side]:has(#{side}) [data-preview]:not([hidden])");
            self.find(&preview).await?;
        }
        Ok(())
    }

    /// With the camera where there is a script, and takes it again; else with a file.
    async fn shows_a_face(&self, file: &str) -> WebDriverResult<()> {
        if !self.eyes.script {
            return self.chooses("selfie", file).await;
        }
        let of = |what: &str| format!("[data-side]:has(#selfie) {what}:not([hidden])");
        for round in ["open", "retake"] {
            self.click(&of(&format!("[data-{round}]"))).await?;
            self.click(&of("[data-take]")).await?;
            self.find(&of("[data-preview]")).await?;
        }
        Ok(())
    }

    /// What can be pressed is as large as a thumb: 44 pixels.
    pub(super) async fn has_large_targets(&self) -> WebDriverResult<()> {
        for element in self.driver.find_all(By::Css("button:not([hidden]), input[type=file]")).await? {
            let (wide, high) = element.rect().await.map(|rect| (rect.width, rect.height))?;
            assert!(wide >= 44.0 && high >= 44.0, "{wide} by {high}");
        }
        Ok(())
    }
}
