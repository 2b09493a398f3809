//! A code page as it is drawn for one browser: its opening, what asks for an answer, and why it is refused.
//! What is done there, `arrivals` says.

use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;

use super::hosted::openers;
use crate::domain::base::id::ScreenName;
use crate::domain::base::method::Method;
use crate::domain::base::way::{DeliverTo, Way};
use crate::domain::conversation::interaction::Interaction;
use crate::domain::messaging::sending::{DeliveryState, What};
use crate::domain::proof::challenge::Challenge;
use crate::domain::proof::entry::EntryStatus;
use crate::domain::proof::methods;
use crate::domain::proof::methods::{AnswerForm, Prompt, form};
use crate::domain::proof::page_proof::PageProof;
use crate::domain::providers::identity::IdDocument;
use crate::domain::refusal::Refusal;
use crate::domain::rules::links::enter::asked_at_entry;
use crate::domain::rules::links::page::Page;
use crate::domain::secret::token::{Token, TokenKind};
use crate::domain::secret::{Tag, base64url};
use crate::domain::settings::{BindingRule, Settings};
use crate::domain::time::Moment;
use crate::http::documents::browser::{fingerprint, nonce};
use crate::http::documents::notices::{notice, refusal_in, refusal_page};
use crate::http::documents::page::{alone, brand, drawn_alone, end, form_targets, headers_of_page, role};
use crate::http::documents::policy::DocumentPolicy;
use crate::http::documents::reader::Reader;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages;
use crate::services::Snapshot;
use crate::services::engine::Error;

/// What a page is drawn from.
pub(crate) struct CodePageContext<'a> {
    pub state: &'a Shared,
    pub reader: &'a Reader,
    pub snapshot: &'a Snapshot<Page>,
    pub token: &'a Token,
    pub browser: &'a str,
}

