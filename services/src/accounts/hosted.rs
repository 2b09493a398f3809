//! The gateway's own login page, for teams that have none: an external login page like any other. It is
//! given the signed URL, which it verifies, and answers with a signed assertion by the way that every
//! login page's takes. Nothing here raises a flag.

use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::sync::MutexGuard;
use url::{Url, form_urlencoded};

use super::HostedLogin;
use super::logging_in::{LoggedIn, LoggingIn};
use crate::conversations::snapshots::{RequestContext, Snapshot};
use crate::engine::Error;
use crate::teams::TeamView;
use countersign_domain::base::id::{Conversation, CustomerId, TeamName};
use countersign_domain::conversation::context::Context;
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::links::postback::Accepted;
use countersign_domain::rules::links::postback::NewAnswer;
use countersign_domain::rules::links::postback::is_repeated;
use countersign_domain::rules::pages::hosted::AtPage;
use countersign_domain::rules::pages::hosted::HostedPage;
use countersign_domain::rules::pages::hosted::count_wrong_login;
use countersign_domain::rules::pages::hosted::name_address;
use countersign_domain::rules::pages::hosted::open_page;
use countersign_domain::secret::token::{Token, TokenKind};
use countersign_domain::secret::{Tag, base64url};
use countersign_domain::team::login::LoginTag;
use countersign_domain::team::login::codes::CodePurpose;
use countersign_domain::team::login::devices::LoginDevice;

/// An assertion lives so many seconds: it is posted at once.
const ASSERTION_SECONDS: u64 = 60;

/// A URL that the gateway has signed, for its own login page.
pub struct SignedUrl {
    /// The team whose page it is.
    pub team: std::sync::Arc<TeamView>,
    /// `cs_token`: what the answer is for.
    pub handle: Token,
}

/// Somebody at the login page.
pub struct AtLogin {
    /// By which URL.
    pub url: SignedUrl,
    /// In which browser.
    pub browser: Tag,
    /// The form's own name for the attempt: the same one again is the same answer.
    pub attempt: String,
    /// The conversation that the login is for.
    pub conversation: Conversation,
    /// Who.
    pub page: HostedPage,
}

/// What a code at the login page is asked for.
#[derive(Clone, Copy)]
pub enum CodeRequest<'a> {
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

impl HostedLogin {
    /// Where a team's own login page is: what its `authentication_url` may be set to.
    pub fn login_page_url(&self, team: &TeamName) -> String {
        format!("{}/login/{team}", self.urls.public_url())
    }

    /// Reads and verifies the URL that somebody comes with.
    pub async fn signed_login(&self, team: &str, query: &str) -> Result<SignedUrl, Error> {
        let unknown = || Error::Refused(Refusal::NotFound("link"));
        let name: TeamName = team.parse().map_err(|_| unknown())?;
        let (signed, signature) = query.split_once("&cs_signature=").ok_or_else(unknown)?;
        let part = |wanted: &str| {
            let mut all = form_urlencoded::parse(signed.as_bytes()).filter(|(name, _)| name == wanted);
            all.next().map(|(_, value)| value.into_owned()).filter(|_| all.next().is_none())
        };
        let (Some(text), Some(callback), Some(kid)) = (part("cs_token"), part("cs_callback"), part("cs_kid")) else {
            return Err(unknown());
        };
        let url = Url::parse(&format!("{}?{signed}", self.login_page_url(&name))).map_err(|_| unknown())?;
        let has_it = |view: &TeamView| view.team.security_keys.iter().any(|key| key.kid.as_str() == kid);
        let view = self.teams.team_with(&name, has_it).await?.ok_or_else(unknown)?;
        let key = view.team.shared_key(&kid, self.engine.now()).ok_or_else(unknown)?;
        let right: bool = base64url(&key.sign(url.as_str().as_bytes())).as_bytes().ct_eq(signature.as_bytes()).into();
        let handle = Token::parse(&text).filter(|token| token.kind == TokenKind::Handle);
        let handle = handle.filter(|_| right && callback == self.urls.callback(&text)).ok_or_else(unknown)?;
        let late = part("cs_expires").and_then(|end| end.parse::<u64>().ok());
        if late.is_some_and(|end| end <= self.engine.now().unix_seconds()) {
            return Err(Refusal::LinkExpired.into());
        }
        Ok(SignedUrl { team: view, handle })
    }

    /// Whether somebody may log in by that URL, in that browser.
    pub async fn at_login(&self, url: SignedUrl, browser: Tag, attempt: &str) -> Result<AtLogin, Error> {
        let snapshot = self.at_invitation(&url, |context| open_page(context, &url.handle, &browser)).await?;
        let conversation = snapshot.interaction.conversation.clone();
        Ok(AtLogin { url, browser, attempt: attempt.to_owned(), conversation, page: snapshot.outcome })
    }

