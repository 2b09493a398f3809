//! What a login's record does with guesses, tickets and letters, by itself. No store, no clock and no
//! caller is here: moments and draws are written down.

use std::time::Duration;

use super::*;
use crate::base::way::Way;
use crate::messaging::attempt::AttemptResult;
use crate::secret::{MacKey, Secret};
use crate::team::login::account_messages::{AccountMessageNews, MessageSubject, Stop};
use crate::team::login::account_status::AccountStatus;
use crate::team::login::codes::{Code, CodePurpose};
use crate::team::login::tickets::{RefreshRefusal, RefreshToken};

const RULE: Lockout = Lockout { threshold: 3, duration_minutes: 15, growth: 1, max_lockouts: 0 };

fn team() -> TeamName {
    "acme".parse().unwrap()
}

fn keys() -> Keys {
    Keys::from_root(&Secret::new(vec![7; 32]))
}

fn login() -> Login {
    Login::new(team(), Some("cust-42".parse().unwrap()), 0)
}

#[test]
fn a_number_of_her_own_is_her_number() {
    let keys = keys();
    let number = |id: &str| {
        let id: CustomerId = id.parse().unwrap();
        LoginTag::of(&keys, &team(), &id).number(&id)
    };
    assert_eq!(number("1042"), 1042);
    for id in ["cust-42", "0", "4294967295", "-1"] {
        assert!((1..1 << 31).contains(&number(id)), "{id}");
    }
}

/// Guesses under way count as long as nobody knows how they ended: parallel ones get no more than others.
#[test]
fn as_many_guesses_as_there_are_tries_begin_at_a_time() {
    let (mut guesses, now) = (Guesses::default(), Moment(0));
    for n in 0..3 {
        guesses.begin([n; 8], None, &RULE, now).expect("it is one of three");
    }
    assert!(guesses.begin([3; 8], None, &RULE, now).is_err());
    assert_eq!((guesses.wrong([0; 8], &RULE, now), guesses.wrong([0; 8], &RULE, now)), (None, None));
    assert!(guesses.begin([4; 8], None, &RULE, now).is_err(), "one is wrong, two are under way");
    assert!(guesses.right([1; 8]) && !guesses.right([1; 8]));
    guesses.begin([5; 8], None, &RULE, now).expect("a right one clears what was wrong");
    // Two that nobody ended have failed after a minute.
    let later = now.plus(Duration::from_secs(60));
    guesses.begin([6; 8], None, &RULE, later).expect("the third");
    assert!(guesses.wrong([6; 8], &RULE, later).is_some(), "locks");
    assert!(!guesses.right([5; 8]), "what was counted as failed is no success");
}

/// A directory that does not answer is no wrong password.
#[test]
fn a_guess_that_could_not_be_judged_counts_for_nothing() {
    let (mut guesses, now) = (Guesses::default(), Moment(0));
    for n in 0..9 {
        guesses.begin([n; 8], None, &RULE, now).expect("those before were taken back");
        guesses.take_back([n; 8]);
    }
    guesses.begin([9; 8], None, &RULE, now.plus(Duration::from_secs(60))).expect("none has failed meanwhile");
    guesses.take_back([9; 8]);
    guesses.take_back([9; 8]);
    assert!(guesses.is_clear());
}

/// Who has an app shows it, also where a code was out before; a guest has nothing to log in to.
#[test]
fn a_code_in_a_mailbox_is_no_way_around_an_app() {
    let (mut login, now) = (login(), Moment(59_000));
    assert!(!login.takes_codes(CodePurpose::Login, false) && login.takes_codes(CodePurpose::Login, true));
    let settings = crate::settings::effective(&Default::default(), &Default::default()).unwrap().settings;
    login.codes.put(CodePurpose::Login, Code::new([1; 16], &settings, LoginDevice::default(), now));
    login.enrol(Totp::new(*b"12345678901234567890")).unwrap();
    assert!(login.takes_codes(CodePurpose::Login, true), "it has shown nothing yet");
    assert!(login.confirm(b"287082", now), "RFC 6238, appendix B");
    assert!(login.codes.get(CodePurpose::Login).is_none() && !login.takes_codes(CodePurpose::Login, true));
    assert!(login.takes_codes(CodePurpose::Second, true));
    login.disable(now);
    assert!(!login.takes_codes(CodePurpose::Second, true));
}

