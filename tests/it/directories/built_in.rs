//! The built-in directory through its API: records are written, read, listed, found and erased, and the
//! store tells nobody whose they are.

use serde_json::{Value, json};

use super::Desk;
use crate::simulation::truth::Truth;
use crate::stores::modelled;
use crate::world::{OWNER, World, worlds};

async fn desk() -> Desk {
    Desk::on(World::new().await, "builtin", json!([])).await
}

fn demo() -> Value {
    json!({"name": "Demo Customer", "username": "Demo", "emails": ["Demo@bank.example"], "phones": ["+37255512345"],
        "facts": {"branch": "Tartu"}, "private_data": {"account": "12-345", "born": "2001-12-31"}})
}

/// K-29 and contract §9: a record is as it was written last, whole; what is absent is empty.
#[tokio::test]
async fn a_record_is_written_read_and_written_anew() {
    for world in worlds().await {
        let desk = Desk::on(world, "builtin", json!([])).await;
        let made = desk.admin("PUT", "/customers/cust-42", demo()).await.expect(201);
        assert_eq!((&made["id"], &made["name"]), (&json!("cust-42"), &json!("Demo Customer")));
        assert_eq!(desk.admin("GET", "/customers/cust-42", Value::Null).await.expect(200), made);
        let again = desk.admin("PUT", "/customers/cust-42", json!({"name": "Other Name"})).await.expect(200);
        assert_eq!(
            (&again["username"], &again["emails"], &again["private_data"]),
            (&json!(null), &json!([]), &json!({}))
        );
        assert_eq!(again["created_at"], made["created_at"]);
        desk.admin("GET", "/customers/cust-43", Value::Null).await.refused(404, "not-found");
        let told: Vec<Value> =
            desk.team.events().await.into_iter().filter(|e| e["type"] == "customer.changed").collect();
        assert_eq!(told.iter().map(|e| &e["data"]["created"]).collect::<Vec<_>>(), [&json!(true), &json!(false)]);
        assert!(!format!("{told:?}").contains("cust-42"), "events name people by pseudonym");
    }
}

