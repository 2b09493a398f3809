//! The clauses of the store port, each run against every implementation.
//!
//! A clause takes a store and knows nothing else of it. What only one implementation promises
//! (a folder, a flush, a round trip) is in the modules below.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use countersign::store::{
    Batch, CommitId, CommitOutcome, Expect, IndexEntry, Order, Partition, Put, Record, RecordKey, Store, VersionIndex,
};

mod crash;
mod embedded;
mod redis;

/// The contract's own present: no clause asks a clock.
const NOW: u64 = 1_800_000_000_000;
const P: Partition = Partition(7);

macro_rules! contract {
    ($($clause:ident)*) => {
        contract! { @on memory $($clause)* }
        contract! { @on disk $($clause)* }
        contract! { @on redis $($clause)* }
        contract! { @on simulated $($clause)* }
        contract! { @on cluster $($clause)* }
        contract! { @on sentinel $($clause)* }
    };
    (@on $store:ident $($clause:ident)*) => {
        mod $store {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $clause() {
                    if let Some(stand) = crate::stores::$store().await {
                        super::super::$clause(std::sync::Arc::clone(&stand.store)).await;
                    }
                }
            )*
        }
    };
}

mod clause {
    contract! {
        c1_a_commit_writes_all_of_its_batch
        c1_a_conflict_writes_nothing_of_its_batch
        c1_any_bytes_come_back_as_they_were
        c2_absent_present_and_mismatch
        c2_what_has_changed_is_known_unread
        c2_all_of_several_expectations_must_hold
        c2_of_64_at_once_one_wins
        c2_a_version_never_comes_back
        c3_a_repetition_is_committed_once
        c3_a_repetition_is_found_by_any_record_it_put
        c4_nothing_vanishes_early
        c4_a_record_put_again_outlives_a_sweep
        c4_a_sweep_beside_commits_loses_none
        c5_an_alarm_is_due_at_its_moment_and_leased
        c5_putting_again_moves_or_ends_an_alarm
        c5_claimants_at_once_never_share_a_key
        c6_a_tags_events_keep_their_order
        c6_trimming_forgets_up_to_a_number_of_one_tag
        c6_numbers_never_come_back
        c7_pages_both_ways
        c7_entries_are_replaced_removed_and_trimmed
        c7_indexes_of_partitions_are_apart
        a_board_is_right_where_it_is_kept
        it_wakes_and_never_sleeps_long
        it_answers_a_ping
    }
}

/// A commit id that no other test has.
fn fresh() -> CommitId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [0xC5; 16];
    id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    CommitId(id)
}

fn batch() -> Batch {
    Batch::new(fresh(), P)
}

fn put(name: &str, bytes: &str) -> Put {
    Put { name: name.to_owned(), bytes: Bytes::copy_from_slice(bytes.as_bytes()), ..Put::default() }
}

fn entry(index: &str, member: &str, bytes: &str) -> IndexEntry {
    IndexEntry { index: index.to_owned(), member: member.to_owned(), bytes: Bytes::copy_from_slice(bytes.as_bytes()) }
}

fn key(name: &str) -> RecordKey {
    RecordKey { partition: P, name: name.to_owned() }
}

