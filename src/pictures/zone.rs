//! The machine-readable zone in a picture: found, and read where each of its signs can be told for certain.
//! Whether its digits hold is `domain::mrz`'s to say.
//!
//! It would rather read nothing than read wrong: of an honest person's document no sign may be mistaken.
//! What is read leaves this process in no way, and is not printed.

use super::shrunk::Shrunk;
use crate::domain::mrz::{self, Alphabet, Size};

mod cells;
mod glyphs;
mod ink;
mod lines;

use cells::{Cell, Sheet};
use glyphs::GLYPHS;

/// The longer side at which a zone is looked for at most: pictures are shrunk by whole numbers, so it is from half
/// of that to all of it. A passport's zone has 44 signs in a line.
pub const LONGEST: u32 = 2400;

/// Grids of one picture that are looked at.
const MOST_GRIDS: usize = 4;

/// Points that a sign must be wide.
const LEAST_PITCH: f32 = 9.0;

/// How much a cell must look like a sign to be that sign.
const LEAST_LIKENESS: f32 = 0.78;

/// How much more than like any other: see `Cell::margin`.
const LEAST_MARGIN: f32 = 0.3;

/// Signs that differ between printers more than they differ from each other: where either may stand, no
/// likeness tells them.
const LOOK_ALIKES: [&[u8]; 6] = [b"0ODQ", b"1I", b"2Z", b"5S", b"6G", b"8B"];

/// What can be seen of a zone.
#[derive(Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing that looks like one.
    None,
    /// One that cannot be told for certain, or is of no kind whose digits are known.
    Unsure,
    /// These lines. Either their digits hold, or there is no way to read them in which they would.
    Zone(Vec<String>),
}

/// Looks for a zone.
pub fn seen(page: &Shrunk) -> Seen {
    let grids = lines::grids(&ink::marks(page));
    let mut seen = Seen::None;
    for grid in grids.into_iter().take(MOST_GRIDS) {
        let Some(size) = Size::of(grid.rows.len(), grid.cells) else { continue };
        seen = Sheet::laid(page, grid).and_then(|sheet| read(&sheet, size)).map_or(Seen::Unsure, Seen::Zone);
        if matches!(seen, Seen::Zone(_)) {
            break;
        }
    }
    seen
}

/// Its lines, where each sign is certain and what its digits say of them, too.
fn read(sheet: &Sheet<'_>, size: Size) -> Option<Vec<String>> {
    if sheet.pitch() < LEAST_PITCH {
        return None;
    }
    let cells = sheet.cells();
    let mut possible = Vec::new();
    let mut text = Vec::new();
    for (line, row) in cells.iter().enumerate() {
        if !is_evenly_lit(row) {
            return None;
        }
        let signs: Option<Vec<Vec<u8>>> =
            row.iter().enumerate().map(|(at, cell)| signs(cell, size.alphabet(line, at))).collect();
        let signs = signs?;
        text.push(signs.iter().map(|signs| char::from(signs[0])).collect::<String>());
        possible.push(signs);
    }
    let certain = mrz::check(&text).is_ok() || mrz::is_wrong_however_read(size, &possible);
    (mrz::is_governed(&text) && certain).then_some(text)
}

/// The sign in a cell, and behind it those that it could be as well; none where it is not certain.
fn signs(cell: &Cell, alphabet: Alphabet) -> Option<Vec<u8>> {
    let (best, likeness) = cell.best(|sign| alphabet.has(sign))?;
    let sign = GLYPHS[best].sign;
    let alike = LOOK_ALIKES.iter().find(|alike| alike.contains(&sign)).copied().unwrap_or_default();
    let mut others = GLYPHS.iter().enumerate().filter(|(_, glyph)| glyph.sign != sign && !alike.contains(&glyph.sign));
    // Of all signs, and not only of those that belong there: else this is not the kind of zone that it seems.
    let clear = others.all(|(at, _)| cell.margin(best, at) >= LEAST_MARGIN);
    let rivals = alike.iter().filter(|other| **other != sign && alphabet.has(**other));
    (likeness >= LEAST_LIKENESS && clear).then(|| std::iter::once(sign).chain(rivals.copied()).collect())
}

/// Whether no lamp, shadow or finger lies on a part of a line: an 8 of which a half is hidden is a 3.
fn is_evenly_lit(row: &[Cell]) -> bool {
    (0..row.len()).all(|at: usize| {
        let near = &row[at.saturating_sub(4)..(at + 5).min(row.len())];
        let median = |of: fn(&Cell) -> f32| {
            let mut all: Vec<f32> = near.iter().map(of).collect();
            all.sort_unstable_by(f32::total_cmp);
            all[all.len() / 2]
        };
        let (paper, ink) = (median(|cell| cell.paper), median(|cell| cell.ink));
        let contrast = paper - ink;
        contrast > 20.0 && (row[at].paper - paper).abs() < contrast * 0.25 && (row[at].ink - ink).abs() < contrast * 0.4
    })
}

#[cfg(test)]
mod tests;
