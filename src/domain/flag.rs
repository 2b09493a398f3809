//! The flag: this participant is authenticated, by these methods, until this moment.
//!
//! Only `raise` raises it, and it takes an `Admitted`. Expiry is decided here against the time
//! that the caller gives; a task only announces it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::customer::Record;
use super::id::CustomerId;
use super::is_default;
use super::lockout::Admitted;
pub use super::method::Method;
use super::settings::{Intent, Settings};
use super::time::Moment;

/// How long before its end a flag is announced to be ending.
pub const WARNING: Duration = Duration::from_secs(60);

/// How the browser was shown to be the chat's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// The chat's own window opened the page.
    Opener,
    /// A code came back through the chat: typed there, or carried by the chat's own platform, which says
    /// whose browser it was.
    Code,
    /// The website that runs the chat vouched.
    Token,
    /// It was not.
    None,
}

impl Binding {
    /// Of two, the one that shows less.
    fn weaker(self, other: Self) -> Self {
        let rank = |binding: Self| match binding {
            Self::None => 0,
            Self::Code => 1,
            Self::Opener => 2,
            Self::Token => 3,
        };
        if rank(other) < rank(self) { other } else { self }
    }
}

/// Who was proved to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The company's id of the customer.
    pub id: CustomerId,
    /// As the login page gave it.
    pub name: Option<String>,
    /// Which of the directory's records her private data fit, where the team wants them to fit one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<CustomerId>,
}

/// A proof that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// How.
    pub method: Method,
    /// Who, where the method says so: a code proves only that its receiver is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// Whether an agent knew the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assisted: bool,
    /// When the person really logged in, where the login page says so.
    pub auth_time: Option<Moment>,
    /// The login page's assurance class.
    pub acr: Option<String>,
    /// What the login page passes on to agents.
    pub private_data: BTreeMap<String, String>,
}

impl Proof {
    /// A right answer to a challenge: it names nobody.
    pub fn of_answer(method: Method, assisted: bool) -> Self {
        let private_data = BTreeMap::new();
        Self { method, customer: None, assisted, auth_time: None, acr: None, private_data }
    }

    /// The directory knows her: it is that record. What it calls her counts where the login page has not
    /// said it.
    pub fn is_record(&mut self, record: Record) {
        if let Some(customer) = &mut self.customer {
            customer.record = Some(record.id);
            customer.name = customer.name.take().or(record.name);
        }
    }
}

/// A flag that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// Each method's newest proof.
    pub proofs: BTreeMap<Method, Proved>,
    /// How the newest was bound; where another method's stands beside it, the weaker of the two.
    pub binding: Binding,
    /// Whether an agent saw the code.
    pub assisted: bool,
    /// Who, where a proof has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// What the login page passed on.
    pub private_data: BTreeMap<String, String>,
    /// The newest proof.
    pub since: Moment,
    /// The first since the flag was down; the absolute ceiling counts from it.
    pub first_since: Moment,
    /// The end.
    pub expires_at: Moment,
    /// Which of the clocks makes the end.
    pub ends_by: Reason,
    /// The end was announced.
    pub warned: bool,
    /// The link that the newest login came by.
    pub by_link: Option<u16>,
}

/// When a method was proved, and how surely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proved {
    /// The older of acceptance and the person's login: what an intent's maximum age counts from.
    pub at: Moment,
    /// The login page's assurance class.
    pub acr: Option<String>,
}

/// Why a flag is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The authentication timeout.
    Timeout,
    /// The ceiling.
    AbsoluteTimeout,
    /// Somebody signed the participant out.
    SignedOut,
    /// The interaction closed.
    Closed,
    /// Another person took the participant's place.
    Reassigned,
    /// The login page said no.
    Denied,
    /// The person gave up.
    Cancelled,
    /// "This wasn't me".
    Reported,
    /// The link was not used in time.
    LinkExpired,
    /// The confirmation code did not come back in time.
    ConfirmationExpired,
    /// It came back wrong too often.
    ConfirmationFailed,
    /// A challenge was not answered in time.
    ChallengeExpired,
    /// It was answered wrongly too often.
    ChallengeFailed,
    /// The store began a new epoch: what was proved before it does not count.
    Restored,
}

/// The flag of one participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flag {
    /// Down, and was not up, or was put down.
    Lowered(Option<Reason>),
    /// Up until its moment.
    Raised(Box<Raised>),
    /// Down because its time was over.
    Expired(Moment, Reason),
}

impl Default for Flag {
    fn default() -> Self {
        Self::Lowered(None)
    }
}

/// What the passing of time did to a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It will fall in a minute.
    Expiring(Moment),
    /// It fell.
    Expired(Moment, Reason),
}

/// Whether an intent may run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Allowed,
    /// It may not, because.
    Refused(&'static str),
}

impl Flag {
    /// The standing flag, where it stands at `now`.
    pub fn raised(&self, now: Moment) -> Option<&Raised> {
        match self {
            Self::Raised(raised) if now < raised.expires_at => Some(raised),
            _ => None,
        }
    }

