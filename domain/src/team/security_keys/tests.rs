//! The life of a security key: what becomes of it by which act, and what holds after every sequence of acts.
//! What is signed with one is judged elsewhere.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::base::id::TeamName;

const NOW: Moment = Moment(1_767_225_600_000);
const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

fn team() -> Team {
    let name: TeamName = "acme".parse().expect("a name");
    Team::new(name, "A shop".to_owned(), NOW)
}

fn shared(team: &mut Team, n: u8) -> Kid {
    team.add_shared_key([n; 32], [n; 9], NOW).expect("there is room").kid
}

/// RFC 8037 A.2.
fn public(team: &mut Team, n: u8) -> Kid {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    team.add_public_key(&jwk, [n; 9], NOW).expect("it is a key").kid
}

fn status(team: &mut Team, kid: &Kid) -> KeyStatus {
    team.security_key(kid).expect("it is there").status
}

fn signing(team: &Team) -> Option<&Kid> {
    team.signing_key().map(|(kid, _)| kid)
}

#[test]
fn first_shared_key_is_active_and_later_ones_are_pending() {
    let mut team = team();
    let registered = public(&mut team, 1);
    let (first, second, third) = (shared(&mut team, 2), shared(&mut team, 3), shared(&mut team, 4));
    assert_eq!(signing(&team), Some(&first));
    assert_eq!(status(&mut team, &registered), KeyStatus::Active);
    assert_eq!([&second, &third].map(|kid| status(&mut team, kid)), [KeyStatus::Pending; 2]);
    let activated = |team: &mut Team, kid: &Kid| team.security_key(kid).and_then(|key| key.activated_at);
    assert_eq!(activated(&mut team, &first), Some(NOW));
    assert_eq!(activated(&mut team, &registered), None, "a public key never signs");
    assert_eq!(team.verifying_keys().len(), 4, "all of them verify");
    // The first key alone signs by itself, also when it is over.
    team.revoke(&first, NOW).expect("it is there");
    assert_eq!(status(&mut team, &third), KeyStatus::Pending);
    let fourth = shared(&mut team, 5);
    assert_eq!((status(&mut team, &fourth), signing(&team)), (KeyStatus::Pending, None));
}

#[test]
fn activation_retires_the_signing_key_with_overlap() {
    let mut team = team();
    let (old, new) = (shared(&mut team, 1), shared(&mut team, 2));
    let later = NOW.plus_minutes(5);
    assert_eq!(team.activate(&new, HOUR, later), Ok(Activation::Activated(Some(old.clone()))));
    assert_eq!(signing(&team), Some(&new));
    let end = later.plus_minutes(HOUR);
    assert_eq!(status(&mut team, &old), KeyStatus::Retired(end));
    assert_eq!(team.security_key(&new).expect("it is there").activated_at, Some(later));
    assert!(team.shared_key(old.as_str(), Moment(end.0 - 1)).is_some());
    assert!(team.shared_key(old.as_str(), end).is_none(), "to the moment");
    let change = team.key_change(&new, later).expect("it is there");
    assert_eq!((change.signing, change.overlaps), (Some(new.clone()), vec![(old.clone(), end)]));
    assert_eq!(team.key_change(&new, end).expect("it is there").overlaps, []);
    // Once more it is what it is, whatever overlap is asked for.
    assert_eq!(team.activate(&new, 0, later), Ok(Activation::AlreadyActive));
    assert_eq!(status(&mut team, &old), KeyStatus::Retired(end));
}

#[test]
fn only_pending_shared_keys_are_activated() {
    let mut team = team();
    let (first, second, third) = (shared(&mut team, 1), shared(&mut team, 2), shared(&mut team, 3));
    let registered = public(&mut team, 4);
    assert_eq!(team.activate(&registered, DAY, NOW), Err(Refusal::KeyCannotSign));
    team.activate(&second, DAY, NOW).expect("it is pending");
    assert_eq!(team.activate(&first, DAY, NOW), Err(Refusal::KeyNotPending), "a retired key gets no second life");
    team.revoke(&third, NOW).expect("it is there");
    assert_eq!(team.activate(&third, DAY, NOW), Err(Refusal::KeyNotPending));
    team.revoke(&registered, NOW).expect("it is there");
    assert_eq!(team.activate(&registered, DAY, NOW), Err(Refusal::KeyCannotSign));
    let nobody: Kid = "nobody".parse().expect("a kid");
    assert_eq!(team.activate(&nobody, DAY, NOW), Err(Refusal::NotFound("security key")));
    assert_eq!(signing(&team), Some(&second), "nothing of this changed who signs");
}

#[test]
fn signing_key_is_not_retired_but_revoked() {
    let mut team = team();
    let (first, second) = (shared(&mut team, 1), shared(&mut team, 2));
    let registered = public(&mut team, 3);
    assert_eq!(team.retire(&first, DAY, NOW), Err(Refusal::KeyInUse));
    assert_eq!(signing(&team), Some(&first));
    for other in [&second, &registered] {
        team.retire(other, HOUR, NOW).expect("it does not sign");
        assert_eq!(status(&mut team, other), KeyStatus::Retired(NOW.plus_minutes(HOUR)));
        // What was said once can only be shortened.
        team.retire(other, DAY, NOW).expect("it is retired");
        assert_eq!(status(&mut team, other), KeyStatus::Retired(NOW.plus_minutes(HOUR)));
        team.retire(other, 1, NOW).expect("it is retired");
        assert_eq!(status(&mut team, other), KeyStatus::Retired(NOW.plus_minutes(1)));
    }
    team.revoke(&first, NOW).expect("a stolen key goes at once");
    let change = team.key_change(&first, NOW).expect("it is there");
    assert_eq!((change.key.status, change.signing), (KeyStatus::Revoked(NOW), None));
    team.retire(&first, DAY, NOW).expect("it does not sign");
    assert_eq!(status(&mut team, &first), KeyStatus::Revoked(NOW), "revoked stays revoked");
    // In another life of the store it was retired, so it must not sign in this one.
    let third = shared(&mut team, 4);
    team.activate(&third, DAY, NOW).expect("it is pending");
    team.retire_any(&third, 0, NOW).expect("it is there");
    assert_eq!((status(&mut team, &third), signing(&team)), (KeyStatus::Retired(NOW), None));
}

