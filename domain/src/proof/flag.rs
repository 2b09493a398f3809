//! The flag: this participant is authenticated, by these methods, until this moment.
//!
//! Only `raise` raises it, and it takes an `Admitted`. Expiry is decided here against the time
//! that the caller gives; a task only announces it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lockout::Admitted;
use crate::base::binding::{Binding, PageSource};
use crate::base::id::CustomerId;
use crate::customer::StoredCustomer;
use crate::is_default;

pub use crate::base::method::Method;
use crate::secret::Tag;
use crate::settings::Intent;
use crate::settings::Settings;
use crate::time::Moment;

mod reason;

pub use reason::Reason;

/// How long before its end a flag is announced to be ending.
pub const WARNING: Duration = Duration::from_secs(60);

/// How a proof came, where the flag is raised by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What shows whose it is.
    pub binding: Binding,
    /// The browser that it was proved in, where that is all that is known.
    pub browser: Option<Tag>,
    /// The link or challenge whose page it came from.
    pub source: Option<PageSource>,
    /// When the proof was accepted.
    pub accepted_at: Moment,
}

impl Bound {
    /// Accepted now.
    pub fn now(binding: Binding, now: Moment) -> Self {
        Self { binding, browser: None, source: None, accepted_at: now }
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
    pub fn is_record(&mut self, record: StoredCustomer) {
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
    /// The weakest of the proofs' bindings.
    pub binding: Binding,
    /// The browser of proofs that are bound to a browser alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Tag>,
    /// Whether an agent saw the code.
    pub assisted: bool,
    /// Who, where a proof has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// What the login page passed on.
    pub private_data: BTreeMap<String, String>,
    /// The newest proof.
    pub since: Moment,
    /// The first since the flag was down; the absolute timeout counts from it.
    pub first_since: Moment,
    /// The end.
    pub expires_at: Moment,
    /// Which of the clocks makes the end.
    pub ends_by: Reason,
    /// The end was announced.
    pub warned: bool,
}

impl Raised {
    /// The newest login.
    pub fn login(&self) -> Option<&Proved> {
        self.proofs.get(&Method::Login)
    }

    /// The link that the newest login came by.
    pub fn login_link(&self) -> Option<u16> {
        match self.login()?.source? {
            PageSource::Link(number) => Some(number),
            PageSource::Challenge(_) => None,
        }
    }

    /// Whether what was proved on that page is among what raised it.
    pub fn is_by(&self, source: PageSource) -> bool {
        self.proofs.values().any(|proved| proved.source == Some(source))
    }
}

/// When a method was proved, and how surely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proved {
    /// The older of acceptance and the person's login: what an intent's maximum age counts from.
    pub at: Moment,
    /// The login page's assurance class.
    pub acr: Option<String>,
    /// What shows whose proof it is.
    pub binding: Binding,
    /// The link or challenge whose page it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PageSource>,
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
pub enum IntentDecision {
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

    /// Whether that method is among what raised it.
    pub fn has_proof(&self, method: Method) -> bool {
        matches!(self, Self::Raised(raised) if raised.proofs.contains_key(&method))
    }

    /// Whether it stands in the record, before time is asked.
    pub fn raised_at_all(&self) -> bool {
        matches!(self, Self::Raised(_))
    }

    /// Raises the flag, or proves once more who is there. Its times count from when the proof was accepted,
    /// and never past the absolute timeout since the first proof. What another browser proved goes: no flag is
    /// made of two browsers.
    pub fn raise(&mut self, _: Admitted, proof: Proof, bound: Bound, settings: &Settings, now: Moment) {
        let is_other = |known: &Customer| proof.customer.as_ref().is_some_and(|proved| proved.id != known.id);
        let of_another = |raised: &Raised| {
            let another_browser = raised.browser.is_some() && raised.browser != bound.browser;
            another_browser || bound.browser.is_some() && raised.customer.as_ref().is_some_and(is_other)
        };
        let before = self.raised(now).filter(|raised| !of_another(raised)).cloned();
        let since = bound.accepted_at;
        let first_since = before.as_ref().map_or(since, |b| b.first_since);
        let (end, absolute_end) = Self::ends(since, first_since, settings);
        let mut proofs = before.as_ref().map(|b| b.proofs.clone()).unwrap_or_default();
        let at = proof.auth_time.map_or(since, |t| t.min(since));
        proofs.insert(proof.method, Proved { at, acr: proof.acr, binding: bound.binding, source: bound.source });
        let mut private_data = before.as_ref().map(|b| b.private_data.clone()).unwrap_or_default();
        private_data.extend(proof.private_data);
        // What a login has said stands beside a code: whom it named, and by which link it came, so
        // that "This wasn't me" still finds it.
        *self = Self::Raised(Box::new(Raised {
            binding: proofs.values().map(|proved| proved.binding).min().unwrap_or(bound.binding),
            browser: bound.browser.or_else(|| before.as_ref().and_then(|b| b.browser)),
            proofs,
            assisted: proof.assisted || before.as_ref().is_some_and(|b| b.assisted),
            customer: proof.customer.or_else(|| before.as_ref().and_then(|b| b.customer.clone())),
            private_data,
            since,
            first_since,
            expires_at: end.min(absolute_end),
            ends_by: if absolute_end < end { Reason::AbsoluteTimeout } else { Reason::Timeout },
            warned: false,
        }));
    }

    /// Whether a flag that is raised now by a proof of that moment would stand.
    pub fn would_stand(&self, accepted_at: Moment, settings: &Settings, now: Moment) -> bool {
        let first_since = self.raised(now).map_or(accepted_at, |raised| raised.first_since);
        let (end, absolute_end) = Self::ends(accepted_at, first_since, settings);
        now < end.min(absolute_end)
    }

    /// The authentication timeout and the absolute timeout.
    fn ends(since: Moment, first_since: Moment, settings: &Settings) -> (Moment, Moment) {
        let end = since.plus_minutes(settings.authentication_timeout_minutes);
        (end, first_since.plus_minutes(settings.absolute_timeout_minutes))
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
    pub fn answer(&self, intent: Option<&Intent>, now: Moment) -> IntentDecision {
        let Some(intent) = intent else { return IntentDecision::Refused("unknown_intent") };
        let Some(raised) = self.raised(now) else {
            let was = self.raised_at_all() || matches!(self, Self::Expired(..));
            return IntentDecision::Refused(if was { "expired" } else { "unauthenticated" });
        };
        let accepted: Vec<&Proved> = raised
            .proofs
            .iter()
            .filter(|(method, proved)| {
                let earliest = || proved.acr.as_ref().is_some_and(|acr| intent.acr.contains(acr));
                intent.accept.contains(method) && (!method.is_login() || intent.acr.is_empty() || earliest())
            })
            .map(|(_, proved)| proved)
            .collect();
        if accepted.is_empty() {
            return IntentDecision::Refused("method_not_accepted");
        }
        let accepted: Vec<&Proved> = accepted.into_iter().filter(|proved| intent.takes(proved.binding)).collect();
        if accepted.is_empty() {
            return IntentDecision::Refused("binding_not_accepted");
        }
        let young = |p: &&Proved| intent.max_age_minutes.is_none_or(|m| now < p.at.plus_minutes(m));
        if accepted.iter().any(young) { IntentDecision::Allowed } else { IntentDecision::Refused("too_old") }
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
