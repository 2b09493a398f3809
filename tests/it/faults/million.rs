//! T15: a start with a million records, after a kill: how long it takes, and how much memory.
//! Figures only: what a start must find is the other modules' affair.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, IndexEntry, Partition, Put, Store, embedded::Embedded};
use tokio::time::{Instant, sleep};

use super::served::{Served, ready, store_in};
use crate::length::{Progress, figure, size};
use crate::ports::free_port;
use crate::stores;

/// Set for the process that fills the store and is killed: the folder.
const VICTIM: &str = "TEST_MILLION_VICTIM";

/// Records of one commit, and the bytes of a sealed interaction.
const EACH: usize = 250;
const BYTES: usize = 700;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filler() {
    let Some(folder) = env::var_os(VICTIM) else { return };
    let store = Embedded::open(Path::new(&folder)).expect("it opens");
    let commits = size(4_000, 1_000_000) / EACH;
    let mut progress = Progress::of("commits that fill a store", commits);
    for commit in 0..commits {
        let name = |n: usize| format!("i/{:026}", commit * EACH + n);
        let put = |n| Put {
            name: name(n),
            bytes: Bytes::from(vec![7; BYTES]),
            version_index: true,
            alarm: Some(4_000_000_000_000),
            expires: None,
        };
        let entry = |n| IndexEntry { index: "x/shop".into(), member: name(n), bytes: Bytes::from(vec![9; 150]) };
        let batch = Batch {
            put: (0..EACH).map(put).collect(),
            enter: (0..EACH).map(entry).collect(),
            ..Batch::new(CommitId((commit as u128 + 1).to_be_bytes()), Partition(9))
        };
        assert_eq!(store.commit(batch).await.expect("it writes"), CommitOutcome::Committed);
        progress.at(commit);
    }
    println!("\nfilled");
    sleep(Duration::from_secs(600)).await; // until it is killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_with_many_records_is_ready_soon() {
    let folder = stores::folder();
    let store = store_in(folder.path());
    drop(Served::on(&store, free_port(), None)); // it makes the root key
    let mut filler = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "faults::million::filler", "--nocapture"])
        .env(VICTIM, &store)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(filler.stdout.take().expect("its output is ours"));
    let filled = said.lines().map_while(Result::ok).any(|line| line == "filled");
    filler.kill().expect("it is ours to kill");
    filler.wait().expect("it ends");
    assert!(filled);
    let bytes = fs::metadata(store.join("store.db")).expect("it is there").len();
    let began = Instant::now();
    let served = Served::on(&store, free_port(), None);
    let started = began.elapsed();
    assert_eq!(ready(&served.url).await, 200);
    let at_start = memory(served.process());
    sleep(Duration::from_secs(size(0, 60) as u64)).await; // the check behind the start
    assert_eq!(ready(&served.url).await, 200, "{}", served.said());
    figure(
        "T15",
        format_args!(
            "{} records in {} MB: ready {started:.1?} after a kill, {at_start} MB of memory, {} MB after the check",
            size(4_000, 1_000_000),
            bytes >> 20,
            memory(served.process())
        ),
    );
}

/// Resident memory of a process, in megabytes; 0 where the system does not say.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) >> 10
}
