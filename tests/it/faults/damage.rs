//! A118, T2: a log that ends too early anywhere, and damage anywhere, before a start.
//!
//! The store under test was killed with acknowledged commits in its log; each case is a fresh copy
//! with one fault.

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, IndexEntry, Partition, Put, Store, embedded::Embedded};

use super::image::{Chance, Image, PAGE, befall, light};
use super::known::{Contents, Verdict};
use crate::length::{figure, rounds, seed, size};

/// What one commit of the store under test does: some of everything that a store can.
fn batch(n: usize, chance: &Chance) -> Batch {
    let mut id = [0x5A; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    let moment = |kept: bool| kept.then_some(1_800_000_000_000 + n as u64);
    let bytes = |most: usize| Bytes::from(vec![u8::try_from(n % 251).expect("a byte"); 40 + chance.below(most)]);
    let kind = ["i", "a", "j", "e"][n % 4];
    Batch {
        put: vec![
            Put {
                name: format!("{kind}/{:06}", n * 7919 % 60),
                // Some lie on overflow pages.
                bytes: bytes(if n.is_multiple_of(9) { 9000 } else { 900 }),
                version_index: n % 4 < 2,
                alarm: moment(n.is_multiple_of(3)),
                expires: moment(n.is_multiple_of(5)),
            },
            Put { name: format!("t/{}", n % 3), bytes: bytes(200), version_index: true, ..Put::default() },
        ],
        delete: if n.is_multiple_of(11) { vec![format!("e/{:06}", n % 60)] } else { Vec::new() },
        enter: vec![IndexEntry { index: format!("s/{}", n % 2), member: format!("{n:016}"), bytes: bytes(300) }],
        trim: vec![(format!("s/{}", n % 2), format!("{:016}", n.saturating_sub(60)))],
        events: vec![bytes(200)],
        ..Batch::new(CommitId(id), Partition(7))
    }
}

/// A store that was killed, in several moments of its life.
struct Killed {
    contents: Contents,
    /// Commits in the log, none of them in the database file since.
    logged: Image,
    /// The database file when the log's pages have been moved into it.
    moved: Vec<u8>,
    /// The same store after a clean end: all of it in the database file.
    ended: Image,
    /// A database file of an earlier moment.
    before: Vec<u8>,
}

impl Killed {
    async fn new(chance: &Chance) -> Self {
        let folder = light();
        let mut n = 0;
        let mut before = Vec::new();
        // Three lives: the second ends in good order, the third is killed.
        for life in 0..3 {
            let store = Embedded::open(folder.path()).expect("it opens");
            for _ in 0..90 {
                n += 1;
                let outcome = store.commit(batch(n, chance)).await.expect("it writes");
                assert_eq!(outcome, CommitOutcome::Committed);
            }
            store.trim_outbox(Partition(7).tag(), (n - 50) as u64).await.expect("it trims");
            match life {
                0 => drop(store),
                1 => {
                    drop(store);
                    before = Image::of(folder.path()).file("store.db").clone();
                }
                _ => {
                    let logged = Image::of(folder.path());
                    let copy = logged.written();
                    // A start moves the log's pages.
                    let opened = Embedded::open(copy.path()).expect("a killed store opens");
                    let moved = Image::of(copy.path()).file("store.db").clone();
                    drop(opened);
                    let ended = Image::of(copy.path());
                    return Self { contents: Contents::of(copy.path()), logged, moved, ended, before };
                }
            }
        }
        unreachable!("the third life returns")
    }

    /// Killed while the log's pages were moved: the first so many were.
    fn half_moved(&self, pages: usize) -> Image {
        let mut image = self.logged.clone();
        let db = image.file("store.db");
        let end = self.moved.len().min(pages * PAGE);
        if db.len() < end {
            db.resize(end, 0);
        }
        db[..end].copy_from_slice(&self.moved[..end]);
        image
    }

    fn some_state(&self, chance: &Chance) -> Image {
        match chance.below(4) {
            0 => self.half_moved(chance.below(self.moved.len() / PAGE)),
            1 => self.logged.clone(),
            _ => self.ended.clone(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_a_log_cut_anywhere_is_named() {
    let chance = Chance::new(seed());
    let killed = Killed::new(&chance).await;
    assert_eq!(killed.contents.judge(killed.logged.written().path()).await, Verdict::Whole);
    let length = killed.logged.0["store.db-wal"].len();
    let tail = length.min(1 << 16);
    let stride = size(613, 1);
    let mut refused = 0;
    for cut in rounds("cuts of the log", tail / stride, tail / stride).map(|n| length - 1 - n * stride) {
        let mut image = if cut % 2 == 0 {
            killed.logged.clone()
        } else {
            killed.half_moved(chance.below(killed.moved.len() / PAGE))
        };
        image.file("store.db-wal").truncate(cut);
        let verdict = killed.contents.judge(image.written().path()).await;
        assert_eq!(verdict, Verdict::Refused, "cut at {cut} of {length}");
        refused += 1;
    }
    figure("T2", format_args!("{refused} cuts of the log's last {tail} bytes: each refused by name, none silent"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_damage_anywhere_is_named_or_harmless() {
    let chance = Chance::new(seed());
    let killed = Killed::new(&chance).await;
    let mut tally = [0; 4];
    for round in rounds("faults in files", 200, 10_000) {
        let mut image = killed.some_state(&chance);
        let fault = befall(&mut image, &killed.before, &chance);
        eprintln!("{round}: {fault}");
        tally[killed.contents.judge(image.written().path()).await as usize] += 1;
    }
    let [whole, refused, named, sealed] = tally;
    assert!(refused > 0 && whole > 0, "{tally:?}");
    figure(
        "T2",
        format_args!(
            "{} faults in a store of {} records: {refused} refused at the start, {named} named behind it, \
             {sealed} left to the seal, {whole} harmless, none silent",
            tally.iter().sum::<i32>(),
            killed.contents.len()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_a_kill_in_the_middle_of_a_checkpoint_loses_nothing() {
    let chance = Chance::new(seed());
    let killed = Killed::new(&chance).await;
    let pages = killed.moved.len() / PAGE;
    for moved in (0..=pages).step_by(size(7, 1)) {
        let image = killed.half_moved(moved);
        assert_eq!(killed.contents.judge(image.written().path()).await, Verdict::Whole, "{moved} of {pages} pages");
    }
}
