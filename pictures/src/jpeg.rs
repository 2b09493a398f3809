//! JPEG: its segments, of which those that make the picture are kept and all others left out, and its
//! brightness, row by row. What may be too large, or unclear, is said elsewhere.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Head, Unusable};

/// A picture that comes sharper and sharper has at most so many passes: each costs as much as a whole one.
const MAX_SCANS: u32 = 32;

/// Bytes that decoding takes for each pixel, where all passes must be held: two for each of three colours,
/// and one for what is looked at.
const PROGRESSIVE: u64 = 7;

/// A segment's name and place: its content begins after its length.
struct Segment<'a> {
    marker: u8,
    content: &'a [u8],
    end: usize,
}

/// The picture without anything beside it, and what its head says.
pub fn strip(bytes: &[u8]) -> Result<(Head, Vec<u8>), Unusable> {
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(&[0xFF, 0xD8]);
    let (mut at, mut head, mut turned, mut scans) = (2, None, None, 0);
    loop {
        let Segment { marker, content, end } = segment(bytes, at)?;
        match marker {
            0xD9 if head.is_some() && scans > 0 => break,
            // Of the extended ones those that cameras write; arithmetic and lossless ones are none.
            0xC0..=0xC2 if head.is_none() => {
                head = Some(frame(marker, content)?);
                set_orientation(turned, &mut kept);
                kept.extend_from_slice(&bytes[at..end]);
            }
            0xC4 | 0xDB | 0xDD => kept.extend_from_slice(&bytes[at..end]),
            // Which colours these are.
            0xEE if content.starts_with(b"Adobe") && content.len() == 12 => kept.extend_from_slice(&bytes[at..end]),
            0xE1 => turned = turned.or(orientation(content)),
            0xE0..=0xEF | 0xFE => {}
            0xDA if head.is_some() => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(Unusable::Kind);
                }
                let data = end + entropy(&bytes[end..])?;
                kept.extend_from_slice(&bytes[at..data]);
                at = data;
                continue;
            }
            _ => return Err(Unusable::Kind),
        }
        at = end;
    }
    kept.extend_from_slice(&[0xFF, 0xD9]);
    head.map(|head| (head, kept)).ok_or(Unusable::Broken)
}

/// The segment that begins there.
fn segment(bytes: &[u8], at: usize) -> Result<Segment<'_>, Unusable> {
    let rest = bytes.get(at..).ok_or(Unusable::Broken)?;
    match rest {
        [0xFF, 0xD9, ..] => Ok(Segment { marker: 0xD9, content: &[], end: at + 2 }),
        [0xFF, marker, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let content = rest.get(4..2 + length).filter(|_| length >= 2).ok_or(Unusable::Broken)?;
            Ok(Segment { marker: *marker, content, end: at + 2 + length })
        }
        _ => Err(Unusable::Broken),
    }
}

fn frame(marker: u8, content: &[u8]) -> Result<Head, Unusable> {
    let [precision, h1, h0, w1, w0, components, ..] = content else { return Err(Unusable::Broken) };
    if *precision != 8 || !matches!(components, 1 | 3) {
        return Err(Unusable::Kind);
    }
    let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
    let weight = if marker == 0xC2 { PROGRESSIVE } else { 1 };
    Ok(Head { width: width.into(), height: height.into(), weight })
}

/// How many bytes the coded picture has: up to the next marker that is not its own.
fn entropy(bytes: &[u8]) -> Result<usize, Unusable> {
    let own = |second: u8| second == 0 || (0xD0..=0xD7).contains(&second);
    let end = bytes.windows(2).position(|two| two[0] == 0xFF && two[1] != 0xFF && !own(two[1]));
    end.ok_or(Unusable::Broken)
}

/// How the picture is to be turned: the one thing in Exif (CIPA DC-008, tag 0x0112) that belongs to it.
fn orientation(content: &[u8]) -> Option<u8> {
    let tiff = content.strip_prefix(b"Exif\0\0")?;
    let big = match tiff.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let four: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let first = usize::try_from(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }).ok()?;
    let entries = usize::from(u16_at(first)?);
    (0..entries).find_map(|n| {
        let entry = first.checked_add(2 + n * 12)?;
        let found = u16_at(entry)? == 0x0112;
        found
            .then(|| u16_at(entry + 8))
            .flatten()
            .and_then(|set_orientation| u8::try_from(set_orientation).ok())
            .filter(|set_orientation| (2..=8).contains(set_orientation))
    })
}

/// Says how the picture is to be turned, where it is: a segment of our own that says nothing else.
fn set_orientation(turned: Option<u8>, kept: &mut Vec<u8>) {
    let Some(turned) = turned else { return };
    kept.extend_from_slice(&[0xFF, 0xE1, 0, 34]);
    kept.extend_from_slice(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    kept.extend_from_slice(&[turned, 0, 0, 0, 0, 0, 0]);
}

/// Shows its brightness.
pub fn rows(bytes: &[u8], look: impl FnMut(&[u8])) -> Result<(), Unusable> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma).set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let luma = decoder.decode().map_err(|_| Unusable::Broken)?;
    let width = decoder.dimensions().map_or(0, |(width, _)| width);
    if width == 0 || luma.len() % width != 0 {
        return Err(Unusable::Broken);
    }
    luma.chunks_exact(width).for_each(look);
    Ok(())
}
