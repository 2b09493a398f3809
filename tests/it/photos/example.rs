//! The provider of `examples/`, run as it is, with a gateway that is run as it is: at once, and later.
//! It knows the command line, the environment and HTTP.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::card;
use super::provider::SECRET;
use crate::outside::{Gateway, OWNER, Process, have};
use crate::ports::free_port;
use crate::world::hidden;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_provider_judges_at_once_and_later() {
    if !have("python3") {
        return;
    }
    let gateway = Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", "[\"127.0.0.0/8\"]")]);
    for (name, later) in [("at-once", "0"), ("later", "1")] {
        let port = free_port().to_string();
        let mut python = Command::new("python3");
        python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/identity_provider.py"));
        python.env("SECRET", SECRET).env("PORT", port).env("LATER", later);
        let (_provider, url) = Process::start(&mut python, "identity provider on ");
        let team = gateway.team(name, "http://127.0.0.1:9/login").await;
        let at = format!("/v1/teams/{name}");
        let body = json!({"kind": "signed", "account": {"url": url.trim()}, "secrets": {"secret": SECRET}});
        gateway.call(Method::PUT, &format!("{at}/providers/house"), OWNER, body).await;
        let test = gateway.call(Method::POST, &format!("{at}/providers/house/test"), OWNER, json!({})).await;
        assert_eq!(test["status"], "answered");
        let session = json!({"definition": "session"});
        gateway.call(Method::PUT, &format!("{at}/channels/session"), OWNER, session).await;
        let settings = json!({"photo_id": {"enabled": true, "provider": "house"}});
        gateway.call(Method::PATCH, &format!("{at}/settings"), OWNER, settings).await;
        let call = |method, path: String, body| {
            let (gateway, key) = (&gateway, &team.bot_key);
            async move { gateway.call(method, &path, key, body).await }
        };
        let opened = json!({"channel": "session", "conversation": "c1", "participants": [{"role": "primary"}]});
        let opened = call(Method::POST, "/v1/interactions".into(), opened).await;
        let chat = format!("/v1/interactions/{}", opened["id"].as_str().expect("an id"));
        let put = call(Method::POST, format!("{chat}/challenges"), json!({"method": "photo_id"})).await;
        let page = put["page_url"].as_str().expect("a page");

        let shown = gateway.http.get(page).send().await.expect("it answers");
        let cookie = shown.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("one").to_owned();
        let nonce = hidden(&shown.text().await.expect("a page"), "nonce");
        let post = |path: String| gateway.http.post(path).header("cookie", &cookie).header("origin", &gateway.url);
        let form = [("act", "continue"), ("nonce", nonce.as_str())];
        assert_eq!(post(page.to_owned()).form(&form).send().await.expect("it answers").status(), 303);
        let mut body = format!("--xYz\r\nContent-Disposition: form-data; name=\"nonce\"\r\n\r\n{nonce}\r\n--xYz\r\nContent-Disposition: form-data; name=\"front\"; filename=\"a.png\"\r\n\r\n").into_bytes();
        body.extend_from_slice(&card(true));
        body.extend_from_slice(b"\r\n--xYz--\r\n");
        let sent = post(format!("{page}/photo")).header("content-type", "multipart/form-data; boundary=xYz").body(body);
        let sent = sent.send().await.expect("it answers");
        assert_eq!(sent.status(), 303);
        let done = sent.headers()["location"].to_str().expect("ASCII");
        let done = if done.starts_with('/') { format!("{}{done}", gateway.url) } else { done.to_owned() };
        let (forms, token) = done.rsplit_once('/').expect("a done page's address");
        let form = [("act", "finish"), ("page", token)];
        assert_eq!(post(forms.to_owned()).form(&form).send().await.expect("it answers").status(), 200);
        let raised = async {
            while call(Method::GET, format!("{chat}/authentication"), Value::Null).await["authenticated"] != true {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), raised).await.expect("it is found genuine");
    }
}
