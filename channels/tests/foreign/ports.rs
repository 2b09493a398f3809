//! Ports for servers that must be told theirs before they start. They lie below those that a system gives to
//! whoever asks for any (49152 and up by RFC 6335 §6, 32768 and up on Linux), so that no connection takes one
//! between its being found and its being used, or while its server is away.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port that nobody listens at, and that nobody else in this process is given.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Two runs of tests at the same time begin apart.
    let begin = std::process::id().wrapping_mul(977);
    let mut ports = (0..COUNT).map(|_| {
        let n = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % u32::from(COUNT);
        FIRST + n as u16
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