    /// Who was proved last, whether or not it stands.
    pub fn customer(&self) -> Option<&Customer> {
        match self {
            Self::Raised(raised) => raised.customer.as_ref(),
            _ => None,
        }
    }

    /// Whether it stands in the record, before time is asked.
    pub fn raised_at_all(&self) -> bool {
        matches!(self, Self::Raised(_))
    }

    /// Raises the flag, or proves once more who is there. Never past the absolute ceiling since
    /// the first proof.
    pub fn raise(
        &mut self,
        _: Admitted,
        proof: Proof,
        (binding, by_link): (Binding, Option<u16>),
        settings: &Settings,
        now: Moment,
    ) {
        let before = self.raised(now).cloned();
        let first_since = before.as_ref().map_or(now, |b| b.first_since);
        let end = now.plus_minutes(settings.authentication_timeout_minutes);
        let ceiling = first_since.plus_minutes(settings.absolute_timeout_minutes);
        let mut proofs = before.as_ref().map(|b| b.proofs.clone()).unwrap_or_default();
        let at = proof.auth_time.map_or(now, |t| t.min(now));
        let beside = before.as_ref().filter(|b| b.proofs.keys().any(|method| *method != proof.method));
        proofs.insert(proof.method, Proved { at, acr: proof.acr });
        let mut private_data = before.as_ref().map(|b| b.private_data.clone()).unwrap_or_default();
        private_data.extend(proof.private_data);
        // What a login has said stands beside a code: whom it named, and by which link it came, so
        // that "This wasn't me" still finds it.
        let login = proof.method == Method::Login;
        *self = Self::Raised(Box::new(Raised {
            proofs,
            binding: beside.map_or(binding, |b| binding.weaker(b.binding)),
            assisted: proof.assisted || before.as_ref().is_some_and(|b| b.assisted),
            customer: proof.customer.or_else(|| before.as_ref().and_then(|b| b.customer.clone())),
            private_data,
            since: now,
            first_since,
            expires_at: end.min(ceiling),
            ends_by: if ceiling < end { Reason::AbsoluteTimeout } else { Reason::Timeout },
            warned: false,
            by_link: if login { by_link } else { before.and_then(|b| b.by_link) },
        }));
    }

    /// Lowers the flag; true where it stood.
    pub fn lower(&mut self, reason: Reason) -> bool {
        let stood = self.raised_at_all();
        *self = Self::Lowered(Some(reason));
        stood
    }

    /// Notes why a flag that is down stays down.
    pub fn explain(&mut self, reason: Reason) {
        if !self.raised_at_all() {
            *self = Self::Lowered(Some(reason));
        }
    }

    /// Lets time pass: what is to be announced, at most one thing a call.
    pub fn settle(&mut self, now: Moment) -> Option<Passed> {
        let Self::Raised(raised) = self else { return None };
        if now >= raised.expires_at {
            let (at, reason) = (raised.expires_at, raised.ends_by);
            *self = Self::Expired(at, reason);
            return Some(Passed::Expired(at, reason));
        }
        let warn_at = raised.expires_at.minus(WARNING);
        if !raised.warned && warn_at > raised.since && now >= warn_at {
            raised.warned = true;
            return Some(Passed::Expiring(warn_at));
        }
        None
    }

    /// When `settle` next has something to say.
    pub fn deadline(&self) -> Option<Moment> {
        let Self::Raised(raised) = self else { return None };
        let warn_at = raised.expires_at.minus(WARNING);
        Some(if !raised.warned && warn_at > raised.since { warn_at } else { raised.expires_at })
    }

    /// Whether the intent may run now, and if not, why not.
    pub fn answer(&self, intent: Option<&Intent>, now: Moment) -> Answer {
        let Some(intent) = intent else { return Answer::Refused("unknown_intent") };
        let Some(raised) = self.raised(now) else {
            let was = self.raised_at_all() || matches!(self, Self::Expired(..));
            return Answer::Refused(if was { "expired" } else { "unauthenticated" });
        };
        let accepted: Vec<&Proved> = raised
            .proofs
            .iter()
            .filter(|(method, proved)| {
                let sure = || proved.acr.as_ref().is_some_and(|acr| intent.acr.contains(acr));
                intent.accept.contains(method) && (**method != Method::Login || intent.acr.is_empty() || sure())
            })
            .map(|(_, proved)| proved)
            .collect();
        if accepted.is_empty() {
            return Answer::Refused("method_not_accepted");
        }
        let young = |p: &&Proved| intent.max_age_minutes.is_none_or(|m| now < p.at.plus_minutes(m));
        if accepted.iter().any(young) { Answer::Allowed } else { Answer::Refused("too_old") }
    }
}

impl Raised {
    /// The methods that were proved, in a fixed order.
    pub fn methods(&self) -> BTreeSet<Method> {
        self.proofs.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests;
