//! What the embedded store alone promises: its folder, its flushes, and that no loss is silent.
//! What every store promises stands in the parent.

use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
};

use countersign::store::{
    CommitOutcome, Expect, Order, Store, StoreError, VersionIndex,
    embedded::{Embedded, EmbeddedOptions},
};

use super::{Batch, NOW, Put, batch, committed, conflicts, entry, event, get, key, put, written};
use crate::stores;

fn refusal(opened: Result<Embedded, StoreError>) -> String {
    match opened {
        Err(StoreError::Damaged(why)) => why,
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("opened"),
    }
}

/// Opens a store that this process has let go. A process that another test starts just then has
/// the lock open, too, until its own program begins.
fn reopened(folder: &std::path::Path) -> Result<Embedded, StoreError> {
    for _ in 0..100 {
        match Embedded::open(folder) {
            Err(StoreError::Damaged(why)) if why.contains("another process") => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            other => return other,
        }
    }
    Embedded::open(folder)
}

/// A folder as a killed process leaves it: copied while the store is open.
fn killed(store: &Path) -> tempfile::TempDir {
    let copy = stores::folder();
    for file in fs::read_dir(store).expect("it is there") {
        let file = file.expect("it can be listed");
        if file.file_name() != "store.db-shm" {
            fs::copy(file.path(), copy.path().join(file.file_name())).expect("it can be copied");
        }
    }
    copy
}

