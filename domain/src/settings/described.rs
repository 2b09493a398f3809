//! What each setting takes, for whoever draws a form of it. Bounds are `table`'s; what a setting means to
//! people, and in which language, is told elsewhere.

use serde_json::Value;

use super::table::{self, SettingShape};

/// A setting and what it takes.
#[derive(Clone, Debug)]
pub struct Described {
    /// Dotted path.
    pub path: &'static str,
    /// What it takes.
    pub shape: SettingShape,
    /// What holds where nobody sets it.
    pub default: Value,
}

/// Every setting but `intents`, in the table's order.
pub fn described() -> impl Iterator<Item = Described> {
    table::ROWS.iter().map(|row| Described { path: row.path, shape: row.takes, default: row.default_value() })
}
