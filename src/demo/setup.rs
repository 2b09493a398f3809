//! The demo's team, made the way an administrator's script would make it: by the API.
//!
//! Two secrets come out, for two different hands: the bot's API key, and the security key that
//! only the bank's website and its login page may hold.

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Api;
use super::bank::SecurityKey;

const TEAM: &str = "linden";

/// What the demo needs to play its parts.
pub struct Team {
    pub bot: Api,
    pub key: SecurityKey,
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

/// Creates the team, its settings and its keys.
pub async fn team(owner: &Api, base: &str) -> anyhow::Result<Team> {
    let team = format!("/v1/teams/{TEAM}");
    let _: Value = owner.call(Method::PUT, &team, Some(&json!({"name": "Linden Bank"}))).await.context("the team")?;
    let made: NewSecurityKey = owner
        .call(Method::POST, &format!("{team}/security-keys"), Some(&json!({})))
        .await
        .context("its security key")?;
    let bot: NewApiKey = owner
        .call(Method::POST, &format!("{team}/api-keys"), Some(&json!({"role": "bot", "name": "Demo bot"})))
        .await
        .context("the bot's API key")?;
    let _: Value =
        owner.call(Method::PATCH, &format!("{team}/settings"), Some(&settings(base))).await.context("its settings")?;
    Ok(Team { bot: owner.with_key(&bot.key), key: SecurityKey::from_base64url(&made.kid, &made.secret)? })
}

/// The clocks are as short as the gateway takes them, so that one can watch the mark fall.
fn settings(base: &str) -> Value {
    json!({
        "authentication_url": format!("{base}/demo/login"),
        "allowed_origins": origins(base),
        "authentication_timeout_minutes": 1,
        "interaction_timeout_minutes": 30,
        "link": {"ttl_minutes": 10},
        "intents": {
            "statement_copy": {"accept": ["login"], "label": "Copy of a statement"},
            "balance": {"accept": ["login"], "label": "Account balance"},
        },
        "brand": {"name": "Linden Bank", "color": "#1c6b48"},
    })
}

/// The chat's own origin, and its other name on a developer's machine.
fn origins(base: &str) -> Vec<String> {
    let mut origins = vec![base.to_owned()];
    if base.starts_with("http://127.0.0.1:") {
        origins.push(base.replacen("127.0.0.1", "localhost", 1));
    }
    origins
}
