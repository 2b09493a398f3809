//! How messages go, judged: what stands in a request is known there, every kind of message says
//! what it is for, and an answer is told apart from a refusal.

use super::holes::{TemplateKind, fields, known, secrets};
use super::{ErrorAt, error_at, sound};
use crate::auth::Auth;
use crate::engine::file::{BodyEncoding, File, LinkingFormat, MessageTemplate};
use crate::engine::outcome::MessageIdPlace;
use crate::format::call::PlatformCall;
use crate::format::inbound::Assurance;
use crate::format::template::{HoleName, Template};

/// Where the secret is said to stand it stands.
pub(super) fn place_of_secret(file: &File, auth: &Auth) -> Result<(), ErrorAt> {
    let says = |template: &Template| template.holes().any(|hole| matches!(hole.name, HoleName::Secret(_)));
    let (place, kind, stands) = match auth {
        Auth::Path {} => ("[send]\0path = ", "path", says(file.send.path.template())),
        Auth::Query {} => ("[send]", "query", file.send.query.values().any(says)),
        Auth::StandardWebhook(sealed) if !file.secrets.contains_key(&sealed.secret) => {
            let detail = format!("there is no secret `{}`; there are: {}", sealed.secret, secrets(file));
            return error_at(format!("\"{}\"", sealed.secret), detail);
        }
        _ => return Ok(()),
    };
    if stands {
        return Ok(());
    }
    error_at(place, format!("no secret stands in `send.{kind}`: write one as `{{secrets.NAME}}`"))
}

/// What leaves.
pub(super) fn sending(file: &File) -> Result<(), ErrorAt> {
    let send = &file.send;
    if let Some(origin) = &file.platform.origin {
        known(file, origin.template(), TemplateKind::Account, "[platform]")?;
    }
    known(file, send.path.template(), TemplateKind::Message, "[send]")?;
    for template in send.query.values().chain(send.headers.values()) {
        known(file, template, TemplateKind::Message, "[send]")?;
    }
    for name in send.headers.keys() {
        if name.parse::<http::HeaderName>().is_err() {
            return error_at(name, format!("`{name}` is no name of a header"));
        }
    }
    for template in send.common.iter().flat_map(|common| common.templates()) {
        known(file, template, TemplateKind::Message, "[send.common]")?;
    }
    for call in file.retract.heard.iter().chain(&file.retract.sent) {
        self::call(file, call, TemplateKind::Message, "[retract.", "a message that is gone")?;
    }
    if let Some(shown) = &file.shown {
        self::call(file, &shown.call, TemplateKind::Flag, "[shown.", "a flag that is shown")?;
        needs(file, &shown.needs)?;
    }
    if let Some(link) = &file.can.return_link {
        known(file, link.template(), TemplateKind::Code, "[can]")?;
        if !link.template().holes().any(|hole| hole.name == HoleName::Code) {
            return error_at("return_link", "a return link carries a code: write `{code}`");
        }
    }
    if let Some(name) = file.can.text_message_where.keys().find(|name| !file.account.contains_key(*name)) {
        return error_at(
            "text_message_where",
            format!("`{name}` is no field of the account; there are: {}", fields(file)),
        );
    }
    if let Some(linking) = &file.linking {
        self::linking(file, linking)?;
    }
    if send.text.is_empty() {
        return error_at("[send]", "every platform can send text: add `[[send.text]]`");
    }
    for (forms, of) in
        [(&send.text, TemplateKind::Message), (&send.link, TemplateKind::Link), (&send.code, TemplateKind::Code)]
    {
        for form in forms {
            self::form(file, form, of)?;
        }
    }
    Ok(())
}

