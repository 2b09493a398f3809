//! The parts of the OpenAPI document that all operations share, so that no handler repeats them: how a
//! "no" reads, that a plain answer is one, and which parameters a path has. A handler describes the rest of its
//! operation; `problem` says what a problem holds.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Type};
use utoipa::{PartialSchema, ToSchema};

/// An error document (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "read by the document alone; `problem` writes it")]
struct ProblemDocument {
    /// `{public_url}/problems/{code}`: a page that explains it.
    r#type: String,
    title: String,
    status: u16,
    /// What happened, in words for a developer.
    detail: String,
    /// What programs may branch on.
    code: String,
    /// When asking again may help.
    #[schema(nullable = false)]
    retry_after_seconds: Option<u64>,
    /// The places of the request that are wrong.
    #[schema(nullable = false)]
    errors: Option<Vec<InvalidPlace>>,
}

/// A place of the request that is wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the document alone; `problem` writes it")]
struct InvalidPlace {
    /// A JSON Pointer (RFC 6901).
    pointer: String,
    /// What is wrong there, as a word that stays: `missing`, `unknown`, `number`, `one-of`, `https` and more;
    /// `invalid` where there is only the sentence.
    code: String,
    /// What would be right, in words for a developer.
    detail: String,
    /// What a sentence of one's own about it needs, such as `least` and `most` of a `number`.
    #[schema(nullable = false)]
    values: Option<std::collections::BTreeMap<String, String>>,
}

/// Adds it to a document made from the handlers.
pub(crate) fn complete(document: &mut OpenApi) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key")).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    components.schemas.insert("Problem".into(), ProblemDocument::schema());
    components.schemas.insert("InvalidPlace".into(), InvalidPlace::schema());
    for (path, item) in &mut document.paths.paths {
        operations(item).for_each(|operation| name_path_parameters(path, operation));
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let responses = &mut operation.responses.responses;
        for answer in responses.values_mut() {
            if let RefOr::T(answer) = answer
                && answer.description.is_empty()
            {
                answer.description = "Done".into(); // OpenAPI wants some; the schema says the rest
            }
        }
        responses.insert("default".into(), RefOr::T(refused()));
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, patch, delete, .. } = path;
    [get, put, post, patch, delete].into_iter().flatten()
}

/// Puts a path's parameters first, in its order. A parameter that the handler does not describe is a text.
fn name_path_parameters(path: &str, operation: &mut Operation) {
    let mut described = operation.parameters.take().unwrap_or_default();
    let mut parameters = Vec::new();
    for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        let is_it = |known: &RefOr<Parameter>| match known {
            RefOr::T(known) => known.parameter_in == ParameterIn::Path && known.name == name,
            RefOr::Ref(_) => false,
        };
        let place = described.iter().position(is_it);
        parameters.push(place.map_or_else(|| RefOr::T(path_parameter(name)), |place| described.remove(place)));
    }
    parameters.append(&mut described);
    operation.parameters = Some(parameters).filter(|all| !all.is_empty());
}

fn path_parameter(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.schema(Some(text)).build()
}

fn refused() -> utoipa::openapi::Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description("Refused: `code` says why, and `type` leads to the page that explains it")
        .content("application/problem+json", problem)
        .build()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_operation_says_what_it_answers_and_how_it_refuses() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let Some(answers) = operation["responses"].as_object() else { continue };
                assert!(answers.len() >= 2 && answers.contains_key("default"), "{method} {path}: {answers:?}");
                for (status, answer) in answers {
                    assert!(answer["description"].is_string(), "{method} {path}: {status} has no description");
                }
            }
        }
    }
}
