//! What is said in a window, by whom it is read, and how nothing of it is lost between a bot that
//! speaks and a browser that comes back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Window, elsewhere, entries, open, state, team};
use crate::stores;
use crate::world::{World, worlds};

async fn says(team: &crate::world::Team, chat: &str, text: &str) {
    team.bot("POST", chat, "/replies", json!({"text": text})).await.expect(201);
}

#[tokio::test]
async fn what_both_sides_say_stands_in_the_window_in_its_order() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor-1").await;
        says(&team, &chat, "Hello, how can I help?").await;
        let window = Window::open(&team, &chat).await;
        assert_eq!(window.types("m1", "My statement, please").await["taken"], "said");
        says(&team, &chat, "One moment.").await;
        let seen = window.sees().await;
        let read: Vec<_> = entries(&seen).iter().map(|e| (e["kind"].clone(), e["text"].clone())).collect();
        let wanted = [("bot", "Hello, how can I help?"), ("customer", "My statement, please"), ("bot", "One moment.")];
        assert_eq!(read, wanted.map(|(kind, text)| (json!(kind), json!(text))));
        assert_eq!(state(&seen)["open"], true);
        assert_eq!((&state(&seen)["asked"], &state(&seen)["authenticated_until"]), (&Value::Null, &Value::Null));
        // Another conversation's window has none of it.
        let other = Window::open(&team, &open(&team, "visitor-2").await).await;
        assert!(entries(&other.sees().await).is_empty());
    }
}

#[tokio::test]
async fn a_browser_that_comes_back_misses_nothing_on_any_node() {
    for world in worlds().await {
        let elsewhere = elsewhere(&world).await;
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let window = Window::open(&team, &chat).await;
        says(&team, &chat, "one").await;
        let last = window.sees().await.iter().rfind(|news| !news.id.is_empty()).expect("an entry").id.clone();
        says(&team, &chat, "two").await; // nobody looks
        says(&team, &chat, "three").await;
        let missed = window.at(&elsewhere).sees_after(&last).await;
        assert_eq!(entries(&missed).iter().map(|e| e["text"].clone()).collect::<Vec<_>>(), ["two", "three"]);
    }
}

#[tokio::test]
async fn a_window_hears_at_once_and_also_what_another_node_did() {
    for stand in [stores::memory().await, stores::redis().await].into_iter().flatten() {
        let world = World::on(stand);
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let window = Window::open(&team, &chat).await;
        let mut stream = window.listen("").await;
        assert_eq!(state(&stream.next().await)["open"], true);
        says(&team, &chat, "here").await;
        assert_eq!(stream.until(|news| news.kind == "entry").await.data["text"], "here");
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        assert_eq!(stream.until(|news| news.kind == "state").await.data["open"], false);
    }
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let (team, other) = (team(&world).await, world.second_node());
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let mut stream = window.at(&other).listen("").await;
    stream.next().await;
    says(&team, &chat, "from another node").await;
    assert_eq!(stream.until(|news| news.kind == "entry").await.data["text"], "from another node");
}

#[tokio::test]
async fn what_is_said_twice_under_one_id_stands_once() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let window = Window::open(&team, &chat).await;
        let said = json!({"text": "Hello", "message_id": "b1"});
        let first = team.bot("POST", &chat, "/replies", said.clone()).await.expect(201);
        assert_eq!(team.bot("POST", &chat, "/replies", said).await.expect(201), first);
        for _ in 0..2 {
            assert_eq!(window.types("m1", "Hi").await["taken"], "said");
        }
        let with_key = async |text: &str| {
            let request = http::Request::post(format!("/v1/interactions/{chat}/replies"))
                .header("authorization", format!("Bearer {}", team.bot))
                .header("content-type", "application/json")
                .header("idempotency-key", "once");
            let body = json!({ "text": text }).to_string();
            world.send(request.body(body.into()).expect("well-formed")).await
        };
        let first = with_key("By key").await.expect(201);
        assert_eq!(with_key("By key").await.expect(201), first);
        with_key("Another").await.refused(422, "idempotency-mismatch");
        let seen = window.sees().await;
        let texts: Vec<_> = entries(&seen).iter().map(|e| e["text"].clone()).collect();
        assert_eq!(texts, ["Hello", "Hi", "By key"]);
    }
}

#[tokio::test]
async fn a_thread_is_bounded_and_its_oldest_gives_way() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let long = "x".repeat(8 * 1024);
    for _ in 0..15 {
        says(&team, &chat, &long).await;
    }
    says(&team, &chat, "the last").await;
    let seen = window.sees().await;
    let kept = entries(&seen);
    assert!(kept.len() < 15 && kept.last().expect("one")["text"] == "the last", "{}", kept.len());
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_its_place() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    for (body, pointer) in [
        (json!({"text": " "}), "/text"),
        (json!({"text": "x".repeat(8193)}), "/text"),
        (json!({"text": "x", "message_id": ""}), "/message_id"),
        (json!({"text": "x", "to": "y"}), "/to"),
    ] {
        let problem = team.bot("POST", &chat, "/replies", body).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let elsewhere = team.open("whatsapp", "+37255512345").await;
    let stranger = world.team("other").await;
    for act in ["/replies", "/chat-tokens"] {
        let chat = open(&team, act).await;
        let body = if act == "/replies" { json!({"text": "x"}) } else { json!({}) };
        team.bot("POST", &elsewhere, act, body.clone()).await.refused(409, "no-channel");
        stranger.bot("POST", &chat, act, body.clone()).await.refused(404, "not-found");
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        team.bot("POST", &chat, act, body).await.refused(409, "interaction-closed");
    }
}

#[tokio::test]
async fn what_is_said_keeps_the_conversation_open_and_looking_does_not() {
    let world = World::new().await;
    let team = team(&world).await;
    let (silent, alive) = (open(&team, "silent").await, open(&team, "alive").await);
    let window = Window::open(&team, &silent).await;
    for _ in 0..4 {
        world.pass(Duration::from_secs(10 * 60)).await;
        says(&team, &alive, "still there?").await;
        window.sees().await;
    }
    assert_eq!(state(&window.sees().await)["open"], false);
    assert_eq!(team.bot("GET", &alive, "", Value::Null).await.expect(200)["status"], "open");
}

#[tokio::test]
async fn an_erased_conversation_leaves_no_thread() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        says(&team, &chat, "something private").await;
        let window = Window::open(&team, &chat).await;
        let mut stream = window.listen("").await;
        stream.next().await;
        world.call(&team.admin, "DELETE", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(204);
        let id = chat.parse().expect("an id");
        assert!(world.gateway.inbound.transcript(id).await.expect("the store is there").entries.is_empty());
    }
}
