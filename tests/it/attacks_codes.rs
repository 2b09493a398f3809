//! Attacks on codes and PINs, each under its id. What needs a channel or a provider (A046–A053, A056
//! and A057) waits for one; the parallel side of A021 and A035 stands with the races, the codes'
//! own evenness (A038) and what a record tells (A042) beside the code that makes them.
//!
//! Where the attack catalogue and the contract differ, the contract holds, and the test says so.

mod budgets;
mod ceiling;
mod insiders;
mod texts;
