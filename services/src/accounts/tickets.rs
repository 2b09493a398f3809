//! Tickets as storefronts get them: an access token that anybody can verify by the published keys, and a
//! refresh token that is good once. Which ticket stands, the login's record says; so a ticket that ended
//! here has ended on every node at once.

use serde::Serialize;

use super::Logins;
use super::logins::{BothTimes, LoginAccount, LoginOwner, Ruled};
use crate::engine::Error;
use crate::engine::replay::executed;
use crate::teams::TeamView;
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::event::data::accounts::{CustomerSignedOutData, SignOutReason};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::{Secret, base64url};
use countersign_domain::team::login::tickets::{RefreshRefusal, RefreshToken, Ticket};
use countersign_domain::team::login::{Login, LoginTag};
use countersign_domain::time::Moment;

/// The type of access tokens (RFC 9068 §2.1).
const ACCESS: &str = "at+jwt";

/// What a storefront is given.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// A JWT.
    pub access: Secret,
    /// When it ends.
    pub access_until: Moment,
    /// Good once.
    pub refresh: Secret,
    /// When it ends, unused.
    pub refresh_until: Moment,
}

/// Who has a ticket.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The company's own id of her.
    pub customer: CustomerId,
    /// A number for those who call accounts by numbers.
    pub number: u32,
}

/// What an access token says, where it stands.
#[derive(Clone, Debug)]
pub struct ActiveToken {
    /// Whose it is.
    pub holder: Holder,
    /// How she showed who she is.
    pub amr: Vec<String>,
    /// When it ends.
    pub expires_at: Moment,
}

/// The claims of an access token.
#[derive(Serialize, serde::Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: CustomerId,
    client_id: String,
    sid: String,
    jti: String,
    iat: u64,
    exp: u64,
    auth_time: u64,
    amr: Vec<String>,
    requires2fa: bool,
}

impl Holder {
    pub(crate) fn of(tag: LoginTag, customer: &CustomerId) -> Self {
        Self { number: tag.number(customer), customer: customer.clone() }
    }
}

impl Logins {
    /// Begins a ticket within the commit that lets somebody in.
    pub(crate) fn begin_ticket(
        &self,
        login: &mut Login,
        team: &TeamView,
        nonce: [u8; 16],
        amr: &[&str],
        when: BothTimes,
    ) -> Ticket {
        let until = when.now.plus_minutes(team.effective.settings.ticket.refresh_minutes);
        let amr = amr.iter().map(|one| (*one).to_owned()).collect();
        login.last_login_at = Some(when.now);
        login.tickets.begin(nonce, amr, when.now, until).clone()
    }

    /// What is told of a ticket that was saved.
    pub(crate) fn tokens(
        &self,
        team: &TeamView,
        account: &LoginAccount,
        customer: &CustomerId,
        ticket: &Ticket,
    ) -> Tokens {
        let (name, now) = (&team.team.name, self.engine.now());
        let access_until = now.plus_minutes(team.effective.settings.ticket.access_minutes).min(ticket.expires_at);
        let claims = Claims {
            iss: self.urls.public_url().to_owned(),
            aud: name.to_string(),
            sub: customer.clone(),
            client_id: name.to_string(),
            sid: ticket.id(account.tag, name, &self.engine.keys.ticket),
            jti: base64url(&self.engine.draw::<16>()),
            iat: now.unix_seconds(),
            exp: access_until.unix_seconds(),
            auth_time: ticket.began.unix_seconds(),
            amr: ticket.amr.clone(),
            requires2fa: false,
        };
        let access = Secret::new(self.engine.keys.signing.jwt(ACCESS, &claims).into_bytes());
        let refresh = ticket.token(account.tag, name, &self.engine.keys.ticket).text();
        Tokens { access, access_until, refresh: Secret::new(refresh.into_bytes()), refresh_until: ticket.expires_at }
    }