#[tokio::test]
async fn what_cannot_be_a_record_is_pointed_at() {
    let desk = desk().await;
    for (body, pointer) in [
        (json!({"emails": ["nobody"]}), "/emails/0"),
        (json!({"phones": ["55512345"]}), "/phones/0"),
        (json!({"name": "two\nlines"}), "/name"),
        (json!({"facts": {"a b": "x"}}), "/facts/a b"),
        (json!({"private_data": {"iban": ""}}), "/private_data/iban"),
        (json!({"private_data": {"iban": 7}}), "/private_data/iban"),
        (json!({"facts": {"long": "x".repeat(1025)}}), "/facts/long"),
        (json!({"nickname": "x"}), "/nickname"),
    ] {
        let refused = desk.admin("PUT", "/customers/cust-42", body).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    desk.admin("GET", "/customers/cust-42", Value::Null).await.refused(404, "not-found");
}

/// Two customers never log in by one name, however it is written; one who gives hers up leaves it to others.
#[tokio::test]
async fn a_login_name_is_one_customers() {
    for world in worlds().await {
        let desk = Desk::on(world, "builtin", json!([])).await;
        desk.admin("PUT", "/customers/a", json!({"username": "Demo"})).await.expect(201);
        let taken = desk.admin("PUT", "/customers/b", json!({"username": "dEMO"})).await.refused(409, "username-taken");
        assert_eq!(taken["errors"][0]["pointer"], "/username");
        desk.admin("PUT", "/customers/a", json!({"username": "DEMO"})).await.expect(200);
        assert_eq!(desk.test(json!({"login_name": "demo"})).await["customer"], "a");
        desk.admin("PUT", "/customers/a", json!({})).await.expect(200);
        desk.admin("PUT", "/customers/b", json!({"username": "demo"})).await.expect(201);
        assert_eq!(desk.test(json!({"login_name": "Demo"})).await["customer"], "b");
    }
}

/// The list has the newest first, in pages, and is searched by the start of whatever one is called by.
#[tokio::test]
async fn customers_are_listed_and_looked_for() {
    let desk = desk().await;
    for n in 0..5 {
        desk.world.clock.advance(std::time::Duration::from_secs(1));
        let body = json!({"name": format!("Person Number{n}"), "username": format!("login{n}"),
            "emails": [format!("mail{n}@bank.example")], "phones": [format!("+3725550000{n}")]});
        desk.admin("PUT", &format!("/customers/cust-{n}"), body).await.expect(201);
    }
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = desk.admin("GET", "/customers?limit=2", Value::Null).await.expect(200);
    assert_eq!(ids(&first), ["cust-4", "cust-3"]);
    let row = json!({"id": "cust-4", "name": "Person Number4", "username": "login4", "address": "m•••@bank.example",
        "created_at": first["items"][0]["created_at"]});
    assert_eq!(first["items"][0], row, "who it is, and nothing that a look at her record would leave a trace of");
    let next = format!("/customers?limit=10&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = desk.admin("GET", &next, Value::Null).await.expect(200);
    assert_eq!(
        (ids(&rest), &rest["next_cursor"]),
        (vec!["cust-2".into(), "cust-1".into(), "cust-0".into()], &Value::Null)
    );
    for (q, found) in [
        ("cust-3", vec!["cust-3"]),
        ("NUMBER1", vec!["cust-1"]),
        ("login2", vec!["cust-2"]),
        ("mail4@", vec!["cust-4"]),
        ("%2B37255500000", vec!["cust-0"]),
        ("person%20number3", vec!["cust-3"]),
        ("umber", vec![]),
    ] {
        let page = desk.admin("GET", &format!("/customers?q={q}"), Value::Null).await.expect(200);
        assert_eq!(ids(&page), found, "{q}");
    }
    desk.admin("GET", "/customers?q=", Value::Null).await.refused(422, "invalid");
}

/// Erasure takes the record and everything that she was found by, and a team that goes takes its customers.
#[tokio::test]
async fn erased_is_gone_and_found_by_nothing() {
    let truth = std::sync::Arc::new(Truth::new(true));
    let desk = Desk::on(World::on(modelled(truth.clone())), "builtin", json!(["account"])).await;
    let kept = || truth.look().records.keys().filter(|key| key.name.starts_with("customer/acme/")).count();
    desk.admin("PUT", "/customers/cust-42", demo()).await.expect(201);
    assert_eq!(desk.test(json!({"private_data": {"account": "12-345"}})).await["found"], "one");
    assert_eq!(kept(), 2, "her record and her login name");
    let gone = desk.admin("DELETE", "/customers/cust-42", Value::Null).await.expect(200);
    assert_eq!(gone["interactions_erased"], 0);
    assert_eq!(desk.test(json!({"private_data": {"account": "12-345"}})).await["found"], "none");
    assert_eq!(desk.test(json!({"login_name": "demo"})).await["found"], "none");
    let list = desk.admin("GET", "/customers", Value::Null).await.expect(200);
    assert_eq!(list["items"], json!([]));
    desk.admin("PUT", "/customers/cust-43", demo()).await.expect(201);
    desk.world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.expect(204);
    assert_eq!(kept(), 0, "a team takes its customers with it");
    let new = Desk { world: desk.world.clone(), team: desk.world.team("acme").await };
    assert_eq!(new.test(json!({"login_name": "demo"})).await["found"], "none");
}

/// Names of records and of indexes tell nobody who is kept there, and what lies there is sealed.
#[tokio::test]
async fn a_store_tells_nobody_whose_records_it_has() {
    let truth = std::sync::Arc::new(Truth::new(true));
    let desk = Desk::on(World::on(modelled(truth.clone())), "builtin", json!(["account"])).await;
    desk.admin("PUT", "/customers/cust-42", demo()).await.expect(201);
    let look = truth.look();
    let records: Vec<_> = look.records.iter().map(|(key, kept)| (key, &kept.record.bytes)).collect();
    let everything = format!("{records:?} {:?}", look.indexes);
    for secret in ["cust-42", "Demo", "demo", "bank", "55512345", "12-345", "2001-12-31", "Tartu"] {
        assert!(!everything.contains(secret), "{secret} can be read");
    }
}
