//! The table of methods: each is there once, and what it says of itself agrees with the check that it starts.
//! The tests of challenges show what a code or a PIN is; questions have their own.

use std::collections::BTreeSet;

use super::*;
use crate::settings::{Overrides, effective};

fn settings() -> Settings {
    let none = Overrides::default();
    effective(&none, &none).expect("the defaults stand").settings
}

fn started(method: &dyn ProofMethod, settings: &Settings) -> StartedCheck {
    let pin = Pin::parse("4829").expect("a PIN");
    let provider: ProviderName = "checks".parse().expect("a name");
    let questions = Questions { put: Vec::new(), must_match: 0, nonce: [0; 16], customer: None, judge: None };
    let inputs = StartInputs {
        settings,
        now: Moment(0),
        agreed: Some(&pin),
        questions: Ok(&questions),
        provider: Some(&provider),
        budget: None,
    };
    method.start(&inputs).expect("it has all that it needs")
}

#[test]
fn each_method_but_login_is_listed_once() {
    let listed: Vec<Method> = METHODS.iter().map(|method| method.method()).collect();
    let challenged: Vec<Method> = Method::ALL.into_iter().filter(|method| find(*method).is_some()).collect();
    assert_eq!(listed, challenged);
    assert_eq!(Method::ALL.len() - listed.len(), 1);
    let names = BTreeSet::from(Method::NAMES);
    assert_eq!(names.len(), Method::ALL.len());
}

#[test]
fn each_method_has_its_name_on_the_wire() {
    for method in Method::ALL {
        assert_eq!(serde_json::to_value(method).expect("a name"), method.as_str());
    }
}

#[test]
fn each_check_is_of_its_method_and_form() {
    let settings = settings();
    for method in METHODS {
        let StartedCheck { check, tries_left, .. } = started(*method, &settings);
        let check = check.check();
        assert_eq!(check.method(), method.method());
        let form = match check.prompt() {
            Prompt::Code(_) => AnswerForm::Code,
            Prompt::AgreedNumber => AnswerForm::AgreedNumber,
            Prompt::Questions(_) => AnswerForm::Questions,
            Prompt::Document(_) => AnswerForm::Document,
        };
        assert_eq!(form, method.form(), "{method:?}");
        assert_eq!(check.prompt().digits(), method.digits(&settings), "{method:?}");
        assert!(tries_left > 0, "{method:?}");
    }
}

#[test]
fn only_codes_have_rules_and_are_made_anew() {
    let settings = settings();
    for method in METHODS {
        let is_code = method.form() == AnswerForm::Code;
        assert_eq!(method.code_rules(&settings).is_some(), is_code, "{method:?}");
        let mut check = started(*method, &settings).check;
        assert_eq!(check.check().issue().is_some(), is_code, "{method:?}");
        assert_eq!(check.check().resend_at().is_some(), is_code, "{method:?}");
        let renewed = check.check_mut().renew(&settings, Moment(60 * 60 * 1000));
        assert_eq!(renewed.is_ok(), is_code, "{method:?}");
    }
}

#[test]
fn nothing_starts_without_what_it_needs() {
    let settings = settings();
    let missing = Err(Refusal::MethodMissing);
    for method in METHODS {
        let questions = missing.clone();
        let inputs =
            StartInputs { settings: &settings, now: Moment(0), agreed: None, questions, provider: None, budget: None };
        let known = Availability { settings: &settings, is_agreed: false, asker: None, provider: None };
        let needs = match method.form() {
            AnswerForm::Code => None,
            AnswerForm::AgreedNumber => Some(Refusal::PinRequired),
            AnswerForm::Questions | AnswerForm::Document => Some(Refusal::MethodMissing),
        };
        assert_eq!(method.start(&inputs).err(), needs, "{method:?}");
        assert_eq!(method.must_be_available(&known).err(), needs, "{method:?}");
    }
}

#[test]
fn late_answers_are_known_by_their_form() {
    let settings = settings();
    let hidden = |text: &str| {
        let all = METHODS.iter().filter(|method| method.hides(text, &settings));
        all.map(|method| method.method().as_str()).collect::<Vec<_>>()
    };
    assert_eq!(hidden("416 210"), ["otp", "pin"]);
    assert_eq!(hidden("4829"), ["pin"]);
    assert_eq!(hidden("Rex\nTallinn"), ["kba"]);
    for conversation in ["it is 4829", "41", "hello", ""] {
        assert!(hidden(conversation).is_empty(), "{conversation}");
    }
}
