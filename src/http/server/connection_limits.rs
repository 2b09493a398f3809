//! What one connection, and all of them, may take of memory and time.
//! Who keeps to it, `connection`, `incoming_body` and `io_timeout` say.

use std::time::Duration;

/// What one connection, and all of them, may take. The defaults are the gateway's.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub connections: usize,
    /// Requests at once on one connection.
    pub requests: u32,
    /// A connection with nothing under way ends after so long; so a head must be whole in it, too.
    pub idle: Duration,
    /// A body must be whole after so long.
    pub body: Duration,
    /// What waits to be written must move by 16 KiB, or be gone, in so long.
    pub write: Duration,
    /// A request that its client does not end, by sending its body or by taking its reply, ends with
    /// its connection when it is older than this, and before it is twice as old. Event streams last.
    pub request: Duration,
    /// A connection without event streams is asked to end when it is so old.
    pub age: Duration,
    /// Bytes that may come in after one request has begun and before the next does.
    pub unasked: usize,
    /// Bytes of all bodies that are not whole yet.
    pub bodies: usize,
    /// What is under way when the gateway stops may take so long.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: most_connections(),
            requests: 100,
            idle: Duration::from_secs(15),
            body: Duration::from_secs(15),
            write: Duration::from_secs(15),
            request: Duration::from_secs(60),
            age: Duration::from_secs(600),
            unasked: 8 << 20,
            bodies: 256 << 20,
            drain: Duration::from_secs(9),
        }
    }
}

/// As many as a proxy in front may want, where the system gives the process as many files; the
/// rest is for the store.
fn most_connections() -> usize {
    const MAX_CONNECTIONS: usize = 20_000;
    const FOR_THE_STORE: usize = 128;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = files.and_then(|numbers| numbers.split_whitespace().next()).and_then(|number| number.parse().ok());
    soft.map_or(MAX_CONNECTIONS, |files: usize| {
        files.saturating_sub(FOR_THE_STORE).clamp(FOR_THE_STORE, MAX_CONNECTIONS)
    })
}
