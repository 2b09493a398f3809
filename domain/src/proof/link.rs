//! Login links: one live link per participant and purpose, and what is kept of ended ones.
//! What may be done with a link stands in `rules`; the text in its URL is `token`'s.

use serde::{Deserialize, Serialize};
use url::Url;

use super::page_proof::PageProof;
use crate::base::id::{IntentName, InteractionId, ParticipantId};
use crate::base::method::Guarded;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{MacKey, Tag, base64url};
use crate::time::Moment;

/// The guess budget of links. Confirmation codes and passwords that are typed on a link's pages count in it, too.
pub const BUDGET: Guarded = Guarded::Login;

/// Why a link was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// A website that knows the customer sends her to log in before the chat goes on.
    PreChat,
    /// The bot sends her in the middle of the chat.
    MidChat,
    /// Somebody invites her to the conversation; the link leads to a page of ours.
    Entry,
    /// The invitation's page sends its visitor to log in before they are let in.
    EntryLogin,
}

/// A link that may still be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its number within the interaction.
    pub number: u16,
    /// Whom it asks.
    pub participant: ParticipantId,
    /// Why it was made.
    pub purpose: LinkPurpose,
    /// Of the token in its URL.
    pub tag: Tag,
    /// When the person was asked.
    pub issued_at: Moment,
    /// The end; none where the team says "never".
    pub expires_at: Option<Moment>,
    /// What the bot wants to do afterwards.
    pub intent: Option<IntentName>,
    /// The bot's own words, given back with success.
    pub state: Option<String>,
    /// Where the done page leads back to.
    pub return_url: Option<String>,
    /// Of the handle that the login page answers to; none until Continue is pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Tag>,
    /// The invitation that it belongs to, by that link's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<u16>,
    /// Who opened it, and what the login page has answered.
    pub page: PageProof,
}

/// How a link ended; kept for a day so that a late visitor is told why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedLink {
    /// The link as it was.
    pub link: Link,
    /// How it ended.
    pub end: LinkEnd,
}

/// How a link ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum LinkEnd {
    /// The login page's answer was final: the flag was raised, or the answer was no.
    Used(PostBackStatus),
    /// A newer one took its place.
    Superseded,
    /// Its time, or its interaction's, was over.
    Expired,
    /// "This wasn't me".
    Reported,
    /// The login was accepted, and no browser came back from it.
    NotReturned,
    /// Another browser than the one that started came back from the login.
    OtherBrowser,
    /// The login was accepted and could not count: somebody else is known, locked, or signed out meanwhile; or
    /// Continue was pressed too often.
    Void,
}

crate::named! {
    /// The reply to a login page.
    pub enum PostBackStatus {
        /// The login waits for its done page.
        Accepted = "accepted",
        /// The flag is up.
        Authenticated = "authenticated",
        /// The login page said no.
        Denied = "denied",
        /// The person gave up.
        Cancelled = "cancelled",
    }
}

impl Link {
    /// Whether it may be used at `now`: an accepted login is waited for past the link's own end.
    pub fn is_live(&self, now: Moment) -> bool {
        self.deadline().is_none_or(|end| now < end)
    }

    /// Whether Continue may be pressed at `now`.
    pub fn may_be_opened(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// When time alone changes something: the end of the step that an accepted login is at, else its own end.
    pub fn deadline(&self) -> Option<Moment> {
        self.page.pending.as_ref().map_or(self.expires_at, |pending| pending.expires_at)
    }

    /// Whether a browser is shown the code that must come back through the chat.
    pub fn shows_code(&self) -> bool {
        self.page.confirmation().is_some()
    }

    /// How far it came, in a word of the contract.
    pub fn status(&self) -> &'static str {
        match (self.handle, &self.page.pending) {
            (None, _) => "issued",
            (Some(_), None) => "opened",
            (Some(_), Some(_)) => "answered",
        }
    }

    /// The handle of the browser that pressed Continue last: the same again until Continue begins anew, without
    /// anything being kept that could make it.
    pub fn handle_token(&self, interaction: InteractionId, key: &MacKey) -> Token {
        self.derived_handle(interaction, &[b"start", &self.page.starts.to_be_bytes()], key)
    }

