//! Where everything lies: the name of each kind of record and of each index. What begins with
//! `i`, `a`, `c`, `e`, `f`, `k`, `q`, `y` and `m` shares an interaction's partition; `t`, `h`, `w`, `v`, `z`,
//! `user`, `customer`, `directory`, `login`, `locks` and the indexes a team's; `system`, `sealed-with`, `epoch`,
//! `clock`, `stranger` and the index of teams the system's; `n`, `d`, `b`, `g`, `p`, `receipt` and `session` have
//! partitions of their own.

use crate::domain::base::id::{ChannelName, Conversation, InteractionId, ScreenName, TeamName, UserName, WebhookName};
use crate::engine::{Engine, RecordKinds};
use crate::store::Partition;

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

/// What the engine is told of the kinds of records.
pub(crate) const KINDS: RecordKinds = RecordKinds { is_indexed, is_cached };

/// The system layer of the settings.
pub(crate) const SYSTEM_RECORD: &str = "system";

/// The address of conversations: which is open, and the guess budgets.
pub(crate) fn address_name(tag: &str) -> String {
    format!("a/{tag}")
}

/// Where an address lies: partition and record name.
pub(crate) fn address_of(
    engine: &Engine,
    team: &TeamName,
    channel: &ChannelName,
    conversation: &Conversation,
) -> (Partition, String) {
    let tag = engine.keys.address_tag(team, channel, conversation);
    (Partition(tag.as_bytes()[31]), address_name(&tag.name()))
}

/// What waits to be posted about the conversations of an address, by that address's tag.
pub(crate) fn outbox_name(tag: &str) -> String {
    format!("q/{tag}")
}

/// What one destination was sent.
pub(crate) fn destination_name(tag: &str) -> String {
    format!("d/{tag}")
}

/// What a team has sent.
pub(crate) fn team_budget_name(team: &TeamName) -> String {
    format!("b/{team}")
}

/// Codes that a team sent to a country, and those that came back.
pub(crate) fn conversion_guard_name(team: &TeamName, country: &str) -> String {
    format!("g/{team}/{country}")
}

/// How far the moments of an account's limit are given out.
pub(crate) fn rate_limit_name(team: &TeamName, channel: &ChannelName) -> String {
    format!("p/{team}/{channel}")
}

/// Where time stood when it was last kept.
pub(crate) const CLOCK: &str = "clock";

/// What the first start sealed, and every later one must open.
pub(crate) const SEALED_WITH: &str = "sealed-with";

/// An interaction.
pub(crate) fn interaction_name(id: InteractionId) -> String {
    format!("i/{id}")
}

/// A link that ended.
pub(crate) fn ended_name(id: InteractionId, number: u16) -> String {
    format!("e/{id}/{number}")
}

/// A challenge that ended.
pub(crate) fn ended_challenge_name(id: InteractionId, number: u16) -> String {
    format!("f/{id}/{number}")
}

/// What lies in a web chat's window.
pub(crate) fn transcript_name(id: InteractionId) -> String {
    format!("c/{id}")
}

/// A message that is to be taken out of its chat.
pub(crate) const RETRACTION: &str = "k/";

/// Which message of ours a platform's id names, where the platform knows no other.
pub(crate) fn receipt_name(tag: &str) -> String {
    format!("receipt/{tag}")
}

/// A customer's failure limit.
pub(crate) fn failure_limit_name(customer: &str) -> String {
    format!("n/{customer}")
}

/// A team with its settings and keys.
pub(crate) fn team_record(name: &TeamName) -> String {
    format!("t/{name}")
}

/// A team's own opening screen.
pub(crate) fn screen_name(team: &TeamName, screen: &ScreenName) -> String {
    format!("w/{team}/{screen}")
}

/// Which local users a team has.
pub(crate) fn user_index_name(team: &TeamName) -> String {
    format!("user/{team}")
}

/// A local user.
pub(crate) fn user_name(team: &TeamName, user: &UserName) -> String {
    format!("user/{team}/{user}")
}

/// A guess at somebody whom there is not; which of a few, the byte says.
pub(crate) fn unknown_users_name(byte: u8) -> String {
    format!("stranger/{byte:02x}")
}

/// Somebody of the OpenID provider's; no team is called so.
pub(crate) fn provided_name(tag: &str) -> String {
    format!("user/-/{tag}")
}

/// A session of the consoles.
pub(crate) fn session_name(tag: &str) -> String {
    format!("session/{tag}")
}

/// Where a team's streams stand.
pub(crate) fn head_name(team: &TeamName) -> String {
    format!("h/{team}")
}

/// The hours of a team that are being counted.
pub(crate) fn counting_name(team: &TeamName) -> String {
    format!("z/{team}")
}

/// The index of a team's hours that are over, by number.
pub(crate) fn hours_index(team: &TeamName) -> String {
    format!("hours/{team}")
}

/// How far a webhook has come.
pub(crate) fn cursor_name(team: &TeamName, webhook: &WebhookName) -> String {
    format!("v/{team}/{webhook}")
}

/// The index of what a webhook has delivered of late.
pub(crate) fn delivered_index(team: &TeamName, webhook: &WebhookName) -> String {
    format!("l/{team}/{webhook}")
}

/// The index of what a webhook has given up.
pub(crate) fn dead_index(team: &TeamName, webhook: &WebhookName) -> String {
    format!("o/{team}/{webhook}")
}

/// Both, to their ends.
pub(crate) fn delivery_indexes(team: &TeamName, webhook: &WebhookName) -> [(String, String); 2] {
    [delivered_index, dead_index].map(|index| (index(team, webhook), "~".to_owned()))
}

/// A customer of the built-in directory, by her id's tag.
pub(crate) fn customer_name(team: &TeamName, tag: &str) -> String {
    format!("customer/{team}/{tag}")
}

/// Whose login name it is, by its tag.
pub(crate) fn login_name(team: &TeamName, tag: &str) -> String {
    format!("customer/{team}/name/{tag}")
}

/// How a customer logs in, by her login's tag.
pub(crate) fn account_name(team: &TeamName, tag: &str) -> String {
    format!("login/{team}/{tag}")
}

/// The index of a team's logins.
pub(crate) fn accounts_index(team: &TeamName) -> String {
    format!("login/{team}")
}

/// The index of logins that are locked, or whose customers are banned.
pub(crate) fn locked_accounts_index(team: &TeamName) -> String {
    format!("login/{team}/locked")
}

/// The index of budgets and failure limits that have locked or banned somebody.
pub(crate) fn locks_index(team: &TeamName) -> String {
    format!("locks/{team}")
}

/// The index of customers who have a value, by its tag.
pub(crate) fn value_index(team: &TeamName, tag: &str) -> String {
    format!("customer/{team}/has/{tag}")
}

/// The index of a team's customers.
pub(crate) fn customers_index(team: &TeamName) -> String {
    format!("customer/{team}")
}

/// The index of a team's events.
pub(crate) fn stream_index(team: &TeamName) -> String {
    format!("s/{team}")
}

/// The index of a team's audit trail.
pub(crate) fn audit_index(team: &TeamName) -> String {
    format!("u/{team}")
}

/// The index of a team's interactions.
pub(crate) fn list_index(team: &TeamName) -> String {
    format!("x/{team}")
}

/// The member of a numbered entry: bytewise order is the number's.
pub(crate) fn member(number: u64) -> String {
    format!("{number:016}")
}