fn event(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

async fn get(store: &dyn Store, name: &str) -> Option<Record> {
    let found = store.get(P, &[name.to_owned()]).await.expect("it reads");
    let [record] = <[_; 1]>::try_from(found).expect("one name, one answer");
    record
}

async fn committed(store: &dyn Store, batch: Batch) -> CommitId {
    let id = batch.id;
    assert_eq!(store.commit(batch).await.expect("it writes"), CommitOutcome::Committed);
    id
}

async fn written(store: &dyn Store, record: Put) -> CommitId {
    committed(store, Batch { put: vec![record], ..batch() }).await
}

async fn conflicts(store: &dyn Store, batch: Batch) {
    assert_eq!(store.commit(batch).await.expect("it judges"), CommitOutcome::Conflict);
}

async fn members(store: &dyn Store, index: &str, order: Order, after: Option<&str>, limit: usize) -> Vec<String> {
    let page = store.list(P, index, order, after, limit).await.expect("it lists");
    page.into_iter().map(|entry| entry.member).collect()
}

async fn c1_a_commit_writes_all_of_its_batch(store: Arc<dyn Store>) {
    let id = committed(
        &*store,
        Batch {
            expect: vec![("a".to_owned(), Expect::Absent)],
            put: vec![put("a", "1"), Put { alarm: Some(NOW), ..put("b", "2") }],
            enter: vec![entry("list", "m", "e")],
            events: vec![event("x")],
            ..batch()
        },
    )
    .await;
    let found = store.get(P, &["b".into(), "none".into(), "a".into()]).await.expect("it reads");
    let record = |bytes: &'static str| Some(Record { version: id, bytes: Bytes::from(bytes) });
    assert_eq!(found, [record("2"), None, record("1")], "in the order of the names");
    assert_eq!(store.list(P, "list", Order::Rising, None, 9).await.expect("it lists"), [entry("list", "m", "e")]);
    assert_eq!(store.outbox(9).await.expect("it reads").waiting[0].bytes, event("x"));
    assert_eq!(store.due(NOW, 9, 1).await.expect("it claims"), [key("b")]);
    assert!(store.get(P, &[]).await.expect("it reads").is_empty());
}

async fn c1_a_conflict_writes_nothing_of_its_batch(store: Arc<dyn Store>) {
    let first =
        committed(&*store, Batch { put: vec![put("kept", "1")], enter: vec![entry("list", "kept", "1")], ..batch() })
            .await;
    conflicts(
        &*store,
        Batch {
            expect: vec![("kept".into(), Expect::Version(first)), ("new".into(), Expect::Version(first))],
            put: vec![put("other", "2"), Put { alarm: Some(NOW), ..put("new", "2") }],
            delete: vec!["kept".into()],
            enter: vec![entry("list", "new", "2")],
            remove: vec![("list".into(), "kept".into())],
            trim: vec![("list".into(), "z".into())],
            events: vec![event("never")],
            ..batch()
        },
    )
    .await;
    assert_eq!(get(&*store, "kept").await.map(|kept| kept.version), Some(first));
    assert_eq!((get(&*store, "other").await, get(&*store, "new").await), (None, None));
    assert_eq!(members(&*store, "list", Order::Rising, None, 9).await, ["kept"]);
    assert!(store.outbox(9).await.expect("it reads").waiting.is_empty());
    assert!(store.due(NOW, 9, 1).await.expect("it claims").is_empty());
}

async fn c1_any_bytes_come_back_as_they_were(store: Arc<dyn Store>) {
    let every: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every.iter().copied().cycle().take(300_000).collect();
    for (name, bytes) in [("empty", Vec::new()), ("every", every), ("large", large)] {
        let bytes = Bytes::from(bytes);
        committed(
            &*store,
            Batch {
                put: vec![Put { name: name.to_owned(), bytes: bytes.clone(), ..Put::default() }],
                enter: vec![IndexEntry { index: "list".into(), member: name.to_owned(), bytes: bytes.clone() }],
                events: vec![bytes.clone()],
                ..batch()
            },
        )
        .await;
        assert_eq!(get(&*store, name).await.expect("it was put").bytes, bytes);
        let listed = store.list(P, "list", Order::Rising, None, 9).await.expect("it lists");
        assert!(listed.iter().any(|entry| entry.member == name && entry.bytes == bytes));
        assert!(store.outbox(9).await.expect("it reads").waiting.iter().any(|event| event.bytes == bytes));
    }
    let longest = "n".repeat(200);
    written(&*store, put(&longest, "x")).await;
    assert!(get(&*store, &longest).await.is_some());
}

async fn c2_absent_present_and_mismatch(store: Arc<dyn Store>) {
    let with = |expect| Batch { expect: vec![("r".into(), expect)], put: vec![put("r", "x")], ..batch() };
    conflicts(&*store, with(Expect::Version(fresh()))).await;
    let first = committed(&*store, with(Expect::Absent)).await;
    conflicts(&*store, with(Expect::Absent)).await;
    conflicts(&*store, with(Expect::Version(fresh()))).await;
    let second = committed(&*store, with(Expect::Version(first))).await;
    conflicts(&*store, with(Expect::Version(first))).await;
    assert_eq!(get(&*store, "r").await.map(|record| record.version), Some(second));
}

async fn c2_what_has_changed_is_known_unread(store: Arc<dyn Store>) {
    let changed = async |seen| store.has_changed(P, "r", seen).await.expect("it is asked");
    assert_eq!((changed(None).await, changed(Some(fresh())).await), (false, true));
    let with = |expect| Batch { expect: vec![("r".into(), expect)], put: vec![put("r", "x")], ..batch() };
    let first = committed(&*store, with(Expect::Absent)).await;
    assert_eq!((changed(None).await, changed(Some(first)).await), (true, false));
    let second = committed(&*store, with(Expect::Version(first))).await;
    assert_eq!((changed(Some(first)).await, changed(Some(second)).await), (true, false));
    committed(&*store, Batch { put: vec![put("other", "x")], delete: vec!["r".into()], ..batch() }).await;
    assert_eq!((changed(None).await, changed(Some(second)).await), (false, true));
}

async fn c2_all_of_several_expectations_must_hold(store: Arc<dyn Store>) {
    let (one, two) = (written(&*store, put("one", "1")).await, written(&*store, put("two", "2")).await);
    let with = |expect: [(&str, Expect); 3]| Batch {
        expect: expect.map(|(name, expect)| (name.to_owned(), expect)).to_vec(),
        put: vec![put("result", "x")],
        ..batch()
    };
    let held = [("one", Expect::Version(one)), ("two", Expect::Version(two)), ("three", Expect::Absent)];
    for broken in 0..3 {
        let mut expect = held;
        expect[broken].1 = Expect::Version(fresh());
        conflicts(&*store, with(expect)).await;
    }
    assert_eq!(get(&*store, "result").await, None);
    committed(&*store, with(held)).await;
}

async fn c2_of_64_at_once_one_wins(store: Arc<dyn Store>) {
    let mut version = written(&*store, put("raced", "0")).await;
    for round in 0..30 {
        let racers: Vec<_> = (0..64)
            .map(|racer| {
                let store = Arc::clone(&store);
                let text = format!("{round}.{racer}");
                let batch = Batch {
                    expect: vec![("raced".into(), Expect::Version(version))],
                    put: vec![put("raced", &text)],
                    events: vec![event(text)],
                    ..batch()
                };
                tokio::spawn(async move { (batch.id, store.commit(batch).await.expect("it judges")) })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            let (id, outcome) = racer.await.expect("no racer falls");
            if outcome == CommitOutcome::Committed {
                winners.push(id);
            }
        }
        let raced = get(&*store, "raced").await.expect("it is there");
        assert_eq!(winners, [raced.version], "round {round}");
        version = raced.version;
    }
    assert_eq!(store.outbox(99).await.expect("it reads").waiting.len(), 30, "losers announce nothing");
}

async fn c2_a_version_never_comes_back(store: Arc<dyn Store>) {
    let first = written(&*store, put("r", "same")).await;
    committed(&*store, Batch { put: vec![put("note", "deleted r")], delete: vec!["r".into()], ..batch() }).await;
    assert_eq!(get(&*store, "r").await, None);
    let stale = |put| Batch { expect: vec![("r".into(), Expect::Version(first))], put: vec![put], ..batch() };
    conflicts(&*store, stale(put("r", "late"))).await;
    written(&*store, put("r", "same")).await;
    conflicts(&*store, stale(put("r", "late"))).await;
    assert_eq!(get(&*store, "r").await.expect("it is there").bytes, "same");
}

async fn c3_a_repetition_is_committed_once(store: Arc<dyn Store>) {
    let first = written(&*store, put("r", "0")).await;
    let again = Batch {
        expect: vec![("r".into(), Expect::Version(first))],
        put: vec![put("r", "1")],
        events: vec![event("once")],
        ..batch()
    };
    for _ in 0..3 {
        committed(&*store, again.clone()).await;
    }
    let together = (0..16).map(|_| store.commit(again.clone()));
    for outcome in futures_util::future::join_all(together).await {
        assert_eq!(outcome.expect("it judges"), CommitOutcome::Committed);
    }
    assert_eq!(store.outbox(9).await.expect("it reads").waiting.len(), 1);
    written(&*store, put("r", "2")).await;
    conflicts(&*store, again).await;
    assert_eq!(get(&*store, "r").await.expect("it is there").bytes, "2", "a late repetition takes nothing back");
}

async fn c3_a_repetition_is_found_by_any_record_it_put(store: Arc<dyn Store>) {
    let guard = written(&*store, put("guard", "0")).await;
    let again = Batch {
        expect: vec![("guard".into(), Expect::Version(guard))],
        put: vec![put("seen", "1"), put("replaced", "1")],
        events: vec![event("once")],
        ..batch()
    };
    committed(&*store, again.clone()).await;
    written(&*store, put("replaced", "2")).await;
    // All its expectations hold still, and one of its two records is another's by now.
    committed(&*store, again).await;
    assert_eq!(get(&*store, "replaced").await.expect("it is there").bytes, "2");
    assert_eq!(store.outbox(9).await.expect("it reads").waiting.len(), 1);
}

async fn c4_nothing_vanishes_early(store: Arc<dyn Store>) {
    for (name, expires) in [("past", Some(NOW - 1)), ("now", Some(NOW)), ("later", Some(NOW + 1)), ("ever", None)] {
        written(&*store, Put { expires, ..put(name, "x") }).await;
        assert!(get(&*store, name).await.is_some(), "{name}: only a sweep may remove it");
    }
    store.sweep(NOW).await.expect("it sweeps");
    for name in ["now", "later", "ever"] {
        assert!(get(&*store, name).await.is_some(), "{name}");
    }
}

async fn c4_a_record_put_again_outlives_a_sweep(store: Arc<dyn Store>) {
    written(&*store, Put { expires: Some(NOW - 5), ..put("longer", "x") }).await;
    written(&*store, Put { expires: Some(NOW - 5), ..put("ever", "x") }).await;
    written(&*store, Put { expires: Some(NOW + 5), ..put("longer", "x") }).await;
    written(&*store, put("ever", "x")).await;
    assert_eq!(store.sweep(NOW).await.expect("it sweeps"), 0);
    assert!(get(&*store, "longer").await.is_some() && get(&*store, "ever").await.is_some());
}

/// A137: a sweep runs while locks that had expired are locked again.
async fn c4_a_sweep_beside_commits_loses_none(store: Arc<dyn Store>) {
    let sweeper = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..60 {
                store.sweep(NOW).await.expect("it sweeps");
            }
        })
    };
    let lockers: Vec<_> = (0..8)
        .map(|locker| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..20 {
                    let name = format!("lock/{locker}.{round}");
                    written(&*store, Put { expires: Some(NOW - 1), ..put(&name, "stale") }).await;
                    let lock = written(&*store, Put { expires: Some(NOW + 1), ..put(&name, "live") }).await;
                    let found = get(&*store, &name).await.expect("a live lock stands");
                    assert_eq!(found.version, lock);
                }
            })
        })
        .collect();
    sweeper.await.expect("the sweeper ends");
    for locker in lockers {
        locker.await.expect("no lock is lost");
    }
    store.sweep(NOW).await.expect("it sweeps");
    for name in (0..8).flat_map(|locker| (0..20).map(move |round| format!("lock/{locker}.{round}"))) {
        assert_eq!(get(&*store, &name).await.expect("a live lock stands").bytes, "live");
    }
}

