//! Handing a mail to the server, and what its answers mean. A mail is handed over at most once: a
//! line that breaks before the server has all of it has sent nothing, one that breaks afterwards
//! leaves nobody knowing.
//!
//! Reasons are words of ours: a server's own may quote what it was sent.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use tokio::net::TcpStream;
use url::Host;

use super::address::MailAddress;
use super::mail_message::MailMessage;
use super::sealed::TlsStream;
use super::wary::Wary;
use super::{Server, Tls};
use crate::DeliveryError;
use crate::egress::EgressPolicy;
use crate::engine::outcome::RefusalReason;

/// A connection that is not there after so long will not be there.
const CONNECT: Duration = Duration::from_secs(2);
/// The whole of it, where nobody says otherwise.
pub(super) const WHOLE: Duration = Duration::from_secs(6);
/// Saying goodbye: the mail is taken by then.
const GOODBYE: Duration = Duration::from_millis(300);
/// Addresses of a name that are tried.
const MAX_ADDRESSES: usize = 3;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Tls,
    Login,
    Sender,
    Recipient,
    Content,
}

/// Hands a mail over.
pub async fn hand_over(
    server: &Server,
    egress: &EgressPolicy,
    from: &Address,
    to: &MailAddress,
    mail_message: &MailMessage,
) -> Result<(), DeliveryError> {
    let begun = AtomicBool::new(false);
    let exchange = async {
        let mut line = connect(server, egress).await?;
        prepare(&mut line, server, from, to).await?;
        begun.store(true, Ordering::Relaxed);
        line.message(&mail_message.bytes).await.map_err(|error| sort(Stage::Content, &error))?;
        Ok(line)
    };
    match tokio::time::timeout(server.whole, exchange).await {
        Ok(Ok(mut line)) => {
            let _ = tokio::time::timeout(GOODBYE, line.quit()).await; // a courtesy
            Ok(())
        }
        Ok(Err(error)) => Err(error),
        Err(_) if begun.load(Ordering::Relaxed) => Err(DeliveryError::Ambiguous),
        Err(_) => Err(DeliveryError::Retry(RefusalReason::Unavailable.wire_name())),
    }
}

/// A line to the server, under TLS.
async fn connect(server: &Server, egress: &EgressPolicy) -> Result<AsyncSmtpConnection, DeliveryError> {
    let mut last = DeliveryError::Retry("unreachable");
    for address in addresses(server, egress).await? {
        match open(server, address).await {
            Err(DeliveryError::Retry(why)) => last = DeliveryError::Retry(why),
            done => return done,
        }
    }
    Err(last)
}

/// Where the server is now, as far as it may be spoken to.
async fn addresses(server: &Server, egress: &EgressPolicy) -> Result<Vec<SocketAddr>, DeliveryError> {
    let found = match &server.host {
        Host::Ipv4(ip) => vec![SocketAddr::from((*ip, server.port))],
        Host::Ipv6(ip) => vec![SocketAddr::from((*ip, server.port))],
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name.as_str(), server.port)).await;
            found.map_err(|_| DeliveryError::Retry("unreachable"))?.collect()
        }
    };
    let taken: Vec<SocketAddr> =
        found.into_iter().filter(|found| egress.takes_at(*found)).take(MAX_ADDRESSES).collect();
    if taken.is_empty() { Err(DeliveryError::AuthBroken("address-not-allowed")) } else { Ok(taken) }
}

async fn open(server: &Server, address: SocketAddr) -> Result<AsyncSmtpConnection, DeliveryError> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
    let Ok(Ok(stream)) = stream else { return Err(DeliveryError::Retry("unreachable")) };
    let stream = Wary::new(stream);
    let greeted = |error| sort(Stage::Greeting, &error);
    let (line, is_encrypted) = match server.tls {
        Tls::Implicit => {
            let stream = TlsStream::over(stream, server.trust.clone()).await.map_err(greeted)?;
            let is_encrypted = stream.is_encrypted();
            let line = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &server.hello).await;
            (line.map_err(greeted)?, is_encrypted)
        }
        Tls::Starttls => {
            let line = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &server.hello).await;
            let mut line = line.map_err(greeted)?;
            if !line.can_starttls() {
                return Err(DeliveryError::AuthBroken("no-tls"));
            }
            let upgraded = line.starttls(server.trust.clone(), &server.hello).await;
            upgraded.map_err(|error| sort(Stage::Tls, &error))?;
            let is_encrypted = line.is_encrypted();
            (line, is_encrypted)
        }
    };
    if is_encrypted { Ok(line) } else { Err(DeliveryError::AuthBroken("no-tls")) }
}

