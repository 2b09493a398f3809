//! Starts the stores that the contract is tested on; each test gets one of its own.
//!
//! One Redis server serves all tests that run at the same time, each under its own prefix, and
//! ends with the last of them; a cluster and a Sentinel trio, which take seconds to start, with
//! the process.

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign::store::{
    Store,
    embedded::Embedded,
    redis::{Redis, RedisAddress, RedisOptions},
};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::simulation::truth::Truth;

pub mod around;
pub mod cluster;
pub mod proxy;
pub mod sentinel;

/// A store under test, and what must outlive it.
pub struct Stand<S: ?Sized = dyn Store> {
    pub store: Arc<S>,
    /// Removed, or ended, after the store.
    _beneath: Beneath,
}

impl<S: Store> Stand<S> {
    /// As a store like any other; who keeps the original counts what it does.
    pub fn any(self) -> Stand {
        let store = self.store.clone();
        self.behind(store)
    }
}

impl<S: ?Sized> Stand<S> {
    /// With another store before it.
    pub fn behind(self, store: Arc<dyn Store>) -> Stand {
        Stand { store, _beneath: self._beneath }
    }
}

enum Beneath {
    Nothing,
    Folder { _folder: TempDir },
    Server { _server: Arc<RedisServer> },
}

/// The embedded store in memory.
pub async fn memory() -> Option<Stand> {
    let store = Embedded::in_memory().expect("memory opens");
    Some(Stand { store: Arc::new(store), _beneath: Beneath::Nothing })
}

/// The embedded store in a new folder.
pub async fn disk() -> Option<Stand> {
    let Stand { store, _beneath } = on_disk();
    Some(Stand { store, _beneath })
}

/// The embedded store in a new folder, as itself.
pub fn on_disk() -> Stand<Embedded> {
    let folder = folder();
    let store = Embedded::open(folder.path()).expect("an empty folder opens");
    Stand { store: Arc::new(store), _beneath: Beneath::Folder { _folder: folder } }
}

/// The embedded store in a folder that the caller keeps, as after a restart.
pub fn reopened(folder: &std::path::Path) -> Stand {
    let store = Embedded::open(folder).expect("it opens again");
    Stand { store: Arc::new(store), _beneath: Beneath::Nothing }
}

/// A store that the caller opened.
pub fn standing(store: Arc<dyn Store>) -> Stand {
    Stand { store, _beneath: Beneath::Nothing }
}

/// A Redis server, or `None` (said aloud) on a machine without one.
pub async fn redis() -> Option<Stand> {
    let Stand { store, _beneath } = on_redis().await?;
    Some(Stand { store, _beneath })
}

/// The Redis store, as itself.
pub async fn on_redis() -> Option<Stand<Redis>> {
    let server = shared_server()?;
    let store = connected(RedisAddress::Single(server.url())).await;
    Some(Stand { store: Arc::new(store), _beneath: Beneath::Server { _server: server } })
}

/// The model that the simulation's nodes stand on.
pub async fn simulated() -> Option<Stand> {
    Some(modelled(Arc::new(Truth::new(true))))
}

/// A model that the caller can look into.
pub fn modelled(truth: Arc<Truth>) -> Stand {
    Stand { store: truth, _beneath: Beneath::Nothing }
}

/// A store on a cluster of three primaries and their replicas.
pub async fn cluster() -> Option<Stand> {
    Some(on(connected(cluster::shared().await?.place()).await))
}

/// A store on a primary with two replicas and three Sentinels.
pub async fn sentinel() -> Option<Stand> {
    Some(on(connected(sentinel::shared().await?.place()).await))
}

/// A store on something that the caller keeps, or that nobody has to.
pub fn on(store: impl Store) -> Stand {
    Stand { store: Arc::new(store), _beneath: Beneath::Nothing }
}

/// The Redis store there, under a prefix of its own.
pub async fn connected(place: RedisAddress) -> Redis {
    static PREFIX: AtomicU64 = AtomicU64::new(0);
    let prefix = format!("test{}", PREFIX.fetch_add(1, Ordering::Relaxed));
    Redis::connect(&RedisOptions { prefix, ..RedisOptions::new(place) }).await.expect("our servers are fit")
}

/// A folder on the disk that the build is on: a temporary file system flushes for nothing.
pub fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the build's own folder takes another")
}

/// A redis-server on a free loopback port. It ends when this is dropped, or when this process
/// does, however it does: a shell beside it waits for the end of its input.
pub struct RedisServer {
    port: u16,
    /// Its process id.
    process: String,
    keeper: Child,
    _folder: TempDir,
}

impl RedisServer {
    /// Starts one with further settings; `None` where there is no redis-server to start.
    pub fn start(settings: &[&str]) -> Option<Self> {
        if !installed() {
            assert!(env::var_os("CI").is_none(), "CI must have redis-server");
            eprintln!("skipped: no redis-server on this machine");
            return None;
        }
        // Between finding a free port and taking it somebody else may: then with another.
        (0..5).find_map(|_| Self::try_start(settings)).or_else(|| panic!("redis-server does not start"))
    }

    fn try_start(settings: &[&str]) -> Option<Self> {
        let port = free_port();
        let text = port.to_string();
        let mut arguments =
            vec!["--port", &text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "."];
        arguments.extend(settings);
        Self::launch(port, &arguments, "Ready to accept connections")
    }

    /// Starts one with these arguments alone, and waits until it says that it is ready.
    pub fn launch(port: u16, arguments: &[&str], ready: &str) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let mut keeper = Command::new("sh")
            .args(["-c", r#"redis-server "$@" & echo $!; exec >&-; read -r _; kill $! 2>/dev/null; kill -CONT $! 2>/dev/null; wait"#, "sh"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let said = keeper.stdout.take().expect("its output is ours");
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        // Whichever of the two speaks first, the shell or the server, begins with the server's number.
        let first = lines.next().expect("the shell says whom it started");
        let process = first.chars().take_while(char::is_ascii_digit).collect();
        let ready = lines.find(|line| line.contains(ready) || line.contains("Failed listening"));
        let ready = ready.is_some_and(|line| !line.contains("Failed"));
        // Nobody reads on, so what it says later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { port, process, keeper, _folder: folder };
        ready.then_some(server)
    }

    /// A signal to the server itself: KILL, or STOP and CONT.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.process]).status();
        assert!(sent.expect("kill is everywhere").success());
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn shared_server() -> Option<Arc<RedisServer>> {
    static SHARED: Mutex<Weak<RedisServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return Some(server);
    }
    let server = Arc::new(RedisServer::start(&[])?);
    *shared = Arc::downgrade(&server);
    Some(server)
}

/// A port that was free a moment ago.
fn installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder: PathBuf| folder.join("redis-server")).any(|program| program.is_file())
}
