//! Who opens links without being a person: previews, mail scanners, sandboxes that press buttons.
//! They may look; nothing may be spent by looking.

use serde_json::Value;

use super::{ask, text};
use crate::world::{Browser, World, hidden, worlds};

const ROBOTS: [&str; 10] = [
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0 A",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (Windows NT 10.0) HeadlessChrome/126.0.0.0 Safari/537.36",
    "SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Viber/1.0",
    "",
];

/// A003: GET and HEAD change nothing, whoever sends them and however often.
#[tokio::test]
async fn a003_previews_leave_the_link_as_it_was() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255500001").await;
        let link = team.link(&chat).await;
        let url = text(&link, "url");
        let before = team.bot("GET", &chat, "", Value::Null).await.expect(200);
        let told = team.events().await.len();
        for robot in ROBOTS {
            for method in ["HEAD", "GET", "GET"] {
                let reply = ask(&world, method, url, &[("user-agent", robot), ("accept", "*/*")], "").await;
                assert_eq!(reply.status, 200, "{method} {robot}");
                assert_eq!(reply.bytes.is_empty(), method == "HEAD");
                assert_eq!(reply.header("cache-control"), "no-store");
                assert!(reply.header("x-robots-tag").contains("noindex"));
                assert_eq!((reply.header("location"), reply.header("refresh")), Default::default());
            }
        }
        assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200), before);
        assert_eq!(team.events().await.len(), told, "nothing happened");
        let mut person = Browser::new(&world);
        let visit = person.continues(url).await;
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    }
}

/// A003: what a preview shows names nobody, and nothing on the page submits by itself.
#[tokio::test]
async fn a003_the_page_holds_no_name_in_its_preview_and_no_script_that_submits() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for (channel, conversation) in [("whatsapp", "+37255500001"), ("webchat", "c1")] {
        let chat = team.open(channel, conversation).await;
        let page = Browser::new(&world).get(text(&team.link(&chat).await, "url")).await.text();
        let metas = page.split("<meta").skip(1).filter_map(|rest| rest.split('>').next());
        for meta in metas {
            let lower = meta.to_lowercase();
            assert!(!lower.contains("http-equiv") && !lower.contains("refresh"), "{meta}");
            assert!(!meta.contains("Demo Customer") && !meta.contains(conversation), "{meta}");
            assert!(!meta.contains("A shop") && !meta.contains("statement"), "{meta}");
        }
        assert!(page.contains("og:title") && !page.contains("<iframe"));
        // No script stands in the page; those that it loads submit nothing.
        for (at, _) in page.match_indices("<script") {
            let tag = page[at..].split('>').next().unwrap_or_default();
            let source = tag.split("src=\"").nth(1).and_then(|s| s.split('"').next()).expect("no inline script");
            let script = Browser::new(&world).get(source).await;
            assert_eq!(script.status, 200, "{source}");
            let code = script.text();
            for way in ["submit(", "requestSubmit", ".click()", "fetch(", "XMLHttpRequest", "sendBeacon", "location"] {
                assert!(!code.contains(way), "{source} has {way}");
            }
        }
        assert!(page.contains("data-act=\"continue\"") && page.contains("method=\"post\""));
    }
}

/// A003: a robot that keeps its cookie has still not taken the link from anybody.
#[tokio::test]
async fn a003_many_readers_then_one_person() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let link = team.link(&chat).await;
    for _ in 0..20 {
        let mut robot = Browser::new(&world);
        assert!(!hidden(&robot.get(text(&link, "url")).await.text(), "nonce").is_empty());
    }
    Browser::new(&world).continues(text(&link, "url")).await;
}
