//! Two nodes on one Redis, and one node that comes back: what one of them does holds on the
//! other, and what is told is told once, in order, wherever somebody listens.
//!
//! "Within a second" is a second of the worlds' own clock.

use std::time::Duration;

use axum::body::Body;
use countersign::store::Store;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::stores;
use crate::world::{Browser, OWNER, SecurityKey, Team, World, worlds};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A team as each of two nodes serves it, on one server and on a cluster; none, said aloud,
/// without Redis.
async fn two_nodes() -> Vec<[Team; 2]> {
    let mut pairs = Vec::new();
    for stand in [stores::redis().await, stores::cluster().await].into_iter().flatten() {
        let world = World::on(stand);
        let first = world.team("acme").await;
        let second = Team { world: world.second_node(), ..first.clone() };
        pairs.push([first, second]);
    }
    pairs
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The status, and what a stream has to tell after an event until it is silent, or the problem.
async fn stream(team: &Team, after: &str) -> (u16, Vec<Value>) {
    use tower::ServiceExt;
    let request = ::http::Request::get("/v1/events")
        .header("authorization", format!("Bearer {}", team.bot))
        .header("last-event-id", after)
        .body(Body::empty())
        .expect("well-formed");
    let reply = team.world.router().oneshot(request).await.expect("the router answers");
    let (status, mut body) = (reply.status().as_u16(), reply.into_body());
    let mut told = String::new();
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_millis(300), body.frame()).await {
        told.push_str(std::str::from_utf8(frame.data_ref().expect("no trailers")).expect("UTF-8"));
    }
    if status != 200 {
        return (status, vec![serde_json::from_str(&told).expect("a problem")]);
    }
    let data = told.lines().filter_map(|line| line.strip_prefix("data: "));
    (status, data.map(|data| serde_json::from_str(data).expect("JSON")).collect())
}

/// How often a type stands among events.
fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["type"] == kind).count()
}

#[tokio::test]
async fn an_api_key_that_is_taken_away_on_one_node_opens_nothing_on_the_other_a_second_later() {
    for [first, second] in two_nodes().await {
        let chat = first.open("sms", "+37255512345").await;
        assert_eq!(second.flag(&chat).await["authenticated"], false);
        let keys = first.world.call(&first.admin, "GET", "/v1/teams/acme/api-keys", Value::Null).await.expect(200);
        let bot =
            keys["items"].as_array().expect("a list").iter().find(|key| key["role"] == "bot").expect("it was made");
        let path = format!("/v1/teams/acme/api-keys/{}", text(&bot["id"]));
        first.world.call(&first.admin, "DELETE", &path, Value::Null).await.expect(204);
        let flag = format!("/v1/interactions/{chat}/authentication");
        assert_eq!(first.world.call(&first.bot, "GET", &flag, Value::Null).await.status, 401, "here at once");
        second.world.clock.advance(SECOND);
        assert_eq!(second.world.call(&first.bot, "GET", &flag, Value::Null).await.status, 401);
    }
}

/// What a node keeps of a team refuses nobody: what it lacks may have been made a moment ago on the other.
#[tokio::test]
async fn keys_and_channels_made_on_one_node_are_known_on_the_other_at_once() {
    for [first, second] in two_nodes().await {
        let chat = second.open("sms", "+37255512345").await; // now it keeps the team
        let (keys, asked) = ("/v1/teams/acme/api-keys", json!({"role": "bot", "name": "new"}));
        let bot = first.world.call(&first.admin, "POST", keys, asked).await.expect(201);
        let flag = format!("/v1/interactions/{chat}/authentication");
        second.world.call(text(&bot["key"]), "GET", &flag, Value::Null).await.expect(200);

        let link = second.link(&chat).await;
        let visit = Browser::new(&second.world).continues(text(&link["url"])).await;
        let path = "/v1/teams/acme/security-keys";
        let key = first.world.call(&first.admin, "POST", path, json!({})).await.expect(201);
        let new = Team {
            key: SecurityKey { kid: text(&key["kid"]).to_owned(), secret: text(&key["secret"]).to_owned() },
            ..second.clone()
        };
        new.post_back(&visit, &new.assertion(&visit, "cust-42")).await.expect(200);

        let path = "/v1/teams/acme/channels/letters";
        let letters = json!({"definition": "webchat", "account": {}, "secrets": {}});
        first.world.call(&first.admin, "PUT", path, letters).await.expect(201);
        second.world.call(&second.admin, "GET", path, Value::Null).await.expect(200);
    }
}

