//! A message as the request that the platform wants: the first form of its kind that the account
//! and the message fit, written into path, query, headers and body.
//!
//! Pure: it asks for nothing and sends nothing.

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use url::form_urlencoded;

use super::file::{Alphabet, BodyEncoding, File, MessageTemplate};
use super::outcome::RefusalReason;
use super::units::{is_gsm, length};
use crate::account::BASE_URL;
use crate::format::call::PlatformCall;
use crate::format::call::body::Node;
use crate::format::template::address::UrlTemplate;
use crate::format::template::escape::{self, EscapeError};
use crate::format::template::values::{KnownAccount, Values};
use crate::format::template::{Hole, HoleName};
use crate::{Content, Message};

/// Why there is no request for a message.
pub type NoRequest = RefusalReason;

/// The parts of an address; none where it is no address of the platform's.
pub fn parts(file: &File, message: &Message) -> Option<Vec<(String, String)>> {
    if !file.platform.to.takes(message.to.as_str()) {
        return None;
    }
    if !file.platform.kinds.is_empty() {
        let kinds = file.platform.kinds.iter().filter(|(_, shape)| shape.takes(message.to.as_str()));
        let parts: Vec<_> = kinds.map(|(name, _)| (name.clone(), message.to.as_str().to_owned())).collect();
        return (!parts.is_empty()).then_some(parts);
    }
    let names = &file.platform.address;
    if names.is_empty() {
        return Some(Vec::new());
    }
    let values: Vec<&str> = message.to.as_str().split(' ').collect();
    let fits = values.len() == names.len() && values.iter().all(|value| !value.is_empty());
    fits.then(|| names.iter().cloned().zip(values.into_iter().map(str::to_owned)).collect())
}

/// The forms that a message may take, best first; none that its words would not fit in.
pub fn forms<'a>(
    file: &'a File,
    known: &KnownAccount,
    message: &Message,
    values: &Values<'_>,
) -> Vec<&'a MessageTemplate> {
    let own: &[MessageTemplate] = match message.content {
        Content::Text(_) => &[],
        Content::Link { .. } => &file.send.link,
        Content::Code { .. } => &file.send.code,
    };
    let all = own.iter().chain(&file.send.text);
    let is_allowed = |form: &&MessageTemplate| !form.freely || message.terms.freely;
    let all = all.filter(is_allowed).filter(|form| has_needs(form, known));
    all.filter(|form| is_filled(form, values) && fits(form, values)).collect()
}

fn has_needs(form: &MessageTemplate, known: &KnownAccount) -> bool {
    form.needs.iter().all(|field| known.fields.contains_key(field))
}

/// What a message lacks leaves no gap in a form; only the account's fields may.
fn is_filled(form: &MessageTemplate, values: &Values<'_>) -> bool {
    let mut holes = form.body.templates().into_iter().flat_map(|template| template.holes());
    holes.all(|hole| {
        let may_lack = matches!(
            hole.name,
            HoleName::Account(_)
                | HoleName::Secret(_)
                | HoleName::Hmac(..)
                | HoleName::Subject
                | HoleName::Ttl
                | HoleName::TtlWithin(_)
        );
        may_lack || values.of(hole).is_some()
    })
}

fn fits(form: &MessageTemplate, values: &Values<'_>) -> bool {
    let plain = || values.of(&Hole { name: HoleName::Plain, filter: None }).unwrap_or_default();
    if form.alphabet == Some(Alphabet::Gsm) && !is_gsm(&plain()) {
        return false;
    }
    let limits = form.limits;
    let within = |name: HoleName, most: Option<usize>| {
        let value = most.and_then(|_| values.of(&Hole { name, filter: None }));
        value.zip(most).is_none_or(|(value, most)| length(&value, form.unit) <= most)
    };
    within(HoleName::Text, limits.text)
        && within(HoleName::Plain, limits.plain)
        && within(HoleName::Url, limits.url)
        && within(HoleName::Code, limits.code)
}

/// The request of a message in a form.
pub fn request(file: &File, form: &MessageTemplate, values: &Values<'_>) -> Result<Request<Vec<u8>>, NoRequest> {
    let send = &file.send;
    let body = match &send.common {
        Some(common) => common.clone().with(form.body.clone()),
        None => form.body.clone(),
    };
    let (content_type, bytes, in_query) = encode(send.encoding, &body, values).map_err(|_| RefusalReason::Content)?;
    let own = send.query.iter().filter_map(|(name, template)| Some((name.clone(), template.plain(values)?)));
    let pairs = own.chain(in_query).collect();
    let url = address(file, &send.path, values, pairs).map_err(|_| RefusalReason::BadAddress)?;
    let mut request =
        Request::builder().method(send.method.http()).uri(url).body(bytes).map_err(|_| RefusalReason::TooLong)?;
    if let Some(content_type) = content_type {
        let content_type = send.content_type.as_deref().unwrap_or(content_type);
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_str(content_type).map_err(|_| RefusalReason::Content)?);
    }
    for (name, template) in &send.headers {
        let Some(text) = template.fill(values, escape::header).map_err(|_| RefusalReason::BadAddress)? else {
            continue;
        };
        let name: HeaderName = name.parse().map_err(|_| RefusalReason::Content)?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| RefusalReason::BadAddress)?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

