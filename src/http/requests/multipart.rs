//! A form with files, as browsers send one (RFC 7578): fields and files, borrowed from the body. It takes
//! what a page of ours sends and nothing more clever; what the files are, others say.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

/// A part has at most so many bytes of headers, and a form so many parts.
const MAX_HEAD_BYTES: usize = 1024;
const MAX_PARTS: usize = 16;

/// A field that is no file has at most so many bytes.
const MAX_FIELD_BYTES: usize = 1024;

/// What was sent.
pub(crate) struct Parts<'a> {
    /// Fields that are texts.
    pub fields: BTreeMap<String, String>,
    /// Files, where one was chosen.
    pub files: BTreeMap<String, &'a [u8]>,
}

/// The boundary of a body that is such a form.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    parts.next().filter(|essence| essence.eq_ignore_ascii_case("multipart/form-data"))?;
    let named =
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = named.1.trim_matches('"');
    // RFC 2046 §5.1.1.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
    ((1..=70).contains(&boundary.len()) && boundary.bytes().all(plain)).then(|| boundary.to_owned())
}

/// Reads a body; none where it is not such a form.
pub(crate) fn read<'a>(body: &'a [u8], boundary: &str) -> Option<Parts<'a>> {
    let (mut fields, mut files) = (BTreeMap::new(), BTreeMap::new());
    let between = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&between.as_bytes()[2..])?;
    for _ in 0..MAX_PARTS {
        if rest.starts_with(b"--") {
            return Some(Parts { fields, files });
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = find(&rest[..rest.len().min(MAX_HEAD_BYTES)], b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        rest = &rest[head_end + 4..];
        let end = find(rest, between.as_bytes())?;
        let content = &rest[..end];
        rest = &rest[end + between.len()..];
        let (name, is_file) = disposition(head)?;
        let new = match is_file {
            // No file was chosen.
            true if content.is_empty() => true,
            true => files.insert(name, content).is_none(),
            false if content.len() > MAX_FIELD_BYTES => return None,
            false => fields.insert(name, String::from_utf8(content.to_vec()).ok()?).is_none(),
        };
        if !new {
            return None; // of two nobody could say which one counts
        }
    }
    None
}

/// A part's name, and whether it is a file. The file's own name is read by nobody.
fn disposition(head: &str) -> Option<(String, bool)> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let rest = line.strip_prefix("form-data;")?;
    let quoted = rest.trim_start().strip_prefix("name=\"")?;
    let (name, rest) = quoted.split_once('"')?;
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    let is_name = (1..=32).contains(&name.len()) && name.bytes().all(plain);
    is_name.then(|| (name.to_owned(), rest.contains("filename")))
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|b| *b == first) {
        if hay[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(parts: &[(&str, &str)]) -> Vec<u8> {
        let part = |(head, content): &(&str, &str)| {
            format!("--xYz\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
        };
        let all: String = parts.iter().map(part).collect();
        format!("{all}--xYz--\r\n").into_bytes()
    }

    #[test]
    fn what_a_browser_sends_is_read() {
        let sent = body(&[
            ("name=\"nonce\"", "abc"),
            ("name=\"front\"; filename=\"a\u{e9}.jpg\"\r\nContent-Type: image/jpeg", "\r\n--xY\r\n-"),
            ("name=\"back\"; filename=\"\"\r\nContent-Type: application/octet-stream", ""),
        ]);
        let parts = read(&sent, "xYz").expect("a form");
        assert_eq!(parts.fields["nonce"], "abc");
        assert_eq!(parts.files.into_iter().collect::<Vec<_>>(), [("front".to_owned(), b"\r\n--xY\r\n-".as_slice())]);
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = body(&[("name=\"nonce\"", "abc")]);
        for cut in 0..good.len() - 4 {
            assert!(read(&good[..cut], "xYz").is_none(), "{cut}");
        }
        assert!(read(&body(&[("name=\"a\"", "1"), ("name=\"a\"", "2")]), "xYz").is_none(), "twice");
        assert!(read(&body(&[("name=\"A\"", "1")]), "xYz").is_none());
        assert!(read(&body(&[("name=\"a\"", &"x".repeat(2000))]), "xYz").is_none(), "too long");
        assert!(read(&body(&[("name=\"a\"", "1"); 20]), "xYz").is_none());
        let mut headers = HeaderMap::new();
        for (kind, is) in [
            ("multipart/form-data; boundary=xYz", true),
            ("multipart/form-data", false),
            ("text/html; boundary=x", false),
        ] {
            headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
            assert_eq!(boundary(&headers).is_some(), is, "{kind}");
        }
    }
}
