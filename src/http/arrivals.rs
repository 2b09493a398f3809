//! What people do on a code page: go on, answer, ask for another code, disown it. Each act came by a
//! form of ours that this browser was shown; `code_page` has seen to that.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use url::Url;

use super::Shared;
use super::browser::{Form, fingerprint};
use super::code_page::Seen;
use super::page::{done, see_other, set};
use super::reader::Reader;
use super::views::mask;
use crate::domain::challenge::{Challenge, Check, DeliverTo, Typed};
use crate::domain::entry::Admission;
use crate::domain::flag::Raised;
use crate::domain::interaction::Interaction;
use crate::domain::method::Method;
use crate::domain::questions::MOST_QUESTIONS;
use crate::domain::refusal::Refusal;
use crate::domain::rules::answer::Outcome;
use crate::domain::rules::enter::Arrived;
use crate::domain::rules::page::Page;
use crate::domain::sending::{State, Way, What};
use crate::domain::time::Moment;
use crate::domain::token::{Token, TokenKind};
use crate::gateway::{Error, Held};
use crate::pages::{self, AnswerError};

/// An answer is at most so long: a code or a PIN, however it is spaced.
const LONGEST_ANSWER: usize = 64;

/// An act on a page.
pub(super) struct Act<'a> {
    pub state: &'a Shared,
    pub reader: &'a Reader,
    pub token: &'a Token,
    pub form: &'a Form,
}

impl Act<'_> {
    fn url(&self, step: &str) -> String {
        format!("/c/{}?step={step}", self.token.text())
    }

    /// Continue on the opening screen.
    pub async fn press_continue(&self) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        if self.token.kind == TokenKind::Challenge {
            gateway.arrive(self.token).await?;
            return Ok(see_other(&self.url("code")));
        }
        let browser = fingerprint(self.state, &self.form.browser);
        let held = gateway.come_in(self.token, &browser, self.form.browser.as_bytes()).await?;
        match held.outcome {
            Arrived::Entered(proved) => Ok(self.let_in(&held, proved)),
            Arrived::Asked => Ok(see_other(&self.url("code"))),
            Arrived::Login(continued) => {
                gateway.signed_url(&held.team, &continued.link, &continued.handle).map(|url| see_other(&url))
            }
        }
    }

    /// Answers to questions, as the form names them: up to the last that it has.
    fn set(&self) -> Vec<String> {
        let field = |n: usize| self.form.field(&format!("answer_{n}")).to_owned();
        let mut set: Vec<String> = (1..=MOST_QUESTIONS).map(field).collect();
        set.truncate(set.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1));
        set
    }

    /// A code, a PIN or a set of answers.
    pub async fn answer(&self) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let text = [self.form.field("code"), self.form.field("pin")].into_iter().find(|text| !text.is_empty());
        let text = text.unwrap_or_default();
        let text = if text.len() <= LONGEST_ANSWER { text } else { "" };
        let set = self.set();
        let typed = if set.is_empty() { Typed::Text(text) } else { Typed::Set(&set) };
        let browser = fingerprint(self.state, &self.form.browser);
        let told = gateway.answer_page(self.token, typed, self.form.field("attempt"), &browser).await?;
        let held = gateway.visit_page(self.token).await?;
        let seen = self.seen(&held);
        let redrawn = |status: StatusCode, error| Ok((status, seen.answer(Some(error))).into_response());
        match told.outcome {
            Outcome::Passed => match told.entered {
                Some(proved) => Ok(self.let_in(&held, proved)),
                None => Ok(see_other(&self.url("done"))),
            },
            Outcome::Wrong => redrawn(StatusCode::UNPROCESSABLE_ENTITY, AnswerError::Wrong),
            Outcome::NotACode => redrawn(StatusCode::UNPROCESSABLE_ENTITY, AnswerError::NotACode),
            Outcome::SubjectConflict => Err(Refusal::SubjectConflict.into()),
            Outcome::Locked => Err(told.locked_until.map_or(Refusal::Banned, Refusal::Locked).into()),
            Outcome::Banned => Err(Refusal::Banned.into()),
            Outcome::AlreadyUsed | Outcome::Exhausted | Outcome::Expired if held.outcome.is_entry() => {
                redrawn(StatusCode::GONE, AnswerError::Over)
            }
            Outcome::AlreadyUsed | Outcome::Exhausted | Outcome::Expired => Err(Refusal::CodeGone.into()),
        }
    }

    fn seen<'s>(&'s self, held: &'s Held<Page>) -> Seen<'s> {
        Seen { state: self.state, reader: self.reader, held, token: self.token, browser: &self.form.browser }
    }

    /// Another code, where the page can have one sent.
    pub async fn resend(&self) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let refusal = match gateway.resend_page(self.token).await {
            Ok(_) => return Ok(see_other(&self.url("code"))),
            Err(Error::Refused(refusal)) => refusal,
            Err(error) => return Err(error),
        };
        let Refusal::SendBudget(until) = refusal else { return Err(refusal.into()) };
        let held = gateway.visit_page(self.token).await?;
        let seen = self.seen(&held);
        let error = if seen.is_too_early() { AnswerError::TooEarly } else { AnswerError::NoMoreCodes };
        let mut response = (StatusCode::TOO_MANY_REQUESTS, seen.answer(Some(error))).into_response();
        let seconds = until.since(gateway.now()).as_secs().max(1);
        set(&mut response, header::RETRY_AFTER, &seconds.to_string());
        Ok(response)
    }

    /// "This wasn't me".
    pub async fn report(&self) -> Result<Response, Error> {
        let held = self.state.gateway.report_page(self.token).await?;
        Ok(done(self.state, self.reader, &held.team.effective.settings, pages::DoneState::Reported))
    }

    /// To where the team lets people in, with our word for it; without such a place the done page.
    pub fn let_in<T>(&self, held: &Held<T>, proved: bool) -> Response {
        let settings = &held.team.effective.settings;
        let Some(mut to) = settings.entry.admit_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
            return see_other(&self.url("done"));
        };
        let (gateway, interaction) = (&self.state.gateway, &held.interaction);
        let link = interaction.participants.iter().find(|p| p.links.iter().any(|l| l.number == self.token.number));
        let participant = link.expect("the invitation that let her in is live");
        let raised = participant.flag.raised(gateway.now()).filter(|_| proved);
        let audience = to.origin().ascii_serialization();
        let word = Admission {
            iss: gateway.public_url(),
            aud: &audience,
            sub: &participant.id,
            team: &interaction.team,
            interaction: interaction.id,
            conversation: &interaction.conversation,
            channel: &interaction.channel,
            role: participant.role,
            methods: raised.map(Raised::methods).into_iter().flatten().collect(),
        };
        let signed = word.sign(gateway.keys(), gateway.now(), gateway.draw());
        to.query_pairs_mut().append_pair("cs_entry", &signed);
        see_other(to.as_str())
    }
}

