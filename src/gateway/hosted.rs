//! The gateway's own login page, for teams that have none: an external login page like any other. It is
//! given the signed URL, which it verifies, and answers with a signed assertion by the way that every
//! login page's takes. Nothing here raises a flag.

use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::sync::MutexGuard;
use url::{Url, form_urlencoded};

use super::links::fresh;
use super::logging_in::{LoggedIn, LoggingIn};
use super::teams::TeamView;
use super::turns::{Visit, With};
use super::{Error, Gateway, Held};
use crate::domain::event::Actor;
use crate::domain::id::{CustomerId, TeamName};
use crate::domain::login::LoginTag;
use crate::domain::login::codes::Purpose;
use crate::domain::login::devices::Device;
use crate::domain::refusal::Refusal;
use crate::domain::rules::hosted::{Knocking, knock, miss};
use crate::domain::rules::postback::Accepted;
use crate::domain::secret::base64url;
use crate::domain::token::{Token, TokenKind};
use crate::domain::turn::Turn;

/// An assertion lives so many seconds: it is posted at once.
const ASSERTION_SECONDS: u64 = 60;

/// Somebody at the login page, with a URL that the gateway has signed.
pub struct AtLogin {
    /// The team whose page it is.
    pub team: std::sync::Arc<TeamView>,
    /// `cs_token`: what the answer is for.
    pub handle: Token,
    /// Who.
    pub knocking: Knocking,
}

/// What a code at the login page is asked for.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// Besides a password that was right, of whose record.
    Besides(LoginTag),
    /// Alone, of whoever is called so.
    Alone(&'a str),
}

/// How a step at the login page went.
pub enum Stepped {
    /// That was not right, or nothing is taken.
    Wrong,
    /// A code is wanted besides; for whom, without saying who that is.
    Code(LoginTag),
    /// The login page has answered: where the browser goes next.
    Answered(String),
}

impl Gateway {
    /// Where a team's own login page is: what its `authentication_url` may be set to.
    pub fn login_page_url(&self, team: &TeamName) -> String {
        format!("{}/login/{team}", self.public_url())
    }

    /// Reads and verifies the URL that somebody comes with.
    pub async fn at_login(&self, team: &str, query: &str) -> Result<AtLogin, Error> {
        let unknown = || Error::Refused(Refusal::NotFound("link"));
        let name: TeamName = team.parse().map_err(|_| unknown())?;
        let view = self.team(&name).await?.ok_or_else(unknown)?;
        let (signed, signature) = query.split_once("&cs_signature=").ok_or_else(unknown)?;
        let part = |wanted: &str| {
            let mut all = form_urlencoded::parse(signed.as_bytes()).filter(|(name, _)| name == wanted);
            all.next().map(|(_, value)| value.into_owned()).filter(|_| all.next().is_none())
        };
        let (Some(text), Some(callback), Some(kid)) = (part("cs_token"), part("cs_callback"), part("cs_kid")) else {
            return Err(unknown());
        };
        let url = Url::parse(&format!("{}?{signed}", self.login_page_url(&name))).map_err(|_| unknown())?;
        let key = view.team.shared_key(&kid, self.now()).ok_or_else(unknown)?;
        let right: bool = base64url(&key.sign(url.as_str().as_bytes())).as_bytes().ct_eq(signature.as_bytes()).into();
        let handle = Token::parse(&text).filter(|token| token.kind == TokenKind::Handle);
        let handle = handle.filter(|_| right && callback == self.callback(&text)).ok_or_else(unknown)?;
        let late = part("cs_expires").and_then(|end| end.parse::<u64>().ok());
        if late.is_some_and(|end| end <= self.now().unix_seconds()) {
            return Err(Refusal::LinkExpired.into());
        }
        let held = self.at_door(&name, &handle, |turn| knock(turn, &handle)).await?;
        Ok(AtLogin { team: view, knocking: held.outcome, handle })
    }

