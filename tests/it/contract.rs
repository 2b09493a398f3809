//! The contract, field by field, as far as the gateway has it: what callers may rely on. How it
//! stands attacks is told in the modules that carry their ids.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test, also in a function beside it")]

mod bounds;
mod challenges;
mod events;
mod idempotency;
mod interactions;
mod lockout;
mod preconditions;
mod reference;
mod screens;
mod security_keys;
mod settings;
mod surface;

use serde_json::Value;

use crate::world::Reply;

/// The names of an object, in order.
fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// 422 that points there.
#[track_caller]
fn points_at(reply: &Reply, pointer: &str) {
    let problem = reply.refused(422, "invalid");
    let pointers: Vec<&Value> = problem["errors"].as_array().into_iter().flatten().map(|e| &e["pointer"]).collect();
    assert!(pointers.iter().any(|p| *p == pointer), "{pointer} is not in {problem}");
}
