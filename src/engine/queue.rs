//! What this node has to do behind the replies: in the order in which it came, so much at the same
//! time. It is kept in memory alone: what must not be lost has an alarm in the store.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;

/// What waits.
pub(crate) struct Queue<T> {
    waiting: Mutex<VecDeque<T>>,
    woken: Notify,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), woken: Notify::new() }
    }
}

impl<T> Queue<T> {
    /// Adds one at the end, and wakes who serves the queue.
    pub fn push(&self, one: T) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(one);
        self.woken.notify_one();
    }

    fn pop(&self) -> Option<T> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Does what waits until nothing does; how many it was.
    pub async fn drain<F: Future<Output = ()>>(&self, abreast: usize, work: impl Fn(T) -> F) -> usize {
        let (mut flying, mut count) = (FuturesUnordered::new(), 0);
        loop {
            while flying.len() < abreast
                && let Some(one) = self.pop()
            {
                count += 1;
                flying.push(work(one));
            }
            if flying.next().await.is_none() {
                return count;
            }
        }
    }

    /// Does for ever what comes, at once.
    pub async fn serve<F: Future<Output = ()>>(&self, abreast: usize, work: impl Fn(T) -> F) {
        let mut flying = FuturesUnordered::new();
        loop {
            while flying.len() < abreast
                && let Some(one) = self.pop()
            {
                flying.push(work(one));
            }
            let room = flying.len() < abreast;
            tokio::select! {
                Some(()) = flying.next() => {}
                () = self.woken.notified(), if room => {}
            }
        }
    }
}
