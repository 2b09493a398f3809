//! The sizes of files, folders and the whole: in lines and in files.
//! Only Rust counts; pages, styles and scripts of browsers do not.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};

use crate::figure::{Figure, percentile};
use crate::sources::{SourceFile, Sources};

/// How far the lines of code may fall before their limit must be tightened.
const CODE_SLACK: usize = 500;

/// Lengths of files, files in the fullest folder, and lines of code.
///
/// - A file's length is its lines before `mod tests {` at the start of a line.
/// - A folder's files are those directly in it; its subfolders are folders of their own.
/// - A line of code holds at least one token that is no comment; a text over several lines is one token on each of
///   them. Lines of tests do not count.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let mut lengths: Vec<(usize, &str)> = sources.files.iter().map(|file| (length(file), file.path.as_str())).collect();
    lengths.sort_by(|a, b| b.cmp(a));
    let longer = |least| -> Vec<String> {
        lengths.iter().filter(|one| one.0 > least).map(|(lines, path)| format!("{path}: {lines} lines")).collect()
    };
    let mut sorted: Vec<usize> = lengths.iter().map(|one| one.0).collect();
    sorted.reverse();
    let folders = folders(sources);
    let fullest = folders.first().map_or(0, |one| one.0);
    let full = folders.iter().filter(|one| one.0 > 15).map(|(files, folder)| format!("{folder}: {files} files"));
    let (code, packages) = code(sources);
    let total = Figure::value("code-lines", "lines of code without comments and blank lines", code, 51_000, packages);
    vec![
        Figure::value("file-p90", "lines of a file, 90th percentile", percentile(&sorted, 90), 260, longer(260)),
        Figure::value("file-longest", "lines of the longest file", percentile(&sorted, 100), 400, longer(350)),
        Figure::value("folder-files", "files in the fullest folder", fullest, 15, full.collect()),
        Figure { slack: CODE_SLACK, ..total },
    ]
}

fn length(file: &SourceFile) -> usize {
    let tests = file.text.lines().position(|line| line.starts_with("mod tests {"));
    tests.unwrap_or_else(|| file.text.lines().count())
}

/// Files in each folder, the fullest first.
fn folders(sources: &Sources) -> Vec<(usize, String)> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for (folder, _) in sources.files.iter().filter_map(|file| file.path.rsplit_once('/')) {
        *counted.entry(folder).or_default() += 1;
    }
    let mut found: Vec<_> = counted.into_iter().map(|(folder, files)| (files, folder.to_owned())).collect();
    found.sort_by(|a, b| b.cmp(a));
    found
}

/// Lines of code of all packages, and of each floor.
fn code(sources: &Sources) -> (usize, Vec<String>) {
    let mut floors: BTreeMap<String, usize> = BTreeMap::new();
    for file in &sources.files {
        let floor = super::cycles::floor(file).unwrap_or_else(|| file.root.clone());
        *floors.entry(floor).or_default() += code_lines(file);
    }
    let places = floors.iter().map(|(floor, lines)| format!("{floor}: {lines} lines")).collect();
    (floors.values().sum(), places)
}

/// Lines of code of one file.
pub fn code_lines(file: &SourceFile) -> usize {
    let mut lines = BTreeSet::new();
    if let Ok(tokens) = file.text.parse::<TokenStream>() {
        collect(tokens, &mut lines);
    }
    lines.iter().filter(|line| !file.test_lines.iter().any(|tests| tests.contains(line))).count()
}

fn collect(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_comment(&token, tokens.peek()) {
            // `//!` is `#`, `!` and a group; `///` is `#` and a group.
            while !matches!(tokens.next(), Some(TokenTree::Group(_)) | None) {}
            continue;
        }
        if let TokenTree::Group(group) = token {
            lines.insert(group.span_open().start().line);
            lines.insert(group.span_close().start().line);
            collect(group.stream(), lines);
        } else {
            lines.extend(token.span().start().line..=token.span().end().line);
        }
    }
}

/// Whether `#` begins a documentation comment: all of its tokens lie where the comment does.
fn is_comment(token: &TokenTree, next: Option<&TokenTree>) -> bool {
    let sign = matches!(token, TokenTree::Punct(sign) if sign.as_char() == '#');
    sign && next.is_some_and(|next| next.span().start() == token.span().start())
}

#[cfg(test)]
mod tests {
    use super::{code_lines, figures};
    use crate::sources::from_texts;

    #[test]
    fn code_lines_leave_out_comments_blanks_and_tests() {
        let text = "//! Module.\n\n/// Docs\n/// more.\n#[doc = \"x\"]\nfn a() { // note\n    /* block\n */\n    \
                    b(\"one\n    two\");\n}\n/** Long\n docs. */\nfn c() {}\n#[cfg(test)]\nmod tests {\n}\n";
        let sources = from_texts(&[("src/a.rs", text)]);
        assert_eq!(code_lines(&sources.files[0]), 6);
    }

    #[test]
    fn files_and_folders_are_sized() {
        let long = format!("{}#[cfg(test)]\nmod tests {{\n\n}}\n", "\n".repeat(9));
        let sources =
            from_texts(&[("src/a/b.rs", &long), ("src/a/c.rs", "\n"), ("src/d.rs", "\n"), ("src/a/e/f.rs", "")]);
        let values: Vec<usize> = figures(&sources).iter().map(|figure| figure.value).collect();
        assert_eq!(values, [10, 10, 2, 0]);
    }

    #[test]
    fn code_may_fall_before_its_limit_must() {
        assert_eq!(figures(&from_texts(&[]))[3].slack, 500);
    }
}
