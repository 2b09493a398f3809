//! Answering a challenge: what is taken for an answer, what a right one raises and a wrong one
//! costs. Chat, API and page all come here.
//!
//! Counted before compared: whatever is compared has passed `admit`, and what a wrong answer
//! counted is in the decision that is saved before anybody is told.

use serde::{Deserialize, Serialize};

use crate::base::binding::{Binding, PageSource};
use crate::base::id::ParticipantId;
use crate::conversation::context::{Context, budgets, challenge_data};
use crate::event::{Actor, EventData};
use crate::proof::challenge::{Challenge, ChallengeEnd};
use crate::proof::flag::{Bound, Proof, Reason};
use crate::proof::lockout::Consequence;
use crate::proof::methods::check::TypedText;
use crate::proof::methods::{AnswerForm, form};
use crate::refusal::Refusal;
use crate::rules::challenges::elsewhere::settle;
use crate::rules::challenges::elsewhere::weigh;
use crate::rules::challenges::manage::FoundChallenge;
use crate::rules::challenges::manage::find;
use crate::rules::flag::accept::NewProof;
use crate::rules::flag::accept::accept;
use crate::rules::flag::open::RaiseRequest;
use crate::rules::flag::open::raise;
use crate::secret::Tag;
use crate::secret::keys::Keys;
use crate::secret::token::Token;
use crate::time::Moment;

/// What became of an answer, in the order in which the first that holds is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOutcome {
    /// The person is banned; nothing was compared.
    Banned,
    /// The person is locked; nothing was compared.
    Locked,
    /// The challenge was answered rightly before.
    AlreadyUsed,
    /// It was answered wrongly too often.
    Exhausted,
    /// Its time is over, or it was taken back.
    Expired,
    /// The text is none that could be right: not counted.
    NotACode,
    /// It was wrong.
    Wrong,
    /// It was right, but of another customer than this conversation's.
    SubjectConflict,
    /// It was right.
    Passed,
}

/// An answer.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// As it was typed.
    pub typed: TypedText<'a>,
    /// How it came.
    pub how: AnswerOrigin<'a>,
    /// Who brings it: not who had the code revealed.
    pub by: &'a Actor,
}

/// How an answer came.
#[derive(Clone, Copy)]
pub enum AnswerOrigin<'a> {
    /// A caller brings it: whether they say that it came from the conversation itself.
    Brought {
        /// They speak for the conversation.
        speaks: bool,
    },
    /// It is a message of the conversation itself.
    Typed,
    /// On a page of ours, in that browser: what shows whose it is comes after it.
    OnPage(&'a OnPage<'a>),
}

/// A page that an answer comes from.
pub struct OnPage<'a> {
    /// The browser.
    pub browser: &'a Tag,
    /// The page's own token.
    pub token: &'a Token,
    /// The form's own name for the attempt.
    pub attempt: &'a str,
    /// The invitation that the page belongs to, where it is one's.
    pub invitation: Option<u16>,
}

impl OnPage<'_> {
    /// The done page's token of an answer there: the same for a repeated form, and for nobody else's.
    pub fn done(&self, starts: u16, challenge: u16, keys: &Keys) -> Token {
        let (attempt, starts) = (self.attempt.as_bytes(), starts.to_be_bytes());
        self.token.challenge_done(challenge, &[&starts, attempt, self.browser.as_bytes()], &keys.handle)
    }
}

/// What is told of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How it went.
    pub outcome: AnswerOutcome,
    /// Whose challenge it was.
    pub participant: ParticipantId,
    /// Wrong answers that it still takes.
    pub tries_left: u32,
    /// Nothing is taken until then.
    pub locked_until: Option<Moment>,
}

/// Answers the challenge of that number.
pub fn answer(context: &mut Context<'_>, number: u16, answer: &Answer<'_>) -> Result<Answered, Refusal> {
    let found = find(context, number)?;
    let id = found.participant().clone();
    let at = context.find(Some(&id))?;
    let what = found.method().guarded();
    if let FoundChallenge::Live(challenge) = &found {
        if challenge.revealed_to.contains(answer.by) {
            return Err(Refusal::ActorConflict);
        }
        // Before anything is compared or counted: another browser's page is none.
        if matches!(answer.how, AnswerOrigin::OnPage(page) if !challenge.page.was_started_by(page.browser)) {
            return Err(Refusal::StaleForm);
        }
    }
    budgets::look_up(context, at);
    let outcome = match (budgets::admit(context, at, what), &found) {
        (Err(Refusal::Banned), _) => AnswerOutcome::Banned,
        (Err(_), _) => AnswerOutcome::Locked,
        (Ok(_), FoundChallenge::Ended(ended)) => over(ended.end),
        (Ok(_), FoundChallenge::Live(challenge)) if challenge.page.is_answered() => AnswerOutcome::AlreadyUsed,
        (Ok(_), FoundChallenge::Live(challenge)) => match challenge.prompt().candidate(answer.typed) {
            None => AnswerOutcome::NotACode,
            Some(said) => {
                let is_right = weigh(context, at, &said)?;
                settle(context, at);
                match is_right {
                    true => pass(context, at, answer.how, answer.by),
                    false => count_wrong_answer(context, at),
                }
            }
        },
    };
    if context.must_be_open().is_ok() {
        context.touch();
    }
    let live = context.interaction.participants[at].challenge.as_ref().filter(|c| c.number == number);
    let ended = context.ended_challenge(number);
    let tries_left = live.map(|c| c.tries_left).or(ended.map(|e| e.tries_left)).unwrap_or(0);
    let locked_until = match budgets::admit(context, at, what) {
        Err(Refusal::Locked(until)) => Some(until),
        _ => None,
    };
    Ok(Answered { outcome, participant: id, tries_left, locked_until })
}

