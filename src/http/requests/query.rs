//! Query strings, held against the API's own description before anything else reads them: a
//! parameter that stands twice is 400, one that no route describes is 422. So a route cannot
//! forget it. What pages take is not described and not judged here.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{MatchedPath, Request};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::problem::Problem;
use crate::http::requests::problem_types;

/// Route → the names of its query parameters, of all its methods together: each handler knows
/// its own.
pub(crate) struct QueryParameters(BTreeMap<String, BTreeSet<String>>);

impl QueryParameters {
    /// What the document describes.
    pub fn of(document: &OpenApi) -> Self {
        let document = serde_json::to_value(document).expect("the document is plain data");
        let paths = document["paths"].as_object().into_iter().flatten();
        Self(paths.map(|(path, item)| (path.clone(), names(item))).collect())
    }

    fn judge(&self, path: &str, query: &str) -> Result<(), Problem> {
        let Some(known) = self.0.get(path) else { return Ok(()) };
        let mut seen = Vec::new();
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&*name) {
                let text: String = name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect();
                return Err(Problem::of(&problem_types::INVALID).saying(format!("There is no query parameter {text}.")));
            }
            if seen.contains(&name) {
                return Err(Problem::of(&problem_types::BAD_REQUEST).saying("A query parameter stands there twice."));
            }
            seen.push(name); // no longer than the route's own parameters
        }
        Ok(())
    }

    /// Whether a request's query string is one that its route describes.
    pub(crate) fn judge_request(&self, request: &Request) -> Result<(), Problem> {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        request.uri().query().map_or(Ok(()), |query| self.judge(path, query))
    }
}

fn names(item: &Value) -> BTreeSet<String> {
    let parameters = item.as_object().into_iter().flatten().filter_map(|(_, of)| of["parameters"].as_array());
    let in_query = parameters.flatten().filter(|parameter| parameter["in"] == "query");
    in_query.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned())).collect()
}
