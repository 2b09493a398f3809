//! Where a zone lies: marks in two or three rows that are parallel and equally spaced, as many in each as a
//! zone has. It measures places and reads nothing.

use super::ink::Mark;

/// A picture with more marks of a letter's size than these is no document.
const MOST: usize = 20_000;

/// So many marks must stand side by side before a row is followed further.
const FEWEST: usize = 10;

/// So many signs of a row must be seen by themselves: eight tenths of the shortest.
const LEAST: usize = 24;

/// So many cells of a row may show no mark of their own, one after the other.
const GAP: u8 = 2;

/// Lines and signs in a line, of the sizes of ICAO Doc 9303.
const SHAPES: [(usize, usize); 3] = [(2, 44), (2, 36), (3, 30)];

/// A place: along the lines as they lie in the picture, and across them.
pub type Place = (f32, f32);

/// A mark as it stands in a line: its middle, how far it reaches along, and across.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its middle.
    pub at: Place,
    /// How wide it is.
    pub wide: f32,
    /// How high it is.
    pub high: f32,
}

/// A curve through numbers that change evenly: a + bi + ci².
#[derive(Clone, Copy, Debug, Default)]
pub struct Curve([f32; 3]);

impl Curve {
    /// Its value there.
    pub fn at(self, i: f32) -> f32 {
        let [a, b, c] = self.0;
        a + (b + c * i) * i
    }

    /// How it changes there.
    pub fn slope(self, i: f32) -> f32 {
        let [_, b, c] = self.0;
        b + 2.0 * c * i
    }

    /// The same, counted from another cell.
    fn from(self, first: f32) -> Self {
        let [_, _, c] = self.0;
        Self([self.at(first), self.slope(first), c])
    }

    /// The curve that comes nearest to these, by least squares; what lies far off it is then left out.
    pub fn through(points: &[(f32, f32)]) -> Option<Self> {
        let first = Self::fitted(points)?;
        let far = |(i, value): &(f32, f32)| (first.at(*i) - value).abs();
        let mut distances: Vec<f32> = points.iter().map(far).collect();
        distances.sort_unstable_by(f32::total_cmp);
        let most = (distances[distances.len() / 2] * 3.0).max(0.5);
        Self::fitted(&points.iter().filter(|point| far(point) <= most).copied().collect::<Vec<_>>())
    }

    fn fitted(points: &[(f32, f32)]) -> Option<Self> {
        if points.len() < 6 {
            return None;
        }
        // About the middle, so that sums stay small.
        let middle = points.iter().map(|(i, _)| f64::from(*i)).sum::<f64>() / points.len() as f64;
        let (mut sums, mut right) = ([0.0f64; 5], [0.0f64; 3]);
        for (i, value) in points {
            let mut power = 1.0;
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum += power;
                if let Some(right) = right.get_mut(n) {
                    *right += power * f64::from(*value);
                }
                power *= f64::from(*i) - middle;
            }
        }
        let [s0, s1, s2, s3, s4] = sums;
        let rows = [[s0, s1, s2], [s1, s2, s3], [s2, s3, s4]];
        let whole = determinant(rows);
        if whole.abs() < 1e-6 {
            return None;
        }
        let [a, b, c] = std::array::from_fn(|n| {
            let mut replaced = rows;
            (0..3).for_each(|row| replaced[row][n] = right[row]);
            determinant(replaced) / whole
        });
        Some(Self([a - b * middle + c * middle * middle, b - 2.0 * c * middle, c].map(|one| one as f32)))
    }
}

fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}

/// A row of marks in cells of equal width.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where cells lie along the line, by their number.
    pub along: Curve,
    /// Where they lie across it.
    pub across: Curve,
    /// The marks, by the number of their cell.
    pub marks: Vec<(f32, Standing)>,
}

impl Row {
    fn new(marks: Vec<(f32, Standing)>) -> Option<Self> {
        let points = |of: fn(&Standing) -> f32| marks.iter().map(|(i, m)| (*i, of(m))).collect::<Vec<_>>();
        let (along, across) = (Curve::through(&points(|m| m.at.0))?, Curve::through(&points(|m| m.at.1))?);
        Some(Self { along, across, marks })
    }

    /// The same, its cells counted from another.
    fn counted_from(&self, first: f32) -> Self {
        let marks = self.marks.iter().map(|(i, mark)| (i - first, *mark)).collect();
        Self { along: self.along.from(first), across: self.across.from(first), marks }
    }

