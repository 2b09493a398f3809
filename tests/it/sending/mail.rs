//! Codes and links by mail, over a real mail server under TLS: from the API to what the server took.
//! How a mail looks and what a server may answer is tried where the channel is.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_channels::ambient::Still;
use countersign_channels::built_in::smtp::Smtp;
use countersign_channels::egress::EgressPolicy;
use serde_json::{Value, json};

use super::{MAIL, code_in};
use crate::outside::{have, skip};
use crate::world::{Team, World};

const EMAIL: &str = "/v1/teams/acme/channels/email";

/// The server, and what it takes: a line for each mail.
struct Server {
    process: Child,
    lines: Box<dyn Iterator<Item = String>>,
    account: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
    }
}

impl Server {
    /// None, said aloud, where it is not installed.
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/servers-venv/bin/python");
        let has = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        if !have("openssl") || !has.is_ok_and(|has| has.success()) {
            skip("aiosmtpd is not installed: see scripts/test");
            return None;
        }
        let mut process = Command::new(python);
        process.arg(root.join("channels/tests/mail/server.py")).stdout(Stdio::piped());
        let mut process = process.spawn().expect("it starts");
        let stdout = process.stdout.take().expect("it is piped");
        let mut lines = Box::new(BufReader::new(stdout).lines().map_while(Result::ok));
        let says: Value = serde_json::from_str(&lines.next().expect("it says its ports")).expect("JSON");
        let account = json!({"host": "localhost", "port": says["ports"]["starttls"], "username": "demo",
            "from": "no-reply@bank.example", "from_name": "Demo Bank", "certificate": says["authority"]});
        Some(Self { process, lines, account })
    }

    /// The next mail that it took: to whom, and its text.
    fn mail(&mut self) -> (Value, String) {
        let taken: Value = serde_json::from_str(&self.lines.next().expect("a mail")).expect("JSON");
        let mail = STANDARD.decode(taken["mail"].as_str().expect("a text")).expect("base64");
        (taken["to"].clone(), String::from_utf8(mail).expect("ASCII"))
    }
}

/// A team that sends by mail.
async fn team(server: &Server) -> Team {
    let egress = EgressPolicy::new(|ip| ip.is_loopback());
    let mail = Smtp::new(egress, Arc::new(Still { unix: 1_767_225_600, chance: [7; 16] }));
    let world = World::new().await.with_platform(Arc::new(mail));
    let team = world.team("acme").await;
    let body = json!({"definition": "smtp", "account": server.account, "secrets": {"password": "demo secret"}});
    world.call(&team.admin, "PUT", EMAIL, body).await.expect(201);
    team
}

#[tokio::test]
async fn a_code_by_mail_is_answered_in_the_chat() {
    let Some(mut server) = Server::start() else { return };
    let team = team(&server).await;
    let chat = team.open_with("c", None, Some(MAIL)).await;
    team.wants_code(&chat, json!({"deliver_to": "email"})).await.expect(202);
    team.world.gateway.maintain().await.expect("the store is there");
    let (to, mail) = server.mail();
    assert_eq!(to, json!([MAIL]));
    let id = format!("Message-ID: <{chat}.m1-email@bank.example>");
    assert!(mail.contains(&id) && mail.contains("Subject: A shop: Your verification code"), "{mail}");
    let text = mail.split("text/plain").nth(1).and_then(|part| part.split_once("\r\n\r\n")).expect("a text").1;
    assert_eq!(team.says(&chat, "m1", &code_in(text)).await.expect(200)["outcome"], "passed");
    assert!(team.event_types().await.contains(&"challenge.sent".to_owned()));
}

/// An admin tries the channel, hears what is wrong with it, and that it works.
#[tokio::test]
async fn a_mail_channel_is_tried_out() {
    let Some(mut server) = Server::start() else { return };
    let team = team(&server).await;
    let trial = async |to: &str| {
        team.world.call(&team.admin, "POST", &format!("{EMAIL}/test"), json!({"to": to})).await.expect(200)
    };
    assert_eq!(
        trial("nobody@example.com").await,
        json!({"status": "failed", "reason": "bad-address",
        "retry_after_seconds": null})
    );
    assert_eq!(trial("no address").await["reason"], "bad-address");
    assert_eq!(trial("grey@example.com").await["reason"], "rate");
    assert_eq!(trial(MAIL).await["status"], "sent");
    let (to, mail) = server.mail();
    assert!(to == json!([MAIL]) && mail.contains("The channel works."), "{mail}");
    let body = json!({"definition": "smtp", "account": server.account, "secrets": {"password": "another"}});
    team.world.call(&team.admin, "PUT", EMAIL, body).await.expect(200);
    assert_eq!(trial(MAIL).await["reason"], "credentials");
    let seen = team.world.call(&team.admin, "GET", EMAIL, Value::Null).await.expect(200);
    assert!(seen["down_since"].is_string() && !seen.to_string().contains("another"), "{seen}");
    let told = team.events().await;
    assert!(told.iter().any(|e| e["type"] == "channel.down" && e["data"]["reason"] == "credentials"), "{told:?}");
}

/// A server that says later is asked again, and the mail that it may have taken is the same one.
#[tokio::test]
async fn what_the_server_did_not_take_goes_again_as_the_same_mail() {
    let Some(mut server) = Server::start() else { return };
    let team = team(&server).await;
    let chat = team.open_with("c", None, Some("dropped@example.com")).await;
    team.wants_code(&chat, json!({"deliver_to": "email"})).await.expect(202);
    for _ in 0..4 {
        team.world.pass(super::seconds(8)).await;
    }
    let mails = [server.mail(), server.mail(), server.mail()];
    assert!(mails.iter().all(|mail| *mail == mails[0]), "three times the same, and then no more");
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!(seen["challenge"]["delivery"]["status"], "failed");
}
