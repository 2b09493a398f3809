//! The real binary as an operator runs it: at one address, on one store, through several lives.
//!
//! It knows processes and signals, and nothing of what the gateway does.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::ports::free_port;
use crate::stores::{self, RedisServer};

/// The owner's key.
pub const OWNER: &str = "an owner key of the tests, 32 characters and more";

/// Where a gateway lives: everything that outlasts its process.
pub struct Site {
    port: u16,
    store: Vec<(&'static str, String)>,
    /// The server that it stands on, where it is Redis.
    pub redis: Option<Server>,
    folder: TempDir,
}

/// A Redis server that keeps what it was given, and can be stopped and come back.
pub struct Server {
    port: u16,
    folder: TempDir,
    running: Option<RedisServer>,
}

impl Server {
    fn start() -> Option<Self> {
        let mut server = Self { port: free_port(), folder: stores::folder(), running: None };
        server.comes_back();
        server.running.is_some().then_some(server)
    }

    /// It goes, with its port.
    pub fn goes(&mut self) {
        self.running = None;
    }

    /// It is back, with what it kept.
    pub fn comes_back(&mut self) {
        let (port, folder) = (self.port.to_string(), self.folder.path().display().to_string());
        self.running = RedisServer::start(&["--port", &port, "--dir", &folder, "--appendonly", "yes"]);
    }
}

impl Site {
    /// An embedded store in a folder of its own.
    pub fn embedded() -> Self {
        let folder = stores::folder();
        let store = vec![("COUNTERSIGN_STORE__PATH", folder.path().join("store").display().to_string())];
        Self { port: free_port(), store, redis: None, folder }
    }

    /// A Redis server of its own; `None`, said aloud, where there is none.
    pub fn redis() -> Option<Self> {
        let (server, folder) = (Server::start()?, stores::folder());
        let root = folder.path().join("root.key");
        std::fs::write(&root, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("a file");
        let store = vec![
            ("COUNTERSIGN_STORE__KIND", "redis".to_owned()),
            ("COUNTERSIGN_STORE__URLS", format!(r#"["redis://127.0.0.1:{}"]"#, server.port)),
            ("COUNTERSIGN_SECRETS__ROOT_KEY_FILE", root.display().to_string()),
        ];
        Some(Self { port: free_port(), store, redis: Some(server), folder })
    }

    /// Another gateway on the same store, for as long as the first one's is there.
    pub fn beside(&self) -> Self {
        Self { port: free_port(), store: self.store.clone(), redis: None, folder: stores::folder() }
    }

    /// Its links begin with an address that is not its own: a balancer's.
    pub fn known_as(&mut self, url: &str) {
        self.store.push(("COUNTERSIGN_SERVER__PUBLIC_URL", url.to_owned()));
    }

    /// The port of its address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it is reached at, in every life.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where its embedded store lies.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A command of the binary on its store.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).envs(self.store.iter().map(|(name, value)| (name, value)));
        command.env("RUST_LOG", "error");
        command
    }

    /// One life: `countersign serve`, ready.
    pub fn serve(&self) -> Life {
        self.serve_with(&["serve"])
    }

    /// The same, with what the operator allows.
    pub fn serve_with(&self, arguments: &[&str]) -> Life {
        let mut serve = self.command(arguments);
        serve.env("COUNTERSIGN_SERVER__LISTEN", format!("127.0.0.1:{}", self.port));
        // Each person in the load comes from an address of her own.
        serve.env("COUNTERSIGN_SERVER__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#);
        serve.env("COUNTERSIGN_ADMIN__KEY", OWNER);
        let mut child = serve.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        let life = Life { child };
        BufReader::new(stdout).read_line(&mut line).expect("it speaks");
        assert_eq!(line.trim_end(), format!("countersign listening on {}", self.url()));
        life
    }
}

/// One life of a gateway. It ends with the test, however that ends.
pub struct Life {
    child: Child,
}

impl Life {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it does nothing more.
    pub fn kill(mut self) {
        self.child.kill().expect("it is ours to kill");
        self.child.wait().expect("it ends");
    }

    /// SIGTERM: it is asked to stop.
    pub fn term(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is everywhere").success());
    }

    /// How it ended, where it did so in time.
    pub async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Some(status);
            }
            sleep(Duration::from_millis(10)).await;
        }
        None
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
