//! What was done after a backup to who has an account, users of the consoles and customers: the trail does
//! it again, or says that it cannot.

use reqwest::Method;
use serde_json::{Value, json};

use super::{backup, lose, restore, trails};
use crate::crash::people::{Answer, Outsiders};
use crate::crash::process::Site;

async fn asked(team: &Outsiders, method: Method, path: &str, body: Value) -> Answer {
    team.call(method, &format!("/v1/teams/acme/{path}"), body).await.unwrap()
}

/// A120: who was removed, disabled, locked or erased since is so again; whose password changed is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_what_was_done_to_accounts_outlives_a_restore() {
    let site = Site::embedded();
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    for name in ["removed", "disabled", "stays"] {
        asked(&team, Method::PUT, &format!("users/{name}"), json!({"role": "admin"})).await.expect(201);
    }
    for id in ["off", "erased", "on"] {
        let body = json!({"username": id, "password": "a lamp of green 7"});
        asked(&team, Method::PUT, &format!("customers/{id}"), body).await.expect(201);
    }
    let file = site.store().with_extension("backup");
    tokio::task::block_in_place(|| backup(&site, &file));

    assert_eq!(asked(&team, Method::DELETE, "users/removed", Value::Null).await.status, 204);
    let lesser = json!({"role": "agent", "disabled": true});
    asked(&team, Method::PUT, "users/disabled", lesser).await.expect(200);
    asked(&team, Method::PUT, "users/late", json!({"role": "agent"})).await.expect(201);
    asked(&team, Method::POST, "customers/off/disable", json!({})).await.expect(200);
    asked(&team, Method::POST, "customers/on/disable", json!({})).await.expect(200);
    asked(&team, Method::POST, "customers/on/enable", json!({})).await.expect(200);
    assert!(asked(&team, Method::DELETE, "customers/erased", Value::Null).await.status < 300);
    let other = json!({"username": "on", "password": "another lamp of red 8"});
    asked(&team, Method::PUT, "customers/on", other).await.expect(200);
    let late = json!({"username": "late", "password": "a lamp of green 7"});
    asked(&team, Method::PUT, "customers/late", late).await.expect(201);
    asked(&team, Method::POST, "customers/late/disable", json!({})).await.expect(200);
    let audits = trails(&site, &[("acme", &team)]).await;
    life.kill();
    lose(&site);

    let told = restore(&site, &file, &audits);
    for said in [
        "user.removed: 1",
        "user.changed: 1",
        "customer.disabled: 2",
        "customer.enabled: 1",
        "customer.erased: 1",
        "a user made at",
        "a password of customer",
        "is of nobody who is known here",
    ] {
        assert!(told.contains(said), "`{said}` is missing in: {told}");
    }
    let _life = site.serve();
    let team = team.again();
    assert_eq!(asked(&team, Method::GET, "users/removed", Value::Null).await.status, 404);
    let disabled = asked(&team, Method::GET, "users/disabled", Value::Null).await.expect(200);
    assert_eq!((&disabled["role"], &disabled["disabled"]), (&json!("agent"), &json!(true)));
    let stays = asked(&team, Method::GET, "users/stays", Value::Null).await.expect(200);
    assert_eq!((&stays["role"], &stays["disabled"]), (&json!("admin"), &json!(false)));
    assert_eq!(asked(&team, Method::GET, "customers/erased", Value::Null).await.status, 404);
    for (id, disabled) in [("off", true), ("on", false)] {
        let account = asked(&team, Method::GET, &format!("customers/{id}"), Value::Null).await.expect(200);
        assert_eq!(account["login"]["disabled"], disabled, "{id}: {account}");
    }
}
