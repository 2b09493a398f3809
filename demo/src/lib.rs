//! The demo: a bank's web chat with a scripted bot, and the bank's own login page, under `/demo`.
//!
//! It plays everybody who is *outside* the gateway: the bot, the chat widget, the external login
//! page, the website that vouches for a logged-in visitor, and the person's phone. It knows the
//! gateway only as they would, by HTTP: no module of ours but `ambient` is imported here. What
//! reaches the phones is brought by whoever started the demo, as a phone network does.
//!
//! The modules have an order: one names only modules that stand before it here.
//! - The outsiders' data: `outsiders`.
//! - What the API tells, and how it is shown: `api`, `mark`, `transcript`, `bot`.
//! - The teams and the scenes: `setup`, `scenes`, `pages`.
//! - The chats: `chats`.
//! - What the browser asks for: `web`.

mod api;
mod bot;
mod chats;
mod mark;
mod outsiders;
mod pages;
mod scenes;
mod setup;
mod transcript;
mod web;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use tokio_util::task::AbortOnDropHandle;

pub use outsiders::phones::{MessageKind, PhoneMessage, Phones};

use countersign_ambient::{Clock, Entropy, SystemClock, SystemEntropy};

/// What every part of the demo shares.
pub struct Demo {
    /// Scheme and authority under which everything is served, without a slash at the end.
    base: String,
    /// For the login page's post-back, which needs no API key.
    http: reqwest::Client,
    pages: pages::DemoPages,
    chats: Arc<chats::Chats>,
    bank: outsiders::bank::Bank,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Who judges documents.
    provider: outsiders::identity::DemoProvider,
    /// With the owner's key: what an administrator does between scenes.
    owner: api::Api,
    _event_listeners: [AbortOnDropHandle<()>; 2],
}

/// The place where the demo appears once it is prepared; until then `/demo` answers 503.
#[derive(Clone, Default)]
pub struct DemoSlot(Arc<OnceLock<Arc<Demo>>>);

impl DemoSlot {
    /// Opens `/demo`. A slot is filled once; a second demo is dropped.
    pub fn fill(&self, demo: Demo) {
        drop(self.0.set(Arc::new(demo)));
    }
}

/// The routes under `/demo`, and the slot to fill once the gateway listens:
/// [`prepare`] calls the gateway by HTTP, so both must be served by then.
pub fn mount() -> (axum::Router, DemoSlot) {
    let slot = DemoSlot::default();
    (web::router(slot.clone()), slot)
}

/// Sets the team up through the API and starts the bot. The gateway must listen by now, and bring
/// its text messages to `phones`.
///
/// # Errors
/// When the gateway does not answer or refuses the owner's key or a setting.
pub async fn prepare(base_url: &str, owner_key: &str, phones: Phones) -> anyhow::Result<Demo> {
    let base = base_url.trim_end_matches('/').to_owned();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());

    let http = api::client().context("the demo's HTTP client")?;
    let owner = api::Api::new(http.clone(), &base, owner_key);
    let mut secret = vec![0; 32];
    entropy.fill(&mut secret);
    let provider = outsiders::identity::DemoProvider::new(secret);
    let team = setup::bank(&owner, &base, &provider).await.context("setting up the demo's team")?;
    let accounts = setup::accounts(&owner, &base).await.context("setting up the team with accounts")?;
    let [first, second] = [team.api.bot.clone(), accounts.api.bot.clone()];
    let chats = Arc::new(chats::Chats::new([team.api, accounts.api], phones, entropy.clone()));
    let listeners = [
        chats::listener::listen(0, first, chats.clone()).await.context("listening to the team's events")?,
        chats::listener::listen(1, second, chats.clone()).await.context("listening to the other team's events")?,
    ];
    Ok(Demo {
        bank: outsiders::bank::Bank::new(&base, team.key),
        pages: pages::DemoPages::new(),
        http,
        base,
        chats,
        clock,
        entropy,
        provider,
        owner,
        _event_listeners: listeners.map(AbortOnDropHandle::new),
    })
}

/// Fresh base64url text of `bytes` random bytes.
fn random_text(entropy: &dyn Entropy, bytes: usize) -> String {
    use base64::Engine as _;
    let mut drawn = vec![0; bytes];
    entropy.fill(&mut drawn);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(drawn)
}
