//! Replicas that confirm (A123 to A126): what was answered survives the primary, what was not
//! confirmed was a 503, and what such an act left behind is told to nobody before it is confirmed.
//!
//! Real servers, with a proxy between them that holds back what the primary tells its replica.
//! Failovers under load are `failover`'s.

use std::sync::Arc;
use std::time::Duration;

use countersign::store::redis::Redis;
use countersign::store::{Batch, CommitId, CommitOutcome, Expect, Partition, Put, Store, StoreError};
use redis::cmd;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Browser, Team, World, unique};
use pair::{Pair, says, shell};
use proxy::{By, Mode, Proxy, Said};

mod events;
mod failover;
mod pair;
mod people;
mod proxy;

const P: Partition = Partition(7);

/// A commit that is to be confirmed.
fn batch(name: &str, content: &str) -> Batch {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&unique().to_be_bytes());
    let put = vec![Put { name: name.to_owned(), bytes: content.to_owned().into(), ..Put::default() }];
    Batch { put, confirm: true, ..Batch::new(CommitId(id), P) }
}

/// On a busy machine a replica may take longer than is waited for: then the same is asked again.
async fn until_confirmed(store: &Redis, batch: Batch) {
    for _ in 0..50 {
        match store.commit(batch.clone()).await {
            Ok(CommitOutcome::Committed) => return,
            Err(StoreError::Away(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("nobody confirms it");
}

#[track_caller]
fn unconfirmed<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Away(_))), "{answer:?}");
}

/// A world whose acts wait for one replica, and a team whose second wrong answer locks.
async fn confirmed(pair: &Pair) -> Team {
    let world = World::on(pair.stand(1).await);
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 2}})).await;
    team
}

/// The same team as a node sees it that waits for nobody.
async fn unguarded(pair: &Pair, team: &Team, seed: u64) -> Team {
    let world = team.world.beside(pair.stand(0).await, seed);
    Team { world, ..team.clone() }
}

/// A login that waits for its code: the chat, and the code.
async fn waiting(team: &Team, conversation: &str) -> (String, String) {
    let chat = team.open("sms", conversation).await;
    let told = team.log_in(&chat, "cust-1").await;
    let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().unwrap()).await;
    (chat, code)
}

fn other_than(code: &str) -> &'static str {
    if code == "BB22BB" { "BB22BC" } else { "BB22BB" }
}

async fn lockout(team: &Team, chat: &str) -> Value {
    team.bot("GET", chat, "", Value::Null).await.expect(200)["participants"][0]["lockout"].clone()
}

/// `WAIT` asked on another connection says yes; the store's own, on the connection that wrote, no.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a124_what_another_connection_is_told_confirms_nothing() {
    let Some(pair) = Pair::start(false).await else { return };
    let store = pair.store(1).await;
    until_confirmed(&store, batch("r", "1")).await;
    pair.between.set(Mode::Held);
    unconfirmed(store.commit(batch("ban", "x")).await);
    let mut another = TcpStream::connect(("127.0.0.1", pair.primary.port())).await.unwrap();
    another.write_all(b"WAIT 1 300\r\n").await.unwrap();
    let mut told = [0; 4];
    another.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b":1\r\n", "the trap: it speaks of a connection that wrote nothing");
    let mut replica = shell(pair.replica.as_ref().unwrap().port()).await;
    let keys: Vec<String> = cmd("KEYS").arg("cs:*r:ban").query_async(&mut replica).await.unwrap();
    assert!(keys.is_empty(), "the replica has nothing of it");
}

/// Clause 9: what was written stands, and a repetition is told no more than the first was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repetition_is_confirmed_like_a_first_commit() {
    let Some(pair) = Pair::start(false).await else { return };
    let (store, other) = (pair.store(1).await, pair.store(1).await);
    let ban = Batch { expect: vec![("ban".into(), Expect::Absent)], ..batch("ban", "x") };
    pair.between.set(Mode::Held);
    unconfirmed(store.commit(ban.clone()).await);
    let read = store.get(P, &["ban".into()]).await.unwrap();
    assert_eq!(read[0].as_ref().map(|record| record.version), Some(ban.id), "it stands");
    unconfirmed(store.commit(ban.clone()).await);
    unconfirmed(other.commit(ban.clone()).await); // on a connection that never wrote anything
    let seen = [("ban".to_owned(), Expect::Version(ban.id))];
    unconfirmed(other.confirm(P, &seen).await);
    pair.between.set(Mode::Open);
    assert_eq!(other.confirm(P, &seen).await.unwrap(), CommitOutcome::Committed);
    let trips = other.round_trips();
    assert_eq!(other.confirm(P, &seen).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(other.round_trips(), trips, "what was confirmed once stays so");
    assert_eq!(other.confirm(P, &[("ban".into(), Expect::Absent)]).await.unwrap(), CommitOutcome::Committed);
    let changed = [("ban".to_owned(), Expect::Version(CommitId([9; 16])))];
    assert_eq!(other.confirm(P, &changed).await.unwrap(), CommitOutcome::Conflict);

    // A server that counts only a connection's own writes needs one: the repetition makes it.
    let mut primary = shell(pair.primary.port()).await;
    let content: Vec<u8> = cmd("GET").arg("cs:{bd}:r:ban").query_async(&mut primary).await.unwrap();
    for _ in 0..3 {
        let before: u64 = says(&mut primary, "master_repl_offset").await.parse().unwrap();
        assert_eq!(store.commit(ban.clone()).await.unwrap(), CommitOutcome::Committed);
        let after: u64 = says(&mut primary, "master_repl_offset").await.parse().unwrap();
        assert!(
            after >= before + 90, // what WAIT itself asks of the replicas is less
            "{before} {after}"
        );
    }
    let unchanged: Vec<u8> = cmd("GET").arg("cs:{bd}:r:ban").query_async(&mut primary).await.unwrap();
    assert_eq!(content, unchanged);
    let left: Vec<String> = cmd("KEYS").arg("cs:*alarms").query_async(&mut primary).await.unwrap();
    assert!(left.is_empty(), "what it writes for that is taken back: {left:?}");
}

