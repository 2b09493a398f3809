//! A text that the person typed in the chat: a confirmation code, the answer to a challenge, or
//! conversation.
//!
//! Counted before compared: a wrong answer's count is in the decision, and is saved before anybody
//! is told.

use serde::{Deserialize, Serialize};

use crate::base::binding::{Binding, PageSource};
use crate::base::method::{Guarded, Method};
use crate::base::role::ParticipantRole;
use crate::conversation::context::{Context, budgets};
use crate::conversation::interaction::Participant;
use crate::event::Actor;
use crate::proof::challenge::Challenge;
use crate::proof::confirmation::Candidate;
use crate::proof::link;
use crate::proof::methods::check::{PossibleAnswer, TypedText};
use crate::refusal::Refusal;
use crate::rules::challenges::answer;
use crate::rules::challenges::answer::AnswerOrigin;
use crate::rules::challenges::answer::AnswerOutcome;
use crate::rules::challenges::elsewhere::settle;
use crate::rules::challenges::elsewhere::weigh;
use crate::rules::chat::confirm;

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nobody waits for it: it belongs to the bot.
    Conversation,
    /// It was taken for an answer.
    Answer(Kind, AnswerOutcome),
}

/// What a text was an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A login that waits for its code.
    Confirmation,
    /// A challenge of that method.
    #[serde(untagged)]
    Challenge(Method),
}

/// What a text would be to one who waits.
enum Said {
    Confirmation(Candidate),
    Challenge(Method, PossibleAnswer),
}

impl Said {
    fn guarded(&self) -> Guarded {
        match self {
            Self::Confirmation(_) => link::BUDGET,
            Self::Challenge(method, _) => method.guarded(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Confirmation(_) => Kind::Confirmation,
            Self::Challenge(method, _) => Kind::Challenge(*method),
        }
    }

    /// What it answers rightly.
    fn answers(&self, context: &mut Context<'_>, at: usize) -> Result<Option<Answered>, Refusal> {
        match self {
            Self::Confirmation(said) => Ok(confirm::whose(context, at, said).map(Answered::Confirmation)),
            Self::Challenge(_, said) => Ok(weigh(context, at, said)?.then_some(Answered::Challenge)),
        }
    }
}

/// What a text was the right answer to.
enum Answered {
    Confirmation(PageSource),
    Challenge,
}

/// Which of them it answers rightly. Only what nothing here can judge asks a provider, of one after the other; no
/// attempt ends before all of them are decided, so that each is judged once.
fn right_one(context: &mut Context<'_>, said: &[(usize, Said)]) -> Result<Option<(usize, Answered)>, Refusal> {
    let elsewhere = |context: &Context<'_>, at: usize| {
        context.interaction.participants[at].challenge.as_ref().is_some_and(Challenge::is_judged_elsewhere)
    };
    let (others, own): (Vec<usize>, Vec<usize>) = (0..said.len()).partition(|n| elsewhere(context, said[*n].0));
    for n in own.into_iter().chain(others) {
        if let Some(answered) = said[n].1.answers(context, said[n].0)? {
            return Ok(Some((n, answered)));
        }
    }
    Ok(None)
}

/// Who sent a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender<'a> {
    /// The one whose conversation it is.
    Own,
    /// Whoever has that address.
    Named(&'a str),
    /// Nobody knows, or others read along.
    Unknown,
}

