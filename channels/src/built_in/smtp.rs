//! Mail, over a submission server of the team's: what an account on it must say, and the channel
//! that comes of one. TLS always, from the first byte or by STARTTLS; who cannot do that gets no
//! password and no mail.
//!
//! `mail_message` writes a mail, `session` hands it over.

use std::net::Ipv6Addr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address as MailAddress;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use crate::account::form::RequestedField;
use crate::account::{Account, FieldShape, MAX_PER_MINUTE, max_per_minute, only};
use crate::ambient::Ambient;
use crate::definition::{Definition, Features};
use crate::egress::EgressPolicy;
use crate::engine::outcome::RefusalReason;
use crate::{Channel, DeliveryError, Message, Sent};

pub mod address;
mod fields;
mod mail_message;
mod page;
mod sealed;
mod session;
mod text;
mod wary;

use crate::validation::{self, FieldError};
use fields::SmtpAccountReader;
use mail_message::MailMessage;

/// As teams call it.
const NAME: &str = "smtp";

const FIELDS: &[&str] =
    &["host", "port", "tls", "username", "from", "from_name", "button", "certificate", MAX_PER_MINUTE];

/// Mail.
pub struct Smtp {
    egress: EgressPolicy,
    whole: Duration,
    ambient: Arc<dyn Ambient>,
}

impl Smtp {
    /// Speaks to whom `egress` lets it.
    pub fn new(egress: EgressPolicy, ambient: Arc<dyn Ambient>) -> Self {
        Self { egress, ambient, whole: session::WHOLE }
    }

    /// The same, that waits so long for a mail to be taken.
    pub fn patient(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }
}

impl Definition for Smtp {
    fn name(&self) -> &str {
        NAME
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        let mut wrong = only(account, FIELDS, &["password"]);
        let mut fields = SmtpAccountReader::of(account, &mut wrong);
        let server = server(&mut fields, &self.egress);
        let sender = sender(&mut fields);
        let button = fields.one_line("button").unwrap_or_else(|| "Continue".to_owned());
        let limit = max_per_minute(account).unwrap_or_else(|error| {
            wrong.push(error);
            None
        });
        match (server, sender) {
            (Some(server), Some(from)) if wrong.is_empty() => {
                let hello = ClientId::Domain(from.email.domain().to_owned());
                let server = Server { hello, whole: self.whole, ..server };
                let (egress, ambient) = (self.egress.clone(), self.ambient.clone());
                Ok(Arc::new(Post { server, from, button, limit, egress, ambient }))
            }
            _ => Err(wrong),
        }
    }

    fn asks(&self) -> Vec<RequestedField> {
        vec![
            RequestedField::field("host", "the mail server's name"),
            RequestedField::field("from", "the address that mail comes from"),
            RequestedField::field("from_name", "the name that mail comes from").optional(),
            RequestedField::field("port", "587, or 465 where TLS is implicit").shaped(FieldShape::Number).optional(),
            RequestedField::field("tls", "how a connection comes to its TLS")
                .one_of(&["starttls", "implicit"])
                .optional(),
            RequestedField::field("username", "who sends; goes with `password`").optional(),
            RequestedField::field("button", "what the button of a link says").optional(),
            RequestedField::field("certificate", "the PEM of the authority behind the server's certificate")
                .of_lines()
                .optional(),
            RequestedField::rate_limit(),
            RequestedField::field("password", "the password of `username`").secret().optional(),
        ]
    }

    fn features(&self) -> Features {
        Features {
            title: "Mail (SMTP)".to_owned(),
            link: true,
            code: true,
            initiate: true,
            preview: "fetched",
            ..Features::default()
        }
    }
}

/// How a connection comes to its TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    /// After the first words, which nobody must believe.
    Starttls,
    /// From the first byte.
    Implicit,
}

/// The server that takes mail from an account.
struct Server {
    /// Where it is: a name or an address.
    host: Host<String>,
    port: u16,
    tls: Tls,
    /// Whose certificates it may show.
    trust: TlsParameters,
    login: Option<Credentials>,
    /// What we call ourselves.
    hello: ClientId,
    /// How long it may take with a mail.
    whole: Duration,
}

