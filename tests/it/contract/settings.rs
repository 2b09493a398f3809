//! Settings: every row at its bounds and beyond, merge patches, layers, and what a system change
//! may not break.

use serde_json::{Map, Value, json};

use super::{names, points_at};
use crate::world::{CHAT, OWNER, World};

const PATH: &str = "/v1/teams/acme/settings";

/// The contract's defaults, as its page has them.
fn defaults() -> Value {
    json!({
        "authentication_url": null, "allowed_origins": [], "authentication_timeout_minutes": 15, "interaction_timeout_minutes": 30,
        "absolute_timeout_minutes": 480, "link": {"ttl_minutes": 10, "landing": "required"}, "binding": "auto", "other_browser": "ask",
        "entry": {"require_authentication": false, "first": "otp", "subsequent": null, "offline_minutes": 15, "ttl_minutes": 1440, "admit_url": null},
        "otp": {"length": 6, "expires_minutes": 3, "max_tries": 3, "message": "#PIN# is your verification code.", "send_to_customer": true,
            "send_when": "arrival", "second_channel": true, "show_to_agents": false},
        "pin": {"opening_screen": null}, "kba": {"enabled": false, "provider": null, "questions": 3, "must_match": 3, "expires_minutes": 10, "ask": [], "send": []},
        "photo_id": {"enabled": false, "provider": null, "quality_threshold": 3, "authentication_threshold": 2, "lockout_minutes": 15, "max_lockouts": 3},
        "lockout": {"threshold": 5, "duration_minutes": 15, "growth": 1, "max_lockouts": 3},
        "two_factor": {"always": false, "on_fingerprint_change": false, "on_region_change": false}, "login_otp": false, "intents": {},
        "password": {"min_length": 6}, "ticket": {"access_minutes": 15, "refresh_minutes": 10080},
        "send_budget": {"resend_after_seconds": 30, "per_interaction": 10, "per_destination_hour": 5, "per_destination_day": 12,
            "per_team_day": 10000, "countries": []},
        "delivery": {"order": ["chat", "sms", "email"], "event_webhook": null}, "directory": {"kind": "builtin", "match": []},
        "brand": {"name": null, "color": null, "logo": null}, "locale": "en"
    })
}

/// `a.b` as a patch.
fn at(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| json!({name: inner}))
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

#[tokio::test]
async fn the_defaults_are_the_contracts() {
    let world = World::new().await;
    let seen = world.call(OWNER, "GET", "/v1/settings?effective=true", Value::Null).await.expect(200);
    assert_eq!(names(&seen), ["settings", "source", "warnings"]);
    assert_eq!(seen["settings"], defaults());
    assert_eq!(seen["warnings"], json!([]));
    assert!(seen["source"].as_object().unwrap().values().all(|s| s == "default"));
    assert_eq!(world.call(OWNER, "GET", "/v1/settings", Value::Null).await.expect(200), json!({}));
}

/// The settings within a schema or a document of settings, by their dotted paths. `members` finds what is in a
/// section, and nothing where the value is a setting's own.
fn leaves<'a>(
    value: &'a Value,
    prefix: &str,
    members: fn(&Value) -> Option<&Map<String, Value>>,
) -> Vec<(String, &'a Value)> {
    let named = members(value).into_iter().flatten();
    let inner = named.flat_map(|(name, inner)| match members(inner) {
        Some(_) if name != "intents" => leaves(inner, &format!("{prefix}{name}."), members),
        _ => vec![(format!("{prefix}{name}"), inner)],
    });
    inner.collect()
}

/// The schemas in the OpenAPI document name every setting and no other, each with its default; that of an intent
/// names all that an intent takes.
#[tokio::test]
async fn the_document_describes_every_setting() {
    let world = World::new().await;
    let document = world.call("", "GET", "/openapi.json", Value::Null).await.expect(200);
    let schemas = &document["components"]["schemas"];
    let defaults = defaults();
    let mut expected = leaves(&defaults, "", Value::as_object);
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    for name in ["Settings", "SettingsLayer"] {
        let mut described = leaves(&schemas[name], "", |schema| schema["properties"].as_object());
        described.sort_by(|one, other| one.0.cmp(&other.0));
        let paths = |settings: &[(String, &Value)]| settings.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(paths(&described), paths(&expected), "{name}");
        for ((path, schema), (_, default)) in described.iter().zip(&expected) {
            assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {path}");
            assert!(path == "intents" || schema["default"] == **default, "{name} {path}: {schema}");
        }
    }
    let intent =
        json!({"accept": ["login"], "max_age_minutes": 5, "label": "Pay", "acr": ["gold"], "bindings": ["code"]});
    assert_eq!(names(&schemas["Intent"]["properties"]), names(&intent));
    let team = world.team("acme").await;
    team.set(json!({"intents": {"pay": intent}})).await;
}

