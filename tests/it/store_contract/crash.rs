//! The embedded store, killed in the middle of its work: in a start, a commit or a checkpoint.
//! What every store promises stands in the parent; here only what survives.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use countersign::ambient::Entropy;
use countersign::store::{CommitId, Store, VersionIndex, embedded::Embedded};

use super::{Batch, Put, committed, entry, event, get, key, put};
use crate::length::{figure, rounds, seed};
use crate::stores;
use crate::world::ambient::SeededEntropy;

/// Set for the process that is killed: the folder it is to work in.
const VICTIM: &str = "COUNTERSIGN_TEST_VICTIM";

/// Commits that change four things together, until the process is killed; says each one's number
/// once it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Some(folder) = env::var_os(VICTIM) else { return };
    let store = Embedded::open(Path::new(&folder)).expect("it opens after every kill");
    let from = match get(&store, "counter").await {
        Some(counter) => number(&counter.bytes) + 1,
        None => 0,
    };
    for n in from.. {
        let text = format!("{n}{}", " ".repeat(n % 7000));
        committed(
            &store,
            Batch {
                put: vec![put("counter", &text), Put { version_index: true, ..put(&format!("r/{}", n % 40), &text) }],
                enter: vec![entry("list", &format!("{:02}", n % 40), &text)],
                events: vec![event(text.clone())],
                // No two lives may draw the same.
                ..Batch::new(CommitId((n as u128).to_be_bytes()), super::P)
            },
        )
        .await;
        let waiting = store.outbox(1).await.expect("it reads").waiting;
        if n > 40 {
            store.trim_outbox(super::P.tag(), waiting[0].seq).await.expect("it trims");
        }
        // Not captured as what a test prints would be, and at once.
        writeln!(std::io::stderr(), "acknowledged {n}").expect("somebody listens");
    }
}

fn number(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).expect("the victim writes numbers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged_and_tears_nothing() {
    let folder = stores::folder();
    let chance = SeededEntropy::new(seed());
    let (mut last, mut lives) = (0, 0);
    for life in rounds("SIGKILLs of a store", 12, 1000) {
        let mut victim = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "store_contract::crash::victim", "--nocapture"])
            .env(VICTIM, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = BufReader::new(victim.stderr.take().expect("its output is ours"));
        let (tell, told) = mpsc::channel();
        let listener = std::thread::spawn(move || {
            said.lines()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
                .inspect(|_| tell.send(()).unwrap_or(()))
                .last()
        });
        // Every fourth in its start; the others somewhere in their first commits and checkpoints.
        if life % 4 != 3 {
            told.recv().expect("it commits");
        }
        let mut millis = [0];
        chance.fill(&mut millis);
        tokio::time::sleep(Duration::from_millis(u64::from(millis[0]) % 51)).await;
        victim.kill().expect("it is ours to kill");
        victim.wait().expect("it ends");
        let acknowledged: Option<usize> = listener.join().expect("the listener ends");

        lives += 1;
        let store = Embedded::open(folder.path()).expect("it opens after a kill");
        store.proved().await.expect("it is sound");
        let Some(counter) = get(&store, "counter").await else {
            assert_eq!(acknowledged, None);
            continue;
        };
        last = number(&counter.bytes);
        assert!(acknowledged.is_none_or(|n| n <= last), "{acknowledged:?} was acknowledged, {last} is there");
        let name = format!("r/{}", last % 40);
        let record = get(&store, &name).await.expect("it was put with the counter");
        assert_eq!((record.version, &record.bytes), (counter.version, &counter.bytes));
        assert_eq!(store.version_index(&key(&name)), VersionIndex::Version(counter.version));
        let list = store.list(super::P, "list", super::Order::Rising, None, 99).await.expect("it lists");
        assert_eq!(list.iter().map(|entry| number(&entry.bytes)).max(), Some(last));
        let waiting = store.outbox(1000).await.expect("it reads").waiting;
        assert!(waiting.last().is_none_or(|event| number(&event.bytes) == last));
        assert!(last < 40 || list.len() == 40);
    }
    assert!(last >= lives / 2, "the victims did work: {last}");
    figure("T2", format_args!("{lives} SIGKILLs of a store: nothing of {last} acknowledged commits lost or torn"));
}
