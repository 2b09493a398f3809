//! Signing in to the consoles by what the gateway itself knows: the owner's key, a password, an app's code.
//! What was wrong is counted and saved before anybody is told; who is unknown costs the same work and gets
//! the same answer. By OpenID Connect, `oidc` says.

use super::sessions::OWNER;
use super::{SignIn, owner_tag};
use crate::engine::{Effects, Error, KeyOf, SYSTEM, Slot, StoredRecord};
use crate::names::unknown_users_name;
use countersign_domain::base::id::{TeamName, UserName};
use countersign_domain::event::data::staff::{
    UserChange, UserChangedData, UserEventData, UserLockedData, UserSignedInData,
};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::proof::lockout::Consequence;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::password::{Password, PasswordPolicy, Weakness};
use countersign_domain::secret::totp::Totp;
use countersign_domain::team::session::{Local, MAX_LIFETIME, STEP, Session, SessionOwner, Who};
use countersign_domain::team::user::{JudgedSignIn, MIN_PASSWORD, User};
use countersign_domain::time::Moment;
use serde::{Deserialize, Serialize};

/// Where somebody stands after a step of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInState {
    /// She is in, by this session.
    In(String),
    /// Her app's code is wanted, in this half of one.
    CodeWanted(String),
    /// Not so. Why is told to nobody.
    No,
}

/// What became of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// It counts from now on.
    Taken,
    /// It may not be one.
    Weak(Weakness),
    /// The link, or the old password, does not count.
    No,
}

impl SignIn {
    /// Signs in whoever holds the configuration's owner key.
    pub async fn sign_in_as_owner(&self, key: &str) -> Result<SignInState, Error> {
        if !self.users.is_owner(owner_tag(&self.engine.keys.api, key.as_bytes())) {
            return Ok(SignInState::No);
        }
        let Some(shown) = self.users.owner_mark().await? else { return Ok(SignInState::No) };
        tracing::info!("the owner signed in to the consoles with the configuration's key");
        self.users.keep_session(SessionOwner::Person(Who::Owner(shown)), MAX_LIFETIME).await.map(SignInState::In)
    }

    /// Whether there is such a key.
    pub fn has_owner_key(&self) -> bool {
        self.users.has_owner()
    }

    /// Signs in a local user; `name` may be her mail address.
    pub async fn sign_in(&self, team: &str, name: &str, password: &str) -> Result<SignInState, Error> {
        let user = self.meant(team, name).await?;
        let kept = user.as_ref().and_then(|user| user.password.clone());
        // What no password can be is compared, too: how long it takes tells nothing.
        let typed = Password::parse(password).or_else(|| Password::parse("-"));
        let typed = typed.ok_or_else(|| Error::Damaged("a dash is a text".into()))?;
        let right = self.logins.is_password(kept.clone(), typed).await? && Password::parse(password).is_some();
        let Some(User { team, name, .. }) = user else {
            self.note_unknown_user(name).await?;
            return Ok(SignInState::No);
        };
        let (judged, user) = self
            .judge(&team, &name, |user, rule, times| user.judge_password(right, kept.as_ref(), rule, times))
            .await?;
        self.next_step(judged, &user).await
    }

    /// Goes on with her app's code, in the half of a session that a right password made.
    pub async fn sign_in_code(&self, token: &str, code: &str) -> Result<SignInState, Error> {
        let Some(Session { of: SessionOwner::HalfWay(half), .. }) = self.users.session(token).await? else {
            return Ok(SignInState::No);
        };
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let (judged, user) = self
            .judge(&half.team, &half.name, |user, rule, times| {
                if user.generation == half.generation {
                    user.judge_code(&code, rule, times)
                } else {
                    JudgedSignIn::Refused
                }
            })
            .await?;
        match judged {
            JudgedSignIn::Right if self.users.take_session(token).await?.is_none() => Ok(SignInState::No),
            JudgedSignIn::CodeWanted => Ok(SignInState::No),
            judged => self.next_step(judged, &user).await,
        }
    }

    async fn next_step(&self, judged: JudgedSignIn, user: &User) -> Result<SignInState, Error> {
        let local = Local { team: user.team.clone(), name: user.name.clone(), generation: user.generation };
        match judged {
            JudgedSignIn::Right => self
                .users
                .keep_session(SessionOwner::Person(Who::Local(local)), MAX_LIFETIME)
                .await
                .map(SignInState::In),
            JudgedSignIn::CodeWanted => {
                self.users.keep_session(SessionOwner::HalfWay(local), STEP).await.map(SignInState::CodeWanted)
            }
            JudgedSignIn::Wrong(_) | JudgedSignIn::Refused => Ok(SignInState::No),
        }
    }

