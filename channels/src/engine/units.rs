//! How long a text is, as platforms count: characters, UTF-16 units, bytes, parts of text messages.
//! It counts and never cuts: a cut text has lost its code or its link.

use serde::Deserialize;

/// In what a length is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Unicode characters.
    #[default]
    Characters,
    /// UTF-16 units: what lies beyond the first plane counts twice.
    Utf16,
    /// UTF-8 bytes.
    Bytes,
    /// Parts of a text message.
    SmsParts,
}

/// GSM 03.38's basic alphabet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension: two septets each.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// The length of a text in a unit.
pub fn length(text: &str, unit: Unit) -> usize {
    match unit {
        Unit::Characters => text.chars().count(),
        Unit::Utf16 => text.encode_utf16().count(),
        Unit::Bytes => text.len(),
        Unit::SmsParts => sms_parts(text),
    }
}

/// Whether every character is of the GSM alphabet.
pub fn is_gsm(text: &str) -> bool {
    text.chars().all(|c| BASIC.contains(c) || EXTENDED.contains(c))
}

/// How many text messages it takes: 160 septets of GSM 03.38 or 70 units of UCS-2 in one, 153 or 67 in
/// each of several. One character outside the GSM alphabet makes all of it UCS-2.
pub fn sms_parts(text: &str) -> usize {
    let septets = |c: char| {
        if BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2) }
    };
    match text.chars().map(septets).collect::<Option<Vec<usize>>>() {
        Some(septets) => parts(&septets, 160, 153),
        None => parts(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// A character of two units is not torn apart: where one is left over, it begins the next part.
fn parts(widths: &[usize], alone: usize, joined: usize) -> usize {
    if widths.iter().sum::<usize>() <= alone {
        return 1;
    }
    let (mut parts, mut filled) = (1, 0);
    for width in widths {
        if filled + width > joined {
            (parts, filled) = (parts + 1, 0);
        }
        filled += width;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_messages_are_counted_as_they_are_sent() {
        for (text, parts) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("€".repeat(153), 3), // two units are not torn apart
            ("õ".repeat(70), 1),
            ("õ".repeat(71), 2),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            ("õ".repeat(134), 2),
            ("õ".repeat(135), 3),
            ("😀".repeat(67), 3), // 33 pairs in 67 units
            ("ü{}".into(), 1),
            ("a".repeat(100) + "õ", 2),
        ] {
            assert_eq!(length(&text, Unit::SmsParts), parts, "{} characters", text.chars().count());
        }
    }

    #[test]
    fn each_unit_counts_its_own() {
        assert_eq!([Unit::Characters, Unit::Utf16, Unit::Bytes].map(|unit| length("é😀", unit)), [2, 3, 6]);
    }
}
