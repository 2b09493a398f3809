//! Login links: making one, and what the person does with it.
//! Builds the URLs around a token, from the configured base alone; when a link may be made, opened
//! or reported is decided in `domain::rules`.

use std::sync::Arc;

use crate::conversations::Conversations;
use crate::conversations::snapshots::{RequestContext, Snapshot, With};
use crate::customers::Customers;
use crate::engine::{Engine, Error, Execution, IdempotencyRecord};
use crate::teams::{TeamView, Teams};
use crate::urls::Urls;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::context::Context;
use countersign_domain::event::Actor;
use countersign_domain::proof::link::{Link, authentication_url};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::links::continue_link::Continued;
use countersign_domain::rules::links::continue_link::find;
use countersign_domain::rules::links::continue_link::press_continue;
use countersign_domain::rules::links::continue_link::report;
use countersign_domain::rules::links::issue;
use countersign_domain::rules::links::issue::Issued;
use countersign_domain::rules::links::issue::LinkRequest;
use countersign_domain::rules::links::issue::issue;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;

pub mod done_pages;
pub mod postback;

/// Login links: made, opened, answered by login pages, and finished.
pub struct Links {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) conversations: Arc<Conversations>,
}

impl Links {
    /// Makes a login link.
    pub async fn issue_link(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        actor: &Actor,
        request: &LinkRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Issued>>>,
    ) -> Result<Execution<Snapshot<Issued>>, Error> {
        let request_context = RequestContext::new(id, team, actor.clone(), With::Nothing);
        match self.issue_link_once(request_context.clone(), request, idempotency).await {
            Err(Error::Refused(Refusal::NoSecurityKey)) => {
                self.conversations.team_that_signs(id).await?;
                self.issue_link_once(request_context, request, idempotency).await
            }
            told => told,
        }
    }

    async fn issue_link_once(
        &self,
        request_context: RequestContext<'_>,
        request: &LinkRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Issued>>>,
    ) -> Result<Execution<Snapshot<Issued>>, Error> {
        let rule = |context: &mut Context<'_>, team: &TeamView| match &team.signing {
            None => Err(Refusal::NoSecurityKey),
            Some(_) => issue(context, request),
        };
        if !request.deliver {
            return self.conversations.transact(request_context, rule, idempotency).await;
        }
        let payable = |context: &mut Context<'_>| issue::payable(context, request);
        self.conversations.transact_charged(request_context, payable, rule, idempotency).await
    }

    /// The signed authentication URL of a link that was opened a moment ago.
    pub async fn sign_url<T>(&self, snapshot: &Snapshot<T>, link: &Link, handle: &Token) -> Result<String, Error> {
        match self.signed_url(&snapshot.team, link, handle) {
            Err(Error::Refused(Refusal::NoSecurityKey)) => {
                self.signed_url(&*self.conversations.team_that_signs(snapshot.interaction.id).await?, link, handle)
            }
            signed => signed,
        }
    }

    /// The signed authentication URL of an opened link.
    pub fn signed_url(&self, team: &TeamView, link: &Link, handle: &Token) -> Result<String, Error> {
        let (kid, key) = team.signing.as_ref().ok_or(Refusal::NoSecurityKey)?;
        let page = team.login_page.as_ref().ok_or(Refusal::NoAuthenticationUrl)?;
        let text = handle.text();
        Ok(authentication_url(page, &text, &self.urls.callback(&text), link.expires_at, kid.as_str(), key))
    }

    /// What a landing page's token opens: whose link, and the link. Changes nothing that time has not changed.
    pub async fn link_by_token(&self, token: &Token) -> Result<Snapshot<(usize, Link)>, Error> {
        self.conversations.run(RequestContext::by_page(token), |context| find(context, token)).await
    }

    /// Continue was pressed.
    pub async fn continue_link(
        &self,
        token: &Token,
        browser: &Tag,
        opener: Option<&str>,
    ) -> Result<Snapshot<Continued>, Error> {
        self.conversations
            .run(RequestContext::by_page(token), |context| press_continue(context, token, browser, opener))
            .await
    }

    /// "This wasn't me" was pressed.
    pub async fn report_link(&self, token: &Token) -> Result<Snapshot<()>, Error> {
        self.conversations.run(RequestContext::by_page(token), |context| report(context, token)).await
    }
}
