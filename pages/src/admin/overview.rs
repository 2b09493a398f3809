//! A team's first page: the way to its first authenticated chat, step by step, and when that was gone what
//! stands. Each step is ticked from what is stored, and is done where it is told.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// A team's first page.
#[derive(Serialize)]
pub struct Overview {
    /// Around it.
    pub frame: Shell,
    /// Where login links lead.
    pub login_page: Option<String>,
    /// Where the gateway's own login page for this team is.
    pub hosted: String,
    /// Login links lead there.
    pub is_hosted: bool,
    /// Somebody has a name and can log in there.
    pub has_customer: bool,
    /// A key signs login links.
    pub has_key: bool,
    /// A key could sign them once it is activated.
    pub has_pending_key: bool,
    /// The team's channels.
    pub channels: Vec<String>,
    /// The one that is the gateway's own web chat, where there is one.
    pub web_chat: Option<String>,
    /// Somebody was authenticated of late.
    pub authenticated: u64,
    /// Settings that depart from a standard.
    pub warnings: usize,
}

/// Which step is the next one.
#[derive(Serialize)]
struct Path {
    login: bool,
    key: bool,
    channel: bool,
    tried: bool,
    done: bool,
    next: &'static str,
    /// What a web chat can be called that is made for the try.
    new_window: &'static str,
}

impl Overview {
    fn path(&self) -> Path {
        let login = self.login_page.is_some() && (!self.is_hosted || self.has_customer);
        let (key, channel, tried) = (self.has_key, !self.channels.is_empty(), self.authenticated > 0);
        let steps = [("login", login), ("key", key), ("channel", channel), ("try", tried)];
        let next = steps.into_iter().find(|(_, done)| !done).map_or("", |(name, _)| name);
        let is_taken = self.channels.iter().any(|name| name == "webchat");
        let new_window = if is_taken { "try" } else { "webchat" };
        Path { login, key, channel, tried, done: next.is_empty(), next, new_window }
    }
}

/// The page with what follows from it.
#[derive(Serialize)]
struct Drawn<'a> {
    #[serde(flatten)]
    overview: &'a Overview,
    path: Path,
}

impl Pages {
    /// A team's first page.
    pub fn admin_overview(&self, page: &Overview) -> String {
        let drawn = Drawn { overview: page, path: page.path() };
        self.staff("admin_overview.html", &page.frame.language, &drawn)
    }
}
