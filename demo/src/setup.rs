//! The demo's team, made the way an administrator's script would make it: by the API.
//!
//! From each team three secrets come out, for three different hands: the bot's API key, the agent's, and the security key
//! that only the bank's website and its login page may hold.

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, ApiError, TeamApi};
use crate::outsiders::bank::{CUSTOMER_NAME, SharedSecret};
use crate::outsiders::identity::DemoProvider;

const TEAM: &str = "linden";
/// The same bank, with its customers' accounts in the gateway.
const ACCOUNTS: &str = "linden-accounts";

/// What an account's owner types.
pub const PASSWORD: &str = "linden-tree-7";

/// What the demo needs to play its parts.
pub struct DemoTeam {
    /// The API with the bot's key and with an agent's.
    pub api: TeamApi,
    /// The security key that the login page shares with the gateway.
    pub key: SharedSecret,
}

#[derive(Deserialize)]
struct NewSecurityKey {
    kid: String,
    secret: String,
}

#[derive(Deserialize)]
struct NewApiKey {
    key: String,
}

/// Creates the team of most scenes, whose documents are checked by the demo's own provider.
pub async fn bank(owner: &Api, base: &str, provider: &DemoProvider) -> anyhow::Result<DemoTeam> {
    let made = team(owner, TEAM, &settings(base)).await?;
    let provider = json!({"kind": "signed", "account": {"url": format!("{base}/demo/identity")},
        "secrets": {"secret": provider.secret()}});
    let path = format!("/v1/teams/{TEAM}/providers/demo-provider");
    let _: Value = owner.call(Method::PUT, &path, Some(&provider)).await.context("its provider")?;
    let photo = json!({"photo_id": {"enabled": true, "provider": "demo-provider"}});
    let _: Value = owner.call(Method::PATCH, &format!("/v1/teams/{TEAM}/settings"), Some(&photo)).await?;
    Ok(made)
}

/// Creates the team that has no login page of its own: its customers' accounts are the gateway's.
pub async fn accounts(owner: &Api, base: &str) -> anyhow::Result<DemoTeam> {
    let mut settings = settings(base);
    settings["authentication_url"] = format!("{base}/login/{ACCOUNTS}").into();
    settings["two_factor"] = json!({"always": true});
    settings["otp"] =
        json!({"message": "#PIN# is your Linden Bank code. Type it only on the login page that you opened."});
    settings["delivery"] = json!({"order": ["sms"]});
    team(owner, ACCOUNTS, &settings).await
}

/// The customer with that phone: facts to be asked for, and an account with a password.
pub async fn customer(owner: &Api, phone: &str) -> Result<(), ApiError> {
    let id = customer_id(phone);
    let facts = json!({"first_school": "Hill School", "card": "4217", "branch": "Linden Row"});
    let mut record = json!({"name": CUSTOMER_NAME, "phones": [phone], "facts": facts});
    let _: Value = owner.call(Method::PUT, &format!("/v1/teams/{TEAM}/customers/{id}"), Some(&record)).await?;
    (record["username"], record["password"]) = (username(phone).into(), PASSWORD.into());
    let path = format!("/v1/teams/{ACCOUNTS}/customers/{id}");
    owner.call::<Value>(Method::PUT, &path, Some(&record)).await.map(drop)
}

fn customer_id(phone: &str) -> String {
    format!("cust-{}", last_three(phone))
}

/// What the customer with that phone logs in by.
pub fn username(phone: &str) -> String {
    format!("demo-{}", last_three(phone))
}

fn last_three(phone: &str) -> &str {
    phone.get(phone.len().saturating_sub(3)..).unwrap_or(phone)
}

/// Creates a team, its settings and its keys.
async fn team(owner: &Api, name: &str, settings: &Value) -> anyhow::Result<DemoTeam> {
    let team = format!("/v1/teams/{name}");
    let _: Value = owner.call(Method::PUT, &team, Some(&json!({"name": "Linden Bank"}))).await.context("the team")?;
    let made: NewSecurityKey = owner
        .call(Method::POST, &format!("{team}/security-keys"), Some(&json!({})))
        .await
        .context("its security key")?;
    let bot: NewApiKey = owner
        .call(Method::POST, &format!("{team}/api-keys"), Some(&json!({"role": "bot", "name": "Demo bot"})))
        .await
        .context("the bot's API key")?;
    let agent: NewApiKey = owner
        .call(Method::POST, &format!("{team}/api-keys"), Some(&json!({"role": "agent", "name": "Demo agent"})))
        .await
        .context("the agent's API key")?;
    let _: Value =
        owner.call(Method::PATCH, &format!("{team}/settings"), Some(settings)).await.context("its settings")?;
    for name in ["sms", "whatsapp", "email"] {
        let channel = json!({"definition": "recorder", "account": {"inbox": name}});
        let _: Value = owner
            .call(Method::PUT, &format!("{team}/channels/{name}"), Some(&channel))
            .await
            .with_context(|| format!("its channel {name}"))?;
    }
    let key = SharedSecret::from_base64url(&made.kid, &made.secret)?;
    let api = TeamApi { bot: owner.with_key(&bot.key), agent: owner.with_key(&agent.key) };
    Ok(DemoTeam { api, key })
}

/// The clocks are short, so that one can watch the mark fall and a lock end. Demos send a lot.
fn settings(base: &str) -> Value {
    let mut settings: Value =
        serde_json::from_str(include_str!("settings.json")).expect("the compiled-in file is JSON: setup::tests");
    settings["authentication_url"] = format!("{base}/demo/login").into();
    settings["allowed_origins"] = origins(base).into();
    settings
}

/// The chat's own origin, and its other name on a developer's machine.
fn origins(base: &str) -> Vec<String> {
    let mut origins = vec![base.to_owned()];
    if base.starts_with("http://127.0.0.1:") {
        origins.push(base.replacen("127.0.0.1", "localhost", 1));
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_where_the_demo_is() {
        let settings = settings("http://127.0.0.1:8080");
        assert_eq!(settings["authentication_url"], "http://127.0.0.1:8080/demo/login");
        assert_eq!(settings["allowed_origins"], json!(["http://127.0.0.1:8080", "http://localhost:8080"]));
        assert_eq!(settings["intents"]["change_address"]["accept"], json!(["otp"]));
    }
}
