//! Sets of questions without a gateway: what is right, what is steady, and what tells nothing.
//! That a set is one attempt, and what a right one raises, journeys through the router show.

use serde_json::json;

use super::*;
use crate::base::id::ParticipantId;
use crate::base::role::ParticipantRole;
use crate::conversation::interaction::{Participant, Person};
use crate::conversation::prepared_questions::QuestionInputs;
use crate::customer::StoredCustomer;
use crate::providers::question_rule::QuestionRule;
use crate::secret::Secret;
use crate::secret::keys::Keys;
use crate::settings::KbaRules;

fn keys() -> Keys {
    Keys::from_root(&Secret::new(vec![7; 32]))
}

fn pool() -> Vec<QuestionRule> {
    serde_json::from_value(json!([
        "first_pet",
        {"fact": "card", "question": "Which card do you have?", "as": "digits"},
        {"fact": "moved_in", "as": "date"},
        {"fact": "branch", "choices": ["Tallinn", "Tartu"]},
    ]))
    .expect("rules")
}

fn record() -> StoredCustomer {
    let facts = json!({"first_pet": "Mr. Paws", "card": "4000 1234", "moved_in": "2001-12-31", "branch": "Tartu"});
    serde_json::from_value(json!({"id": "cust-42", "facts": facts})).expect("a record")
}

fn person(id: &str) -> Participant {
    let person = Person { customer_id: Some(id.parse().expect("an id")), ..Person::default() };
    Participant::new(ParticipantId::nth(1), ParticipantRole::Primary, person)
}

fn put(id: &str, record: Option<&StoredCustomer>, must_match: usize) -> Questions {
    let (keys, pool, team) = (keys(), pool(), "acme".parse().expect("a name"));
    let rules = KbaRules {
        enabled: true,
        provider: None,
        questions: 4,
        must_match,
        expires_minutes: 10,
        ask: Vec::new(),
        send: Vec::new(),
    };
    let asking = QuestionInputs { keys: &keys, team: &team, rules: &rules, pool: &pool, nonce: [1; 16] };
    asking.of(&person(id), record).expect("four can be asked").questions
}

fn right(questions: &Questions) -> Vec<String> {
    let answer = |question: &Question| match question.text.as_str() {
        "First pet" => " mr.  PAWS ",
        "Which card do you have?" => "40001234",
        "Moved in" => "31.12.2001",
        _ => "tartu",
    };
    questions.put.iter().map(|question| answer(question).to_owned()).collect()
}

#[test]
fn a_set_is_right_in_any_spelling_and_as_a_whole() {
    let (key, all, three) = (keys().code, put("cust-42", Some(&record()), 4), put("cust-42", Some(&record()), 3));
    let good = right(&all);
    let are = |set: &Questions, answers: &[String]| set.are(&set.take(answers).expect("four answers"), &key);
    assert!(are(&all, &good) && all.are(&all.read(&good.join("\n")).expect("a line for each"), &key));
    for at in 0..4 {
        let mut bad = good.clone();
        bad[at] = "no".into();
        assert!(!are(&all, &bad) && are(&three, &bad));
        bad[(at + 1) % 4] = "no".into();
        assert!(!are(&three, &bad));
        bad[at] = String::new();
        assert!(three.take(&bad).is_none(), "a blank is no answer, wherever it stands");
    }
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    assert!(!are(&all, &swapped), "each answers its own question");
    assert!(all.take(&good[..3]).is_none() && all.read("Mr. Paws").is_none());
    assert!(all.take(&vec![" ".to_owned(); 4]).is_none() && all.take(&vec!["x".repeat(201); 4]).is_none());
}

#[test]
fn who_is_nobody_is_asked_the_same_way_and_is_never_right() {
    let key = keys().code;
    let (known, nobody) = (put("cust-42", Some(&record()), 1), put("cust-43", None, 1));
    let looks = |set: &Questions| {
        let mut all: Vec<_> = set.put.iter().map(|q| (q.text.clone(), q.choices.clone())).collect();
        all.sort();
        all
    };
    assert_eq!(looks(&known), looks(&nobody));
    let said = right(&nobody);
    assert!(!nobody.are(&nobody.take(&said).expect("four"), &key) && nobody.customer.is_none());
    let guesses = ["x", "-", "0", "?"].map(str::to_owned);
    assert!(!nobody.are(&nobody.take(&guesses).expect("four"), &key));
    let order = |set: &Questions| set.put.iter().map(|q| q.text.clone()).collect::<Vec<_>>();
    assert_eq!(order(&nobody), order(&put("cust-43", None, 1)), "steady");
    let orders: std::collections::BTreeSet<_> = (0..20).map(|n| order(&put(&format!("c{n}"), None, 1))).collect();
    assert!(orders.len() > 4, "each person has her own");
}

#[test]
fn what_is_right_stands_in_no_record_of_it() {
    let kept = serde_json::to_string(&put("cust-42", Some(&record()), 4)).expect("JSON");
    for text in ["Paws", "paws", "40001234", "4000 1234", "2001-12-31"] {
        assert!(!kept.contains(text), "{kept}");
    }
    let back: Questions = serde_json::from_str(&kept).expect("a set");
    assert_eq!(back, put("cust-42", Some(&record()), 4));
}

#[test]
fn a_rule_that_cannot_be_asked_by_is_refused() {
    for wrong in [
        json!("no such name"),
        json!({"fact": "a", "question": ""}),
        json!({"fact": "a", "choices": ["one"]}),
        json!({"fact": "a", "choices": ["One", "one"]}),
        json!({"fact": "a", "more": 1}),
        json!({"fact": "a", "as": "guess"}),
    ] {
        assert!(serde_json::from_value::<QuestionRule>(wrong.clone()).is_err(), "{wrong}");
    }
    assert_eq!(QuestionRule::named("first_school.name").words(), "First school name");
}
