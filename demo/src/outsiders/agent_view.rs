//! The interaction as the gateway shows it to agents, read with an agent's own key.
//! Neither the bot nor the customer's page has that key.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An interaction as an agent reads it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AgentView {
    /// Its id.
    pub id: String,
    /// Its channel.
    pub channel: String,
    participants: Vec<Person>,
    authentication: FlagView,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Person {
    name: Option<String>,
    /// Masked.
    phone: Option<String>,
    entry: EntryStatus,
    lockout: LockoutStatus,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct EntryStatus {
    status: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct LockoutStatus {
    status: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct FlagView {
    authenticated: bool,
    methods: Vec<String>,
    /// Nothing of the customer's account before she is authenticated.
    customer: Option<Value>,
}
