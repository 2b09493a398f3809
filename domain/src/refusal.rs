//! Every "no" that the domain can say. The public text of each stands in `http/problem.rs`.
//! Nothing here knows a status code, or who is being told.

use crate::base::validation::{FieldError, Kind};
use crate::providers::provider_questions::ProviderTask;
use crate::time::Moment;

/// A domain "no". What a person or a bot is told of it is decided at the edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such thing, or another team's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The interaction is closed.
    #[error("the interaction is closed")]
    Closed,
    /// Over 32 KiB, or a 21st participant.
    #[error("the interaction is full")]
    Full,
    /// A proof names another customer than the one that is known.
    #[error("the interaction belongs to another customer")]
    SubjectConflict,
    /// The team has no `authentication_url`.
    #[error("no authentication URL is set")]
    NoAuthenticationUrl,
    /// The team has no active HS256 security key.
    #[error("no security key is active")]
    NoSecurityKey,
    /// The team's links are signed with the key: only its successor may end that.
    #[error("the key signs")]
    KeyInUse,
    /// The key is retired or revoked, and will never sign.
    #[error("the key is not pending")]
    KeyNotPending,
    /// The gateway has the public half of the key only.
    #[error("the key is a public one")]
    KeyCannotSign,
    /// `return_url` leads outside the team's allowed origins.
    #[error("the return URL's origin is not allowed")]
    ReturnUrl,
    /// The signed URL itself is given only where the team sets `link.landing` to `optional`.
    #[error("the landing page is required")]
    LandingRequired,
    /// The link, or the interaction that it belongs to, is past its time.
    #[error("the link is past its time")]
    LinkExpired,
    /// A newer link took its place.
    #[error("a newer link took its place")]
    LinkSuperseded,
    /// It was used, or another browser has it.
    #[error("the link was used")]
    LinkUsed,
    /// "This wasn't me" was pressed.
    #[error("the link was reported")]
    LinkReported,
    /// The form was not the one that this browser was shown.
    #[error("the form is stale or foreign")]
    StaleForm,
    /// What the team demands to bind a proof to the chat cannot be had here.
    #[error("the binding that the team demands is not possible here")]
    BindingNotPossible,
    /// Somebody said "This wasn't me" of a login of this conversation; nobody is sent another until then.
    #[error("a login of this conversation was reported")]
    Reported(Moment),
    /// `opener` binding, and the window was not opened by the chat.
    #[error("the page was not opened by the chat")]
    NotOpenedByChat,
    /// A post-back for a link that nobody opened.
    #[error("the link was not opened")]
    OutOfOrder,
    /// The assertion is not one of ours; the inner text is for the log alone.
    #[error("bad assertion: {0}")]
    BadAssertion(&'static str),
    /// The same assertion again; the status that the first got.
    #[error("the assertion was used")]
    Replayed(&'static str),
    /// The very same answer again; the status that the first got. Its done page may be told again.
    #[error("the answer was given before")]
    Repeated(&'static str),
    /// The private data match no record.
    #[error("no record matches")]
    NoMatchingRecord,
    /// Too many failed answers; refused until that moment.
    #[error("locked")]
    Locked(Moment),
    /// Refused until an admin lifts it.
    #[error("banned")]
    Banned,
    /// A PIN is not 4 to 20 digits.
    #[error("the PIN is not 4 to 20 digits")]
    InvalidPin,
    /// People come in by a PIN, and none was agreed on.
    #[error("no PIN was given")]
    PinRequired,
    /// The code must not go where the invitation goes, and there is no other address.
    #[error("a second address is needed")]
    SecondChannelRequired(Vec<FieldError>),
    /// The team asks for a method that nothing here can check.
    #[error("the method is not available")]
    MethodMissing,
    /// Questions were made for who the participant was a moment ago. Made anew, they are hers.
    #[error("the participant is another person by now")]
    AnotherPerson,
    /// No channel is there that a code could go by.
    #[error("no channel can carry it")]
    NoChannel,
    /// No address of the participant is known that a code could go to.
    #[error("no address is known")]
    NoAddress,
    /// Others read along in the only conversation that it could go into.
    #[error("the conversation is a group")]
    PrivateChannelRequired,
    /// So many codes were sent that the next must wait until then.
    #[error("no more codes are sent yet")]
    SendBudget(Moment),
    /// Codes are not shown to this team's agents.
    #[error("codes are not shown")]
    NotShown,
    /// The person has not pressed Continue on the challenge's page.
    #[error("the person has not arrived")]
    NotArrived,
    /// The challenge is over, and its code with it.
    #[error("the code is gone")]
    CodeGone,
    /// Who had the code revealed may not answer with it.
    #[error("the code was revealed to this caller")]
    ActorConflict,
    /// The team sends nothing to that country.
    #[error("nothing is sent to that country")]
    CountryNotAllowed,
    /// A message was about to be queued that nothing was paid for: the destination has changed
    /// since. Paid for anew, it goes.
    #[error("the message is not paid for")]
    Unpaid,
    /// The team has as many channels as it may have.
    #[error("too many channels")]
    TooManyChannels,
    /// The team has as many providers as it may have.
    #[error("too many providers")]
    TooManyProviders,
    /// What came in does not prove that it is the platform's; the inner text is for the log alone.
    #[error("it is not proved to be the platform's: {0}")]
    Unproved(String),
    /// What came in is longer than it may be.
    #[error("it is too long")]
    TooLarge,
    /// The team has as many webhooks as it may have.
    #[error("too many webhooks")]
    TooManyWebhooks,
    /// The receiver answered that it wants nothing more.
    #[error("the webhook has stopped")]
    WebhookStopped,
    /// The settings name it for codes.
    #[error("the webhook is named by the settings")]
    WebhookInUse,
    /// The directory did not answer, so nobody knows who it is.
    #[error("the directory did not answer")]
    DirectoryDown,
    /// The provider did not say whether the answers are right, or what to ask.
    #[error("the provider did not answer")]
    ProviderDown,
    /// A provider must say first whether the answers are right.
    #[error("a provider is to judge the answers")]
    Unjudged(Box<ProviderTask>),
    /// Answers that were given a moment ago are being judged.
    #[error("other answers are being judged")]
    Judging,
    /// Only while the flag stands.
    #[error("nobody is authenticated")]
    NotAuthenticated,
    /// She has no password: only registered customers log in.
    #[error("the customer is a guest")]
    Guest,
    /// Her password is kept by the company's own directory.
    #[error("the password is kept elsewhere")]
    PasswordElsewhere,
    /// She may not log in.
    #[error("the account is disabled")]
    AccountDisabled,
    /// An authenticator app stands already.
    #[error("an authenticator app is enrolled")]
    AppStands,
    /// No authenticator app waits for its first code.
    #[error("no authenticator app waits for its first code")]
    NoApp,
    /// The code is not the app's.
    #[error("the app's code is wrong")]
    WrongAppCode,
    /// There is one already, and it was to be new.
    #[error("there is one already")]
    Exists,
    /// Another customer logs in by that name.
    #[error("the login name is another customer's")]
    UsernameTaken,
    /// An identity token was used for another conversation.
    #[error("the identity token was used")]
    TokenUsed,
    /// Values of what was sent are refused.
    #[error("invalid values")]
    Invalid(Vec<FieldError>),
    /// The team has as many keys as it may have.
    #[error("too many keys")]
    TooManyKeys,
    /// The team has as many users as it may have.
    #[error("too many users")]
    TooManyUsers,
    /// The public key cannot be used.
    #[error("the key cannot be used: {}", .0.says)]
    UnusableKey(&'static Kind),
    /// The caller's role may not do this.
    #[error("forbidden")]
    Forbidden,
    /// An agent lifts no ban.
    #[error("only an admin lifts a ban")]
    BanStands,
    /// The same idempotency key came with another body.
    #[error("the idempotency key came with another body")]
    IdempotencyMismatch,
    /// The first request with that idempotency key has not ended.
    #[error("the first request with this key is still running")]
    IdempotencyRunning,
    /// Events older than retention were asked for.
    #[error("these events are gone")]
    EventsGone,
}
