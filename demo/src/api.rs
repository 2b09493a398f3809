//! The gateway's API as a bot's developer would call it: JSON over HTTP with an API key.
//!
//! Replies are read leniently, since fields may be added. It knows what can be asked and
//! nothing of why: that is `conversation`'s.

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::outsiders::bank::CUSTOMER_NAME;
use crate::outsiders::channel::ChatChannel;

/// A caller of the gateway with one API key.
#[derive(Clone)]
pub struct Api {
    http: Client,
    base: String,
    key: String,
}

/// The two callers that a chat needs of its team.
#[derive(Clone)]
pub struct TeamApi {
    /// With the bot's key.
    pub bot: Api,
    /// With the key of an agent: what an agent does and sees.
    pub agent: Api,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The gateway said no.
    #[error("the gateway refused: {} {}: {}", .0.status, .0.code, .0.detail)]
    Refused(ProblemReply),
    /// The gateway did not answer, or not in JSON.
    #[error("the gateway did not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
}

/// The gateway's `application/problem+json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProblemReply {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, as a word that stays.
    pub code: String,
    /// What is wrong, in few words.
    pub title: String,
    /// What is wrong with this request.
    pub detail: String,
    /// Seconds until it may be asked again.
    pub retry_after_seconds: Option<u64>,
    /// Of a post-back that was told again: where its browser goes on.
    pub continue_url: Option<String>,
}

/// What a bot needs of an interaction.
#[derive(Debug, Deserialize)]
pub struct BotInteraction {
    /// Its id.
    pub id: String,
    /// Its flag.
    pub authentication: Authentication,
}

/// The flag, as the gateway tells it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// Whether the participant is authenticated.
    pub authenticated: bool,
    /// The flag's state: `unverified`, `pending`, `authenticated` or how it fell.
    pub status: String,
    /// The methods that were proved.
    pub methods: Vec<String>,
    /// What showed that the person is the one who chats.
    pub binding: Option<String>,
    /// Who it is.
    pub customer: Option<LoggedInCustomer>,
    /// When the flag falls; RFC 3339.
    pub expires_at: Option<String>,
    /// Whether the intent that was asked for may run.
    pub intent: Option<IntentVerdict>,
}

/// Who logged in, as the login page named them.
#[derive(Clone, Debug, Deserialize)]
pub struct LoggedInCustomer {
    /// As the company knows the customer.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// The answer to "may this run now?".
#[derive(Clone, Debug, Deserialize)]
pub struct IntentVerdict {
    /// Whether it may run now.
    pub allowed: bool,
    /// Why it may not.
    pub reason: Option<String>,
}

/// A login link. `opener_secret` is for the chat widget alone, so this cannot be printed.
#[derive(Clone, Deserialize)]
pub struct LoginLink {
    /// Its id.
    pub id: String,
    /// The address, for the customer alone.
    pub url: String,
    /// What the chat widget vouches with.
    pub opener_secret: Option<String>,
}

/// A one-time code that is asked for, and never the code itself.
#[derive(Debug, Deserialize)]
pub struct CodeChallenge {
    /// Its id.
    pub id: String,
    /// `pending`, or how it ended.
    pub status: String,
    /// Where the code went.
    pub delivery: Option<CodeDelivery>,
    /// Answers that are still taken.
    pub tries_left: u32,
    /// RFC 3339.
    pub resend_after: Option<String>,
}

/// A proof that is given on a page. `opener_secret` is for the chat widget alone, so this cannot be printed.
#[derive(Clone, Deserialize)]
pub struct ProofPage {
    /// For the customer alone.
    pub page_url: String,
    /// What the chat widget vouches with.
    pub opener_secret: Option<String>,
}

/// Where the message with the code goes.
#[derive(Debug, Deserialize)]
pub struct CodeDelivery {
    /// Masked.
    pub to: String,
}

/// The address of a frame. Its holder comes in as the agent, so it cannot be printed.
#[derive(Deserialize)]
pub struct ConsoleLink {
    /// The address of the frame's document.
    pub url: String,
}

/// What became of a text that the customer typed.
#[derive(Debug, Deserialize)]
pub struct MessageOutcome {
    /// Whether the text was an answer: then the bot does not read it.
    pub consumed: bool,
    /// What it answered.
    pub kind: Option<String>,
    /// What became of the answer.
    pub outcome: Option<String>,
    /// The text as the bot may read it.
    pub redacted_text: String,
    /// The flag afterwards.
    pub authentication: Option<Authentication>,
}

impl Api {
    /// A caller of the gateway at `base`.
    pub fn new(http: Client, base: &str, key: &str) -> Self {
        Self { http, base: base.to_owned(), key: key.to_owned() }
    }

    /// The same gateway, another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// One call: `body` goes as JSON, the reply comes as `T`.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ApiError> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.timeout(Duration::from_secs(15)).send().await?;
        Ok(accepted(reply).await?.json().await?)
    }

