//! What stands in each cell of a zone: how much it looks like each sign, and whether light or a finger lies
//! on it. What signs may stand where is not known here.

use super::super::shrunk::Shrunk;
use super::glyphs::{ACROSS, ALIKE, DOWN, GLYPHS, Glyph, PITCH, Points, STEP, TOP, level, likeness};
use super::lines::{Curve, Grid, Place, Row};

/// Points on each side of a cell that are looked at where it is not quite where its row's curve says.
const ROOM: usize = 4;

/// The fine points of a cell: two by two are one that is compared.
const FINE: (usize, usize) = (2 * ACROSS + 2 * ROOM, 2 * DOWN + 2 * ROOM);

/// The height in a cell where the middle of a mark is, over all signs.
const MIDDLE: f32 = 28.0;

/// Where a cell is tried first, in fine points beside its middle, and when it is known better.
const ROUGH: [usize; 3] = [0, 4, 8];
const CLOSE: [usize; 3] = [3, 4, 5];

/// A cell, and what stands in it.
#[derive(Clone)]
pub struct Cell {
    /// How much it looks like each of `GLYPHS`, from -1 to 1.
    likeness: Vec<f32>,
    /// How bright its paper is.
    pub paper: f32,
    /// How dark its ink.
    pub ink: f32,
}

impl Cell {
    /// The sign of these that it looks most like, and how much; by its place in `GLYPHS`.
    pub fn best(&self, among: impl Fn(u8) -> bool) -> Option<(usize, f32)> {
        let signs = GLYPHS.iter().zip(&self.likeness).enumerate().filter(|(_, (glyph, _))| among(glyph.sign));
        signs.map(|(at, (_, likeness))| (at, *likeness)).max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// How much more it looks like one than like another, of how much that could be: 1 where it is the one,
    /// 0 where it is between them.
    pub fn margin(&self, one: usize, other: usize) -> f32 {
        (self.likeness[one] - self.likeness[other]) / (1.0 - ALIKE[one * GLYPHS.len() + other]).max(1e-3)
    }

    fn of(fine: &Fine, tried: &[usize]) -> Self {
        let mut likenesses = vec![-1.0f32; GLYPHS.len()];
        for y in tried {
            for x in tried {
                let points = fine.points(*x, *y);
                for (most, glyph) in likenesses.iter_mut().zip(&*GLYPHS) {
                    *most = most.max(likeness(&points, &glyph.points));
                }
            }
        }
        let (ink, paper) = fine.shades();
        Self { likeness: likenesses, paper, ink }
    }
}

/// A cell's brightness, twice as fine as it is compared, and a little around it.
struct Fine([f32; FINE.0 * FINE.1]);

impl Fine {
    /// What is compared, ink high, where the cell begins so many points from the corner.
    fn points(&self, x0: usize, y0: usize) -> Points {
        let mut points = [0.0; ACROSS * DOWN];
        for (row, y) in points.chunks_exact_mut(ACROSS).zip((y0..).step_by(2)) {
            let (upper, lower) = (&self.0[y * FINE.0 + x0..], &self.0[(y + 1) * FINE.0 + x0..]);
            for (point, (two, below)) in row.iter_mut().zip(upper.chunks_exact(2).zip(lower.chunks_exact(2))) {
                *point = -(two[0] + two[1] + below[0] + below[1]);
            }
        }
        level(&mut points);
        points
    }

    /// Its ink's brightness, and its paper's.
    fn shades(&self) -> (f32, f32) {
        let mut all = self.0;
        all.sort_unstable_by(f32::total_cmp);
        (all[all.len() / 32], all[all.len() * 3 / 4])
    }
}

/// A grid whose cells can be looked at.
pub struct Sheet<'a> {
    page: &'a Shrunk,
    grid: Grid,
    /// Quarters of a turn that bring its lines upright.
    quarters: usize,
    /// How much higher signs are than a cell's width says: a document that is tilted is seen flatter.
    stretch: f32,
}

impl<'a> Sheet<'a> {
    /// Turns a grid as it can be read, and finds out where exactly its cells lie.
    pub fn laid(page: &'a Shrunk, grid: Grid) -> Option<Self> {
        let quarters = usize::from(grid.upright);
        let flipped = flip(&grid);
        let one = Self { page, grid, quarters, stretch: 1.0 };
        let other = Self { page, grid: flipped, quarters: quarters + 2, stretch: 1.0 };
        let [first, second] = [one.likely(), other.likely()];
        let mut sheet = if first > second { one } else { other };
        for _ in 0..2 {
            sheet = sheet.settled()?;
        }
        Some(sheet)
    }

    /// Points of the picture that a cell is wide.
    pub fn pitch(&self) -> f32 {
        let row = &self.grid.rows[0];
        row.along.slope(0.0).hypot(row.across.slope(0.0))
    }

