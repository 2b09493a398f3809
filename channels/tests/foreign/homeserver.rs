//! A real Matrix homeserver on loopback, with people in it, and an application service of ours that
//! it tells what happens. It ends with the test.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::interop::{installed, root};
use crate::ports::free_port;

/// The service's user.
pub const BOT: &str = "@gate:localhost";
pub const AS_TOKEN: &str = "as-token-of-the-tests-0123456789abcdef";
pub const HS_TOKEN: &str = "hs-token-of-the-tests-0123456789abcdef";

/// Nothing here takes so long.
const TIMEOUT: Duration = Duration::from_secs(60);

pub struct Homeserver {
    pub url: String,
    http: Client,
    process: Child,
    folder: PathBuf,
}

/// Somebody who has signed in.
pub struct User {
    pub id: String,
    token: String,
}

impl Homeserver {
    /// Starts one that tells `service` what happens; none where it cannot be had.
    pub async fn start(service: &str) -> Option<Self> {
        if !installed("synapse") {
            return None;
        }
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hs-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        write(&folder, port, service);
        let log = fs::File::create(folder.join("log")).unwrap();
        let process = Command::new(root().canonicalize().unwrap().join("target/interop/synapse/bin/python"))
            .args(["-m", "synapse.app.homeserver", "-c", "homeserver.yaml"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { url: format!("http://127.0.0.1:{port}"), http: Client::new(), process, folder };
        server.wait().await;
        let bot = json!({"type": "m.login.application_service", "username": "gate", "inhibit_login": true});
        server.must(Method::POST, "register", AS_TOKEN, bot).await;
        Some(server)
    }

    async fn wait(&mut self) {
        let begun = tokio::time::Instant::now();
        while self.http.get(format!("{}/_matrix/client/versions", self.url)).send().await.is_err() {
            let ended = self.process.try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < TIMEOUT, "it does not start ({ended:?}):\n{}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One call of the client's API.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}/_matrix/client/v3/{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap_or_default())
    }

    async fn must(&self, method: Method, path: &str, token: &str, body: Value) -> Value {
        let (status, reply) = self.call(method, path, token, body).await;
        assert_eq!(status, 200, "{path}: {reply}");
        reply
    }

    /// A new user.
    pub async fn user(&self, name: &str) -> User {
        let body = json!({"username": name, "password": "a long password", "auth": {"type": "m.login.dummy"}});
        let reply = self.must(Method::POST, "register", "", body).await;
        let text = |name: &str| reply[name].as_str().unwrap().to_owned();
        User { id: text("user_id"), token: text("access_token") }
    }

    /// A room of a user's for two, to which the service's user is invited as clients do it.
    pub async fn direct_room(&self, user: &User) -> String {
        let body = json!({"is_direct": true, "preset": "trusted_private_chat", "invite": [BOT]});
        let reply = self.must(Method::POST, "createRoom", &user.token, body).await;
        reply["room_id"].as_str().unwrap().to_owned()
    }

    /// Waits until so many are in a room, as one of them sees it.
    pub async fn wait_for_members(&self, user: &User, room: &str, count: usize) {
        let begun = tokio::time::Instant::now();
        loop {
            let said = self.must(Method::GET, &format!("rooms/{room}/joined_members"), &user.token, Value::Null).await;
            let members = said["joined"].as_object().unwrap().len();
            if members == count {
                return;
            }
            assert!(begun.elapsed() < TIMEOUT, "{members} of {count} are in the room");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Another one comes into a room.
    pub async fn bring(&self, user: &User, room: &str, other: &User) {
        let body = json!({"user_id": other.id});
        self.must(Method::POST, &format!("rooms/{room}/invite"), &user.token, body).await;
        self.must(Method::POST, &format!("rooms/{room}/join"), &other.token, json!({})).await;
    }

    /// Somebody leaves a room.
    pub async fn leave(&self, user: &User, room: &str) {
        self.must(Method::POST, &format!("rooms/{room}/leave"), &user.token, json!({})).await;
    }

    /// A user types; the event's id.
    pub async fn say(&self, user: &User, room: &str, text: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = format!("rooms/{room}/send/m.room.message/typed-{number}");
        let reply = self.must(Method::PUT, &path, &user.token, json!({"msgtype": "m.text", "body": text})).await;
        reply["event_id"].as_str().unwrap().to_owned()
    }

    /// What stands in a room at an event, as a user reads it.
    pub async fn content(&self, user: &User, room: &str, event: &str) -> Value {
        let mut said = self.must(Method::GET, &format!("rooms/{room}/event/{event}"), &user.token, Value::Null).await;
        said["content"].take()
    }

    /// The latest texts of a room, newest first.
    pub async fn texts(&self, user: &User, room: &str) -> Vec<String> {
        let path = format!("rooms/{room}/messages?dir=b&limit=20");
        let said = self.must(Method::GET, &path, &user.token, Value::Null).await;
        let bodies = said["chunk"].as_array().unwrap().iter().filter_map(|event| event["content"]["body"].as_str());
        bodies.map(str::to_owned).collect()
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What it is told about itself.
fn write(folder: &std::path::Path, port: u16, service: &str) {
    // Enough for people who type as fast as a test does.
    let often = json!({"per_second": 1000, "burst_count": 1000});
    let settings = json!({
        "server_name": "localhost", "report_stats": false, "pid_file": folder.join("pid"),
        "listeners": [{"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}],
        "database": {"name": "sqlite3", "args": {"database": folder.join("homeserver.db")}},
        "media_store_path": folder.join("media"), "signing_key_path": folder.join("signing.key"),
        "macaroon_secret_key": "of the tests", "form_secret": "of the tests", "bcrypt_rounds": 4,
        "trusted_key_servers": [], "suppress_key_server_warning": true, "federation_domain_whitelist": [],
        "enable_registration": true, "enable_registration_without_verification": true,
        "app_service_config_files": ["service.yaml"],
        "rc_message": often, "rc_registration": often, "rc_invites": {"per_room": often, "per_user": often, "per_issuer": often},
        "rc_joins": {"local": often, "remote": often},
    });
    let service = json!({
        "id": "countersign", "url": service, "as_token": AS_TOKEN, "hs_token": HS_TOKEN, "sender_localpart": "gate",
        "rate_limited": false,
        "namespaces": {"users": [{"exclusive": true, "regex": "@gate:localhost"}], "rooms": [], "aliases": []},
    });
    // What is JSON is YAML, too.
    for (name, text) in [
        ("homeserver.yaml", settings.to_string()),
        ("service.yaml", service.to_string()),
        ("signing.key", format!("ed25519 a_test {}\n", "A".repeat(43))),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
