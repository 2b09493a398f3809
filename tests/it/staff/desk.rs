//! The admin console's desk: to whom its pages open, and that they find on each store who is locked out, what
//! the trail holds and what was counted. How they look, browsers see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, CommitOutcome, IndexEntry, Partition, Put};

use super::*;
use crate::simulation::sealed::Seal;
use crate::simulation::truth::Truth;
use crate::stores::around::{Around, Before};
use crate::stores::{memory, modelled};

const PAGES: [&str; 9] = [
    "users",
    "lockouts",
    "accounts",
    "accounts/cust-42",
    "channels",
    "webhooks",
    "webhooks/crm",
    "audit?check=yes",
    "insights?days=30",
];

/// L-06: which pages open depends on the role; what is another team's is not there.
#[tokio::test]
async fn the_desks_pages_open_to_admins_of_the_team_and_to_nobody_else() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("beta").await);
    let customer = json!({"name": "Demo Customer", "username": "demo"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
    let hook = json!({"url": "https://hooks.example.com/"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/webhooks/crm", hook).await.expect(201);
    let mut admin = team.staff("demo", "admin").await;
    admin.comes_in("acme", "demo").await;
    let mut agent = team.staff("agent", "agent").await;
    agent.comes_in("acme", "agent").await;
    let mut stranger = other.staff("demo", "admin").await;
    stranger.comes_in("beta", "demo").await;
    for page in PAGES.into_iter().chain(["insights.csv?days=7"]) {
        let path = format!("/admin/teams/acme/{page}");
        let nobody = Desk::new(&world).get(&path).await;
        assert!(nobody.status == 303 && nobody.header("location").starts_with("/signin?next="), "{page}");
        for desk in [&mut agent, &mut stranger] {
            let (told, none) = (desk.get(&path).await, desk.get(&path.replace("acme", "none")).await);
            assert_eq!((told.status, told.text()), (404, none.text()), "{page}");
        }
        let opened = admin.get(&path).await;
        assert_eq!(opened.status, 200, "{page}: {}", opened.text());
        assert_eq!(opened.header("cache-control"), "no-store", "{page}");
        if !page.contains(".csv") {
            is_guarded(&opened);
            assert!(opened.text().contains("aria-current=\"page\""), "{page}");
        }
    }
    for missing in ["accounts/nobody", "webhooks/none", "webhooks/%20"] {
        assert_eq!(admin.get(&format!("/admin/teams/acme/{missing}")).await.status, 404, "{missing}");
    }
    let odd =
        ["audit?below=1", "audit?what=no&q=%3Cb%3E", "insights?days=8", "accounts?q=%00", "webhooks/crm?cursor=x"];
    for odd in odd {
        assert_eq!(admin.get(&format!("/admin/teams/acme/{odd}")).await.status, 200, "{odd}");
    }
}

/// §3.8: locks and bans of addresses, accounts and users are found on every store, and only while they hold.
#[tokio::test]
async fn whoever_is_locked_out_is_found_and_only_while_it_holds() {
    for world in worlds().await {
        let team = world.team("acme").await;
        team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 2}})).await;
        let mut admin = team.staff("demo", "admin").await;
        admin.comes_in("acme", "demo").await;
        let chat = team.open("sms", "+37255512345").await;
        let wrong = async || {
            let pin = json!({"method": "pin", "pin": "2580"});
            let path = format!("/v1/interactions/{chat}/challenges");
            let made = world.call(&team.agent, "POST", &path, pin).await.expect(202);
            let path = format!("/v1/challenges/{}/answers", made["id"].as_str().expect("an id"));
            let told = world.call(&team.bot, "POST", &path, json!({"answer": "1111"})).await.expect(200);
            world.gateway.maintain().await.expect("it is told");
            told["outcome"].clone()
        };
        assert_eq!(wrong().await, "locked");
        let customer = json!({"username": "demo", "password": "vexed lamp 7"});
        world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
        let guess = json!({"username": "demo", "password": "wrong lamp 7"});
        world.call(&team.bot, "POST", "/api/commerce/customer/authtickets", guess).await;
        team.staff("other", "agent").await;
        assert_eq!(Desk::new(&world).sign_in_as("acme", "other", "a wrong one 1").await.status, 401);
        world.gateway.maintain().await.expect("it is told");

        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        let rows =
            [format!("data-interaction=\"{chat}\""), "data-account=\"cust-42\"".into(), "data-user=\"other\"".into()];
        for row in &rows {
            assert!(page.contains(row), "{row}: {page}");
        }
        assert!(page.contains("+372•••••345") && !page.contains("+37255512345"), "masked");
        let reason = json!({"reason": "called the person back"});
        let unlocks = [
            format!("/v1/interactions/{chat}/participants/p1/unlock"),
            "/v1/teams/acme/customers/cust-42/unlock".into(),
            "/v1/teams/acme/users/other/unlock".into(),
        ];
        for path in &unlocks {
            let long = json!({"reason": "x".repeat(501)});
            world.call(&team.admin, "POST", path, long).await.refused(422, "invalid");
            world.call(&team.admin, "POST", path, reason.clone()).await.expect(200);
        }
        world.gateway.maintain().await.expect("it is told");
        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        assert!(rows.iter().all(|row| !page.contains(row)), "{page}");
        let trail = admin.get("/admin/teams/acme/audit?what=locks&q=called+the").await.text();
        for action in ["participant.unlocked", "customer.unlocked", "user.unlocked"] {
            assert!(trail.contains(&format!("data-action=\"{action}\"")), "{action}: {trail}");
        }

        assert_eq!(wrong().await, "banned");
        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        assert!(page.contains("Lift the ban"), "{page}");
        let path = format!("/v1/interactions/{chat}/participants/p1/unlock");
        world.call(&team.agent, "POST", &path, reason.clone()).await.refused(403, "forbidden");
        admin.call("POST", &path, reason).await.expect(200);
        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        assert!(!page.contains("data-locked"), "{page}");
    }
}

