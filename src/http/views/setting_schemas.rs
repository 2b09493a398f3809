//! The schemas of the settings, drawn from the domain's table of settings: `Settings` as they hold,
//! `SettingsLayer` as a layer sets them. The texts of the admin console describe each setting.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::base::binding::Binding;
use crate::domain::base::method::Method;
use crate::domain::customer::matching::As;
use crate::domain::settings::{Described, SettingShape, described};
use crate::http::schemas::{plain, type_of, words};
use crate::pages::in_english;

/// An intent: which proofs are enough for something that the bot may want to do.
#[derive(ToSchema)]
#[schema(as = Intent)]
#[expect(dead_code, reason = "read by the document alone; `domain::settings` reads the value")]
struct IntentDocument {
    /// The methods that count, at least one.
    #[schema(schema_with = methods)]
    accept: Vec<Method>,
    /// Minutes that a proof counts for, 1 to 10080; where it is absent, a proof counts as long as the flag.
    #[schema(minimum = 1, maximum = 10_080)]
    max_age_minutes: Option<u64>,
    /// The intent's name for people.
    label: Option<String>,
    /// With them, a login counts only where its `acr` is in the list.
    #[schema(required = false)]
    acr: Vec<String>,
    /// The bindings that count; where there is none, all but `browser` and `none`.
    #[schema(required = false, schema_with = bindings)]
    bindings: Vec<Binding>,
}

/// A field of the private data that must match a customer's record.
#[derive(ToSchema)]
#[schema(as = MatchedField)]
#[expect(dead_code, reason = "read by the document alone; `domain::customer` reads the value")]
struct MatchedField {
    /// The field's name.
    field: String,
    /// How its value is compared; `exact` where it is absent.
    #[schema(required = false, schema_with = comparisons)]
    r#as: As,
}

/// A fact of a customer's record that is asked for.
#[derive(ToSchema)]
#[schema(as = AskedFact)]
#[expect(dead_code, reason = "read by the document alone; `domain::providers` reads the value")]
struct AskedFact {
    /// The fact's name.
    fact: String,
    /// The question; made of the fact's name where it is absent.
    question: Option<String>,
    /// How an answer is compared; `case_folded` where it is absent.
    #[schema(required = false, schema_with = comparisons)]
    r#as: As,
    /// All possible answers, 2 to 12; anything may be typed where there are none.
    #[schema(required = false)]
    choices: Vec<String>,
}

fn methods() -> Schema {
    ArrayBuilder::new().items(words(&Method::ALL, false)).min_items(Some(1)).into()
}

fn bindings() -> Schema {
    ArrayBuilder::new().items(words(&Binding::ALL, false)).unique_items(true).into()
}

fn comparisons() -> Schema {
    words(&As::ALL, false).into()
}

/// The schemas that those of the settings refer to, with their names.
pub(super) fn parts() -> [(String, RefOr<Schema>); 3] {
    [
        ("AskedFact".to_owned(), AskedFact::schema()),
        ("Intent".to_owned(), IntentDocument::schema()),
        ("MatchedField".to_owned(), MatchedField::schema()),
    ]
}

/// Where settings stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SchemaUse {
    /// As they hold: each has a value, `null` where it is switched off.
    Effective,
    /// As a layer sets them: each may be absent, `null` takes a value back, `"none"` switches a setting off.
    Layer,
}