fn linking(file: &File, linking: &LinkingFormat) -> Result<(), ErrorAt> {
    let back = linking.back.template();
    known(file, back, TemplateKind::Linking, "[linking]")?;
    needs(file, &linking.needs)?;
    if let Some(ask) = &linking.ask {
        self::call(file, ask, TemplateKind::Message, "[linking", "a token that was given")?;
    }
    let says = |name: &HoleName| back.holes().any(|hole| hole.name == *name);
    if !says(&HoleName::LinkingNonce) {
        return error_at("[linking]\0back", "the way back carries what the login is known by: write `{linking.nonce}`");
    }
    let tells = [linking.ask.is_some(), linking.token.is_some(), says(&HoleName::LinkingToken)];
    if tells.iter().any(|told| *told != tells[0]) {
        let detail = "`ask`, `token` (where in the answer) and `{linking.token}` in `back` belong together";
        return error_at("[linking]", detail);
    }
    let assurance = file.inbound.as_ref().filter(|inbound| !inbound.linked.is_empty()).map(|inbound| inbound.assurance);
    match assurance {
        Some(Assurance::Platform) => Ok(()),
        Some(_) => error_at(
            "[linking]",
            "only a platform that proves its senders (`assurance = \"platform\"`) can say whose browser it is",
        ),
        None => error_at("[linking]", "`[[inbound.linked]]` must say how the platform tells whose browser it is"),
    }
}

fn form(file: &File, form: &MessageTemplate, of: TemplateKind) -> Result<(), ErrorAt> {
    let (table, wanted): (_, &[HoleName]) = match of {
        TemplateKind::Link => ("[[send.link]]", &[HoleName::Plain, HoleName::Url, HoleName::UrlRest]),
        TemplateKind::Code => ("[[send.code]]", &[HoleName::Plain, HoleName::Text, HoleName::Code]),
        // A link that has no form of its own is sent so: `{text}` would leave its URL out.
        TemplateKind::Message | TemplateKind::Account | TemplateKind::Flag | TemplateKind::Linking => {
            ("[[send.text]]", &[HoleName::Plain])
        }
    };
    for template in form.body.templates() {
        known(file, template, of, table)?;
    }
    needs(file, &form.needs)?;
    if form.freely && file.can.window_hours.is_none() {
        return error_at("freely", "who may always write freely needs no form for it: say `can.window_hours`");
    }
    let mut holes = form.body.templates().into_iter().flat_map(Template::holes);
    if !holes.any(|hole| wanted.contains(&hole.name)) {
        let names = wanted.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" or ");
        return error_at(table, format!("the form does not say what it is for: it must hold {names}"));
    }
    if file.send.encoding != BodyEncoding::Json && !form.body.is_flat() {
        return error_at(table, "a form's body is a table of plain values; a table inside it needs `$json`");
    }
    Ok(())
}

fn needs(file: &File, names: &[String]) -> Result<(), ErrorAt> {
    match names.iter().find(|name| !file.account.contains_key(*name)) {
        Some(name) => error_at("needs", format!("`{name}` is no field of the account; there are: {}", fields(file))),
        None => Ok(()),
    }
}

/// What is answered.
pub(super) fn answers(file: &File) -> Result<(), ErrorAt> {
    if file.answer.success.is_empty() {
        return error_at("[answer]", "`success` must say how a message that was taken is known");
    }
    if let MessageIdPlace::Chosen(template) = &file.answer.message_id {
        known(file, template, TemplateKind::Message, "[answer]")?;
    }
    for success in &file.answer.success {
        sound(success, "success")?;
    }
    for (number, row) in file.errors.iter().enumerate() {
        sound(&row.when, &vec!["[[errors]]"; number + 1].join("\0"))?;
    }
    Ok(())
}

/// A request besides those for messages; `what` is known by its success.
pub(super) fn call(file: &File, call: &PlatformCall, of: TemplateKind, table: &str, what: &str) -> Result<(), ErrorAt> {
    for template in call.templates() {
        known(file, template, of, table)?;
    }
    if call.success.is_empty() {
        return error_at(table, format!("`success` must say how {what} is known"));
    }
    call.success.iter().try_for_each(|success| sound(success, &format!("{table}\0success")))
}
