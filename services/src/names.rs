//! Where everything lies: the name of each kind of record and of each index. What begins with
//! `i`, `a`, `c`, `e`, `f`, `k`, `q`, `y` and `m` shares an interaction's partition; `t`, `h`, `w`, `v`, `z`,
//! `user`, `customer`, `directory`, `login`, `locks` and the indexes a team's; `system`, `sealed-with`, `epoch`,
//! `clock`, `stranger` and the index of teams the system's; `n`, `d`, `b`, `g`, `p`, `receipt` and `session` have
//! partitions of their own.

use crate::engine::{Engine, KeyOf, RecordKinds};
use countersign_domain::base::id::{
    ChannelName, Conversation, InteractionId, ScreenName, TeamName, UserName, WebhookName,
};
use countersign_domain::conversation::address::Address;
use countersign_store::Partition;

/// Whether a record's version stands on the flag board, where the store has one. Every put of such
/// a record says so: what the board does not know is not there.
pub(crate) fn is_indexed(name: &str) -> bool {
    name == SYSTEM_RECORD
        || ["i/", "a/", "t/", "h/", "v/", "user/", "session/"].iter().any(|kind| name.starts_with(kind))
}

/// Whether a node remembers such a record as it saw it last. A customer's failure limit and an outbox of posts
/// are on no board: there they would stand for as long as the store lives.
pub(crate) fn is_cached(name: &str) -> bool {
    is_indexed(name) || name.starts_with("n/") || name.starts_with("q/")
}

/// The kinds of records, as the engine is told of them.
pub(crate) const KINDS: RecordKinds = RecordKinds { is_indexed, is_cached };

/// The system layer of the settings.
pub(crate) const SYSTEM_RECORD: &str = "system";

/// Where time stood when it was last kept.
pub(crate) const CLOCK: &str = "clock";

/// The record that the first start sealed, and that every later one must open.
pub(crate) const SEALED_WITH: &str = "sealed-with";

/// A message that is to be taken out of its chat.
pub(crate) const RETRACTION: &str = "k/";

/// A table of names: `DOC name(what it is made of) = "how it reads";` each, as a function.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($($part:ident: $type:ty),*) = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) fn $name($($part: $type),*) -> String {
            format!($text)
        })*
    };
}

names! {
    /// The address of conversations: which is open, and the guess budgets.
    address_name(tag: &str) = "a/{tag}";

    /// The posts that wait about the conversations of an address, by that address's tag.
    outbox_name(tag: &str) = "q/{tag}";

    /// The count of messages to one destination.
    destination_name(tag: &str) = "d/{tag}";

    /// The count of messages of a team.
    team_budget_name(team: &TeamName) = "b/{team}";

    /// Codes that a team sent to a country, and those that came back.
    conversion_guard_name(team: &TeamName, country: &str) = "g/{team}/{country}";

    /// The next free moment under an account's limit.
    rate_limit_name(team: &TeamName, channel: &ChannelName) = "p/{team}/{channel}";

    /// An interaction.
    interaction_name(id: InteractionId) = "i/{id}";

    /// A link that ended.
    ended_name(id: InteractionId, number: u16) = "e/{id}/{number}";

    /// A challenge that ended.
    ended_challenge_name(id: InteractionId, number: u16) = "f/{id}/{number}";

    /// The transcript of a web chat's window.
    transcript_name(id: InteractionId) = "c/{id}";

    /// Which message of ours a platform's id names, where the platform knows no other.
    receipt_name(tag: &str) = "receipt/{tag}";

    /// A customer's failure limit.
    failure_limit_name(customer: &str) = "n/{customer}";

    /// A team with its settings and keys.
    team_record(name: &TeamName) = "t/{name}";

    /// A team's own opening screen.
    screen_name(team: &TeamName, screen: &ScreenName) = "w/{team}/{screen}";

    /// Which local users a team has.
    user_index_name(team: &TeamName) = "user/{team}";

    /// A local user.
    user_name(team: &TeamName, user: &UserName) = "user/{team}/{user}";

    /// A guess at somebody whom there is not; which of a few, the byte says.
    unknown_users_name(byte: u8) = "stranger/{byte:02x}";

    /// Somebody of the OpenID provider's; no team is called so.
    provided_name(tag: &str) = "user/-/{tag}";

    /// A session of the consoles.
    session_name(tag: &str) = "session/{tag}";

    /// Where a team's streams stand.
    head_name(team: &TeamName) = "h/{team}";

    /// The hours of a team that are being counted.
    counting_name(team: &TeamName) = "z/{team}";

    /// The index of a team's hours that are over, by number.
    hours_index(team: &TeamName) = "hours/{team}";

    /// The cursor of a webhook.
    cursor_name(team: &TeamName, webhook: &WebhookName) = "v/{team}/{webhook}";

    /// The index of what a webhook has delivered of late.
    delivered_index(team: &TeamName, webhook: &WebhookName) = "l/{team}/{webhook}";

    /// The index of what a webhook has given up.
    dead_index(team: &TeamName, webhook: &WebhookName) = "o/{team}/{webhook}";

    /// A customer of the built-in directory, by her id's tag.
    customer_name(team: &TeamName, tag: &str) = "customer/{team}/{tag}";

    /// Whose login name it is, by its tag.
    login_name(team: &TeamName, tag: &str) = "customer/{team}/name/{tag}";

    /// A customer's login record, by its tag.
    account_name(team: &TeamName, tag: &str) = "login/{team}/{tag}";

    /// The index of a team's logins.
    accounts_index(team: &TeamName) = "login/{team}";

    /// The index of logins that are locked, or whose customers are banned.
    locked_accounts_index(team: &TeamName) = "login/{team}/locked";

    /// The index of budgets and failure limits that have locked or banned somebody.
    locks_index(team: &TeamName) = "locks/{team}";

    /// The index of customers who have a value, by its tag.
    value_index(team: &TeamName, tag: &str) = "customer/{team}/has/{tag}";

    /// The index of a team's customers.
    customers_index(team: &TeamName) = "customer/{team}";

    /// The index of a team's events.
    stream_index(team: &TeamName) = "s/{team}";

    /// The index of a team's audit trail.
    audit_index(team: &TeamName) = "u/{team}";

    /// The index of a team's interactions.
    list_index(team: &TeamName) = "x/{team}";

    /// The member of a numbered entry: bytewise order is the number's.
    member(number: u64) = "{number:016}";
}

/// The key of an address.
pub(crate) fn address_of(
    engine: &Engine,
    team: &TeamName,
    channel: &ChannelName,
    conversation: &Conversation,
) -> KeyOf<Address> {
    let tag = engine.keys.address_tag(team, channel, conversation);
    KeyOf::new(Partition(tag.as_bytes()[31]), address_name(&tag.name()))
}

/// Both, to their ends.
pub(crate) fn delivery_indexes(team: &TeamName, webhook: &WebhookName) -> [(String, String); 2] {
    [delivered_index, dead_index].map(|index| (index(team, webhook), "~".to_owned()))
}