/// What a challenge that ended answers.
fn over(end: ChallengeEnd) -> AnswerOutcome {
    match end {
        ChallengeEnd::Passed => AnswerOutcome::AlreadyUsed,
        ChallengeEnd::Exhausted | ChallengeEnd::Locked => AnswerOutcome::Exhausted,
        _ => AnswerOutcome::Expired,
    }
}

/// It was right: the challenge ends and the flag is raised, or the proof waits to be bound to the chat.
pub(crate) fn pass(context: &mut Context<'_>, at: usize, how: AnswerOrigin<'_>, by: &Actor) -> AnswerOutcome {
    budgets::clear_failure_limit(context, at);
    let challenge = context.interaction.participants[at].challenge.clone().expect("the caller chose one that is asked");
    let proof = proof_of(&challenge, by);
    let data = challenge_data(context.interaction.id, &challenge);
    context.tell(EventData::ChallengePassed(data), Some(challenge.participant.clone()));
    let participant = &context.interaction.participants[at];
    if proof.customer.as_ref().is_some_and(|proved| participant.is_other_than(proved)) {
        context.end_challenge(at, ChallengeEnd::Passed);
        return AnswerOutcome::SubjectConflict;
    }
    match how {
        AnswerOrigin::Brought { .. } | AnswerOrigin::Typed => {
            // A cosigner is not in the conversation, and a session of pages carries no messages.
            let is_typed = !matches!(how, AnswerOrigin::Brought { speaks: false }) && context.can_write(at);
            let binding = if is_typed { Binding::Typed } else { Binding::None };
            context.end_challenge(at, ChallengeEnd::Passed);
            let (intent, state) = (challenge.intent.clone(), challenge.state.clone());
            let asked = RaiseRequest { at: Some(challenge.started_at), intent, state };
            let bound = Bound::now(binding, context.environment.now);
            raise(context, at, proof, bound, Some(asked))
                .map_or(AnswerOutcome::SubjectConflict, |()| AnswerOutcome::Passed)
        }
        AnswerOrigin::OnPage(page) => {
            let done = page
                .done(challenge.page.starts, challenge.number, context.environment.keys)
                .tag(&context.environment.keys.link);
            let new = NewProof { proof: Some(proof), done, kid: None, invitation: page.invitation };
            let accepted = accept(context, at, PageSource::Challenge(challenge.number), new);
            accepted.map_or(AnswerOutcome::SubjectConflict, |_| AnswerOutcome::Passed)
        }
    }
}

/// What a right answer to the challenge proves.
pub(crate) fn proof_of(challenge: &Challenge, by: &Actor) -> Proof {
    // An agent who set the PIN knows it as well as one who had it revealed.
    let is_agreed = form(challenge.method()) == Some(AnswerForm::AgreedNumber);
    let set_by = is_agreed && challenge.started_by == *by;
    let mut proof = Proof::of_answer(challenge.method(), set_by || !challenge.revealed_to.is_empty());
    proof.customer = challenge.customer().cloned(); // whose facts they are
    proof
}

/// It was wrong: the count is saved before anybody is told.
pub(crate) fn count_wrong_answer(context: &mut Context<'_>, at: usize) -> AnswerOutcome {
    let interaction = context.interaction.id;
    let participant = context.participant(at);
    let (id, challenge) = (participant.id.clone(), participant.challenge.as_mut());
    let challenge = challenge.expect("the caller chose one that is asked");
    challenge.tries_left = challenge.tries_left.saturating_sub(1);
    let (tries_left, what) = (challenge.tries_left, challenge.method().guarded());
    let data = challenge_data(interaction, challenge).wrong(tries_left);
    context.tell(EventData::ChallengeWrong(data), Some(id));
    let consequence = budgets::fail(context, at, what);
    if tries_left == 0 {
        context.end_challenge(at, ChallengeEnd::Exhausted);
    }
    if context.interaction.participants[at].challenge.is_none() {
        context.participant(at).flag.explain(Reason::ChallengeFailed);
    }
    match consequence {
        Consequence::Counted => AnswerOutcome::Wrong,
        Consequence::Locked(_) => AnswerOutcome::Locked,
        Consequence::Banned => AnswerOutcome::Banned,
    }
}
