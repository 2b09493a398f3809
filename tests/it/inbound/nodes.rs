//! Two nodes behind one address: a platform tells either of them, and repeats itself to the other.

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
