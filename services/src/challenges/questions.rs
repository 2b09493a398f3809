//! Making questions ready: who is asked is looked up in the team's directory, what of her facts may be
//! asked is chosen, and the set is handed to the rule that puts it.
//!
//! A directory that does not answer makes no questions: whoever it knows must not be asked what only
//! nobody is. Which questions, and what would be right, is `domain::questions`'.

use std::collections::BTreeSet;

use super::Challenges;
use crate::conversations::snapshots::{Acting, RequestContext, Snapshot};
use crate::engine::{Error, Execution, IdempotencyRecord};
use crate::teams::TeamView;
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::failure_limit::{CustomerTag, Need};
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_domain::conversation::prepared_questions::{Prepared, QuestionInputs};
use countersign_domain::customer::StoredCustomer;
use countersign_domain::proof::challenge::Challenge;
use countersign_domain::proof::methods::{AnswerForm, form};
use countersign_domain::providers::question_rule::QuestionRule;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::challenges::ask;
use countersign_domain::rules::challenges::ask::ChallengeRequest;
use countersign_domain::rules::links::enter::asked_at_entry;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::{Token, TokenKind};

/// Customers whose facts say what may be asked, where the team does not.
const LOOKED_AT: usize = 20;

/// Times that questions are made for somebody who is another one by the time that they are put.
const MAX_ATTEMPTS: u32 = 3;

impl Challenges {
    /// Puts questions to a participant.
    pub(crate) async fn ask_questions(
        &self,
        acting: Acting<'_>,
        request: &ChallengeRequest,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<Challenge>>>,
    ) -> Result<Execution<Snapshot<Challenge>>, Error> {
        // Without any first: who was answered before, or is locked, is no reason to ask anybody outside.
        match self
            .conversations
            .transact(acting.clone().into(), |context, _| ask::ask(context, request), idempotency)
            .await
        {
            Err(Error::Refused(Refusal::MethodMissing)) => {}
            told => return told,
        }
        for _ in 0..MAX_ATTEMPTS {
            let whom =
                |interaction: &Interaction, _: &TeamView| interaction.named(request.participant.as_ref()).cloned();
            let prepared = self.questions_for(acting.id, acting.team, whom).await?;
            let request_context = RequestContext { questions: prepared.as_ref(), ..acting.clone().into() };
            match self
                .conversations
                .transact(request_context, |context, _| ask::ask(context, request), idempotency)
                .await
            {
                Err(Error::Refused(Refusal::AnotherPerson)) => {}
                told => return told,
            }
        }
        Err(Refusal::AnotherPerson.into())
    }

    /// Questions for who comes in by that invitation with that browser, where the door asks her any now.
    pub(crate) async fn questions_at_invitation(
        &self,
        token: &Token,
        browser: &Tag,
    ) -> Result<Option<Prepared>, Error> {
        if token.kind != TokenKind::Entry {
            return Ok(None);
        }
        let (tag, now) = (token.tag(&self.engine.keys.link), self.engine.now());
        let whom = |interaction: &Interaction, team: &TeamView| {
            let has = |p: &&Participant| p.links.iter().any(|link| link.number == token.number && link.tag == tag);
            let invited = interaction.participants.iter().find(has)?;
            let wanted = invited.entry.wanted(&team.effective.settings.entry, browser, now);
            // What nobody has swept yet is over all the same.
            let asked = asked_at_entry(invited).filter(|asked| asked.is_live(now)).map(Challenge::method);
            let asks_questions = wanted.and_then(form) == Some(AnswerForm::Questions);
            (asks_questions && asked != wanted).then(|| invited.clone())
        };
        self.questions_for(token.interaction, None, whom).await
    }

    async fn questions_for(
        &self,
        id: InteractionId,
        team: Option<&TeamName>,
        whom: impl FnOnce(&Interaction, &TeamView) -> Option<Participant>,
    ) -> Result<Option<Prepared>, Error> {
        let seen = self.conversations.look(id, team).await?;
        let view = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let rules = &view.effective.settings.kba;
        let asker = self.providers.asker_of_questions(&view);
        let there = rules.is_there(asker.is_some());
        let Some(participant) = whom(&seen.interaction, &view).filter(|_| there) else { return Ok(None) };
        let pool = if asker.is_none() { self.what_may_be_asked(&view).await? } else { Vec::new() };
        let record = self.who_it_is_said_to_be(&view, &participant).await?;
        let (keys, team, nonce) = (&self.engine.keys, &view.team.name, self.engine.draw());
        let asking = QuestionInputs { keys, team, rules, pool: &pool, nonce };
        let Some(asker) = asker else { return Ok(asking.of(&participant, record.as_ref())) };
        // A set costs whoever asks for it: none is had where nothing is taken of her whom it would ask about.
        if let Some(record) = &record
            && self.limits.failure_limit(Need::Look(CustomerTag::of_id(keys, team, &record.id))).await?.bans()
        {
            return Err(Refusal::Banned.into());
        }
        let person = asking.person(&participant, record.as_ref());
        let set = self.set_of(&view, asker, &person, record.as_ref()).await?;
        Ok(Some(asking.put_by(asker, set, &participant, record.as_ref())))
    }

    /// What the team's settings name, else the facts that customers of the built-in directory have.
    async fn what_may_be_asked(&self, team: &TeamView) -> Result<Vec<QuestionRule>, Error> {
        let named = &team.effective.settings.kba.ask;
        if !named.is_empty() || !team.keeps_passwords() {
            return Ok(named.clone());
        }
        let (some, _) = self.customers.list_customers(&team.team.name, None, None, LOOKED_AT).await?;
        let facts: BTreeSet<&str> = some.iter().flat_map(|kept| kept.record.facts.keys().map(String::as_str)).collect();
        Ok(facts.into_iter().map(QuestionRule::named).collect())
    }

    /// The record of who a participant is said to be: by the customer's id, and where our own directory has
    /// her also by her phone number or mail address, if they are hers alone. Nothing is proved by that.
    async fn who_it_is_said_to_be(
        &self,
        team: &TeamView,
        participant: &Participant,
    ) -> Result<Option<StoredCustomer>, Error> {
        if let Some(id) = participant.record.as_ref().or(participant.known_as()) {
            return self.customers.customer_record(team, id).await;
        }
        if !team.keeps_passwords() {
            return Ok(None);
        }
        let person = &participant.person;
        let reached = person.phone.as_deref().map(|phone| ("phone", phone));
        let Some((field, address)) = reached.or(person.email.as_deref().map(|email| ("email", email))) else {
            return Ok(None);
        };
        let mut found = self.customers.built_in(&team.team.name).reached_at(field, address).await?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }
}
