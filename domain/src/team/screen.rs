//! A team's own opening screen: a page of its words that stands before the code page and says, for
//! instance, which number is asked for.
//!
//! Only what `clean` leaves exists as a screen; what was handed in is kept nowhere. Where it is
//! shown, and that it is shown in a frame that may do nothing, is `http`'s to see to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::Builder;
use serde::{Deserialize, Serialize};

use crate::base::validation;
use crate::base::validation::{FieldError, ValidationError};
use crate::refusal::Refusal;

/// A screen is at most so many bytes, before and after it was cleaned.
pub const MAX_BYTES: usize = 48 * 1024;

/// A team has at most so many.
pub const MAX_SCREENS: usize = 50;

/// What a screen may be made of: words, their structure and tables. Nothing that loads, links,
/// asks or styles. Parted by spaces.
const ELEMENTS: &str = "abbr b bdi bdo blockquote br caption code col colgroup dd del div dl dt em figcaption \
    figure h1 h2 h3 h4 hr i img ins kbd li mark ol p s small span strong sub sup table tbody td th tr ul";

/// The pictures that may stand in it, spelled out in place.
const PICTURES: [&str; 4] = ["png", "jpeg", "gif", "webp"];

/// HTML that was cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    html: String,
}

impl Screen {
    /// Leaves of a page what cannot act. A page of which nothing to read is left is refused.
    pub fn clean(page: &str) -> Result<Self, Refusal> {
        let refused = |error: ValidationError| Refusal::Invalid(vec![FieldError::at("", error)]);
        let too_large = || refused(validation::TOO_LARGE.with([("most", &(MAX_BYTES / 1024))]));
        if page.len() > MAX_BYTES {
            return Err(too_large());
        }
        let html = builder().clean(page).to_string();
        if html.len() > MAX_BYTES {
            return Err(too_large());
        }
        if !says_something(&html) {
            return Err(refused(ValidationError::from(&validation::NOTHING_LEFT)));
        }
        Ok(Self { html })
    }

    /// What will be shown: safe to stand in a page's body.
    pub fn html(&self) -> &str {
        &self.html
    }
}

fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    let cells = HashSet::from(["colspan", "rowspan"]);
    builder
        .tags(ELEMENTS.split(' ').collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "template", "noscript", "iframe", "object"]))
        .generic_attributes(HashSet::from(["dir", "lang", "title"]))
        .tag_attributes(HashMap::from([
            ("img", HashSet::from(["alt", "height", "src", "width"])),
            ("ol", HashSet::from(["start"])),
            ("td", cells.clone()),
            ("th", cells),
        ]))
        .url_schemes(HashSet::from(["data"]))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => is_picture(value).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
}

/// A picture that is spelled out: nothing is fetched for it, and none of these kinds can hold a script.
fn is_picture(url: &str) -> bool {
    let Some((kind, data)) = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")) else {
        return false;
    };
    PICTURES.contains(&kind) && data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

/// Whether anybody would see anything of it.
fn says_something(html: &str) -> bool {
    let outside = html.split('<').enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once('>').map_or("", |(_, text)| text),
    });
    html.contains(" src=\"data:")
        || outside.collect::<String>().replace("&nbsp;", " ").chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(page: &str) -> String {
        Screen::clean(&format!("<p>words</p>{page}")).expect("it has words").html
    }

    /// A082: whatever acts, loads, asks or leads away is gone; the words beside it stay.
    #[test]
    fn a082_nothing_that_acts_is_left() {
        for page in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)><a xlink:href=\"javascript:alert(1)\">x</a></svg>",
            "<form action=\"https://evil.example\"><input name=pin><button>Go</button></form>",
            "<base href=\"https://evil.example/\">",
            "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
            "<style>@import 'https://evil.example/x.css'; p { color: red }</style>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<a href=\"https://evil.example\" target=_blank>here</a>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
            "<p style=\"background:url(https://evil.example/x)\">styled</p>",
            "<img src=\"https://evil.example/x.png\"><img src=\"data:image/svg+xml;base64,AAAA\">",
            "<object data=\"data:text/html,x\"></object><embed src=x><video src=x><source src=x></video>",
            "<p onclick=alert(1) data-x=1 id=main class=card>clicked</p>",
            "<link rel=stylesheet href=\"https://evil.example/x.css\"><template><script>1</script></template>",
        ] {
            let left = cleaned(page).to_lowercase();
            assert!(left.starts_with("<p>words</p>"), "{left}");
            for act in [
                "<script",
                "<svg",
                "<form",
                "<input",
                "<button",
                "<base",
                "<meta",
                "<style",
                "<iframe",
                "<a",
                "<math",
                "<object",
                "<embed",
                "<video",
                "<link",
                "<template",
                "<noscript",
                " on",
                "style=",
                "https:",
                "src=",
                "javascript:",
                " id=",
                " class=",
                "@import",
            ] {
                assert!(!left.contains(act), "{act} of {page} is left: {left}");
            }
        }
    }

    #[test]
    fn words_tables_and_pictures_stay() {
        let page = "<h2 lang=\"et\">Tere</h2><ol start=\"2\"><li>Enter the <b>last four</b> digits</li></ol>\
            <table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>\
            <img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"A card\" width=\"10\">";
        let left = cleaned(page);
        for part in ["<h2 lang=\"et\">", "start=\"2\"", "<b>last four</b>", "colspan=\"2\"", "base64,iVBORw0KGgo="] {
            assert!(left.contains(part), "{part}: {left}");
        }
        assert_eq!(Screen::clean(&left).expect("words").html, left, "cleaning twice changes nothing");
    }

    #[test]
    fn a_screen_without_words_is_refused() {
        for page in ["", "   ", "<script>x</script>", "<p>&nbsp;</p>", "<div><br></div>", "<iframe>words</iframe>"] {
            assert!(matches!(Screen::clean(page), Err(Refusal::Invalid(_))), "{page}");
        }
        assert!(Screen::clean(&"x".repeat(MAX_BYTES)).is_ok());
        assert!(Screen::clean(&"x".repeat(MAX_BYTES + 1)).is_err());
        assert!(Screen::clean(&"&".repeat(MAX_BYTES / 2)).is_err(), "it grows when it is written safely");
    }
}
