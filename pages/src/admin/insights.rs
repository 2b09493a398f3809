//! The page of insights: how many were asked and how far they came, as funnels and as counts over time,
//! drawn here as SVG so that it needs no script. Each picture says the same as the table beneath it.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of insights.
#[derive(Serialize)]
pub struct Insights {
    /// Around it.
    pub frame: Shell,
    /// What may be chosen: days, and whether they are shown.
    pub spans: Vec<(u64, bool)>,
    /// Where the table lies.
    pub csv: String,
    /// Funnels, in the order in which they are shown.
    pub funnels: Vec<Funnel>,
    /// Single numbers: what they count, and how many.
    pub numbers: Vec<(&'static str, u64)>,
    /// In seconds; none where nobody was asked and authenticated.
    pub median: Option<u64>,
    /// What happened in each stretch.
    pub counts: CountColumns,
    /// Channel by channel: name, and a number for each of `columns`.
    pub channels: Vec<(String, Vec<u64>)>,
    /// What those numbers count.
    pub columns: Vec<&'static str>,
}

/// Steps that each fewer people come to.
#[derive(Serialize)]
pub struct Funnel {
    /// What it is of.
    pub title: &'static str,
    /// In order.
    pub stages: Vec<FunnelStep>,
}

/// One step of a funnel.
#[derive(Serialize)]
pub struct FunnelStep {
    /// Its name in replies of the API.
    pub name: &'static str,
    /// How many.
    pub count: u64,
    /// Of a hundred who took the first step, at most a hundred; none where nobody did.
    pub share: Option<u64>,
}

impl Funnel {
    /// Of steps in order.
    pub fn of(title: &'static str, steps: &[(&'static str, u64)]) -> Self {
        let first = steps.first().map_or(0, |(_, count)| *count);
        // Who was asked before the time that is shown may come in it.
        let share = |count: u64| (count * 100).checked_div(first).map(|share| share.min(100));
        let stages = steps.iter().map(|(name, count)| FunnelStep { name, count: *count, share: share(*count) });
        Self { title, stages: stages.collect() }
    }
}

/// Units of the drawing: its width and height, and the room for what is written at its left and below it.
const WIDE: u64 = 720;
const HIGH: u64 = 220;
const LEFT: u64 = 44;
const BELOW: u64 = 24;

/// Columns over time, each of two kinds side by side.
#[derive(Serialize)]
pub struct CountColumns {
    /// Units.
    pub width: u64,
    /// Units.
    pub height: u64,
    /// Where the columns stand.
    pub floor: u64,
    /// Where they begin.
    pub left: u64,
    /// Lines across: height and number.
    pub lines: Vec<(u64, u64)>,
    /// One for each stretch.
    pub columns: Vec<Column>,
}

/// A stretch of time.
#[derive(Serialize)]
pub struct Column {
    /// When it begins, RFC 3339.
    pub at: String,
    /// As it is written: the day, or the hour of one.
    pub label: String,
    /// Whether there is room to write it.
    pub labelled: bool,
    /// Of its middle.
    pub middle: u64,
    /// Asked, and authenticated.
    pub bars: [Bar; 2],
}

/// One kind in a stretch.
#[derive(Serialize)]
pub struct Bar {
    /// Units from the left.
    pub x: u64,
    /// Units from above.
    pub y: u64,
    /// Units.
    pub width: u64,
    /// Units.
    pub height: u64,
    /// How many.
    pub count: u64,
}

impl CountColumns {
    /// Of stretches in order: when each begins, how it is written, how many were asked and authenticated.
    pub fn of(stretches: Vec<(String, String, [u64; 2])>) -> Self {
        let (floor, count) = (HIGH - BELOW, stretches.len().max(1) as u64);
        let top = round_up(stretches.iter().flat_map(|(.., counts)| *counts).max().unwrap_or(0));
        let room = |n: u64| LEFT + (WIDE - LEFT) * n / count;
        let tall = |n: u64| (floor - 8) * n / top;
        let every = count.div_ceil(8);
        let column = |(n, (at, label, counts)): (usize, (String, String, [u64; 2]))| {
            let n = n as u64;
            let (from, to) = (room(n), room(n + 1));
            let width = ((to - from) * 2 / 5).max(1);
            let bar = |of: u64, count: u64| Bar {
                x: from + (to - from) / 10 + of * width,
                y: floor - tall(count),
                width,
                height: tall(count),
                count,
            };
            let bars = [bar(0, counts[0]), bar(1, counts[1])];
            Column { at, label, labelled: n.is_multiple_of(every), middle: (from + to) / 2, bars }
        };
        let columns = stretches.into_iter().enumerate().map(column).collect();
        let lines = [0, top / 2, top].into_iter().map(|n| (floor - tall(n), n)).collect();
        Self { width: WIDE, height: HIGH, floor, left: LEFT, lines, columns }
    }
}

/// A round even number that is not below the largest.
fn round_up(largest: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for round in [2, 4, 6, 10] {
            if step.saturating_mul(round) >= largest {
                return step.saturating_mul(round);
            }
        }
        step = step.saturating_mul(10);
    }
}

impl Pages {
    /// The page of insights.
    pub fn admin_insights(&self, page: &Insights) -> String {
        self.staff("admin_insights.html", &page.frame.language, page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_is_round_even_and_near() {
        for (largest, told) in [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (99, 100), (101, 200), (601, 1_000)]
        {
            assert_eq!(round_up(largest), told, "{largest}");
        }
        assert!(round_up(u64::MAX) == u64::MAX);
    }

    #[test]
    fn columns_stay_in_the_picture() {
        for count in [0, 1, 7, 24, 30, 90] {
            let stretch = |n: u64| (n.to_string(), n.to_string(), [n * 7 % 50, n % 13]);
            let counts = CountColumns::of((0..count).map(stretch).collect());
            for bar in counts.columns.iter().flat_map(|column| &column.bars) {
                assert!(bar.x >= counts.left && bar.x + bar.width <= WIDE, "{count}");
                assert!(bar.y >= 8 && bar.y + bar.height == counts.floor, "{count}");
            }
            assert!(counts.columns.iter().filter(|column| column.labelled).count() <= 8);
        }
    }

    #[test]
    fn a_funnel_is_told_in_shares_of_its_first_step() {
        let funnel = Funnel::of("t", &[("a", 8), ("b", 2), ("c", 9)]);
        assert_eq!(funnel.stages.iter().map(|stage| stage.share).collect::<Vec<_>>(), [Some(100), Some(25), Some(100)]);
        assert_eq!(Funnel::of("t", &[("a", 0), ("b", 2)]).stages[1].share, None);
    }
}