#[test]
fn keys_that_count_no_more_give_way() {
    let mut team = team();
    let kids: Vec<Kid> = (0..100).map(|n| shared(&mut team, n)).collect();
    let full = team.add_shared_key([200; 32], [200; 9], NOW).map(drop);
    assert_eq!(full, Err(Refusal::TooManyKeys), "each of them verifies");
    team.activate(&kids[1], 5, NOW).expect("it is pending");
    assert!(team.add_shared_key([200; 32], [200; 9], NOW.plus_minutes(4)).is_err(), "the first still verifies");
    team.add_shared_key([200; 32], [200; 9], NOW.plus_minutes(5)).expect("its overlap is over");
    assert!(team.security_key(&kids[0]).is_none());
}

#[test]
fn use_is_noted_once_an_hour() {
    let mut team = team();
    let kid = shared(&mut team, 1);
    let key = team.security_key(&kid).expect("it is there");
    assert_eq!(key.last_used_at, None);
    let at = |minutes: u64, millis: u64| Moment(NOW.plus_minutes(minutes).0 + millis);
    for (moment, news) in [
        (at(10, 0), true),
        (at(10, 0), false),
        (at(69, 59_999), false),
        (at(70, 0), true),
        (at(500, 0), true),
        // The clock was set back on purpose: the note was of a moment that is still to come.
        (at(20, 0), true),
        (at(21, 0), false),
    ] {
        assert_eq!(key.used(moment), news, "{moment}");
    }
    assert_eq!(key.last_used_at, Some(at(20, 0)));
}

#[test]
fn records_without_the_new_members_are_read() {
    let secret = base64url(&[7; 32]);
    let kept = json!({"kid": "k1", "material": {"shared": secret}, "created_at": NOW, "status": "active"});
    let read: SecurityKey = serde_json::from_value(kept.clone()).expect("it is read");
    assert_eq!((read.activated_at, read.last_used_at, read.status), (None, None, KeyStatus::Active));
    assert_eq!(serde_json::to_value(&read).expect("it is written"), kept, "what is empty is left out");
}

/// One act of an admin.
#[derive(Clone, Debug)]
enum Act {
    AddShared,
    AddPublic,
    Activate(usize, u64),
    Retire(usize, u64),
    Revoke(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let which = 0usize..8;
    prop_oneof![
        2 => Just(Act::AddShared),
        1 => Just(Act::AddPublic),
        4 => (which.clone(), 0..DAY).prop_map(|(at, minutes)| Act::Activate(at, minutes)),
        2 => (which.clone(), 0..DAY).prop_map(|(at, minutes)| Act::Retire(at, minutes)),
        1 => which.prop_map(Act::Revoke),
        1 => (0..DAY).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Whatever admins do: one key signs at most, it verifies, and nothing that ended begins again.
    #[test]
    fn at_most_one_key_signs_and_no_key_comes_back(acts in prop::collection::vec(act(), 1..60)) {
        let (mut team, mut now) = (team(), NOW);
        for (n, act) in acts.iter().enumerate() {
            let before = team.security_keys.clone();
            let named = |at: usize| before.get(at).map_or_else(|| "none".parse().expect("a kid"), |key| key.kid.clone());
            let n = u8::try_from(n).expect("fewer than 60");
            match act {
                Act::AddShared => { shared(&mut team, n); }
                Act::AddPublic => { public(&mut team, n); }
                Act::Activate(at, minutes) => drop(team.activate(&named(*at), *minutes, now)),
                Act::Retire(at, minutes) => drop(team.retire(&named(*at), *minutes, now)),
                Act::Revoke(at) => drop(team.revoke(&named(*at), now)),
                Act::Wait(minutes) => now = now.plus_minutes(*minutes),
            }
            let signs: Vec<&SecurityKey> = team.security_keys.iter().filter(|key| key.signs()).collect();
            prop_assert!(signs.len() <= 1, "{signs:?}");
            prop_assert_eq!(signs.first().map(|key| &key.kid), signing(&team));
            prop_assert!(signs.iter().all(|key| key.verifies(now) && key.can_sign() && key.activated_at.is_some()));
            for (old, new) in before.iter().zip(&team.security_keys) {
                prop_assert_eq!(&old.kid, &new.kid);
                let legal = match (old.status, new.status) {
                    (before, after) if before == after => true,
                    (KeyStatus::Pending, KeyStatus::Active) => matches!(act, Act::Activate(..)),
                    (KeyStatus::Active, KeyStatus::Retired(_)) => !old.signs() || matches!(act, Act::Activate(..)),
                    (KeyStatus::Pending, KeyStatus::Retired(_)) => true,
                    (KeyStatus::Retired(earlier), KeyStatus::Retired(until)) => until < earlier,
                    (_, KeyStatus::Revoked(_)) => matches!(act, Act::Revoke(_)),
                    _ => false,
                };
                prop_assert!(legal, "{act:?}: {:?} became {:?}", old.status, new.status);
            }
            // Only a revocation ends signing, once it has begun.
            let signed = before.iter().any(SecurityKey::signs);
            prop_assert!(!signed || !signs.is_empty() || matches!(act, Act::Revoke(_)));
        }
    }
}
