//! A118 as callers see it: a gateway on a damaged store answers what it answered before, or with a
//! problem of the kind 5xx. Here the seal of the records is part of the promise.

use std::sync::Arc;

use countersign::store::embedded::Embedded;
use serde_json::{Value, json};

use super::image::{Chance, Image, befall, light};
use crate::length::{figure, rounds, seed};
use crate::stores;
use crate::world::{Browser, Team, World};

async fn tell(world: &World, key: &str, paths: impl Iterator<Item = String>) -> Vec<(String, u16, Value)> {
    let mut told = Vec::new();
    for path in paths {
        let reply = world.call(key, "GET", &path, Value::Null).await;
        told.push((path, reply.status, reply.json()));
    }
    told
}

/// Conversations in every state that a store must not forget.
async fn conversations(team: &Team) -> Vec<String> {
    team.set(json!({"binding": "code", "lockout": {"threshold": 3, "duration_minutes": 90}})).await;
    let mut ids = Vec::new();
    for n in 0..14 {
        let id = team.open("web", &format!("customer-{n}")).await;
        match n % 4 {
            0 => team.authenticate(&id, &format!("c{n}")).await,
            1 => {
                let told = team.log_in(&id, &format!("c{n}")).await;
                let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
                assert_eq!(code.len(), 6);
                for wrong in 0..=n / 4 {
                    team.says(&id, &format!("m{wrong}"), "AAAAAA").await;
                }
            }
            2 => drop(team.link(&id).await),
            _ => {}
        }
        ids.push(id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_a_gateway_on_a_damaged_store_tells_the_truth_or_nothing() {
    let chance = Chance::new(seed());
    let folder = light();
    let team = World::on(stores::reopened(folder.path())).team("shop").await;
    let ids = conversations(&team).await;
    team.world.gateway.maintain().await.expect("the store is there");
    let before = Image::of(folder.path()).0["store.db"].clone();
    let image = Image::of(folder.path());
    let paths: Vec<String> = ids
        .iter()
        .flat_map(|id| [format!("/v1/interactions/{id}"), format!("/v1/interactions/{id}/authentication")])
        .chain(["/v1/interactions?limit=50".to_owned(), "/v1/teams/shop/audit?after=0&limit=200".to_owned()])
        .chain(["/v1/teams/shop".to_owned(), "/v1/teams/shop/settings".to_owned()])
        .collect();
    let copy = image.written();
    let world = World::on(stores::reopened(copy.path()));
    let right = tell(&world, &team.admin, paths.iter().cloned()).await;
    assert!(right.iter().all(|(_, status, _)| *status == 200), "{right:?}");
    drop(world);
    // A clean end moves the log's pages: then faults hit records and not the log.
    let settled = Image::of(copy.path());

    let (mut refused, mut problems, mut same) = (0, 0, 0);
    for round in rounds("faults under a gateway", 40, 1500) {
        let mut image = if chance.below(4) == 0 { image.clone() } else { settled.clone() };
        let fault = befall(&mut image, &before, &chance);
        let copy = image.written();
        let Ok(store) = Embedded::open(copy.path()) else {
            refused += 1;
            continue;
        };
        let store = Arc::new(store);
        let world = World::on(stores::standing(store.clone()));
        let (lists, records): (Vec<_>, Vec<_>) = right.iter().partition(|(path, _, _)| path.contains('?'));
        compare(&world, &team.admin, &records, (round, &fault), &mut problems, &mut same).await;
        if store.proved().await.is_ok() {
            compare(&world, &team.admin, &lists, (round, &fault), &mut problems, &mut same).await;
        }
    }
    figure(
        "T2",
        format_args!("a gateway on damaged stores: {refused} refused, {same} answers right, {problems} 5xx, 0 wrong"),
    );
}

async fn compare(
    world: &World,
    key: &str,
    right: &[&(String, u16, Value)],
    fault: (usize, &str),
    problems: &mut usize,
    same: &mut usize,
) {
    let told = tell(world, key, right.iter().map(|(path, _, _)| path.clone())).await;
    for ((path, status, body), right) in told.iter().zip(right) {
        match status {
            500..=599 => *problems += 1,
            _ => {
                assert_eq!((status, body), (&right.1, &right.2), "{path} after {fault:?}");
                *same += 1;
            }
        }
    }
}
