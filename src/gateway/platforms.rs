//! The chat platforms that this gateway speaks to, and what each can do, for whoever chooses one. What an
//! account on one must say, the platform judges when it is written.

use countersign_channels::definition::Abilities;

use super::Gateway;

/// A platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// What channels call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it can do, in words for programs: `initiate`, `link`, `code`, `hears`, `receipts`, `account_link`,
    /// `return_link`, `retracts`, `shows_standing`.
    pub abilities: Vec<&'static str>,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
}

impl Gateway {
    /// The platforms, by name.
    pub fn platforms(&self) -> Vec<Platform> {
        let known = |name: &str| Some(Platform::of(name, self.registry.find(name)?.abilities()));
        self.registry.names().filter_map(known).collect()
    }
}

impl Platform {
    fn of(name: &str, can: Abilities) -> Self {
        let words = [
            ("initiate", can.initiate),
            ("link", can.link),
            ("code", can.code),
            ("hears", can.hears),
            ("receipts", can.receipts),
            ("account_link", can.account_link),
            ("return_link", can.return_link),
            ("retracts", can.retracts),
            ("shows_standing", can.shows_standing),
        ];
        let abilities = words.into_iter().filter_map(|(word, can)| can.then_some(word)).collect();
        let title = if can.title.is_empty() { name.to_owned() } else { can.title };
        Self { name: name.to_owned(), title, abilities, window_hours: can.window_hours }
    }
}
