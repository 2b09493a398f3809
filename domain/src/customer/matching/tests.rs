//! What is the same value in which way, and whose private data are.
//! No directory is asked here: records are made up.

use super::*;

fn record(id: &str, fields: &[(&str, &str)]) -> StoredCustomer {
    let mut record = StoredCustomer::new(id.parse().unwrap());
    for (field, value) in fields {
        record.private_data.entry((*field).into()).or_default().push((*value).into());
    }
    record
}

fn rule(field: &str, how: As) -> Rule {
    Rule { field: field.into(), how }
}

fn given(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(field, value)| ((*field).into(), (*value).into())).collect()
}

#[test]
fn a_value_has_one_spelling_in_each_way() {
    for (how, text, spelled) in [
        (As::Exact, " EE38 2200 ", Some("EE38 2200")),
        (As::Exact, "o\u{303}un", Some("õun")),
        (As::Exact, "  ", None),
        (As::CaseFolded, "Õun\u{ff21}", Some("õuna")),
        (As::CaseFolded, "İ", Some("i\u{307}")),
        (As::Digits, "12-34 (5)", Some("12345")),
        (As::Digits, "\u{ff11}2", Some("12")),
        (As::Digits, "none", None),
        (As::Date, "2001-12-31", Some("2001-12-31")),
        (As::Date, "2001-1-2", Some("2001-01-02")),
        (As::Date, "31.12.2001", Some("2001-12-31")),
        (As::Date, "20011231", Some("2001-12-31")),
        (As::Date, "20011231000000Z", Some("2001-12-31")),
        (As::Date, "2001-12-31T23:00:00+02:00", Some("2001-12-31")),
        (As::Date, "2001-02-29", None),
        (As::Date, "12/31/2001", None),
        (As::Date, "31-12-2001", None),
        (As::Date, "31.12.01", None),
        (As::Date, "õõõõ", None),
        (As::E164, "+372 555-123 45", Some("+37255512345")),
        (As::E164, "0037255512345", Some("+37255512345")),
        (As::E164, "55512345", None),
        (As::E164, "+372abc", None),
    ] {
        assert_eq!(how.spelled(text).as_deref(), spelled, "{how:?} {text}");
    }
}

#[test]
fn what_is_spelled_once_is_spelled_so_again() {
    for how in As::ALL {
        for text in ["EE38 2200", "31.12.2001", "+372 555-12345", "ŠÕUN", "ﬁ²", "ẞß"] {
            if let Some(spelled) = how.spelled(text) {
                assert_eq!(how.spelled(&spelled), Some(spelled.clone()), "{how:?} {text}");
            }
        }
    }
}

#[test]
fn every_field_that_the_team_names_must_be_there() {
    let rules = [rule("iban", As::Exact), rule("born", As::Date)];
    assert!(wanted(&rules, &given(&[("iban", "EE38")])).is_none());
    assert!(wanted(&rules, &given(&[("iban", "EE38"), ("born", "some day")])).is_none());
    assert!(wanted(&rules, &given(&[("iban", "EE38"), ("born", "2001-12-31"), ("more", "x")])).is_some());
    assert!(wanted(&[], &given(&[("iban", "EE38")])).is_none(), "nothing is asked, so nothing is shown");
}

/// All fields fit one record, and no other; a directory's own opinion does not count.
#[test]
fn one_record_is_one_that_all_fields_fit() {
    let rules = [rule("account", As::Digits), rule("born", As::Date)];
    let wanted = wanted(&rules, &given(&[("account", "12-34"), ("born", "31.12.2001")])).unwrap();
    let hers = record("a", &[("account", "1234"), ("born", "2001-12-31")]);
    let other_day = record("b", &[("account", "1234"), ("born", "2001-12-30")]);
    let one_field = record("c", &[("account", "1234")]);
    let twin = record("d", &[("account", "1 2 3 4"), ("born", "20011231")]);
    let several_values = record("e", &[("account", "99"), ("account", "1234"), ("born", "2001-12-31")]);
    assert_eq!(judge(&wanted, vec![]), MatchedCustomer::Nobody);
    assert_eq!(judge(&wanted, vec![other_day.clone(), one_field]), MatchedCustomer::Nobody);
    assert_eq!(judge(&wanted, vec![other_day, hers.clone()]), MatchedCustomer::One(Box::new(hers.clone())));
    assert_eq!(judge(&wanted, vec![hers.clone(), hers.clone()]), MatchedCustomer::One(Box::new(hers.clone())));
    assert_eq!(judge(&wanted, vec![hers, twin]), MatchedCustomer::Several);
    assert_eq!(judge(&wanted, vec![several_values.clone()]), MatchedCustomer::One(Box::new(several_values)));
    assert_eq!(judge(&[], vec![record("a", &[])]), MatchedCustomer::Nobody, "what nothing is asked of is nobody's");
}

#[test]
fn a_value_that_a_record_lacks_fits_nothing() {
    let wanted = wanted(&[rule("born", As::Date)], &given(&[("born", "2001-12-31")])).unwrap();
    assert_eq!(
        judge(&wanted, vec![record("a", &[("born", "")]), record("b", &[("born", "unknown")])]),
        MatchedCustomer::Nobody
    );
}

#[test]
fn a_rule_is_a_name_or_says_how() {
    let read = |json: serde_json::Value| serde_json::from_value::<Rule>(json);
    assert_eq!(read(serde_json::json!("iban")).unwrap(), rule("iban", As::Exact));
    assert_eq!(read(serde_json::json!({"field": "born", "as": "date"})).unwrap(), rule("born", As::Date));
    assert_eq!(read(serde_json::json!({"field": "born"})).unwrap(), rule("born", As::Exact));
    for wrong in [
        serde_json::json!({"field": "born", "as": "roughly"}),
        serde_json::json!({"as": "date"}),
        serde_json::json!({"field": "born", "like": "date"}),
        serde_json::json!("not a name"),
        serde_json::json!(7),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn values_do_not_print_and_are_looked_for_in_every_spelling() {
    let wanted = wanted(
        &[rule("born", As::Date), rule("phone", As::E164)],
        &given(&[("born", " 31.12.2001"), ("phone", "0037255512345")]),
    );
    let wanted = wanted.unwrap();
    assert_eq!(format!("{wanted:?}"), "[Wanted(born …), Wanted(phone …)]");
    assert_eq!(wanted[0].spellings(), ["2001-12-31", "31.12.2001", "20011231000000Z", "20011231"]);
    assert_eq!(wanted[1].spellings(), ["+37255512345", "0037255512345", "37255512345"]);
}