/// A106: each number at both bounds and one beyond. (The catalogue wants floors that the system
/// sets for its teams; by the contract a team stands over the system, within these bounds, and
/// what departs from a standard carries a warning.)
#[tokio::test]
async fn a106_every_number_holds_at_its_bounds_and_not_beyond() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"kba": {"must_match": 1}})).await;
    let week = 10_080;
    let rows: &[(&str, i64, i64)] = &[
        ("authentication_timeout_minutes", 1, week),
        ("interaction_timeout_minutes", 1, week),
        ("absolute_timeout_minutes", 1, week),
        ("link.ttl_minutes", 1, week),
        ("entry.offline_minutes", 0, week),
        ("entry.ttl_minutes", 1, week),
        ("otp.length", 4, 10),
        ("otp.expires_minutes", 1, week),
        ("otp.max_tries", 1, 100),
        ("kba.questions", 1, 10),
        ("kba.expires_minutes", 1, week),
        ("photo_id.quality_threshold", 1, 100),
        ("photo_id.authentication_threshold", 1, 100),
        ("photo_id.lockout_minutes", 1, week),
        ("photo_id.max_lockouts", 0, 100),
        ("lockout.threshold", 1, 100),
        ("lockout.duration_minutes", 1, week),
        ("lockout.growth", 1, 10),
        ("lockout.max_lockouts", 0, 100),
        ("password.min_length", 6, 64),
        ("ticket.access_minutes", 1, 1440),
        ("ticket.refresh_minutes", 1, week),
        ("send_budget.resend_after_seconds", 0, 3600),
        ("send_budget.per_interaction", 1, 1_000_000),
        ("send_budget.per_destination_hour", 1, 1_000_000),
        ("send_budget.per_destination_day", 1, 1_000_000),
        ("send_budget.per_team_day", 1, 1_000_000),
    ];
    for (path, low, high) in rows {
        for right in [low, high] {
            let told = world.call(&team.admin, "PATCH", PATH, at(path, json!(right))).await.expect(200);
            assert_eq!(told["settings"].pointer(&pointer(path)), Some(&json!(right)), "{path}");
            assert_eq!(told["source"][*path], "team");
        }
        let never = matches!(*path, "link.ttl_minutes" | "entry.ttl_minutes" | "otp.expires_minutes");
        for wrong in [
            json!(low - 1),
            json!(high + 1),
            json!(-1),
            json!(1.5),
            json!("5"),
            json!(true),
            json!([5]),
            json!(1e18),
            json!("none"),
            json!("Never"),
        ] {
            let reply = world.call(&team.admin, "PATCH", PATH, at(path, wrong)).await;
            points_at(&reply, &pointer(path));
            let detail = reply.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
            assert!(
                detail.contains(&low.to_string()) && detail.contains(&high.to_string()),
                "{path} names its bounds: {detail}"
            );
        }
        let reply = world.call(&team.admin, "PATCH", PATH, at(path, json!("never"))).await;
        assert_eq!(reply.status, if never { 200 } else { 422 }, "{path}");
    }
    points_at(
        &world.call(&team.admin, "PATCH", PATH, json!({"kba": {"questions": 3, "must_match": 4}})).await,
        "/kba/must_match",
    );
}

