//! The pages for customers: what each holds, one file a page, and how it is drawn.
//! They know words for what is asked, and neither codes nor answers nor passwords.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::brand::Brand;
use super::render::Pages;
use super::texts;

pub(super) mod answer;
pub(super) mod chat;
pub(super) mod done;
pub(super) mod landing;
pub(super) mod login;
pub(super) mod notice;
pub(super) mod participant;
pub(super) mod photo;
pub(super) mod questions;

use answer::AnswerPage;
use chat::ChatPage;
use done::{Done, DoneState, Returning};
use landing::{LandingPage, ScreenDocument};
use login::CustomerLoginPage;
use notice::Notice;
use photo::Photo;
use questions::QuestionsPage;

impl Pages {
    /// The page behind a link, with "Continue" and "This wasn't me".
    pub fn landing(&self, page: &LandingPage) -> String {
        self.customer("landing.html", &page.brand, &page.locale, page, None)
    }

    /// The page that asks for a code or a PIN.
    pub fn answer(&self, page: &AnswerPage) -> String {
        self.customer("answer.html", &page.brand, &page.locale, page, None)
    }

    /// The page that asks questions.
    pub fn questions(&self, page: &QuestionsPage) -> String {
        self.customer("questions.html", &page.brand, &page.locale, page, None)
    }

    /// The page that asks for pictures of a document.
    pub fn photo(&self, page: &Photo) -> String {
        self.customer("photo.html", &page.brand, &page.locale, page, None)
    }

    /// A page of an account.
    pub fn customer_login(&self, page: &CustomerLoginPage) -> String {
        self.customer("customer_login.html", &page.brand, &page.locale, page, None)
    }

    /// The document of the frame that a team's own opening screen stands in.
    pub fn screen(&self, screen: &ScreenDocument) -> String {
        let lang = texts::language(screen.locale);
        let dir = texts::direction(lang);
        // Cleaned when it was saved; the frame's own policy holds whatever cleaning has missed.
        let html = Value::from_safe_string(screen.html.to_owned());
        self.draw("screen.html", context! { lang, dir, html })
    }

    /// The same document of a screen of which nothing may be shown: it says so.
    pub fn screen_refused(&self, locale: &str) -> String {
        let lang = texts::language(locale);
        let dir = texts::direction(lang);
        self.draw("screen.html", context! { lang, dir, html => () })
    }

    /// The page after the login.
    pub fn done(&self, page: &Done) -> String {
        let template = match page.state {
            DoneState::Code { .. } => "code.html",
            DoneState::Address { .. } => "address.html",
            _ => "done.html",
        };
        let back = page.return_link.as_deref().filter(|link| leads_to_a_chat(link));
        self.customer(template, &page.brand, &page.locale, page, back)
    }

    /// The page that says which browser has come.
    pub fn returning(&self, page: &Returning) -> String {
        self.customer("returning.html", &page.brand, &page.locale, page, None)
    }

    /// The window of a web chat.
    pub fn chat_page(&self, page: &ChatPage) -> String {
        self.customer("window.html", &page.brand, &page.locale, page, None)
    }

    /// A refusal, told to a person.
    pub fn notice(&self, page: &Notice) -> String {
        self.customer("notice.html", &page.brand, &page.locale, page, None)
    }

    fn customer(
        &self,
        template: &str,
        brand: &Brand,
        locale: &str,
        page: &impl Serialize,
        back: Option<&str>,
    ) -> String {
        let lang = texts::language(locale);
        let dir = texts::direction(lang);
        let (stylesheet, logo) = (brand.stylesheet(), brand.picture());
        let name = brand.name.as_deref().filter(|name| !name.trim().is_empty());
        let page = Value::from(Serde(page));
        self.draw(template, context! { lang, dir, stylesheet, logo, name, back, page })
    }
}

/// The schemes that a way back into a chat has; `javascript:` and its like never become a link.
fn leads_to_a_chat(link: &str) -> bool {
    const SCHEMES: [&str; 9] = ["https", "http", "sms", "smsto", "tg", "viber", "line", "whatsapp", "fb-messenger"];
    let scheme = link.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.as_str()))
}
