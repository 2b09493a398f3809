//! Links to another password: made, sent, opened, and used once. Opening one changes nothing. How a link
//! becomes a page, and what a password must be, others say.

use super::logins::{BothTimes, LoginAccount, LoginOwner, Ruled};
use super::{Accounts, CustomerLogin};
use crate::engine::replay::executed;
use crate::engine::{Error, Execution, IdempotencyRecord};
use crate::teams::TeamView;
use countersign_domain::base::id::{CustomerId, TeamName};
use countersign_domain::conversation::failure_limit::Need;
use countersign_domain::event::data::accounts::{CustomerResetData, PasswordResetStep};
use countersign_domain::event::data::messages::{AccountMessagePurpose, LinkDeliveryFailedData};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::team::login::Login;
use countersign_domain::team::login::account_messages::{MessageSubject, Stop};
use countersign_domain::team::login::reset::{Reset, ResetToken};
use countersign_domain::time::Moment;

/// A link that is on its way: by which way, to which address, until when it is good.
#[derive(Clone, Debug)]
pub struct Underway {
    /// Where it goes first.
    pub stop: Stop,
    /// The end of the link.
    pub expires_at: Moment,
}

/// A link that may be used.
#[derive(Clone)]
pub struct OpenReset {
    /// The team, with its look.
    pub team: std::sync::Arc<TeamView>,
    /// Whose password it changes.
    pub customer: CustomerId,
    /// The end of the link.
    pub expires_at: Moment,
}

impl CustomerLogin {
    /// Sends a customer a link to choose another password by. Her password stands until she does.
    pub async fn send_reset(
        &self,
        team: &TeamName,
        id: &CustomerId,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, Underway>>,
    ) -> Result<Execution<Underway>, Error> {
        let view = self.teams.current_team(team).await?;
        if !view.keeps_passwords() {
            return Err(Refusal::PasswordElsewhere.into());
        }
        let record = self.customers.customer_record(&view, id).await?.ok_or(Refusal::NotFound("customer"))?;
        let (stops, nonce, account) =
            (Accounts::stops(&view, &record, None, false), self.engine.draw(), self.logins.account_of(team, id));
        let sent_to = self.addresses(team, stops.iter().map(|stop| &stop.to));
        let rule = |login: &mut Login, when: BothTimes| {
            if !login.is_registered() {
                return Ruled::quiet(Err(Refusal::Guest));
            }
            if login.disabled_at.is_some() {
                return Ruled::quiet(Err(Refusal::AccountDisabled));
            }
            let Some(stop) = stops.first().cloned() else {
                let nowhere = record.emails.is_empty() && record.phones.is_empty();
                return Ruled::quiet(Err(if nowhere { Refusal::NoAddress } else { Refusal::NoChannel }));
            };
            let reset = Reset::new(nonce, sent_to.clone(), when.now);
            let expires_at = reset.expires_at;
            login.reset = Some(reset);
            let number = login.write(MessageSubject::Reset(nonce), stops.clone(), when.now);
            login.settle(when.now, login.epoch); // a letter about the link before goes no more
            let event = account.tells(&self.engine, actor, when.now, reset_step(PasswordResetStep::Requested));
            Ruled { outcome: Ok(Underway { stop, expires_at }), events: vec![event], claimed: vec![number] }
        };
        self.logins.change_login(&account, rule, idempotency).await
    }