    async fn at_door<T: Clone>(
        &self,
        team: &TeamName,
        handle: &Token,
        rule: impl Fn(Turn<'_>) -> crate::domain::turn::Decision<T>,
    ) -> Result<Held<T>, Error> {
        let with = With::Link(handle.number);
        let visit = Visit { id: handle.interaction, team: Some(team), actor: Actor::Person, with };
        fresh(self.turn(visit, |turn: Turn<'_>, _: &TeamView| rule(turn), None).await?)
    }

    /// One guess of a conversation at a time, while its link still takes any.
    async fn alone_at(&self, at: &AtLogin) -> Result<MutexGuard<'_, ()>, Error> {
        let alone = self.logging_in.pass(at.handle.interaction).await?;
        self.at_door(&at.team.team.name, &at.handle, |turn| knock(turn, &at.handle)).await?;
        Ok(alone)
    }

    fn device_at(&self, at: &AtLogin) -> Device {
        let device = at.knocking.device.as_ref();
        let said = |part: fn(&crate::domain::interaction::Device) -> Option<&str>| device.and_then(part);
        self.device(said(|device| device.fingerprint.as_deref()), said(|device| device.region.as_deref()))
    }

    /// What binds the second step to this browser at this link.
    fn page_mark(&self, at: &AtLogin, browser: &str) -> [u8; 16] {
        let made = self.keys.form.tag(&[b"second step", at.handle.text().as_bytes(), browser.as_bytes()]);
        let mut mark = [0; 16];
        mark.copy_from_slice(&made.as_bytes()[..16]);
        mark
    }

    fn signing<'a>(&self, at: &'a AtLogin, browser: &str) -> LoggingIn<'a> {
        let (device, page) = (self.device_at(at), Some(self.page_mark(at, browser)));
        LoggingIn { team: &at.team, device, actor: &Actor::Person, page, counted: at.knocking.known.as_ref() }
    }

    /// Name and password were typed.
    pub async fn log_in_here(
        &self,
        at: &AtLogin,
        browser: &str,
        (name, password): (&str, &str),
    ) -> Result<Stepped, Error> {
        let _alone = self.alone_at(at).await?;
        let by = self.signing(at, browser);
        match self.log_in(&by, (name, password), None).await? {
            LoggedIn::No => self.missed(at).await,
            LoggedIn::SecondStep(holder) => {
                self.request_code(&by, Purpose::Second, holder.customer.as_str(), None).await?;
                Ok(Stepped::Code(LoginTag::of(&self.keys, &at.team.team.name, &holder.customer)))
            }
            LoggedIn::In(holder, _) => self.vouch_for(at, &holder.customer, "password").await,
        }
    }

    /// The code was typed that was asked for: besides a password, or alone.
    pub async fn answer_here(
        &self,
        at: &AtLogin,
        browser: &str,
        asked: &Asked<'_>,
        code: &str,
    ) -> Result<Stepped, Error> {
        let _alone = self.alone_at(at).await?;
        let by = self.signing(at, browser);
        let (purpose, acr) = match asked {
            Asked::Besides(_) => (Purpose::Second, "two_factor"),
            Asked::Alone(_) => (Purpose::Login, "otp"),
        };
        let Some(user) = self.called_here(at, asked).await? else { return self.missed(at).await };
        match self.answer_code(&by, purpose, &user, (code, None)).await? {
            LoggedIn::In(holder, _) => self.vouch_for(at, &holder.customer, acr).await,
            LoggedIn::No | LoggedIn::SecondStep(_) => self.missed(at).await,
        }
    }

    /// A code is asked for, the first or another. One that is enough goes to the account's own address, where
    /// the team allows that; whether there is such an account, nobody can tell from it.
    pub async fn send_here(&self, at: &AtLogin, browser: &str, asked: &Asked<'_>) -> Result<(), Error> {
        let by = self.signing(at, browser);
        let purpose = match asked {
            Asked::Besides(_) => Purpose::Second,
            Asked::Alone(_) => Purpose::Login,
        };
        match self.called_here(at, asked).await? {
            Some(user) => self.request_code(&by, purpose, &user, None).await,
            None => Ok(()),
        }
    }