    /// The same, seen from the other side: what was the last cell is the first.
    pub fn flipped(&self, last: f32) -> Self {
        let curve = |curve: Curve| {
            let [a, b, c] = curve.from(last).0;
            Curve([-a, b, -c])
        };
        let mark = |(i, mark): &(f32, Standing)| (last - i, Standing { at: (-mark.at.0, -mark.at.1), ..*mark });
        Self { along: curve(self.along), across: curve(self.across), marks: self.marks.iter().map(mark).collect() }
    }

    fn ends(&self) -> (f32, f32) {
        let cells = || self.marks.iter().map(|(i, _)| *i);
        (cells().fold(f32::MAX, f32::min), cells().fold(f32::MIN, f32::max))
    }
}

/// A zone's rows, from the first; each has so many cells, counted from 0.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Cells in each.
    pub cells: usize,
    /// Whether lines run down the picture and not across it.
    pub upright: bool,
}

/// Everything in a picture that has the shape of a zone.
pub fn grids(marks: &[Mark]) -> Vec<Grid> {
    if marks.len() > MOST {
        return Vec::new();
    }
    [false, true].into_iter().flat_map(|upright| parallel(&rows(marks, upright), upright)).collect()
}

/// Marks as they stand where lines run across the picture, or down it.
fn standing(mark: &Mark, upright: bool) -> Standing {
    let [left, right, top, bottom] = [mark.left, mark.right, mark.top, mark.bottom].map(f32::from);
    let (x, y) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
    let (wide, high) = (right - left + 1.0, bottom - top + 1.0);
    if upright { Standing { at: (y, -x), wide: high, high: wide } } else { Standing { at: (x, y), wide, high } }
}

fn rows(marks: &[Mark], upright: bool) -> Vec<Row> {
    let mut all: Vec<Standing> = marks.iter().map(|mark| standing(mark, upright)).collect();
    all.retain(|mark| mark.wide <= 1.6 * mark.high && mark.wide >= 0.1 * mark.high);
    all.sort_unstable_by(|one, other| one.at.0.total_cmp(&other.at.0));
    let (next, before) = neighbours(&all);
    let mut taken = vec![false; all.len()];
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for start in 0..all.len() {
        let begins = before[start].is_none_or(|left| next[left] != Some(start));
        if !begins {
            continue;
        }
        let mut chain = vec![start];
        while let Some(right) = next[*chain.last().expect("it has its start")]
            && before[right] == chain.last().copied()
        {
            chain.push(right);
        }
        if chain.len() >= FEWEST {
            chains.push(chain);
        }
    }
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
    let mut rows = Vec::new();
    for chain in chains {
        if chain.iter().any(|at| taken[*at]) {
            continue; // a row that was followed here already
        }
        rows.extend(followed(&all, &chain, &mut taken).filter(|cells| cells.len() >= LEAST).and_then(Row::new));
    }
    rows
}

type Beside = Vec<Option<usize>>;

/// Of each mark, the nearest to its right and to its left that could stand in the same line.
fn neighbours(all: &[Standing]) -> (Beside, Beside) {
    let (mut next, mut before): (Beside, Beside) = (vec![None; all.len()], vec![None; all.len()]);
    for (i, one) in all.iter().enumerate() {
        for (j, other) in all.iter().enumerate().skip(i + 1) {
            let apart = other.at.0 - one.at.0;
            if apart > 2.6 * one.high {
                break;
            }
            let high = f32::midpoint(one.high, other.high);
            let alike = one.high < 1.5 * other.high && other.high < 1.5 * one.high;
            let level = (other.at.1 - one.at.1).abs() < 0.3 * high;
            if alike && level && (0.5 * high..1.8 * high).contains(&apart) {
                next[i] = next[i].or(Some(j));
                before[j] = Some(i); // of those to the left the last is the nearest
            }
        }
    }
    (next, before)
}

/// A chain's cells, and those beyond its ends as far as marks stand at equal distances.
fn followed(all: &[Standing], chain: &[usize], taken: &mut [bool]) -> Option<Vec<(f32, Standing)>> {
    let mut steps: Vec<f32> = chain.windows(2).map(|two| all[two[1]].at.0 - all[two[0]].at.0).collect();
    steps.sort_unstable_by(f32::total_cmp);
    let pitch = steps[steps.len() / 2];
    let mut cells: Vec<(f32, Standing)> = Vec::new();
    for at in chain {
        taken[*at] = true;
        let i = cells.last().map_or(0.0, |(i, last)| i + ((all[*at].at.0 - last.at.0) / pitch).round());
        if cells.last().is_none_or(|(last, _)| *last < i) {
            cells.push((i, all[*at]));
        }
    }
    if cells.len() < FEWEST {
        return None;
    }
    for direction in [1.0, -1.0] {
        while let Some((at, cell)) = beyond(all, &cells, direction, taken) {
            taken[at] = true;
            if direction > 0.0 { cells.push(cell) } else { cells.insert(0, cell) }
        }
    }
    Some(cells)
}

