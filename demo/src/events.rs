//! The bot's ear: the team's event stream, read for as long as the demo runs.
//!
//! It resumes after the last event it saw and backs off while the gateway is away. While it is
//! deaf the chats say "unknown" and not what they last heard. What an event means is `chat`'s.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::api::{Api, Problem, Trouble};
use super::chats::Chats;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// More than any event: a stream without line ends is not one.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// One event of the team.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// Its id: ids rise within the team.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The interaction that it is about.
    pub interaction: Option<String>,
    /// What it tells, by its type.
    #[serde(default)]
    pub data: HashMap<String, Value>,
}

/// Listens to a team from now on. The stream is open when this returns, so nothing that follows is missed.
///
/// # Errors
/// When the gateway refuses the first connection.
pub async fn listen(team: usize, api: Api, chats: Arc<Chats>) -> Result<JoinHandle<()>, Trouble> {
    let mut stream = Some(api.events(None).await?);
    chats.heard(team, true);
    Ok(tokio::spawn(async move {
        let mut last: Option<String> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(open) = stream.take() {
                pause = FIRST_PAUSE;
                read(open, &mut last, &chats).await;
                chats.heard(team, false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
            match api.events(last.as_deref()).await {
                Ok(open) => {
                    stream = Some(open);
                    chats.heard(team, true);
                }
                // What was missed is gone: go on from now, and let every chat ask how it stands.
                Err(Trouble::Refused(Problem { status: 410, .. })) => last = None,
                Err(trouble) => tracing::warn!(%trouble, "the demo's bot cannot hear the gateway"),
            }
        }
    }))
}

/// Reads until the stream ends, whatever the reason: the caller connects again.
async fn read(mut stream: reqwest::Response, last: &mut Option<String>, chats: &Chats) {
    let mut lines = Lines::default();
    while let Ok(Some(chunk)) = stream.chunk().await {
        if lines.push(&chunk).is_err() {
            return;
        }
        while let Some(event) = lines.next_event() {
            *last = Some(event.id.clone());
            chats.tell(event);
        }
    }
}

/// `text/event-stream` to events. Only `data` is read: the id and type stand in it too.
#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
    data: String,
}

struct TooLong;

impl Lines {
    fn push(&mut self, chunk: &[u8]) -> Result<(), TooLong> {
        self.pending.extend_from_slice(chunk);
        if self.pending.len() + self.data.len() > MAX_LINE_BYTES { Err(TooLong) } else { Ok(()) }
    }

    fn next_event(&mut self) -> Option<Event> {
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                self.data.push('\n');
            } else if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                if let Ok(event) = serde_json::from_str(&data) {
                    return Some(event);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(chunks: &[&str]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut kinds = Vec::new();
        for chunk in chunks {
            assert!(lines.push(chunk.as_bytes()).is_ok());
            kinds.extend(std::iter::from_fn(|| lines.next_event()).map(|event| event.kind));
        }
        kinds
    }

    #[test]
    fn events_are_read_however_the_bytes_are_cut() {
        let stream = ": hello\r\n\r\nid: 1\nevent: a.b\ndata: {\"id\":\"1\",\"type\":\"a.b\"}\n\ndata:{\"id\":\"2\",\ndata:\"type\":\"c.d\"}\n\n";
        assert_eq!(kinds(&[stream]), ["a.b", "c.d"]);
        let bytes: Vec<String> = stream.chars().map(String::from).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(kinds(&bytes), ["a.b", "c.d"]);
    }

    #[test]
    fn an_unfinished_or_unreadable_event_is_not_told() {
        assert!(kinds(&["data: {\"id\":\"1\",\"type\":\"a\"}\n", "data: nonsense\n\n"]).is_empty());
    }
}
