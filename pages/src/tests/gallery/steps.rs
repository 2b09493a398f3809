//! Pages that ask a person for something: a code, a PIN, a document. Each state stands once, with the word of the
//! test that looks.

use super::*;

/// The code page in its states.
pub fn answers(word: &str, artist: &Artist) -> Vec<(&'static str, String)> {
    let screen = Some("/c/AbC-123_/screen".to_owned());
    let opening = LandingPage { screen, opener_origins: Vec::new(), ..landing(word, LandingPurpose::Entry) };
    let wrong = AnswerPage { error: Some(AnswerError::Wrong), tries_left: Some(1), ..answer(word, sent(word)) };
    let over = AnswerPage {
        error: Some(AnswerError::Over),
        tries_left: None,
        expires_at: None,
        resend_in: Some(0),
        ..answer(word, sent(word))
    };
    let told = AnswerPage { resend_in: None, expires_at: None, ..answer(word, AnswerKind::Told { digits: 6 }) };
    let pin = AnswerPage { resend_in: None, expires_at: None, ..answer(word, AnswerKind::Pin) };
    let moving =
        AnswerPage { error: Some(AnswerError::TooEarly), ..answer(word, AnswerKind::Sent { digits: 4, to: None }) };
    let chat = answer(word, AnswerKind::Sent { digits: 8, to: Some(SentTo::Chat) });
    vec![
        ("opening-code", artist.landing(landing(word, LandingPurpose::Code))),
        ("opening-screen", artist.landing(opening)),
        ("answer-sent", artist.answer(answer(word, sent("+372•••••345")))),
        ("answer-chat", artist.answer(chat)),
        ("answer-wrong", artist.answer(wrong)),
        ("answer-over", artist.answer(over)),
        ("answer-told", artist.answer(told)),
        ("answer-pin", artist.answer(pin)),
        ("answer-early", artist.answer(moving)),
        ("code-asked", artist.done(linked(word, None))),
        ("code-linked", artist.done(linked(word, Some("https://m.me/demo?ref=n0nce")))),
        ("done-address-phone", artist.done(done(word, address(word, ShownAddressKind::Phone, true)))),
        ("done-address-mail", artist.done(done(word, address(word, ShownAddressKind::Mail, false)))),
        ("done-address-other", artist.done(done(word, address(word, ShownAddressKind::Other, false)))),
        ("done-other-browser", artist.done(done(word, DoneState::OtherBrowser { asked: asked(word) }))),
        ("done-start-again", artist.done(done(word, DoneState::StartAgain { asked: asked(word) }))),
        ("done-elsewhere", artist.done(done(word, DoneState::Elsewhere))),
        ("done-judging", artist.done(done(word, DoneState::Judging))),
        ("returning", artist.returning(returning(word, false))),
        ("returning-again", artist.returning(returning(word, true))),
        ("done-passed", artist.done(done(word, DoneState::Passed))),
        ("done-entered", artist.done(done(word, DoneState::Entered))),
    ]
}

/// The page that asks for a document, in its states.
pub fn photos(word: &str, artist: &Artist) -> Vec<(&'static str, String)> {
    let asked = |selfie, error, flaws| PhotoState::Asked { selfie, error, flaws, quality_left: 2, left: 1 };
    let all = vec!["blurred", "glare", "dark", "incomplete", "unreadable", "wrong_document", "no_face", "zone"];
    let mut drawn = vec![
        ("photo", artist.photo(word, asked(false, None, Vec::new()))),
        ("photo-selfie", artist.photo(word, asked(true, None, Vec::new()))),
        ("photo-unclear", artist.photo(word, asked(true, Some(PhotoError::Unclear), all))),
        ("photo-failed", artist.photo(word, asked(false, Some(PhotoError::Failed), Vec::new()))),
        ("photo-checking", artist.photo(word, PhotoState::Checking { unbound: false })),
        ("photo-checking-unbound", artist.photo(word, PhotoState::Checking { unbound: true })),
        ("photo-passed", artist.photo(word, PhotoState::Passed { unbound: false })),
        ("photo-passed-unbound", artist.photo(word, PhotoState::Passed { unbound: true })),
    ];
    for (name, error) in [
        ("photo-undecided", PhotoError::Undecided),
        ("photo-missing", PhotoError::Missing),
        ("photo-large", PhotoError::TooLarge),
        ("photo-small", PhotoError::TooSmall),
        ("photo-format", PhotoError::Format),
        ("photo-broken", PhotoError::Broken),
    ] {
        drawn.push((name, artist.photo(word, asked(true, Some(error), Vec::new()))));
    }
    drawn
}

pub fn code(word: &str) -> DoneState {
    let asked =
        AnsweredRequest { channel: "whatsapp".to_owned(), address: "+372•••••345".to_owned(), ..asked(word) };
    let (code, expires_at) = ("B2CD3F".to_owned(), "2026-03-01T09:32:00Z".to_owned());
    DoneState::Code { code, expires_at, seconds_left: 118, asked }
}
