//! A flag stands until its moment, never past the absolute timeout, and answers for intents. How one comes to
//! be raised is told by the rules' own tests.

use serde_json::json;

use super::*;
use crate::proof::lockout::Budget;
use crate::settings::{Overrides, effective};

const MINUTE: u64 = 60_000;

fn settings(timeout: u64, absolute: u64) -> Settings {
    let patch = json!({"authentication_timeout_minutes": timeout, "absolute_timeout_minutes": absolute});
    let team = Overrides::default().patch(patch.as_object().unwrap()).unwrap();
    effective(&Overrides::default(), &team).unwrap().settings
}

fn raise(flag: &mut Flag, settings: &Settings, now: Moment) {
    let customer = Some(Customer { id: "cust-42".parse().unwrap(), name: None, record: None });
    let proof = Proof { customer, ..Proof::of_answer(Method::Login, false) };
    let admitted = Budget::default().admit(now).unwrap();
    let bound = Bound { source: Some(PageSource::Link(1)), ..Bound::now(Binding::Opener, now) };
    flag.raise(admitted, proof, bound, settings, now);
}

fn intent(accept: &[Method], max_age_minutes: Option<u64>) -> Intent {
    Intent { accept: accept.to_vec(), max_age_minutes, label: None, acr: Vec::new(), bindings: Vec::new() }
}

/// A018: true until the moment, false at it.
#[test]
fn a018_a_flag_stands_until_its_moment_and_not_at_it() {
    let (mut flag, settings) = (Flag::default(), settings(15, 480));
    raise(&mut flag, &settings, Moment(0));
    assert!(flag.raised(Moment(15 * MINUTE - 1)).is_some());
    assert!(flag.raised(Moment(15 * MINUTE)).is_none());
    assert!(flag.raised(Moment(15 * MINUTE + 1)).is_none());
}

/// A017: proving again and again does not carry a flag past the absolute timeout.
#[test]
fn a017_the_absolute_timeout_counts_from_the_first_proof() {
    let (mut flag, settings) = (Flag::default(), settings(15, 60));
    for at in (0..60).step_by(10) {
        raise(&mut flag, &settings, Moment(at * MINUTE));
    }
    assert!(flag.raised(Moment(60 * MINUTE - 1)).is_some());
    assert!(flag.raised(Moment(60 * MINUTE)).is_none());
    assert_eq!(flag.settle(Moment(59 * MINUTE)), Some(Passed::Expiring(Moment(59 * MINUTE))));
    let end = Moment(60 * MINUTE);
    assert_eq!(flag.settle(end), Some(Passed::Expired(end, Reason::AbsoluteTimeout)));
    assert_eq!(flag.settle(end), None);
}

#[test]
fn a_minute_before_its_end_a_flag_says_so_once() {
    let (mut flag, settings) = (Flag::default(), settings(15, 480));
    raise(&mut flag, &settings, Moment(0));
    assert_eq!(flag.deadline(), Some(Moment(14 * MINUTE)));
    assert_eq!(flag.settle(Moment(14 * MINUTE - 1)), None);
    assert!(matches!(flag.settle(Moment(14 * MINUTE)), Some(Passed::Expiring(_))));
    assert_eq!(flag.settle(Moment(14 * MINUTE)), None);
    assert_eq!(flag.deadline(), Some(Moment(15 * MINUTE)));
}

#[test]
fn what_an_intent_wants() {
    let (mut flag, settings) = (Flag::default(), settings(15, 480));
    let (login, otp) = (intent(&[Method::Login], Some(5)), intent(&[Method::Otp], None));
    assert_eq!(flag.answer(None, Moment(0)), IntentDecision::Refused("unknown_intent"));
    assert_eq!(flag.answer(Some(&login), Moment(0)), IntentDecision::Refused("unauthenticated"));
    raise(&mut flag, &settings, Moment(0));
    assert_eq!(flag.answer(Some(&login), Moment(5 * MINUTE - 1)), IntentDecision::Allowed);
    assert_eq!(flag.answer(Some(&login), Moment(5 * MINUTE)), IntentDecision::Refused("too_old"));
    assert_eq!(flag.answer(Some(&otp), Moment(0)), IntentDecision::Refused("method_not_accepted"));
    assert_eq!(flag.answer(Some(&login), Moment(15 * MINUTE)), IntentDecision::Refused("expired"));
}

#[test]
fn a_code_beside_a_login_takes_nothing_from_it() {
    let (mut flag, settings) = (Flag::default(), settings(15, 480));
    raise(&mut flag, &settings, Moment(0));
    let code = Proof::of_answer(Method::Otp, true);
    let admitted = Budget::default().admit(Moment(MINUTE)).unwrap();
    flag.raise(admitted, code, Bound::now(Binding::Code, Moment(MINUTE)), &settings, Moment(MINUTE));
    let raised = flag.raised(Moment(MINUTE)).expect("it stands");
    assert_eq!(raised.methods(), [Method::Login, Method::Otp].into());
    assert_eq!(raised.proofs[&Method::Login].at, Moment(0), "the login is as old as it is");
    assert_eq!((raised.binding, raised.login_link(), raised.assisted), (Binding::Code, Some(1), true));
    assert!(raised.customer.as_ref().is_some_and(|c| c.id.as_str() == "cust-42"));
}
