//! Courses as they go: lines, claims, receivers that fail, and days that pass.
//! Moments are given, and answers made up: no store and no network.

use super::*;
use crate::event::EventKind;
use crate::event::posting::PostFailure;

const FAILED: PostOutcome = PostOutcome::Failed(PostFailure { why: Why::Status(500), after: None });

fn cursor() -> WebhookCursor {
    WebhookCursor::begin(&Start { id: "a".into(), after: 0 })
}

fn event(number: u64) -> WaitingEvent {
    WaitingEvent { number, at: Moment(0), kind: EventKind::LinkIssued }
}

fn id(n: u8) -> InteractionId {
    InteractionId::new(Moment(n.into()), [n; 10], n)
}

fn took(cursor: &mut WebhookCursor, number: u64, of: u8) {
    assert_eq!(cursor.take(event(number), Some(id(of)), true, Moment(0)), None);
}

fn numbers(work: &Work) -> Vec<Vec<u64>> {
    work.lines.iter().map(|(_, events)| events.iter().map(|event| event.number).collect()).collect()
}

/// Every event of the work answered so, up to the first of its line that is not taken.
fn answered(work: &Work, answer: impl Fn(u64) -> PostOutcome) -> Vec<Try> {
    let mut tries = Vec::new();
    for (line, events) in &work.lines {
        for event in events {
            let answer = answer(event.number);
            tries.push(Try { line: line.clone(), number: event.number, answer });
            if answer != PostOutcome::Taken {
                break;
            }
        }
    }
    tries
}

#[test]
fn lines_go_side_by_side_and_each_in_its_order() {
    let mut cursor = cursor();
    for (number, of) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
        took(&mut cursor, number, of);
    }
    let work = cursor.claim(Moment(0)).unwrap();
    assert_eq!(numbers(&work), [[1, 3], [2, 4]]);
    let settled = cursor.settle(
        work.claim,
        &answered(&work, |n| if n == 1 { FAILED } else { PostOutcome::Taken }),
        Moment(5),
        || 0,
    );
    assert_eq!(settled.records.iter().map(|record| record.event.number).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(cursor.claim(Moment(6)), None);
    assert_eq!(cursor.alarm(), Some(Moment(5 + 3_750)));
    assert_eq!(numbers(&cursor.claim(Moment(4_000)).unwrap()), [[1, 3]]);
}

#[test]
fn a_claim_is_one_nodes_until_it_lapses() {
    let mut cursor = cursor();
    took(&mut cursor, 1, 1);
    let first = cursor.claim(Moment(0)).unwrap();
    assert_eq!(cursor.held(None, Moment(9_999)), Some(Moment(10_000)));
    assert_eq!(cursor.held(Some(first.claim), Moment(1)), None, "whose it is may settle it");
    assert_eq!(cursor.held(None, Moment(10_000)), None);
    let second = cursor.claim(Moment(10_000)).unwrap();
    assert_eq!(
        cursor.settle(first.claim, &answered(&first, |_| PostOutcome::Taken), Moment(10_001), || 0),
        Settled::default()
    );
    assert_eq!(
        cursor.settle(second.claim, &answered(&second, |_| PostOutcome::Taken), Moment(10_002), || 0).records.len(),
        1
    );
    assert_eq!((cursor.alarm(), cursor.delivered), (None, 1));
}

#[test]
fn who_takes_nothing_is_asked_with_one_event_and_told_of_once() {
    let mut cursor = cursor();
    (1..=40).for_each(|n| took(&mut cursor, n, u8::try_from(n).unwrap()));
    let (mut now, mut news, mut most) = (Moment(0), 0, 0);
    for _ in 0..20 {
        now = cursor.alarm().unwrap().max(now);
        let Some(work) = cursor.claim(now) else { continue };
        most = if cursor.failing_since.is_some() { work.lines.len() } else { most };
        news += usize::from(cursor.settle(work.claim, &answered(&work, |_| FAILED), now, || 128).news.is_some());
    }
    assert_eq!((news, most), (1, 1));
    let since = cursor.failing_since.unwrap();
    let work = cursor.claim(cursor.alarm().unwrap()).unwrap();
    cursor.settle(work.claim, &answered(&work, |_| PostOutcome::Taken), now, || 0);
    assert_eq!(cursor.failing_since, None);
    assert_eq!(cursor.claim(now).unwrap().lines.len(), MAX_LINES, "then everything goes at once: {since:?}");
}

