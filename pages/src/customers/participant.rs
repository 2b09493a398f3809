//! A participant as pages tell of them: their part in the conversation, and the kind of their address.
//! It knows neither names nor addresses.

use serde::Serialize;

/// A participant's part in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownRole {
    /// The one who chats.
    Primary,
    /// Another who must prove themselves.
    Cosigner,
}

/// The kinds of address of a conversation, as people call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownAddressKind {
    /// A phone number.
    Phone,
    /// A mail address.
    Mail,
    /// Nothing that they know by heart.
    Other,
}
