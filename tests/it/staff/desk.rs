//! The admin console's desk: to whom its pages open, and that they find on each store who is locked out, what
//! the trail holds and what was counted. How they look, browsers see.

use super::*;

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
            world.gateway.tend().await.expect("it is told");
            told["outcome"].clone()
        };
        assert_eq!(wrong().await, "locked");
        let customer = json!({"username": "demo", "password": "vexed lamp 7"});
        world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
        let guess = json!({"username": "demo", "password": "wrong lamp 7"});
        world.call(&team.bot, "POST", "/api/commerce/customer/authtickets", guess).await;
        team.staff("other", "agent").await;
        assert_eq!(Desk::new(&world).sign_in_as("acme", "other", "a wrong one 1").await.status, 401);
        world.gateway.tend().await.expect("it is told");

        let page = admin.get("/admin/teams/acme/lockouts").await.text();
        let rows =
            [format!("data-locked=\"{chat}/p1\""), "data-account=\"cust-42\"".into(), "data-user=\"other\"".into()];
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
        world.gateway.tend().await.expect("it is told");
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
        world.gateway.tend().await.expect("it is told");
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
