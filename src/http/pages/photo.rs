//! The page that asks for a document, and the pictures that people hand in there: read within limits, looked
//! at, and passed on. They are in memory while their request lasts.
//!
//! How the page looks is `pages`', what a picture is, `pictures`'; what a verdict leads to is decided below.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use tokio::sync::OwnedSemaphorePermit;

use super::arrivals::Act;
use super::code_page_view::{CodePageContext, refused, stale, unknown};
use crate::domain::base::id::ChallengeId;
use crate::domain::proof::challenge::Challenge;
use crate::domain::proof::page_proof::PendingStep;
use crate::domain::providers::identity::{Flaw, IdDocument, Shortfall, Side};
use crate::domain::refusal::Refusal;
use crate::domain::rules::pages::photo::JudgedDocument;
use crate::domain::secret::token::{Token, TokenKind};
use crate::http::documents::browser::{FormFields, PostedForm, nonce};
use crate::http::documents::notices::notice;
use crate::http::documents::page::{brand, drawn_alone, form_targets, see_other, set};
use crate::http::documents::reader::Reader;
use crate::http::limits::upload_limiter::Full;
use crate::http::requests::body::read;
use crate::http::requests::multipart::Parts;
use crate::http::requests::problem::Problem;
use crate::http::requests::{multipart, problem_types};
use crate::http::state::Shared;
use crate::pages::{self, PhotoError, PhotoState};
use crate::pictures::{Picture, Unusable};
use crate::services::challenges::photos::UploadOutcome;
use crate::services::engine::Error;

/// All pictures of one attempt together. It is less than what a connection takes for one request.
const MAX_BYTES: usize = 7 << 20;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/c/{token}/photo", post(hand_in).layer(DefaultBodyLimit::max(MAX_BYTES)))
}

async fn hand_in(State(state): State<Shared>, Path(text): Path<String>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::of(request.headers());
    let Some(token) = Token::parse(&text) else { return Ok(unknown(&state, &reader)) };
    let headers = request.headers().clone();
    let Some(boundary) = multipart::boundary(&headers) else {
        return Err(Problem::of(&problem_types::MEDIA_TYPE).saying("The page sends `multipart/form-data`."));
    };
    let body = match read(request, &()).await {
        Ok(body) => body,
        Err(problem) if problem.is(&problem_types::TOO_LARGE) => {
            // Whose page it is stands in the body that was not read: nothing follows from it, so anybody is told.
            return Ok(answered(&state, &reader, &token, "", StatusCode::PAYLOAD_TOO_LARGE, PhotoError::TooLarge).await);
        }
        Err(problem) => return Err(problem),
    };
    let Some(Parts { fields, files }) = multipart::read(&body, &boundary) else {
        return Ok(stale(&state, &reader, &token).await);
    };
    let Some(form) = PostedForm::proved(&state, &token.text(), &headers, FormFields::of(fields)) else {
        return Ok(stale(&state, &reader, &token).await);
    };
    let handing = Handing { state: &state, reader: &reader, token: &token, form: &form };
    let files = files.into_iter().map(|(name, bytes)| (name, body.slice_ref(bytes))).collect();
    Ok(match handing.hand_in(files).await {
        Ok(response) => response,
        Err(error) => refused(&state, &reader, &token, error).await,
    })
}

/// Pictures that a browser hands in.
struct Handing<'a> {
    state: &'a Shared,
    reader: &'a Reader,
    token: &'a Token,
    form: &'a PostedForm,
}

