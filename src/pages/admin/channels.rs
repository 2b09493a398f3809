//! The page of a team's channels: which accounts there are, what each can do, and whether messages go. No
//! secret is shown but in the answer that made it.

use serde::Serialize;

use crate::pages::Pages;
use crate::pages::consoles::Shell;

/// The page of channels.
#[derive(Serialize)]
pub struct Channels {
    /// Around it.
    pub frame: Shell,
    /// By name.
    pub channels: Vec<ChannelRow>,
    /// Platforms: name and title.
    pub platforms: Vec<(String, String)>,
}

/// A channel.
#[derive(Serialize)]
pub struct ChannelRow {
    /// Its name.
    pub name: String,
    /// The platform, by its name.
    pub definition: String,
    /// What people call that.
    pub title: String,
    /// What it can do.
    pub abilities: Vec<&'static str>,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
    /// Its account is one that the platform takes.
    pub usable: bool,
    /// Since when nothing goes over it.
    pub down_since: Option<String>,
    /// Until when a secret that was replaced signs as well.
    pub overlap: Option<String>,
    /// What may be shown of the account, as JSON.
    pub account: String,
    /// Names of its secrets.
    pub secrets: Vec<String>,
    /// What comes in over it is passed on.
    pub forwards: bool,
}

impl Pages {
    /// The page of channels.
    pub fn admin_channels(&self, page: &Channels) -> String {
        self.staff("admin_channels.html", &page.frame.language, page)
    }
}
