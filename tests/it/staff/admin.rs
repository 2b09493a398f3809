//! Who may open which page of the admin console, and what such a page says of itself. What is done there goes
//! to the API, where who may do it is asked anew.

use super::*;

const SECTIONS: [&str; 13] = [
    "",
    "/settings",
    "/keys",
    "/screens",
    "/screens/hint",
    "/intents",
    "/channels",
    "/users",
    "/lockouts",
    "/accounts",
    "/webhooks",
    "/audit",
    "/insights",
];

/// L-06: the admin area depends on the role: a team's admin sees her team, and of another one what there is of
/// one that is not there; an agent sees nothing of it, and nobody is sent to sign in.
#[tokio::test]
async fn l06_the_console_is_an_admins_and_shows_her_own_team_alone() {
    let world = World::new().await;
    let (team, _other) = (world.team("acme").await, world.team("other").await);
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let first = admin.get("/admin").await;
    assert_eq!((first.status, first.header("location").as_str()), (303, "/admin/teams/acme"), "her one team");
    for section in SECTIONS {
        let own = admin.get(&format!("/admin/teams/acme{section}")).await;
        assert_eq!(own.status, 200, "{section}: {}", own.text());
        let policy = own.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("require-trusted-types-for 'script'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        let (foreign, none) = (format!("/admin/teams/other{section}"), format!("/admin/teams/nobody{section}"));
        let (foreign, none) = (admin.get(&foreign).await, admin.get(&none).await);
        assert_eq!((foreign.status, none.status), (404, 404), "{section}");
        assert_eq!(foreign.text(), none.text(), "{section}");
    }
    assert_eq!(admin.get("/admin/system").await.status, 404, "the system is the owner's");
    let mut agent = team.staff("helper", "agent").await;
    agent.comes_in("acme", "helper").await;
    assert!(!agent.get("/agent").await.text().contains("href=\"/admin\""), "no way in is offered");
    for page in ["/admin", "/admin/system", "/admin/teams/acme", "/admin/teams/acme/settings", "/admin/teams/acme/keys"]
    {
        assert_eq!(agent.get(page).await.status, 404, "{page}");
    }
    let nobody = Desk::new(&world).get("/admin/teams/acme/keys").await;
    let to = nobody.header("location");
    assert_eq!((nobody.status, to.as_str()), (303, "/signin?next=%2Fadmin%2Fteams%2Facme%2Fkeys"));
}

/// After signing in one comes to the page that was wanted, and to no other website's.
#[tokio::test]
async fn who_signs_in_comes_to_the_page_that_was_wanted() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.staff("boss", "admin").await;
    for (next, leads) in [
        ("/admin/teams/acme/keys", "/admin/teams/acme/keys"),
        ("/administrator", "/agent"),
        ("//evil.example/admin/", "/agent"),
        ("/admin/\\evil.example", "/agent"),
    ] {
        let mut desk = Desk::new(&world);
        let fields = [("act", "password"), ("team", "acme"), ("name", "boss"), ("password", PASSWORD), ("next", next)];
        let reply = desk.sign_in(&fields).await;
        assert_eq!((reply.status, reply.header("location").as_str()), (303, leads), "{next}");
    }
}

