//! The demo: a gateway on a store that vanishes with it, and the outsiders that use it.
//! What the outsiders do is `demo`'s; only here do they and a gateway share a process.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_channels::Content;
use countersign_channels::built_in::recorder::{Recorded, Recorder};
use secrecy::ExposeSecret as _;

use crate::ambient::{Entropy, SystemEntropy};
use crate::config::Config;
use crate::{app, demo};

/// Runs until it is stopped.
pub(super) async fn run(port: u16) -> anyhow::Result<()> {
    let folder =
        tempfile::Builder::new().prefix("countersign-demo-").tempdir().context("a folder for the demo's store")?;
    let mut secret = [0; 32];
    SystemEntropy::default().fill(&mut secret);
    let owner_key = URL_SAFE_NO_PAD.encode(secret);
    let mut config = Config::load(None, std::iter::empty())?;
    config.server.listen = ([127, 0, 0, 1], port).into();
    config.store.path = folder.path().join("store");
    config.admin.key.clone_from(&owner_key);
    config.outbound.allow = vec!["127.0.0.0/8".parse().context("the demo's provider is on this machine")?];

    let (routes, slot) = demo::mount();
    let phones = demo::Phones::default();
    let beside = app::Beside { routes, recorder: network(phones.clone()) };
    let running = app::start(&config, beside, app::Consent::default()).await?;
    super::stop_on_signal(&running)?;
    slot.fill(demo::prepare(&running.public_url, &owner_key, phones).await.context("preparing the demo")?);
    println!("countersign listening on http://{}", running.address);
    println!(
        "\n  Open {}/demo in a browser; ask for a copy of a statement, or to change your address.",
        running.public_url
    );
    println!("  The API is described at {}/docs. Ctrl-C ends it, and nothing stays behind.\n", running.public_url);
    running.finish().await
}

/// The networks: what the gateway gives its platforms reaches the demo's phones, without any way
/// through the gateway's API.
fn network(phones: demo::Phones) -> Recorder {
    Recorder::telling(move |sent| phones.deliver(sent.message.to.as_str(), phone_message(sent)))
}

/// A message as a phone shows it: each of the demo's channels has an inbox of its own name.
fn phone_message(sent: &Recorded) -> demo::PhoneMessage {
    let by = match sent.inbox.as_str() {
        "whatsapp" => demo::MessageKind::WhatsApp,
        "email" => demo::MessageKind::Mail,
        _ => demo::MessageKind::Sms,
    };
    let plain = || sent.message.content.plain().expose_secret().to_owned();
    let (text, url, code) = match &sent.message.content {
        Content::Link { text, url } => (text.clone(), Some(url.expose_secret().to_owned()), None),
        Content::Code { code, .. } => (plain(), None, Some(code.expose_secret().to_owned())),
        Content::Text(_) => (plain(), None, None),
    };
    let subject = sent.message.subject.clone().filter(|_| by == demo::MessageKind::Mail);
    demo::PhoneMessage { by, subject, text, url, code }
}
