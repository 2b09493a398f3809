//! Lockouts and bans as the person at the door meets them, for codes and for numbers alike.
//! How they are counted over chats and nodes is told in `attacks_codes`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Visitor, another, by, code, invite, invited, open, read, team};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const BLINK: Duration = Duration::from_millis(1);

/// L-19, L-20, L-21, L-22: for a code and for a PIN, so many failed answers lock, for so long, and so
/// many locks are a ban.
#[tokio::test]
async fn l19_the_threshold_locks_the_lock_ends_and_the_last_one_bans() {
    for (method, asks) in [("otp", "Enter your code"), ("pin", "Enter your number")] {
        let world = World::new().await;
        let team = team(&world, by(method, None)).await;
        let lockout = json!({"threshold": 2, "duration_minutes": 7, "max_lockouts": 3});
        team.set(json!({"lockout": lockout, "interaction_timeout_minutes": 600})).await;
        let chat = open(&team, "conv-1").await;
        let url = invited(&team, &chat, json!({"via": "sms", "pin": "4711"})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        for lock in 1..=3 {
            visitor.open(&url).await;
            visitor.goes_on().await.sees(200, asks);
            let right = code(&team, &chat, 0).await;
            visitor.types(&another(&right)).await.sees(422, "That was not right");
            visitor.types(&another(&right)).await;
            let budget = read(&team, &chat, 0).await["lockout"]["by_method"][method].clone();
            assert_eq!(budget["lockouts"], lock);
            if lock == 3 {
                assert_eq!(budget["status"], "banned");
                break;
            }
            assert_eq!(budget["status"], "locked");
            visitor.sees(423, "Please wait a while");
            world.pass(7 * MINUTE - BLINK).await;
            visitor.open(&url).await;
            visitor.goes_on().await.sees(423, "Please wait a while");
            world.pass(BLINK).await;
        }
        visitor.sees(403, "There were too many failed tries");
        world.pass(8 * MINUTE).await;
        visitor.open(&url).await;
        visitor.goes_on().await.sees(403, "There were too many failed tries");
        assert_eq!(read(&team, &chat, 0).await["authentication"]["authenticated"], false);
        invite(&team, &chat, json!({"via": "sms", "pin": "4711"})).await.refused(403, "banned");

        // The cosigner's own is untouched, and an admin lets the primary in again.
        let cosigner = json!({"via": "sms", "participant": "p2", "pin": "4711"});
        let mut beside = Visitor::at(&world, &invited(&team, &chat, cosigner).await).await;
        beside.goes_on().await.sees(200, asks);
        let lift = format!("/v1/interactions/{chat}/participants/p1/unlock");
        world.call(&team.agent, "POST", &lift, json!({"reason": "called"})).await.refused(403, "forbidden");
        world.call(&team.admin, "POST", &lift, json!({"reason": "called"})).await.expect(200);
        visitor.open(&url).await;
        visitor.goes_on().await.sees(200, asks);
        let right = code(&team, &chat, 0).await;
        visitor.types(&right).await.sees(200, "You are in");
        assert_ne!(read(&team, &chat, 0).await["authentication"]["methods"], Value::Null);
    }
}
