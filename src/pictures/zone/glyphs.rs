//! The signs of OCR-B (ISO 1073-2) that a zone has, as strokes of a pen, drawn here: what a cell of a zone
//! is compared with.
//!
//! A cell is 72 units wide; capitals stand between 0 and 60, digits reach a little above. `M` puts the pen
//! down, `L` draws to a point, `Q` bends there towards a point in between, and `E` is a quarter of an ellipse
//! whose corner that point is.

use std::sync::LazyLock;

/// A cell's width.
pub const PITCH: f32 = 72.0;

/// Where a cell begins, above the capitals.
pub const TOP: f32 = -10.0;

/// Units from a point that is compared to the next.
pub const STEP: f32 = 4.0;

/// Points in a row that are compared.
pub const ACROSS: usize = 18;

/// Rows that are compared.
pub const DOWN: usize = 20;

/// How wide half a stroke is.
const PEN: f32 = 5.5;

/// How far its edge runs out: print, lens and file all soften it.
const EDGE: f32 = 3.0;

#[rustfmt::skip] // a sign in a row
const STROKES: [(u8, &str); 37] = [
    (b'A', "M17 61L33.5 -0.5L38.5 -0.5L55.5 61M23 38L49 38"),
    (b'B', "M16.5 0L16.5 60L36 60E56.5 60 56.5 44.5E56.5 30 40 29L17 29M40 29E54 29 54 14.5E54 0 36 0L16.5 0"),
    (b'C', "M51 9E49 -1.5 38.5 -1.5E20.8 -1.5 20.8 30E20.8 61.5 38.5 61.5E49 61.5 51 50.5"),
    (b'D', "M21.4 0L21.4 60L28 60E53.6 58 53.6 30E53.6 2 28 0L21.4 0"),
    (b'E', "M55 0L21 0L21 60L55 60M21 29L50 29"),
    (b'F', "M53 0L26 0L26 61M26 29L48 29"),
    (b'G', "M52.5 7E48 -1.5 37 -1.5E16.6 -1.5 16.6 30E16.6 61.5 37 61.5E49 61.5 54.5 57L54.5 33L40 33"),
    (b'H', "M19 -1L19 61M53.3 -1L53.3 61M19 30L53 30"),
    (b'I', "M22 0L50.5 0M22 60L50.5 60M36 0L36 60"),
    (b'J', "M44 -1L44 44E44 61.5 31 61.5E18 61.5 18 47"),
    (b'K', "M18 -1L18 61M53 -1L22 31M23 29L54.5 61"),
    (b'L', "M19 -1L19 60L56 60"),
    (b'M', "M16.3 61L16.3 0L22 0L36 39L50.5 0L56.2 0L56.2 61"),
    (b'N', "M17.7 61L17.7 0L21 0L51 60L54.8 60L54.8 -1"),
    (b'O', "M36 -2E55.9 -2 55.9 30E55.9 61.5 36 61.5E16.6 61.5 16.6 30E16.6 -2 36 -2"),
    (b'P', "M19 61L19 0L38 0E56 0 56 16Q56 31.5 38 31.5L19 31.5"),
    (b'Q', "M34.5 -1.5E53.5 -1.5 53.5 27E53.5 57 34.5 57E16.4 57 16.4 27E16.4 -1.5 34.5 -1.5M35 36L56 61"),
    (b'R', "M20.3 61L20.3 0L38 0E53.9 0 53.9 14E53.9 31 38 31L20.3 31M38 31L53.9 61"),
    (b'S', "M52 8E48 -2 38 -2E21.5 -2 21.5 12E21.5 24 36 29E52.8 34 52.8 47E52.8 61.5 37 61.5E22 61.5 19.7 50"),
    (b'T', "M16.3 0L56.2 0M36 0L36 61"),
    (b'U', "M17.7 -1L17.7 44E17.7 61.4 36 61.4E54.8 61.4 54.8 44L54.8 -1"),
    (b'V', "M16 -1L33 60L39 60L56 -1"),
    (b'W', "M16 -1L20 60L24 60L36 28L47.5 60L52 60L56 -1"),
    (b'X', "M18.5 61L54 -1M18.5 -1L54 61"),
    (b'Y', "M18.6 -1L36 34M53.9 -1L36 34L36 61"),
    (b'Z', "M21 0L50 0L19 60L53 60"),
    (b'0', "M16.3 20L16.3 34Q16.3 61.4 36 61.4Q56.2 61.4 56.2 34L56.2 20Q56.2 -7 36 -7Q16.3 -7 16.3 20"),
    (b'1', "M19.4 10L36 -6L40.5 -6L40.5 61"),
    (b'2', "M18.5 1E24 -7 36 -7E53.5 -7 53.5 9E53.5 20 40 29E18.5 43 18.5 60L54 60"),
    (b'3', "M16.5 -5.7L53 -5.7L53 -3L31 21.5E55.5 22 55.5 42E55.5 61.3 36 61.3E24 61.3 16.5 58"),
    (b'4', "M38 -7L16.5 43L56 43M46.5 27L46.5 61"),
    (b'5', "M52 -5.7L24 -5.7L23 20L31 18E52.2 18 52.2 39E52.2 61 19 61.3"),
    (b'6', "M43 -7Q16.3 22 16.3 40M36 20E56.2 20 56.2 40E56.2 61.3 36 61.3E16.3 61.3 16.3 40E16.3 20 36 20"),
    (b'7', "M16.3 -5.7L56 -5.7Q53 6 43 20Q30 38 29 61"),
    (b'8', "M36 24Q56.2 32 56.2 44E56.2 61.4 36 61.4E16.3 61.4 16.3 44Q16.3 32 36 24Q53 17 53 6E53 -7.2 36 -7.2E19.5 -7.2 19.5 6Q19.5 17 36 24"),
    (b'9', "M36 -7.2E56.2 -7.2 56.2 12E56.2 33 36 33E16.3 33 16.3 12E16.3 -7.2 36 -7.2M56.2 12Q54 34 30 61"),
    (b'<', "M56 0.5L16.5 27L56 53.5"),
];

