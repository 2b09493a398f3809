//! The little of Markdown that API descriptions use: paragraphs, lists, fenced blocks, `code`.
//! Makes values for a template, never HTML, so that nothing written there can become markup.

use serde::Serialize;

/// One block of a description.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "content", rename_all = "snake_case")]
pub(super) enum Block {
    Paragraph(Vec<Span>),
    List(Vec<Vec<Span>>),
    Code(String),
}

/// A run of words, or of code.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Span {
    code: bool,
    text: String,
}

/// Reads a description.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if line.trim_start().starts_with("```") {
            let code: Vec<_> = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
            found.push(Block::Code(code.join("\n")));
            continue;
        }
        let mut words = item(line).unwrap_or(line).trim().to_owned();
        let is_item = item(line).is_some();
        while let Some(more) = lines.next_if(|next| continues(next)) {
            words.push(' ');
            words.push_str(more.trim());
        }
        match (is_item, found.last_mut()) {
            (true, Some(Block::List(items))) => items.push(spans(&words)),
            (true, _) => found.push(Block::List(vec![spans(&words)])),
            (false, _) => found.push(Block::Paragraph(spans(&words))),
        }
    }
    found
}

fn item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

fn continues(line: &str) -> bool {
    !line.trim().is_empty() && item(line).is_none() && !line.trim_start().starts_with("```")
}

/// Splits at backticks; one without a partner is a character like any other.
pub(super) fn spans(words: &str) -> Vec<Span> {
    let parts: Vec<_> = words.split('`').collect();
    let paired = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let mut spans: Vec<Span> = parts[..paired]
        .iter()
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(at, text)| Span { code: at % 2 == 1, text: (*text).to_owned() })
        .collect();
    if let Some(rest) = parts.get(paired) {
        spans.push(Span { code: false, text: format!("`{rest}") });
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Span {
        Span { code: false, text: text.to_owned() }
    }

    #[test]
    fn paragraphs_lists_and_code_are_told_apart() {
        let read = blocks("One `a`\nand two.\n\n- first\n  goes on\n- second\n\n```\nx < y\n```\n");
        let code = Span { code: true, text: "a".to_owned() };
        assert_eq!(
            read,
            [
                Block::Paragraph(vec![words("One "), code, words(" and two.")]),
                Block::List(vec![vec![words("first goes on")], vec![words("second")]]),
                Block::Code("x < y".to_owned()),
            ]
        );
    }

    #[test]
    fn a_lone_backtick_stays() {
        assert_eq!(blocks("a ` b"), [Block::Paragraph(vec![words("a "), words("` b")])]);
        assert!(blocks(" \n\n").is_empty());
    }
}
