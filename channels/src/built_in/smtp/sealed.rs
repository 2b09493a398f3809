//! A line that is under TLS from its first byte, over one that is wary. The mail library opens such
//! lines by itself alone and then reads them without an end; so its TLS is laid over a line of ours
//! here, and what comes of that is given back to it as a line like any other.

#![expect(deprecated, reason = "nothing else of the library's lays its TLS over a line of ours")]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wary::Wary;

/// Such a line.
#[derive(Debug)]
pub struct TlsStream(AsyncNetworkStream);

impl TlsStream {
    /// Begins TLS at once.
    ///
    /// # Errors
    ///
    /// Where that fails.
    pub async fn over(line: Wary, trust: TlsParameters) -> Result<Self, Error> {
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(line));
        stream.upgrade_tls(trust).await?;
        Ok(Self(stream))
    }

    /// Whether it is.
    pub fn is_encrypted(&self) -> bool {
        self.0.is_encrypted()
    }
}

impl AsyncTokioStream for TlsStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = ready!(Pin::new(&mut self.0).poll_read(context, buf.initialize_unfilled()))?;
        buf.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
