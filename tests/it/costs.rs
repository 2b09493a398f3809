//! What the operations that are called most cost, in figures that no busy machine disturbs: round
//! trips to a Redis server, flushes of a disk, and instructions.
//!
//! How fast they are, `scripts/bench` measures.

mod instructions;
mod round_trips;
