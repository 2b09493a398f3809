//! The ways that a message may take to a participant.
//! How one is tried, `send` says.

use crate::base::country;
use crate::base::way::{DeliverTo, Way};
use crate::conversation::context::Environment;
use crate::conversation::interaction::{Interaction, Participant};
use crate::messaging::sending::Kind;
use crate::refusal::Refusal;

/// The ways that a message may take, the first to be tried first.
pub fn ways(
    interaction: &Interaction,
    participant: &Participant,
    environment: &Environment<'_>,
    to: DeliverTo,
    kind: Kind,
) -> Result<Vec<Way>, Refusal> {
    let settings = environment.settings;
    let wanted = match to {
        DeliverTo::Auto => settings.delivery.ways(),
        DeliverTo::Chat => vec![Way::Chat],
        DeliverTo::Sms => vec![Way::Sms],
        DeliverTo::Email => vec![Way::Email],
        DeliverTo::Event => vec![Way::Event],
        DeliverTo::Agent => Vec::new(),
    };
    let fits = |way: &Way| kind == Kind::Code || *way != Way::Event;
    let open: Vec<Way> = wanted.into_iter().filter(fits).filter(|way| environment.serves(*way, interaction)).collect();
    if open.is_empty() {
        return Err(Refusal::NoChannel);
    }
    let mut addressed: Vec<(Way, &str)> = Vec::new();
    for way in open {
        let Some(address) = way.address(interaction, participant) else { continue };
        // A conversation by SMS is the phone itself: the same message there again is no other way.
        if addressed
            .iter()
            .all(|(earlier, known)| *known != address || earlier.channel(interaction) != way.channel(interaction))
        {
            addressed.push((way, address));
        }
    }
    if addressed.is_empty() {
        return Err(Refusal::NoAddress);
    }
    let allowed = |address: &str| settings.send_budget.allows(country::of(address));
    let ways: Vec<Way> = addressed.into_iter().filter(|(_, address)| allowed(address)).map(|(way, _)| way).collect();
    if ways.is_empty() { Err(Refusal::CountryNotAllowed) } else { Ok(ways) }
}
