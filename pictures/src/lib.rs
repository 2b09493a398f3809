//! Photographs on their way to an identity provider: their format and size, whether light and sharpness let
//! an eye read them, and the same picture without its metadata. No text in a picture is read here.
//!
//! This module owns formats and pixels. It knows no person, sends nothing and keeps nothing: a picture lives
//! as long as the value that holds it. JPEG and PNG are accepted. HEIC is not, because only libraries in C
//! read it (phones hand in JPEG when a form asks for it). WebP is not, because no camera writes it.

use std::fmt;

use zeroize::Zeroizing;

use countersign_domain::providers::identity::{Flaw, Side};

mod jpeg;
mod png;
mod shrunk;
mod sight;

use sight::Sight;

/// A picture has at most so many pixels: 24 megapixels, each a byte while it is looked at.
const MAX_PIXELS: u64 = 24_000_000;

/// Its longer and its shorter side have at least so many: less shows no print.
const LEAST_SIDES: (u32, u32) = (640, 400);

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// PNG (W3C, third edition).
    Png,
}

impl PictureFormat {
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
    format: PictureFormat,
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
            [0xFF, 0xD8, 0xFF, ..] => (PictureFormat::Jpeg, jpeg::strip(bytes)?),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => (PictureFormat::Png, png::strip(bytes)?),
            _ => return Err(Unusable::Format),
        };
        let Head { width, height, weight } = head;
        if u64::from(width) * u64::from(height) * weight > MAX_PIXELS {
            return Err(Unusable::TooLarge);
        }
        if width.max(height) < LEAST_SIDES.0 || width.min(height) < LEAST_SIDES.1 {
            return Err(Unusable::TooSmall);
        }
        Ok(Self { format, width, height, bytes: Zeroizing::new(kept) })
    }

    /// How it is written.
    pub fn format(&self) -> PictureFormat {
        self.format
    }

    /// As it may leave.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The flaws of its light and its sharpness. A selfie is judged as a face, the other sides as print.
    ///
    /// # Errors
    ///
    /// If its pixels cannot be decoded.
    pub fn flaws(&self, side: Side) -> Result<Vec<Flaw>, Unusable> {
        let mut sight = Sight::of(self.width, self.height);
        match self.format {
            PictureFormat::Jpeg => jpeg::rows(&self.bytes, |row| sight.row(row))?,
            PictureFormat::Png => png::rows(&self.bytes, |row| sight.row(row))?,
        }
        Ok(sight.flaws(side == Side::Selfie))
    }
}

#[cfg(test)]
mod tests;
