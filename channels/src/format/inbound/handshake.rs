//! What a platform asks before it sends anything: to have a word said back, or an address visited.
//! Who asks proves himself by a secret in the question, or by the signature that every request has.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use super::proof::{Against, VerificationError, same};
use super::request::InboundRequest;
use super::sns::is_amazons;
use crate::format::matching::{Condition, Pointer, TestedDocument};

/// `[[inbound.handshake]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// The method that it is asked with.
    pub method: HandshakeMethod,
    /// Values of the query that are there and equal these.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// What must hold for the body.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// How who asks proves himself.
    pub proof: HandshakeProof,
    /// What is answered.
    pub answer: HandshakeAnswer,
}

/// A handshake's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HandshakeMethod {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// How who asks proves himself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandshakeProof {
    /// As every request does.
    Signature,
    /// By a secret.
    Secret(AnswerSecret),
}

/// A secret that a question says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerSecret {
    /// Its name.
    pub name: String,
    /// Where the question says it.
    pub at: QuestionField,
}

/// A place in a question.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionField {
    /// A value of the query.
    Query(String),
    /// A value in the body.
    Pointer(Pointer),
}

/// What is answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandshakeAnswer {
    /// What stands there, as it stands there.
    Echo(QuestionField),
    /// The address that stands there is visited; it must be Amazon's.
    VisitAmazon(Pointer),
}

/// What is to be done for a handshake that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeReply {
    /// Say this back, as plain text.
    Say(String),
    /// Visit this address.
    Visit(String),
}

impl Handshake {
    /// Whether this is that question.
    pub fn is_asked(&self, request: &InboundRequest<'_>, document: &Value) -> bool {
        let method = match self.method {
            HandshakeMethod::Get => http::Method::GET,
            HandshakeMethod::Post => http::Method::POST,
        };
        let looked_at = TestedDocument { status: None, json: document.clone(), text: String::new() };
        request.method == method
            && self.query.iter().all(|(name, value)| request.query(name).as_deref() == Some(value.as_str()))
            && self.when.iter().all(|when| when.fits(&looked_at))
    }

    /// Whether every request's signature is its proof, too.
    pub fn is_signed(&self) -> bool {
        matches!(self.proof, HandshakeProof::Signature)
    }

    /// What is to be done for it, once its own proof holds.
    pub fn answer(
        &self,
        request: &InboundRequest<'_>,
        document: &Value,
        against: &Against<'_>,
    ) -> Result<HandshakeReply, VerificationError> {
        if let HandshakeProof::Secret(told) = &self.proof {
            let said = told
                .at
                .read(request, document)
                .ok_or_else(|| VerificationError::Missing("the handshake's secret".into()))?;
            let mut secrets = against.secrets(&told.name).peekable();
            if secrets.peek().is_none() {
                return Err(VerificationError::NoSecret(told.name.clone()));
            }
            if !secrets.any(|secret| same(said.as_bytes(), secret.expose_secret().as_bytes())) {
                return Err(VerificationError::FieldError);
            }
        }
        match &self.answer {
            HandshakeAnswer::Echo(source) => {
                let said = source.read(request, document);
                said.map(HandshakeReply::Say)
                    .ok_or_else(|| VerificationError::Missing("what the handshake wants to hear".into()))
            }
            HandshakeAnswer::VisitAmazon(pointer) => {
                let url = document.pointer(pointer.as_str()).and_then(Value::as_str);
                let url = url
                    .filter(|url| is_amazons(url))
                    .ok_or(VerificationError::Unreadable("the address to be visited"))?;
                Ok(HandshakeReply::Visit(url.to_owned()))
            }
        }
    }
}

impl QuestionField {
    fn read(&self, request: &InboundRequest<'_>, document: &Value) -> Option<String> {
        match self {
            Self::Query(name) => request.query(name),
            Self::Pointer(pointer) => document.pointer(pointer.as_str())?.as_str().map(str::to_owned),
        }
    }
}
