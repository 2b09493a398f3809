//! All the chance that there is in a simulated world, from one seed.
//! Who draws what from it, and in which order, follows from the seed as well.

use std::sync::{Mutex, PoisonError};

use crate::world::ambient::SeededEntropy;

/// One sequence for the whole world.
pub struct Chance(Mutex<u64>);

impl Chance {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        // SplitMix64.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to just below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True so many times in a thousand.
    pub fn odds(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of several.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(at)
    }

    /// One of the newest few, so that acts meet each other.
    pub fn recent<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        self.pick(&of[of.len().saturating_sub(4)..])
    }

    /// What one life of a node draws its secrets from.
    pub fn entropy(&self) -> SeededEntropy {
        SeededEntropy::new(self.next())
    }
}
