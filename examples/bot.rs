//! A chat bot in the terminal that gives statements only to people who have logged in.
//!
//! It keeps no list of who is authenticated and no list of open requests: the gateway has the
//! flag, and the login link carries the request until its login succeeds.
//!
//! `BOT_KEY=… cargo run --example bot`, then type `statement`.
#![allow(clippy::print_stdout, reason = "the terminal is the chat")]
#![allow(clippy::disallowed_methods, reason = "an example stands outside the gateway and its clock")]

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

mod api;
use api::{Gateway, Heard};

const INTENT: &str = "statement_copy";

struct Bot {
    gateway: Gateway,
    /// The path of the interaction that this conversation is.
    interaction: String,
    id: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let gateway = Gateway::from_env("BOT_KEY")?;
    let conversation = format!("terminal-{}", jiff::Timestamp::now().as_millisecond());
    let asked = json!({"channel": "terminal", "conversation": conversation, "participants": [{"role": "primary"}]});
    let opened = gateway.call(Method::POST, "/v1/interactions", asked).await?;
    let id = opened["id"].as_str().unwrap_or_default().to_owned();
    let bot = Bot { interaction: format!("/v1/interactions/{id}"), id, gateway };

    let mut events = bot.gateway.events();
    let mut typed = typed_lines();
    say("Hello! Type `statement` for a copy of your statement, ctrl-D to leave.");
    loop {
        let said = tokio::select! {
            line = typed.recv() => match line {
                Some(line) => bot.hear(line.trim()).await,
                None => break,
            },
            Some(heard) = events.recv() => match heard {
                Heard::Event(event) => bot.learn(&event).await,
                Heard::Joined | Heard::Lost => Ok(()),
            },
        };
        if let Err(refusal) = said {
            eprintln!("{refusal:#}"); // for the developer; the person is told no reasons
            say("That is not possible just now.");
        }
    }
    bot.gateway.call(Method::POST, &format!("{}/close", bot.interaction), Value::Null).await?;
    Ok(())
}

impl Bot {
    /// What the person typed. The gateway sees it first: a code typed here is for it alone.
    async fn hear(&self, text: &str) -> Result<()> {
        let message = json!({"message_id": jiff::Timestamp::now().as_nanosecond().to_string(), "text": text});
        let told = self.gateway.call(Method::POST, &format!("{}/messages", self.interaction), message).await?;
        // This, and not what was typed, is what a model or a log may read.
        let text = text_of(&told["redacted_text"]);
        match (told["consumed"] == true, text_of(&told["outcome"])) {
            (true, "passed") => {} // the event says the rest
            (true, outcome) => say(&format!("That did not match ({outcome}).")),
            (false, "code_in_text") => say("Please send the code alone, without other words."),
            (false, _) if text == "statement" => self.statement().await?,
            (false, _) => say("I know one thing: `statement`."),
        }
        Ok(())
    }

    /// May the statement be given now? If not, here is the way to it.
    async fn statement(&self) -> Result<()> {
        let flag = format!("{}/authentication?intent={INTENT}", self.interaction);
        let flag = self.gateway.call(Method::GET, &flag, Value::Null).await?;
        if flag["intent"]["allowed"] == true {
            say(&format!("Statement of {}: 12.00 in, 7.50 out.", text_of(&flag["customer"]["name"])));
            return Ok(());
        }
        let asked = json!({"purpose": "mid_chat", "intent": INTENT});
        let link = self.gateway.call(Method::POST, &format!("{}/login-links", self.interaction), asked).await?;
        say(&format!("Please log in first, then type the code that you are shown: {}", text_of(&link["url"])));
        Ok(())
    }

    /// What happened elsewhere. An event is a hint; `statement` asks the flag itself.
    async fn learn(&self, event: &Value) -> Result<()> {
        if event["interaction"] != self.id {
            return Ok(()); // the stream is the whole team's
        }
        match event["type"].as_str() {
            Some("participant.authenticated") if event["data"]["intent"] == INTENT => self.statement().await?,
            Some("participant.authenticated") => say("You are logged in."),
            Some("participant.expired") => say("Your login has ended."),
            Some("proof.other_browser") => {
                say("Another browser came back from your login than the one that opened it. `statement` asks again.");
            }
            Some("link.cancelled" | "link.denied" | "link.expired" | "link.reported" | "proof.not_returned") => {
                say("You did not log in. `statement` asks again.");
            }
            _ => {}
        }
        Ok(())
    }
}

fn say(text: &str) {
    println!("bot> {text}");
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Lines from a thread of their own: a read of the terminal cannot be broken off.
fn typed_lines() -> mpsc::Receiver<String> {
    let (tell, typed) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if tell.blocking_send(line).is_err() {
                break;
            }
        }
    });
    typed
}
