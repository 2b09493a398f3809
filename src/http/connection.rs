//! One connection: what is under way on it, for whom it waits, and when it is over.
//!
//! Its life is a few counters that the requests on it move; one timer reads them. So no request
//! pays for a timer of its own, save one whose body is not there yet.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use http::header;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::host::{NoHost, names_one_host};
use super::incoming_body::{Held, IncomingBody};
use super::io_timeout::IoTimeout;
use super::serve::Limits;

/// A connection that was asked to end may finish what it has begun, and say so for this long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What one connection needs of its server.
pub(super) struct Connection {
    pub router: Router,
    pub peer: SocketAddr,
    pub life: Arc<Life>,
    pub limits: Arc<Limits>,
    /// Bytes of bodies that are not whole yet, of all connections.
    pub bodies: Arc<Held>,
    pub stopping: CancellationToken,
}

impl Connection {
    /// Serves it to its end.
    pub async fn attend(self, stream: TcpStream, builder: &auto::Builder<TokioExecutor>) {
        let this = Arc::new(self);
        let life = &this.life;
        let io = TokioIo::new(IoTimeout::new(stream, life.clone(), &this.limits));
        let service = hyper::service::service_fn(|request| this.clone().answer(request));
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            ended = connection.as_mut() => return tell(ended),
            () = life.gone.cancelled() => return,
            () = this.stopping.cancelled() => {}
            () = life.over() => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection => tell(ended),
            () = life.gone.cancelled() => {}
            () = life.left() => {}
        }
    }

    async fn answer(self: Arc<Self>, request: http::Request<Incoming>) -> Result<http::Response<Reply>, Infallible> {
        let life = &self.life;
        let begun = Begun::now(life.clone());
        let place = Place::of(life).await;
        let owed = Owed::now(life.clone());
        let mut request: Request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(IncomingBody::new(body, life.clone(), self.bodies.clone(), &self.limits)),
        });
        if !names_one_host(&request) {
            request.extensions_mut().insert(NoHost);
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(place);
        let Ok(response) = self.router.clone().oneshot(request).await;
        let reply = Reply::begin(response, begun);
        drop(owed);
        Ok(reply)
    }
}

fn tell(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended badly");
    }
}

/// A handler's place among those of its connection, and the connection's among all: who resets a
/// request or goes away altogether has them until the handler has ended.
#[derive(Clone)]
pub(super) struct Place {
    _life: Arc<Life>,
    _place: Arc<OwnedSemaphorePermit>,
}

impl Place {
    async fn of(life: &Arc<Life>) -> Self {
        let place = life.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        Self { _life: life.clone(), _place: Arc::new(place) }
    }
}

/// Requests that began in four spans of time, one after the other, and have not ended.
const SPANS: u64 = 4;

/// What a connection is about.
pub(super) struct Life {
    born: Instant,
    limits: Arc<Limits>,
    /// When a request last began or ended: milliseconds of its life.
    since: AtomicU64,
    under_way: [AtomicU32; SPANS as usize],
    streams: AtomicU32,
    /// Replies that are owed, less the bodies that must come first.
    owed: AtomicIsize,
    /// Bytes that came in since a request last began.
    unasked: AtomicUsize,
    places: Arc<Semaphore>,
    gone: CancellationToken,
    /// Its room among all connections.
    _room: OwnedSemaphorePermit,
}

