//! Rules across fields, judged on effective settings, and warnings: what a team may do but
//! should know that a standard advises against.

use serde::Serialize;
use serde_json::Value;

use super::{BindingRule, Minutes, Settings, table};
use crate::base::validation;
use crate::base::validation::FieldError;
use crate::refusal::Refusal;

/// A setting that departs from a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Dotted path.
    pub path: &'static str,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people, naming the standard where it is one.
    pub detail: &'static str,
}

pub(super) fn check(settings: &Settings, json: &Value) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let two = &settings.two_factor;
    if two.always && (two.on_fingerprint_change || two.on_region_change) {
        errors.push(FieldError::at(
            "/two_factor/always",
            validation::EXCLUDES.with([("others", &"on_fingerprint_change, on_region_change")]),
        ));
    }
    if settings.kba.must_match > settings.kba.questions {
        errors.push(FieldError::at("/kba/must_match", validation::MORE_THAN.with([("other", &"kba.questions")])));
    }
    let (kba, facts) = (&settings.kba, settings.kba.ask.len());
    if facts > 0 && facts < kba.questions {
        errors.push(FieldError::at("/kba/ask", validation::TOO_FEW.with([("other", &"kba.questions")])));
    }
    if table::too_many_intents(settings.intents.len()) {
        errors.push(FieldError::at("/intents", validation::TOO_MANY.with([("most", &table::MAX_INTENTS)])));
    }
    if settings.delivery.names_event() && json["delivery"]["event_webhook"].is_null() {
        errors.push(FieldError::at(
            "/delivery/event_webhook",
            validation::NEEDED_BY.with([("other", &"delivery.order"), ("word", &"event")]),
        ));
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(errors)) }
}

pub(super) fn warnings(settings: &Settings) -> Vec<Warning> {
    let long = |span: Minutes| span != Minutes::Never && !matches!(span, Minutes::Of(m) if m <= 10);
    let (link, code) = (settings.link.ttl_minutes, settings.otp.expires_minutes);
    let all = [
        (link == Minutes::Never, "link.ttl_minutes", "never-expires", LINK_NEVER),
        (long(link), "link.ttl_minutes", "long-lived", LINK_LONG),
        (settings.binding == BindingRule::None, "binding", "no-binding", NO_BINDING),
        (code == Minutes::Never, "otp.expires_minutes", "never-expires", CODE_NEVER),
        (long(code), "otp.expires_minutes", "long-lived", CODE_LONG),
        (settings.otp.length < 6, "otp.length", "short-code", SHORT_CODE),
        (settings.otp.reaches_nobody(), "otp.send_to_customer", "reaches-nobody", REACHES_NOBODY),
        (settings.brand.logo_is_elsewhere(), "brand.logo", "logo-not-shown", LOGO_ELSEWHERE),
        (settings.kba.enabled, "kba.enabled", "knowledge-based", KNOWLEDGE),
        (settings.kba.enabled && settings.kba.provider.is_some(), "kba.provider", "answers-leave", ANSWERS_LEAVE),
    ];
    let held = all.into_iter().filter(|(holds, ..)| *holds);
    held.map(|(_, path, code, detail)| Warning { path, code, detail }).collect()
}

const LINK_NEVER: &str = "Links never expire: whoever finds one in a chat's history can use it. \
    OWASP ASVS 6.5.5 wants 10 minutes at most.";
const LINK_LONG: &str = "Links live longer than the 10 minutes of OWASP ASVS 6.5.5.";
const NO_BINDING: &str = "A link or a page that is forwarded authenticates the chat that it came from, as whoever \
    proves themselves there. RFC 10027 wants browser and chat to be shown to be one person's.";
const CODE_NEVER: &str = "Codes never expire. OWASP ASVS 6.5.5 wants 10 minutes at most.";
const CODE_LONG: &str = "Codes live longer than the 10 minutes of OWASP ASVS 6.5.5.";
const SHORT_CODE: &str = "Codes of fewer than 6 digits are below NIST SP 800-63B for out-of-band secrets.";
const REACHES_NOBODY: &str = "One-time codes are neither sent to customers nor shown to agents (otp.show_to_agents), \
    so asking for one is refused.";
const LOGO_ELSEWHERE: &str = "The logo is not shown: pages load nothing from another origin. \
    Spell the picture out as data:image/…;base64,….";
const ANSWERS_LEAVE: &str = "What customers answer leaves for the provider, with their id and the fields that kba.send \
    names, and whether it is right is the provider's word alone.";
const KNOWLEDGE: &str =
    "Knowledge-based answers are no authenticator: OWASP ASVS 6.4.2 and NIST SP 800-63B refuse them.";
