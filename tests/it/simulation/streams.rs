//! Judges what is told outward: every event once, in the order of its commits, under numbers
//! without gaps; every security act in a chain; nothing forgotten before it was told.

use countersign::domain::base::id::TeamName;
use countersign::domain::event::Event;
use countersign::services::events::audit;
use countersign::services::events::event_log::Numbered;
use countersign::store::Batch;
use serde_json::Value;

use super::book::Book;

impl Book {
    /// Events that wait from now on.
    pub fn told_waiting(&mut self, tag: u8, first: u64, events: &[Event]) {
        for (seq, event) in (first..).zip(events) {
            let streams = self.streams.entry(event.team.clone()).or_default();
            streams.waiting.entry(tag).or_default().push_back((seq, event.clone()));
        }
    }

    /// Entries of streams and trails.
    pub fn entered(&mut self, batch: &Batch) {
        for entry in &batch.enter {
            let Some((kind, team)) = entry.index.split_once('/') else { continue };
            let Ok(team) = team.parse::<TeamName>() else { continue };
            match kind {
                "s" => match self.seal.entry::<Numbered>(&entry.index, &entry.bytes) {
                    Some(numbered) => self.numbered(&team, &entry.member, numbered),
                    None => self.wrong(format!("an event of {team} cannot be read")),
                },
                "u" => match self.seal.entry::<audit::AuditEntry>(&entry.index, &entry.bytes) {
                    Some(act) => self.audited(&team, &act),
                    None => self.wrong(format!("an entry of {team}'s trail cannot be read")),
                },
                _ => {}
            }
        }
    }

    fn numbered(&mut self, team: &TeamName, member: &str, numbered: Numbered) {
        let streams = self.streams.entry(team.clone()).or_default();
        let next = streams.events.len() as u64 + 1;
        let Numbered { number, event } = numbered;
        let first = streams.waiting.values_mut().find(|queue| queue.front().is_some_and(|(_, e)| *e == event));
        let known = first.and_then(std::collections::VecDeque::pop_front).is_some();
        let kind = event.kind().as_str();
        streams.events.push(event);
        self.must(number == next && member == format!("{next:016}"), || {
            format!("{team}: {kind} got the number {number} where {next} was next")
        });
        self.must(known, || format!("{team}: {kind} is told twice, or out of order, or never happened"));
    }

    fn audited(&mut self, team: &TeamName, act: &audit::AuditEntry) {
        let streams = self.streams.entry(team.clone()).or_default();
        let follows = act.number == streams.audited + 1 && act.previous == streams.hash;
        (streams.audited, streams.hash) = (act.number, act.hash.clone());
        self.must(follows, || format!("{team}: entry {} of the trail does not follow", act.number));
    }

    /// Waiting events were forgotten: all of them must have been told.
    pub fn trimmed(&mut self, tag: u8, seq: u64) {
        self.step += 1;
        let lost = self.streams.values().flat_map(|streams| streams.waiting.get(&tag)).flatten();
        let lost = lost.filter(|(number, _)| *number <= seq).map(|(_, e)| e.kind().as_str()).next();
        self.must(lost.is_none(), || format!("{} was forgotten before it was told", lost.unwrap_or_default()));
    }

    /// Where a team's streams stand only rises.
    pub fn head_put(&mut self, name: &str, after: Value) {
        let before = self.heads.insert(name.to_owned(), after.clone()).unwrap_or(Value::Null);
        for field in ["events", "gone", "audit"] {
            let rises = before[field].as_u64() <= after[field].as_u64();
            self.must(rises, || format!("{name}: {field} went from {} to {}", before[field], after[field]));
        }
        let taken = before["taken"].as_object().cloned().unwrap_or_default();
        for (tag, seq) in taken {
            let rises = seq.as_u64() <= after["taken"][&tag].as_u64();
            self.must(rises, || format!("{name}: what was taken of {tag} went back"));
        }
    }
}
