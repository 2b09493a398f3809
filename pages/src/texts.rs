//! Every word of the customer's pages, by language: which there are, how a text is found, counted things
//! and moments among them. The words themselves stand in a table for each language; every table has every
//! text. `{name}` in a text is filled by the template.

use std::collections::BTreeMap;

mod asked;
pub(super) mod consoles;
mod de;
mod documents;
mod en;
mod es;
mod et;
mod fr;
mod returning;

pub use asked::asked;

/// A language's texts by their keys.
type Texts = &'static [(&'static str, &'static str)];

/// The languages. The first answers for every one that is not here.
pub(super) const LANGUAGES: [(&str, Texts); 5] =
    [("en", en::TEXTS), ("de", de::TEXTS), ("fr", fr::TEXTS), ("es", es::TEXTS), ("et", et::TEXTS)];

/// The language in which `locale` is answered: its main language, else English. It is also the
/// page's `lang`, so that what is read aloud is what is written.
pub(super) fn language(locale: &str) -> &'static str {
    known(locale).unwrap_or(LANGUAGES[0].0)
}

fn known(tag: &str) -> Option<&'static str> {
    let main = tag.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.iter().map(|(language, _)| *language).find(|language| language.eq_ignore_ascii_case(main))
}

/// The language for a reader whose browser asks for `accepted` (`Accept-Language`, RFC 9110 §12.5.4): the
/// one that it likes best of those that are here, else `locale`'s.
pub fn language_for(accepted: &str, locale: &str) -> &'static str {
    let mut best: Option<(&'static str, u16)> = None;
    for range in accepted.split(',').take(MAX_RANGES) {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight_of(weight);
        let known = known(tag.trim()).filter(|_| weight > best.map_or(0, |(_, weight)| weight));
        best = known.map(|language| (language, weight)).or(best);
    }
    best.map_or_else(|| language(locale), |(language, _)| language)
}

/// Nobody reads more languages; a header that names more is somebody's joke.
const MAX_RANGES: usize = 32;

/// `q=0.8` in thousandths; what cannot be read counts for nothing.
fn weight_of(parameter: &str) -> u16 {
    let parameter = parameter.trim();
    if parameter.is_empty() {
        return 1000;
    }
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    let weight = value.and_then(|value| value.trim().parse::<f32>().ok()).filter(|q| (0.0..=1.0).contains(q));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1000")]
    weight.map_or(0, |q| (q * 1000.0) as u16)
}

/// The direction in which a language is written.
pub(super) fn direction(language: &str) -> &'static str {
    const LEFTWARD: [&str; 8] = ["ar", "ckb", "dv", "fa", "he", "ps", "ur", "yi"];
    if LEFTWARD.contains(&language) { "rtl" } else { "ltr" }
}

/// Which form a counted thing has (Unicode CLDR, cardinal plurals): the last part of its texts' keys.
pub(super) fn form(language: &str, count: u64) -> &'static str {
    let one = match language {
        "fr" => count < 2,
        _ => count == 1,
    };
    if one { "one" } else { "other" }
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
    own.or_else(|| rows().find(|(name, _)| *name == key).map(|(_, said)| said[at]))
}

/// A text of the consoles in English, for what is not a page.
pub fn in_english(key: &str) -> Option<&'static str> {
    text("en", key)
}

/// What stands in rows: the consoles' texts, and those of the page that asks for a document.
fn rows() -> impl Iterator<Item = &'static consoles::TextRow> {
    documents::ROWS.iter().chain(returning::ROWS).chain(consoles::rows())
}

/// The text for `count` of something: `KEY.one`, `KEY.other`.
pub(super) fn counted(language: &str, key: &str, count: u64) -> Option<String> {
    let text = text(language, &format!("{key}.{}", form(language, count)))?;
    Some(text.replace("{count}", &count.to_string()))
}

/// A span to come in the largest unit that it has two of, or in minutes.
pub(super) fn span(language: &str, seconds: u64) -> Option<String> {
    match seconds {
        0..60 => text(language, "left.moment").map(str::to_owned),
        _ => lasting(language, "left", seconds / 60),
    }
}

/// How long ago something was.
pub(super) fn ago(language: &str, minutes: u64) -> Option<String> {
    match minutes {
        0 => text(language, "ago.now").map(str::to_owned),
        _ => lasting(language, "ago", minutes),
    }
}

fn lasting(language: &str, stem: &str, minutes: u64) -> Option<String> {
    let (unit, count) = match minutes {
        0..120 => ("minutes", minutes),
        120..2880 => ("hours", minutes / 60),
        _ => ("days", minutes / 1440),
    };
    counted(language, &format!("{stem}.{unit}"), count)
}