async fn c5_an_alarm_is_due_at_its_moment_and_leased(store: Arc<dyn Store>) {
    written(&*store, Put { alarm: Some(NOW), ..put("a", "x") }).await;
    assert!(store.due(NOW - 1, 9, 100).await.expect("it claims").is_empty());
    assert_eq!(store.due(NOW, 9, 100).await.expect("it claims"), [key("a")]);
    assert!(store.due(NOW + 99, 9, 100).await.expect("it claims").is_empty(), "it is leased");
    assert_eq!(store.due(NOW + 100, 9, 100).await.expect("it claims"), [key("a")], "nobody saw to it");
    assert!(get(&*store, "a").await.is_some());

    for (name, partition) in [("p0", 0), ("p255", 255), ("p8", 8)] {
        let alarm = Put { alarm: Some(NOW), ..put(name, "x") };
        committed(&*store, Batch { put: vec![alarm], ..Batch::new(fresh(), Partition(partition)) }).await;
    }
    let mut due = store.due(NOW, 2, 100).await.expect("it claims");
    assert_eq!(due.len(), 2, "no more than asked for");
    due.extend(store.due(NOW, 2, 100).await.expect("it claims"));
    let due: HashSet<_> = due.into_iter().map(|key| (key.name, key.partition.0)).collect();
    assert_eq!(due, HashSet::from([("p0".into(), 0), ("p255".into(), 255), ("p8".into(), 8)]));
}

