//! What an eye would say of a picture: whether it is sharp, whether light hides a part of it, and whether
//! it is too dark. It sees brightness alone, at a size at which print can just be read; it reads nothing.
//!
//! The bounds are wide: what fails here no reader could use, and what is in doubt the provider judges.

use super::shrunk::Shrunk;
use countersign_domain::providers::identity::Flaw;

/// The longer side at which a picture is looked at.
const WORKING_SIDE: u32 = 1000;

/// The variance of the Laplacian below which a document's print is not sharp. A drawn card whose print has
/// strokes of two points has about 3,900; softened so that it can still be read, 80; where strokes run into
/// each other, 9, and less from there on (`tests`).
const SHARP_DOCUMENT: f64 = 25.0;

/// The same of a face, which has no print: soft skin and hair.
const SHARP_FACE: f64 = 6.0;

/// A square is blown out where nearly all of it is this bright: light reflected, and nothing behind it.
const BLOWN: u8 = 252;

/// The side of a square that is looked at for reflections.
const SQUARE: usize = 16;

/// The part of the picture, in thousandths, that a reflection inside the document may hide.
const MAX_GLARE: usize = 12;

/// A picture whose mean and whose brightest twentieth are below these is too dark.
const DARK: (u64, u8) = (45, 100);

/// A picture that is looked at.
pub struct Sight {
    page: Shrunk,
}

impl Sight {
    /// Of a picture of that size.
    pub fn of(width: u32, height: u32) -> Self {
        Self { page: Shrunk::of(width, height, WORKING_SIDE) }
    }

    /// Its next row.
    pub fn row(&mut self, row: &[u8]) {
        self.page.row(row);
    }

    /// What is wrong with it.
    pub fn flaws(&self, is_face: bool) -> Vec<Flaw> {
        if self.is_dark() {
            return vec![Flaw::Dark]; // nothing else can be seen then
        }
        let mut flaws = Vec::new();
        if self.sharpness() < if is_face { SHARP_FACE } else { SHARP_DOCUMENT } {
            flaws.push(Flaw::Blurred);
        }
        // A window behind a face hides nothing of it.
        if !is_face && self.glare() > MAX_GLARE {
            flaws.push(Flaw::Glare);
        }
        flaws
    }

    fn is_dark(&self) -> bool {
        let mut by_brightness = [0usize; 256];
        self.page.seen.iter().for_each(|bright| by_brightness[usize::from(*bright)] += 1);
        let total: u64 = self.page.seen.iter().map(|bright| u64::from(*bright)).sum();
        let mean = total / (self.page.seen.len() as u64).max(1);
        let mut brighter = 0;
        let bright = (0..=255u8).rev().find(|bright| {
            brighter += by_brightness[usize::from(*bright)];
            brighter * 20 >= self.page.seen.len()
        });
        mean < DARK.0 && bright.is_some_and(|bright| bright < DARK.1)
    }

    /// The variance of the Laplacian: how much neighbouring points differ from each other.
    pub(super) fn sharpness(&self) -> f64 {
        let (width, height) = (self.page.width, self.page.height());
        if width < 3 || height < 3 {
            return 0.0;
        }
        let at = |x: usize, y: usize| i64::from(self.page.seen[y * width + x]);
        let (mut sum, mut squares) = (0i64, 0i64);
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let second = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
                sum += second;
                squares += second * second;
            }
        }
        let count = ((width - 2) * (height - 2)) as f64;
        let mean = sum as f64 / count;
        squares as f64 / count - mean * mean
    }

    /// The part of the picture, in thousandths, that is blown out and does not reach its border: a white
    /// table around a document is no reflection on it.
    pub(super) fn glare(&self) -> usize {
        let height = self.page.height();
        let (across, down) = (self.page.width / SQUARE, height / SQUARE);
        if across == 0 || down == 0 {
            return 0;
        }
        let mut blown: Vec<bool> = (0..across * down).map(|n| self.is_blown(n % across, n / across)).collect();
        let on_border = |n: &usize| {
            let (x, y) = (n % across, n / across);
            x == 0 || y == 0 || x == across - 1 || y == down - 1
        };
        let mut around: Vec<usize> = (0..blown.len()).filter(on_border).collect();
        while let Some(n) = around.pop() {
            if std::mem::take(&mut blown[n]) {
                let (x, y) = (n % across, n / across);
                let beside = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
                around.extend(beside.iter().filter(|(x, y)| *x < across && *y < down).map(|(x, y)| y * across + x));
            }
        }
        blown.iter().filter(|is| **is).count() * 1000 / blown.len()
    }

    fn is_blown(&self, x: usize, y: usize) -> bool {
        let row = |y: usize| &self.page.seen[y * self.page.width + x * SQUARE..][..SQUARE];
        let bright = (y * SQUARE..(y + 1) * SQUARE).flat_map(row).filter(|bright| **bright >= BLOWN).count();
        bright * 100 >= SQUARE * SQUARE * 95
    }
}
