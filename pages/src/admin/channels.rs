//! The page of a team's channels: which accounts there are, what each can do, and whether messages go. No
//! secret is shown but in the answer that made it.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of channels.
#[derive(Serialize)]
pub struct ChannelsPage {
    /// Around it.
    pub frame: Shell,
    /// By name.
    pub channels: Vec<ChannelRow>,
    /// Platforms: name, title, and whether it is the one that was chosen.
    pub platforms: Vec<(String, String, bool)>,
    /// The form of a new account, once its platform was chosen.
    pub new: Option<NewChannel>,
}

/// The form of a new account.
#[derive(Serialize)]
pub struct NewChannel {
    /// The platform, by its name.
    pub definition: String,
    /// What people call that.
    pub title: String,
    /// What it asks for; nothing: the account is written as JSON.
    pub fields: Vec<AccountField>,
}

/// A field of an account, or one of its secrets.
#[derive(Serialize)]
pub struct AccountField {
    /// Where its value goes in the call: `account/NAME` or `secrets/NAME`.
    pub pointer: String,
    /// Its name, as the API has it.
    pub label: String,
    /// What it is, as the platform's definition says it; drawn in the page's language.
    pub about: String,
    /// `text`, `number`, `phone`, `url`, `choice`, `lines`, `secret` or `secret_lines`.
    pub kind: &'static str,
    /// It must be filled in.
    pub required: bool,
    /// A secret of that name is there.
    pub there: bool,
    /// And the account is one without it, too.
    pub can_go: bool,
    /// What it is where nothing is said.
    pub default: Option<String>,
    /// The values of a choice, and whether it is the one.
    pub choices: Vec<(String, bool)>,
    /// What is there; empty: nothing, or a secret.
    pub value: String,
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
    pub features: Vec<&'static str>,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
    /// Its account is one that the platform takes.
    pub usable: bool,
    /// Since when nothing goes over it.
    pub down_since: Option<String>,
    /// Until when a secret that was replaced signs as well.
    pub overlap: Option<String>,
    /// What its platform asks for; nothing: there is more, or the platform is not known, and the account is
    /// written as JSON.
    pub fields: Vec<AccountField>,
    /// What may be shown of the account, as JSON.
    pub account: String,
    /// Names of its secrets.
    pub secrets: Vec<String>,
    /// What comes in over it is passed on.
    pub forwards: bool,
}

impl Pages {
    /// The page of channels.
    pub fn admin_channels(&self, page: &ChannelsPage) -> String {
        self.staff("admin_channels.html", &page.frame.language, page)
    }
}
