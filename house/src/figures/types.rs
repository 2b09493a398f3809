//! Type names that are defined more than once.
//! It compares names only: whether two types are the same thing in two layers, a reader decides.

use std::collections::BTreeMap;

use crate::definitions::{self, Kind};
use crate::figure::Figure;
use crate::sources::Sources;

/// Names that every module may define for itself.
pub const COMMON_NAMES: [&str; 2] = ["Error", "Kind"];

/// Names of structs, enums, traits and aliases that are defined in two or more places of all packages.
///
/// The first figure counts definitions that say `pub`, `pub(crate)`, `pub(super)` or `pub(in ..)`; the second counts
/// private ones, too. [`COMMON_NAMES`] do not count.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let private = duplicates(sources, false);
    let private = Figure::count(
        "duplicate-types-with-private",
        "type names defined more than once, with private ones",
        0,
        private,
    );
    vec![
        Figure::count("duplicate-types", "visible type names defined more than once", 25, duplicates(sources, true)),
        Figure { wanted: None, ..private },
    ]
}

fn duplicates(sources: &Sources, visible_only: bool) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &sources.files {
        let types = definitions::definitions(file).into_iter().filter(|one| one.kind == Kind::Type);
        for one in types.filter(|one| one.visible || !visible_only) {
            if !COMMON_NAMES.contains(&one.name.as_str()) {
                places.entry(one.name).or_default().push(format!("{}:{}", file.path, one.line));
            }
        }
    }
    let mut repeated: Vec<_> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    repeated.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    repeated.iter().map(|(name, places)| format!("{name} x{}: {}", places.len(), places.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::sources::from_texts;

    #[test]
    fn repeated_names_are_counted_once() {
        let sources = from_texts(&[
            ("src/a.rs", "pub struct A; struct B; pub enum Error {} pub type C = u8;"),
            ("src/b.rs", "pub(crate) enum A {} trait B {} pub struct Error; #[cfg(test)] mod t { pub struct C; }"),
            ("channels/src/c.rs", "pub trait A {}"),
        ]);
        let found = figures(&sources);
        assert_eq!(found[0].places, ["A x3: channels/src/c.rs:1, src/a.rs:1, src/b.rs:1"]);
        assert_eq!(found[1].value, 2);
    }
}
