//! What a console shows of what others say: each thing that a platform asks of an account, and each way in which
//! a value can be wrong, has words in every language. A platform that an operator brings speaks for itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign::domain::base::validation;
use countersign::pages::{asked, asset};
use countersign_channels::ambient::Ambient;
use countersign_channels::built_in::recorder::Recorder;
use countersign_channels::built_in::smtp::Smtp;
use countersign_channels::built_in::webchat::WebChat;
use countersign_channels::definition::Definition;
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::HttpClient;
use countersign_channels::platform::shipped;
use serde_json::{Value, json};

use crate::world::World;

pub const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "et"];

/// What consoles say of refusals in a language.
pub fn refusals(language: &str) -> Value {
    let file = asset(&format!("refusals.{language}.json")).expect("a file for each language");
    serde_json::from_slice(file.bytes).expect("JSON")
}

/// The `{names}` of a text.
fn holes(text: &str) -> BTreeSet<&str> {
    let begun = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    begun.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_ascii_lowercase())).collect()
}

#[tokio::test]
async fn everything_that_a_platform_of_ours_asks_has_words_in_every_language() {
    let egress = EgressPolicy::new(|_| false);
    let http_client = HttpClient::new(egress.clone()).expect("TLS");
    let ambient: Arc<dyn Ambient> = Arc::new(countersign_channels::ambient::Still::default());
    let mut all: Vec<Box<dyn Definition>> = Vec::new();
    for platform in shipped::platforms(&http_client, &ambient).expect("they load") {
        all.push(Box::new(platform));
    }
    all.push(Box::new(Smtp::new(egress, ambient).patient(Duration::from_secs(1))));
    all.push(Box::new(Recorder::default()));
    all.push(Box::new(WebChat::without_transcripts()));
    let mut seen = BTreeSet::new();
    for platform in all {
        let (name, asks) = (platform.name().to_owned(), platform.asks());
        assert!(!asks.is_empty(), "{name}");
        for one in asks {
            for language in LANGUAGES {
                let said = asked(language, &one.about);
                let said = said.unwrap_or_else(|| panic!("{name}: {} in {language}: {:?}", one.name, one.about));
                assert!(language == "en" || said != one.about, "{name}: {} in {language}", one.name);
                seen.insert(said);
            }
        }
    }
    assert!(seen.len() > 500, "{} sentences", seen.len());
    assert_eq!(asked("de", "what an operator asks"), None, "another's platform speaks for itself");
}

#[test]
fn each_way_to_be_wrong_has_words_in_every_language_with_its_values() {
    let all =
        validation::KINDS.iter().chain(countersign_channels::validation::KINDS).copied().chain([&validation::OTHER]);
    let kinds: Vec<_> = all.map(|kind| (kind.code, kind.says)).collect();
    for language in LANGUAGES {
        let words = refusals(language);
        let words = words["validation"].as_object().expect("by code");
        for (code, says) in &kinds {
            let said = words.get(*code).and_then(Value::as_str);
            let said = said.unwrap_or_else(|| panic!("{code} has no words in {language}"));
            assert_eq!(holes(said), holes(says), "{code} in {language}");
        }
        for code in words.keys() {
            assert!(kinds.iter().any(|(known, _)| known == code), "{code} is no way to be wrong");
        }
    }
}

/// What programs read of it: a code beside the place, and the values that a sentence is made with.
#[tokio::test]
async fn a_refusal_says_by_a_code_what_is_wrong_where() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let settings = "/v1/teams/acme/settings";
    for (method, path, sent, place) in [
        (
            "PATCH",
            settings,
            json!({"otp": {"length": 99}}),
            json!({"pointer": "/otp/length", "code": "number", "values": {"least": "4", "most": "10"}}),
        ),
        (
            "PATCH",
            settings,
            json!({"send_budget": {"countries": ["EE", "de"]}}),
            json!({"pointer": "/send_budget/countries/1", "code": "country"}),
        ),
        ("PATCH", settings, json!({"brand": {"color": "blue"}}), json!({"pointer": "/brand/color", "code": "color"})),
        (
            "PUT",
            "/v1/teams/acme/users/demo",
            json!({"role": "king"}),
            json!({"pointer": "/role", "code": "one-of", "values": {"words": "agent, admin, owner"}}),
        ),
        ("PUT", "/v1/teams/acme/users/demo", json!({}), json!({"pointer": "/role", "code": "missing"})),
        (
            "PUT",
            "/v1/teams/acme/users/demo",
            json!({"role": "agent", "email": "x"}),
            json!({"pointer": "/email", "code": "mail-address"}),
        ),
        ("PUT", "/v1/teams/acme/users/a%20b", json!({"role": "agent"}), json!({"pointer": "", "code": "user-name"})),
        (
            "PUT",
            "/v1/teams/acme/webhooks/w",
            json!({"url": "https://10.0.0.1/"}),
            json!({"pointer": "/url", "code": "public-address"}),
        ),
        ("PUT", "/v1/teams/acme/webhooks/w", json!({"url": 7}), json!({"pointer": "/url", "code": "text"})),
        (
            "PUT",
            "/v1/teams/acme/channels/sms",
            json!({"definition": "recorder", "account": {"max_per_minute": 0}}),
            json!({"pointer": "/account/max_per_minute", "code": "number", "values": {"least": "1", "most": "60000"}}),
        ),
        (
            "POST",
            "/v1/teams/acme/api-keys",
            json!({"role": "bot", "name": ""}),
            json!({"pointer": "/name", "code": "short"}),
        ),
        (
            "POST",
            "/v1/teams/acme/security-keys",
            json!({"public_key": {"kty": "oct", "k": "AA"}}),
            json!({"pointer": "/public_key", "code": "private-key"}),
        ),
    ] {
        let problem = world.call(&team.admin, method, path, sent).await.refused(422, "invalid");
        let mut first = problem["errors"][0].clone();
        let detail = first.as_object_mut().expect("a place").remove("detail");
        assert_eq!(first, place, "{path}: {problem}");
        assert!(detail.is_some_and(|detail| detail.as_str().is_some_and(|text| !text.is_empty())), "{problem}");
    }
}
