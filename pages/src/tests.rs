//! Draws every page with friendly and with hostile values. The gallery is written where
//! `COUNTERSIGN_SCREENS` says, for people and browsers to look at.

use std::collections::BTreeSet;

use serde_json::json;

use super::render::TEMPLATES;
use super::texts::tables::{CONSOLES, CUSTOMERS};
use super::*;
use gallery::{bare, code, customers, done, foreign, gallery, landing, openapi};

mod gallery;

const HOSTILE: &str = "</p><script>alert(1)</script>\" onload='x' <style>{{ 7*7 }}\u{202e}gnp\u{2066}\u{0}`";

/// Whatever stands inside a tag of the drawn page.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

/// The elements of a page, in order: what hostile words must not change.
fn elements(html: &str) -> Vec<&str> {
    tags(html).into_iter().filter_map(|tag| tag.split_whitespace().next()).collect()
}

#[test]
fn a_page_with_nothing_to_show_is_drawn() {
    for page in bare() {
        assert!(page.trim_end().ends_with("</html>"), "{page}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let own = gallery("Acme").into_iter().zip(gallery(HOSTILE)).map(|(one, two)| (one.1, two.1));
    for (friendly, hostile) in own.chain(foreign("Acme").into_iter().zip(foreign(HOSTILE))) {
        assert_eq!(elements(&friendly), elements(&hostile));
        assert!(!tags(&hostile).iter().any(|tag| tag.contains("onload='")), "{hostile}");
        let turning = |sign| matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0');
        assert!(!hostile.chars().any(turning), "{hostile}");
    }
    for hostile in foreign(HOSTILE) {
        assert!(hostile.contains("{{ 7*7 }}"), "a template computes what it was given");
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
fn a_page_says_in_which_language_it_is() {
    for language in texts::LANGUAGES {
        for (name, html) in customers("Acme Bank", language) {
            assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\"")), "{language}: {name}");
            for value in ["{digits}", "{count}", "{seconds}"] {
                assert!(!html.contains(value), "{language}: {name} leaves {value} out");
            }
        }
        let report = texts::text(language, "report.button").expect("every language has it");
        let landing = &customers("Acme Bank", language)[0].1;
        assert!(landing.contains(report) && landing.matches(report).count() >= 2, "{language}: the warning names it");
    }
}

/// The developers' pages are in English; every other word that a page shows is in the tables.
#[test]
fn no_template_has_a_word_of_its_own() {
    for (name, source) in TEMPLATES.into_iter().filter(|(name, _)| !["problem.html", "reference.html"].contains(name)) {
        let mut plain = source.to_owned();
        // The block `layout` stands in a class.
        let layout = ("{% block layout %}", "{% endblock %}");
        for (from, to) in [layout, ("{#", "#}"), ("{%", "%}"), ("{{", "}}")] {
            while let Some(start) = plain.find(from) {
                let end = plain[start..].find(to).expect("what begins ends") + start + to.len();
                plain.replace_range(start..end, "");
            }
        }
        let mut shown = String::new();
        for part in plain.split('<').skip(usize::from(plain.starts_with('<'))) {
            let (tag, text) = part.split_once('>').unwrap_or((part, ""));
            shown += text;
            for attribute in [" alt=\"", " title=\"", " placeholder=\"", " aria-label=\"", " aria-description=\""] {
                shown += tag.split_once(attribute).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
            }
        }
        // The program's own name is the same everywhere.
        let words: String = shown.replace("Countersign", "").chars().filter(|sign| sign.is_alphabetic()).collect();
        assert_eq!(words, "", "{name}");
    }
    for script in ["page.js", "opener.js", "window.js", "countersign.js", "countersign-status.js"] {
        let source = std::str::from_utf8(asset(script).expect("listed").bytes).expect("text");
        for place in ["textContent = \"", "title = \"", "placeholder = \"", "\"aria-label\", \""] {
            let said = source.split(place).skip(1).filter_map(|rest| rest.split('"').next());
            assert!(said.clone().all(str::is_empty), "{script}: {:?}", said.collect::<Vec<_>>());
        }
    }
}

#[test]
fn words_of_every_language_are_in_the_scripts_that_stand_elsewhere() {
    for (script, stem) in [("countersign.js", "chat."), ("countersign-status.js", "status.")] {
        let source = std::str::from_utf8(asset(script).expect("listed").bytes).expect("text");
        for (language, at) in texts::LANGUAGES.into_iter().zip(0..) {
            assert!(source.contains(&format!("\"{language}\":{{")), "{script}: {language}");
            for (key, said) in CUSTOMERS.iter().filter(|(key, _)| key.starts_with(stem)) {
                assert!(source.contains(&json!(said[at]).to_string()), "{script}: {language} {key}");
            }
        }
    }
}

/// Right-to-left needs no second stylesheet: none says left or right where it means start or end.
#[test]
fn no_style_of_a_customers_page_knows_left_from_right() {
    for name in ["countersign.css", "window.css", "screen.css", "countersign.js", "countersign-status.js"] {
        let source = std::str::from_utf8(asset(name).expect("listed").bytes).expect("text");
        for physical in [
            "-left",
            "-right",
            " left:",
            " right:",
            "text-align: left",
            "text-align: right",
            "float:",
            "border-radius: 0 ",
        ] {
            assert!(!source.contains(physical), "{name} has {physical}");
        }
    }
    for (name, html) in gallery("Acme").into_iter().filter(|(name, _)| !["docs", "problem"].contains(name)) {
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"), "{name}");
    }
}

#[test]
fn in_an_apps_own_browser_a_login_page_is_announced_with_help() {
    let landing = |app| Pages::new().landing(&LandingPage { in_app: app, ..landing("Acme", LandingPurpose::MidChat) });
    assert!(landing(Some(App::Line)).contains("You are in the browser of LINE"));
    assert!(landing(Some(App::Unnamed)).contains("You are in an app’s own browser"));
    assert!(!landing(None).contains("data-in-app"));
}

#[test]
fn both_acts_are_forms_of_their_own() {
    let html = Pages::new().landing(&landing("Acme", LandingPurpose::MidChat));
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
        Pages::new().landing(&landing("Acme Bank", LandingPurpose::MidChat)),
        Pages::new().done(&done("Acme Bank", code("n"))),
    ];
    for html in drawn {
        for fact in [
            "Acme Bank",
            "WhatsApp",
            "+372•••••345",
            "minute",
            "1 March 2026, 09:27 UTC",
            "This wasn’t me",
            "data-act=\"report\"",
        ] {
            assert!(html.contains(fact), "{fact}");
        }
    }
}

