//! A line to a server that a team has chosen: it gives out no more than a whole exchange can need, so
//! that no server fills memory with an answer that never ends. Before its TLS begins it gives out no
//! more than has been asked for, either. What a stranger adds to the server's plain words would
//! otherwise be kept, and taken for an answer that came under TLS (the response injection of STARTTLS);
//! so it spoils the handshake instead.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The first byte of a handshake (RFC 8446 §5.1); commands begin with a letter.
const HANDSHAKE: u8 = 22;

/// Bytes that a server may say, of all that comes: certificates take some thousands, answers less.
const MAX_BYTES: usize = 256 * 1024;

/// Such a line.
#[derive(Debug)]
pub struct Wary {
    stream: TcpStream,
    under_tls: bool,
    /// Bytes that came.
    came: usize,
}

impl Wary {
    /// A line on which nothing has been said.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, under_tls: false, came: 0 }
    }
}

impl AsyncTokioStream for Wary {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Wary {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.came >= MAX_BYTES {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server says too much")));
        }
        if self.under_tls {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
            self.came += buf.filled().len() - before;
            return Poll::Ready(Ok(()));
        }
        // Byte by byte: whoever reads a line has nothing of the next.
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut one))?;
        buf.put_slice(one.filled());
        self.came += one.filled().len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wary {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.under_tls |= buf.first() == Some(&HANDSHAKE);
        Pin::new(&mut self.stream).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
