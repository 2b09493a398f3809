//! A119: a start with a store that is missing, empty, older or another's: refused by name, and
//! nothing is made anew in its place.

use std::path::Path;

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, Partition, Put, Store, StoreError, embedded::Embedded};

use super::image::{Image, light};

async fn commits(store: &Embedded, seed: u8, from: u8, to: u8) {
    for n in from..to {
        let put =
            Put { name: format!("a/{n}"), bytes: Bytes::from(vec![n; 900]), version_index: true, ..Put::default() };
        let batch = Batch { put: vec![put], ..Batch::new(CommitId([seed ^ n; 16]), Partition(n)) };
        assert_eq!(store.commit(batch).await.expect("it writes"), CommitOutcome::Committed);
    }
}

fn refusal(folder: &Path) -> String {
    match Embedded::open(folder) {
        Err(StoreError::Damaged(why)) => why,
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("it opened"),
    }
}

/// A store of so many commits: killed with some in its log, and after a clean end.
async fn store(seed: u8, number: u8) -> (Image, Image) {
    let folder = light();
    let store = Embedded::open(folder.path()).expect("a new store");
    commits(&store, seed, 0, number / 2).await;
    drop(store);
    let store = Embedded::open(folder.path()).expect("it opens again");
    commits(&store, seed, number / 2, number).await;
    let killed = Image::of(folder.path());
    drop(store);
    (killed, Image::of(folder.path()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a119_a_file_that_is_gone_or_empty_is_a_loss_and_no_beginning() {
    let (killed, ended) = store(1, 40).await;
    for (state, image) in [("killed", &killed), ("ended", &ended)] {
        for (file, named) in [
            ("store.db", "store.db is missing or empty"),
            ("commits", "its ledger (commits) is"),
            ("countersign.store", "no countersign.store"),
        ] {
            for gone in [true, false] {
                let mut image = image.clone();
                if gone {
                    drop(image.0.remove(file))
                } else {
                    image.file(file).clear()
                }
                let folder = image.written();
                let why = refusal(folder.path());
                let empty_marker = !gone && file == "countersign.store";
                let named = if empty_marker { "names a format that this version does not know" } else { named };
                assert!(why.contains(named), "{state}, {file}, gone {gone}: {why}");
                let left = Image::of(folder.path());
                assert!(left.0.get(file).is_none_or(Vec::is_empty), "nothing was put in its place");
            }
        }
    }
    let mut cut = killed.clone();
    cut.file("store.db-wal").clear();
    assert!(refusal(cut.written().path()).contains("20 acknowledged commits are missing"));
    let mut image = ended;
    image.file("store.db").truncate(4096 * 3);
    assert!(Embedded::open(image.written().path()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a119_files_of_another_store_are_told_apart() {
    let (killed, ended) = store(1, 40).await;
    let (other_killed, other_ended) = store(2, 60).await;
    for (ours, others) in
        [(&killed, &other_killed), (&ended, &other_ended), (&killed, &other_ended), (&ended, &other_killed)]
    {
        let files = ["store.db", "store.db-wal", "commits", "countersign.store"];
        let logs_are_empty = ours.0["store.db-wal"].is_empty() && others.0["store.db-wal"].is_empty();
        // Every mixture of two stores' files but the two that are none.
        for mixture in 1..15u8 {
            let mut image = ours.clone();
            for (_, file) in files.iter().enumerate().filter(|(n, _)| mixture & (1 << n) != 0) {
                image.0.insert((*file).to_owned(), others.0[*file].clone());
            }
            // Only the log, or all but the log.
            if logs_are_empty && [0b0010, 0b1101].contains(&mixture) {
                continue;
            }
            let why = refusal(image.written().path());
            println!("{mixture:04b}: {why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a119_an_older_state_of_a_file_is_a_loss() {
    let folder = light();
    let mut states = Vec::new();
    for life in 0..3 {
        let store = Embedded::open(folder.path()).expect("it opens");
        commits(&store, 9, life * 20, life * 20 + 20).await;
        states.push(Image::of(folder.path()));
        drop(store);
        states.push(Image::of(folder.path()));
    }
    let newest = states.pop().expect("there are six");
    states.pop(); // its log tells nothing else
    for old in &states {
        for file in ["store.db", "store.db-wal"] {
            let mut image = newest.clone();
            if old.0[file] == newest.0[file] {
                continue;
            }
            image.0.insert(file.to_owned(), old.0[file].clone());
            let why = refusal(image.written().path());
            assert!(why.contains("older") || why.contains("missing") || why.contains("damaged"), "{file}: {why}");
        }
    }
}
