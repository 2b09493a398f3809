//! What the page is given that asks for a document: which pictures, what was wrong with the last ones, and
//! how often it may still be tried. It is never given a picture.

use serde::Serialize;

use crate::brand::Brand;

/// The page that asks for pictures of a document, or says how their check stands.
#[derive(Serialize)]
pub struct Photo {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// How it stands.
    pub state: PhotoState,
    /// Path that forms post to; pictures go to `/photo` below it.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
}

/// How it stands.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PhotoState {
    /// Pictures are asked for.
    Asked {
        /// Whether one of the face is.
        selfie: bool,
        /// Why the last ones did not help.
        error: Option<PhotoError>,
        /// What was wrong with them, by name.
        flaws: Vec<&'static str>,
        /// Attempts with unclear pictures that are still taken.
        quality_left: u32,
        /// Attempts with a document that is not found good.
        left: u32,
    },
    /// They are being looked at.
    Checking {
        /// Whether it has yet to be shown that the browser is the chat's.
        unbound: bool,
    },
    /// The document was found good, and this browser may go on.
    Passed {
        /// The same.
        unbound: bool,
    },
}

/// What went wrong, in the ways that a person can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoError {
    /// They were not clear, or of another document.
    Unclear,
    /// The document, or the face, was not found good.
    Failed,
    /// Nobody could say; it counts for nothing.
    Undecided,
    /// One is missing.
    Missing,
    /// They are larger than is taken.
    TooLarge,
    /// One has too few pixels.
    TooSmall,
    /// One is neither JPEG nor PNG.
    Format,
    /// One is cut off.
    Broken,
}