    /// A guess at somebody whom there is not is a commit like any other's, so that how long it takes tells
    /// nothing. What is kept is that there was one; guesses at the same name wait for each other.
    async fn note_unknown_user(&self, name: &str) -> Result<(), Error> {
        let bucket = self.engine.keys.session.tag(&[b"stranger", name.as_bytes()]).as_bytes()[0];
        let key = KeyOf::<UnknownGuess>::new(SYSTEM, unknown_users_name(bucket));
        let note = |guess: &mut Slot<UnknownGuess>, _: &mut Effects, now| {
            guess.put(UnknownGuess(now));
            Ok(())
        };
        self.engine.transact(&key, note).await
    }

    /// Who is meant by what was typed; the same reading for whoever it is.
    async fn meant(&self, team: &str, name: &str) -> Result<Option<User>, Error> {
        let nobody: TeamName = "nobody".parse().map_err(|_| Error::Damaged("a team's name".into()))?;
        let named = team.trim().to_lowercase().parse().unwrap_or(nobody);
        let there = self.teams.team(&named).await?.is_some();
        let user_index = self.users.user_index(&named).await?;
        let Some(name) = user_index.find(name.trim()).filter(|_| there) else { return Ok(None) };
        self.users.user_record(&named, name).await
    }

    /// Lets a rule judge a user, and tells what follows.
    async fn judge(
        &self,
        team: &TeamName,
        name: &UserName,
        rule: impl Fn(&mut User, &countersign_domain::settings::Lockout, (Moment, Moment)) -> JudgedSignIn,
    ) -> Result<(JudgedSignIn, User), Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let lockout = &view.effective.settings.lockout;
        let actor = Actor::User(format!("{team}/{name}"));
        let (judged, user) = self
            .users
            .change_user(team, name, &actor, |user, now| {
                let judged = rule(user, lockout, (now, self.engine.earliest()));
                let event = match judged {
                    JudgedSignIn::Right => {
                        let (user_name, totp) = (Some(name.clone()), Some(user.totp.is_some()));
                        Some(EventData::UserSignedIn(UserSignedInData { user: user_name, totp, by: None }))
                    }
                    JudgedSignIn::Wrong(Consequence::Locked(until)) => {
                        Some(EventData::UserLocked(UserLockedData { user: name.clone(), until }))
                    }
                    JudgedSignIn::Wrong(Consequence::Banned) => {
                        Some(EventData::UserBanned(UserEventData { user: name.clone() }))
                    }
                    _ => None,
                };
                Ok(((judged, user.clone()), event))
            })
            .await?;
        if !matches!(judged, JudgedSignIn::Right | JudgedSignIn::CodeWanted) {
            metrics::counter!("countersign_sign_ins_refused_total").increment(1);
        }
        Ok((judged, user))
    }

    /// Who may set her password by that link, now.
    pub async fn invited(&self, token: &str) -> Result<Option<User>, Error> {
        let Some((team, name, secret)) = parts(token) else { return Ok(None) };
        if self.teams.team(&team).await?.is_none() {
            return Ok(None);
        }
        let (tag, now) = (self.users.invitation_tag(&team, &name, secret), self.engine.now());
        Ok(self.users.user_record(&team, &name).await?.filter(|user| user.is_invited(tag, now)))
    }

    /// Sets a password by a link, which is used up.
    pub async fn accept(&self, token: &str, password: &str) -> Result<Chosen, Error> {
        let Some((team, name, secret)) = parts(token) else { return Ok(Chosen::No) };
        let Some(user) = self.invited(token).await? else { return Ok(Chosen::No) };
        let tag = self.users.invitation_tag(&team, &name, secret);
        self.choose(&user, password, |user, now| user.is_invited(tag, now)).await
    }

    /// Changes the password of somebody who is in and shows the old one. Her other sessions end; the step is
    /// the one that she goes on with.
    pub async fn change_password(&self, local: &Local, old: &str, new: &str) -> Result<(Chosen, SignInState), Error> {
        let kept = self.users.user_record(&local.team, &local.name).await?.and_then(|user| user.password);
        let Some(typed) = Password::parse(old) else { return Ok((Chosen::No, SignInState::No)) };
        let right = self.logins.is_password(kept.clone(), typed).await?;
        let (judged, user) = self
            .judge(&local.team, &local.name, |user, rule, times| user.judge_password(right, kept.as_ref(), rule, times))
            .await?;
        if !matches!(judged, JudgedSignIn::Right | JudgedSignIn::CodeWanted) {
            return Ok((Chosen::No, SignInState::No));
        }
        let chosen = self.choose(&user, new, |user, _| user.generation == local.generation).await?;
        match chosen {
            Chosen::Taken => Ok((chosen, self.in_again(local).await?)),
            _ => Ok((chosen, SignInState::No)),
        }
    }

    async fn choose(&self, user: &User, password: &str, may: impl Fn(&User, Moment) -> bool) -> Result<Chosen, Error> {
        let own = [user.name.as_str(), user.email.as_deref().unwrap_or_default()];
        let own: Vec<&str> = own.into_iter().filter(|name| !name.is_empty()).collect();
        let password = match (PasswordPolicy { min_length: MIN_PASSWORD }).choose(password, &own) {
            Ok(password) => password,
            Err(weakness) => return Ok(Chosen::Weak(weakness)),
        };
        let hash = self.logins.hash_password(password).await?;
        let actor = Actor::User(format!("{}/{}", user.team, user.name));
        let set = |user: &mut User, now| {
            if !may(user, now) {
                return Ok((Chosen::No, None));
            }
            user.set_password(hash.clone());
            Ok((Chosen::Taken, Some(changed(user, UserChange::Password))))
        };
        self.users.change_user(&user.team, &user.name, &actor, set).await
    }

    /// A fresh session for somebody whose earlier ones have just ended by her own act.
    async fn in_again(&self, local: &Local) -> Result<SignInState, Error> {
        match self.users.user_record(&local.team, &local.name).await? {
            Some(user) if !user.disabled => self.next_step(JudgedSignIn::Right, &user).await,
            _ => Ok(SignInState::No),
        }
    }

    /// Begins with an authenticator app: what it reads, from a picture mostly.
    pub async fn enrol_app(&self, local: &Local) -> Result<String, Error> {
        let totp = Totp::new(self.engine.draw());
        let url = totp.otpauth_url("Countersign", &format!("{} ({})", local.name, local.team));
        let begin = |user: &mut User, _| {
            user.enrol(totp.clone());
            Ok(((), None))
        };
        self.users.change_user(&local.team, &local.name, &local.actor(), begin).await?;
        Ok(url)
    }

    /// The app shows a code: if it is right, the app counts from now on. Her other sessions end.
    pub async fn confirm_app(&self, local: &Local, code: &str) -> Result<SignInState, Error> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let confirm = |user: &mut User, now| {
            let right = user.generation == local.generation && user.confirm_app(&code, now);
            let event = right.then(|| changed(user, UserChange::TotpEnrolled));
            Ok((right, event))
        };
        match self.users.change_user(&local.team, &local.name, &local.actor(), confirm).await? {
            true => self.in_again(local).await,
            false => Ok(SignInState::No),
        }
    }

    /// Ends every session of somebody.
    pub async fn sign_out_everywhere(&self, who: &Who, token: &str) -> Result<(), Error> {
        match who {
            Who::Owner(_) => self.users.end_generation(OWNER.0, OWNER.1).await?,
            Who::Local(local) => {
                let end = |user: &mut User, _| {
                    user.sign_out_everywhere();
                    Ok(((), Some(changed(user, UserChange::SignedOutEverywhere))))
                };
                self.users.change_user(&local.team, &local.name, &local.actor(), end).await?;
            }
            Who::Provided { issuer, subject, .. } => self.users.end_generation(issuer, subject).await?,
        }
        self.users.end_session(token).await
    }
}

/// When somebody last guessed at a user whom there is not.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct UnknownGuess(Moment);

impl StoredRecord for UnknownGuess {}

/// A set-password link's parts.
fn parts(token: &str) -> Option<(TeamName, UserName, &str)> {
    let mut parts = token.split('.');
    let (team, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let name = String::from_utf8(countersign_domain::secret::from_base64url(name)?).ok()?;
    parts.next().is_none().then_some(())?;
    Some((team.parse().ok()?, name.parse().ok()?, secret))
}

/// A change that a user made to their own sign-in.
fn changed(user: &User, what: UserChange) -> EventData {
    EventData::UserChanged(UserChangedData::done(user.name.clone(), what))
}
