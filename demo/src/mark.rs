//! The mark beside the customer's name, judged against the clock each time it is shown, so that no page can
//! show one whose time is over, or one that nobody knows to be true.

use serde::Serialize;

use crate::api::Authentication;

/// The last that was heard of the flag. Nothing heard is no mark.
#[derive(Clone, Debug, Default)]
pub struct Mark(Option<Authentication>);

/// The mark as it may be shown now.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ShownMark {
    /// `verified`, `unverified`, `pending`, `expired` or `unknown`.
    pub status: &'static str,
    /// The customer's name.
    pub name: Option<String>,
    /// The method, in words.
    pub how: Option<&'static str>,
    /// Milliseconds until the flag falls.
    pub milliseconds_left: u64,
    /// The same in whole seconds.
    pub seconds_left: u64,
}

impl Mark {
    /// The mark of a flag just read.
    pub fn of(authentication: Authentication) -> Self {
        Self(Some(authentication))
    }

    /// Where the flag cannot be read.
    pub fn unknown() -> Self {
        Self(None)
    }

    /// The mark to show at `now` (milliseconds). `connected`: whether a change would have reached us.
    pub fn shown(&self, now: u64, connected: bool) -> ShownMark {
        let blank = |status| ShownMark { status, name: None, how: None, milliseconds_left: 0, seconds_left: 0 };
        let Some(flag) = self.0.as_ref().filter(|_| connected) else {
            return blank("unknown");
        };
        if !flag.authenticated {
            return blank(match flag.status.as_str() {
                "pending" => "pending",
                "expired" => "expired",
                _ => "unverified",
            });
        }
        let Some(until) = flag.expires_at.as_deref().and_then(milliseconds) else {
            return blank("unknown");
        };
        let left = until.saturating_sub(now);
        if left == 0 {
            return blank("expired");
        }
        ShownMark {
            status: "verified",
            name: flag.customer.as_ref().and_then(|customer| customer.name.clone().or(customer.id.clone())),
            how: Some(how(flag)),
            milliseconds_left: left,
            seconds_left: left.div_ceil(1000),
        }
    }
}

fn how(flag: &Authentication) -> &'static str {
    let proved = |method: &str| flag.methods.iter().any(|proved| proved == method);
    match flag.binding.as_deref() {
        _ if proved("otp") && proved("login") => "Login, and a code from the phone",
        _ if proved("otp") => "Code from the phone",
        _ if proved("pin") => "PIN, at the door",
        _ if proved("kba") => "Answers to questions",
        _ if proved("photo_id") => "A document",
        Some("opener") => "Login, opened from this chat",
        Some("code") => "Login, code typed in this chat",
        Some("token") => "Login on the website, before the chat",
        _ if proved("login") => "Login",
        _ => "Other method",
    }
}

/// A moment as the API writes it, in Unix milliseconds.
pub fn milliseconds(rfc3339: &str) -> Option<u64> {
    let moment: jiff::Timestamp = rfc3339.parse().ok()?;
    u64::try_from(moment.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: u64 = 1_800_000_060_000;

    fn flag(authenticated: bool, status: &str, expires_at: Option<&str>) -> Mark {
        Mark::of(Authentication {
            authenticated,
            status: status.into(),
            expires_at: expires_at.map(Into::into),
            binding: Some("opener".into()),
            ..Default::default()
        })
    }

    #[test]
    fn g_07_g_08_only_a_standing_flag_shows_the_mark() {
        let until = Some("2027-01-15T08:01:00Z");
        let standing = flag(true, "authenticated", until);
        assert_eq!(standing.shown(UNTIL - 1, true).status, "verified");
        assert_eq!(standing.shown(UNTIL - 1, true).seconds_left, 1);
        assert_eq!(standing.shown(UNTIL, true).status, "expired");
        assert_eq!(flag(false, "unauthenticated", None).shown(0, true).status, "unverified");
        assert_eq!(flag(false, "pending", None).shown(0, true).status, "pending");
    }

    #[test]
    fn unknown_is_never_shown_as_verified() {
        assert_eq!(Mark::unknown().shown(0, true).status, "unknown");
        assert_eq!(flag(true, "authenticated", None).shown(0, true).status, "unknown");
        assert_eq!(flag(true, "authenticated", Some("soon")).shown(0, true).status, "unknown");
        let deaf = flag(true, "authenticated", Some("2027-01-15T08:01:00Z")).shown(UNTIL - 1, false);
        assert_eq!(deaf.status, "unknown");
    }
}
