//! PNG: its chunks, of which those that make the picture are kept and all others left out, and its
//! brightness, row by row: never is more of it held than a row. What may be too large, or unclear, is
//! said elsewhere.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

use super::{Head, Unusable};

const SIGNATURE: usize = 8;

/// What decoding may take beside a row.
const MAX_BYTES: usize = 4 << 20;

/// The picture without anything beside it, and what its head says.
pub fn strip(bytes: &[u8]) -> Result<(Head, Vec<u8>), Unusable> {
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(&bytes[..SIGNATURE]);
    let (mut at, mut head) = (SIGNATURE, None);
    loop {
        let rest = bytes.get(at..).ok_or(Unusable::Broken)?;
        let length: [u8; 4] = rest.get(..4).and_then(|four| four.try_into().ok()).ok_or(Unusable::Broken)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Unusable::Broken)?;
        let whole = length.checked_add(12).and_then(|whole| rest.get(..whole)).ok_or(Unusable::Broken)?;
        let (name, content) = (&whole[4..8], &whole[8..8 + length]);
        match name {
            b"IHDR" if head.is_none() => head = Some(header(content)?),
            _ if head.is_none() => return Err(Unusable::Broken),
            b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" => {}
            _ => {
                at += whole.len();
                continue;
            }
        }
        kept.extend_from_slice(whole);
        at += whole.len();
        if name == b"IEND" {
            return head.map(|head| (head, kept)).ok_or(Unusable::Broken);
        }
    }
}

fn header(content: &[u8]) -> Result<Head, Unusable> {
    let [w3, w2, w1, w0, h3, h2, h1, h0, depth, color, _, _, interlace] = content else { return Err(Unusable::Broken) };
    // One that comes in seven passes cannot be looked at row by row, and no camera writes it.
    if *interlace != 0 || !matches!(depth, 8 | 16) || !matches!(color, 0 | 2 | 3 | 4 | 6) {
        return Err(Unusable::Kind);
    }
    let (width, height) = (u32::from_be_bytes([*w3, *w2, *w1, *w0]), u32::from_be_bytes([*h3, *h2, *h1, *h0]));
    Ok(Head { width, height, weight: 1 })
}

/// Shows its brightness.
pub fn rows(bytes: &[u8], mut look: impl FnMut(&[u8])) -> Result<(), Unusable> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| Unusable::Broken)?;
    let samples = match reader.output_color_type().0 {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        ColorType::Indexed => return Err(Unusable::Kind),
    };
    let mut bright = Vec::new();
    while let Some(row) = reader.next_row().map_err(|_| Unusable::Broken)? {
        bright.clear();
        bright.extend(row.data().chunks_exact(samples).map(brightness));
        look(&bright);
    }
    Ok(())
}

/// As ITU-R BT.601 weighs colours, like JPEG.
fn brightness(pixel: &[u8]) -> u8 {
    match pixel {
        [red, green, blue, ..] => {
            let sum = 77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue);
            u8::try_from(sum >> 8).unwrap_or(u8::MAX)
        }
        [gray, ..] => *gray,
        [] => 0,
    }
}
