//! What a login's private data do, whichever directory they are held against: one record authenticates,
//! none and several do not, and who is authenticated is shown to agents alone, and only while she is.

use serde_json::{Value, json};

use super::Desk;
use crate::world::{World, worlds};

fn person(account: &str, born: &str) -> Value {
    json!({"name": "Demo Customer", "username": null, "emails": ["demo@bank.example"], "phones": ["+37255512345"],
        "facts": {"branch": "Tartu"}, "private_data": {"account": account, "born": born}})
}

/// A desk with two customers, and two more whom nothing tells apart.
async fn bank(world: World) -> Desk {
    let fields = json!([{"field": "account", "as": "digits"}, {"field": "born", "as": "date"}]);
    let desk = Desk::on(world, "builtin", fields).await;
    for (id, account, born) in [
        ("cust-42", "12-345", "2001-12-31"),
        ("cust-43", "12-346", "2001-12-31"),
        ("twin-a", "50-000", "1990-01-01"),
        ("twin-b", "50 000", "1990-01-01"),
    ] {
        desk.admin("PUT", &format!("/customers/{id}"), person(account, born)).await.expect(201);
    }
    desk
}

/// G-02, G-03: private data that fit one record authenticate; the customer is whom the login named, and is
/// called as the directory calls her.
#[tokio::test]
async fn private_data_that_fit_one_record_authenticate() {
    for world in worlds().await {
        let desk = bank(world).await;
        let data = json!({"account": " 12345 ", "born": "31.12.2001", "more": "x"});
        let (posted, chat) = desk.log_in("+37255500001", data).await;
        assert_eq!(posted.expect(200)["status"], "authenticated");
        let flag = desk.team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["customer"]["id"]), (&json!(true), &json!("login-7")));
    }
}

/// G-03 the other way: what fits nobody raises nothing and spends nothing, and the same link takes the right data.
#[tokio::test]
async fn private_data_that_fit_nobody_raise_nothing_and_spend_nothing() {
    for world in worlds().await {
        let desk = bank(world).await;
        let chat = desk.team.open("whatsapp", "+37255500001").await;
        let link = desk.team.link(&chat).await;
        let visit = crate::world::Browser::new(&desk.world).continues(link["url"].as_str().unwrap()).await;
        let mut claims = desk.team.claims(&visit, "login-7");
        for data in [
            json!({"account": "12345", "born": "30.12.2001"}),
            json!({"account": "12347", "born": "31.12.2001"}),
            json!({"account": "12345"}),
            json!({"born": "31.12.2001"}),
            json!({"account": "12345", "born": "12/31/2001"}),
            json!({"account": "", "born": ""}),
            json!({"account": "none", "born": "none"}),
            json!(null),
        ] {
            claims["private_data"] = data.clone();
            claims["jti"] = json!(format!("{:0>22}", crate::world::unique()));
            let refused = desk.team.post_back(&visit, &desk.team.sign(&claims)).await;
            let refused = refused.refused(422, "no-matching-record");
            assert!(!refused.to_string().contains("12345"), "it echoes nothing: {data}");
            assert_eq!(desk.team.flag(&chat).await["authenticated"], false, "{data}");
        }
        claims["private_data"] = json!({"account": "12345", "born": "2001-12-31"});
        let good = desk.team.sign(&claims);
        assert_eq!(desk.team.post_back(&visit, &good).await.expect(200)["status"], "authenticated");
        // What was answered is told again, whatever the directory says by now.
        desk.admin("PUT", "/customers/cust-42", person("99-999", "2001-12-31")).await.expect(200);
        desk.team.post_back(&visit, &good).await.refused(409, "replayed");
        assert!(desk.told("directory.").await.is_empty());
    }
}

