//! What counts as what, which hour it falls into, and what a median tells.
//! No store: hours are kept and closed by hand.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::event::Actor;

const HOUR: u64 = MILLISECONDS_OF_AN_HOUR;

fn event(kind: EventKind, at: u64, channel: &str, data: Value) -> Event {
    let Value::Object(data) = data else { unreachable!("an object") };
    Event {
        kind,
        at: Moment(at),
        team: "acme".parse().expect("a name"),
        channel: Some(channel.parse().expect("a name")),
        interaction: None,
        participant: None,
        actor: Actor::Time,
        data,
    }
}

fn webchat(tally: &Hour) -> &Tally {
    &tally.0[&"webchat".parse::<ChannelName>().expect("a name")]
}

/// Two failure limits may ban with one answer: one person is banned, once.
#[test]
fn bans_that_fall_together_are_one() {
    let of = |method: Value| Step::of(&event(EventKind::Banned, 0, "sms", json!({"method": method})));
    assert_eq!((of(json!("kba")), of(Value::Null)), (Some(Step::Bans), None));
}

#[test]
fn an_invitation_is_no_login_link() {
    let of = |kind, purpose| Step::of(&event(kind, 0, "sms", json!({"purpose": purpose})));
    assert_eq!(of(EventKind::LinkIssued, "mid_chat"), Some(Step::LinksIssued));
    assert_eq!(of(EventKind::LinkIssued, "entry"), Some(Step::Invited));
    assert_eq!(of(EventKind::LinkOpened, "pre_chat"), Some(Step::LinksOpened));
    assert_eq!(of(EventKind::LinkOpened, "entry"), Some(Step::Arrived));
    assert_eq!(of(EventKind::InteractionOpened, ""), None);
}

#[test]
fn every_step_has_an_event_that_counts_as_it() {
    let all = EventKind::ALL.iter().flat_map(|kind| {
        ["entry", "mid_chat"]
            .into_iter()
            .filter_map(|purpose| Step::of(&event(*kind, 0, "sms", json!({"purpose": purpose}))))
    });
    assert_eq!(all.collect::<std::collections::BTreeSet<_>>(), Step::ALL.iter().copied().collect());
}

#[test]
fn an_hour_waits_one_more_for_what_comes_late() {
    let mut counting = Counting::default();
    let opened = |at| event(EventKind::LinkOpened, at, "webchat", Value::Object(Map::new()));
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
        counting.count(&event(EventKind::LinkOpened, 0, &format!("made-up-{n}"), json!({})));
    }
    let hour = &counting.hours[&HourNumber(0)];
    assert_eq!(hour.0.len(), MAX_CHANNELS + 1);
    assert_eq!(hour.whole().count(Step::LinksOpened), 1_000);
}

#[test]
fn what_nobody_was_asked_for_has_no_wait() {
    let mut counting = Counting::default();
    counting.count(&event(EventKind::Authenticated, 90_000, "webchat", json!({})));
    let whole = counting.hours[&HourNumber(0)].whole();
    assert_eq!((whole.count(Step::Authenticated), whole.median_seconds()), (1, None));
    counting.count(&event(
        EventKind::Authenticated,
        90_000,
        "webchat",
        json!({"asked_at": Moment(50_000).to_string()}),
    ));
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
            closed.extend(counting.count(&event(EventKind::LinkOpened, *at, "webchat", json!({}))));
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
