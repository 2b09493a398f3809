//! A definition read and judged: what its types let pass and is wrong all the same, because it
//! spans several of its tables. Every error has its line and says what would be right.

use crate::account::{BASE_URL, FORWARD_URL};
use crate::auth::Auth;
use crate::engine::file::File;
use crate::format::matching::Condition;

mod holes;
mod incoming;
mod outgoing;

use holes::{TemplateKind, fields, known};

/// What is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {detail}")]
pub struct DefinitionError {
    /// The definition's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// A place, as words that stand in its line, and what is wrong there.
type ErrorAt = (String, String);

/// Reads a definition.
pub fn load(name: &str, source: &str) -> Result<File, DefinitionError> {
    let at_line = |line, detail| DefinitionError { file: name.to_owned(), line, detail };
    let file: File = toml::from_str(source).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        at_line(line_of(source, at), error.message().to_owned())
    })?;
    match judge(&file) {
        Ok(()) => Ok(file),
        Err((place, detail)) => {
            // Each part behind the one before.
            let find = |at: usize, part| source.get(at..)?.find(part).map(|found| at + found + 1);
            let last = place.rsplit('\0').next().unwrap_or_default();
            let at = place.split('\0').try_fold(0, find).or_else(|| source.find(last));
            Err(at_line(line_of(source, at.unwrap_or(0)), detail))
        }
    }
}

fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes()[..at.min(source.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn error_at<T>(place: impl Into<String>, detail: impl Into<String>) -> Result<T, ErrorAt> {
    Err((place.into(), detail.into()))
}

fn judge(file: &File) -> Result<(), ErrorAt> {
    names(file)?;
    for auth in &file.auth {
        // A webhook's headers say the message's id; everything else is proved without a message.
        let of = if matches!(auth, Auth::StandardWebhook(_)) { TemplateKind::Message } else { TemplateKind::Account };
        for template in auth.templates() {
            known(file, template, of, "[[auth]]")?;
        }
    }
    if file.auth.is_empty() {
        return error_at("", "`auth` must name at least one way; `[[auth]] kind = \"none\"` where there is none");
    }
    outgoing::sending(file)?;
    file.auth.iter().try_for_each(|auth| outgoing::place_of_secret(file, auth))?;
    outgoing::answers(file)?;
    incoming::inbound(file)
}

fn names(file: &File) -> Result<(), ErrorAt> {
    let name = &file.platform.name;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return error_at("name", format!("`{name}` must be of a-z, 0-9 and - only"));
    }
    if let Some(own) = [BASE_URL, FORWARD_URL].iter().find(|own| file.account.contains_key(**own)) {
        return error_at(format!("[account.{own}]"), format!("every account has `{own}` already; take it out"));
    }
    for field in file.platform.one_of.iter().flatten() {
        if !file.account.contains_key(field) {
            return error_at("one_of", format!("`{field}` is no field of the account; there are: {}", fields(file)));
        }
    }
    for (name, field) in &file.account {
        if field.default.as_ref().is_some_and(|default| !field.choices.is_empty() && !field.choices.contains(default)) {
            return error_at(format!("[account.{name}]"), "the default must be one of the choices");
        }
    }
    Ok(())
}

/// A test of what a platform answers: it knows no account.
fn sound(when: &Condition, place: &str) -> Result<(), ErrorAt> {
    if when.templates().next().is_some() {
        return error_at(place, "what the account says is compared in `accept_if` only");
    }
    sound_of_account(when, place)
}

fn sound_of_account(when: &Condition, place: &str) -> Result<(), ErrorAt> {
    when.error().map_or(Ok(()), |detail| error_at(place, detail))
}