/// A team's first key, and one that is activated: the other node goes by what it kept for a quarter of a second,
/// and nobody is refused by that.
#[tokio::test]
async fn a_key_made_or_activated_on_one_node_signs_and_verifies_on_the_other() {
    for [first, second] in two_nodes().await {
        let keys = "/v1/teams/acme/security-keys";
        let page = json!({"authentication_url": format!("{}/login/acme", crate::world::URL)});
        second.set(page).await;
        let kids = first.world.call(&first.admin, "GET", keys, Value::Null).await.expect(200);
        let old = text(&kids["items"][0]["kid"]).to_owned();
        first.world.call(&first.admin, "DELETE", &format!("{keys}/{old}"), Value::Null).await.expect(200);
        second.world.clock.advance(SECOND);
        let chat = second.open("sms", "+37255512345").await; // now it keeps the team, for which nothing signs
        let asked = json!({"purpose": "mid_chat"});
        second.bot("POST", &chat, "/login-links", asked.clone()).await.refused(409, "no-security-key");
        let key = first.world.call(&first.admin, "POST", keys, json!({})).await.expect(201);
        let path = format!("{keys}/{}/activate", text(&key["kid"]));
        first.world.call(&first.admin, "POST", &path, json!({})).await.expect(200);
        let link = second.bot("POST", &chat, "/login-links", asked).await.expect(201);

        // The gateway's own login page takes what another node has signed with a key made a moment ago.
        let next = first.world.call(&first.admin, "POST", keys, json!({})).await.expect(201);
        let path = format!("{keys}/{}/activate", text(&next["kid"]));
        first.world.call(&first.admin, "POST", &path, json!({})).await.expect(200);
        let visit = Browser::new(&first.world).continues(text(&link["url"])).await;
        assert!(visit.url.contains(text(&next["kid"])), "{}", visit.url);
        assert_eq!(Browser::new(&second.world).get(&visit.url).await.status, 200);
    }
}

/// A link that waits while its team has no key goes on at once where another node has activated one.
#[tokio::test]
async fn a_waiting_link_is_signed_with_a_key_of_another_node() {
    for [first, second] in two_nodes().await {
        let chat = second.open("sms", "+37255512345").await;
        let link = second.link(&chat).await;
        let keys = "/v1/teams/acme/security-keys";
        let next = first.world.call(&first.admin, "POST", keys, json!({})).await.expect(201);
        first.world.call(&first.admin, "DELETE", &format!("{keys}/{}", first.key.kid), Value::Null).await.expect(200);
        second.world.clock.advance(SECOND);
        let mut browser = Browser::new(&second.world);
        assert_eq!(browser.press(text(&link["url"]), "continue", "").await.status, 409);
        let path = format!("{keys}/{}/activate", text(&next["kid"]));
        first.world.call(&first.admin, "POST", &path, json!({})).await.expect(200);
        assert!(browser.continues(text(&link["url"])).await.url.contains(text(&next["kid"])));
    }
}

/// A076: revoked is revoked, wherever the post-back arrives.
#[tokio::test]
async fn a076_a_security_key_revoked_on_one_node_signs_nothing_on_the_other_a_second_later() {
    for [first, second] in two_nodes().await {
        let chat = second.open("sms", "+37255512345").await;
        let link = second.link(&chat).await;
        let visit = Browser::new(&second.world).continues(text(&link["url"])).await;
        let path = format!("/v1/teams/acme/security-keys/{}", first.key.kid);
        first.world.call(&first.admin, "DELETE", &path, Value::Null).await.expect(200);
        first.post_back(&visit, &first.assertion(&visit, "cust-42")).await.refused(401, "bad-assertion");
        second.world.clock.advance(SECOND);
        second.post_back(&visit, &first.assertion(&visit, "cust-42")).await.refused(401, "bad-assertion");
    }
}

#[tokio::test]
async fn settings_changed_on_one_node_hold_on_the_other_a_second_later() {
    for [first, second] in two_nodes().await {
        let chat = second.open("sms", "+37255512345").await;
        first.set(json!({"authentication_timeout_minutes": 2, "binding": "none"})).await;
        first.world.call(OWNER, "PATCH", "/v1/settings", json!({"link": {"ttl_minutes": 1}})).await.expect(200);
        second.world.clock.advance(SECOND);
        let link = second.link(&chat).await;
        assert_eq!(text(&link["expires_at"]), "2026-01-01T00:01:01.000Z", "a minute, by the system's layer");
        assert_eq!(second.log_in(&chat, "cust-42").await["status"], "authenticated", "by the team's");
        second.world.clock.advance(2 * MINUTE);
        assert_eq!(first.flag(&chat).await["status"], "expired");
    }
}

