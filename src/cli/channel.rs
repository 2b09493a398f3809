//! `channel list`: the platforms that this gateway speaks to, and what each can do. `channel verify`:
//! why a request that a platform has sent is believed, or not. Neither reads a configuration, opens
//! a store or is told an account: what they know is in the definitions.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use countersign_channels::built_in::recorder::Recorder;
use countersign_channels::built_in::session::SessionChannel;
use countersign_channels::built_in::webchat::WebChat;
use countersign_channels::definition::{Definition, Features, Registry};
use countersign_channels::format::inbound::proof::VerificationError;
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::inbound::{Happening, Taken, WebhookVerifier};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::SecretString;

use crate::ambient::{Clock, SystemClock};
use crate::app;
use crate::config::Config;

/// The gateway itself takes no longer body.
const MAX_BODY_BYTES: u64 = 1024 * 1024;

/// What is asked of channels.
#[derive(Subcommand)]
pub(super) enum ChannelCommand {
    /// List the definitions and what each can do
    List,
    /// Say why an inbound webhook is taken (exit 0) or refused (exit 1)
    #[command(
        long_about = "Reads the body of a request as a platform has sent it from stdin, and says why it is taken \
        (exit 0) or refused (exit 1). Needs no configuration and no store; where a platform has several schemes, the \
        headers tell them apart. What an account's own fields say of a request, such as for whom it is, is not judged."
    )]
    Verify(VerifyRequest),
}

/// A request as it came.
#[derive(Args)]
pub(super) struct VerifyRequest {
    /// The platform, as `channel list` names it
    definition: String,
    /// The secret that it is signed with; several: one of them
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    secret: Vec<String>,
    /// The address that the platform was given, with its query
    #[arg(long, default_value = "")]
    url: String,
    /// The request's method
    #[arg(long, default_value = "POST")]
    method: String,
    /// A header of the request; as often as there are headers
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// When it came, in seconds since 1970; else now
    #[arg(long, value_name = "UNIX")]
    at: Option<u64>,
}

/// What is said of a request.
pub(super) enum RequestVerdict {
    /// It is taken, or there was none.
    Good,
    /// It is not.
    Refused,
}

impl ChannelCommand {
    /// Does it.
    pub(super) async fn run(self) -> anyhow::Result<RequestVerdict> {
        let built_in = Config::load(None, std::iter::empty())?;
        let registry = app::registry(&built_in, Recorder::default())?.and(Arc::new(SessionChannel));
        let registry = registry.and(Arc::new(WebChat::without_transcripts()));
        match self {
            Self::List => {
                print!("{}", list(&registry));
                Ok(RequestVerdict::Good)
            }
            Self::Verify(asked) => {
                let mut body = Vec::new();
                std::io::stdin().take(MAX_BODY_BYTES + 1).read_to_end(&mut body).context("reading stdin")?;
                if body.len() as u64 > MAX_BODY_BYTES {
                    bail!("the body has more than {MAX_BODY_BYTES} bytes: the gateway takes none so long");
                }
                let (verdict, said) = asked.judge(&registry, &body).await?;
                println!("{said}");
                Ok(verdict)
            }
        }
    }
}

impl VerifyRequest {
    async fn judge(&self, registry: &Registry, body: &[u8]) -> anyhow::Result<(RequestVerdict, String)> {
        let definition = find(registry, &self.definition)?;
        let headers = headers(&self.header)?;
        let method = Method::from_bytes(self.method.to_ascii_uppercase().as_bytes()).context("--method is none")?;
        let unix = self.at.unwrap_or_else(|| SystemClock::default().now() / 1000);
        let request = InboundRequest { method, url: self.url.clone(), headers: &headers, body, unix };
        let mut why: Option<VerificationError> = None;
        for webhook_verifier in self.webhook_verifiers(&**definition)? {
            match webhook_verifier.hear(&request).await {
                Ok(taken) => return Ok((RequestVerdict::Good, format!("taken: {}", told(&taken)))),
                Err(distrust) => why = Some(why.unwrap_or(distrust)),
            }
        }
        let why = why.map_or_else(|| "nothing proves it".to_owned(), |why| why.to_string());
        Ok((RequestVerdict::Refused, format!("refused: {why}")))
    }

