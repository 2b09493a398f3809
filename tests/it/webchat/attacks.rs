//! Attacks on the web chat: other websites that frame it, ask it or listen to it, visitors who want
//! another's conversation, and words that were used or are over. The window's script is attacked in a
//! real browser, by `browser/webchat`.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{Window, ask, come_in, elsewhere, open, team, token};
use crate::staff::Desk;
use crate::world::{CHAT, OWNER, Reply, URL, World, worlds};

async fn get(world: &World, path: &str) -> Reply {
    world.call("", "GET", path, Value::Null).await
}

fn ancestors(reply: &Reply) -> String {
    let policy = reply.header("content-security-policy");
    let part = policy.split(';').find_map(|part| part.trim().strip_prefix("frame-ancestors "));
    part.unwrap_or_default().to_owned()
}

/// A083, where it stands against the contract: this one document is framed, by the team's own websites.
#[tokio::test]
async fn a083_the_window_is_framed_by_the_teams_websites_and_nothing_else_is() {
    let world = World::new().await;
    let team = team(&world).await;
    let window = get(&world, "/webchat/acme").await;
    assert_eq!((window.status, ancestors(&window).as_str()), (200, CHAT));
    let policy = window.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "require-trusted-types-for 'script'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && window.header("set-cookie").is_empty(), "{policy}");
    team.set(json!({"allowed_origins": [CHAT, "https://www.example.org"]})).await;
    assert_eq!(ancestors(&get(&world, "/webchat/acme").await), format!("{CHAT} https://www.example.org"));
    team.set(json!({"allowed_origins": []})).await;
    assert_eq!(ancestors(&get(&world, "/webchat/acme?lang=de").await), "'none'");
    world.team("other").await; // it has no web chat
    for path in ["/webchat/other", "/webchat/nobody", "/webchat/%00", "/l/x", "/c/x", "/docs", "/countersign.js"] {
        assert_eq!(ancestors(&get(&world, path).await), "'none'", "{path}");
    }
    assert_eq!(get(&world, "/webchat/other").await.status, 404);
}

/// A083: the admin console has the window, too, before whoever tends the team and nobody else; that a browser
/// says it stands there is not enough.
#[tokio::test]
async fn a083_the_console_frames_it_for_the_teams_admin_alone() {
    for world in worlds().await {
        let team = team(&world).await;
        let other = world.team("other").await;
        let mut desks = Vec::new();
        for (team, name, role, may) in
            [(&team, "boss", "admin", true), (&team, "ann", "agent", false), (&other, "eve", "admin", false)]
        {
            let mut desk = team.staff(name, role).await;
            desk.comes_in(&team.name, name).await;
            desks.push((desk, may));
        }
        desks.push((Desk::new(&world), false));
        let chat = open(&team, "try").await;
        for (mut desk, may) in desks {
            let window = desk.get("/webchat/acme").await;
            let wanted = if may { format!("{CHAT} {URL}") } else { CHAT.to_owned() };
            assert_eq!((window.status, ancestors(&window)), (200, wanted));
            assert_eq!(window.text().contains(&format!("data-origins=\"{CHAT} {URL}\"")), may);
            for origin in [URL, "console"] {
                let body = json!({"token": token(&team, &chat).await, "origin": origin});
                let path = "/webchat/acme/session";
                let made = desk.call_with("POST", path, body, &[("origin", URL)]).await;
                assert_eq!(made.status, if may && origin == URL { 200 } else { 403 }, "{origin}: {}", made.text());
                if made.status == 200 {
                    let session = made.json()["session"].as_str().expect("a session").to_owned();
                    team.set(json!({"allowed_origins": []})).await; // it is no website of the team's
                    let said = json!({"message_id": "m", "text": "hello"});
                    ask(&world, "acme", "messages", &session, &said).await.expect(200);
                    team.set(json!({"allowed_origins": [CHAT]})).await;
                }
            }
        }
    }
}

