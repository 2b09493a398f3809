//! A team's directory: written, read, taken away, tried out, and asked. Every question passes here, so that
//! a directory that does not answer is told of once, and never taken for one that knows nobody.
//!
//! What a kind needs is the kind's to judge, and whose private data are `domain::matching`'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use dashmap::DashMap;

use super::{BuiltIn, Customers};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::teams::{TeamCache, TeamView, team_event};
use countersign_directory::{Directory, DirectoryConnection, DirectoryFailure, whose};
use countersign_domain::accounts::channel::Health;
use countersign_domain::accounts::directory::{Connected, DirectoryInput, DirectoryKind};
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::customer::matching::{MatchedCustomer, wanted};
use countersign_domain::event::data::links::NO_LINK;
use countersign_domain::event::data::teams::{DirectoryDownData, DirectoryEventData, SettingsChangedData};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::proof::flag::Proof;
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Team;

/// Directories that were opened, with the connections that they were opened for.
#[derive(Default)]
pub(crate) struct OpenedDirectories(DashMap<TeamName, (Connected, Arc<dyn Directory>)>);

impl TeamCache for OpenedDirectories {
    /// The team has none any more.
    fn forget_team(&self, team: &TeamName) {
        self.0.remove(team);
    }
}

/// A team's directory, to be asked.
pub enum TeamDirectory<'a> {
    /// The one in the store.
    BuiltIn(BuiltIn<'a>),
    /// The company's own.
    Own(Arc<dyn Directory>),
}

impl<'a> TeamDirectory<'a> {
    /// As every directory is asked.
    pub fn directory(&self) -> &(dyn Directory + 'a) {
        match self {
            Self::BuiltIn(built_in) => built_in,
            Self::Own(own) => &**own,
        }
    }
}

/// What a directory is tried out with.
#[derive(Clone, Debug)]
pub enum Trial {
    /// Whether it answers at all.
    Nothing,
    /// A customer's id.
    Id(CustomerId),
    /// A login name.
    LoginName(String),
    /// Private data, as a login page would pass them on.
    PrivateData(BTreeMap<String, String>),
}

/// What it came to: how many customers fit, where the directory answered.
pub type LookupResult = Result<MatchedCustomer, DirectoryFailure>;

