//! Mail against a real server under TLS: aiosmtpd (`tests/mail/server.py`). What it took is read as
//! it came, and what it refuses is sorted by what it said.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_channels::DeliveryError::{self, Ambiguous, AuthBroken, Fallback, Permanent, Retry};
use countersign_channels::built_in::smtp::Smtp;
use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::{Channel, Content, Message, MessageAddress, Sent, Terms};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::case::ambient;
use crate::outside::{program, venv};

const SECRET: &str = "demo secret";

/// A mail server in a process of its own.
struct Server {
    process: Child,
    says: Says,
    taken: Mutex<Receiver<Value>>,
}

/// What it says first.
#[derive(Deserialize)]
struct Says {
    ports: BTreeMap<String, u16>,
    authority: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
    }
}

impl Server {
    /// None, said aloud, where what it needs is not installed.
    fn start() -> Option<Self> {
        program("openssl")?;
        let python = venv("aiosmtpd")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mail/server.py");
        let mut process = Command::new(python).arg(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let says: Says = serde_json::from_str(&lines.next().expect("it says its ports")).unwrap();
        let (tell, taken) = channel();
        std::thread::spawn(move || lines.all(|line| tell.send(serde_json::from_str(&line).unwrap()).is_ok()));
        Some(Self { process, says, taken: Mutex::new(taken) })
    }

    /// A channel to one of its ports, with these fields besides or instead.
    fn channel(&self, port: &str, more: Value) -> Arc<dyn Channel> {
        let tls = if port == "implicit" { "implicit" } else { "starttls" };
        let mut fields = json!({"host": "localhost", "port": self.says.ports[port], "tls": tls, "username": "demo",
            "from": "no-reply@bank.example", "from_name": "Demo Bank", "certificate": self.says.authority});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        open(fields, Some(SECRET))
    }

    /// The next mail that it took, with its parts.
    fn mail(&self) -> Mail {
        let taken = self.taken.lock().unwrap().recv_timeout(Duration::from_secs(10)).expect("a mail");
        let bytes = BASE64_STANDARD.decode(taken["mail"].as_str().unwrap()).unwrap();
        Mail { envelope: taken, text: String::from_utf8(bytes).unwrap() }
    }

    /// Nothing more was taken.
    fn took_nothing(&self) -> bool {
        self.taken.lock().unwrap().try_recv().is_err()
    }
}

fn open(fields: Value, password: Option<&str>) -> Arc<dyn Channel> {
    let fields: serde_json::Map<_, _> =
        fields.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
    let password = password.filter(|_| fields.contains_key("username"));
    let secrets = password.map(|password| ("password".to_owned(), password.to_owned().into())).into_iter().collect();
    let smtp = Smtp::new(EgressPolicy::new(|ip| ip.is_loopback()), ambient());
    smtp.open(&Account { fields, secrets }).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

struct Mail {
    envelope: Value,
    text: String,
}

impl Mail {
    fn header(&self, name: &str) -> Vec<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let prefix = format!("{name}: ").to_lowercase();
        head.split("\r\n").filter(|line| line.to_lowercase().starts_with(&prefix)).map(|l| &l[prefix.len()..]).collect()
    }

    /// The text and the page, as a reader's program decodes them.
    fn parts(&self) -> Vec<String> {
        let script = "import email, email.policy, json, sys\n\
            mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
            print(json.dumps([part.get_content() for part in mail.walk() if not part.is_multipart()]))";
        let mut python = Command::new("python3");
        let mut python = python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut python.stdin.take().unwrap(), self.text.as_bytes()).unwrap();
        let parts: Vec<String> = serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap();
        parts.into_iter().map(|part| part.replace("\r\n", "\n")).collect()
    }
}

fn to(address: &str, content: Content) -> Message {
    let subject = Some("Demo Bank: Your verification code".into());
    Message {
        id: "0199aa.m1-email".into(),
        to: MessageAddress::new(address),
        subject,
        content,
        terms: Terms::default(),
    }
}

fn code() -> Content {
    Content::Code { text: "#PIN# is your code.\n\n.\nQUIT".into(), code: "482913".to_owned().into() }
}

async fn send(channel: &Arc<dyn Channel>, address: &str) -> Result<Sent, DeliveryError> {
    channel.send(&to(address, code())).await
}

#[tokio::test]
async fn a_mail_arrives_by_each_way_that_is_encrypted() {
    let Some(server) = Server::start() else { return };
    for port in ["starttls", "login", "implicit", "open"] {
        let login = if port == "open" { json!({"username": null}) } else { json!({}) };
        let sent =
            send(&server.channel(port, login), "customer@example.com").await.unwrap_or_else(|e| panic!("{port}: {e}"));
        let id = "<0199aa.m1-email@bank.example>";
        assert_eq!(sent.platform_id.as_deref(), Some(id), "{port}");
        let mail = server.mail();
        assert_eq!(mail.envelope["port"], port);
        assert_eq!(mail.envelope["from"], "no-reply@bank.example");
        assert_eq!(mail.envelope["to"], json!(["customer@example.com"]));
        assert_eq!(mail.envelope["hello"], "bank.example");
        assert_eq!(mail.envelope["login"], if port == "open" { Value::Null } else { "demo".into() });
        for (name, value) in [
            ("Message-ID", id),
            ("From", "\"Demo Bank\" <no-reply@bank.example>"),
            ("To", "customer@example.com"),
            ("Subject", "Demo Bank: Your verification code"),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("Date", "Fri, 20 Nov 2026 23:32:02 +0000"),
        ] {
            assert_eq!(mail.header(name), [value], "{port} {}", mail.text);
        }
        let parts = mail.parts();
        assert_eq!(parts[0].trim_end(), "482913 is your code.\n\n.\nQUIT", "{port}: no line of a text ends the mail");
        assert!(parts[1].contains(">482913</strong> is your code.</p>"), "{}", parts[1]);
    }
    assert!(server.took_nothing());
}