/// A018 and the announcement of it: both nodes look after what is due at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expiry_is_announced_once_by_two_nodes_that_tend_at_the_same_time() {
    for [first, second] in two_nodes().await {
        first.set(json!({"binding": "none"})).await;
        let mut chats = Vec::new();
        for n in 0..30 {
            let chat = first.open("sms", &format!("c{n}")).await;
            first.log_in(&chat, "cust-42").await;
            chats.push(chat);
        }
        for span in [14 * MINUTE, MINUTE, 15 * MINUTE, 11 * SECOND] {
            first.world.clock.advance(span);
            let tending = [&first, &second, &first, &second].map(|team| {
                let gateway = team.world.gateway.clone();
                tokio::spawn(async move { gateway.maintain().await })
            });
            for node in tending {
                node.await.expect("no panic").expect("the store is there");
            }
        }
        let events = first.events().await;
        for kind in ["participant.expiring", "participant.expired", "interaction.closed", "participant.authenticated"] {
            let of = |chat: &String| events.iter().filter(|e| e["type"] == kind && e["interaction"] == **chat).count();
            assert_eq!(chats.iter().map(of).collect::<Vec<_>>(), vec![1; chats.len()], "{kind}");
        }
    }
}

/// Both nodes act and relay at once; whoever listens, and wherever they come back, misses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_two_nodes_are_one_stream_that_may_be_resumed_on_either() {
    for nodes in two_nodes().await {
        nodes[0].set(json!({"binding": "none"})).await;
        nodes[1].world.clock.advance(SECOND);
        let acts = (0..12).map(|n| {
            let nodes = nodes.clone();
            tokio::spawn(async move {
                let chat = nodes[n % 2].open("sms", &format!("c{n}")).await;
                nodes[(n + 1) % 2].log_in(&chat, "cust-42").await;
                nodes[n % 2].world.gateway.maintain().await.expect("the store is there");
                nodes[(n + 1) % 2].bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
                nodes[n % 2].bot("POST", &chat, "/close", json!({})).await.expect(200);
                nodes[(n + 1) % 2].world.gateway.maintain().await.expect("the store is there");
                chat
            })
        });
        let mut chats = Vec::new();
        for act in acts.collect::<Vec<_>>() {
            chats.push(act.await.expect("no panic"));
        }
        nodes[0].world.gateway.maintain().await.expect("the store is there");

        let (status, all) = stream(&nodes[0], "0").await;
        assert_eq!(status, 200);
        assert!(all.windows(2).all(|two| text(&two[0]["id"]) < text(&two[1]["id"])), "ids rise, and none comes twice");
        for chat in &chats {
            let told: Vec<&str> = all.iter().filter(|e| e["interaction"] == **chat).map(|e| text(&e["type"])).collect();
            let order = [
                "interaction.opened",
                "link.issued",
                "link.opened",
                "link.answered",
                "participant.authenticated",
                "intent.resumed",
                "participant.signed_out",
                "interaction.closed",
            ];
            let order: Vec<&str> =
                order.into_iter().filter(|kind| told.contains(kind) || *kind != "intent.resumed").collect();
            assert_eq!(told, order);
        }
        let (head, tail) = all.split_at(all.len() / 2);
        let (_, resumed) = stream(&nodes[1], text(&head[head.len() - 1]["id"])).await;
        assert_eq!(resumed, tail, "the other node goes on where the first was left");
    }
}

#[tokio::test]
async fn events_older_than_retention_are_gone_and_it_is_said_so() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255512345").await;
        world.pass(6 * DAY).await;
        world.gateway.maintenance.keep_house().await.expect("the store is there");
        let (_, kept) = stream(&team, "0").await;
        assert_eq!((count(&kept, "interaction.opened"), count(&kept, "interaction.closed")), (1, 1), "{chat}");
        world.pass(DAY + 31 * MINUTE).await;
        world.gateway.maintenance.keep_house().await.expect("the store is there");
        let (status, problem) = stream(&team, "1").await;
        assert_eq!((status, &problem[0]["code"]), (410, &json!("events-gone")));
        // Who was up to date goes on.
        let last = text(&kept[kept.len() - 1]["id"]).to_owned();
        team.open("sms", "another").await;
        world.gateway.maintain().await.expect("the store is there");
        let (status, new) = stream(&team, &last).await;
        assert_eq!((status, count(&new, "interaction.opened")), (200, 1));
    }
}