    /// Somebody has forgotten her password. What is told is the same for every name.
    pub async fn forgot_here(&self, at: &AtLogin, name: &str) -> Result<(), Error> {
        self.forgot(&at.team, name).await
    }

    /// What the page offers besides a password: a link to another one, and a code alone.
    pub fn offers(at: &AtLogin) -> (bool, bool) {
        (Self::keeps_passwords(&at.team), at.team.effective.settings.login_otp)
    }

    /// Whom a code is asked for, as a storefront calls her. A password has proved whose record a tag names; a
    /// name is only what was typed.
    async fn called_here(&self, at: &AtLogin, asked: &Asked<'_>) -> Result<Option<String>, Error> {
        let tag = match asked {
            Asked::Alone(name) => return Ok(Some((*name).to_owned())),
            Asked::Besides(tag) => *tag,
        };
        let team = at.team.team.name.clone();
        let account = super::logins::Account { team, tag, whose: super::logins::Whose::Kept };
        Ok(self.login(&account).await?.and_then(|login| login.customer).map(|customer| customer.to_string()))
    }

    /// The person gives up.
    pub async fn give_up_here(&self, at: &AtLogin) -> Result<Stepped, Error> {
        self.assert_here(at, json!({"sub": "nobody", "outcome": "cancelled"})).await
    }

    async fn missed(&self, at: &AtLogin) -> Result<Stepped, Error> {
        self.at_door(&at.team.team.name, &at.handle, |turn| miss(turn, &at.handle)).await?;
        Ok(Stepped::Wrong)
    }

    /// The page says who it was, in the words that any login page would use.
    async fn vouch_for(&self, at: &AtLogin, customer: &CustomerId, acr: &str) -> Result<Stepped, Error> {
        let record = self.customer_record(&at.team, customer).await?.ok_or(Refusal::NotFound("customer"))?;
        let rules = &at.team.effective.settings.directory.matching;
        let known =
            rules.iter().filter_map(|rule| Some((rule.field.clone(), json!(record.values(&rule.field).first()?))));
        let private_data: serde_json::Map<_, _> = known.collect();
        let claims = json!({
            "sub": customer, "name": record.name, "auth_time": self.now().unix_seconds(), "acr": acr,
            "private_data": private_data,
        });
        let answered = self.assert_here(at, claims).await?;
        // Who was disabled since the password was taken was looked for before this login stood anywhere.
        let team = &at.team.team.name;
        let login = self.login(&self.account_of(team, customer)).await?;
        if login.is_some_and(|login| login.disabled_at.is_some()) {
            self.lower_flags_in(at.handle.interaction, (team, customer), &Actor::Person).await?;
        }
        Ok(answered)
    }

    async fn assert_here(&self, at: &AtLogin, claims: serde_json::Value) -> Result<Stepped, Error> {
        let (kid, key) = at.team.signing.as_ref().ok_or(Refusal::NoSecurityKey)?;
        let (handle, now) = (at.handle.text(), self.now().unix_seconds());
        let mut all = json!({
            "iss": self.login_page_url(&at.team.team.name),
            "aud": self.callback(&handle),
            "nonce": handle,
            "jti": base64url(&self.draw::<18>()),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        if let (Some(all), serde_json::Value::Object(claims)) = (all.as_object_mut(), claims) {
            all.extend(claims.into_iter().filter(|(_, value)| !value.is_null()));
        }
        let header = json!({"alg": "HS256", "typ": "postback+jwt", "kid": kid}).to_string();
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(all.to_string().as_bytes()));
        let assertion = format!("{signed}.{}", base64url(&key.sign(signed.as_bytes())));
        let held: Held<Accepted> = self.post_back(&handle, &assertion).await?;
        Ok(Stepped::Answered(self.continue_url(&held.outcome.done)))
    }
}
