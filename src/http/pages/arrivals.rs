//! What people do on a code page: go on, answer, ask for another code, disown it. Each act came by a
//! form of ours that this browser was shown; `code_page` has seen to that.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use url::Url;

use super::code_page_view::CodePageContext;
use crate::domain::base::binding::Binding;
use crate::domain::conversation::interaction::Participant;
use crate::domain::proof::entry;
use crate::domain::proof::entry::Admission;
use crate::domain::proof::link::Link;
use crate::domain::proof::methods::check::TypedText;
use crate::domain::providers::question_rule::MAX_QUESTIONS;
use crate::domain::refusal::Refusal;
use crate::domain::rules::challenges::answer::AnswerOutcome;
use crate::domain::rules::links::enter::Arrived;
use crate::domain::rules::links::enter::entered_invitation;
use crate::domain::rules::links::page::Page;
use crate::domain::secret::Tag;
use crate::domain::secret::token::{Token, TokenKind};
use crate::domain::time::Moment;
use crate::http::documents::browser::PostedForm;
use crate::http::documents::notices::notice;
use crate::http::documents::page::{done, see_other, set};
use crate::http::documents::reader::Reader;
use crate::http::state::Shared;
use crate::pages::{self, AnswerError};
use crate::services::Snapshot;
use crate::services::engine::Error;

/// An answer is at most so long: a code or a PIN, however it is spaced.
const MAX_ANSWER: usize = 64;

/// An act on a page.
pub(crate) struct Act<'a> {
    pub state: &'a Shared,
    pub reader: &'a Reader,
    pub token: &'a Token,
    pub form: &'a PostedForm,
}

impl Act<'_> {
    fn url(&self, step: &str) -> String {
        format!("/c/{}?step={step}", self.token.text())
    }

    /// Continue on the opening screen.
    pub async fn press_continue(&self) -> Result<Response, Error> {
        let (gateway, browser) = (&self.state.gateway, self.form.fingerprint(self.state, self.token));
        if self.token.kind == TokenKind::Challenge {
            let opener = Some(self.form.field("opener"));
            return match gateway.challenges.arrive(self.token, &browser, opener).await {
                Ok(_) => Ok(see_other(&self.url("code"))),
                Err(Error::Refused(Refusal::SendBudget(until))) => Ok(self.too_early(until)),
                Err(error) => Err(error),
            };
        }
        let snapshot = match gateway.challenges.come_in(self.token, &browser).await {
            Err(Error::Refused(Refusal::SendBudget(until))) => return Ok(self.too_early(until)),
            snapshot => snapshot?,
        };
        match &snapshot.outcome {
            Arrived::Entered => Ok(self.enter(&snapshot, &browser)),
            Arrived::Asked => Ok(see_other(&self.url("code"))),
            Arrived::Login(continued) => {
                gateway.links.sign_url(&snapshot, &continued.link, &continued.handle).await.map(|url| see_other(&url))
            }
        }
    }

    /// Answers to questions, as the form names them: up to the last that it has.
    fn set(&self) -> Vec<String> {
        let field = |n: usize| self.form.field(&format!("answer_{n}")).to_owned();
        let mut set: Vec<String> = (1..=MAX_QUESTIONS).map(field).collect();
        set.truncate(set.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1));
        set
    }

    /// A code, a PIN or a set of answers.
    pub async fn answer(&self) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let text = [self.form.field("code"), self.form.field("pin")].into_iter().find(|text| !text.is_empty());
        let text = text.unwrap_or_default();
        let text = if text.len() <= MAX_ANSWER { text } else { "" };
        let set = self.set();
        let typed = if set.is_empty() { TypedText::Text(text) } else { TypedText::Set(&set) };
        let (browser, attempt) = (self.form.fingerprint(self.state, self.token), self.form.field("attempt"));
        let told = gateway.challenges.answer_page(self.token, typed, attempt, &browser).await?;
        if let Some((number, starts)) = told.passed {
            let done = gateway.challenges.done_of_answer(self.token, number, starts, attempt, &browser);
            return Ok(see_other(&gateway.links.done_url(&done)));
        }
        let snapshot = gateway.challenges.code_page_by_token(self.token).await?;
        let seen = self.seen(&snapshot);
        let redrawn = |status: StatusCode, error| Ok((status, seen.answer(Some(error))).into_response());
        match told.outcome {
            AnswerOutcome::Passed => Ok(see_other(&self.url("done"))),
            AnswerOutcome::Wrong => redrawn(StatusCode::UNPROCESSABLE_ENTITY, AnswerError::Wrong),
            AnswerOutcome::NotACode => redrawn(StatusCode::UNPROCESSABLE_ENTITY, AnswerError::NotACode),
            AnswerOutcome::SubjectConflict => Err(Refusal::SubjectConflict.into()),
            AnswerOutcome::Locked => Err(told.locked_until.map_or(Refusal::Banned, Refusal::Locked).into()),
            AnswerOutcome::Banned => Err(Refusal::Banned.into()),
            AnswerOutcome::AlreadyUsed | AnswerOutcome::Exhausted | AnswerOutcome::Expired
                if snapshot.outcome.is_entry() =>
            {
                redrawn(StatusCode::GONE, AnswerError::Over)
            }
            AnswerOutcome::AlreadyUsed | AnswerOutcome::Exhausted | AnswerOutcome::Expired => {
                Err(Refusal::CodeGone.into())
            }
        }
    }

    fn seen<'s>(&'s self, snapshot: &'s Snapshot<Page>) -> CodePageContext<'s> {
        CodePageContext {
            state: self.state,
            reader: self.reader,
            snapshot,
            token: self.token,
            browser: &self.form.browser,
        }
    }

    /// Another code, where the page can have one sent.
    pub async fn resend(&self) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let browser = self.form.fingerprint(self.state, self.token);
        let refusal = match gateway.challenges.resend_page(self.token, &browser).await {
            Ok(_) => return Ok(see_other(&self.url("code"))),
            Err(Error::Refused(refusal)) => refusal,
            Err(error) => return Err(error),
        };
        let Refusal::SendBudget(until) = refusal else { return Err(refusal.into()) };
        let snapshot = gateway.challenges.code_page_by_token(self.token).await?;
        let seen = self.seen(&snapshot);
        let error = if seen.is_too_early() { AnswerError::TooEarly } else { AnswerError::NoMoreCodes };
        let mut response = (StatusCode::TOO_MANY_REQUESTS, seen.answer(Some(error))).into_response();
        let seconds = until.since(gateway.engine.now()).as_secs().max(1);
        set(&mut response, header::RETRY_AFTER, &seconds.to_string());
        Ok(response)
    }

    /// "This wasn't me".
    pub async fn report(&self) -> Result<Response, Error> {
        let browser = self.form.fingerprint(self.state, self.token);
        let snapshot = self.state.gateway.challenges.report_page(self.token, &browser).await?;
        Ok(done(self.state, self.reader, &snapshot.team.effective.settings, pages::DoneState::Reported))
    }

    /// A document was shown, and its browser has yet to be shown to be the chat's.
    pub async fn finish(&self) -> Result<Response, Error> {
        let browser = self.form.fingerprint(self.state, self.token);
        let done = self.state.gateway.challenges.document_done(self.token, &browser).await?;
        Ok(see_other(&self.state.gateway.links.done_url(&done)))
    }

    fn enter<T>(&self, snapshot: &Snapshot<T>, browser: &Tag) -> Response {
        let people = &snapshot.interaction.participants;
        let at = people.iter().position(|p| p.links.iter().any(|l| l.number == self.token.number));
        let participant = &people[at.expect("the invitation that lets the browser in is live")];
        match entered_invitation(participant, browser) {
            Some(door) => let_in(self.state, snapshot, participant, door),
            None => let_in_by(self.state, snapshot, participant, self.token),
        }
    }

    /// Another browser wants a code of its own, and the last one left a moment ago.
    fn too_early(&self, until: Moment) -> Response {
        let seconds = until.since(self.state.gateway.engine.now()).as_secs().max(1);
        let mut response =
            notice(self.state, self.reader, StatusCode::TOO_MANY_REQUESTS, pages::RefusedPage::NoCode, None);
        set(&mut response, header::RETRY_AFTER, &seconds.to_string());
        response
    }
}

