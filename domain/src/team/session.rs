//! A session of the consoles: who is in, since when, and until when. A browser holds a secret of it, the
//! store its fingerprint; what the person may do is asked anew each time it is shown.
//!
//! It grants nothing by itself: a user who was disabled has sessions and no rights.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::{ApiKeyId, InteractionId, TeamName, UserName};
use crate::event::Actor;
use crate::secret::Tag;
use crate::team::Role;
use crate::time::Moment;

/// A session ends where its person does nothing for so long (ASVS 7.3.1).
pub const IDLE: Duration = Duration::from_secs(30 * 60);

/// No session lasts longer, whatever is done (ASVS 7.3.2).
pub const MAX_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// How long somebody may take between two steps of signing in.
pub const STEP: Duration = Duration::from_secs(10 * 60);

/// How long a link into a frame is good.
pub const LINK: Duration = Duration::from_secs(60);

/// That somebody is there is written down so often and not more.
const NOTED: Duration = Duration::from_secs(60);

/// A session, or a step before one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Whose, and how far.
    pub of: SessionOwner,
    /// Since when.
    pub began_at: Moment,
    /// When its person was there last.
    pub seen_at: Moment,
    /// Over then, whatever happens.
    pub ends_at: Moment,
    /// The store's epoch that it is of: it counts in no later one.
    pub epoch: u32,
}

/// Whose it is, and how far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SessionOwner {
    /// Somebody is in.
    Person(Who),
    /// A password was right; her app's code is wanted.
    HalfWay(Local),
    /// Somebody is on the way to the OpenID provider and back.
    Away {
        /// Comes back with the answer.
        nonce: String,
        /// What the code is changed with (RFC 7636).
        verifier: String,
        /// The provider that was asked.
        issuer: String,
    },
    /// A link into a frame: good once, for a moment.
    Link(FrameGuest),
    /// A frame that shows one interaction.
    Frame(FrameGuest),
    /// It is over; what is left of it says so until it is swept.
    Over,
}

/// Who is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Who {
    /// Who holds the configuration's owner key, by a fingerprint of it and of the generation of its sessions.
    Owner(Tag),
    /// A local user.
    Local(Local),
    /// Somebody whom the OpenID provider knows.
    Provided {
        /// The provider.
        issuer: String,
        /// Its id of her.
        subject: String,
        /// What it calls her.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What its word for her groups was. What they may do, the configuration says, each time.
        groups: Vec<String>,
        /// Sessions of an earlier one are over.
        generation: u64,
    },
}

/// A local user, as she was when she came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// Her team.
    pub team: TeamName,
    /// Her name in it.
    pub name: UserName,
    /// Her generation.
    pub generation: u64,
}

/// What a frame may see and do: one interaction, and no more than who let it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameGuest {
    /// Whose interaction.
    pub team: TeamName,
    /// Which.
    pub interaction: InteractionId,
    /// No more than an agent's.
    pub role: Role,
    /// Who let it in, and acts by it: it counts for as long as they do.
    pub by: Voucher,
}

/// Who vouches for a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Voucher {
    /// The configuration's owner key.
    Owner,
    /// An API key.
    Key {
        /// Of this team.
        team: TeamName,
        /// Its id.
        id: ApiKeyId,
    },
    /// Somebody who is signed in.
    Person(Who),
}

impl Who {
    /// How the audit trail names her.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Owner(_) => Actor::Owner,
            Self::Local(local) => local.actor(),
            Self::Provided { subject, .. } => Actor::User(format!("oidc:{subject}")),
        }
    }
}

impl Local {
    /// How the audit trail names her.
    pub fn actor(&self) -> Actor {
        Actor::User(format!("{}/{}", self.team, self.name))
    }
}

impl Voucher {
    /// How the audit trail names them.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Owner => Actor::Owner,
            Self::Key { id, .. } => Actor::ApiKey(id.to_string()),
            Self::Person(who) => who.actor(),
        }
    }
}

impl Session {
    /// Begins now, and lasts at most so long.
    pub fn begin(of: SessionOwner, lasts: Duration, epoch: u32, now: Moment) -> Self {
        Self { of, began_at: now, seen_at: now, ends_at: now.plus(lasts), epoch }
    }

    /// Whether it counts now. A frame stands beside a conversation and is looked at, not used: it knows no
    /// idle time, and ends with the conversation and its longest time.
    pub fn is_live(&self, epoch: u32, now: Moment) -> bool {
        let idle = matches!(self.of, SessionOwner::Person(_)) && now >= self.seen_at.plus(IDLE);
        !idle && self.of != SessionOwner::Over && now < self.ends_at && self.epoch >= epoch
    }

    /// Its person is there. True where that is worth writing down.
    pub fn seen(&mut self, now: Moment) -> bool {
        let news = now >= self.seen_at.plus(NOTED);
        if news {
            self.seen_at = now;
        }
        news
    }

    /// How long it still lasts if nothing is done.
    pub fn until(&self) -> Moment {
        match self.of {
            SessionOwner::Person(_) => self.ends_at.min(self.seen_at.plus(IDLE)),
            _ => self.ends_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn session() -> Session {
        let local = Local { team: "acme".parse().unwrap(), name: "demo".parse().unwrap(), generation: 1 };
        Session::begin(SessionOwner::Person(Who::Local(local)), MAX_LIFETIME, 0, Moment(0))
    }

    #[test]
    fn it_ends_idle_and_it_ends_at_last() {
        let mut session = session();
        assert!(session.is_live(0, Moment(30 * MINUTE - 1)) && !session.is_live(0, Moment(30 * MINUTE)));
        for minute in (20..720).step_by(20) {
            assert!(session.is_live(0, Moment(minute * MINUTE)), "{minute}");
            assert!(session.seen(Moment(minute * MINUTE)));
        }
        assert!(session.is_live(0, Moment(719 * MINUTE)) && !session.is_live(0, Moment(720 * MINUTE)));
    }

    #[test]
    fn that_somebody_is_there_is_noted_once_a_minute() {
        let mut session = session();
        assert!(!session.seen(Moment(MINUTE - 1)) && session.seen(Moment(MINUTE)) && !session.seen(Moment(MINUTE + 1)));
    }

    #[test]
    fn none_outlives_its_epoch() {
        assert!(!session().is_live(1, Moment(1)));
    }
}
