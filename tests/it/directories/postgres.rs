//! PostgreSQL, on a schema that is not ours: the admin's own queries with what people type as parameters,
//! read-only, for so long and no longer, over TLS.

use countersign::directory::{DirectoryTrouble, Verified};
use countersign::domain::customer::matching::As;
use countersign::domain::customer::matching::MatchedCustomer;
use countersign::domain::customer::matching::judge;
use countersign::domain::secret::Secret;
use serde_json::{Value, json};

use super::ldap::{opened, wanted};
use super::servers::Database;
use super::{Desk, NAUGHTY};
use crate::ports::free_port;
use crate::world::World;

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

/// G-09: whatever its columns are called and whatever their types are, the customer is read.
#[tokio::test]
async fn customers_are_found_by_the_companys_own_queries() {
    let Some(database) = Database::shared() else { return };
    let directory = opened(&database.written()).unwrap();
    let data = |account, born| [wanted("account", As::Digits, account), wanted("born", As::Date, born)];
    let hers = data("12 345", "31.12.2001");
    let MatchedCustomer::One(record) = judge(&hers, directory.find(&hers).await.unwrap()) else {
        panic!("nobody is found")
    };
    assert_eq!((record.id.as_str(), record.name.as_deref()), ("40012", Some("Demo Customer")));
    assert_eq!(
        (&record.emails[..], &record.phones[..]),
        (&["demo@bank.example".into()][..], &["+37255512345".into()][..])
    );
    assert_eq!((record.facts["branch"].as_str(), record.facts["vip"].as_str()), ("Tartu", "true"));
    for (account, born, found) in [
        ("12345", "2001-12-30", MatchedCustomer::Nobody),
        ("12347", "2001-12-31", MatchedCustomer::Nobody),
        ("50000", "1990-01-01", MatchedCustomer::Several),
    ] {
        let data = data(account, born);
        assert_eq!(judge(&data, directory.find(&data).await.unwrap()), found, "{account}");
    }
    assert_eq!(directory.by_login_name("DEMO").await.unwrap().unwrap().id.as_str(), "40012");
    assert!(directory.by_id(&"40013".parse().unwrap()).await.unwrap().is_some());
    for id in ["040013", "40013 ", "40013.0", "cust-42", "99999999999999999999999"] {
        assert!(directory.by_id(&id.parse().unwrap()).await.unwrap().is_none(), "{id}");
    }
    let right = directory.verify("Demo", &secret("demo-password-1")).await.unwrap();
    assert!(matches!(right, Verified::Right(record) if record.id.as_str() == "40012"));
    for (name, password) in
        [("demo", ""), ("demo", "x"), ("second", "demo-password-1"), ("nobody", "x"), ("demo", "\0")]
    {
        assert_eq!(directory.verify(name, &secret(password)).await.unwrap(), Verified::Wrong, "{name}");
    }
}

/// Whatever is typed, it is a parameter: nobody is found by it, nothing is dropped, and nothing waits.
#[tokio::test]
async fn what_people_type_is_a_parameter_and_nothing_else() {
    let Some(database) = Database::shared() else { return };
    let directory = opened(&database.written()).unwrap();
    for typed in NAUGHTY {
        let named = directory.by_login_name(typed).await.unwrap();
        assert!(named.is_none_or(|record| typed.trim() == "demo" && record.id.as_str() == "40012"), "{typed:?}");
        let data = [wanted("account", As::Exact, typed), wanted("born", As::Exact, typed)];
        assert_eq!(judge(&data, directory.find(&data).await.unwrap()), MatchedCustomer::Nobody, "{typed:?}");
        assert_eq!(directory.verify("demo", &secret(typed)).await.unwrap(), Verified::Wrong, "{typed:?}");
        if let Ok(id) = typed.parse() {
            assert!(directory.by_id(&id).await.unwrap().is_none(), "{typed:?}");
        }
    }
    assert!(directory.by_login_name("demo").await.unwrap().is_some(), "the table is there");
}

