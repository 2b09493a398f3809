//! What is printed on a picture: points darker than the paper around them, gathered into marks that hang
//! together. It knows no letters.

use super::super::shrunk::Shrunk;

/// A picture of more marks than these is noise, and none of them is a letter.
const MOST_MARKS: usize = 200_000;

/// Marks of sizes that letters of a zone can have, at any size at which it is looked for.
const SIZES: std::ops::RangeInclusive<u16> = 8..=110;

/// Points that hang together, by the box around them.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Its first column.
    pub left: u16,
    /// Its last.
    pub right: u16,
    /// Its first row.
    pub top: u16,
    /// Its last.
    pub bottom: u16,
}

impl Mark {
    fn and(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            right: self.right.max(other.right),
            top: self.top.min(other.top),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// A row's points that are dark, side by side.
struct Run {
    first: usize,
    end: usize,
    mark: u32,
}

/// Marks that are being gathered; one may turn out to be a part of another.
#[derive(Default)]
struct Gathered {
    within: Vec<u32>,
    marks: Vec<Mark>,
}

impl Gathered {
    fn whole(&mut self, mut of: u32) -> u32 {
        while self.within[of as usize] != of {
            let above = self.within[self.within[of as usize] as usize];
            self.within[of as usize] = above;
            of = above;
        }
        of
    }

    fn join(&mut self, one: u32, other: u32) -> u32 {
        let (one, other) = (self.whole(one), self.whole(other));
        let (kept, gone) = (one.min(other), one.max(other));
        if kept != gone {
            self.within[gone as usize] = kept;
            self.marks[kept as usize] = self.marks[kept as usize].and(self.marks[gone as usize]);
        }
        kept
    }

    fn begin(&mut self, mark: Mark) -> u32 {
        let at = u32::try_from(self.marks.len()).expect("there are fewer than MOST_MARKS");
        self.within.push(at);
        self.marks.push(mark);
        at
    }
}

/// All marks of a size that letters can have; none in a picture of noise.
pub fn marks(page: &Shrunk) -> Vec<Mark> {
    let (width, height) = (page.width, page.height());
    let mut light = Light::of(page);
    let (mut above, mut here): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    let mut gathered = Gathered::default();
    let mut dark = vec![false; width];
    for y in 0..height {
        light.darker(y, &mut dark);
        here.clear();
        let mut before = 0;
        let mut x = 0;
        while let Some(first) = dark[x..].iter().position(|dark| *dark).map(|at| x + at) {
            let end = dark[first..].iter().position(|dark| !*dark).map_or(width, |at| first + at);
            let box_ = Mark { left: short(first), right: short(end - 1), top: short(y), bottom: short(y) };
            let mut mark = gathered.begin(box_);
            // Points touch at their corners, too.
            while above.get(before).is_some_and(|run| run.end < first) {
                before += 1;
            }
            for run in above[before..].iter().take_while(|run| run.first <= end) {
                mark = gathered.join(mark, run.mark);
            }
            here.push(Run { first, end, mark });
            x = end;
        }
        if gathered.marks.len() > MOST_MARKS {
            return Vec::new();
        }
        std::mem::swap(&mut above, &mut here);
    }
    let whole = (0..).zip(&gathered.within).filter(|(at, within)| at == *within);
    let found = whole.map(|(at, _): (u32, _)| gathered.marks[at as usize]);
    found.filter(|mark| SIZES.contains(&(mark.right - mark.left).max(mark.bottom - mark.top))).collect()
}

/// No side of a shrunk picture is longer than a `u16` says.
fn short(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The mean brightness around each point, row after row.
struct Light<'a> {
    page: &'a Shrunk,
    reach: usize,
    columns: Vec<u32>,
}

impl<'a> Light<'a> {
    fn of(page: &'a Shrunk) -> Self {
        let reach = (page.width.max(page.height()) / 90).clamp(8, 30);
        let mut light = Self { page, reach, columns: vec![0; page.width] };
        for y in 0..reach.min(page.height()) {
            light.count(y, true);
        }
        light
    }

    fn count(&mut self, y: usize, comes: bool) {
        let row = &self.page.seen[y * self.page.width..][..self.page.width];
        for (sum, bright) in self.columns.iter_mut().zip(row) {
            *sum = if comes { *sum + u32::from(*bright) } else { *sum - u32::from(*bright) };
        }
    }

    /// Which points of the next row are darker than those around them.
    fn darker(&mut self, y: usize, dark: &mut [bool]) {
        let (width, height, reach) = (self.page.width, self.page.height(), self.reach);
        if y + reach < height {
            self.count(y + reach, true);
        }
        if y > reach {
            self.count(y - reach - 1, false);
        }
        let rows = (y + reach).min(height - 1) - y.saturating_sub(reach) + 1;
        let row = &self.page.seen[y * width..][..width];
        let mut sum: u32 = self.columns.iter().take(reach).sum();
        for (x, (bright, dark)) in row.iter().zip(dark).enumerate() {
            if let Some(comes) = self.columns.get(x + reach) {
                sum += comes;
            }
            if x > reach {
                sum -= self.columns[x - reach - 1];
            }
            let columns = (x + reach).min(width - 1) - x.saturating_sub(reach) + 1;
            let mean = sum / u32::try_from(rows * columns).unwrap_or(u32::MAX);
            *dark = u32::from(*bright) + (mean / 6).max(10) < mean;
        }
    }
}
