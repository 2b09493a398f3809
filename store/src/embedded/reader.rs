//! The one thread that reads a store on a disk, in short snapshots that hold no log back.
//! What is asked comes as closures: it knows no question, and never writes.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{failure::Failure, shared::SharedState, writer::AcknowledgementReceiver};
use crate::StoreError;

/// How many questions one snapshot may answer.
const SNAPSHOT: usize = 64;

/// A question that waits for a snapshot; without one it tells its caller why.
pub(super) type SnapshotQuery = Box<dyn FnOnce(Result<&Connection, Failure>) -> Result<(), Failure> + Send>;

pub(super) fn question<T: Send + 'static, E: Into<Failure>>(
    ask: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
) -> (SnapshotQuery, AcknowledgementReceiver<T>) {
    let (tell, waits) = oneshot::channel();
    let question: SnapshotQuery = Box::new(move |snapshot| {
        let found = snapshot.and_then(|connection| ask(connection).map_err(Into::into));
        let failed = found.as_ref().err().cloned();
        // A caller that has gone away does not need its answer.
        let _ = tell.send(found.map_err(StoreError::from));
        failed.map_or(Ok(()), Err)
    });
    (question, waits)
}

/// Works until every sender is gone.
pub(super) fn run(connection: &Connection, shared: &Arc<SharedState>, mut waiting: mpsc::Receiver<SnapshotQuery>) {
    let mut asked = Vec::with_capacity(SNAPSHOT);
    while waiting.blocking_recv_many(&mut asked, SNAPSHOT) > 0 {
        let begun = match shared.death() {
            Some(why) => Err(Failure::Damaged(why)),
            None => connection.execute_batch("BEGIN").map_err(Failure::from),
        };
        for question in asked.drain(..) {
            let snapshot = begun.as_ref().map(|()| connection).map_err(Clone::clone);
            if let Err(failure) = question(snapshot) {
                shared.failed(&failure);
            }
        }
        if begun.is_ok()
            && let Err(error) = connection.execute_batch("COMMIT")
        {
            shared.failed(&error.into());
        }
    }
}
