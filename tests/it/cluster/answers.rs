//! Answers that get lost on the way, and a bot that does what bots do then: it asks again.
//! What was done twice, and what not at all, is counted in what the gateway shows.

use countersign::store::redis::RedisAddress;
use serde_json::json;

use crate::{
    length::{figure, seed, size},
    stores::{self, RedisServer, proxy::Proxy},
    world::{Browser, World},
};

/// A131: a tenth of the answers is lost after the server has done what it was asked. A bot that
/// was not answered says the same again; each of its customer's attempts counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a131_each_attempt_counts_once_where_a_tenth_of_the_answers_is_lost() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let proxy = Proxy::before(server.port(), seed()).await;
    let world = World::on(stores::on(stores::connected(RedisAddress::Single(proxy.url())).await));
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 100}})).await;
    let mut waiting = Vec::new();
    for n in 0..size(40, 1000) {
        let chat = team.open("sms", &format!("c{n}")).await;
        let told = team.log_in(&chat, "cust-42").await;
        let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
        waiting.push((chat, code));
    }
    proxy.loses(10);
    let mut again = 0;
    // One after another: answers that travel together would be lost together.
    for (chat, code) in &waiting {
        for attempt in 0..2 {
            let wrong = if code == "BB22BB" { "BB22BC" } else { "BB22BB" };
            loop {
                let reply = team.says(chat, &format!("{chat}-{attempt}"), wrong).await;
                match reply.status {
                    200 => {
                        assert_eq!(reply.json()["outcome"], "wrong", "{}", reply.text());
                        break;
                    }
                    503 => again += 1,
                    other => panic!("{other}: {}", reply.text()),
                }
            }
        }
    }
    proxy.loses(0);
    for (chat, _) in &waiting {
        let seen = team.bot("GET", chat, "", serde_json::Value::Null).await.expect(200);
        assert_eq!(seen["participants"][0]["lockout"]["failures"], 2, "{seen}");
    }
    assert!(proxy.lost() > 0, "answers were lost");
    figure(
        "A131",
        format_args!(
            "{} wrong codes, {} connections cut between act and answer, {again} times a bot had to ask again: \
             each counted once",
            2 * waiting.len(),
            proxy.lost()
        ),
    );
}