/// One event that is always refused must not be all that a receiver is asked with.
#[test]
fn who_refuses_one_event_is_asked_with_another() {
    let mut cursor = cursor();
    took(&mut cursor, 1, 1);
    let refused = PostOutcome::Failed(PostFailure { why: Why::Status(400), after: None });
    let mut now = Moment(0);
    for _ in 0..MAX_FAILURES {
        now = cursor.alarm().unwrap().max(now);
        let work = cursor.claim(now).unwrap();
        cursor.settle(work.claim, &answered(&work, |_| refused), now, || 0);
    }
    assert!(cursor.failing_since.is_some());
    (2..=3).for_each(|n| took(&mut cursor, n, u8::try_from(n).unwrap()));
    now = cursor.alarm().unwrap();
    let work = cursor.claim(now).unwrap();
    assert_eq!(numbers(&work), [[2]], "what was tried least");
    cursor.settle(work.claim, &answered(&work, |_| PostOutcome::Taken), now, || 0);
    assert_eq!(cursor.failing_since, None);
    assert_eq!(numbers(&cursor.claim(now).unwrap()), [[1], [3]], "one that was taken ends it for all");
}

#[test]
fn that_one_fails_again_soon_is_not_told_again() {
    let mut cursor = cursor();
    let (mut now, mut news, mut number) = (Moment(0), 0, 0);
    for _ in 0..4 {
        for answer in [FAILED, FAILED, FAILED, FAILED, FAILED, FAILED, PostOutcome::Taken] {
            number += 1;
            took(&mut cursor, number, 1);
            now = cursor.alarm().unwrap().max(now);
            let work = cursor.claim(now).unwrap();
            news += usize::from(cursor.settle(work.claim, &answered(&work, |_| answer), now, || 0).news.is_some());
        }
    }
    assert_eq!(news, 1, "within {now:?}");
}

#[test]
fn after_a_day_what_was_not_taken_is_given_up() {
    let mut cursor = cursor();
    took(&mut cursor, 1, 1);
    took(&mut cursor, 2, 1);
    let day = Moment(u64::try_from(MAX_RETRY_TIME.as_millis()).unwrap());
    let work = cursor.claim(day).unwrap();
    let settled = cursor.settle(work.claim, &answered(&work, |_| FAILED), day, || 0);
    assert_eq!(settled.records.len(), 1, "the second has not been tried yet");
    assert_eq!((settled.records[0].why, cursor.dead), (Some(Why::Status(500)), 1));
    assert_eq!(numbers(&cursor.claim(day).unwrap()), [[2]]);
}

#[test]
fn who_is_gone_gets_nothing_more() {
    let mut cursor = cursor();
    (1..=3).for_each(|n| took(&mut cursor, n, u8::try_from(n).unwrap()));
    let work = cursor.claim(Moment(0)).unwrap();
    let settled = cursor.settle(work.claim, &answered(&work, |_| PostOutcome::Gone), Moment(1), || 0);
    assert_eq!((settled.records.len(), settled.news), (3, Some(Why::Gone)));
    assert!(cursor.stopped.is_some() && !cursor.has_room() && cursor.alarm().is_none());
}

#[test]
fn what_waits_is_bounded_and_what_is_missing_is_counted() {
    let mut cursor = cursor();
    let mut number = 0;
    while cursor.has_room() {
        number += 1;
        took(&mut cursor, number, 1);
    }
    assert_eq!(usize::try_from(number).unwrap(), MAX_WAITING);
    let mut late = WebhookCursor::begin(&Start { id: "a".into(), after: 7 });
    took(&mut late, 10, 1);
    assert_eq!((late.dropped, late.after), (2, 10));
    assert_eq!(late.take(event(11), None, false, Moment(0)), None);
    assert_eq!((late.dropped, late.pending().len()), (2, 1));
}

