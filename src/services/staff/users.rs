//! A team's local users, as its admins tend them: invited, changed, unlocked, removed. Each is a record
//! beside the team's; a roster names them all. How they sign in, `signing_in` says.

use countersign_channels::{Content, Message, MessageAddress, Terms};
use serde_json::json;

use super::Users;
use crate::domain::base::id::{ChannelName, TeamName, UserName};
use crate::domain::conversation::destination::Destination;
use crate::domain::event::{Actor, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::secret::{Tag, base64url};
use crate::domain::settings::precondition::Precondition;
use crate::domain::team::user::{MAX_USERS, User, UserIndex, UserInput, words};
use crate::domain::team::{Role, Team};
use crate::domain::time::Moment;
use crate::domain::time::lease::TIMEOUT;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::{Error, decode, encode};
use crate::services::messaging::sending::{hand, outcome_of};
use crate::services::names::{team_record, user_index_name, user_name};
use crate::services::teams::team_event;

/// A user who was written, and what she was sent.
pub struct SavedUser {
    /// As she is now.
    pub user: User,
    /// Where she is new, or was invited again.
    pub invitation: Option<SetPasswordLink>,
    /// Whether the team's mail took it to her.
    pub mailed: bool,
}

/// What else an admin does with a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tending<'a> {
    /// Another set-password link; the one before ends.
    Invite,
    /// Her authenticator app is asked for no more.
    ResetApp,
    /// A lock or a ban is lifted, for that reason where one is given.
    Unlock(Option<&'a str>),
    /// Every session of hers ends.
    SignOut,
}

impl Users {
    /// Whether that is what the owner key of the configuration is known by.
    pub(crate) fn is_owner(&self, mark: Tag) -> bool {
        self.owner.is_some_and(|owner| owner == mark)
    }

    /// Whether the configuration has an owner key.
    pub(crate) fn has_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Makes a user and invites her, or changes one. Refused with `Forbidden` where she is, or would become,
    /// more than who asks.
    pub async fn put_user(
        &self,
        team: &TeamName,
        name: &UserName,
        wanted: &UserInput,
        only_if: Precondition,
        by: Role,
        actor: &Actor,
    ) -> Result<SavedUser, Error> {
        let secret = base64url(&self.engine.draw::<32>());
        let (tag, drawn) = (self.invitation_tag(team, name, &secret), self.engine.draw());
        let reads = self.user_reads(team, name);
        let saved = self.engine.decide(&reads, |records, now| {
            let mut user_index = present(team, records)?;
            let before: Option<User> = records[2].as_ref().map(|bytes| decode(&reads.names[2], bytes)).transpose()?;
            if before.as_ref().is_some_and(|user| user.role > by) || wanted.role > by {
                return Ok(Change::nothing(Err(Refusal::Forbidden)));
            }
            if let Err(refusal) = only_if.admit(before.is_some()) {
                return Ok(Change::nothing(Err(refusal)));
            }
            if before.is_none() && user_index.users.len() >= MAX_USERS {
                return Ok(Change::nothing(Err(Refusal::TooManyUsers)));
            }
            let is_new = before.is_none();
            let mut user = before.unwrap_or_else(|| User::new(team.clone(), name.clone(), wanted.clone(), drawn, now));
            user.change(wanted.clone());
            let until = is_new.then(|| user.invite(tag, now));
            user_index.users.insert(name.clone(), user.email.clone());
            let kind = if is_new { EventKind::UserCreated } else { EventKind::UserChanged };
            let data = json!({"user": name, "role": user.role, "disabled": user.disabled});
            let mut change = save_user(&reads, &user, (user.clone(), until));
            change.put.push(PlainRecord {
                name: reads.names[1].clone(),
                bytes: encode(&user_index),
                ..PlainRecord::default()
            });
            change.events.push(team_event(team, kind, actor, now, data));
            Ok(change)
        });
        let (user, until) = saved.await?.outcome?;
        let invitation = until.map(|until| SetPasswordLink { url: self.set_password_url(team, name, &secret), until });
        let mailed = self.mail(&user, invitation.as_ref()).await;
        Ok(SavedUser { user, invitation, mailed })
    }

    /// Does one of the smaller things.
    pub async fn update_user(
        &self,
        team: &TeamName,
        name: &UserName,
        what: Tending<'_>,
        by: Role,
        actor: &Actor,
    ) -> Result<SavedUser, Error> {
        let secret = base64url(&self.engine.draw::<32>());
        let tag = self.invitation_tag(team, name, &secret);
        let rule = |user: &mut User, now| {
            if user.role > by {
                return Err(Refusal::Forbidden);
            }
            let until = match what {
                Tending::Invite => Some(user.invite(tag, now)),
                Tending::ResetApp => {
                    user.forget_app();
                    None
                }
                Tending::Unlock(_) => {
                    user.unlock();
                    None
                }
                Tending::SignOut => {
                    user.sign_out_everywhere();
                    None
                }
            };
            let (kind, done) = match what {
                Tending::Invite => (EventKind::UserChanged, "invited"),
                Tending::ResetApp => (EventKind::UserChanged, "totp_reset"),
                Tending::Unlock(_) => (EventKind::UserUnlocked, "unlocked"),
                Tending::SignOut => (EventKind::UserChanged, "signed_out"),
            };
            let mut told = json!({"user": name, "what": done});
            if let Tending::Unlock(Some(reason)) = what {
                told["reason"] = reason.into();
            }
            Ok(((user.clone(), until), Some((kind, told))))
        };
        let (user, until) = self.change_user(team, name, actor, rule).await?;
        let invitation = until.map(|until| SetPasswordLink { url: self.set_password_url(team, name, &secret), until });
        let mailed = self.mail(&user, invitation.as_ref()).await;
        Ok(SavedUser { user, invitation, mailed })
    }

    /// Takes a user away; her sessions end with her.
    pub async fn remove_user(&self, team: &TeamName, name: &UserName, by: Role, actor: &Actor) -> Result<(), Error> {
        let reads = self.user_reads(team, name);
        let saved = self.engine.decide(&reads, |records, now| {
            let mut user_index = present(team, records)?;
            let bytes = records[2].as_ref().ok_or(Refusal::NotFound("user"))?;
            if decode::<User>(&reads.names[2], bytes)?.role > by {
                return Ok(Change::nothing(Err(Refusal::Forbidden)));
            }
            user_index.users.remove(name);
            let put =
                PlainRecord { name: reads.names[1].clone(), bytes: encode(&user_index), ..PlainRecord::default() };
            let mut change = Change { put: vec![put], confirm: Confirm::Written, ..Change::nothing(Ok(())) };
            change.delete.push(reads.names[2].clone());
            change.events.push(team_event(team, EventKind::UserRemoved, actor, now, json!({"user": name})));
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }

    /// A user of the team.
    pub async fn user(&self, team: &TeamName, name: &UserName) -> Result<User, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(self.user_record(team, name).await?.ok_or(Refusal::NotFound("user"))?)
    }

    /// A page of the team's users, by name.
    pub async fn users(&self, team: &TeamName, after: Option<&str>, limit: usize) -> Result<Vec<User>, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let user_index = self.user_index(team).await?;
        let names: Vec<UserName> = user_index
            .users
            .into_keys()
            .filter(|name| after.is_none_or(|after| name.as_str() > after))
            .take(limit)
            .collect();
        let records = names.iter().map(|name| user_name(team, name)).collect();
        let opened = self.engine.read(&Reads { partition: self.engine.team_partition(team), names: records }).await?;
        opened.into_iter().flatten().map(|bytes| decode("a user", &bytes)).collect()
    }

    /// Who is in the team.
    pub(crate) async fn user_index(&self, team: &TeamName) -> Result<UserIndex, Error> {
        let reads = Reads { partition: self.engine.team_partition(team), names: vec![user_index_name(team)] };
        let opened = self.engine.read(&reads).await?.pop().flatten();
        opened.map_or(Ok(UserIndex::default()), |bytes| decode(&reads.names[0], &bytes))
    }

    /// Every record of the team's users, for who takes the team away.
    pub(crate) async fn names_of_users(&self, team: &TeamName) -> Result<Vec<String>, Error> {
        let user_index = self.user_index(team).await?;
        let users = user_index.users.keys().map(|name| user_name(team, name));
        Ok(users.chain([user_index_name(team)]).collect())
    }

    /// Lets a rule change a user, and tells what it wants told.
    pub(crate) async fn change_user<T>(
        &self,
        team: &TeamName,
        name: &UserName,
        actor: &Actor,
        rule: impl Fn(&mut User, Moment) -> Result<(T, Option<(EventKind, serde_json::Value)>), Refusal>,
    ) -> Result<T, Error> {
        let reads = self.user_reads(team, name);
        let saved = self.engine.decide(&reads, |records, now| {
            present(team, records)?;
            let bytes = records[2].as_ref().ok_or(Refusal::NotFound("user"))?;
            let mut user: User = decode(&reads.names[2], bytes)?;
            let (told, event) = match rule(&mut user, now) {
                Ok(told) => told,
                Err(refusal) => return Ok(Change::nothing(Err(refusal))),
            };
            let mut change = save_user(&reads, &user, told);
            change.events.extend(event.map(|(kind, data)| team_event(team, kind, actor, now, data)));
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }

    fn user_reads(&self, team: &TeamName, name: &UserName) -> Reads {
        let names = vec![team_record(team), user_index_name(team), user_name(team, name)];
        Reads { partition: self.engine.team_partition(team), names }
    }

    /// What is kept of a set-password link's secret.
    pub(crate) fn invitation_tag(&self, team: &TeamName, name: &UserName, secret: &str) -> Tag {
        self.engine.keys.session.tag(&[
            b"invitation",
            team.as_str().as_bytes(),
            name.as_str().as_bytes(),
            secret.as_bytes(),
        ])
    }

    /// The page of a set-password link.
    pub(crate) fn set_password_url(&self, team: &TeamName, name: &UserName, secret: &str) -> String {
        let name = base64url(name.as_str().as_bytes());
        format!("{}/signin/set/{team}.{name}.{secret}", self.urls.public_url())
    }

    /// Sends an invitation by the team's mail, where it has some and she has an address. That it could not
    /// be sent fails nothing: the admin has the link.
    pub(crate) async fn mail(&self, user: &User, invitation: Option<&SetPasswordLink>) -> bool {
        let (Some(invitation), Some(to)) = (invitation, &user.email) else { return false };
        let Ok(Some(view)) = self.teams.team(&user.team).await else { return false };
        let Ok(name) = "email".parse::<ChannelName>() else { return false };
        let Some(driver) = self.channels.driver(&view, &name) else { return false };
        if self.limits.pay(&view, Destination::of(&user.team, &name, to, &self.engine.keys.pseudonym)).await.is_err() {
            return false;
        }
        let settings = &view.effective.settings;
        let called = settings.brand.name.as_deref().unwrap_or(&view.team.title);
        let (subject, text) = words::invitation(&settings.locale, called, &invitation.url);
        let id = format!("{}.{}", user.team, base64url(&self.engine.draw::<12>()));
        let message = Message {
            id,
            to: MessageAddress::new(to),
            subject: Some(subject),
            content: Content::Text(text),
            terms: Terms::default(),
        };
        let how = outcome_of(&hand(&*driver, &message, TIMEOUT).await);
        self.limits.went(&view, &name, how, None).await;
        how == crate::domain::messaging::attempt::AttemptResult::Sent
    }
}

/// The team's roster, where the team is there and stays.
fn present(team: &TeamName, records: &[Option<crate::engine::decide::OpenedRecord>]) -> Result<UserIndex, Error> {
    let bytes = records[0].as_ref().ok_or(Refusal::NotFound("team"))?;
    if decode::<Team>(team.as_str(), bytes)?.leaving {
        return Err(Refusal::NotFound("team").into());
    }
    records[1].as_ref().map_or(Ok(UserIndex::default()), |bytes| decode("a roster", bytes))
}

fn save_user<T>(reads: &Reads, user: &User, outcome: T) -> Change<T> {
    let put = PlainRecord { name: reads.names[2].clone(), bytes: encode(user), ..PlainRecord::default() };
    Change { put: vec![put], confirm: Confirm::Written, ..Change::nothing(Ok(outcome)) }
}

/// A link by which somebody sets her password: told once, to the admin who asked.
#[derive(Clone)]
pub struct SetPasswordLink {
    /// The page.
    pub url: String,
    /// Its end.
    pub until: Moment,
}
