//! A message as a mail: its headers, and the same words as text and as a page. The same message is
//! the same mail however often it is written: it has the same id, and differs by its date alone.
//!
//! Values never end a header: each is brought to one line here and encoded by the library.

use std::time::{Duration, SystemTime};

use lettre::Message as Mail;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use secrecy::ExposeSecret as _;

use super::address::MailAddress;
use super::page;
use super::text::{clean, one_line};
use crate::Message;

/// A mail, ready to be handed over.
pub struct MailMessage {
    /// Its `Message-ID`.
    pub id: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Nobody's machine is to answer (RFC 3834), and Exchange's goes by a header of its own.
const NO_ANSWERS: [(&str, &str); 2] = [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];

impl MailMessage {
    /// Writes it; `unix` is now. None where it cannot be put into a mail.
    pub fn write(from: &Mailbox, to: &MailAddress, message: &Message, button: &str, unix: u64) -> Option<Self> {
        let id = message_id(&message.id, from.email.domain());
        let subject = one_line(message.subject.as_deref().unwrap_or_default());
        let mut mail = Mail::builder()
            .message_id(Some(id.clone()))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(unix))
            .from(from.clone())
            .to(Mailbox::new(None, to.as_lettre().clone()))
            .subject(&subject);
        for (name, value) in NO_ANSWERS {
            mail = mail.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
        }
        let plain = clean(message.content.plain().expose_secret());
        let page = page::draw(&subject, &message.content, button);
        // Drawn from the id: no chance makes two mails of one message.
        let parts = MultiPart::alternative().boundary(boundary(&message.id));
        let parts = parts.singlepart(SinglePart::plain(plain)).singlepart(SinglePart::html(page));
        let bytes = mail.multipart(parts).ok()?.formatted();
        Some(Self { id, bytes })
    }
}

/// `<…@domain>`, the message's own id where that may stand there.
fn message_id(id: &str, domain: &str) -> String {
    let fits = |id: &str| {
        id.len() <= 120
            && id.split('.').all(|atom| !atom.is_empty())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if fits(id) { format!("<{id}@{domain}>") } else { format!("<{}@{domain}>", digest(id)) }
}

fn boundary(id: &str) -> String {
    format!("part-{}", digest(id))
}

fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in::smtp::address;
    use crate::{Content, MessageAddress};

    const NOW: u64 = 1_795_217_522;

    fn written(subject: &str, content: Content, name: Option<&str>) -> String {
        let from = address::parse("no-reply@bank.example").unwrap().into_inner();
        let from = Mailbox::new(name.map(str::to_owned), from);
        let to = address::parse("customer@example.com").unwrap();
        let message = Message {
            id: "0199aa.m1-email".into(),
            to: MessageAddress::new("customer@example.com"),
            subject: Some(subject.into()),
            content,
            terms: crate::Terms::default(),
        };
        let mail_message = MailMessage::write(&from, &to, &message, "Sign in", NOW).unwrap();
        let again = MailMessage::write(&from, &to, &message, "Sign in", NOW).unwrap();
        assert_eq!(mail_message.bytes, again.bytes, "the same message is the same mail");
        assert_eq!(mail_message.id, "<0199aa.m1-email@bank.example>");
        String::from_utf8(mail_message.bytes).unwrap()
    }

    fn headers(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|l| l.split(':').next().unwrap()).collect()
    }

    #[test]
    fn a_mail_says_whose_it_is_and_that_nobody_is_to_answer() {
        let mail = written("Your code", Content::Text("Hello".into()), Some("Demo Bank"));
        for line in [
            "Message-ID: <0199aa.m1-email@bank.example>\r\n",
            "Date: Fri, 20 Nov 2026 23:32:02 +0000\r\n",
            "From: \"Demo Bank\" <no-reply@bank.example>\r\n",
            "To: customer@example.com\r\n",
            "Subject: Your code\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            "MIME-Version: 1.0\r\n",
            "multipart/alternative;",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
        ] {
            assert!(mail.contains(line), "{line:?} is not in {mail}");
        }
    }

    /// A087: no value makes a header, a recipient or a second mail.
    #[test]
    fn a087_no_value_ends_its_header() {
        let plain = written("Hello", Content::Text("Hello".into()), Some("Demo Bank"));
        for end in ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\0", "=0D=0A", "%0d%0a"] {
            let evil = format!("a{end}Bcc: x@evil.example{end}{end}.{end}MAIL FROM:<x@evil.example>");
            let mail = written(&evil, Content::Text(evil.clone()), Some("Demo Bank"));
            assert_eq!(headers(&mail), headers(&plain), "{end:?}: {mail}");
            let ends = mail.replace("\r\n", "");
            assert!(!ends.contains(['\r', '\n']), "{end:?}: a line ends in one way only");
            assert!(mail.lines().all(|line| line.len() <= 998), "{end:?}");
        }
    }

    #[test]
    fn what_is_no_atom_becomes_one() {
        for id in ["a b", "a..b", "", "a@b", "a\r\nb", &"a".repeat(200)] {
            let made = message_id(id, "bank.example");
            assert_eq!(made.len(), "<@bank.example>".len() + 32, "{id:?}");
            assert_eq!(made, message_id(id, "bank.example"));
        }
    }

    #[test]
    fn words_of_every_language_arrive() {
        let words = "Tere, õhtust! 你好 🎉";
        let mail = written(words, Content::Text(words.into()), Some("Õun AS"));
        assert!(mail.is_ascii() && mail.contains("=?utf-8?"), "{mail}");
    }
}