impl Customers {
    /// Writes how a team's directory is reached; true where it had none.
    pub async fn put_directory(
        &self,
        team: &TeamName,
        writing: &DirectoryInput,
        actor: &Actor,
    ) -> Result<(bool, Connected), Error> {
        let rule = |record: &mut Team, now| {
            let connected = writing.over(record.directory.as_ref(), now).map_err(Refusal::Invalid)?;
            self.open_directory(&connected).map_err(Refusal::Invalid)?;
            let is_new = record.directory.replace(connected.clone()).is_none();
            let data = SettingsChangedData::directory(Some(connected.kind));
            Ok(((is_new, connected), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        executed(self.teams.change_team(team, rule, None).await?)
    }

    /// How a team's directory is reached.
    pub async fn team_directory(&self, team: &TeamName) -> Result<Connected, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(view.team.directory.clone().ok_or(Refusal::NotFound("directory"))?)
    }

    /// Takes it away.
    pub async fn remove_directory(&self, team: &TeamName, actor: &Actor) -> Result<(), Error> {
        let rule = |record: &mut Team, now| {
            record.directory.take().ok_or(Refusal::NotFound("directory"))?;
            let data = SettingsChangedData::directory(None);
            Ok(((), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        executed(self.teams.change_team(team, rule, None).await?)?;
        self.directories.forget_team(team);
        Ok(())
    }

    fn open_directory(&self, connected: &Connected) -> Result<Arc<dyn Directory>, Vec<FieldError>> {
        let kind = self.kinds.find(connected.kind.as_str()).ok_or_else(|| {
            let names: Vec<&str> = self.kinds.names().collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            vec![FieldError::invalid(
                "/kind",
                format!("this gateway connects to: {known}; builtin needs no connection"),
            )]
        })?;
        kind.open(DirectoryConnection { settings: &connected.connection, secrets: &connected.secrets })
    }

    /// The team's directory, of the kind that its settings name.
    pub fn directory<'a>(&'a self, view: &'a TeamView) -> Result<TeamDirectory<'a>, DirectoryFailure> {
        let (team, kind) = (&view.team.name, view.effective.settings.directory.kind);
        if kind == DirectoryKind::BuiltIn {
            return Ok(TeamDirectory::BuiltIn(self.built_in(team)));
        }
        let connected = view.team.directory.as_ref().filter(|connected| connected.kind == kind);
        let connected =
            connected.ok_or_else(|| DirectoryFailure::misconfigured("no connection of this kind is written"))?;
        if let Some(kept) = self.directories.0.get(team).filter(|kept| kept.0.is_same(connected)) {
            return Ok(TeamDirectory::Own(kept.1.clone()));
        }
        let opened = self.open_directory(connected);
        let opened = opened.map_err(|_| DirectoryFailure::misconfigured("its connection is not taken any more"))?;
        self.directories.0.insert(team.clone(), (connected.clone(), opened.clone()));
        Ok(TeamDirectory::Own(opened))
    }

    /// What a directory answered. That it did not is told where it is news, and is never an answer.
    pub async fn heard<T>(&self, view: &TeamView, answer: Result<T, DirectoryFailure>) -> Result<T, Error> {
        let health = match &answer {
            Ok(_) => Health::Up,
            Err(failure) => {
                tracing::warn!(team = %view.team.name, %failure, "a directory did not answer");
                Health::Down(failure.trouble.as_str())
            }
        };
        let kind = view.effective.settings.directory.kind;
        if view.team.directory.as_ref().is_some_and(|known| known.kind == kind && known.is_news(health)) {
            self.tell_directory(view, health).await;
        }
        answer.map_err(|_| Refusal::DirectoryDown.into())
    }

    async fn tell_directory(&self, view: &TeamView, health: Health) {
        let (team, kind) = (&view.team.name, view.effective.settings.directory.kind);
        let rule = |record: &mut Team, now| {
            let known = record.directory.as_mut().filter(|known| known.kind == kind);
            let is_news = known.is_some_and(|known| known.hear(health, now));
            let data = match health {
                Health::Up => EventData::DirectoryUp(DirectoryEventData { kind }),
                Health::Down(why) => EventData::DirectoryDown(DirectoryDownData { kind, reason: why.into() }),
            };
            Ok(((), is_news.then(|| team_event(team, data, &Actor::Time, now)).into_iter().collect()))
        };
        if let Err(error) = self.teams.change_team(team, rule, None).await {
            tracing::warn!(%team, %error, "how a directory stands could not be told; the next question tells it");
        }
    }

    /// Tries a directory out, and says all that can be said of it.
    pub async fn try_directory(&self, team: &TeamName, trial: &Trial) -> Result<LookupResult, Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let tried = self.tried(&view, trial).await;
        let health = tried.clone().map(|_| ());
        let _ = self.heard(&view, health).await; // told, where it is news; the admin hears more
        Ok(tried)
    }

    async fn tried(&self, view: &TeamView, trial: &Trial) -> LookupResult {
        let asked = self.directory(view)?;
        let one =
            |record: Option<_>| record.map_or(MatchedCustomer::Nobody, |record| MatchedCustomer::One(Box::new(record)));
        match trial {
            Trial::Nothing => {
                let nobody = "nobody".parse().expect("it is an id");
                asked.directory().by_id(&nobody).await.map(one)
            }
            Trial::Id(id) => asked.directory().by_id(id).await.map(one),
            Trial::LoginName(name) => asked.directory().by_login_name(name).await.map(one),
            Trial::PrivateData(data) => {
                let Some(wanted) = wanted(&view.effective.settings.directory.matching, data) else {
                    return Ok(MatchedCustomer::Nobody);
                };
                whose(&wanted, asked.directory().find(&wanted).await?)
            }
        }
    }

    /// Whose private data a login has brought, where the team wants them to be somebody's: one customer's,
    /// and her record stands in the proof. Nothing that was asked for here is kept.
    pub(crate) async fn identify(&self, view: &TeamView, proof: &mut Proof) -> Result<LoginIdentity, Error> {
        let rules = &view.effective.settings.directory.matching;
        if rules.is_empty() {
            return Ok(LoginIdentity::Known);
        }
        let Some(wanted) = wanted(rules, &proof.private_data) else { return Ok(LoginIdentity::Nobody) };
        let answer = match self.directory(view) {
            Ok(asked) => asked.directory().find(&wanted).await.and_then(|found| whose(&wanted, found)),
            Err(failure) => Err(failure),
        };
        Ok(match self.heard(view, answer).await? {
            MatchedCustomer::Nobody => LoginIdentity::Nobody,
            MatchedCustomer::Several => LoginIdentity::Several,
            MatchedCustomer::One(record) => {
                proof.is_record(*record);
                LoginIdentity::Known
            }
        })
    }

    /// The private data of a website's word fit more than one customer: there is no conversation yet that
    /// could tell it.
    pub(crate) async fn tell_ambiguous(&self, team: &TeamName, actor: &Actor) -> Result<(), Error> {
        self.teams.record_audit_event(team, EventData::DirectoryAmbiguous(NO_LINK), actor).await
    }

    /// The customer of that id, as the team's directory has her.
    pub(crate) async fn customer_record(
        &self,
        team: &TeamView,
        id: &CustomerId,
    ) -> Result<Option<StoredCustomer>, Error> {
        let answer = match self.directory(team) {
            Ok(asked) => asked.directory().by_id(id).await,
            Err(failure) => Err(failure),
        };
        self.heard(team, answer).await
    }

    /// Whose login name it is; a mail address that is one customer's alone is her login name, too.
    pub(crate) async fn person_named(&self, team: &TeamView, name: &str) -> Result<Option<StoredCustomer>, Error> {
        let answer = match self.directory(team) {
            Ok(asked) => asked.directory().by_login_name(name).await,
            Err(failure) => Err(failure),
        };
        if let Some(record) = self.heard(team, answer).await? {
            return Ok(Some(record));
        }
        if !name.contains('@') || !team.keeps_passwords() {
            return Ok(None);
        }
        let mut found = self.built_in(&team.team.name).reached_at("email", name).await?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }
}

/// Who a login is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginIdentity {
    /// One whom the team knows, or the team does not ask.
    Known,
    /// Nobody whom the directory knows.
    Nobody,
    /// More than one.
    Several,
}
