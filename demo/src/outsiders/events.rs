//! The events of a team's event stream, and how its bytes become events.
//!
//! `listener` reads the stream, and `conversation` reacts to an event.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// More than any event: a stream without line ends is not one.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// One event of the team.
#[derive(Clone, Debug, Deserialize)]
pub struct TeamEvent {
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

/// Turns the bytes of a `text/event-stream` into events. Only `data` is read: the id and type stand in it too.
#[derive(Default)]
pub struct EventDecoder {
    pending: Vec<u8>,
    data: String,
}

/// A stream that sends more than any event without an end.
pub struct TooLong;

impl EventDecoder {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the bytes that wait for an end are more than any event has.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), TooLong> {
        self.pending.extend_from_slice(chunk);
        if self.pending.len() + self.data.len() > MAX_LINE_BYTES { Err(TooLong) } else { Ok(()) }
    }

    /// The next event that has arrived whole.
    pub fn next_event(&mut self) -> Option<TeamEvent> {
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
        let mut decoder = EventDecoder::default();
        let mut kinds = Vec::new();
        for chunk in chunks {
            assert!(decoder.push(chunk.as_bytes()).is_ok());
            kinds.extend(std::iter::from_fn(|| decoder.next_event()).map(|event| event.kind));
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
