//! Text messages through a real Kannel, to its fake carrier: what is long or in another script
//! arrives whole, what became of it is told, and what somebody answers is heard.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::inbound::{DeliveryStatus, Happening, WebhookVerifier};
use countersign_channels::platform::Platform;
use countersign_channels::{Channel, Content, DeliveryError, Message, MessageAddress, Terms};
use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::case::{NOW, ambient, http_client};
use crate::outside::skip;
use crate::ports::free_port;
use crate::server::{Answer, Server};

const CARRIER: &str = "/usr/lib/kannel/test/fakesmsc";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const PHONE: &str = "+3725551234";

/// Processes that end with the test.
#[derive(Default)]
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for process in self.0.iter_mut().rev() {
            let _ = process.kill(); // it may have ended
            let _ = process.wait();
        }
    }
}

impl Running {
    /// Starts it and waits until it says so; what it says afterwards comes out of the receiver.
    fn start(&mut self, command: &mut Command, ready: &str) -> Receiver<String> {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, told) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(process.stdout.take().unwrap()), Box::new(process.stderr.take().unwrap())];
        self.0.push(process);
        for output in outputs {
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                let mut line = Vec::new();
                while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                    let _ = tell.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                    line.clear();
                }
            });
        }
        let mut said = Vec::new();
        while !said.iter().any(|line: &String| line.contains(ready)) {
            let line = told.recv_timeout(Duration::from_secs(20));
            said.push(line.unwrap_or_else(|_| panic!("{command:?} never said `{ready}`: {said:#?}")));
        }
        told
    }
}

/// Kannel with its carrier, a channel of ours to it, and who hears what it calls back.
struct Stand {
    _running: Running,
    carrier: Receiver<String>,
    channel: Arc<dyn Channel>,
    webhook_verifier: WebhookVerifier,
    back: Server,
}

fn configuration(folder: &Path, [admin, box_, carrier, sms]: [u16; 4], back: &str) {
    let text = format!(
        "group = core\nadmin-port = {admin}\nadmin-interface = \"127.0.0.1\"\nadmin-password = admin\n\
         smsbox-port = {box_}\nsmsbox-interface = \"127.0.0.1\"\n\n\
         group = smsc\nsmsc = fake\nsmsc-id = fake\nport = {carrier}\nconnect-allow-ip = 127.0.0.1\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sms}\nsendsms-interface = \"127.0.0.1\"\n\n\
         group = sendsms-user\nusername = gate\npassword = \"demo secret\"\nmax-messages = 3\nconcatenation = true\n\n\
         group = sms-service\nkeyword = default\ncatch-all = yes\nmax-messages = 0\n\
         post-url = \"{back}/in/demo/sms?from=%p&to=%P&text=%b&id=%I&key={KEY}\"\n"
    );
    fs::write(folder.join("kannel.conf"), text).unwrap();
}

impl Stand {
    /// None, said aloud, where Kannel is not installed. `says` is what somebody sends in.
    async fn start(folder: &Path, says: &str) -> Option<Self> {
        if !Path::new(CARRIER).exists() {
            return skip("kannel");
        }
        let back = Server::start().await;
        back.answers([Answer { status: 200, ..Answer::default() }]);
        let ports @ [_, _, carrier_port, sms] = [(); 4].map(|()| free_port());
        configuration(folder, ports, &back.url);
        let mut running = Running::default();
        let conf = folder.join("kannel.conf");
        running.start(Command::new("bearerbox").args(["-v", "0"]).arg(&conf), "Start-up done");
        running.start(Command::new("smsbox").args(["-v", "0"]).arg(&conf), "Connected to bearerbox");
        let mut fake = Command::new(CARRIER);
        fake.args(["-H", "127.0.0.1", "-r", &carrier_port.to_string(), "-i", "1", "-m", "1", says]);
        let carrier = running.start(&mut fake, "sent message");
        let (channel, webhook_verifier) = account(&format!("http://127.0.0.1:{sms}"), &back.url);
        Some(Self { _running: running, carrier, channel, webhook_verifier, back })
    }

    /// The part that the phone's carrier gets next.
    fn delivered(&self) -> Part {
        loop {
            let line = self.carrier.recv_timeout(Duration::from_secs(20)).expect("the carrier gets a message");
            if let Some((_, part)) = line.split_once("Got message") {
                return Part::read(part);
            }
        }
    }