/// A080, A085: what a page of another origin asks is refused, and it is given nothing to read it by.
#[tokio::test]
async fn a085_no_other_origin_asks_or_reads() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let token = token(&team, &chat).await;
    for origin in
        [Some("https://evil.example"), Some("null"), Some(CHAT), Some("https://auth.example.com.evil.example"), None]
    {
        for (act, body) in [
            ("session", json!({"token": token, "origin": CHAT})),
            ("messages", json!({"message_id": "m", "text": "hello"})),
            ("resend", json!({})),
        ] {
            let mut request = Request::post(format!("/webchat/acme/{act}"))
                .header("content-type", "application/json")
                .header("authorization", format!("Bearer {}", window.session));
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let reply = world.send(request.body(Body::from(body.to_string())).expect("well-formed")).await;
            reply.refused(403, "forbidden");
            assert_eq!(reply.header("access-control-allow-origin"), "", "{act} {origin:?}");
        }
    }
    let plain = Request::post("/webchat/acme/messages").header("content-type", "text/plain").header("origin", URL);
    let plain = plain.header("authorization", format!("Bearer {}", window.session));
    let body = json!({"message_id": "m", "text": "hello"}).to_string();
    world.send(plain.body(Body::from(body)).expect("well-formed")).await.refused(415, "unsupported-media-type");
    let asked = Request::options("/webchat/acme/messages").header("origin", CHAT);
    let asked = asked.header("access-control-request-method", "POST");
    let told = world.send(asked.body(Body::empty()).expect("well-formed")).await;
    assert_eq!((told.status, told.header("access-control-allow-origin").as_str()), (405, ""));
    come_in(&world, "acme", &token, CHAT).await.expect(200); // nothing of all that has used it up
}

/// A086: nobody listens from elsewhere, by a URL, or for longer than the website is allowed.
#[tokio::test]
async fn a086_a_stream_is_its_own_windows_and_ends_with_the_website() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let window = Window::open(&team, &chat).await;
        let bearer = format!("Bearer {}", window.session);
        let from = async |site: &str| {
            let request = Request::get("/webchat/acme/stream").header("authorization", &bearer);
            world.send(request.header("sec-fetch-site", site).body(Body::empty()).expect("well-formed")).await
        };
        for site in ["cross-site", "same-site", "none"] {
            from(site).await.refused(403, "forbidden");
        }
        let by_url = format!("/webchat/acme/stream?session={}", window.session);
        get(&world, &by_url).await.refused(401, "unauthorized");

        let mut stream = window.listen("").await;
        stream.next().await;
        team.set(json!({"allowed_origins": ["https://www.example.org"]})).await;
        let ended = tokio::time::timeout(Duration::from_secs(5), futures_util::StreamExt::next(&mut stream.0)).await;
        assert!(ended.expect("within moments").is_none(), "it ends");
        ask(&world, "acme", "messages", &window.session, &json!({"message_id": "m", "text": "x"}))
            .await
            .refused(403, "forbidden");
    }
}

/// A110: whose conversation it is, the words say that the gateway made, and nothing that a browser says.
#[tokio::test]
async fn a110_a_visitor_cannot_come_into_anothers_conversation() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor-1").await;
        let word = token(&team, &chat).await;
        for origin in ["https://evil.example", "null", "", &CHAT.to_uppercase(), &format!("{CHAT}/")] {
            come_in(&world, "acme", &word, origin).await.refused(403, "forbidden");
        }
        let other = world.team("other").await;
        let path = "/v1/teams/other/channels/webchat";
        world.call(&other.admin, "PUT", path, json!({"definition": "webchat"})).await.expect(201);
        come_in(&world, "other", &word, CHAT).await.refused(401, "unauthorized");
        let made = come_in(&world, "acme", &word, CHAT).await.expect(200);
        // It is good once, on whichever node.
        for node in [&world, &elsewhere(&world).await] {
            come_in(node, "acme", &word, CHAT).await.refused(401, "unauthorized");
        }
        let session = made["session"].as_str().expect("a session");
        let said = json!({"message_id": "m", "text": "hello"});
        for (team, word) in
            [("other", session), ("acme", word.as_str()), ("acme", ""), ("acme", &session[..session.len() - 1])]
        {
            ask(&world, team, "messages", word, &said).await.refused(401, "unauthorized");
        }
        for key in [team.bot.as_str(), team.admin.as_str(), OWNER] {
            ask(&world, "acme", "messages", key, &said).await.refused(401, "unauthorized");
        }
        world.call(session, "GET", &format!("/v1/interactions/{chat}"), Value::Null).await.refused(401, "unauthorized");
        let changed = json!({"message_id": "m", "text": "hello", "from": "visitor-2"});
        ask(&world, "acme", "messages", session, &changed).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn words_end_with_their_time_their_conversation_and_their_channel() {
    let world = World::new().await;
    let team = team(&world).await;
    team.set(json!({"interaction_timeout_minutes": 10_080, "absolute_timeout_minutes": 10_080})).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let late = token(&team, &chat).await;
    world.pass(Duration::from_secs(5 * 60)).await;
    come_in(&world, "acme", &late, CHAT).await.refused(401, "unauthorized");
    let said = json!({"message_id": "m", "text": "hello"});
    ask(&world, "acme", "messages", &window.session, &said).await.expect(200);
    let path = "/v1/teams/acme/channels/webchat";
    world.call(&team.admin, "PUT", path, json!({"definition": "recorder"})).await.expect(200);
    ask(&world, "acme", "messages", &window.session, &said).await.refused(401, "unauthorized");
    world.call(&team.admin, "PUT", path, json!({"definition": "webchat"})).await.expect(200);
    let word = token(&team, &chat).await;
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    come_in(&world, "acme", &word, CHAT).await.refused(409, "interaction-closed");
    let more = json!({"message_id": "m2", "text": "hello"});
    ask(&world, "acme", "messages", &window.session, &more).await.refused(409, "interaction-closed");
    world.pass(Duration::from_secs(12 * 60 * 60)).await;
    ask(&world, "acme", "messages", &window.session, &said).await.refused(401, "unauthorized");
}

