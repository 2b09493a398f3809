//! Code pages and invitations: looked at, arrived at, answered, disowned. What each leads to is
//! decided in `domain::rules`; here it is fetched and saved, and addresses are built.

use super::Challenges;
use super::questions::with;
use crate::domain::base::method::Method;
use crate::domain::conversation::prepared_questions::Prepared;
use crate::domain::conversation::turn::Turn;
use crate::domain::event::Actor;
use crate::domain::proof::challenge::Typed;
use crate::domain::refusal::Refusal;
use crate::domain::rules::answer::OnPage;
use crate::domain::rules::enter::Arrived;
use crate::domain::rules::invite::{Invited, Request};
use crate::domain::rules::on_page::Answered;
use crate::domain::rules::page::{Page, find};
use crate::domain::rules::{enter, invite, on_page};
use crate::domain::secret::Tag;
use crate::domain::secret::token::{Token, TokenKind};
use crate::engine::replay::fresh;
use crate::engine::{Error, Remember, Told, decode, encode};
use crate::services::conversations::visits::{Acting, Held, Visit, With};
use crate::services::teams::TeamView;

impl Challenges {
    /// Makes an invitation.
    pub async fn invite(
        &self,
        acting: Acting<'_>,
        request: &Request,
        remember: Option<&Remember<'_, Held<Invited>>>,
    ) -> Result<Told<Held<Invited>>, Error> {
        let (id, visit): (_, Visit<'_>) = (acting.id, acting.into());
        let told = match self.invite_once(visit.clone(), request, remember).await {
            Err(Error::Refused(Refusal::NoSecurityKey)) => {
                self.conversations.team_that_signs(id).await?;
                self.invite_once(visit, request, remember).await?
            }
            told => told?,
        };
        if let Told::Fresh(held) = &told {
            let token = &held.outcome.token;
            let payable = |turn: &mut Turn<'_>| invite::payable_code(turn, token);
            let sent = self
                .conversations
                .turn_paid(visitor(token), payable, |turn, _| invite::send_code(turn, token), None)
                .await;
            if let Err(error) = sent {
                tracing::info!(%error, "no code went out with an invitation: it is put when she arrives");
            }
        }
        Ok(told)
    }

    async fn invite_once(
        &self,
        visit: Visit<'_>,
        request: &Request,
        remember: Option<&Remember<'_, Held<Invited>>>,
    ) -> Result<Told<Held<Invited>>, Error> {
        let rule = |turn: Turn<'_>, team: &TeamView| {
            let rules = &team.effective.settings.entry;
            let by_login =
                rules.require_authentication && [Some(rules.first), rules.subsequent].contains(&Some(Method::Login));
            match by_login && team.signing.is_none() {
                true => turn.refuse(Refusal::NoSecurityKey),
                false => invite::invite(turn, request),
            }
        };
        let payable = |turn: &mut Turn<'_>| invite::payable(turn, request);
        self.conversations.turn_paid(visit, payable, rule, remember).await
    }

    /// What a code page's token opens. Changes nothing that time has not changed.
    pub async fn visit_page(&self, token: &Token) -> Result<Held<Page>, Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| {
            let found = find(&turn, token);
            turn.end(found)
        };
        fresh(self.conversations.turn(visitor(token), rule, None).await?)
    }

    /// Continue was pressed on an invitation's page.
    pub async fn come_in(&self, token: &Token, browser: &Tag) -> Result<Held<Arrived>, Error> {
        // Without questions first: who is asked for something else, or is locked, needs none.
        match self.come_in_with(token, browser, None).await {
            Err(Error::Refused(Refusal::MethodMissing)) => {}
            told => return told,
        }
        // Whoever presses often has one set made: what another press has put is seen in here.
        let _alone = self.questioning.pass(token.interaction).await?;
        let prepared = self.questions_at_door(token, browser).await?;
        self.come_in_with(token, browser, prepared.as_ref()).await
    }

    async fn come_in_with(
        &self,
        token: &Token,
        browser: &Tag,
        prepared: Option<&Prepared>,
    ) -> Result<Held<Arrived>, Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| enter::arrive(with(turn, prepared), token, browser);
        let payable = |turn: &mut Turn<'_>| enter::payable(turn, token, browser);
        fresh(self.conversations.turn_paid(visitor(token), payable, rule, None).await?)
    }

    /// An answer on a code page, under the page's own name for it: the same one sent twice counts once.
    pub async fn answer_page(
        &self,
        token: &Token,
        typed: Typed<'_>,
        attempt: &str,
        browser: &Tag,
    ) -> Result<Answered, Error> {
        let render = |held: &Held<Answered>| encode(&held.outcome);
        let said = match typed {
            Typed::Text(text) => text.to_owned(),
            Typed::Set(set) => set.join("\n"),
        };
        let name = format!("page {} {} {attempt} {said}", token.text(), browser.name());
        let remember = Remember::new(self.engine.message_place(token.interaction.as_bytes(), &name), &render);
        let remember = Some(&remember).filter(|_| !attempt.is_empty());
        let rule = |turn: Turn<'_>, _: &TeamView| on_page::answer(turn, token, typed, browser, attempt);
        match self.turn_judged(visitor(token), rule, remember).await? {
            Told::Fresh(held) => Ok(held.outcome),
            Told::Again(bytes) => decode("an answer", &bytes),
        }
    }

    /// The done page of a right answer on a code page.
    pub fn done_of_answer(&self, token: &Token, (number, starts): (u16, u16), attempt: &str, browser: &Tag) -> Token {
        OnPage { browser, token, attempt, invitation: None }.done(starts, number, &self.engine.keys)
    }

    /// Another code is asked for on a code page.
    pub async fn resend_page(&self, token: &Token, browser: &Tag) -> Result<(), Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| on_page::resend(turn, token, browser);
        let payable = |turn: &mut Turn<'_>| on_page::payable(turn, token);
        fresh(self.conversations.turn_paid(visitor(token), payable, rule, None).await?).map(drop)
    }

    /// "This wasn't me" was pressed on a code page.
    pub async fn report_page(&self, token: &Token, browser: &Tag) -> Result<Held<()>, Error> {
        let rule = |turn: Turn<'_>, _: &TeamView| on_page::report(turn, token, browser);
        fresh(self.conversations.turn(visitor(token), rule, None).await?)
    }
}

fn visitor(token: &Token) -> Visit<'static> {
    let with = match token.kind {
        TokenKind::Challenge => With::Challenge(token.number),
        _ => With::Link(token.number),
    };
    Visit { id: token.interaction, team: None, actor: Actor::Person, with }
}