impl CodePageContext<'_> {
    /// The team's effective settings.
    pub fn settings(&self) -> &Settings {
        &self.snapshot.team.effective.settings
    }

    /// What the records know this browser by.
    pub fn fingerprint(&self) -> Tag {
        fingerprint(self.state, self.token.interaction, self.browser)
    }

    /// Where the page's forms go.
    pub fn action(&self) -> String {
        format!("/c/{}", self.token.text())
    }

    /// Whether this browser is the one that came in.
    pub fn is_in(&self, at: usize) -> bool {
        let entry = &self.snapshot.interaction.participants[at].entry;
        entry.status == EntryStatus::Admitted && entry.browser == Some(self.fingerprint())
    }

    /// Whether this browser has pressed Continue and is asked for something to type.
    pub fn may_answer(&self, at: usize) -> bool {
        let waiting = self.snapshot.interaction.participants[at].entry.waiting.as_ref();
        let own = waiting.filter(|waiting| waiting.browser == self.fingerprint());
        own.and_then(|waiting| form(waiting.method)).is_some_and(|form| form != AnswerForm::Document)
    }

    /// The document that this browser is asked for.
    pub fn document(&self) -> Option<(&Challenge, &IdDocument)> {
        let browser = self.fingerprint();
        let challenge = match &self.snapshot.outcome {
            Page::Entry(at, _) => {
                let participant = &self.snapshot.interaction.participants[*at];
                let waits = participant.entry.waiting.as_ref().is_some_and(|waiting| waiting.browser == browser);
                asked_at_entry(participant).filter(|_| waits)?
            }
            Page::Challenge(_, challenge) => {
                Some(&**challenge).filter(|challenge| challenge.page.was_started_by(&browser))?
            }
            Page::Over(..) => return None,
        };
        Some((challenge, challenge.prompt().document()?))
    }

    /// Whether this browser has shown its document already, and may come in.
    pub fn has_shown(&self, at: usize) -> bool {
        let waiting = self.snapshot.interaction.participants[at].entry.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.proved.is_some() && waiting.browser == self.fingerprint())
    }

    fn challenge(&self) -> Option<&Challenge> {
        match &self.snapshot.outcome {
            Page::Challenge(_, challenge) => Some(challenge),
            Page::Entry(at, _) => asked_at_entry(&self.snapshot.interaction.participants[*at]),
            Page::Over(..) => None,
        }
    }

    /// The team's own opening screen, where a number is asked for that was agreed on, and there is one.
    pub fn screen(&self) -> Option<ScreenName> {
        let name: ScreenName = self.settings().pin.opening_screen.as_deref()?.parse().ok()?;
        let made = self.snapshot.team.team.screens.contains(&name);
        let method = match &self.snapshot.outcome {
            Page::Challenge(_, challenge) => Some(challenge.method()),
            Page::Entry(at, _) => {
                let entry = &self.snapshot.interaction.participants[*at].entry;
                let (rules, now) = (&self.settings().entry, self.state.gateway.engine.now());
                entry.wanted(rules, &self.fingerprint(), now)
            }
            Page::Over(..) => None,
        };
        (made && method.and_then(form) == Some(AnswerForm::AgreedNumber)).then_some(name)
    }

    /// Whether Continue sends this browser to the team's login page.
    fn leads_to_login(&self) -> bool {
        let Page::Entry(at, _) = &self.snapshot.outcome else { return false };
        let (entry, rules) = (&self.snapshot.interaction.participants[*at].entry, &self.settings().entry);
        let browser = self.fingerprint();
        entry.wanted(rules, &browser, self.state.gateway.engine.now()).is_some_and(Method::is_login)
    }

    /// The page with Continue.
    pub fn continue_page(&self) -> Response {
        let (asked_at, expires_at, purpose) = match &self.snapshot.outcome {
            Page::Entry(_, link) => (link.issued_at, link.expires_at, pages::LandingPurpose::Entry),
            Page::Challenge(_, challenge) => (challenge.started_at, challenge.expires_at, pages::LandingPurpose::Code),
            Page::Over(..) => unreachable!("what is over has no opening screen"),
        };
        let (settings, interaction) = (self.settings(), &self.snapshot.interaction);
        let now = self.state.gateway.engine.now();
        let screen = self.screen().map(|_| format!("{}/screen", self.action()));
        let (opener, asks_opener) = self.opener();
        let page = pages::LandingPage {
            brand: brand(settings),
            locale: self.reader.locale(Some(settings)),
            channel: interaction.channel.to_string(),
            address: mask(interaction.conversation.as_str()),
            customer_name: interaction.participants[self.snapshot.outcome.at()].person.name.clone(),
            role: role(&interaction.participants[self.snapshot.outcome.at()]),
            asked_at: asked_at.to_string(),
            minutes_ago: now.since(asked_at).as_secs() / 60,
            purpose,
            expires_at: expires_at.map(|at| end(at, now)),
            intent_label: None,
            action: self.action(),
            nonce: nonce(self.state, self.token, self.browser),
            opener_origins: if asks_opener { openers(self.state, self.snapshot) } else { Vec::new() },
            opener_required: asks_opener && opener.is_some_and(|page| page.rule == BindingRule::Opener),
            in_app: self.reader.app().filter(|_| self.leads_to_login()),
            screen,
        };
        let mut response = Html(self.state.pages.landing(&page)).into_response();
        let targets = form_targets(settings);
        headers_of_page(
            self.state,
            &mut response,
            DocumentPolicy { frames: "'self'", ..DocumentPolicy::PAGE.leading(&targets) },
        );
        if !asks_opener {
            alone(&mut response); // else the chat's window must be able to vouch
        }
        response
    }

    /// The page of a challenge that the chat's own window may vouch for, and whether it has yet to.
    fn opener(&self) -> (Option<&PageProof>, bool) {
        let Page::Challenge(_, challenge) = &self.snapshot.outcome else { return (None, false) };
        let page = &challenge.page;
        (Some(page), page.opener.is_some() && !page.is_vouched(&self.fingerprint()))
    }

    /// Whether questions are asked here, and which; none of them once they are over.
    fn questions(&self) -> Option<Option<&Challenge>> {
        let challenge = self.challenge().filter(|challenge| challenge.is_live(self.state.gateway.engine.now()));
        let waits =
            |at: usize| self.snapshot.interaction.participants[at].entry.waiting.as_ref().and_then(|w| form(w.method));
        match (challenge, &self.snapshot.outcome) {
            (Some(challenge), _) => challenge.prompt().questions().map(|_| Some(challenge)),
            (None, Page::Entry(at, _)) => (waits(*at) == Some(AnswerForm::Questions)).then_some(None),
            (None, _) => None,
        }
    }

    fn asks_questions(&self, live: Option<&Challenge>, error: Option<pages::AnswerError>) -> Response {
        let (settings, now) = (self.settings(), self.state.gateway.engine.now());
        let asked = live.and_then(|challenge| challenge.prompt().questions()).into_iter();
        let asked = asked.flat_map(|questions| &questions.put);
        let page = pages::QuestionsPage {
            brand: brand(settings),
            locale: self.reader.locale(Some(settings)),
            asked: asked.map(|q| pages::AskedQuestion { text: q.text.clone(), choices: q.choices.clone() }).collect(),
            error: error.or(live.is_none().then_some(pages::AnswerError::Over)),
            tries_left: live.map_or(0, |challenge| challenge.tries_left),
            expires_at: live.and_then(|challenge| challenge.expires_at).map(|at| end(at, now)),
            action: self.action(),
            nonce: nonce(self.state, self.token, self.browser),
            attempt: base64url(&self.state.gateway.engine.draw::<16>()),
        };
        drawn_alone(self.state, self.state.pages.questions(&page), &form_targets(settings))
    }

    /// The page that asks, with what went wrong before.
    pub fn answer(&self, error: Option<pages::AnswerError>) -> Response {
        if let Some(live) = self.questions() {
            return self.asks_questions(live, error);
        }
        let now = self.state.gateway.engine.now();
        let challenge = self.challenge().filter(|challenge| challenge.is_live(now));
        let error = error.or(challenge.is_none().then_some(pages::AnswerError::Over));
        let settings = self.settings();
        let page = pages::AnswerPage {
            brand: brand(settings),
            locale: self.reader.locale(Some(settings)),
            wanted: wanted(self.snapshot, challenge),
            error,
            tries_left: challenge.map(|challenge| challenge.tries_left),
            expires_at: challenge.and_then(|challenge| challenge.expires_at).map(|at| end(at, now)),
            resend_in: resend_in(self.snapshot, challenge, now),
            action: self.action(),
            nonce: nonce(self.state, self.token, self.browser),
            attempt: base64url(&self.state.gateway.engine.draw::<16>()),
        };
        drawn_alone(self.state, self.state.pages.answer(&page), &form_targets(settings))
    }

    /// Whether the code that was sent last was sent a moment ago.
    pub fn is_too_early(&self) -> bool {
        resend_in(self.snapshot, self.challenge(), self.state.gateway.engine.now()).is_some_and(|seconds| seconds > 0)
    }
}

