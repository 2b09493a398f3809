//! The pages of accounts, as the gallery shows them: logging in by a password and by codes, and choosing
//! another password. They know no account; the word comes from the gallery.

use super::{Artist, brand, done};
use countersign_pages::*;

/// The pages in their states.
pub(super) fn drawn(word: &str, artist: &Artist) -> Vec<(&'static str, String)> {
    let page = |asks, error| CustomerLoginPage {
        brand: brand(word),
        locale: "en".to_owned(),
        asks,
        error,
        action: "/login/acme?cs_token=AbC".to_owned(),
        nonce: "n0nce".to_owned(),
        attempt: "attempt".to_owned(),
    };
    let password = || RequestedInput::Password { forgotten: true, by_code: true };
    let alone = || RequestedInput::LoginCode { username: "demo".to_owned() };
    let code = || RequestedInput::Code { account: "0123456789abcdef".to_owned() };
    let new = || RequestedInput::NewPassword { length: 6, expires_at: "2026-03-01T09:32:00Z".to_owned() };
    vec![
        ("account-password", artist.account(page(RequestedInput::Password { forgotten: false, by_code: false }, None))),
        ("account-address", artist.account(page(RequestedInput::Address { address: ShownAddressKind::Phone }, None))),
        ("account-not-mine", artist.account(page(RequestedInput::Address { address: ShownAddressKind::Other }, None))),
        (
            "account-wrong-address",
            artist.account(page(
                RequestedInput::Address { address: ShownAddressKind::Mail },
                Some(LoginError::WrongAddress),
            )),
        ),
        ("account-wrong", artist.account(page(password(), Some(LoginError::Wrong)))),
        ("account-forgot", artist.account(page(RequestedInput::Forgot, None))),
        ("account-reset-sent", artist.account(page(RequestedInput::ResetSent, None))),
        ("account-by-code", artist.account(page(RequestedInput::ByCode, None))),
        ("account-login-code", artist.account(page(alone(), Some(LoginError::WrongCode)))),
        ("account-code", artist.account(page(code(), None))),
        ("account-wrong-code", artist.account(page(code(), Some(LoginError::WrongCode)))),
        ("account-new", artist.account(page(new(), None))),
        ("account-differ", artist.account(page(new(), Some(LoginError::Differ)))),
        ("account-weak", artist.account(page(new(), Some(LoginError::Weak)))),
        ("account-common", artist.account(page(new(), Some(LoginError::Common)))),
        ("done-password", artist.done(done(word, DoneState::PasswordChanged))),
    ]
}
