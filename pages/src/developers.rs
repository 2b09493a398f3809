//! The pages for developers: what a problem's type means, and the API reference.
//! Owns what they hold and how each is drawn; knows no API: its document is given.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::render::Pages;

mod prose;
mod reference;
mod schema;

/// What `/problems/SLUG` explains to a developer.
#[derive(Serialize)]
pub struct ProblemPage {
    /// The last part of the problem's `type`, and its `code`.
    pub problem_type: String,
    /// The problem's `title`.
    pub title: String,
    /// The HTTP status it comes with.
    pub status: u16,
    /// Its meaning: paragraphs, `code` and lists as in Markdown.
    pub meaning: String,
    /// The remedy, written likewise.
    pub remedy: String,
}

impl Pages {
    /// The page that the `type` of a problem leads to.
    pub fn problem(&self, page: &ProblemPage) -> String {
        let meaning = Value::from(Serde(prose::blocks(&page.meaning)));
        let remedy = Value::from(Serde(prose::blocks(&page.remedy)));
        let page = Value::from(Serde(page));
        self.draw("problem.html", context! { lang => "en", page, meaning, remedy })
    }

    /// The API reference, drawn from an OpenAPI 3.1 document.
    pub fn docs(&self, openapi: &serde_json::Value) -> String {
        let api = Value::from(Serde(reference::read(openapi)));
        self.draw("reference.html", context! { lang => "en", api })
    }
}
