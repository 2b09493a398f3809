//! What is told outward. The list that a decision returns feeds the audit trail, the live
//! stream and the metrics; names, addresses, codes and tokens never stand in it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::id::{ChannelName, InteractionId, ParticipantId, TeamName};
use crate::time::Moment;

pub mod insight;
pub mod posting;
pub mod webhook;

macro_rules! kinds {
    ($($variant:ident = $text:literal, $audited:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $(#[doc = $text] #[serde(rename = $text)] $variant,)*
        }

        impl EventKind {
            /// Every kind, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the contract.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether it is a security act, which the audit trail keeps.
            pub fn is_audited(self) -> bool {
                match self { $(Self::$variant => $audited,)* }
            }
        }
    };
}

kinds! {
    InteractionOpened = "interaction.opened", false;
    InteractionClosed = "interaction.closed", true;
    InteractionErased = "interaction.erased", true;
    ParticipantAdded = "participant.added", true;
    ParticipantEntered = "participant.entered", true;
    ParticipantOffline = "participant.offline", false;
    ParticipantReassigned = "participant.reassigned", true;
    LinkIssued = "link.issued", true;
    LinkSent = "link.sent", true;
    LinkDeliveryFailed = "link.delivery_failed", true;
    LinkOpened = "link.opened", true;
    LinkAnswered = "link.answered", true;
    LinkExpired = "link.expired", true;
    LinkSuperseded = "link.superseded", true;
    LinkDenied = "link.denied", true;
    LinkCancelled = "link.cancelled", true;
    LinkReported = "link.reported", true;
    ProofNotReturned = "proof.not_returned", true;
    ProofOtherBrowser = "proof.other_browser", true;
    ConfirmationWrong = "confirmation.wrong", true;
    ConfirmationExpired = "confirmation.expired", true;
    ChallengeStarted = "challenge.started", true;
    ChallengePresented = "challenge.presented", true;
    ChallengeRevealed = "challenge.revealed", true;
    ChallengeWrong = "challenge.wrong", true;
    ChallengePassed = "challenge.passed", true;
    ChallengeExpired = "challenge.expired", true;
    ChallengeCancelled = "challenge.cancelled", true;
    Authenticated = "participant.authenticated", true;
    Expiring = "participant.expiring", false;
    Expired = "participant.expired", true;
    SignedOut = "participant.signed_out", true;
    Locked = "participant.locked", true;
    Unlocked = "participant.unlocked", true;
    Banned = "participant.banned", true;
    Unbanned = "participant.unbanned", true;
    IntentResumed = "intent.resumed", false;
    ChallengeSent = "challenge.sent", true;
    ChallengeDeliveryFailed = "challenge.delivery_failed", true;
    LinkDelivered = "link.delivered", true;
    ChallengeDelivered = "challenge.delivered", true;
    SendingPaused = "sending.paused", true;
    SendingResumed = "sending.resumed", true;
    ChannelDown = "channel.down", true;
    ChannelUp = "channel.up", true;
    ChannelTested = "channel.tested", true;
    DirectoryDown = "directory.down", true;
    DirectoryUp = "directory.up", true;
    DirectoryAmbiguous = "directory.ambiguous", true;
    WebhookFailing = "webhook.failing", true;
    WebhookRedelivered = "webhook.redelivered", true;
    ChallengeUndecided = "challenge.undecided", true;
    ProviderDown = "provider.down", true;
    ProviderUp = "provider.up", true;
    SettingsChanged = "settings.changed", true;
    KeyCreated = "key.created", true;
    KeyActivated = "key.activated", true;
    KeyRetired = "key.retired", true;
    KeyRevoked = "key.revoked", true;
    TeamCreated = "team.created", true;
    CustomerDisabled = "customer.disabled", true;
    CustomerEnabled = "customer.enabled", true;
    CustomerLocked = "customer.locked", true;
    CustomerUnlocked = "customer.unlocked", true;
    CustomerReset = "customer.reset", true;
    CustomerLoggedIn = "customer.logged_in", true;
    CustomerSignedOut = "customer.signed_out", true;
    CustomerErased = "customer.erased", true;
    CustomerViewed = "customer.viewed", true;
    CustomerChanged = "customer.changed", true;
    EpochBegun = "epoch.begun", true;
    UserCreated = "user.created", true;
    UserChanged = "user.changed", true;
    UserRemoved = "user.removed", true;
    UserSignedIn = "user.signed_in", true;
    UserLocked = "user.locked", true;
    UserBanned = "user.banned", true;
    UserUnlocked = "user.unlocked", true;
}

/// Who did it. Ids only: people stand in the audit trail by pseudonym.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The owner key of the configuration.
    Owner,
    /// An API key, by its id.
    ApiKey(String),
    /// Somebody who works with the consoles: `TEAM/NAME`, or `oidc:` and the provider's id of her.
    User(String),
    /// A login page, by the security key that it signed with.
    LoginPage(String),
    /// The person in the chat or on a page.
    Person,
    /// The passing of time.
    Time,
    /// Who runs the gateway, by a command on its machine.
    Operator,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When.
    pub at: Moment,
    /// Whose.
    pub team: TeamName,
    /// On which channel, where it was in an interaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// In which interaction, where it was in one.
    pub interaction: Option<InteractionId>,
    /// To which participant.
    pub participant: Option<ParticipantId>,
    /// By whom; not told outward, kept by the audit trail.
    pub actor: Actor,
    /// What else a listener needs.
    pub data: Map<String, Value>,
}
