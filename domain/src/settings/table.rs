//! One row for each setting: its path, what it takes, and its default.
//! Knows one value at a time: what two settings must not be together stands in `rules`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

use super::Intent;
use crate::base::method::Method;
use crate::base::validation;
use crate::base::validation::{FieldError, Kind, ValidationError};
use crate::customer::matching;
use crate::providers::question_rule;

/// Whether a text is one that is taken.
type Rule = fn(&str) -> Result<(), &'static Kind>;

/// The values that a setting takes, with its default where it has one of its own.
#[derive(Clone, Copy, Debug)]
pub enum SettingShape {
    /// true or false: the default.
    Switch(bool),
    /// A whole number within bounds, with the default.
    Number(u64, u64, u64),
    /// Minutes within bounds, or `"never"`, with the default.
    Span(u64, u64, u64),
    /// One of these words, with the default.
    OneOf(&'static [&'static str], &'static str),
    /// One of these words, or nothing.
    Maybe(&'static [&'static str]),
    /// A text judged by a rule, or nothing.
    Text(Rule),
    /// A text with a default, judged by a rule.
    Phrase(&'static str, Rule),
    /// Fields of private data: names, or objects that say how each is compared.
    MatchRules,
    /// Facts that are asked for: names, or objects that say how.
    QuestionRules,
    /// A list of distinct texts, each judged by a rule, with its default.
    List(&'static [&'static str], Rule),
}

/// One setting.
pub(super) struct SettingRow {
    /// Dotted path.
    pub path: &'static str,
    /// What it takes.
    pub takes: SettingShape,
}

use SettingShape::{List, MatchRules, Maybe, Number, OneOf, Phrase, QuestionRules, Span, Switch, Text};

const fn row(path: &'static str, takes: SettingShape) -> SettingRow {
    SettingRow { path, takes }
}

const WEEK: u64 = 10_080;
const BUDGET: u64 = 1_000_000;

/// Every setting of the contract but `intents`, whose rows are its names.
pub(super) const ROWS: &[SettingRow] = &[
    row("authentication_url", Text(web_page)),
    row("allowed_origins", List(&[], origin)),
    row("authentication_timeout_minutes", Number(1, WEEK, 15)),
    row("interaction_timeout_minutes", Number(1, WEEK, 30)),
    row("absolute_timeout_minutes", Number(1, WEEK, 480)),
    row("binding", OneOf(&["auto", "opener", "code", "none"], "auto")),
    row("other_browser", OneOf(&["ask", "refuse"], "ask")),
    row("link.ttl_minutes", Span(1, WEEK, 10)),
    row("link.landing", OneOf(&["required", "optional"], "required")),
    row("entry.require_authentication", Switch(false)),
    row("entry.first", OneOf(&Method::NAMES, Method::ENTRY_DEFAULT.as_str())),
    row("entry.subsequent", Maybe(&Method::NAMES)),
    row("entry.offline_minutes", Number(0, WEEK, 15)),
    row("entry.ttl_minutes", Span(1, WEEK, 1440)),
    row("entry.admit_url", Text(web_page)),
    row("otp.length", Number(4, 10, 6)),
    row("otp.expires_minutes", Span(1, WEEK, 3)),
    row("otp.max_tries", Number(1, 100, 3)),
    row("otp.message", Phrase("#PIN# is your verification code.", one_pin)),
    row("otp.send_to_customer", Switch(true)),
    row("otp.send_when", OneOf(&["arrival", "invite"], "arrival")),
    row("otp.second_channel", Switch(true)),
    row("otp.show_to_agents", Switch(false)),
    row("pin.opening_screen", Text(name)),
    row("kba.enabled", Switch(false)),
    row("kba.provider", Text(name)),
    row("kba.questions", Number(1, 10, 3)),
    row("kba.must_match", Number(1, 10, 3)),
    row("kba.expires_minutes", Number(1, WEEK, 10)),
    row("kba.ask", QuestionRules),
    row("kba.send", List(&[], name)),
    row("photo_id.enabled", Switch(false)),
    row("photo_id.provider", Text(name)),
    row("photo_id.quality_threshold", Number(1, 100, 3)),
    row("photo_id.authentication_threshold", Number(1, 100, 2)),
    row("photo_id.lockout_minutes", Number(1, WEEK, 15)),
    row("photo_id.max_lockouts", Number(0, 100, 3)),
    row("lockout.threshold", Number(1, 100, 5)),
    row("lockout.duration_minutes", Number(1, WEEK, 15)),
    row("lockout.growth", Number(1, 10, 1)),
    row("lockout.max_lockouts", Number(0, 100, 3)),
    row("two_factor.always", Switch(false)),
    row("two_factor.on_fingerprint_change", Switch(false)),
    row("two_factor.on_region_change", Switch(false)),
    row("login_otp", Switch(false)),
    row("password.min_length", Number(6, 64, 6)),
    row("ticket.access_minutes", Number(1, 1440, 15)),
    row("ticket.refresh_minutes", Number(1, WEEK, WEEK)),
    row("send_budget.resend_after_seconds", Number(0, 3600, 30)),
    row("send_budget.per_interaction", Number(1, BUDGET, 10)),
    row("send_budget.per_destination_hour", Number(1, BUDGET, 5)),
    row("send_budget.per_destination_day", Number(1, BUDGET, 12)),
    row("send_budget.per_team_day", Number(1, BUDGET, 10_000)),
    row("send_budget.countries", List(&[], country)),
    row("delivery.order", List(&["chat", "sms", "email"], delivery)),
    row("delivery.event_webhook", Text(name)),
    row("directory.kind", OneOf(&["builtin", "ldap", "postgres", "http"], "builtin")),
    row("directory.match", MatchRules),
    row("brand.name", Text(short)),
    row("brand.color", Text(color)),
    row("brand.logo", Text(logo)),
    row("locale", Phrase("en", language)),
];

