//! The real binary on a store that a test spoils: at one address, through several lives, with what
//! it says on its way out.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::shim::Disk;
use crate::crash::{people::Outsiders, process::OWNER};

/// A gateway on a store at a path.
pub struct Served {
    child: Child,
    pub url: String,
    aside: TempDir,
}

impl Served {
    /// `countersign serve`, ready, on this store; with this disk under it.
    pub fn on(store: &Path, port: u16, disk: Option<&Disk>) -> Self {
        let aside = TempDir::new().expect("a folder");
        let mut serve = Command::new(env!("CARGO_BIN_EXE_countersign"));
        serve.arg("serve").env("COUNTERSIGN_STORE__PATH", store).env("COUNTERSIGN_ADMIN__KEY", OWNER);
        serve.env("COUNTERSIGN_SERVER__LISTEN", format!("127.0.0.1:{port}"));
        serve.env("COUNTERSIGN_SERVER__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#).env("RUST_LOG", "error");
        serve.envs(disk.into_iter().flat_map(Disk::environment));
        let said = File::create(aside.path().join("said")).expect("a file");
        let mut child = serve.stdout(Stdio::piped()).stderr(said).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let served = Self { child, url: format!("http://127.0.0.1:{port}"), aside };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it speaks");
        assert!(line.contains(&served.url), "{line:?} {}", served.said());
        served
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it said of itself.
    pub fn said(&self) -> String {
        fs::read_to_string(self.aside.path().join("said")).expect("it is there")
    }

    /// How it ended, which it does in time.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("it goes on: {}", self.said());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// What a bot was told when it wanted to open a conversation.
#[derive(Debug)]
pub enum Told {
    /// The conversation's id.
    Opened(String),
    /// A 503 with the right problem document.
    Unavailable,
    /// No reply.
    Nothing,
}

/// A bot that takes no for an answer.
pub async fn opens(team: &Outsiders, conversation: &str) -> Told {
    let body = json!({"channel": "sms", "conversation": conversation, "participants": [{"role": "primary"}]});
    match team.call(Method::POST, "/v1/interactions", body).await {
        Err(_) => Told::Nothing,
        Ok(reply) if reply.status == 201 => Told::Opened(reply.json()["id"].as_str().expect("an id").to_owned()),
        Ok(reply) => {
            let problem = reply.json();
            let told = (reply.status, problem["status"].as_u64(), problem["code"].as_str());
            assert_eq!(told, (503, Some(503), Some("unavailable")), "{problem}");
            Told::Unavailable
        }
    }
}

/// Each of these conversations is known, or the failure says which is not.
pub async fn all_there(team: &Outsiders, chats: &[String]) {
    for chat in chats {
        let seen = team.interaction(chat).await.expect("it lives").expect(200);
        assert_eq!(seen["status"], "open", "{chat}");
    }
}

/// Asks for readiness: its status.
pub async fn ready(url: &str) -> u16 {
    reqwest::get(format!("{url}/readyz")).await.map_or(0, |reply| reply.status().as_u16())
}

/// A folder of a store that will be served.
pub fn store_in(folder: &Path) -> PathBuf {
    folder.join("store")
}

/// What a wrong and a right code were told: status and outcome.
pub async fn says(team: &Outsiders, chat: &str, message: &str, text: &str) -> (u16, Value) {
    let reply = team.says(chat, message, text).await.expect("it lives");
    (reply.status, reply.json()["outcome"].clone())
}
