//! One connection: what is under way on it, for whom it waits, and when it is over.
//!
//! Its life is a few counters that the requests on it move; one timer reads them. So no request
//! pays for a timer of its own, save one whose body is not there yet.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

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
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::connection_life::{Begun, Life, Owed, Streaming};
use super::connection_limits::ConnectionLimits;
use super::host::{NoHost, names_one_host};
use super::incoming_body::{BufferedBytes, IncomingBody};
use super::io_timeout::IoTimeout;

/// What one connection needs of its server.
pub(crate) struct Connection {
    pub router: Router,
    pub peer: SocketAddr,
    pub life: Arc<Life>,
    pub limits: Arc<ConnectionLimits>,
    /// Bytes of bodies that are not whole yet, of all connections.
    pub bodies: Arc<BufferedBytes>,
    pub stopping: CancellationToken,
}

impl Connection {
    /// Serves it to its end.
    pub async fn serve(self, stream: TcpStream, builder: &auto::Builder<TokioExecutor>) {
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

    async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<PendingReply>, Infallible> {
        let life = &self.life;
        let begun = Begun::now(life.clone());
        let place = HandlerSlot::of(life).await;
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
        let reply = PendingReply::begin(response, begun);
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
pub(crate) struct HandlerSlot {
    _life: Arc<Life>,
    _place: Arc<OwnedSemaphorePermit>,
}

impl HandlerSlot {
    async fn of(life: &Arc<Life>) -> Self {
        let place = life.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        Self { _life: life.clone(), _place: Arc::new(place) }
    }
}

/// A reply that is being sent; until it is, its request is under way, or its stream lasts.
pub(crate) struct PendingReply {
    body: Body,
    _begun: Option<Begun>,
    _streaming: Option<Streaming>,
}

impl PendingReply {
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

impl hyper::body::Body for PendingReply {
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
