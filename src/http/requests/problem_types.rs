//! Every problem that a caller may read, with what it means and what to do: the text of
//! `/problems/SLUG`.

use http::StatusCode;

/// One kind of problem.
#[derive(Debug)]
pub struct ProblemType {
    /// The last part of its `type`, and its `code`.
    pub problem_type: &'static str,
    /// The status that it comes with.
    pub status: StatusCode,
    /// A few words.
    pub title: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! problem_types {
    ($($name:ident = $problem_type:literal $status:ident $title:literal $meaning:literal $remedy:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: ProblemType = ProblemType {
                problem_type: $problem_type,
                status: StatusCode::$status,
                title: $title,
                meaning: $meaning,
                remedy: $remedy,
            };
        )*

        /// All of them.
        pub static ALL: &[&ProblemType] = &[$(&$name,)*];
    };
}

problem_types! {
    BAD_REQUEST = "bad-request" BAD_REQUEST "Bad request"
        "The request cannot be read: a parameter stands twice, or a header is not what it must be."
        "Compare the request with the API reference.";
    BAD_JSON = "bad-json" BAD_REQUEST "Not JSON"
        "The body is not a JSON document (RFC 8259)."
        "Send UTF-8 JSON without a byte order mark.";
    UNAUTHORIZED = "unauthorized" UNAUTHORIZED "No valid key"
        "The request carries no API key, or one that nobody holds any more."
        "Send `Authorization: Bearer KEY`. A key that was removed stays removed: ask an admin for another.";
    FORBIDDEN = "forbidden" FORBIDDEN "Not for this role"
        "The key is good, but its role may not do this."
        "Roles nest: owner, admin, agent, bot. The API reference says which one an operation needs.";
    NOT_FOUND = "not-found" NOT_FOUND "No such thing"
        "There is no such thing here, or it belongs to another team."
        "Check the id and the key's team.";
    METHOD_NOT_ALLOWED = "method-not-allowed" METHOD_NOT_ALLOWED "Method not allowed"
        "This resource does not answer that method."
        "The `Allow` header names the methods that it answers.";
    EXISTS = "exists" PRECONDITION_FAILED "There is one already"
        "The request said `If-None-Match: *`, and there already is one of that name. Nothing was changed."
        "Take another name, or send it without that header to write the one that is there anew.";
    TIMEOUT = "timeout" REQUEST_TIMEOUT "The request took too long"
        "The body did not arrive in time."
        "Send it again over a steadier connection.";
    TOO_LARGE = "too-large" PAYLOAD_TOO_LARGE "Too large"
        "The body is larger than this resource takes (64 KiB)."
        "Send less.";
    MEDIA_TYPE = "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "Unsupported media type"
        "The body's media type or coding is not one that this resource takes."
        "Send `Content-Type: application/json` and no `Content-Encoding`: what is packed is never unpacked.";
    INVALID = "invalid" UNPROCESSABLE_ENTITY "Invalid"
        "A field is unknown, missing, of the wrong type or out of bounds."
        "Each entry of `errors` points into the body (RFC 6901) and says what would be right: `detail` in words, `code` and `values` for programs that say it in their own.";
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch" UNPROCESSABLE_ENTITY "Another body under the same key"
        "The `Idempotency-Key` came earlier with another request."
        "Use a fresh key for each thing that is to be made.";
    IDEMPOTENCY_RUNNING = "idempotency-running" CONFLICT "Still running"
        "The first request with this `Idempotency-Key` has not ended."
        "Ask again after a second: the reply will be the first one's.";
    INTERACTION_CLOSED = "interaction-closed" CONFLICT "The interaction is closed"
        "Only an open interaction takes this."
        "Open a new one: `POST /v1/interactions`.";
    INTERACTION_FULL = "interaction-full" CONFLICT "The interaction is full"
        "An interaction has at most 20 participants, 32 KiB, 65535 links and as many challenges."
        "Close it and open another.";
    SUBJECT_CONFLICT = "subject-conflict" CONFLICT "Another customer"
        "The proof names another customer than the one this participant is known to be."
        "If the person in the chat really changed, reassign the participant or close the interaction.";
    NO_AUTHENTICATION_URL = "no-authentication-url" CONFLICT "No authentication URL"
        "The team has no `authentication_url`, so there is no page to send anybody to."
        "Set it: `PATCH /v1/teams/TEAM/settings`.";
    NO_SECURITY_KEY = "no-security-key" CONFLICT "No security key"
        "The team has no active HS256 security key to sign the authentication URL with."
        "Make one, `POST /v1/teams/TEAM/security-keys`, or activate a pending one, `POST /v1/teams/TEAM/security-keys/KID/activate`.";
    KEY_IN_USE = "key-in-use" CONFLICT "The key signs"
        "The team's login links are signed with this key. If it were retired, no key would sign."
        "Activate its successor, `POST /v1/teams/TEAM/security-keys/KID/activate`: that retires this key with an overlap. If this key was stolen, revoke it: `DELETE /v1/teams/TEAM/security-keys/KID`.";
    KEY_NOT_PENDING = "key-not-pending" CONFLICT "The key is not pending"
        "The key is retired or revoked. Such a key never signs again."
        "Make a new key, `POST /v1/teams/TEAM/security-keys`, give it to the login page, and activate it.";
    KEY_CANNOT_SIGN = "key-cannot-sign" CONFLICT "The key cannot sign"
        "The key is a public key. It verifies what the login page signs; the gateway has no secret to sign with."
        "Activate a shared key. To make one: `POST /v1/teams/TEAM/security-keys` without `public_key`.";
    NO_CHANNEL = "no-channel" CONFLICT "No channel leads there"
        "The team has no channel that this could go over, or none that this gateway can use."
        "Make one: `PUT /v1/teams/TEAM/channels/NAME`. `sms` and `email` are the channels of those names, `chat` the one that is called like the interaction's own.";
    NO_ADDRESS = "no-address" CONFLICT "No address"
        "The participant has no address that one of the team's channels reaches."
        "Give a phone number or a mail address: `PATCH /v1/interactions/ID/participants/PARTICIPANT`.";
    PRIVATE_CHANNEL_REQUIRED = "private-channel-required" CONFLICT "Others read along"
        "The conversation is a group: a link or a code that is sent there is everybody's."
        "Send it another way (`deliver_to`, `via`), or begin a conversation with the person alone.";
    SEND_BUDGET = "send-budget" TOO_MANY_REQUESTS "The send budget is spent"
        "As many messages have left as may: in this interaction, to this destination or by this team; the last code left a moment ago; or codes sent to that country hardly ever come back."
        "Wait `retry_after_seconds`, or let an agent tell the code (`deliver_to`: `agent`). The budgets are the team's settings `send_budget`.";
    COUNTRY_NOT_ALLOWED = "country-not-allowed" CONFLICT "The country is not allowed"
        "The message would go to a country that is not in the team's list of countries. Waiting changes nothing."
        "Add the country to the team's setting `send_budget.countries`, use another address (`deliver_to`), or let an agent tell the code (`deliver_to`: `agent`).";
    TOO_MANY_CHANNELS = "too-many-channels" CONFLICT "Too many channels"
        "A team has at most 32 channels."
        "Remove one that is no longer needed.";
    TOO_MANY_PROVIDERS = "too-many-providers" CONFLICT "Too many providers"
        "A team has at most 8 providers."
        "Remove one that is no longer needed.";
    UNPROVED = "unproved" UNAUTHORIZED "Not the platform's"
        "The request does not prove that it comes from the channel's platform. The gateway's log says why; this answer does not."
        "Compare the channel's secrets, and the address that the platform was given, with the platform's console.";
    TOO_MANY_WEBHOOKS = "too-many-webhooks" CONFLICT "Too many webhooks"
        "A team has at most 16 webhooks."
        "Remove one that is no longer needed.";
    WEBHOOK_STOPPED = "webhook-stopped" CONFLICT "The webhook has stopped"
        "Its receiver answered 410: it wants nothing more."
        "Write the webhook anew: `PUT /v1/teams/TEAM/webhooks/NAME`. It goes on with what happens then.";
    WEBHOOK_IN_USE = "webhook-in-use" CONFLICT "The webhook is in use"
        "The settings name the webhook for codes that the team sends itself."
        "Take it out of `delivery.event_webhook` first.";
    LINK_EXPIRED = "link-expired" GONE "The link has expired"
        "The link, or the conversation that it belongs to, is past its time."
        "Ask for a new link in the chat.";
    LINK_SUPERSEDED = "link-superseded" GONE "A newer link was sent"
        "A newer link of the same purpose took this one's place."
        "Use the newest link in the chat.";
    LINK_USED = "link-used" GONE "The link was used"
        "Its login is over, or Continue was pressed too often."
        "Ask for a new link in the chat.";
    LINK_REPORTED = "link-reported" GONE "The link was reported"
        "Somebody said that this login was not theirs, and the link was frozen."
        "Ask for a new link in the chat, and tell the company what happened.";
    RECENTLY_REPORTED = "recently-reported" CONFLICT "A login here was reported"
        "Somebody pressed \"This wasn't me\" on a link or page of this participant. For an hour nobody is sent another in that participant's name."
        "Wait `retry_after_seconds`, or let an agent look into it and release it: `POST /v1/interactions/ID/participants/PARTICIPANT/unlock`.";
    BINDING_NOT_POSSIBLE = "binding-not-possible" CONFLICT "No chat window can vouch here"
        "The team's setting `binding` is `opener`: only the chat's own window counts. A cosigner has none, and a session of pages has none."
        "Invite the participant instead (they are let in, and no flag is raised), or change the setting.";
    STALE_FORM = "stale-form" FORBIDDEN "Open the page again"
        "The form was not the one that this browser was shown, or it came from another site."
        "Open the link again and press the button there.";
    NOT_OPENED_BY_CHAT = "not-opened-by-chat" FORBIDDEN "Open it from the chat"
        "This team takes logins only in a window that the chat itself has opened."
        "Go back to the chat and use the button there.";
    OUT_OF_ORDER = "out-of-order" CONFLICT "The link was not opened"
        "A post-back came for a link that nobody has opened."
        "Post to the `cs_callback` that the person brought along.";
    BAD_ASSERTION = "bad-assertion" UNAUTHORIZED "The assertion is not good"
        "The JWT does not prove what it must. The gateway's log says why; this answer does not."
        "Check header (`alg`, `typ`, `kid` and nothing else), key, `aud`, `nonce`, `jti` and times against the contract.";
    REPLAYED = "replayed" CONFLICT "The assertion was used"
        "The very same assertion was posted before; `first_status` is what the first post was told. `continue_url` is told again while the login waits, and where it ended without success."
        "Nothing: if the first reply was lost, this is it. A handle takes one answer: another one is `link-used`.";
    NO_MATCHING_RECORD = "no-matching-record" UNPROCESSABLE_ENTITY "No record matches"
        "The private data match no record of the directory."
        "Send every field that `directory.match` names, as the directory has it.";
    DIRECTORY_DOWN = "directory-down" SERVICE_UNAVAILABLE "The directory does not answer"
        "The team's directory could not be asked who the customer is. Nothing was spent, and nobody was authenticated."
        "Send the same again after `retry_after_seconds`. `POST /v1/teams/TEAM/directory/test` says what is wrong.";
    PROVIDER_DOWN = "provider-down" SERVICE_UNAVAILABLE "The provider does not answer"
        "The team's provider could not be asked for questions, or whether the answers are right. Nothing was counted, and nobody was authenticated."
        "Send the same again after `retry_after_seconds`. `POST /v1/teams/TEAM/providers/NAME/test` says what is wrong.";
    NOT_AUTHENTICATED = "not-authenticated" CONFLICT "Nobody is authenticated"
        "What is asked for is shown only while the participant is authenticated."
        "Let the person log in first.";
    LOGIN_FAILED = "login-failed" UNAUTHORIZED "The login failed"
        "Name or password are not right, or nothing is taken of this account now. Which of these it was is not told."
        "Let the customer try again, or send her a link to another password.";
    CODE_REFUSED = "code-refused" UNAUTHORIZED "The code is not taken"
        "It is not the live code of this customer, or nothing is taken of the account now. Which of these it was is not told."
        "Let the customer try again, or ask for another code.";
    TICKET_ENDED = "ticket-ended" UNAUTHORIZED "The ticket has ended"
        "The refresh token is not good, or not any more: it was used, it is past its time, or the customer is logged out."
        "Let the customer log in again.";
    GUEST_ACCOUNT = "guest-account" CONFLICT "A guest"
        "The customer has no password: only registered customers log in, and only their accounts are disabled."
        "Give her one: `PUT /v1/teams/TEAM/customers/ID` with `password`.";
    PASSWORD_ELSEWHERE = "password-elsewhere" CONFLICT "The password is kept elsewhere"
        "The team's customers are in the company's own directory, and so are their passwords."
        "Change it there.";
    ACCOUNT_DISABLED = "account-disabled" CONFLICT "The account is disabled"
        "Nobody may log in with it until it is enabled."
        "`POST /v1/teams/TEAM/customers/ID/enable`.";
    APP_ENROLLED = "app-enrolled" CONFLICT "An app is enrolled"
        "The account has an authenticator app that is asked at each login."
        "Take it away first: `DELETE /v1/teams/TEAM/customers/ID/totp`.";
    NO_APP = "no-app" CONFLICT "No app waits"
        "No authenticator app of this account waits for its first code."
        "Enrol one: `POST /v1/teams/TEAM/customers/ID/totp` without a code.";
    USERNAME_TAKEN = "username-taken" CONFLICT "The login name is taken"
        "Another customer of the team logs in by that name, in whatever case it is written."
        "Give another `username`, or none.";
    LOCKED = "locked" LOCKED "Locked"
        "Too many answers were wrong. Nothing is taken until the lock is over."
        "Wait `retry_after_seconds`, or have an agent unlock the participant.";
    BANNED = "banned" FORBIDDEN "Banned"
        "Too many lockouts. Nothing is taken until an admin lifts the ban."
        "Ask an admin.";
    INVALID_PIN = "invalid-pin" UNPROCESSABLE_ENTITY "Not a PIN"
        "A PIN has 4 to 20 digits, and nothing else."
        "Send it as a text of digits in `pin`.";
    PIN_REQUIRED = "pin-required" UNPROCESSABLE_ENTITY "A PIN is needed"
        "This team lets people in by a PIN, and the invitation has none."
        "Agree on 4 to 20 digits with the customer and send them as `pin`.";
    SECOND_CHANNEL_REQUIRED = "second-channel-required" UNPROCESSABLE_ENTITY "Two addresses are needed"
        "The code for coming in must not go where the invitation goes, so the participant needs a phone number and a mail address."
        "Give both, or let the code take the same way: `otp.second_channel`.";
    METHOD_UNAVAILABLE = "method-unavailable" CONFLICT "The method is not available"
        "The method that is asked for is not set up in the team: its provider, or its questions, are missing or switched off, or its one-time codes are neither sent nor shown to anybody."
        "Set another `entry.first` or `entry.subsequent`; for one-time codes set `otp.send_to_customer` or `otp.show_to_agents`; for documents write a provider, name it in `photo_id.provider` and set `photo_id.enabled`; for questions set `kba.enabled`, leave `kba.provider` empty and name at least `kba.questions` facts in `kba.ask`.";
    NOT_SHOWN = "not-shown" FORBIDDEN "Codes are not shown"
        "This team does not show one-time codes to its agents."
        "An admin may allow it: `otp.show_to_agents`.";
    NOT_ARRIVED = "not-arrived" CONFLICT "The person has not arrived"
        "A code is shown once its receiver has pressed Continue on the challenge's page."
        "Wait for `challenge.presented`, then ask again.";
    CODE_GONE = "code-gone" GONE "The code is gone"
        "The challenge was answered, cancelled or is past its time, and nothing is kept of its code."
        "Start another challenge.";
    ACTOR_CONFLICT = "actor-conflict" FORBIDDEN "You have seen the code"
        "Who had a code revealed to them may not answer with it."
        "Let the customer's own answer come through the bot or the challenge's page.";
    TOO_MANY_KEYS = "too-many-keys" CONFLICT "Too many keys"
        "A team has at most 100 keys of a kind."
        "Remove one that is no longer needed.";
    TOO_MANY_USERS = "too-many-users" CONFLICT "Too many users"
        "A team has at most 500 local users."
        "Remove one that is no longer needed, or let people sign in by OpenID Connect.";
    FOREIGN_PAGE = "foreign-page" FORBIDDEN "Not from our own page"
        "A signed-in browser asked without the word that only our own pages have: another website may have made it ask."
        "Pages of the consoles send `X-CSRF-Token`; programs use an API key.";
    EVENTS_GONE = "events-gone" GONE "The events are gone"
        "Events as old as `Last-Event-ID` are no longer kept."
        "Read the interactions' present state, then listen without `Last-Event-ID`.";
    TOO_MANY_REQUESTS = "too-many-requests" TOO_MANY_REQUESTS "Too many requests"
        "This address asks for more pages than a person can; or too many requests of it, or about the same link, channel, provider, key or team, have failed."
        "Wait and try again. Where a server calls (post-backs, platforms, providers, API keys), a request that is right is never refused for this: look why the first ones were.";
    INTERNAL = "internal" INTERNAL_SERVER_ERROR "Error of the gateway"
        "Something went wrong in the gateway. Nothing was half done."
        "Try again; if it stays, give the operators the `X-Request-Id`.";
    UNAVAILABLE = "unavailable" SERVICE_UNAVAILABLE "Not available now"
        "The gateway cannot reach its store, has no word that it is safe there, or is shutting down. It may have been done."
        "Ask again in the same way (the same `message_id` or `Idempotency-Key`) after `retry_after_seconds`: it counts once.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::asset;

    /// Problems that nobody reads on a console, and why.
    const NOT_MET: &[(&str, &[&str])] = &[
        ("our scripts write their requests well", &["bad-request", "bad-json", "method-not-allowed"]),
        ("our scripts write their requests well", &["unsupported-media-type", "idempotency-mismatch"]),
        ("told to a customer's browser, on pages of its own", &["link-expired", "link-superseded", "link-used"]),
        ("told to a customer's browser, on pages of its own", &["link-reported", "stale-form", "not-opened-by-chat"]),
        ("told to login pages and platforms", &["out-of-order", "bad-assertion", "replayed", "unproved"]),
        ("told to login pages and bots", &["no-matching-record", "subject-conflict", "not-authenticated"]),
        ("told to storefronts", &["login-failed", "code-refused", "ticket-ended", "app-enrolled", "no-app"]),
        ("consoles answer no challenge", &["actor-conflict"]),
        ("a listener begins anew by itself", &["events-gone"]),
        ("no console has a form for providers", &["too-many-providers"]),
    ];

    #[test]
    fn each_problem_that_a_console_may_meet_has_words_there() {
        let words = asset("refusals.en.json").expect("listed");
        let words: serde_json::Value = serde_json::from_slice(words.bytes).expect("JSON");
        let said = words["refused"].as_object().expect("by code");
        let not_met: Vec<&str> = NOT_MET.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        for problem_type in ALL {
            let (has, may_not) =
                (said.contains_key(problem_type.problem_type), not_met.contains(&problem_type.problem_type));
            assert!(has != may_not, "{}: words {has}, not met {may_not}", problem_type.problem_type);
        }
        for code in said.keys().map(String::as_str).chain(not_met) {
            assert!(ALL.iter().any(|problem_type| problem_type.problem_type == code), "{code} is no problem");
        }
    }
}
