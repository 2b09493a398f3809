//! The files that pages load, compiled into the binary. Knows their bytes and types, and puts the words into
//! scripts that stand on pages of others, and what refusals are called into a file for each language; how long a browser may keep them is for `http` to say.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

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

const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const JS: &str = "text/javascript; charset=utf-8";

const FILES: [(&str, &str, &str); 28] = [
    ("admin.css", CSS, include_str!("admin.css")),
    ("admin.js", JS, include_str!("admin.js")),
    ("admin_draft.js", JS, include_str!("admin_draft.js")),
    ("admin_settings.js", JS, include_str!("admin_settings.js")),
    ("admin_try.js", JS, include_str!("admin_try.js")),
    ("agent.js", JS, include_str!("agent.js")),
    ("api.js", JS, include_str!("api.js")),
    ("checking.js", JS, include_str!("checking.js")),
    ("console.css", CSS, include_str!("console.css")),
    ("console.js", JS, include_str!("console.js")),
    ("countersign-status.js", JS, include_str!("countersign-status.js")),
    ("countersign.css", CSS, include_str!("countersign.css")),
    ("countersign.js", JS, include_str!("countersign.js")),
    ("figures.css", CSS, include_str!("figures.css")),
    ("frame.js", JS, include_str!("frame.js")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("new.js", JS, include_str!("new.js")),
    ("opener.js", JS, include_str!("opener.js")),
    ("returning.js", JS, include_str!("returning.js")),
    ("page.js", JS, include_str!("page.js")),
    ("panel.js", JS, include_str!("panel.js")),
    ("photo.js", JS, include_str!("photo.js")),
    ("readings.js", JS, include_str!("readings.js")),
    ("reference.css", CSS, include_str!("reference.css")),
    ("reference.js", JS, include_str!("reference.js")),
    ("screen.css", CSS, include_str!("screen.css")),
    ("window.css", CSS, include_str!("window.css")),
    ("window.js", JS, include_str!("window.js")),
];

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
    let ready = FILES.into_iter().map(|(name, content_type, text)| {
        let bytes = worded(name, text);
        let digest = digest(bytes.as_bytes());
        Ready { name: name.to_owned(), content_type, bytes, digest }
    });
    let refusals = texts::LANGUAGES.into_iter().map(|language| {
        let bytes = texts::refusals(language);
        let digest = digest(bytes.as_bytes());
        Ready { name: format!("refusals.{language}.json"), content_type: JSON, bytes, digest }
    });
    ready.chain(refusals).collect()
});

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
        for (name, ..) in FILES {
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
        for (name, _, text) in FILES.into_iter().filter(|(name, ..)| name.ends_with(".js")) {
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
        for (name, _, text) in FILES {
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
