//! Reads Rust as far as paths go: words and signs with their lines, without comments and literals.
//!
//! No grammar: a `use` tree, `crate::`, `super::` and `self::` are all that it understands.

use std::iter::Peekable;
use std::str::CharIndices;

use super::plan::MEMBERS;

/// Words after which a name is defined.
pub const DEFINES: [&str; 7] = ["struct", "enum", "trait", "type", "mod", "fn", "union"];

/// A word, `::`, or another sign.
#[derive(Debug)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// A path that leaves the file.
#[derive(Debug)]
pub struct Reference {
    /// From the crate's root where it is ours, else from the other crate's name on.
    pub segments: Vec<String>,
    pub ours: bool,
    pub line: usize,
}

/// The tokens of a text.
pub fn read(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = length(rest, first);
        let (token, after) = rest.split_at(taken);
        if first.is_alphanumeric() || first == '_' {
            if !token.contains('"') {
                found.push(Token { text: token.trim_start_matches("r#").to_owned(), line });
            }
        } else if !first.is_whitespace() && !token.starts_with("//") && !token.starts_with("/*") && taken < 3 {
            found.push(Token { text: token.to_owned(), line });
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// How many bytes the token, comment or literal at the start of `rest` takes.
fn length(rest: &str, first: char) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return comment(rest);
    }
    if rest.starts_with("::") {
        return 2;
    }
    match first {
        '"' => 1 + string(&rest[1..]),
        '\'' => quoted(rest),
        _ if first.is_alphanumeric() || first == '_' => word(rest),
        _ => first.len_utf8(),
    }
}

/// A word, or a literal that begins with letters: `r#"…"#`, `b"…"`, `b'…'`, `r#type`.
fn word(rest: &str) -> usize {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (prefix, after) = rest.split_at(end);
    let raw = matches!(prefix, "r" | "br" | "cr");
    let hashes = after.chars().take_while(|c| *c == '#').count();
    if raw && after[hashes..].starts_with('"') {
        let close = format!("\"{}", "#".repeat(hashes));
        let inside = end + hashes + 1;
        return rest[inside..].find(&close).map_or(rest.len(), |at| inside + at + close.len());
    }
    match (prefix, after.chars().next()) {
        ("b" | "c", Some('"')) => end + 1 + string(&after[1..]),
        ("b", Some('\'')) => end + quoted(after),
        ("r", Some('#')) if hashes == 1 => end + 1 + word(&after[1..]),
        _ => end,
    }
}

/// The rest of a string after its opening quote, with the closing one.
fn string(rest: &str) -> usize {
    let mut chars: Peekable<CharIndices<'_>> = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal, or the sign of a lifetime.
fn quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => chars.find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 1),
        (_, Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// A block comment; they nest.
fn comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Every path in `code` that begins at a crate, at `super` or in a `use`; `module` is where the file lies, and `root`
/// where its crate begins.
pub fn paths(code: &[Token], module: &[&str], root: &[&str]) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let inside = at > 0 && matches!(code[at - 1].text.as_str(), "::" | "." | "fn" | "mod");
        let in_use = at > 0 && code[at - 1].text == "use";
        let leads = code.get(at + 1).is_some_and(|next| next.text == "::") && is_word(&code[at]);
        if in_use || leads && !inside {
            let mut raw = Vec::new();
            at = tree(code, at, &[], &mut raw).max(at + 1);
            found.extend(raw.into_iter().map(|(segments, line)| resolve(&segments, line, module, root)));
        } else {
            at += 1;
        }
    }
    found
}

fn is_word(token: &Token) -> bool {
    token.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Follows one path or `use` tree from `at`; collects its leaves and answers where it ends.
fn tree(code: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<(Vec<String>, usize)>) -> usize {
    let mut path = prefix.to_vec();
    let mut line = code.get(at).map_or(0, |token| token.line);
    while let Some(token) = code.get(at) {
        // Elsewhere a brace begins a block: `if limit == MAX { … }`.
        if token.text == "{" && at > 0 && matches!(code[at - 1].text.as_str(), "::" | "use") {
            at += 1;
            while code.get(at).is_some_and(|token| token.text != "}") {
                at = tree(code, at, &path, found).max(at);
                while code.get(at).is_some_and(|token| token.text != "," && token.text != "}") {
                    at += 1; // `as name`
                }
                at += usize::from(code.get(at).is_some_and(|token| token.text == ","));
            }
            return at + 1;
        }
        if token.text == "::" {
            at += 1;
        } else if is_word(token) && (path.len() == prefix.len() || code[at - 1].text == "::") {
            path.push(token.text.clone());
            line = token.line;
            at += 1;
        } else {
            break;
        }
    }
    found.push((path, line));
    at
}

/// The module of the plan that a crate of ours is.
fn member(name: &str) -> Option<&str> {
    let own = name.strip_prefix("countersign_")?;
    (own == "channels" || MEMBERS.contains(&own)).then_some(own)
}

/// Makes a path count from where the plan begins.
fn resolve(segments: &[String], line: usize, module: &[&str], root: &[&str]) -> Reference {
    let owned = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
    let mut from: Vec<String> = owned(module);
    let mut rest = segments;
    let mut ours = true;
    match rest.first().map(String::as_str) {
        Some("crate") => (from, rest) = (owned(root), &rest[1..]),
        Some("countersign") => (from, rest) = (Vec::new(), &rest[1..]),
        Some("self" | "super") => {}
        Some(name) if member(name).is_some() => {
            (from, rest) = (member(name).into_iter().map(str::to_owned).collect(), &rest[1..]);
        }
        _ => (from, ours) = (Vec::new(), false),
    }
    while let Some(step @ ("self" | "super")) = rest.first().map(String::as_str) {
        if step == "super" {
            from.pop();
        }
        rest = &rest[1..];
    }
    from.extend(rest.iter().cloned());
    Reference { segments: from, ours, line }
}
