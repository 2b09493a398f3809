//! Messages to customers that belong to no conversation: a node that has claimed one hands it to its
//! channel, or tells the team's own sender, and records what became of it. A claim that nobody settled
//! lapses, and the message goes again under the same id.

use std::sync::Arc;

use countersign_channels::{Content, Message, MessageAddress, Terms};
use secrecy::SecretString;

use super::Logins;
use super::logins::{AccountMessageClaim, BothTimes, LoginAccount, LoginOwner, Ruled};
use crate::engine::executor::{JobKind, Next};
use crate::engine::{Error, KeyOf};
use crate::messaging::requesting;
use crate::messaging::sending::{hand, outcome_of};
use crate::teams::{TeamView, sms, team_event};
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::base::way::Way;
use countersign_domain::conversation::destination::Destination;
use countersign_domain::event::data::challenges::CodeRequestedData;
use countersign_domain::event::data::messages::{
    AccountMessagePurpose, CodeDeliveryFailedData, CodeSentData, LinkDeliveryFailedData, LinkSentData,
};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::messaging::attempt::AttemptResult;
use countersign_domain::messaging::wording;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Secret;
use countersign_domain::team::login::account_messages::{AccountMessage, AccountMessageNews, MessageSubject, Stop};
use countersign_domain::team::login::{Login, LoginTag};
use countersign_domain::time::lease::{Lease, TIMEOUT};
use countersign_store::RecordKey;

/// A letter, and the login record that it is about.
pub(crate) struct AccountMessageJob {
    account: LoginAccount,
    login: Login,
    message: AccountMessage,
    team: Arc<TeamView>,
}

impl Logins {
    /// The alarm of a login has come: whoever hears it first claims what is due.
    pub(crate) async fn claim_account_messages(&self, key: &RecordKey) {
        let Some(account) = account_at(&key.name) else { return };
        let claimed = self.change_login(
            &account,
            |login, when| Ruled { claimed: login.claim_account_messages(when.now), ..Ruled::quiet(Ok(())) },
            None,
        );
        match claimed.await {
            Ok(_) | Err(Error::Refused(Refusal::NotFound(_))) => {}
            Err(error) => tracing::error!(%error, "a customer's letters could not be claimed; the alarm comes again"),
        }
    }

    /// Pays for the first try on a way; what it cannot pay for is not sent.
    async fn unpaid(
        &self,
        team: &TeamView,
        to: Destination,
        message: &AccountMessage,
    ) -> Result<Option<AttemptResult>, Error> {
        if message.trying.tries > 1 {
            return Ok(None);
        }
        match self.limits.pay(team, to).await {
            Ok(_) => Ok(None),
            Err(Error::Refused(Refusal::CountryNotAllowed)) => Ok(Some(AttemptResult::Refused("country-not-allowed"))),
            Err(Error::Refused(_)) => Ok(Some(AttemptResult::Refused("send-budget"))),
            Err(error) => Err(error),
        }
    }

    /// What holds for it at this moment. Nobody is in a conversation, so nobody has written.
    fn account_message_terms(&self, login: &Login, message: &AccountMessage) -> Terms {
        let ends = match message.about {
            MessageSubject::Code(purpose, _) => login.codes.get(purpose).and_then(|live| live.expires_at),
            MessageSubject::Reset(_) => login.reset.as_ref().map(|reset| reset.expires_at),
        };
        Terms { freely: false, seconds: ends.map(|end| end.since(self.engine.now()).as_secs()) }
    }

    fn account_message_texts(&self, job: &AccountMessageJob, stop: &Stop) -> Option<(String, Content)> {
        let AccountMessageJob { account: LoginAccount { tag: of, .. }, login, message, team } = job;
        let settings = &team.effective.settings;
        let (locale, brand) = (settings.locale.as_str(), settings.brand.name.as_deref());
        match message.about {
            MessageSubject::Code(purpose, _) => {
                let live = login.codes.get(purpose)?;
                let digits = live.digits(*of, purpose, &self.engine.keys.code);
                let code = SecretString::from(String::from_utf8_lossy(digits.expose()).into_owned());
                let words = settings.otp.message.as_str();
                let text = match stop.way {
                    Way::Email => wording::code_by_mail(words, locale),
                    _ => sms::code_by_sms(words, self.urls.public_url(), live.length()),
                };
                Some((wording::code_subject(locale, brand), Content::Code { text, code }))
            }
            MessageSubject::Reset(_) => {
                let token = login.reset.as_ref()?.token(&team.team.name, *of, &self.engine.keys.link);
                let url = SecretString::from(self.urls.reset_url(&token));
                let text = wording::reset(locale, brand);
                let text = if stop.way == Way::Sms { sms::plainer(&text) } else { text };
                Some((wording::reset_subject(locale, brand), Content::Link { text, url }))
            }
        }
    }

    /// Asks the team to send a code: `otp.requested`, at the webhook that its settings name and nowhere
    /// else.
    async fn request_account_message(&self, job: &AccountMessageJob, stop: &Stop) -> AttemptResult {
        let AccountMessageJob { account, login, message, team } = job;
        let (Some(webhook), MessageSubject::Code(purpose, _)) = (team.event_webhook(), message.about) else {
            return AttemptResult::Refused("no-channel");
        };
        let Some(live) = login.codes.get(purpose) else { return AttemptResult::Refused("gone") };
        let data = EventData::OtpRequested(CodeRequestedData {
            challenge: None,
            customer: Some(login.customer.clone()),
            purpose: Some(purpose.told()),
            code: live.digits(account.tag, purpose, &self.engine.keys.code),
            to: Secret::new(stop.to.as_bytes().to_vec()),
            expires_at: live.expires_at,
        });
        let event = team_event(&team.team.name, data, &Actor::Time, message.trying.since);
        let answer = self.messaging.post_code(webhook, &message.message_id(account.tag), &event).await;
        requesting::outcome_of(answer)
    }
}

