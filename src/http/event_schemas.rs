//! Events in the OpenAPI document: one schema for each kind and for its data, drawn from the table of
//! kinds. Which operations tell events, their handlers say; it adds what webhooks are posted.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AllOfBuilder, ArrayBuilder, Discriminator, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat,
    Type,
};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};

use crate::domain::event::value::{DataField, ValueShape};
use crate::domain::event::{EventAudience, EventKind};
use crate::http::schemas;

/// Any event.
const EVENT: &str = "Event";

/// The fields that all events have.
const ENVELOPE: &str = "EventEnvelope";

/// Adds it to a document made from the handlers.
pub(super) fn complete(document: &mut OpenApi) {
    let schemas = &mut document.components.get_or_insert_default().schemas;
    let (mut event, mut mapping) = (OneOfBuilder::new(), Discriminator::new("type"));
    for kind in EventKind::ALL {
        let name = format!("{}Event", kind.identifier());
        let reference = Ref::from_schema_name(&name);
        mapping.mapping.insert(kind.as_str().to_owned(), reference.ref_location.clone());
        event = event.item(reference);
        schemas.insert(kind.schema().to_owned(), data(&kind.fields()).into());
        schemas.insert(name, of_kind(*kind));
    }
    let meaning = "Something that happened; `type` says what. New kinds may come with any release.";
    let event = event.description(Some(meaning)).discriminator(Some(mapping));
    schemas.insert(EVENT.to_owned(), event.into());
    schemas.insert(ENVELOPE.to_owned(), envelope());
    schemas.insert("EventHistory".to_owned(), history());
    let told = PathItem::new(HttpMethod::Post, posted());
    document.webhooks = Some(PathsBuilder::new().path("event", told).build());
}

/// An event of one kind: what all have, its type and its data.
fn of_kind(kind: EventKind) -> RefOr<Schema> {
    let name = text().enum_values(Some([kind.as_str()]));
    let told = match kind.audience() {
        EventAudience::AuditTrail => "The audit trail keeps it.",
        EventAudience::Stream => "The audit trail does not keep it.",
        EventAudience::Webhook => "Only the webhook that the team's settings name gets it, and nothing keeps it.",
    };
    let own = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("type", name)
        .required("type")
        .property("data", Ref::from_schema_name(kind.schema()))
        .required("data");
    let all = AllOfBuilder::new().item(Ref::from_schema_name(ENVELOPE)).item(own);
    all.description(Some(format!("{} {told}", kind.meaning()))).into()
}

/// The data of an event, by its fields.
fn data(fields: &[DataField]) -> Object {
    let all = fields.iter().fold(ObjectBuilder::new().schema_type(Type::Object), |all, field| {
        let all = all.property(field.name, value(&field.shape, field.may_be_null, Some(field.meaning)));
        if field.may_be_absent { all } else { all.required(field.name) }
    });
    all.build()
}

/// A value of that shape.
fn value(shape: &ValueShape, may_be_null: bool, meaning: Option<&str>) -> RefOr<Schema> {
    let plain = |own| schemas::plain(own, may_be_null).description(meaning);
    match shape {
        ValueShape::Text => plain(Type::String).into(),
        ValueShape::Boolean => plain(Type::Boolean).into(),
        ValueShape::Number => plain(Type::Integer).into(),
        ValueShape::Moment => plain(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into(),
        ValueShape::Words(words) => schemas::words(words, may_be_null).description(meaning).into(),
        ValueShape::List(inner) => {
            let items = value(inner, false, None);
            let list = ArrayBuilder::new().schema_type(schemas::type_of(Type::Array, may_be_null));
            list.items(items).description(meaning).into()
        }
    }
}

fn text() -> ObjectBuilder {
    schemas::plain(Type::String, false)
}

fn envelope() -> RefOr<Schema> {
    let or_null = || schemas::plain(Type::String, true);
    let at = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The fields that all events have."))
        .property(
            "id",
            text().description(Some("Rises within the team; of `otp.requested` the same for the same code")),
        )
        .required("id")
        .property("at", at.description(Some("When it happened")))
        .required("at")
        .property("team", text().description(Some("The team that it happened in")))
        .required("team")
        .property("channel", or_null().description(Some("The channel of the interaction, where it is about one")))
        .required("channel")
        .property("interaction", or_null().description(Some("The interaction, where it is about one")))
        .required("interaction")
        .property("participant", or_null().description(Some("The participant, where it is about one")))
        .required("participant")
        .into()
}

fn history() -> RefOr<Schema> {
    let items = ArrayBuilder::new().items(Ref::from_schema_name(EVENT)).description(Some("The newest first"));
    let complete = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether these are all; else older ones are in the audit trail alone"));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("items", items)
        .required("items")
        .property("complete", complete)
        .required("complete")
        .into()
}

/// The POST that a team's webhook gets.
fn posted() -> OperationBuilder {
    let event = ContentBuilder::new().schema(Some(Ref::from_schema_name(EVENT))).build();
    let body = RequestBodyBuilder::new().content("application/json", event).required(Some(Required::True)).build();
    OperationBuilder::new()
        .tags(Some(["webhooks"]))
        .operation_id(Some("receive_event"))
        .summary(Some("Receive an event."))
        .description(Some(
            "Each POST is signed as Standard Webhooks says. It comes again until it is answered with 2xx.",
        ))
        .request_body(Some(body))
        .response("2XX", ResponseBuilder::new().description("The event was taken").build())
        .response("410", ResponseBuilder::new().description("Nothing more is wanted here").build())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::event::data::conversations::EmptyEventData;
    use crate::domain::event::{Actor, Event, EventData};
    use crate::domain::time::Moment;

    /// Kinds that share a schema tell the same, and no schema of another thing is written over.
    #[test]
    fn each_schema_of_events_has_its_own_name() {
        let mut document = crate::http::described().into_openapi();
        let before = document.components.clone().expect("there are schemas").schemas;
        complete(&mut document);
        let mut of_data: BTreeMap<&str, Vec<DataField>> = BTreeMap::new();
        for kind in EventKind::ALL {
            assert_eq!(*of_data.entry(kind.schema()).or_insert_with(|| kind.fields()), kind.fields());
            assert!(!before.contains_key(&format!("{}Event", kind.identifier())), "{}", kind.as_str());
        }
        let ours = of_data.keys().copied().chain([EVENT, ENVELOPE, "EventHistory"]);
        assert!(ours.into_iter().all(|name| !before.contains_key(name)));
    }

    /// Every event is written with the fields of the envelope, its type and its data, and no other.
    #[test]
    fn envelope_names_every_field_of_an_event() {
        let event = Event {
            at: Moment(0),
            team: "acme".parse().unwrap(),
            channel: None,
            interaction: None,
            participant: None,
            actor: Actor::Time,
            data: EventData::SignedOut(EmptyEventData {}),
        };
        let written = serde_json::to_value(event.document("1")).unwrap();
        let written: BTreeSet<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        let described = serde_json::to_value(envelope()).unwrap();
        let described = described["required"].as_array().unwrap().iter().filter_map(|name| name.as_str());
        assert_eq!(written, described.chain(["type", "data"]).collect());
    }
}
