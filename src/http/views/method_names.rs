//! Names of methods of proof in the OpenAPI document. They come from the table, so that a new method is described
//! wherever one is named.

use utoipa::openapi::schema::{ArrayBuilder, Schema, Type};

use crate::domain::base::method::{Guarded, Method};
use crate::domain::proof::methods::{AnswerForm, METHODS};
use crate::http::schemas::plain;

/// A method that a challenge asks for.
pub(crate) fn challenge_method() -> Schema {
    let names = METHODS.iter().map(|method| method.method().as_str());
    plain(Type::String, false).description(Some(format!("{}.", one_of(names)))).into()
}

/// Methods that raised a flag.
pub(crate) fn proved_methods() -> Schema {
    let names = Method::NAMES.map(|name| format!("`{name}`")).join(", ");
    ArrayBuilder::new().items(plain(Type::String, false)).description(Some(format!("Of {names}."))).into()
}

/// The kind of a text: a confirmation code, or the answer to a challenge that can be typed.
pub(crate) fn heard_kind() -> Schema {
    let typed = METHODS.iter().filter(|method| method.form() != AnswerForm::Document);
    let names = ["confirmation"].into_iter().chain(typed.map(|method| method.method().as_str()));
    nullable(format!("{}.", one_of(names)))
}

/// The method whose lockout is lifted.
pub(crate) fn lifted_lockout() -> Schema {
    nullable(format!("{}; all where absent.", one_of(Guarded::ALL.into_iter().map(Guarded::as_str))))
}

/// The method of a lockout.
pub(crate) fn lockout_method() -> Schema {
    let names = one_of(Guarded::ALL.into_iter().map(Guarded::as_str));
    nullable(format!(
        "{names}; null: too many wrong answers over all addresses of the customer, and none is taken at any."
    ))
}

fn nullable(description: String) -> Schema {
    plain(Type::String, true).description(Some(description)).into()
}

/// `a`, `b` or `c`.
fn one_of(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let (last, others) = names.split_last().expect("there are several");
    format!("{} or {last}", others.join(", "))
}
