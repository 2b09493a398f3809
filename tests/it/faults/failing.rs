//! A122: disks that fail once, find no room or take seconds, under the real binary. After a failed
//! flush nobody knows what the disk holds: the process ends, and only a new start asks the disk again.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::served::{Served, Told, all_there, opens, ready, store_in};
use super::shim::{Disk, Op};
use crate::crash::people::Outsiders;
use crate::length::{figure, rounds, size};
use crate::ports::free_port;
use crate::stores;
use crate::world::unique;

fn phone() -> String {
    format!("+372{:08}", unique())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a122_a_disk_that_failed_is_not_asked_again() {
    let folder = stores::folder();
    let Some(disk) = Disk::under(folder.path()) else { return };
    let (store, port) = (store_in(folder.path()), free_port());
    let served = Served::on(&store, port, None);
    let team = Outsiders::meet(&served.url, "shop", "none").await;
    drop(served);
    let mut acknowledged = Vec::new();
    for round in rounds("failed flushes and writes", 2, 60) {
        let mut served = Served::on(&store, port, Some(&disk));
        let team = team.again();
        // What follows is the test's writing, not the start's.
        while ready(&served.url).await != 200 {
            sleep(Duration::from_millis(20)).await;
        }
        let (what, after) = if round.is_multiple_of(2) { ("sync", 5 + round) } else { ("write", 90 + 7 * round) };
        disk.plan(&format!("{what} eio store.db-wal {after}"));
        let mut failed = false;
        for n in 0..400 {
            match opens(&team, &phone()).await {
                Told::Opened(chat) => {
                    assert!(!failed, "acknowledged after the disk had failed");
                    acknowledged.push(chat);
                }
                Told::Unavailable => failed = true,
                Told::Nothing => break,
            }
            assert!(n < 399 || failed, "the disk never failed: spent {}", disk.is_spent());
        }
        let status = served.ended(Duration::from_secs(20)).await;
        assert!(status.code().is_some_and(|code| code != 0), "{status}");
        assert!(served.said().contains("the store died: "), "{}", served.said());
        let trace = disk.trace();
        if round.is_multiple_of(2) {
            let last = trace.iter().rev().find(|(path, _)| path.ends_with("-wal")).expect("it was written");
            assert!(matches!(last.1, Op::Wrote { .. }), "the log was flushed as if nothing had happened");
        }
        let served = Served::on(&store, port, None);
        all_there(&team.again(), &acknowledged).await;
        drop(served);
    }
    let (rounds, chats) = (size(2, 60), acknowledged.len());
    figure("T17", format_args!("{rounds} EIOs: the process ended by name, all of {chats} answered conversations kept"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a122_a_slow_disk_is_waited_for_and_said_to_be_slow() {
    const SLOW: Duration = Duration::from_millis(2500);
    let folder = stores::folder();
    let Some(disk) = Disk::under(folder.path()) else { return };
    let served = Served::on(&store_in(folder.path()), free_port(), Some(&disk));
    let team = Outsiders::meet(&served.url, "shop", "none").await;
    disk.plan(&format!("sync slow store.db-wal {}", SLOW.as_millis()));
    let (began, team_too) = (Instant::now(), team.again());
    let open = tokio::spawn(async move { opens(&team_too, &phone()).await });
    sleep(Duration::from_millis(300)).await;
    assert_eq!(ready(&served.url).await, 503, "readiness says so");
    let told = open.await.expect("a bot waits");
    if let Told::Opened(chat) = told {
        assert!(began.elapsed() >= SLOW, "nothing is acknowledged before it is flushed");
        disk.plan("");
        all_there(&team, &[chat]).await;
    }
    disk.plan("");
    let well = Instant::now();
    while ready(&served.url).await != 200 {
        assert!(well.elapsed() < Duration::from_secs(30), "it is well again");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(matches!(opens(&team, &phone()).await, Told::Opened(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a121_writes_that_find_no_room_are_refused_and_the_rest_goes_on() {
    let folder = stores::folder();
    let Some(disk) = Disk::under(folder.path()) else { return };
    let served = Served::on(&store_in(folder.path()), free_port(), Some(&disk));
    let team = Outsiders::meet(&served.url, "shop", "none").await;
    let Told::Opened(chat) = opens(&team, &phone()).await else { panic!("the disk is well") };
    for file in ["store.db-wal", "commits"] {
        disk.plan(&format!("write full {file} 0"));
        assert!(matches!(opens(&team, &phone()).await, Told::Unavailable), "{file}");
        all_there(&team, std::slice::from_ref(&chat)).await;
        assert_eq!(ready(&served.url).await, 503, "{file} {}", served.said());
        disk.plan("");
        assert_eq!(ready(&served.url).await, 200, "{}", served.said());
        assert!(matches!(opens(&team, &phone()).await, Told::Opened(_)), "{file}");
    }
    let listed = team.call(Method::GET, "/v1/interactions?limit=50", json!(null)).await.expect("it lives");
    assert_eq!(listed.status, 200);
}
