//! Words of private metaphors that still name something.
//! The list and what each word means stand in `words::list`; this module searches for them.

use std::collections::BTreeMap;

use crate::definitions::{Definition, Kind, definitions};
use crate::figure::Figure;
use crate::sources::Sources;

pub mod list;

use list::WORDS;

/// One word that is to be renamed, and where it counts.
#[derive(Debug)]
pub struct Word {
    /// Its forms in lower case, the first of them its name.
    pub forms: &'static [&'static str],
    /// The kinds of definitions that it counts in.
    pub kinds: &'static [Kind],
    /// The starts of paths where it is a standard term, and therefore does not count.
    pub outside: &'static [&'static str],
    /// Names that are standard terms, and therefore do not count.
    pub standard: &'static [&'static str],
    /// Whether the word must be the whole name instead of one part of it.
    pub whole: bool,
}

impl Word {
    fn names(&self, path: &str, one: &Definition) -> bool {
        let outside = self.outside.iter().any(|start| path.starts_with(start));
        !outside && self.kinds.contains(&one.kind) && !self.standard.contains(&one.name.as_str()) && {
            let segments = one.segments();
            let is_form = |segment: &String| self.forms.contains(&segment.as_str());
            segments.iter().any(is_form) && (!self.whole || segments.len() == 1)
        }
    }
}

/// Words of [`WORDS`] that still name something.
///
/// A word counts once, however often it is used, where a module, type, function, field or constant has it as one part
/// of its name (`MailSender` has the parts `mail` and `sender`). Each word counts only for the kinds, places and names
/// that its entry states, because many are standard terms elsewhere.
pub fn figure(sources: &Sources) -> Figure {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in &sources.files {
        for one in definitions(file) {
            for word in WORDS.iter().filter(|word| word.names(&file.path, &one)) {
                let place = format!("{}:{} {}", file.path, one.line, one.name);
                places.entry(word.forms[0]).or_default().push(place);
            }
        }
    }
    let describe = |(word, places): (&&str, &Vec<String>)| {
        std::iter::once(format!("{word} x{}", places.len()))
            .chain(places.iter().map(|place| format!("  {place}")))
            .collect::<Vec<_>>()
    };
    let listed = places.iter().flat_map(describe).collect();
    Figure::value("renamed-words", "words to be renamed that still name something", places.len(), 0, listed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::figure;
    use super::list::WORDS;
    use crate::sources::from_texts;

    fn value(path: &str, text: &str) -> usize {
        figure(&from_texts(&[(path, text)])).value
    }

    #[test]
    fn words_count_once_in_any_definition() {
        assert_eq!(value("src/a.rs", "struct ValidationError { slug: u8 } fn misfit_of() {} const SLUG: u8 = 1;"), 2);
        assert_eq!(value("src/domain/knock.rs", ""), 1);
    }

    #[test]
    fn words_inside_of_other_words_do_not_count() {
        assert_eq!(value("src/a.rs", "fn incoming() {} struct Handshake; fn outcome(knock: u8) {}"), 0);
    }

    #[test]
    fn standard_terms_do_not_count() {
        assert_eq!(value("src/a.rs", "fn in_flight() {} struct CircuitBreaker; enum Most { Least }"), 0);
        assert_eq!(value("src/a.rs", "const MOST_BYTES: usize = 1;"), 1);
    }

    #[test]
    fn each_form_stands_once() {
        let forms: Vec<_> = WORDS.iter().flat_map(|word| word.forms).collect();
        let different: BTreeSet<_> = forms.iter().collect();
        assert_eq!(forms.len(), different.len());
        assert!(WORDS.iter().all(|word| !word.kinds.is_empty()));
    }
}