    /// One for each secret.
    fn webhook_verifiers(&self, definition: &dyn Definition) -> anyhow::Result<Vec<WebhookVerifier>> {
        let webhook_verifier = |secret: &str| definition.verifier(&SecretString::from(secret.to_owned()));
        let name = definition.name();
        let Some(bare) = webhook_verifier("") else { bail!("{name} hears nothing: nobody sends requests for it") };
        if self.secret.is_empty() && bare.needs_secret() {
            bail!("{name} signs what it sends: say --secret");
        }
        if self.secret.iter().any(String::is_empty) {
            bail!("--secret is empty");
        }
        if self.secret.is_empty() {
            Ok(vec![bare])
        } else {
            Ok(self.secret.iter().filter_map(|s| webhook_verifier(s)).collect())
        }
    }
}

fn find<'a>(registry: &'a Registry, name: &str) -> anyhow::Result<&'a Arc<dyn Definition>> {
    if let Some(definition) = registry.find(name) {
        return Ok(definition);
    }
    let near = |known: &&str| strsim::damerau_levenshtein(known, name);
    match registry.names().min_by_key(near).filter(|known| near(known) <= 3) {
        Some(known) => bail!("no definition is called {name}: is it {known}?"),
        None => bail!("no definition is called {name}; there are: {}", registry.names().collect::<Vec<_>>().join(", ")),
    }
}

fn headers(given: &[String]) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in given {
        let (name, value) = line.split_once(':').with_context(|| format!("--header {line}: no colon"))?;
        let name: HeaderName = name.trim().parse().with_context(|| format!("--header {line}"))?;
        let value = HeaderValue::from_str(value.trim()).with_context(|| format!("--header {line}"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// What came of a request, without what anybody said in it.
fn told(taken: &Taken) -> String {
    if !taken.is_read {
        return "it is the platform's, and nothing that this definition reads".to_owned();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for happening in &taken.happenings {
        let what = match happening {
            Happening::Heard(_) => "message",
            Happening::DeliveryReceipt(_) => "receipt",
            Happening::Opened(_) => "opened link",
        };
        *counts.entry(what).or_default() += 1;
    }
    if counts.is_empty() {
        return "it is the platform's, and holds nobody's words".to_owned();
    }
    let counts = counts.iter().map(|(what, count)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }));
    counts.collect::<Vec<_>>().join(", ")
}

/// One paragraph a definition.
fn list(registry: &Registry) -> String {
    let all = registry.names().filter_map(|name| registry.find(name));
    let widest = registry.names().map(str::len).max().unwrap_or_default();
    all.map(|definition| {
        let can = definition.features();
        format!("{:widest$}  {}\n{:widest$}  {}\n", definition.name(), can.title, "", able(&can).join("; "))
    })
    .collect()
}

/// What it can do, in words.
fn able(can: &Features) -> Vec<String> {
    let mut words = vec![match (can.initiate, can.window_hours) {
        (true, None) => "writes first".to_owned(),
        (true, Some(hours)) => format!("writes first by template, freely for {hours} h"),
        (false, None) => "answers".to_owned(),
        (false, Some(hours)) => format!("answers for {hours} h"),
    }];
    words.push(format!("links {}", if can.link { "as a button" } else { "in the text" }));
    words.push(format!("codes {}", if can.code { "in a form of their own" } else { "in the text" }));
    words.push(match can.preview {
        "suppressed" => "previews suppressed".to_owned(),
        "none" => "no previews".to_owned(),
        _ => "previews fetched".to_owned(),
    });
    let more = [
        (can.idempotent, "takes the same message once"),
        (can.receipts, "says what became of messages"),
        (can.return_link, "links back into the chat"),
        (can.account_link, "says itself whose browser has logged in"),
        (can.retracts, "takes what people typed back"),
        (can.shows_status, "shows its agents who was proved"),
    ];
    words.extend(more.into_iter().filter(|(can, _)| *can).map(|(_, word)| word.to_owned()));
    words.push(match (can.hears, can.assurance) {
        (false, _) => "is not heard".to_owned(),
        (true, Some("platform")) => "is heard, the platform vouches for senders".to_owned(),
        (true, Some("spoofable")) => "is heard, senders can be made up".to_owned(),
        (true, _) => "is heard, senders are what another system says".to_owned(),
    });
    words
}
