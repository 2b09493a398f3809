//! The commands as an operator meets them: what they say, on which stream, with which exit code.
//! Only the binary and its environment are used; what HTTP answers is told elsewhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::stores;

mod channel;
mod refusals;

/// The owner's key of every process here.
pub const OWNER: &str = "owner-key-of-the-commands-0123456789abcdef";

/// The program, with nothing of the caller's environment that would steer it.
pub fn countersign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COUNTERSIGN_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

/// A gateway in a process of its own, in a folder of its own, with all that it says.
pub struct Served {
    pub url: String,
    pub folder: TempDir,
    process: Child,
    said: mpsc::Receiver<String>,
    logged: Option<std::thread::JoinHandle<String>>,
}

impl Served {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let folder = stores::folder();
        let mut serve = serve(folder.path());
        Self::run(folder, &mut serve)
    }

    /// Starts a command of the caller's making.
    pub fn run(folder: TempDir, serve: &mut Command) -> Self {
        let mut process = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started");
        let (stdout, mut stderr) = (process.stdout.take().expect("piped"), process.stderr.take().expect("piped"));
        let logged = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text); // what was read until then counts
            String::from_utf8_lossy(&text).into_owned()
        });
        let (says, said) = mpsc::channel();
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| says.send(l)));
        let mut served = Self { url: String::new(), folder, process, said, logged: Some(logged) };
        let line = served.said.recv_timeout(Duration::from_secs(30)).unwrap_or_default();
        match line.strip_prefix("countersign listening on ") {
            Some(url) => served.url = url.to_owned(),
            None => panic!("it said `{line}`, and logged: {}", served.end("KILL").2),
        }
        served
    }

    /// Sends a signal and waits: exit code, further lines on stdout, everything on stderr.
    pub fn end(&mut self, signal: &str) -> (Option<i32>, Vec<String>, String) {
        let _ = Command::new("kill").args([&format!("-{signal}"), &self.process.id().to_string()]).status();
        let status = self.process.wait().expect("it is our child");
        let logged = self.logged.take().map(|thread| thread.join().expect("reading does not panic"));
        (status.code(), self.said.iter().collect(), logged.unwrap_or_default())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
    }
}

/// `serve` on a free port with its store in a folder.
pub fn serve(folder: &Path) -> Command {
    let mut command = countersign(&["serve"]);
    command.env("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0").env("COUNTERSIGN_ADMIN__KEY", OWNER);
    command.env("COUNTERSIGN_STORE__PATH", folder.join("store"));
    command
}

#[test]
fn help_says_what_there_is_and_how_it_is_configured() {
    let (code, help, _) = run(&mut countersign(&["--help"]));
    assert_eq!(code, 0);
    for command in ["serve", "demo", "check", "backup", "restore", "openapi", "settings", "audit"] {
        assert!(help.contains(command), "{command} is missing in: {help}");
    }
    let (code, help, _) = run(&mut countersign(&["serve", "--help"]));
    assert_eq!(code, 0);
    for word in ["--config", "COUNTERSIGN_", "stderr", "SIGTERM"] {
        assert!(help.contains(word), "{word} is missing in: {help}");
    }
    let (code, _, error) = run(&mut countersign(&["srve"]));
    assert!(code != 0 && error.contains("serve"), "{error}");
    assert_ne!(run(&mut countersign(&[])).0, 0);
}

#[test]
fn openapi_prints_the_document_and_nothing_else() {
    let (code, text, error) = run(&mut countersign(&["openapi"]));
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document, serde_json::to_value(countersign::http::openapi()).unwrap());
}

/// One line on stdout, and signals end it well.
#[tokio::test]
async fn serve_says_one_line_and_a_signal_ends_it_with_0() {
    for signal in ["TERM", "INT"] {
        let mut served = Served::start();
        assert!(served.url.starts_with("http://127.0.0.1:"));
        let reply = reqwest::get(format!("{}/readyz", served.url)).await.unwrap();
        assert_eq!(reply.status(), 200);
        drop(reply);
        let (code, more, logged) = served.end(signal);
        assert_eq!((code, more), (Some(0), Vec::new()), "{logged}");
    }
}

/// What was acknowledged is there after a restart, under the same root key.
#[tokio::test]
async fn a_restart_finds_everything() {
    let mut served = Served::start();
    let http = reqwest::Client::new();
    let put = http.put(format!("{}/v1/teams/acme", served.url)).bearer_auth(OWNER);
    let body = r#"{"name":"A shop"}"#;
    assert_eq!(put.header("content-type", "application/json").body(body).send().await.unwrap().status(), 201);
    served.end("KILL");
    let folder = std::mem::replace(&mut served.folder, TempDir::new().unwrap());
    let mut serve = serve(folder.path());
    let again = Served::run(folder, &mut serve);
    let got = http.get(format!("{}/v1/teams/acme", again.url)).bearer_auth(OWNER).send().await.unwrap();
    assert_eq!(got.status(), 200);
}

/// A088: whatever a caller sends, a line of the log is one JSON object, and none is the caller's.
#[tokio::test]
async fn a088_every_line_of_the_log_is_one_json_object() {
    let mut served = {
        let folder = stores::folder();
        let mut serve = serve(folder.path());
        serve.env("RUST_LOG", "countersign=trace,info");
        Served::run(folder, &mut serve)
    };
    let address = served.url.strip_prefix("http://").unwrap().to_owned();
    let hostile = [
        "GET /v1/interactions HTTP/1.1\r\nHost: x\r\nUser-Agent: x\\n{\"level\":\"ERROR\",\"forged\":1}\r\nConnection: close\r\n\r\n",
        "GET /v1/interactions HTTP/1.1\r\nHost: x\r\nX-Request-Id: \x1b[2Jforged\r\nConnection: close\r\n\r\n",
        "GET /v1/interactions HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\nforged\r\nConnection: close\r\n\r\n",
        "GET /l/%0a%7b%22forged%22%3a1%7d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /v1/interactions/%1b%5b2Jforged HTTP/1.1\r\nHost: forged\r\nAuthorization: Bearer forged\r\nConnection: close\r\n\r\n",
        "forged\r\n\r\n",
    ];
    for request in hostile {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new()); // refused in one way or another
    }
    let http = reqwest::Client::new();
    let post = http.post(format!("{}/p/{}", served.url, "A".repeat(60))).header("content-type", "application/json");
    post.body("{\"assertion\":\"forged\\n{}\"}").send().await.unwrap();
    let (_, _, logged) = served.end("TERM");
    assert!(!logged.is_empty());
    for line in logged.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(line.is_object() && line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert!(!line.to_string().contains("forged"), "{line}");
    }
}

#[test]
fn check_tells_good_from_wrong() {
    let folder = stores::folder();
    let with = |command: &mut Command| {
        command.env("COUNTERSIGN_STORE__PATH", folder.path().join("store"));
        command.env("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0");
        run(command)
    };
    let (code, told, _) = with(&mut countersign(&["check"]));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("good     store") && told.contains("careful  admin.key is empty"), "{told}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wrong = countersign(&["check"]);
    wrong.env("COUNTERSIGN_STORE__PATH", folder.path().join("store"));
    wrong.env("COUNTERSIGN_SERVER__LISTEN", taken.local_addr().unwrap().to_string());
    let (code, told, error) = run(&mut wrong);
    assert_eq!(code, 1);
    assert!(told.contains("wrong    listen") && !error.is_empty(), "{told} {error}");
    let (code, _, error) = with(countersign(&["check"]).env("COUNTERSIGN_RETENTION__AUDIT_DAYS", "0"));
    assert!(code == 1 && error.contains("retention"), "{error}");
}
