//! A process that is killed after a platform took a message and before that was written down: the next one
//! sends the same message again, under the same id and with the same words, and no other. One that is killed
//! before it sent what it has promised: the next one sends it, once.
//!
//! The one that is killed is this program in another process, with the gateway that every journey uses.

use std::env;
use std::fs::{File, read_to_string};
use std::future::pending;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_channels::definition::{Account, Definition, Features};
use countersign_channels::validation::FieldError;
use countersign_channels::{Channel, DeliveryError, Message, Sent};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::stores;
use crate::world::{OWNER, World};

/// Set for the process that is killed: the folder it is to work in, and which of its lives it is.
const VICTIM: &str = "COUNTERSIGN_TEST_SENDER";
const LIFE: &str = "COUNTERSIGN_TEST_LIFE";

/// The victim promises such a message and hands nothing over.
const UNSENT: &str = "unsent ";

/// A claim has lapsed after so long.
const CLAIM: Duration = Duration::from_secs(11);

/// A platform that writes down what it takes; it may never say that it did.
#[derive(Clone)]
struct Platform {
    folder: PathBuf,
    answers: bool,
}

impl Definition for Platform {
    fn name(&self) -> &str {
        "platform"
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        Ok(Arc::new(self.clone()))
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

#[async_trait]
impl Channel for Platform {
    fn name(&self) -> &str {
        "platform"
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        let text = message.content.plain().expose_secret().replace('\n', " ");
        let mut taken = File::options().create(true).append(true).open(self.taken()).expect("a file");
        writeln!(taken, "{} {} {text}", message.id, message.to.as_str()).expect("it takes a line");
        if self.answers { Ok(Sent { platform_id: None }) } else { pending().await }
    }
}

impl Platform {
    fn taken(&self) -> PathBuf {
        self.folder.join("taken")
    }

    /// What the platform has taken so far, a line for each time.
    fn lines(&self) -> Vec<String> {
        read_to_string(self.taken()).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// A node on the store in the folder, so many claims later.
    async fn node(&self, life: u32) -> World {
        let world = World::on(stores::reopened(&self.folder.join("store"))).with_platform(Arc::new(self.clone()));
        world.clock.advance(CLAIM * life);
        world.gateway.maintenance.recognise(false).await.expect("the store is its own");
        world
    }
}

/// In its first life it asks for a message; in each it hands over what is due, and hears nothing.
#[tokio::test]
async fn victim() {
    let (Some(folder), Ok(life)) = (env::var_os(VICTIM), env::var(LIFE)) else { return };
    let (life, what) = life.split_once(' ').expect("its number and what it sends");
    let (life, folder): (u32, &Path) = (life.parse().expect("a number"), folder.as_ref());
    let platform = Platform { folder: folder.to_owned(), answers: false };
    let world = platform.node(life).await;
    if life == 0 {
        let chat = asked(&world, what.trim_start_matches(UNSENT)).await;
        std::fs::write(folder.join("chat"), chat).expect("a file");
    }
    if what.starts_with(UNSENT) {
        pending::<()>().await;
    }
    world.gateway.maintain().await.expect("the store is there");
    unreachable!("the platform never answers");
}

/// A message of that kind is on its way, and whoever asked for it has been told so.
async fn asked(world: &World, what: &str) -> String {
    let team = world.team("acme").await;
    for name in ["sms", "email", "webchat"] {
        let body = json!({"definition": "platform"});
        world.call(&team.admin, "PUT", &format!("/v1/teams/acme/channels/{name}"), body).await.expect(201);
    }
    let person = json!({"role": "primary", "phone": "+37255512345", "email": "demo@example.com"});
    let body = json!({"channel": "webchat", "conversation": "conv-1", "participants": [person]});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = opened["id"].as_str().expect("an id").to_owned();
    let (path, body, status) = match what {
        "code" => ("/challenges", json!({"method": "otp", "deliver_to": "sms"}), 202),
        "link" => ("/login-links", json!({"purpose": "mid_chat", "deliver": true}), 201),
        _ => ("/invitations", json!({"via": "email"}), 201),
    };
    let told = team.bot("POST", &chat, path, body).await.expect(status);
    assert_eq!(told["delivery"]["status"], "queued");
    chat
}

/// One life of the victim, until it has handed over a message; then it is killed.
async fn life(platform: &Platform, number: u32, what: &str) {
    let before = platform.lines().len();
    life_until(platform, &format!("{number} {what}"), || platform.lines().len() > before).await;
}

/// One life of the victim, until that has come; then it is killed.
async fn life_until(platform: &Platform, life: &str, has_come: impl Fn() -> bool) {
    let mut victim = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "crash::sending::victim", "--nocapture"])
        .env(VICTIM, &platform.folder)
        .env(LIFE, life)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let comes = async {
        while !has_come() {
            assert!(victim.try_wait().expect("it is our child").is_none(), "it ended by itself");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), comes).await;
    victim.kill().expect("it is ours to kill");
    victim.wait().expect("it ends");
    in_time.expect("it comes so far");
}

/// Killed between the reply that promised a message and its sending, for each kind of message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_a_promised_message_leaves_loses_none() {
    for what in ["code", "link", "invitation"] {
        let folder = stores::folder();
        let platform = Platform { folder: folder.path().to_owned(), answers: true };
        let chat = folder.path().join("chat");
        let promised = || read_to_string(&chat).is_ok_and(|chat| !chat.is_empty());
        life_until(&platform, &format!("0 {UNSENT}{what}"), promised).await;
        assert_eq!(platform.lines().len(), 0, "{what}: nothing has left");
        let world = platform.node(1).await;
        world.gateway.maintain().await.expect("the store is there");
        assert_eq!(platform.lines().len(), 1, "{what}");
        world.pass(CLAIM * 3).await;
        assert_eq!(platform.lines().len(), 1, "{what}: and once");
    }
}

/// Twice killed before it could say that a message was sent, for each kind of message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_a_message_is_recorded_repeats_it_and_sends_no_other() {
    for what in ["code", "link", "invitation"] {
        let folder = stores::folder();
        let platform = Platform { folder: folder.path().to_owned(), answers: true };
        life(&platform, 0, what).await;
        life(&platform, 1, what).await;

        let world = platform.node(2).await;
        world.gateway.maintain().await.expect("the store is there");
        let taken = platform.lines();
        assert_eq!(taken.len(), 3, "{what}: {taken:?}");
        assert!(taken.iter().all(|line| *line == taken[0]), "{what}: {taken:?}");
        let chat = read_to_string(folder.path().join("chat")).expect("a file");
        let seen = world.call(OWNER, "GET", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(200);
        if what == "code" {
            assert_eq!(seen["challenge"]["delivery"]["status"], "sent");
            let code = taken[0].split(' ').nth(2).expect("it begins with the code");
            let answer = json!({"message_id": "m-1", "text": code});
            let path = format!("/v1/interactions/{chat}/messages");
            assert_eq!(world.call(OWNER, "POST", &path, answer).await.expect(200)["outcome"], "passed");
        }
        world.pass(CLAIM * 3).await;
        assert_eq!(platform.lines().len(), 3, "{what}: what is recorded is not sent again");
    }
}
