//! The state of the HTTP front, which every handler may use.
//! It knows no handler and no route.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::limits::client::Proxies;
use super::limits::counts::RequestCounts;
use super::limits::failures::Failures;
use super::limits::limiter::{Limiter, OpenStreams, SendLimiter, SignInLimiter};
use super::limits::upload_limiter::UploadLimiter;
use super::requests::query::QueryParameters;
use super::views::Viewer;
use crate::pages::Pages;
use crate::services::Gateway;
use crate::services::staff::caller::Caller;

/// The state that every handler may use.
#[derive(Clone)]
pub struct Shared(pub(super) Arc<Inside>);

/// See `Shared`.
pub struct Inside {
    pub(super) gateway: Arc<Gateway>,
    pub(super) pages: Pages,
    /// `/docs`, drawn once; whoever reads it slowly shares it with all others.
    pub(super) docs: Bytes,
    /// `/openapi.json`, written once.
    pub(super) openapi: Bytes,
    pub(super) limiter: Limiter,
    /// Tries to sign in to the consoles, by address.
    pub(super) sign_ins: SignInLimiter,
    /// Messages that pages have had sent, by address.
    pub(super) asking: SendLimiter,
    /// Room for pictures on their way through.
    pub(super) upload_limiter: UploadLimiter,
    /// Failures of requests that prove nothing, where servers call.
    pub(super) failures: Failures,
    /// Streams of web chats, by address.
    pub(super) chat_streams: OpenStreams,
    /// Streams of flags that portals watch, by address.
    pub(super) glancing: OpenStreams,
    pub(super) counts: RequestCounts,
    /// Which query parameters the API describes.
    pub(super) queries: QueryParameters,
    pub(super) proxies: Proxies,
    pub(super) metrics: PrometheusHandle,
    /// Streams end when it is cancelled.
    pub(super) stopping: CancellationToken,
}

impl Deref for Shared {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Shared {
    pub(super) fn viewer(&self, caller: &Caller) -> Viewer<'_> {
        let gateway = &self.gateway;
        let (now, earliest) = gateway.engine.now_and_earliest();
        Viewer { role: caller.role, now, earliest, keys: gateway.engine.keys(), public_url: gateway.urls.public_url() }
    }
}