/// §3.8: a ban outlives its interaction, and so do the way to find it and the way to lift it: on the page, by
/// the API, by an admin alone, and once. A lock of several methods stands there once for each.
#[tokio::test]
async fn a_ban_is_found_and_lifted_when_its_conversation_is_erased() {
    for world in worlds().await {
        let team = world.team("acme").await;
        team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 1}})).await;
        let mut admin = team.staff("demo", "admin").await;
        admin.comes_in("acme", "demo").await;
        let pins = async |chat: &str| {
            let path = format!("/v1/interactions/{chat}/challenges");
            let told = world.call(&team.agent, "POST", &path, json!({"method": "pin", "pin": "2580"})).await;
            let Some(id) = told.json()["id"].as_str().map(str::to_owned) else { return told.code() };
            let answer = json!({"answer": "1111"});
            let told = world.call(&team.bot, "POST", &format!("/v1/challenges/{id}/answers"), answer).await.expect(200);
            told["outcome"].as_str().expect("an outcome").to_owned()
        };
        let chat = team.open("sms", "+37255512345").await;
        assert_eq!(pins(&chat).await, "banned");
        world.call(&team.admin, "DELETE", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(204);
        world.pass(Duration::from_secs(3 * 366 * 86_400)).await;
        world.gateway.maintenance.keep_house().await.expect("kept");

        let list = "/v1/teams/acme/lockouts";
        let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
        let row = &listed["items"][0];
        let known =
            json!([row["status"], row["method"], row["channel"], row["interaction"], row["until"], row["name"]]);
        assert_eq!(known, json!(["banned", "pin", "sms", chat, null, null]), "{listed}");
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
        let id = row["id"].as_str().expect("an id");
        admin.comes_in("acme", "demo").await;
        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        assert!(page.contains(&format!("data-locked=\"{id}\"")) && page.contains("Lift the ban"), "{page}");

        let (lift, reason) = (format!("{list}/{id}/unlock"), json!({"reason": "rang us"}));
        world.call(&team.agent, "POST", &lift, reason.clone()).await.refused(403, "forbidden");
        world.call(&team.admin, "POST", &lift, json!({"reason": ""})).await.refused(422, "invalid");
        world.call(&team.admin, "POST", &lift, reason.clone()).await.expect(204);
        let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
        assert_eq!(listed["items"], json!([]), "also before it is told");
        world.gateway.maintain().await.expect("it is told");
        let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
        assert_eq!(listed["items"], json!([]));
        world.call(&team.admin, "POST", &lift, reason.clone()).await.refused(404, "not-found");
        let trail = admin.get("/admin/teams/acme/audit?what=locks&q=rang+us").await.text();
        assert_eq!(trail.matches("data-action=\"participant.unbanned\"").count(), 1, "{trail}");

        // Who writes from there again is not banned, until she is; then the conversation's own way lifts it, too.
        let again = team.open("sms", "+37255512345").await;
        assert_eq!(pins(&again).await, "banned");
        world.gateway.maintain().await.expect("it is told");
        let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["interaction"]), (&json!(id), &json!(again)));
        world.call(&team.admin, "POST", &lift, reason).await.expect(204);
        let path = format!("/v1/interactions/{again}");
        let seen = world.call(&team.bot, "GET", &path, Value::Null).await.expect(200);
        assert_eq!(seen["participants"][0]["lockout"]["status"], "clear", "{seen}");
        world.gateway.maintain().await.expect("it is told");
        let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
        let entries = trail["items"].as_array().expect("entries");
        let lifted: Vec<&Value> = entries.iter().filter(|entry| entry["action"] == "participant.unbanned").collect();
        let whose: Vec<&Value> = lifted.iter().map(|entry| &entry["object"]["interaction"]).collect();
        assert_eq!(whose, [&Value::Null, &json!(again)], "{trail}");
        assert_eq!(pins(&again).await, "banned");
    }
}

