//! The words that are to be renamed, each with the kinds of names that it counts in, and without the places where it
//! is a standard term. A comment says what the word stands for.

use super::Word;
use crate::definitions::Kind::{self, Constant, Field, Function, Module, Type, Variant};

const NAMES: &[Kind] = &[Module, Type, Function, Field, Constant];
const TYPES: &[Kind] = &[Module, Type];

/// Where a window is one of time, of text or of a browser.
const WINDOWS: &[&str] =
    &["domain/src/proof/redaction", "domain/src/secret", "domain/src/messaging/send_budget", "src/pages"];

const fn word(forms: &'static [&'static str]) -> Word {
    Word { forms, kinds: NAMES, outside: &[], standard: &[], whole: false }
}

impl Word {
    const fn of(self, kinds: &'static [Kind]) -> Self {
        Self { kinds, ..self }
    }

    const fn not_in(self, outside: &'static [&'static str]) -> Self {
        Self { outside, ..self }
    }

    const fn except(self, standard: &'static [&'static str]) -> Self {
        Self { standard, ..self }
    }

    const fn whole(self) -> Self {
        Self { whole: true, ..self }
    }
}

/// All words.
pub const WORDS: &[Word] = &[
    // A value that fails validation.
    word(&["misfit", "misfits"]),
    word(&["fault", "faults"]),
    word(&["wrong"]).of(&[Module, Type, Constant]),
    word(&["unfit"]),
    word(&["malformed"]),
    // Why an inbound webhook is not believed.
    word(&["distrust"]),
    // A problem type of RFC 9457.
    word(&["slug", "slugs"]).not_in(&["domain/src/base/id"]),
    // What verifies inbound webhooks.
    word(&["ear", "ears"]),
    // An inbound request, and its context.
    word(&["knock", "knocks"]),
    word(&["coming"]),
    word(&["visit", "visits"]),
    // A platform's handshake.
    word(&["courtesy"]),
    // Timeouts of a socket, reading of a body.
    word(&["patience"]),
    word(&["arriving"]),
    // Limits on failed signatures, and on uploads in memory.
    word(&["forger", "forgers"]),
    word(&["darkroom"]),
    // A token, a header or a text.
    word(&["word"]).not_in(&["src/store"]),
    // What a rule is given.
    word(&["turn", "turns"]).not_in(&["src/http", "src/store"]).except(&["wait_for_turn", "take_turns"]),
    word(&["around"]).not_in(&["src/http"]).whole(),
    // What a use case returns, and whether it ran or was replayed.
    word(&["held"]).of(TYPES),
    word(&["told"]).of(TYPES),
    word(&["fresh"]).of(&[Variant]).whole(),
    word(&["again"]).of(&[Variant]).whole(),
    // Records of idempotency.
    word(&["remember", "remembered"]).not_in(&["src/http"]),
    word(&["along"]).not_in(&["pictures/src"]),
    // What the gateway is built with, and newest versions in memory.
    word(&["premises"]),
    word(&["board"]),
    // Failures of one customer.
    word(&["ceiling", "ceilings"]),
    // A lock by key.
    word(&["turnstile", "turnstiles"]),
    // A clock's lower bound and readings.
    word(&["sure"]),
    word(&["hands"]).whole(),
    // Concurrency and maxima.
    word(&["abreast"]),
    word(&["most"]).of(&[Constant]),
    word(&["longest"]).of(&[Constant]),
    // A marker of data loss, unknown users, an index of users, events for the audit.
    word(&["breach"]),
    word(&["stranger", "strangers"]).not_in(&["src/store"]),
    word(&["roster"]),
    word(&["acts"]),
    // Dispatch of webhooks.
    word(&["telling"]).not_in(&["channels"]),
    word(&["course", "courses"]),
    word(&["ringing"]),
    word(&["bell", "bells"]),
    // An ordered outbox, mail of accounts.
    word(&["line", "lines"]).of(TYPES).not_in(&["channels", "pictures/src"]),
    word(&["letter", "letters"]).not_in(&["domain/src/proof/redaction", "domain/src/secret/totp"]),
    // The rate limit and circuit breaker of a channel.
    word(&["passage"]),
    word(&["circuit", "circuits"]).whole(),
    word(&["pace"]),
    // The guard against SMS pumping.
    word(&["returns"]),
    // Delivery receipts, quotas, the token cache.
    word(&["became"]),
    word(&["fate", "fates"]),
    word(&["paid"]),
    word(&["purse"]),
    // Maintenance, and re-arming of alarms.
    word(&["tend"]),
    word(&["waking"]),
    // Slots for each conversation, a provider's task.
    word(&["lane", "lanes"]),
    word(&["flight", "flights"]).except(&["in_flight", "InFlight", "IN_FLIGHT"]),
    word(&["errand", "errands"]),
    // What a channel can do.
    word(&["nature"]),
    word(&["medium"]),
    word(&["ability", "abilities"]),
    // The audience, and the egress policy.
    word(&["company"]),
    word(&["reach"]).not_in(&["pictures/src"]),
    // The HTTP client.
    word(&["carrier", "carriers"]),
    word(&["courier", "couriers"]),
    // The status of an authentication or account.
    word(&["standing"]).not_in(&["pictures/src"]),
    // What lets a page see one flag.
    word(&["glance", "glances"]),
    // A chat session, its messages and its entry gate.
    word(&["window", "windows"]).not_in(WINDOWS).except(&["window_hours", "new_window"]),
    word(&["thread", "threads"]).not_in(&["src/store"]),
    word(&["door", "doors"]),
    word(&["opening", "openings"]).not_in(&["src/cli", "src/store"]).except(&["opening_screen"]),
];
