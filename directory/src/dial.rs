//! Connections to directories: to nobody whom the operator does not let the gateway speak to, and over
//! TLS, save to an address that the operator names. A company's own authority may be named; then it
//! is the only one that counts.

use std::sync::Arc;
use std::time::Duration;

use countersign_channels::egress::EgressPolicy;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use url::Url;

use super::DirectoryFailure;
use countersign_domain::base::validation::FieldError;

/// How long a directory may take for one answer, in milliseconds.
pub(super) const TIMEOUT: std::ops::RangeInclusive<u64> = 100..=10_000;

/// What it is where the admin does not say: a person waits behind it.
pub(super) fn default_timeout() -> u64 {
    3_000
}

/// Whether a host may be spoken to, in the clear or not, as far as its name tells.
pub(super) fn admit(egress: &EgressPolicy, host: &str, port: u16, tls: bool) -> Result<(), &'static str> {
    let scheme = if tls { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{host}:{port}/")).map_err(|_| "must name a host and a port")?;
    egress.admit(&url).map_err(|why| match tls {
        true => why.says,
        false => "must be spoken to over TLS, save for an address that the operator allows",
    })
}

/// A connection to the first of a host's addresses that may be spoken to and answers.
pub(super) async fn dial(
    egress: &EgressPolicy,
    host: &str,
    port: u16,
    timeout: Duration,
) -> Result<TcpStream, DirectoryFailure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let connect = async {
        let found = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|_| DirectoryFailure::down("its name does not resolve"))?;
        let taken: Vec<_> = found.filter(|address| egress.takes_at(*address)).collect();
        if taken.is_empty() {
            return Err(DirectoryFailure::refused(
                "its address, or its port, is none that the operator lets the gateway speak to",
            ));
        }
        TcpStream::connect(&taken[..])
            .await
            .map_err(|error| DirectoryFailure::down(format!("no connection: {}", error.kind())))
    };
    let stream =
        tokio::time::timeout(timeout, connect).await.map_err(|_| DirectoryFailure::down("no connection in time"))??;
    stream.set_nodelay(true).map_err(|_| DirectoryFailure::down("no connection"))?;
    Ok(stream)
}

/// What TLS is spoken with: the company's own authority, where it is named, else the system's.
pub(super) fn tls(authority: Option<&str>) -> Result<Arc<ClientConfig>, FieldError> {
    let wrong = |why: &str| FieldError::invalid("/connection/ca", why);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| wrong("no TLS is spoken here"))?;
    let config = match authority {
        None => builder.with_platform_verifier().map_err(|_| wrong("the system has no authorities: name one"))?,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|_| wrong("must be certificates in PEM"))?;
                roots.add(certificate).map_err(|_| wrong("holds a certificate that is none of an authority"))?;
            }
            if roots.is_empty() {
                return Err(wrong("must be certificates in PEM"));
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_spoken_to_over_tls_save_where_the_operator_allows() {
        let (none, loopback) = (EgressPolicy::new(|_| false), EgressPolicy::new(|ip| ip.is_loopback()));
        for (host, tls, by_none, by_loopback) in [
            ("ldap.example.com", true, true, true),
            ("ldap.example.com", false, false, false),
            ("127.0.0.1", true, false, true),
            ("127.0.0.1", false, false, true),
            ("localhost", false, false, true),
            ("[::1]", false, false, true),
            ("10.0.0.1", true, false, false),
            ("169.254.169.254", false, false, false),
        ] {
            let judged = [&none, &loopback].map(|egress| admit(egress, host, 389, tls).is_ok());
            assert_eq!(judged, [by_none, by_loopback], "{host} {tls}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let egress = EgressPolicy::new(|_| false);
        let refused = dial(&egress, "localhost", 1, Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(refused.trouble, super::super::DirectoryTrouble::Refused);
    }

    #[test]
    fn an_authority_is_a_certificate() {
        for wrong in ["", "none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(tls(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(tls(None).is_ok());
    }
}
