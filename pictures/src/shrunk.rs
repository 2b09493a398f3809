//! A picture's brightness, shrunk as its rows come, so that never more of it is held than is looked at.
//! It judges nothing.

/// Brightness in rows, from the top.
pub struct Shrunk {
    factor: u32,
    /// Points in a row.
    pub width: usize,
    height: usize,
    sums: Vec<u32>,
    rows: u32,
    /// All points that came so far.
    pub seen: Vec<u8>,
}

impl Shrunk {
    /// Of a picture of that size, so that its longer side has at most so many points.
    pub fn of(width: u32, height: u32, longest: u32) -> Self {
        let factor = width.max(height).div_ceil(longest).max(1);
        let (width, height) = ((width / factor) as usize, (height / factor) as usize);
        Self { factor, width, height, sums: vec![0; width], rows: 0, seen: Vec::with_capacity(width * height) }
    }

    /// Rows that came so far.
    pub fn height(&self) -> usize {
        self.seen.len() / self.width.max(1)
    }

    /// Its next row.
    pub fn row(&mut self, row: &[u8]) {
        if self.seen.len() >= self.width * self.height {
            return;
        }
        if self.factor == 1 {
            self.seen.extend_from_slice(row.get(..self.width).unwrap_or_default());
            return;
        }
        for (sum, points) in self.sums.iter_mut().zip(row.chunks_exact(self.factor as usize)) {
            *sum += points.iter().map(|bright| u32::from(*bright)).sum::<u32>();
        }
        self.rows += 1;
        if self.rows == self.factor {
            let area = self.factor * self.factor;
            self.seen.extend(self.sums.iter().map(|sum| u8::try_from(sum / area).unwrap_or(u8::MAX)));
            self.sums.fill(0);
            self.rows = 0;
        }
    }
}
