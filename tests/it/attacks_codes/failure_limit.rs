//! A025: many addresses, one customer. Budgets of addresses stop each; the failure limit stops them all.
//! How it holds under parallel answers is told by the races.

use serde_json::{Value, json};

use crate::stores;
use crate::world::{Team, World};

/// Guesses so often at each of so many fresh addresses; the last outcome.
async fn spread(team: &Team, name: &str, person: &Value, addresses: usize, each: usize) -> String {
    let mut last = String::new();
    for n in 0..addresses {
        let chat = team.open_for(&format!("{name}-{n}"), person.clone()).await;
        last = team.guesses(&chat, each).await;
    }
    last
}

#[tokio::test]
async fn a025_a_hundred_wrong_answers_over_all_addresses_ban_the_customer() {
    let team = World::new().await.team("acme").await;
    let person = json!({"customer_id": "cust-42", "phone": "+37255512345"});
    assert_eq!(spread(&team, "a", &person, 24, 4).await, "wrong");
    let last = team.open_for("last", person.clone()).await;
    let kept = team.open_for("kept", person.clone()).await;
    let live = team.otp(&kept).await;
    assert_eq!(team.guesses(&last, 3).await, "wrong");
    assert_eq!(team.guesses(&last, 1).await, "banned", "the hundredth");
    assert_eq!(team.lockout(&last).await["status"], "banned");
    let events = team.events().await;
    let banned: Vec<&Value> = events.iter().filter(|e| e["type"] == "participant.banned").collect();
    assert_eq!((banned.len(), &banned[0]["data"]["reason"]), (1, &json!("failure_limit")));
    // Elsewhere, too, nothing is compared, sent or put any more.
    assert_eq!(team.outcome(&live, &team.code(&kept, 0).await).await, "banned");
    assert_eq!(team.hears(&kept, &team.code(&kept, 0).await).await["outcome"], "banned");
    let fresh = team.open_for("fresh", person.clone()).await;
    let ask = json!({"method": "otp", "deliver_to": "agent"});
    team.asks(&team.bot, &fresh, ask.clone()).await.refused(403, "banned");
    // Another customer is another's; an agent lifts no ban, an admin does.
    let other = team.open_for("other", json!({"customer_id": "cust-43", "phone": "+37255512345"})).await;
    team.otp(&other).await;
    let unlock = format!("/v1/interactions/{fresh}/participants/p1/unlock");
    team.world.call(&team.agent, "POST", &unlock, json!({"reason": "x"})).await.refused(403, "forbidden");
    team.world.call(&team.admin, "POST", &unlock, json!({"reason": "she called"})).await.expect(200);
    team.asks(&team.bot, &fresh, ask).await.expect(202);
    assert!(team.event_types().await.contains(&"participant.unbanned".to_owned()));
    assert_eq!(team.outcome(&live, &team.code(&kept, 0).await).await, "passed");
}

#[tokio::test]
async fn a025_a_right_answer_begins_the_count_again_and_a_repeated_one_counts_once() {
    let team = World::new().await.team("acme").await;
    let person = json!({"phone": "+37255512345"});
    spread(&team, "a", &person, 24, 4).await;
    let chat = team.open_for("right", person.clone()).await;
    team.otp(&chat).await;
    let wrong = Team::wrong(&team.code(&chat, 0).await);
    for _ in 0..10 {
        team.says(&chat, "the same", &wrong).await.expect(200);
    }
    assert_eq!(team.guesses(&chat, 2).await, "wrong", "99 in all");
    team.otp(&chat).await;
    assert_eq!(team.hears(&chat, &team.code(&chat, 0).await).await["outcome"], "passed");
    assert_eq!(spread(&team, "b", &person, 24, 4).await, "wrong");
    assert_eq!(team.lockout(&chat).await["status"], "clear");
}

/// Who is known by nothing has no failure limit: her address's own budget holds all the same.
#[tokio::test]
async fn a025_who_is_known_by_nothing_is_held_by_her_address() {
    let team = World::new().await.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(team.guesses(&chat, 5).await, "locked");
}

/// An answer that is told again, at a node that has not seen it judged and long after it was, counts once:
/// the hundredth bans, and none before it.
#[tokio::test]
async fn a025_an_answer_that_is_told_again_elsewhere_counts_once() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let first = world.team("acme").await;
    let second = Team { world: world.second_node(), ..first.clone() };
    first.set(json!({"otp": {"max_tries": 100}, "lockout": {"threshold": 100}})).await;
    let chat = first.open_for("chat", json!({"phone": "+37255512345"})).await;
    let live = first.otp(&chat).await;
    let wrong = Team::wrong(&first.code(&chat, 0).await);
    second.attends(&second.bot, "GET", &live, "", Value::Null).await.expect(200);
    let tell = async |team: &Team, n: usize| {
        let body = json!({"answer": wrong, "message_id": format!("m-{n}")});
        team.attends(&team.bot, "POST", &live, "/answers", body).await
    };
    let one = tell(&first, 1).await;
    for n in 2..100 {
        assert_eq!(tell(&first, n).await.expect(200)["outcome"], "wrong", "answer {n}");
        if n == 50 {
            assert_eq!(tell(&second, 1).await.bytes, one.bytes);
        }
    }
    assert_eq!(tell(&first, 100).await.expect(200)["outcome"], "banned");
}
