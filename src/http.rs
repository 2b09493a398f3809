//! The outside: HTTP to use cases and back. One file for each kind of caller.
//!
//! What a request means is decided in `gateway`; here it is read strictly, its caller proved,
//! and the answer written. Every "no" leaves through `problem`.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use governor::clock::DefaultClock;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use views::Viewer;

use crate::domain::team::Role;
use crate::pages::Pages;
use crate::services::Gateway;
use crate::services::staff::caller::Caller;

mod account;
mod accounts;
mod acts;
mod admin;
mod admin_pages;
mod arrivals;
mod authtickets;
mod body;
mod browser;
mod caller;
mod challenges;
mod channels;
mod chats;
mod code_page;
mod code_page_view;
mod connection;
mod connection_life;
pub mod connection_limits;
mod consoles;
mod counts;
mod customers;
mod directories;
mod document;
mod done_page;
mod embeds;
mod events;
mod failures;
mod history;
mod host;
mod hosted;
mod identity;
mod inbound;
mod incoming_body;
mod insights;
mod interactions;
mod invitations;
mod io_timeout;
mod keys;
mod layers;
mod limiter;
mod lockouts;
mod login_form;
mod login_links;
mod login_page;
mod multipart;
mod notices;
mod page;
mod people;
mod photo;
mod policy;
mod problem;
mod problem_types;
mod providers;
mod public;
mod query;
mod reader;
mod replies;
mod reset_page;
mod screens;
pub mod serve;
mod session;
mod signin;
mod status;
mod users;
mod views;
mod webhooks;
mod windows;

pub use layers::Proxies;

/// What every handler may use.
#[derive(Clone)]
pub struct Shared(Arc<Inside>);

/// See `Shared`.
pub struct Inside {
    gateway: Arc<Gateway>,
    pages: Pages,
    /// `/docs`, drawn once; whoever reads it slowly shares it with all others.
    docs: Bytes,
    /// `/openapi.json`, written once.
    openapi: Bytes,
    limiter: limiter::Limiter,
    /// Tries to sign in to the consoles, by address.
    knocking: limiter::HostedPage,
    /// Messages that pages have had sent, by address.
    asking: limiter::Asking,
    /// Room for pictures on their way through.
    upload_limiter: photo::UploadLimiter,
    /// What proves nothing where servers call.
    failures: failures::Failures,
    /// Streams of web chats, by address.
    standing: limiter::Standing,
    /// Streams of flags that portals watch, by address.
    glancing: limiter::Standing,
    counts: counts::Counts,
    /// Which query parameters the API describes.
    queries: query::Known,
    proxies: Proxies,
    metrics: PrometheusHandle,
    /// Streams end when it is cancelled.
    stopping: CancellationToken,
}

impl Deref for Shared {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Shared {
    fn viewer(&self, caller: &Caller) -> Viewer<'_> {
        let gateway = &self.gateway;
        let (now, earliest) = gateway.engine.now_and_earliest();
        Viewer { role: caller.role, now, earliest, keys: gateway.engine.keys(), public_url: gateway.urls.public_url() }
    }
}

/// The API as OpenAPI 3.1 describes it, made from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "A gateway that lets a conversation prove who is in it. Errors are `application/problem+json` (RFC 9457); every POST that creates a record takes an `Idempotency-Key` (RFC draft httpapi-idempotency-key-header), of at most 255 characters; the same key with the same body gets the same reply for a day.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "interactions", description = "Conversations, their participants, flags and login links"),
        (name = "challenges", description = "Codes, PINs, questions and documents that are asked of participants"),
        (name = "events", description = "What happened, live"),
        (name = "login page", description = "What the company's own login page calls"),
        (name = "teams", description = "Tenants' units"),
        (name = "insights", description = "What happened, in numbers"),
        (name = "settings", description = "System and team settings"),
        (name = "security keys", description = "Keys shared with login pages"),
        (name = "API keys", description = "Keys of bots, agents and admins"),
        (name = "channels", description = "Accounts on chat platforms, which messages go over"),
        (name = "providers", description = "Who checks documents, and what they call"),
        (name = "webhooks", description = "Where a team's events are told, signed"),
        (name = "users", description = "People who work with the consoles"),
        (name = "audit", description = "The security acts of a team"),
        (name = "customers", description = "The company's customers"),
        (name = "customer login", description = "Storefronts whose customers log in with accounts that are kept here"),
    )
)]
struct Described;

fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Described::openapi())
        .merge(interactions::routes())
        .merge(people::routes())
        .merge(login_links::routes())
        .merge(challenges::routes())
        .merge(invitations::routes())
        .merge(acts::routes())
        .merge(lockouts::routes())
        .merge(chats::routes())
        .merge(events::routes())
        .merge(login_page::routes())
        .merge(admin::routes())
        .merge(keys::routes())
        .merge(channels::routes())
        .merge(providers::routes())
        .merge(identity::routes())
        .merge(webhooks::routes())
        .merge(insights::routes())
        .merge(screens::routes())
        .merge(accounts::routes())
        .merge(authtickets::routes())
        .merge(users::routes())
        .merge(embeds::described())
        .merge(history::routes())
        .merge(customers::routes())
        .merge(directories::routes())
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = described().into_openapi();
    document::complete(&mut document);
    document
}

/// Streams of web chats that one address may have: behind one there may be a house of visitors, and none of
/// them may take all the connections that there are.
const CHATS: usize = 256;

/// Of portals' pages: behind one address there may be all the agents of a company.
const PORTALS: usize = 1_024;

/// Everything under one roof. `more` is mounted beside it, behind the same outer layers.
pub fn router(
    gateway: Arc<Gateway>,
    proxies: Proxies,
    metrics: PrometheusHandle,
    stopping: CancellationToken,
    more: Router,
) -> Router {
    let document = openapi();
    let pages = Pages::new();
    let docs = pages.docs(&serde_json::to_value(&document).expect("the document is plain data")).into();
    let openapi = serde_json::to_string_pretty(&document).expect("the document is plain data").into();
    let (limiter, queries) = (limiter::Limiter::new(DefaultClock::default()), query::Known::of(&document));
    let counts = counts::Counts::default();
    let (standing, glancing) = (limiter::Standing::of(CHATS), limiter::Standing::of(PORTALS));
    let shared = Shared(Arc::new(Inside {
        gateway,
        pages,
        docs,
        openapi,
        limiter,
        knocking: limiter::HostedPage::default(),
        asking: limiter::Asking::new(DefaultClock::default()),
        upload_limiter: photo::UploadLimiter::default(),
        failures: failures::Failures::new(DefaultClock::default()),
        standing,
        glancing,
        counts,
        queries,
        proxies,
        metrics,
        stopping,
    }));
    let (api, _) = described().split_for_parts();
    let routes = api
        .merge(hosted::routes())
        .merge(done_page::routes())
        .merge(code_page::routes())
        .merge(photo::routes())
        .merge(inbound::routes())
        .merge(public::routes());
    let routes =
        routes.merge(windows::routes()).merge(status::routes()).merge(login_form::routes()).merge(reset_page::routes());
    let routes = routes.merge(signin::routes()).merge(account::routes());
    let routes = routes.merge(consoles::routes()).merge(admin_pages::routes()).merge(embeds::routes());
    layers::around(routes.with_state(shared.clone()).merge(more), shared)
}

/// Whether a role may be compared: roles nest.
const _: () = assert!((Role::Bot as u8) < (Role::Agent as u8) && (Role::Admin as u8) < (Role::Owner as u8));
