//! The done page: its form is posted, an address is named, a proof is disowned. What each leads to is decided in
//! `domain::rules::pages::finish`.

use super::Links;
use crate::domain::conversation::context::Context;
use crate::domain::event::Actor;
use crate::domain::rules::pages::finish;
use crate::domain::rules::pages::finish::FinishForm;
use crate::domain::rules::pages::finish::Finished;
use crate::domain::secret::Tag;
use crate::domain::secret::token::{Token, TokenKind};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::services::conversations::snapshots::{RequestContext, Snapshot, With};
use crate::services::teams::TeamView;

impl Links {
    /// The form of a done page was posted.
    pub async fn finish(&self, done: &Token, browser: &Tag, said: FinishForm<'_>) -> Result<Snapshot<Finished>, Error> {
        let rule = |context: &mut Context<'_>, _: &TeamView| finish::finish(context, done, browser, said);
        executed(self.conversations.transact(visitor(done), rule, None).await?)
    }

    /// How a done page stands for a browser that has posted its form. Changes nothing that time has not changed.
    pub(crate) async fn done_page_by_token(&self, done: &Token, browser: &Tag) -> Result<Snapshot<Finished>, Error> {
        executed(
            self.conversations.transact(visitor(done), |context, _| finish::look(context, done, browser), None).await?,
        )
    }

    /// "This wasn't me" was pressed on a done page.
    pub async fn report_done(&self, done: &Token, browser: &Tag) -> Result<Snapshot<()>, Error> {
        executed(
            self.conversations
                .transact(visitor(done), |context, _| finish::report(context, done, browser), None)
                .await?,
        )
    }
}

fn visitor(done: &Token) -> RequestContext<'static> {
    let with = match done.kind {
        TokenKind::ChallengeDone => With::Challenge(done.number),
        _ => With::Link(done.number),
    };
    RequestContext::new(done.interaction, None, Actor::Person, with)
}