/// Everything before the mail itself.
async fn prepare(
    line: &mut AsyncSmtpConnection,
    server: &Server,
    from: &Address,
    to: &MailAddress,
) -> Result<(), DeliveryError> {
    if let Some(login) = &server.login {
        let known = [Mechanism::Plain, Mechanism::Login];
        line.auth(&known, login).await.map_err(|error| sort(Stage::Login, &error))?;
    }
    let mut options = Vec::new();
    if !to.is_ascii() {
        if !line.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(DeliveryError::Fallback(RefusalReason::BadAddress.wire_name()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    let sender = line.command(Mail::new(Some(from.clone()), options)).await;
    sender.map_err(|error| sort(Stage::Sender, &error))?;
    let recipient = line.command(Rcpt::new(to.as_lettre().clone(), Vec::new())).await;
    recipient.map_err(|error| sort(Stage::Recipient, &error))?;
    let data = line.command(Data).await;
    data.map_err(|error| match sort(Stage::Content, &error) {
        DeliveryError::Ambiguous => DeliveryError::Retry(RefusalReason::Unavailable.wire_name()), // nothing has left yet
        told => told,
    })?;
    Ok(())
}

/// What a failure means.
fn sort(stage: Stage, error: &Error) -> DeliveryError {
    match error.status() {
        Some(code) => refused(stage, code.into(), enhanced(error)),
        None => unanswered(stage, error),
    }
}

/// No answer, or none that is one.
fn unanswered(stage: Stage, error: &Error) -> DeliveryError {
    match stage {
        Stage::Content => DeliveryError::Ambiguous,
        // It offers no way of logging in that we know.
        Stage::Login if error.is_client() => DeliveryError::AuthBroken(RefusalReason::Credentials.wire_name()),
        _ if is_tls_failure(error) => DeliveryError::AuthBroken("tls"),
        Stage::Greeting if !error.is_response() => DeliveryError::Retry("unreachable"),
        _ => DeliveryError::Retry(RefusalReason::Unavailable.wire_name()),
    }
}

/// Whether TLS itself failed, such as by a certificate that nobody vouches for.
fn is_tls_failure(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        let wrapped = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if wrapped.is_some_and(|wrapped| wrapped.is::<rustls::Error>()) {
            return true;
        }
        source = inner.source();
    }
    false
}

/// An enhanced status code (RFC 3463): its subject and its detail.
fn enhanced(error: &Error) -> Option<(u16, u16)> {
    let text = error.source()?.to_string();
    let mut numbers = text.split_whitespace().next()?.splitn(3, '.').map(str::parse::<u16>);
    match (numbers.next()?, numbers.next()?, numbers.next()?) {
        (Ok(2..=5), Ok(subject), Ok(detail)) => Some((subject, detail)),
        _ => None,
    }
}

/// A reply that says no (RFC 5321 §4.2).
fn refused(stage: Stage, code: u16, enhanced: Option<(u16, u16)>) -> DeliveryError {
    let subject = enhanced.map(|(subject, _)| subject);
    match (stage, code) {
        (_, 421) => DeliveryError::Retry(RefusalReason::Unavailable.wire_name()),
        (_, 400..=499) if subject == Some(7) => DeliveryError::Retry(RefusalReason::Rate.wire_name()), // greylisted
        (_, 400..=499) => DeliveryError::Retry(RefusalReason::Unavailable.wire_name()),
        (Stage::Login, _) | (_, 530 | 534 | 535 | 538) => {
            DeliveryError::AuthBroken(RefusalReason::Credentials.wire_name())
        }
        (Stage::Greeting | Stage::Tls, _) => DeliveryError::AuthBroken(RefusalReason::Forbidden.wire_name()),
        (Stage::Sender | Stage::Content, 552) => DeliveryError::Permanent(RefusalReason::TooLong.wire_name()),
        (Stage::Sender, _) => DeliveryError::AuthBroken(RefusalReason::BadSender.wire_name()),
        (Stage::Recipient, _) => recipient(code, enhanced),
        (Stage::Content, _) if subject == Some(7) => DeliveryError::Fallback(RefusalReason::Spam.wire_name()),
        (Stage::Content, _) => DeliveryError::Fallback(RefusalReason::Content.wire_name()),
    }
}

fn recipient(code: u16, enhanced: Option<(u16, u16)>) -> DeliveryError {
    let reason = match (enhanced, code) {
        (Some((1, 7 | 8)), _) => return DeliveryError::AuthBroken(RefusalReason::BadSender.wire_name()),
        (Some((1, _)), _) | (None, 550 | 551 | 553 | 555) => RefusalReason::BadAddress,
        (Some((2, _)), _) | (None, 552) => RefusalReason::NotReachable,
        _ => RefusalReason::Refused,
    };
    DeliveryError::Fallback(reason.wire_name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryError::{AuthBroken, Fallback, Permanent, Retry};

    #[test]
    fn a_refusal_is_sorted_by_where_it_came_and_what_it_says() {
        for (stage, code, enhanced, means) in [
            (Stage::Greeting, 421, None, Retry("unavailable")),
            (Stage::Greeting, 554, None, AuthBroken("forbidden")),
            (Stage::Login, 454, Some((7, 0)), Retry("rate")),
            (Stage::Login, 535, Some((7, 8)), AuthBroken("credentials")),
            (Stage::Login, 504, None, AuthBroken("credentials")),
            (Stage::Sender, 530, Some((7, 0)), AuthBroken("credentials")),
            (Stage::Sender, 553, Some((7, 1)), AuthBroken("bad-sender")),
            (Stage::Sender, 552, None, Permanent("too-long")),
            (Stage::Sender, 451, None, Retry("unavailable")),
            (Stage::Recipient, 451, Some((7, 1)), Retry("rate")),
            (Stage::Recipient, 452, Some((2, 2)), Retry("unavailable")),
            (Stage::Recipient, 550, Some((1, 1)), Fallback("bad-address")),
            (Stage::Recipient, 550, None, Fallback("bad-address")),
            (Stage::Recipient, 550, Some((1, 8)), AuthBroken("bad-sender")),
            (Stage::Recipient, 552, Some((2, 2)), Fallback("not-reachable")),
            (Stage::Recipient, 554, Some((7, 1)), Fallback("refused")),
            (Stage::Content, 451, None, Retry("unavailable")),
            (Stage::Content, 552, None, Permanent("too-long")),
            (Stage::Content, 550, Some((7, 1)), Fallback("spam")),
            (Stage::Content, 554, Some((6, 0)), Fallback("content")),
        ] {
            assert_eq!(refused(stage, code, enhanced), means, "{stage:?} {code} {enhanced:?}");
        }
    }
}
