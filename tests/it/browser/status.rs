//! `<countersign-status>` on the page of a portal, which is the example that is shipped: the mark goes up and
//! comes down by itself, and what is not known, is over or cannot be reached never has it.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, on_path, walk_at};
use super::house::House;
use super::process::Process;
use crate::interop::root;

/// A portal of another origin, and whom it shows.
struct Portal {
    url: String,
    house: House,
    chats: Vec<String>,
    _process: Process,
}

impl Portal {
    /// None on a machine without Node, unless this is CI.
    async fn open(settings: Value) -> Option<Self> {
        if on_path("node").is_none() {
            assert!(std::env::var_os("CI").is_none(), "CI has no node");
            eprintln!("skipped: the portal needs node");
            return None;
        }
        let house = House::open(settings).await;
        let mut chats = Vec::new();
        for name in ["Demo Customer", "Another Customer"] {
            let body = json!({"channel": "webchat", "conversation": name, "participants": [{"role": "primary", "name": name}]});
            let made = house.call(Method::POST, "/v1/interactions", body).await;
            chats.push(made["id"].as_str().expect("an id").to_owned());
        }
        let mut node = Command::new("node");
        node.arg(root().join("examples/portal_page.mjs")).env("AGENT_KEY", house.agent()).env("PORT", "0");
        let (process, url) = Process::start(node.env("COUNTERSIGN_URL", &house.url), "the portal is at ");
        let portal = Self { url, house, chats, _process: process };
        portal.allows(&portal.url).await;
        Some(portal)
    }

    async fn allows(&self, origin: &str) {
        self.house.call(Method::PATCH, "/v1/teams/linden/settings", json!({"allowed_origins": [origin]})).await;
    }

    /// The customer proves that she is there.
    async fn proves(&self, chat: &str) {
        let path = format!("/v1/interactions/{chat}");
        let body = json!({"method": "pin", "pin": "2580"});
        self.house.call(Method::POST, &format!("{path}/challenges"), body).await;
        let said = json!({"message_id": format!("m-{}", crate::world::unique()), "text": "2580"});
        let heard = self.house.call(Method::POST, &format!("{path}/messages"), said).await;
        assert_eq!(heard["outcome"], "passed", "{heard}");
    }
}

journeys! {
    on_a_desktop_the_mark_rises_and_falls_beside_its_customer_g07_g08 = the_mark(Eyes::DESKTOP);
    on_a_phone_the_mark_rises_and_falls_beside_its_customer_g07_g08 = the_mark(Eyes::PHONE);
}

/// G-07, G-08: a check mark beside who is authenticated, and none beside anybody else.
async fn the_mark(eyes: Eyes) {
    let Some(portal) = Portal::open(json!({})).await else { return };
    walk_at(&portal.url, "status", eyes, async |browser| {
        let [one, other] = &portal.chats[..] else { panic!("two") };
        browser.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({"source": COUNT})).await?;
        browser.open("/").await?;
        browser.shows(one, "unauthenticated").await?;
        browser.shows(other, "unauthenticated").await?;
        browser.looks("1-nobody").await?;
        portal.proves(one).await;
        browser.shows(one, "authenticated").await?;
        browser.shows(other, "unauthenticated").await?;
        browser.looks("2-one").await?;
        assert_eq!(browser.streams().await?, json!(1), "all of a page share one stream");

        // One that joins later, and one that nobody knows.
        browser.driver.execute(JOIN, vec![json!(one), json!(other.replace('a', "b"))]).await?;
        browser
            .until("the one that joined", async || {
                Ok((browser.status_of("#joined").await? == "authenticated").then_some(()))
            })
            .await?;
        assert_eq!(browser.status_of("#stranger").await?, "unknown");
        browser.shows(one, "authenticated").await?;

        portal.house.call(Method::POST, &format!("/v1/interactions/{one}/sign-out"), json!({})).await;
        browser.shows(one, "unauthenticated").await?;
        portal.house.call(Method::POST, &format!("/v1/interactions/{other}/close"), json!({})).await;
        browser.shows(other, "closed").await?;
        browser.shot("3-over").await
    })
    .await;
}

/// A085: while the gateway is not heard, or does not answer this website, there is no mark.
#[tokio::test]
async fn a085_unreachable_is_not_verified_and_neither_is_another_website() {
    let Some(mut portal) = Portal::open(json!({})).await else { return };
    let (url, one) = (portal.url.clone(), portal.chats[0].clone());
    portal.proves(&one).await;
    walk_at(&url, "status-lost", Eyes::DESKTOP, async |browser| {
        browser.open("/").await?;
        browser.shows(&one, "authenticated").await?;
        portal.house.stops().await;
        browser.shows(&one, "unknown").await?;
        browser.looks("gone").await?;
        portal.house.starts_again().await;
        browser
            .within(Duration::from_secs(40), "the mark again", async || browser.showing(&one, "authenticated").await)
            .await?;
        portal.allows("https://www.example.org").await;
        browser.shows(&one, "unknown").await
    })
    .await;
}