#[tokio::test]
async fn every_word_list_and_text_has_its_values() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let good: &[(&str, Value)] = &[
        ("link.landing", json!("optional")),
        ("binding", json!("none")),
        ("other_browser", json!("refuse")),
        ("entry.first", json!("photo_id_selfie")),
        ("entry.subsequent", json!("none")),
        ("entry.subsequent", json!("pin")),
        ("otp.send_when", json!("invite")),
        ("directory.kind", json!("ldap")),
        ("delivery.order", json!([])),
        ("delivery.order", json!(["email", "chat"])),
        ("send_budget.countries", json!(["EE", "FI"])),
        ("brand.color", json!("#1a2b3c")),
        ("brand.color", json!("none")),
        ("locale", json!("et-EE")),
        ("login_otp", json!(true)),
        ("allowed_origins", json!(["https://a.example", "http://localhost:3000"])),
        ("authentication_url", json!("http://127.0.0.1:9/in?a=b")),
        ("otp.message", json!("Your code: #PIN#")),
        ("directory.match", json!(["iban"])),
    ];
    for (path, value) in good {
        world.call(&team.admin, "PATCH", PATH, at(path, value.clone())).await.expect(200);
    }
    let wrong: &[(&str, Value)] = &[
        ("link.landing", json!("maybe")),
        ("link.landing", json!("none")),
        ("binding", json!("x")),
        ("binding", json!("browser")),
        ("other_browser", json!("admit")),
        ("entry.first", json!("magic")),
        ("entry.first", json!("none")),
        ("otp.send_when", json!("never")),
        ("directory.kind", json!("mysql")),
        ("delivery.order", json!("sms")),
        ("delivery.order", json!(["fax"])),
        ("delivery.order", json!(["sms", "sms"])),
        ("delivery.order", json!([7])),
        ("send_budget.countries", json!(["ee"])),
        ("send_budget.countries", json!(["EST"])),
        ("brand.color", json!("red")),
        ("brand.color", json!("#1a2b3c;}")),
        ("brand.name", json!("a\nb")),
        ("brand.name", json!("x".repeat(201))),
        ("brand.logo", json!("javascript:alert(1)")),
        ("locale", json!("")),
        ("locale", json!("e_n")),
        ("login_otp", json!("true")),
        ("login_otp", json!(1)),
        ("allowed_origins", json!(["*"])),
        ("allowed_origins", json!(["https://a.example/"])),
        ("allowed_origins", json!(["http://a.example"])),
        ("allowed_origins", json!(["null"])),
        ("allowed_origins", json!([CHAT, "https://*"])),
        ("allowed_origins", json!(["https://*.example.com"])),
        ("allowed_origins", json!(["https://a.example:*"])),
        ("allowed_origins", json!(["https://a*.example"])),
        ("allowed_origins", json!(["https://a.example;script-src"])),
        ("allowed_origins", json!(["https://a.example,https:"])),
        ("allowed_origins", json!(["https://'self'"])),
        ("allowed_origins", json!(["https://a..example"])),
        ("authentication_url", json!("https://*.example.com/in")),
        ("authentication_url", json!("https://a.example;x/in")),
        ("entry.admit_url", json!("https://*/in")),
        ("entry.admit_url", json!("https://a'b.example/")),
        ("authentication_url", json!("/in")),
        ("authentication_url", json!("https://a.example/#f")),
        ("authentication_url", json!("http://a.example/")),
        ("authentication_url", json!("https://u:p@a.example/")),
        ("authentication_url", json!("javascript:alert(1)")),
        ("otp.message", json!("no code")),
        ("otp.message", json!("#PIN# #PIN#")),
        ("otp.message", json!("none")),
        ("link", json!(7)),
        ("otp", json!([])),
        ("intents", json!([])),
    ];
    for (path, value) in wrong {
        // Of a list the item that is wrong is pointed at: here the last one.
        let item = value.as_array().and_then(|items| items.len().checked_sub(1));
        let place = item.map_or_else(|| pointer(path), |item| format!("{}/{item}", pointer(path)));
        points_at(&world.call(&team.admin, "PATCH", PATH, at(path, value.clone())).await, &place);
    }
    let nearest = world.call(&team.admin, "PATCH", PATH, json!({"otp": {"lenght": 6}})).await.refused(422, "invalid");
    assert!(nearest["errors"][0]["detail"].as_str().unwrap().contains("otp.length"), "{nearest}");
    let order = json!({"delivery": {"order": ["event"]}});
    points_at(&world.call(&team.admin, "PATCH", PATH, order).await, "/delivery/event_webhook");
    for two in ["on_fingerprint_change", "on_region_change"] {
        let both = json!({"two_factor": {"always": true, two: true}});
        points_at(&world.call(&team.admin, "PATCH", PATH, both).await, "/two_factor/always");
    }
}