/// Data that fit several show nothing; the audit trail says that they came, and not what they were.
#[tokio::test]
async fn private_data_that_fit_several_are_refused_and_audited() {
    for world in worlds().await {
        let desk = bank(world).await;
        let data = json!({"account": "50000", "born": "1990-01-01"});
        let (posted, chat) = desk.log_in("+37255500001", data.clone()).await;
        posted.refused(422, "no-matching-record");
        assert_eq!(desk.team.flag(&chat).await["authenticated"], false);
        desk.vouched("+37255500002", data).await.refused(422, "no-matching-record");
        assert_eq!(desk.told("directory.").await, ["directory.ambiguous"; 2]);
        let trail = desk.admin("GET", "/audit", Value::Null).await.expect(200).to_string();
        assert_eq!(trail.matches("directory.ambiguous").count(), 2, "{trail}");
        assert!(!trail.contains("50000") && !trail.contains("1990"));
    }
}

/// G-04, G-05: a website's word with private data authenticates before the chat, and the agent has the
/// customer's account on screen: masked, whole where she asks so, and each time it stands in the audit trail.
#[tokio::test]
async fn an_agent_sees_the_account_of_whom_the_website_vouched_for() {
    for world in worlds().await {
        let desk = bank(world).await;
        let opened = desk.vouched("+37255500001", json!({"account": "12-345", "born": "20011231"})).await.expect(201);
        assert_eq!(opened["authentication"]["binding"], "token");
        assert_eq!(opened["authentication"]["customer"]["name"], "Demo Customer");
        let chat = opened["id"].as_str().unwrap();
        let masked = desk.shown(chat, "").await.expect(200);
        assert_eq!((&masked["id"], &masked["facts"]), (&json!("cust-42"), &json!({"branch": "Tartu"})));
        assert_eq!(masked["phones"], json!(["+372•••••345"]));
        assert!(!masked.to_string().contains("12-345") && !masked.to_string().contains("demo@bank"), "{masked}");
        let whole = desk.shown(chat, "?unmasked=true").await.expect(200);
        assert_eq!(
            (&whole["emails"], &whole["private_data"]["account"]),
            (&json!(["demo@bank.example"]), &json!(["12-345"]))
        );
        let events = desk.team.events().await;
        let viewed: Vec<&Value> = events.iter().filter(|e| e["type"] == "customer.viewed").collect();
        assert_eq!(viewed.iter().map(|e| &e["data"]["unmasked"]).collect::<Vec<_>>(), [&json!(false), &json!(true)]);
        assert!(!format!("{events:?}").contains("12-345"), "no event tells private data");
    }
}

/// Only agents, only of their own team, only while the flag stands, and only of somebody who was proved.
#[tokio::test]
async fn nobody_else_and_never_later_sees_an_account() {
    let desk = bank(World::new().await).await;
    let opened = desk.vouched("+37255500001", json!({"account": "12-345", "born": "2001-12-31"})).await.expect(201);
    let chat = opened["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/interactions/{chat}/customer");
    desk.world.call(&desk.team.bot, "GET", &path, Value::Null).await.refused(403, "forbidden");
    let other = desk.world.team("beta").await;
    desk.world.call(&other.admin, "GET", &path, Value::Null).await.refused(404, "not-found");
    desk.shown(&chat, "?participant=p9").await.refused(404, "not-found");
    desk.team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
    desk.shown(&chat, "").await.refused(409, "not-authenticated");
    // A code shows who receives it, and not whose account it is.
    desk.team.channel("sms").await;
    let coded = desk.team.open("sms", "+37255512345").await;
    let live = desk.team.otp(&coded).await;
    let code = desk.team.code(&coded, 0).await;
    assert_eq!(desk.team.outcome(&live, &code).await, "passed");
    desk.shown(&coded, "").await.refused(404, "not-found");
}