/// Hears a text. It answers only what is asked of the participant who wrote it, and whoever had a code revealed
/// cannot bring it.
pub fn hear(context: &mut Context<'_>, text: &str, sender: Sender<'_>, by: &Actor) -> Result<Heard, Refusal> {
    context.must_be_open()?;
    let writer = writer(context, sender);
    let waiting = writer.map(|at| waiting(context, at, text)).unwrap_or_default();
    let revealed = |at: usize| context.interaction.participants[at].challenge.as_ref().map(|c| &c.revealed_to);
    let saw = |(at, said): &(usize, Said)| {
        matches!(said, Said::Challenge(..)) && revealed(*at).is_some_and(|to| to.contains(by))
    };
    if waiting.iter().any(saw) {
        return Err(Refusal::ActorConflict);
    }
    // What was answered on a page is asked no more: nothing is compared, and nothing counted.
    let (answered, waiting): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|(at, said)| matches!(said, Said::Challenge(..)) && is_answered(context, *at));
    waiting.iter().for_each(|(at, _)| budgets::look_up(context, *at));
    let (admitted, refused): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|(at, said)| budgets::admit(context, *at, said.guarded()).is_ok());
    // A right code is no wrong answer to something else: only a text that is right nowhere is counted.
    let right = right_one(context, &admitted)?;
    admitted.iter().for_each(|(at, _)| settle(context, *at));
    context.touch();
    if writer.is_some() {
        context.heard_her();
    }
    if let Some((n, answered)) = right {
        let (at, said) = &admitted[n];
        let outcome = match answered {
            Answered::Confirmation(source) => confirm::pass(context, *at, source, Binding::Code),
            Answered::Challenge => answer::pass(context, *at, AnswerOrigin::Typed, by),
        };
        return Ok(Heard::Answer(said.kind(), outcome));
    }
    let worst = missed(context, admitted);
    let shut = refused.first().map(|(at, said)| match budgets::admit(context, *at, said.guarded()) {
        Err(Refusal::Banned) => (AnswerOutcome::Banned, said.kind()),
        _ => (AnswerOutcome::Locked, said.kind()),
    });
    let late = answered.first().map(|(_, said)| (AnswerOutcome::AlreadyUsed, said.kind()));
    Ok(worst.or(shut).or(late).map_or(Heard::Conversation, |(outcome, kind)| Heard::Answer(kind, outcome)))
}

/// A text that is right nowhere is counted for each of what it could have answered; the outcome that weighs most.
fn missed(context: &mut Context<'_>, admitted: Vec<(usize, Said)>) -> Option<(AnswerOutcome, Kind)> {
    let mut worst: Option<(AnswerOutcome, Kind)> = None;
    for (at, said) in admitted {
        // Two things may share a budget: the lock of the first holds for the second.
        if budgets::admit(context, at, said.guarded()).is_err() {
            continue;
        }
        let outcome = match said {
            Said::Confirmation(_) => confirm::count_wrong_code(context, at),
            Said::Challenge(..) => answer::count_wrong_answer(context, at),
        };
        if worst.is_none_or(|(known, _)| outcome < known) {
            worst = Some((outcome, said.kind()));
        }
    }
    worst
}

/// Whether the participant's challenge was answered on its page.
fn is_answered(context: &Context<'_>, at: usize) -> bool {
    context.interaction.participants[at].challenge.as_ref().is_some_and(|challenge| challenge.page.is_answered())
}

/// The participant whose own words a text is: the one who chats, or somebody whose phone number or mail address
/// the sender is. None: nobody's, so it answers nothing.
fn writer(context: &Context<'_>, sender: Sender<'_>) -> Option<usize> {
    let primary = context.find(None).ok().filter(|at| context.can_write(*at))?;
    let from = match sender {
        Sender::Unknown => return None,
        Sender::Own => return Some(primary),
        Sender::Named(from) if from == context.interaction.conversation.as_str() => return Some(primary),
        Sender::Named(from) => from,
    };
    let is_theirs = |participant: &Participant| {
        let person = &participant.person;
        participant.role != ParticipantRole::Primary
            && [&person.phone, &person.email].into_iter().flatten().any(|own| own == from)
    };
    context.interaction.participants.iter().position(is_theirs)
}

/// Whether anybody in the conversation waits for a text like this one.
pub(crate) fn is_waited_for(context: &Context<'_>, text: &str) -> bool {
    (0..context.interaction.participants.len()).any(|at| !waiting(context, at, text).is_empty())
}

/// What of the writer's own waits for a text like this one: a login before a challenge. What is asked of
/// somebody else, nobody can answer for them.
fn waiting(context: &Context<'_>, at: usize, text: &str) -> Vec<(usize, Said)> {
    let (participant, now) = (&context.interaction.participants[at], context.environment.now);
    let confirmation = participant.confirmations().next().and_then(|_| Candidate::parse(text));
    let challenge = participant
        .challenge
        .as_ref()
        .filter(|challenge| challenge.is_answered_in_chat() && challenge.expires_at.is_none_or(|end| now < end));
    let answer = challenge
        .and_then(|challenge| Some((challenge.method(), challenge.prompt().candidate(TypedText::Text(text))?)));
    let confirmation = confirmation.map(|said| (at, Said::Confirmation(said)));
    confirmation.into_iter().chain(answer.map(|(method, said)| (at, Said::Challenge(method, said)))).collect()
}