/// `2026-11-21T14:03:22Z` as people write it, where no script knows the reader's own clock; what is no such
/// moment stays as it is.
pub(super) fn moment(language: &str, time: &str) -> String {
    let said = || {
        let (year, month, day) = (time.get(..4)?, time.get(5..7)?, time.get(8..10)?);
        let name = text(language, &format!("month.{month}"))?;
        let parts = [("{day}", day.trim_start_matches('0')), ("{month}", name), ("{year}", year)];
        let whole = text(language, "moment")?.replace("{clock}", time.get(11..16)?);
        Some(parts.into_iter().fold(whole, |whole, (hole, part)| whole.replace(hole, part)))
    };
    said().unwrap_or_else(|| time.to_owned())
}

/// The texts of a stem by language and by the rest of their keys, as JSON: for scripts that stand on pages
/// of others and know no template.
pub(super) fn words(stem: &str) -> String {
    let of = |texts: Texts| -> serde_json::Map<String, serde_json::Value> {
        let own = texts.iter().filter_map(|(key, text)| Some((key.strip_prefix(stem)?.to_owned(), (*text).into())));
        own.collect()
    };
    let all: serde_json::Map<_, _> =
        LANGUAGES.into_iter().map(|(language, texts)| (language.to_owned(), of(texts).into())).collect();
    serde_json::Value::Object(all).to_string()
}

/// What consoles say of refusals in a language, as JSON: by a problem's code, and by the code of what is wrong
/// with a value.
pub(super) fn refusals(language: &str) -> String {
    let of = |stem| beginning(language, stem).collect::<BTreeMap<_, _>>();
    serde_json::json!({"refused": of("refused."), "validation": of("validation.")}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_browser_is_answered_in_what_it_likes_best_of_what_is_here() {
        for (accepted, answered) in [
            ("", "et"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fi, sv;q=0.9, fr;q=0.4, es;q=0.5", "es"),
            ("en;q=0.2,fr;q=0.20", "en"),
            ("tlh, *;q=0.5", "et"),
            ("de;q=0, fr;q=0.001", "fr"),
            ("de;q=0", "et"),
            ("de;q=7, fr;q=nan, es;q=", "et"),
            ("EN-gb", "en"),
            ("\u{fffd},;;==,q=1", "et"),
        ] {
            assert_eq!(language_for(accepted, "et"), answered, "{accepted}");
        }
        assert_eq!(language_for("tlh", "tlh"), "en");
        assert_eq!(language_for(&("fi,".repeat(MAX_RANGES) + "de"), "et"), "et");
    }

    #[test]
    fn what_is_counted_has_its_form_in_each_language() {
        for (language, count, said) in [
            ("en", 1, "1 minute ago"),
            ("en", 119, "119 minutes ago"),
            ("de", 120, "vor 2 Stunden"),
            ("es", 1440, "hace 24 horas"),
            ("fr", 3 * 1440, "il y a 3 jours"),
            ("et", 0, "äsja"),
        ] {
            assert_eq!(ago(language, count).as_deref(), Some(said));
        }
        for (seconds, said) in [(59, "weniger als eine Minute"), (60, "1 Minute"), (7_300, "2 Stunden")] {
            assert_eq!(span("de", seconds).as_deref(), Some(said));
        }
        assert_eq!((form("fr", 0), form("en", 0), form("fr", 2)), ("one", "other", "other"));
        assert_eq!(moment("es", "2026-03-01T09:27:12Z"), "1 de marzo de 2026, 09:27 UTC");
        assert_eq!(moment("en", "soon"), "soon");
        assert_eq!((direction("ar"), direction("et")), ("rtl", "ltr"));
    }

    #[test]
    fn every_form_of_a_counted_text_is_there() {
        for (language, texts) in LANGUAGES {
            for (key, _) in texts.iter().filter(|(key, text)| key.ends_with(".other") && text.contains("{count}")) {
                let stem = key.trim_end_matches(".other");
                assert!((0..200).all(|count| counted(language, stem, count).is_some()), "{language}: {stem}");
            }
        }
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
    fn what_stands_in_rows_is_said_once_with_the_same_values_in_every_language() {
        let mut keys = std::collections::BTreeSet::new();
        for (key, said) in rows() {
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
        const ALIKE: [&str; 4] = ["channel.", "app.", "left.", "moment"]; // names, "1 minute", and what is all holes
        for (language, texts) in LANGUAGES.into_iter().skip(1) {
            for (key, english) in en::TEXTS.iter().filter(|(key, _)| !ALIKE.iter().any(|stem| key.starts_with(stem))) {
                let own = texts.iter().find(|(name, _)| name == key).map(|(_, text)| text);
                assert!(own != Some(english) || !english.contains(' '), "{language}: {key}");
            }
        }
    }
}
