//! Messages taken back: a code that was typed, or one that we sent, goes from the chat where the
//! platform can do that. Nothing depends on it: a code that was used is dead wherever it stands.

use http::Request;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use super::body::Node;
use super::format::{Encoding, File, Method};
use super::matching::When;
use super::outcome::Reason;
use super::request::{address, encode};
use crate::template::Template;
use crate::template::address::UrlTemplate;
use crate::template::values::Values;

/// `[retract]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// What a person wrote.
    #[serde(default)]
    pub heard: Option<Call>,
    /// What we sent.
    #[serde(default)]
    pub sent: Option<Call>,
}

/// A request that takes a message back: `{id}` is the platform's id of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The request's method.
    #[serde(default)]
    pub method: Method,
    /// Its path, below the origin.
    pub path: UrlTemplate,
    /// Its body; none: it has none.
    #[serde(default)]
    pub body: Option<Node>,
    /// It is gone where one of these fits.
    pub success: Vec<When>,
}

impl Call {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        let body = self.body.iter().flat_map(Node::templates);
        [self.path.template()].into_iter().chain(body).collect()
    }

    /// The request for one message.
    pub fn request(&self, file: &File, values: &Values<'_>) -> Result<Request<Vec<u8>>, Reason> {
        let url = address(file, &self.path, values, Vec::new()).map_err(|_| Reason::BadAddress)?;
        let request = Request::builder().method(self.method.http()).uri(url);
        let Some(body) = &self.body else { return request.body(Vec::new()).map_err(|_| Reason::BadAddress) };
        let (content_type, bytes, _) = encode(Encoding::Json, body, values).map_err(|_| Reason::BadAddress)?;
        let request = content_type.into_iter().fold(request, |request, kind| request.header(CONTENT_TYPE, kind));
        request.body(bytes).map_err(|_| Reason::BadAddress)
    }
}
