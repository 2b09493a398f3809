//! A request about an interaction: which one, by whom, with what; and the snapshot that a use case returns of it.
//! The rules say what a request may change.

use std::sync::Arc;

use crate::engine::decide::OpenedRecord;
use crate::engine::{Error, decode};
use crate::names::{ended_challenge_name, ended_name};
use crate::teams::TeamView;
use countersign_domain::base::country::Country;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::address::Address;
use countersign_domain::conversation::context::Past;
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::conversation::prepared_questions::Prepared;
use countersign_domain::event::Actor;
use countersign_domain::providers::identity::CheckId;
use countersign_domain::providers::provider_questions::AnswerVerdict;
use countersign_domain::secret::token::{Token, TokenKind};
use countersign_store::RecordKey;

/// Which interaction, for which team's caller, by whom.
#[derive(Clone)]
pub struct Acting<'a> {
    /// The interaction.
    pub id: InteractionId,
    /// The caller's team; None: an owner, who sees every team's.
    pub team: Option<&'a TeamName>,
    /// How the audit trail names the caller.
    pub actor: Actor,
}

/// What a use case tells of an interaction: the outcome, and everything as it is afterwards.
#[derive(Clone, Debug)]
pub struct Snapshot<T> {
    /// What the rule told.
    pub outcome: T,
    /// The interaction.
    pub interaction: Arc<Interaction>,
    /// Its address, with the guess budgets.
    pub address: Address,
    /// Its team, with the effective settings.
    pub team: Arc<TeamView>,
    /// Messages that this node has claimed by it.
    pub(crate) claimed: Vec<u32>,
    /// Records of messages that are to be taken out of their chats.
    pub(crate) retractions: Vec<RecordKey>,
    /// Where the phone is whose code has come back.
    pub(crate) returned: Option<Country>,
}

impl Snapshot<()> {
    /// What was read, or follows from time alone: nothing was saved.
    pub(crate) fn unchanged(interaction: Arc<Interaction>, address: Address, team: Arc<TeamView>) -> Self {
        let (claimed, retractions) = (Vec::new(), Vec::new());
        Self { outcome: (), interaction, address, team, claimed, retractions, returned: None }
    }
}

/// Which interaction, and who acts on it.
#[derive(Clone)]
pub(crate) struct RequestContext<'a> {
    pub id: InteractionId,
    /// Only if it belongs to that team; None: whoever's it is (an owner, a page's token).
    pub team: Option<&'a TeamName>,
    pub actor: Actor,
    /// The link or challenge that the request came with; the record of its end is read, too.
    pub with: With,
    /// Questions that may be put in it.
    pub questions: Option<&'a Prepared>,
    /// The verdicts of providers on the answers in it.
    pub verdicts: &'a [AnswerVerdict],
}

impl<'a> RequestContext<'a> {
    pub(crate) fn new(id: InteractionId, team: Option<&'a TeamName>, actor: Actor, with: With) -> Self {
        Self { id, team, actor, with, questions: None, verdicts: &[] }
    }

    /// The person who has opened the page of that token.
    pub(crate) fn by_page(token: &Token) -> Self {
        let with = match token.kind {
            TokenKind::Challenge | TokenKind::ChallengeDone => With::Challenge(token.number),
            TokenKind::Link | TokenKind::Handle | TokenKind::Done | TokenKind::Entry => With::Link(token.number),
        };
        Self::new(token.interaction, None, Actor::Person, with)
    }

    /// The challenge that a provider is asked about, for that team alone where one is named.
    pub(crate) fn of_check(id: CheckId, team: Option<&'a TeamName>) -> Self {
        Self::new(id.challenge.interaction, team, Actor::Person, With::Challenge(id.challenge.number))
    }

    /// Nobody acts: time, and what the gateway does by itself.
    pub(crate) fn by_time(id: InteractionId) -> Self {
        Self::new(id, None, Actor::Time, With::Nothing)
    }
}

/// The link or challenge that a request comes with, by its number.
#[derive(Clone, Copy)]
pub(crate) enum With {
    /// Only with what is wanted.
    Nothing,
    /// A link.
    Link(u16),
    /// A challenge.
    Challenge(u16),
}

impl With {
    /// The record that tells how it ended.
    pub(crate) fn ended(self, id: InteractionId) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Link(number) => Some(ended_name(id, number)),
            Self::Challenge(number) => Some(ended_challenge_name(id, number)),
        }
    }

    /// What that record says.
    pub(crate) fn past(self, name: &str, record: Option<&OpenedRecord>) -> Result<Past, Error> {
        let Some(bytes) = record else { return Ok(Past::default()) };
        Ok(match self {
            Self::Nothing => Past::default(),
            Self::Link(_) => Past { link: Some(decode(name, bytes)?), challenge: None },
            Self::Challenge(_) => Past { link: None, challenge: Some(decode(name, bytes)?) },
        })
    }
}

impl<'a> From<Acting<'a>> for RequestContext<'a> {
    fn from(acting: Acting<'a>) -> Self {
        Self::new(acting.id, acting.team, acting.actor, With::Nothing)
    }
}
