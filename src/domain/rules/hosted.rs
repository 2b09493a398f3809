//! What the gateway's own login page asks of a conversation: whether somebody may try there, and what a
//! wrong password or code costs. A right one comes back like every login page's word: `postback`.

use super::postback::opened;
use crate::domain::id::CustomerId;
use crate::domain::interaction::Device;
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;
use crate::domain::token::Token;
use crate::domain::turn::{Decision, Turn};

/// Who is at the page.
#[derive(Clone, Debug)]
pub struct Knocking {
    /// The customer that the conversation is known to be with.
    pub known: Option<CustomerId>,
    /// The device, as the bot described it.
    pub device: Option<Device>,
    /// The end of the link.
    pub expires_at: Option<crate::domain::time::Moment>,
}

/// Whether the page may be shown for the link that the handle belongs to.
pub fn knock(mut turn: Turn<'_>, handle: &Token) -> Decision<Knocking> {
    if let Ok((at, _)) = opened(&turn, handle) {
        turn.look_up(at);
    }
    let found = find(&turn, handle);
    turn.end(found)
}

/// A wrong password or code was typed there: it counts like every wrong answer of the conversation.
pub fn miss(mut turn: Turn<'_>, handle: &Token) -> Decision<()> {
    let at = match opened(&turn, handle) {
        Ok((at, _)) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    turn.look_up(at);
    if let Err(refusal) = turn.admit(at, Guarded::Login) {
        return turn.refuse(refusal);
    }
    turn.fail(at, Guarded::Login);
    turn.touch();
    turn.done(())
}

fn find(turn: &Turn<'_>, handle: &Token) -> Result<Knocking, Refusal> {
    turn.must_be_open()?;
    let (at, link) = opened(turn, handle)?;
    turn.admit(at, Guarded::Login)?;
    let participant = &turn.interaction.participants[at];
    let known = participant.known_as().cloned();
    // What the bot described is the device of the one who chats.
    let chats = turn.interaction.primary().id == participant.id;
    let device = turn.interaction.device.clone().filter(|_| chats);
    Ok(Knocking { known, device, expires_at: link.expires_at })
}