/// The admin's query reads: one that writes, sleeps, asks for what the role may not read or is none is told
/// apart, and what a sloppy one finds too much is held against the data again.
#[tokio::test]
async fn a_query_only_reads_and_not_for_ever() {
    let Some(database) = Database::shared() else { return };
    let with = |query: &str| {
        let mut written = database.written();
        written["connection"]["queries"]["by_id"] = json!(query);
        written["connection"]["timeout_ms"] = json!(500);
        written
    };
    let ask = async |query: &str| {
        let directory = opened(&with(query)).unwrap();
        directory.by_id(&"1".parse().unwrap()).await.map_err(|failure| failure.trouble)
    };
    let select = "SELECT nr FROM crm.klient WHERE nr::text = $1";
    for (query, trouble) in [
        (format!("{select} AND pg_sleep(30) IS NOT NULL OR pg_sleep(30) IS NULL"), DirectoryTrouble::Down),
        ("SELECT rolpassword AS nr FROM pg_authid WHERE rolname = $1".into(), DirectoryTrouble::Refused),
        ("SELECT nosuch FROM crm.klient WHERE nr::text = $1".into(), DirectoryTrouble::Misconfigured),
        ("DELETE FROM crm.klient WHERE nr::text = $1 RETURNING nr".into(), DirectoryTrouble::Misconfigured),
        (format!("{select}) AS a; DROP TABLE crm.klient; --"), DirectoryTrouble::Misconfigured),
        (
            "SELECT set_config('transaction_read_only', 'off', false) AS nr WHERE $1 <> ''".into(),
            DirectoryTrouble::Misconfigured,
        ),
        ("SELECT nextval('crm.none') AS nr WHERE $1 <> ''".into(), DirectoryTrouble::Misconfigured),
        ("SELECT 1 AS nr".into(), DirectoryTrouble::Misconfigured),
    ] {
        assert_eq!(ask(&query).await, Err(trouble), "{query}");
    }
    // A query that finds everybody authenticates nobody else.
    let mut sloppy = database.written();
    sloppy["connection"]["queries"]["find"]["query"] =
        json!("SELECT * FROM crm.klient WHERE $1 <> '' OR synd = $2 ORDER BY nr -- the end");
    let directory = opened(&sloppy).unwrap();
    let data = [wanted("account", As::Digits, "12346"), wanted("born", As::Date, "2001-12-31")];
    let MatchedCustomer::One(record) = judge(&data, directory.find(&data).await.unwrap()) else {
        panic!("nobody is found")
    };
    assert_eq!(record.id.as_str(), "40013");
}

#[tokio::test]
async fn tls_and_the_role_are_what_the_admin_said() {
    let Some(database) = Database::shared() else { return };
    let ask = async |change: &dyn Fn(&mut Value)| {
        let mut written = database.written();
        change(&mut written);
        let Ok(directory) = opened(&written) else { return Err(DirectoryTrouble::Misconfigured) };
        directory.by_login_name("demo").await.map(|found| found.is_some()).map_err(|failure| failure.trouble)
    };
    assert_eq!(ask(&|_| {}).await, Ok(true));
    let in_the_clear = |written: &mut Value| {
        written["connection"]["tls"] = json!(false);
        written["connection"]["host"] = json!("127.0.0.1");
    };
    assert_eq!(ask(&in_the_clear).await, Ok(true), "the operator allows loopback");
    assert_eq!(
        ask(&|w| drop(w["connection"].as_object_mut().unwrap().remove("ca"))).await,
        Err(DirectoryTrouble::Refused)
    );
    assert_eq!(ask(&|w| w["secrets"]["password"] = json!("another")).await, Err(DirectoryTrouble::Refused));
    assert_eq!(ask(&|w| w["connection"]["database"] = json!("nowhere")).await, Err(DirectoryTrouble::Misconfigured));
    assert_eq!(ask(&|w| w["connection"]["port"] = json!(free_port())).await, Err(DirectoryTrouble::Down));
    for (place, wrong, pointer) in [
        ("host", json!("10.1.2.3"), "/connection/host"),
        ("host", json!("a b"), "/connection/host"),
        ("user", json!(""), "/connection/user"),
        (
            "queries",
            json!({"find": {"query": "", "parameters": ["a"]}, "by_id": "x"}),
            "/connection/queries/find/query",
        ),
        (
            "queries",
            json!({"find": {"query": "x", "parameters": []}, "by_id": "x"}),
            "/connection/queries/find/parameters",
        ),
        ("timeout_ms", json!(60_000), "/connection/timeout_ms"),
    ] {
        let mut written = database.written();
        written["connection"][place] = wrong;
        assert_eq!(opened(&written).err().expect("it is wrong"), [pointer]);
    }
}

/// G-02, G-03: a login is held against the bank's own table; a connection that broke is made anew, and while
/// the server is away nobody is let in.
#[tokio::test]
async fn a_login_is_held_against_the_banks_own_table() {
    let Some(database) = Database::start() else { return };
    let fields = json!([{"field": "account", "as": "digits"}, {"field": "born", "as": "date"}]);
    let desk = Desk::on(World::new().await, "postgres", fields).await;
    desk.connect(&database.written()).await;
    let data = json!({"account": "12345", "born": "31.12.2001"});
    let (posted, chat) = desk.log_in("+37255500001", data.clone()).await;
    assert_eq!(posted.expect(200)["status"], "authenticated");
    assert_eq!(desk.shown(&chat, "?unmasked=true").await.expect(200)["private_data"]["born"], json!(["2001-12-31"]));
    database.stop();
    desk.vouched("+37255500002", data.clone()).await.refused(503, "directory-down");
    database.again();
    desk.vouched("+37255500002", data).await.expect(201);
    assert_eq!(desk.told("directory.").await, ["directory.down", "directory.up"]);
}
