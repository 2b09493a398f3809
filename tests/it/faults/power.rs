//! A118: the power goes. What the disk was told is written down; from it every state is rebuilt
//! that a cut could leave: all that was flushed, and any part of what was not.
//!
//! This tries SQLite's `synchronous=FULL`, our ledger that is not flushed, and the making of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use bytes::Bytes;
use countersign::store::{
    Batch, CommitId, CommitOutcome, IndexEntry, Order, Partition, Put, Store, embedded::Embedded,
};

use super::image::{Chance, light};
use super::shim::{Disk, Op};
use crate::length::{Progress, figure, seed, size};

/// Set for the process whose disk is watched: the folder it is to work in.
const VICTIM: &str = "TEST_POWER_VICTIM";

/// Commits in each of the victim's two lives: with so many bytes each, the log is moved several times.
const LIFE: usize = 60;
const BYTES: usize = 90_000;
const RECORDS: usize = 12;

/// What may be torn: a disk writes a sector whole or not at all.
const SECTOR: usize = 512;

const P: Partition = Partition(3);

fn id(n: usize) -> CommitId {
    CommitId((0x70_0000_u128 + n as u128).to_be_bytes())
}

fn batch(n: usize) -> Batch {
    let put = |name: String, length: usize| Put {
        bytes: Bytes::from(vec![u8::try_from(n % 251).expect("a byte"); length]),
        version_index: true,
        name,
        ..Put::default()
    };
    let entry = IndexEntry { index: "s/x".into(), member: format!("{n:06}"), bytes: Bytes::from(n.to_string()) };
    Batch {
        put: vec![put(format!("i/{}", n % RECORDS), BYTES), put("counter".into(), n)],
        enter: vec![entry],
        events: vec![Bytes::from(n.to_string())],
        ..Batch::new(id(n), P)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Some(folder) = env::var_os(VICTIM) else { return };
    let folder = Path::new(&folder);
    let mut told = File::create(folder.join("told")).expect("a file");
    for life in 0..2 {
        let store = Embedded::open(&folder.join("store")).expect("it opens");
        for n in life * LIFE..(life + 1) * LIFE {
            assert_eq!(store.commit(batch(n)).await.expect("it writes"), CommitOutcome::Committed);
            told.write_all(format!("{n}\n").as_bytes()).expect("there is room");
        }
    }
}

/// Runs the victim; what its disk was told.
fn watched() -> Option<Vec<(String, Op)>> {
    let folder = light();
    let disk = Disk::under(folder.path())?;
    let victim = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "faults::power::victim"])
        .env(VICTIM, folder.path())
        .envs(disk.environment())
        .stdout(Stdio::null())
        .status();
    assert!(victim.expect("it starts").success());
    Some(disk.trace())
}

/// A file's content: what is certain, and what the disk was told since.
#[derive(Clone, Default)]
struct Content {
    flushed: Vec<u8>,
    since: Vec<Op>,
}

/// A disk as it may be found.
#[derive(Default)]
struct Platter {
    contents: Vec<Content>,
    /// Names as the program sees them, and as they are certain: which content each has.
    names: BTreeMap<String, usize>,
    certain: BTreeMap<String, usize>,
    folders: BTreeSet<String>,
    /// What was done to names and is not certain.
    renames: Vec<(String, Naming)>,
    /// What the victim was told to be durable.
    acknowledged: usize,
}

#[derive(Clone)]
enum Naming {
    Is(usize),
    Gone,
    DeliveryReceipt(String, usize),
}

impl Naming {
    fn apply(self, name: &str, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Is(content) => drop(names.insert(name.to_owned(), content)),
            Self::Gone => drop(names.remove(name)),
            Self::DeliveryReceipt(to, content) => {
                names.remove(name);
                names.insert(to, content);
            }
        }
    }
}

impl Platter {
    /// `lies` does not flush what it was told to, where its name ends so.
    fn hear(&mut self, path: &str, op: &Op, lies: Option<&str>) {
        let naming = match op {
            Op::Created => {
                self.contents.push(Content::default());
                Naming::Is(self.contents.len() - 1)
            }
            Op::Removed => Naming::Gone,
            Op::Renamed { to } => Naming::DeliveryReceipt(to.clone(), self.names[path]),
            Op::Folder => {
                self.folders.insert(path.to_owned());
                return;
            }
            Op::Flushed => return self.flush(path, lies),
            Op::Wrote { .. } | Op::Cut { .. } => {
                if path == "/told" {
                    self.acknowledged += usize::from(matches!(op, Op::Wrote { .. }));
                }
                self.contents[self.names[path]].since.push(op.clone());
                return;
            }
        };
        naming.clone().apply(path, &mut self.names);
        self.renames.push((path.to_owned(), naming));
    }

    fn flush(&mut self, path: &str, lies: Option<&str>) {
        if let Some(content) = self.names.get(path) {
            if lies.is_none_or(|name| !path.ends_with(name)) {
                let content = &mut self.contents[*content];
                for op in std::mem::take(&mut content.since) {
                    apply(&op, &mut content.flushed, |_| true);
                }
            }
            return;
        }
        // A folder: the names in it are certain now.
        let (inside, other) = std::mem::take(&mut self.renames)
            .into_iter()
            .partition(|(name, _)| name.rsplit_once('/').is_some_and(|(folder, _)| folder == path));
        self.renames = other;
        let inside: Vec<(String, Naming)> = inside;
        for (name, naming) in inside {
            naming.apply(&name, &mut self.certain);
        }
    }

