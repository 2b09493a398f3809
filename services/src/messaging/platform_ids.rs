//! Platforms' ids of messages of ours, where a platform will tell of a message by its own id alone.
//! Each is kept for a day.

use super::Messaging;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::{DAY, Error};
use crate::names::receipt_name;
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::messaging::sending::MessageId;
use countersign_store::Partition;

impl Messaging {
    /// Remembers which message of ours a platform's id names.
    pub(crate) async fn save_platform_id(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        platform_id: &str,
        ours: &str,
    ) -> Result<(), Error> {
        let (partition, name) = self.platform_id_record(team, channel, platform_id);
        let reads = Reads { partition, names: vec![name.clone()] };
        let saved = self.engine.decide(&reads, |_, now| {
            let (bytes, expires) = (ours.as_bytes().to_vec(), Some(now.plus(DAY)));
            let put = vec![PlainRecord { name: name.clone(), bytes, expires, ..PlainRecord::default() }];
            Ok(Change { put, confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        Ok(saved.await?.outcome?)
    }

    /// The message of ours that a platform's id names; none where it is not remembered.
    pub(crate) async fn message_by_platform_id(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        platform_id: &str,
    ) -> Result<Option<MessageId>, Error> {
        let (partition, name) = self.platform_id_record(team, channel, platform_id);
        let opened = self.engine.read(&Reads { partition, names: vec![name] }).await?.pop().flatten();
        Ok(opened.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok()))
    }

    fn platform_id_record(&self, team: &TeamName, channel: &ChannelName, platform_id: &str) -> (Partition, String) {
        let (team, channel) = (team.as_str().as_bytes(), channel.as_str().as_bytes());
        let tag = self.engine.keys.replay.tag(&[b"receipt", team, channel, platform_id.as_bytes()]);
        (Partition(tag.as_bytes()[31]), receipt_name(&tag.name()))
    }
}
