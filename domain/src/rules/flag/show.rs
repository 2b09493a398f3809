//! Showing an agent whose conversation it is: only while the flag stands that says so, and never without
//! a word in the audit trail. What is shown comes from the directory; it passes by here.

use crate::base::id::ParticipantId;
use crate::conversation::context::Context;
use crate::conversation::interaction::Interaction;
use crate::event::EventData;
use crate::event::data::accounts::CustomerViewedData;
use crate::proof::flag::Customer;
use crate::refusal::Refusal;
use crate::time::Moment;

/// Whom a participant was proved to be: a flag that a code alone raised names nobody.
pub fn proved(interaction: &Interaction, who: Option<&ParticipantId>, now: Moment) -> Result<Customer, Refusal> {
    let participant = interaction.named(who).ok_or(Refusal::NotFound("participant"))?;
    let raised = participant.flag.raised(now).filter(|_| interaction.is_open(now)).ok_or(Refusal::NotAuthenticated)?;
    raised.customer.clone().ok_or(Refusal::NotFound("customer"))
}

/// The record of that customer is shown, with all that is in it or masked. Whose it is may have changed
/// while the directory was asked: then nothing is.
pub fn show(
    context: &mut Context<'_>,
    who: Option<&ParticipantId>,
    shown: &Customer,
    unmasked: bool,
) -> Result<(), Refusal> {
    let customer = proved(&context.interaction, who, context.environment.now)?;
    if customer != *shown {
        return Err(Refusal::NotFound("customer"));
    }
    let participant = context.interaction.named(who).map(|participant| participant.id.clone());
    let pseudonym = context.environment.keys.customer_pseudonym(&context.interaction.team, customer.id.as_str());
    context.tell_act(EventData::CustomerViewed(CustomerViewedData { pseudonym, unmasked }), participant);
    Ok(())
}