async fn c5_putting_again_moves_or_ends_an_alarm(store: Arc<dyn Store>) {
    for name in ["moved", "ended", "deleted", "released"] {
        written(&*store, Put { alarm: Some(NOW), ..put(name, "x") }).await;
    }
    assert_eq!(store.due(NOW, 9, 1000).await.expect("it claims").len(), 4);
    written(&*store, Put { alarm: Some(NOW + 50), ..put("moved", "x") }).await;
    written(&*store, Put { alarm: Some(NOW), ..put("released", "x") }).await;
    committed(&*store, Batch { put: vec![put("ended", "x")], delete: vec!["deleted".into()], ..batch() }).await;
    assert_eq!(store.due(NOW, 9, 1000).await.expect("it claims"), [key("released")]);
    assert_eq!(store.due(NOW + 50, 9, 1000).await.expect("it claims"), [key("moved")]);
    assert_eq!(store.due(NOW + 1_000_000, 9, 1).await.expect("it claims").len(), 2);
}

async fn c5_claimants_at_once_never_share_a_key(store: Arc<dyn Store>) {
    for n in 0..200_u8 {
        let alarm = Put { alarm: Some(NOW - u64::from(n % 3)), ..put(&format!("task/{n}"), "x") };
        committed(&*store, Batch { put: vec![alarm], ..Batch::new(fresh(), Partition(n)) }).await;
    }
    let claimants: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let due = store.due(NOW, 7, 1000).await.expect("it claims");
                    if due.is_empty() {
                        return mine;
                    }
                    mine.extend(due);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for claimant in claimants {
        all.extend(claimant.await.expect("it ends"));
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 200);
}

