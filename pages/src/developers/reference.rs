//! Reads an OpenAPI 3.1 document into what the reference page shows: groups, operations, their
//! parameters, bodies, answers and roles. Knows the document's shape, not what it is about.

use serde::Serialize;
use serde_json::Value;

use super::prose::{self, Block, Span};
use super::schema::{Schema, SchemaField};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The whole reference.
#[derive(Serialize)]
pub(super) struct Reference {
    title: String,
    version: String,
    about: Vec<Block>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    id: String,
    name: String,
    about: Vec<Block>,
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: Vec<Block>,
    deprecated: bool,
    roles: Vec<String>,
    parameters: Vec<Parameter>,
    request: Vec<Body>,
    answers: Vec<Answer>,
}

#[derive(Serialize)]
struct Parameter {
    place: String,
    #[serde(flatten)]
    field: SchemaField,
}

#[derive(Serialize)]
struct Body {
    content_type: String,
    kind: String,
    fields: Vec<SchemaField>,
    example: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    status: String,
    good: bool,
    about: Vec<Span>,
    bodies: Vec<Body>,
}

/// Reads the document. What it lacks is left out; it is not this page's to judge.
pub(super) fn read(document: &Value) -> Reference {
    let mut groups: Vec<Group> = Vec::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        groups.push(group(&text(&tag["name"]), prose::blocks(&text(&tag["description"]))));
    }
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let tag = operation["tags"][0].as_str().unwrap_or("Other");
            let at = groups.iter().position(|group| group.name == tag).unwrap_or_else(|| {
                groups.push(group(tag, Vec::new()));
                groups.len() - 1
            });
            groups[at].operations.push(read_operation(document, path, item, method));
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    Reference {
        title: text(&document["info"]["title"]),
        version: text(&document["info"]["version"]),
        about: prose::blocks(&text(&document["info"]["description"])),
        groups,
    }
}

fn group(name: &str, about: Vec<Block>) -> Group {
    Group { id: format!("group-{}", anchor(name)), name: name.to_owned(), about, operations: Vec::new() }
}

fn read_operation(document: &Value, path: &str, item: &Value, method: &str) -> Operation {
    let operation = &item[method];
    let shared = item["parameters"].as_array().into_iter().flatten();
    let own = operation["parameters"].as_array().into_iter().flatten();
    let request = follow(document, &operation["requestBody"]);
    let answers = operation["responses"].as_object().into_iter().flatten();
    Operation {
        id: anchor(&format!("{method} {path}")),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: prose::blocks(&text(&operation["description"])),
        deprecated: operation["deprecated"] == true,
        roles: roles(document, operation),
        parameters: shared.chain(own).map(|parameter| read_parameter(document, parameter)).collect(),
        request: bodies(document, request),
        answers: answers.map(|(status, answer)| read_answer(document, status, answer)).collect(),
    }
}

/// The rights that an operation asks for: `x-roles`, else the names in its security requirements.
fn roles(document: &Value, operation: &Value) -> Vec<String> {
    let own = &operation["x-roles"];
    let security = operation.get("security").unwrap_or(&document["security"]);
    let schemes = security.as_array().into_iter().flatten().filter_map(Value::as_object);
    let named = schemes.flat_map(|scheme| scheme.values()).filter_map(Value::as_array).flatten();
    let mut roles: Vec<String> = match own {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().map(text).collect(),
        _ => named.map(text).collect(),
    };
    roles.dedup();
    roles
}

fn read_parameter(document: &Value, parameter: &Value) -> Parameter {
    let parameter = follow(document, parameter);
    let schema = Schema::new(document, &parameter["schema"]);
    Parameter {
        place: text(&parameter["in"]),
        field: SchemaField {
            name: text(&parameter["name"]),
            kind: schema.kind(),
            required: parameter["required"] == true,
            notes: schema.notes(),
            about: prose::blocks(&text(&parameter["description"])),
            fields: Vec::new(),
        },
    }
}

fn read_answer(document: &Value, status: &str, answer: &Value) -> Answer {
    let answer = follow(document, answer);
    Answer {
        status: status.to_owned(),
        good: status.starts_with(['1', '2', '3']),
        about: prose::spans(&text(&answer["description"])),
        bodies: bodies(document, answer),
    }
}

/// The bodies of a request or an answer. Problems all look alike and are explained once on the
/// page, so their bodies are left out.
fn bodies(document: &Value, holder: &Value) -> Vec<Body> {
    let contents = holder["content"].as_object().into_iter().flatten();
    contents
        .filter(|(content_type, _)| !content_type.starts_with("application/problem"))
        .map(|(content_type, content)| {
            let schema = Schema::new(document, &content["schema"]);
            let named = content["examples"].as_object().and_then(|all| all.values().next());
            let named = named.map(|example| &follow(document, example)["value"]);
            let example = content.get("example").or(named).cloned();
            let example = example.unwrap_or_else(|| schema.example());
            Body {
                content_type: content_type.clone(),
                kind: schema.kind(),
                fields: schema.fields(),
                example: pretty(&example),
            }
        })
        .collect()
}

fn pretty(example: &Value) -> Option<String> {
    match example {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => serde_json::to_string_pretty(other).ok(),
    }
}

fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
    target.and_then(|at| document.pointer(at)).unwrap_or(value)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An id that can stand in a link: letters, digits and single dashes.
fn anchor(words: &str) -> String {
    let parts = words.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
