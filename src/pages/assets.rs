//! The files that pages load, compiled into the binary. Knows their bytes and types; whether and
//! how long a browser may keep them is for `http` to say.

use std::hash::{DefaultHasher, Hasher};

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
const JS: &str = "text/javascript; charset=utf-8";

const FILES: [(&str, &str, &[u8]); 11] = [
    ("countersign.css", CSS, include_bytes!("countersign.css")),
    ("countersign.js", JS, include_bytes!("countersign.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("icon.svg")),
    ("opener.js", JS, include_bytes!("opener.js")),
    ("page.js", JS, include_bytes!("page.js")),
    ("photo.js", JS, include_bytes!("photo.js")),
    ("reference.css", CSS, include_bytes!("reference.css")),
    ("reference.js", JS, include_bytes!("reference.js")),
    ("screen.css", CSS, include_bytes!("screen.css")),
    ("window.css", CSS, include_bytes!("window.css")),
    ("window.js", JS, include_bytes!("window.js")),
];

/// The file of that name, for `/assets/NAME`; `countersign.js` is also `/countersign.js`.
pub fn asset(name: &str) -> Option<Asset> {
    FILES.iter().find(|(known, _, _)| *known == name).map(|&(_, content_type, bytes)| Asset {
        bytes,
        content_type,
        etag: format!("\"{}\"", digest(bytes)),
    })
}

/// Where a page finds the file: the version in the query lets it be kept for good.
pub(super) fn address(name: &str) -> Option<String> {
    let (_, _, bytes) = FILES.iter().find(|(known, _, _)| *known == name)?;
    Some(format!("/assets/{name}?v={}", digest(bytes)))
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
        assert!(asset("../Cargo.toml").is_none());
        assert!(address("none.css").is_none());
    }

    /// What stands in a chat was written by others: it becomes text, never HTML, and no script of ours asks
    /// for an exception in anybody's policy.
    #[test]
    fn no_script_makes_html_or_code_of_texts() {
        for (name, _, bytes) in FILES.into_iter().filter(|(name, ..)| name.ends_with(".js")) {
            let text = std::str::from_utf8(bytes).expect("all of them are text");
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
        let embedded = asset("countersign.js").expect("listed").bytes.len();
        assert!(embedded < 10 * 1024, "{embedded} bytes are more than a website should be asked to load");
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
        for (name, _, bytes) in FILES {
            let text = std::str::from_utf8(bytes).expect("all of them are text");
            for foreign in ["@import", "url(http", "url(//", "import(", "importScripts", "eval(", "Function("] {
                assert!(!text.contains(foreign), "{name} has {foreign}");
            }
            // Who speaks to a server: the chat's window to its own, the embedding page to its own.
            let asked: Vec<&str> = text.match_indices("fetch(").map(|(at, _)| &text[at..at + 20]).collect();
            let allowed: &[&str] = match name {
                "window.js" => &["fetch(`${words.path}", "fetch(`${words.path}"],
                "countersign.js" => &["fetch(address, { met"],
                _ => &[],
            };
            assert_eq!(asked, allowed, "{name}");
        }
    }
}