#[tokio::test]
async fn a_patch_is_a_merge_patch() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let patch = async |body: Value| world.call(&team.admin, "PATCH", PATH, body).await.expect(200);
    let system = async |body: Value| world.call(OWNER, "PATCH", "/v1/settings", body).await.expect(200);
    system(json!({"otp": {"length": 8, "max_tries": 7}, "allowed_origins": ["https://s.example"], "authentication_url": "https://s.example/in",
        "intents": {"system_one": {"accept": ["otp"]}}})).await;
    // What the team sets stands; null gives way to the system, "none" to nothing.
    let told = patch(json!({"otp": {"length": 5}})).await;
    assert_eq!((&told["settings"]["otp"]["length"], &told["settings"]["otp"]["max_tries"]), (&json!(5), &json!(7)));
    assert_eq!((&told["source"]["otp.length"], &told["source"]["otp.max_tries"]), (&json!("team"), &json!("system")));
    assert_eq!(told["warnings"][0]["code"], "short-code");
    assert_eq!(names(&told["warnings"][0]), ["code", "detail", "path"]);
    let told = patch(json!({"otp": {"length": null}, "authentication_url": "none"})).await;
    assert_eq!(
        (&told["settings"]["otp"]["length"], &told["settings"]["authentication_url"]),
        (&json!(8), &Value::Null)
    );
    assert_eq!(told["source"]["authentication_url"], "team");
    let told = patch(json!({"authentication_url": null, "allowed_origins": ["https://t.example"]})).await;
    assert_eq!(told["settings"]["authentication_url"], "https://s.example/in");
    assert_eq!(told["settings"]["allowed_origins"], json!(["https://t.example"]), "arrays replace");
    // Intents merge by name; one is replaced whole, and null takes it away.
    let told = patch(json!({"intents": {"team_one": {"accept": ["login"], "label": "One"}}})).await;
    assert_eq!(names(&told["settings"]["intents"]), ["statement_copy", "system_one", "team_one"]);
    let told = patch(json!({"intents": {"team_one": {"accept": ["otp"]}, "statement_copy": null}})).await;
    assert_eq!(told["settings"]["intents"]["team_one"], json!({"accept": ["otp"]}));
    assert_eq!(names(&told["settings"]["intents"]), ["system_one", "team_one"]);
    // A whole section falls back; an empty patch changes nothing; one wrong field stops all.
    let told = patch(json!({"otp": null})).await;
    assert_eq!(told["source"]["otp.length"], "system");
    assert_eq!(patch(json!({})).await, told);
    let half = json!({"locale": "fi", "otp": {"length": 3}});
    points_at(&world.call(&team.admin, "PATCH", PATH, half).await, "/otp/length");
    assert_eq!(patch(json!({})).await, told);
    let own = world.call(&team.admin, "GET", PATH, Value::Null).await.expect(200);
    assert_eq!(names(&own), ["allowed_origins", "brand", "intents"], "only what the team sets: {own}");
    let many: serde_json::Map<String, Value> =
        (0..100).map(|n| (format!("i{n}"), json!({"accept": ["otp"]}))).collect();
    points_at(&world.call(&team.admin, "PATCH", PATH, json!({"intents": many})).await, "/intents");
}

/// A system change that would break a team is refused, and the team is named.
#[tokio::test]
async fn a_system_change_that_breaks_a_team_names_it() {
    let world = World::new().await;
    let team = world.team("acme").await;
    world.team("other").await;
    team.set(json!({"kba": {"must_match": 3}, "two_factor": {"on_region_change": true}})).await;
    for patch in [json!({"kba": {"questions": 2, "must_match": 2}}), json!({"two_factor": {"always": true}})] {
        let problem = world.call(OWNER, "PATCH", "/v1/settings", patch).await.refused(422, "invalid");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("acme") && !detail.contains("other"), "{problem}");
    }
    assert_eq!(world.call(OWNER, "GET", "/v1/settings", Value::Null).await.expect(200), json!({}));
}

/// A change holds at once, for what exists already too.
#[tokio::test]
async fn a_change_holds_at_once() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    team.set(json!({"link": {"ttl_minutes": "never"}})).await;
    assert_eq!(team.link(&chat).await["expires_at"], Value::Null);
    world.call(OWNER, "PATCH", "/v1/settings", json!({"authentication_timeout_minutes": 1})).await.expect(200);
    team.authenticate(&chat, "cust-1").await;
    assert_eq!(team.flag(&chat).await["expires_at"], "2026-01-01T00:01:00.000Z");
}