    /// Where a form leads that has led there before: it was sent twice, or its reply was lost.
    pub async fn repeated_login(&self, url: &SignedUrl, browser: &Tag, attempt: &str) -> Result<Option<String>, Error> {
        let done = url.handle.done(&of_attempt(attempt, browser), &self.engine.keys.handle);
        let answer = NewAnswer { handle: &url.handle, done: &done };
        let snapshot = self.at_invitation(url, |context| is_repeated(context, answer)).await?;
        Ok(snapshot.outcome.then(|| self.links.done_url(&done)))
    }

    /// Another browser than the one that pressed Continue says which address it chats with.
    pub async fn name_address_here(&self, at: &AtLogin, said: &str) -> Result<AtPage, Error> {
        let rule = |context: &mut Context<'_>| name_address(context, &at.url.handle, &at.browser, said);
        Ok(self.at_invitation(&at.url, rule).await?.outcome)
    }

    async fn at_invitation<T: Clone>(
        &self,
        url: &SignedUrl,
        rule: impl Fn(&mut Context<'_>) -> Result<T, Refusal>,
    ) -> Result<Snapshot<T>, Error> {
        let team = Some(&url.team.team.name);
        let request_context = RequestContext { team, ..RequestContext::by_page(&url.handle) };
        self.conversations.run(request_context, rule).await
    }

    /// One guess of a conversation at a time, while its link still takes any.
    async fn alone_at(&self, at: &AtLogin) -> Result<MutexGuard<'_, ()>, Error> {
        let alone = self.logging_in.pass(at.url.handle.interaction).await?;
        let snapshot = self.at_invitation(&at.url, |context| open_page(context, &at.url.handle, &at.browser)).await?;
        if snapshot.outcome.browser == AtPage::Known { Ok(alone) } else { Err(Refusal::StaleForm.into()) }
    }

    /// Nothing is asked of another browser, and nothing done for it, before it has named its address.
    fn must_be_known(at: &AtLogin) -> Result<(), Refusal> {
        if at.page.browser == AtPage::Known { Ok(()) } else { Err(Refusal::StaleForm) }
    }

    fn device_at(&self, at: &AtLogin) -> LoginDevice {
        let device = at.page.device.as_ref();
        let said =
            |part: fn(&countersign_domain::conversation::interaction::Device) -> Option<&str>| device.and_then(part);
        self.customer_login
            .device(said(|device| device.fingerprint.as_deref()), said(|device| device.region.as_deref()))
    }

    /// What binds the second step to this browser at this link.
    fn page_mark(&self, at: &AtLogin) -> [u8; 16] {
        let key = &self.engine.keys.form;
        key.tag(&[b"second step", at.url.handle.text().as_bytes(), at.browser.as_bytes()]).first_half()
    }