/// A086: no page of the console has a form that a browser sends by itself, but those that sign out or look at a
/// draft, which have the word, and those that only look for something: before its script runs, or without it, a
/// password that was typed would stand in an address. What its script asks without the page's word is refused;
/// no page holds a secret.
#[tokio::test]
async fn a086_pages_act_by_the_api_alone_and_hold_no_secret() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let made = world.call(&team.admin, "POST", "/v1/teams/acme/security-keys", json!({})).await.expect(201);
    let mut secrets = vec![text(&made["secret"]), team.admin.clone(), team.bot.clone()];
    let hook = json!({"url": "https://crm.example.com/in"});
    let hook = world.call(&team.admin, "PUT", "/v1/teams/acme/webhooks/crm", hook).await.expect(201);
    let channel = json!({"definition": "recorder", "account": {"inbox": "sms"}});
    let channel = world.call(&team.admin, "PUT", "/v1/teams/acme/channels/sms", channel).await.expect(201);
    let user = team.user("helper", json!({"role": "agent"})).await.expect(201);
    secrets.extend([text(&hook["secret"]), text(&channel["forward_secret"]), text(&user["invitation"]["url"])]);
    let customer = json!({"username": "demo", "password": "vexed lamp 7"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-7", customer).await.expect(201);
    secrets.push("vexed lamp 7".to_owned());
    let mut owner = team.staff("chief", "owner").await;
    owner.comes_in("acme", "chief").await;
    let beside = ["/webhooks/crm", "/accounts/cust-7", "/channels?platform=smtp"];
    let of_team = SECTIONS.iter().chain(&beside).map(|section| format!("/admin/teams/acme{section}"));
    for page in of_team.chain(["/admin".to_owned(), "/admin/system".to_owned()]) {
        let reply = owner.get(&page).await;
        assert_eq!(reply.status, 200, "{page}");
        let html = reply.text();
        let forms: Vec<&str> = html.split("<form").skip(1).filter_map(|rest| rest.split('>').next()).collect();
        assert!(!forms.is_empty(), "{page}");
        for form in &forms {
            let is_call = form.contains("data-call=");
            let is_search = form.contains("method=\"get\"") && !is_call;
            let is_posted = form.contains("method=\"post\"") && !is_call;
            assert!(is_search || is_posted || form.contains("method=\"dialog\""), "{page}: a browser sends {form}");
        }
        let searches = html.split("<form").skip(1).filter(|form| form.contains("method=\"get\""));
        for search in searches.filter_map(|rest| rest.split("</form>").next()) {
            assert!(!search.contains("password") && !search.contains("<textarea"), "{page}: {search}");
        }
        let posts = html.matches("method=\"post\"").count();
        let word = hidden(&html, "csrf_token");
        let of_word = html.matches(&format!("name=\"csrf_token\" value=\"{word}\"")).count();
        let wanted = if page.contains("/screens/") { 2 } else { 1 };
        assert_eq!((posts, of_word), (wanted, wanted), "{page}: signing out and a draft, which have the word");
        for secret in &secrets {
            assert!(!html.contains(secret.as_str()), "{page} holds a secret");
        }
    }
    let forged = [("sec-fetch-site", "cross-site")];
    let reply = owner.call_with("POST", "/v1/teams/acme/security-keys", json!({}), &forged).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    let right = owner.call("POST", "/v1/teams/acme/security-keys", json!({})).await;
    assert_eq!(right.status, 201, "{}", right.text());
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is told once").to_owned()
}

/// A082, A086: what is being written is shown as it would be, to an admin's own page alone; it is cleaned, its
/// frame may do nothing, and nothing of it is kept or told.
#[tokio::test]
async fn a082_a_draft_is_shown_to_its_own_page_alone_and_kept_nowhere() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let (page, word) = ("/admin/teams/acme/screens/hint/draft", admin.word().await);
    let before = team.event_types().await;
    let html = "<p>Last <b>four</b></p><script>alert(1)</script><form action=x><input name=pin></form>";
    let shown = admin.post(page, &[("csrf_token", &word), ("html", html)]).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(shown.text().contains("<b>four</b>"), "{}", shown.text());
    assert!(!shown.text().contains("alert") && !shown.text().contains("<input"), "{}", shown.text());
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("sandbox;") && policy.contains("form-action 'none'"), "{policy}");
    let long = "&".repeat(48 * 1024);
    for refused in ["", "<script>1</script>", long.as_str()] {
        let told = admin.post(page, &[("csrf_token", &word), ("html", refused)]).await;
        assert_eq!(told.status, 200);
        assert!(told.text().contains("Nothing that may be shown"), "{}", told.text());
        assert!(told.header("content-security-policy").starts_with("sandbox;"));
    }
    let huge = "x".repeat(200 * 1024);
    assert_eq!(admin.post(page, &[("csrf_token", &word), ("html", &huge)]).await.status, 413);
    assert_eq!(admin.post(page, &[("csrf_token", "x"), ("html", html)]).await.status, 403, "another's word");
    let fields = [("csrf_token", word.as_str()), ("html", html)];
    assert_eq!(admin.post_from(page, &fields, "https://evil.example").await.status, 403, "another website's form");
    assert_eq!(admin.post("/admin/teams/other/screens/hint/draft", &fields).await.status, 404, "another team");
    assert_eq!(Desk::new(&world).post(page, &fields).await.status, 303, "nobody is in");
    let kept = world.call(&team.admin, "GET", "/v1/teams/acme/screens/hint", Value::Null).await;
    kept.refused(404, "not-found");
    assert_eq!(team.event_types().await, before, "nothing happened");
    let editor = admin.get("/admin/teams/acme/screens/hint").await;
    let policy = editor.header("content-security-policy");
    assert!(policy.contains("frame-src 'self'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(editor.text().contains("sandbox=\"\""), "{}", editor.text());
}

