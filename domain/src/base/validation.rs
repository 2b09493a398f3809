//! What can be wrong with a value that somebody sent, kind by kind: a word that programs may go by, and what
//! would be right as a sentence for developers. Consoles say it in their reader's language, by the word
//! (`pages/src/texts/consoles/validation.json`). Where a value stands, and who is told, is for others.

pub use countersign_validation::{FieldError, Kind, OTHER, ValidationError};

/// The error that a sentence of ours told, where it went through a reader that keeps nothing but sentences.
pub(crate) fn told(sentence: &str) -> ValidationError {
    match KINDS.iter().find(|kind| kind.says == sentence) {
        Some(kind) => ValidationError::from(*kind),
        None => OTHER.saying(sentence),
    }
}

/// The same of one team among all.
pub fn of_team(mut error: ValidationError, team: &str) -> ValidationError {
    error.values.push(("team", team.to_string()));
    ValidationError { detail: format!("for team {team}: {}", error.detail), ..error }
}

/// What a reader of JSON says of what does not fit (serde's sentences), or a rule of ours through it.
pub fn read(sentence: &str) -> ValidationError {
    let (found, wanted) = sentence.rsplit_once(", expected ").unwrap_or((sentence, ""));
    let begins = |start: &str| found.starts_with(start);
    if begins("unknown variant ") {
        let words: Vec<&str> = wanted.split('`').skip(1).step_by(2).collect();
        return ValidationError { detail: sentence.to_owned(), ..ONE_OF.with([("words", &words.join(", "))]) };
    }
    let kind = match wanted {
        _ if begins("missing field ") => &MISSING,
        _ if begins("unknown field ") => &UNKNOWN,
        _ if begins("duplicate field ") => &TWICE,
        _ if !begins("invalid ") => return told(sentence),
        "a string" => &TEXT,
        "a boolean" => &SWITCH,
        "a sequence" => &LIST,
        _ if wanted == "a map" || wanted.starts_with("struct ") => &OBJECT,
        _ if wanted.starts_with(['u', 'i']) => &WHOLE,
        _ => &OF_ANOTHER_TYPE,
    };
    kind.saying(sentence)
}

