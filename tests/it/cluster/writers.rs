//! Writers who keep count: each raises a number of its own by compare-and-swap, asks again under
//! the same id when it was not answered, and remembers what it was told.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, Expect, Partition, Put, Store, StoreError};
use tokio::{
    task::JoinHandle,
    time::{Duration, Instant},
};

use super::{answered, fresh};

/// All partitions of a store, each with a writer.
pub struct Writers {
    store: Arc<dyn Store>,
    writers: Vec<Arc<Writer>>,
    stop: Arc<AtomicBool>,
    running: Vec<JoinHandle<()>>,
}

pub struct Writer {
    partition: Partition,
    name: String,
    /// The number that was last acknowledged.
    acknowledged: AtomicU64,
    answered: Mutex<Instant>,
    /// The longest time between two acknowledgements.
    longest: Mutex<Duration>,
}

impl Writers {
    /// One for each fourth partition, so for each tag, begins to write.
    pub fn begin(store: &Arc<dyn Store>, name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..64_u8)
            .map(|tag| {
                Arc::new(Writer {
                    partition: Partition(tag * 4),
                    name: format!("{name}/{tag}"),
                    acknowledged: AtomicU64::new(0),
                    answered: Mutex::new(Instant::now()),
                    longest: Mutex::new(Duration::ZERO),
                })
            })
            .collect();
        let running = writers
            .iter()
            .map(|writer| {
                let (writer, store, stop) = (Arc::clone(writer), Arc::clone(store), Arc::clone(&stop));
                tokio::spawn(async move { writer.write(&*store, &stop).await })
            })
            .collect();
        Self { store: Arc::clone(store), writers, stop, running }
    }

    /// What each has been told so far.
    pub fn acknowledged(&self) -> Vec<u64> {
        self.writers.iter().map(|writer| writer.acknowledged.load(Ordering::SeqCst)).collect()
    }

    /// Waits until each has been told more than that.
    pub async fn all_beyond(&self, before: &[u64], within: Duration) {
        let until = Instant::now() + within;
        while self.acknowledged().iter().zip(before).any(|(now, before)| now <= before) {
            assert!(Instant::now() < until, "somebody is not served: {:?}", self.acknowledged());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// They stop. Answers the longest that anybody waited, and of each writer the number that was
    /// last acknowledged, and the one that stands in the store.
    pub async fn end(self) -> (Duration, Vec<(u64, u64)>) {
        self.stop.store(true, Ordering::SeqCst);
        for writer in self.running {
            writer.await.expect("no writer falls");
        }
        let mut numbers = Vec::new();
        for writer in &self.writers {
            let stands = answered(async || writer.read(&*self.store).await).await.map_or(0, |(_, number)| number);
            numbers.push((writer.acknowledged.load(Ordering::SeqCst), stands));
        }
        let longest = self.writers.iter().map(|writer| *writer.longest.lock().unwrap()).max();
        (longest.expect("there are writers"), numbers)
    }
}

impl Writer {
    async fn write(&self, store: &dyn Store, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let (expect, number) = match self.read(store).await {
                Ok(Some((version, number))) => (Expect::Version(version), number),
                Ok(None) => (Expect::Absent, 0),
                Err(StoreError::Away(_)) => continue,
                Err(error) => panic!("{error}"),
            };
            let put = Put {
                name: self.name.clone(),
                bytes: Bytes::copy_from_slice(&(number + 1).to_be_bytes()),
                ..Put::default()
            };
            let batch = Batch {
                expect: vec![(self.name.clone(), expect)],
                put: vec![put],
                events: vec![Bytes::from(format!("{} {}", self.name, number + 1))],
                ..Batch::new(fresh(), self.partition)
            };
            loop {
                match store.commit(batch.clone()).await {
                    Ok(CommitOutcome::Committed) => {
                        self.told(number + 1);
                        break;
                    }
                    // Only a failover can have taken back what was read: nobody else writes here.
                    Ok(CommitOutcome::Conflict) => break,
                    Err(StoreError::Away(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn told(&self, number: u64) {
        self.acknowledged.store(number, Ordering::SeqCst);
        let mut answered = self.answered.lock().unwrap();
        let mut longest = self.longest.lock().unwrap();
        *longest = answered.elapsed().max(*longest);
        *answered = Instant::now();
    }

    async fn read(&self, store: &dyn Store) -> Result<Option<(CommitId, u64)>, StoreError> {
        let found = store.get(self.partition, std::slice::from_ref(&self.name)).await?;
        Ok(found[0].as_ref().map(|record| {
            let number = record.bytes[..].try_into().expect("eight bytes");
            (record.version, u64::from_be_bytes(number))
        }))
    }
}

/// Empties the outboxes, and finds each writer's events there in the order of their numbers and
/// none of them twice; how many they were.
pub async fn told_once(store: &dyn Store, name: &str) -> usize {
    let (mut last, mut count) = (vec![0; 64], 0);
    loop {
        let page = answered(async || store.outbox(2000).await).await.waiting;
        if page.is_empty() {
            return count;
        }
        let mut upto = BTreeMap::new();
        for event in page {
            upto.insert(event.tag, event.seq);
            let text = String::from_utf8(event.bytes.to_vec()).expect("it is a text");
            let (tag, number) = text.strip_prefix(name).and_then(|rest| rest[1..].split_once(' ')).expect("a writer's");
            let (tag, number): (usize, u64) = (tag.parse().unwrap(), number.parse().unwrap());
            assert!(number > last[tag], "{text} came after {}", last[tag]);
            last[tag] = number;
            count += 1;
        }
        for (tag, seq) in upto {
            answered(async || store.trim_outbox(tag, seq).await).await;
        }
    }
}