    /// Opens a conversation with the customer of that phone, or answers the one that is open. With
    /// `identity_token` the website vouches.
    pub async fn open(
        &self,
        channel: ChatChannel,
        conversation: &str,
        phone: &str,
        email: &str,
        identity_token: Option<&str>,
    ) -> Result<BotInteraction, ApiError> {
        let body = json!({
            "channel": channel.name(),
            "conversation": conversation,
            "participants": [{"role": "primary", "name": CUSTOMER_NAME, "phone": phone, "email": email}],
            "identity_token": identity_token,
        });
        self.call(Method::POST, "/v1/interactions", Some(&body)).await
    }

    /// The flag as it stands.
    pub async fn authentication(&self, interaction: &str) -> Result<Authentication, ApiError> {
        self.call(Method::GET, &format!("/v1/interactions/{interaction}/authentication"), None).await
    }

    /// "May this intent run now?"
    pub async fn may(&self, interaction: &str, intent: &str) -> Result<Authentication, ApiError> {
        let path = format!("/v1/interactions/{interaction}/authentication?intent={intent}");
        self.call(Method::GET, &path, None).await
    }

    /// A login link whose success comes back with `intent` and `state`; with `deliver` the gateway
    /// sends it into the conversation itself.
    pub async fn login_link(
        &self,
        interaction: &str,
        intent: &str,
        state: &str,
        deliver: bool,
    ) -> Result<LoginLink, ApiError> {
        let body = json!({"purpose": "mid_chat", "intent": intent, "state": state, "deliver": deliver});
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/login-links"), Some(&body)).await
    }

    /// Sends a code to the customer, by `chat`, `sms` or `email`; its success comes back with `intent`
    /// and `state`.
    pub async fn ask_code(
        &self,
        interaction: &str,
        intent: &str,
        state: &str,
        by: &str,
    ) -> Result<CodeChallenge, ApiError> {
        let body = json!({"method": "otp", "deliver_to": by, "intent": intent, "state": state});
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/challenges"), Some(&body)).await
    }

    /// Asks for a proof that is given on a page of the gateway's.
    pub async fn ask_page(&self, interaction: &str, method: &str) -> Result<ProofPage, ApiError> {
        let path = format!("/v1/interactions/{interaction}/challenges");
        self.call(Method::POST, &path, Some(&json!({"method": method}))).await
    }

    /// Sends another code in its place.
    pub async fn resend(&self, challenge: &str) -> Result<CodeChallenge, ApiError> {
        self.call(Method::POST, &format!("/v1/challenges/{challenge}/resend"), Some(&json!({}))).await
    }

    /// How a code stands, or how it ended.
    pub async fn challenge(&self, challenge: &str) -> Result<CodeChallenge, ApiError> {
        self.call(Method::GET, &format!("/v1/challenges/{challenge}"), None).await
    }

    /// Passes on what the customer typed, so that a code is taken out before the bot reads it.
    pub async fn submit_text(
        &self,
        interaction: &str,
        message_id: &str,
        text: &str,
    ) -> Result<MessageOutcome, ApiError> {
        let body = json!({"message_id": message_id, "text": text});
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/messages"), Some(&body)).await
    }

    /// The interaction as agents read it, with an agent's own key.
    pub async fn agent_view(&self, interaction: &str) -> Result<Value, ApiError> {
        self.call(Method::GET, &format!("/v1/interactions/{interaction}"), None).await
    }

    /// Invites the customer by text message; the number lets her in.
    pub async fn invite(&self, interaction: &str, pin: &str) -> Result<Value, ApiError> {
        let body = json!({"via": "sms", "pin": pin});
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/invitations"), Some(&body)).await
    }

    /// A link that lets a page show a panel of this one conversation: `status`, how the flag stands; or `console`,
    /// the agent's console, by an address that is good once, for a minute.
    pub async fn embed_link<L: DeserializeOwned>(&self, interaction: &str, panel: &str) -> Result<L, ApiError> {
        let body = json!({"panel": panel});
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/embed-links"), Some(&body)).await
    }

    /// Ends the flag now.
    pub async fn sign_out(&self, interaction: &str) -> Result<BotInteraction, ApiError> {
        self.call(Method::POST, &format!("/v1/interactions/{interaction}/sign-out"), Some(&json!({}))).await
    }

    /// The team's event stream, after the event `last` if one was seen.
    pub async fn events(&self, last: Option<&str>) -> Result<Response, ApiError> {
        let mut request = self.http.get(format!("{}/v1/events", self.base)).bearer_auth(&self.key);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        accepted(request.header("Accept", "text/event-stream").send().await?).await
    }
}

/// How the demo speaks HTTP. Redirects are not followed: keys and assertions go to one place.
pub fn client() -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(90))
        .build()
}

/// The reply, or the problem that it carries.
pub async fn accepted(reply: Response) -> Result<Response, ApiError> {
    let status = reply.status();
    if status.is_success() {
        return Ok(reply);
    }
    let mut problem: ProblemReply = reply.json().await.unwrap_or_default();
    problem.status = status.as_u16();
    Err(ApiError::Refused(problem))
}
