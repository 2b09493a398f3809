//! Schemas of plain values for the OpenAPI document, as several parts of it write them. How a table becomes schemas,
//! the parts say.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

/// A value of a type; with `is_nullable` also `null`.
pub(crate) fn plain(of_type: Type, is_nullable: bool) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(type_of(of_type, is_nullable))
}

/// A type; with `is_nullable` also `null`.
pub(crate) fn type_of(of_type: Type, is_nullable: bool) -> SchemaType {
    if is_nullable { SchemaType::from_iter([of_type, Type::Null]) } else { SchemaType::from(of_type) }
}

/// A text that is one of the values, as JSON writes them; with `is_nullable` also `null`.
pub(crate) fn words(values: &[impl Serialize], is_nullable: bool) -> ObjectBuilder {
    let words = values.iter().map(|value| json!(value)).chain(is_nullable.then_some(Value::Null));
    plain(Type::String, is_nullable).enum_values(Some(words))
}
