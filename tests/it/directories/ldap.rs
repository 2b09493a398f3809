//! LDAP, on slapd: found by what is private, by name and by id; passwords by a bind; over TLS with the
//! company's own authority; and whatever people type, a value and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::directory::{Directory, DirectoryConnection, DirectoryTrouble, Verified};
use countersign::domain::customer::matching::As;
use countersign::domain::customer::matching::FieldCondition;
use countersign::domain::customer::matching::MatchedCustomer;
use countersign::domain::customer::matching::judge;
use countersign::domain::secret::Secret;
use countersign_channels::egress::EgressPolicy;
use serde_json::{Value, json};

use super::servers::Slapd;
use super::{Desk, NAUGHTY};
use crate::world::World;

/// A directory as an admin's writing makes it, or what is wrong with that.
pub fn opened(written: &Value) -> Result<Arc<dyn Directory>, Vec<String>> {
    let kinds = countersign::app::directories(&EgressPolicy::new(|ip| ip.is_loopback()));
    let secrets: BTreeMap<String, Secret> = written["secrets"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, text)| (name.clone(), Secret::new(text.as_str().unwrap().into())))
        .collect();
    let kind = kinds.find(written["kind"].as_str().unwrap()).expect("it is built in");
    let connection = DirectoryConnection { settings: written["connection"].as_object().unwrap(), secrets: &secrets };
    kind.open(connection).map_err(|faults| faults.into_iter().map(|fault| fault.pointer).collect())
}