    fn signing<'a>(&self, at: &'a AtLogin) -> LoggingIn<'a> {
        let (device, page) = (self.device_at(at), Some(self.page_mark(at)));
        LoggingIn { team: &at.url.team, device, actor: &Actor::Person, page, counted: at.page.known.as_ref() }
    }

    /// Name and password were typed.
    pub async fn log_in_here(&self, at: &AtLogin, name: &str, password: &str) -> Result<Stepped, Error> {
        let _alone = self.alone_at(at).await?;
        let by = self.signing(at);
        match self.customer_login.log_in(&by, name, password, None).await? {
            LoggedIn::No => self.missed(at).await,
            LoggedIn::SecondStep(holder) => {
                self.customer_login.request_code(&by, CodePurpose::Second, holder.customer.as_str(), None).await?;
                Ok(Stepped::Code(LoginTag::of(&self.engine.keys, &at.url.team.team.name, &holder.customer)))
            }
            LoggedIn::In(holder, _) => self.vouch_for(at, &holder.customer, "password").await,
        }
    }

    /// The code was typed that was asked for: besides a password, or alone.
    pub async fn answer_here(&self, at: &AtLogin, asked: &CodeRequest<'_>, code: &str) -> Result<Stepped, Error> {
        let _alone = self.alone_at(at).await?;
        let by = self.signing(at);
        let (purpose, acr) = match asked {
            CodeRequest::Besides(_) => (CodePurpose::Second, "two_factor"),
            CodeRequest::Alone(_) => (CodePurpose::Login, "otp"),
        };
        let Some(user) = self.called_here(at, asked).await? else { return self.missed(at).await };
        match self.customer_login.answer_code(&by, purpose, &user, code, None).await? {
            LoggedIn::In(holder, _) => self.vouch_for(at, &holder.customer, acr).await,
            LoggedIn::No | LoggedIn::SecondStep(_) => self.missed(at).await,
        }
    }

    /// A code is asked for, the first or another. One that is enough goes to the account's own address, where
    /// the team allows that; whether there is such an account, nobody can tell from it.
    pub async fn send_here(&self, at: &AtLogin, asked: &CodeRequest<'_>) -> Result<(), Error> {
        Self::must_be_known(at)?;
        let by = self.signing(at);
        let purpose = match asked {
            CodeRequest::Besides(_) => CodePurpose::Second,
            CodeRequest::Alone(_) => CodePurpose::Login,
        };
        match self.called_here(at, asked).await? {
            Some(user) => self.customer_login.request_code(&by, purpose, &user, None).await,
            None => Ok(()),
        }
    }

    /// Somebody has forgotten her password. What is told is the same for every name.
    pub async fn forgot_here(&self, at: &AtLogin, name: &str) -> Result<(), Error> {
        Self::must_be_known(at)?;
        self.customer_login.forgot(&at.url.team, name).await
    }

    /// What the page offers besides a password: a link to another one, and a code alone.
    pub fn offers(at: &AtLogin) -> (bool, bool) {
        (at.url.team.keeps_passwords(), at.url.team.effective.settings.login_otp)
    }

    /// Whom a code is asked for, as a storefront calls her. A password has proved whose record a tag names; a
    /// name is only what was typed.
    async fn called_here(&self, at: &AtLogin, asked: &CodeRequest<'_>) -> Result<Option<String>, Error> {
        let tag = match asked {
            CodeRequest::Alone(name) => return Ok(Some((*name).to_owned())),
            CodeRequest::Besides(tag) => *tag,
        };
        let team = at.url.team.team.name.clone();
        let account =
            crate::accounts::logins::LoginAccount { team, tag, whose: crate::accounts::logins::LoginOwner::Kept };
        Ok(self.logins.login(&account).await?.and_then(|login| login.customer).map(|customer| customer.to_string()))
    }

    /// The person gives up.
    pub async fn give_up_here(&self, at: &AtLogin) -> Result<Stepped, Error> {
        Self::must_be_known(at)?;
        self.assert_here(at, json!({"sub": "nobody", "outcome": "cancelled"})).await
    }

    async fn missed(&self, at: &AtLogin) -> Result<Stepped, Error> {
        self.at_invitation(&at.url, |context| count_wrong_login(context, &at.url.handle)).await?;
        Ok(Stepped::Wrong)
    }

    /// The page says who it was, in the words that any login page would use.
    async fn vouch_for(&self, at: &AtLogin, customer: &CustomerId, acr: &str) -> Result<Stepped, Error> {
        let record =
            self.customers.customer_record(&at.url.team, customer).await?.ok_or(Refusal::NotFound("customer"))?;
        let rules = &at.url.team.effective.settings.directory.matching;
        let known =
            rules.iter().filter_map(|rule| Some((rule.field.clone(), json!(record.values(&rule.field).first()?))));
        let private_data: serde_json::Map<_, _> = known.collect();
        let claims = json!({
            "sub": customer, "name": record.name, "auth_time": self.engine.now().unix_seconds(), "acr": acr,
            "private_data": private_data,
        });
        let answered = self.assert_here(at, claims).await?;
        // Who was disabled since the password was taken was looked for before this login stood anywhere.
        let team = &at.url.team.team.name;
        let login = self.logins.login(&self.logins.account_of(team, customer)).await?;
        if login.is_some_and(|login| login.disabled_at.is_some()) {
            self.accounts.lower_flags_in(at.url.handle.interaction, team, customer, &Actor::Person).await?;
        }
        Ok(answered)
    }

    async fn assert_here(&self, at: &AtLogin, claims: serde_json::Value) -> Result<Stepped, Error> {
        let (kid, key) = at.url.team.signing.as_ref().ok_or(Refusal::NoSecurityKey)?;
        let (handle, now) = (at.url.handle.text(), self.engine.now().unix_seconds());
        let mut all = json!({
            "iss": self.login_page_url(&at.url.team.team.name),
            "aud": self.urls.callback(&handle),
            "nonce": handle,
            "jti": base64url(&self.engine.draw::<18>()),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        if let (Some(all), serde_json::Value::Object(claims)) = (all.as_object_mut(), claims) {
            all.extend(claims.into_iter().filter(|(_, value)| !value.is_null()));
        }
        let header = json!({"alg": "HS256", "typ": "postback+jwt", "kid": kid}).to_string();
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(all.to_string().as_bytes()));
        let assertion = format!("{signed}.{}", base64url(&key.sign(signed.as_bytes())));
        let of = of_attempt(&at.attempt, &at.browser);
        let snapshot: Snapshot<Accepted> = self.links.post_back_of(&handle, &assertion, &of).await?;
        Ok(Stepped::Answered(self.links.done_url(&snapshot.outcome.done)))
    }
}

/// What a form's answer is known by: its attempt, in that browser.
fn of_attempt<'a>(attempt: &'a str, browser: &'a Tag) -> [&'a [u8]; 3] {
    [b"attempt", attempt.as_bytes(), browser.as_bytes()]
}
