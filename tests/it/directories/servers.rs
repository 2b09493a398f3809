//! Real servers on loopback for directories to be asked: slapd with the example's people, PostgreSQL with a
//! bank's tables, each once for the tests that run at the same time.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::outside::{Process, have, skip};
use crate::ports::free_port;

/// slapd with `examples/directories/people.ldif`.
pub struct Slapd {
    pub port: u16,
    pub secure: u16,
    /// Its own authority, in PEM.
    pub authority: String,
    stop: Mutex<Option<Process>>,
    folder: TempDir,
}

static SLAPD: Mutex<Weak<Slapd>> = Mutex::new(Weak::new());
static DATABASE: Mutex<Weak<Database>> = Mutex::new(Weak::new());

impl Slapd {
    /// The one that others use as well; none where it is not installed.
    pub fn shared() -> Option<Arc<Self>> {
        let mut shared = SLAPD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// One of the caller's own, which may be stopped.
    pub fn start() -> Option<Self> {
        if !Path::new("/usr/sbin/slapd").exists() {
            skip("slapd is not installed");
            return None;
        }
        let folder = TempDir::new().expect("a folder");
        let (port, secure) = (free_port(), free_port());
        let process = Self::run(folder.path(), port, secure);
        let authority = std::fs::read_to_string(folder.path().join("ca.pem")).expect("it makes an authority");
        Some(Self { port, secure, authority, stop: Mutex::new(Some(process)), folder })
    }

    fn run(folder: &Path, port: u16, secure: u16) -> Process {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/directories/slapd");
        let mut command = Command::new(script);
        command.arg(folder).args([port.to_string(), secure.to_string()]);
        Process::start(&mut command, "directory on ").0
    }

    /// It stops; connections to it break.
    pub fn stop(&self) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("it says its number");
        let _ = Command::new("kill").arg(pid.trim()).status();
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        let gone = || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err();
        until("slapd ends", gone);
    }

    /// It comes back at the same address.
    pub fn again(&self) {
        for left in ["data", "slapd.conf"] {
            let path = self.folder.path().join(left);
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
        let process = Self::run(self.folder.path(), self.port, self.secure);
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    }

    /// Where its authority is.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What an admin writes of it.
    pub fn written(&self, url: &str, authority: &str) -> Value {
        json!({"kind": "ldap", "secrets": {"bind_password": "a reader's password"}, "connection": {
            "url": url, "ca": authority, "bind_dn": "cn=reader,dc=bank,dc=example",
            "base": "ou=customers,dc=bank,dc=example", "filter": "(objectClass=inetOrgPerson)", "login": ["uid", "mail"],
            "fields": {"id": "uid", "name": "cn", "username": "uid", "emails": "mail", "phones": ["mobile"],
                "private_data": {"customer_number": "employeeNumber", "surname": "sn"}, "facts": {"branch": "l"}}}})
    }

    /// Over TLS from the first byte.
    pub fn over_tls(&self) -> Value {
        self.written(&format!("ldaps://localhost:{}", self.secure), &self.authority)
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        if self.stop.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.stop();
        }
    }
}

/// PostgreSQL with the tables of a bank.
pub struct Database {
    pub port: u16,
    /// Its own authority, in PEM.
    pub authority: String,
    server: Mutex<Option<Child>>,
    data: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    _folder: TempDir,
}

/// A schema that is not ours, in another's words and types.
const BANK: &str = "
    CREATE EXTENSION pgcrypto;
    CREATE SCHEMA crm;
    CREATE TABLE crm.klient (nr bigint PRIMARY KEY, taisnimi text, kasutaja text, konto text, synd date,
        post text[], tel text, linn text, vip boolean, salt text);
    INSERT INTO crm.klient VALUES
        (40012, 'Demo Customer', 'demo', '12-345', '2001-12-31', '{demo@bank.example}', '+372 555 12345', 'Tartu', true,
            crypt('demo-password-1', gen_salt('bf', 4))),
        (40013, 'Second Customer', 'second', '12-346', '2001-12-31', '{}', NULL, 'Narva', false, NULL),
        (50000, 'Twin Customer', 'twin-a', '50-000', '1990-01-01', '{}', NULL, NULL, false, NULL),
        (50001, 'Twin Customer', 'twin-b', '50 000', '1990-01-01', '{}', NULL, NULL, false, NULL);
    CREATE ROLE reader LOGIN PASSWORD 'a reader''s password';
    GRANT USAGE ON SCHEMA crm TO reader;
    GRANT SELECT ON crm.klient TO reader;
";

/// Finds a program of PostgreSQL where Debian puts them.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest =
        versions.flatten().map(|version| version.path().join("bin")).filter(|path| path.join("initdb").exists());
    newest.max()
}

