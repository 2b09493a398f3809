//! Documents that people show: the attempt is saved, the provider asked, and its verdict decided on and
//! saved. Pictures pass through here in memory, from the request to the provider, and lie nowhere.
//!
//! Which attempt counts, and what for, is `domain::rules::pages::photo`'s; how a provider is asked, `identity`'s.

use std::time::Duration;

use http::HeaderMap;

use super::Challenges;
use super::judging::in_time;
use crate::conversations::snapshots::{RequestContext, Snapshot};
use crate::engine::Error;
use countersign_domain::base::id::{ProviderName, TeamName};
use countersign_domain::base::validation::FieldError;
use countersign_domain::conversation::context::Context;
use countersign_domain::proof::challenge::Challenge;
use countersign_domain::providers::identity::{CheckId, DocumentVerdict, Flaw, Side, TIMEOUT};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::pages::photo;
use countersign_domain::rules::pages::photo::DocumentCase;
use countersign_domain::rules::pages::photo::Handed;
use countersign_domain::rules::pages::photo::JudgedDocument;
use countersign_domain::rules::pages::photo::Pictures;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;
use countersign_identity::{self, ProviderReply, ProviderTrouble, ProviderVerificationError};
use countersign_pictures::Picture;

/// So long a provider has for all that it does about an attempt: what it did not say by then is told while the
/// attempt still waits for it.
const IN_TIME: Duration = TIMEOUT.saturating_sub(Duration::from_secs(5));

/// What handing pictures in led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedIn {
    /// For the person.
    pub shown: UploadOutcome,
    /// The done page, where the browser has yet to be shown to be the chat's.
    pub done: Option<Token>,
}

/// What handing pictures in led to, for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadOutcome {
    /// A verdict.
    Judged(JudgedDocument),
    /// The verdict comes later; also where others are being judged.
    Later,
    /// Nobody said anything: it counts for nothing.
    Undecided,
}

/// A verdict that is verified to be the provider's.
pub struct VerifiedVerdict {
    id: CheckId,
    verdict: DocumentVerdict,
}

impl Challenges {
    /// The document that a page asks this browser for. Changes nothing that time has not changed.
    pub async fn asked_document(&self, token: &Token, browser: &Tag) -> Result<Snapshot<Challenge>, Error> {
        let rule = |context: &mut Context<'_>| photo::asked(context, token, browser).map(|(_, challenge)| challenge);
        self.conversations.run(RequestContext::by_page(token), rule).await
    }

    /// Hands pictures in, and waits for what the provider says at once. Where they are flawed nobody is asked.
    pub async fn hand_in(
        &self,
        token: &Token,
        browser: &Tag,
        pictures: &[(Side, Picture)],
        flaws: &[Flaw],
    ) -> Result<HandedIn, Error> {
        let rule = |context: &mut Context<'_>| photo::hand_in(context, token, browser, flaws);
        let snapshot = self.conversations.run(RequestContext::by_page(token), rule).await?;
        let shown = match &snapshot.outcome.what {
            Pictures::Judged(judged) => UploadOutcome::Judged(judged.clone()),
            Pictures::Busy => UploadOutcome::Later,
            Pictures::Ask(case) => self.ask_provider(&snapshot, case, pictures).await?,
        };
        Ok(HandedIn { shown, done: snapshot.outcome.done })
    }

    /// Where the browser that showed a document goes to be bound to the chat, once more.
    pub async fn document_done(&self, token: &Token, browser: &Tag) -> Result<Token, Error> {
        let rule = |context: &mut Context<'_>| photo::done_again(context, token, browser);
        Ok(self.conversations.run(RequestContext::by_page(token), rule).await?.outcome)
    }

