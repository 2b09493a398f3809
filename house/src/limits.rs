//! The limits of `house/figures.toml`, and what breaks them.
//! A figure may not rise above its limit, and a limit is tightened once its figure has fallen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::figure::Figure;

/// Where the limits stand, relative to the root.
pub const PATH: &str = "house/figures.toml";

const HEAD: &str = "\
# The limit of each figure of the sources: the value measured when it was last tightened.
# tests/it/architecture/figures.rs fails when a figure is above its limit, or below it by more than its slack.
# To tighten: ./scripts/house --limits > house/figures.toml
";

/// The figures as the text of `house/figures.toml`.
pub fn write(figures: &[Figure]) -> String {
    let mut text = HEAD.to_owned();
    for figure in figures {
        write!(text, "\n# {}\n{} = {}\n", figure.title, figure.name, figure.value).expect("a text takes all");
    }
    text
}

/// What is wrong between figures and the text of their limits; empty where all is well.
///
/// A figure is wrong when it is above its limit, or below it by more than its slack unless the limit is the
/// wanted value or less. A figure without a limit and a limit without a figure are wrong, too.
pub fn check(figures: &[Figure], text: &str) -> Vec<String> {
    let limits: BTreeMap<String, usize> = match toml::from_str(text) {
        Ok(limits) => limits,
        Err(error) => return vec![format!("{PATH}: {error}")],
    };
    let mut wrong: Vec<String> = figures.iter().filter_map(|figure| check_one(figure, &limits)).collect();
    for name in limits.keys().filter(|name| figures.iter().all(|figure| figure.name != name.as_str())) {
        wrong.push(format!("{PATH}: `{name}` is no figure: remove its limit"));
    }
    wrong
}

fn check_one(figure: &Figure, limits: &BTreeMap<String, usize>) -> Option<String> {
    let Figure { name, title, value, wanted, slack, .. } = figure;
    let Some(limit) = limits.get(*name) else {
        return Some(format!("{PATH}: `{name}` has no limit: add `{name} = {value}`"));
    };
    if value > limit {
        return Some(format!("{name}: {value}, and the limit is {limit} ({title}). See: scripts/house --list {name}"));
    }
    let tighten = value + slack < *limit && wanted.is_none_or(|wanted| *limit > wanted);
    tighten.then(|| format!("{name}: {value} is better than its limit {limit}. Set `{name} = {value}` in {PATH}"))
}

#[cfg(test)]
mod tests {
    use super::{check, write};
    use crate::figure::Figure;

    fn figure(value: usize, slack: usize) -> Figure {
        Figure { slack, ..Figure::value("cycles", "cycles of files", value, 2, Vec::new()) }
    }

    #[test]
    fn written_limits_hold() {
        let figures = [figure(5, 0)];
        assert_eq!(check(&figures, &write(&figures)), Vec::<String>::new());
    }

    #[test]
    fn worse_figure_is_named_with_its_list() {
        let wrong = check(&[figure(6, 0)], "cycles = 5");
        assert_eq!(wrong, ["cycles: 6, and the limit is 5 (cycles of files). See: scripts/house --list cycles"]);
    }

    #[test]
    fn better_figure_must_be_tightened() {
        let wrong = check(&[figure(4, 0)], "cycles = 5");
        assert_eq!(wrong, ["cycles: 4 is better than its limit 5. Set `cycles = 4` in house/figures.toml"]);
    }

    #[test]
    fn slack_and_wanted_value_spare_tightening() {
        assert_eq!(check(&[figure(4, 1)], "cycles = 5"), Vec::<String>::new());
        assert_eq!(check(&[figure(1, 0)], "cycles = 2"), Vec::<String>::new());
    }

    #[test]
    fn missing_and_unknown_limits_are_wrong() {
        let wrong = check(&[figure(4, 0)], "other = 5");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(check(&[], "cycles = -1")[0].starts_with("house/figures.toml: "));
    }
}
