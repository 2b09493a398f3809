//! A definition read and judged: what its types let pass and is wrong all the same, because it
//! spans several of its tables. Every fault has its line and says what would be right.

use std::fmt;

use super::fields::{BASE_URL, FORWARD_URL};
use super::format::{Encoding, File, Form};
use super::matching::When;
use super::outcome::MessageId;
use crate::auth::Auth;
use crate::template::{Name, Template};

/// What is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The definition's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.detail)
    }
}

impl std::error::Error for Malformed {}

/// A fault, and words that stand in the line that it is in.
type Fault = (String, String);

/// Reads a definition.
pub fn load(name: &str, source: &str) -> Result<File, Malformed> {
    let malformed = |line, detail| Malformed { file: name.to_owned(), line, detail };
    let file: File = toml::from_str(source).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        malformed(line_of(source, at), error.message().to_owned())
    })?;
    match judge(&file) {
        Ok(()) => Ok(file),
        Err((place, detail)) => {
            // Each part behind the one before.
            let find = |at: usize, part| source.get(at..)?.find(part).map(|found| at + found + 1);
            let last = place.rsplit('\0').next().unwrap_or_default();
            let at = place.split('\0').try_fold(0, find).or_else(|| source.find(last));
            Err(malformed(line_of(source, at.unwrap_or(0)), detail))
        }
    }
}

fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes()[..at.min(source.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn fault<T>(place: impl Into<String>, detail: impl Into<String>) -> Result<T, Fault> {
    Err((place.into(), detail.into()))
}

fn judge(file: &File) -> Result<(), Fault> {
    names(file)?;
    for auth in &file.auth {
        // A webhook's headers say the message's id; everything else is proved without a message.
        let of = if matches!(auth, Auth::StandardWebhook(_)) { Of::Message } else { Of::Account };
        for template in auth.templates() {
            known(file, template, of, "[[auth]]")?;
        }
    }
    if file.auth.is_empty() {
        return fault("", "`auth` must name at least one way; `[[auth]] kind = \"none\"` where there is none");
    }
    sending(file)?;
    file.auth.iter().try_for_each(|auth| place_of_secret(file, auth))?;
    answers(file)?;
    match &file.inbound {
        Some(_) => inbound(file),
        None => Ok(()),
    }
}

fn names(file: &File) -> Result<(), Fault> {
    let name = &file.platform.name;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return fault("name", format!("`{name}` must be of a-z, 0-9 and - only"));
    }
    if let Some(own) = [BASE_URL, FORWARD_URL].iter().find(|own| file.account.contains_key(**own)) {
        return fault(format!("[account.{own}]"), format!("every account has `{own}` already; take it out"));
    }
    for field in file.platform.one_of.iter().flatten() {
        if !file.account.contains_key(field) {
            return fault("one_of", format!("`{field}` is no field of the account; there are: {}", fields(file)));
        }
    }
    for (name, field) in &file.account {
        if field.default.as_ref().is_some_and(|default| !field.choices.is_empty() && !field.choices.contains(default)) {
            return fault(format!("[account.{name}]"), "the default must be one of the choices");
        }
    }
    Ok(())
}

fn fields(file: &File) -> String {
    file.account.keys().map(String::as_str).chain([BASE_URL]).collect::<Vec<_>>().join(", ")
}

fn secrets(file: &File) -> String {
    file.secrets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What a template is about: it may name no more than that has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Account,
    Message,
    Link,
    Code,
}

fn known(file: &File, template: &Template, of: Of, within: &str) -> Result<(), Fault> {
    for hole in template.holes() {
        let place = format!("{within}\0{{{}", hole.name);
        match &hole.name {
            Name::Account(field) if !file.account.contains_key(field) && field != BASE_URL => {
                return fault(place, format!("the account has no field `{field}`; there are: {}", fields(file)));
            }
            Name::Secret(name) if !file.secrets.contains_key(name) => {
                return fault(place, format!("there is no secret `{name}`; there are: {}", secrets(file)));
            }
            Name::Part(part) if !file.platform.address.contains(part) => {
                let known = file.platform.address.join(", ");
                return fault(place, format!("the address has no part `{part}`; `platform.address` names: {known}"));
            }
            Name::Url | Name::UrlRest if of != Of::Link => return fault(place, "only a link's form has a URL"),
            Name::UrlRest if !file.account.contains_key("link_base") => {
                return fault(
                    place,
                    "`{url.rest}` needs an account field `link_base`: what the button's URL begins with",
                );
            }
            Name::Code if of != Of::Code => return fault(place, "only a code's form has a code"),
            Name::Account(_) | Name::Secret(_) | Name::Unix | Name::Timestamp | Name::Fresh => {}
            name if of == Of::Account => {
                return fault(place, format!("`{{{name}}}` is a message's, and here there is none"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where the secret is said to stand it stands.
fn place_of_secret(file: &File, auth: &Auth) -> Result<(), Fault> {
    let says = |template: &Template| template.holes().any(|hole| matches!(hole.name, Name::Secret(_)));
    let (place, kind, stands) = match auth {
        Auth::Path {} => ("[send]\0path = ", "path", says(file.send.path.template())),
        Auth::Query {} => ("[send]", "query", file.send.query.values().any(says)),
        Auth::StandardWebhook(sealed) if !file.secrets.contains_key(&sealed.secret) => {
            let detail = format!("there is no secret `{}`; there are: {}", sealed.secret, secrets(file));
            return fault(format!("\"{}\"", sealed.secret), detail);
        }
        _ => return Ok(()),
    };
    if stands {
        return Ok(());
    }
    fault(place, format!("no secret stands in `send.{kind}`: write one as `{{secrets.NAME}}`"))
}

fn sending(file: &File) -> Result<(), Fault> {
    let send = &file.send;
    if let Some(origin) = &file.platform.origin {
        known(file, origin.template(), Of::Account, "[platform]")?;
    }
    known(file, send.path.template(), Of::Message, "[send]")?;
    for template in send.query.values().chain(send.headers.values()) {
        known(file, template, Of::Message, "[send]")?;
    }
    for name in send.headers.keys() {
        if name.parse::<http::HeaderName>().is_err() {
            return fault(name, format!("`{name}` is no name of a header"));
        }
    }
    for template in send.common.iter().flat_map(|common| common.templates()) {
        known(file, template, Of::Message, "[send.common]")?;
    }
    for call in file.retract.heard.iter().chain(&file.retract.sent) {
        for template in call.templates() {
            known(file, template, Of::Message, "[retract.")?;
        }
        if call.success.is_empty() {
            return fault("[retract.", "`success` must say how a message that is gone is known");
        }
        for success in &call.success {
            sound(success, "[retract.\0success")?;
        }
    }
    if let Some(link) = &file.can.return_link {
        known(file, link.0.template(), Of::Code, "[can]")?;
        if !link.0.template().holes().any(|hole| hole.name == Name::Code) {
            return fault("return_link", "a return link carries a code: write `{code}`");
        }
    }
    if send.text.is_empty() {
        return fault("[send]", "every platform can send text: add `[[send.text]]`");
    }
    for (forms, of) in [(&send.text, Of::Message), (&send.link, Of::Link), (&send.code, Of::Code)] {
        for form in forms {
            self::form(file, form, of)?;
        }
    }
    Ok(())
}

fn form(file: &File, form: &Form, of: Of) -> Result<(), Fault> {
    let (table, wanted): (_, &[Name]) = match of {
        Of::Link => ("[[send.link]]", &[Name::Plain, Name::Url, Name::UrlRest]),
        Of::Code => ("[[send.code]]", &[Name::Plain, Name::Text, Name::Code]),
        // A link that has no form of its own is sent so: `{text}` would leave its URL out.
        Of::Message | Of::Account => ("[[send.text]]", &[Name::Plain]),
    };
    for template in form.body.templates() {
        known(file, template, of, table)?;
    }
    for field in &form.needs {
        if !file.account.contains_key(field) {
            return fault("needs", format!("`{field}` is no field of the account; there are: {}", fields(file)));
        }
    }
    let mut holes = form.body.templates().into_iter().flat_map(Template::holes);
    if !holes.any(|hole| wanted.contains(&hole.name)) {
        let names = wanted.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" or ");
        return fault(table, format!("the form does not say what it is for: it must hold {names}"));
    }
    if file.send.encoding != Encoding::Json && !form.body.is_flat() {
        return fault(table, "a form's body is a table of plain values; a table inside it needs `$json`");
    }
    Ok(())
}

fn answers(file: &File) -> Result<(), Fault> {
    if file.answer.success.is_empty() {
        return fault("[answer]", "`success` must say how a message that was taken is known");
    }
    if let MessageId::Chosen(template) = &file.answer.message_id {
        known(file, template, Of::Message, "[answer]")?;
    }
    for success in &file.answer.success {
        sound(success, "success")?;
    }
    for (number, row) in file.errors.iter().enumerate() {
        sound(&row.when, &vec!["[[errors]]"; number + 1].join("\0"))?;
    }
    Ok(())
}

fn sound(when: &When, place: &str) -> Result<(), Fault> {
    when.fault().map_or(Ok(()), |detail| fault(place, detail))
}

fn inbound(file: &File) -> Result<(), Fault> {
    let Some(inbound) = &file.inbound else { return Ok(()) };
    if inbound.verify.is_empty() {
        return fault("[inbound]", "`verify` must say how what comes in is proved");
    }
    let told = inbound.handshake.iter().filter_map(|handshake| match &handshake.proof {
        crate::inbound::handshake::Proof::Secret(told) => Some(told.name.as_str()),
        crate::inbound::handshake::Proof::Signature => None,
    });
    for name in inbound.verify.iter().filter_map(|verify| verify.secret()).chain(told) {
        if !file.secrets.contains_key(name) {
            return fault(format!("\"{name}\""), format!("there is no secret `{name}`; there are: {}", secrets(file)));
        }
    }
    for verify in &inbound.verify {
        for template in verify.templates() {
            known(file, template, Of::Account, "[inbound]")?;
        }
        if let crate::inbound::proof::Verify::Hmac(keyed) = verify
            && !keyed.over.covers_body()
            && keyed.body_hash_in_query.is_none()
        {
            return fault("over", "the signature must cover the body: `{body}`, `{form}`, or `body_hash_in_query`");
        }
    }
    let messages = inbound.message.iter().flat_map(|shape| &shape.accept_if);
    let receipts = inbound.receipt.iter().flat_map(|shape| &shape.accept_if);
    let linked = inbound.linked.iter().flat_map(|shape| &shape.accept_if);
    for when in messages.chain(receipts).chain(linked) {
        sound(when, "accept_if")?;
        if !when.status.is_empty() || when.element.is_some() || when.pointer.is_none() {
            return fault("accept_if", "what comes in has no status and no elements: look at a `pointer`");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = include_str!("../../definitions/telegram.toml");

    /// The line, and what is said, after a change of a definition that is right.
    fn told(from: &str, to: &str) -> (usize, String) {
        assert!(RIGHT.contains(from), "{from}");
        let source = RIGHT.replacen(from, to, 1);
        let wrong = load("x.toml", &source).map(drop).expect_err(to);
        let line = source.lines().nth(wrong.line - 1).unwrap_or_default();
        // What is wrong is in the line that is told, or the line heads it.
        let part = to.split('\n').find(|part| line.contains(part.trim()) && !part.trim().is_empty());
        assert!(part.is_some() || line.starts_with('['), "{to}: line {}: {line}", wrong.line);
        (wrong.line, wrong.to_string())
    }

    /// A change of what is right, and what is said of it.
    const FAULTS: &[(&str, &str, &str)] = &[
        ("encoding = \"json\"", "encoding = \"xml\"", "expected one of `json`, `form`, `query`"),
        ("[can]", "[can]\nfly = true", "unknown field `fly`, expected one of `initiate`"),
        (
            "path = \"/bot{secrets.token}",
            "path = \"/bot{secrets.tokn}",
            "there is no secret `tokn`; there are: token, webhook_secret",
        ),
        ("path = \"/bot{secrets.token}", "path = \"/bot{account.bt}", "the account has no field `bt`; there are: bot,"),
        ("path = \"/bot{secrets.token}", "path = \"bot{secrets.token}", "must be a path that begins with `/`"),
        ("path = \"/bot{secrets.token}", "path = \"/bot", "no secret stands in `send.path`"),
        ("chat_id = \"{to}\"", "chat_id = \"{too}\"", "unknown placeholder `{too}`; there are: to,"),
        ("chat_id = \"{to}\"", "chat_id = \"{to.room}\"", "the address has no part `room`"),
        ("chat_id = \"{to}\"", "chat_id = \"{to|upper}\"", "unknown filter `upper`"),
        ("chat_id = \"{to}\"", "chat_id = \"{code}\"", "only a code's form has a code"),
        ("body = { text = \"{plain}\" }", "body = { text = \"{text}\" }", "it must hold {plain}"),
        ("body = { text = \"{plain}\" }", "body = { text = \"{plain} {url}\" }", "only a link's form has a URL"),
        ("class = \"retry\"", "class = \"again\"", "expected one of `retry`"),
        ("reason = \"rate\"", "reason = \"busy\"", "expected one of `not-reachable`"),
        (
            "[answer]\nsuccess = [{ pointer = \"/ok\", is = [true] }]",
            "[answer]\nsuccess = []",
            "how a message that was taken is known",
        ),
        ("success = [{ pointer = \"/ok\", is = [true] }]", "success = []", "how a message that is gone is known"),
        ("pointer = \"/ok\"", "pointer = \"ok\"", "must begin with `/`"),
        ("is = [true]", "is = [[]]", "a text, a number, a range"),
        ("name = \"telegram\"", "name = \"Tele gram\"", "a-z, 0-9 and -"),
        ("secret = \"webhook_secret\"", "secret = \"webhook\"", "there is no secret `webhook`"),
        (
            "accept_if = [{ pointer = \"/message/text\", present = true },",
            "accept_if = [{ pointer = \"/message/text\" },",
            "say what must be found there",
        ),
        ("audience.direct-if", "audience.alone-if", "unknown variant `alone-if`"),
        (
            "return_link = \"https://t.me/{account.bot}?start={code}\"",
            "return_link = \"https://t.me/{account.bot}\"",
            "write `{code}`",
        ),
        ("return_link = \"https:", "return_link = \"http:", "a URL that begins with `https://`"),
        ("kind = \"path\"", "kind = \"magic\"", "expected one of `none`, `basic`"),
        ("limits = { plain = 4096 }", "limits = { plane = 4096 }", "unknown field `plane`"),
        ("[[send.text]]", "[[send.txt]]", "unknown field `txt`"),
    ];

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_would_be_right() {
        for (from, to, says) in FAULTS {
            let (_, told) = told(from, to);
            assert!(told.starts_with("x.toml:") && told.contains(says), "{to}: {told}");
        }
    }

    #[test]
    fn a_signature_that_leaves_the_body_out_is_refused() {
        let shared =
            "kind = \"shared\"\nsecret = \"webhook_secret\"\nplace.header = \"X-Telegram-Bot-Api-Secret-Token\"";
        let hmac = "kind = \"hmac\"\nhash = \"sha256\"\nsecret = \"webhook_secret\"\nover = \"{url}\"\nsignature = { header = \"x\", encoding = \"hex\" }";
        let (_, told) = told(shared, hmac);
        assert!(told.contains("must cover the body"), "{told}");
    }

    #[test]
    fn a_row_that_is_wrong_is_told_apart_from_the_others() {
        let (line, told) = told("when = { status = [401, 404] }", "when = { present = true }");
        assert!(told.contains("need `pointer` or `element`"), "{told}");
        let before = RIGHT.lines().take(line - 1).filter(|line| line.starts_with("[[errors]]")).count();
        assert_eq!(before, 4);
    }

    /// What the page teaches can be loaded, and is refused in the words that it quotes.
    #[test]
    fn the_pages_example_is_right() {
        let page = include_str!("../../README.md");
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        load("pigeon-post.toml", example).unwrap_or_else(|wrong| panic!("{wrong}"));
        let wrong = load("pigeon-post.toml", &example.replace("{account.loft}", "{account.lof}")).unwrap_err();
        assert!(page.contains(&wrong.to_string()), "{wrong}");
    }

    /// Every word of the format stands on the page that teaches it.
    #[test]
    fn the_page_names_what_there_is() {
        let page = include_str!("../../README.md");
        for (name, source) in crate::shipped::SOURCES {
            let table: toml::Table = toml::from_str(source).unwrap();
            let kinds = |table: &toml::Table, name: &str| {
                let all = table.get(name).and_then(toml::Value::as_array).cloned().unwrap_or_default();
                all.into_iter().filter_map(|one| Some(one.get("kind")?.as_str()?.to_owned())).collect::<Vec<_>>()
            };
            let inbound = table.get("inbound").and_then(toml::Value::as_table).map(|inbound| kinds(inbound, "verify"));
            for kind in kinds(&table, "auth").into_iter().chain(inbound.unwrap_or_default()) {
                assert!(page.contains(&format!("`{kind}`")), "{name}: `{kind}` is not on the page");
            }
        }
    }
}
