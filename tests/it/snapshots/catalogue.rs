//! The catalogue of events, docs/events.md, drawn from the table of kinds.
//! `events` says what is observed of events.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign::domain::event::value::DataField;
use countersign::domain::event::{EventAudience, EventKind};

const OPENING: &str = "\
# Events

Everything that happens to a team is an event. Listeners read events at `GET /v1/events`, webhooks are posted them, and \
`GET /v1/interactions/ID/history` gives those of one interaction. All have the same members:

| member | |
| --- | --- |
| `id` | Rises within the team. |
| `type` | What happened: one of the names below. New ones may come with any release: pass over what you do not know. |
| `at` | When, by RFC 3339. |
| `team` | The team. |
| `channel`, `interaction`, `participant` | What it is about; `null` where it is about no such thing. |
| `data` | What else there is to know, by type. |

No event holds a name, an address, a token or a code, except `otp.requested`, which goes to one webhook and is kept \
nowhere. Customers stand in events by a pseudonym. The audit trail keeps security acts, and says who did them. `null` in \
the tables says that a value may be `null`, and a `?` that a field may be left out. This page is drawn from the table in \
`domain/src/event/kinds.rs`, as is the OpenAPI document.

## Types

| type | it happened | in the audit trail | data |
| --- | --- | --- | --- |
";

/// The page.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    for kind in EventKind::ALL {
        let kept = match kind.audience() {
            EventAudience::AuditTrail => "yes",
            EventAudience::Stream => "no",
            EventAudience::Webhook => "no; to one webhook alone",
        };
        let data = match kind.fields().is_empty() {
            true => "–".to_owned(),
            false => format!("[{0}](#{1})", kind.schema(), kind.schema().to_lowercase()),
        };
        writeln!(page, "| `{}` | {} | {kept} | {data} |", kind.as_str(), kind.meaning()).expect("a text grows");
    }
    page.push_str("\n## Data\n");
    let mut drawn = BTreeSet::new();
    for kind in EventKind::ALL {
        let fields = kind.fields();
        if !fields.is_empty() && drawn.insert(kind.schema()) {
            page.push_str(&data(kind.schema(), &fields));
        }
    }
    page
}

/// A kind of data, with the types that have it.
fn data(schema: &str, fields: &[DataField]) -> String {
    let types = EventKind::ALL.iter().filter(|kind| kind.schema() == schema);
    let types: Vec<_> = types.map(|kind| format!("`{}`", kind.as_str())).collect();
    let mut text = format!("\n### {schema}\n\nOf {}.\n\n| field | value | |\n| --- | --- | --- |\n", types.join(", "));
    for DataField { name, meaning, shape, may_be_null, may_be_absent } in fields {
        let absent = if *may_be_absent { "?" } else { "" };
        let null = if *may_be_null { ", or `null`" } else { "" };
        writeln!(text, "| `{name}`{absent} | {shape}{null} | {meaning} |").expect("a text grows");
    }
    text
}
