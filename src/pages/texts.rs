//! Every word of the customer's pages, by language: which there are, and how a text is found. The
//! words themselves stand in a table for each language; every table has every text.
//! `{name}` in a text is filled by the template.

pub(super) mod consoles;
mod de;
mod en;
mod es;
mod et;
mod fr;

/// A language's texts by their keys.
type Texts = &'static [(&'static str, &'static str)];

/// The languages. The first answers for every one that is not here.
pub(super) const LANGUAGES: [(&str, Texts); 5] =
    [("en", en::TEXTS), ("de", de::TEXTS), ("fr", fr::TEXTS), ("es", es::TEXTS), ("et", et::TEXTS)];

/// The language in which `locale` is answered: its main language, else English. It is also the
/// page's `lang`, so that what is read aloud is what is written.
pub(super) fn language(locale: &str) -> &'static str {
    spoken(locale).unwrap_or(LANGUAGES[0].0)
}

/// The language of that locale, where it is one of ours.
pub(super) fn spoken(locale: &str) -> Option<&'static str> {
    let main = locale.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.iter().find(|(language, _)| language.eq_ignore_ascii_case(main)).map(|(language, _)| *language)
}

/// The consoles' texts whose keys begin so, without that beginning.
pub(super) fn beginning(language: &str, start: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let at = LANGUAGES.iter().position(|(name, _)| *name == language).unwrap_or(0);
    consoles::rows().filter_map(move |(key, said)| Some((key.strip_prefix(start)?, said[at])))
}

/// The text of that key in a language that `language` named; none where nobody has such a text.
pub(super) fn text(language: &str, key: &str) -> Option<&'static str> {
    let at = LANGUAGES.iter().position(|(name, _)| *name == language)?;
    let own = LANGUAGES[at].1.iter().find(|(name, _)| *name == key).map(|(_, text)| *text);
    own.or_else(|| consoles::rows().find(|(name, _)| *name == key).map(|(_, said)| said[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_locale_is_answered_in_its_main_language_or_in_english() {
        for (locale, answered) in
            [("en-GB", "en"), ("EN_us", "en"), ("de-AT", "de"), ("et", "et"), ("tlh", "en"), ("\"><script>", "en")]
        {
            assert_eq!(language(locale), answered, "{locale}");
        }
        assert_eq!(text("fr", "landing.continue"), Some("Continuer"));
        assert_eq!(text("en", "no.such.text"), None);
    }

    /// The `{names}` of a text, in the order of the alphabet.
    fn names(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_says_everything_with_the_same_values() {
        let english: BTreeMap<_, _> = en::TEXTS.iter().copied().collect();
        for (language, texts) in LANGUAGES {
            let own: BTreeMap<_, _> = texts.iter().copied().collect();
            assert_eq!(own.len(), texts.len(), "{language} says something twice");
            assert!(own.keys().eq(english.keys()), "{language} has other keys than English");
            for (key, text) in own {
                assert_eq!(names(text), names(english[key]), "{language}: {key}");
                assert!(!text.trim().is_empty() && text.trim() == text, "{language}: {key}");
            }
        }
    }

    #[test]
    fn the_consoles_say_everything_once_with_the_same_values_in_every_language() {
        let mut keys = std::collections::BTreeSet::new();
        for (key, said) in consoles::rows() {
            assert!(keys.insert(key), "{key} stands twice");
            for (text, (language, _)) in said.iter().zip(LANGUAGES) {
                assert_eq!(names(text), names(said[0]), "{language}: {key}");
                assert!(!text.trim().is_empty() && text.trim() == *text, "{language}: {key}");
                assert!(language == "en" || *text != said[0] || !text.contains(' '), "{language}: {key}");
            }
        }
    }

    /// What is the same in two languages is a name or a short word that both have; a sentence is a
    /// text that nobody has translated.
    #[test]
    fn no_sentence_is_left_in_english() {
        for (language, texts) in LANGUAGES.into_iter().skip(1) {
            for (key, english) in en::TEXTS.iter().filter(|(key, _)| !key.starts_with("channel.")) {
                let own = texts.iter().find(|(name, _)| name == key).map(|(_, text)| text);
                assert!(own != Some(english) || !english.contains(' '), "{language}: {key}");
            }
        }
    }
}
