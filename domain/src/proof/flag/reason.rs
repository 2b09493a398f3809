//! Why a flag is down, as callers read it. Which of them it is, whoever lowers the flag says.
//! Nothing is decided by a reason.

use serde::{Deserialize, Serialize};

/// Why a flag is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The authentication timeout.
    Timeout,
    /// The absolute timeout.
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
    /// A proof was accepted, and no browser came back from it.
    NotReturned,
    /// Another browser than the one that started came back.
    OtherBrowser,
    /// An accepted proof could not count any more when its browser came back.
    Void,
    /// The store began a new epoch: what was proved before it does not count.
    Restored,
}
