//! What the page is given that asks questions: their words, what can be chosen, and how often the set may
//! still be tried. It is never given what would be right, nor which answer was wrong.

use serde::Serialize;

use super::answer::AnswerError;
use crate::brand::Brand;
use crate::view_parts::End;

/// The page that asks a set of questions.
#[derive(Serialize)]
pub struct QuestionsPage {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// In their order: the fields are called `answer_1`, `answer_2`, … None where the set is over.
    pub asked: Vec<AskedQuestion>,
    /// Why the last answers did not help.
    pub error: Option<AnswerError>,
    /// Sets of answers that are still taken.
    pub tries_left: u32,
    /// When the set ends.
    pub expires_at: Option<End>,
    /// Path that every form posts to; the field `act` says which it is.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// Goes back in the field `attempt`, so that answers that are sent twice count once.
    pub attempt: String,
}

/// One question.
#[derive(Serialize)]
pub struct AskedQuestion {
    /// Its words.
    pub text: String,
    /// All that can be answered; whatever is typed where there are none.
    pub choices: Vec<String>,
}
