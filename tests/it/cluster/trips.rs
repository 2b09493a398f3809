//! How often the servers are asked, by the store's count and by their own: what an operation costs
//! on a network is how often it goes there.

use countersign::store::{Expect, Order, Partition, Store};

use super::puts;
use crate::stores;

#[tokio::test]
async fn a_commit_and_a_flag_are_one_round_trip_each_in_a_cluster_too() {
    let Some(cluster) = super::harmed().await else { return };
    let store = stores::connected(cluster.place()).await;
    // Partition, and the tag's slots lie with the first, the second and the third primary.
    for partition in [3, 120, 252] {
        let counted = async || (cluster.calls("fcall").await, cluster.calls("get").await, cluster.calls("mget").await);
        let (fcall, get, mget) = counted().await;
        let trips = store.round_trips();
        let first = puts(partition, "r", "1");
        let second = puts(partition, "r", "2");
        let second = countersign::store::Batch { expect: vec![("r".to_owned(), Expect::Version(first.id))], ..second };
        for batch in [first, second] {
            assert_eq!(store.commit(batch).await.unwrap(), countersign::store::CommitOutcome::Committed);
        }
        assert_eq!(store.round_trips() - trips, 2);
        let found = store.get(Partition(partition), &["r".to_owned()]).await.expect("it reads");
        assert_eq!(found[0].as_ref().expect("it was put").bytes, "2");
        assert_eq!(store.round_trips() - trips, 3);
        let names = ["r".to_owned(), "none".to_owned()];
        store.get(Partition(partition), &names).await.expect("it reads");
        assert_eq!(store.round_trips() - trips, 4);
        store.list(Partition(partition), "none", Order::Rising, None, 9).await.expect("it lists");
        assert_eq!(store.round_trips() - trips, 5);
        let (fcalls, gets, mgets) = counted().await;
        // A function's own GET of the mark counts there, too: two commits', and a page's.
        assert_eq!((fcalls - fcall, gets - get, mgets - mget), (2, 1 + 3, 1));
    }
    let trips = store.round_trips();
    store.due(0, 99, 1).await.expect("it claims");
    store.outbox(99).await.expect("it reads");
    store.ping().await.expect("they would take commits");
    assert_eq!(store.round_trips() - trips, 9, "each primary once each");
}