async fn c6_a_tags_events_keep_their_order(store: Arc<dyn Store>) {
    for n in 0..40_u8 {
        let events = (0..3).map(|part| event(format!("{n}.{part}"))).collect();
        let id = fresh();
        committed(&*store, Batch { put: vec![put("r", "x")], events, ..Batch::new(id, Partition(n % 2 * 100)) }).await;
    }
    let outbox = store.outbox(1000).await.expect("it reads");
    assert!(outbox.missed.is_none(), "each tag was asked: {outbox:?}");
    let waiting = outbox.waiting;
    assert_eq!(waiting.len(), 120);
    for (tag, parity) in [(0, 0), (25, 1)] {
        let of_tag: Vec<_> = waiting.iter().filter(|event| event.tag == tag).collect();
        let expected: Vec<_> = (0..40)
            .filter(|n| n % 2 == parity)
            .flat_map(|n| (0..3).map(move |part| event(format!("{n}.{part}"))))
            .collect();
        assert_eq!(of_tag.iter().map(|event| event.bytes.clone()).collect::<Vec<_>>(), expected);
        assert!(of_tag.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    }
    assert_eq!(store.outbox(7).await.expect("it reads").waiting.len(), 7);
    assert_eq!(store.outbox(1000).await.expect("it reads").waiting.len(), 120, "reading takes nothing away");
}

async fn c6_trimming_forgets_up_to_a_number_of_one_tag(store: Arc<dyn Store>) {
    for n in 0..20_u8 {
        let id = fresh();
        committed(
            &*store,
            Batch {
                put: vec![put("r", "x")],
                events: vec![event(n.to_string())],
                ..Batch::new(id, Partition(n % 2 * 4))
            },
        )
        .await;
    }
    let of_tag = async |tag| {
        let mut waiting = store.outbox(99).await.expect("it reads").waiting;
        waiting.retain(|event| event.tag == tag);
        waiting
    };
    let zero = of_tag(0).await;
    store.trim_outbox(0, zero[3].seq).await.expect("it trims");
    store.trim_outbox(0, zero[1].seq).await.expect("trimming twice is trimming once");
    assert_eq!(of_tag(0).await, zero[4..]);
    assert_eq!(of_tag(1).await.len(), 10);
    let one = of_tag(1).await;
    let taken = BTreeMap::from([(0, zero[9].seq), (1, one[6].seq), (2, one[6].seq)]);
    store.trim_outboxes(&taken).await.expect("it trims several tags");
    assert!(of_tag(0).await.is_empty());
    assert_eq!(of_tag(1).await, one[7..]);
}

async fn c6_numbers_never_come_back(store: Arc<dyn Store>) {
    let mut last = 0;
    for n in 0..5 {
        committed(&*store, Batch { put: vec![put("r", "x")], events: vec![event(n.to_string())], ..batch() }).await;
        let waiting = store.outbox(9).await.expect("it reads").waiting;
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].seq > last, "after an emptied outbox, too");
        last = waiting[0].seq;
        store.trim_outbox(P.tag(), last).await.expect("it trims");
    }
}