#[tokio::test]
async fn a_link_arrives_whole_in_both_parts() {
    let Some(server) = Server::start() else { return };
    let url = format!("https://gate.example/l/{}?a=1&b=õ", "AbC-1_x".repeat(30));
    let link = Content::Link { text: "Õun: logige sisse:".into(), url: url.clone().into() };
    let channel = server.channel("starttls", json!({"button": "Logi sisse"}));
    channel.send(&to("customer@example.com", link)).await.unwrap();
    let parts = server.mail().parts();
    assert_eq!(parts[0].trim_end(), format!("Õun: logige sisse:\n{url}"));
    assert_eq!(parts[1].matches(&url.replace('&', "&amp;")).count(), 3, "{}", parts[1]);
    assert!(parts[1].contains(">Logi sisse</a>"));
}

#[tokio::test]
async fn what_the_server_says_is_sorted() {
    let Some(server) = Server::start() else { return };
    let channel = server.channel("starttls", json!({}));
    for (name, means) in [
        ("later", Retry("unavailable")),
        ("closing", Retry("unavailable")),
        ("grey", Retry("rate")),
        ("nobody", Fallback("bad-address")),
        ("unnumbered", Fallback("bad-address")),
        ("full", Fallback("not-reachable")),
        ("blocked", Fallback("refused")),
        ("undecided", Retry("unavailable")),
        ("unwanted", Fallback("spam")),
        ("large", Permanent("too-long")),
    ] {
        assert_eq!(send(&channel, &format!("{name}@example.com")).await, Err(means), "{name}");
        assert!(server.took_nothing(), "{name}");
    }
    assert!(send(&channel, "grey@example.com").await.is_ok(), "who waits is taken");
    server.mail();
}

/// The line breaks when the server has the whole mail: nobody knows, and the same mail goes again.
#[tokio::test]
async fn a_line_that_breaks_after_the_mail_leaves_nobody_knowing() {
    let Some(server) = Server::start() else { return };
    let channel = server.channel("starttls", json!({}));
    assert_eq!(send(&channel, "dropped@example.com").await, Err(Ambiguous));
    assert_eq!(send(&channel, "dropped@example.com").await, Err(Ambiguous));
    let (one, other) = (server.mail(), server.mail());
    assert_eq!(one.text, other.text, "the same message is the same mail");
    let began = tokio::time::Instant::now();
    assert_eq!(send(&channel, "silent@example.com").await, Err(Ambiguous));
    assert!(began.elapsed() < Duration::from_secs(7), "a sender has no longer");
}

#[tokio::test]
async fn nobody_gets_a_password_without_tls_or_a_certificate_that_is_vouched_for() {
    let Some(server) = Server::start() else { return };
    let tried = async |port, more| send(&server.channel(port, more), "customer@example.com").await;
    assert_eq!(tried("bare", json!({})).await, Err(AuthBroken("no-tls")));
    assert_eq!(tried("starttls", json!({"certificate": null})).await, Err(AuthBroken("tls")));
    assert_eq!(tried("implicit", json!({"certificate": null})).await, Err(AuthBroken("tls")));
    assert_eq!(tried("starttls", json!({"host": "127.0.0.1"})).await, Err(AuthBroken("tls")), "another's name");
    assert_eq!(tried("starttls", json!({"username": null})).await, Err(AuthBroken("credentials")));
    assert_eq!(tried("starttls", json!({"username": "demo2"})).await, Err(AuthBroken("credentials")));
    assert_eq!(tried("open", json!({})).await.err(), None, "who is not asked still may say it");
    server.mail();
    assert!(server.took_nothing());
}

/// What is said before TLS begins counts for nothing afterwards.
#[tokio::test]
async fn answers_from_before_tls_are_not_believed() {
    let Some(server) = Server::start() else { return };
    let sent = send(&server.channel("inject", json!({})), "customer@example.com").await;
    assert_eq!(sent, Err(AuthBroken("tls")));
    assert!(server.took_nothing(), "it was told nothing under TLS either");
}

