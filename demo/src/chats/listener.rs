//! The reader of a team's event stream: it reads for as long as the demo runs and hands each event to its chat.
//!
//! It resumes after the last event it saw and backs off while the gateway is away. While it is not
//! connected the chats say "unknown" and not what they last heard.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::api::{Api, ApiError, ProblemReply};
use crate::chats::Chats;
use crate::outsiders::events::EventDecoder;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// Listens to a team from now on. The stream is open when this returns, so nothing that follows is missed.
///
/// # Errors
/// When the gateway refuses the first connection.
pub async fn listen(team: usize, api: Api, chats: Arc<Chats>) -> Result<JoinHandle<()>, ApiError> {
    let mut stream = Some(api.events(None).await?);
    chats.set_connected(team, true);
    Ok(tokio::spawn(async move {
        let mut last: Option<String> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(open) = stream.take() {
                pause = FIRST_PAUSE;
                read(open, &mut last, &chats).await;
                chats.set_connected(team, false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
            match api.events(last.as_deref()).await {
                Ok(open) => {
                    stream = Some(open);
                    chats.set_connected(team, true);
                }
                // The missed events are gone: go on from now, and let every chat read its state.
                Err(ApiError::Refused(ProblemReply { status: 410, .. })) => last = None,
                Err(trouble) => tracing::warn!(%trouble, "the demo's bot cannot hear the gateway"),
            }
        }
    }))
}

/// Reads until the stream ends, whatever the reason: the caller connects again.
async fn read(mut stream: reqwest::Response, last: &mut Option<String>, chats: &Chats) {
    let mut decoder = EventDecoder::default();
    while let Ok(Some(chunk)) = stream.chunk().await {
        if decoder.push(&chunk).is_err() {
            return;
        }
        while let Some(event) = decoder.next_event() {
            *last = Some(event.id.clone());
            chats.deliver_event(event);
        }
    }
}