/// The commands of one connection, in order, by what its client said.
fn commands(said: &Said) -> Vec<Vec<String>> {
    let bytes: Vec<u8> = said.iter().filter(|(by, _)| *by == By::Client).flat_map(|(_, piece)| piece.clone()).collect();
    let (mut commands, mut rest) = (Vec::new(), &bytes[..]);
    let number = |rest: &mut &[u8]| -> Option<usize> {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let number = std::str::from_utf8(&rest[1..end - 1]).unwrap().parse().unwrap();
        *rest = &rest[end + 1..];
        Some(number)
    };
    while let Some(words) = number(&mut rest) {
        let mut word = || {
            let length = number(&mut rest).unwrap();
            let word = String::from_utf8_lossy(&rest[..length]).into_owned();
            rest = &rest[length + 2..];
            word
        };
        commands.push((0..words).map(|_| word()).collect());
    }
    commands
}

/// By the bytes that passed: each `WAIT` follows a commit on its connection, nothing is said on
/// that connection before both are answered, and nothing is ever wrapped in a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a125_wait_follows_its_commit_alone_on_their_connection() {
    let Some(pair) = Pair::start(true).await else { return };
    pair.between.set(Mode::Slow(Duration::from_millis(2)));
    let store = Arc::new(pair.store(1).await);
    let commits = (0..200).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { until_confirmed(&store, batch(&format!("r{}", n % 50), "x")).await })
    });
    for commit in commits.collect::<Vec<_>>() {
        commit.await.unwrap();
    }
    store.get(P, &["r1".into()]).await.unwrap();
    store.commit(Batch { confirm: false, ..batch("r1", "y") }).await.map(drop).unwrap();
    let said = pair.front.said();
    let (waiting, shared): (Vec<&Said>, Vec<&Said>) =
        said.iter().partition(|said| commands(said).iter().any(|command| command[0] == "WAIT"));
    assert!((2..=32).contains(&waiting.len()), "{} connections of their own", waiting.len());
    let mut waits = 0;
    for said in &waiting {
        let commands = commands(said);
        // How a connection introduces itself comes first.
        let first = commands.iter().position(|command| command[0] == "FCALL").unwrap();
        for pair in commands[first..].chunks(2) {
            let names: Vec<&str> = pair.iter().map(|command| command[0].as_str()).collect();
            assert_eq!(names, ["FCALL", "WAIT"]);
            assert_eq!((pair[0][1].as_str(), &pair[1][1..]), ("countersign_1_commit", &["1".into(), "500".into()][..]));
            waits += 1;
        }
        alternates(&said[first_commit(said)..]);
    }
    assert!(waits >= 200, "{waits}");
    let all = waiting.iter().chain(&shared).flat_map(|said| commands(said));
    assert!(all.into_iter().all(|command| !["MULTI", "EXEC", "EVAL"].contains(&command[0].as_str())));
    assert!(shared.iter().any(|said| commands(said).iter().any(|command| command[0] == "GET")));
}

fn first_commit(said: &Said) -> usize {
    let commits = |piece: &[u8]| String::from_utf8_lossy(piece).contains("countersign_1_commit");
    said.iter().position(|(by, piece)| *by == By::Client && commits(piece)).unwrap()
}

/// Two questions, two answers, and only then the next two.
fn alternates(said: &[(By, Vec<u8>)]) {
    let mut due = 0;
    for (by, piece) in said {
        match by {
            By::Client => {
                assert_eq!(due, 0, "said before the answers came");
                due = 2;
            }
            By::Server => due -= piece.iter().filter(|byte| **byte == b'\n').count(),
        }
    }
    assert_eq!(due, 0);
}

