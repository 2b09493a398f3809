//! An address, a channel's conversation: what is known of it from one interaction to the next. What
//! happens in one stands in `interaction`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::interaction::Participant;
use crate::base::id::InteractionId;
use crate::base::method::Guarded;
use crate::base::role::ParticipantRole;
use crate::event::EventData;
use crate::event::data::lockouts::LockoutEventData;
use crate::proof::lockout::{Budget, may_lift};
use crate::refusal::Refusal;
use crate::time::Moment;

/// For so long after its end a challenge is still answered by people who were slow.
pub const LATE: Duration = Duration::from_secs(10 * 60);

/// For so long a conversation is taken for a group's after somebody was heard in it among others.
const GROUP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Moments are written anew only where they have moved on so far: not every message costs a record.
const WORTH_WRITING: Duration = Duration::from_secs(10 * 60);

/// What is kept of an address (channel and conversation) beyond its interactions: which one is
/// open, the guess budgets, which no new interaction resets, and the identity tokens that counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The open interaction.
    pub open: Option<InteractionId>,
    /// By method, and by person for participants other than the primary.
    pub budgets: BTreeMap<String, Budget>,
    /// Identity tokens that raised a flag here, by name, and until when each is remembered: one
    /// that stands here raises nothing again. Saved with the flag, so that a token whose request
    /// was refused, or whose reply was lost on the way to the store, may come again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vouched: BTreeMap<String, Moment>,
    /// When an interaction closed here in which somebody was asked for an answer and gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Moment>,
    /// Until when whoever chats here may be written to freely, where the platform wants her to have
    /// written first. Never too late: it may be ten minutes early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freely_until: Option<Moment>,
    /// Until when the conversation is taken for a group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_until: Option<Moment>,
    /// Until when no links are sent to somebody here, since one was reported; by person, as budgets are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reported_until: BTreeMap<String, Moment>,
}

/// What was lifted of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// The method that it guards.
    pub what: Guarded,
    /// Its name.
    pub budget: String,
    /// Whether it was banned; else it was locked.
    pub was_banned: bool,
}

impl Lifted {
    /// The event that tells of it: a lock's end, or a ban's, with its budget, so that it can be found again where its
    /// interaction is not known any more, and why.
    pub fn told(self, address: &str, reason: &str, partition: Option<u8>) -> EventData {
        let data = LockoutEventData::of_budget(self.what, address.to_owned(), self.budget).because(reason.to_owned());
        let data = LockoutEventData { partition, ..data };
        if self.was_banned { EventData::Unbanned(data) } else { EventData::Unlocked(data) }
    }
}

impl Address {
    /// Whether what was asked for here, in an interaction that is closed, may still come.
    pub fn awaits_the_late(&self, now: Moment) -> bool {
        self.closed_at.is_some_and(|closed| now < closed.plus(LATE))
    }

    /// The person has written here, and may be answered freely for so long.
    pub fn heard(&mut self, window: Duration, now: Moment) {
        renew(&mut self.freely_until, now.plus(window));
    }

    /// Somebody was heard here, alone or among others.
    pub fn heard_in(&mut self, is_group: bool, now: Moment) {
        match is_group {
            true => renew(&mut self.group_until, now.plus(GROUP)),
            false => self.group_until = None,
        }
    }

    /// Whether others are known to read along here.
    pub fn is_group(&self, now: Moment) -> bool {
        self.group_until.is_some_and(|until| now < until)
    }

    /// Locks of these budgets are lifted, and with `ban` their bans: all that they have, or nothing.
    pub fn lift(
        &mut self,
        budgets: impl IntoIterator<Item = (Guarded, String)>,
        ban: bool,
        now: Moment,
    ) -> Result<Vec<Lifted>, Refusal> {
        let kept: Vec<_> = budgets.into_iter().filter(|(_, name)| self.budgets.contains_key(name)).collect();
        kept.iter().try_for_each(|(_, name)| may_lift(self.budgets[name].banned, ban))?;
        let mut lifted = Vec::new();
        for (what, name) in kept {
            let Some(budget) = self.budgets.get_mut(&name) else { continue };
            let was_banned = budget.banned;
            let was = budget.lift(now, ban);
            if budget.is_clear() {
                self.budgets.remove(&name);
            }
            lifted.extend(was.then_some(Lifted { what, budget: name, was_banned }));
        }
        Ok(lifted)
    }

