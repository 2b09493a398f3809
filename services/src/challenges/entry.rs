//! Code pages and invitations: looked at, arrived at, answered, disowned. What each leads to is
//! decided in `domain::rules`; here it is fetched and saved, and addresses are built.

use super::Challenges;
use crate::conversations::snapshots::{Acting, RequestContext, Snapshot};
use crate::engine::replay::executed;
use crate::engine::{Error, Execution, IdempotencyRecord, decode, encode};
use crate::teams::TeamView;
use countersign_domain::base::method::Method;
use countersign_domain::conversation::context::Context;
use countersign_domain::conversation::prepared_questions::Prepared;
use countersign_domain::proof::methods::check::TypedText;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::challenges::answer::OnPage;
use countersign_domain::rules::links::enter;
use countersign_domain::rules::links::enter::Arrived;
use countersign_domain::rules::links::invite;
use countersign_domain::rules::links::invite::InvitationRequest;
use countersign_domain::rules::links::invite::Invited;
use countersign_domain::rules::links::page::Page;
use countersign_domain::rules::links::page::find;
use countersign_domain::rules::pages::on_page;
use countersign_domain::rules::pages::on_page::PageAnswered;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;

impl Challenges {
    /// Makes an invitation.
    pub async fn invite(
        &self,
        acting: Acting<'_>,
        request: &InvitationRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Invited>>>,
    ) -> Result<Execution<Snapshot<Invited>>, Error> {
        let (id, request_context): (_, RequestContext<'_>) = (acting.id, acting.into());
        let told = match self.invite_once(request_context.clone(), request, idempotency).await {
            Err(Error::Refused(Refusal::NoSecurityKey)) => {
                self.conversations.team_that_signs(id).await?;
                self.invite_once(request_context, request, idempotency).await?
            }
            told => told?,
        };
        if let Execution::Executed(snapshot) = &told {
            let token = &snapshot.outcome.token;
            let payable = |context: &mut Context<'_>| invite::payable_code(context, token);
            let rule = |context: &mut Context<'_>, _: &TeamView| invite::send_code(context, token);
            let sent = self.conversations.transact_charged(RequestContext::by_page(token), payable, rule, None).await;
            if let Err(error) = sent {
                tracing::info!(%error, "no code went out with an invitation: it is put when she arrives");
            }
        }
        Ok(told)
    }

    async fn invite_once(
        &self,
        request_context: RequestContext<'_>,
        request: &InvitationRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Invited>>>,
    ) -> Result<Execution<Snapshot<Invited>>, Error> {
        let rule = |context: &mut Context<'_>, team: &TeamView| {
            let rules = &team.effective.settings.entry;
            let by_login = rules.require_authentication
                && (rules.first.is_login() || rules.subsequent.is_some_and(Method::is_login));
            match by_login && team.signing.is_none() {
                true => Err(Refusal::NoSecurityKey),
                false => invite::invite(context, request),
            }
        };
        let payable = |context: &mut Context<'_>| invite::payable(context, request);
        self.conversations.transact_charged(request_context, payable, rule, idempotency).await
    }

    /// What a code page's token opens. Changes nothing that time has not changed.
    pub async fn code_page_by_token(&self, token: &Token) -> Result<Snapshot<Page>, Error> {
        self.conversations.run(RequestContext::by_page(token), |context| find(context, token)).await
    }

    /// Continue was pressed on an invitation's page.
    pub async fn come_in(&self, token: &Token, browser: &Tag) -> Result<Snapshot<Arrived>, Error> {
        // Without questions first: who is asked for something else, or is locked, needs none.
        match self.come_in_with(token, browser, None).await {
            Err(Error::Refused(Refusal::MethodMissing)) => {}
            told => return told,
        }
        // Whoever presses often has one set made: what another press has put is seen in here.
        let _alone = self.questioning.pass(token.interaction).await?;
        let prepared = self.questions_at_invitation(token, browser).await?;
        self.come_in_with(token, browser, prepared.as_ref()).await
    }

    async fn come_in_with(
        &self,
        token: &Token,
        browser: &Tag,
        prepared: Option<&Prepared>,
    ) -> Result<Snapshot<Arrived>, Error> {
        let rule = |context: &mut Context<'_>, _: &TeamView| enter::arrive(context, token, browser);
        let payable = |context: &mut Context<'_>| enter::payable(context, token, browser);
        let request_context = RequestContext { questions: prepared, ..RequestContext::by_page(token) };
        executed(self.conversations.transact_charged(request_context, payable, rule, None).await?)
    }

    /// An answer on a code page, under the page's own name for it: the same one sent twice counts once.
    pub async fn answer_page(
        &self,
        token: &Token,
        typed: TypedText<'_>,
        attempt: &str,
        browser: &Tag,
    ) -> Result<PageAnswered, Error> {
        let render = |snapshot: &Snapshot<PageAnswered>| encode(&snapshot.outcome);
        let said = match typed {
            TypedText::Text(text) => text.to_owned(),
            TypedText::Set(set) => set.join("\n"),
        };
        let name = format!("page {} {} {attempt} {said}", token.text(), browser.name());
        let idempotency =
            IdempotencyRecord::new(self.engine.message_place(token.interaction.as_bytes(), &name), &render);
        let idempotency = Some(&idempotency).filter(|_| !attempt.is_empty());
        let rule = |context: &mut Context<'_>, _: &TeamView| on_page::answer(context, token, typed, browser, attempt);
        match self.transact_judged(RequestContext::by_page(token), rule, idempotency).await? {
            Execution::Executed(snapshot) => Ok(snapshot.outcome),
            Execution::Replayed(bytes) => decode("an answer", &bytes),
        }
    }

    /// The done page of a right answer on a code page.
    pub fn done_of_answer(&self, token: &Token, number: u16, starts: u16, attempt: &str, browser: &Tag) -> Token {
        OnPage { browser, token, attempt, invitation: None }.done(starts, number, &self.engine.keys)
    }

    /// Another code is asked for on a code page.
    pub async fn resend_page(&self, token: &Token, browser: &Tag) -> Result<(), Error> {
        let rule = |context: &mut Context<'_>, _: &TeamView| on_page::resend(context, token, browser);
        let payable = |context: &mut Context<'_>| on_page::payable(context, token);
        executed(self.conversations.transact_charged(RequestContext::by_page(token), payable, rule, None).await?)
            .map(drop)
    }

    /// "This wasn't me" was pressed on a code page.
    pub async fn report_page(&self, token: &Token, browser: &Tag) -> Result<Snapshot<()>, Error> {
        self.conversations.run(RequestContext::by_page(token), |context| on_page::report(context, token, browser)).await
    }
}
