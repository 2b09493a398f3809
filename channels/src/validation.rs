//! What can be wrong with an account, kind by kind: a word that programs may go by, and what would be right as
//! a sentence for developers. Whoever draws a form of an account says it in the reader's language, by the word.

pub use countersign_validation::{FieldError, Kind, OTHER, ValidationError};

countersign_validation::kinds! {
    MISSING = "missing" "is missing";
    UNKNOWN = "unknown" "no such field";
    TEXT = "text" "must be a text";
    EMPTY = "empty" "must not be empty";
    LENGTH = "length" "must have 1 to {most} bytes";
    NUMBER = "number" "must be a number from {least} to {most}";
    ONE_OF = "one-of" "must be one of: {words}";
    ONE_OF_SEVERAL = "one-of-several" "exactly one of these must be there: {names}";
    LINE = "line" "must be one line of text without control characters";
    ID = "id" "must be an id, of letters, digits and . _ ~ : @ + - ! $ = only";
    DIGITS = "digits" "must be digits";
    PHONE_NUMBER = "phone-number" "must be a telephone number like +37255512345";
    COUNTRY_ID = "country-id" "must be an id like US.13491208655302741918";
    MAIL_ADDRESS = "mail-address" "must be a mail address like no-reply@example.com";

    HTTPS = "https" "must begin with https:// (http:// only for an address that the operator allows)";
    URL_BARE = "url-bare" "must be a URL without user, query and fragment";
    HOST = "host" "must name one host, without a wildcard";
    PUBLIC_ADDRESS = "public-address" "must be a public address, or one that the operator allows";
    PORT = "port" "must go to a port that the operator allows (outbound.ports)";
    SERVER = "server" "must be a server's name or address, without a port";

    UNPRINTABLE = "unprintable" "must be 1 or more characters without control characters";
    ASCII = "ascii" "must be visible ASCII, as headers and URLs take it";
    KEY = "key" "must be a key as the platform writes it: base64, behind its prefix";
    BASE64_KEY = "base64-key" "must be the key in base64";
    PEM_KEY = "pem-key" "must be an RSA private key in PEM";
    WHSEC = "whsec" "must be whsec_ and the base64 of 24 to 64 bytes";
    CERTIFICATE = "certificate" "must be the PEM of the authority behind the server's certificate";
    CREDENTIALS = "credentials" "needs what proves whose requests are";
    NOT_HEARD = "not-heard" "nothing is heard from this platform";
    UNPROVED = "unproved" "is missing, and nothing that comes in can be proved without";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(words.len(), KINDS.len());
        assert_eq!(FieldError::at("/account/from", &EMPTY).error, EMPTY.saying("must not be empty"));
    }
}