/// Hears how many logins are read.
#[derive(Default)]
struct Reading(AtomicUsize);

impl Before for Reading {
    fn reads(&self, names: &[String]) {
        self.0.fetch_add(names.iter().filter(|name| name.starts_with("login/acme/")).count(), SeqCst);
    }
}

/// A storefront whose customers all log in by codes has many accounts and no password: the overview does not look
/// for one in all of them, and takes the team for one that is past its beginning.
#[tokio::test]
async fn the_overview_looks_at_few_accounts_however_many_there_are() {
    let stand = memory().await.expect("memory is always there");
    let reading = Arc::new(Around { store: stand.store.clone(), before: Reading::default() });
    let world = World::on(stand.behind(reading.clone()));
    let team = world.team("acme").await;
    team.set(json!({"authentication_url": format!("{URL}/login/acme")})).await;
    let mut admin = team.staff("demo", "admin").await;
    admin.comes_in("acme", "demo").await;
    assert!(admin.get("/admin/teams/acme").await.text().contains("id=\"customer\""), "nobody can log in yet");

    let tag = Seal::of_tests().keys.address.tag(&[b"team", b"acme"]);
    let partition = Partition(tag.as_bytes()[31]);
    let enter =
        |n: u32| IndexEntry { index: "login/acme".to_owned(), member: format!("{n:032x}"), bytes: Bytes::new() };
    let put = Put { name: "marker/by-hand".to_owned(), ..Put::default() };
    let batch =
        Batch { put: vec![put], enter: (0..1_000).map(enter).collect(), ..Batch::new(CommitId([7; 16]), partition) };
    assert_eq!(reading.store.commit(batch).await.expect("they are entered"), CommitOutcome::Committed);
    reading.before.0.store(0, SeqCst);
    assert!(!admin.get("/admin/teams/acme").await.text().contains("id=\"customer\""));
    let read = reading.before.0.load(SeqCst);
    assert!((1..=100).contains(&read), "{read} logins were read");
}

