//! What such systems do, point by point, and that each point is shown by a test: its id is in the words above
//! one. L, P and I are of sessions, K of shop logins, G of messaging (the last of them names neighbours, which are
//! no part of this), B of the whole; § are points that were settled here.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

const POINTS: [(&str, RangeInclusive<u8>); 6] =
    [("L", 1..=49), ("P", 1..=10), ("I", 1..=13), ("K", 1..=34), ("G", 1..=21), ("B", 1..=7)];

/// What pages and consoles show of them.
const SHOWN: [(&str, RangeInclusive<u8>); 7] =
    [("G", 5..=12), ("L", 3..=10), ("L", 27..=39), ("P", 1..=10), ("I", 1..=13), ("K", 9..=16), ("K", 28..=34)];

const SETTLED: RangeInclusive<u8> = 1..=14;

/// The words above tests, of all files below a folder.
fn words(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            words(&path, all);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            all.extend(text.lines().filter(|line| line.trim_start().starts_with("///")).flat_map(|line| [line, "\n"]));
        }
    }
}

/// Those that no test below a folder names.
fn missing(folder: &str, points: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = String::new();
    words(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    let named: BTreeSet<&str> = all
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '§' | '.')))
        .map(|word| word.trim_end_matches('.'))
        .collect();
    points.filter(|point| !named.contains(point.as_str())).collect()
}

fn ids(points: &[(&'static str, RangeInclusive<u8>)]) -> impl Iterator<Item = String> {
    points.iter().flat_map(|(of, numbers)| numbers.clone().map(move |n| format!("{of}-{n:02}")))
}

#[test]
fn each_point_has_a_test_that_names_it() {
    let settled = SETTLED.map(|n| format!("§3.{n}"));
    assert_eq!(missing("tests/it", ids(&POINTS).chain(settled)), Vec::<String>::new(), "no test names these");
}

#[test]
fn each_point_that_a_page_shows_is_walked_in_a_browser() {
    assert_eq!(missing("tests/it/browser", ids(&SHOWN)), Vec::<String>::new(), "no journey names these");
}
