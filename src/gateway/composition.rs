//! Composition: the services over their ports, each given those that it depends on.

use std::sync::Arc;

use countersign_channels::session::Session;
use countersign_channels::webchat::WebChat;
use tokio::sync::{Mutex, Notify};

use super::accounts::Accounts;
use super::callers::{Callers, Proven};
use super::challenges::Challenges;
use super::channel_limits::Passages;
use super::channels::Channels;
use super::committed::CommitObserver;
use super::conversations::Conversations;
use super::conversion_guard::Counts;
use super::customers::Customers;
use super::directories::OpenedDirectories;
use super::drivers::{Drivers, OpenedDrivers};
use super::engine::Engine;
use super::event_log::EventLog;
use super::hosted::HostedLogin;
use super::inbound::Inbound;
use super::keyed_locks::KeyedLocks;
use super::limits::Limits;
use super::links::Links;
use super::lockouts::Lockouts;
use super::logging_in::CustomerLogin;
use super::logins::Logins;
use super::maintenance::Maintenance;
use super::messaging::Messaging;
use super::oidc::Fetched;
use super::passwords::Hashing;
use super::posting::Courier;
use super::providers::{Checkers, Providers};
use super::reapply::Restore;
use super::relay::Relay;
use super::retracting::Retractions;
use super::ringing::Ringing;
use super::send_budget::Blocks;
use super::sending::Outgoing;
use super::showing::Showing;
use super::signing_in::SignIn;
use super::stream::Tails;
use super::teams::{Known, TeamCache, Teams};
use super::threads::Threads;
use super::urls::Urls;
use super::users::Users;
use super::webhook_verifiers::WebhookVerifiers;
use super::webhooks::Webhooks;
use super::{Gateway, GatewayConfig, lines, logins, owner_tag};
use crate::ambient::{Clock, Entropy};
use crate::domain::secret::Secret;
use crate::store::Store;

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
        let engine = Arc::new(Engine::new(store, clock, entropy, root));
        let owner = config.owner_key.map(|key| owner_tag(&engine.keys.api, key.expose()));
        let oidc = config.oidc.map(Arc::new);
        let retention = config.retention;
        let threads = Arc::new(Threads::new(&engine));
        let outgoing = Arc::new(Outgoing::default());
        let retractions = Arc::new(Retractions::default());
        let observers: Vec<Arc<dyn CommitObserver>> = vec![threads.clone(), outgoing.clone(), retractions.clone()];
        let passages = Arc::new(Passages::default());
        let directories = Arc::new(OpenedDirectories::default());
        let checkers = Arc::new(Checkers::default());
        let webhook_verifiers = Arc::new(WebhookVerifiers::default());
        let caches: Vec<Arc<dyn TeamCache>> =
            vec![passages.clone(), directories.clone(), checkers.clone(), webhook_verifiers.clone()];
        let registry = config.channels.and(Arc::new(Session)).and(Arc::new(WebChat::over(threads.clone())));

        let urls = Arc::new(Urls { public_url: config.public_url });
        let drivers = Arc::new(Drivers { registry, drivers: OpenedDrivers::default() });
        let teams = service!(Teams over engine, drivers; teams: Known::default(), caches: caches);
        let channels = service!(Channels over engine, drivers, teams);
        let providers = service!(Providers over engine, teams, checkers; judges: config.providers);
        let customers = service!(Customers over engine, teams, directories; kinds: config.directories);
        let limits = service!(Limits over engine, channels, passages;
            budgets: Blocks::default(), conversion_guard: Counts::default());
        let conversations = service!(Conversations over engine, urls, teams, providers, customers, limits;
            retention: retention, parsed: super::caches::of_bytes(64 << 20), answering: KeyedLocks::default(),
            observers: observers);
        let links = service!(Links over engine, urls, teams, customers, conversations);
        let challenges = service!(Challenges over engine, urls, teams, providers, customers, limits,
            conversations; questioning: KeyedLocks::default());
        let messaging = service!(Messaging over engine, urls, drivers, teams, channels, limits, conversations,
            links, outgoing, retractions; lines: lines::Claimed::default(),
            courier: Courier::new(config.egress, config.posts), showing: Showing::default());
        let event_log = service!(EventLog over engine, teams, conversations; retention: retention,
            tails: Tails::default(), checking: Mutex::new(()), moved: Notify::new());
        let webhooks = service!(Webhooks over engine, teams, messaging, event_log;
            ringing: Ringing::default());
        let relay = service!(Relay over engine, conversations, messaging, event_log, webhooks);
        let logins = service!(Logins over engine, urls, teams, channels, customers, limits, messaging;
            hashing: Hashing::default(), account_messages: logins::Claimed::default());
        let accounts = service!(Accounts over engine, teams, customers, conversations, relay, logins);
        let customer_login = service!(CustomerLogin over engine, teams, customers, logins, accounts);
        let hosted_login = service!(HostedLogin over engine, urls, teams, customers, conversations, links,
            logins, accounts, customer_login; logging_in: KeyedLocks::default());
        let inbound = service!(Inbound over engine, urls, drivers, teams, channels, limits, conversations,
            challenges, messaging, threads, webhook_verifiers);
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