fn server(fields: &mut SmtpAccountReader<'_>, egress: &EgressPolicy) -> Option<Server> {
    let host = host(fields, egress);
    let tls = match fields.text("tls").as_deref() {
        None | Some("starttls") => Some(Tls::Starttls),
        Some("implicit") => Some(Tls::Implicit),
        Some(_) => fields.error("tls", validation::ONE_OF.with([("words", &"starttls, implicit")])),
    };
    let port = fields.number("port", 1..=65_535).map(|port| u16::try_from(port).expect("it is within its bounds"));
    let login = login(fields);
    let (host, tls) = (host?, tls?);
    let trust = trust(fields, &host)?;
    let port = port.unwrap_or(if tls == Tls::Starttls { 587 } else { 465 });
    Some(Server { host, port, tls, trust, login, hello: ClientId::default(), whole: session::WHOLE })
}

/// A host that may be spoken to as far as its name tells; what it resolves to is judged each time.
fn host(fields: &mut SmtpAccountReader<'_>, egress: &EgressPolicy) -> Option<Host<String>> {
    let text = fields.required("host", "the mail server's name")?;
    let six = text.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>();
    let is_name = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || ".-".contains(c);
    let written = six.map_or_else(|_| text.chars().all(is_name).then_some(text), |ip| Some(format!("[{ip}]")));
    let url = written.and_then(|host| Url::parse(&format!("https://{host}/")).ok());
    let Some(host) = url.as_ref().and_then(|url| url.host().map(|host| host.to_owned())) else {
        return fields.error("host", &validation::SERVER);
    };
    match egress.admit(url.as_ref().expect("it has a host")) {
        Ok(()) => Some(host),
        Err(why) => fields.error("host", why),
    }
}

/// Who logs in; nobody where the account has no username.
fn login(fields: &mut SmtpAccountReader<'_>) -> Option<Credentials> {
    let username = fields.one_line("username");
    let password = fields.account.secrets.get("password").map(|password| password.expose_secret().to_owned());
    match (username, password) {
        (Some(_), Some(password)) if password.is_empty() || password.contains(char::is_control) => {
            fields.secret_error(&validation::UNPRINTABLE)
        }
        (Some(username), Some(password)) => Some(Credentials::new(username, password)),
        (Some(_), None) => fields.secret_error(validation::MISSING.saying("is missing: what `username` logs in with")),
        (None, Some(_)) => fields.error("username", validation::MISSING.saying("is missing: whose password this is")),
        (None, None) => None,
    }
}

/// Certificates that the system trusts, and one authority of the team's own.
fn trust(fields: &mut SmtpAccountReader<'_>, host: &Host<String>) -> Option<TlsParameters> {
    let name = match host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    let mut parameters = TlsParameters::builder(name);
    if let Some(pem) = fields.text("certificate") {
        match Certificate::from_pem(pem.as_bytes()) {
            Ok(certificate) if pem.contains("-----BEGIN CERTIFICATE-----") => {
                parameters = parameters.add_root_certificate(certificate);
            }
            _ => {
                return fields.error("certificate", &validation::CERTIFICATE);
            }
        }
    }
    match parameters.build() {
        Ok(trust) => Some(trust),
        Err(_) => fields.error("certificate", &validation::CERTIFICATE),
    }
}

/// Whom mail is from.
fn sender(fields: &mut SmtpAccountReader<'_>) -> Option<Mailbox> {
    let from = fields.required("from", "the address that mail comes from");
    let name = fields.one_line("from_name");
    match address::parse(&from?) {
        Some(address) if address.is_ascii() => Some(Mailbox::new(name, address.into_inner())),
        _ => fields.error("from", &validation::MAIL_ADDRESS),
    }
}

/// The channel of an account.
struct Post {
    server: Server,
    from: Mailbox,
    button: String,
    limit: Option<NonZeroU32>,
    egress: EgressPolicy,
    ambient: Arc<dyn Ambient>,
}

impl Post {
    fn sender(&self) -> &MailAddress {
        &self.from.email
    }
}

#[async_trait]
impl Channel for Post {
    fn name(&self) -> &str {
        NAME
    }

    fn max_per_minute(&self) -> Option<NonZeroU32> {
        self.limit
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        let to = address::parse(message.to.as_str())
            .ok_or(DeliveryError::Fallback(RefusalReason::BadAddress.wire_name()))?;
        let mail_message = MailMessage::write(&self.from, &to, message, &self.button, self.ambient.now());
        let mail_message = mail_message.ok_or(DeliveryError::Permanent(RefusalReason::Content.wire_name()))?;
        session::hand_over(&self.server, &self.egress, self.sender(), &to, &mail_message).await?;
        Ok(Sent { platform_id: Some(mail_message.id) })
    }
}

#[cfg(test)]
mod tests;
