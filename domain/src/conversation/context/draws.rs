//! The chance that a rule is given. The same bytes make the same decision, so a rule that runs again
//! after a conflict decides as before.

/// Random bytes, drawn before the rule runs, so that deciding again decides the same.
#[derive(Clone)]
pub struct Draws {
    bytes: [u8; 96],
    used: usize,
}

impl Draws {
    /// From fresh bytes.
    pub fn new(bytes: [u8; 96]) -> Self {
        Self { bytes, used: 0 }
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        let from = self.used;
        self.used += N;
        self.bytes[from..self.used].try_into().expect("no rule draws more than a turn has")
    }
}
