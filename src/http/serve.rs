//! The accept loop: bounded connections, header timeouts, HTTP/1.1 and HTTP/2 with their abuse
//! bounded, and a drain at the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// A request's head must be whole after so long; an idle connection is closed after it, too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// What is under way when the gateway stops may take so long.
const DRAIN: Duration = Duration::from_secs(10);

/// Connections at once; more wait in the system's queue.
const MOST_CONNECTIONS: usize = 20_000;

/// Serves until `stopping` is cancelled, then drains.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let builder = Arc::new(builder());
    let drain = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
            (permit, listener.accept().await)
        };
        let (permit, stream, peer) = tokio::select! {
            () = stopping.cancelled() => break,
            (permit, accepted) = next => match accepted {
                Ok((stream, peer)) => (permit, stream, peer),
                Err(error) => {
                    // Out of file descriptors, mostly: others must end first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |request| answer(router.clone(), request, peer));
        let (builder, watcher) = (builder.clone(), drain.watcher());
        tokio::spawn(async move {
            if !tokio::time::timeout(HEAD_TIMEOUT, speaks(&stream)).await.unwrap_or(false) {
                return;
            }
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error, "a connection ended badly");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, drain.shutdown()).await.is_err() {
        tracing::warn!("connections were still open after the drain");
    }
}

/// Waits until the client has said enough to tell HTTP/1.1 from HTTP/2: before that, nothing else
/// looks at the clock. False where it hangs up.
async fn speaks(stream: &TcpStream) -> bool {
    const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut said = [0; 24];
    loop {
        match stream.peek(&mut said).await {
            Ok(0) | Err(_) => return false,
            Ok(n) if n == PREFACE.len() || said[..n] != PREFACE[..n] => return true,
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn answer(
    router: Router,
    request: http::Request<hyper::body::Incoming>,
    peer: SocketAddr,
) -> Result<axum::response::Response, Infallible> {
    let mut request: Request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(64)
        .max_buf_size(32 * 1024)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(Some(20))
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}
