//! Texts of messages without what nobody can see.
//! Where they stand in a message, `mail_message` and `page` say.

use super::address::reverses_text;

/// A text whose lines end in one way, and that holds nothing else that no one can see.
pub fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !(c.is_control() || reverses_text(*c))).collect()
}

/// A text without line ends, or anything that a program could take for one.
pub fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || reverses_text(c) { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