/// However many events retention has to end, one housekeeping ends them.
#[tokio::test]
async fn retention_keeps_up_with_a_busy_team() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for n in 0..620 {
        let chat = team.open("sms", &format!("c{n}")).await;
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    }
    world.pass(31 * DAY).await;
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    let last: u64 = 620 * 2;
    assert_eq!(stream(&team, &format!("{last:016}")).await.0, 410);
    let listed = world.call(&team.bot, "GET", "/v1/interactions?limit=200", Value::Null).await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn an_erased_interaction_is_gone_and_its_conversation_begins_anew() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255512345").await;
        team.authenticate(&chat, "cust-42").await;
        let path = format!("/v1/interactions/{chat}");
        assert_eq!(world.call(&team.bot, "DELETE", &path, Value::Null).await.status, 403, "a bot erases nothing");
        world.call(&team.admin, "DELETE", &path, Value::Null).await.expect(204);
        team.bot("GET", &chat, "", Value::Null).await.refused(404, "not-found");
        team.bot("GET", &chat, "/authentication", Value::Null).await.refused(404, "not-found");
        world.gateway.maintain().await.expect("the store is there");
        let listed = world.call(&team.bot, "GET", "/v1/interactions", Value::Null).await.expect(200);
        assert_eq!(listed["items"], json!([]));
        assert_ne!(team.open("sms", "+37255512345").await, chat);
        world.pass(DAY).await;
        assert_eq!(count(&team.events().await, "participant.expired"), 0, "nothing more is told of it");
    }
}

/// Erasing a customer does not wait for lists that lag.
#[tokio::test]
async fn an_erased_customer_is_in_no_interaction_any_more() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let (hers, others) = (team.open("sms", "hers").await, team.open("sms", "others").await);
        team.authenticate(&hers, "cust-42").await;
        team.authenticate(&others, "cust-43").await;
        let erased =
            world.call(&team.admin, "DELETE", "/v1/teams/acme/customers/cust-42", Value::Null).await.expect(200);
        assert_eq!(erased["interactions_erased"], 1);
        assert_eq!(team.bot("GET", &hers, "", Value::Null).await.status, 404);
        assert_eq!(team.flag(&others).await["customer"]["id"], "cust-43");
        let told = team.events().await;
        assert_eq!((count(&told, "customer.erased"), count(&told, "interaction.erased")), (1, 1));
        let erased = told.iter().find(|event| event["type"] == "customer.erased").expect("it was counted");
        assert!(!erased.to_string().contains("cust-42"), "whom it was is not told");
    }
}

/// A137 says what a sweep must not take; this is what it must.
#[tokio::test]
async fn ended_links_are_swept_after_a_day_and_closed_interactions_after_thirty() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await;
    let url = text(&link["url"]);
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    world.pass(DAY - MINUTE).await;
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    assert_eq!(Browser::new(&world).get(url).await.status, 410, "a late visitor is told why");
    world.pass(2 * MINUTE).await;
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    assert_eq!(Browser::new(&world).get(url).await.status, 404);
    world.pass(29 * DAY - 2 * MINUTE).await;
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200)["status"], "closed");
    world.pass(2 * MINUTE).await;
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    team.bot("GET", &chat, "", Value::Null).await.refused(404, "not-found");
}

/// Time goes on while nobody is there to see it: what it did is told after the restart.
#[tokio::test]
async fn what_expired_while_the_process_was_down_is_told_when_it_is_back() {
    let folder = stores::folder();
    let (chat, other, team) = {
        let world = World::on(stores::reopened(folder.path()));
        let team = world.team("acme").await;
        let (chat, other) = (team.open("sms", "one").await, team.open("sms", "two").await);
        team.authenticate(&chat, "cust-42").await;
        team.link(&other).await;
        let Team { world: _, name, bot, agent, admin, key } = team;
        (chat, other, (name, bot, agent, admin, key))
    };
    let (name, bot, agent, admin, key) = team;
    // Another seed than the first life's: chance does not come twice.
    let world = World::on(stores::reopened(folder.path())).second_node();
    world.clock.advance(DAY);
    let team = Team { world, name, bot, agent, admin, key };
    assert_eq!(team.flag(&chat).await["authenticated"], false, "before anything is tended to");
    let told = team.events().await;
    let kinds = |id: &str| -> Vec<String> {
        let of = told.iter().filter(|e| e["interaction"] == id).map(|e| text(&e["type"]).to_owned());
        of.filter(|kind| kind.contains("expir") || kind.contains("closed")).collect()
    };
    assert_eq!(kinds(&chat), ["participant.expiring", "participant.expired", "interaction.closed"]);
    assert_eq!(kinds(&other), ["link.expired", "interaction.closed"]);
    assert_eq!(team.events().await.len(), told.len(), "and once");
}

/// A store that is shared keeps no board, so that a second node is one.
#[tokio::test]
async fn only_a_store_that_others_may_write_to_serves_two_nodes() {
    use countersign::store::{Partition, RecordKey, VersionIndex};
    let Some(redis) = stores::redis().await else { return };
    let key = RecordKey { partition: Partition(0), name: "i/x".to_owned() };
    assert_eq!(redis.store.version_index(&key), VersionIndex::NotKept);
    assert_eq!(stores::on_disk().store.version_index(&key), VersionIndex::Absent);
}
