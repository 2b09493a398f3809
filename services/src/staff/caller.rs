//! Whoever asks, once that is proved: what the caller may do, and for which team.
//! How a caller is found by what a request shows, `callers` says.

use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::event::Actor;
use countersign_domain::secret::Tag;
use countersign_domain::team::Role;
use countersign_domain::team::session::Who;

/// A caller whose key is good.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What it may do.
    pub role: Role,
    /// Its team; the configuration's owner has none.
    pub team: Option<TeamName>,
    /// How the audit trail names it.
    pub actor: Actor,
    /// Of the key's text: what idempotency keys belong to.
    pub mark: Tag,
    /// A frame's: all that it may see.
    pub only: Option<Only>,
    /// Who is signed in, where somebody is.
    pub who: Option<Who>,
}

impl Caller {
    /// The team that a request is about: the caller's own, or the one an owner names.
    pub fn team_for(&self, named: Option<&TeamName>) -> Option<TeamName> {
        match (self.role, named) {
            (Role::Owner, Some(named)) => Some(named.clone()),
            (_, Some(named)) => self.team.clone().filter(|own| own == named),
            (_, None) => self.team.clone(),
        }
    }

    /// The team whose objects the caller may see; None for all of them.
    pub fn sees(&self) -> Option<&TeamName> {
        if self.role == Role::Owner { None } else { self.team.as_ref() }
    }
}

/// What a frame is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Only {
    /// The one interaction.
    pub interaction: InteractionId,
}

/// What a request is asked by, before it is proved.
#[derive(Clone)]
pub enum Credential {
    /// An API key, or a frame's session.
    Key(String),
    /// A browser's session, in the team that its page is about.
    Session {
        /// Its secret.
        token: String,
        /// None: her own.
        team: Option<TeamName>,
    },
}