/// What the page asks for, and where the person has it from.
pub(super) fn wanted(held: &Held<Page>, challenge: Option<&Challenge>) -> pages::Wanted {
    let Some(challenge) = challenge else {
        let waiting = held.interaction.participants[held.outcome.at()].entry.waiting.as_ref();
        return match waiting.map(|waiting| waiting.method) {
            Some(Method::Pin) => pages::Wanted::Pin,
            _ => pages::Wanted::Sent { digits: held.team.effective.settings.otp.length.into(), to: None },
        };
    };
    match (&challenge.check, challenge.deliver_to) {
        (Check::Pin(_) | Check::Questions(_) | Check::Document(_), _) => pages::Wanted::Pin,
        (Check::Otp(otp), DeliverTo::Agent) => pages::Wanted::Told { digits: otp.length.into() },
        (Check::Otp(otp), _) => {
            pages::Wanted::Sent { digits: otp.length.into(), to: sent_to(&held.interaction, challenge) }
        }
    }
}

/// Where the live code went or is on its way to, masked as callers see it; nothing where no way led
/// to the person.
fn sent_to(interaction: &Interaction, challenge: &Challenge) -> Option<pages::SentTo> {
    let live = |what: &What| {
        matches!(what, What::Code { challenge: number, issue }
            if *number == challenge.number && Some(*issue) == challenge.issue())
    };
    let sending = interaction.sendings.iter().find(|sending| live(&sending.what))?;
    match (sending.state, sending.way) {
        (State::Failed, _) => None,
        (_, Way::Chat) => Some(pages::SentTo::Chat),
        (_, way) => {
            let address = way.address(interaction, interaction.participant(&sending.participant)?)?;
            Some(pages::SentTo::Address(mask(address)))
        }
    }
}

/// Seconds until the page can have another code sent; none where it cannot at all: a PIN is sent to
/// nobody, and a new code in the place of one that is over is the bot's to ask for, save at the door.
pub(super) fn resend_in(held: &Held<Page>, challenge: Option<&Challenge>, now: Moment) -> Option<u64> {
    match challenge.map(|challenge| &challenge.check) {
        Some(Check::Otp(otp)) => {
            Some(otp.resend_at.since(now).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
        }
        Some(Check::Pin(_) | Check::Questions(_) | Check::Document(_)) => None,
        None => held.outcome.is_entry().then_some(0),
    }
}
