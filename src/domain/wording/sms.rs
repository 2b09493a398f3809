//! Text messages: how many parts one takes, and how its words are made to need few. Each part is paid
//! for, and a phone that gets many of them may show them apart.

use url::Url;

/// Where the code goes in a team's words.
const PLACE: &str = "#PIN#";

/// A text message as the platform is given it. `#PIN#` stands where the code goes.
pub fn code_by_sms(message: &str, public_url: &str, code_length: usize) -> String {
    let message = plainer(message);
    let Some(host) = bound_host(public_url) else { return message };
    // Phones fill the code in on our own pages alone where the last line says whose it is
    // (origin-bound one-time codes, WICG). A carrier's footer would hide it; nothing follows it.
    let line = format!("@{host} #{PLACE}");
    let sized = |text: &str| parts(&text.replace(PLACE, &"0".repeat(code_length)));
    let (wide, narrow) = (format!("{message}\n\n{line}"), format!("{message}\n{line}"));
    if sized(&narrow) < sized(&wide) { narrow } else { wide }
}

/// The host that a code may be bound to: a page of ours behind https, on the usual port.
fn bound_host(public_url: &str) -> Option<String> {
    let url = Url::parse(public_url).ok()?;
    let usual = url.scheme() == "https" && url.port().is_none();
    url.host_str().filter(|_| usual).map(str::to_owned)
}

/// How many parts a text message takes: 160 septets of GSM 03.38 or 70 units of UCS-2 in one,
/// 153 or 67 in each of several. Nothing is no message.
pub(super) fn parts(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(sizes) => count(&sizes, 160, 153),
        None => count(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// Characters of two units are not torn apart between parts.
fn count(sizes: &[usize], alone: usize, each: usize) -> usize {
    if sizes.iter().sum::<usize>() <= alone {
        return usize::from(!sizes.is_empty());
    }
    let (mut parts, mut filled) = (1, 0);
    for size in sizes {
        if filled + size > each {
            (parts, filled) = (parts + 1, 0);
        }
        filled += size;
    }
    parts
}

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// What a character takes of GSM 03.38's default alphabet; none where it is not in it.
fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        return Some(1);
    }
    EXTENDED.contains(c).then_some(2)
}

/// The text with typographer's marks as a typewriter has them, where that alone spares parts: one
/// curly quote makes a text message more than twice as long.
pub(super) fn plainer(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '‘' | '’' | '‚' | '′' => '\'',
            '“' | '”' | '„' | '″' => '"',
            '–' | '—' | '‑' | '−' => '-',
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            '…' => '.',
            other => other,
        })
        .collect();
    if parts(&plain) < parts(text) { plain } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_message_is_counted_as_carriers_count_it() {
        for (text, expected) in [
            (String::new(), 0),
            ("a".into(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // A two-septet character is not torn: 76 of them in 153 septets.
            ("€".repeat(153), 3),
            ("õ".repeat(70), 1),
            ("õ".repeat(71), 2),
            ("õ".repeat(134), 2),
            ("õ".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 33 pairs in 67 units.
            ("😀".repeat(67), 3),
            (format!("{}õ", "a".repeat(70)), 2),
            ("ü{}".into(), 1),
        ] {
            assert_eq!(parts(&text), expected, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn the_last_line_binds_the_code_to_our_pages() {
        let text = code_by_sms("#PIN# is your verification code.", "https://auth.example.com", 6);
        assert_eq!(text, "#PIN# is your verification code.\n\n@auth.example.com ##PIN#");
        assert_eq!(parts(&text), 1);
        for elsewhere in ["http://127.0.0.1:8080", "https://auth.example.com:8443", ""] {
            assert_eq!(code_by_sms("#PIN#", elsewhere, 6), "#PIN#", "{elsewhere}");
        }
    }

    #[test]
    fn no_part_is_spent_on_an_empty_line_or_a_curly_quote() {
        let bound = "\n@auth.example.com #000000".chars().count();
        let message = format!("{}#PIN#", "a".repeat(160 - bound - 6));
        let text = code_by_sms(&message, "https://auth.example.com", 6);
        assert!(!text.contains("\n\n"));
        assert_eq!(parts(&text.replace(PLACE, "123456")), 1);
        let curly = "#PIN# is your code. Don’t tell anybody “who asks” – never; nobody of ours will ask you for it…";
        assert!(parts(curly) > 1 && parts(&plainer(curly)) == 1);
        assert_eq!(plainer("#PIN# – õ"), "#PIN# – õ", "what saves nothing changes nothing");
    }

    /// A056: the longest text that a team can set stays far below what a platform cuts off.
    #[test]
    fn a056_the_longest_message_fits_a_platform() {
        let longest = format!("{}#PIN#", "õ".repeat(497));
        let text = code_by_sms(&longest, &format!("https://{}.example.com", "a".repeat(60)), 10);
        assert!(text.replace(PLACE, "0123456789").chars().count() <= 1600);
    }
}
