//! What a user's record does by itself: failures, links, sessions. No store, no clock and no caller is here:
//! moments and draws are written down.

use super::*;
use crate::secret::MacKey;
use crate::secret::password::Password;

const RULE: Lockout = Lockout { threshold: 2, duration_minutes: 15, growth: 1, max_lockouts: 2 };
const NOW: (Moment, Moment) = (Moment(1_000_000), Moment(1_000_000));

fn user() -> User {
    let wanted = UserInput { email: None, role: Role::Agent, disabled: false };
    let mut user = User::new("acme".parse().unwrap(), "demo".parse().unwrap(), wanted, [3; 6], NOW.0);
    user.set_password(PasswordHash::of(&Password::parse("vexed lamp 7").unwrap(), [1; 16]));
    user
}

#[test]
fn failures_lock_and_then_not_even_the_right_password_is_compared() {
    let mut user = user();
    let against = user.password.clone();
    let judge = |user: &mut User, right| user.judge_password(right, against.as_ref(), &RULE, NOW);
    assert_eq!(judge(&mut user, false), JudgedSignIn::Wrong(Consequence::Counted));
    assert!(matches!(judge(&mut user, false), JudgedSignIn::Wrong(Consequence::Locked(_))));
    assert_eq!(judge(&mut user, true), JudgedSignIn::Refused);
    assert!(matches!(user.status(NOW.1), UserStatus::Locked(_)));
}

#[test]
fn wrong_passwords_never_ban_and_wrong_codes_do() {
    let (mut user, mut at) = (user(), NOW.1);
    user.totp = Some(Totp::new([7; 20]));
    let against = user.password.clone();
    for _ in 0..20 {
        user.judge_password(false, against.as_ref(), &RULE, (at, at));
        at = at.plus_minutes(15);
    }
    assert_eq!(user.judge_password(true, against.as_ref(), &RULE, (at, at)), JudgedSignIn::CodeWanted);
    assert_eq!(user.judge_code("000000", &RULE, (at, at)), JudgedSignIn::Wrong(Consequence::Counted));
    assert!(matches!(user.judge_code("000000", &RULE, (at, at)), JudgedSignIn::Wrong(Consequence::Locked(_))));
    assert_eq!(user.judge_password(true, against.as_ref(), &RULE, (at, at)), JudgedSignIn::Refused);
    at = at.plus_minutes(15);
    user.judge_code("000000", &RULE, (at, at));
    assert_eq!(user.judge_code("000000", &RULE, (at, at)), JudgedSignIn::Wrong(Consequence::Banned));
    assert_eq!(user.status(at), UserStatus::Banned);
    user.unlock();
    assert_eq!(user.status(at), UserStatus::Active);
}

#[test]
fn a_right_password_buys_no_new_guesses_at_the_code() {
    let mut user = user();
    user.totp = Some(Totp::new([7; 20]));
    let against = user.password.clone();
    assert_eq!(user.judge_code("000000", &RULE, NOW), JudgedSignIn::Wrong(Consequence::Counted));
    assert_eq!(user.judge_password(true, against.as_ref(), &RULE, NOW), JudgedSignIn::CodeWanted);
    assert!(matches!(user.judge_code("000000", &RULE, NOW), JudgedSignIn::Wrong(Consequence::Locked(_))));
}

#[test]
fn what_was_compared_with_an_older_password_counts_for_nothing() {
    let mut user = user();
    let against = user.password.clone();
    user.set_password(PasswordHash::of(&Password::parse("another lamp 8").unwrap(), [2; 16]));
    assert_eq!(user.judge_password(true, against.as_ref(), &RULE, NOW), JudgedSignIn::Refused);
    assert!(user.budget.is_clear());
}

#[test]
fn each_change_that_matters_ends_sessions() {
    let mut user = user();
    let wanted = |role, disabled| UserInput { email: None, role, disabled };
    let before = user.generation;
    user.change(UserInput { email: Some("demo@example.com".into()), ..wanted(Role::Agent, false) });
    assert_eq!(user.generation, before, "where her mail goes is no right of hers");
    user.change(wanted(Role::Admin, false));
    user.change(wanted(Role::Admin, true));
    user.sign_out_everywhere();
    user.forget_app();
    assert_eq!(user.generation, before + 4);
    assert_eq!(user.status(NOW.1), UserStatus::Disabled);
}

#[test]
fn who_has_her_name_after_her_has_other_sessions() {
    let of = |drawn| {
        let wanted = UserInput { email: None, role: Role::Agent, disabled: false };
        User::new("acme".parse().unwrap(), "demo".parse().unwrap(), wanted, drawn, NOW.0)
    };
    assert_ne!(of([1; 6]).generation, of([2; 6]).generation);
    assert!(of([255; 6]).generation < u64::MAX / 2, "there is room to count on");
}

#[test]
fn a_link_is_good_for_its_time_and_for_nobody_who_is_disabled() {
    let (mut user, key) = (user(), MacKey::new(b"k"));
    let tag = key.tag(&[b"a"]);
    let until = user.invite(tag, NOW.0);
    assert!(user.is_invited(tag, NOW.0) && !user.is_invited(key.tag(&[b"b"]), NOW.0));
    assert!(!user.is_invited(tag, until));
    user.disabled = true;
    assert!(!user.is_invited(tag, NOW.0));
}
