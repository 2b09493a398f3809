//! A directory that the company runs itself: the example's, asked and signed as its document says, and one
//! that answers everything wrongly.

use std::path::Path;
use std::process::Command;

use countersign::directory::{DirectoryTrouble, Verified};
use countersign::domain::customer::matching::As;
use countersign::domain::customer::matching::MatchedCustomer;
use countersign::domain::customer::matching::judge;
use countersign::domain::secret::Secret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::ldap::{opened, wanted};
use super::{Desk, NAUGHTY};
use crate::outside::{Process, have};
use crate::ports::free_port;
use crate::world::World;

/// 32 bytes, as the admin gives them to both sides.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// `examples/directories/service.py`, or none where it cannot be run here.
fn example() -> Option<(u16, Process)> {
    if !have("python3") {
        return None;
    }
    let port = free_port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/directories/service.py");
    let mut command = Command::new("python3");
    command.arg(script).env("SIGNING_SECRET", SECRET).env("PORT", port.to_string());
    let (process, _) = Process::start(&mut command, "directory on ");
    Some((port, process))
}

fn written(port: u16, secret: &str) -> Value {
    json!({"kind": "http", "connection": {"url": format!("http://127.0.0.1:{port}/ask")}, "secrets": {"signing_secret": secret}})
}

/// G-09: the company's own service knows the customers, and takes questions from the gateway alone.
#[tokio::test]
async fn the_example_is_asked_in_every_way() {
    let Some((port, _process)) = example() else { return };
    let directory = opened(&written(port, SECRET)).unwrap();
    let data = [wanted("account", As::Digits, "12-345"), wanted("born", As::Date, "31.12.2001")];
    let MatchedCustomer::One(record) = judge(&data, directory.find(&data).await.unwrap()) else {
        panic!("nobody is found")
    };
    assert_eq!((record.id.as_str(), record.name.as_deref()), ("cust-42", Some("Demo Customer")));
    assert_eq!((record.facts["branch"].as_str(), &record.phones[..]), ("Tartu", &["+37255512345".into()][..]));
    assert_eq!(directory.by_login_name("demo").await.unwrap().unwrap().id.as_str(), "cust-42");
    assert!(directory.by_id(&"cust-42".parse().unwrap()).await.unwrap().is_some());
    assert!(directory.by_id(&"cust-43".parse().unwrap()).await.unwrap().is_none());
    let right = directory.verify("demo", &Secret::new("demo-password-1".into())).await.unwrap();
    assert!(matches!(right, Verified::Right(_)));
    for typed in NAUGHTY.iter().copied().chain([""]) {
        assert_eq!(directory.verify("demo", &Secret::new(typed.into())).await.unwrap(), Verified::Wrong, "{typed:?}");
        let data = [wanted("account", As::Exact, typed), wanted("born", As::Exact, typed)];
        assert_eq!(judge(&data, directory.find(&data).await.unwrap()), MatchedCustomer::Nobody, "{typed:?}");
    }
    let other = SECRET.replace("AAEC", "BBEC");
    let stranger = opened(&written(port, &other)).unwrap();
    assert_eq!(stranger.by_login_name("demo").await.unwrap_err().trouble, DirectoryTrouble::Refused);
}

#[tokio::test]
async fn a_login_is_held_against_the_companys_own_service() {
    let Some((port, process)) = example() else { return };
    let fields = json!([{"field": "account", "as": "digits"}, {"field": "born", "as": "date"}]);
    let desk = Desk::on(World::new().await, "http", fields).await;
    desk.connect(&written(port, SECRET)).await;
    let data = json!({"account": "12345", "born": "20011231"});
    let (posted, chat) = desk.log_in("+37255500001", data.clone()).await;
    assert_eq!(posted.expect(200)["status"], "authenticated");
    assert_eq!(desk.shown(&chat, "").await.expect(200)["id"], "cust-42");
    drop(process);
    desk.vouched("+37255500002", data).await.refused(503, "directory-down");
    assert_eq!(desk.told("directory.").await, ["directory.down"]);
}

/// A server that gives one answer to everybody.
async fn answering(reply: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 8192];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(reply.as_bytes()).await;
        }
    });
    port
}

/// Whatever a service answers, it is never taken for more than it says, nor for less.
#[tokio::test]
async fn a_wrong_answer_is_trouble_and_no_answer() {
    let with = |status: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    for (reply, trouble) in [
        (with("500 Oh", ""), Some(DirectoryTrouble::Down)),
        (with("503 Later", ""), Some(DirectoryTrouble::Down)),
        (with("302 Found", ""), Some(DirectoryTrouble::Misconfigured)),
        (with("401 No", ""), Some(DirectoryTrouble::Refused)),
        (with("400 No", ""), Some(DirectoryTrouble::Misconfigured)),
        (with("200 OK", ""), Some(DirectoryTrouble::Misconfigured)),
        (with("200 OK", "<html>"), Some(DirectoryTrouble::Misconfigured)),
        (with("200 OK", "{}"), Some(DirectoryTrouble::Misconfigured)),
        (with("200 OK", r#"{"customers": {"id": "demo"}}"#), Some(DirectoryTrouble::Misconfigured)),
        (with("200 OK", r#"{"customers": [{"name": "x"}]}"#), Some(DirectoryTrouble::Misconfigured)),
        (
            with("200 OK", &format!(r#"{{"customers": [], "more": "{}"}}"#, "x".repeat(300_000))),
            Some(DirectoryTrouble::Misconfigured),
        ),
        (with("200 OK", r#"{"customers": [{"id": "other"}]}"#), None),
        (with("200 OK", r#"{"customers": []}"#), None),
        (with("404 None", ""), None),
        (String::new(), Some(DirectoryTrouble::Down)),
    ] {
        let directory = opened(&written(answering(reply.clone()).await, SECRET)).unwrap();
        let asked = directory.by_id(&"demo".parse().unwrap()).await;
        let start: String = reply.chars().take(200).collect();
        assert_eq!(asked.as_ref().err().map(|failure| failure.trouble), trouble, "{start}");
        assert!(asked.is_ok_and(|found| found.is_none()) || trouble.is_some(), "{start}");
    }
    for (place, wrong, pointer) in [
        ("url", json!("http://10.1.2.3/"), "/connection/url"),
        ("url", json!("https://169.254.169.254/latest"), "/connection/url"),
        ("customers", json!("customers"), "/connection/customers"),
        ("fields", json!({"id": "id"}), "/connection/fields/id"),
    ] {
        let mut bad = written(1, SECRET);
        bad["connection"][place] = wrong;
        assert_eq!(opened(&bad).err().expect("it is wrong"), [pointer]);
    }
    assert_eq!(opened(&written(1, "whsec_AAEC")).err().expect("too short"), ["/secrets/signing_secret"]);
}
