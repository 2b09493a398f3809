//! How a participant comes into the conversation by an invitation, and what she must prove on the
//! way: once at first, and again after she was away.
//!
//! Only the policy and what is remembered of it; what an arrival sets in motion stands in
//! `rules::enter`, what the page at the other end is told in `Admission`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::flag::{Customer, Proof};
use super::link::Link;
use super::methods::pin::Pin;
use crate::base::actor::Actor;
use crate::base::binding::Binding;
use crate::base::id::{ChannelName, Conversation, CustomerId, InteractionId, ParticipantId, TeamName};
use crate::base::method::Method;
use crate::base::role::ParticipantRole;
use crate::base::way::DeliverTo;
use crate::secret::keys::Keys;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{Tag, base64url};
use crate::settings::EntryRules;
use crate::time::Moment;

/// A word for an admission is good for so long: the browser carries it at once.
const ADMISSION: Duration = Duration::from_secs(60);

/// A participant's way in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How far she came.
    pub status: EntryStatus,
    /// What the browser that was let in has proved; none where nothing was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proved: Option<EntryProof>,
    /// When she came in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<Moment>,
    /// The browser that she came in with last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Tag>,
    /// Whether she is there, as far as anybody said.
    #[serde(default, skip_serializing_if = "Presence::is_unknown")]
    pub presence: Presence,
    /// The browser that is at the page and has to prove something first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingBrowser>,
    /// The challenge that was put to her for the sake of coming in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<u16>,
    /// The PIN that was agreed on with her; goes when the conversation ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// Where the invitation went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Who invited her: knows the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<Actor>,
}

/// What a browser has proved at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// How.
    pub method: Method,
    /// When.
    pub at: Moment,
    /// Who, where the method says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
}

impl EntryProof {
    /// A proof that was accepted at that moment; who logged in before says when.
    pub fn of(proof: &Proof, accepted_at: Moment) -> Self {
        let at = proof.auth_time.map_or(accepted_at, |before| before.min(accepted_at));
        Self { method: proof.method, at, customer: proof.customer.clone() }
    }
}

crate::named! {
    /// The progress of a participant.
    #[derive(Default)]
    pub enum EntryStatus {
        /// Nobody invited her.
        #[default]
        None = "none",
        /// She has an invitation.
        Invited = "invited",
        /// She is at the page and has to prove something.
        Waiting = "waiting",
        /// She is in.
        Admitted = "admitted",
        /// She was in, and went.
        Offline = "offline",
    }
}

/// What is known of a participant's being there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Nothing yet.
    #[default]
    Unknown,
    /// She came in then, and nobody has said anything since.
    Seen(Moment),
    /// She is said to be there.
    Online,
    /// She was said to be gone, then first.
    Offline(Moment),
}

impl Presence {
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }

    /// How long she has been away at least, where she now comes through the link: whoever comes in
    /// again was away since somebody last knew of her.
    fn away(self, now: Moment) -> Duration {
        match self {
            Self::Online => Duration::ZERO,
            Self::Seen(then) | Self::Offline(then) => now.since(then),
            Self::Unknown => Duration::MAX,
        }
    }
}

/// A browser that has to prove something before it is let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingBrowser {
    /// Which.
    pub browser: Tag,
    /// What it has to prove.
    pub method: Method,
    /// The invitation whose page it is at, by its link's number.
    pub invitation: u16,
    /// The login link that it was sent away with, where it has to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<u16>,
    /// What it has proved since, elsewhere than by an answer on the page: Continue lets it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proved: Option<EntryProof>,
}

/// Where an invitation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The participant's phone.
    Sms,
    /// The participant's mail address.
    Email,
    /// The conversation itself.
    Chat,
}

impl Via {
    /// As what is sent calls it.
    pub fn as_way(self) -> DeliverTo {
        match self {
            Self::Sms => DeliverTo::Sms,
            Self::Email => DeliverTo::Email,
            Self::Chat => DeliverTo::Chat,
        }
    }
}

impl Entry {
    /// Whether nothing is to be remembered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a browser that presses Continue now has to prove first; nothing where it may come in.
    ///
    /// An invitation proves one browser. Whether that one is asked again once it was away for long is the
    /// team's to say; any other proves what is asked at first, or a forwarded invitation were a way in beside
    /// the person whom it was for.
    pub fn wanted(&self, rules: &EntryRules, browser: &Tag, now: Moment) -> Option<Method> {
        if !rules.require_authentication {
            return None;
        }
        if !self.has_proved(browser) {
            return Some(rules.first);
        }
        let again = rules.subsequent?;
        let long = Duration::from_secs(rules.offline_minutes.saturating_mul(60));
        (self.presence.away(now) >= long).then_some(again)
    }

