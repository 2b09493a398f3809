//! Attacks on the customer's pages through a browser: forms of other sites, words that are no words, frames,
//! caches. What concerns the web chat's window stands with it, and team's own screens with `doors/screens`.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Browser, Reply, URL, World, hidden};

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Reply {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    world.send(request.body(Body::empty()).expect("well-formed")).await
}

/// A login link's page and a code's page, as paths.
async fn pages(world: &World) -> [String; 2] {
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let link = team.link(&chat).await["url"].as_str().expect("a URL").to_owned();
    let asked = json!({"method": "pin", "pin": "2580"});
    let asked =
        world.call(&team.agent, "POST", &format!("/v1/interactions/{chat}/challenges"), asked).await.expect(202);
    let page = asked["page_url"].as_str().expect("a URL").to_owned();
    [link, page].map(|url| url.strip_prefix(URL).expect("ours").to_owned())
}

/// A080: no act of a page is another site's to press, whatever it calls its body.
#[tokio::test]
async fn a080_no_other_site_presses_a_button() {
    let world = World::new().await;
    for page in pages(&world).await {
        let mut browser = Browser::new(&world);
        let nonce = hidden(&browser.get(&format!("{URL}{page}")).await.text(), "nonce");
        let cookie = browser.cookie.clone().expect("the page sets a cookie");
        for act in ["continue", "report", "answer", "resend"] {
            let form = format!("act={act}&nonce={nonce}&pin=2580");
            let json = json!({"act": act, "nonce": nonce, "pin": "2580"}).to_string();
            let parts = format!(
                "--b\r\ncontent-disposition: form-data; name=\"act\"\r\n\r\n{act}\r\n--b\r\n\
                 content-disposition: form-data; name=\"nonce\"\r\n\r\n{nonce}\r\n--b--\r\n"
            );
            for (kind, body, origin) in [
                ("application/x-www-form-urlencoded", &form, Some("https://evil.example")),
                ("application/x-www-form-urlencoded", &form, Some("null")),
                ("application/x-www-form-urlencoded", &form, None),
                ("text/plain", &json, Some("https://evil.example")),
                ("application/json", &json, Some(URL)),
                ("multipart/form-data; boundary=b", &parts, Some("https://evil.example")),
                ("multipart/form-data; boundary=b", &parts, Some(URL)),
            ] {
                let request = Request::post(&page).header("content-type", kind).header("cookie", &cookie);
                let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
                let reply = world.send(request.body(Body::from(body.clone())).expect("well-formed")).await;
                assert_eq!(reply.status, 403, "{act} {kind} {origin:?}: {}", reply.text());
                assert_eq!(
                    (reply.header("location"), reply.header("access-control-allow-origin")),
                    (String::new(), String::new())
                );
            }
        }
    }
}

/// A081: whoever names a customer, a business, a conversation or an intent writes words and no HTML.
#[tokio::test]
async fn a081_names_are_words_on_every_page() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}";
    team.set(json!({"brand": {"name": evil}, "intents": {"copy": {"accept": ["login"], "label": evil}}})).await;
    let body =
        json!({"channel": "whatsapp", "conversation": evil, "participants": [{"role": "primary", "name": evil}]});
    let chat =
        world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let asked = json!({"purpose": "mid_chat", "intent": "copy"});
    let link = team.bot("POST", &chat, "/login-links", asked).await.expect(201)["url"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&world);
    let landing = browser.get(&link).await;
    let visit = browser.continues(&link).await;
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    let done = told["continue_url"].as_str().unwrap();
    let code = browser.finish(done).await;
    let reported = browser.press_done(done, "report").await;
    for page in [landing, code, reported] {
        let text = page.text();
        assert!(text.contains("&lt;script&gt;") && text.contains("{{7*7}}"), "{text}");
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{text}");
        let policy = page.header("content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

/// A083: whatever is answered, nobody may put it into a frame, save what is made for one.
#[tokio::test]
async fn a083_no_answer_may_be_framed() {
    let world = World::new().await;
    let mut paths = vec![
        "/l/x",
        "/c/x",
        "/docs",
        "/problems/locked",
        "/problems/none",
        "/livez",
        "/none",
        "/v1/teams",
        "/status/acme",
        "/countersign-status.js",
    ];
    let own = pages(&world).await;
    paths.extend(own.iter().map(String::as_str));
    for path in paths {
        let reply = get(&world, path, &[]).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path} {}: {policy}", reply.status);
    }
    let form = Request::post(&own[0]).header("content-type", "application/x-www-form-urlencoded");
    let refused = world.send(form.body(Body::from("act=continue")).expect("well-formed")).await;
    assert!(refused.header("content-security-policy").contains("frame-ancestors 'none'"));
}

/// A101: no address beside a page's own gives the page, nothing secret may be kept by a cache, and no header
/// that a cache does not look at changes what is answered.
#[tokio::test]
async fn a101_no_cache_keeps_a_page_or_is_given_another() {
    let world = World::new().await;
    for page in pages(&world).await {
        for more in ["/a.css", ";.js", ";a.css", "/..%2fassets%2fcountersign.css", "%2f.css", ".css", "/", "%00.js"] {
            let reply = get(&world, &format!("{page}{more}"), &[]).await;
            assert_eq!(reply.status, 404, "{more}: {}", reply.text());
            assert_eq!(reply.header("cache-control"), "no-store", "{more}");
            assert!(!reply.text().contains("nonce"), "{more}");
        }
        let plain = get(&world, &page, &[]).await;
        assert_eq!((plain.status, plain.header("cache-control").as_str()), (200, "no-store"));
        for name in ["Accept-Language", "Cookie"] {
            assert!(plain.header("vary").contains(name), "{}", plain.header("vary"));
        }
        let headers = [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "ftp"),
            ("x-forwarded-prefix", "/evil"),
            ("x-original-url", "/docs"),
            ("forwarded", "host=evil.example"),
            ("host", "evil.example"),
        ];
        for header in headers {
            let reply = get(&world, &page, &[header]).await;
            assert!(reply.status == 200 && !reply.text().contains("evil"), "{header:?}: {}", reply.text());
        }
    }
    for (path, kept) in [("/assets/countersign.css", "no-cache"), ("/countersign-status.js", "public, max-age=300")] {
        let reply = get(&world, path, &[("accept-language", "de")]).await;
        assert_eq!((reply.status, reply.header("cache-control").as_str()), (200, kept), "{path}");
        assert!(reply.header("set-cookie").is_empty(), "{path}");
    }
    let query = get(&world, "/assets/brand.css?color=0b5cad}body{", &[]).await;
    assert_eq!((query.status, query.header("cache-control").as_str()), (404, "no-store"));
    assert_eq!(world.call("", "GET", "/status/acme", Value::Null).await.header("cache-control"), "no-store");
}
