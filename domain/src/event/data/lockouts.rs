//! Data of events about locks and bans of participants: which budget or failure limit, so that it is found again
//! where its interaction is not known any more.

use std::borrow::Cow;

use crate::base::method::Guarded;
use crate::event::step::Step;
use crate::secret::customer_tag::CustomerTag;
use crate::time::Moment;

event_data! {
    /// A lock or a ban, or its end.
    pub struct LockoutEventData {
        /// The method that is locked; `null` where the customer is banned over all addresses and nothing else is.
        method: Option<Guarded>,
        /// The address's pseudonym.
        address?: String,
        /// The budget's name at the address.
        budget?: String,
        /// The pseudonym that the customer is banned by over all addresses.
        failure_limit?: CustomerTag,
        /// When a lock ends by itself.
        until?: Moment,
        /// Why: a word of the gateway's, or the text of whoever lifted it.
        reason?: Cow<'static, str>,
        /// The part of the store that the address lies in, where the event is of no interaction.
        partition?: u8,
    }
}

impl LockoutEventData {
    /// Of the budget of a method, by the address's pseudonym and the budget's name.
    pub fn of_budget(method: Guarded, address: String, budget: String) -> Self {
        let (address, budget) = (Some(address), Some(budget));
        Self { method: Some(method), address, budget, failure_limit: None, until: None, reason: None, partition: None }
    }

    /// Of a customer's failure limit alone: of no method.
    pub fn of_failure_limit(customer: CustomerTag) -> Self {
        let failure_limit = Some(customer);
        Self { method: None, address: None, budget: None, failure_limit, until: None, reason: None, partition: None }
    }

    /// The same, with a reason.
    pub fn because(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// The step that a ban counts as. A failure limit's ban that fell with another one is the same person's.
    pub(in crate::event) fn ban(&self) -> Option<Step> {
        self.method.map(|_| Step::Bans)
    }
}