impl Handing<'_> {
    async fn hand_in(&self, files: Vec<(String, Bytes)>) -> Result<Response, Error> {
        let gateway = &self.state.gateway;
        let browser = self.form.fingerprint(self.state, self.token);
        let asked = gateway.challenges.asked_document(self.token, &browser).await?;
        if is_checking(&asked.outcome) {
            return self.told(UploadOutcome::Later).await;
        }
        // Only whoever was asked takes a place, and one: nobody else's pictures wait because of a stranger.
        let challenge = ChallengeId { interaction: self.token.interaction, number: asked.outcome.number };
        let _place = match self.state.upload_limiter.take(challenge) {
            Ok(place) => place,
            Err(Full::Own) => return self.told(UploadOutcome::Later).await,
            Err(Full::Others) => return Ok(crowded(self.state, self.reader, self.token).await),
        };
        let selfie = asked.outcome.prompt().document().is_some_and(|document| document.selfie);
        let mut named = Vec::new();
        for side in [Side::Front, Side::Back, Side::Selfie] {
            let sent = files.iter().find(|(name, _)| name == side.as_str()).map(|(_, bytes)| bytes.clone());
            let needed = side == Side::Front || side == Side::Selfie && selfie;
            match sent {
                Some(bytes) if side != Side::Selfie || selfie => named.push((side, bytes)),
                None if needed => return Ok(self.redrawn(StatusCode::UNPROCESSABLE_ENTITY, PhotoError::Missing).await),
                _ => {}
            }
        }
        let place = self.state.upload_limiter.look().await.map_err(|_| Error::Away("no room for pictures".into()))?;
        let looked = tokio::task::spawn_blocking(move || look(named, place)).await;
        match looked.map_err(|_| Error::Away("a picture could not be looked at".into()))? {
            Ok((pictures, flaws)) => {
                let handed = gateway.challenges.hand_in(self.token, &browser, &pictures, &flaws).await?;
                drop(pictures);
                let goes_on = matches!(
                    handed.shown,
                    UploadOutcome::Later
                        | UploadOutcome::Judged(JudgedDocument::Passed | JudgedDocument::Waits | JudgedDocument::Late)
                );
                match handed.done.filter(|_| goes_on) {
                    // First the browser is shown to be the chat's; the verdict may take its time.
                    Some(done) => Ok(see_other(&gateway.links.done_url(&done))),
                    None => self.told(handed.shown).await,
                }
            }
            Err(unusable) => {
                let (status, why) = of_unusable(unusable);
                Ok(self.redrawn(status, why).await)
            }
        }
    }

    async fn told(&self, shown: UploadOutcome) -> Result<Response, Error> {
        let code = || see_other(&format!("/c/{}?step=code", self.token.text()));
        match shown {
            UploadOutcome::Judged(JudgedDocument::Passed) if self.token.kind == TokenKind::Entry => self.enter().await,
            UploadOutcome::Judged(JudgedDocument::Passed) => {
                Ok(see_other(&format!("/c/{}?step=done", self.token.text())))
            }
            UploadOutcome::Judged(JudgedDocument::Waits | JudgedDocument::Late)
            | UploadOutcome::Later
            | UploadOutcome::Undecided => Ok(code()),
            UploadOutcome::Judged(JudgedDocument::Unclear(_) | JudgedDocument::Failed) => Ok(self.as_it_stands().await),
            UploadOutcome::Judged(JudgedDocument::Locked(until)) => Err(Refusal::Locked(until).into()),
            UploadOutcome::Judged(JudgedDocument::Banned) => Err(Refusal::Banned.into()),
            UploadOutcome::Judged(JudgedDocument::SubjectConflict) => Err(Refusal::SubjectConflict.into()),
        }
    }

    /// The document was good: this browser goes on to where it is let in.
    async fn enter(&self) -> Result<Response, Error> {
        Act { state: self.state, reader: self.reader, token: self.token, form: self.form }.press_continue().await
    }

    async fn redrawn(&self, status: StatusCode, error: PhotoError) -> Response {
        answered(self.state, self.reader, self.token, &self.form.browser, status, error).await
    }

    async fn as_it_stands(&self) -> Response {
        match self.state.gateway.challenges.code_page_by_token(self.token).await {
            Ok(snapshot) => {
                let (state, reader, browser) = (self.state, self.reader, &self.form.browser);
                let seen = CodePageContext { state, reader, snapshot: &snapshot, token: self.token, browser };
                (StatusCode::UNPROCESSABLE_ENTITY, page(&seen, None)).into_response()
            }
            Err(error) => refused(self.state, self.reader, self.token, error).await,
        }
    }
}

/// Pictures by what they show, and what is wrong with them.
type LookedAt = (Vec<(Side, Picture)>, Vec<Flaw>);

