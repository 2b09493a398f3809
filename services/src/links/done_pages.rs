//! The done page: its form is posted, an address is named, a proof is disowned. What each leads to is decided in
//! `domain::rules::pages::finish`.

use super::Links;
use crate::conversations::snapshots::{RequestContext, Snapshot};
use crate::engine::Error;
use countersign_domain::rules::pages::finish;
use countersign_domain::rules::pages::finish::FinishForm;
use countersign_domain::rules::pages::finish::Finished;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;

impl Links {
    /// The form of a done page was posted.
    pub async fn finish(&self, done: &Token, browser: &Tag, said: FinishForm<'_>) -> Result<Snapshot<Finished>, Error> {
        self.conversations
            .run(RequestContext::by_page(done), |context| finish::finish(context, done, browser, said))
            .await
    }

    /// How a done page stands for a browser that has posted its form. Changes nothing that time has not changed.
    pub(crate) async fn done_page_by_token(&self, done: &Token, browser: &Tag) -> Result<Snapshot<Finished>, Error> {
        self.conversations.run(RequestContext::by_page(done), |context| finish::look(context, done, browser)).await
    }

    /// "This wasn't me" was pressed on a done page.
    pub async fn report_done(&self, done: &Token, browser: &Tag) -> Result<Snapshot<()>, Error> {
        self.conversations.run(RequestContext::by_page(done), |context| finish::report(context, done, browser)).await
    }
}