/// Points of a cell, with mean 0 and length 1.
pub type Points = [f32; ACROSS * DOWN];

/// A sign as it may be printed.
pub struct Glyph {
    /// Which.
    pub sign: u8,
    /// What it looks like.
    pub points: Points,
    /// The box around its ink: left, right, top, bottom.
    pub ink: [f32; 4],
}

/// All signs; digits twice, since some printers make them no higher than capitals.
pub static GLYPHS: LazyLock<Vec<Glyph>> = LazyLock::new(|| {
    let tall = STROKES.iter().map(|(sign, path)| drawn(*sign, &strokes(path)));
    let low = STROKES.iter().filter(|(sign, _)| sign.is_ascii_digit()).map(|(sign, path)| {
        let lowered = |(x, y): Point| (x, (y + 7.0) * 61.0 / 68.0);
        drawn(*sign, &strokes(path).into_iter().map(|(from, to)| (lowered(from), lowered(to))).collect::<Vec<_>>())
    });
    tall.chain(low).collect()
});

/// A place in a cell.
pub type Point = (f32, f32);

/// How much any two of `GLYPHS` look alike where one stands a point beside its place or not, row by row.
pub static ALIKE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let all = &*GLYPHS;
    let beside = |points: &Points, x: usize, y: usize| {
        let mut moved = [0.0; ACROSS * DOWN];
        for (row, from) in moved.chunks_exact_mut(ACROSS).zip(y..) {
            let from = (from.clamp(1, DOWN) - 1) * ACROSS;
            row.iter_mut().zip(x..).for_each(|(point, at)| *point = points[from + at.clamp(1, ACROSS) - 1]);
        }
        level(&mut moved);
        moved
    };
    let places: Vec<Vec<Points>> =
        all.iter().map(|one| (0..9).map(|n| beside(&one.points, n % 3, n / 3)).collect()).collect();
    let most = |one: &Glyph, at: &[Points]| at.iter().map(|points| likeness(&one.points, points)).fold(-1.0, f32::max);
    all.iter().flat_map(|one| places.iter().map(|at| most(one, at))).collect()
});