pub(super) const MAX_INTENTS: usize = 100;

/// The row of a path. An intent's row is made of its name.
pub(super) fn find(path: &str) -> Option<ValueCheck> {
    if let Some(name) = path.strip_prefix("intents.") {
        return Some(ValueCheck::Intent(name.to_owned()));
    }
    ROWS.iter().find(|row| row.path == path).map(ValueCheck::Row)
}

/// What judges one path's value.
pub(super) enum ValueCheck {
    Row(&'static SettingRow),
    Intent(String),
}

impl ValueCheck {
    /// The value to keep, or what is wrong with it: where, from the setting on.
    pub fn check(&self, value: &Value) -> Result<Value, FieldError> {
        match self {
            Self::Row(row) => row.check(value),
            Self::Intent(name) => intent(name, value),
        }
    }
}

/// Whether a path is an object that holds settings.
pub(super) fn is_section(path: &str) -> bool {
    let under = format!("{path}.");
    path == "intents" || ROWS.iter().any(|row| row.path.starts_with(&under))
}

/// Whether the value switches a setting off rather than being one.
pub(super) fn is_none(path: &str, value: &Value) -> bool {
    value == "none" && ROWS.iter().any(|row| row.path == path && matches!(row.takes, Maybe(_) | Text(_)))
}

/// How many intents the system and a team may have together.
pub(super) fn too_many_intents(count: usize) -> bool {
    count > MAX_INTENTS
}

/// Says that there is no such setting, and which one is nearest.
pub(super) fn unknown(path: &str) -> ValidationError {
    let nearest = ROWS
        .iter()
        .map(|row| row.path)
        .max_by(|a, b| strsim::jaro_winkler(a, path).total_cmp(&strsim::jaro_winkler(b, path)));
    validation::SETTING.with([("nearest", &nearest.unwrap_or("intents"))])
}

/// Puts a value into a tree at a dotted path.
pub(super) fn put(tree: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            tree.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = tree.entry(section).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

impl SettingRow {
    /// The default.
    pub fn default_value(&self) -> Value {
        match &self.takes {
            Switch(on) => json!(on),
            Number(_, _, n) | Span(_, _, n) => json!(n),
            OneOf(_, default) => json!(default),
            Maybe(_) | Text(_) => Value::Null,
            Phrase(text, _) => json!(text),
            MatchRules | QuestionRules => json!([]),
            List(texts, _) => json!(texts),
        }
    }

    fn check(&self, value: &Value) -> Result<Value, FieldError> {
        let kept = match (&self.takes, value) {
            (Switch(_), Value::Bool(_)) => Ok(()),
            (Switch(_), _) => Err(whole(&validation::SWITCH)),
            (Number(low, high, _), value) => within(value, *low, *high, &validation::NUMBER),
            (Span(low, high, _), value) if value != "never" => within(value, *low, *high, &validation::NUMBER_OR_NEVER),
            (Span(..), _) => Ok(()),
            (OneOf(words, _), value) => one_of(value, words, &validation::ONE_OF),
            (Maybe(words), value) if value != "none" => one_of(value, words, &validation::ONE_OF_OR_NONE),
            (Text(rule), Value::String(text)) if text != "none" => rule(text).map_err(whole),
            (Maybe(_), _) | (Text(_), Value::String(_)) => Ok(()),
            (Phrase(_, rule), Value::String(text)) => rule(text).map_err(whole),
            (Text(_) | Phrase(..), _) => Err(whole(&validation::TEXT)),
            (MatchRules, value) => rules(value, &validation::MATCHED, |rule: matching::Rule| rule.field),
            (QuestionRules, value) => rules(value, &validation::ASKED, |rule: question_rule::QuestionRule| rule.fact),
            (List(_, rule), value) => list(value, *rule),
        };
        kept.map(|()| value.clone())
    }
}

/// What is wrong with the whole value.
fn whole(error: impl Into<ValidationError>) -> FieldError {
    FieldError::at("", error)
}

/// What is wrong with an item of a list.
fn item(at: usize, error: impl Into<ValidationError>) -> FieldError {
    FieldError::at(format!("/{at}"), error)
}

fn within(value: &Value, low: u64, high: u64, otherwise: &'static Kind) -> Result<(), FieldError> {
    match value.as_u64() {
        Some(n) if (low..=high).contains(&n) => Ok(()),
        _ => Err(whole(otherwise.with([("least", &low), ("most", &high)]))),
    }
}

fn one_of(value: &Value, words: &[&str], otherwise: &'static Kind) -> Result<(), FieldError> {
    match value.as_str() {
        Some(word) if words.contains(&word) => Ok(()),
        _ => Err(whole(otherwise.with([("words", &words.join(", "))]))),
    }
}

fn list(value: &Value, rule: Rule) -> Result<(), FieldError> {
    let items = value.as_array().ok_or_else(|| whole(&validation::LIST))?;
    if items.len() > MAX_ITEMS {
        return Err(whole(validation::TOO_MANY.with([("most", &MAX_ITEMS)])));
    }
    for (at, text) in items.iter().enumerate() {
        rule(text.as_str().ok_or_else(|| item(at, &validation::TEXT))?).map_err(|kind| item(at, kind))?;
        if items[..at].contains(text) {
            return Err(item(at, &validation::TWICE));
        }
    }
    Ok(())
}

const MAX_ITEMS: usize = 250;
const MAX_RULES: usize = 20;

/// A list of names, each perhaps with how it is meant; no name twice.
fn rules<R: DeserializeOwned>(value: &Value, kind: &'static Kind, name: fn(R) -> String) -> Result<(), FieldError> {
    let items = value.as_array().filter(|items| items.len() <= MAX_RULES).ok_or_else(|| whole(kind))?;
    let mut names = Vec::new();
    for (at, one) in items.iter().enumerate() {
        let wrong = |e: serde_json::Error| item(at, kind.saying(format!("{}; this one: {e}", kind.says)));
        let name = name(serde_json::from_value(one.clone()).map_err(wrong)?);
        if names.contains(&name) {
            return Err(item(at, validation::TWICE.saying(format!("{name} stands there twice"))));
        }
        names.push(name);
    }
    Ok(())
}

fn intent(name: &str, value: &Value) -> Result<Value, FieldError> {
    name.parse::<crate::base::id::IntentName>().map_err(whole)?;
    let intent: Intent = serde_json::from_value(value.clone()).map_err(|e| whole(validation::read(&e.to_string())))?;
    if intent.accept.is_empty() {
        return Err(FieldError::at("/accept", &validation::NO_METHOD));
    }
    if intent.max_age_minutes.is_some_and(|m| !(1..=WEEK).contains(&m)) {
        return Err(FieldError::at("/max_age_minutes", validation::NUMBER.with([("least", &1), ("most", &WEEK)])));
    }
    if let Some(kind) = intent.label.and_then(|label| short(&label).err()) {
        return Err(FieldError::at("/label", kind));
    }
    let twice = |(at, binding)| intent.bindings[..at].contains(binding);
    if intent.bindings.iter().enumerate().any(twice) {
        return Err(FieldError::at("/bindings", &validation::TWICE));
    }
    if intent.acr.len() > MAX_RULES {
        return Err(FieldError::at("/acr", validation::TOO_MANY.with([("most", &MAX_RULES)])));
    }
    Ok(value.clone())
}

/// An absolute https URL without a fragment; http only on a loopback host.
fn web_page(text: &str) -> Result<(), &'static Kind> {
    let url = Url::parse(text).map_err(|_| &validation::WEB_PAGE)?;
    if text.len() > 2048 || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(&validation::URL_PARTS);
    }
    match url.scheme() {
        "https" if !has_plain_host(&url) => Err(&validation::HOST),
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => Err(&validation::WEB_PAGE),
    }
}

