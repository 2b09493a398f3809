//! What a definition's holes may name: fields and secrets that an account has, parts that an
//! address has, and no more of a message than there is where the hole stands.

use super::{ErrorAt, error_at};
use crate::account::BASE_URL;
use crate::engine::format::File;
use crate::template::{Name, Template};

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
pub(super) enum Of {
    Account,
    Message,
    Link,
    Code,
    Flag,
    Linking,
}

/// Every hole of a template names something that there is.
pub(super) fn known(file: &File, template: &Template, of: Of, within: &str) -> Result<(), ErrorAt> {
    for hole in template.holes() {
        let place = format!("{within}\0{{{}", hole.name);
        match &hole.name {
            Name::Account(field) if !file.account.contains_key(field) && field != BASE_URL => {
                return error_at(place, format!("the account has no field `{field}`; there are: {}", fields(file)));
            }
            Name::TtlWithin(field) if !file.account.contains_key(field) => {
                return error_at(place, format!("the account has no field `{field}`; there are: {}", fields(file)));
            }
            Name::Secret(name) | Name::Hmac(name, _) if !file.secrets.contains_key(name) => {
                return error_at(place, format!("there is no secret `{name}`; there are: {}", secrets(file)));
            }
            Name::Hmac(_, key) if !file.secrets.contains_key(key) => {
                return error_at(place, format!("there is no secret `{key}`; there are: {}", secrets(file)));
            }
            Name::Part(part) if !parts(file).any(|known| known == part) => {
                let known = parts(file).map(String::as_str).collect::<Vec<_>>().join(", ");
                let detail =
                    format!("the address has no part `{part}`; `platform.address` and `platform.kinds` name: {known}");
                return error_at(place, detail);
            }
            Name::Url | Name::UrlRest if of != Of::Link => return error_at(place, "only a link's form has a URL"),
            Name::UrlRest if !file.account.contains_key("link_base") => {
                return error_at(
                    place,
                    "`{url.rest}` needs an account field `link_base`: what the button's URL begins with",
                );
            }
            Name::Code if of != Of::Code => return error_at(place, "only a code's form has a code"),
            Name::FlagState | Name::FlagUntil | Name::FlagMethods | Name::FlagWords if of != Of::Flag => {
                return error_at(place, "only what is shown to agents has a flag");
            }
            Name::LinkingNonce | Name::LinkingToken if of != Of::Linking => {
                return error_at(place, "only `linking.back` carries what a login is known by");
            }
            Name::LinkingNonce | Name::LinkingToken => {}
            Name::Account(_) | Name::Secret(_) | Name::Hmac(..) | Name::Unix | Name::Timestamp | Name::RandomUuid => {}
            name if matches!(of, Of::Account | Of::Linking) => {
                return error_at(place, format!("`{{{name}}}` is a message's, and here there is none"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn parts(file: &File) -> impl Iterator<Item = &String> {
    file.platform.address.iter().chain(file.platform.kinds.keys())
}
