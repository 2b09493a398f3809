//! Draws every page with friendly and with hostile values. The gallery is written where
//! `COUNTERSIGN_SCREENS` says, for people and browsers to look at.

use std::collections::BTreeSet;

use serde_json::json;

use super::render::TEMPLATES;
use super::*;

fn brand(name: &str) -> Brand {
    Brand { name: Some(name.to_owned()), color: Some("#0f766e".to_owned()), logo: None }
}

fn landing(word: &str, purpose: Purpose) -> Landing {
    Landing {
        brand: brand(word),
        locale: "en-GB".to_owned(),
        channel: "whatsapp".to_owned(),
        address: "+372•••••345".to_owned(),
        customer_name: Some(word.to_owned()),
        asked_at: "2026-03-01T09:27:12Z".to_owned(),
        minutes_ago: 3,
        purpose,
        expires_at: Some("2026-03-01T09:37:12Z".to_owned()),
        intent_label: Some("Copy of a statement".to_owned()),
        action: "/l/AbC-123_".to_owned(),
        nonce: "n0nce".to_owned(),
        opener_origins: vec!["https://chat.example.com".to_owned(), "https://www.example.com".to_owned()],
        opener_required: false,
    }
}

fn code(word: &str) -> DoneState {
    DoneState::Code {
        code: "B2CD3F".to_owned(),
        expires_at: "2026-03-01T09:32:00Z".to_owned(),
        seconds_left: 118,
        channel: "whatsapp".to_owned(),
        address: "+372•••••345".to_owned(),
        asked_at: "2026-03-01T09:27:12Z".to_owned(),
        minutes_ago: 1,
        report_action: "/l/AbC-123_".to_owned(),
        nonce: word.to_owned(),
    }
}

fn done(word: &str, state: DoneState) -> Done {
    let return_link = Some("https://wa.me/3725550100?text=B2CD3F".to_owned());
    Done { brand: brand(word), locale: "en".to_owned(), state, return_link }
}

fn problem(word: &str) -> ProblemPage {
    ProblemPage {
        slug: "link-expired".to_owned(),
        title: format!("The link has expired {word}"),
        status: 410,
        meaning: format!("The link's `expires_at` has passed {word}.\n\n- it was never opened\n- or the login took too long"),
        remedy: "Issue a new one: `POST /v1/interactions/{id}/login-links`.".to_owned(),
    }
}

fn openapi(word: &str) -> serde_json::Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Countersign", "version": "0.1.0", "description": format!("A gateway that lets a conversation prove who is in it. {word}\n\nErrors are `application/problem+json`.")},
        "tags": [{"name": "Interactions", "description": "Conversations and *the flag*."}, {"name": "Settings"}],
        "security": [{"bearer": ["bot"]}],
        "paths": {
            "/v1/interactions": {"post": {
                "tags": ["Interactions"], "summary": format!("Open an interaction {word}"), "description": "Answers the open one where the conversation has one.",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "description": "Within 24 h the same key gets the same reply.", "schema": {"type": "string", "maxLength": 255}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewInteraction"}}}},
                "responses": {
                    "201": {"description": "Opened.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Interaction"}}}},
                    "409": {"description": "`interaction-full`: over 32 KiB, or a 21st participant.", "content": {"application/problem+json": {"schema": {"type": "object"}}}}}}},
            "/v1/interactions/{id}/participants/{participant}/unlock": {"post": {
                "tags": ["Interactions"], "summary": "Lift a lockout", "security": [{"bearer": ["agent", "admin"]}],
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}, {"$ref": "#/components/parameters/Participant"}],
                "responses": {"200": {"description": "Lifted."}}}},
            "/v1/teams/{team}/settings": {"patch": {
                "tags": ["Settings"], "summary": "Change a team's settings", "x-roles": ["admin"], "deprecated": true,
                "requestBody": {"content": {"application/merge-patch+json": {"schema": {"type": "object", "additionalProperties": {"type": "string"}}, "example": {"otp": {"length": 6, "note": word}}}}},
                "responses": {"200": {"description": "Changed."}}}}
        },
        "components": {
            "parameters": {"Participant": {"name": "participant", "in": "path", "required": true, "schema": {"type": "string"}}},
            "schemas": {
                "NewInteraction": {"type": "object", "required": ["channel"], "properties": {
                    "channel": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$", "description": format!("Where it takes place. {word}")},
                    "participants": {"type": "array", "maxItems": 20, "items": {"$ref": "#/components/schemas/Participant"}}}},
                "Participant": {"type": "object", "required": ["role"], "properties": {
                    "role": {"type": "string", "enum": ["primary", "cosigner", word]},
                    "phone": {"type": ["string", "null"], "example": "+3725550100"},
                    "device": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"region": {"type": "string"}}}]}}},
                "Interaction": {"allOf": [{"$ref": "#/components/schemas/NewInteraction"}, {"type": "object", "properties": {
                    "id": {"type": "string", "format": "uuid"}, "opened_at": {"type": "string", "format": "date-time"}}}]}
            }
        }
    })
}

