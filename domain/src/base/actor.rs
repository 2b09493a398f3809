//! The actor of an event: a caller, a person or the passing of time.
//! Whether they may, the rules say.

use serde::{Deserialize, Serialize};

/// The actor of an event, by ids only: people stand in the audit trail by pseudonym.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The owner key of the configuration.
    Owner,
    /// An API key, by its id.
    ApiKey(String),
    /// Somebody who works with the consoles: `TEAM/NAME`, or `oidc:` and the provider's id of her.
    User(String),
    /// A login page, by the security key that it signed with.
    LoginPage(String),
    /// The person in the chat or on a page.
    Person,
    /// The passing of time.
    Time,
    /// The operator of the gateway, by a command on its machine.
    Operator,
}
