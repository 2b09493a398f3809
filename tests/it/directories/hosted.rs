//! The gateway's own login page over a company's LDAP: a team without a login page of its own logs its
//! customers in with the passwords that its directory keeps.

use serde_json::json;

use super::servers::Slapd;
use crate::world::{Browser, OWNER, URL, World, hidden};

/// G-09, G-17: name and password of the directory raise the flag at the hosted page; a wrong password, an
/// empty one and another customer's do not, and no link to another password is offered.
#[tokio::test]
async fn a_password_of_the_ldap_directory_logs_in_at_the_hosted_page() {
    let Some(slapd) = Slapd::shared() else { return };
    let world = World::new().await;
    let team = world.team("bank").await;
    world.call(&team.admin, "PUT", "/v1/teams/bank/directory", slapd.over_tls()).await.expect(201);
    let url = format!("{URL}/login/bank");
    let settings = json!({"directory": {"kind": "ldap"}, "authentication_url": url, "binding": "none"});
    world.call(OWNER, "PATCH", "/v1/teams/bank/settings", settings).await.expect(200);
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let at = browser.press(link["url"].as_str().unwrap(), "continue", "").await.header("location");
    let page = browser.get(&at).await;
    assert!(page.status == 200 && !page.text().contains("data-act=\"forgot\""), "{}", page.text());
    let nonce = hidden(&page.text(), "nonce");
    let types = async |name: &str, password: &str| {
        let fields = [("act", "answer"), ("nonce", nonce.as_str()), ("username", name), ("password", password)];
        browser.post(&at, &fields).await.status
    };
    for (name, password) in [("demo", "second-password-1"), ("demo", ""), ("nobody", "demo-password-1")] {
        assert_eq!(types(name, password).await, 200, "{name} {password}");
    }
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert_eq!(types("demo", "demo-password-1").await, 303);
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["methods"], &flag["customer"]["id"]), (&json!(["login"]), &json!("demo")));
    assert_eq!(flag["customer"]["name"], "Demo Customer");
}