/// A store of before there was an index of locks: whoever its trail tells of is found, and what it tells lifted
/// is not.
#[tokio::test]
async fn locks_of_an_older_store_are_found_by_its_trail() {
    let truth = Arc::new(Truth::new(false));
    let world = World::on(modelled(truth.clone()));
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 1}})).await;
    let ban = async |conversation: &str| {
        let chat = team.open("sms", conversation).await;
        let path = format!("/v1/interactions/{chat}/challenges");
        let made = world.call(&team.agent, "POST", &path, json!({"method": "pin", "pin": "2580"})).await.expect(202);
        let path = format!("/v1/challenges/{}/answers", made["id"].as_str().expect("an id"));
        world.call(&team.bot, "POST", &path, json!({"answer": "1111"})).await.expect(200);
        chat
    };
    let (stands, lifted) = (ban("+37255512345").await, ban("+37255512346").await);
    let path = format!("/v1/interactions/{lifted}/participants/p1/unlock");
    world.call(&team.admin, "POST", &path, json!({"reason": "rang us"})).await.expect(200);
    let customer = json!({"username": "demo", "password": "vexed lamp 7"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
    let guess = json!({"username": "demo", "password": "wrong lamp 7"});
    world.call(&team.bot, "POST", "/api/commerce/customer/authtickets", guess).await;
    world.gateway.maintain().await.expect("it is told");
    {
        let (mut state, seal) = (truth.look(), Seal::of_tests());
        state.indexes.retain(|(_, index), _| !index.starts_with("locks/") && index != "login/acme/locked");
        let head = state.records.iter_mut().find(|(key, _)| key.name == "h/acme").expect("a head").1;
        let version = head.record.version;
        let plain = seal.record("h/acme", version, &head.record.bytes).expect("it opens");
        let mut older: Value = serde_json::from_slice(&plain).expect("JSON");
        assert_eq!(older.as_object_mut().expect("an object").remove("locks_kept"), Some(json!(true)));
        head.record.bytes = seal.seal_record("h/acme", version, older.to_string().as_bytes()).into();
    }
    // All of the trail is read for that, and all accounts: housekeeping does it, and nobody's request.
    let listed = async || world.call(&team.agent, "GET", "/v1/teams/acme/lockouts", Value::Null).await;
    listed().await.refused(503, "unavailable");
    let unlock = format!("/v1/teams/acme/lockouts/failure_limit.{:032x}/unlock", 7);
    world.call(&team.admin, "POST", &unlock, json!({"reason": "rang us"})).await.refused(503, "unavailable");
    world.gateway.maintenance.keep_house().await.expect("the store is there");
    let listed = listed().await.expect(200);
    let chats: Vec<&Value> = listed["items"].as_array().expect("rows").iter().map(|row| &row["interaction"]).collect();
    assert_eq!(chats, [&json!(stands)], "{listed}");
    assert_eq!(listed["items"][0]["channel"], "sms");
    let mut admin = team.staff("demo", "admin").await;
    admin.comes_in("acme", "demo").await;
    let page = admin.get("/admin/teams/acme/lockouts").await.text();
    assert!(page.contains("data-account=\"cust-42\""), "{page}");
}

/// Looking at a customer, trying a channel and telling a webhook an event again stand in the trail, with who
/// did it, and the customer by her pseudonym alone.
#[tokio::test]
async fn what_an_admin_looks_at_tries_and_sends_again_stands_in_the_trail() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let mut admin = team.staff("demo", "admin").await;
        admin.comes_in("acme", "demo").await;
        let customer = json!({"name": "Demo Customer", "private_data": {"birthday": "1980-02-29"}});
        world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
        team.channel("sms").await;
        let hook = json!({"url": "http://127.0.0.1:9/", "events": ["interaction.opened"]});
        world.call(&team.admin, "PUT", "/v1/teams/acme/webhooks/crm", hook).await.expect(201);
        team.open("web", "conv-1").await;
        world.gateway.maintain().await.expect("it is told");
        let looks = async |action: &str| {
            world.gateway.maintain().await.expect("it is told");
            let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
            let entries = trail["items"].as_array().expect("entries").iter();
            let of: Vec<Value> = entries.filter(|entry| entry["action"] == action).cloned().collect();
            of
        };
        assert!(admin.get("/admin/teams/acme/accounts/cust-42").await.text().contains("1980-02-29"));
        assert_eq!(admin.get("/admin/teams/acme/accounts/nobody").await.status, 404);
        admin.get("/admin/teams/acme/accounts").await;
        let viewed = looks("customer.viewed").await;
        assert_eq!(viewed.len(), 1, "{viewed:?}");
        assert_eq!(viewed[0]["actor"], json!({"user": "acme/demo"}));
        assert!(viewed[0]["detail"]["pseudonym"].is_string() && !viewed[0].to_string().contains("cust-42"));
        world.call(&team.admin, "GET", "/v1/teams/acme/customers/cust-42", Value::Null).await.expect(200);
        assert_eq!(looks("customer.viewed").await.len(), 2);

        let to = json!({"to": "+37255512345"});
        admin.call("POST", "/v1/teams/acme/channels/sms/test", to).await.expect(200);
        let tested = looks("channel.tested").await;
        assert_eq!((tested.len(), &tested[0]["detail"]), (1, &json!({"channel": "sms"})), "no address");
        let deliveries = "/v1/teams/acme/webhooks/crm/deliveries";
        let listed = world.call(&team.admin, "GET", deliveries, Value::Null).await.expect(200);
        let id = listed["items"][0]["id"].as_str().expect("a delivery");
        admin.call("POST", &format!("{deliveries}/{id}/redeliver"), Value::Null).await.expect(202);
        let again = looks("webhook.redelivered").await;
        assert_eq!((again.len(), &again[0]["detail"]), (1, &json!({"delivery": id, "webhook": "crm"})));
    }
}

/// The trail in pages, newest first, and the whole chain checked on every store.
#[tokio::test]
async fn the_trail_is_read_in_pages_and_its_chain_is_checked() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let mut admin = team.staff("demo", "admin").await;
        admin.comes_in("acme", "demo").await;
        for n in 0..60 {
            team.set(json!({"otp": {"max_tries": 1 + n % 5}})).await;
        }
        world.gateway.maintain().await.expect("it is told");
        let first = admin.get("/admin/teams/acme/audit").await.text();
        assert_eq!(first.matches("data-entry=").count(), 50);
        let older = first.split("href=\"audit?").nth(1).and_then(|rest| rest.split('"').next()).expect("there is more");
        let second = admin.get(&format!("/admin/teams/acme/audit?{}", older.replace("&amp;", "&"))).await.text();
        assert!(second.contains("data-entry=\"1\"") && !second.contains("rel=\"next\""), "{second}");
        let checked = admin.get("/admin/teams/acme/audit?check=yes").await.text();
        let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
        let head = trail["head"]["hash"].as_str().expect("a hash");
        assert!(checked.contains("data-chain=\"whole\"") && checked.contains(head), "{checked}");
        let csv = admin.get("/admin/teams/acme/insights.csv?days=7").await;
        assert!(csv.header("content-disposition").contains("acme-7-days.csv"));
        assert_eq!(csv.text().lines().count(), 8, "{}", csv.text());
    }
}
