//! The window of a web chat. It has the brand and the path of its requests; its script fetches and shows the
//! messages.

use serde::Serialize;

use crate::brand::Brand;

/// The window of a web chat, which its script fills.
#[derive(Serialize)]
pub struct ChatPage {
    /// Whose chat this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// The path that the script's requests begin with.
    pub path: String,
    /// Origins whose page may stand around it.
    pub origins: Vec<String>,
}
