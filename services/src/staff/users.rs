//! A team's local users, as its admins tend them: invited, changed, unlocked, removed. Each is a record
//! beside the team's; a roster names them all. How they sign in, `signing_in` says.

use countersign_channels::{Content, Message, MessageAddress, Terms};

use super::Users;
use crate::engine::{Effects, Error, KeyOf, KeysOf, Slot, StoredRecord};
use crate::messaging::sending::{hand, outcome_of};
use crate::names::{user_index_name, user_name};
use crate::teams::{existing_team, team_event};
use countersign_domain::base::id::{ChannelName, TeamName, UserName};
use countersign_domain::conversation::destination::Destination;
use countersign_domain::event::data::staff::{
    UserChange, UserChangedData, UserCreatedData, UserEventData, UserUnlockedData,
};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::{Tag, base64url};
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::user::{MAX_USERS, User, UserIndex, UserInput, words};
use countersign_domain::team::{Role, Team};
use countersign_domain::time::Moment;
use countersign_domain::time::lease::TIMEOUT;

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
        let put = |(team_slot, index, slot): &mut UserSlots, effects: &mut Effects, now| {
            existing_team(team_slot)?;
            let before = slot.get().cloned();
            if before.as_ref().is_some_and(|user| user.role > by) || wanted.role > by {
                return Err(Refusal::Forbidden.into());
            }
            only_if.admit(before.is_some())?;
            let index = index.get_or_default();
            if before.is_none() && index.users.len() >= MAX_USERS {
                return Err(Refusal::TooManyUsers.into());
            }
            let is_new = before.is_none();
            let mut user = before.unwrap_or_else(|| User::new(team.clone(), name.clone(), wanted.clone(), drawn, now));
            user.change(wanted.clone());
            let until = is_new.then(|| user.invite(tag, now));
            index.users.insert(name.clone(), user.email.clone());
            let (user_name, role, disabled) = (name.clone(), user.role, user.disabled);
            let data = match is_new {
                true => EventData::UserCreated(UserCreatedData { user: user_name, role, disabled }),
                false => {
                    let (role, disabled) = (Some(role), Some(disabled));
                    EventData::UserChanged(UserChangedData { user: user_name, role, disabled, what: None })
                }
            };
            effects.tell(team_event(team, data, actor, now));
            slot.put(user.clone());
            Ok((user, until))
        };
        let (user, until) = self.engine.transact(&self.user_keys(team, name), put).await?;
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
            let changed = |done| EventData::UserChanged(UserChangedData::done(name.clone(), done));
            let data = match what {
                Tending::Invite => changed(UserChange::Invited),
                Tending::ResetApp => changed(UserChange::TotpReset),
                Tending::SignOut => changed(UserChange::SignedOut),
                Tending::Unlock(reason) => {
                    let reason = reason.map(|reason| reason.to_owned().into());
                    EventData::UserUnlocked(UserUnlockedData { user: name.clone(), what: UserChange::Unlocked, reason })
                }
            };
            Ok(((user.clone(), until), Some(data)))
        };
        let (user, until) = self.change_user(team, name, actor, rule).await?;
        let invitation = until.map(|until| SetPasswordLink { url: self.set_password_url(team, name, &secret), until });
        let mailed = self.mail(&user, invitation.as_ref()).await;
        Ok(SavedUser { user, invitation, mailed })
    }

    /// Takes a user away; her sessions end with her.
    pub async fn remove_user(&self, team: &TeamName, name: &UserName, by: Role, actor: &Actor) -> Result<(), Error> {
        let remove = |(team_slot, index, user): &mut UserSlots, effects: &mut Effects, now| {
            existing_team(team_slot)?;
            if user.get().ok_or(Refusal::NotFound("user"))?.role > by {
                return Err(Refusal::Forbidden.into());
            }
            index.get_or_default().users.remove(name);
            user.delete();
            let data = EventData::UserRemoved(UserEventData { user: name.clone() });
            effects.tell(team_event(team, data, actor, now));
            Ok(())
        };
        self.engine.transact(&self.user_keys(team, name), remove).await
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
        let names = names.iter().map(|name| user_name(team, name)).collect();
        let read = self.engine.load(&KeysOf::<User>::new(self.engine.team_partition(team), names)).await?;
        Ok(read.into_iter().filter_map(Slot::into_record).collect())
    }

    /// Who is in the team.
    pub(crate) async fn user_index(&self, team: &TeamName) -> Result<UserIndex, Error> {
        Ok(self.engine.record(&self.user_index_key(team)).await?.unwrap_or_default())
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
        rule: impl Fn(&mut User, Moment) -> Result<(T, Option<EventData>), Refusal>,
    ) -> Result<T, Error> {
        let change = |(team_slot, user): &mut (Slot<Team>, Slot<User>), effects: &mut Effects, now| {
            existing_team(team_slot)?;
            let (outcome, event) = rule(user.get_mut().ok_or(Refusal::NotFound("user"))?, now)?;
            effects.tell_all(event.map(|data| team_event(team, data, actor, now)));
            Ok(outcome)
        };
        self.engine.transact(&(self.teams.team_key(team), self.user_key(team, name)), change).await
    }

    fn user_keys(&self, team: &TeamName, name: &UserName) -> (KeyOf<Team>, KeyOf<UserIndex>, KeyOf<User>) {
        (self.teams.team_key(team), self.user_index_key(team), self.user_key(team, name))
    }

    fn user_index_key(&self, team: &TeamName) -> KeyOf<UserIndex> {
        KeyOf::new(self.engine.team_partition(team), user_index_name(team))
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
        how == countersign_domain::messaging::attempt::AttemptResult::Sent
    }
}

/// The team, its users by name, and one of them.
type UserSlots = (Slot<Team>, Slot<UserIndex>, Slot<User>);

impl StoredRecord for UserIndex {}

impl StoredRecord for User {}

/// A link by which somebody sets her password: told once, to the admin who asked.
#[derive(Clone)]
pub struct SetPasswordLink {
    /// The page.
    pub url: String,
    /// Its end.
    pub until: Moment,
}
