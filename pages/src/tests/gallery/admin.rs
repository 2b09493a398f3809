//! The admin console's pages with a word in every place that somebody else fills.
//! Which word that is, the gallery around it is told.

use serde_json::json;

use countersign_pages::Pages;
use countersign_pages::admin::intents::{IntentRow, Intents};
use countersign_pages::admin::keys::{ApiKeyRow, KeysPage, SecurityKeyRow};
use countersign_pages::admin::overview::Overview;
use countersign_pages::admin::screens::{Editor, Screens};
use countersign_pages::admin::settings::{InheritedValue, Kind, SettingsPage};
use countersign_pages::admin::teams::TeamsPage;
use countersign_pages::consoles::Shell;
use countersign_pages::sections::AdminSection;

/// What stands around a console's page.
pub(super) fn shell(word: &str, page: &'static str) -> Shell {
    let text = || word.to_owned();
    Shell {
        language: "en".to_owned(),
        page,
        csrf_token: text(),
        team: Some(text()),
        teams: vec![(text(), text()), ("beta".to_owned(), text())],
        name: Some(text()),
        role: "admin",
        administers: true,
        admin_section: None,
    }
}

/// Each page of this console by its name; `frame` is what stands around a console's page.
pub(super) fn drawn(word: &str, pages: &Pages, frame: impl Fn(&'static str) -> Shell) -> [(&'static str, String); 7] {
    let text = || word.to_owned();
    let admin_section =
        |section| Shell { admin_section: Some(AdminSection { section, title: Some(text()) }), ..frame("admin") };
    let teams = TeamsPage {
        frame: admin_section("teams"),
        owner: true,
        teams: vec![(text(), text())],
        next: Some("/admin?after=demo".into()),
    };
    [
        ("admin-teams", pages.admin_teams(&teams)),
        ("admin-overview", pages.admin_overview(&overview(word, admin_section("overview")))),
        ("admin-settings", pages.admin_settings(&settings(word, admin_section("settings")))),
        ("admin-keys", pages.admin_keys(&keys(word, admin_section("keys")))),
        ("admin-screens", pages.admin_screens(&screens(word, admin_section("screens")))),
        ("admin-screen", pages.admin_screen(&screen(word, admin_section("screens")))),
        ("admin-intents", pages.admin_intents(&intents(word, admin_section("intents")))),
    ]
}

fn overview(word: &str, frame: Shell) -> Overview {
    let text = || word.to_owned();
    Overview {
        frame,
        login_page: Some(text()),
        hosted: text(),
        is_hosted: true,
        has_customer: false,
        has_key: true,
        has_pending_key: false,
        channels: vec![text()],
        web_chat: Some(text()),
        authenticated: 0,
        warnings: 2,
    }
}

fn keys(word: &str, frame: Shell) -> KeysPage {
    let text = || word.to_owned();
    let at = || "2026-03-01T09:27:12Z".to_owned();
    let key = |status, until: Option<String>, signs: bool| SecurityKeyRow {
        kid: "AbC-123_".to_owned(),
        algorithm: "HS256".to_owned(),
        status,
        created_at: at(),
        activated_at: signs.then(at),
        last_used_at: until.clone(),
        verifies: status != "revoked",
        can_sign: true,
        until,
        signs,
    };
    let public = SecurityKeyRow { can_sign: false, algorithm: "EdDSA".to_owned(), ..key("active", None, false) };
    let api = ApiKeyRow {
        id: "0123456789abcdef".to_owned(),
        name: text(),
        role: "bot",
        created_at: "2026-03-01T09:27:12Z".to_owned(),
        removable: true,
    };
    let ends = Some("2026-03-02T09:27:12Z".to_owned());
    let security = vec![
        key("pending", None, false),
        key("active", None, true),
        public,
        key("retired", ends.clone(), false),
        SecurityKeyRow { verifies: false, ..key("retired", ends, false) },
        key("revoked", None, false),
    ];
    KeysPage { frame, security, is_hosted: false, api: vec![api], roles: &["bot", "agent", "admin"] }
}

fn settings(word: &str, frame: Shell) -> SettingsPage {
    let known = |path, kind, value, own| InheritedValue {
        path,
        kind,
        bounds: matches!(kind, Kind::Number | Kind::Span).then_some((1, 10)),
        words: if matches!(kind, Kind::OneOf | Kind::Maybe) { &["otp", "pin"] } else { &[] },
        value,
        inherited: json!(null),
        source: if own { "team" } else { "default" },
        own,
        warnings: if own {
            vec![("never-expires", "It never ends."), ("other", "Something else.")]
        } else {
            Vec::new()
        },
    };
    let all = vec![
        known("authentication_url", Kind::Text, json!(word), true),
        known("allowed_origins", Kind::List, json!([word]), false),
        known("link.ttl_minutes", Kind::Span, json!("never"), true),
        known("entry.first", Kind::OneOf, json!("otp"), false),
        known("entry.subsequent", Kind::Maybe, json!(null), false),
        known("otp.length", Kind::Number, json!(6), false),
        known("otp.message", Kind::Phrase, json!(word), false),
        known("otp.send_to_customer", Kind::Switch, json!(true), true),
        known("directory.match", Kind::Fields, json!([{"field": word, "as": "exact"}]), false),
        known("of.another.release", Kind::Text, json!(null), false),
    ];
    SettingsPage::of(frame, format!("/v1/teams/{word}/settings"), "2026-03-01T09:27:12Z".to_owned(), all)
}

fn screens(word: &str, frame: Shell) -> Screens {
    Screens { frame, names: vec![word.to_owned()], shown: Some(word.to_owned()) }
}

fn screen(word: &str, frame: Shell) -> Editor {
    Editor { frame, name: word.to_owned(), html: Some(word.to_owned()), is_shown: false }
}

fn intents(word: &str, frame: Shell) -> Intents {
    let (text, methods) = (|| word.to_owned(), vec!["login", "otp"]);
    let intent = IntentRow {
        name: text(),
        label: Some(text()),
        accept: methods.clone(),
        max_age: Some(5),
        acr: vec![text()],
        bindings: vec!["code"],
        own: true,
    };
    Intents { frame, intents: vec![intent], methods, bindings: vec!["opener", "code", "browser", "none"] }
}
