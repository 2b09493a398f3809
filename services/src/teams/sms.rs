//! Text messages: how their words are made to need few parts. Each part is paid for, and a phone that
//! gets many of them may show them apart. How parts are counted, `countersign_channels` knows.

use countersign_channels::engine::units::sms_parts;
use url::Url;

/// Where the code goes in a team's words.
const PLACE: &str = "#PIN#";

/// A text message as the platform is given it. `#PIN#` stands where the code goes.
pub(crate) fn code_by_sms(message: &str, public_url: &str, code_length: usize) -> String {
    let message = plainer(message);
    let Some(host) = bound_host(public_url) else { return message };
    // Phones fill the code in on our own pages alone where the last line says whose it is
    // (origin-bound one-time codes, WICG). A carrier's footer would hide it; nothing follows it.
    let line = format!("@{host} #{PLACE}");
    let sized = |text: &str| sms_parts(&text.replace(PLACE, &"0".repeat(code_length)));
    let (wide, narrow) = (format!("{message}\n\n{line}"), format!("{message}\n{line}"));
    if sized(&narrow) < sized(&wide) { narrow } else { wide }
}

/// The host that a code may be bound to: a page of ours behind https, on the usual port.
fn bound_host(public_url: &str) -> Option<String> {
    let url = Url::parse(public_url).ok()?;
    let usual = url.scheme() == "https" && url.port().is_none();
    url.host_str().filter(|_| usual).map(str::to_owned)
}

/// The text with typographer's marks as a typewriter has them, where that alone spares parts: one
/// curly quote makes a text message more than twice as long.
pub(crate) fn plainer(text: &str) -> String {
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
    if sms_parts(&plain) < sms_parts(text) { plain } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_domain::messaging::wording;
    use countersign_domain::proof::link::LinkPurpose;

    #[test]
    fn the_last_line_binds_the_code_to_our_pages() {
        let text = code_by_sms("#PIN# is your verification code.", "https://auth.example.com", 6);
        assert_eq!(text, "#PIN# is your verification code.\n\n@auth.example.com ##PIN#");
        assert_eq!(sms_parts(&text), 1);
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
        assert_eq!(sms_parts(&text.replace(PLACE, "123456")), 1);
        let curly = "#PIN# is your code. Don’t tell anybody “who asks” – never; nobody of ours will ask you for it…";
        assert!(sms_parts(curly) > 1 && sms_parts(&plainer(curly)) == 1);
        assert_eq!(plainer("#PIN# – õ"), "#PIN# – õ", "what saves nothing changes nothing");
    }

    #[test]
    fn a_link_is_one_part_in_every_language() {
        let url = format!("https://auth.example.com/l/{}", "A".repeat(47));
        for language in ["en", "de", "fr", "es", "et"] {
            for purpose in [LinkPurpose::PreChat, LinkPurpose::MidChat] {
                let text = format!("{}\n{url}", plainer(&wording::link(purpose, language, Some("A shop"))));
                assert_eq!(sms_parts(&text), 1, "{language}: {text}");
            }
        }
    }

    /// A056: the longest text that a team can set stays far below what a platform cuts off.
    #[test]
    fn a056_the_longest_message_fits_a_platform() {
        let longest = format!("{}#PIN#", "õ".repeat(497));
        let text = code_by_sms(&longest, &format!("https://{}.example.com", "a".repeat(60)), 10);
        assert!(text.replace(PLACE, "0123456789").chars().count() <= 1600);
    }
}