/// A123: with the replica held back, no wrong code is answered; the primary dies, the replica takes
/// its place, and everything that was answered is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_what_was_answered_survives_the_primary_and_the_rest_was_a_503() {
    let Some(mut pair) = Pair::start(false).await else { return };
    let team = confirmed(&pair).await;
    let (locked, code) = waiting(&team, "+37255512345").await;
    assert_eq!(team.says(&locked, "w1", other_than(&code)).await.expect(200)["outcome"], "wrong");
    assert_eq!(team.says(&locked, "w2", other_than(&code)).await.expect(200)["outcome"], "locked");
    let (chat, code) = waiting(&team, "+37255599999").await;
    assert_eq!(team.says(&chat, "w1", other_than(&code)).await.expect(200)["outcome"], "wrong");
    pair.between.set(Mode::Held);
    team.says(&chat, "w2", other_than(&code)).await.refused(503, "unavailable");
    // What it counted stands on the primary, and is told to nobody, however it is asked.
    team.says(&chat, "w2", other_than(&code)).await.refused(503, "unavailable");
    team.bot("GET", &chat, "", Value::Null).await.refused(503, "unavailable");
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(503, "unavailable");
    pair.fail_over().await;
    pair.attach().await;
    assert_eq!(lockout(&team, &locked).await["status"], "locked");
    assert_eq!(lockout(&team, &chat).await["failures"], 1, "the one that was answered, and no other");
    assert_eq!(team.says(&chat, "w2", other_than(&code)).await.expect(200)["outcome"], "locked");
}

/// A code that was answered 503 was counted once, however often its message comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a131_a_message_that_was_answered_503_counts_once() {
    let Some(pair) = Pair::start(false).await else { return };
    let team = confirmed(&pair).await;
    team.set(json!({"lockout": {"threshold": 3}})).await;
    let (chat, code) = waiting(&team, "+37255512345").await;
    // Talk changes nothing that has to stand: it goes on while nobody confirms, and so do reads.
    pair.between.set(Mode::Held);
    assert_eq!(team.says(&chat, "talk", "hello there").await.expect(200)["consumed"], false);
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    for _ in 0..2 {
        team.says(&chat, "w1", other_than(&code)).await.refused(503, "unavailable");
    }
    pair.between.set(Mode::Open);
    assert_eq!(team.says(&chat, "w1", other_than(&code)).await.expect(200)["outcome"], "wrong");
    assert_eq!(lockout(&team, &chat).await["failures"], 1);
    // The right one: raised while nobody confirms, and true for nobody until somebody does.
    pair.between.set(Mode::Held);
    team.says(&chat, "right", &code).await.refused(503, "unavailable");
    team.bot("GET", &chat, "/authentication", Value::Null).await.refused(503, "unavailable");
    pair.between.set(Mode::Open);
    assert_eq!(team.says(&chat, "right", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["authenticated"], true);
    // Signing out twice while nobody confirms is no sign-out either.
    pair.between.set(Mode::Held);
    for _ in 0..2 {
        team.bot("POST", &chat, "/sign-out", json!({})).await.refused(503, "unavailable");
    }
    pair.between.set(Mode::Open);
    team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// A126: the old primary lives on, cut off, with clients of its own. Nobody is told there whether
/// a guess was right, so both sides together tell no more than the threshold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a126_a_primary_that_was_cut_off_tells_of_no_guess() {
    let Some(mut pair) = Pair::start(false).await else { return };
    let team = confirmed(&pair).await;
    let (chat, code) = waiting(&team, "+37255512345").await;
    let (other, right) = waiting(&team, "+37255599999").await;
    // Its clients keep their way to it; the new primary's get another.
    let new_front = Proxy::to(pair.primary.port(), false).await;
    let old_front = std::mem::replace(&mut pair.front, new_front);
    pair.between.set(Mode::Cut);
    let _old = pair.promote().await;
    pair.attach().await;
    let world = team.world.beside(pair.stand(1).await, 9);
    let (here, there) = (Team { world, ..team.clone() }, team);
    let mut told = 0;
    for n in 0..4 {
        let guess = there.says(&chat, &format!("there-{n}"), other_than(&code)).await;
        guess.refused(503, "unavailable");
        let heard = here.says(&chat, &format!("here-{n}"), other_than(&code)).await.expect(200);
        told += usize::from(heard["consumed"] == true);
    }
    assert_eq!(told, 2, "as many as the threshold lets through");
    assert_eq!(lockout(&here, &chat).await["status"], "locked");
    there.says(&other, "right", &right).await.refused(503, "unavailable");
    for rest in ["", "/authentication"] {
        there.bot("GET", &other, rest, Value::Null).await.refused(503, "unavailable");
    }
    assert_eq!(here.flag(&other).await["authenticated"], false);
    drop(old_front);
}

/// A node starts without replicas, reads, and takes nothing that has to be confirmed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_replicas_it_starts_reads_and_confirms_nothing() {
    let Some(mut pair) = Pair::start(false).await else { return };
    let team = confirmed(&pair).await;
    let chat = team.open("sms", "+37255512345").await;
    let read = team.open("sms", "+37255599999").await;
    let _gone = pair.replica.take();
    pair.between.set(Mode::Cut);
    let late = team.world.beside(pair.stand(1).await, 9);
    let late = Team { world: late, ..team.clone() };
    late.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(503, "unavailable");
    assert_eq!(team.flag(&read).await["authenticated"], false, "what was confirmed is read on");
    late.world.gateway.engine.ready().await.expect("it is there");
    let free = unguarded(&pair, &team, 11).await;
    free.link(&chat).await;
}