/// A stranger who guesses shuts out strangers, and nobody for good.
#[test]
fn a_stranger_does_not_lock_her_out_of_her_own_browser() {
    let (mut guesses, mut now) = (Guesses::default(), Moment(0));
    for round in 0..50 {
        for n in 0..3 {
            guesses.begin([n; 8], None, &RULE, now).expect("a lock ends by itself");
            guesses.wrong([n; 8], &RULE, now);
        }
        assert!(guesses.locked(now).is_some() && guesses.admit(None, now).is_err(), "{round}");
        assert_eq!(guesses.counts(&RULE, now), (0, 0), "none is taken");
        guesses.admit(Some("mine"), now).expect("her own is not locked");
        now = now.plus_minutes(15);
    }
    for n in 0..3 {
        guesses.begin([n; 8], Some("mine"), &RULE, now).unwrap();
        guesses.wrong([n; 8], &RULE, now);
    }
    assert!(guesses.admit(Some("mine"), now).is_err(), "there it counts, too");
    assert!(guesses.locked(now).is_some(), "and locks somebody out");
    assert_eq!(guesses.counts(&RULE, now), (0, 3), "and no stranger");
    guesses.forgive();
    guesses.admit(Some("mine"), now).unwrap();
}

/// Whatever of hers is locked is a lock of her account, until the last of them ends.
#[test]
fn an_account_is_locked_by_passwords_and_by_codes_wherever_they_were_typed() {
    for from in [None, Some("mine")] {
        for codes in [false, true] {
            let mut login = login();
            let guesses = if codes { &mut login.answers } else { &mut login.passwords };
            for _ in 0..3 {
                guesses.fail(from, &RULE, Moment(5));
            }
            let until = Moment(5).plus_minutes(15);
            assert_eq!((login.locked(Moment(5)), login.locked(until)), (Some(until), None), "{from:?} {codes}");
            assert_eq!(login.last_locked_at(), Some(Moment(5)));
            assert_eq!(login.status(false, true, Moment(5)), AccountStatus::Locked);
            assert!(login.unlock(Moment(6)) && login.locked(Moment(6)).is_none());
        }
    }
    let mut login = login();
    for (from, at) in [(None, Moment(5)), (Some("mine"), Moment(7))] {
        for _ in 0..3 {
            login.passwords.fail(from, &RULE, at);
            login.answers.fail(None, &RULE, Moment(6));
        }
    }
    assert_eq!(login.locked(Moment(8)), Some(Moment(7).plus_minutes(15)), "the last of them");
}

/// The one word is of what keeps her out for longest.
#[test]
fn an_account_stands_as_what_matters_most_of_it() {
    let (mut login, now) = (login(), Moment(5));
    let words = |login: &Login| {
        [(true, true), (false, true), (false, false)].map(|(banned, known)| login.status(banned, known, now).as_str())
    };
    assert_eq!(words(&login), ["banned", "active", "guest"]);
    for _ in 0..3 {
        login.answers.fail(None, &RULE, now);
    }
    assert_eq!(words(&login), ["banned", "locked", "locked"]);
    login.disable(now);
    assert_eq!(words(&login), ["disabled"; 3]);
}

/// A refresh token is good once, and coming again it ends its ticket; a forged one ends none.
#[test]
fn a_refresh_token_that_comes_again_ends_its_ticket() {
    let (mut tickets, of, key) = (Tickets::default(), LoginTag([1; 16]), MacKey::new(b"k"));
    let (team, now, end) = (team(), Moment(0), Moment(1000));
    let first = tickets.begin([3; 16], Vec::new(), now, end).token(of, &team, &key);
    let parsed = RefreshToken::parse(&first.text()).unwrap();
    assert!(parsed == first && !format!("{parsed:?}").contains(&first.text()[4..20]));
    let second = tickets.refresh(&parsed, &team, &key, now, end).unwrap().token(of, &team, &key);
    let mut forged = second.text().into_bytes();
    forged[5] = if forged[5] == b'A' { b'B' } else { b'A' };
    let forged = RefreshToken::parse(std::str::from_utf8(&forged).unwrap()).unwrap();
    assert_eq!(tickets.refresh(&forged, &team, &key, now, end).unwrap_err(), RefreshRefusal::Unknown);
    assert_eq!(tickets.refresh(&parsed, &team, &key, now, end).unwrap_err(), RefreshRefusal::Reused);
    assert_eq!(tickets.refresh(&second, &team, &key, now, end).unwrap_err(), RefreshRefusal::Unknown);
    let third = tickets.begin([3; 16], Vec::new(), now, end).token(of, &team, &key);
    tickets.settle(end);
    assert_eq!(
        tickets.refresh(&third, &team, &key, end, end).unwrap_err(),
        RefreshRefusal::Unknown,
        "its time is over"
    );
    for n in 0..30 {
        tickets.begin([n; 16], Vec::new(), Moment(n.into()), end);
    }
    assert_eq!(tickets.count(), 20);
}

