//! A121, T17: a disk that is really full, under the real binary: a small file system in memory,
//! mounted by the test. Nothing is compared whose count cannot be kept, reads go on, and room that
//! is made again is enough.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
    time::Duration,
};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, Partition, Put, Store, embedded::Embedded};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::served::{Served, Told, all_there, opens, ready, says, store_in};
use crate::crash::people::{Outsiders, Story};
use crate::length::{figure, rounds, size};
use crate::outside::skip;
use crate::ports::free_port;
use crate::world::unique;

/// A file system of some megabytes. It goes with this value.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mounted() -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256m", "tmpfs"]).arg(folder.path()).output();
        if !mount.is_ok_and(|mount| mount.status.success()) {
            skip("a small file system cannot be mounted here: that takes root");
            return None;
        }
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room that there is but so many bytes.
    fn fill(&self, but: u64) {
        let mut file = File::options().create(true).append(true).open(self.path().join("ballast")).expect("a file");
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
        let taken = file.metadata().expect("it is there").len();
        file.set_len(taken - but).expect("it can be cut");
    }

    fn free(&self) {
        fs::remove_file(self.path().join("ballast")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is just ending may still hold a file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// As in a folder that was moved: SQLite makes its log's index again, and needs room for it.
#[tokio::test(flavor = "multi_thread")]
async fn a121_a_start_on_a_full_disk_spends_the_reserve() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let path = store_in(disk.path());
    drop(Embedded::open(&path).expect("there is room"));
    fs::remove_file(path.join("store.db-shm")).expect("it was left");
    disk.fill(0);
    let commits = async |store: &Embedded, n: u8| {
        let put = Put { name: format!("a/{n}"), bytes: Bytes::from_static(b"x"), ..Put::default() };
        store.commit(Batch { put: vec![put], ..Batch::new(CommitId([n; 16]), Partition(1)) }).await
    };
    let store = Embedded::open(&path).expect("the reserve makes room for a start");
    assert!(!path.join("reserve").exists());
    assert_eq!(commits(&store, 1).await.expect("it is larger than that"), CommitOutcome::Committed);
    drop(store);
    disk.free();
    let store = Embedded::open(&path).expect("there is room");
    assert!(path.join("reserve").exists());
    assert_eq!(commits(&store, 1).await.expect("it knows its own"), CommitOutcome::Committed);
}

/// A customer whose login waits for a code.
async fn waiting(team: &Outsiders) -> Story {
    let mut story = Story::default();
    story.until_code(team).await.expect("it lives");
    story
}

fn phone() -> String {
    format!("+372{:08}", unique())
}

/// Writes until the disk takes no more; what was answered to be there.
async fn until_refused(team: &Outsiders) -> Vec<String> {
    let mut opened = Vec::new();
    for _ in 0..20_000 {
        match opens(team, &phone()).await {
            Told::Opened(chat) => opened.push(chat),
            Told::Unavailable => return opened,
            Told::Nothing => panic!("it lives"),
        }
    }
    panic!("the disk is never full")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a121_a_full_disk_takes_nothing_reads_on_and_recovers_in_place() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let (store, port) = (store_in(disk.path()), free_port());
    let mut served = Served::on(&store, port, None);
    let team = Outsiders::meet(&served.url, "shop", "code").await;
    let (mut opened, mut refused, mut unready, mut longest) = (0, 0, 0, Duration::ZERO);
    for round in rounds("full disks", 2, 100) {
        let team = team.again();
        let story = waiting(&team).await;
        let (chat, code) = (story.chat.clone().expect("a chat"), story.code.clone().expect("a code"));
        disk.fill(400 << 10);
        let chats = until_refused(&team).await;
        opened += chats.len();
        all_there(&team, &chats).await;
        // What is smaller than an opening may still find room.
        let mut wrong = 0;
        while says(&team, &chat, &format!("w{wrong}"), "B2D3FG").await.0 == 200 {
            wrong += 1;
        }
        // A guess that cannot be counted is not compared. The log may start over just then, and there
        // is room for one: that one counts like any.
        let passed = match says(&team, &chat, "m1", &code).await {
            (503, _) => false,
            told => {
                assert_eq!(told, (200, "passed".into()));
                true
            }
        };
        refused += usize::from(!passed);
        unready += usize::from(ready(&served.url).await == 503);
        if round.is_multiple_of(2) {
            // Also a start on a full disk: it reads, and takes nothing.
            drop(served);
            served = Served::on(&store, port, None);
            all_there(&team.again(), &chats).await;
        }
        disk.free();
        let began = Instant::now();
        while ready(&served.url).await != 200 {
            assert!(began.elapsed() < Duration::from_secs(30), "it recovers: {}", served.said());
            sleep(Duration::from_millis(20)).await;
        }
        let team = team.again();
        assert!(matches!(opens(&team, &phone()).await, Told::Opened(_)), "it recovers in place");
        longest = longest.max(began.elapsed());
        let seen = team.interaction(&chat).await.expect("it lives").expect(200);
        assert_eq!(seen["authentication"]["authenticated"], passed, "{seen}");
        if !passed {
            let failures = seen["participants"][0]["lockout"]["failures"].as_u64();
            assert_eq!(failures, Some(wrong), "{seen}");
            assert_eq!(says(&team, &chat, "m3", &code).await, (200, "passed".into()));
        }
        all_there(&team, &chats).await;
    }
    let rounds = size(2, 100);
    let mostly = [refused, unready].iter().all(|n| n * 2 >= rounds);
    assert!(mostly, "of {rounds} full disks {refused} took no guess, {unready} were told");
    figure(
        "T17",
        format_args!("{rounds} full disks: {opened} answered conversations kept, writable again within {longest:?}"),
    );
}