async fn c7_pages_both_ways(store: Arc<dyn Store>) {
    let names = ["B", "a", "a0", "b", "é", "日"];
    let enter = names.iter().rev().map(|member| entry("list", member, member)).collect();
    committed(&*store, Batch { put: vec![put("r", "x")], enter, ..batch() }).await;
    let page = async |order, after, limit| members(&*store, "list", order, after, limit).await;
    assert_eq!(page(Order::Rising, None, 99).await, names, "bytewise");
    assert_eq!(page(Order::Rising, None, 2).await, ["B", "a"]);
    assert_eq!(page(Order::Rising, Some("a"), 2).await, ["a0", "b"]);
    assert_eq!(page(Order::Rising, Some("c"), 9).await, ["é", "日"], "after one that is not there");
    assert_eq!(page(Order::Falling, None, 2).await, ["日", "é"]);
    assert_eq!(page(Order::Falling, Some("é"), 2).await, ["b", "a0"]);
    assert_eq!(page(Order::Falling, Some("B"), 2).await, [""; 0]);
    assert_eq!(page(Order::Rising, Some("日"), 2).await, [""; 0]);
    assert_eq!(members(&*store, "none", Order::Rising, None, 9).await, [""; 0]);
}

async fn c7_entries_are_replaced_removed_and_trimmed(store: Arc<dyn Store>) {
    let enter = (0..2500).map(|n| entry("list", &format!("{n:04}"), "old")).collect();
    committed(&*store, Batch { put: vec![put("r", "x")], enter, ..batch() }).await;
    committed(
        &*store,
        Batch {
            put: vec![put("r", "x")],
            enter: vec![entry("list", "2400", "new")],
            remove: vec![("list".into(), "2401".into()), ("list".into(), "none".into())],
            trim: vec![("list".into(), "2398".into())],
            ..batch()
        },
    )
    .await;
    let page = store.list(P, "list", Order::Rising, None, 3).await.expect("it lists");
    assert_eq!(page, [entry("list", "2399", "old"), entry("list", "2400", "new"), entry("list", "2402", "old")]);
    assert_eq!(members(&*store, "list", Order::Falling, None, 5000).await.len(), 100);
}

async fn c7_indexes_of_partitions_are_apart(store: Arc<dyn Store>) {
    // 4 and 5 lie under one tag, 8 under another.
    for partition in [4, 5, 8] {
        let enter = vec![entry("list", &partition.to_string(), "x")];
        committed(&*store, Batch { put: vec![put("r", "x")], enter, ..Batch::new(fresh(), Partition(partition)) })
            .await;
    }
    for partition in [4, 5, 8] {
        let page = store.list(Partition(partition), "list", Order::Rising, None, 9).await.expect("it lists");
        assert_eq!(page, [entry("list", &partition.to_string(), "x")]);
    }
}

async fn a_board_is_right_where_it_is_kept(store: Arc<dyn Store>) {
    let flag = || Put { version_index: true, ..put("flag", "x") };
    if store.version_index(&key("flag")) == VersionIndex::NotKept {
        written(&*store, flag()).await;
        assert_eq!(store.version_index(&key("flag")), VersionIndex::NotKept);
        return;
    }
    assert_eq!(store.version_index(&key("flag")), VersionIndex::Absent);
    for _ in 0..3 {
        let version = written(&*store, flag()).await;
        assert_eq!(store.version_index(&key("flag")), VersionIndex::Version(version), "as soon as it is answered");
    }
    committed(&*store, Batch { put: vec![put("r", "x")], delete: vec!["flag".into()], ..batch() }).await;
    assert_eq!(store.version_index(&key("flag")), VersionIndex::Absent);
    written(&*store, Put { expires: Some(NOW - 1), ..flag() }).await;
    store.sweep(NOW).await.expect("it sweeps");
    assert_eq!(store.version_index(&key("flag")), VersionIndex::Absent);
}

async fn it_wakes_and_never_sleeps_long(store: Arc<dyn Store>) {
    let begun = tokio::time::Instant::now();
    store.woken().await;
    assert!(begun.elapsed().as_millis() < 1500);
    committed(&*store, Batch { put: vec![put("r", "x")], events: vec![event("x")], ..batch() }).await;
    let begun = tokio::time::Instant::now();
    store.woken().await;
    assert!(begun.elapsed().as_millis() < 90, "a commit just before is not missed");
}

async fn it_answers_a_ping(store: Arc<dyn Store>) {
    store.ping().await.expect("it would take a commit");
}