/// The trail is searched as it is shown: also in lists, and by what a key is called; what is a mere tag is not
/// shown. A place that is none is no place, and not a problem.
#[tokio::test]
async fn the_trail_is_searched_as_it_is_shown() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let made = json!({"role": "admin", "name": "Night shift"});
    let made = world.call(&team.admin, "POST", "/v1/teams/acme/api-keys", made).await.expect(201);
    let patch = json!({"otp": {"length": 7}, "lockout": {"threshold": 1}});
    world.call(&text(&made["key"]), "PATCH", "/v1/teams/acme/settings", patch).await.expect(200);
    let chat = team.open("webchat", "c1").await;
    let pin = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "2580"})).await.expect(202);
    team.answers(&pin, "1111").await;
    assert!(team.event_types().await.iter().any(|kind| kind == "participant.locked"));
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let mut found = async |query: &str| {
        let page = admin.get(&format!("/admin/teams/acme/audit{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text());
        page.text()
    };
    for (query, acts, others) in [
        ("?q=lockout", 1, "participant.locked"),
        ("?q=night+shift", 1, "participant.locked"),
        ("?q=nobody+of+that+name", 0, "settings.changed"),
    ] {
        let page = found(query).await;
        assert_eq!(page.matches("data-action=\"settings.changed\"").count(), acts, "{query}");
        assert!(!page.contains(&format!("data-action=\"{others}\"")), "{query}");
    }
    let locked = found("?what=locks").await;
    assert!(locked.contains("data-action=\"participant.locked\""));
    assert!(!locked.contains("<dt>address</dt>") && !locked.contains("<dt>budget</dt>"), "{locked}");
    assert_eq!(found("?below=x").await, found("").await);
    admin
        .get("/admin/teams/acme/insights?days=x")
        .await
        .text()
        .contains("aria-current=\"true\"")
        .then_some(())
        .expect("some days");
}

/// Where there are more than a page, the next one is there: of users whose names a form would spell otherwise,
/// and of the owner's teams.
#[tokio::test]
async fn more_users_and_more_teams_than_a_page_are_all_reached() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut owner = team.staff("chief", "owner").await;
    owner.comes_in("acme", "chief").await;
    for n in 0..101 {
        team.user(&format!("a+{n:03}"), json!({"role": "agent"})).await.expect(201);
    }
    let next = |page: &str, start: &str| {
        let found = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.map(str::to_owned).find(|href| href.starts_with(start))
    };
    let first = owner.get("/admin/teams/acme/users").await.text();
    assert!(first.contains("data-user=\"a+099\"") && !first.contains("data-user=\"a+100\""));
    let more = next(&first, "users?after=").expect("there are more");
    let second = owner.get(&format!("/admin/teams/acme/{more}")).await.text();
    assert!(second.contains("data-user=\"a+100\"") && second.contains("data-user=\"chief\""), "{second}");
    assert!(!second.contains("data-user=\"a+099\"") && next(&second, "users?after=").is_none());
    for n in 0..50 {
        world.call(OWNER, "PUT", &format!("/v1/teams/t{n:02}"), json!({"name": "T"})).await.expect(201);
    }
    let first = owner.get("/admin").await.text();
    assert!(first.contains("/admin/teams/acme") && !first.contains("/admin/teams/t49"));
    let more = next(&first, "/admin?after=").expect("there are more");
    let second = owner.get(&more).await.text();
    assert!(second.contains("/admin/teams/t49") && !second.contains("/admin/teams/acme"), "{second}");
    assert!(next(&second, "/admin?after=").is_none());
}

/// "you" is whoever is in, and not everybody of her name.
#[tokio::test]
async fn a_namesake_in_another_team_is_not_who_looks() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("other").await);
    let mut owner = team.staff("chief", "owner").await;
    other.user("chief", json!({"role": "agent"})).await.expect(201);
    owner.comes_in("acme", "chief").await;
    for (page, own) in [("/admin/teams/acme/users", 1), ("/admin/teams/other/users", 0)] {
        let text = owner.get(page).await.text();
        assert!(text.contains("data-user=\"chief\""), "{page}");
        assert_eq!(text.matches("<span class=\"badge\">you</span>").count(), own, "{page}");
    }
}

/// L-36: the customer's page in the editor is the real one under its own policy; its forms lead nowhere.
#[tokio::test]
async fn l36_the_preview_is_the_customers_page_and_can_be_framed_by_us_alone() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let put = world.send(
        http::Request::put("/v1/teams/acme/screens/hint")
            .header("authorization", format!("Bearer {}", team.admin))
            .header("content-type", "text/html")
            .body(Body::from("<p>Last <b>four</b></p><script>alert(1)</script>"))
            .expect("well-formed"),
    );
    assert_eq!(put.await.status, 201);
    let page = admin.get("/admin/teams/acme/screens/hint/page?lang=de").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'self'") && policy.contains("form-action 'none'"), "{policy}");
    let text = page.text();
    assert!(text.contains("lang=\"de\"") && text.contains("src=\"/admin/teams/acme/screens/hint/screen\""), "{text}");
    let screen = admin.get("/admin/teams/acme/screens/hint/screen").await;
    assert!(screen.text().contains("<b>four</b>") && !screen.text().contains("alert"), "{}", screen.text());
    assert!(screen.header("content-security-policy").starts_with("sandbox"));
    let mut agent = team.staff("helper", "agent").await;
    agent.comes_in("acme", "helper").await;
    for page in ["page", "screen"] {
        assert_eq!(agent.get(&format!("/admin/teams/acme/screens/hint/{page}")).await.status, 404);
    }
}

