//! The chat platforms that this gateway speaks to: those that are shipped, mail, and for trying the
//! one that keeps what it is given; and the directories that it asks. They get their time, their chance
//! and their reach from here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use countersign_channels::ambient::Ambient;
use countersign_channels::built_in::recorder::Recorder;
use countersign_channels::built_in::smtp::Smtp;
use countersign_channels::definition::{Definition, Registry};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::HttpClient;
use countersign_channels::platform::shipped;

use crate::ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::config::Config;
use crate::directory::http::Http;
use crate::directory::{DirectoryKinds, Kind};
use crate::identity;
use crate::identity::mitek::Mitek;
use crate::identity::signed::SignedKind;

/// Time and chance, as the platforms' channels take them.
#[derive(Default)]
struct Given {
    clock: SystemClock,
    entropy: SystemEntropy,
}

impl Ambient for Given {
    fn now(&self) -> u64 {
        self.clock.now() / 1000
    }

    fn draw(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

/// A platform may take so long with a message, the time for a token besides: shorter than what a sender has
/// for it.
const FOR_A_MESSAGE: Duration = Duration::from_secs(25);

/// Whom the gateway speaks to.
pub fn egress(config: &Config) -> EgressPolicy {
    let allow = config.outbound.allow.clone();
    EgressPolicy::new(move |ip| allow.iter().any(|net| net.contains(&ip))).on_ports(config.outbound.ports.as_slice())
}

/// A provider that checks documents looks at pictures, and may ask others: so long, and no longer.
const LOOKING: Duration = Duration::from_secs(40);

/// Who can be asked to check documents.
pub fn providers(config: &Config) -> anyhow::Result<identity::ProviderKinds> {
    let http_client = HttpClient::new(egress(config)).context("no TLS for outgoing connections")?.patient(LOOKING);
    let mitek: Arc<dyn identity::Kind> = Arc::new(Mitek::new(http_client.clone()));
    let signed: Arc<dyn identity::Kind> = Arc::new(SignedKind::new(http_client));
    Ok(identity::ProviderKinds::of([mitek, signed]))
}

/// All of them. What keeps messages where they can be read is only good enough for trying.
pub fn registry(config: &Config, recorder: Recorder) -> anyhow::Result<Registry> {
    let http_client =
        HttpClient::new(egress(config)).context("no TLS for outgoing connections")?.patient(FOR_A_MESSAGE);
    let ambient: Arc<dyn Ambient> = Arc::new(Given::default());
    let shipped =
        shipped::platforms(&http_client, &ambient)?.into_iter().map(|one| Arc::new(one) as Arc<dyn Definition>);
    let mail: Arc<dyn Definition> =
        Arc::new(Smtp::new(http_client.egress().clone(), ambient.clone()).patient(FOR_A_MESSAGE));
    let recorder: Arc<dyn Definition> = Arc::new(recorder);
    Ok(Registry::of(shipped.chain([mail]).chain(Some(recorder).filter(|_| !config.server.production))))
}

/// The kinds of directories that this gateway was built with.
pub fn directories(egress: &EgressPolicy) -> DirectoryKinds {
    let http: Arc<dyn Kind> = Arc::new(Http::new(egress.clone(), Arc::new(Given::default())));
    DirectoryKinds::of([
        ("http", http),
        #[cfg(feature = "ldap")]
        ("ldap", Arc::new(crate::directory::ldap::Ldap::new(egress.clone()))),
        #[cfg(feature = "postgres")]
        ("postgres", Arc::new(crate::directory::postgres::Postgres::new(egress.clone()))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_has_no_channel_that_keeps_messages_where_they_can_be_read() {
        let mut config = Config::load(None, std::iter::empty()).expect("the defaults are right");
        for (production, there) in [(false, true), (true, false)] {
            config.server.production = production;
            let registry = registry(&config, Recorder::default()).expect("what is shipped is right");
            assert_eq!(registry.find("recorder").is_some(), there);
            assert!(registry.find("smtp").is_some());
        }
    }
}
