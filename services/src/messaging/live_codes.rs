//! Whether a message that waits still has something to say, and who pays for it.
//! How it is sent, `sending` and `requesting` say.

use super::Messaging;
use crate::engine::Error;
use crate::teams::TeamView;
use countersign_domain::conversation::destination::Destination;
use countersign_domain::conversation::interaction::Participant;
use countersign_domain::messaging::attempt::AttemptResult;
use countersign_domain::messaging::sending::{Sending, What};
use countersign_domain::proof::challenge::Challenge;
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;

impl Messaging {
    /// A way that is taken because another failed is paid for when it is first tried; else why it cannot be.
    pub(crate) async fn pay_for(
        &self,
        team: &TeamView,
        sending: &Sending,
        to: Option<Destination>,
    ) -> Result<Option<AttemptResult>, Error> {
        let Some(to) = to.filter(|_| sending.is_unpaid()) else { return Ok(None) };
        match self.limits.pay(team, to).await {
            Ok(_) => Ok(None),
            Err(Error::Refused(Refusal::CountryNotAllowed)) => Ok(Some(AttemptResult::Refused("country-not-allowed"))),
            Err(Error::Refused(_)) => Ok(Some(AttemptResult::Refused("send-budget"))),
            Err(error) => Err(error),
        }
    }
}

/// The challenge whose code a message says, while that very code would be right.
pub(crate) fn live_code<'a>(participant: &'a Participant, what: &What, now: Moment) -> Option<&'a Challenge> {
    let What::Code { challenge, issue } = what else { return None };
    let live = participant.challenge.as_ref()?;
    (live.number == *challenge && live.issue() == Some(*issue) && live.is_live(now)).then_some(live)
}
