//! The sentences in which platforms ask for an account's fields, and the names of platforms, in the languages of the consoles
//! (`asked.json`). A row's first text is the sentence that the platform's definition has (`about`, `title`): by
//! that it is found, so a definition that an operator brought and that asks for the same is understood as well.
//! `{name}` is the name of the field that another one takes the place of.

use super::place;
use super::tables::ASKED;

/// A definition's sentence in a language; none where it is one of the operator's own.
pub fn asked(language: &str, sentence: &str) -> Option<String> {
    let at = place(language)?;
    ASKED.iter().find_map(|row| Some(row[at].replace("{name}", named(&row[0], sentence)?)))
}

/// What stands in a sentence where a text has `{name}`; nothing where it has none.
fn named<'a>(text: &str, sentence: &'a str) -> Option<&'a str> {
    match text.split_once("{name}") {
        None => (text == sentence).then_some(""),
        Some((before, after)) => sentence.strip_prefix(before)?.strip_suffix(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_found_by_itself_and_by_what_stands_round_a_name() {
        assert_eq!(asked("de", "the project's id").as_deref(), Some("die Kennung des Projekts"));
        let before = asked("fr", "the `app_secret` before, while it is being replaced");
        assert_eq!(before.as_deref(), Some("l’ancien `app_secret`, le temps de son remplacement"));
        assert_eq!(asked("de", "what the operator has made up"), None);
        assert_eq!(asked("tlh", "the project's id"), None);
    }

    #[test]
    fn every_sentence_stands_once_and_in_every_language() {
        let mut seen = std::collections::BTreeSet::new();
        for row in &*ASKED {
            assert!(seen.insert(&row[0]), "{} stands twice", row[0]);
            for text in row {
                assert!(!text.trim().is_empty() && text.trim() == text, "{}", row[0]);
                assert_eq!(text.matches('{').count(), row[0].matches('{').count(), "{text}");
                assert_eq!(text.matches('`').count(), row[0].matches('`').count(), "{text}");
            }
            assert!(row[1..].iter().all(|text| *text != row[0]), "{} is left in English", row[0]);
        }
    }
}