    /// Whether that browser is the one that was let in, by a proof.
    pub fn has_proved(&self, browser: &Tag) -> bool {
        self.proved.is_some() && self.browser == Some(*browser)
    }

    /// A browser is let in. It takes the place of the one before, and of what that one had proved.
    pub fn admit(&mut self, proof: Option<EntryProof>, browser: Tag, now: Moment) {
        let same = self.browser == Some(browser);
        self.proved = proof.or_else(|| self.proved.take().filter(|_| same));
        self.status = EntryStatus::Admitted;
        self.entered_at = Some(now);
        self.browser = Some(browser);
        self.presence = Presence::Seen(now);
        self.waiting = None;
    }

    /// What a browser has proved does not count any more: whoever comes proves it anew.
    pub fn forget_proofs(&mut self) {
        self.proved = None;
        self.browser = None;
        self.waiting = None;
    }

    /// The conversation is over: nothing is asked of anybody any more.
    pub fn forget_secrets(&mut self) {
        self.pin = None;
        self.challenge = None;
        self.forget_proofs();
    }

    /// Somebody said whether she is there; true where she has just gone.
    pub fn said(&mut self, online: bool, now: Moment) -> bool {
        let (was, entered) = (self.presence, self.entered_at.is_some());
        match online {
            true => self.presence = if entered { Presence::Online } else { was },
            false if !matches!(was, Presence::Offline(_)) => {
                self.presence = if entered { Presence::Offline(now) } else { was };
            }
            false => {}
        }
        match (self.status, online) {
            (EntryStatus::Admitted, false) => self.status = EntryStatus::Offline,
            (EntryStatus::Offline, true) => self.status = EntryStatus::Admitted,
            _ => {}
        }
        !online && !matches!(was, Presence::Offline(_))
    }
}

/// What the page that somebody is let in to is told; the gateway signs it.
#[derive(Debug, Serialize)]
pub struct Admission<'a> {
    /// The gateway's public URL.
    pub iss: &'a str,
    /// The origin of that page.
    pub aud: &'a str,
    /// Who came in.
    pub sub: &'a ParticipantId,
    /// Whose conversation.
    pub team: &'a TeamName,
    /// Which.
    pub interaction: InteractionId,
    /// The platform's id of it.
    pub conversation: &'a Conversation,
    /// The channel that it is on.
    pub channel: &'a ChannelName,
    /// Her part.
    pub role: ParticipantRole,
    /// What this browser has proved at the door, and nothing else that is known of the participant.
    pub methods: Vec<Method>,
    /// When it proved that, in unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// Who that was, where the proof names somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<&'a CustomerId>,
    /// What they are called, where the proof says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// It is shown to be that browser's, and nothing else.
    pub binding: Binding,
}

/// The word as it is signed.
#[derive(Serialize)]
struct AdmissionClaims<'a> {
    #[serde(flatten)]
    admission: &'a Admission<'a>,
    iat: u64,
    exp: u64,
    /// One that came before is a copy.
    jti: String,
}

impl<'a> Admission<'a> {
    /// Signed, as the page gets it.
    pub fn sign(&self, keys: &Keys, now: Moment, chance: [u8; 16]) -> String {
        let (iat, exp) = (now.unix_seconds(), now.plus(ADMISSION).unix_seconds());
        keys.signing.jwt("entry+jwt", &AdmissionClaims { admission: self, iat, exp, jti: base64url(&chance) })
    }
}

/// The token of an invitation's page. It follows from the link, so that its address can be told again
/// to whoever has to send it.
pub fn page(interaction: InteractionId, link: &Link, keys: &Keys) -> Token {
    token(interaction, link.number, link.issued_at, keys)
}

