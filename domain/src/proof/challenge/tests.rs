//! Codes are even, follow from their challenge and a key, and stand in no record; PINs do not print.
//! Who may start or answer is the rules' affair.

use std::collections::BTreeSet;

use super::*;
use crate::base::id::ChallengeId;
use crate::proof::methods::check::TypedText;
use crate::proof::methods::one_time_code::IssuedCode;
use crate::proof::methods::pin::Pin;
use crate::settings::{BindingRule, Minutes};

fn keys() -> Keys {
    Keys::from_root(&Secret::new(vec![7; 32]))
}

fn interaction() -> InteractionId {
    InteractionId::new(Moment(1_700_000_000_000), [9; 10], 3)
}

fn challenge(check: ExpectedAnswer, nonce: [u8; 16]) -> Challenge {
    Challenge {
        number: 1,
        participant: ParticipantId::nth(1),
        nonce,
        check,
        started_at: Moment(0),
        started_by: Actor::Owner,
        expires_at: None,
        tries_left: 3,
        deliver_to: DeliverTo::Auto,
        arrived: None,
        page: PageProof::new(BindingRule::Code, None),
        revealed_to: Vec::new(),
        intent: None,
        state: None,
    }
}

fn otp(length: u8, issue: u32) -> ExpectedAnswer {
    ExpectedAnswer::Otp(IssuedCode { length, issue, lifetime: Minutes::Of(3), resend_at: Moment(0) })
}

fn candidate(challenge: &Challenge, text: &str) -> Option<PossibleAnswer> {
    challenge.prompt().candidate(TypedText::Text(text))
}

fn is_right(challenge: &Challenge, said: &PossibleAnswer, interaction: InteractionId) -> bool {
    let judged = challenge.clone().judge(said, interaction, &keys().code, Moment(0), &[]);
    matches!(judged, Ok(Judgement::Right))
}

fn code(challenge: &Challenge) -> String {
    String::from_utf8(challenge.answer(interaction(), &keys().code).expose().to_vec()).unwrap()
}

/// A038: each digit comes as often as any other at each place, the first one too.
#[test]
fn a038_codes_are_even_and_keep_their_leading_zeros() {
    let mut seen = [[0u32; 10]; 6];
    for n in 0..20_000u32 {
        let mut nonce = [0; 16];
        nonce[..4].copy_from_slice(&n.to_be_bytes());
        let code = code(&challenge(otp(6, 0), nonce));
        assert_eq!(code.len(), 6);
        code.bytes().zip(&mut seen).for_each(|(digit, place)| place[usize::from(digit - b'0')] += 1);
    }
    // 2000 expected; chi-square with 9 degrees of freedom is over 33.7 once in ten thousand.
    for place in seen {
        let chi: f64 = place.iter().map(|n| (f64::from(*n) - 2000.0).powi(2) / 2000.0).sum();
        assert!(chi < 33.7, "{place:?}: {chi}");
    }
}

#[test]
fn a_code_is_of_its_interaction_participant_challenge_and_issue() {
    let first = challenge(otp(10, 0), [1; 16]);
    let others = [
        challenge(otp(10, 1), [1; 16]),
        challenge(otp(10, 0), [2; 16]),
        Challenge { number: 2, ..first.clone() },
        Challenge { participant: ParticipantId::nth(2), ..first.clone() },
    ];
    let codes: BTreeSet<String> = others.iter().chain([&first]).map(code).collect();
    assert_eq!(codes.len(), 5);
    let said = candidate(&first, &code(&first)).expect("its own code is a candidate");
    assert!(is_right(&first, &said, interaction()));
    let elsewhere = InteractionId::new(Moment(1_700_000_000_001), [9; 10], 3);
    assert!(!is_right(&first, &said, elsewhere));
    assert!(others.iter().all(|other| !is_right(other, &said, interaction())));
}

/// A042: the record without the key tells no code.
#[test]
fn a042_the_record_alone_does_not_tell_the_code() {
    let challenge = challenge(otp(6, 0), [3; 16]);
    let record = serde_json::to_string(&challenge).unwrap();
    assert!(!record.contains(&code(&challenge)));
    let other = Keys::from_root(&Secret::new(vec![8; 32]));
    assert_ne!(challenge.answer(interaction(), &other.code).expose(), code(&challenge).as_bytes());
}

#[test]
fn a_pin_has_4_to_20_digits_and_does_not_print() {
    for wrong in ["", "123", "123456789012345678901", "12a4", "12 34", "-1234", "１２３４", "12.4"] {
        assert!(Pin::parse(wrong).is_none(), "{wrong}");
    }
    for right in ["0000", "12345678901234567890"] {
        let pin = challenge(ExpectedAnswer::Pin(Pin::parse(right).unwrap()), [0; 16]);
        assert!(!format!("{pin:?}").contains(right));
        let said = candidate(&pin, right).expect("a candidate");
        assert!(is_right(&pin, &said, interaction()));
        let longer = candidate(&pin, &format!("{right}0"));
        assert!(longer.is_none_or(|said| !is_right(&pin, &said, interaction())));
    }
}

#[test]
fn an_id_has_one_spelling() {
    let id = ChallengeId { interaction: interaction(), number: 12 };
    assert_eq!(id.to_string().parse::<ChallengeId>().unwrap(), id);
    for wrong in [format!("{}.c012", interaction()), format!("{}.12", interaction()), "x.c1".into(), String::new()] {
        assert!(wrong.parse::<ChallengeId>().is_err(), "{wrong}");
    }
}

#[test]
fn the_page_of_a_challenge_can_be_told_again_and_not_be_guessed() {
    let one = challenge(otp(6, 0), [3; 16]);
    assert!(
        one.page_token(interaction(), &keys())
            == one.ended(ChallengeEnd::Passed, Moment(0)).page_token(interaction(), &keys())
    );
    let other = challenge(otp(6, 0), [4; 16]);
    assert!(one.page_token(interaction(), &keys()) != other.page_token(interaction(), &keys()));
}
