//! Draws the pages: the one place where a template meets a value. Owns the escaping; knows no page
//! in particular beyond what its template is given.

use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use super::embedded::embedded;
use super::{assets, texts};

pub(super) const TEMPLATES: [(&str, &str); 41] = embedded!("templates/":
    "layout.html", "parts.html", "landing.html", "customer_login.html", "answer.html", "questions.html", "photo.html",
    "screen.html", "code.html", "done.html", "address.html", "returning.html", "window.html", "notice.html",
    "problem.html", "prose.html", "reference.html", "console.html", "signin.html", "set_password.html",
    "account.html", "admin.html", "admin_account.html", "admin_accounts.html", "admin_audit.html",
    "admin_channels.html", "admin_desk.html", "admin_insights.html", "admin_lockouts.html", "admin_intents.html",
    "admin_keys.html", "admin_overview.html", "admin_screen.html", "admin_screens.html", "admin_settings.html",
    "admin_teams.html", "admin_users.html", "admin_webhook.html", "admin_webhooks.html", "agent.html", "frame.html",
);

/// The hosted pages, ready to be drawn.
pub struct Pages {
    templates: Environment<'static>,
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

impl Pages {
    /// Reads the built-in templates and texts.
    pub fn new() -> Pages {
        texts::load();
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_formatter(write_shown);
        templates.add_function("t", say);
        templates.add_function("n", count);
        templates.add_function("ago", ago);
        templates.add_function("span", span);
        templates.add_function("texts", texts_from);
        templates.add_function("channel_name", channel_name);
        templates.add_function("asset", asset_address);
        templates.add_function("said", said);
        templates.add_function("sections", || super::sections::SECTIONS.to_vec());
        templates.add_filter("moment", moment);
        templates.add_filter("spelled", spelled);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source).expect("built-in templates parse: tests");
        }
        Pages { templates }
    }

    pub(super) fn draw(&self, template: &str, values: Value) -> String {
        let template = self.templates.get_template(template).expect("every name is in TEMPLATES");
        template.render(values).expect("templates use what their page has: tests draw each")
    }
}

/// Escapes for HTML text and quoted attributes. Bidirectional controls and other control
/// characters are dropped, so that a name cannot turn round the words beside it. A value that is
/// missing is an error, never the word "none" on a bank's page.
fn write_shown(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "a value to be shown is missing"));
    }
    let shown = value.to_string();
    if value.is_safe() || matches!(state.auto_escape(), AutoEscape::None) {
        return Ok(out.write_str(&shown)?);
    }
    let mut escaped = String::with_capacity(shown.len() + 16);
    for character in shown.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            hidden if hidden.is_control() => {}
            plain => escaped.push(plain),
        }
    }
    Ok(out.write_str(&escaped)?)
}

/// `t("key", count=3)`: a text in the page's language.
fn say(state: &State, key: &str, values: Kwargs) -> Result<String, Error> {
    let mut said = text_in(state, key)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no text {key:?}")))?
        .to_owned();
    for name in values.args() {
        let value: Value = values.get(name)?;
        said = said.replace(&format!("{{{name}}}"), &value.to_string());
    }
    Ok(said)
}

/// `n("key", 3)`: the text for so many of something.
fn count(state: &State, key: &str, count: u64) -> Result<String, Error> {
    found(key, texts::counted(language(state), key, count))
}

/// `ago(3)`: "3 minutes ago".
fn ago(state: &State, minutes: u64) -> Result<String, Error> {
    found("ago", texts::ago(language(state), minutes))
}

/// `span(180)`: "3 minutes".
fn span(state: &State, seconds: u64) -> Result<String, Error> {
    found("left", texts::span(language(state), seconds))
}

fn found(key: &str, text: Option<String>) -> Result<String, Error> {
    text.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no text {key:?}")))
}

/// `texts("js.")`: every text whose key begins so, without that beginning, as JSON for a script.
fn texts_from(state: &State, start: &str) -> Result<String, Error> {
    let language = state.lookup("lang").and_then(|lang| lang.as_str().map(str::to_owned)).unwrap_or_default();
    let found: std::collections::BTreeMap<&str, &str> = texts::beginning(&language, start).collect();
    serde_json::to_string(&found).map_err(|_| Error::new(ErrorKind::InvalidOperation, "texts are plain"))
}

/// What people call the channel; one we have no word for keeps its own name.
fn channel_name(state: &State, channel: &str) -> String {
    text_in(state, &format!("channel.{channel}")).unwrap_or(channel).to_owned()
}

/// `said("the project's id")`: what a platform's definition says, in the page's language where it is one of ours.
fn said(state: &State, sentence: &str) -> String {
    texts::asked(language(state), sentence).unwrap_or_else(|| sentence.to_owned())
}

fn text_in(state: &State, key: &str) -> Option<&'static str> {
    texts::text(language(state), key)
}

/// The page's language; where a page has none, it is the developers'.
fn language(state: &State) -> &'static str {
    texts::language(state.lookup("lang").as_ref().and_then(Value::as_str).unwrap_or_default())
}

fn asset_address(name: &str) -> Result<String, Error> {
    assets::address(name).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no asset {name:?}")))
}

/// A moment as people read it without a script; with one, `page.js` says it in the reader's own time.
fn moment(state: &State, time: &str) -> String {
    texts::moment(language(state), time)
}

/// `B2C` as `B, 2, C`: read aloud sign by sign.
fn spelled(code: &str) -> String {
    code.chars().map(String::from).collect::<Vec<_>>().join(", ")
}
