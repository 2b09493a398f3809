//! What the token of a code page opens: an invitation, a challenge that waits for its answer, or one
//! that is over. Looking changes nothing.

use crate::conversation::context::{Context, budgets};
use crate::proof::challenge::{Challenge, ChallengeEnd};
use crate::proof::link::Link;
use crate::refusal::Refusal;
use crate::rules::challenges::manage::FoundChallenge;
use crate::rules::challenges::manage::find_page;
use crate::rules::links::enter;
use crate::secret::token::{Token, TokenKind};

/// What a visitor of a code page finds; with the participant's place in the list.
#[derive(Clone, Debug)]
pub enum Page {
    /// An invitation that may be used.
    Entry(usize, Box<Link>),
    /// A challenge that may be answered.
    Challenge(usize, Box<Challenge>),
    /// A challenge that is over, and how it ended.
    Over(usize, ChallengeEnd),
}

impl Page {
    /// Whose it is.
    pub fn at(&self) -> usize {
        match self {
            Self::Entry(at, _) | Self::Challenge(at, _) | Self::Over(at, _) => *at,
        }
    }

    /// Whether it is an invitation's: it has a door behind it.
    pub fn is_entry(&self) -> bool {
        matches!(self, Self::Entry(..))
    }
}

/// Finds what a code page's token opens.
pub fn find(context: &Context<'_>, token: &Token) -> Result<Page, Refusal> {
    match token.kind {
        TokenKind::Entry => enter::find(context, token).map(|(at, link)| Page::Entry(at, Box::new(link))),
        TokenKind::Challenge => find_challenge(context, token),
        _ => Err(Refusal::NotFound("page")),
    }
}

fn find_challenge(context: &Context<'_>, token: &Token) -> Result<Page, Refusal> {
    let found = find_page(context, token)?;
    let at = context.find(Some(found.participant()))?;
    Ok(match found {
        FoundChallenge::Live(challenge) => Page::Challenge(at, challenge),
        // Who comes back to what was locked is told until when, as when it happened.
        FoundChallenge::Ended(ended) if ended.end == ChallengeEnd::Locked => {
            match budgets::admit(context, at, ended.method.guarded()) {
                Ok(_) => Page::Over(at, ended.end),
                Err(locked) => return Err(locked),
            }
        }
        FoundChallenge::Ended(ended) => Page::Over(at, ended.end),
    })
}
