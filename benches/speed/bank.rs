//! A bank on a gateway: its team and keys, and the requests that its bot and its login page send.
//! It knows what the contract tells outsiders, and no more.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use countersign::ambient::{Clock, SystemClock};
use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::load::{Load, Run, ask, form, request};
use super::processes::OWNER;

/// Addresses that requests seem to come from: so many that no limit of one is met.
const ADDRESSES: usize = 20_000;

/// A team with an API key and a login page.
pub struct Bank {
    pub server: SocketAddr,
    bot: String,
    kid: String,
    key: MacKey,
}

impl Bank {
    /// Sets one up on a gateway. Links may skip the landing page, and codes bind them to the chat.
    pub async fn on(server: SocketAddr) -> anyhow::Result<Self> {
        let settings = json!({"authentication_url": "https://login.example.com/in",
            "link": {"landing": "optional"}, "binding": "code", "otp": {"show_to_agents": true}, "intents": {"statement_copy": {"accept": ["login"]}}});
        call(server, "PUT", "/v1/teams/bank", json!({"name": "Bank"})).await?;
        call(server, "PATCH", "/v1/teams/bank/settings", settings).await?;
        let key = call(server, "POST", "/v1/teams/bank/security-keys", json!({})).await?;
        let bot = call(server, "POST", "/v1/teams/bank/api-keys", json!({"role": "bot", "name": "bot"})).await?;
        let secret = from_base64url(text(&key, "secret")?).context("the secret is base64url")?;
        let (bot, kid) = (text(&bot, "key")?.to_owned(), text(&key, "kid")?.to_owned());
        Ok(Self { server, bot, kid, key: MacKey::new(&secret) })
    }

    /// The same bank on a gateway that was started again.
    pub fn moved(self, server: SocketAddr) -> Self {
        Self { server, ..self }
    }

    /// Conversations that have not begun, by numbers.
    pub fn openings(&self, numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        let opening = |n| {
            let body = json!({"channel": "whatsapp", "conversation": format!("+372{n:09}"),
                "participants": [{"role": "primary", "name": "Demo Customer", "phone": format!("+372{n:09}")}]});
            self.as_bot("POST", "/v1/interactions", &body.to_string())
        };
        numbers.map(opening).collect()
    }

    pub fn flag(&self, id: &str) -> Vec<u8> {
        self.as_bot("GET", &format!("/v1/interactions/{id}/authentication?intent=statement_copy"), "")
    }

    pub fn link(&self, id: &str) -> Vec<u8> {
        let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "state": "ticket-7", "landing": false});
        self.as_bot("POST", &format!("/v1/interactions/{id}/login-links"), &body.to_string())
    }

    /// The login page's answer to a link that was made, signed now.
    pub fn post_back(&self, n: usize, link: &Value) -> anyhow::Result<Vec<u8>> {
        let url = url::Url::parse(text(link, "direct_url")?)?;
        let part = |name: &str| {
            let found = url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
            found.with_context(|| format!("{url} has no {name}"))
        };
        let (handle, callback) = (part("cs_token")?, part("cs_callback")?);
        let now = SystemClock::default().now() / 1000;
        let claims = json!({"iss": "login.example.com", "aud": callback, "sub": format!("customer-{n}"),
            "nonce": handle, "jti": format!("{n:022}"), "iat": now, "exp": now + 300, "name": "Demo Customer"});
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": self.kid});
        let signed =
            format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
        let assertion = format!("{signed}.{}", base64url(&self.key.sign(signed.as_bytes())));
        let path = format!("/p/{handle}");
        Ok(request("POST", &path, &[("x-forwarded-for", &address(n))], &json!({"assertion": assertion}).to_string()))
    }

    /// The form of the page that an accepted post-back leads to, posted by a browser. No page with Continue was
    /// pressed in it, so it is asked for the number that it chats with.
    pub fn returns(&self, n: usize, accepted: &Value) -> anyhow::Result<Vec<u8>> {
        post_done(n, accepted, "act=finish")
    }

    /// The same browser names its number: the page shows the code.
    pub fn names(&self, n: usize, accepted: &Value, page: &[u8]) -> anyhow::Result<Vec<u8>> {
        let page = String::from_utf8_lossy(page);
        let nonce = page.split("name=\"nonce\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let nonce = nonce.with_context(|| format!("no number is asked for on {page}"))?;
        post_done(n, accepted, &format!("act=address&nonce={nonce}&address=%2B372{n:09}"))
    }

    pub fn message(&self, id: &str, said: &str) -> Vec<u8> {
        let body = json!({"message_id": format!("m-{said}"), "text": said});
        self.as_bot("POST", &format!("/v1/interactions/{id}/messages"), &body.to_string())
    }

    /// A one-time code for the primary, told by an agent.
    pub fn challenge(&self, id: &str) -> Vec<u8> {
        let body = json!({"method": "otp", "deliver_to": "agent"});
        self.as_bot("POST", &format!("/v1/interactions/{id}/challenges"), &body.to_string())
    }

    /// A guess at a challenge.
    pub fn answer(&self, put: &Value) -> anyhow::Result<Vec<u8>> {
        let path = format!("/v1/challenges/{}/answers", text(put, "id")?);
        Ok(self.as_bot("POST", &path, &json!({"answer": "271828"}).to_string()))
    }

    pub fn events(&self) -> Vec<u8> {
        self.as_bot("GET", "/v1/events", "")
    }

    fn as_bot(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        request(method, path, &[("authorization", &format!("Bearer {}", self.bot))], body)
    }

    /// Sends each once; all must be answered so.
    pub async fn each(&self, requests: &[Vec<u8>], status: u16) -> anyhow::Result<Run> {
        Load { server: self.server, requests, status, callers: super::load::CALLERS }.each().await
    }
}

fn post_done(n: usize, accepted: &Value, fields: &str) -> anyhow::Result<Vec<u8>> {
    let url = text(accepted, "continue_url")?;
    let path = url.find("/d/").map(|at| &url[at..]).with_context(|| format!("{url} is no done page"))?;
    let cookie = format!("cs_browser={}", base64url(&(n as u128).to_be_bytes()));
    let headers = [("x-forwarded-for", &*address(n)), ("cookie", &cookie), ("sec-fetch-site", "same-origin")];
    Ok(form(path, &headers, fields))
}

/// One call of the owner, which must succeed.
async fn call(server: SocketAddr, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
    let owner = format!("Bearer {OWNER}");
    let (status, reply) = ask(server, &request(method, path, &[("authorization", &owner)], &body.to_string())).await?;
    ensure!((200..300).contains(&status), "{method} {path}: {status} {}", String::from_utf8_lossy(&reply));
    Ok(serde_json::from_slice(&reply)?)
}

/// A text of a reply.
pub fn text<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    value[name].as_str().with_context(|| format!("no {name} in {value}"))
}

/// The code that a done page shows.
pub fn code(page: &[u8]) -> anyhow::Result<String> {
    let page = String::from_utf8_lossy(page);
    let after = page.split("data-code").nth(1).with_context(|| format!("no code on {page}"))?;
    let shown: String = after.split('>').skip(1).flat_map(|part| part.split('<').next()).collect();
    Ok(shown.chars().filter(char::is_ascii_alphanumeric).take(6).collect())
}

fn address(n: usize) -> String {
    let n = n % ADDRESSES;
    format!("10.1.{}.{}", n / 250, n % 250 + 1)
}
