//! Escaping by the place where a value stands. A template's author never says how: whoever uses
//! the template knows whether it is a path, a header or mark-up.
//!
//! JSON and forms are not here: their encoders escape whole values.

use std::fmt::Write as _;

/// A value that cannot stand where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value cannot stand in {0}")]
pub struct EscapeError(pub &'static str);

/// In a path segment or a query: everything but RFC 3986's unreserved, and `:` and `@`, which many
/// platforms have in their tokens and which mean nothing in either place.
pub fn segment(value: &str) -> Result<String, EscapeError> {
    // A URL's reader takes these two for steps, however they are escaped.
    if matches!(value, "." | "..") || value.is_empty() {
        return Err(EscapeError("a path"));
    }
    Ok(percent(value))
}

/// In a query's value.
pub fn query(value: &str) -> Result<String, EscapeError> {
    Ok(percent(value))
}

/// In the name of a host: letters, digits, `-` and `.`.
pub fn host(value: &str) -> Result<String, EscapeError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if value.is_empty() || !value.bytes().all(fits) { Err(EscapeError("a host name")) } else { Ok(value.to_owned()) }
}

/// In a header's value: visible ASCII, nothing to be escaped and nothing that ends a line.
pub fn header(value: &str) -> Result<String, EscapeError> {
    let fits = |byte: u8| (0x20..0x7f).contains(&byte);
    if value.bytes().all(fits) { Ok(value.to_owned()) } else { Err(EscapeError("a header")) }
}

/// In HTML and XML, as text and between quotes.
pub fn markup(value: &str) -> String {
    let mut escaped = entities(value).replace('"', "&quot;");
    escaped = escaped.replace('\'', "&#39;");
    // XML 1.0 has no way at all to write these.
    escaped.retain(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    escaped
}

/// In mark-up of which only `&`, `<` and `>` are signs.
pub fn entities(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn percent(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' => {
                escaped.push(char::from(byte));
            }
            _ => {
                let _ = write!(escaped, "%{byte:02X}"); // a String takes every write
            }
        }
    }
    escaped
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a String takes every write
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_and_nothing_are_no_segments() {
        for value in ["", ".", ".."] {
            assert_eq!(segment(value), Err(EscapeError("a path")));
        }
        assert_eq!(segment("!x:hs/..?#%").unwrap(), "%21x:hs%2F..%3F%23%25");
    }

    #[test]
    fn hosts_and_headers_take_what_they_can_hold() {
        assert_eq!(host("eu-1.example").unwrap(), "eu-1.example");
        assert!(host("evil.example/").is_err() && host("a@b").is_err() && host("").is_err());
        assert!(header("a\r\nb: c").is_err() && header("é").is_err() && header("a b").is_ok());
    }

    #[test]
    fn markup_keeps_no_sign_of_its_own() {
        assert_eq!(markup("<a href=\"x\" t='&'>\u{1}\n"), "&lt;a href=&quot;x&quot; t=&#39;&amp;&#39;&gt;\n");
        assert_eq!(entities("<!channel> & \""), "&lt;!channel&gt; &amp; \"");
    }

    proptest! {
        #[test]
        fn a_segment_comes_back_whole_and_alone(value in "\\PC{1,40}|[/?#%.{}&=+\u{202e}\\s]{1,20}") {
            prop_assume!(value != "." && value != "..");
            let url = format!("https://a.example/b/{}/c?q={}", segment(&value).unwrap(), query(&value).unwrap());
            let url = url::Url::parse(&url).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "b", "c"));
            prop_assert_eq!(url.fragment(), None);
            let pairs: Vec<_> = url.query_pairs().collect();
            prop_assert_eq!(pairs.len(), 1);
            prop_assert_eq!(&*pairs[0].1, &*value);
            let back = url::form_urlencoded::parse(format!("s={}", segments[1]).as_bytes()).next().unwrap().1.into_owned();
            prop_assert_eq!(back, value);
        }

        #[test]
        fn markup_never_opens_or_closes(value in any::<String>()) {
            let escaped = markup(&value);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            for (at, _) in escaped.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                prop_assert!(known.iter().any(|entity| escaped[at..].starts_with(entity)));
            }
        }

        #[test]
        fn a_header_has_one_line(value in any::<String>()) {
            if let Ok(kept) = header(&value) {
                prop_assert!(http::HeaderValue::from_str(&kept).is_ok());
            }
        }
    }
}