    /// A handle for whoever is sent there directly.
    pub fn direct_handle(&self, interaction: InteractionId, chance: [u8; 16], key: &MacKey) -> Token {
        self.derived_handle(interaction, &[b"direct", &chance], key)
    }

    fn derived_handle(&self, interaction: InteractionId, [kind, of]: &[&[u8]; 2], key: &MacKey) -> Token {
        let made = key.tag(&[self.tag.as_bytes(), kind, of]);
        Token { kind: TokenKind::Handle, secret: made.first_half(), interaction, number: self.number }
    }
}

/// The signed authentication URL: the team's own with `cs_token`, `cs_callback`, `cs_expires`
/// (unix seconds, left out where the link never expires), `cs_kid`, and last `cs_signature` =
/// base64url without padding of HMAC-SHA-256 (security key, everything before `&cs_signature=`).
pub fn authentication_url(
    page: &Url,
    handle: &str,
    callback: &str,
    expires_at: Option<Moment>,
    kid: &str,
    key: &MacKey,
) -> String {
    let mut url = page.clone();
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("cs_token", handle).append_pair("cs_callback", callback);
        if let Some(end) = expires_at {
            query.append_pair("cs_expires", &end.unix_seconds().to_string());
        }
        query.append_pair("cs_kid", kid);
    }
    let signature = base64url(&key.sign(url.as_str().as_bytes()));
    format!("{url}&cs_signature={signature}")
}

/// Where the done page leads back to, carrying the confirmation code where the place can take
/// it: as the text of a WhatsApp or SMS message, as Telegram's start parameter, as the fragment
/// of a web page (a fragment is not sent to any server).
pub fn return_link(return_url: &str, code: Option<&str>) -> Option<String> {
    let mut url = Url::parse(return_url).ok()?;
    let Some(code) = code else { return Some(url.into()) };
    match (url.scheme(), url.host_str()) {
        ("sms", _) => url.set_query(Some(&format!("body={code}"))),
        (_, Some("wa.me" | "api.whatsapp.com")) => {
            url.query_pairs_mut().append_pair("text", code);
        }
        (_, Some("t.me" | "telegram.me")) => {
            url.query_pairs_mut().append_pair("start", code);
        }
        _ => url.set_fragment(Some(&format!("cs_code={code}"))),
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_everything_before_it() {
        let page = Url::parse("https://login.example.com/in?theme=dark").unwrap();
        let key = MacKey::new(&[7; 32]);
        let url =
            authentication_url(&page, "H", "https://cs.example.com/p/H", Some(Moment(1_700_000_000_999)), "k1", &key);
        let (signed, signature) = url.split_once("&cs_signature=").unwrap();
        assert_eq!(
            signed,
            "https://login.example.com/in?theme=dark&cs_token=H&cs_callback=https%3A%2F%2Fcs.example.com%2Fp%2FH&cs_expires=1700000000&cs_kid=k1"
        );
        assert_eq!(signature, base64url(&key.sign(signed.as_bytes())));
    }

    #[test]
    fn a_link_that_never_expires_has_no_cs_expires() {
        let page = Url::parse("https://login.example.com").unwrap();
        let url = authentication_url(&page, "H", "c", None, "k1", &MacKey::new(&[7; 32]));
        assert!(url.starts_with("https://login.example.com/?cs_token=H&cs_callback=c&cs_kid=k1&cs_signature="));
    }

    #[test]
    fn the_return_link_carries_the_code_where_the_place_can_take_it() {
        let link = |url| return_link(url, Some("B2D3FG")).unwrap();
        assert_eq!(link("https://wa.me/372000000"), "https://wa.me/372000000?text=B2D3FG");
        assert_eq!(link("https://t.me/a_bot"), "https://t.me/a_bot?start=B2D3FG");
        assert_eq!(link("sms:+372000000"), "sms:+372000000?body=B2D3FG");
        assert_eq!(link("https://shop.example.com/chat"), "https://shop.example.com/chat#cs_code=B2D3FG");
        assert_eq!(return_link("https://shop.example.com/chat", None).unwrap(), "https://shop.example.com/chat");
    }
}
