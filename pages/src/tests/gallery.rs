//! The pages that the tests look at, with friendly values and with whatever word one likes, in each
//! language. Each takes the word from the test, so that one page serves as picture and as target.

use serde_json::json;

use countersign_pages::consoles::*;
use countersign_pages::*;

pub(super) use steps::code;

#[path = "accounts.rs"]
mod accounts;
#[path = "gallery/admin.rs"] // it is read from elsewhere, too
mod admin;
#[path = "gallery/desk.rs"]
mod desk;
#[path = "questions.rs"]
mod questions;
#[path = "gallery/steps.rs"]
mod steps;

pub(super) fn brand(name: &str) -> Brand {
    Brand { name: Some(name.to_owned()), color: Some("#0f766e".to_owned()), logo: None }
}

fn end(at: &str, seconds_left: u64) -> End {
    End { at: at.to_owned(), seconds_left }
}

/// Draws in one language, whatever a page says of its own.
struct Artist<'a> {
    pages: Pages,
    locale: &'a str,
}

impl Artist<'_> {
    fn landing(&self, page: LandingPage) -> String {
        self.pages.landing(&LandingPage { locale: self.locale.to_owned(), ..page })
    }

    fn answer(&self, page: AnswerPage) -> String {
        self.pages.answer(&AnswerPage { locale: self.locale.to_owned(), ..page })
    }

    fn photo(&self, word: &str, state: PhotoState) -> String {
        let (brand, locale) = (brand(word), self.locale.to_owned());
        let (action, nonce) = ("/c/AbC-123_".to_owned(), "n0nce".to_owned());
        self.pages.photo(&Photo { brand, locale, state, action, nonce })
    }

    fn account(&self, page: CustomerLoginPage) -> String {
        self.pages.customer_login(&CustomerLoginPage { locale: self.locale.to_owned(), ..page })
    }

    fn done(&self, page: Done) -> String {
        self.pages.done(&Done { locale: self.locale.to_owned(), ..page })
    }

    fn returning(&self, page: Returning) -> String {
        self.pages.returning(&Returning { locale: self.locale.to_owned(), ..page })
    }

    fn refused(&self, refused: RefusedPage, word: &str) -> String {
        let notice = Notice::of(refused, brand(word), self.locale);
        let until = matches!(refused, RefusedPage::Locked).then(|| end("2026-03-01T09:45:00Z", 880));
        self.pages.notice(&Notice { until, ..notice })
    }
}

pub(super) fn landing(word: &str, purpose: LandingPurpose) -> LandingPage {
    LandingPage {
        brand: brand(word),
        locale: "en-GB".to_owned(),
        channel: "whatsapp".to_owned(),
        address: "+372•••••345".to_owned(),
        customer_name: Some(word.to_owned()),
        role: ShownRole::Cosigner,
        asked_at: "2026-03-01T09:27:12Z".to_owned(),
        minutes_ago: 3,
        purpose,
        expires_at: Some(end("2026-03-01T09:37:12Z", 412)),
        intent_label: Some("Copy of a statement".to_owned()),
        action: "/l/AbC-123_".to_owned(),
        nonce: "n0nce".to_owned(),
        opener_origins: vec!["https://chat.example.com".to_owned(), "https://www.example.com".to_owned()],
        opener_required: false,
        in_app: None,
        screen: None,
    }
}

pub(super) fn answer(word: &str, wanted: AnswerKind) -> AnswerPage {
    AnswerPage {
        brand: brand(word),
        locale: "en".to_owned(),
        wanted,
        error: None,
        tries_left: Some(3),
        expires_at: Some(end("2026-03-01T09:32:00Z", 100)),
        resend_in: Some(24),
        action: "/c/AbC-123_".to_owned(),
        nonce: "n0nce".to_owned(),
        attempt: "a77empt".to_owned(),
    }
}

pub(super) fn sent(word: &str) -> AnswerKind {
    AnswerKind::Sent { digits: 6, to: Some(SentTo::Address(word.to_owned())) }
}

fn address(word: &str, asks: ShownAddressKind, wrong: bool) -> DoneState {
    DoneState::Address { asks, wrong, asked: asked(word) }
}

fn returning(word: &str, again: bool) -> Returning {
    Returning { brand: brand(word), locale: "en".to_owned(), page: "AbC-123_".to_owned(), again }
}

fn authenticated(word: &str) -> DoneState {
    DoneState::Authenticated { expires_at: end("2026-03-01T09:42:00Z", 700), asked: asked(word) }
}