/// The same before the link is there.
pub fn token(interaction: InteractionId, number: u16, issued_at: Moment, keys: &Keys) -> Token {
    let parts = [b"entry".as_slice(), interaction.as_bytes(), &number.to_be_bytes(), &issued_at.0.to_be_bytes()];
    Token { kind: TokenKind::Entry, secret: keys.handle.tag(&parts).first_half(), interaction, number }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MacKey;
    use crate::settings::{Overrides, effective};

    const MINUTE: u64 = 60_000;

    fn rules(subsequent: Option<Method>, offline_minutes: u64) -> EntryRules {
        EntryRules { require_authentication: true, subsequent, offline_minutes, ..open() }
    }

    fn open() -> EntryRules {
        let none = Overrides::default();
        effective(&none, &none).expect("the defaults stand").settings.entry
    }

    fn browser(name: &str) -> Tag {
        MacKey::new(b"k").tag(&[name.as_bytes()])
    }

    fn proof(method: Method, now: Moment) -> Option<EntryProof> {
        Some(EntryProof { method, at: now, customer: None })
    }

    fn entered(browser: Tag, now: Moment) -> Entry {
        let mut entry = Entry::default();
        entry.admit(proof(Method::Otp, now), browser, now);
        entry
    }

    #[test]
    fn nobody_is_asked_where_the_team_does_not_ask() {
        let open = open();
        assert_eq!(Entry::default().wanted(&open, &browser("a"), Moment(0)), None);
        let mut entry = Entry::default();
        entry.admit(None, browser("a"), Moment(0));
        assert_eq!(entry.proved, None);
        let asked_since = rules(None, 15);
        assert_eq!(entry.wanted(&asked_since, &browser("a"), Moment(0)), Some(Method::Otp), "it proved nothing");
    }

    #[test]
    fn later_arrivals_of_the_same_browser_have_a_method_of_their_own() {
        let a = browser("a");
        let again = rules(Some(Method::Pin), 15);
        assert_eq!(Entry::default().wanted(&again, &a, Moment(0)), Some(Method::Otp));
        let entry = entered(a, Moment(0));
        assert_eq!(entry.wanted(&again, &a, Moment(15 * MINUTE - 1)), None);
        assert_eq!(entry.wanted(&again, &a, Moment(15 * MINUTE)), Some(Method::Pin));
        assert_eq!(entry.wanted(&rules(None, 15), &a, Moment(99 * MINUTE)), None);
        assert_eq!(entry.wanted(&rules(Some(Method::Pin), 0), &a, Moment(0)), Some(Method::Pin), "on every entry");
    }

    #[test]
    fn another_browser_proves_what_is_asked_at_first() {
        let (a, b) = (browser("a"), browser("b"));
        let mut entry = entered(a, Moment(0));
        for subsequent in [None, Some(Method::Pin)] {
            assert_eq!(entry.wanted(&rules(subsequent, 15), &b, Moment(1)), Some(Method::Otp));
        }
        entry.admit(proof(Method::Otp, Moment(2)), b, Moment(2));
        assert_eq!(entry.wanted(&rules(None, 15), &b, Moment(3)), None);
        assert_eq!(entry.wanted(&rules(None, 15), &a, Moment(3)), Some(Method::Otp), "it took the place of the first");
    }

    #[test]
    fn being_away_counts_from_when_it_was_first_said() {
        let (a, again) = (browser("a"), rules(Some(Method::Pin), 15));
        let mut entry = entered(a, Moment(0));
        assert!(!entry.said(true, Moment(MINUTE)));
        assert_eq!(entry.wanted(&again, &a, Moment(60 * MINUTE)), None, "she is there");
        assert!(entry.said(false, Moment(60 * MINUTE)));
        assert_eq!(entry.status, EntryStatus::Offline);
        assert!(!entry.said(false, Moment(70 * MINUTE)), "she was gone already");
        assert_eq!(entry.wanted(&again, &a, Moment(75 * MINUTE - 1)), None);
        assert_eq!(entry.wanted(&again, &a, Moment(75 * MINUTE)), Some(Method::Pin));
    }

    #[test]
    fn who_never_came_in_does_not_come_in_by_being_said_to_be_there() {
        let mut entry = Entry::default();
        entry.said(true, Moment(0));
        entry.said(false, Moment(1));
        assert_eq!((entry.status, entry.presence), (EntryStatus::None, Presence::Unknown));
        assert_eq!(entry.wanted(&rules(None, 15), &browser("a"), Moment(2)), Some(Method::Otp));
    }

    #[test]
    fn what_one_browser_proved_is_not_told_of_another() {
        let mut entry = entered(browser("a"), Moment(0));
        entry.admit(None, browser("a"), Moment(1));
        assert!(entry.proved.is_some(), "the same browser again");
        entry.admit(None, browser("b"), Moment(2));
        assert_eq!(entry.proved, None, "another that nothing was asked of");
        entry.admit(None, browser("a"), Moment(3));
        assert_eq!(entry.proved, None, "what it proved was forgotten with it");
    }
}
