//! The admin console in German: what a platform asks, and what the gateway refuses, is said in the reader's
//! language at the field that it is about; what only developers have words for is marked as English.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::admin::owner_comes_in;
use super::driver::{Browser, Eyes, walk_at};
use super::house::House;
use crate::words::refusals;

/// What the German catalogue has for it, with these values.
fn german(kind: &str, code: &str, values: &[(&str, &str)]) -> String {
    let words = refusals("de");
    let text = words[kind][code].as_str().unwrap_or_else(|| panic!("{kind} {code}")).to_owned();
    values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn error(code: &str, values: &[(&str, &str)]) -> String {
    german("validation", code, values)
}

impl Browser {
    /// From now on it asks for pages in that language.
    async fn asks_in(&self, language: &str) -> WebDriverResult<()> {
        let headers = json!({"headers": {"Accept-Language": language}});
        self.driver.cdp().send_raw("Network.enable", json!({})).await?;
        self.driver.cdp().send_raw("Network.setExtraHTTPHeaders", headers).await.map(drop)
    }

    async fn fills_in(&self, css: &str, text: &str) -> WebDriverResult<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field.send_keys(text).await
    }

    /// What stands at a field as wrong with it.
    async fn wrong_at(&self, name: &str) -> WebDriverResult<String> {
        let script = format!(
            "return document.querySelector('[name=\"{name}\"][aria-invalid=true]')?.closest('.field, fieldset')
                .querySelector('.field-error').textContent ?? null"
        );
        self.until(&format!("something wrong at {name}"), async || {
            Ok(self.driver.execute(script.clone(), Vec::new()).await?.json().as_str().map(str::to_owned))
        })
        .await
    }
}

#[tokio::test]
async fn in_german_a_refused_form_is_german_at_its_fields() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-words", Eyes::DESKTOP, async |browser| {
        browser.asks_in("de-AT,de;q=0.9,en;q=0.5").await?;
        owner_comes_in(browser, &house, "/admin/teams/linden").await?;
        channel(browser).await?;
        settings(browser).await?;
        names(browser, &house).await
    })
    .await;
}

/// What a platform asks is German, and so is what is wrong with what was said.
async fn channel(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/admin/teams/linden/channels?platform=twilio-sms").await?;
    assert_eq!(browser.find("html").await?.attr("lang").await?.as_deref(), Some("de"));
    let asked = "document.getElementById(document.querySelector('#new [name=\"account/account_sid\"]')
        .getAttribute('aria-describedby')).textContent";
    let about = browser.driver.execute(format!("return {asked}"), Vec::new()).await?;
    assert_eq!(about.json(), &json!("die Kennung des Kontos, beginnt mit AC"));
    let form = "#new [name='account/";
    browser.fills_in("#name", "sms-2").await?;
    browser.fills_in(&format!("{form}account_sid']"), "AC 1").await?;
    browser.fills_in(&format!("{form}max_per_minute']"), "0").await?;
    browser.fills_in(&format!("{form}base_url']"), "https://10.0.0.1").await?;
    browser.fills_in("#new [name='secrets/auth_token']", "s").await?;
    browser.click("#new > .acts button").await?;
    assert_eq!(browser.wrong_at("account/account_sid").await?, error("id", &[]));
    assert_eq!(
        browser.wrong_at("account/max_per_minute").await?,
        error("number", &[("least", "1"), ("most", "60000")])
    );
    assert_eq!(browser.wrong_at("account/base_url").await?, error("public-address", &[]));
    assert_eq!(
        browser.wrong_at("account/from").await?,
        error("one-of-several", &[("names", "from, messaging_service_sid")])
    );
    browser.looks("1-channel").await
}

/// A setting of a number, an item of a list, and a rule across fields.
async fn settings(browser: &Browser) -> WebDriverResult<()> {
    browser.open("/admin/teams/linden/settings").await?;
    browser.fills_in("[id='set-kba.must_match']", "9").await?;
    browser.click("#form-kba > .acts button").await?;
    assert_eq!(browser.wrong_at("kba/must_match").await?, error("more-than", &[("other", "kba.questions")]));
    browser.open("/admin/teams/linden/settings").await?;
    browser.fills_in("[id='set-send_budget.countries']", "EE\nde").await?;
    let section =
        "document.getElementById('set-send_budget.countries').form.querySelector(':scope > .acts button').click()";
    browser.driver.execute(section, Vec::new()).await?;
    let item = browser.wrong_at("send_budget/countries").await?;
    assert_eq!(item, format!("Eintrag 2: {}", error("country", &[])));
    browser.looks("2-item").await
}

/// A name that is taken is said at the name; what only developers have words for is marked as English.
async fn names(browser: &Browser, house: &House) -> WebDriverResult<()> {
    let taken = json!({"url": "https://hooks.example.com/"});
    house.call(Method::PUT, "/v1/teams/linden/webhooks/taken", taken).await;
    browser.open("/admin/teams/linden/webhooks").await?;
    for (name, url) in [("taken", "https://hooks.example.com/"), ("new", "https://10.0.0.1/")] {
        browser.fills_in("#name", name).await?;
        browser.fills_in("#url", url).await?;
        browser.click("#new > .acts button").await?;
        match name {
            "taken" => assert_eq!(browser.wrong_at("{name}").await?, german("refused", "exists", &[])),
            _ => assert_eq!(browser.wrong_at("url").await?, error("public-address", &[])),
        }
    }
    let script = "const { Refused } = await import('/assets/api.js');
        const words = await (await fetch(document.body.dataset.refusals)).json();
        const place = { pointer: '/a', code: 'of-a-newer-release', detail: 'must be purple' };
        const { errors, message } = new Refused({ code: 'invalid', errors: [place] }, 422, words);
        return [errors[0].said, errors[0].english, message];";
    let told = browser.driver.execute(format!("return (async () => {{ {script} }})()"), Vec::<Value>::new()).await?;
    let unfit = error("invalid", &[]);
    assert_eq!(told.json(), &json!([unfit, "must be purple", unfit]));
    Ok(())
}