countersign_validation::kinds! {
    MISSING = "missing" "is missing";
    UNKNOWN = "unknown" "is no field that is taken here";
    TWICE = "twice" "stands there twice";
    OF_ANOTHER_TYPE = "type" "is of another type";
    SWITCH = "switch" "must be true or false";
    TEXT = "text" "must be a text";
    OBJECT = "object" "must be an object";
    LIST = "list" "must be a list";
    WHOLE = "whole-number" "must be a whole number";
    NUMBER = "number" "must be a whole number from {least} to {most}";
    NUMBER_OR_NEVER = "number-or-never" "must be a whole number from {least} to {most} or \"never\"";
    ONE_OF = "one-of" "must be one of {words}";
    ONE_OF_OR_NONE = "one-of-or-none" "must be one of {words} or \"none\"";
    NO_SUCH = "no-such" "there is none of that name; there are: {words}";
    PLAIN_TEXT = "plain-text" "must be 1 to {most} bytes without control characters";
    TOO_LONG = "too-long" "at most {most} bytes";
    TOO_MANY = "too-many" "at most {most}";
    SHORT = "short" "must be 1 to 200 bytes without control characters";
    NAME = "name" "must be 1 to 64 of letters, digits, _, - and .";

    DOTS = "dots" "is not . or .., which no path can carry";
    TEAM_NAME = "team-name" "a team's name is 1 to 63 of a-z, 0-9 and -, not beginning with -";
    CHANNEL_NAME = "channel-name" "a channel's name is 1 to 32 of a-z, 0-9 and -";
    INTENT_NAME = "intent-name" "an intent's name is 1 to 64 of a-z, 0-9, _ and -";
    SCREEN_NAME = "screen-name" "a screen's name is 1 to 64 of letters, digits, _, - and .";
    WEBHOOK_NAME = "webhook-name" "a webhook's name is 1 to 64 of letters, digits, _, - and .";
    USER_NAME = "user-name" "a user's name is 1 to 64 of letters, digits, _, -, ., + and @";
    CUSTOMER_ID = "customer-id" "a customer's id is 1 to 255 bytes without control characters";

    URL = "url" "must be a URL";
    WEB_PAGE = "web-page" "must be an absolute https URL (http only with a loopback host)";
    HOST = "host" "must name one host, without a wildcard";
    URL_PARTS = "url-parts" "must have no user, no password and no fragment, and at most 2048 bytes without blanks";
    ORIGIN = "origin" "must be an origin: scheme, host and port only";
    LOGO = "logo" "must be data:image/png, jpeg, gif, webp or svg+xml in base64, at most 24 KiB";
    COLOR = "color" "must be a colour like #1a2b3c";
    COUNTRY = "country" "must be a country code of ISO 3166 alpha-2";
    WAY = "way" "must be chat, sms, email or event";
    LANGUAGE = "language" "must be a language tag of BCP 47";
    ONE_PIN = "one-pin" "must hold #PIN# exactly once, and at most 1000 bytes";
    MAIL_ADDRESS = "mail-address" "must be a mail address";
    PHONE_NUMBER = "phone-number" "must be in E.164: + and 5 to 15 digits";
    EVENT = "event" "must be * or the name of an event";
    EVENTS = "events" "must be 1 to 100 names of events, or *";

    SETTING = "setting" "no such setting; the nearest is {nearest}";
    DOTTED = "dotted" "a name has no dot: nest the objects";
    NEWER = "newer" "is a setting of another release";
    MATCHED = "matched" "must be a list of at most 20 fields: a name, or {\"field\": name, \"as\": one of exact, case_folded, digits, date, e164}";
    ASKED = "asked" "must be a list of at most 20 facts: a name, or {\"fact\": name, \"question\": text, \"as\": one of exact, case_folded, digits, date, e164, \"choices\": [text, …]}";
    EXCLUDES = "excludes" "excludes {others}";
    MORE_THAN = "more-than" "must not be more than {other}";
    TOO_FEW = "too-few" "must name at least as many facts as {other} puts";
    NEEDED_BY = "needed-by" "must be set where {other} has {word}";
    NO_METHOD = "no-method" "accept must name at least one method";
    NO_SCREEN = "no-screen" "there is no screen of that name: PUT /v1/teams/TEAM/screens/NAME makes one";
    NO_WEBHOOK = "no-webhook" "there is no webhook of that name: PUT /v1/teams/TEAM/webhooks/NAME makes one";

    TOO_MANY_SCREENS = "too-many-screens" "a team has at most {most} screens";
    SCREEN_IN_USE = "screen-in-use" "PIN pages open with this screen: name another one first";
    TOO_LARGE = "too-large" "must be at most {most} KiB";
    NOTHING_LEFT = "nothing-left" "nothing that may be shown is left of it: a screen has words or pictures";
    UTF_8 = "utf-8" "must be UTF-8";

    KID = "kid" "kid is 1 to 32 of letters, digits, _ and -";
    KID_TAKEN = "kid-taken" "a key with this kid stands there already";
    PRIVATE_KEY = "private-key" "a public key is wanted, this one holds a secret";
    NO_JWK = "jwk" "not a JWK (RFC 7517)";
    RSA_BITS = "rsa-bits" "RSA keys have 2048 to 8192 bits";
    KEY_TYPE = "key-type" "Ed25519, P-256 or RSA is wanted";
    KEY_ALGORITHM = "key-algorithm" "alg is not one of EdDSA, ES256 and RS256";
    NO_KEY = "no-key" "its numbers are no key";

    FIELD_NAME = "field-name" "a field is called by 1 to 64 of letters, digits, _, - and .";
    TOO_MUCH = "too-much" "at most {most} fields and {bytes} bytes";
    USERNAME_TAKEN = "username-taken" "must be a name that no other customer of the team has";
    PASSWORD_SHORT = "password-short" "must have at least {least} characters";
    PASSWORD_UNUSABLE = "password-unusable" "must be 1 to 128 characters without control characters";
    PASSWORD_NO_LETTER = "password-no-letter" "must hold a letter";
    PASSWORD_NO_DIGIT = "password-no-digit" "must hold a digit";
    PASSWORD_COMMON = "password-common" "is one of the most common passwords";
    PASSWORD_OWN = "password-own" "must not be the account's own name or address";

    PIN = "pin" "must be 4 to 20 digits";
    NO_PHONE = "no-phone" "has no phone: with otp.second_channel the code goes another way than the invitation";
    NO_EMAIL = "no-email" "has no email: with otp.second_channel the code goes another way than the invitation";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_kind_has_a_word_and_a_sentence_of_its_own() {
        let words: BTreeSet<_> = KINDS.iter().map(|kind| kind.code).collect();
        let sentences: BTreeSet<_> = KINDS.iter().map(|kind| kind.says).collect();
        assert_eq!((words.len(), sentences.len()), (KINDS.len(), KINDS.len()));
    }

    #[test]
    fn what_a_reader_of_json_says_has_its_kind() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "lowercase")]
        #[expect(dead_code, reason = "read and never looked at")]
        struct Sent {
            count: u64,
            name: Option<String>,
            on: Option<bool>,
            all: Option<Vec<String>>,
            inner: Option<Box<Sent>>,
            role: Option<Role>,
            team: Option<crate::base::id::TeamName>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Role {
            Agent,
            Admin,
        }
        for (sent, code) in [
            (r"{}", "missing"),
            (r#"{"count": 1, "who": 1}"#, "unknown"),
            (r#"{"count": 1, "count": 1}"#, "twice"),
            (r#"{"count": "x"}"#, "whole-number"),
            (r#"{"count": -1}"#, "whole-number"),
            (r#"{"count": 1, "name": 7}"#, "text"),
            (r#"{"count": 1, "on": 7}"#, "switch"),
            (r#"{"count": 1, "all": 7}"#, "list"),
            (r#"{"count": 1, "inner": 7}"#, "object"),
            (r#"{"count": 1, "role": "king"}"#, "one-of"),
            (r#"{"count": 1, "team": "A b"}"#, "team-name"),
        ] {
            let told = serde_json::from_str::<Sent>(sent).unwrap_err().to_string();
            let error = read(told.split(" at line ").next().unwrap());
            assert_eq!(error.code, code, "{sent}: {told}");
            let words = if code == "one-of" { vec![("words", "agent, admin".to_owned())] } else { vec![] };
            assert_eq!(error.values, words, "{sent}");
        }
    }

    #[test]
    fn a_sentence_is_known_again_and_a_foreign_one_is_only_told() {
        assert_eq!(told(TEAM_NAME.says), ValidationError::from(&TEAM_NAME));
        assert_eq!(
            told("is upside down"),
            ValidationError { code: "invalid", values: vec![], detail: "is upside down".into() }
        );
    }
}