/// The mark falls at its time, whether or not anybody says so.
#[tokio::test]
async fn the_mark_falls_at_its_time_though_nobody_says_so() {
    let Some(portal) = Portal::open(json!({})).await else { return };
    walk_at(&portal.url, "status-time", Eyes::DESKTOP, async |browser| {
        browser.open("/").await?;
        browser.shows(&portal.chats[0], "unauthenticated").await?;
        browser.driver.execute(STAND_IN, vec![json!(portal.chats[0])]).await?;
        for (said, shown) in [
            (
                json!({"status": "authenticated", "authenticated": true, "seconds_left": 0.5}),
                ["authenticated", "expired"],
            ),
            (json!({"status": "authenticated", "authenticated": true, "seconds_left": null}), ["unknown", "unknown"]),
            (json!({"status": "authenticated", "authenticated": true, "seconds_left": 0}), ["unknown", "unknown"]),
            (json!({"status": "authenticated", "authenticated": false, "seconds_left": 60}), ["unknown", "unknown"]),
            (json!({"status": "verified", "authenticated": true, "seconds_left": 60}), ["unknown", "unknown"]),
            (json!({"status": "expired", "authenticated": true, "seconds_left": 60}), ["unknown", "unknown"]),
        ] {
            browser.driver.execute("window.tell(arguments[0])", vec![said.clone()]).await?;
            let seen = async || {
                let seen = browser.driver.execute("return window.seen", Vec::new()).await?.json().clone();
                let last = seen.as_array().and_then(|all| all.last()).cloned();
                Ok((last == Some(json!(shown[1]))).then_some(seen))
            };
            let seen = browser.until(shown[1], seen).await?;
            let marked = seen.as_array().is_some_and(|all| all.contains(&json!("authenticated")));
            assert_eq!(marked, shown[0] == "authenticated", "{said}: {seen}");
        }
        Ok(())
    })
    .await;
}

/// Counts the streams that a page asks for.
const COUNT: &str = "
    window.asked = 0;
    const real = window.fetch;
    window.fetch = (url, options) => {
        if (String(url).includes('/status/')) window.asked += 1;
        return real(url, options);
    };";

const JOIN: &str = "
    for (const [id, interaction] of [['joined', arguments[0]], ['stranger', arguments[1]]]) {
        const element = document.createElement('countersign-status');
        element.id = id;
        element.setAttribute('interaction', interaction);
        element.setAttribute('compact', '');
        document.querySelector('main').append(element);
    }";

/// From now on the gateway says what the test says, and nothing else.
const STAND_IN: &str = "
    const interaction = arguments[0];
    window.seen = [];
    const bytes = new TextEncoder();
    const real = window.fetch;
    window.fetch = (url, options) => !String(url).includes('/status/') ? real(url, options)
        : Promise.resolve(new Response(new ReadableStream({ start: (stream) => { window.stream = stream; } })));
    window.tell = (said) => {
        const element = document.querySelector(`[interaction='${interaction}']`);
        window.seen = [];
        window.stream.enqueue(bytes.encode('event: status\\ndata: ' + JSON.stringify({ interaction, token_seconds_left: 600, ...said }) + '\\n\\n'));
        setTimeout(() => window.seen.length || window.seen.push(element.status), 200);
    };
    addEventListener('countersign-status', ({ detail, target }) => {
        if (target.getAttribute('interaction') === interaction) window.seen.push(detail.status);
    });
    const element = document.createElement('countersign-status'); // one more has all connect anew
    element.setAttribute('interaction', interaction.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')));
    document.body.append(element);
    return new Promise((ready) => { const wait = setInterval(() => window.stream && (clearInterval(wait), ready()), 20); });";

impl Browser {
    async fn status_of(&self, css: &str) -> WebDriverResult<String> {
        let script = "
            const root = document.querySelector(arguments[0]).shadowRoot;
            const whole = root.querySelector('[data-status]');
            const marked = getComputedStyle(root.querySelector('.tick')).display !== 'none';
            return [whole.dataset.status, marked, whole.textContent.trim()];";
        let seen = self.driver.execute(script, vec![json!(css)]).await?.json().clone();
        let status = seen[0].as_str().expect("it says how it stands").to_owned();
        assert_eq!(seen[1], status == "authenticated", "the check mark: {seen}");
        let words = seen[2].as_str().expect("it has a name");
        assert!(!words.is_empty() && (words == "Authenticated") == (status == "authenticated"), "{seen}");
        Ok(status)
    }

    async fn showing(&self, chat: &str, status: &str) -> WebDriverResult<Option<()>> {
        Ok((self.status_of(&format!("[interaction='{chat}']")).await? == status).then_some(()))
    }

    async fn shows(&self, chat: &str, status: &str) -> WebDriverResult<()> {
        self.until(status, async || self.showing(chat, status).await).await
    }

    /// How many streams the page has asked for.
    async fn streams(&self) -> WebDriverResult<Value> {
        Ok(self.driver.execute("return window.asked", Vec::new()).await?.json().clone())
    }
}