/// Whether others are being judged: these are not even looked at.
fn is_checking(challenge: &Challenge) -> bool {
    challenge.prompt().document().is_some_and(|document| document.checking.is_some())
}

/// Reads and looks at pictures; the place is kept until that is done.
fn look(named: Vec<(Side, Bytes)>, _place: OwnedSemaphorePermit) -> Result<LookedAt, Unusable> {
    let read = named.into_iter().map(|(side, bytes)| Ok((side, Picture::read(&bytes)?)));
    let pictures: Vec<(Side, Picture)> = read.collect::<Result<_, Unusable>>()?;
    let mut flaws = Vec::new();
    for (side, picture) in &pictures {
        flaws.extend(picture.flaws(*side)?);
    }
    Ok((pictures, flaws))
}

fn of_unusable(unusable: Unusable) -> (StatusCode, PhotoError) {
    match unusable {
        Unusable::Format | Unusable::Kind => (StatusCode::UNSUPPORTED_MEDIA_TYPE, PhotoError::Format),
        Unusable::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, PhotoError::TooLarge),
        Unusable::TooSmall => (StatusCode::UNPROCESSABLE_ENTITY, PhotoError::TooSmall),
        Unusable::Broken => (StatusCode::UNPROCESSABLE_ENTITY, PhotoError::Broken),
    }
}

/// The page again, with what was wrong with the files.
async fn answered(
    state: &Shared,
    reader: &Reader,
    token: &Token,
    browser: &str,
    status: StatusCode,
    error: PhotoError,
) -> Response {
    match state.gateway.challenges.code_page_by_token(token).await {
        Ok(snapshot) => {
            let seen = CodePageContext { state, reader, snapshot: &snapshot, token, browser };
            match seen.document() {
                Some(_) if !browser.is_empty() => (status, page(&seen, Some(error))).into_response(),
                _ => notice(state, reader, status, pages::RefusedPage::PhotoTooLarge, Some(seen.settings())),
            }
        }
        Err(error) => refused(state, reader, token, error).await,
    }
}

async fn crowded(state: &Shared, reader: &Reader, token: &Token) -> Response {
    let mut response = refused(state, reader, token, Error::Away("too many pictures are on their way".into())).await;
    set(&mut response, header::RETRY_AFTER, "5");
    response
}

/// The page that asks for a document: with what went wrong before, while it is being checked, or once it
/// was found good.
pub(crate) fn page(seen: &CodePageContext<'_>, error: Option<PhotoError>) -> Response {
    let settings = seen.settings();
    let state = match seen.document() {
        None => PhotoState::Passed { unbound: false },
        Some((challenge, _)) if challenge.page.is_answered() => PhotoState::Passed { unbound: true },
        Some((challenge, document)) if document.checking.is_some() && error.is_none() => {
            PhotoState::Checking { unbound: !is_bound(challenge) }
        }
        Some((challenge, document)) => PhotoState::Asked {
            selfie: document.selfie,
            error: error.or_else(|| of_last(document)),
            flaws: flaws(document).iter().map(|flaw| flaw.as_str()).collect(),
            quality_left: document.quality_left,
            left: challenge.tries_left,
        },
    };
    let page = pages::Photo {
        brand: brand(settings),
        locale: seen.reader.locale(Some(settings)),
        state,
        action: seen.action(),
        nonce: nonce(seen.state, seen.token, seen.browser),
    };
    drawn_alone(seen.state, seen.state.pages.photo(&page), &form_targets(settings))
}

/// Whether the browser that shows the document is shown to be the chat's.
fn is_bound(challenge: &Challenge) -> bool {
    challenge.page.pending.as_ref().is_some_and(|pending| matches!(pending.step, PendingStep::Bound(..)))
}

fn flaws(document: &IdDocument) -> &[Flaw] {
    match document.last.as_ref().map(|last| &last.how) {
        Some(Shortfall::Quality(flaws)) => flaws,
        _ => &[],
    }
}

fn of_last(document: &IdDocument) -> Option<PhotoError> {
    Some(match &document.last.as_ref()?.how {
        Shortfall::Quality(_) => PhotoError::Unclear,
        Shortfall::Authentication => PhotoError::Failed,
        Shortfall::Undecided => PhotoError::Undecided,
    })
}
