//! The outside: HTTP to use cases and back. One folder for each kind of caller.
//!
//! What a request means is decided in `services`; here it is read strictly, its caller proved,
//! and the answer written. Every "no" leaves through `problem`.

use std::sync::Arc;

use axum::Router;
use governor::clock::DefaultClock;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::domain::team::Role;
use crate::pages::Pages;
use crate::services::Gateway;

pub mod access;
pub mod api;
pub mod consoles;
pub mod document;
pub mod documents;
mod event_schemas;
mod limits;
pub mod pages;
pub mod platforms;
pub mod public;
pub mod requests;
mod schemas;
pub mod server;
pub mod state;
pub mod views;

pub use limits::client::Proxies;
use limits::counts::RequestCounts;
use limits::failures::Failures;
use limits::limiter::{Limiter, OpenStreams, SendLimiter, SignInLimiter};
use limits::upload_limiter::UploadLimiter;
use requests::query::QueryParameters;
use state::{Inside, Shared};

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
        .merge(api::conversations::interactions::routes())
        .merge(api::conversations::people::routes())
        .merge(api::conversations::login_links::routes())
        .merge(api::conversations::challenges::routes())
        .merge(api::conversations::invitations::routes())
        .merge(api::conversations::activity::routes())
        .merge(api::teams::lockouts::routes())
        .merge(api::teams::chats::routes())
        .merge(api::conversations::events::routes())
        .merge(pages::login_page::routes())
        .merge(api::teams::admin::routes())
        .merge(api::teams::keys::routes())
        .merge(api::teams::channels::routes())
        .merge(api::teams::providers::routes())
        .merge(platforms::identity::routes())
        .merge(api::teams::webhooks::routes())
        .merge(api::teams::insights::routes())
        .merge(api::teams::screens::routes())
        .merge(api::teams::accounts::routes())
        .merge(api::teams::authtickets::routes())
        .merge(api::teams::users::routes())
        .merge(consoles::embeds::described())
        .merge(api::conversations::history::routes())
        .merge(api::teams::customers::routes())
        .merge(api::teams::directories::routes())
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = described().into_openapi();
    event_schemas::complete(&mut document);
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
    let (limiter, queries) = (Limiter::new(DefaultClock::default()), QueryParameters::of(&document));
    let counts = RequestCounts::default();
    let (chat_streams, glancing) = (OpenStreams::of(CHATS), OpenStreams::of(PORTALS));
    let shared = Shared(Arc::new(Inside {
        gateway,
        pages,
        docs,
        openapi,
        limiter,
        sign_ins: SignInLimiter::default(),
        asking: SendLimiter::new(DefaultClock::default()),
        upload_limiter: UploadLimiter::default(),
        failures: Failures::new(DefaultClock::default()),
        chat_streams,
        glancing,
        counts,
        queries,
        proxies,
        metrics,
        stopping,
    }));
    let (api, _) = described().split_for_parts();
    let routes = api
        .merge(pages::hosted::routes())
        .merge(pages::done_page::routes())
        .merge(pages::code_page::routes())
        .merge(pages::photo::routes())
        .merge(platforms::inbound::routes())
        .merge(public::routes());
    let routes = routes
        .merge(platforms::web_chats::routes())
        .merge(platforms::status::routes())
        .merge(pages::login_form::routes())
        .merge(pages::reset_page::routes());
    let routes = routes.merge(consoles::signin::routes()).merge(consoles::account::routes());
    let routes =
        routes.merge(consoles::routes()).merge(consoles::admin_pages::routes()).merge(consoles::embeds::routes());
    access::layers::around(routes.with_state(shared.clone()).merge(more), shared)
}

/// Whether a role may be compared: roles nest.
const _: () = assert!((Role::Bot as u8) < (Role::Agent as u8) && (Role::Admin as u8) < (Role::Owner as u8));