fn gallery(word: &str) -> Vec<(String, String)> {
    let pages = Pages::new();
    let mut drawn = vec![
        ("landing".to_owned(), pages.landing(&landing(word, Purpose::MidChat))),
        ("landing-entry".to_owned(), pages.landing(&landing(word, Purpose::Entry))),
        ("landing-opener".to_owned(), pages.landing(&Landing { opener_required: true, ..landing(word, Purpose::PreChat) })),
        ("code".to_owned(), pages.done(&done(word, code(word)))),
        ("code-plain".to_owned(), pages.done(&Done { return_link: None, brand: Brand::default(), ..done(word, code(word)) })),
        ("problem".to_owned(), pages.problem(&problem(word))),
        ("docs".to_owned(), pages.docs(&openapi(word))),
    ];
    let bare = Landing {
        customer_name: None,
        intent_label: None,
        expires_at: None,
        brand: Brand::default(),
        minutes_ago: 200,
        opener_origins: Vec::new(),
        ..landing(word, Purpose::MidChat)
    };
    drawn.push(("landing-bare".to_owned(), pages.landing(&bare)));
    for (name, state) in [
        ("authenticated", DoneState::Authenticated),
        ("denied", DoneState::Denied),
        ("cancelled", DoneState::Cancelled),
        ("reported", DoneState::Reported),
        ("ended", DoneState::Ended),
    ] {
        drawn.push((format!("done-{name}"), pages.done(&done(word, state))));
    }
    for refused in Refused::ALL {
        let notice = Notice::of(refused, brand(word), "en");
        drawn.push((format!("notice-{}", refused.word()), pages.notice(&notice)));
    }
    drawn
}

const HOSTILE: &str = "</p><script>alert(1)</script>\" onload='x' <style>{{ 7*7 }}\u{202e}gnp\u{2066}\u{0}`";

/// Whatever stands inside a tag of the drawn page.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