pub(crate) fn unknown(state: &Shared, reader: &Reader) -> Response {
    refusal_page(state, reader, Refusal::NotFound("page").into())
}

pub(crate) fn over(state: &Shared, reader: &Reader, snapshot: &Snapshot<Page>) -> Response {
    refusal_in(state, reader, Refusal::CodeGone.into(), Some(&snapshot.team.effective.settings))
}

/// A refusal of a page that was proved to exist, in its team's own look and language.
pub(crate) async fn refused(state: &Shared, reader: &Reader, token: &Token, error: Error) -> Response {
    if matches!(error, Error::Refused(Refusal::NotFound(_))) {
        return refusal_page(state, reader, error);
    }
    match state.gateway.conversations.flag(token.interaction, None).await {
        Ok(snapshot) if is_over(&error) && token.kind == TokenKind::Entry => notice(
            state,
            reader,
            StatusCode::GONE,
            pages::RefusedPage::EntryOver,
            Some(&snapshot.team.effective.settings),
        ),
        Ok(snapshot) => refusal_in(state, reader, error, Some(&snapshot.team.effective.settings)),
        Err(_) => refusal_page(state, reader, error),
    }
}

/// A form that this browser was not shown: who has the page's address is told so in its team's look.
pub(crate) async fn stale(state: &Shared, reader: &Reader, token: &Token) -> Response {
    let snapshot = state.gateway.challenges.code_page_by_token(token).await.ok();
    refusal_in(
        state,
        reader,
        Refusal::StaleForm.into(),
        snapshot.as_ref().map(|snapshot| &snapshot.team.effective.settings),
    )
}

/// What the page asks for, and where the person has it from.
pub(crate) fn wanted(snapshot: &Snapshot<Page>, challenge: Option<&Challenge>) -> pages::AnswerKind {
    let Some(challenge) = challenge else {
        let settings = &snapshot.team.effective.settings;
        let waiting = snapshot.interaction.participants[snapshot.outcome.at()].entry.waiting.as_ref();
        let method = waiting.and_then(|waiting| methods::find(waiting.method));
        return match method.map(|method| (method.form(), method.code_rules(settings))) {
            Some((AnswerForm::AgreedNumber, _)) => pages::AnswerKind::Pin,
            Some((_, Some(rules))) => pages::AnswerKind::Sent { digits: rules.length.into(), to: None },
            _ => pages::AnswerKind::Sent { digits: settings.otp.length.into(), to: None },
        };
    };
    match (challenge.prompt(), challenge.deliver_to) {
        (Prompt::AgreedNumber | Prompt::Questions(_) | Prompt::Document(_), _) => pages::AnswerKind::Pin,
        (Prompt::Code(length), DeliverTo::Agent) => pages::AnswerKind::Told { digits: length.into() },
        (Prompt::Code(length), _) => {
            pages::AnswerKind::Sent { digits: length.into(), to: sent_to(&snapshot.interaction, challenge) }
        }
    }
}

/// Seconds until the page can have another code sent; none where it cannot at all: a PIN is sent to
/// nobody, and a new code in the place of one that is over is the bot's to ask for, save at the door.
pub(crate) fn resend_in(snapshot: &Snapshot<Page>, challenge: Option<&Challenge>, now: Moment) -> Option<u64> {
    let Some(challenge) = challenge else { return snapshot.outcome.is_entry().then_some(0) };
    let waits = challenge.resend_at()?.since(now);
    Some(waits.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
}

fn is_over(error: &Error) -> bool {
    matches!(error, Error::Refused(Refusal::LinkExpired | Refusal::LinkSuperseded | Refusal::Closed))
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
        (DeliveryState::Failed, _) => None,
        (_, Way::Chat) => Some(pages::SentTo::Chat),
        (_, way) => {
            let address = way.address(interaction, interaction.participant(&sending.participant)?)?;
            Some(pages::SentTo::Address(mask(address)))
        }
    }
}
