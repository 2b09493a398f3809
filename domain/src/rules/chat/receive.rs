//! A message that came from the conversation itself, by its platform or the gateway's own chat: an
//! answer, words for the team's bot, or something that nobody else should read.
//!
//! What an answer does is `hear`'s. Here is said who can give one, and what is kept from the bot
//! though nobody waits for it: a code that came late, or to where others read.

use serde::{Deserialize, Serialize};

use crate::conversation::address::LATE;
use crate::conversation::context::Context;
use crate::conversation::interaction::Interaction;
use crate::event::Actor;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::confirmation::Candidate;
use crate::proof::flag::{Flag, Reason};
use crate::proof::methods;
use crate::proof::methods::{AnswerForm, METHODS, ProofMethod};
use crate::proof::redaction::AwaitedAnswers;
use crate::refusal::Refusal;
use crate::rules::challenges::answer::AnswerOutcome;
use crate::rules::chat::hear::Heard;
use crate::rules::chat::hear::Kind;
use crate::rules::chat::hear::Sender;
use crate::rules::chat::hear::hear;
use crate::rules::chat::hear::is_waited_for;
use crate::secret::typed::holds_number;
use crate::settings::Settings;

/// Who reads what is said in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The one who chats, and the team.
    Alone,
    /// Others, too: what is said there proves nobody.
    Group,
}

/// A text as it came.
#[derive(Clone, Copy)]
pub struct ReceivedText<'a> {
    /// What was typed.
    pub text: &'a str,
    /// Who sent it.
    pub sender: Sender<'a>,
    /// Who brings it.
    pub by: &'a Actor,
    /// Whether the conversation that it came from is a group's, where the platform tells.
    pub in_group: Option<bool>,
    /// The newest challenge that the caller knew of, whose end was read where there is one.
    pub asked: u16,
}

/// What is known of a message where no interaction is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing was sent there.
    Silence,
    /// The gateway has sent something there lately.
    Sent,
    /// One closed there just now, in which an answer was asked for.
    Closed,
    /// An interaction is there, and could not be looked into.
    Doubt,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// It was taken for an answer.
    Answer(Kind, AnswerOutcome),
    /// It belongs to the bot.
    Words,
    /// The bot is told what was said, with dots where a code or a PIN could stand that somebody is waited for with.
    Redacted,
    /// The bot is told that something was said, and not what.
    Hidden,
}

/// A message in an open interaction, by whichever way it came.
pub fn receive(context: &mut Context<'_>, said: ReceivedText<'_>) -> Result<Received, Refusal> {
    if let Some(in_group) = said.in_group {
        context.address.heard_in(in_group, context.environment.now);
    }
    let is_redacted = awaited(&context.interaction).stands_in(said.text);
    let is_hidden = is_waited_for(context, said.text)
        || is_late_answer(context, said.text)
        || is_of_the_one_before(context, said.text)
        || context.interaction.challenges_made != said.asked && may_be_late(said.text, context.environment.settings)
        || is_late_confirmation(context, said.text);
    hear(context, said.text, said.sender, said.by).map(|heard| match heard {
        Heard::Answer(kind, outcome) => Received::Answer(kind, outcome),
        Heard::Conversation if is_hidden => Received::Hidden,
        Heard::Conversation if is_redacted => Received::Redacted,
        Heard::Conversation => Received::Words,
    })
}

/// A message where no interaction is open: nobody waits for it here. But people answer a text message
/// with the code that it brought, and that code is still good in the conversation that it was for.
pub fn receive_alone(text: &str, before: Before, settings: &Settings) -> Received {
    let is_hidden = match before {
        Before::Silence => false,
        Before::Sent => may_hold_code(text, settings),
        Before::Closed => may_be_late(text, settings),
        Before::Doubt => holds_any_number(text, settings) || Candidate::stands_in(text) || may_be_late(text, settings),
    };
    if is_hidden { Received::Hidden } else { Received::Words }
}

/// Whether a code of a team with these settings could stand in a text.
pub fn may_hold_code(text: &str, settings: &Settings) -> bool {
    let codes = METHODS.iter().filter(|method| method.form() == AnswerForm::Code);
    codes.filter_map(|method| method.digits(settings)).any(|digits| holds_number(text, &digits))
}

/// Whether any number that answers a challenge of such a team could stand in a text.
fn holds_any_number(text: &str, settings: &Settings) -> bool {
    METHODS.iter().filter_map(|method| method.digits(settings)).any(|digits| holds_number(text, &digits))
}

/// Whether somebody in the interaction is waited for: what the platform tells besides a text may quote
/// the message that brought the answer.
pub fn is_awaited(interaction: &Interaction) -> bool {
    interaction.participants.iter().any(|p| p.challenge.is_some() || p.confirmations().next().is_some())
}

/// The form of every answer that somebody is waited for with. "482913 is my code" is no answer, and whoever reads
/// it could give it.
pub fn awaited(interaction: &Interaction) -> AwaitedAnswers {
    let participants = interaction.participants.iter();
    let numbers = participants.clone().filter_map(|p| p.challenge.as_ref()?.prompt().digits()).collect();
    AwaitedAnswers { numbers, confirmation: participants.clone().any(|p| p.confirmations().next().is_some()) }
}

/// The newest challenge has ended without its answer: here it comes. Once it was answered, a number
/// is what the conversation is about; the code that was right opens nothing any more.
fn is_late_answer(context: &Context<'_>, text: &str) -> bool {
    let ended = context.ended_challenge(context.interaction.challenges_made);
    let unanswered =
        ended.filter(|ended| ended.end != ChallengeEnd::Passed && context.environment.now < ended.ended_at.plus(LATE));
    let method = unanswered.and_then(|ended| methods::find(ended.method));
    method.is_some_and(|method| method.hides(text, context.environment.settings))
}

/// The interaction before this one closed while somebody was asked, and nobody was asked since.
fn is_of_the_one_before(context: &Context<'_>, text: &str) -> bool {
    context.address.awaits_the_late(context.environment.now)
        && context.interaction.challenges_made == 0
        && may_be_late(text, context.environment.settings)
}

/// Whether a text could be the answer to whatever a team with these settings has asked for.
pub fn may_be_late(text: &str, settings: &Settings) -> bool {
    let could_be = |method: &&dyn ProofMethod| method.is_enabled(settings) && method.hides(text, settings);
    Candidate::parse(text).is_some() || METHODS.iter().any(could_be)
}

/// A login has waited for its code in vain.
fn is_late_confirmation(context: &Context<'_>, text: &str) -> bool {
    let waited =
        |flag: &Flag| matches!(flag, Flag::Lowered(Some(Reason::ConfirmationExpired | Reason::ConfirmationFailed)));
    context.interaction.participants.iter().any(|p| waited(&p.flag)) && Candidate::parse(text).is_some()
}