/// The mark in the next cell beyond an end, or behind a short gap. None is taken twice: a row ends.
fn beyond(
    all: &[Standing],
    cells: &[(f32, Standing)],
    direction: f32,
    taken: &[bool],
) -> Option<(usize, (f32, Standing))> {
    // By what is nearest to that end: pitch and slope change a little from end to end.
    let near: Vec<&(f32, Standing)> =
        if direction > 0.0 { cells.iter().rev().take(12).collect() } else { cells.iter().take(12).collect() };
    let (last, far) = (near.first()?, near.last()?);
    let span = far.0 - last.0;
    let slope = |one: f32, other: f32| (other - one) / span;
    let (pitch, rise) = (slope(last.1.at.0, far.1.at.0), slope(last.1.at.1, far.1.at.1));
    let high = near.iter().map(|(_, mark)| mark.high).sum::<f32>() / near.len() as f32;
    (1..=GAP).find_map(|n| {
        let steps = f32::from(n) * direction;
        let wanted = (last.1.at.0 + steps * pitch, last.1.at.1 + steps * rise);
        let from = all.partition_point(|mark| mark.at.0 < wanted.0 - 0.3 * pitch);
        let within = all[from..].iter().take_while(|mark| mark.at.0 < wanted.0 + 0.3 * pitch);
        let fits = |mark: &Standing| {
            (mark.at.1 - wanted.1).abs() < 0.3 * high && mark.high > 0.6 * high && mark.high < 1.5 * high
        };
        let next = (from..).zip(within).find(|(at, mark)| !taken[*at] && fits(mark));
        next.map(|(at, mark)| (at, (last.0 + steps, *mark)))
    })
}

/// Rows that stand under each other as those of a zone do.
fn parallel(rows: &[Row], upright: bool) -> Vec<Grid> {
    let mut found = Vec::new();
    for one in rows {
        let below: Vec<(f32, &Row, f32)> = rows.iter().filter_map(|other| under(one, other)).collect();
        for (lines, cells) in SHAPES {
            let next = |far: f32| below.iter().find(move |(apart, ..)| (apart / far - 1.0).abs() < 0.15);
            let first = below.iter().map(|(apart, ..)| *apart).filter(|apart| (1.2..2.4).contains(apart));
            let Some(apart) = first.reduce(f32::min) else { continue };
            let others: Vec<_> = (1..lines).filter_map(|n| next(apart * n as f32)).collect();
            if others.len() + 1 == lines {
                found.extend(aligned(one, &others, cells, upright));
            }
        }
    }
    found
}

/// How far below a row another stands, in cells, and which of the first one's cells is its cell 0.
fn under<'r>(one: &Row, other: &'r Row) -> Option<(f32, &'r Row, f32)> {
    let (first, last) = one.ends();
    let middle = f32::midpoint(first, last).round();
    let (pitch, rise) = (one.along.slope(middle), one.across.slope(middle));
    let (x, y) = (one.along.at(middle), one.across.at(middle));
    let long = pitch.hypot(rise);
    let place = |i: f32| {
        let (dx, dy) = (other.along.at(i) - x, other.across.at(i) - y);
        ((dx * pitch + dy * rise) / (long * long), (dy * pitch - dx * rise) / (long * long))
    };
    let near = -place(0.0).0;
    let (off, apart) = place(near.round());
    let similar = (other.along.slope(near) / pitch - 1.0).abs() < 0.12;
    (similar && (1.2..5.0).contains(&apart)).then_some((apart, other, middle + off.round() - near.round()))
}

/// The rows with their cells counted from the first that any of them has; none where that are not so many as
/// a zone has.
fn aligned(one: &Row, others: &[&(f32, &Row, f32)], cells: usize, upright: bool) -> Option<Grid> {
    let ends = others.iter().map(|(_, row, off)| (row.ends().0 + off, row.ends().1 + off));
    let (first, last) = ends.fold(one.ends(), |all, ends| (all.0.min(ends.0), all.1.max(ends.1)));
    if last - first + 1.0 != cells as f32 {
        return None;
    }
    let mut rows = vec![one.counted_from(first)];
    rows.extend(others.iter().map(|(_, row, off)| row.counted_from(first - off)));
    // Rows of which much is missing are not known to lie where their curve says.
    rows.iter().all(|row| row.marks.len() * 10 >= cells * 8).then_some(Grid { rows, cells, upright })
}