/// The schema of all settings.
pub(super) fn settings(place: SchemaUse) -> RefOr<Schema> {
    let mut whole = object(place).schema_type(Type::Object);
    let mut sections: BTreeMap<&str, ObjectBuilder> = BTreeMap::new();
    for setting in described() {
        let schema = value(&setting, place);
        match setting.path.split_once('.') {
            None => whole = member(whole, setting.path, schema, place),
            Some((section, name)) => {
                let before = sections.remove(section).unwrap_or_else(|| object(place));
                sections.insert(section, member(before, name, schema, place));
            }
        }
    }
    for (name, section) in sections {
        whole = member(whole, name, section.into(), place);
    }
    let intent: RefOr<Schema> = match place {
        SchemaUse::Effective => Ref::from_schema_name("Intent").into(),
        SchemaUse::Layer => RefOr::T(or_null(Ref::from_schema_name("Intent"))),
    };
    let intents = object_type(place)
        .description(Some("The intents that a bot may name, by their names."))
        .additional_properties(Some(intent));
    let description = match place {
        SchemaUse::Effective => "Every setting as it holds; `null` where it is switched off.",
        SchemaUse::Layer => {
            "Settings of one layer. As a merge patch (RFC 7396): `null` takes a value back, `\"none\"` switches a \
             setting off, lists replace, intents merge by name."
        }
    };
    RefOr::T(member(whole, "intents", intents.into(), place).description(Some(description)).into())
}

fn object(place: SchemaUse) -> ObjectBuilder {
    let object = object_type(place);
    if place == SchemaUse::Layer {
        object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
    } else {
        object
    }
}

fn object_type(place: SchemaUse) -> ObjectBuilder {
    plain(Type::Object, place == SchemaUse::Layer)
}

fn member(object: ObjectBuilder, name: &str, schema: Schema, place: SchemaUse) -> ObjectBuilder {
    let object = object.property(name, schema);
    if place == SchemaUse::Effective { object.required(name) } else { object }
}

fn or_null(schema: impl Into<RefOr<Schema>>) -> Schema {
    OneOfBuilder::new().item(schema).item(plain(Type::Null, false)).into()
}

/// The schema of a setting's value, with its meaning and its default.
fn value(setting: &Described, place: SchemaUse) -> Schema {
    let meaning = [format!("setting.{}", setting.path), format!("setting.{}.hint", setting.path)];
    let meaning: Vec<&str> = meaning.iter().filter_map(|key| in_english(key)).collect();
    let meaning = Some(meaning.join(". "));
    let default = Some(setting.default.clone());
    let can_be_off = matches!(setting.shape, SettingShape::Maybe(_) | SettingShape::Text(_));
    let nullable = can_be_off || place == SchemaUse::Layer;
    let scalar = match setting.shape {
        SettingShape::MatchRules => {
            return list(text_or("MatchedField"), nullable).description(meaning).default(default).into();
        }
        SettingShape::QuestionRules => {
            return list(text_or("AskedFact"), nullable).description(meaning).default(default).into();
        }
        SettingShape::List(..) => return list(text_item(), nullable).description(meaning).default(default).into(),
        SettingShape::Span(least, most, _) => {
            let span = OneOfBuilder::new().item(integer(least, most, nullable)).item(words(&["never"], false));
            return span.description(meaning).default(default).into();
        }
        SettingShape::Switch(_) => plain(Type::Boolean, nullable),
        SettingShape::Number(least, most, _) => integer(least, most, nullable),
        SettingShape::Text(_) | SettingShape::Phrase(..) => plain(Type::String, nullable),
        SettingShape::OneOf(all, _) | SettingShape::Maybe(all) => {
            let off = (can_be_off && place == SchemaUse::Layer).then_some("none");
            words(&all.iter().copied().chain(off).collect::<Vec<_>>(), nullable)
        }
    };
    scalar.description(meaning).default(default).into()
}

fn integer(least: u64, most: u64, nullable: bool) -> ObjectBuilder {
    plain(Type::Integer, nullable).minimum(Some(least)).maximum(Some(most))
}

fn list(item: RefOr<Schema>, nullable: bool) -> ArrayBuilder {
    ArrayBuilder::new().schema_type(type_of(Type::Array, nullable)).items(item).unique_items(true)
}

fn text_item() -> RefOr<Schema> {
    RefOr::T(plain(Type::String, false).into())
}

/// A name, or an object that says more of what has the name.
fn text_or(schema: &str) -> RefOr<Schema> {
    RefOr::T(OneOfBuilder::new().item(text_item()).item(Ref::from_schema_name(schema)).into())
}