#[tokio::test]
async fn a_name_of_another_script_goes_where_it_may() {
    let Some(server) = Server::start() else { return };
    let (utf8, ascii) = (server.channel("starttls", json!({})), server.channel("login", json!({})));
    assert!(send(&utf8, "õun@example.com").await.is_ok());
    let mail = server.mail();
    assert_eq!((&mail.envelope["to"], mail.header("To")), (&json!(["õun@example.com"]), vec!["õun@example.com"]));
    assert!(mail.envelope["options"].to_string().contains("SMTPUTF8"));
    assert_eq!(send(&ascii, "õun@example.com").await, Err(Fallback("bad-address")));
    assert!(send(&ascii, "klient@õun.ee").await.is_ok(), "a domain has a name in ASCII");
    assert_eq!(server.mail().envelope["to"], json!(["klient@xn--un-bka.ee"]));
}

/// A087: no address, subject or text adds a recipient or a second mail.
#[tokio::test]
async fn a087_nothing_in_a_message_makes_a_header_or_a_recipient() {
    let Some(server) = Server::start() else { return };
    let channel = server.channel("starttls", json!({}));
    for address in ["a@example.com\r\nRCPT TO:<x@evil.example>", "a@example.com>\r\nDATA", "a\n@example.com", "a,b@c,d"]
    {
        assert_eq!(send(&channel, address).await, Err(Fallback("bad-address")), "{address:?}");
    }
    for end in ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\r\n\r\n", "\r\n.\r\n"] {
        let evil = format!("a{end}Bcc: x@evil.example{end}MAIL FROM:<x@evil.example>");
        let message = Message { subject: Some(evil.clone()), ..to("customer@example.com", Content::Text(evil)) };
        channel.send(&message).await.unwrap();
        let mail = server.mail();
        assert_eq!(mail.envelope["to"], json!(["customer@example.com"]), "{end:?}");
        assert_eq!((mail.header("To").len(), mail.header("Bcc").len()), (1, 0), "{end:?}: {}", mail.text);
    }
    assert!(server.took_nothing());
}

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_for_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fields = json!({"host": "localhost", "port": port, "from": "a@bank.example"});
    let channel = open(fields.clone(), None);
    let (_line, sent) = tokio::join!(listener.accept(), send(&channel, "customer@example.com"));
    assert_eq!(sent, Err(Retry("unavailable")));
    drop(listener);
    assert_eq!(send(&open(fields, None), "customer@example.com").await, Err(Retry("unreachable")));
}

/// A server that never ends its line is listened to for no longer than an exchange can take: without
/// TLS, and under it from whichever moment.
#[tokio::test]
async fn nobody_fills_memory_with_an_answer_that_never_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let said = tokio::spawn(async move {
        let (mut line, _) = listener.accept().await.unwrap();
        let mut said = 0_usize;
        while line.write_all(&[b'2'; 4096]).await.is_ok() {
            said += 4096;
        }
        said
    });
    let fields = json!({"host": "localhost", "port": port, "from": "a@bank.example"});
    assert_eq!(send(&open(fields, None), "customer@example.com").await, Err(Retry("unreachable")));
    let said = said.await.unwrap();
    assert!(said < 16 << 20, "{said} bytes, what lies between the two included");

    let Some(server) = Server::start() else { return };
    let sent = send(&server.channel("endless", json!({"tls": "implicit"})), "customer@example.com").await;
    assert_eq!(sent, Err(Retry("unreachable")));
    let sent = send(&server.channel("endless_later", json!({})), "customer@example.com").await;
    assert_eq!(sent, Err(Retry("unavailable")));
    for port in ["endless", "endless_later"] {
        let said = server.taken.lock().unwrap().recv_timeout(Duration::from_secs(10)).expect("how much it said");
        assert_eq!(said["port"], port);
        assert!(said["said"].as_u64().unwrap() < 16 << 20, "{said}");
    }
}

/// A113: a name that leads inside is not followed.
#[tokio::test]
async fn a113_a_name_that_leads_inside_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The name may be spoken to when the account is written; where it leads then is refused.
    let may = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let now = may.clone();
    let egress = EgressPolicy::new(move |_| now.load(std::sync::atomic::Ordering::Relaxed));
    let fields = json!({"host": "localhost", "port": port, "from": "a@bank.example"}).as_object().unwrap().clone();
    let account = Account { fields, ..Account::default() };
    let channel = Smtp::new(egress, ambient()).open(&account).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    may.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(send(&channel, "customer@example.com").await, Err(AuthBroken("address-not-allowed")));
    let knocked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(knocked.is_err(), "nobody knocked");
}

/// Plain text says more than a greeting: who offers no TLS hears no name and no password.
#[tokio::test]
async fn a_server_that_offers_no_tls_hears_only_a_greeting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut line, _) = listener.accept().await.unwrap();
        line.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        let mut heard = [0; 1024];
        let count = line.read(&mut heard).await.unwrap();
        line.write_all(b"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = line.read_to_end(&mut rest).await;
        String::from_utf8([&heard[..count], &rest].concat()).unwrap()
    });
    let fields = json!({"host": "localhost", "port": port, "username": "demo", "from": "a@bank.example"});
    assert_eq!(send(&open(fields, Some(SECRET)), "customer@example.com").await, Err(AuthBroken("no-tls")));
    assert_eq!(heard.await.unwrap(), "EHLO bank.example\r\n");
}
