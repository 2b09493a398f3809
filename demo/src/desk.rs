//! What lies on the agent's desk: the interaction as the gateway shows it to agents, with an agent's own
//! key. Neither the bot nor the customer's page has that key.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An interaction as an agent reads it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Desk {
    /// Its id.
    pub id: String,
    /// Its channel.
    pub channel: String,
    participants: Vec<Person>,
    authentication: Flag,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Person {
    name: Option<String>,
    /// Masked.
    phone: Option<String>,
    entry: Entry,
    lockout: Lockout,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Entry {
    status: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Lockout {
    status: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Flag {
    authenticated: bool,
    methods: Vec<String>,
    /// Nothing of the customer's account before she is authenticated.
    customer: Option<Value>,
}