#[test]
fn a_wait_that_was_asked_for_holds_for_all() {
    let mut cursor = cursor();
    took(&mut cursor, 1, 1);
    let work = cursor.claim(Moment(0)).unwrap();
    let asked = PostOutcome::Failed(PostFailure { why: Why::Status(429), after: Some(Duration::from_secs(600)) });
    cursor.settle(work.claim, &answered(&work, |_| asked), Moment(0), || 0);
    took(&mut cursor, 2, 2);
    assert_eq!((cursor.claim(Moment(599_999)), cursor.alarm()), (None, Some(Moment(600_000))));
    cursor.again(event(2), Moment(5));
    assert_eq!(numbers(&cursor.claim(Moment(5)).unwrap()), [[2]], "somebody wants it tried now");
}

#[test]
fn what_was_given_up_is_told_again_first() {
    let mut cursor = cursor();
    took(&mut cursor, 8, 1);
    cursor.again(event(3), Moment(5));
    let work = cursor.claim(Moment(5)).unwrap();
    assert_eq!(numbers(&work), [[3], [8]]);
    let settled = cursor.settle(work.claim, &answered(&work, |_| PostOutcome::Taken), Moment(6), || 0);
    assert_eq!(settled.records.len(), 2);
    assert!(cursor.pending().is_empty());
}

/// However many are delivered in one step, the letters that are there are those that are counted.
#[test]
fn letters_are_bounded_and_counted_as_they_are() {
    let (mut cursor, mut number, mut lies, mut most) = (cursor(), 0, 0, 0);
    for _ in 0..60 {
        let gone = cursor.surplus(); // found before the step that they go with
        for of in 1..=16 {
            for _ in 0..MAX_PER_LINE {
                number += 1;
                took(&mut cursor, number, of);
            }
        }
        let work = cursor.claim(Moment(0)).unwrap();
        let settled = cursor.settle(work.claim, &answered(&work, |_| PostOutcome::Taken), Moment(0), || 0);
        cursor.forget(gone);
        lies = lies + u32::try_from(settled.records.len()).unwrap() - gone[0];
        most = most.max(lies);
        assert_eq!((cursor.delivered, cursor.dead), (lies, 0));
    }
    assert!((1_000..=1_500).contains(&most), "{most}");
}

#[test]
fn a_course_that_begins_anew_knows_what_letters_lie_there() {
    let mut before = cursor();
    (before.delivered, before.dead, before.after) = (7, 3, 90);
    let same = WebhookCursor::of(Some(before.clone()), &Start { id: "a".into(), after: 0 });
    assert_eq!(same, before);
    let anew = WebhookCursor::of(Some(before), &Start { id: "b".into(), after: 99 });
    assert_eq!(
        anew,
        WebhookCursor { delivered: 7, dead: 3, ..WebhookCursor::begin(&Start { id: "b".into(), after: 99 }) }
    );
}

/// The clock was wrong by a year, and is believed again.
#[test]
fn a_clock_that_is_set_back_keeps_no_course_waiting() {
    let ahead = Moment(0).plus(MAX_RETRY_TIME * 365);
    let mut held = cursor();
    took(&mut held, 1, 1);
    held.claim(ahead).unwrap();
    assert_eq!(held.held(None, Moment(9)), None, "nobody has held it for a year");
    assert!(held.held(None, ahead).is_some());
    assert_eq!(numbers(&held.claim(Moment(9)).unwrap()), [[1]]);

    let mut rests = cursor();
    rests.take(WaitingEvent { at: ahead, ..event(1) }, Some(id(1)), true, ahead);
    let work = rests.claim(ahead).unwrap();
    let asked = PostOutcome::Failed(PostFailure { why: Why::Status(429), after: Some(MAX_RETRY_TIME) });
    rests.settle(work.claim, &answered(&work, |_| asked), ahead, || 0);
    assert_eq!(rests.claim(ahead.plus(MAX_RETRY_TIME / 2)), None);
    let work = rests.claim(Moment(9)).unwrap();
    assert_eq!(numbers(&work), [[1]]);
    rests.settle(work.claim, &answered(&work, |_| FAILED), Moment(9), || 0);
    assert_eq!(rests.alarm(), Some(Moment(9 + 7_500)), "its waits are as long as they would be");
}
