//! The processes that are measured, each on the cores that it is given: the gateway, the hello-world
//! that it is held against, a Redis server, and this program's own other halves.
//!
//! It starts and ends them; what they are asked is not its affair.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

/// The owner's key of every gateway here.
pub const OWNER: &str = "the owner key of the measurements: 40 or more";

/// Which cores do what. The server never shares one with what loads it: this process, which
/// `scripts/bench` keeps on the last core.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    pub server: usize,
    pub redis: usize,
    pub all: usize,
}

impl Cores {
    /// The first for the server; Redis has one between it and the last, where there is one.
    pub fn of_this_machine() -> anyhow::Result<Self> {
        // This process may be kept on one core already, so the machine is asked.
        let cpus = std::fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
        let all = cpus.lines().filter(|line| line.starts_with("processor")).count();
        ensure!(all >= 2, "two cores are needed: one for the server, one for what loads it");
        Ok(Self { server: 0, redis: if all > 2 { 1 } else { all - 1 }, all })
    }

    pub fn everywhere(self) -> String {
        format!("0-{}", self.all - 1)
    }
}

/// A program that may run on these cores only.
pub fn pinned(cores: impl ToString, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &cores.to_string()]).arg(program);
    command
}

/// A process that ends with this value.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts it and waits for its line on stdout that ends with its address.
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output is ours")?).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill(); // it may have ended
                let _ = child.wait();
                anyhow::bail!("{command:?} said {line:?}")
            }
        }
    }

    pub fn hello(cores: Cores) -> anyhow::Result<Self> {
        Self::start(pinned(cores.server, std::env::current_exe()?).arg("hello"))
    }

    /// A gateway that keeps what it has in `folder`, or on the Redis server at `redis`.
    pub fn gateway(cores: impl ToString, folder: &Path, redis: Option<&str>) -> anyhow::Result<Self> {
        let store = match redis {
            None => format!("kind = \"embedded\"\npath = {:?}", folder.join("store")),
            Some(url) => format!("kind = \"redis\"\nurls = [{url:?}]"),
        };
        let config = folder.join("countersign.toml");
        // Requests come as from many addresses behind a proxy: limits of one address are no speed.
        let server = "[server]\nlisten = \"127.0.0.1:0\"\ntrusted_proxies = [\"127.0.0.0/8\"]";
        let secrets = format!("[secrets]\nroot_key_file = {:?}", folder.join("root.key"));
        let key = folder.join("root.key");
        std::fs::write(&key, STANDARD.encode([7; 32]))?;
        std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        std::fs::write(&config, format!("{server}\n[admin]\nkey = {OWNER:?}\n{secrets}\n[store]\n{store}\n"))?;
        let mut serve = pinned(cores, env!("CARGO_BIN_EXE_countersign"));
        Self::start(serve.args(["serve", "--config"]).arg(config).env("RUST_LOG", "warn"))
    }

    /// Seconds that it has spent on a core so far.
    pub fn busy(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default();
        Ok((ticks(11) + ticks(12)) / 100.0) // Linux counts them in hundredths for everybody
    }

    /// Memory that is really there, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS")?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// A Redis server that persists nothing.
pub struct Redis {
    child: Child,
    pub url: String,
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    pub fn start(cores: Cores) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = pinned(cores.redis, "redis-server");
        server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let child = server.current_dir(folder.path()).stdout(Stdio::null()).spawn().context("redis-server")?;
        let started = Self { child, url: format!("redis://127.0.0.1:{port}"), port, _folder: folder };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(started);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("redis-server does not listen")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Runs this program once more, on these cores, for one measurement by itself; what it found.
pub fn alone<T: DeserializeOwned>(cores: impl ToString, arguments: &[&str]) -> anyhow::Result<T> {
    let mut half = pinned(cores, std::env::current_exe()?);
    let ran = half.arg("alone").args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(ran.status.success(), "{arguments:?} failed");
    serde_json::from_slice(&ran.stdout).with_context(|| format!("{arguments:?}"))
}