pub fn wanted(field: &str, how: As, given: &str) -> FieldCondition {
    let value = how.spelled(given).unwrap_or_default();
    FieldCondition { field: field.into(), how, value, given: given.into() }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn is_right(verified: Verified, id: &str) -> bool {
    matches!(verified, Verified::Right(record) if record.id.as_str() == id)
}

/// G-09: the directory holds the customers; found, they are whole.
#[tokio::test]
async fn customers_are_found_in_every_way() {
    let Some(slapd) = Slapd::shared() else { return };
    let directory = opened(&slapd.over_tls()).unwrap();
    let number = [wanted("customer_number", As::Digits, "40 012")];
    let MatchedCustomer::One(record) = judge(&number, directory.find(&number).await.unwrap()) else {
        panic!("nobody is found")
    };
    assert_eq!((record.id.as_str(), record.name.as_deref()), ("demo", Some("Demo Customer")));
    assert_eq!(
        (&record.emails[..], &record.phones[..]),
        (&["demo@bank.example".into()][..], &["+37255512345".into()][..])
    );
    assert_eq!(record.facts["branch"], "Tartu");
    let both = [wanted("surname", As::CaseFolded, "CUSTOMER"), wanted("phone", As::E164, "00372 555 12346")];
    let MatchedCustomer::One(record) = judge(&both, directory.find(&both).await.unwrap()) else {
        panic!("nobody is found")
    };
    assert_eq!(record.id.as_str(), "second");
    let twins = [wanted("customer_number", As::Digits, "50000")];
    assert_eq!(judge(&twins, directory.find(&twins).await.unwrap()), MatchedCustomer::Several);
    for name in ["demo", "DEMO", " demo@bank.example"] {
        assert_eq!(directory.by_login_name(name).await.unwrap().unwrap().id.as_str(), "demo", "{name}");
    }
    assert!(directory.by_login_name("twin@bank.example").await.unwrap().is_none(), "two have that address");
    assert!(directory.by_id(&"demo".parse().unwrap()).await.unwrap().is_some());
    assert!(directory.by_id(&"Demo".parse().unwrap()).await.unwrap().is_none(), "an id has one spelling");
    let missing = [wanted("iban", As::Exact, "x")];
    assert_eq!(directory.find(&missing).await.unwrap_err().trouble, DirectoryTrouble::Misconfigured);
}

/// A password is right when its owner's entry binds with it: an empty one never does.
#[tokio::test]
async fn a_password_is_its_owners() {
    let Some(slapd) = Slapd::shared() else { return };
    let searched = opened(&slapd.over_tls()).unwrap();
    let mut written = slapd.over_tls();
    written["connection"]["user_dn"] = json!("uid={login},ou=customers,dc=bank,dc=example");
    let direct = opened(&written).unwrap();
    for directory in [searched, direct] {
        assert!(is_right(directory.verify("demo", &secret("demo-password-1")).await.unwrap(), "demo"));
        for (name, password) in [
            ("demo", ""),
            ("demo", "demo-password-2"),
            ("demo", "second-password-1"),
            ("nobody", "demo-password-1"),
            ("", "x"),
            ("demo", "\0"),
            ("twin-a", ""),
            ("", ""),
            ("demo,ou=customers", "demo-password-1"),
            ("*", "demo-password-1"),
        ] {
            assert_eq!(directory.verify(name, &secret(password)).await.unwrap(), Verified::Wrong, "{name} {password}");
        }
    }
}

/// Whatever is typed as a name, a password or private data: nobody is found by it, no other directory's
/// words are spoken, and the directory goes on answering.
#[tokio::test]
async fn what_people_type_is_a_value_in_ldap_and_nothing_else() {
    let Some(slapd) = Slapd::shared() else { return };
    let mut written = slapd.over_tls();
    let searched = opened(&written).unwrap();
    written["connection"]["user_dn"] = json!("uid={login},ou=customers,dc=bank,dc=example");
    let direct = opened(&written).unwrap();
    for typed in NAUGHTY {
        let named = searched.by_login_name(typed).await.unwrap();
        // Spaces around a name are nobody's meaning; what else is typed is another name.
        assert!(named.is_none_or(|record| typed.trim() == "demo" && record.id.as_str() == "demo"), "{typed:?}");
        let number = [wanted("customer_number", As::Exact, typed)];
        let found = judge(&number, searched.find(&number).await.unwrap());
        assert_eq!(found, MatchedCustomer::Nobody, "{typed:?}");
        for directory in [&searched, &direct] {
            assert_eq!(directory.verify("demo", &secret(typed)).await.unwrap(), Verified::Wrong, "{typed:?}");
            let verified = directory.verify(typed, &secret("demo-password-1")).await.unwrap();
            assert!(verified == Verified::Wrong || typed.trim() == "demo", "{typed:?}");
        }
    }
    assert!(searched.by_login_name("demo").await.unwrap().is_some());
}

/// TLS from the first byte or by StartTLS, with the company's own authority and the server's own name; in
/// the clear only where the operator lets it.
#[tokio::test]
async fn tls_is_spoken_to_whom_the_authority_vouches_for() {
    let Some(slapd) = Slapd::shared() else { return };
    let ask = async |written: &Value| match opened(written) {
        Ok(directory) => directory.by_login_name("demo").await.map(|found| found.is_some()).map_err(|f| f.trouble),
        Err(_) => Err(DirectoryTrouble::Misconfigured),
    };
    let starttls = slapd.written(&format!("ldap://localhost:{}", slapd.port), &slapd.authority);
    assert_eq!(ask(&starttls).await, Ok(true));
    let mut clear = slapd.written(&format!("ldap://127.0.0.1:{}", slapd.port), &slapd.authority);
    clear["connection"]["starttls"] = json!(false);
    assert_eq!(ask(&clear).await, Ok(true), "the operator allows loopback");
    let mut systems = slapd.over_tls();
    systems["connection"].as_object_mut().unwrap().remove("ca");
    assert_eq!(ask(&systems).await, Err(DirectoryTrouble::Refused), "nobody vouches for it");
    let other = Slapd::start().expect("one is there already");
    assert_eq!(
        ask(&slapd.written(&format!("ldaps://localhost:{}", slapd.secure), &other.authority)).await,
        Err(DirectoryTrouble::Refused)
    );
    let stripped = slapd.written(&format!("ldaps://localhost:{}", slapd.port), &slapd.authority);
    assert!(ask(&stripped).await.is_err(), "no TLS is no answer");
    let mut wrong = slapd.over_tls();
    wrong["secrets"]["bind_password"] = json!("another");
    assert_eq!(ask(&wrong).await, Err(DirectoryTrouble::Refused));
    let mut elsewhere = slapd.over_tls();
    elsewhere["connection"]["base"] = json!("ou=nowhere,dc=bank,dc=example");
    assert_eq!(ask(&elsewhere).await, Err(DirectoryTrouble::Misconfigured));
}

/// What an admin writes is judged when she writes it; secrets are kept, sealed, and never told.
#[tokio::test]
async fn what_an_admin_writes_is_judged_and_its_secrets_stay() {
    let Some(slapd) = Slapd::shared() else { return };
    let good = slapd.over_tls();
    for (place, wrong, pointer) in [
        ("url", json!("http://localhost"), "/connection/url"),
        ("url", json!("ldaps://10.1.2.3"), "/connection/url"),
        ("url", json!("ldaps://user@localhost"), "/connection/url"),
        ("filter", json!("(objectClass="), "/connection/filter"),
        ("login", json!([]), "/connection/login"),
        ("login", json!(["a)(b"]), "/connection/login"),
        ("user_dn", json!("uid=demo"), "/connection/user_dn"),
        ("timeout_ms", json!(0), "/connection/timeout_ms"),
        ("ca", json!("none"), "/connection/ca"),
        ("bind_dn", json!(null), "/secrets/bind_password"),
        ("colour", json!("red"), "/connection"),
    ] {
        let mut written = good.clone();
        written["connection"][place] = wrong;
        let pointers = opened(&written).err().expect("it is wrong");
        assert!(pointers[0].starts_with(pointer), "{place}: {pointers:?}");
    }
    let desk = Desk::on(World::new().await, "ldap", json!(["customer_number"])).await;
    let told = desk.admin("PUT", "/directory", good.clone()).await.expect(201);
    assert_eq!((&told["kind"], &told["secrets"]), (&json!("ldap"), &json!(["bind_password"])));
    let mut again = good.clone();
    again.as_object_mut().unwrap().retain(|name, _| name == "connection"); // the kind as the settings say it
    desk.admin("PUT", "/directory", again).await.expect(200);
    assert_eq!(desk.test(json!({"id": "demo"})).await["found"], "one", "the password stayed");
    let read = desk.admin("GET", "/directory", Value::Null).await.expect(200);
    assert!(!read.to_string().contains("a reader's password"), "{read}");
    desk.world.call(&desk.team.agent, "GET", "/v1/teams/acme/directory", Value::Null).await.refused(403, "forbidden");
    let mut foreign = good.clone();
    foreign["kind"] = json!("builtin");
    let refused = desk.admin("PUT", "/directory", foreign).await.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/kind");
    desk.admin("DELETE", "/directory", Value::Null).await.expect(204);
    desk.admin("GET", "/directory", Value::Null).await.refused(404, "not-found");
    assert_eq!(desk.test(json!({"id": "demo"})).await["status"], "down");
}

/// G-02, G-03, G-09: a login that brings a customer's number is hers, by the company's own LDAP. While that
/// is down nobody is let in, nothing is spent, and who listens is told once of each.
#[tokio::test]
async fn a_login_is_held_against_ldap_and_waits_while_it_is_down() {
    let Some(slapd) = Slapd::start() else { return };
    let desk = Desk::on(World::new().await, "ldap", json!([{"field": "customer_number", "as": "digits"}])).await;
    desk.connect(&slapd.over_tls()).await;
    let (posted, chat) = desk.log_in("+37255500001", json!({"customer_number": "40012"})).await;
    assert_eq!(posted.expect(200)["status"], "authenticated");
    let shown = desk.shown(&chat, "").await.expect(200);
    assert_eq!(
        (&shown["id"], &shown["name"], &shown["facts"]["branch"]),
        (&json!("demo"), &json!("Demo Customer"), &json!("Tartu"))
    );
    desk.log_in("+37255500002", json!({"customer_number": "40019"})).await.0.refused(422, "no-matching-record");
    desk.log_in("+37255500003", json!({"customer_number": "50000"})).await.0.refused(422, "no-matching-record");
    slapd.stop();
    let chat = desk.team.open("whatsapp", "+37255500004").await;
    let link = desk.team.link(&chat).await;
    let visit = crate::world::Browser::new(&desk.world).continues(link["url"].as_str().unwrap()).await;
    let mut claims = desk.team.claims(&visit, "login-7");
    claims["private_data"] = json!({"customer_number": "40013"});
    let assertion = desk.team.sign(&claims);
    for _ in 0..2 {
        desk.team.post_back(&visit, &assertion).await.refused(503, "directory-down");
    }
    assert_eq!(desk.team.flag(&chat).await["authenticated"], false);
    assert_eq!(desk.told("directory.").await, ["directory.ambiguous", "directory.down"]);
    let state = desk.admin("GET", "/directory", Value::Null).await.expect(200);
    assert!(state["down_since"].is_string(), "{state}");
    slapd.again();
    // Its authority is another now, as its certificate is.
    let new = std::fs::read_to_string(slapd.authority_file()).unwrap();
    desk.connect(&slapd.written(&format!("ldaps://localhost:{}", slapd.secure), &new)).await;
    assert_eq!(desk.team.post_back(&visit, &assertion).await.expect(200)["status"], "authenticated");
    assert_eq!(desk.told("directory.").await, ["directory.ambiguous", "directory.down", "directory.up"]);
}