async fn ten_commits(store: &Embedded) {
    for n in 0..10 {
        written(store, put(&format!("r{n}"), &"x".repeat(3000))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_keeps_everything() {
    let folder = stores::folder();
    let path = folder.path().join("new").join("deeper");
    let store = Embedded::open(&path).expect("an absent folder is made");
    let version = committed(
        &store,
        Batch {
            put: vec![Put { version_index: true, alarm: Some(NOW), expires: Some(NOW), ..put("flag", "x") }],
            enter: vec![entry("list", "m", "e")],
            events: vec![event("one")],
            ..batch()
        },
    )
    .await;
    let seq = store.outbox(1).await.expect("it reads").waiting[0].seq;
    for start in 0..3 {
        if start == 0 {
            drop(Embedded::open(killed(&path).path()).expect("a killed store opens"));
        }
        let again = killed(&path);
        let store = Embedded::open(again.path()).expect("it opens again");
        assert_eq!(store.version_index(&key("flag")), VersionIndex::Version(version));
        assert_eq!(get(&store, "flag").await.map(|flag| flag.version), Some(version));
        assert_eq!(store.list(super::P, "list", Order::Rising, None, 9).await.expect("it lists").len(), 1);
        assert_eq!(store.due(NOW, 9, 10).await.expect("it claims"), [key("flag")]);
        store.trim_outbox(super::P.tag(), seq).await.expect("it trims");
        drop(store);
        let store = Embedded::open(again.path()).expect("it opens again");
        assert!(store.due(NOW + 9, 9, 10).await.expect("it claims").is_empty(), "leases are kept");
        committed(&store, Batch { put: vec![put("r", "x")], events: vec![event("two")], ..batch() }).await;
        assert!(store.outbox(1).await.expect("it reads").waiting[0].seq > seq, "numbers do not begin anew");
        assert_eq!(store.sweep(NOW + 1).await.expect("it sweeps"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_carries_many_commits() {
    let stand = stores::on_disk();
    let store = &stand.store;
    let (flushes, commits) = (store.flushes(), store.commits());
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for n in 0..60 {
                    written(&*store, put(&format!("r/{n}/{writer}"), &"x".repeat(900))).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("it writes");
    }
    let (flushes, commits) = (store.flushes() - flushes, store.commits() - commits);
    println!("{commits} commits, {flushes} flushes: {} each", commits / flushes);
    assert_eq!(commits, 64 * 60);
    assert!(flushes * 16 <= commits, "{flushes} flushes for {commits} commits");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_flushes_nothing() {
    let stand = stores::on_disk();
    let store = &*stand.store;
    let first = Batch { expect: vec![("r".into(), Expect::Absent)], put: vec![put("r", "x")], ..batch() };
    committed(store, first.clone()).await;
    let flushes = store.flushes();
    committed(store, first.clone()).await;
    conflicts(store, Batch { id: super::fresh(), ..first }).await;
    assert!(store.due(NOW, 9, 9).await.expect("it claims").is_empty());
    assert_eq!(store.sweep(NOW).await.expect("it sweeps"), 0);
    store.ping().await.expect("it answers");
    assert_eq!((store.flushes(), store.commits()), (flushes, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_of_many_goes_by_slices() {
    let stand = stores::on_disk();
    let many = (0..1700).map(|n| Put { expires: Some(NOW - 1), ..put(&format!("r{n}"), "x") }).collect();
    committed(&*stand.store, Batch { put: many, ..batch() }).await;
    assert_eq!(stand.store.sweep(NOW).await.expect("it sweeps"), 1700);
    assert_eq!(stand.store.flushes(), 1 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_and_a_foreign_folder_are_refused_by_name() {
    let folder = stores::folder();
    let first = Embedded::open(folder.path()).expect("an empty folder opens");
    assert!(refusal(Embedded::open(folder.path())).contains("another process has this store open"));
    drop(first);
    drop(reopened(folder.path()).expect("it was let go"));

    let foreign = stores::folder();
    fs::write(foreign.path().join("thesis.txt"), "years of work").expect("it is ours to write");
    let why = refusal(Embedded::open(foreign.path()));
    assert!(why.contains("thesis.txt") && why.contains("not a store of ours"), "{why}");
    assert_eq!(fs::read_dir(foreign.path()).expect("it lists").count(), 1, "and nothing was put there");

    fs::write(folder.path().join("countersign.store"), "countersign store 99\n").expect("it is ours to write");
    assert!(refusal(reopened(folder.path())).contains("a format that this version does not know"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_files_are_gone_is_not_a_new_one() {
    let folder = stores::folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    ten_commits(&store).await;
    let copy = killed(folder.path());
    for (file, named) in [("store.db", "store.db is missing"), ("commits", "its ledger (commits) is gone")] {
        let kept = fs::read(copy.path().join(file)).expect("it is there");
        fs::remove_file(copy.path().join(file)).expect("it goes");
        assert!(refusal(Embedded::open(copy.path())).contains(named), "{file}");
        fs::write(copy.path().join(file), kept).expect("it comes back");
    }
    let store = Embedded::open(copy.path()).expect("whole again");
    assert!(get(&store, "r9").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_log_is_named_with_what_is_missing() {
    let folder = stores::folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    ten_commits(&store).await;
    let log = |copy: &Path| copy.join("store.db-wal");

    let copy = killed(folder.path());
    let length = fs::metadata(log(copy.path())).expect("it is there").len();
    File::options().write(true).open(log(copy.path())).and_then(|file| file.set_len(length - 1)).expect("it is cut");
    let why = refusal(Embedded::open(copy.path()));
    assert!(why.contains("torn or gone: 1 acknowledged commits are missing"), "{why}");

    let copy = killed(folder.path());
    let mut bytes = fs::read(log(copy.path())).expect("it reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(log(copy.path()), &bytes).expect("it writes");
    let why = refusal(Embedded::open(copy.path()));
    assert!((4..8).any(|n| why.contains(&format!(": {n} acknowledged commits"))), "{why}");

    for spoil in
        [|log: &Path| fs::remove_file(log), |log: &Path| fs::write(log, ""), |log: &Path| fs::write(log, [7; 9000])]
    {
        let copy = killed(folder.path());
        spoil(&log(copy.path())).expect("it is spoilt");
        let why = refusal(Embedded::open(copy.path()));
        assert!(why.contains("10 acknowledged commits are missing"), "{why}");

        let store = Embedded::open_with(copy.path(), EmbeddedOptions { accept_loss: true }).expect("knowingly");
        assert_eq!(get(&store, "r9").await, None);
        written(&store, put("after", "x")).await;
        drop(store);
        let store = Embedded::open(copy.path()).expect("the loss is accepted once");
        assert!(get(&store, "after").await.is_some());
    }
}

/// Once a checkpoint has begun, a log without its end gives a mixture of old and new pages.
#[tokio::test(flavor = "multi_thread")]
async fn every_life_of_the_log_is_watched() {
    let folder = stores::folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    for n in 0..700 {
        written(&store, put(&format!("r{}", n % 50), &"x".repeat(9000))).await;
        if n % 35 == 0 {
            let whole = killed(folder.path());
            drop(Embedded::open(whole.path()).expect("a killed store opens"));
            // The log is used again from its start: what is behind its live frames is old.
            let copy = killed(folder.path());
            let log = copy.path().join("store.db-wal");
            let mut bytes = fs::read(&log).expect("it reads");
            bytes[32 + 24 + 100] ^= 1;
            fs::write(&log, bytes).expect("it writes");
            let refused = Embedded::open(copy.path());
            let moved = ledger_is_base(copy.path());
            assert!(moved || refused.is_err(), "commit {n}");
        }
    }
}

/// Whether the ledger says that the database file alone holds everything.
fn ledger_is_base(folder: &Path) -> bool {
    let bytes = fs::read(folder.join("commits")).expect("it reads");
    bytes.len() < 64 || bytes[..8] != bytes[32..40]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_file_is_named() {
    let folder = stores::folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    ten_commits(&store).await;
    drop(store);
    let old = fs::read(folder.path().join("store.db")).expect("it reads");
    let store = Embedded::open(folder.path()).expect("it opens again");
    ten_commits(&store).await;
    drop(store);
    fs::write(folder.path().join("store.db"), old).expect("it writes");
    let why = refusal(Embedded::open(folder.path()));
    assert!(why.contains("older than its ledger: 10 acknowledged commits are missing"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_ends_the_store() {
    let folder = stores::folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    for n in 0..200 {
        written(&store, put(&format!("r{n}"), &"x".repeat(3000))).await;
    }
    drop(store);
    let path = folder.path().join("store.db");
    let mut bytes = fs::read(&path).expect("it reads");
    for page in bytes.chunks_mut(4096).skip(8).take(40) {
        page[..64].fill(0xEE);
    }
    fs::write(&path, bytes).expect("it writes");
    let store = match Embedded::open(folder.path()) {
        Ok(store) => store,
        Err(StoreError::Damaged(_)) => return,
        Err(other) => panic!("{other}"),
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(10), store.dead()).await;
    assert!(!found.expect("the check behind the start finds it").is_empty());
    assert!(matches!(store.get(super::P, &["r1".into()]).await, Err(StoreError::Damaged(_))));
    let commit = store.commit(Batch { put: vec![put("r", "x")], ..batch() }).await;
    assert!(matches!(commit, Err(StoreError::Damaged(_))), "{commit:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Damaged(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_harms_nobody() {
    let stand = stores::on_disk();
    for n in 0..50 {
        let store = Arc::clone(&stand.store);
        let commit =
            tokio::spawn(async move { store.commit(Batch { put: vec![put(&format!("r{n}"), "x")], ..batch() }).await });
        tokio::task::yield_now().await;
        commit.abort();
    }
    let outcome = stand.store.commit(Batch { put: vec![put("last", "x")], ..batch() }).await;
    assert_eq!(outcome.expect("it writes"), CommitOutcome::Committed);
}
