//! Bounds, layers and warnings of the settings.
//! What a setting does to a login is for the journeys to show; here nothing happens but reading.

use serde_json::json;

use super::*;

fn patch(value: Value) -> Result<Overrides, Refusal> {
    Overrides::default().patch(value.as_object().unwrap())
}

fn errors(value: Value) -> Vec<(String, String)> {
    match patch(value).and_then(|team| effective(&Overrides::default(), &team)) {
        Err(Refusal::Invalid(errors)) => errors.into_iter().map(|f| (f.pointer, f.error.detail)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_defaults_are_the_contracts() {
    let effective = effective(&Overrides::default(), &Overrides::default()).unwrap();
    assert_eq!(effective.json["otp"]["length"], 6);
    assert_eq!(effective.json["delivery"]["order"], json!(["chat", "sms", "email"]));
    assert_eq!(effective.settings.link.ttl_minutes, Minutes::Of(10));
    assert!(effective.warnings.is_empty());
}

#[test]
fn every_number_has_its_bounds() {
    for row in table::ROWS {
        for wrong in [json!(-1), json!(1e18), json!(10_000_000), json!(1.5), json!({}), json!("")] {
            let mut tree = Map::new();
            table::put(&mut tree, row.path, wrong.clone());
            assert!(Overrides::default().patch(&tree).is_err(), "{} took {wrong}", row.path);
        }
    }
}

#[test]
fn a_team_stands_over_the_system_and_null_gives_way() {
    let system = patch(json!({"otp": {"length": 8}, "authentication_url": "https://login.example.com/"})).unwrap();
    let team = patch(json!({"otp": {"length": 7}, "authentication_url": "none"})).unwrap();
    let both = effective(&system, &team).unwrap();
    assert_eq!(both.json["otp"]["length"], 7);
    assert_eq!(both.settings.authentication_url, None);
    assert_eq!(both.source["otp.length"], SettingSource::Team);
    let back = team.patch(json!({"otp": null}).as_object().unwrap()).unwrap();
    let system_again = effective(&system, &back).unwrap();
    assert_eq!(system_again.source["otp.length"], SettingSource::System);
}

#[test]
fn intents_merge_by_name() {
    let system = patch(json!({"intents": {"a": {"accept": ["login"]}}})).unwrap();
    let team = patch(json!({"intents": {"b": {"accept": ["otp"], "max_age_minutes": 5}}})).unwrap();
    let both = effective(&system, &team).unwrap();
    assert_eq!(both.settings.intents.len(), 2);
    assert!(errors(json!({"intents": {"b": {"accept": ["magic"]}}}))[0].0 == "/intents/b");
    assert!(errors(json!({"intents": {"b": {"accept": []}}}))[0].1.contains("at least one"));
}

#[test]
fn a_fault_names_its_place_and_its_bounds() {
    assert_eq!(
        errors(json!({"otp": {"length": 3}})),
        [("/otp/length".to_owned(), "must be a whole number from 4 to 10".to_owned())]
    );
    assert!(errors(json!({"otp": {"lenght": 6}}))[0].1.contains("otp.length"));
    assert_eq!(errors(json!({"otp": 3}))[0].1, "must be an object");
    assert_eq!(errors(json!({"two_factor": {"always": true, "on_region_change": true}}))[0].0, "/two_factor/always");
    assert_eq!(errors(json!({"authentication_url": "https://a.example/#f"}))[0].0, "/authentication_url");
    assert_eq!(errors(json!({"authentication_url": "http://a.example/"}))[0].0, "/authentication_url");
    assert_eq!(errors(json!({"allowed_origins": ["https://a.example/"]}))[0].0, "/allowed_origins/0");
}

/// A010: "never" is taken, and named for what it is; nothing, zero and less are not.
#[test]
fn a010_never_expires_is_a_warning_and_never_a_default() {
    let never = effective(&Overrides::default(), &patch(json!({"link": {"ttl_minutes": "never"}})).unwrap()).unwrap();
    assert_eq!(never.warnings[0].code, "never-expires");
    for wrong in [json!(0), json!(-1), json!(1e18), json!("")] {
        assert_eq!(errors(json!({"link": {"ttl_minutes": wrong}}))[0].0, "/link/ttl_minutes");
    }
    let cleared = patch(json!({"link": {"ttl_minutes": null}})).unwrap();
    assert_eq!(effective(&Overrides::default(), &cleared).unwrap().settings.link.ttl_minutes, Minutes::Of(10));
}