impl PlatformCall {
    /// The request, with these values in its holes.
    pub fn request(&self, file: &File, values: &Values<'_>) -> Result<Request<Vec<u8>>, RefusalReason> {
        let url = address(file, &self.path, values, Vec::new()).map_err(|_| RefusalReason::BadAddress)?;
        let request = Request::builder().method(self.method.http()).uri(url);
        let Some(body) = &self.body else { return request.body(Vec::new()).map_err(|_| RefusalReason::BadAddress) };
        let (content_type, bytes, _) =
            encode(BodyEncoding::Json, body, values).map_err(|_| RefusalReason::BadAddress)?;
        let request = content_type.into_iter().fold(request, |request, kind| request.header(CONTENT_TYPE, kind));
        request.body(bytes).map_err(|_| RefusalReason::BadAddress)
    }
}

/// Media type, body, and what goes to the query instead.
type Encoded = (Option<&'static str>, Vec<u8>, Vec<(String, String)>);

fn encode(encoding: BodyEncoding, body: &Node, values: &Values<'_>) -> Result<Encoded, EscapeError> {
    Ok(match encoding {
        BodyEncoding::Json => {
            let json = body.json(values)?.unwrap_or_default();
            (Some("application/json"), json.to_string().into_bytes(), Vec::new())
        }
        BodyEncoding::Form => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(body.pairs(values)?).finish();
            (Some("application/x-www-form-urlencoded"), form.into_bytes(), Vec::new())
        }
        BodyEncoding::Query => (None, Vec::new(), body.pairs(values)?),
    })
}

/// Where a request goes, with these pairs in its query.
fn address(
    file: &File,
    path: &UrlTemplate,
    values: &Values<'_>,
    pairs: Vec<(String, String)>,
) -> Result<String, EscapeError> {
    let origin = match (values.fields().get(BASE_URL), &file.platform.origin) {
        (Some(base_url), _) => base_url.clone(),
        (None, Some(origin)) => origin.fill(values)?.ok_or(EscapeError("an address"))?,
        (None, None) => return Err(EscapeError("an address")),
    };
    let path = path.fill(values)?.ok_or(EscapeError("an address"))?;
    let mut url = format!("{}{path}", origin.trim_end_matches('/'));
    if !pairs.is_empty() {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&query);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::format::template::values::RequestMoment;
    use crate::platform::check::load;
    use crate::{MessageAddress, Terms};
    use proptest::prelude::*;

    fn made(definition: &str, content: Content) -> Option<Request<Vec<u8>>> {
        let (name, source) = crate::platform::shipped::SOURCES.iter().find(|(name, _)| *name == definition).unwrap();
        let file = load(name, source).unwrap();
        let fields = file.account.keys().map(|name| (name.clone(), "1".to_owned()));
        let secrets = file.secrets.keys().map(|name| (name.clone(), "s".to_owned().into())).collect();
        let base_url = (BASE_URL.to_owned(), "https://platform.example".to_owned());
        let known = KnownAccount { fields: fields.chain([base_url]).collect(), secrets };
        let to = MessageAddress::new("+3725551234");
        let message = Message { id: "m".into(), to, subject: None, content, terms: Terms::default() };
        let values = Values::of_message(&known, RequestMoment { unix: 0, chance: [0; 16] }, &message, &[]);
        let form = forms(&file, &known, &message, &values).into_iter().next()?;
        Some(request(&file, form, &values).unwrap())
    }

    fn pairs(text: &[u8]) -> BTreeMap<String, String> {
        form_urlencoded::parse(text).into_owned().collect()
    }

    proptest! {
        #[test]
        fn a_text_stays_in_its_forms_value(text in any::<String>()) {
            let request = made("twilio-sms.toml", Content::Text(text.clone())).unwrap();
            let found = pairs(request.body());
            prop_assert_eq!(&found["Body"], &text);
            prop_assert_eq!(found.len(), 6);
        }

        #[test]
        fn a_text_stays_in_its_querys_value(text in "\\PC{0,60}|[&=+#%?/\\\\\r\n\u{0}]{1,20}") {
            let request = made("kannel.toml", Content::Text(text.clone())).unwrap();
            let found = pairs(request.uri().query().unwrap().as_bytes());
            prop_assert_eq!(&found["text"], &text);
            prop_assert!((8..=9).contains(&found.len()));
        }

        #[test]
        fn a_link_and_its_words_stay_in_their_json(text in any::<String>(), url in "https://[a-z]{1,9}/[!-~]{0,40}") {
            let link = Content::Link { text: text.clone(), url: url.clone().into() };
            let request = made("telegram.toml", link).unwrap();
            let json: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            prop_assert_eq!(&json["text"], &serde_json::Value::from(text));
            let button = &json["reply_markup"]["inline_keyboard"][0][0]["url"];
            prop_assert_eq!(button, &serde_json::Value::from(url));
        }
    }

    #[test]
    fn what_fits_in_no_form_is_not_cut() {
        let text = |length: usize| Content::Text("x".repeat(length));
        assert!(made("twilio-sms.toml", text(1600)).is_some() && made("twilio-sms.toml", text(1601)).is_none());
        assert!(made("kannel.toml", text(459)).is_some() && made("kannel.toml", text(460)).is_none());
        // Too long for a button's card, and not for words.
        let link = Content::Link { text: "x".repeat(641), url: "https://a.example/".to_owned().into() };
        let request = made("messenger.toml", link).unwrap();
        let json: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        assert!(json["message"]["text"].as_str().unwrap().ends_with("x\nhttps://a.example/"));
    }
}
