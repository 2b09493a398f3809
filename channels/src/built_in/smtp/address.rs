//! Mail addresses as they may stand in an envelope: what is before the `@` without quotes, what is
//! behind it in ASCII, as the domain name system has it (RFC 5890). Nothing that could end a line,
//! begin another recipient or turn the direction of reading is an address.

use url::Host;

/// An address that mail can go to.
#[derive(Clone)]
pub struct MailAddress(lettre::Address);

impl MailAddress {
    /// Whether any server takes it: else it must speak SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.0.user().is_ascii()
    }

    /// As lettre takes it.
    pub fn as_lettre(&self) -> &lettre::Address {
        &self.0
    }

    /// As lettre takes it.
    pub fn into_inner(self) -> lettre::Address {
        self.0
    }
}

/// Reads an address.
pub fn parse(text: &str) -> Option<MailAddress> {
    let (user, domain) = text.rsplit_once('@')?;
    if !is_dot_atom(user) || user.len() > 64 || domain.contains('%') || domain.ends_with('.') {
        return None;
    }
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    if domain.len() > 253 || !domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        return None;
    }
    lettre::Address::new(user, domain).ok().map(MailAddress)
}

/// RFC 5322 §3.2.3, and what RFC 6532 adds.
fn is_dot_atom(user: &str) -> bool {
    let is_in_atom = |c: char| match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_control() && !c.is_whitespace() && !reverses_text(c),
    };
    user.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_in_atom))
}

/// Characters that end a line, stand for nothing or turn the direction of reading.
pub fn reverses_text(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_and_ends_in_a_name_of_the_internet() {
        for (text, read) in [
            ("customer@example.com", Some("customer@example.com")),
            ("first.last+tag@Example.COM", Some("first.last+tag@example.com")),
            ("o'hara@example.com", Some("o'hara@example.com")),
            ("klient@õun.ee", Some("klient@xn--un-bka.ee")),
            ("õun@example.com", Some("õun@example.com")),
            ("customer", None),
            ("@example.com", None),
            ("customer@", None),
            ("a..b@example.com", None),
            (".a@example.com", None),
            ("\"a b\"@example.com", None),
            ("a b@example.com", None),
            ("a@b@example.com", None),
            ("a@example.com\r\nBcc: x@example.com", None),
            ("a\r\n@example.com", None),
            ("a\u{85}@example.com", None),
            ("a\u{2028}@example.com", None),
            ("a\u{202e}@example.com", None),
            ("a>,<b@example.com", None),
            ("a@[127.0.0.1]", None),
            ("a@127.0.0.1", None),
            ("a@exa mple.com", None),
            ("a@example%2ecom", None),
            ("a@example.com.", None),
        ] {
            assert_eq!(parse(text).map(|one| one.0.to_string()).as_deref(), read, "{text:?}");
        }
        assert!(parse("klient@õun.ee").unwrap().is_ascii() && !parse("õun@example.com").unwrap().is_ascii());
    }
}