/// Whether the host is an address or a plain name. The URL standard allows `*`, `;` and `,` in a name too: a
/// browser would read them in a Content-Security-Policy as a pattern or as the end of a list.
fn has_plain_host(url: &Url) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(good);
    match url.host() {
        Some(url::Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).split('.').all(is_label),
        other => other.is_some(),
    }
}

/// A picture that is spelled out. An address is taken, too, and not shown: pages load nothing from elsewhere.
fn logo(text: &str) -> Result<(), &'static Kind> {
    const KINDS: [&str; 5] = ["png", "jpeg", "gif", "webp", "svg+xml"];
    let Some(picture) = text.strip_prefix("data:image/") else { return web_page(text) };
    let spelled = picture.split_once(";base64,").filter(|(kind, _)| KINDS.contains(kind));
    let good = spelled.is_some_and(|(_, bytes)| STANDARD.decode(bytes).is_ok_and(|bytes| !bytes.is_empty()));
    if good && text.len() <= MAX_LOGO_BYTES { Ok(()) } else { Err(&validation::LOGO) }
}

/// It stands in each page that shows it.
const MAX_LOGO_BYTES: usize = 24 * 1024;

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether a text is an origin that `allowed_origins` takes.
pub fn is_origin(text: &str) -> bool {
    origin(text).is_ok()
}

