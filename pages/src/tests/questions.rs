//! The page that asks questions, as the gallery shows it: asked, answered wrongly, in part, and over.
//! It knows no question of anybody's; the word comes from the gallery.

use super::{brand, end};
use countersign_pages::*;

/// The page in its states.
pub(super) fn drawn(word: &str, pages: &Pages, locale: &str) -> Vec<(&'static str, String)> {
    let typed = || AskedQuestion { text: word.to_owned(), choices: Vec::new() };
    let choices = || vec![word.to_owned(), "Tartu".to_owned()];
    let chosen = || AskedQuestion { text: "Your branch".to_owned(), choices: choices() };
    let page = |asked, error| {
        pages.questions(&QuestionsPage {
            brand: brand(word),
            locale: locale.to_owned(),
            asked,
            error,
            tries_left: 2,
            expires_at: Some(end("2026-03-01T09:32:00Z", 100)),
            action: "/c/AbC-123_".to_owned(),
            nonce: "n0nce".to_owned(),
            attempt: "a77empt".to_owned(),
        })
    };
    let asked = || vec![typed(), chosen()];
    vec![
        ("questions", page(asked(), None)),
        ("questions-wrong", page(asked(), Some(AnswerError::Wrong))),
        ("questions-part", page(asked(), Some(AnswerError::NotACode))),
        ("questions-over", page(Vec::new(), Some(AnswerError::Over))),
    ]
}