impl Database {
    /// The one that others use as well; none where it is not installed.
    pub fn shared() -> Option<Arc<Self>> {
        let mut shared = DATABASE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// One of the caller's own.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed");
            return None;
        };
        if !have("openssl") {
            return None;
        }
        let folder = TempDir::new().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        // Its server refuses to run as root.
        let user = root().then(|| (number("-u"), number("-g")));
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it is ours");
        let (port, authority) = (free_port(), certificates(folder.path()));
        if let Some((uid, gid)) = user {
            for path in [data.clone(), folder.path().join("server.key"), folder.path().join("server.pem")] {
                chown(path, Some(uid), Some(gid)).expect("root gives away");
            }
        }
        let database = Self { port, authority, server: Mutex::default(), data, programs, user, _folder: folder };
        let made = database
            .command("initdb")
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "-U", "owner"])
            .args(["--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8", "-D"])
            .arg(&database.data)
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb runs").success(), "initdb");
        database.tables();
        database.again();
        Some(database)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command.current_dir("/");
        command
    }

    /// Makes the tables before anybody can connect.
    fn tables(&self) {
        let mut single = self
            .command("postgres")
            .args(["--single", "-j", "-D"])
            .arg(&self.data)
            .arg("postgres")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres runs");
        let mut input = single.stdin.take().expect("stdin is piped");
        for statement in BANK.split_inclusive(';') {
            std::io::Write::write_all(&mut input, format!("{}\n\n", statement.trim()).as_bytes()).expect("it listens");
        }
        drop(input);
        assert!(single.wait().expect("it ends").success());
    }

    /// It stops at once; connections to it break.
    pub fn stop(&self) {
        if let Some(mut server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }

    /// It comes (back) at its address.
    pub fn again(&self) {
        let folder = self.data.parent().expect("it lies in one");
        let at = |name: &str| folder.join(name).display().to_string();
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data).args(["-p", &self.port.to_string(), "-h", "127.0.0.1", "-F", "-k", ""]);
        command.args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={}", at("server.pem"))]);
        command.args(["-c", &format!("ssl_key_file={}", at("server.key"))]);
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres runs");
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        let ready = || {
            let ready =
                self.command("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status();
            ready.is_ok_and(|status| status.success())
        };
        until("PostgreSQL takes connections", ready);
    }

    /// What an admin writes of it.
    pub fn written(&self) -> Value {
        let columns = "SELECT nr, taisnimi, kasutaja, konto, synd, post, tel, linn, vip FROM crm.klient WHERE ";
        json!({"kind": "postgres", "secrets": {"password": "a reader's password"}, "connection": {
            "host": "localhost", "port": self.port, "database": "postgres", "user": "reader", "ca": self.authority,
            "queries": {
                "find": {"query": format!("{columns} regexp_replace(konto, '[^0-9]', '', 'g') = $1 AND synd = $2;"),
                    "parameters": ["account", "born"]},
                "by_id": format!("{columns} nr = $1"),
                "by_login_name": format!("{columns} lower(kasutaja) = $1"),
                "verify": format!("{columns} lower(kasutaja) = $1 AND salt = public.crypt($2, salt)")},
            "fields": {"id": "nr", "name": "taisnimi", "username": "kasutaja", "emails": "post", "phones": "tel",
                "private_data": {"account": "konto", "born": "synd"}, "facts": {"branch": "linn", "vip": "vip"}}}})
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
    }
}

fn root() -> bool {
    number_of(&["-u"]) == Some(0)
}

fn number(of: &str) -> u32 {
    number_of(&[of, "postgres"]).expect("PostgreSQL's package makes its user")
}

fn number_of(arguments: &[&str]) -> Option<u32> {
    let told = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(told.stdout).ok()?.trim().parse().ok()
}

/// An authority and a server's certificate of it; the authority in PEM.
fn certificates(folder: &Path) -> String {
    let openssl = |line: &str| {
        let done =
            Command::new("openssl").args(line.split_whitespace()).current_dir(folder).stderr(Stdio::null()).status();
        assert!(done.expect("openssl runs").success(), "{line}");
    };
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {ec} -days 30 -subj /CN=Authority -keyout ca.key -out ca.pem"));
    openssl(&format!("req {ec} -subj /CN=localhost -keyout server.key -out server.csr"));
    let ext = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("server.ext"), ext).expect("the folder takes it");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext -out server.pem",
    );
    std::fs::set_permissions(folder.join("server.key"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    std::fs::read_to_string(folder.join("ca.pem")).expect("it was made")
}

/// Waits for what happens soon.
fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what}: not within a minute");
}
