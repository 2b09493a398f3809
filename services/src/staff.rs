//! Agents and admins: who they are, how they sign in, and on whose behalf a request comes.
//! Each file is one part of that; the services are those that other rooms call.

use std::sync::Arc;

use crate::accounts::Logins;
use crate::conversations::Conversations;
use crate::engine::Engine;
use crate::events::EventLog;
use crate::limits::Limits;
use crate::messaging::Messaging;
use crate::teams::Teams;
use crate::teams::channels::Channels;
use crate::urls::Urls;
use countersign_domain::secret::{MacKey, Tag};
use countersign_domain::team::oidc::OidcProvider;

pub mod caller;
pub mod callers;
pub mod embeds;
pub mod oidc;
pub mod sessions;
pub mod signing_in;
pub mod status_tokens;
pub mod users;

use callers::Proven;
use oidc::Fetched;

/// Agents and admins, and their sessions.
pub struct Users {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) limits: Arc<Limits>,
    /// What the owner key of the configuration is known by.
    pub(crate) owner: Option<Tag>,
    /// What staff sign in by, besides local accounts.
    pub(crate) oidc: Option<Arc<OidcProvider>>,
}

/// Who asks, found by a key or a session.
pub struct Callers {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) event_log: Arc<EventLog>,
    pub(crate) users: Arc<Users>,
    pub(crate) proven: Proven,
}

/// Agents and admins who sign in.
pub struct SignIn {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) users: Arc<Users>,
    /// What staff sign in by, besides local accounts.
    pub(crate) oidc: Option<Arc<OidcProvider>>,
    /// What the provider says of itself.
    pub(crate) fetched: Fetched,
}

/// What the owner key of the configuration is known by.
pub(crate) fn owner_tag(key: &MacKey, text: &[u8]) -> Tag {
    key.tag(&[b"owner", text])
}