    /// A customer says that she has forgotten her password: a link goes to the address that is known of her.
    /// Whether anything left only an event tells, and a name that is nobody's costs the same. A link that is
    /// out already is sent again, so that nobody can end it by asking.
    pub(crate) async fn forgot(&self, team: &TeamView, name: &str) -> Result<(), Error> {
        if !team.keeps_passwords() {
            return Ok(());
        }
        let record = self.customers.person_named(team, name).await?;
        let account = self.account_for(team, record.as_ref(), name);
        let known = self.logins.at_failure_limit_of(&account, Need::Look).await?;
        let stops = record.as_ref().map(|record| Accounts::stops(team, record, None, false)).unwrap_or_default();
        let sent_to = self.addresses(&team.team.name, stops.iter().map(|stop| &stop.to));
        let (nonce, budget) = (self.engine.draw(), &team.effective.settings.send_budget);
        let rule = |login: &mut Login, when: BothTimes| {
            if login.forgot_again_at.is_some_and(|again| when.now < again) {
                return Ruled::quiet(Ok(()));
            }
            login.forgot_again_at = Some(budget.resend_after(when.now));
            let may = login.is_registered() && login.disabled_at.is_none() && !known.bans();
            let nobody = account.whose == LoginOwner::Nobodys;
            if !nobody && (!may || stops.is_empty()) {
                let reason = if stops.is_empty() { "no-address" } else { "not-allowed" };
                let data = |pseudonym| {
                    let (purpose, reason) = (Some(AccountMessagePurpose::PasswordReset), reason.into());
                    let (link, channel, next, pseudonym) = (None, None, None, Some(pseudonym));
                    let data = LinkDeliveryFailedData { link, purpose, channel, reason, next, pseudonym };
                    EventData::LinkDeliveryFailed(data)
                };
                return Ruled::with_events(Ok(()), vec![account.tells(&self.engine, &Actor::Person, when.now, data)]);
            }
            let out = login.reset.take().filter(|reset| reset.may_go_again(&sent_to, when.now));
            let reset = out.unwrap_or_else(|| Reset::new(nonce, sent_to.clone(), when.now));
            let about = MessageSubject::Reset(reset.nonce);
            login.reset = Some(reset);
            login.settle(when.now, login.epoch); // a letter about another link goes no more
            if nobody || login.account_messages.iter().any(|message| message.about == about) {
                return Ruled::quiet(Ok(()));
            }
            let number = login.write(about, stops.clone(), when.now);
            let data = reset_step(PasswordResetStep::Requested);
            let event = account.tells(&self.engine, &Actor::Person, when.now, data);
            Ruled { outcome: Ok(()), events: vec![event], claimed: vec![number] }
        };
        executed(self.logins.change_login(&account, rule, None).await?)
    }

    fn addresses<'a>(&self, team: &TeamName, all: impl Iterator<Item = &'a String>) -> Vec<[u8; 16]> {
        all.map(|address| Reset::address(&self.engine.keys.pseudonym, team, address)).collect()
    }

    /// What a link opens. It changes nothing.
    pub async fn open_reset(&self, token: &ResetToken) -> Result<OpenReset, Error> {
        let team = self.teams.team(&token.team).await?.ok_or(Refusal::NotFound("link"))?;
        let login = self.logins.login(&at(token)).await?.ok_or(Refusal::NotFound("link"))?;
        let reset = login.reset.as_ref().filter(|reset| reset.is(token, &self.engine.keys.link));
        let (Some(reset), Some(customer)) = (reset, login.customer.clone()) else {
            return Err(Refusal::LinkExpired.into());
        };
        let record = self.customers.customer_record(&team, &customer).await?.ok_or(Refusal::LinkExpired)?;
        let hers = self.addresses(&token.team, record.emails.iter().chain(&record.phones));
        if !reset.is_hers(&hers) {
            return Err(Refusal::LinkExpired.into());
        }
        Ok(OpenReset { team, customer, expires_at: reset.expires_at })
    }

    /// The customer chooses another password: the link is used, and whoever was logged in is out.
    pub async fn use_reset(&self, token: &ResetToken, text: &str) -> Result<OpenReset, Error> {
        let open = self.open_reset(token).await?;
        let record =
            self.customers.customer_record(&open.team, &open.customer).await?.ok_or(Refusal::NotFound("customer"))?;
        let hash = self.logins.hash_password(self.accounts.judge_password(&open.team, &record, text)?).await?;
        let account = self.logins.account_of(&token.team, &open.customer);
        // A hash takes its time, in which her address may have become another's.
        self.open_reset(token).await?;
        let rule = |login: &mut Login, when: BothTimes| {
            let stands = login.reset.as_ref().is_some_and(|reset| reset.is(token, &self.engine.keys.link));
            if !stands || login.disabled_at.is_some() {
                return Ruled::quiet(Err(Refusal::LinkExpired));
            }
            login.set_password(hash.clone(), when.now);
            let data = reset_step(PasswordResetStep::Done);
            Ruled::with_events(Ok(()), vec![account.tells(&self.engine, &Actor::Person, when.now, data)])
        };
        executed(self.logins.change_login(&account, rule, None).await?)?;
        Ok(open)
    }
}

fn at(token: &ResetToken) -> LoginAccount {
    LoginAccount { team: token.team.clone(), tag: token.of, whose: LoginOwner::Kept }
}

/// The event of a step to another password.
fn reset_step(step: PasswordResetStep) -> impl FnOnce(Option<String>) -> EventData {
    move |pseudonym| EventData::CustomerReset(CustomerResetData { pseudonym, step })
}
