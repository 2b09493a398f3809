//! The page of a mail: the same words as its text, a link as a button with its address below it, a
//! code so large that it is read from across a table. It loads nothing from anywhere, so that nobody
//! learns when it is looked at, and runs nothing.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;

use super::text::clean;
use crate::{Content, PIN};

const BODY: &str =
    "margin:0;padding:24px 16px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const LEAF: &str = "max-width:34em;margin:0 auto";
const WORDS: &str = "margin:0 0 16px";
const BUTTON: &str = "display:inline-block;padding:12px 24px;border-radius:8px;background:#1d5fa8;color:#ffffff;\
    font-weight:600;text-decoration:none";
const ADDRESS: &str = "margin:0 0 16px;font-size:13px;word-break:break-all";
const CODE: &str = "font:600 32px/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:3px;white-space:nowrap";

/// Draws it. `button` is what a link's button says.
pub fn draw(title: &str, content: &Content, button: &str) -> String {
    let inside = match content {
        Content::Text(text) => words(text, escape),
        Content::Link { text, url } => {
            let (url, button) = (escape(url.expose_secret()), escape(button));
            format!(
                "{}<p style=\"{WORDS}\"><a href=\"{url}\" style=\"{BUTTON}\">{button}</a></p>\n\
                 <p style=\"{ADDRESS}\"><a href=\"{url}\">{url}</a></p>\n",
                words(text, escape)
            )
        }
        Content::Code { text, code } => words(text, |line| with_code(line, code.expose_secret())),
    };
    format!(
        "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n</head>\n<body style=\"{BODY}\">\n<div dir=\"auto\" style=\"{LEAF}\">\n{inside}</div>\n\
         </body>\n</html>\n",
        escape(title)
    )
}

/// Paragraphs, each line of which is drawn so.
fn words(text: &str, draw: impl Fn(&str) -> String) -> String {
    let text = clean(text);
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.fold(String::new(), |mut page, paragraph| {
        let lines: Vec<String> = paragraph.lines().map(&draw).collect();
        writeln!(page, "<p style=\"{WORDS}\">{}</p>", lines.join("<br>\n")).expect("a text takes every text");
        page
    })
}

/// A line in which the code takes its place.
fn with_code(line: &str, code: &str) -> String {
    let code = format!("<strong style=\"{CODE}\">{}</strong>", escape(code));
    line.split(PIN).map(escape).collect::<Vec<_>>().join(&code)
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, c| {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
        safe
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_button_and_its_address_is_seen() {
        let url = "https://gate.example/l/AbC?a=1&b=\"2";
        let link = Content::Link { text: "Log in:".into(), url: url.to_owned().into() };
        let page = draw("Log in", &link, "Sign <in>");
        let safe = "https://gate.example/l/AbC?a=1&amp;b=&quot;2";
        assert!(page.contains(&format!("<a href=\"{safe}\" style=\"{BUTTON}\">Sign &lt;in&gt;</a>")), "{page}");
        assert!(page.contains(&format!(">{safe}</a></p>")), "{page}");
    }

    #[test]
    fn a_code_is_large_and_its_words_stay_words() {
        let text = "#PIN# is your code.\nKeep <it>.\n\n\nBye & thanks".to_owned();
        let page = draw("x", &Content::Code { text, code: "482913".to_owned().into() }, "");
        assert!(
            page.contains(&format!("<strong style=\"{CODE}\">482913</strong> is your code.<br>\nKeep &lt;it&gt;.</p>"))
        );
        assert!(page.contains("<p style=\"margin:0 0 16px\">Bye &amp; thanks</p>"), "{page}");
    }

    /// A112: who draws it asks nobody for anything.
    #[test]
    fn a112_nothing_is_loaded_and_nothing_runs() {
        for content in [
            Content::Text("<img src=https://evil.example/x><script>alert(1)</script>".into()),
            Content::Link { text: "url(https://evil.example)".into(), url: "javascript:alert(1)".to_owned().into() },
        ] {
            let page = draw("</title><script>", &content, "<style>");
            for tag in ["<img", "<script", "<link", "<iframe", "src=", "@import", "<style"] {
                let without_text = page.replace("&lt;img src=", "");
                assert!(!without_text.contains(tag), "{tag}: {page}");
            }
        }
    }
}
