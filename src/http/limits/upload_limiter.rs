//! Room for pictures on their way through: so many attempts at one time, one of each challenge, and few of
//! them looked at.
//!
//! Who may hand pictures in is proved before a place is taken: it is not known here.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::domain::base::id::ChallengeId;

/// Attempts that are looked at or judged at one time, and those of them that are looked at.
const MAX_AT_ONCE: usize = 16;
const MAX_SCANNED: usize = 2;

/// The places of this process.
pub(crate) struct UploadLimiter {
    held: Arc<Mutex<Vec<ChallengeId>>>,
    looked_at: Arc<Semaphore>,
}

impl Default for UploadLimiter {
    fn default() -> Self {
        Self { held: Arc::default(), looked_at: Arc::new(Semaphore::new(MAX_SCANNED)) }
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Pictures of that challenge have one.
    Own,
    /// Those of others have all.
    Others,
}

/// A challenge's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct UploadSlot {
    challenge: ChallengeId,
    held: Arc<Mutex<Vec<ChallengeId>>>,
}

impl UploadLimiter {
    /// Takes a challenge's place.
    pub(crate) fn take(&self, challenge: ChallengeId) -> Result<UploadSlot, Full> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains(&challenge) {
            return Err(Full::Own);
        }
        if held.len() >= MAX_AT_ONCE {
            return Err(Full::Others);
        }
        held.push(challenge);
        Ok(UploadSlot { challenge, held: self.held.clone() })
    }

    /// Waits until pictures may be looked at.
    pub(crate) async fn look(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.looked_at.clone().acquire_owned().await
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|held| *held != self.challenge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(number: u16) -> ChallengeId {
        let interaction = "0199a0b0-0000-7000-8000-000000000000".parse().expect("an id");
        ChallengeId { interaction, number }
    }

    #[test]
    fn a_challenge_has_one_place_and_takes_none_of_the_others() {
        let room = UploadLimiter::default();
        let most = u16::try_from(MAX_AT_ONCE).expect("few");
        let first = room.take(challenge(0)).expect("it is empty");
        for _ in 0..most {
            assert_eq!(room.take(challenge(0)).err(), Some(Full::Own));
        }
        let others: Vec<UploadSlot> = (1..most).map(|n| room.take(challenge(n)).expect("there is room")).collect();
        assert_eq!(room.take(challenge(most)).err(), Some(Full::Others));
        assert_eq!(room.take(challenge(0)).err(), Some(Full::Own));
        drop(first);
        let _next = room.take(challenge(most)).expect("one has gone");
        drop(others);
        room.take(challenge(1)).expect("all have gone");
    }
}
