//! Two nodes behind one address: a platform tells either of them, and repeats itself to the other.
//! What each of them says must be the same, and what happens must happen once.

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{heard, platforms};
use crate::stores;
use crate::world::{Team, World};

/// A team as each of two nodes serves it.
async fn two() -> Vec<[Team; 2]> {
    let mut pairs = Vec::new();
    for stand in [stores::redis().await, stores::cluster().await].into_iter().flatten() {
        let world = World::on(stand);
        let first = super::team(&world).await;
        let second = Team { world: heard(&world), ..first.clone() };
        pairs.push([first, second]);
    }
    pairs
}

/// A109: told to both at the same time, a guess counts once, and a right code raises the flag once.
#[tokio::test]
async fn a109_both_nodes_hear_a_message_once() {
    for [first, second] in two().await {
        let line = platforms::whatsapp();
        let chat = first.chat_on(&line).await;
        let challenge = first.otp(&chat).await;
        let code = first.code(&chat, 0).await;
        for (id, text, tries) in [(1, Team::wrong(&code), Some(2)), (2, code, None)] {
            let call = first.call_of(&line, id, &text);
            let told = futures_util::future::join_all(
                (0..10).flat_map(|_| [first.hears_call(&call), second.hears_call(&call)]),
            );
            assert!(told.await.iter().all(|told| told.status == 200));
            if let Some(tries) = tries {
                assert_eq!((first.tries(&challenge).await, second.tries(&challenge).await), (tries, tries));
            }
        }
        assert!(first.is_authenticated(&chat).await && second.is_authenticated(&chat).await);
        let events = first.event_types().await;
        for kind in ["challenge.wrong", "challenge.passed", "participant.authenticated"] {
            assert_eq!(events.iter().filter(|known| *known == kind).count(), 1, "{kind}");
        }
    }
}

/// A116: a challenge that one node put and took back is late on the other, too, which has not looked since.
#[tokio::test]
async fn a116_a_late_code_is_kept_from_the_bot_by_a_node_that_did_not_ask() {
    for [first, second] in two().await {
        let (line, bot) = (platforms::whatsapp(), Receiver::start().await);
        first.plug(&line, json!({"forward_url": bot.url})).await.expect(201);
        let chat = first.open(line.name, line.conversation).await;
        assert_eq!(second.hears_on(&line, 1, "hello").await.status, 200);
        let pin = json!({"method": "pin", "pin": "48392017553", "deliver_to": "agent"});
        let challenge = first.asks(&first.agent, &chat, pin).await.expect(202);
        first.attends(&first.agent, "DELETE", &challenge, "", Value::Null).await.expect(204);
        assert_eq!(second.hears_on(&line, 2, "48392017553").await.status, 200);
        second.world.gateway.maintain().await.expect("the store is there");
        let told: Vec<Value> = bot.asked().iter().map(|asked| asked.json()["text"].clone()).collect();
        assert_eq!(told, ["hello", "••••••"]);
    }
}

/// A secret that is written anew on one node is the only good one on the other within a second.
#[tokio::test]
async fn an_account_that_is_written_anew_holds_on_both_nodes() {
    for [first, second] in two().await {
        let line = platforms::telegram();
        first.chat_on(&line).await;
        assert_eq!(second.hears_on(&line, 1, "hello").await.status, 200);
        let body = serde_json::json!({"definition": "telegram", "account": {}, "secrets": {"token": "t", "webhook_secret": "next"}});
        first.world.call(&first.admin, "PUT", "/v1/teams/acme/channels/telegram", body).await.expect(200);
        assert_eq!(first.hears_on(&line, 2, "hello").await.status, 401, "here at once");
        second.world.clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(second.hears_on(&line, 2, "hello").await.status, 401);
        let next = second.call_of(&line, 2, "hello").with("x-telegram-bot-api-secret-token", Some("next"));
        assert_eq!(second.hears_call(&next).await.status, 200);
    }
}
