//! The accept loop: so many connections and no more, each under its limits, and a drain at the end.
//! What happens on a connection is `connection`'s affair; here it is counted, and when there is no
//! room the one that has waited longest for its own client makes some.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::connection_life::Life;
use super::connection_limits::ConnectionLimits;

/// How often a connection that waits for room looks for it again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Connections that are looked at to find the one that makes room.
const LOOKED_AT: usize = 64;

/// Connections that may wait to be accepted; the system may allow fewer. With too few a crowd that
/// comes at once costs those beside it seconds, until their systems knock again.
const KNOCKING: u32 = 4096;

/// What the system keeps of a connection in each direction: more than a page and a body take, and
/// little enough that thousands who do not read leave memory for those who do.
const IN_THE_SYSTEM: u32 = 64 * 1024;

/// Listens at an address; a port that was just let go is taken again.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(not(windows))] // there it would let others take the port, too
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(IN_THE_SYSTEM)?;
    socket.set_recv_buffer_size(IN_THE_SYSTEM)?;
    socket.bind(address)?;
    socket.listen(KNOCKING)
}

/// Serves until `stopping` is cancelled, then drains.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, stopping: CancellationToken) {
    let limits = Arc::new(limits);
    let builder = Arc::new(builder(&limits));
    let (room, bodies) = (Arc::new(Semaphore::new(limits.connections)), Arc::default());
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    let mut lives = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: others must end first.
                tracing::warn!(%error, "a connection could not be accepted");
                make_room(&mut lives);
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
        };
        let place = tokio::select! {
            () = stopping.cancelled() => break,
            place = place(&room, &mut lives) => place,
        };
        let _ = stream.set_nodelay(true);
        let life = Arc::new(Life::new(&limits, cut.child_token(), place));
        idempotency(&mut lives, &life, limits.connections);
        let (router, bodies, limits) = (router.clone(), Arc::clone(&bodies), limits.clone());
        let connection = Connection { router, peer, life, limits, bodies, stopping: stopping.clone() };
        let builder = builder.clone();
        tasks.spawn(async move { connection.serve(stream, &builder).await });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain, tasks.wait()).await.is_err() {
        tracing::warn!("connections were still open after the drain");
        cut.cancel();
        tasks.wait().await;
    }
}

/// A place for a connection that was accepted; who waits longest for its own client makes it.
async fn place(room: &Arc<Semaphore>, lives: &mut VecDeque<Weak<Life>>) -> OwnedSemaphorePermit {
    if let Ok(permit) = room.clone().try_acquire_owned() {
        return permit;
    }
    loop {
        make_room(lives);
        if let Ok(permit) = tokio::time::timeout(LOOK_AGAIN, room.clone().acquire_owned()).await {
            return permit.expect("the semaphore is never closed");
        }
    }
}

/// Ends, of those that came first, the connection that has waited longest for its client. None
/// that a reply is owed to, and none that carries an event stream.
fn make_room(lives: &mut VecDeque<Weak<Life>>) {
    for _ in 0..lives.len().min(LOOKED_AT) {
        let first = lives.pop_front().filter(|life| life.strong_count() > 0);
        lives.extend(first);
    }
    let looked_at = lives.iter().rev().take(LOOKED_AT).filter_map(Weak::upgrade);
    if let Some(life) = looked_at.filter(|life| life.only_waits()).min_by_key(|life| life.since()) {
        metrics::counter!("countersign_connections_cut_total", "why" => "room").increment(1);
        life.end();
    }
}

/// Those that ended are forgotten, at the latest when they are as many as may be open.
fn idempotency(lives: &mut VecDeque<Weak<Life>>, life: &Arc<Life>, most: usize) {
    if lives.len() >= most.saturating_mul(2) {
        lives.retain(|life| life.strong_count() > 0);
    }
    lives.push_back(Arc::downgrade(life));
}

fn builder(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None) // a connection's life knows its end
        .max_buf_size(32 * 1024)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.requests)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_send_buf_size(64 * 1024)
        .max_header_list_size(16 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(Some(20))
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}
