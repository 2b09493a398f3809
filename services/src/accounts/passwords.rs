//! Hashing passwords, away from what must not wait for it: each takes a core for tens of milliseconds and
//! 19 MiB. So many at a time as there are cores, and whoever would wait too long is told to come again.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use super::Logins;
use crate::engine::Error;
use crate::engine::decide::MAX_WAIT;
use countersign_domain::secret::password::{Password, PasswordHash};

/// Room for so many hashes at a time.
pub(crate) struct Hashing(Arc<Semaphore>);

impl Default for Hashing {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))))
    }
}

impl Logins {
    /// What is kept of a password.
    pub(crate) async fn hash_password(&self, password: Password) -> Result<PasswordHash, Error> {
        let salt = self.engine.draw();
        self.aside(move || PasswordHash::of(&password, salt)).await
    }

    /// Whether that is the password. Where there is none to compare with, the same work is done.
    pub(crate) async fn is_password(&self, kept: Option<PasswordHash>, password: Password) -> Result<bool, Error> {
        self.aside(move || PasswordHash::is(kept.as_ref(), &password)).await
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        metrics::counter!("countersign_password_hashes_total").increment(1);
        let room = tokio::time::timeout(MAX_WAIT, self.hashing.0.clone().acquire_owned()).await;
        let Ok(Ok(room)) = room else { return Err(Error::Away("too many passwords wait before this one".into())) };
        let done = tokio::task::spawn_blocking(move || {
            let told = work();
            drop(room);
            told
        });
        done.await.map_err(|_| Error::Away("a password could not be looked at".into()))
    }
}
