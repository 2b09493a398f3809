//! Questions of a provider: it is asked for a set, and whether answers to it are right. The attempt is saved
//! before it is asked, and what was typed passes through here in memory and lies nowhere.
//!
//! Which attempt counts, and what a verdict leads to, is `domain::rules`'; how a provider is asked, `identity`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Challenges;
use crate::conversations::snapshots::{RequestContext, Snapshot};
use crate::engine::{Error, Execution, IdempotencyRecord};
use crate::teams::TeamView;
use countersign_domain::base::id::ProviderName;
use countersign_domain::conversation::context::Context;
use countersign_domain::conversation::interaction::MAX_PARTICIPANTS;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::providers::provider_questions::{AnswerVerdict, ProviderTask, Set};
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::challenges::elsewhere;
use countersign_domain::secret::base64url;
use countersign_identity::{Given, ProviderTrouble, QuestionRequest};

/// A provider is waited for so long: somebody sits before it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// While other answers are being judged, these wait so long at a time.
const PAUSE: Duration = Duration::from_millis(50);

impl Challenges {
    /// A transaction that takes answers. Where a provider must say first whether they are right, their attempt is saved,
    /// the provider asked, and the same rule let decide again with what it said.
    pub(crate) async fn transact_judged<T: Clone>(
        &self,
        request_context: RequestContext<'_>,
        rule: impl Fn(&mut Context<'_>, &TeamView) -> Result<T, Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, Snapshot<T>>>,
    ) -> Result<Execution<Snapshot<T>>, Error> {
        let (mut verdicts, began) = (Vec::new(), Instant::now());
        loop {
            let request_context = RequestContext { verdicts: &verdicts, ..request_context.clone() };
            match self.conversations.transact(request_context, &rule, idempotency).await {
                Err(Error::Refused(Refusal::Unjudged(errand))) if verdicts.len() < MAX_PARTICIPANTS => {
                    verdicts.push(self.verdict_on(&errand).await?);
                }
                Err(Error::Refused(Refusal::Judging)) if began.elapsed() < TIMEOUT => tokio::time::sleep(PAUSE).await,
                told => return told,
            }
        }
    }

    /// Whether answers are right. Where nobody says so, the attempt counts for nothing.
    async fn verdict_on(&self, errand: &ProviderTask) -> Result<AnswerVerdict, Error> {
        let (check, now) = (errand.check, self.engine.now());
        let seen = self.conversations.facts(check.challenge.interaction, None).await?;
        let team = self.teams.team(&seen.interaction.team).await?.ok_or(Refusal::NotFound("interaction"))?;
        let given = Given { id: check, set: &errand.set, answers: errand.answers.expose(), now };
        let answered = match self.providers.checker(&team, &errand.provider) {
            Some(checker) => in_time(TIMEOUT, checker.judge(&given)).await,
            None => Err(ProviderTrouble::Refused("no-provider")),
        };
        self.hear_of_asker(&team, &errand.provider, answered.as_ref().err().copied()).await;
        match answered {
            Ok(passed) => Ok(AnswerVerdict { check, passed }),
            Err(trouble) => {
                let request_context = RequestContext::of_check(check, Some(&team.team.name));
                let rule = |context: &mut Context<'_>| elsewhere::give_up(context, check, trouble.as_str());
                self.conversations.run(request_context, rule).await?;
                Err(Refusal::ProviderDown.into())
            }
        }
    }

    /// A set of questions for somebody. Of whom no record is known it is asked for the same.
    pub(crate) async fn set_of(
        &self,
        team: &TeamView,
        provider: &ProviderName,
        person: &str,
        record: Option<&StoredCustomer>,
    ) -> Result<Set, Error> {
        let settings = &team.effective.settings;
        let fields: BTreeMap<&str, Vec<&str>> =
            record.map(|record| told_of(record, &settings.kba.send)).unwrap_or_default();
        let id = base64url(&self.engine.draw::<18>());
        let asking = QuestionRequest {
            id: &id,
            person,
            customer: record.map(|record| (record.id.as_str(), &fields)),
            wanted: (settings.kba.questions, settings.kba.must_match),
            locale: &settings.locale,
            now: self.engine.now(),
        };
        let answered = match self.providers.checker(team, provider) {
            Some(checker) => in_time(TIMEOUT, checker.questions(&asking)).await,
            None => Err(ProviderTrouble::Refused("no-provider")),
        };
        self.hear_of_asker(team, provider, answered.as_ref().err().copied()).await;
        answered.map_err(|_| Refusal::ProviderDown.into())
    }

    async fn hear_of_asker(&self, team: &TeamView, provider: &ProviderName, trouble: Option<ProviderTrouble>) {
        let outcome = trouble.map_or("answered", ProviderTrouble::as_str);
        metrics::counter!("countersign_questions_asked_total", "outcome" => outcome).increment(1);
        if let Some(trouble) = trouble {
            tracing::warn!(team = %team.team.name, %provider, why = trouble.as_str(), "a provider of questions did not answer");
        }
        self.providers.hear_of_provider(team, provider, trouble).await;
    }
}

/// What a provider is told of a record: the fields that the team names, and no others.
fn told_of<'a>(record: &'a StoredCustomer, fields: &'a [String]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let values = |field: &'a String| {
        let own = record.values(field);
        let fact = record.facts.get(field).map(String::as_str).filter(|_| own.is_empty());
        (field.as_str(), own.into_iter().chain(fact).collect::<Vec<_>>())
    };
    fields.iter().map(values).filter(|(_, values)| !values.is_empty()).collect()
}

/// What a provider answers; that it has not, where it takes too long.
pub(crate) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ProviderTrouble>>,
) -> Result<T, ProviderTrouble> {
    tokio::time::timeout(limit, answer).await.unwrap_or(Err(ProviderTrouble::Away("no-answer")))
}
