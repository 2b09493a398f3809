//! Bans over all of a customer's addresses, lifted while the store fails: whatever of it was done, a ban that is
//! gone is in the trail, and one that no trail tells lifted stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use countersign::store::{Batch, CommitOutcome, Store, StoreError};
use serde_json::{Value, json};

use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::{Team, World};

/// So many commits are made, and no more.
struct Lets(AtomicUsize);

#[async_trait]
impl Before for Lets {
    async fn commit(&self, store: &dyn Store, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let lets = self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        lets.map_err(|_| StoreError::Away("an error of the test".to_owned()))?;
        tokio::task::yield_now().await; // whoever else is at it comes between
        store.commit(batch).await
    }
}

/// The ways to lift her ban: its row in the list, a conversation of hers, her account.
const WAYS: [&str; 3] = ["row", "conversation", "account"];

/// A customer who is banned over all of her addresses, and where an admin lifts that.
async fn banned(store: &Arc<Around<Lets>>, stand: stores::Stand, way: &str) -> (Team, String) {
    let world = World::on(stand.behind(store.clone()));
    let team = world.team("acme").await;
    team.set(json!({"otp": {"max_tries": 100}, "lockout": {"threshold": 100, "max_lockouts": 0}})).await;
    let customer = json!({"name": "Demo Customer", "phones": ["+37255512345"]});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
    let person = json!({"customer_id": "cust-42", "phone": "+37255512345"});
    let chat = team.open_for("guessed-at", person.clone()).await;
    assert_eq!(team.guesses(&chat, 100).await, "banned");
    let other = team.open_for("other", person).await;
    world.gateway.maintain().await.expect("it is told");
    let listed = world.call(&team.agent, "GET", "/v1/teams/acme/lockouts", Value::Null).await.expect(200);
    let rows = listed["items"].as_array().expect("rows").iter();
    let row =
        rows.map(|row| row["id"].as_str().expect("an id")).find(|id| id.starts_with("failure_limit.")).expect("a row");
    let path = match way {
        "row" => format!("/v1/teams/acme/lockouts/{row}/unlock"),
        "conversation" => format!("/v1/interactions/{other}/participants/p1/unlock"),
        _ => "/v1/teams/acme/customers/cust-42/unlock".to_owned(),
    };
    (team, path)
}

/// Whether she is banned elsewhere, too, and how often it was told that she is not any more.
async fn stands(team: &Team, conversation: &str) -> (bool, usize) {
    let person = json!({"customer_id": "cust-42", "phone": "+37255512345"});
    let chat = team.open_for(conversation, person).await;
    let ask = json!({"method": "otp", "deliver_to": "agent"});
    let is_banned = team.asks(&team.bot, &chat, ask).await.status == 403;
    let lifted = |event: &&Value| match event["type"].as_str() {
        Some("participant.unbanned") => event["data"]["failure_limit"].is_string(),
        kind => kind == Some("customer.unlocked"),
    };
    (is_banned, team.events().await.iter().filter(lifted).count())
}

#[tokio::test]
async fn a_ban_is_lifted_and_told_or_neither() {
    for way in WAYS {
        for made in 0..4 {
            let stand = stores::memory().await.expect("memory is always there");
            let before = Lets(AtomicUsize::new(usize::MAX));
            let store = Arc::new(Around { store: stand.store.clone(), before });
            let (team, path) = banned(&store, stand, way).await;
            let reason = json!({"reason": "she called"});
            store.before.0.store(made, SeqCst);
            team.world.call(&team.admin, "POST", &path, reason.clone()).await;
            store.before.0.store(usize::MAX, SeqCst);
            let (is_banned, told) = stands(&team, "between").await;
            assert_eq!(told, usize::from(!is_banned), "{way}, {made} commits");
            team.world.call(&team.admin, "POST", &path, reason.clone()).await;
            assert_eq!(stands(&team, "after").await, (false, 1), "{way}, {made} commits");
        }
    }
}

/// Two admins at once lift one ban.
#[tokio::test]
async fn a_ban_that_two_lift_at_once_is_told_lifted_once() {
    for way in WAYS {
        let stand = stores::memory().await.expect("memory is always there");
        let before = Lets(AtomicUsize::new(usize::MAX));
        let store = Arc::new(Around { store: stand.store.clone(), before });
        let (team, path) = banned(&store, stand, way).await;
        let lift = || team.world.call(&team.admin, "POST", &path, json!({"reason": "she called"}));
        futures_util::future::join_all((0..8).map(|_| lift())).await;
        assert_eq!(stands(&team, "after").await, (false, 1), "{way}");
    }
}