impl JobKind<AccountMessageClaim> for Logins {
    type Job = AccountMessageJob;
    type Attempt = AttemptResult;

    async fn load(&self, claim: AccountMessageClaim) -> Result<Option<AccountMessageJob>, Error> {
        let AccountMessageClaim { key: RecordKey { partition, name }, number } = claim;
        let Some(mut account) = account_at(&name) else { return Ok(None) };
        let key = KeyOf::<Login>::new(partition, name);
        let Some(mut login) = self.engine.record(&key).await? else { return Ok(None) };
        login.settle(self.engine.now(), self.engine.epoch().number);
        let Some(id) = &login.customer else { return Ok(None) };
        account.whose = LoginOwner::Customers(id.clone());
        let Some(message) = login.account_messages.iter().find(|message| message.number == number).cloned() else {
            return Ok(None);
        };
        let team = self.teams.team(&account.team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(Some(AccountMessageJob { account, login, message, team }))
    }

    fn lease(&self, job: &AccountMessageJob) -> Option<Lease> {
        Some(Lease(job.message.trying.next))
    }

    /// Sends it where it is to go now. It is paid for here: until then nobody has asked for
    /// anything but that it be tried.
    async fn attempt(&self, job: &AccountMessageJob) -> Result<AttemptResult, Error> {
        let AccountMessageJob { account, login, message, team } = job;
        let Some(stop) = message.stops.first() else { return Ok(AttemptResult::Refused("no-address")) };
        let name = &team.team.name;
        let channel: ChannelName = stop.way.as_str().parse().expect("the names of ways are names of channels");
        let to = Destination::of(name, &channel, &stop.to, &self.engine.keys.pseudonym);
        if stop.way == Way::Event {
            if let Some(refused) = self.unpaid(team, to, message).await? {
                return Ok(refused);
            }
            return Ok(self.request_account_message(job, stop).await);
        }
        let Some(driver) = self.channels.driver(team, &channel) else {
            return Ok(AttemptResult::Refused("no-channel"));
        };
        let Some((subject, content)) = self.account_message_texts(job, stop) else {
            return Ok(AttemptResult::Refused("gone"));
        };
        if let Some(delayed) = self.limits.held_back(team, &channel, driver.max_per_minute(), message.trying).await? {
            return Ok(delayed);
        }
        if let Some(refused) = self.unpaid(team, to, message).await? {
            return Ok(refused);
        }
        let sent = Message {
            id: message.message_id(account.tag),
            to: MessageAddress::new(&stop.to),
            subject: Some(subject),
            content,
            terms: self.account_message_terms(login, message),
        };
        let how = outcome_of(&hand(&*driver, &sent, TIMEOUT).await);
        self.limits.went(team, &channel, how, Some(message.trying)).await;
        if how == AttemptResult::Sent && matches!(message.about, MessageSubject::Code(..)) {
            self.limits.count_sent(name, to.country);
        }
        Ok(how)
    }

    async fn settle(&self, job: AccountMessageJob, how: AttemptResult) -> Result<Next<AccountMessageClaim>, Error> {
        let AccountMessageJob { account, message, .. } = job;
        let (number, tries, jitter) = (message.number, message.trying.tries, self.engine.draw::<1>()[0]);
        let rule = |login: &mut Login, when: BothTimes| {
            let news = login.tried(number, tries, how, when.now, jitter);
            let told =
                news.map(|news| account.tells(&self.engine, &Actor::Time, when.now, |pseudonym| told(news, pseudonym)));
            Ruled::with_events(Ok(()), told.into_iter().collect())
        };
        self.change_login(&account, rule, None).await?;
        Ok(Next::Done)
    }
}

/// The event of an account's message: what it is about and by which way, never where to.
fn told(news: AccountMessageNews, pseudonym: Option<String>) -> EventData {
    let channel = |way: Way| way.as_str().parse().expect("the names of ways are names of channels");
    let (link, challenge, pseudonym) = (None, None, Some(pseudonym));
    let reset = Some(AccountMessagePurpose::PasswordReset);
    match news {
        AccountMessageNews::Sent(MessageSubject::Code(purpose, _), way) => {
            let (purpose, channel) = (Some(purpose.told()), channel(way));
            EventData::ChallengeSent(CodeSentData { challenge, purpose, channel, pseudonym })
        }
        AccountMessageNews::Sent(MessageSubject::Reset(_), way) => {
            EventData::LinkSent(LinkSentData { link, purpose: reset, channel: channel(way), pseudonym })
        }
        AccountMessageNews::Failed(MessageSubject::Code(purpose, _), way, why, next) => {
            let (purpose, channel, reason) = (Some(purpose.told()), Some(channel(way)), why.into());
            let data = CodeDeliveryFailedData { challenge, purpose, channel, reason, next, pseudonym };
            EventData::ChallengeDeliveryFailed(data)
        }
        AccountMessageNews::Failed(MessageSubject::Reset(_), way, why, next) => {
            let (channel, reason) = (Some(channel(way)), why.into());
            let data = LinkDeliveryFailedData { link, purpose: reset, channel, reason, next, pseudonym };
            EventData::LinkDeliveryFailed(data)
        }
    }
}

/// The account whose record has that name.
fn account_at(name: &str) -> Option<LoginAccount> {
    let (team, tag) = name.strip_prefix("login/")?.split_once('/')?;
    let team: TeamName = team.parse().ok()?;
    Some(LoginAccount { team, tag: LoginTag::parse(tag)?, whose: LoginOwner::Kept })
}