    /// Gives new tokens for a refresh token; none where it is not good, or not any more.
    pub async fn refresh_ticket(
        &self,
        team: &TeamName,
        token: &str,
        actor: &Actor,
    ) -> Result<Option<(Holder, Tokens)>, Error> {
        let view = self.teams.current_team(team).await?;
        let Some(token) = RefreshToken::parse(token) else { return Ok(None) };
        let account = at(team, &token);
        // The directory is asked before anything changes: where it does not answer, the token stays good.
        if !self.may_refresh(&view, &account, &token).await? {
            return Ok(None);
        }
        let rule = |login: &mut Login, when: BothTimes| {
            let until = when.now.plus_minutes(view.effective.settings.ticket.refresh_minutes);
            let (Some(customer), None) = (login.customer.clone(), login.disabled_at) else {
                return Ruled::quiet(Ok(None));
            };
            match login.tickets.refresh(&token, team, &self.engine.keys.ticket, when.now, until) {
                Ok(ticket) => Ruled::quiet(Ok(Some((customer, ticket.clone())))),
                Err(RefreshRefusal::Unknown) => Ruled::quiet(Ok(None)),
                Err(RefreshRefusal::Reused) => {
                    let known = LoginAccount { whose: LoginOwner::Customers(customer), ..account.clone() };
                    let data = signed_out(SignOutReason::RefreshTokenReused);
                    let event = known.tells(&self.engine, actor, when.now, data);
                    Ruled::with_events(Ok(None), vec![event])
                }
            }
        };
        let kept = match self.change_login(&account, rule, None).await {
            Err(Error::Refused(Refusal::NotFound("account"))) => return Ok(None),
            told => executed(told?)?,
        };
        let Some((customer, ticket)) = kept else { return Ok(None) };
        Ok(Some((Holder::of(account.tag, &customer), self.tokens(&view, &account, &customer, &ticket))))
    }

    /// Who was erased has no ticket any more, and who is in no directory any more gets none. Nobody is asked
    /// about a token that would be refused anyway.
    async fn may_refresh(&self, view: &TeamView, account: &LoginAccount, token: &RefreshToken) -> Result<bool, Error> {
        let Some(login) = self.login(account).await? else { return Ok(false) };
        match &login.customer {
            Some(customer) if login.tickets.is_newest(token, &account.team, &self.engine.keys.ticket) => {
                Ok(self.customers.customer_record(view, customer).await?.is_some())
            }
            _ => Ok(true),
        }
    }

    /// Signs out: the ticket that a refresh token belongs to has ended.
    pub async fn end_ticket(&self, team: &TeamName, token: &str, actor: &Actor) -> Result<(), Error> {
        let Some(token) = RefreshToken::parse(token) else { return Ok(()) };
        let account = at(team, &token);
        let rule = |login: &mut Login, when: BothTimes| {
            let ended = login.tickets.end(&token, team, &self.engine.keys.ticket);
            let Some(customer) = login.customer.clone().filter(|_| ended) else { return Ruled::quiet(Ok(())) };
            let known = LoginAccount { whose: LoginOwner::Customers(customer), ..account.clone() };
            let data = signed_out(SignOutReason::SignedOut);
            Ruled::with_events(Ok(()), vec![known.tells(&self.engine, actor, when.now, data)])
        };
        match self.change_login(&account, rule, None).await {
            Err(Error::Refused(Refusal::NotFound("account"))) => Ok(()),
            told => executed(told?),
        }
    }

    /// What an access token says, while its ticket stands: what a signature alone cannot tell.
    pub async fn look_at_ticket(&self, team: &TeamName, token: &str) -> Result<Option<ActiveToken>, Error> {
        let Some(claims) = self.engine.keys.signing.open::<Claims>(ACCESS, token) else { return Ok(None) };
        let expires_at = Moment(claims.exp.saturating_mul(1000));
        let ours = claims.iss == self.urls.public_url() && claims.aud == team.as_str();
        let parts: Vec<&str> = claims.sid.split('.').collect();
        let [tag, number, _] = parts[..] else { return Ok(None) };
        let (Some(tag), Ok(number)) = (LoginTag::parse(tag), number.parse::<u32>()) else { return Ok(None) };
        if !ours || self.engine.now() >= expires_at {
            return Ok(None);
        }
        let account = LoginAccount { team: team.clone(), tag, whose: LoginOwner::Kept };
        let Some(login) = self.login(&account).await? else { return Ok(None) };
        let stands = login.disabled_at.is_none() && login.customer.as_ref() == Some(&claims.sub);
        let same = |ticket: &&Ticket| ticket.id(tag, team, &self.engine.keys.ticket) == claims.sid;
        let ticket = login.tickets.get(number).filter(|_| stands).filter(same);
        Ok(ticket.map(|_| ActiveToken { holder: Holder::of(tag, &claims.sub), amr: claims.amr, expires_at }))
    }
}

fn at(team: &TeamName, token: &RefreshToken) -> LoginAccount {
    LoginAccount { team: team.clone(), tag: token.of, whose: LoginOwner::Kept }
}

/// The event of a login that ended.
pub(super) fn signed_out(reason: SignOutReason) -> impl FnOnce(Option<String>) -> EventData {
    move |pseudonym| EventData::CustomerSignedOut(CustomerSignedOutData { pseudonym, reason })
}
