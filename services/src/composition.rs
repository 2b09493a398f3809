//! Composition: the services over their ports, each given those that it depends on.
//! Each stands after those that it is given: the order is the order of the rooms.

use std::sync::Arc;

use countersign_channels::built_in::session::SessionChannel;
use countersign_channels::built_in::webchat::WebChat;
use tokio::sync::{Mutex, Notify};

use crate::accounts::passwords::Hashing;
use crate::accounts::{Accounts, CustomerLogin, HostedLogin, Logins};
use crate::challenges::Challenges;
use crate::config::GatewayConfig;
use crate::conversations::Conversations;
use crate::conversations::committed::CommitObserver;
use crate::customers::Customers;
use crate::customers::directories::OpenedDirectories;
use crate::engine::Engine;
use crate::engine::executor::Executor;
use crate::engine::keyed_locks::KeyedLocks;
use crate::events::event_log::ConfirmedHeads;
use crate::events::stream::Tails;
use crate::events::{EventLog, Relay, Webhooks};
use crate::inbound::Inbound;
use crate::inbound::webhook_verifiers::WebhookVerifiers;
use crate::limits::Limits;
use crate::limits::channel_limits::ChannelLimits;
use crate::limits::conversion_guard::ConversionCounts;
use crate::limits::send_budget::Blocks;
use crate::links::Links;
use crate::lockouts::Lockouts;
use crate::maintenance::Maintenance;
use crate::maintenance::reapply::Restore;
use crate::messaging::Messaging;
use crate::messaging::posting::PostingClient;
use crate::messaging::retracting::Retractions;
use crate::messaging::sending::Outgoing;
use crate::messaging::showing::Showing;
use crate::messaging::transcripts::Transcripts;
use crate::staff::callers::Proven;
use crate::staff::oidc::Fetched;
use crate::staff::{Callers, SignIn, Users, owner_tag};
use crate::teams::channels::Channels;
use crate::teams::drivers::{Drivers, OpenedDrivers};
use crate::teams::providers::{Checkers, Providers};
use crate::teams::{CachedTeams, TeamCache, Teams};
use crate::urls::Urls;
use crate::{Gateway, names};
use countersign_ambient::{Clock, Entropy};
use countersign_domain::secret::Secret;
use countersign_store::Store;

/// A service: clones of those that it depends on, and what is its own.
macro_rules! service {
    ($name:ident over $($dependency:ident),* $(; $($own:ident: $value:expr),*)?) => {
        Arc::new($name { $($dependency: $dependency.clone(),)* $($($own: $value,)*)? })
    };
}

impl Gateway {
    /// A gateway over a store, a clock and chance.
    #[expect(clippy::too_many_lines, reason = "a list of the services, one statement each")]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        root: &Secret,
        config: GatewayConfig,
    ) -> Self {
        let engine = Arc::new(Engine::new(store, clock, entropy, root, names::KINDS));
        let owner = config.owner_key.map(|key| owner_tag(&engine.keys.api, key.expose()));
        let oidc = config.oidc.map(Arc::new);
        let retention = config.retention;
        let transcripts = Arc::new(Transcripts::new(&engine));
        let outgoing = Arc::new(Outgoing::new(&engine));
        let retractions = Arc::new(Retractions::new(&engine));
        let observers: Vec<Arc<dyn CommitObserver>> = vec![transcripts.clone(), outgoing.clone(), retractions.clone()];
        let channel_limits = Arc::new(ChannelLimits::default());
        let directories = Arc::new(OpenedDirectories::default());
        let checkers = Arc::new(Checkers::default());
        let webhook_verifiers = Arc::new(WebhookVerifiers::default());
        let caches: Vec<Arc<dyn TeamCache>> =
            vec![channel_limits.clone(), directories.clone(), checkers.clone(), webhook_verifiers.clone()];
        let registry = config.channels.and(Arc::new(SessionChannel)).and(Arc::new(WebChat::over(transcripts.clone())));

        let urls = Arc::new(Urls { public_url: config.public_url });
        let drivers = Arc::new(Drivers { registry, drivers: OpenedDrivers::default() });
        let teams = service!(Teams over engine, drivers; teams: CachedTeams::default(), caches: caches);
        let channels = service!(Channels over engine, drivers, teams);
        let providers = service!(Providers over engine, teams, checkers; judges: config.providers);
        let customers = service!(Customers over engine, teams, directories; kinds: config.directories);
        let limits = service!(Limits over engine, channels, channel_limits;
            budgets: Blocks::default(), conversion_guard: ConversionCounts::default());
        let conversations = service!(Conversations over engine, urls, teams, providers, customers, limits;
            retention: retention, parsed: crate::engine::caches::of_bytes(64 << 20), answering: KeyedLocks::default(),
            observers: observers);
        let links = service!(Links over engine, urls, teams, customers, conversations);
        let challenges = service!(Challenges over engine, urls, teams, providers, customers, limits,
            conversations; questioning: KeyedLocks::default());
        let messaging = service!(Messaging over engine, urls, drivers, teams, channels, limits, conversations,
            links, outgoing, retractions; outboxes: Executor::new(&engine),
            posting_client: PostingClient::new(config.egress, config.posts), showing: Showing::new(&engine));
        let event_log = service!(EventLog over engine, teams, conversations; retention: retention,
            tails: Tails::default(), confirmed_heads: ConfirmedHeads::default(), checking: Mutex::new(()),
            moved: Notify::new());
        let webhooks = service!(Webhooks over engine, teams, messaging, event_log;
            executor: Executor::new(&engine));
        let relay = service!(Relay over engine, conversations, messaging, event_log, webhooks);
        let logins = service!(Logins over engine, urls, teams, channels, customers, limits, messaging;
            hashing: Hashing::default(), account_messages: Executor::new(&engine));
        let accounts = service!(Accounts over engine, teams, customers, conversations, relay, logins);
        let customer_login = service!(CustomerLogin over engine, teams, customers, logins, accounts);
        let hosted_login = service!(HostedLogin over engine, urls, teams, customers, conversations, links,
            logins, accounts, customer_login; logging_in: KeyedLocks::default());
        let inbound = service!(Inbound over engine, urls, drivers, teams, channels, limits, conversations,
            challenges, messaging, transcripts, webhook_verifiers);
        let lockouts = service!(Lockouts over engine, teams, limits, conversations, event_log, logins,
            accounts);
        let users = service!(Users over engine, urls, teams, channels, limits, oidc; owner: owner);
        let callers = service!(Callers over engine, urls, teams, conversations, event_log, users;
            proven: Proven::default());
        let sign_in = service!(SignIn over engine, urls, teams, messaging, logins, users, oidc;
            fetched: Fetched::default());
        let maintenance = service!(Maintenance over engine, teams, customers, conversations, messaging,
            event_log, webhooks, relay, logins, lockouts, users; retention: retention);
        let restore = service!(Restore over engine, teams, customers, limits, event_log, logins, users,
            maintenance);
        Self {
            engine,
            urls,
            drivers,
            teams,
            channels,
            providers,
            customers,
            limits,
            conversations,
            links,
            challenges,
            messaging,
            event_log,
            webhooks,
            relay,
            logins,
            accounts,
            customer_login,
            hosted_login,
            inbound,
            lockouts,
            users,
            callers,
            sign_in,
            maintenance,
            restore,
        }
    }
}
