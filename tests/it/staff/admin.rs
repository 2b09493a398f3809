//! Who may open which page of the admin console, and what such a page says of itself. What is done there goes
//! to the API, where who may do it is asked anew.

use super::*;

const SECTIONS: [&str; 6] = ["", "/settings", "/keys", "/screens", "/screens/hint", "/intents"];

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

/// A086: no page of the console has a form that a browser sends by itself, and what its script asks without the
/// page's word is refused; no page holds a secret.
#[tokio::test]
async fn a086_pages_act_by_the_api_alone_and_hold_no_secret() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let made = world.call(&team.admin, "POST", "/v1/teams/acme/security-keys", json!({})).await.expect(201);
    let mut admin = team.staff("boss", "admin").await;
    admin.comes_in("acme", "boss").await;
    for section in SECTIONS {
        let page = admin.get(&format!("/admin/teams/acme{section}")).await.text();
        let posts = page.matches("method=\"post\"").count();
        assert_eq!(posts, 1, "{section}: only signing out, which has the word");
        assert!(!page.contains(made["secret"].as_str().expect("told")), "{section}");
        assert!(!page.contains(&team.admin) && !page.contains(&team.bot), "{section}");
    }
    let forged = [("sec-fetch-site", "cross-site")];
    let reply = admin.call_with("POST", "/v1/teams/acme/security-keys", json!({}), &forged).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    let right = admin.call("POST", "/v1/teams/acme/security-keys", json!({})).await;
    assert_eq!(right.status, 201, "{}", right.text());
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
