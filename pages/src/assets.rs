//! The files that pages load, compiled into the binary. Knows their bytes and types, and puts the words into
//! scripts that stand on pages of others, and what refusals are called into a file for each language; how long a browser may keep them is for `http` to say.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use super::embedded::embedded;
use super::texts;

/// A file that a page loads.
pub struct Asset {
    /// The file's content.
    pub bytes: &'static [u8],
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `ETag`, quotes included: a hash of the content.
    pub etag: String,
}

const FILES: [(&str, &str); 28] = embedded!("":
    "admin.css", "admin.js", "admin_draft.js", "admin_settings.js", "admin_try.js", "agent.js", "api.js",
    "checking.js", "console.css", "console.js", "countersign-status.js", "countersign.css", "countersign.js",
    "figures.css", "frame.js", "icon.svg", "new.js", "opener.js", "returning.js", "page.js", "panel.js", "photo.js",
    "readings.js", "reference.css", "reference.js", "screen.css", "window.css", "window.js",
);

/// What stands in a script where its words belong, and the stem of their keys.
const WORDS: [(&str, &str, &str); 2] = [
    ("countersign.js", "{} /* by language, from the gateway's own tables */", "chat."),
    ("countersign-status.js", "{} /* by language, from the gateway's own tables */", "status."),
];

/// A file as it is sent.
struct Ready {
    name: String,
    content_type: &'static str,
    bytes: String,
    digest: String,
}

static READY: LazyLock<Vec<Ready>> = LazyLock::new(|| {
    let worded = |name: &str, text: &str| match WORDS.iter().find(|(of, ..)| *of == name) {
        Some((_, hole, stem)) => text.replacen(hole, &texts::words(stem), 1),
        None => text.to_owned(),
    };
    let files = FILES.into_iter().map(|(name, text)| (name.to_owned(), worded(name, text)));
    let refusals =
        texts::LANGUAGES.into_iter().map(|language| (format!("refusals.{language}.json"), texts::refusals(language)));
    let ready = files.chain(refusals).map(|(name, bytes)| {
        let (content_type, digest) = (content_type(&name), digest(bytes.as_bytes()));
        Ready { name, content_type, bytes, digest }
    });
    ready.collect()
});

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

fn ready(name: &str) -> Option<&'static Ready> {
    READY.iter().find(|file| file.name == name)
}

/// The file of that name, for `/assets/NAME`; what stands on pages of others is also `/NAME`.
pub fn asset(name: &str) -> Option<Asset> {
    let file = ready(name)?;
    let etag = format!("\"{}\"", file.digest);
    Some(Asset { bytes: file.bytes.as_bytes(), content_type: file.content_type, etag })
}

/// Where a page finds the file: the version in the query lets it be kept for good.
pub(super) fn address(name: &str) -> Option<String> {
    ready(name).map(|file| format!("/assets/{name}?v={}", file.digest))
}

/// Tells versions apart, nothing more. `DefaultHasher::new` has fixed keys; were the algorithm to
/// change with the compiler, browsers would fetch each file once more.
fn digest(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_with_a_quoted_hash() {
        for (name, _) in FILES {
            let asset = asset(name).expect("listed");
            assert!(!asset.bytes.is_empty(), "{name}");
            assert!(asset.etag.len() == 18 && asset.etag.starts_with('"'), "{name}");
            assert!(address(name).expect("listed").starts_with(&format!("/assets/{name}?v=")));
        }
        for language in texts::LANGUAGES {
            let name = format!("refusals.{language}.json");
            let words: serde_json::Value = serde_json::from_slice(asset(&name).expect("listed").bytes).expect("JSON");
            assert!(words["refused"]["forbidden"].is_string() && words["validation"]["missing"].is_string(), "{name}");
            assert!(address(&name).expect("listed").contains("?v="));
        }
        assert!(asset("../Cargo.toml").is_none());
        assert!(address("none.css").is_none());
    }

    /// What stands in a chat was written by others: it becomes text, never HTML, and no script of ours asks
    /// for an exception in anybody's policy.
    #[test]
    fn no_script_makes_html_or_code_of_texts() {
        for (name, text) in FILES.into_iter().filter(|(name, _)| name.ends_with(".js")) {
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "srcdoc",
                "setHTML",
                "parseFromString",
                "createContextualFragment",
                "setAttribute(\"style\"",
                "setAttribute(\"on",
                "createElement(\"style\"",
                "createElement(\"script\"",
                "setTimeout(\"",
                "localStorage",
                "sessionStorage",
                "document.cookie",
                "\"*\"",
            ] {
                assert!(!text.contains(sink), "{name} has {sink}");
            }
        }
        for (script, most) in [("countersign.js", 10), ("countersign-status.js", 14)] {
            let embedded = asset(script).expect("listed").bytes.len();
            assert!(embedded < most * 1024, "{embedded} bytes are more than a website should be asked to load");
        }
    }

    /// Whoever hears a message asks first from which window and of which origin it is.
    #[test]
    fn a084_no_script_hears_a_message_of_anybody() {
        for (name, listeners) in [("countersign.js", 2), ("window.js", 2), ("opener.js", 1)] {
            let text = std::str::from_utf8(asset(name).expect("listed").bytes).expect("text");
            assert_eq!(text.matches("addEventListener(\"message\"").count(), listeners, "{name}");
            let asks = text.matches("event.source !==").count();
            assert_eq!((asks, text.matches("event.origin").count() >= asks), (listeners, true), "{name}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for (name, text) in FILES {
            for foreign in ["@import", "url(http", "url(//", "import(", "importScripts", "eval(", "Function("] {
                assert!(!text.contains(foreign), "{name} has {foreign}");
            }
            // Who speaks to a server: the chat's window to its own, the embedding page to its own, and of flags
            // that are watched to the gateway that is its script's.
            let asked: Vec<&str> = text.match_indices("fetch(").map(|(at, _)| &text[at..at + 20]).collect();
            let allowed: &[&str] = match name {
                "window.js" => &["fetch(`${words.path}", "fetch(`${words.path}"],
                "countersign.js" => &["fetch(address, { met"],
                "countersign-status.js" => &["fetch(address, { met", "fetch(url, { method:"],
                "checking.js" => &["fetch(location.href,"],
                "api.js" => &["fetch(path, request)"],
                _ => &[],
            };
            assert_eq!(asked, allowed, "{name}");
        }
    }
}
