//! Where a secret might be left lying: referrers, history, other origins, logs.
//! Looked for in replies, in pages and in the whole log; what lies in a store is another's.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::{ask, text};
use crate::world::{Browser, URL, World};

/// A013: the redirect to the login page carries a fresh handle and never the link's token, and
/// no page sends its address anywhere.
#[tokio::test]
async fn a013_the_links_token_goes_nowhere() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let token = text(&link, "url").rsplit('/').next().expect("a token").to_owned();
    let mut browser = Browser::new(&world);
    let landing = browser.get(text(&link, "url")).await;
    // `same-origin` and not `no-referrer`: with that a browser's form says `Origin: null` (design §4).
    assert_eq!(landing.header("referrer-policy"), "same-origin");
    let pressed = browser.press(text(&link, "url"), "continue", text(&link, "opener_secret")).await;
    assert_eq!(pressed.status, 303);
    assert_eq!(pressed.header("referrer-policy"), "no-referrer");
    assert_eq!(pressed.header("cache-control"), "no-store");
    let location = pressed.header("location");
    for secret in [&token, &token[2..24].to_owned(), &text(&link, "opener_secret").to_owned()] {
        assert!(!location.contains(secret.as_str()), "{location}");
    }
    let visit = crate::world::Visit::of(&location);
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    assert!(!text(&told, "continue_url").contains(&visit.token), "the done page's token is its own");
    let shown = team.bot("GET", &chat, "", Value::Null).await.expect(200).to_string();
    assert!(!shown.contains(&token) && !shown.contains(&visit.token));
    let events = serde_json::to_string(&team.events().await).expect("JSON");
    for secret in [token.as_str(), visit.token.as_str(), text(&link, "opener_secret")] {
        assert!(!events.contains(secret), "{events}");
    }
}

/// A013: pages load from here alone, whatever the team's brand says, and their policy allows no
/// more.
#[tokio::test]
async fn a013_pages_load_nothing_from_another_origin() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let brand =
        json!({"brand": {"name": "\"><img src=https://evil.example/x>", "logo": "https://cdn.example.net/logo.png"}});
    team.set(brand).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let mut pages = vec![browser.get(text(&link, "url")).await];
    let visit = browser.continues(text(&link, "url")).await;
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    for path in [text(&told, "continue_url"), "/l/x", "/docs", "/problems/replayed"] {
        pages.push(browser.get(path).await);
    }
    for page in pages {
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"));
        for directive in policy.split(';').map(str::trim).filter(|d| !d.starts_with("form-action")) {
            assert!(!directive.contains("http") && !directive.contains('*'), "{directive}");
        }
        let html = page.text();
        for (tag, attribute) in
            [("<img", "src"), ("<script", "src"), ("<link", "href"), ("<iframe", "src"), ("<source", "src")]
        {
            for (at, _) in html.match_indices(tag) {
                let element = html[at..].split('>').next().unwrap_or_default();
                let target = element.split(&format!("{attribute}=\"")).nth(1).and_then(|r| r.split('"').next());
                let local = |t: &str| (t.starts_with('/') && !t.starts_with("//")) || t.starts_with("data:image/");
                assert!(target.is_some_and(|t| local(t) || t.starts_with(&format!("{URL}/"))), "{element}");
            }
        }
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick"), "nothing inline");
        assert!(!html.contains("<img src=https://evil"));
    }
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A013, A139: at the finest level the log holds no token, code, address, name or assertion:
/// every one that a whole journey has, with its failures, is a canary here. Metrics and heap
/// are other tests' part.
#[tokio::test]
async fn a139_the_log_holds_no_secret_and_no_person() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut canaries = vec![team.bot.clone(), team.agent.clone(), team.admin.clone(), team.key.secret.clone()];
    let participant = json!({"role": "primary", "name": "Canary Namesdottir", "phone": "+37255577777",
        "email": "canary@mail.example", "customer_id": "canary-customer"});
    let body = json!({"channel": "whatsapp", "conversation": "+37255588888", "participants": [participant],
        "device": {"fingerprint": "canary-fingerprint", "region": "canary-region"}});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = text(&opened, "id");
    let issue = json!({"purpose": "mid_chat", "state": "canary-state"});
    let link = team.bot("POST", chat, "/login-links", issue).await.expect(201);
    let mut browser = Browser::new(&world);
    let visit = browser.continues(text(&link, "url")).await;
    let mut claims = team.claims(&visit, "canary-customer");
    claims["private_data"] = json!({"iban": "canary-iban"});
    claims["name"] = json!("Canary Loginsdottir");
    let assertion = team.sign(&claims);
    // Refusals log the most.
    team.post_back(&visit, &format!("{assertion}x")).await.refused(401, "bad-assertion");
    let mut other = claims.clone();
    other["sub"] = json!("canary-other");
    let wrong = team.sign(&other);
    team.post_back(&visit, &wrong).await.refused(409, "subject-conflict");
    let form = format!("assertion={assertion}z");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(ask(&world, "POST", &visit.callback, &[kind], &form).await.status, 401);
    let told = team.post_back(&visit, &assertion).await.expect(200);
    team.post_back(&visit, &assertion).await.refused(409, "replayed");
    let code = browser.code(text(&told, "continue_url")).await;
    team.says(chat, "m0", "B2C3D4").await.expect(200);
    team.says(chat, "m1", &code).await.expect(200);
    team.says(chat, "m2", "canary-text of a person").await.expect(200);
    let token = team.identity_token("canary-customer");
    let again = json!({"channel": "whatsapp", "conversation": "+37255588888",
        "participants": [{"role": "primary"}], "identity_token": token});
    world.call(&team.bot, "POST", "/v1/interactions", again).await.expect(200);
    world
        .call("csk_acme_0000000000000000_canary-key", "GET", "/v1/settings", Value::Null)
        .await
        .refused(401, "unauthorized");
    world.pass(std::time::Duration::from_secs(3600)).await;
    tracing::info!("the end of the journey");
    canaries.extend(
        [link["url"].clone(), told["continue_url"].clone()]
            .map(|url| url.as_str().and_then(|u| u.rsplit('/').next()).expect("a token").to_owned()),
    );
    canaries.extend([visit.token, code, assertion, wrong, token, browser.cookie.expect("a cookie")]);
    for known in ["canary", "Canary", "37255577777", "37255588888", crate::world::OWNER, "B2C3D4"] {
        canaries.push(known.to_owned());
    }
    let bytes = log.0.lock().expect("nobody writes any more").clone();
    let log = String::from_utf8_lossy(&bytes);
    assert!(
        log.contains("the end of the journey") && log.contains("an assertion was refused"),
        "it is really captured"
    );
    for canary in canaries {
        let line = log.lines().find(|line| line.contains(&canary));
        assert!(line.is_none(), "{canary}: {line:?}");
    }
}