/// K-11, K-12: what is new, unverified or not said counts as changed; the region is the last validated one.
#[test]
fn k11_k12_only_what_was_validated_spares_the_code() {
    let key = MacKey::new(b"k");
    let device = |fingerprint: Option<&str>, region: Option<&str>| LoginDevice::of(&key, fingerprint, region);
    let (here, there) = (device(Some("f1"), Some("EE")), device(Some("f1"), Some("LV")));
    let mut known = Devices::default();
    assert!(!known.knows(&here) && !known.is_there(&here));
    known.validate(&here);
    assert!(known.knows(&here) && known.is_there(&here));
    assert!(known.knows(&there) && !known.is_there(&there));
    known.validate(&there);
    assert!(!known.is_there(&here), "the last one counts");
    for silent in [device(None, None), device(Some(" "), Some(""))] {
        assert!(!known.knows(&silent) && !known.is_there(&silent));
    }
    known.validate(&device(None, None));
    assert!(known.is_there(&there), "what says nothing changes nothing");
    for n in 0..20 {
        known.validate(&device(Some(&format!("other {n}")), None));
    }
    assert!(!known.knows(&here), "twenty newer ones were seen");
}

#[test]
fn a_letter_outlives_nothing_that_it_is_about() {
    let (mut login, now) = (login(), Moment(0));
    let settings = crate::settings::effective(&Default::default(), &Default::default()).unwrap().settings;
    login.codes.put(CodePurpose::Login, Code::new([1; 16], &settings, LoginDevice::default(), now));
    let stop = |way| Stop { way, to: "x".into() };
    let about = MessageSubject::Code(CodePurpose::Login, [1; 16]);
    let number = login.write(about, vec![stop(Way::Sms), stop(Way::Email)], now);
    assert_eq!(login.tried(number, 1, AttemptResult::Later("status"), now, 0), None);
    assert_eq!(login.alarm(), Some(Moment(750)));
    assert!(login.claim_account_messages(Moment(749)).is_empty());
    assert_eq!(login.claim_account_messages(Moment(750)), [number]);
    assert_eq!(login.tried(number, 1, AttemptResult::Refused("x"), now, 0), None, "another has claimed it");
    let fell = login.tried(number, 2, AttemptResult::Refused("x"), Moment(800), 0);
    assert_eq!(fell, Some(AccountMessageNews::Failed(about, Way::Sms, "x", Some(Way::Email))));
    assert_eq!(login.claim_account_messages(Moment(800)), [number]);
    let mut sent = login.clone();
    assert_eq!(
        sent.tried(number, 1, AttemptResult::Sent, Moment(900), 0),
        Some(AccountMessageNews::Sent(about, Way::Email))
    );
    assert_eq!(sent.alarm(), None);
    login.settle(Moment(180_000), 0);
    assert!(login.codes.is_empty() && login.account_messages.is_empty());
}

/// What was proved before a restore may have been taken back since.
#[test]
fn an_earlier_epoch_left_no_ticket() {
    let mut login = login();
    login.tickets.begin([3; 16], Vec::new(), Moment(0), Moment(1000));
    login.disable(Moment(0));
    login.tickets.begin([3; 16], Vec::new(), Moment(0), Moment(1000));
    login.first_step(LoginDevice::default(), None, Moment(0));
    login.settle(Moment(1), 1);
    assert_eq!((login.tickets.count(), login.attempt(None), login.epoch), (0, None, 1));
    assert!(login.disabled_at.is_some(), "who may not log in still may not");
}