#[test]
fn hostile_words_stay_words() {
    for (name, html) in gallery(HOSTILE) {
        assert!(!html.contains("<script>") && !html.contains("alert(1)</script>"), "{name}");
        assert!(!html.contains("49"), "{name} computes what it was given");
        assert!(!html.chars().any(|sign| matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0')), "{name}");
    }
    let hostile = Landing {
        channel: HOSTILE.to_owned(),
        address: HOSTILE.to_owned(),
        asked_at: HOSTILE.to_owned(),
        expires_at: Some(HOSTILE.to_owned()),
        intent_label: Some(HOSTILE.to_owned()),
        action: HOSTILE.to_owned(),
        nonce: HOSTILE.to_owned(),
        locale: HOSTILE.to_owned(),
        opener_origins: vec![HOSTILE.to_owned()],
        brand: Brand { color: Some(HOSTILE.to_owned()), logo: Some(HOSTILE.to_owned()), ..brand(HOSTILE) },
        ..landing(HOSTILE, Purpose::MidChat)
    };
    let notice = Notice { brand: brand(HOSTILE), locale: HOSTILE.to_owned(), title: HOSTILE.to_owned(), text: HOSTILE.to_owned(), hint: HOSTILE.to_owned() };
    for html in [Pages::new().landing(&hostile), Pages::new().notice(&notice)] {
        let friendly = Pages::new().landing(&landing("Acme", Purpose::MidChat));
        assert!(!tags(&html).iter().any(|tag| tag.contains("onload='")), "{html}");
        assert_eq!(html.matches("<script").count() <= friendly.matches("<script").count(), true);
        assert!(!html.contains("<style"));
    }
}

#[test]
fn no_page_needs_an_exception_from_the_policy() {
    for (name, html) in gallery("Acme Bank") {
        assert!(!html.contains("<style"), "{name}");
        for tag in tags(&html) {
            let word = tag.split_whitespace().next().unwrap_or_default();
            assert!(!tag.contains(" style="), "{name}: {tag}");
            assert!(!tag.split_whitespace().any(|part| part.starts_with("on") && part.contains('=')), "{name}: {tag}");
            assert!(word != "script" || tag.contains("src=\"/assets/"), "{name}: {tag}");
            assert!(word != "link" || tag.contains("href=\"/assets/"), "{name}: {tag}");
            assert!(word != "img" || tag.contains("src=\"/") || tag.contains("src=\"data:image/"), "{name}: {tag}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\""), "{name}");
    }
}

#[test]
fn both_acts_are_forms_of_their_own() {
    let html = Pages::new().landing(&landing("Acme", Purpose::MidChat));
    for act in ["continue", "report"] {
        assert!(html.contains(&format!("<form method=\"post\" action=\"/l/AbC-123_\" data-act=\"{act}\"")), "{html}");
        assert!(html.contains(&format!("name=\"act\" value=\"{act}\"")));
    }
    assert_eq!(html.matches("name=\"nonce\" value=\"n0nce\"").count(), 2);
    assert_eq!(html.matches("name=\"opener\" value=\"\"").count(), 1);
}

#[test]
fn a002_landing_and_code_page_say_who_asks_where_and_when() {
    let drawn = [
        Pages::new().landing(&landing("Acme Bank", Purpose::MidChat)),
        Pages::new().done(&done("Acme Bank", code("n"))),
    ];
    for html in drawn {
        for fact in ["Acme Bank", "WhatsApp", "+372•••••345", "minute", "2026-03-01 09:27 UTC", "This wasn’t me", "data-act=\"report\""] {
            assert!(html.contains(fact), "{fact}");
        }
    }
}

#[test]
fn a003_previews_name_nobody_and_robots_stay_out() {
    for (name, html) in gallery("Mari Maasikas").into_iter().filter(|(name, _)| name != "docs") {
        assert!(html.contains("<meta name=\"robots\" content=\"noindex\">"), "{name}");
        let head = html.split("</head>").next().unwrap_or_default();
        assert!(name == "problem" || !head.contains("Mari"), "{name}");
    }
    for script in ["page.js", "opener.js", "countersign.js", "reference.js"] {
        let bytes = asset(script).expect("listed").bytes;
        let source = std::str::from_utf8(bytes).expect("text");
        for act in ["submit(", "requestSubmit", ".click("] {
            assert!(!source.contains(act), "{script} has {act}");
        }
        assert!(!source.contains("\"*\""), "{script} posts to anybody");
    }
}

#[test]
fn the_code_is_read_aloud_sign_by_sign_and_goes_back_to_the_chat() {
    let html = Pages::new().done(&done("Acme", code("n")));
    assert!(html.contains("aria-label=\"B, 2, C, D, 3, F\" data-code>B2CD3F<"));
    assert!(html.contains("href=\"https://wa.me/3725550100?text=B2CD3F\""));
    for refused in ["javascript:alert(1)", "data:text/html,x", " javascript:x", "/l/x", "vbscript:x"] {
        let page = Done { return_link: Some(refused.to_owned()), ..done("Acme", DoneState::Ended) };
        assert!(!Pages::new().done(&page).contains("data-return"), "{refused}");
    }
}

#[test]
fn every_text_that_a_template_asks_for_exists_and_is_asked_for() {
    let mut asked = BTreeSet::new();
    for (_, source) in TEMPLATES {
        for call in source.split(" t('").skip(1) {
            let key = call.split('\'').next().unwrap_or_default();
            asked.insert(key);
            let known = texts::text("en", key).is_some() || (key.ends_with('.') && call[key.len()..].starts_with("' ~"));
            assert!(known, "{key}");
        }
    }
    for (key, _) in texts::LANGUAGES[0].1 {
        let by_name = asked.contains(key) || key.starts_with("notice.") || key.starts_with("channel.");
        assert!(by_name || asked.iter().any(|stem| stem.ends_with('.') && key.starts_with(stem)), "{key}: nobody asks");
    }
}

#[test]
fn the_reference_shows_operations_roles_fields_and_examples() {
    let html = Pages::new().docs(&openapi("w"));
    for shown in [
        "id=\"post-v1-interactions\"",
        "href=\"#post-v1-interactions\"",
        "<span class=\"badge\">agent</span>",
        "<span class=\"badge\">bot</span>",
        "array of object",
        "Idempotency-Key",
        "one of primary · cosigner",
        "&quot;phone&quot;: &quot;+3725550100&quot;",
        "interaction-full",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(Pages::new().docs(&json!({})).contains("<main"));
}

#[test]
fn the_gallery_can_be_looked_at() {
    let Ok(folder) = std::env::var("COUNTERSIGN_SCREENS") else { return };
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder.join("assets")).expect("a writable folder");
    for (name, html) in gallery("Acme Bank") {
        std::fs::write(folder.join(format!("{name}.html")), html).expect("a writable folder");
    }
    for name in ["countersign.css", "page.js", "opener.js", "reference.css", "reference.js", "icon.svg", "countersign.js"] {
        std::fs::write(folder.join("assets").join(name), asset(name).expect("listed").bytes).expect("a writable folder");
    }
    std::fs::write(folder.join("assets/brand.css"), brand_css("0f766e").expect("valid")).expect("a writable folder");
}
