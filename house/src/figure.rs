//! What a figure is, and how figures are printed.
//! How each is counted stands with its function in `figures`.

use std::fmt::Write as _;

/// One measured number of the sources.
#[derive(Debug)]
pub struct Figure {
    /// Its name in `house/figures.toml` and for `--list`.
    pub name: &'static str,
    /// What is counted, in a few words.
    pub title: &'static str,
    /// The value measured. Smaller is better.
    pub value: usize,
    /// The greatest value that is wanted; none where no value is.
    pub wanted: Option<usize>,
    /// How far the value may fall below its limit before the limit must be tightened.
    pub slack: usize,
    /// Where to look, one line each.
    pub places: Vec<String>,
}

impl Figure {
    /// A figure without slack whose value is the number of its places.
    pub fn count(name: &'static str, title: &'static str, wanted: usize, places: Vec<String>) -> Self {
        Self { name, title, value: places.len(), wanted: Some(wanted), slack: 0, places }
    }

    /// A figure without slack and with a value of its own.
    pub fn value(name: &'static str, title: &'static str, value: usize, wanted: usize, places: Vec<String>) -> Self {
        Self { name, title, value, wanted: Some(wanted), slack: 0, places }
    }
}

/// The figures as an aligned table: figure, value today, value wanted.
pub fn table(figures: &[Figure]) -> String {
    let title = |figure: &Figure| format!("{} [{}]", figure.title, figure.name);
    let width = figures.iter().map(|figure| title(figure).chars().count()).max().unwrap_or_default();
    let mut text = format!("{:width$}  {:>7}  {:>8}\n", "figure", "today", "wanted");
    for figure in figures {
        let wanted = match figure.wanted {
            None => "-".to_owned(),
            Some(0) => "0".to_owned(),
            Some(wanted) => format!("<= {wanted}"),
        };
        writeln!(text, "{:width$}  {:>7}  {wanted:>8}", title(figure), figure.value).expect("a text takes all");
    }
    text
}

/// The places behind each figure, under its title and value.
pub fn list<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> String {
    let mut text = String::new();
    for figure in figures {
        writeln!(text, "{} [{}]: {}", figure.title, figure.name, figure.value).expect("a text takes all");
        for place in &figure.places {
            writeln!(text, "  {place}").expect("a text takes all");
        }
    }
    text
}

/// The value at a share of sorted values by the nearest rank: of 10 values, `percentile(values, 90)` is the 9th.
pub fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Figure, percentile, table};

    #[test]
    fn percentile_takes_nearest_rank() {
        let values: Vec<usize> = (1..=10).collect();
        assert_eq!([percentile(&values, 50), percentile(&values, 90), percentile(&values, 100)], [5, 9, 10]);
        assert_eq!(percentile(&[], 90), 0);
    }

    #[test]
    fn table_is_aligned() {
        let figures = [
            Figure::count("a", "short", 0, vec!["x".to_owned()]),
            Figure::value("b", "a longer title", 12, 3, Vec::new()),
        ];
        let text = table(&figures);
        let ends: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(ends, [ends[0]; 3], "{text}");
        assert!(text.contains("short [a]                 1         0\n"), "{text}");
    }
}
