//! A request besides those for messages, as a definition writes it: its method, path and body, and how it is
//! known that it has worked. Messages are taken back so, people are looked for, and invitations accepted.

use serde::Deserialize;

use super::matching::Condition;
use super::template::Template;
use super::template::address::UrlTemplate;

pub mod body;

use body::Node;

/// Such a request: where it is about a message, `{id}` is the platform's id of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformCall {
    /// The request's method.
    #[serde(default)]
    pub method: HttpMethod,
    /// Its path, below the origin.
    pub path: UrlTemplate,
    /// Its body; none: it has none.
    pub body: Option<Node>,
    /// It has worked where one of these fits.
    pub success: Vec<Condition>,
}

impl PlatformCall {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        let body = self.body.iter().flat_map(Node::templates);
        [self.path.template()].into_iter().chain(body).collect()
    }
}

/// A request's method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// `GET`
    Get,
    /// `POST`
    #[default]
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl HttpMethod {
    /// As HTTP has it.
    pub fn http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
            Self::Put => http::Method::PUT,
            Self::Delete => http::Method::DELETE,
        }
    }
}
