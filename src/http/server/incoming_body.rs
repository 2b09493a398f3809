//! A request's body on its way in: whole in time or not at all, and never more of all of them
//! together than the process wants to hold. How large one may be is its reader's to say.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::connection_life::{AwaitedBody, Life};
use super::connection_limits::ConnectionLimits;

/// Bytes of bodies that are not whole yet.
pub(crate) type BufferedBytes = AtomicUsize;

/// Why a body is not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfinished {
    #[error("it was not whole in time")]
    Late,
    #[error("too many others are not whole either")]
    Crowded,
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// A body that is not whole yet.
pub(crate) struct IncomingBody {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
    awaited: Option<AwaitedBody>,
    all: Arc<BufferedBytes>,
    most: usize,
    mine: usize,
}

impl IncomingBody {
    /// A body that must be whole within the limits, and of which `all` counts the bytes.
    pub fn new(body: Incoming, life: Arc<Life>, all: Arc<BufferedBytes>, limits: &ConnectionLimits) -> Self {
        let (deadline, awaited) = (Box::pin(sleep(limits.body)), Some(AwaitedBody::now(life)));
        Self { body, deadline, awaited, all, most: limits.bodies, mine: 0 }
    }
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        self.all.fetch_sub(self.mine, Relaxed);
    }
}

impl Body for IncomingBody {
    type Data = Bytes;
    type Error = Unfinished;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            return this.deadline.as_mut().poll(cx).map(|()| Some(Err(Unfinished::Late)));
        };
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            this.mine += bytes;
            if this.all.fetch_add(bytes, Relaxed) + bytes > this.most {
                return Poll::Ready(Some(Err(Unfinished::Crowded)));
            }
        }
        if frame.is_none() || this.body.is_end_stream() {
            this.awaited = None;
        }
        // One that never stops sending little things is late, too.
        if frame.is_some() && this.awaited.is_some() && Instant::now() >= this.deadline.deadline() {
            return Poll::Ready(Some(Err(Unfinished::Late)));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Unfinished::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
