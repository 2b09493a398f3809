//! Attacks on login links, on their pages and on the way to the login page: A001–A004 and
//! A007–A020, each under its id. A005 and the parallel side of A006 stand with the races.
//!
//! Where research/attacks.json and the contract differ, the contract holds, and the test says so.

mod forms;
mod forwarding;
mod leaks;
mod lifetime;
mod redirects;
mod robots;
mod subjects;
mod tokens;

use axum::body::Body;
use serde_json::Value;

use crate::world::{Reply, URL, World};

/// A request with the headers that the test chooses, and no others.
pub async fn ask(world: &World, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = ::http::Request::builder().method(method).uri(url.strip_prefix(URL).unwrap_or(url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body.to_owned())).expect("well-formed")).await
}

/// A text of a reply.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is a text in {value}"))
}
