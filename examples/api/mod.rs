//! The little that both examples need of an HTTP client: one call, and the event stream.
//!
//! Nothing here is Countersign's own library: any client made from `/openapi.json` does the same.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::mpsc;

/// What the event stream tells.
pub enum Heard {
    /// Connected, or connected again: read whatever must be current.
    Joined,
    /// Something happened in the team.
    Event(Value),
    /// Not connected: what was read before may no longer be true.
    Lost,
}

/// The gateway, as a holder of one API key sees it.
#[derive(Clone)]
pub struct Gateway {
    http: Client,
    url: String,
    key: String,
}

impl Gateway {
    /// `COUNTERSIGN_URL` (default `http://127.0.0.1:8080`) and the key in the variable named.
    pub fn from_env(key: &str) -> Result<Self> {
        Ok(Self {
            // A stream that is silent for so long is dead: the gateway sends keep-alives.
            http: Client::builder().read_timeout(Duration::from_secs(60)).build()?,
            url: std::env::var("COUNTERSIGN_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into()),
            key: std::env::var(key).with_context(|| format!("{key} is an API key of the team"))?,
        })
    }

    /// One call. A body of `Value::Null` is no body; a refusal is an error with the problem's code.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{path}: {status} {}", body["code"].as_str().unwrap_or("without a problem"));
        }
        Ok(body)
    }

    /// Follows `/v1/events` for as long as somebody listens, and comes back after every break.
    pub fn events(&self) -> mpsc::Receiver<Heard> {
        let (tell, heard) = mpsc::channel(64);
        let gateway = self.clone();
        tokio::spawn(async move {
            let mut last = None;
            while !tell.is_closed() {
                if let Err(error) = gateway.follow(&mut last, &tell).await {
                    eprintln!("events: {error:#}");
                }
                let _ = tell.send(Heard::Lost).await; // nobody listening ends the loop above
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        heard
    }

    /// One connection, from the event after `last` on.
    async fn follow(&self, last: &mut Option<String>, tell: &mpsc::Sender<Heard>) -> Result<()> {
        let mut request = self.request(Method::GET, "/v1/events");
        if let Some(id) = last.as_deref() {
            request = request.header("last-event-id", id);
        }
        let mut response: Response = request.send().await?;
        if response.status() == 410 {
            *last = None; // older than the gateway remembers: begin again at the present
        }
        response = response.error_for_status()?;
        tell.send(Heard::Joined).await?;
        let mut buffer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                // The gateway writes each event as one line of data; its id stands inside as well.
                let Some(data) = std::str::from_utf8(&line)?.strip_prefix("data:") else { continue };
                let event: Value = serde_json::from_str(data)?;
                *last = event["id"].as_str().map(str::to_owned);
                tell.send(Heard::Event(event)).await?;
            }
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }
}
