//! Whom a webhook may lead to: public addresses over TLS and what the operator allows, judged by what a
//! name resolves to, and without following anybody anywhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_channels::egress::EgressPolicy;
use serde_json::{Value, json};
use tokio::net::{TcpListener, lookup_host};

use super::receiver::Receiver;
use super::{acme, text};
use crate::world::{Team, World};

/// Somebody on every address of this machine who counts who comes.
async fn listening() -> (u16, Arc<AtomicUsize>) {
    let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await {
        Ok(listener) => listener, // hears IPv4 as well
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.expect("a port"),
    };
    let (port, came) = (listener.local_addr().expect("it is bound").port(), Arc::new(AtomicUsize::new(0)));
    let counts = came.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counts.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, came)
}

/// A113: what is written as an address is refused when the webhook is made, in every spelling.
#[tokio::test]
async fn a113_an_address_that_is_not_public_is_refused_in_every_spelling() {
    let world = World::new().await.reaching(EgressPolicy::new(|_| false));
    let team = world.team("acme").await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "0",
        "localhost",
        "LOCALHOST",
        "①②⑦.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0251.0376.0251.0376",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[2001:db8::1]",
    ] {
        for url in [format!("https://{host}/"), format!("https://{host}:6379/"), format!("http://{host}/")] {
            let refused = team.hook("PUT", "bot", "", json!({"url": url, "events": ["*"]})).await;
            assert_eq!(refused.refused(422, "invalid")["errors"][0]["pointer"], "/url", "{url}");
        }
    }
    for url in [
        "https://*/",
        "https://*.example.com/",
        "https://a;b.example/",
        "gopher://example.com/",
        "file:///etc/passwd",
        "https:///",
        "data:,x",
        "//example.com/",
    ] {
        team.hook("PUT", "bot", "", json!({"url": url, "events": ["*"]})).await.refused(422, "invalid");
    }
}

/// A name of this machine, as its resolver knows it, that is not `localhost`.
async fn own_name() -> Option<String> {
    let named = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    for name in [named.as_str(), "ip6-localhost", "ip6-loopback", "localhost.localdomain"] {
        let found = lookup_host((name, 0)).await.map(|found| found.map(|address| address.ip()).collect::<Vec<_>>());
        let private = |ip: &IpAddr| !countersign_channels::egress::is_public(*ip);
        if found.is_ok_and(|found| !found.is_empty() && found.iter().all(private)) {
            return Some(name.to_owned());
        }
    }
    None
}

/// A113: a name is judged by what it resolves to when the connection is made: one that was public when
/// the webhook was written and leads inside now is not connected to.
#[tokio::test]
async fn a113_a_name_that_leads_inside_is_not_connected_to() {
    let Some(name) = own_name().await else {
        assert!(std::env::var_os("CI").is_none(), "a build server has a name");
        return;
    };
    let (port, came) = listening().await;
    let url = format!("https://{name}:{port}/");
    for (allowed, expected) in [(false, 0), (true, 1)] {
        let world = World::new().await.reaching(EgressPolicy::new(move |_| allowed));
        let team = world.team("acme").await;
        let body = json!({"url": url, "events": ["interaction.opened"]});
        team.hook("PUT", "bot", "", body).await.expect(201);
        team.open("sms", "c1").await;
        let tended = tokio::time::timeout(Duration::from_secs(20), team.tended()).await;
        assert!(tended.is_ok());
        assert_eq!(came.load(Ordering::SeqCst).min(1), expected, "allowed: {allowed}");
        assert_eq!(team.deliveries("bot", "pending").await.len(), 1, "nobody there speaks TLS");
    }
}

/// A113: whoever is told to go elsewhere does not go.
#[tokio::test]
async fn a113_a_redirect_is_not_followed() {
    let (_world, team, receiver) = acme().await;
    let inside = Receiver::start().await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    for (n, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        let to = inside.url.clone();
        receiver.answers(move |_| (status, Some(("location", to.clone()))));
        team.open("sms", &format!("c{n}")).await;
        team.tended().await;
        let pending = team.deliveries("bot", "pending").await;
        let newest = &pending[0];
        assert_eq!((&newest["reason"], &newest["response_status"]), (&json!("redirect"), &json!(status)));
    }
    assert_eq!(inside.got().len(), 0);
}

/// What is taken is delivered to, in whatever script its host and path are written.
#[tokio::test]
async fn an_address_in_another_script_is_delivered_to() {
    let (_world, team, receiver) = acme().await;
    for (n, url) in [
        receiver.url.replacen("127", "①②⑦", 1),
        format!("{}/õun?küsimus=jah", receiver.url),
        format!("{}/a%20b|^`{{}}?[\\]", receiver.url).replace("http", "HTTP"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("bot{n}");
        team.hook("PUT", &name, "", json!({"url": url, "events": ["interaction.opened"]})).await.expect(201);
        team.open("sms", &format!("c{n}")).await;
        team.tended().await;
        assert_eq!(receiver.got().len(), 1, "{url}");
        assert_eq!(team.deliveries(&name, "delivered").await.len(), 1, "{url}");
        team.hook("DELETE", &name, "", Value::Null).await.expect(204);
    }
}

/// A087: nothing of an event gets into a header.
#[tokio::test]
async fn a087_what_people_write_reaches_no_header() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened", "link.issued"])).await;
    let chat = team.open("sms", "c1").await;
    let asked = json!({"purpose": "mid_chat", "state": "a\r\nwebhook-id: forged\r\n\r\n\u{2028}"});
    world.call(&team.bot, "POST", &format!("/v1/interactions/{chat}/login-links"), asked).await.expect(201);
    team.tended().await;
    let got = receiver.got();
    assert!(got.iter().all(|one| !one.header("webhook-id").contains("forged")));
    let state = &got[1].body()["data"]["state"];
    assert_eq!(text(state), "a\r\nwebhook-id: forged\r\n\r\n\u{2028}", "it comes back as it was");
}

/// A104: another team's webhook is no webhook.
#[tokio::test]
async fn a104_a_webhook_of_another_team_is_not_there() {
    let (world, team, receiver) = acme().await;
    let other = world.team("bank").await;
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    team.open("sms", "c1").await;
    team.tended().await;
    let id = team.deliveries("bot", "delivered").await[0]["id"].clone();
    let stranger = Team { admin: other.admin.clone(), ..team.clone() };
    for (method, rest) in [
        ("GET", String::new()),
        ("PUT", String::new()),
        ("DELETE", String::new()),
        ("POST", "/rotate".to_owned()),
        ("GET", "/deliveries".to_owned()),
        ("POST", format!("/deliveries/{}/redeliver", text(&id))),
    ] {
        let body = if method == "PUT" { json!({"url": receiver.url, "events": ["*"]}) } else { Value::Null };
        stranger.hook(method, "bot", &rest, body).await.refused(404, "not-found");
    }
    other.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    let redeliver = format!("/deliveries/{}/redeliver", text(&id));
    other.hook("POST", "bot", &redeliver, json!({})).await.refused(404, "not-found");
}
