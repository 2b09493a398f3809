//! The table of events: of each kind its name in the contract, its data, who is told, what it counts as, and what it
//! means. The contract, the audit trail, insights and the catalogue in docs/events.md follow from it.

use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::data::EventFields;
use super::data::accounts::{
    CustomerChangedData, CustomerEventData, CustomerLockedData, CustomerLoggedInData, CustomerResetData,
    CustomerSignedOutData, CustomerUnlockedData, CustomerViewedData,
};
use super::data::challenges::{
    ChallengeEndedData, ChallengeEventData, ChallengeRevealedData, ChallengeUndecidedData, ChallengeWrongData,
    CodeRequestedData,
};
use super::data::conversations::{
    AuthenticatedData, EmptyEventData, ExpiredData, ExpiringData, IntentResumedData, InteractionClosedData,
    InteractionOpenedData, ParticipantAddedData, ParticipantEnteredData,
};
use super::data::links::{ConfirmationWrongData, DirectoryAmbiguousData, LinkEventData, PageProofData};
use super::data::lockouts::LockoutEventData;
use super::data::messages::{
    ChannelDownData, ChannelEventData, CodeDeliveredData, CodeDeliveryFailedData, CodeSentData, LinkDeliveredData,
    LinkDeliveryFailedData, LinkSentData, SendingEventData,
};
use super::data::staff::{
    UserChangedData, UserCreatedData, UserEventData, UserLockedData, UserSignedInData, UserUnlockedData,
};
use super::data::teams::{
    DirectoryDownData, DirectoryEventData, EpochBegunData, KeyActivatedData, KeyEventData, KeyRetiredData,
    ProviderDownData, ProviderEventData, SettingsChangedData, TeamCreatedData, WebhookFailingData,
    WebhookRedeliveredData,
};
use super::step::Step;
use super::value::DataField;

/// The audience of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventAudience {
    /// Listeners and webhooks, and the audit trail keeps it: a security act.
    AuditTrail,
    /// Listeners and webhooks.
    Stream,
    /// The one webhook that a team's settings name for it. It is kept nowhere.
    Webhook,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident($data:ident) = $text:literal, $audience:ident $(, $step:expr)?;)*) => {
        /// The kind of the event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)*
        }

        impl EventKind {
            /// Every kind, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the contract.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Its name as an identifier.
            pub fn identifier(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// Its meaning, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// Its audience.
            pub fn audience(self) -> EventAudience {
                match self { $(Self::$variant => EventAudience::$audience,)* }
            }

            /// The name of its data's schema.
            pub fn schema(self) -> &'static str {
                match self { $(Self::$variant => <$data as EventFields>::SCHEMA,)* }
            }

            /// The fields of its data.
            pub fn fields(self) -> Vec<DataField> {
                match self { $(Self::$variant => <$data as EventFields>::fields(),)* }
            }
        }

        /// The kind of an event, with whatever else a listener needs.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum EventData {
            $($(#[doc = $doc])+ $variant($data),)*
        }

        impl EventData {
            /// The kind of the event.
            pub fn kind(&self) -> EventKind {
                match self { $(Self::$variant(_) => EventKind::$variant,)* }
            }

            /// The step that it counts as in insights; most count as nothing.
            pub fn step(&self) -> Option<Step> {
                match self { $(Self::$variant(_data) => kinds!(@step _data $($step)?),)* }
            }
        }

        impl Serialize for EventData {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(data) => data.serialize(s),)* }
            }
        }

        /// The data of an event of that kind.
        impl<'de> DeserializeSeed<'de> for EventKind {
            type Value = EventData;

            fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<EventData, D::Error> {
                match self { $(Self::$variant => <$data>::deserialize(d).map(EventData::$variant),)* }
            }
        }
    };
    (@step $data:ident) => { None };
    (@step $data:ident $step:expr) => { ($step)($data) };
}

