//! Teams' accounts with those who check documents: written, read, taken away, tried out, and whether they
//! answer. What an account must say is its kind's to judge; what is asked of it, `photos`' to say.

use std::sync::Arc;

use countersign_channels::definition::Account;
use dashmap::DashMap;
use secrecy::SecretString;

use super::{TeamCache, TeamView, Teams, team_event};
use crate::engine::replay::executed;
use crate::engine::{Engine, Error};
use countersign_domain::accounts::provider::{Provider, ProviderInput};
use countersign_domain::base::id::{ProviderName, TeamName};
use countersign_domain::base::validation;
use countersign_domain::base::validation::FieldError;
use countersign_domain::event::data::teams::{ProviderDownData, ProviderEventData, SettingsChangedData};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Team;

use countersign_identity::{Checker, ProviderTrouble};

/// Providers that were opened.
#[derive(Default)]
pub(crate) struct Checkers(DashMap<(TeamName, ProviderName), Opened>);

/// What came of opening an account; none: it cannot be used.
struct Opened {
    of: Provider,
    checker: Option<Arc<dyn Checker>>,
}

impl TeamCache for Checkers {
    /// The team is there no more.
    fn forget_team(&self, team: &TeamName) {
        self.0.retain(|(of, _), _| of != team);
    }
}

/// Who checks documents and answers for teams.
pub struct Providers {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    /// The kinds of providers that teams may have accounts with.
    pub(crate) judges: countersign_identity::ProviderKinds,
    pub(crate) checkers: Arc<Checkers>,
}

impl Providers {
    /// Makes a provider or writes it anew; true where it is new.
    pub async fn put_provider(
        &self,
        team: &TeamName,
        name: &ProviderName,
        writing: &ProviderInput,
        actor: &Actor,
    ) -> Result<(bool, Provider), Error> {
        let rule = |record: &mut Team, now| {
            let provider = writing.over(record.providers.get(name), now);
            provider.check().map_err(Refusal::Invalid)?;
            self.open_provider(&provider).map_err(|wrong| self.explain_provider(&provider.kind, wrong))?;
            let is_new = record.put_provider(name, provider.clone())?;
            let data = SettingsChangedData::provider(name.clone(), Some(provider.kind.clone()));
            Ok(((is_new, provider), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        executed(self.teams.change_team(team, rule, None).await?)
    }

    /// A provider of the team.
    pub async fn provider(&self, team: &TeamName, name: &ProviderName) -> Result<Provider, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(view.team.providers.get(name).cloned().ok_or(Refusal::NotFound("provider"))?)
    }

    /// Takes a provider away. What it is judging comes to nothing.
    pub async fn remove_provider(&self, team: &TeamName, name: &ProviderName, actor: &Actor) -> Result<(), Error> {
        let rule = |record: &mut Team, now| {
            record.remove_provider(name)?;
            let data = SettingsChangedData::provider(name.clone(), None);
            Ok(((), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        executed(self.teams.change_team(team, rule, None).await?)?;
        self.checkers.0.remove(&(team.clone(), name.clone()));
        Ok(())
    }

    /// Asks a provider whether it would answer; no picture leaves.
    pub async fn try_provider(
        &self,
        team: &TeamName,
        name: &ProviderName,
    ) -> Result<Result<(), ProviderTrouble>, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let checker = self.checker(&view, name).ok_or(Refusal::NotFound("provider"))?;
        let answered = checker.try_account(self.engine.now()).await;
        self.hear_of_provider(&view, name, answered.err()).await;
        Ok(answered)
    }

    /// Who judges the documents that a team asks for; nobody where it asks for none, or names nobody.
    pub(crate) fn judge_of_documents<'a>(&self, team: &'a TeamView) -> Option<&'a ProviderName> {
        let rules = &team.effective.settings.photo_id;
        let named = rules.provider.as_deref().filter(|_| rules.enabled)?;
        let (name, provider) = team.team.providers.iter().find(|(name, _)| name.as_str() == named)?;
        self.judges.find(&provider.kind).map(|_| name)
    }

    /// Who puts the questions that a team asks; nobody where the gateway does, or where nobody can.
    pub(crate) fn asker_of_questions<'a>(&self, team: &'a TeamView) -> Option<&'a ProviderName> {
        let rules = &team.effective.settings.kba;
        let named = rules.provider.as_deref().filter(|_| rules.enabled)?;
        let (name, _) = team.team.providers.iter().find(|(name, _)| name.as_str() == named)?;
        self.checker(team, name).filter(|checker| checker.asks_questions()).map(|_| name)
    }

    /// What asks a team's provider.
    pub(crate) fn checker(&self, team: &TeamView, name: &ProviderName) -> Option<Arc<dyn Checker>> {
        let provider = team.team.providers.get(name)?;
        let place = (team.team.name.clone(), name.clone());
        if let Some(kept) = self.checkers.0.get(&place).filter(|kept| kept.of.is_same_account(provider)) {
            return kept.checker.clone();
        }
        let checker = self.open_provider(provider).ok();
        if checker.is_none() {
            tracing::warn!(team = %team.team.name, provider = %name, kind = provider.kind, "a provider cannot be used");
        }
        // Also that it cannot be: every transaction of the team asks.
        self.checkers.0.insert(place, Opened { of: provider.clone(), checker: checker.clone() });
        checker
    }

    /// Whether a provider answered is told where it is news.
    pub(crate) async fn hear_of_provider(
        &self,
        view: &TeamView,
        name: &ProviderName,
        trouble: Option<ProviderTrouble>,
    ) {
        let Some(known) = view.team.providers.get(name) else { return };
        if known.down_since.is_some() == trouble.is_some() {
            return;
        }
        let team = &view.team.name;
        let rule = |record: &mut Team, now| {
            let provider = record.providers.get_mut(name).ok_or(Refusal::NotFound("provider"))?;
            let told = name.clone();
            let data = match trouble {
                None => EventData::ProviderUp(ProviderEventData { provider: told }),
                Some(trouble) => {
                    EventData::ProviderDown(ProviderDownData { provider: told, reason: trouble.as_str().into() })
                }
            };
            let is_news = provider.hear(trouble.is_none(), now);
            let told = is_news.then(|| team_event(team, data, &Actor::Time, now));
            Ok(((), told.into_iter().collect()))
        };
        if let Err(error) = self.teams.change_team(team, rule, None).await {
            tracing::warn!(%team, provider = %name, %error, "how a provider stands could not be told; the next try tells it");
        }
    }

    /// Nothing wrong named: there is no such kind.
    fn open_provider(&self, provider: &Provider) -> Result<Arc<dyn Checker>, Vec<FieldError>> {
        let kind = self.judges.find(&provider.kind).ok_or_else(Vec::new)?;
        let text = |secret: &countersign_domain::secret::Secret| {
            SecretString::from(String::from_utf8_lossy(secret.expose()).into_owned())
        };
        let secrets = provider.secrets.iter().map(|(name, secret)| (name.clone(), text(secret))).collect();
        kind.open(&Account { fields: provider.account.clone(), secrets })
    }

    fn explain_provider(&self, kind: &str, errors: Vec<FieldError>) -> Refusal {
        if self.judges.find(kind).is_none() {
            let known: Vec<&str> = self.judges.names().collect();
            let unknown = validation::NO_SUCH.with([("words", &known.join(", "))]);
            return Refusal::Invalid(vec![FieldError::at("/kind", unknown)]);
        }
        Refusal::Invalid(errors)
    }
}