/// L-03: every setting of the table is on the page of the System and on a team's, under a name in plain words in
/// the reader's language, with its dotted name beside it.
#[tokio::test]
async fn l03_every_setting_has_a_name_for_people() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut owner = team.staff("chief", "owner").await;
    owner.comes_in("acme", "chief").await;
    let effective = "/v1/teams/acme/settings?effective=true";
    let effective = world.call(&team.admin, "GET", effective, Value::Null).await.expect(200);
    let paths = effective["source"].as_object().expect("a source for each").keys();
    let paths: Vec<&String> = paths.filter(|path| !path.starts_with("intents.")).collect(); // they have a page
    assert!(paths.len() > 50);
    for page in ["/admin/system", "/admin/teams/acme/settings"] {
        let text = owner.get(page).await.text();
        for path in &paths {
            assert!(text.contains(&format!("data-setting=\"{path}\"")), "{page}: {path}");
            assert!(text.contains(&format!("<code>{path}</code>")), "{page}: {path}");
            let bare = [format!(">{path}</label>"), format!("\n{path}</label>")];
            assert!(!bare.iter().any(|bare| text.contains(bare)), "{page}: {path} has no name in plain words");
        }
    }
}

/// A team whose key was revoked is led to the key that waits, and the page of keys says that nothing signs.
#[tokio::test]
async fn pages_say_that_no_key_signs_and_which_waits() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let key = admin.call("POST", "/v1/teams/acme/security-keys", json!({})).await.expect(201);
    let path = format!("/v1/teams/acme/security-keys/{}", text(&key["kid"]));
    let page = admin.get("/admin/teams/acme/keys").await.text();
    assert!(page.contains("<details id=\"change\" open>") && !page.contains("nothing-signs"), "{page}");
    let used = |page: &str| page.split("data-used").skip(1).filter(|used| !used.contains("<dd>never")).count();
    assert_eq!(used(&page), 0, "{page}");
    team.log_in(&team.open("sms", "+37255512345").await, "cust-42").await;
    let page = admin.get("/admin/teams/acme/keys").await.text();
    assert_eq!(used(&page), 1, "when the old key was last used is shown: {page}");
    assert!(page.contains(&format!("data-call=\"POST {path}/activate\"")), "{page}");
    let old = format!("/v1/teams/acme/security-keys/{}", team.key.kid);
    admin.call("DELETE", &old, Value::Null).await.expect(200);
    let page = admin.get("/admin/teams/acme/keys").await.text();
    assert!(page.contains("id=\"nothing-signs\""), "{page}");
    let page = admin.get("/admin/teams/acme").await.text();
    assert!(page.contains("href=\"/admin/teams/acme/keys\"") && !page.contains("id=\"generate\""), "{page}");
    admin.call("POST", &format!("{path}/activate"), json!({})).await.expect(200);
    let page = admin.get("/admin/teams/acme/keys").await.text();
    assert!(!page.contains("nothing-signs") && page.contains("<details id=\"change\">"), "{page}");
}

/// The try is in a web chat. Where a team has none it is made by a click, under a name that nothing else has.
#[tokio::test]
async fn the_first_page_tries_in_the_teams_web_chat_or_offers_to_make_one() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    let page = admin.get("/admin/teams/acme").await;
    assert!(page.header("content-security-policy").contains("; frame-src 'self'; "));
    world.call(&team.admin, "POST", "/v1/teams/acme/security-keys", json!({})).await;
    team.channel("webchat").await; // it is called so, and is something else
    let page = admin.get("/admin/teams/acme").await.text();
    let offered = "data-call=\"PUT /v1/teams/acme/channels/try\" data-new=\"*\"";
    assert!(page.contains(offered) && !page.contains("id=\"try-begin\""), "{page}");
    let window = json!({"definition": "webchat"});
    admin.call("PUT", "/v1/teams/acme/channels/try", window).await.expect(201);
    let page = admin.get("/admin/teams/acme").await.text();
    assert!(page.contains("data-channel=\"try\"") && page.contains("id=\"try-begin\""), "{page}");
}