kinds! {
    /// A conversation began.
    InteractionOpened(InteractionOpenedData) = "interaction.opened", Stream;
    /// A conversation ended: a caller closed it, or nothing happened in it for too long.
    InteractionClosed(InteractionClosedData) = "interaction.closed", AuditTrail;
    /// Everything that was kept of an interaction was erased.
    InteractionErased(EmptyEventData) = "interaction.erased", AuditTrail;
    /// A caller added another person to an interaction.
    ParticipantAdded(ParticipantAddedData) = "participant.added", AuditTrail;
    /// A participant came in by an invitation.
    ParticipantEntered(ParticipantEnteredData) = "participant.entered", AuditTrail, counted(Step::Entered);
    /// A caller said that a participant left.
    ParticipantOffline(EmptyEventData) = "participant.offline", Stream;
    /// Another person took a participant's place: what the one before had proved is void.
    ParticipantReassigned(EmptyEventData) = "participant.reassigned", AuditTrail;
    /// A login link or an invitation was made.
    LinkIssued(LinkEventData) = "link.issued", AuditTrail,
        |link: &LinkEventData| link.step(Step::Invited, Step::LinksIssued);
    /// A message with a link left the gateway.
    LinkSent(LinkSentData) = "link.sent", AuditTrail;
    /// A message with a link could not be sent by one way.
    LinkDeliveryFailed(LinkDeliveryFailedData) = "link.delivery_failed", AuditTrail;
    /// The customer opened a link and pressed Continue, for the first time.
    LinkOpened(LinkEventData) = "link.opened", AuditTrail,
        |link: &LinkEventData| link.step(Step::Arrived, Step::LinksOpened);
    /// The login page answered that the customer logged in. It counts once the browser is shown to be the chat's.
    LinkAnswered(LinkEventData) = "link.answered", AuditTrail, counted(Step::LoggedIn);
    /// A link was not used in time.
    LinkExpired(LinkEventData) = "link.expired", AuditTrail;
    /// A newer link or proof took a link's place.
    LinkSuperseded(LinkEventData) = "link.superseded", AuditTrail;
    /// The login page answered that the customer may not log in.
    LinkDenied(LinkEventData) = "link.denied", AuditTrail;
    /// The login page answered that the customer gave up.
    LinkCancelled(LinkEventData) = "link.cancelled", AuditTrail;
    /// The customer said "This wasn't me" on a link's page.
    LinkReported(LinkEventData) = "link.reported", AuditTrail, counted(Step::Reported);
    /// A proof on a page was accepted, and its browser did not come back in time.
    ProofNotReturned(PageProofData) = "proof.not_returned", AuditTrail;
    /// A proof on a page was accepted, and another browser than the one that started came back.
    ProofOtherBrowser(PageProofData) = "proof.other_browser", AuditTrail;
    /// A wrong confirmation code was typed into the chat.
    ConfirmationWrong(ConfirmationWrongData) = "confirmation.wrong", AuditTrail;
    /// A proof on a page waited for its confirmation in the chat, and waits no more.
    ConfirmationExpired(PageProofData) = "confirmation.expired", AuditTrail;
    /// A participant was asked for a code, a PIN, answers or a document.
    ChallengeStarted(ChallengeEventData) = "challenge.started", AuditTrail;
    /// The customer opened a challenge's page, for the first time.
    ChallengePresented(ChallengeEventData) = "challenge.presented", AuditTrail;
    /// A code or PIN was shown to an agent.
    ChallengeRevealed(ChallengeRevealedData) = "challenge.revealed", AuditTrail;
    /// A challenge was answered wrongly.
    ChallengeWrong(ChallengeWrongData) = "challenge.wrong", AuditTrail, counted(Step::CodesWrong);
    /// A challenge was answered rightly.
    ChallengePassed(ChallengeEventData) = "challenge.passed", AuditTrail, counted(Step::CodesAnswered);
    /// A challenge was not answered in time.
    ChallengeExpired(ChallengeEndedData) = "challenge.expired", AuditTrail;
    /// A challenge ended early: a caller took it back, another took its place, or the customer is locked out.
    ChallengeCancelled(ChallengeEndedData) = "challenge.cancelled", AuditTrail;
    /// A participant is authenticated.
    Authenticated(AuthenticatedData) = "participant.authenticated", AuditTrail, counted(Step::Authenticated);
    /// A participant's authentication ends soon.
    Expiring(ExpiringData) = "participant.expiring", Stream;
    /// A participant's authentication ended.
    Expired(ExpiredData) = "participant.expired", AuditTrail;
    /// A caller ended a participant's authentication.
    SignedOut(EmptyEventData) = "participant.signed_out", AuditTrail;
    /// A participant failed too often at a method, which is locked for a time.
    Locked(LockoutEventData) = "participant.locked", AuditTrail, counted(Step::Lockouts);
    /// A lock was lifted.
    Unlocked(LockoutEventData) = "participant.unlocked", AuditTrail;
    /// A participant was locked too often, or failed too often over all addresses, and is banned.
    Banned(LockoutEventData) = "participant.banned", AuditTrail, LockoutEventData::ban;
    /// A ban was lifted.
    Unbanned(LockoutEventData) = "participant.unbanned", AuditTrail;
    /// A participant proved what an intent wanted: the bot may go on with it.
    IntentResumed(IntentResumedData) = "intent.resumed", Stream;
    /// A message with a code left the gateway.
    ChallengeSent(CodeSentData) = "challenge.sent", AuditTrail, counted(Step::CodesSent);
    /// A message with a code could not be sent by one way.
    ChallengeDeliveryFailed(CodeDeliveryFailedData) = "challenge.delivery_failed", AuditTrail,
        counted(Step::CodesFailed);
    /// A message with a link arrived, as the platform says.
    LinkDelivered(LinkDeliveredData) = "link.delivered", AuditTrail;
    /// A message with a code arrived, as the platform says.
    ChallengeDelivered(CodeDeliveredData) = "challenge.delivered", AuditTrail, counted(Step::CodesDelivered);
    /// Too few codes come back from a country: nothing is sent there for a time.
    SendingPaused(SendingEventData) = "sending.paused", AuditTrail;
    /// Codes are sent to a country again.
    SendingResumed(SendingEventData) = "sending.resumed", AuditTrail;
    /// Nothing leaves over a channel.
    ChannelDown(ChannelDownData) = "channel.down", AuditTrail;
    /// Messages leave over a channel again.
    ChannelUp(ChannelEventData) = "channel.up", AuditTrail;
    /// An admin had a message sent to try a channel.
    ChannelTested(ChannelEventData) = "channel.tested", AuditTrail;
    /// The directory does not answer.
    DirectoryDown(DirectoryDownData) = "directory.down", AuditTrail;
    /// The directory answers again.
    DirectoryUp(DirectoryEventData) = "directory.up", AuditTrail;
    /// Several customers of the directory fit what a login page said or what somebody logs in with: it is none.
    DirectoryAmbiguous(DirectoryAmbiguousData) = "directory.ambiguous", AuditTrail;
    /// A webhook takes nothing any more, for now or for good.
    WebhookFailing(WebhookFailingData) = "webhook.failing", AuditTrail;
    /// An admin had an event delivered again.
    WebhookRedelivered(WebhookRedeliveredData) = "webhook.redelivered", AuditTrail;
    /// Nobody could judge what the customer answered or showed. It counts for nothing.
    ChallengeUndecided(ChallengeUndecidedData) = "challenge.undecided", AuditTrail;
    /// A provider does not answer.
    ProviderDown(ProviderDownData) = "provider.down", AuditTrail;
    /// A provider answers again.
    ProviderUp(ProviderEventData) = "provider.up", AuditTrail;
    /// An admin or the owner changed settings, a channel, a provider, the directory or a webhook.
    SettingsChanged(SettingsChangedData) = "settings.changed", AuditTrail;
    /// A security key or an API key was made.
    KeyCreated(KeyEventData) = "key.created", AuditTrail;
    /// A security key signs from now on.
    KeyActivated(KeyActivatedData) = "key.activated", AuditTrail;
    /// Another security key signs from now on; this one verifies for some time.
    KeyRetired(KeyRetiredData) = "key.retired", AuditTrail;
    /// A security key or an API key stopped working.
    KeyRevoked(KeyEventData) = "key.revoked", AuditTrail;
    /// A team was made.
    TeamCreated(TeamCreatedData) = "team.created", AuditTrail;
    /// An account was disabled: its customer cannot log in.
    CustomerDisabled(CustomerEventData) = "customer.disabled", AuditTrail;
    /// A disabled account was enabled again.
    CustomerEnabled(CustomerEventData) = "customer.enabled", AuditTrail;
    /// An account was locked or banned after too many wrong answers.
    CustomerLocked(CustomerLockedData) = "customer.locked", AuditTrail;
    /// Locks and bans of an account were lifted.
    CustomerUnlocked(CustomerUnlockedData) = "customer.unlocked", AuditTrail;
    /// A customer's password was set, or a link to another one was asked for.
    CustomerReset(CustomerResetData) = "customer.reset", AuditTrail;
    /// A customer logged in with an account that is kept here.
    CustomerLoggedIn(CustomerLoggedInData) = "customer.logged_in", AuditTrail;
    /// A login with an account ended.
    CustomerSignedOut(CustomerSignedOutData) = "customer.signed_out", AuditTrail;
    /// Everything that was kept of a customer was erased.
    CustomerErased(CustomerEventData) = "customer.erased", AuditTrail;
    /// Somebody read a customer's record.
    CustomerViewed(CustomerViewedData) = "customer.viewed", AuditTrail;
    /// A customer's record or authenticator app was changed.
    CustomerChanged(CustomerChangedData) = "customer.changed", AuditTrail;
    /// The store began a new epoch, after a restore or a loss: what was proved before does not count.
    EpochBegun(EpochBegunData) = "epoch.begun", AuditTrail;
    /// An admin made a user of the consoles.
    UserCreated(UserCreatedData) = "user.created", AuditTrail;
    /// A user of the consoles was changed, or changed their own sign-in.
    UserChanged(UserChangedData) = "user.changed", AuditTrail;
    /// An admin removed a user of the consoles.
    UserRemoved(UserEventData) = "user.removed", AuditTrail;
    /// Somebody signed in to the consoles.
    UserSignedIn(UserSignedInData) = "user.signed_in", AuditTrail;
    /// A user of the consoles failed too often and is locked for a time.
    UserLocked(UserLockedData) = "user.locked", AuditTrail;
    /// A user of the consoles failed too often and is banned.
    UserBanned(UserEventData) = "user.banned", AuditTrail;
    /// An admin unlocked a user of the consoles.
    UserUnlocked(UserUnlockedData) = "user.unlocked", AuditTrail;
    /// A team that sends codes itself is to send one.
    OtpRequested(CodeRequestedData) = "otp.requested", Webhook;
}

impl EventKind {
    /// The kind of that name.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.as_str() == text).copied()
    }

    /// Whether it is a security act, which the audit trail keeps.
    pub fn is_audited(self) -> bool {
        self.audience() == EventAudience::AuditTrail
    }

    /// Whether the team's stream tells it.
    pub fn is_in_stream(self) -> bool {
        self.audience() != EventAudience::Webhook
    }
}

/// Counts as that step, with any data.
fn counted<T>(step: Step) -> impl FnOnce(&T) -> Option<Step> {
    move |_| Some(step)
}
