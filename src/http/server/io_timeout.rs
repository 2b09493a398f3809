//! A socket whose peer is waited for, but not for ever: what is to be written must move, and what
//! comes in must ask for something.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::connection_life::Life;
use super::connection_limits::ConnectionLimits;

/// What must move within the limit of time, where not everything does.
const LEAST: usize = 16 * 1024;

pub(crate) struct IoTimeout {
    stream: TcpStream,
    life: Arc<Life>,
    limit: Duration,
    /// Set while the peer has not taken everything.
    until: Option<Pin<Box<Sleep>>>,
    /// What it took since then.
    moved: usize,
}

impl IoTimeout {
    /// A socket whose writes must move within the limits.
    pub fn new(stream: TcpStream, life: Arc<Life>, limits: &ConnectionLimits) -> Self {
        Self { stream, life, limit: limits.write, until: None, moved: 0 }
    }

    /// Passes on how a write went, and ends the peer's time when it is over.
    fn judged(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(all)) if *all == wanted => {
                self.until = None;
                return written;
            }
            Poll::Ready(Ok(some)) => self.moved += some,
            Poll::Ready(Err(_)) => return written,
            Poll::Pending => {}
        }
        let limit = self.limit;
        if self.until.is_none() {
            self.moved = 0;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(limit)));
        if self.moved >= LEAST {
            self.moved = 0;
            until.as_mut().reset(Instant::now() + limit);
        }
        if until.as_mut().poll(cx).is_ready() {
            metrics::counter!("countersign_connections_cut_total", "why" => "unread").increment(1);
            let _ = self.stream.set_zero_linger(); // the system need not keep it either
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")));
        }
        written
    }
}

impl AsyncRead for IoTimeout {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if !self.life.read(buf.filled().len() - before) {
            metrics::counter!("countersign_connections_cut_total", "why" => "flood").increment(1);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "it sends and asks for nothing")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for IoTimeout {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judged(cx, buf.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judged(cx, bufs.iter().map(|buf| buf.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
