//! Time and chance, which channels are given and never take themselves: whoever makes them
//! brings both.

/// What a request needs of the world besides a network.
pub trait Ambient: Send + Sync + 'static {
    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// Sixteen random bytes that nobody can foretell.
    fn draw(&self) -> [u8; 16];
}

/// A world that stands still: for tests, and for judging definitions without using them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still {
    /// Its time.
    pub unix: u64,
    /// Its chance.
    pub chance: [u8; 16],
}

impl Ambient for Still {
    fn now(&self) -> u64 {
        self.unix
    }

    fn draw(&self) -> [u8; 16] {
        self.chance
    }
}
