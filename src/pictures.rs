//! Photographs on their way to whoever checks documents: what kind one is, how large, whether it can be
//! read by eye, whether its machine-readable zone holds where it shows one, and the same picture without anything that was written into it beside the picture.
//!
//! Owns formats and pixels. It knows no person, sends nothing and keeps nothing: a picture goes with the
//! value that holds it. JPEG and PNG are taken. HEIC is not, since nothing reads it without a library in C
//! (phones hand in JPEG where a form asks for it); nor is WebP, which no camera writes.

use std::fmt;

use zeroize::Zeroizing;

use crate::domain::identity::{Flaw, Side};
use crate::domain::mrz;

mod jpeg;
mod png;
mod shrunk;
mod sight;
mod zone;

use shrunk::Shrunk;
use sight::Sight;
use zone::Seen;

/// A picture has at most so many pixels: 24 megapixels, each a byte while it is looked at.
const MOST_PIXELS: u64 = 24_000_000;

/// Its longer and its shorter side have at least so many: less shows no print.
const LEAST_SIDES: (u32, u32) = (640, 400);

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// PNG (W3C, third edition).
    Png,
}

impl Format {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// Why something is no picture that can be taken. Nothing is counted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Neither JPEG nor PNG, by its first bytes.
    #[error("neither JPEG nor PNG")]
    Format,
    /// Of a kind of JPEG or PNG that no camera writes.
    #[error("a kind of picture that no camera writes")]
    Kind,
    /// Cut off, or not what its head says.
    #[error("broken")]
    Broken,
    /// Too many pixels to be looked at.
    #[error("too many pixels")]
    TooLarge,
    /// Too few to show anything.
    #[error("too few pixels")]
    TooSmall,
}

/// A picture, without anything beside it. It does not print, and is wiped when it goes.
#[derive(Clone)]
pub struct Picture {
    format: Format,
    width: u32,
    height: u32,
    bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({:?}, {}×{})", self.format, self.width, self.height)
    }
}

/// What a picture's head says.
struct Head {
    width: u32,
    height: u32,
    /// Bytes that decoding takes for each pixel.
    weight: u64,
}

impl Picture {
    /// Reads a picture's head and leaves out whatever else stands in it: where it was taken, when, with
    /// what, previews, notes, and what hangs behind its end. How it is to be turned stays. No pixel is
    /// decoded.
    ///
    /// # Errors
    ///
    /// Where it is none that can be taken: told before anything as large as its pixels is made.
    pub fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let (format, (head, kept)) = match bytes {
            [0xFF, 0xD8, 0xFF, ..] => (Format::Jpeg, jpeg::strip(bytes)?),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => (Format::Png, png::strip(bytes)?),
            _ => return Err(Unusable::Format),
        };
        let Head { width, height, weight } = head;
        if u64::from(width) * u64::from(height) * weight > MOST_PIXELS {
            return Err(Unusable::TooLarge);
        }
        if width.max(height) < LEAST_SIDES.0 || width.min(height) < LEAST_SIDES.1 {
            return Err(Unusable::TooSmall);
        }
        Ok(Self { format, width, height, bytes: Zeroizing::new(kept) })
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// As it may leave.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is wrong with it, as far as light and sharpness go; and where these let a document's
    /// machine-readable zone be read for certain, as far as its digits go.
    ///
    /// # Errors
    ///
    /// Where its pixels cannot be read.
    pub fn flaws(&self, side: Side) -> Result<Vec<Flaw>, Unusable> {
        let mut sight = Sight::of(self.width, self.height);
        let mut page = (side != Side::Selfie).then(|| Shrunk::of(self.width, self.height, zone::LONGEST));
        let look = |row: &[u8]| {
            sight.row(row);
            page.iter_mut().for_each(|page| page.row(row));
        };
        match self.format {
            Format::Jpeg => jpeg::rows(&self.bytes, look)?,
            Format::Png => png::rows(&self.bytes, look)?,
        }
        let mut flaws = sight.flaws(side == Side::Selfie);
        if flaws.is_empty() && page.is_some_and(|page| is_wrong(&zone::seen(&page))) {
            flaws.push(Flaw::Zone);
        }
        Ok(flaws)
    }
}

/// Whether there is a zone that was read for certain, and its digits do not hold.
fn is_wrong(seen: &Seen) -> bool {
    matches!(seen, Seen::Zone(lines) if mrz::check(lines).is_err())
}

#[cfg(test)]
mod tests;