/// A browser that was admitted goes to where the team lets people in, with our word for it; without such a place
/// to the done page of the invitation.
pub(crate) fn let_in<T>(state: &Shared, snapshot: &Snapshot<T>, participant: &Participant, door: &Link) -> Response {
    let_in_by(state, snapshot, participant, &entry::page(snapshot.interaction.id, door, state.gateway.engine.keys()))
}

fn let_in_by<T>(state: &Shared, snapshot: &Snapshot<T>, participant: &Participant, invitation: &Token) -> Response {
    let settings = &snapshot.team.effective.settings;
    let Some(mut to) = settings.entry.admit_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
        return see_other(&format!("/c/{}?step=done", invitation.text()));
    };
    let (gateway, interaction) = (&state.gateway, &snapshot.interaction);
    // What was proved at the door, for as long as a proof counts; nothing else that is known of the participant.
    let lasts = Duration::from_secs(60 * settings.authentication_timeout_minutes);
    let proof = participant.entry.proved.as_ref().filter(|proof| gateway.engine.now() < proof.at.plus(lasts));
    let customer = proof.and_then(|proof| proof.customer.as_ref());
    let audience = to.origin().ascii_serialization();
    let word = Admission {
        iss: gateway.urls.public_url(),
        aud: &audience,
        sub: &participant.id,
        team: &interaction.team,
        interaction: interaction.id,
        conversation: &interaction.conversation,
        channel: &interaction.channel,
        role: participant.role,
        methods: proof.map(|proof| proof.method).into_iter().collect(),
        auth_time: proof.map(|proof| proof.at.unix_seconds()),
        customer: customer.map(|customer| &customer.id),
        name: customer.and_then(|customer| customer.name.as_deref()),
        binding: Binding::Browser,
    };
    let signed = word.sign(gateway.engine.keys(), gateway.engine.now(), gateway.engine.draw());
    to.query_pairs_mut().append_pair("cs_entry", &signed);
    see_other(to.as_str())
}