    async fn ask_provider(
        &self,
        snapshot: &Snapshot<Handed>,
        case: &DocumentCase,
        pictures: &[(Side, Picture)],
    ) -> Result<UploadOutcome, Error> {
        let (team, id) = (&snapshot.team, case.id);
        let callback = format!("{}/v1/identity/{}/{}", self.urls.public_url(), team.team.name, case.provider);
        let answered = match self.providers.checker(team, &case.provider) {
            Some(checker) => {
                let asked = countersign_identity::ProviderAttempt {
                    id,
                    selfie: case.selfie,
                    pictures,
                    callback: &callback,
                    now: self.engine.now(),
                };
                in_time(IN_TIME, checker.check(&asked)).await.map(|answer| (answer, checker.later_minutes()))
            }
            None => Err(ProviderTrouble::Refused("no-provider")),
        };
        let outcome = match &answered {
            Ok((ProviderReply::Verdict(_), _)) => "verdict",
            Ok((ProviderReply::Later, _)) => "later",
            Err(trouble) => trouble.as_str(),
        };
        metrics::counter!("countersign_identity_checks_total", "outcome" => outcome).increment(1);
        self.providers.hear_of_provider(team, &case.provider, answered.as_ref().err().copied()).await;
        match answered {
            Ok((ProviderReply::Verdict(verdict), _)) => match self.weigh(id, None, &case.provider, &verdict).await? {
                JudgedDocument::Waits => Ok(UploadOutcome::Later),
                judged => Ok(UploadOutcome::Judged(judged)),
            },
            Ok((ProviderReply::Later, minutes)) => {
                let until = self.engine.now().plus_minutes(minutes);
                let rule = |context: &mut Context<'_>| photo::wait(context, id, until);
                self.conversations.run(RequestContext::of_check(id, None), rule).await?;
                Ok(UploadOutcome::Later)
            }
            Err(trouble) => {
                tracing::warn!(team = %team.team.name, provider = %case.provider, why = trouble.as_str(), "nobody judged a document");
                let rule = |context: &mut Context<'_>| photo::give_up(context, id, trouble.as_str());
                self.conversations.run(RequestContext::of_check(id, None), rule).await?;
                Ok(UploadOutcome::Undecided)
            }
        }
    }

    /// Verifies that a call with a verdict is the provider's, and reads it.
    ///
    /// # Errors
    ///
    /// `Unproved` where it is not the provider's; `UnusableVerdict` where it cannot be followed.
    pub async fn verify_verdict(
        &self,
        team: &TeamName,
        provider: &ProviderName,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<VerifiedVerdict, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("provider"))?;
        let checker = self.providers.checker(&view, provider).ok_or(Refusal::NotFound("provider"))?;
        let (id, verdict) = checker.hear(headers, body, self.engine.now()).map_err(|distrust| match distrust {
            ProviderVerificationError::Unheard => Refusal::NotFound("provider"),
            ProviderVerificationError::Unproved(why) => Refusal::Unproved(format!("{team}/{provider}: {why}")),
            ProviderVerificationError::Unreadable(why) => Refusal::Invalid(vec![FieldError::invalid("", why)]),
        })?;
        Ok(VerifiedVerdict { id, verdict })
    }

    /// Decides on a provider's verdict.
    ///
    /// # Errors
    ///
    /// `Replayed` where that attempt has been judged; `OutOfOrder` where the second stage came before the first.
    pub async fn take_verdict(
        &self,
        team: &TeamName,
        provider: &ProviderName,
        verdict: &VerifiedVerdict,
    ) -> Result<JudgedDocument, Error> {
        self.weigh(verdict.id, Some(team), provider, &verdict.verdict).await
    }

    async fn weigh(
        &self,
        id: CheckId,
        team: Option<&TeamName>,
        from: &ProviderName,
        verdict: &DocumentVerdict,
    ) -> Result<JudgedDocument, Error> {
        let rule = |context: &mut Context<'_>| photo::judge(context, id, from, verdict);
        Ok(self.conversations.run(RequestContext::of_check(id, team), rule).await?.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_provider_is_given_up_before_its_attempt_is() {
        let began = tokio::time::Instant::now();
        let never = std::future::pending::<Result<ProviderReply, _>>();
        assert_eq!(in_time(IN_TIME, never).await, Err(ProviderTrouble::Away("no-answer")));
        assert!(began.elapsed() < TIMEOUT);
        let slow = async {
            tokio::time::sleep(Duration::from_secs(50)).await;
            Ok(ProviderReply::Later)
        };
        assert_eq!(in_time(IN_TIME, slow).await, Ok(ProviderReply::Later));
    }
}