/// One address cannot keep the window's doors busy.
#[tokio::test]
async fn a_window_is_limited_by_address_like_every_page() {
    let world = World::new().await;
    team(&world).await;
    let from = std::net::SocketAddr::from(([203, 0, 113, 9], 1));
    let mut served = 0;
    loop {
        let mut request = Request::get("/webchat/acme").body(Body::empty()).expect("well-formed");
        request.extensions_mut().insert(axum::extract::ConnectInfo(from));
        let reply = world.send(request).await;
        if reply.status == 429 {
            break;
        }
        served += 1;
        assert!(served < 2_000, "nobody was told to wait");
    }
    assert!(served >= 200, "{served}");
}

/// Who opens a window's stream again and again gets so many; each that ends makes room, and nobody
/// else's conversation is any the worse for it.
#[tokio::test]
async fn a_conversation_is_open_in_so_many_windows_and_no_more() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let again = Window::open(&team, &chat).await;
    let mut streams = Vec::new();
    for turn in 0..8 {
        streams.push(if turn % 2 == 0 { window.listen("").await } else { again.listen("").await });
    }
    for session in [&window.session, &again.session] {
        let request = Request::get("/webchat/acme/stream").header("authorization", format!("Bearer {session}"));
        let ninth = world.send(request.body(Body::empty()).expect("well-formed")).await;
        ninth.refused(429, "too-many-requests");
        assert_eq!(ninth.header("retry-after"), "15");
    }
    let other = Window::open(&team, &open(&team, "another").await).await;
    other.listen("").await.next().await;
    // All eight hear what is said, and one that ends makes room for one.
    for stream in &mut streams {
        stream.next().await;
    }
    team.bot("POST", &chat, "/replies", json!({"text": "hello"})).await.expect(201);
    for stream in &mut streams {
        stream.until(|news| news.data["text"] == "hello").await;
    }
    streams.pop();
    let mut late = window.listen("").await;
    late.until(|news| news.data["text"] == "hello").await;
    streams.clear();
    drop(late);
    for _ in 0..8 {
        streams.push(window.listen("").await);
    }
}

/// The same by address, whichever conversations they are.
#[tokio::test]
async fn an_address_has_so_many_streams_and_no_more() {
    let world = World::new().await;
    let team = team(&world).await;
    let mut streams = Vec::new();
    let listen = async |window: &Window, address: [u8; 4]| {
        let request =
            Request::get("/webchat/acme/stream").header("authorization", format!("Bearer {}", window.session));
        let mut request = request.body(Body::empty()).expect("well-formed");
        let from = std::net::SocketAddr::from((address, 1));
        request.extensions_mut().insert(axum::extract::ConnectInfo(from));
        tower::ServiceExt::oneshot(world.router(), request).await.expect("the router answers")
    };
    for number in 0..32 {
        let window = Window::open(&team, &open(&team, &format!("visitor-{number}")).await).await;
        for _ in 0..8 {
            let stream = listen(&window, [203, 0, 113, 9]).await;
            assert_eq!(stream.status(), 200, "{number}");
            streams.push(stream);
        }
    }
    let last = Window::open(&team, &open(&team, "visitor").await).await;
    assert_eq!(listen(&last, [203, 0, 113, 9]).await.status(), 429);
    assert_eq!(listen(&last, [203, 0, 113, 10]).await.status(), 200, "another has its own");
    drop(streams.pop());
    assert_eq!(listen(&last, [203, 0, 113, 9]).await.status(), 200);
}