fn asked(word: &str) -> AnsweredRequest {
    AnsweredRequest {
        channel: word.to_owned(),
        address: word.to_owned(),
        asked_at: "2026-03-01T09:27:12Z".to_owned(),
        minutes_ago: 1,
        customer_name: Some(word.to_owned()),
        role: ShownRole::Primary,
        account: Some(word.to_owned()),
        page: "AbC-123_".to_owned(),
        nonce: word.to_owned(),
    }
}

pub(super) fn done(word: &str, state: DoneState) -> Done {
    let return_link = Some("https://wa.me/3725550100?text=B2CD3F".to_owned());
    Done { brand: brand(word), locale: "en".to_owned(), state, return_link, platform: None, way_on: None }
}

/// The code page of a chat whose platform says itself whose browser it is.
fn linked(word: &str, url: Option<&str>) -> Done {
    let platform = LinkedPlatform { name: word.to_owned(), url: url.map(str::to_owned) };
    Done { platform: Some(platform), ..done(word, code(word)) }
}

pub(super) fn problem(word: &str) -> ProblemPage {
    ProblemPage {
        problem_type: "link-expired".to_owned(),
        title: format!("The link has expired {word}"),
        status: 410,
        meaning: format!(
            "The link's `expires_at` has passed {word}.\n\n- it was never opened\n- or the login took too long"
        ),
        remedy: "Issue a new one: `POST /v1/interactions/{id}/login-links`.".to_owned(),
    }
}

/// A small document with one of everything that the reference draws; `WORD` is where others write.
pub(super) fn openapi(word: &str) -> serde_json::Value {
    let quoted = json!(word).to_string();
    let inner = &quoted[1..quoted.len() - 1];
    let document = include_str!("openapi.json").replace("WORD", inner);
    serde_json::from_str(&document).expect("the document is JSON")
}

/// A web chat's window before its script has filled it.
pub(super) fn chat_page(word: &str) -> ChatPage {
    let origins = vec!["https://www.example.com".to_owned(), "https://shop.example.com".to_owned()];
    ChatPage { brand: brand(word), locale: "en".to_owned(), path: "/webchat/acme".to_owned(), origins }
}

/// A landing page of a team that tells next to nothing about itself.
fn bare_landing(word: &str) -> LandingPage {
    LandingPage {
        customer_name: None,
        intent_label: None,
        expires_at: None,
        brand: Brand::default(),
        minutes_ago: 200,
        opener_origins: Vec::new(),
        ..landing(word, LandingPurpose::MidChat)
    }
}

/// A landing page in an app's own browser.
fn in_app(word: &str, app: App) -> LandingPage {
    LandingPage { in_app: Some(app), opener_origins: Vec::new(), ..landing(word, LandingPurpose::MidChat) }
}

/// The done page of a browser that wants to come in by an invitation.
fn at_door(word: &str, state: DoneState) -> Done {
    let way_on = Some(WayOn { action: "/c/AbC-123_".to_owned(), nonce: word.to_owned() });
    Done { return_link: None, way_on, ..done(word, state) }
}

/// What a customer sees in that language, by name, with `word` wherever friendly values leave room
/// for one.
pub(super) fn customers(word: &str, locale: &str) -> Vec<(&'static str, String)> {
    let artist = Artist { pages: Pages::new(), locale };
    let opener = LandingPage { opener_required: true, ..landing(word, LandingPurpose::PreChat) };
    let plain = Done { return_link: None, brand: Brand::default(), ..done(word, code(word)) };
    let mut drawn = vec![
        ("landing", artist.landing(landing(word, LandingPurpose::MidChat))),
        ("landing-entry", artist.landing(landing(word, LandingPurpose::Entry))),
        ("landing-opener", artist.landing(opener)),
        ("landing-bare", artist.landing(bare_landing(word))),
        ("landing-in-app", artist.landing(in_app(word, App::Instagram))),
        ("landing-in-web-view", artist.landing(in_app(word, App::Unnamed))),
        ("code", artist.done(done(word, code(word)))),
        ("code-plain", artist.done(plain)),
        ("code-door", artist.done(at_door(word, code(word)))),
        ("done-authenticated", artist.done(done(word, authenticated(word)))),
        ("done-denied", artist.done(done(word, DoneState::Denied))),
        ("done-cancelled", artist.done(done(word, DoneState::Cancelled))),
        ("done-reported", artist.done(done(word, DoneState::Reported))),
        ("done-ended", artist.done(done(word, DoneState::Ended))),
        ("door-authenticated", artist.done(at_door(word, authenticated(word)))),
        ("door-denied", artist.done(at_door(word, DoneState::Denied))),
        ("door-cancelled", artist.done(at_door(word, DoneState::Cancelled))),
        ("door-ended", artist.done(at_door(word, DoneState::Ended))),
    ];
    drawn.extend(steps::answers(word, &artist));
    drawn.extend(steps::photos(word, &artist));
    drawn.extend(accounts::drawn(word, &artist));
    drawn.extend(questions::drawn(word, &artist.pages, locale));
    drawn.extend(RefusedPage::ALL.map(|refused| (refused.text_key(), artist.refused(refused, word))));
    drawn
}

