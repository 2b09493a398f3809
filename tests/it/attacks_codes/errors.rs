//! A022: the store fails around the count of a guess: after it, and nobody may be given the guess back;
//! before it, and nobody may learn anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use async_trait::async_trait;
use countersign::store::{Batch, CommitOutcome, Store, StoreError};
use serde_json::json;

use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::{Team, World};

/// Every commit is made and answered.
const WELL: u8 = 0;
/// Every commit is made, and its answer lost.
const UNANSWERED: u8 = 1;
/// No commit is made.
const UNREACHED: u8 = 2;

/// Commits fail as they are told to.
struct Failing(AtomicU8);

impl Failing {
    fn set(&self, how: u8) {
        self.0.store(how, SeqCst);
    }
}

#[async_trait]
impl Before for Failing {
    async fn commit(&self, store: &dyn Store, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let away = || StoreError::Away("an error of the test".to_owned());
        match self.0.load(SeqCst) {
            UNREACHED => Err(away()),
            UNANSWERED => store.commit(batch).await.and_then(|_| Err(away())),
            _ => store.commit(batch).await,
        }
    }
}

async fn failing() -> (Team, Arc<Around<Failing>>) {
    let stand = stores::memory().await.expect("memory is always there");
    let failing = Arc::new(Around { store: stand.store.clone(), before: Failing(AtomicU8::new(WELL)) });
    let team = World::on(stand.behind(failing.clone())).team("acme").await;
    team.set(json!({"otp": {"max_tries": 10}})).await;
    (team, failing)
}

/// A022: five wrong guesses, and an error after each was counted: the sixth, which is right, is not compared.
#[tokio::test]
async fn a022_an_error_after_the_count_gives_no_guess_back() {
    let (team, store) = failing().await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    for n in 1..=5u32 {
        store.before.set(UNANSWERED);
        team.answers(&live, &Team::wrong(&code)).await.refused(503, "unavailable");
        store.before.set(WELL);
        let counted = team.lockout(&chat).await["by_method"]["otp"].clone();
        let (failures, lockouts) = if n < 5 { (n, 0) } else { (0, 1) };
        assert_eq!((&counted["failures"], &counted["lockouts"]), (&json!(failures), &json!(lockouts)), "guess {n}");
    }
    assert_eq!(team.outcome(&live, &code).await, "locked");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// A022: an error before the count tells a right guess and a wrong one alike, for a customer whose failure limit
/// counts and for a stranger; and whoever asks again under the same name has guessed once.
#[tokio::test]
async fn a022_an_error_before_the_count_tells_nothing() {
    let (team, store) = failing().await;
    let known = team.open_for("known", json!({"phone": "+37255512345"})).await;
    let unknown = team.open("sms", "+37255500000").await;
    for chat in [known, unknown] {
        let live = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        store.before.set(UNREACHED);
        let told = [team.answers(&live, &code).await, team.answers(&live, &Team::wrong(&code)).await];
        let told = told.map(|reply| reply.refused(503, "unavailable"));
        assert_eq!(told[0], told[1]);
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        assert_eq!(team.lockout(&chat).await["failures"], 0);
        let guess = json!({"answer": Team::wrong(&code), "message_id": "m-1"});
        for how in [UNREACHED, UNANSWERED, WELL] {
            store.before.set(how);
            team.attends(&team.bot, "POST", &live, "/answers", guess.clone()).await;
        }
        let counted = team.lockout(&chat).await["by_method"]["otp"]["failures"].clone();
        assert_eq!(counted, 1);
        assert_eq!(team.outcome(&live, &code).await, "passed");
    }
}
