//! What events carry of links and challenges: their ids and what was asked for, never a secret.
//! Which event is told, the rule says.

use serde_json::{Map, Value, json};

use crate::base::id::{ChallengeId, IntentName, InteractionId};
use crate::proof::challenge::Challenge;
use crate::proof::link::Link;

/// What a listener is told of a link.
pub fn link_data(interaction: InteractionId, link: &Link) -> Map<String, Value> {
    let mut data = object(json!({"link": link_id(interaction, link.number), "purpose": link.purpose}));
    data.extend(resume_data(link.intent.as_ref(), link.state.as_deref()));
    data
}

/// What a listener is told of a challenge.
pub fn challenge_data(interaction: InteractionId, challenge: &Challenge) -> Map<String, Value> {
    let id = ChallengeId { interaction, number: challenge.number };
    let mut data = object(json!({"challenge": id.to_string(), "method": challenge.method()}));
    data.extend(resume_data(challenge.intent.as_ref(), challenge.state.as_deref()));
    data
}

/// What a bot needs to go on with what was asked: absent where it asked for nothing.
pub fn resume_data(intent: Option<&IntentName>, state: Option<&str>) -> Map<String, Value> {
    let intent = intent.map(|intent| ("intent".to_owned(), json!(intent)));
    let state = state.map(|state| ("state".to_owned(), json!(state)));
    intent.into_iter().chain(state).collect()
}

/// A link's public id: not secret, opens nothing.
pub fn link_id(interaction: InteractionId, number: u16) -> String {
    format!("{interaction}.{number}")
}

/// A JSON object made by `json!`.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => unreachable!("json! was given an object, not {other}"),
    }
}
