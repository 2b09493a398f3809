//! The done page: its form is posted, an address is named, a proof is disowned. What each leads to is decided in
//! `domain::rules::finish`.

use super::Links;
use crate::domain::conversation::turn::Turn;
use crate::domain::event::Actor;
use crate::domain::rules::finish;
use crate::domain::rules::finish::{Finished, Said};
use crate::domain::secret::Tag;
use crate::domain::secret::token::{Token, TokenKind};
use crate::engine::Error;
use crate::engine::replay::fresh;
use crate::services::conversations::visits::{Held, Visit, With};
use crate::services::teams::TeamView;

impl Links {
    /// The form of a done page was posted.
    pub async fn finish(&self, done: &Token, browser: &Tag, said: Said<'_>) -> Result<Held<Finished>, Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| finish::finish(turn, done, browser, said);
        fresh(self.conversations.turn(visitor(done), rule, None).await?)
    }

    /// How a done page stands for a browser that has posted its form. Changes nothing that time has not changed.
    pub(crate) async fn visit_done(&self, done: &Token, browser: &Tag) -> Result<Held<Finished>, Error> {
        fresh(self.conversations.turn(visitor(done), |turn, _| finish::look(turn, done, browser), None).await?)
    }

    /// "This wasn't me" was pressed on a done page.
    pub async fn report_done(&self, done: &Token, browser: &Tag) -> Result<Held<()>, Error> {
        fresh(self.conversations.turn(visitor(done), |turn, _| finish::report(turn, done, browser), None).await?)
    }
}

fn visitor(done: &Token) -> Visit<'static> {
    let with = match done.kind {
        TokenKind::ChallengeDone => With::Challenge(done.number),
        _ => With::Link(done.number),
    };
    Visit { id: done.interaction, team: None, actor: Actor::Person, with }
}
