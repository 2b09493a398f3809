//! Who is locked out of a team now: people in conversations, and customers at their accounts. Where to look,
//! the audit trail tells; whether it still holds, the record says that counts, so what was lifted or is over
//! is not told. Console users who are locked stand in `users`.

use std::collections::BTreeSet;

use super::accounts::AccountState;
use super::audit::Entry;
use super::decide::Reads;
use super::names::{account_name, accounts_index};
use super::{Error, Gateway, Held, decode};
use crate::domain::address::Address;
use crate::domain::ceiling::{Ceilings, CustomerTag, Need};
use crate::domain::event::EventKind;
use crate::domain::id::{CustomerId, InteractionId, ParticipantId, TeamName};
use crate::domain::interaction::Participant;
use crate::domain::lockout::Budget;
use crate::domain::login::Login;
use crate::domain::method::Guarded;
use crate::store::Order;

/// Logins that are read at once, and looked at in all.
const PAGE: usize = 100;
const MOST_LOGINS: usize = 20_000;

/// Somebody who is locked out in a conversation.
pub struct LockedOut {
    /// The conversation, as it is now.
    pub held: Held<()>,
    /// Who in it.
    pub participant: ParticipantId,
    /// When the lock or the ban that was told last fell, RFC 3339.
    pub since: String,
    /// What is refused, and by which budget.
    pub budgets: Vec<(Guarded, Budget)>,
    /// Wrong answers over all addresses: nothing of hers is taken anywhere.
    pub ceiling: bool,
}

impl LockedOut {
    /// The participant.
    pub fn person(&self) -> Option<&Participant> {
        self.held.interaction.participant(&self.participant)
    }
}

impl Gateway {
    /// Who is locked out in conversations, those first whose lock fell last; and below which entry of the
    /// trail to look further, where there may be more.
    pub async fn locked_out(
        &self,
        team: &TeamName,
        below: Option<u64>,
    ) -> Result<(Vec<LockedOut>, Option<u64>), Error> {
        let (entries, next) = self.audit_back(team, below, usize::MAX, |entry| fell(&entry.action)).await?;
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for entry in entries {
            let Some((id, who)) = whose(&entry) else { continue };
            if !seen.insert((id, who.clone())) {
                continue;
            }
            let held = match self.interaction(id, Some(team)).await {
                Ok(held) => held,
                // It was erased; when somebody writes from there again, the lock shows in that conversation.
                Err(Error::Refused(_)) => continue,
                Err(error) => return Err(error),
            };
            found.extend(self.still_locked(held, who, entry.at).await?);
        }
        Ok((found, next))
    }

    async fn still_locked(
        &self,
        held: Held<()>,
        who: ParticipantId,
        since: String,
    ) -> Result<Option<LockedOut>, Error> {
        let Some(person) = held.interaction.participant(&who) else { return Ok(None) };
        let (sure, pseudonym) = (self.sure(), |own: &str| self.keys.pseudonym.tag(&[own.as_bytes()]).name());
        let refuses = |what: Guarded| {
            let budget = held.address.budgets.get(&Address::budget_name(what, person, pseudonym))?;
            budget.admit(sure).is_err().then(|| (what, budget.clone()))
        };
        let budgets: Vec<_> = Guarded::ALL.into_iter().filter_map(refuses).collect();
        let ceiling = match CustomerTag::of(&self.keys, &held.interaction.team, person) {
            Some(customer) => {
                let mut ceilings = Ceilings::default();
                self.meet(&[Need::Look(customer.clone())], None, &mut ceilings).await?;
                ceilings.of(&customer).is_some_and(|known| known.bans())
            }
            None => false,
        };
        let is_locked = ceiling || !budgets.is_empty();
        Ok(is_locked.then_some(LockedOut { held, participant: who, since, budgets, ceiling }))
    }

    /// Customers whose accounts are locked or banned, as far as the newest entries of the trail tell of it.
    pub async fn locked_accounts(&self, team: &TeamName) -> Result<Vec<(CustomerId, AccountState)>, Error> {
        let is_lock = |entry: &Entry| entry.action == EventKind::CustomerLocked.as_str();
        let (entries, _) = self.audit_back(team, None, usize::MAX, is_lock).await?;
        let named = |entry: &Entry| Some(entry.detail.get("pseudonym")?.as_str()?.to_owned());
        let mut wanted: BTreeSet<String> = entries.iter().filter_map(named).collect();
        let (index, partition) = (accounts_index(team), self.team_partition(team));
        let (mut found, mut after) = (Vec::new(), None::<String>);
        for _ in 0..MOST_LOGINS / PAGE {
            if wanted.is_empty() {
                break;
            }
            let page = self.store.list(partition, &index, Order::Rising, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.member.clone());
            let reads =
                Reads { partition, names: page.iter().map(|entry| account_name(team, &entry.member)).collect() };
            for (name, opened) in reads.names.iter().zip(self.read(&reads).await?) {
                let login = opened.map(|bytes| decode::<Login>(name, &bytes)).transpose()?;
                let Some(customer) = login.and_then(|login| login.customer) else { continue };
                if wanted.remove(&self.keys.customer_pseudonym(team, customer.as_str())) {
                    let state = self.account_state(team, &customer).await?;
                    found.extend((state.locked_until.is_some() || state.banned).then_some((customer, state)));
                }
            }
        }
        Ok(found)
    }
}

fn fell(action: &str) -> bool {
    action == EventKind::Locked.as_str() || action == EventKind::Banned.as_str()
}

/// Whom an entry is about.
fn whose(entry: &Entry) -> Option<(InteractionId, ParticipantId)> {
    let part = |name: &str| entry.object.get(name)?.as_str();
    Some((part("interaction")?.parse().ok()?, part("participant")?.parse().ok()?))
}