    /// What Kannel has called back, once there is as much as that.
    async fn called_back(&self, count: usize) -> Vec<Happening> {
        let mut happened = Vec::new();
        let all = async {
            while happened.len() < count {
                for asked in self.back.asked() {
                    let request = InboundRequest {
                        method: Method::from_bytes(asked.method.as_bytes()).unwrap(),
                        url: format!("{}{}", self.back.url, asked.path),
                        headers: &asked.headers,
                        body: asked.body.as_bytes(),
                        unix: NOW,
                    };
                    happened.extend(self.webhook_verifier.hear(&request).await.expect("it has the key").happenings);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("it calls back");
        happened
    }
}

fn account(server: &str, back: &str) -> (Arc<dyn Channel>, WebhookVerifier) {
    let source = include_str!("../../definitions/kannel.toml");
    let platform = Platform::load("kannel.toml", source, http_client(), ambient()).unwrap();
    let fields = json!({"username": "gate", "from": "44555", "base_url": server,
        "status_callback": format!("{back}/in/demo/sms")});
    let secrets = [("password", "demo secret"), ("inbound_secret", KEY)];
    let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned().into())).into_iter().collect();
    let account = Account { fields: fields.as_object().unwrap().clone(), secrets };
    let channel = platform.open(&account).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    (channel, platform.webhook_verifier(&account).ok().flatten().unwrap())
}

fn message(id: &str, text: &str) -> Message {
    let content = Content::Code { text: text.into(), code: "482913".to_owned().into() };
    Message { id: id.into(), to: MessageAddress::new(PHONE), subject: None, content, terms: Terms::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_arrives_whole_and_what_became_of_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stand) = Stand::start(folder.path(), &format!("{PHONE} 44555 text 482 913")).await else { return };
    let heard = stand.called_back(1).await;
    let Happening::Heard(heard) = &heard[0] else { panic!("{heard:?}") };
    assert_eq!((heard.sender.as_str(), heard.text.expose_secret()), (PHONE, "482 913"));
    let words = "Never tell it to anybody who asks you for it. ".repeat(8);
    for (id, is_gsm, text) in [
        ("short", true, "#PIN# is your code.".to_owned()),
        ("long", true, format!("#PIN# is your code. {words}@£$ äöü end")),
        ("other-script", false, "Tere, õhtust! 你好: #PIN# 🎉".to_owned()),
        ("long-other-script", false, format!("#PIN# {} 🎉 lõpp", "õhtu".repeat(40))),
    ] {
        let sent = stand.channel.send(&message(id, &text)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut parts = vec![stand.delivered()];
        while parts.len() < parts[0].of {
            parts.push(stand.delivered());
        }
        assert_eq!(together(parts, is_gsm), text.replace("#PIN#", "482913"), "{id}");
        let fates = stand.called_back(1).await;
        let Happening::DeliveryReceipt(became) = &fates[0] else { panic!("{fates:?}") };
        assert_eq!(
            (Some(&became.platform_id), became.status),
            (sent.platform_id.as_ref(), DeliveryStatus::Delivered),
            "{id}"
        );
        assert_eq!(became.ours.as_deref(), Some(id));
    }
    let too_long = stand.channel.send(&message("too long", &"õ".repeat(68 * 3))).await;
    assert_eq!(too_long, Err(DeliveryError::Permanent("too-long")), "nothing is cut off");
}

/// A part of a text message, as the carrier got it.
struct Part {
    /// Which one.
    number: u8,
    /// Of how many.
    of: usize,
    bytes: Vec<u8>,
}

impl Part {
    /// `FROM TO text WORDS`, `FROM TO udh HEADER KIND BYTES`, or another word before bytes alone.
    fn read(line: &str) -> Self {
        let line = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>')).expect("it stands in <>").0;
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        assert_eq!(&fields[..2], ["44555", PHONE], "{line}");
        match fields[2] {
            "text" => Self { number: 1, of: 1, bytes: fields[3].as_bytes().to_vec() },
            "udh" => {
                let mut rest = fields[3].splitn(3, ' ');
                let (header, _, bytes) = (rest.next().unwrap(), rest.next(), rest.next().expect("bytes"));
                // 3GPP TS 23.040 §9.2.3.24.1: its length, 0, 3, which message, of how many, which one.
                let header = raw(header);
                assert_eq!(&header[..3], [5, 0, 3], "{line}");
                Self { number: header[5], of: header[4].into(), bytes: raw(bytes) }
            }
            _ => Self { number: 1, of: 1, bytes: raw(fields[3]) },
        }
    }
}

/// `%xx` and `+` as bytes.
fn raw(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    bytes
}

/// The text that a phone makes of the parts.
fn together(mut parts: Vec<Part>, is_gsm: bool) -> String {
    parts.sort_by_key(|part| part.number);
    let bytes: Vec<u8> = parts.into_iter().flat_map(|part| part.bytes).collect();
    if is_gsm {
        return String::from_utf8(bytes).expect("Kannel keeps such a text as UTF-8");
    }
    let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).expect("whole characters")
}
