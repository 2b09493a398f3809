//! Every word of the pages, by language: which there are, how a text is found, counted things and moments
//! among them. The words themselves stand in JSON files; every text has every language. `{name}` in a text is
//! filled by the template or the script.

use std::collections::BTreeMap;
use std::sync::LazyLock;

mod asked;
pub(super) mod tables;

pub use asked::asked;

use tables::{ASKED, CONSOLES, CUSTOMERS, Texts};

/// The languages, in the order of a row's texts. The first answers for every one that is not here.
pub(super) const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "et"];

/// Reads all tables, so that no request does.
pub(super) fn load() {
    LazyLock::force(&CUSTOMERS);
    LazyLock::force(&CONSOLES);
    LazyLock::force(&ASKED);
}

/// The language in which `locale` is answered: its main language, else English. It is also the
/// page's `lang`, so that what is read aloud is what is written.
pub(super) fn language(locale: &str) -> &'static str {
    known(locale).unwrap_or(LANGUAGES[0])
}

fn known(tag: &str) -> Option<&'static str> {
    let main = tag.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.into_iter().find(|language| language.eq_ignore_ascii_case(main))
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

/// The place of a language's text in each row.
fn place(language: &str) -> Option<usize> {
    LANGUAGES.iter().position(|known| *known == language)
}

/// The consoles' texts whose keys begin so, without that beginning.
pub(super) fn beginning(language: &str, start: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    beginning_in(&CONSOLES, place(language).unwrap_or(0), start)
}

fn beginning_in(texts: &'static Texts, at: usize, start: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    texts.iter().filter_map(move |(key, said)| Some((key.strip_prefix(start)?, said[at].as_str())))
}

/// The text of that key in a language that `language` named; none where nobody has such a text.
pub(super) fn text(language: &str, key: &str) -> Option<&'static str> {
    let at = place(language)?;
    let said = CUSTOMERS.get(key).or_else(|| CONSOLES.get(key))?;
    Some(&said[at])
}

/// A text of the consoles in English, for what is not a page.
pub fn in_english(key: &str) -> Option<&'static str> {
    text("en", key)
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

/// The customers' texts of a stem, by language and by the rest of the keys, as JSON: for scripts that stand on
/// pages of others and know no template.
pub(super) fn words(stem: &str) -> String {
    let of = |at| beginning_in(&CUSTOMERS, at, stem).collect::<BTreeMap<_, _>>();
    let all: BTreeMap<_, _> = LANGUAGES.into_iter().zip((0..).map(of)).collect();
    serde_json::json!(all).to_string()
}

/// The consoles' texts of refusals in a language, as JSON: by a problem's code, and by the code of what is wrong
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
        let counted_texts =
            CUSTOMERS.iter().filter(|(key, said)| key.ends_with(".other") && said[0].contains("{count}"));
        for (key, _) in counted_texts {
            let stem = key.trim_end_matches(".other");
            for language in LANGUAGES {
                assert!((0..200).all(|count| counted(language, stem, count).is_some()), "{language}: {stem}");
            }
        }
    }
}
