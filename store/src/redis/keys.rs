//! How names become Redis keys: a prefix, the partition's hash tag, and what it is.
//!
//! The layout is data at rest: changing it is a new format.

use std::fmt::Write;

use crate::{Partition, RecordKey, TAGS};

/// Tag *i* hashes into slots 256 *i* to 256 *i* + 255, so a cluster that shares out its slots
/// evenly shares out our data evenly.
const TAG: [&str; TAGS as usize] = [
    "bh", "bd", "by", "bq", "aa", "ai", "ap", "ax", //
    "ea", "ds", "dj", "db", "b", "j", "s", "fq", //
    "bi", "ba", "bx", "bp", "ad", "ah", "aq", "ay", //
    "dz", "dr", "dk", "dc", "c", "k", "r", "z", //
    "bj", "bb", "ca", "bs", "ac", "ak", "ar", "az", //
    "dy", "dq", "dh", "dd", "d", "h", "q", "y", //
    "bk", "bc", "bz", "br", "ab", "aj", "as", "nz", //
    "dx", "dp", "di", "da", "a", "i", "p", "x",
];

/// The cluster slot that a tag hashes into.
pub(super) fn slot(tag: u8) -> u16 {
    crc16(TAG[usize::from(tag % TAGS)]) % 16384
}

/// CRC-16/XMODEM, by which a cluster finds a key's slot.
fn crc16(tag: &str) -> u16 {
    tag.bytes().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

/// The keys of one installation.
#[derive(Debug)]
pub(super) struct KeyNames {
    /// What a tag's keys begin with.
    bases: Vec<String>,
}

impl KeyNames {
    pub(super) fn new(prefix: &str) -> Self {
        Self { bases: TAG.iter().map(|tag| format!("{prefix}:{{{tag}}}:")).collect() }
    }

    pub(super) fn base(&self, tag: u8) -> &str {
        &self.bases[usize::from(tag % TAGS)]
    }

    /// The same of several tags.
    pub(super) fn bases(&self, tags: &[u8]) -> Vec<&str> {
        tags.iter().map(|tag| self.base(*tag)).collect()
    }

    pub(super) fn record(&self, partition: Partition, name: &str) -> String {
        format!("{}r:{name}", self.base(partition.tag()))
    }

    /// What tells a tag that holds nothing yet from one that was emptied.
    pub(super) fn mark(&self, tag: u8) -> String {
        format!("{}mark", self.base(tag))
    }

    pub(super) fn outbox(&self, tag: u8) -> String {
        format!("{}outbox", self.base(tag))
    }

    pub(super) fn alarms(&self, tag: u8) -> String {
        format!("{}alarms", self.base(tag))
    }

    /// The two keys of an index: the order of its members, and their content.
    pub(super) fn index(&self, partition: Partition, index: &str) -> [String; 2] {
        let base = self.base(partition.tag());
        let partition = partition.0;
        [format!("{base}i:{partition:02x}:{index}"), format!("{base}c:{partition:02x}:{index}")]
    }
}

/// What a record's alarm is called: a tag's alarms are of four partitions.
pub(super) fn alarm(partition: Partition, name: &str) -> String {
    let mut alarm = String::with_capacity(3 + name.len());
    // Writing to a string cannot fail.
    let _ = write!(alarm, "{:02x}:{name}", partition.0);
    alarm
}

/// The record that an alarm is of.
pub(super) fn alarmed(alarm: &[u8]) -> Option<RecordKey> {
    let (partition, name) = std::str::from_utf8(alarm).ok()?.split_once(':')?;
    Some(RecordKey { partition: Partition(u8::from_str_radix(partition, 16).ok()?), name: name.to_owned() })
}

/// A stream's id as one number: milliseconds, and 20 bits for those of the same millisecond.
pub(super) fn seq(id: &[u8]) -> Option<u64> {
    let (ms, n) = std::str::from_utf8(id).ok()?.split_once('-')?;
    let (ms, n): (u64, u64) = (ms.parse().ok()?, n.parse().ok()?);
    (ms < 1 << 44 && n < 1 << 20).then_some(ms << 20 | n)
}

/// The first stream id beyond that number.
pub(super) fn beyond(seq: u64) -> String {
    let next = seq.saturating_add(1);
    format!("{}-{}", next >> 20, next & ((1 << 20) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tag_lies_in_its_256_slots() {
        assert_eq!(crc16("123456789"), 0x31C3);
        for tag in 0..TAGS {
            assert_eq!(slot(tag) / 256, u16::from(tag));
        }
    }

    #[test]
    fn an_alarm_gives_its_record_back() {
        let key = RecordKey { partition: Partition(0xa7), name: "interaction/01:02".to_owned() };
        assert_eq!(alarmed(alarm(key.partition, &key.name).as_bytes()), Some(key));
    }

    #[test]
    fn a_number_goes_on_behind_its_stream_id() {
        let first = seq(b"1700000000000-1048575").expect("the last of its millisecond");
        assert_eq!(beyond(first), "1700000000001-0");
        assert_eq!(seq(b"1700000000001-0"), Some(first + 1));
        assert_eq!(seq(b"1700000000001"), None);
    }
}
