//! The two channels on which a chat of the demo takes place.
//!
//! A channel has the name that the team's settings give it.

/// Where a chat takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatChannel {
    /// On the bank's website.
    Web,
    /// On the customer's WhatsApp: what is typed on this page is typed there.
    WhatsApp,
}

impl ChatChannel {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "webchat",
            Self::WhatsApp => "whatsapp",
        }
    }
}