/// What the company's own people see, before scripts have filled it.
fn staff(word: &str, pages: &Pages) -> Vec<(&'static str, String)> {
    let (text, language) = (|| word.to_owned(), || "en".to_owned());
    let sign_in = |step, trouble| {
        let (team, name, next, nonce) = (text(), text(), text(), text());
        pages.sign_in(&SignInPage {
            language: language(),
            step,
            trouble,
            team,
            name,
            next,
            nonce,
            provider: true,
            owner_key: true,
            fresh: false,
        })
    };
    let frame = |page| admin::shell(word, page);
    let set = SetPasswordPage {
        language: language(),
        action: text(),
        name: text(),
        team: text(),
        nonce: text(),
        trouble: Some(SignInProblem::Short),
    };
    let enrolment = Enrolment::of("otpauth://totp/x:y?secret=MZXW6YTBOI&issuer=x");
    let account = OwnAccountPage {
        frame: frame("account"),
        local: true,
        has_app: false,
        enrolment: Some(enrolment),
        trouble: Some(SignInProblem::Code),
    };
    let admits = Admits { pin: true, both: true, shows_codes: true, channels: vec![text()] };
    let embedded =
        FramePage { language: language(), interaction: text(), team: text(), token: text(), shows_codes: true };
    let mut drawn = vec![
        ("staff-sign-in", sign_in(SignInStep::First, Some(SignInProblem::Wrong))),
        ("staff-code", sign_in(SignInStep::Code, None)),
        ("staff-set-password", pages.set_password(&set)),
        ("staff-account", pages.account(&account)),
        ("staff-agent", pages.agent(&Agent { frame: frame("agent"), admits })),
        ("staff-frame", pages.frame(&embedded)),
    ];
    drawn.extend(admin::drawn(word, pages, frame));
    drawn
}

/// Every page: the customer's in English, and the developer's.
pub(super) fn gallery(word: &str) -> Vec<(&'static str, String)> {
    let pages = Pages::new();
    let mut drawn = customers(word, "en");
    drawn.push(("window", pages.chat_page(&chat_page(word))));
    drawn.extend(staff(word, &pages));
    drawn.extend(desk::desk(word, &pages));
    drawn.extend([("problem", pages.problem(&problem(word))), ("docs", pages.docs(&openapi(word)))]);
    drawn
}

/// The desk of a new team: nothing is there yet.
pub(super) fn bare() -> Vec<String> {
    desk::bare(&Pages::new())
}

fn foreign_code(word: &str) -> DoneState {
    let text = || word.to_owned();
    let asked = AnsweredRequest { asked_at: text(), page: text(), ..asked(word) };
    DoneState::Code { code: text(), expires_at: text(), seconds_left: 118, asked }
}

/// Pages in which every text that comes from outside is `word`.
pub(super) fn foreign(word: &str) -> [String; 5] {
    let text = || word.to_owned();
    let logo = Brand { name: Some(text()), color: Some(text()), logo: Some(text()) };
    let landing = LandingPage {
        brand: logo.clone(),
        locale: text(),
        channel: text(),
        address: text(),
        asked_at: text(),
        expires_at: Some(end(word, 60)),
        intent_label: Some(text()),
        action: text(),
        nonce: text(),
        opener_origins: vec![text()],
        screen: Some(text()),
        ..landing(word, LandingPurpose::MidChat)
    };
    let state = foreign_code(word);
    let way_on = Some(WayOn { action: text(), nonce: text() });
    let platform = Some(LinkedPlatform { name: text(), url: Some(text()) });
    let code = Done { brand: logo.clone(), locale: text(), state, return_link: Some(text()), platform, way_on };
    let notice =
        Notice { brand: logo, locale: text(), title: text(), text: text(), hint: text(), until: Some(end(word, 60)) };
    let problem = ProblemPage { problem_type: text(), title: text(), status: 400, meaning: text(), remedy: text() };
    let pages = Pages::new();
    let logo = Brand { name: Some(text()), color: Some(text()), logo: Some(text()) };
    let answer = AnswerPage {
        brand: logo,
        locale: text(),
        expires_at: Some(end(word, 60)),
        action: text(),
        nonce: text(),
        attempt: text(),
        ..answer(word, sent(word))
    };
    let code = pages.done(&code);
    [pages.landing(&landing), code, pages.notice(&notice), pages.problem(&problem), pages.answer(&answer)]
}