    /// The name of a participant's budget for a method. A cosigner's carries her own address, so
    /// that she cannot lock the primary; `pseudonym` keeps it unreadable.
    pub fn budget_name(what: Guarded, participant: &Participant, pseudonym: impl Fn(&str) -> String) -> String {
        if participant.role == ParticipantRole::Primary {
            return what.to_string();
        }
        let own = participant.person.address();
        format!("{what}:{}", own.map_or_else(|| participant.id.to_string(), |own| pseudonym(&own)))
    }
}

/// A later moment takes the place of an earlier one. So does one that lies far before it: that was
/// written by a clock which has been set back.
fn renew(kept: &mut Option<Moment>, until: Moment) {
    let is_good = |kept: &Moment| *kept <= until && until.since(*kept) < WORTH_WRITING;
    if !kept.as_ref().is_some_and(is_good) {
        *kept = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn words_open_a_window_that_is_never_longer_than_it_may_be() {
        let (mut address, begin) = (Address::default(), Moment(1_000_000_000));
        let mut written = 0;
        for minute in 0..60 {
            let now = begin.plus(Duration::from_secs(60 * minute));
            let before = address.freely_until;
            address.heard(WINDOW, now);
            let until = address.freely_until.unwrap();
            assert!(until <= now.plus(WINDOW) && now.plus(WINDOW).since(until) < WORTH_WRITING);
            written += usize::from(before != address.freely_until);
        }
        assert_eq!(written, 6, "not every message costs a record");
        address.heard(WINDOW, Moment(1_000));
        assert_eq!(address.freely_until, Some(Moment(1_000).plus(WINDOW)), "the clock was set back");
    }

    /// All that is asked for or nothing; whoever lifts no bans lifts a lock that has none beside it.
    #[test]
    fn locks_are_anybodys_to_lift_and_bans_an_admins() {
        let (now, locked) = (Moment(5), Budget { locked_until: Some(Moment(9)), lockouts: 1, ..Budget::default() });
        let banned = Budget { banned: true, lockouts: 3, ..Budget::default() };
        let budgets =
            BTreeMap::from([("otp".into(), locked), ("pin".into(), banned), ("kba".into(), Budget::default())]);
        let mut address = Address { budgets, ..Address::default() };
        let of = |what: &[Guarded]| what.iter().map(|what| (*what, what.to_string())).collect::<Vec<_>>();
        let (all, before) = (of(&Guarded::ALL), address.clone());
        assert_eq!((address.lift(all.clone(), false, now), &address), (Err(Refusal::BanStands), &before));
        assert_eq!(address.lift(of(&[Guarded::Login]), true, now), Ok(Vec::new()), "nothing is known of it");
        let lifted = address.lift(of(&[Guarded::Otp]), false, now).expect("a lock");
        assert_eq!((lifted.len(), lifted[0].was_banned, lifted[0].what), (1, false, Guarded::Otp));
        assert_eq!(address.budgets["otp"].lockouts, 1, "whoever was locked is known");
        let lifted = address.lift(all, true, now).expect("an admin");
        assert_eq!((lifted.len(), lifted[0].was_banned, &*lifted[0].budget), (1, true, "pin"));
        assert_eq!(address.budgets.keys().collect::<Vec<_>>(), ["otp"], "what remembers nothing is forgotten");
    }

    #[test]
    fn a_group_is_one_until_somebody_is_alone_there_or_nobody_was_heard_for_long() {
        let (mut address, now) = (Address::default(), Moment(1_000_000_000));
        assert!(!address.is_group(now));
        address.heard_in(true, now);
        assert!(address.is_group(now) && !address.is_group(now.plus(GROUP)));
        address.heard_in(false, now);
        assert_eq!(address, Address::default());
    }
}
