//! The methods by which somebody can prove who they are. Their names are the contract's; what
//! each is worth, teams say in their intents.

use serde::{Deserialize, Serialize};

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The company's login page, or its website's word.
    Login,
    /// A one-time code.
    Otp,
    /// A number agreed with the agent.
    Pin,
    /// Answers to questions.
    Kba,
    /// A government's document.
    PhotoId,
    /// A document and a face.
    PhotoIdSelfie,
}
