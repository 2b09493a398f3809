//! A stranger hands a challenge's page on, and the customer proves themselves there in a browser of their own.
//! These tests ask the API, and no page, for the state of the flag.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::{nobody_is_authenticated, set, stage};
use crate::browser::driver::{Browser, Eyes, walk_both_at};
use crate::browser::house::PHONE;
use crate::browser::webchat::Stage;
use crate::browser::{CONTINUE, FIELD};
use crate::photos::card;
use crate::photos::provider::{Provider, SECRET};

journeys! {
    on_a_desktop_a_code_on_a_page_that_was_handed_on_is_not_the_chats = by_a_code(Eyes::DESKTOP);
    on_a_phone_a_code_on_a_page_that_was_handed_on_is_not_the_chats = by_a_code(Eyes::PHONE);
    on_a_desktop_a_pin_on_a_page_that_was_handed_on_is_not_the_chats = by_a_pin(Eyes::DESKTOP);
    on_a_desktop_questions_on_a_page_that_was_handed_on_are_not_the_chats = by_questions(Eyes::DESKTOP);
    on_a_phone_questions_on_a_page_that_was_handed_on_are_not_the_chats = by_questions(Eyes::PHONE);
    on_a_desktop_a_document_on_a_page_that_was_handed_on_is_not_the_chats = by_a_document(Eyes::DESKTOP);
    on_a_phone_a_document_on_a_page_that_was_handed_on_is_not_the_chats = by_a_document(Eyes::PHONE);
}

async fn by_a_code(eyes: Eyes) {
    let stage = stage(json!({})).await;
    let put = stage.call("challenges", json!({"method": "otp", "deliver_to": "sms"})).await;
    let code = stage.house.code(PHONE, 1).await;
    by_a_page(&stage, eyes, &put, async |customer| customer.types_answer(&code).await).await;
}

async fn by_a_pin(eyes: Eyes) {
    let stage = stage(json!({})).await;
    let put = stage.call("challenges", json!({"method": "pin", "pin": "2580"})).await;
    by_a_page(&stage, eyes, &put, async |customer| customer.types_answer("2580").await).await;
}

async fn by_questions(eyes: Eyes) {
    let stage = stage(json!({})).await;
    let record = json!({"phones": [PHONE], "facts": {"first_pet": "Rex", "first_school": "Rex"}});
    stage.house.call(Method::PUT, "/v1/teams/linden/customers/customer", record).await;
    let kba = json!({"enabled": true, "ask": ["first_pet", "first_school"], "questions": 2, "must_match": 2});
    set(&stage, json!({ "kba": kba })).await;
    let put = stage.call("challenges", json!({"method": "kba"})).await;
    by_a_page(&stage, eyes, &put, async |customer| {
        for field in ["answer_1", "answer_2"] {
            customer.find(&format!("input[name={field}]")).await?.send_keys("rex").await?;
        }
        customer.click("form[data-act=answer] button").await
    })
    .await;
}

async fn by_a_document(eyes: Eyes) {
    let (stage, provider) = (stage(json!({})).await, Provider::start().await);
    let body = json!({"kind": "signed", "account": {"url": provider.url}, "secrets": {"secret": SECRET}});
    stage.house.call(Method::PUT, "/v1/teams/linden/providers/house", body).await;
    set(&stage, json!({"photo_id": {"enabled": true, "provider": "house"}})).await;
    let put = stage.call("challenges", json!({"method": "photo_id"})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("card.png");
    std::fs::write(&file, card(true)).expect("a file");
    by_a_page(&stage, eyes, &put, async |customer| {
        customer.chooses("front", file.to_str().expect("UTF-8")).await?;
        customer.click("form[data-act=photo] [data-send]").await
    })
    .await;
    assert_eq!(provider.got().len(), 1, "the document was judged");
}

/// The stranger hands the page on and presses nothing; the customer answers right, is told whose chat has asked,
/// and says that it was not them.
async fn by_a_page(stage: &Stage, eyes: Eyes, put: &Value, answer: impl AsyncFn(&Browser) -> WebDriverResult<()>) {
    let page = put["page_url"].as_str().expect("a page");
    walk_both_at(&stage.site.url, "forwarded-page", eyes, async |stranger, customer| {
        stranger.open("/").await?;
        stranger.opens_chat().await?;
        if ["otp", "pin"].iter().any(|method| put["method"] == *method) {
            stranger.find("#ask:not([hidden])").await?;
        }

        customer.goes_to(page).await?;
        customer.click(CONTINUE).await?;
        answer(customer).await?;
        let code = customer.text("[data-code]").await?;
        customer.find("form[data-act=report] button").await?;
        customer.looks("1-code").await?;
        nobody_is_authenticated(&stage.house, &stage.chat).await;
        stranger.find("#tick[hidden]").await?;
        assert!(!stranger.driver.source().await?.contains(&code), "the stranger is not shown the code");

        customer.click("form[data-act=report] button").await?;
        customer.find(".outcome-reported").await?;
        customer.looks("2-reported").await?;
        let typed = stage.house.types_in_chat(&stage.chat, &code).await;
        assert_ne!(typed["outcome"], "passed", "the code is worth nothing any more: {typed}");
        stranger.find("#tick[hidden]").await?;
        nobody_is_authenticated(&stage.house, &stage.chat).await;
        Ok(())
    })
    .await;
}

impl Browser {
    async fn types_answer(&self, answer: &str) -> WebDriverResult<()> {
        self.find(FIELD).await?.send_keys(answer).await?;
        self.click("form[data-act=answer] button").await
    }
}
