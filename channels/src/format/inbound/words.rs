//! What is done to a text before it is read: a platform's mark-up is taken out, so that a code is
//! found as it was typed. Nothing here decides what is a code.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// A change of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// A list of texts becomes lines.
    Join,
    /// Out of base64.
    Base64,
    /// `<https://a|label>`, `<@U1>`: what stands in angle brackets becomes its label, or what it
    /// points to; then `&amp;`, `&lt;` and `&gt;` become signs.
    AngleLinks,
    /// `<at>name</at>` goes.
    Mentions,
    /// The word that opens a chat goes, and what it carried stays: `/start abc` → `abc`.
    StartCommand,
}

/// The text of a value, edited; none where it is no text.
pub fn edited(value: &Value, edits: &[Edit]) -> Option<String> {
    let mut text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(parts) if edits.contains(&Edit::Join) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            parts.join("\n")
        }
        _ => return None,
    };
    for edit in edits {
        text = match edit {
            Edit::Join => text,
            Edit::Base64 => String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?,
            Edit::AngleLinks => unescape(&without_angles(&text)),
            Edit::Mentions => without_mentions(&text),
            Edit::StartCommand => text.strip_prefix("/start ").map_or(text.clone(), str::to_owned),
        };
    }
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn without_angles(text: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, inside)) = rest.split_once('<') {
        kept.push_str(before);
        let Some((link, after)) = inside.split_once('>') else {
            kept.push('<');
            rest = inside;
            continue;
        };
        let (target, label) = link.split_once('|').unwrap_or((link, link));
        let is_sign = target.starts_with(['@', '#', '!']);
        // A telephone number that the platform takes for a link is what the person typed.
        let shown = if is_sign && label == target { "" } else { label.strip_prefix("tel:").unwrap_or(label) };
        kept.push_str(shown);
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// `&amp;` last, or `&amp;lt;` would be undone twice.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn without_mentions(text: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, inside)) = rest.split_once("<at>") {
        kept.push_str(before);
        match inside.split_once("</at>") {
            Some((_, after)) => rest = after,
            None => {
                kept.push_str("<at>");
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mark_up_goes_and_what_was_typed_stays() {
        for (value, edits, text) in [
            (json!("<@U1> 482913"), &[Edit::AngleLinks][..], Some("482913")),
            (json!("<tel:482913|482913>"), &[Edit::AngleLinks], Some("482913")),
            (json!("<https://a.example|a> &amp;lt; <b"), &[Edit::AngleLinks], Some("a &lt; <b")),
            (json!("<at>gate</at> 482913\n"), &[Edit::Mentions], Some("482913")),
            (json!("<at>open"), &[Edit::Mentions], Some("<at>open")),
            (json!(["482", "913"]), &[Edit::Join], Some("482\n913")),
            (json!(["482"]), &[], None),
            (json!("NDgyOTEz"), &[Edit::Base64], Some("482913")),
            (json!("%%"), &[Edit::Base64], None),
            (json!("/start AB12CD"), &[Edit::StartCommand], Some("AB12CD")),
            (json!(482_913), &[], Some("482913")),
            (json!("  "), &[], None),
            (json!(null), &[], None),
        ] {
            assert_eq!(edited(&value, edits).as_deref(), text, "{value}");
        }
    }
}