impl Life {
    pub fn new(limits: &Arc<Limits>, gone: CancellationToken, room: OwnedSemaphorePermit) -> Self {
        Self {
            born: Instant::now(),
            limits: limits.clone(),
            since: AtomicU64::new(0),
            under_way: Default::default(),
            streams: AtomicU32::new(0),
            owed: AtomicIsize::new(0),
            unasked: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(limits.requests as usize)),
            gone,
            _room: room,
        }
    }

    /// Ends it, whatever is under way.
    pub fn end(&self) {
        self.gone.cancel();
    }

    /// Whether it waits for its client, and nobody for the gateway.
    pub fn only_waits(&self) -> bool {
        self.owed.load(Relaxed) <= 0 && self.streams.load(Relaxed) == 0 && !self.gone.is_cancelled()
    }

    /// Since when nothing has begun or ended.
    pub fn since(&self) -> Instant {
        self.born + Duration::from_millis(self.since.load(Relaxed))
    }

    /// So many bytes came in; false where they are too many for no request.
    pub fn read(&self, bytes: usize) -> bool {
        self.unasked.fetch_add(bytes, Relaxed) + bytes <= self.limits.unasked
    }

    fn is_idle(&self) -> bool {
        self.streams.load(Relaxed) == 0 && self.under_way.iter().all(|span| span.load(Relaxed) == 0)
    }

    /// Its age in milliseconds.
    fn age(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    /// The span of time that it is in at that age.
    fn span(&self, age: u64) -> u64 {
        age / (self.limits.request.as_millis() as u64 / 2).max(1)
    }

    fn touch(&self) {
        self.since.store(self.age(), Relaxed);
    }

    /// Returns when it has been idle, or has lived, or has waited for its client, too long.
    async fn over(&self) {
        loop {
            let (idle, limits) = (self.is_idle(), &self.limits);
            let why = if idle && self.since().elapsed() >= limits.idle {
                "idle"
            } else if self.waits_too_long() {
                "slow"
            } else if self.streams.load(Relaxed) == 0 && self.born.elapsed() >= limits.age {
                "old"
            } else {
                let rest = if idle { limits.idle.saturating_sub(self.since().elapsed()) } else { limits.idle };
                tokio::time::sleep(rest.min(limits.request / 2).max(Duration::from_millis(1))).await;
                continue;
            };
            return metrics::counter!("countersign_connections_cut_total", "why" => why).increment(1);
        }
    }

    /// Whether a request that began three spans of time ago waits for its client still.
    fn waits_too_long(&self) -> bool {
        self.only_waits() && self.under_way[((self.span(self.age()) + 1) % SPANS) as usize].load(Relaxed) > 0
    }

    /// Returns when nothing was under way for a while, or when its client has let half the time of a
    /// drain pass without ending what it began.
    async fn left(&self) {
        let (asked, quiet) = (Instant::now(), LAST_WORDS.min(self.limits.idle));
        let is_quiet = || self.is_idle() && self.since().elapsed() >= quiet;
        let is_late = || self.only_waits() && asked.elapsed() >= self.limits.drain / 2;
        tokio::time::sleep(quiet).await;
        while !(is_quiet() || is_late()) {
            tokio::time::sleep(quiet / 4).await;
        }
    }
}

/// A request that has begun and not ended.
struct Begun {
    life: Arc<Life>,
    span: usize,
}

impl Begun {
    fn now(life: Arc<Life>) -> Self {
        let age = life.age();
        let span = (life.span(age) % SPANS) as usize;
        life.under_way[span].fetch_add(1, Relaxed);
        life.unasked.store(0, Relaxed);
        life.since.store(age, Relaxed);
        Self { life, span }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.life.touch();
        self.life.under_way[self.span].fetch_sub(1, Relaxed);
    }
}

/// A reply that the gateway owes.
struct Owed(Arc<Life>);

impl Owed {
    fn now(life: Arc<Life>) -> Self {
        life.owed.fetch_add(1, Relaxed);
        Self(life)
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.owed.fetch_sub(1, Relaxed);
    }
}

/// A body that must come before its reply can be owed.
pub(super) struct Awaited(Arc<Life>);

impl Awaited {
    pub fn now(life: Arc<Life>) -> Self {
        life.owed.fetch_sub(1, Relaxed);
        Self(life)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.owed.fetch_add(1, Relaxed);
    }
}

/// An event stream, which may last.
struct Streaming(Arc<Life>);

impl Streaming {
    fn now(life: Arc<Life>) -> Self {
        life.streams.fetch_add(1, Relaxed);
        Self(life)
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.touch();
        self.0.streams.fetch_sub(1, Relaxed);
    }
}

/// A reply that is being sent; until it is, its request is under way, or its stream lasts.
pub(super) struct Reply {
    body: Body,
    _begun: Option<Begun>,
    _streaming: Option<Streaming>,
}

impl Reply {
    fn begin(response: Response, begun: Begun) -> http::Response<Self> {
        let kind = response.headers().get(header::CONTENT_TYPE);
        let lasts = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let (begun, streaming) = match lasts {
            true => (None, Some(Streaming::now(begun.life.clone()))),
            false => (Some(begun), None),
        };
        response.map(|body| Self { body, _begun: begun, _streaming: streaming })
    }
}

impl hyper::body::Body for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
