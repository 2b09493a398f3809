//! What the operations that are called most cost, in figures that no busy machine disturbs.
//! How fast they are, `scripts/bench` measures.

mod round_trips;
