//! The tables of texts, read from the JSON files of this folder (`README.md` there says how a row is written).
//! Owns which files there are; which text a reader gets is for `texts`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::LANGUAGES;
use crate::embedded::embedded;

/// A text in each language, in the order of `LANGUAGES`.
type Row = [String; LANGUAGES.len()];

/// Texts by their keys.
pub(crate) type Texts = BTreeMap<String, Row>;

const CUSTOMER_FILES: [(&str, &str); 3] = embedded!("": "customers.json", "documents.json", "returning.json");

const CONSOLE_FILES: [(&str, &str); 17] = embedded!("consoles/":
    "admin.json", "admin_accounts.json", "admin_audit.json", "admin_channels.json", "admin_insights.json",
    "admin_keys.json", "admin_lockouts.json", "admin_overview.json", "admin_screens.json", "admin_settings.json",
    "admin_users.json", "admin_webhooks.json", "history.json", "pages.json", "refusals.json", "scripts.json",
    "validation.json",
);

/// The texts of customers' pages.
pub(crate) static CUSTOMERS: LazyLock<Texts> = LazyLock::new(|| read(&CUSTOMER_FILES));

/// The texts of the consoles.
pub(crate) static CONSOLES: LazyLock<Texts> = LazyLock::new(|| read(&CONSOLE_FILES));

/// The sentences in which platforms ask for an account's fields. These rows have no key.
pub(super) static ASKED: LazyLock<Vec<Row>> =
    LazyLock::new(|| serde_json::from_str(include_str!("asked.json")).expect("a row has each language: tests"));

fn read(files: &[(&str, &str)]) -> Texts {
    let rows = |text| serde_json::from_str::<Texts>(text).expect("a row has each language: tests");
    files.iter().flat_map(|(_, text)| rows(text)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_each_language() {
        for (name, text) in CUSTOMER_FILES.iter().chain(&CONSOLE_FILES) {
            let read = serde_json::from_str::<Texts>(text);
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
    }

    #[test]
    fn every_key_stands_once_on_a_line_of_its_own() {
        let mut seen = BTreeSet::new();
        let lines = CUSTOMER_FILES.iter().chain(&CONSOLE_FILES).flat_map(|(_, text)| text.lines());
        for line in lines.filter(|line| !["{", "}"].contains(line)) {
            let key = line.split('"').nth(1).expect("a line begins with its key");
            assert!(seen.insert(key), "{key} stands twice");
        }
        let keys: BTreeSet<_> = CUSTOMERS.keys().chain(CONSOLES.keys()).map(String::as_str).collect();
        assert_eq!(seen, keys);
    }

    /// The `{names}` of a text, in the order of the alphabet.
    fn names(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_says_everything_with_the_same_values() {
        for (key, said) in CUSTOMERS.iter().chain(&*CONSOLES) {
            for (text, language) in said.iter().zip(LANGUAGES) {
                assert_eq!(names(text), names(&said[0]), "{language}: {key}");
                assert!(!text.trim().is_empty() && text.trim() == text, "{language}: {key}");
            }
        }
    }

    /// Two languages may share a name or a short word. A sentence that they share is a text that nobody has
    /// translated.
    #[test]
    fn no_sentence_is_left_in_english() {
        const ALIKE: [&str; 4] = ["channel.", "app.", "left.", "moment"]; // names, "1 minute", and what is all holes
        let customers = CUSTOMERS.iter().filter(|(key, _)| !ALIKE.iter().any(|stem| key.starts_with(stem)));
        for (key, said) in customers.chain(&*CONSOLES) {
            for (text, language) in said.iter().zip(LANGUAGES).skip(1) {
                assert!(*text != said[0] || !text.contains(' '), "{language}: {key}");
            }
        }
    }
}
