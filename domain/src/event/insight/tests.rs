//! What counts as what, which hour it falls into, and what a median tells.
//! No store: hours are kept and closed by hand.

use proptest::prelude::*;
use serde::de::DeserializeSeed as _;
use serde_json::{Value, json};

use super::*;
use crate::event::data::conversations::AuthenticatedData;
use crate::event::tests::sample;
use crate::event::{Actor, EventKind};

const HOUR: u64 = MILLISECONDS_OF_AN_HOUR;

fn event(data: EventData, at: u64, channel: &str) -> Event {
    Event {
        at: Moment(at),
        team: "acme".parse().expect("a name"),
        channel: Some(channel.parse().expect("a name")),
        interaction: None,
        participant: None,
        actor: Actor::Time,
        data,
    }
}

/// Data of a kind, with a field in another way.
fn data(kind: EventKind, field: &str, value: Value) -> EventData {
    let mut data = sample(kind);
    data[field] = value;
    kind.deserialize(data).expect("it is such data")
}

fn opened(purpose: &str) -> EventData {
    data(EventKind::LinkOpened, "purpose", json!(purpose))
}

fn webchat(tally: &Hour) -> &Tally {
    &tally.0[&"webchat".parse::<ChannelName>().expect("a name")]
}

/// Two failure limits may ban with one answer: one person is banned, once.
#[test]
fn bans_that_fall_together_are_one() {
    let of = |method: Value| data(EventKind::Banned, "method", method).step();
    assert_eq!((of(json!("kba")), of(Value::Null)), (Some(Step::Bans), None));
}

#[test]
fn an_invitation_is_no_login_link() {
    let of = |kind, purpose| data(kind, "purpose", json!(purpose)).step();
    assert_eq!(of(EventKind::LinkIssued, "mid_chat"), Some(Step::LinksIssued));
    assert_eq!(of(EventKind::LinkIssued, "entry"), Some(Step::Invited));
    assert_eq!(of(EventKind::LinkOpened, "pre_chat"), Some(Step::LinksOpened));
    assert_eq!(of(EventKind::LinkOpened, "entry"), Some(Step::Arrived));
    let opened: EventData = EventKind::InteractionOpened.deserialize(sample(EventKind::InteractionOpened)).unwrap();
    assert_eq!(opened.step(), None);
}

#[test]
fn every_step_has_an_event_that_counts_as_it() {
    let all = EventKind::ALL.iter().flat_map(|kind| {
        ["entry", "mid_chat"].into_iter().filter_map(|purpose| {
            let has_purpose = matches!(kind, EventKind::LinkIssued | EventKind::LinkOpened);
            let sample = kind.deserialize(sample(*kind)).expect("it is such data");
            if has_purpose { data(*kind, "purpose", json!(purpose)).step() } else { sample.step() }
        })
    });
    assert_eq!(all.collect::<std::collections::BTreeSet<_>>(), Step::ALL.iter().copied().collect());
}

#[test]
fn an_hour_waits_one_more_for_what_comes_late() {
    let mut counting = Counting::default();
    let opened = |at| event(opened("mid_chat"), at, "webchat");
    assert!(counting.count(&opened(5 * HOUR)).is_empty());
    assert!(counting.count(&opened(6 * HOUR)).is_empty());
    assert!(counting.count(&opened(6 * HOUR - 1)).is_empty());
    assert_eq!(webchat(&counting.hours[&HourNumber(5)]).count(Step::LinksOpened), 2);
    // The next hour closes it; what is still of it is counted in the oldest that is open.
    let closed = counting.count(&opened(7 * HOUR));
    assert_eq!(closed.iter().map(|(hour, _)| hour.0).collect::<Vec<_>>(), [5]);
    assert!(counting.count(&opened(5 * HOUR)).is_empty());
    assert_eq!(webchat(&counting.hours[&HourNumber(6)]).count(Step::LinksOpened), 2);
}

#[test]
fn an_hour_does_not_grow_with_names_that_a_bot_makes_up() {
    let mut counting = Counting::default();
    for n in 0..1_000 {
        counting.count(&event(opened("mid_chat"), 0, &format!("made-up-{n}")));
    }
    let hour = &counting.hours[&HourNumber(0)];
    assert_eq!(hour.0.len(), MAX_CHANNELS + 1);
    assert_eq!(hour.whole().count(Step::LinksOpened), 1_000);
}

#[test]
fn what_nobody_was_asked_for_has_no_wait() {
    let mut counting = Counting::default();
    let EventData::Authenticated(raised) = data(EventKind::Authenticated, "binding", json!("typed")) else {
        unreachable!("it is of that kind")
    };
    let of = |asked_at| EventData::Authenticated(AuthenticatedData { asked_at, ..raised.clone() });
    counting.count(&event(of(None), 90_000, "webchat"));
    let whole = counting.hours[&HourNumber(0)].whole();
    assert_eq!((whole.count(Step::Authenticated), whole.median_seconds()), (1, None));
    counting.count(&event(of(Some(Moment(50_000))), 90_000, "webchat"));
    assert_eq!(counting.hours[&HourNumber(0)].whole().median_seconds(), Some(40));
}

proptest! {
    /// The median of spans is the end of the span that the true median lies in.
    #[test]
    fn a_median_is_told_as_well_as_its_span(mut waits in prop::collection::vec(0u64..100_000, 1..200)) {
        let mut counted = Waits::default();
        waits.iter().for_each(|wait| counted.note(*wait));
        waits.sort_unstable();
        let middle = waits[(waits.len() - 1) / 2];
        let told = counted.median().expect("somebody waited");
        let before = SPANS.iter().rev().find(|end| **end < told).copied();
        prop_assert!(middle <= told && before.is_none_or(|before| middle > before), "{middle} in {told}");
    }

    /// Nothing is lost between the hours that are closed and those that are open, in whatever order events come.
    #[test]
    fn every_event_is_counted_once(moments in prop::collection::vec(0u64..20 * HOUR, 0..300)) {
        let (mut counting, mut closed) = (Counting::default(), Vec::new());
        for at in &moments {
            closed.extend(counting.count(&event(opened("mid_chat"), *at, "webchat")));
        }
        prop_assert!(counting.hours.len() <= 2);
        let mut numbers: Vec<u64> = closed.iter().map(|(hour, _)| hour.0).collect();
        numbers.extend(counting.hours.keys().map(|hour| hour.0));
        prop_assert!(numbers.is_sorted_by(|a, b| a < b), "an hour is closed once: {numbers:?}");
        let hours = closed.iter().map(|(_, hour)| hour).chain(counting.hours.values());
        let all: u64 = hours.map(|hour| hour.whole().count(Step::LinksOpened)).sum();
        prop_assert_eq!(all, moments.len() as u64);
    }
}
