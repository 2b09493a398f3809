//! What the composition root tells the gateway: its public address, how long it keeps things, and what it may
//! speak to.

use std::sync::Arc;

use countersign_channels::definition::Registry;
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::Carry;

use countersign_directory::DirectoryKinds;
use countersign_domain::secret::Secret;
use countersign_domain::team::oidc::OidcProvider;

/// What the composition root tells the gateway.
pub struct GatewayConfig {
    /// Every generated link starts with it; no slash at the end.
    pub public_url: String,
    /// The owner key of the configuration.
    pub owner_key: Option<Secret>,
    /// How long things are kept.
    pub retention: Retention,
    /// The chat platforms that teams may have accounts on.
    pub channels: Registry,
    /// The kinds of directories that teams may have besides the built-in one.
    pub directories: DirectoryKinds,
    /// Whom it may speak to where a team names the address.
    pub egress: EgressPolicy,
    /// What staff sign in by, besides local accounts.
    pub oidc: Option<OidcProvider>,
    /// Who can be asked to check documents.
    pub providers: countersign_identity::ProviderKinds,
    /// Who carries posts there; none: they go over the network.
    pub posts: Option<Arc<dyn Carry>>,
}

/// How long things are kept, in days.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Closed interactions.
    pub interactions: u64,
    /// Events of the streams.
    pub events: u64,
    /// Entries of the audit trails.
    pub audit: u64,
    /// Counts of what happened in an hour.
    pub insights: u64,
}
