//! Challenges: putting one, answering it, sending it again, taking it back, showing its code; and
//! its page, which is opened by a token. When any of that may be, `domain::rules` says.

use std::sync::Arc;

use crate::conversations::Conversations;
use crate::conversations::snapshots::{Acting, RequestContext, Snapshot, With};
use crate::customers::Customers;
use crate::engine::keyed_locks::KeyedLocks;
use crate::engine::replay::{ReplyKey, executed};
use crate::engine::{Engine, Error, Execution, IdempotencyRecord};
use crate::limits::Limits;
use crate::teams::providers::Providers;
use crate::teams::{TeamView, Teams};
use crate::urls::Urls;
use countersign_domain::base::id::{ChallengeId, MessageId, TeamName};
use countersign_domain::conversation::context::Context;
use countersign_domain::event::Actor;
use countersign_domain::proof::challenge::Challenge;
use countersign_domain::proof::methods::AnswerForm;
use countersign_domain::proof::methods::check::TypedText;
use countersign_domain::rules::challenges::answer::Answer;
use countersign_domain::rules::challenges::answer::AnswerOrigin;
use countersign_domain::rules::challenges::answer::Answered;
use countersign_domain::rules::challenges::answer::answer;
use countersign_domain::rules::challenges::ask;
use countersign_domain::rules::challenges::ask::ChallengeRequest;
use countersign_domain::rules::challenges::manage;
use countersign_domain::rules::challenges::manage::FoundChallenge;
use countersign_domain::rules::challenges::manage::Revealed;
use countersign_domain::rules::challenges::manage::arrive;
use countersign_domain::rules::challenges::manage::cancel;
use countersign_domain::rules::challenges::manage::look;
use countersign_domain::rules::challenges::manage::resend;
use countersign_domain::rules::challenges::manage::reveal;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;

pub mod entry;
pub mod judging;
pub mod messages;
pub mod photos;
pub mod questions;

/// Which challenge, for which team's caller, by whom.
#[derive(Clone)]
pub struct Attending<'a> {
    /// The challenge.
    pub id: ChallengeId,
    /// The caller's team; None: an owner, who sees every team's.
    pub team: Option<&'a TeamName>,
    /// Who.
    pub actor: Actor,
}

impl<'a> From<Attending<'a>> for RequestContext<'a> {
    fn from(attending: Attending<'a>) -> Self {
        let Attending { id, team, actor } = attending;
        RequestContext::new(id.interaction, team, actor, With::Challenge(id.number))
    }
}

/// Codes, PINs, questions and documents that are asked for, and the pages where they are.
pub struct Challenges {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) conversations: Arc<Conversations>,
    /// Sets of questions that are asked for at doors, by interaction: one at a time.
    pub(crate) questioning: KeyedLocks,
}

impl Challenges {
    /// Puts a challenge to a participant.
    pub async fn ask(
        &self,
        acting: Acting<'_>,
        request: &ChallengeRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Challenge>>>,
    ) -> Result<Execution<Snapshot<Challenge>>, Error> {
        if request.method.form() == AnswerForm::Questions {
            return self.ask_questions(acting, request, idempotency).await;
        }
        let rule = |context: &mut Context<'_>, _: &TeamView| ask::ask(context, request);
        if !request.may_be_sent() {
            return self.conversations.transact(acting.into(), rule, idempotency).await;
        }
        let payable = |context: &mut Context<'_>| ask::payable(context, request);
        self.conversations.transact_charged(acting.into(), payable, rule, idempotency).await
    }

    /// A challenge as it is now.
    pub async fn challenge(&self, attending: Attending<'_>) -> Result<Snapshot<FoundChallenge>, Error> {
        let number = attending.id.number;
        self.conversations.run(attending.into(), |context| look(context, number)).await
    }

    /// Takes an answer that a caller brings, and who says that it is the conversation's where it `speaks` for that.
    pub async fn answer(
        &self,
        attending: Attending<'_>,
        typed: TypedText<'_>,
        speaks: bool,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Answered>>>,
    ) -> Result<Execution<Snapshot<Answered>>, Error> {
        let (number, by) = (attending.id.number, attending.actor.clone());
        let said = Answer { typed, how: AnswerOrigin::Brought { speaks }, by: &by };
        self.transact_judged(attending.into(), |context, _| answer(context, number, &said), idempotency).await
    }

    /// Where the reply to an answer that has a message's id is remembered.
    pub fn answer_place(&self, id: ChallengeId, message: &MessageId) -> ReplyKey {
        let of = [id.interaction.as_bytes().as_slice(), &id.number.to_be_bytes()].concat();
        self.engine.place_of(b"answer", &of, message.as_str())
    }

    /// Sends another code.
    pub async fn resend(
        &self,
        attending: Attending<'_>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Challenge>>>,
    ) -> Result<Execution<Snapshot<Challenge>>, Error> {
        let number = attending.id.number;
        let payable = |context: &mut Context<'_>| manage::payable(context, number);
        self.conversations
            .transact_charged(attending.into(), payable, |context, _| resend(context, number), idempotency)
            .await
    }

    /// Takes a challenge back.
    pub async fn cancel(&self, attending: Attending<'_>) -> Result<Snapshot<()>, Error> {
        let number = attending.id.number;
        self.conversations.run(attending.into(), |context| cancel(context, number)).await
    }

    /// Shows a challenge's code, or its PIN.
    pub async fn reveal(&self, attending: Attending<'_>) -> Result<Snapshot<Revealed>, Error> {
        let (number, to) = (attending.id.number, attending.actor.clone());
        self.conversations.run(attending.into(), |context| reveal(context, number, &to)).await
    }

    /// Continue was pressed on a challenge's page.
    pub async fn arrive(
        &self,
        token: &Token,
        browser: &Tag,
        opener: Option<&str>,
    ) -> Result<Snapshot<FoundChallenge>, Error> {
        let payable = |context: &mut Context<'_>| manage::payable_arrival(context, token, browser);
        let rule = |context: &mut Context<'_>, _: &TeamView| arrive(context, token, browser, opener);
        executed(self.conversations.transact_charged(RequestContext::by_page(token), payable, rule, None).await?)
    }
}
