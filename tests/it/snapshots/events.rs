//! Each kind of event with what is told of it: collected from the commits of the scripted story, as they lie in the
//! outbox.

use std::collections::BTreeMap;

use countersign::domain::event::Event;
use countersign::domain::event::EventKind;
use serde_json::{Value, json};

use super::shapes::Shape;
use super::story::Log;
use crate::simulation::sealed::Seal;

const ABOUT: &str = "Collected by driving the gateway through the story of tests/it/snapshots/story.rs: of each kind \
                     of event whether the audit trail keeps it, what it is about, and the names and types in its data. \
                     `?` behind a name: not every event of the kind has it. Kinds that the story does not come to are \
                     listed with the reason.";

/// Kinds that the story does not come to.
const NOT_TOLD: &[(EventKind, &str)] = &[
    (EventKind::DirectoryUp, "needs a directory server that comes back: see tests/it/directories/ldap.rs"),
    (EventKind::UserBanned, "needs wrong codes of an authenticator app: see tests/it/staff/users.rs"),
];

/// All kinds.
pub fn described(log: &Log) -> Value {
    let (seal, mut kinds) = (Seal::of_tests(), BTreeMap::<&str, (EventKind, Shape, Shape)>::new());
    for batch in log.batches().iter() {
        for sealed in &batch.events {
            let event: Event = seal.entry("outbox", sealed).expect("it is sealed under the outbox");
            let (_, about, data) = kinds
                .entry(event.kind().as_str())
                .or_insert_with(|| (event.kind(), Shape::default(), Shape::default()));
            let place = json!({"channel": event.channel, "interaction": event.interaction,
                "participant": event.participant});
            about.add(&place, false);
            data.add(&serde_json::to_value(&event.data).expect("data is JSON"), false);
        }
    }
    let is_listed = |kind: &EventKind| NOT_TOLD.iter().any(|(listed, _)| listed == kind);
    let is_told = |kind: &EventKind| kinds.contains_key(kind.as_str());
    let names = |wrong: &dyn Fn(&EventKind) -> bool| -> Vec<&str> {
        EventKind::ALL.iter().filter(|kind| kind.is_in_stream() && wrong(kind)).map(|kind| kind.as_str()).collect()
    };
    let missing = names(&|kind| !is_told(kind) && !is_listed(kind));
    assert!(missing.is_empty(), "the story does not come to {missing:?}: extend it, or list them with a reason");
    let needless = names(&|kind| is_told(kind) && is_listed(kind));
    assert!(needless.is_empty(), "the story comes to {needless:?}: they need not be listed");
    let told = kinds.iter().map(|(name, (kind, about, data))| {
        let event = json!({"audited": kind.is_audited(), "about": about.told(), "data": data.told()});
        ((*name).to_owned(), event)
    });
    let missing = NOT_TOLD.iter().map(|(kind, why)| (kind.as_str().to_owned(), json!(why)));
    json!({"about": ABOUT, "events": Value::Object(told.collect()), "not_told": Value::Object(missing.collect())})
}
