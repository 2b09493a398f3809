//! The index of budgets and failure limits of a team that have locked or banned somebody: a projection of the
//! audit trail, kept in the commit that makes the trail's entry.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::engine::{Effects, encode};
use crate::names::locks_index;
use countersign_domain::base::id::{ChannelName, InteractionId, InvalidName, ParticipantId, TeamName};
use countersign_domain::base::method::Guarded;
use countersign_domain::conversation::failure_limit::CustomerTag;
use countersign_domain::event::{Event, EventData};
use countersign_domain::time::Moment;

/// What it was that locked: a budget of an address, or a customer's failure limit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockId {
    /// A budget, by its address's tag and its name.
    Budget {
        /// The address's tag.
        address: String,
        /// The method that it guards.
        what: Guarded,
        /// The budget's name within the address.
        budget: String,
    },
    /// A failure limit.
    CustomerFailureLimit(CustomerTag),
}

impl fmt::Display for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { address, budget, .. } => write!(f, "{address}.{budget}"),
            Self::CustomerFailureLimit(customer) => write!(f, "failure_limit.{}", customer.as_str()),
        }
    }
}

impl FromStr for LockId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        const INVALID: InvalidName = InvalidName("is no lock's id");
        let (of, name) = text.split_once('.').ok_or(INVALID)?;
        if of == "failure_limit" {
            return CustomerTag::told(name).map(Self::CustomerFailureLimit).ok_or(INVALID);
        }
        let (method, whose) = name.split_once(':').unwrap_or((name, "p1"));
        let is_plain = |text: &str| {
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if of.len() != 32 || !is_plain(of) || !is_plain(whose) {
            return Err(INVALID);
        }
        Ok(Self::Budget { address: of.to_owned(), what: method.parse()?, budget: name.to_owned() })
    }
}

/// What the index keeps of a lock or a ban.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    /// Where it fell; also says where the address lies.
    pub interaction: InteractionId,
    pub participant: ParticipantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    pub since: Moment,
    /// When it is over by itself; a ban is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// What entries of a trail say of locks: the last word on each.
#[derive(Default)]
pub(crate) struct Noted(pub(crate) BTreeMap<LockId, Option<Lock>>);

impl Noted {
    /// The next event, in the trail's order.
    pub fn heed(&mut self, event: &Event) {
        let (data, is_lock, is_ban) = match &event.data {
            EventData::Locked(data) => (data, true, false),
            EventData::Banned(data) => (data, false, true),
            EventData::Unlocked(data) | EventData::Unbanned(data) => (data, false, false),
            _ => return,
        };
        let ids = event.interaction.zip(event.participant.clone());
        let lock = ids.filter(|_| is_ban || is_lock).map(|(interaction, participant)| Lock {
            interaction,
            participant,
            channel: event.channel.clone(),
            since: event.at,
            until: data.until.filter(|_| is_lock),
        });
        let budget = data.address.as_ref().zip(data.budget.as_ref());
        let budget = budget.and_then(|(address, budget)| format!("{address}.{budget}").parse().ok());
        let failure_limit = data.failure_limit.clone().map(LockId::CustomerFailureLimit);
        self.0.extend(budget.into_iter().chain(failure_limit).map(|id| (id, lock.clone())));
    }

    /// Into the index with what stands, out of it with what was lifted.
    pub fn keep(&self, team: &TeamName, effects: &mut Effects) {
        for (id, lock) in &self.0 {
            match lock {
                Some(lock) => effects.enter(locks_index(team), id.to_string(), encode(lock)),
                None => effects.remove(locks_index(team), id.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_a_budget_or_a_failure_limit_and_nothing_else() {
        let tag = "0123456789abcdef0123456789abcdef";
        for id in
            [format!("{tag}.otp"), format!("{tag}.photo_id"), format!("{tag}.login:{tag}"), format!("{tag}.pin:p2")]
        {
            let read: LockId = id.parse().expect("a lock's id");
            assert!(matches!(&read, LockId::Budget { address, .. } if address == tag) && read.to_string() == id);
        }
        let failure_limit = format!("failure_limit.{tag}");
        assert!(matches!(failure_limit.parse(), Ok(LockId::CustomerFailureLimit(_))));
        assert_eq!(failure_limit.parse::<LockId>().expect("one").to_string(), failure_limit);
        for wrong in [
            "",
            "otp",
            "..",
            &format!("{tag}.none"),
            &format!("{tag}.otp:"),
            &format!("{tag}.otp:../x"),
            "failure_limit.x",
        ] {
            assert!(wrong.parse::<LockId>().is_err(), "{wrong}");
        }
    }
}
