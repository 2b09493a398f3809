//! Who reads a page, as far as her browser says so: the languages that she likes, and the app in whose own
//! browser it stands. Both only help; nothing is allowed or refused by them.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::domain::settings::Settings;
use crate::pages::{App, language_for};

/// A header that is longer helps nobody.
const MAX_BYTES: usize = 1024;

/// What the apps' own browsers write into `User-Agent`, the more telling first.
const APPS: [(&str, App); 18] = [
    ("FBAN/Messenger", App::Messenger),
    ("Orca-Android", App::Messenger),
    ("Instagram", App::Instagram),
    ("FBAN/", App::Facebook),
    ("FBAV/", App::Facebook),
    ("FB_IAB", App::Facebook),
    ("WhatsApp/", App::WhatsApp),
    ("Telegram", App::Telegram),
    (" Line/", App::Line),
    ("Viber/", App::Viber),
    ("MicroMessenger/", App::WeChat),
    ("TikTok", App::TikTok),
    ("musical_ly", App::TikTok),
    ("BytedanceWebview", App::TikTok),
    ("LinkedInApp", App::LinkedIn),
    ("Snapchat/", App::Unnamed),
    ("KAKAOTALK", App::Unnamed),
    ("; wv)", App::Unnamed), // any other on Android
];

/// See above.
#[derive(Clone, Default)]
pub(crate) struct Reader {
    accepted: String,
    app: Option<App>,
}

impl Reader {
    /// Of a request's headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let text =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| text.len() <= MAX_BYTES);
        let accepted = text(header::ACCEPT_LANGUAGE).unwrap_or_default().to_owned();
        Self { accepted, app: text(header::USER_AGENT).and_then(app) }
    }

    /// The language to speak: hers where it is one of ours, else the team's, else English.
    pub fn locale(&self, settings: Option<&Settings>) -> String {
        language_for(&self.accepted, settings.map_or("en", |settings| &settings.locale)).to_owned()
    }

    /// The app in whose own browser she reads.
    pub fn app(&self) -> Option<App> {
        self.app
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

fn app(agent: &str) -> Option<App> {
    let named = APPS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, app)| *app);
    // On an iPhone a web view is WebKit that does not call itself Safari.
    let view = agent.contains("Mobile/") && agent.contains("AppleWebKit/") && !agent.contains("Safari/");
    named.or(view.then_some(App::Unnamed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_are_known_by_what_they_write_and_browsers_are_none() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let android = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
            Chrome/131.0.0.0 Mobile Safari/537.36";
        let at = |end: &str| app(&format!("{iphone} Mobile/15E148 {end}"));
        assert_eq!(at("Instagram 361.0.0.35.82 (iPhone14,5; iOS 18_1)"), Some(App::Instagram));
        assert_eq!(at("[FBAN/FBIOS;FBAV/489.0.0.40.80;FBBV/1]"), Some(App::Facebook));
        assert_eq!(at("[FBAN/MessengerForiOS;FBAV/480.0.0.33.108]"), Some(App::Messenger));
        assert_eq!(at("Safari Line/14.19.1"), Some(App::Line));
        assert_eq!(at("WhatsApp/24.24.78"), Some(App::WhatsApp));
        assert_eq!(at(""), Some(App::Unnamed));
        assert_eq!(app(&format!("{iphone} Version/18.1 Mobile/15E148 Safari/604.1")), None);
        assert_eq!(app(&format!("{android} [FB_IAB/Orca-Android;FBAV/483.0.0.0;]")), Some(App::Messenger));
        assert_eq!(app(&format!("{android} Telegram-Android/11.4.2 (Google Pixel 9)")), Some(App::Telegram));
        assert_eq!(app(android), Some(App::Unnamed));
        assert_eq!(app(&android.replace("; wv", "").replace("Version/4.0 ", "")), None);
        assert_eq!(app("curl/8.5.0"), None);
    }

    #[test]
    fn what_is_no_header_of_a_browser_helps_nobody() {
        let mut headers = HeaderMap::new();
        assert_eq!(Reader::of(&headers).locale(None), "en");
        headers.insert(header::ACCEPT_LANGUAGE, "de".repeat(MAX_BYTES).parse().expect("a value"));
        headers.insert(header::USER_AGENT, http::HeaderValue::from_bytes(b"\xff Instagram").expect("a value"));
        let reader = Reader::of(&headers);
        assert_eq!((reader.locale(None).as_str(), reader.app()), ("en", None));
    }
}
