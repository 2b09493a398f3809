//! A disk that does what a test tells it to: `disk.c` between a process of ours and its files.
//!
//! It fails, waits, finds no room, or writes down in which order the disk was told what.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::outside::skip;

/// The disk under one folder.
pub struct Disk {
    aside: TempDir,
    watched: PathBuf,
}

/// What the disk was told.
#[derive(Clone, Debug)]
pub enum Op {
    Created,
    Wrote { at: usize, bytes: Vec<u8> },
    Cut { to: usize },
    Flushed,
    Renamed { to: String },
    Removed,
    Folder,
}

impl Disk {
    /// Under this folder; `None`, said aloud, where it cannot be built.
    pub fn under(watched: &Path) -> Option<Self> {
        library()?;
        Some(Self { aside: TempDir::new().expect("a folder"), watched: watched.to_owned() })
    }

    /// What a process that is to meet it needs in its environment.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let library = library().expect("it was built before");
        vec![
            ("LD_PRELOAD", library.to_owned()),
            ("DISK_FOLDER", self.watched.clone()),
            ("DISK_PLAN", self.aside.path().join("plan")),
            ("DISK_TRACE", self.aside.path().join("trace")),
        ]
    }

    /// From now on it does this: see `disk.c`. Nothing: it is well again.
    pub fn plan(&self, what: &str) {
        // Whole or not at all: it is read at any time.
        let draft = self.aside.path().join("draft");
        fs::write(&draft, what).and_then(|()| fs::rename(draft, self.aside.path().join("plan"))).expect("a plan");
    }

    /// Whether what was planned once has happened.
    pub fn is_spent(&self) -> bool {
        fs::metadata(self.aside.path().join("plan")).is_ok_and(|plan| plan.len() == 0)
    }

    /// Everything it was told, with the path under its folder.
    pub fn trace(&self) -> Vec<(String, Op)> {
        let told = fs::read(self.aside.path().join("trace")).expect("it was written");
        let (mut rest, mut ops) = (&told[..], Vec::new());
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).expect("a line");
            rest = &rest[end + 1..];
            let mut parts = line[2..].rsplitn(3, ' ');
            let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok()).expect("a number");
            let (length, first) = (number(), number());
            let path = parts.next().expect("a path").to_owned();
            let op = match line.as_bytes()[0] {
                b'C' => Op::Created,
                b'W' => {
                    let (bytes, after) = rest.split_at(length);
                    rest = after;
                    Op::Wrote { at: first, bytes: bytes.to_vec() }
                }
                b'T' => Op::Cut { to: first },
                b'S' => Op::Flushed,
                b'R' => Op::Renamed { to: String::new() },
                b'r' => {
                    // The second line of a rename.
                    let (_, renamed) = ops.last_mut().expect("its first line");
                    *renamed = Op::Renamed { to: path };
                    continue;
                }
                b'U' => Op::Removed,
                _ => Op::Folder,
            };
            ops.push((path, op));
        }
        ops
    }
}

/// Built once by each process, whole or not at all.
fn library() -> Option<&'static PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY
        .get_or_init(|| {
            if !cfg!(target_os = "linux") {
                skip("a disk between a process and its files is built for Linux");
                return None;
            }
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults/disk.c");
            let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}.so", std::process::id()));
            let ready = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disk.so");
            let compiler =
                Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&built, &source]).arg("-ldl").status();
            if compiler.is_err() {
                skip("there is no C compiler");
                return None;
            }
            assert!(compiler.is_ok_and(|status| status.success()), "disk.c compiles");
            fs::rename(built, &ready).expect("it can be moved");
            Some(ready)
        })
        .as_ref()
}
