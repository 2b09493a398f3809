//! The mark: one value under each tag that says "this store was begun, and this is it".
//!
//! What is missing in a store that was emptied (a `FLUSHALL`, a primary that persists nothing and
//! came back) was not deleted: nobody is free of a lock because it is gone. So each commit, and each
//! absence that is read, asks for the mark, and without it the store cannot be trusted.

use std::time::Duration;

use futures_util::future::try_join_all;
use redis::{Value, cmd};

use super::{answers::unread, keys::KeyNames, server::RedisServers};
use crate::{StoreError, TAGS};

/// A tag that is about to be marked. A mark itself is a time and begins with a digit.
const BEGUN: &str = "begun";

/// What no tag ever holds: asked so, nothing changes.
const NOTHING: &str = "?";

/// By then another gateway that begins the same store has done so.
const AGAIN: Duration = Duration::from_millis(300);

/// The mark of this store. One of which nothing is there is begun: first all tags, then each with
/// its mark, so that a store half begun can be told from one half emptied.
pub(super) async fn found(server: &RedisServers, keys: &KeyNames) -> Result<String, StoreError> {
    let mut marks = replaced(server, keys, NOTHING, NOTHING).await?;
    if mark_of(&marks).is_some() && marks.iter().any(String::is_empty) {
        tokio::time::sleep(AGAIN).await;
        marks = replaced(server, keys, NOTHING, NOTHING).await?;
    }
    let mark = match mark_of(&marks) {
        Some(mark) => mark.to_owned(),
        None => {
            replaced(server, keys, "", BEGUN).await?;
            // Of several gateways that begin at once, the first one's counts.
            one(server, keys, 0, BEGUN, "").await?
        }
    };
    if marks.iter().any(|other| *other != mark) {
        marks = replaced(server, keys, BEGUN, &mark).await?;
    }
    match marks.iter().filter(|other| **other != mark).count() {
        0 => Ok(mark),
        gone => Err(StoreError::Damaged(format!(
            "{gone} of the {TAGS} parts of this store were emptied, and with them whatever was locked: \
             restore them, or begin anew under another prefix"
        ))),
    }
}

fn mark_of(marks: &[String]) -> Option<&String> {
    marks.iter().find(|mark| mark.starts_with(|first: char| first.is_ascii_digit()))
}

/// The marks of all tags, in their order, after `from` has become `to`.
async fn replaced(server: &RedisServers, keys: &KeyNames, from: &str, to: &str) -> Result<Vec<String>, StoreError> {
    try_join_all((0..TAGS).map(|tag| one(server, keys, tag, from, to))).await
}

async fn one(server: &RedisServers, keys: &KeyNames, tag: u8, from: &str, to: &str) -> Result<String, StoreError> {
    let mut call = cmd("FCALL");
    call.arg("countersign_1_mark").arg(1).arg(keys.mark(tag)).arg(from).arg(to);
    match server.ask(tag, &call).await? {
        Value::BulkString(mark) => String::from_utf8(mark).map_err(|_| unread("not a mark")),
        _ => Err(unread("not a mark")),
    }
}
