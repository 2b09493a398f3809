//! What a definition's holes may name: fields and secrets that an account has, parts that an
//! address has, and no more of a message than there is where the hole stands.

use super::{ErrorAt, error_at};
use crate::account::BASE_URL;
use crate::engine::file::File;
use crate::format::template::{HoleName, Template};

/// The account's fields, in words.
pub(super) fn fields(file: &File) -> String {
    file.account.keys().map(String::as_str).chain([BASE_URL]).collect::<Vec<_>>().join(", ")
}

/// The account's secrets, in words.
pub(super) fn secrets(file: &File) -> String {
    file.secrets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What a template is about: it may name no more than that has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplateKind {
    Account,
    Message,
    Link,
    Code,
    Flag,
    Linking,
}

/// Every hole of a template names something that there is.
pub(super) fn known(file: &File, template: &Template, of: TemplateKind, within: &str) -> Result<(), ErrorAt> {
    for hole in template.holes() {
        let place = format!("{within}\0{{{}", hole.name);
        if let Some(detail) = undeclared(file, &hole.name) {
            return error_at(place, detail);
        }
        match &hole.name {
            HoleName::Url | HoleName::UrlRest if of != TemplateKind::Link => {
                return error_at(place, "only a link's form has a URL");
            }
            HoleName::UrlRest if !file.account.contains_key("link_base") => {
                let detail = "`{url.rest}` needs an account field `link_base`: what the button's URL begins with";
                return error_at(place, detail);
            }
            HoleName::Code if of != TemplateKind::Code => return error_at(place, "only a code's form has a code"),
            HoleName::FlagState | HoleName::FlagUntil | HoleName::FlagMethods | HoleName::FlagWords
                if of != TemplateKind::Flag =>
            {
                return error_at(place, "only what is shown to agents has a flag");
            }
            HoleName::LinkingNonce | HoleName::LinkingToken if of != TemplateKind::Linking => {
                return error_at(place, "only `linking.back` carries what a login is known by");
            }
            HoleName::LinkingNonce | HoleName::LinkingToken => {}
            HoleName::Account(_) | HoleName::Secret(_) | HoleName::Hmac(..) => {}
            HoleName::Unix | HoleName::Timestamp | HoleName::RandomUuid => {}
            name if matches!(of, TemplateKind::Account | TemplateKind::Linking) => {
                return error_at(place, format!("`{{{name}}}` is a message's, and here there is none"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The error where a hole names a field, a secret or a part that the definition does not declare.
fn undeclared(file: &File, name: &HoleName) -> Option<String> {
    let field = |field: &str| format!("the account has no field `{field}`; there are: {}", fields(file));
    let secret = |name: &str| format!("there is no secret `{name}`; there are: {}", secrets(file));
    match name {
        HoleName::Account(name) if !file.account.contains_key(name) && name != BASE_URL => Some(field(name)),
        HoleName::TtlWithin(name) if !file.account.contains_key(name) => Some(field(name)),
        HoleName::Secret(name) | HoleName::Hmac(name, _) if !file.secrets.contains_key(name) => Some(secret(name)),
        HoleName::Hmac(_, key) if !file.secrets.contains_key(key) => Some(secret(key)),
        HoleName::Part(part) if !parts(file).any(|known| known == part) => {
            let known = parts(file).map(String::as_str).collect::<Vec<_>>().join(", ");
            let named = "`platform.address` and `platform.kinds` name";
            Some(format!("the address has no part `{part}`; {named}: {known}"))
        }
        _ => None,
    }
}

fn parts(file: &File) -> impl Iterator<Item = &String> {
    file.platform.address.iter().chain(file.platform.kinds.keys())
}