#[test]
fn a003_previews_name_nobody_and_robots_stay_out() {
    for (name, html) in gallery("Demo Customer").into_iter().filter(|(name, _)| *name != "docs") {
        assert!(html.contains("<meta name=\"robots\" content=\"noindex\">"), "{name}");
        let head = html.split("</head>").next().unwrap_or_default();
        assert!(name == "problem" || !head.contains("Demo Customer"), "{name}");
    }
    for script in ["page.js", "opener.js", "countersign.js", "countersign-status.js", "reference.js"] {
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
        for call in source.split(" t('").skip(1).chain(source.split("=t('").skip(1)) {
            let key = call.split('\'').next().unwrap_or_default();
            asked.insert(key);
            let known =
                texts::text("en", key).is_some() || (key.ends_with('.') && call[key.len()..].starts_with("' ~"));
            assert!(known, "{key}");
        }
        asked.extend(source.split("texts('").skip(1).filter_map(|call| call.split('\'').next()));
        for call in source.split(" n('").skip(1) {
            let key = call.split('\'').next().unwrap_or_default();
            assert!(texts::counted("en", key, 2).is_some(), "{key}");
            asked.insert(key);
        }
    }
    // By render.rs, by name, and by scripts on pages of others.
    let elsewhere = ["notice.", "channel.", "ago.", "left.", "month.", "moment", "chat.", "status."];
    let scripts: String = ["admin.js", "admin_try.js", "agent.js", "api.js", "frame.js", "new.js", "panel.js"]
        .map(|name| std::str::from_utf8(asset(name).expect("listed").bytes).expect("text"))
        .concat();
    for key in CONSOLES.keys().filter(|key| !["refused.", "validation."].iter().any(|s| key.starts_with(s))) {
        let Some(word) = key.strip_prefix("js.") else {
            let stem = |stem: &&str| stem.ends_with('.') && key.starts_with(*stem);
            assert!(asked.contains(key.as_str()) || asked.iter().any(stem), "{key}: nobody asks");
            continue;
        };
        let stem = word.split('.').next().unwrap_or_default();
        let named = scripts.contains(&format!("\"{word}\""))
            || scripts.contains(&format!("`{stem}.${{"))
            || ["live", "lost", "over", "primary", "cosigner"].contains(&word);
        assert!(named, "{key}: no script asks");
    }
    for key in CUSTOMERS.keys() {
        let counted = key.rsplit_once('.').is_some_and(|(stem, _)| asked.contains(stem));
        let by_name = asked.contains(key.as_str()) || counted || elsewhere.iter().any(|stem| key.starts_with(stem));
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
    let Ok(folder) = std::env::var("COUNTERSIGN_SCREENS") else {
        return;
    };
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder.join("assets")).expect("a writable folder");
    for (name, html) in gallery("Acme Bank") {
        std::fs::write(folder.join(format!("{name}.html")), html).expect("a writable folder");
    }
    for language in texts::LANGUAGES.into_iter().skip(1) {
        for (name, html) in customers("Acme Bank", language) {
            std::fs::write(folder.join(format!("{language}-{name}.html")), html).expect("a writable folder");
        }
    }
    for name in [
        "countersign.css",
        "page.js",
        "opener.js",
        "reference.css",
        "reference.js",
        "screen.css",
        "icon.svg",
        "countersign.js",
    ] {
        std::fs::write(folder.join("assets").join(name), asset(name).expect("listed").bytes)
            .expect("a writable folder");
    }
    std::fs::write(folder.join("assets/brand.css"), brand_css("0f766e").expect("valid")).expect("a writable folder");
}
