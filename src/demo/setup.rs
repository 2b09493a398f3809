//! The demo's team, made the way an administrator's script would make it: by the API.
//!
//! Three secrets come out, for three different hands: the bot's API key, the agent's, and the security key
//! that only the bank's website and its login page may hold.

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
    /// Whoever sits at the desk.
    pub agent: Api,
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
    let agent: NewApiKey = owner
        .call(Method::POST, &format!("{team}/api-keys"), Some(&json!({"role": "agent", "name": "Demo agent"})))
        .await
        .context("the agent's API key")?;
    let _: Value =
        owner.call(Method::PATCH, &format!("{team}/settings"), Some(&settings(base))).await.context("its settings")?;
    for name in ["sms", "whatsapp", "email"] {
        let channel = json!({"definition": "recorder", "account": {"inbox": name}});
        let _: Value = owner
            .call(Method::PUT, &format!("{team}/channels/{name}"), Some(&channel))
            .await
            .with_context(|| format!("its channel {name}"))?;
    }
    let key = SecurityKey::from_base64url(&made.kid, &made.secret)?;
    Ok(Team { bot: owner.with_key(&bot.key), agent: owner.with_key(&agent.key), key })
}

/// The clocks are short, so that one can watch the mark fall and a lock end. Demos send a lot.
fn settings(base: &str) -> Value {
    json!({
        "authentication_url": format!("{base}/demo/login"),
        "allowed_origins": origins(base),
        "authentication_timeout_minutes": 1,
        "interaction_timeout_minutes": 30,
        "link": {"ttl_minutes": 10},
        "entry": {"require_authentication": true, "first": "pin"},
        "otp": {"message": "#PIN# is your Linden Bank code. Type it only in the chat that you opened."},
        "lockout": {"threshold": 5, "duration_minutes": 1},
        "send_budget": {"resend_after_seconds": 10, "per_interaction": 100, "per_destination_hour": 100,
            "per_destination_day": 1_000},
        "intents": {
            "statement_copy": {"accept": ["login"], "label": "Copy of a statement"},
            "balance": {"accept": ["login", "otp"], "label": "Account balance"},
            "change_address": {"accept": ["otp"], "label": "Change of address"},
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
