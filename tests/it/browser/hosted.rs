//! The gateway's own login page over a company's LDAP, in a real browser: on a phone and a desktop, with
//! JavaScript and without. The directory is a slapd that these journeys start.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::CONTINUE;
use super::driver::{Browser, Eyes, walk_at};
use super::house::House;
use crate::directories::servers::Slapd;

const SEND: &str = "form[data-act=answer] button";

journeys! {
    on_a_desktop_a_customer_of_the_ldap_directory_logs_in_g09 = logs_in(Eyes::DESKTOP);
    on_a_phone_a_customer_of_the_ldap_directory_logs_in_g09 = logs_in(Eyes::PHONE);
    on_a_phone_without_script_a_customer_of_the_ldap_directory_logs_in_g09 = logs_in(Eyes::PHONE.without_script());
}

/// G-09, K-01: a wrong password is told beside the form and costs nothing else; the right one of the
/// directory raises the flag, with the name that the directory has.
async fn logs_in(eyes: Eyes) {
    let Some(slapd) = Slapd::shared() else { return };
    let house = House::open(json!({"binding": "none"})).await;
    house.call(Method::PUT, "/v1/teams/linden/directory", slapd.over_tls()).await;
    house.call(Method::POST, "/v1/teams/linden/security-keys", json!({})).await;
    let settings = json!({"directory": {"kind": "ldap"}, "authentication_url": format!("{}/login/linden", house.url)});
    house.call(Method::PATCH, "/v1/teams/linden/settings", settings).await;
    let chat = house.chat().await;
    let links = format!("/v1/interactions/{chat}/login-links");
    let link = house.call(Method::POST, &links, json!({"purpose": "mid_chat"})).await;
    walk_at(&house.url, "hosted", eyes, async |browser| {
        browser.open(link["url"].as_str().expect("a link")).await?;
        browser.click(CONTINUE).await?;
        browser.types_her_login("demo", "wrong-password-1").await?;
        browser.find("#error").await?;
        browser.looks("1-wrong").await?;
        browser.has_large_targets().await?;
        let flag = house.call(Method::GET, &format!("/v1/interactions/{chat}/authentication"), Value::Null).await;
        assert_eq!(flag["authenticated"], false);
        browser.types_her_login("demo", "demo-password-1").await?;
        browser
            .until("the flag", async || {
                let path = format!("/v1/interactions/{chat}/authentication");
                let flag = house.call(Method::GET, &path, Value::Null).await;
                let stands = flag["authenticated"] == true && flag["customer"]["name"] == "Demo Customer";
                Ok(stands.then_some(()))
            })
            .await?;
        browser.looks("2-done").await
    })
    .await;
}

impl Browser {
    async fn types_her_login(&self, name: &str, password: &str) -> WebDriverResult<()> {
        let field = self.find("input[name=username]").await?;
        field.clear().await?;
        field.send_keys(name).await?;
        self.find("input[name=password]").await?.send_keys(password).await?;
        self.click(SEND).await
    }
}
