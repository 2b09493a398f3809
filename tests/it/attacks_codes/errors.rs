//! A022: the store fails around the count of a guess: after it, and nobody may be given the guess back;
//! before it, and nobody may learn anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use async_trait::async_trait;
use countersign::store::{Batch, Board, Entry, Key, Order, Outcome, Partition, Record, Store, StoreError, Waiting};
use serde_json::json;

use crate::stores;
use crate::world::{Team, World};

/// Every commit is made and answered.
const WELL: u8 = 0;
/// Every commit is made, and its answer lost.
const UNANSWERED: u8 = 1;
/// No commit is made.
const UNREACHED: u8 = 2;

/// A store whose commits fail as they are told to.
struct Failing {
    store: Arc<dyn Store>,
    how: AtomicU8,
}

#[async_trait]
impl Store for Failing {
    async fn commit(&self, batch: Batch) -> Result<Outcome, StoreError> {
        let away = || StoreError::Away("an error of the test".to_owned());
        match self.how.load(SeqCst) {
            UNREACHED => Err(away()),
            UNANSWERED => self.store.commit(batch).await.and_then(|_| Err(away())),
            _ => self.store.commit(batch).await,
        }
    }

    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        self.store.get(partition, names).await
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<Key>, StoreError> {
        self.store.due(now, limit, lease_ms).await
    }

    async fn outbox(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        self.store.outbox(limit).await
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.store.trim_outbox(tag, seq).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.list(partition, index, order, after, limit).await
    }

    fn board(&self, key: &Key) -> Board {
        self.store.board(key)
    }

    async fn woken(&self) {
        self.store.woken().await;
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        self.store.sweep(now).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

async fn failing() -> (Team, Arc<Failing>) {
    let stand = stores::memory().await.expect("memory is always there");
    let failing = Arc::new(Failing { store: stand.store.clone(), how: AtomicU8::new(WELL) });
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
        store.how.store(UNANSWERED, SeqCst);
        team.answers(&live, &Team::wrong(&code)).await.refused(503, "unavailable");
        store.how.store(WELL, SeqCst);
        let counted = team.lockout(&chat).await["by_method"]["otp"].clone();
        let (failures, lockouts) = if n < 5 { (n, 0) } else { (0, 1) };
        assert_eq!((&counted["failures"], &counted["lockouts"]), (&json!(failures), &json!(lockouts)), "guess {n}");
    }
    assert_eq!(team.outcome(&live, &code).await, "locked");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// A022: an error before the count tells a right guess and a wrong one alike, for a customer whose ceiling
/// counts and for a stranger; and whoever asks again under the same name has guessed once.
#[tokio::test]
async fn a022_an_error_before_the_count_tells_nothing() {
    let (team, store) = failing().await;
    let known = team.open_for("known", json!({"phone": "+37255512345"})).await;
    let unknown = team.open("sms", "+37255500000").await;
    for chat in [known, unknown] {
        let live = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        store.how.store(UNREACHED, SeqCst);
        let told = [team.answers(&live, &code).await, team.answers(&live, &Team::wrong(&code)).await];
        let told = told.map(|reply| reply.refused(503, "unavailable"));
        assert_eq!(told[0], told[1]);
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        assert_eq!(team.lockout(&chat).await["failures"], 0);
        let guess = json!({"answer": Team::wrong(&code), "message_id": "m-1"});
        for how in [UNREACHED, UNANSWERED, WELL] {
            store.how.store(how, SeqCst);
            team.attends(&team.bot, "POST", &live, "/answers", guess.clone()).await;
        }
        let counted = team.lockout(&chat).await["by_method"]["otp"]["failures"].clone();
        assert_eq!(counted, 1);
        assert_eq!(team.outcome(&live, &code).await, "passed");
    }
}