/// A login that waits for its code is matched already, and what it proved stands when the code comes back.
#[tokio::test]
async fn a_match_waits_with_its_login_for_the_code() {
    let desk = bank(World::new().await).await;
    desk.team.set(json!({"binding": "code"})).await;
    let (posted, chat) = desk.log_in("+37255500001", json!({"account": "12345", "born": "2001-12-31"})).await;
    let told = posted.expect(200);
    assert_eq!(told["status"], "accepted");
    desk.shown(&chat, "").await.refused(409, "not-authenticated");
    let code = crate::world::Browser::of(&desk.world, &told).code(told["continue_url"].as_str().unwrap()).await;
    assert_eq!(desk.team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(desk.shown(&chat, "").await.expect(200)["id"], "cust-42");
}

/// A team that begins to ask for a record takes no login that has none, also one that waits for its code.
#[tokio::test]
async fn no_login_without_a_record_counts_once_the_team_asks_for_one() {
    let desk = Desk::on(World::new().await, "builtin", json!([])).await;
    desk.team.set(json!({"binding": "code"})).await;
    let (posted, chat) = desk.log_in("+37255500001", json!({})).await;
    let told = posted.expect(200);
    desk.team.set(json!({"directory": {"match": ["account"]}})).await;
    let code = crate::world::Browser::of(&desk.world, &told).code(told["continue_url"].as_str().unwrap()).await;
    assert_ne!(desk.team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(desk.team.flag(&chat).await["authenticated"], false);
}

/// Every way of comparing, and what a team may write of them.
#[tokio::test]
async fn each_field_is_compared_as_the_team_says() {
    let desk = Desk::on(World::new().await, "builtin", json!([])).await;
    let body = json!({"username": "Demo", "emails": ["Demo@Bank.example"], "phones": ["+37255512345"],
        "private_data": {"code": "Ab 1-2", "born": "2001-12-31"}});
    desk.admin("PUT", "/customers/cust-42", body).await.expect(201);
    for (how, field, given, found) in [
        ("exact", "code", " Ab 1-2 ", "one"),
        ("exact", "code", "ab 1-2", "none"),
        ("exact", "code", "Ab 1-", "none"),
        ("case_folded", "code", "aB 1-2", "one"),
        ("digits", "code", "12", "one"),
        ("digits", "code", "121", "none"),
        ("date", "born", "31.12.2001", "one"),
        ("date", "born", "2001-12-30", "none"),
        ("e164", "phone", "00372 555 12345", "one"),
        ("e164", "phone", "55512345", "none"),
        ("case_folded", "email", "demo@bank.EXAMPLE", "one"),
        ("case_folded", "username", "DEMO", "one"),
        ("exact", "id", "cust-42", "one"),
        ("exact", "facts", "x", "none"),
    ] {
        desk.team.set(json!({"directory": {"match": [{"field": field, "as": how}]}})).await;
        let asked = json!({"private_data": {field: given}});
        assert_eq!(desk.test(asked).await["found"], found, "{how} {field} {given}");
    }
    for (wrong, item) in [
        (json!("iban"), ""),
        (json!([7]), "/0"),
        (json!([""]), "/0"),
        (json!(["a b"]), "/0"),
        (json!([{"field": "iban", "as": "sound"}]), "/0"),
        (json!([{"as": "exact"}]), "/0"),
        (json!([{"field": "iban", "like": "x"}]), "/0"),
        (json!(["iban", {"field": "iban"}]), "/1"),
        (json!((0..21).map(|n| format!("f{n}")).collect::<Vec<_>>()), ""),
    ] {
        let reply = desk.admin("PATCH", "/settings", json!({"directory": {"match": wrong}})).await;
        let place = format!("/directory/match{item}");
        assert_eq!(reply.refused(422, "invalid")["errors"][0]["pointer"], place, "{wrong}");
    }
}

/// A directory that is not there is a 503: nothing is spent, nobody is let in, and it is told.
#[tokio::test]
async fn a_directory_that_was_never_connected_lets_nobody_in() {
    let desk = bank(World::new().await).await;
    desk.team.set(json!({"directory": {"kind": "ldap"}})).await;
    let data = json!({"account": "12345", "born": "2001-12-31"});
    let (posted, chat) = desk.log_in("+37255500001", data.clone()).await;
    posted.refused(503, "directory-down");
    assert!(posted.header("retry-after").parse::<u64>().is_ok());
    desk.vouched("+37255500002", data).await.refused(503, "directory-down");
    assert_eq!(desk.team.flag(&chat).await["authenticated"], false);
    assert_eq!(desk.test(json!({})).await["reason"], "misconfigured");
}
