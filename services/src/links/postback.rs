//! The login page's answer: judged against the link's team's keys, then accepted by the rule.
//! The signature is checked before the transaction, since keys are the team's; everything that depends on
//! the link's state is checked within it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::Links;
use crate::conversations::snapshots::{RequestContext, Snapshot};
use crate::customers::directories::LoginIdentity;
use crate::engine::Error;
use crate::teams::TeamView;
use countersign_domain::base::id::TeamName;
use countersign_domain::event::Actor;
use countersign_domain::proof::assertion;
use countersign_domain::proof::assertion::{AssertionResult, PostBack};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::links::postback::Accepted;
use countersign_domain::rules::links::postback::NewAnswer;
use countersign_domain::rules::links::postback::accept;
use countersign_domain::rules::links::postback::ambiguous;
use countersign_domain::rules::links::postback::answerable;
use countersign_domain::secret::token::{Token, TokenKind};

/// What a post-back is for.
pub struct PostBackLink {
    parsed: Token,
    /// The link's team.
    pub team: TeamName,
}

impl PostBackLink {
    /// Its handle.
    pub fn handle(&self) -> &Token {
        &self.parsed
    }
}

/// A post-back that a key of the link's team has signed.
pub struct VerifiedPostBack {
    team: Arc<TeamView>,
    assertion: PostBack,
}

impl Links {
    /// Takes a post-back at the callback of `handle`.
    pub async fn post_back(&self, handle: &str, token: &str) -> Result<Snapshot<Accepted>, Error> {
        let link = self.link_of(handle).await?;
        let verified = self.verify_post_back(&link, handle, token).await?;
        self.accept_post_back(&link, verified, &self.done_of(&link.parsed, token)).await
    }

    /// The done page of that very post-back.
    pub fn done_of(&self, handle: &Token, token: &str) -> Token {
        handle.done(&[digest(&SHA256, token.as_bytes()).as_ref()], &self.engine.keys.handle)
    }

    /// The same of an answer that is known by something else than its bytes.
    pub(crate) async fn post_back_of(
        &self,
        handle: &str,
        token: &str,
        of: &[&[u8]],
    ) -> Result<Snapshot<Accepted>, Error> {
        let link = self.link_of(handle).await?;
        let verified = self.verify_post_back(&link, handle, token).await?;
        self.accept_post_back(&link, verified, &link.parsed.done(of, &self.engine.keys.handle)).await
    }

    /// The link whose callback `handle` is in.
    pub async fn link_of(&self, handle: &str) -> Result<PostBackLink, Error> {
        let parsed = Token::parse(handle).filter(|t| matches!(t.kind, TokenKind::Handle | TokenKind::Link));
        let parsed = parsed.ok_or(Refusal::NotFound("link"))?;
        let seen = self.conversations.facts(parsed.interaction, None).await?;
        Ok(PostBackLink { parsed, team: seen.interaction.team.clone() })
    }

    /// Verifies a post-back's signature, audience and times.
    pub async fn verify_post_back(
        &self,
        link: &PostBackLink,
        handle: &str,
        token: &str,
    ) -> Result<VerifiedPostBack, Error> {
        let team = self.teams.team_signing(&link.team, token).await?.ok_or(Refusal::NotFound("link"))?;
        let callback = self.urls.callback(handle);
        let assertion = assertion::post_back(token, &callback, handle, &team.verifying, self.engine.now())?;
        self.teams.note_key_use(&team, &assertion.kid).await;
        Ok(VerifiedPostBack { team, assertion })
    }

    /// Takes a post-back that is verified, and whose done page is that.
    pub async fn accept_post_back(
        &self,
        link: &PostBackLink,
        verified: VerifiedPostBack,
        done: &Token,
    ) -> Result<Snapshot<Accepted>, Error> {
        let (VerifiedPostBack { team, mut assertion }, parsed) = (verified, &link.parsed);
        let answer = NewAnswer { handle: parsed, done };
        let actor = Actor::LoginPage(assertion.kid.to_string());
        let request_context = RequestContext { actor, ..RequestContext::by_page(parsed) };
        if let AssertionResult::Authenticated(proof) = &mut assertion.verdict
            && !team.effective.settings.directory.matching.is_empty()
        {
            // A directory is only asked about a link that can be answered, and nothing is spent before it is.
            self.conversations.run(request_context.clone(), |context| answerable(context, answer)).await?;
            match self.customers.identify(&team, proof).await? {
                LoginIdentity::Known => {}
                LoginIdentity::Nobody => return Err(Refusal::NoMatchingRecord.into()),
                LoginIdentity::Several => {
                    self.conversations.run(request_context, |context| ambiguous(context, answer)).await?;
                    return Err(Refusal::NoMatchingRecord.into());
                }
            }
        }
        self.conversations.run(request_context, |context| accept(context, answer, &assertion)).await
    }

    /// Where a done page is.
    pub fn done_url(&self, done: &Token) -> String {
        format!("{}/d/{}", self.urls.public_url(), done.text())
    }
}