    /// One of the states that the power may leave, in a folder of its own.
    fn cut(&self, chance: &Chance) -> tempfile::TempDir {
        let mut names = self.certain.clone();
        for (name, naming) in self.renames.iter().take(chance.below(self.renames.len() + 1)) {
            naming.clone().apply(name, &mut names);
        }
        let folder = light();
        fs::create_dir(folder.path().join("store")).expect("there is room");
        // All, none, a beginning, or any of the sectors.
        let way = chance.below(4);
        for (name, content) in names {
            if name.ends_with("-shm") || name.ends_with("lock") || name == "/told" {
                continue;
            }
            let Content { flushed, since } = &self.contents[content];
            let mut bytes = flushed.clone();
            let most = if way == 2 { chance.below(since.len() + 1) } else { since.len() };
            for op in &since[..most] {
                apply(op, &mut bytes, |_| way == 0 || way == 2 || way == 3 && chance.below(2) == 0);
            }
            fs::write(folder.path().join(&name[1..]), bytes).expect("there is room");
        }
        folder
    }
}

/// What of an operation came to the disk: `takes` is asked for each sector, and for a cut.
fn apply(op: &Op, bytes: &mut Vec<u8>, mut takes: impl FnMut(usize) -> bool) {
    match op {
        Op::Cut { to } if takes(0) => bytes.resize(*to, 0),
        Op::Wrote { at, bytes: new } => {
            let mut from = *at;
            while from < at + new.len() {
                let to = ((from / SECTOR + 1) * SECTOR).min(at + new.len());
                if takes(from) {
                    let end = bytes.len().max(to);
                    bytes.resize(end, 0);
                    bytes[from..to].copy_from_slice(&new[from - at..to - at]);
                }
                from = to;
            }
        }
        _ => {}
    }
}

/// Opens what is left and compares it with what was acknowledged; the reason where it is refused.
async fn judge(folder: &Path, acknowledged: usize) -> Result<(), String> {
    let store = Embedded::open(folder).map_err(|error| error.to_string())?;
    store.proved().await.map_err(|error| error.to_string())?;
    let get = async |name: &str| {
        let found = store.get(P, &[name.to_owned()]).await.expect("it reads");
        found.into_iter().next().flatten()
    };
    let committed = get("counter").await.map_or(0, |counter| counter.bytes.len() + 1);
    assert!(committed >= acknowledged, "{acknowledged} were acknowledged, {committed} are there");
    for n in committed.saturating_sub(RECORDS)..committed {
        let record = get(&format!("i/{}", n % RECORDS)).await.expect("it was committed");
        assert_eq!(record.version, id(n));
        assert!(record.bytes.len() == BYTES && record.bytes.iter().all(|byte| usize::from(*byte) == n % 251));
    }
    let entries = store.list(P, "s/x", Order::Rising, None, 9999).await.expect("it lists");
    assert!(entries.iter().map(|entry| entry.member.clone()).eq((0..committed).map(|n| format!("{n:06}"))));
    let events = store.outbox(9999).await.expect("it reads").waiting;
    assert!(events.iter().map(|event| event.bytes.to_vec()).eq((0..committed).map(|n| n.to_string().into_bytes())));
    assert_eq!(store.commit(batch(committed)).await.expect("it goes on"), CommitOutcome::Committed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_power_that_goes_takes_nothing_that_was_acknowledged() {
    let Some(trace) = watched() else { return };
    let chance = Chance::new(seed());
    let states = size(16, 4000);
    let mut moments: Vec<usize> = (0..states).map(|_| chance.below(trace.len() + 1)).collect();
    moments.sort_unstable();
    let (mut platter, mut progress) = (Platter::default(), Progress::of("power cuts", states));
    let mut heard = 0;
    for (n, moment) in moments.into_iter().enumerate() {
        for (path, op) in &trace[heard..moment] {
            platter.hear(path, op, None);
        }
        heard = moment;
        let left = platter.cut(&chance);
        let judged = judge(&left.path().join("store"), platter.acknowledged).await;
        assert_eq!(judged, Ok(()), "after {moment} of {} operations", trace.len());
        progress.at(n);
    }
    let flushes = trace.iter().filter(|(_, op)| matches!(op, Op::Flushed)).count();
    figure(
        "T2",
        format_args!("{states} power cuts in {} operations ({flushes} flushes): every one opens whole", trace.len()),
    );
}

/// Where the log was not flushed although the disk said so, the ledger names it, if it survived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_a_disk_that_lies_about_the_log_is_found_out() {
    let Some(trace) = watched() else { return };
    let mut platter = Platter::default();
    let end = trace.iter().rposition(|(path, _)| path == "/told").expect("it was told");
    for (path, op) in &trace[..end] {
        platter.hear(path, op, Some("-wal"));
    }
    let log = platter.names["/store/store.db-wal"];
    for (n, content) in platter.contents.iter_mut().enumerate() {
        let kept = std::mem::take(&mut content.since).into_iter().filter(|_| n != log);
        kept.for_each(|op| apply(&op, &mut content.flushed, |_| true));
    }
    let left = platter.cut(&Chance::new(1));
    let refused = judge(&left.path().join("store"), platter.acknowledged).await;
    assert!(refused.is_err_and(|why| why.contains("acknowledged commits are missing")));
}