fn origin(text: &str) -> Result<(), &'static Kind> {
    web_page(text)?;
    let url = Url::parse(text).map_err(|_| &validation::ORIGIN)?;
    if url.origin().ascii_serialization() == text { Ok(()) } else { Err(&validation::ORIGIN) }
}

fn name(text: &str) -> Result<(), &'static Kind> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(good) { Ok(()) } else { Err(&validation::NAME) }
}

fn short(text: &str) -> Result<(), &'static Kind> {
    if crate::base::id::plain_text(text, 200) { Ok(()) } else { Err(&validation::SHORT) }
}

fn color(text: &str) -> Result<(), &'static Kind> {
    let hex = text.strip_prefix('#').is_some_and(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex { Ok(()) } else { Err(&validation::COLOR) }
}

fn country(text: &str) -> Result<(), &'static Kind> {
    let good = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    if good { Ok(()) } else { Err(&validation::COUNTRY) }
}

fn delivery(text: &str) -> Result<(), &'static Kind> {
    let good = matches!(text, "chat" | "sms" | "email" | "event");
    if good { Ok(()) } else { Err(&validation::WAY) }
}

fn language(text: &str) -> Result<(), &'static Kind> {
    let good = (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good { Ok(()) } else { Err(&validation::LANGUAGE) }
}

fn one_pin(text: &str) -> Result<(), &'static Kind> {
    let good = crate::base::id::plain_text(text, 1000) && text.matches("#PIN#").count() == 1;
    if good { Ok(()) } else { Err(&validation::ONE_PIN) }
}