/// The cosine of the angle between them: eight sums, which processors make side by side.
pub fn likeness(one: &Points, other: &Points) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in one.chunks_exact(8).zip(other.chunks_exact(8)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

/// Makes points comparable: mean 0, length 1. What is flat stays 0.
pub fn level(points: &mut Points) {
    let mean = points.iter().sum::<f32>() / points.len() as f32;
    points.iter_mut().for_each(|point| *point -= mean);
    let length = likeness(points, points).sqrt();
    if length > 1e-3 {
        points.iter_mut().for_each(|point| *point /= length);
    }
}

/// A path in short straight pieces.
fn strokes(path: &str) -> Vec<(Point, Point)> {
    let mut all = Vec::new();
    let (mut at, mut rest) = ((0.0, 0.0), path);
    while let Some(act) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_uppercase()).map_or(rest.len(), |end| end + 1);
        let numbers: Vec<f32> = rest[1..end].split_whitespace().filter_map(|number| number.parse().ok()).collect();
        rest = &rest[end..];
        at = match (act, numbers.as_slice()) {
            ('L', &[x, y]) => {
                all.push((at, (x, y)));
                (x, y)
            }
            (_, &[cx, cy, x, y]) => bend(act == 'E', [at, (cx, cy), (x, y)], &mut all),
            (_, &[x, y, ..]) => (x, y),
            _ => at,
        };
    }
    all
}

fn bend(is_ellipse: bool, [from, corner, to]: [Point; 3], all: &mut Vec<(Point, Point)>) -> Point {
    let mut at = from;
    for n in 1..=8u8 {
        let t = f32::from(n) / 8.0;
        let [a, b, c] = if is_ellipse {
            let (sin, cos) = (t * std::f32::consts::FRAC_PI_2).sin_cos();
            [1.0 - sin, sin + cos - 1.0, 1.0 - cos]
        } else {
            [(1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t]
        };
        let next = (a * from.0 + b * corner.0 + c * to.0, a * from.1 + b * corner.1 + c * to.1);
        all.push((at, next));
        at = next;
    }
    to
}

fn drawn(sign: u8, strokes: &[(Point, Point)]) -> Glyph {
    let mut points = [0.0; ACROSS * DOWN];
    for (n, point) in points.iter_mut().enumerate() {
        let at = ((n % ACROSS) as f32 * STEP + STEP / 2.0, (n / ACROSS) as f32 * STEP + STEP / 2.0 + TOP);
        let far = strokes.iter().map(|stroke| distance(at, *stroke)).fold(f32::MAX, f32::min);
        *point = ((PEN + EDGE - far) / (2.0 * EDGE)).clamp(0.0, 1.0);
    }
    level(&mut points);
    let ends = || strokes.iter().flat_map(|(from, to)| [*from, *to]);
    let least = |of: fn(Point) -> f32| ends().map(of).fold(f32::MAX, f32::min) - PEN;
    let most = |of: fn(Point) -> f32| ends().map(of).fold(f32::MIN, f32::max) + PEN;
    Glyph { sign, points, ink: [least(|p| p.0), most(|p| p.0), least(|p| p.1), most(|p| p.1)] }
}

/// A sign's strokes, to draw it with.
#[cfg(test)]
pub fn strokes_of(sign: u8) -> Vec<(Point, Point)> {
    STROKES.iter().find(|(of, _)| *of == sign).map(|(_, path)| strokes(path)).unwrap_or_default()
}

/// How far a point is from a stroke.
pub fn distance(at: Point, ((x0, y0), (x1, y1)): (Point, Point)) -> f32 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let along = ((at.0 - x0) * dx + (at.1 - y0) * dy) / (dx * dx + dy * dy).max(1e-6);
    let t = along.clamp(0.0, 1.0);
    (at.0 - x0 - t * dx).hypot(at.1 - y0 - t * dy)
}
