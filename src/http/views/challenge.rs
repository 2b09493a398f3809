//! A challenge as callers read it: how it stands and where its page is.
//! What would answer it is never here: an agent's look is an operation of its own.

use serde::Serialize;
use utoipa::ToSchema;

use super::{DeliveryView, Viewer, delivery_of};
use crate::domain::base::id::{ChallengeId, InteractionId};
use crate::domain::base::method::Method;
use crate::domain::conversation::interaction::{Interaction, Participant};
use crate::domain::messaging::sending::What;
use crate::domain::proof::challenge::{Challenge, EndedChallenge};
use crate::domain::proof::methods::questions::Question;
use crate::domain::proof::methods::{AnswerForm, form};
use crate::domain::providers::identity::Shortfall;
use crate::domain::rules::challenges::manage::FoundChallenge;

/// A code, a PIN or another check that was put to a participant.
#[derive(Serialize, ToSchema)]
pub struct ChallengeView {
    id: String,
    #[schema(schema_with = super::method_names::challenge_method)]
    method: Method,
    /// The form of its answer: `code`, `agreed_number`, `questions` or `document`.
    #[schema(value_type = String)]
    form: Option<AnswerForm>,
    /// `pending`; `answered` while a right answer on its page waits to be bound to the chat; of one that ended
    /// `passed`, `exhausted`, `locked`, `expired`, `cancelled`, `superseded`, `closed`, `signed_out`, `reassigned`,
    /// `reported`, `not_returned` (the browser did not come back), `other_browser` (another one did), `unconfirmed`
    /// (what waited could not count any more), or `undecided` (too often nobody decided on what was shown).
    status: &'static str,
    participant: String,
    /// The page on which the person may answer: for that person alone.
    page_url: Option<String>,
    /// The message that brings the code; null where none does.
    delivery: Option<DeliveryView>,
    expires_at: Option<String>,
    tries_left: u32,
    /// Of a document: how its two stages stand. `tries_left` is of the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentView>,
    /// Of questions: what is asked. They are answered together.
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<Vec<QuestionView>>,
    /// When another code may be asked for; nothing where there is none to send.
    resend_after: Option<String>,
    /// Told once, when the challenge is put. For the chat's own window alone, never for a URL: with it the window
    /// vouches for the page that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    opener_secret: Option<String>,
}

/// A question. What would be right is told nobody.
#[derive(Serialize, ToSchema)]
pub struct QuestionView {
    /// `answer_1`, `answer_2`, …
    id: String,
    text: String,
    /// All that can be answered; empty where anything may be typed.
    choices: Vec<String>,
}

fn questions(challenge: &Challenge) -> Option<Vec<QuestionView>> {
    let questions = challenge.prompt().questions()?;
    let view = |(n, question): (usize, &Question)| QuestionView {
        id: format!("answer_{n}"),
        text: question.text.clone(),
        choices: question.choices.clone(),
    };
    Some((1..).zip(&questions.put).map(view).collect())
}

/// How the check of a document stands.
#[derive(Serialize, ToSchema)]
pub struct DocumentView {
    /// The team's provider that judges it.
    provider: String,
    /// `waiting` for pictures, `checking` them, or what the newest attempt came to: `unclear`, `failed` or
    /// `undecided`, which counts for nothing.
    status: &'static str,
    /// What was wrong with unclear pictures: `blurred`, `glare`, `dark`, `incomplete`, `unreadable`,
    /// `wrong_document`, `no_face` or `zone`.
    flaws: Vec<&'static str>,
    /// Attempts with unclear pictures that are still taken.
    quality_tries_left: u32,
}

fn document(challenge: &Challenge) -> Option<DocumentView> {
    let document = challenge.prompt().document()?;
    let (status, flaws) = match (&document.checking, document.last.as_ref().map(|last| &last.how)) {
        (Some(_), _) => ("checking", Vec::new()),
        (None, None) => ("waiting", Vec::new()),
        (None, Some(Shortfall::Quality(flaws))) => ("unclear", flaws.iter().map(|flaw| flaw.as_str()).collect()),
        (None, Some(Shortfall::Authentication)) => ("failed", Vec::new()),
        (None, Some(Shortfall::Undecided)) => ("undecided", Vec::new()),
    };
    let (provider, quality_tries_left) = (document.provider.to_string(), document.quality_left);
    Some(DocumentView { provider, status, flaws, quality_tries_left })
}

impl Viewer<'_> {
    /// A participant's live challenge.
    pub(super) fn live_challenge(self, interaction: &Interaction, participant: &Participant) -> Option<ChallengeView> {
        let live = participant.challenge.as_ref().filter(|c| interaction.is_open(self.now) && c.is_live(self.now))?;
        Some(self.challenge(interaction, live))
    }

    /// A challenge that waits for its answer.
    pub fn challenge(self, interaction: &Interaction, challenge: &Challenge) -> ChallengeView {
        ChallengeView {
            id: ChallengeId { interaction: interaction.id, number: challenge.number }.to_string(),
            method: challenge.method(),
            form: form(challenge.method()),
            status: if challenge.page.is_answered() { "answered" } else { "pending" },
            participant: challenge.participant.to_string(),
            page_url: Some(format!("{}/c/{}", self.public_url, challenge.page_token(interaction.id, self.keys).text())),
            delivery: delivery_of(
                interaction,
                |what| matches!(what, What::Code { challenge: sent, .. } if *sent == challenge.number),
            ),
            expires_at: challenge.expires_at.map(|end| end.to_string()),
            tries_left: challenge.tries_left,
            document: document(challenge),
            questions: questions(challenge),
            resend_after: challenge.resend_at().map(|at| at.to_string()),
            opener_secret: None,
        }
    }

    /// A challenge that was just put, for whoever gives its page to the chat's own window.
    pub fn new_challenge(self, interaction: &Interaction, challenge: &Challenge) -> ChallengeView {
        let opener_secret = challenge.page.opener.map(|_| challenge.opener_secret(interaction.id, self.keys));
        ChallengeView { opener_secret, ..self.challenge(interaction, challenge) }
    }

    /// A challenge however it stands.
    pub fn found(self, interaction: &Interaction, found: &FoundChallenge) -> ChallengeView {
        match found {
            FoundChallenge::Live(challenge) => self.challenge(interaction, challenge),
            FoundChallenge::Ended(ended) => over(interaction.id, ended),
        }
    }
}

fn over(interaction: InteractionId, ended: &EndedChallenge) -> ChallengeView {
    ChallengeView {
        id: ChallengeId { interaction, number: ended.number }.to_string(),
        method: ended.method,
        form: form(ended.method),
        status: ended.end.as_str(),
        participant: ended.participant.to_string(),
        page_url: None,
        delivery: None,
        expires_at: ended.expires_at.map(|end| end.to_string()),
        tries_left: ended.tries_left,
        document: None,
        questions: None,
        resend_after: None,
        opener_secret: None,
    }
}