    /// Cells of each line.
    pub fn cells(&self) -> Vec<Vec<Cell>> {
        let line = |row: &Row| (0..self.grid.cells).map(|i| Cell::of(&self.fine(row, i as f32), &CLOSE)).collect();
        self.grid.rows.iter().map(line).collect()
    }

    /// How much its cells look like signs, at a glance.
    fn likely(&self) -> f32 {
        let some = self.grid.rows.iter().flat_map(|row| (0..self.grid.cells).step_by(4).map(move |i| (row, i)));
        some.filter_map(|(row, i)| Cell::of(&self.fine(row, i as f32), &ROUGH).best(|_| true))
            .map(|(_, most)| most)
            .sum()
    }

    /// The same, by where the signs that were recognised have their ink.
    fn settled(mut self) -> Option<Self> {
        let known: Vec<Vec<(f32, &Glyph, super::lines::Standing)>> =
            self.grid.rows.iter().map(|row| self.recognised(row)).collect();
        let mut stretches: Vec<f32> = known
            .iter()
            .zip(&self.grid.rows)
            .flat_map(|(known, row)| {
                known.iter().map(|(i, glyph, mark)| mark.high / (glyph.ink[3] - glyph.ink[2]) / unit(row, *i))
            })
            .collect();
        if stretches.is_empty() {
            return None;
        }
        stretches.sort_unstable_by(f32::total_cmp);
        self.stretch = stretches[stretches.len() / 2].clamp(0.6, 1.6);
        let mut curves = Vec::new();
        for (known, row) in known.iter().zip(&self.grid.rows) {
            let (mut along, mut across) = (Vec::new(), Vec::new());
            for (i, glyph, mark) in known {
                let [left, right, top, bottom] = glyph.ink;
                let unit = unit(row, *i);
                along.push((*i, mark.at.0 - (f32::midpoint(left, right) - PITCH / 2.0) * unit));
                across.push((*i, mark.at.1 - (f32::midpoint(top, bottom) - MIDDLE) * unit * self.stretch));
            }
            curves.push((Curve::through(&along)?, Curve::through(&across)?));
        }
        for (row, (along, across)) in self.grid.rows.iter_mut().zip(curves) {
            (row.along, row.across) = (along, across);
        }
        Some(self)
    }

    fn recognised(&self, row: &Row) -> Vec<(f32, &'static Glyph, super::lines::Standing)> {
        let marks = row.marks.iter().filter_map(|(i, mark)| {
            let (at, likeness) = Cell::of(&self.fine(row, *i), &ROUGH).best(|_| true)?;
            (likeness > 0.5).then(|| (*i, &GLYPHS[at], *mark))
        });
        marks.collect()
    }

    fn fine(&self, row: &Row, i: f32) -> Fine {
        let (along, across) = (row.along.slope(i) / PITCH, row.across.slope(i) / PITCH);
        let origin = (row.along.at(i), row.across.at(i));
        let (step, room) = (STEP / 2.0, ROOM as f32 * STEP / 2.0);
        let mut fine = [0.0; FINE.0 * FINE.1];
        for (n, point) in fine.iter_mut().enumerate() {
            let x = (n % FINE.0) as f32 * step + step / 2.0 - room - PITCH / 2.0;
            let y = ((n / FINE.0) as f32 * step + step / 2.0 - room + TOP - MIDDLE) * self.stretch;
            *point = self.bright((origin.0 + x * along - y * across, origin.1 + x * across + y * along));
        }
        Fine(fine)
    }

    /// The brightness at a place, between its four points.
    fn bright(&self, (s, t): Place) -> f32 {
        let (x, y) = match self.quarters {
            0 => (s, t),
            1 => (-t, s),
            2 => (-s, -t),
            _ => (t, -s),
        };
        let (width, height) = (self.page.width, self.page.height());
        let (x, y) = (x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32));
        let (left, top) = (x as usize, y as usize);
        let (right, below) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
        let at = |x: usize, y: usize| f32::from(self.page.seen[y * width + x]);
        let (dx, dy) = (x - left as f32, y - top as f32);
        let upper = at(left, top) * (1.0 - dx) + at(right, top) * dx;
        let lower = at(left, below) * (1.0 - dx) + at(right, below) * dx;
        upper * (1.0 - dy) + lower * dy
    }
}

/// Points of the picture in a unit of a cell.
fn unit(row: &Row, i: f32) -> f32 {
    row.along.slope(i).hypot(row.across.slope(i)) / PITCH
}

/// A grid as it lies with the picture's other side up.
fn flip(grid: &Grid) -> Grid {
    let last = (grid.cells - 1) as f32;
    Grid { rows: grid.rows.iter().rev().map(|row| row.flipped(last)).collect(), ..grid.clone() }
}
