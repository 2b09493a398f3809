//! Addresses of the gateway's own pages.
//! Each begins with the configured address, never with a request's.

use countersign_domain::secret::token::Token;
use countersign_domain::team::login::reset::ResetToken;

/// The addresses of the gateway's own pages.
pub struct Urls {
    /// Every generated link starts with it; no slash at the end.
    pub(crate) public_url: String,
}

impl Urls {
    /// Every generated link starts with it; no slash at the end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where a link to another password leads.
    pub(crate) fn reset_url(&self, token: &ResetToken) -> String {
        format!("{}/r/{}", self.public_url, token.text())
    }

    /// Where a code page is.
    pub fn code_page_url(&self, token: &Token) -> String {
        format!("{}/c/{}", self.public_url, token.text())
    }

    /// Where a link's landing page is.
    pub fn landing_url(&self, token: &Token) -> String {
        format!("{}/l/{}", self.public_url, token.text())
    }

    /// Where the login page answers.
    pub fn callback(&self, handle: &str) -> String {
        format!("{}/p/{handle}", self.public_url)
    }
}
