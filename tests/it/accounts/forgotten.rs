//! What a customer does at the hosted login page who has no password at hand: she has another one sent for,
//! or logs in by a code alone. What is shown is the same for every name, and an address has its hour's share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use serde_json::{Value, json};

use super::{MAIL, MINUTE, PASSWORD, TICKETS, shop};
use crate::world::{Browser, Reply, Team, URL, World, hidden};

const NEW: &str = "another lamp 8";

/// Somebody at the login page of a shop.
struct Person {
    browser: Browser,
    at: String,
    page: Reply,
}

async fn hosting(world: &World, settings: Value) -> Team {
    let team = shop(world, settings).await;
    let pause = json!({"resend_after_seconds": 30});
    team.set(json!({"authentication_url": format!("{URL}/login/acme"), "binding": "none", "send_budget": pause})).await;
    team
}

impl Person {
    async fn at_login(team: &Team, chat: &str) -> Self {
        let link = team.link(chat).await;
        let mut browser = Browser::new(&team.world);
        let on = browser.press(link["url"].as_str().unwrap(), "continue", "").await;
        let at = on.header("location");
        let page = browser.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        Self { browser, at, page }
    }

    /// Sends the form of that act, with its hidden fields and what is typed.
    async fn does(&mut self, act: &str, typed: &[(&str, &str)]) -> &Reply {
        let text = self.page.text();
        let (_, kept) = crate::doors::form(&text, act).unwrap_or_else(|| panic!("no {act} in {text}"));
        let kept = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<(&str, &str)> = kept.chain(typed.iter().copied()).collect();
        self.page = self.browser.post(&self.at, &fields).await;
        &self.page
    }

    /// The page without what is its own: nonces, attempts and tags.
    fn shape(&self) -> String {
        let text = self.page.text();
        let typed = hidden(&text, "username");
        let text = text.replace(&hidden(&text, "nonce"), "…");
        let text = text.replace(&hidden(&text, "attempt"), "…").replace(self.at.split('?').nth(1).unwrap(), "…");
        let text = text.replace(&self.at.split('?').nth(1).unwrap().replace('&', "&amp;"), "…");
        text.replace(&format!("value=\"{typed}\""), "value=\"…\"")
    }
}

fn link_in(text: &str) -> String {
    let at = text.find(&format!("{URL}/r/")).expect("it holds the link");
    text[at..].split_whitespace().next().unwrap().to_owned()
}

/// A052 at "Forgot your password?": the page says the same of every name; a link goes to the address that is
/// known, the same one again where it is asked for again, and the new password opens the same login.
#[tokio::test]
async fn a_forgotten_password_is_changed_by_oneself() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}})).await;
    let chat = team.open("sms", "+37255500001").await;
    let mut person = Person::at_login(&team, &chat).await;
    let mut stranger = Person::at_login(&team, &team.open("sms", "+37255500002").await).await;
    for (who, name) in [(&mut person, "demo"), (&mut stranger, "nobody@example.com")] {
        assert_eq!(who.does("forgot", &[]).await.status, 200);
        assert_eq!(who.does("reset", &[("username", name)]).await.status, 200);
        assert!(who.page.text().contains("If there is an account of that name") && !who.page.text().contains(name));
    }
    assert_eq!(person.shape(), stranger.shape());
    let sent = world.sent().await;
    assert_eq!((sent.len(), sent[0].1.as_str()), (1, MAIL), "a name that is nobody's is sent nothing");
    let url = link_in(&sent[0].2);
    for _ in 0..2 {
        world.pass(Duration::from_secs(31)).await;
        stranger.does("back", &[]).await;
        stranger.does("forgot", &[]).await;
        stranger.does("reset", &[("username", MAIL)]).await;
    }
    let links: Vec<String> = world.sent().await.iter().map(|one| link_in(&one.2)).collect();
    assert_eq!(links, vec![url.clone(); 3], "nobody can end a link by asking");
    let mut browser = Browser::new(&world);
    let nonce = hidden(&browser.get(&url).await.text(), "nonce");
    let fields = [("act", "answer"), ("nonce", nonce.as_str()), ("password", NEW), ("again", NEW)];
    assert_eq!(browser.post(&url, &fields).await.status, 200);
    assert_eq!(browser.get(&url).await.status, 410);
    person.does("back", &[]).await;
    let wrong = person.does("answer", &[("username", "demo"), ("password", PASSWORD)]).await;
    assert_eq!(wrong.status, 200);
    assert_eq!(person.does("answer", &[("username", "demo"), ("password", NEW)]).await.status, 303);
    assert_eq!(team.flag(&chat).await["customer"]["id"], "cust-42");
    let told: Vec<Value> = team.events().await.into_iter().filter(|e| e["type"] == "customer.reset").collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.iter().all(|event| !event.to_string().contains(MAIL)), "{told:?}");
}

/// Guests, who may not log in, and who has no address are sent nothing, and the page does not say so.
#[tokio::test]
async fn who_may_not_log_in_is_sent_no_link() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}})).await;
    team.customer("PUT", "guest", "", json!({"username": "guest", "emails": ["g@example.com"]})).await.expect(201);
    let alone = json!({"username": "alone", "password": NEW});
    team.customer("PUT", "alone", "", alone).await.expect(201);
    team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
    let mut person = Person::at_login(&team, &team.open("sms", "+37255500003").await).await;
    let mut shapes = Vec::new();
    for name in ["guest", "alone", "demo", "nobody"] {
        person.does("forgot", &[]).await;
        person.does("reset", &[("username", name)]).await;
        shapes.push(person.shape());
        person.does("back", &[]).await;
    }
    shapes.dedup();
    assert_eq!((shapes.len(), world.sent().await.len()), (1, 0));
    // Asked again at once nothing happens, as with everybody else, and later it is told again.
    let told = async || team.event_types().await.iter().filter(|kind| *kind == "link.delivery_failed").count();
    for (name, pause, all) in [("alone", 1, 3), ("guest", 1, 3), ("demo", 1, 3), ("alone", 30, 4)] {
        world.pass(Duration::from_secs(pause)).await;
        person.does("forgot", &[]).await;
        person.does("reset", &[("username", name)]).await;
        person.does("back", &[]).await;
        assert_eq!(told().await, all, "{name}");
    }
}

/// A link that is asked for again in its last hour would be dead when it is opened: another one goes.
#[tokio::test]
async fn a_link_is_not_sent_again_in_its_last_hour() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}})).await;
    let asks = async |n: u8| {
        let chat = team.open("sms", &format!("+3725550011{n}")).await;
        let mut person = Person::at_login(&team, &chat).await;
        person.does("forgot", &[]).await;
        person.does("reset", &[("username", "demo")]).await;
        link_in(&world.sent().await.pop().expect("a link").2)
    };
    let first = asks(1).await;
    world.pass(Duration::from_secs(71 * 60 * 60 - 1)).await;
    assert_eq!(asks(2).await, first, "it is good for an hour");
    world.pass(Duration::from_secs(31)).await;
    let second = asks(3).await;
    assert_ne!(second, first);
    world.pass(Duration::from_secs(60 * 60)).await;
    assert_eq!(Browser::new(&world).get(&second).await.status, 200);
}

/// A052, A053 at a code alone: each step costs a name that is nobody's as many commits as somebody's, and the
/// page carries on no more than what was typed: three names of one account look like three accounts.
#[tokio::test]
async fn a052_a_code_alone_tells_known_names_from_unknown_ones_nowhere() {
    let stand = crate::stores::on_disk();
    let store: Arc<countersign::store::embedded::Embedded> = stand.store.clone();
    let world = World::on(stand.any());
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}, "login_otp": true})).await;
    let mut costs = Vec::new();
    for (n, name) in ["demo", MAIL, "nobody", "nobody@example.com"].into_iter().enumerate() {
        let mut person = Person::at_login(&team, &team.open("sms", &format!("+3725550020{n}")).await).await;
        person.does("by_code", &[]).await;
        let mut steps = Vec::new();
        for (act, typed, seconds) in [
            ("send", &[("username", name)][..], 0),
            ("resend", &[], 0),
            ("resend", &[], 31),
            ("answer", &[("code", "000000")], 0),
            ("answer", &[("code", "111111")], 0),
        ] {
            world.clock.advance(Duration::from_secs(seconds));
            let before = store.commits();
            assert_eq!(person.does(act, typed).await.status, 200, "{act} {name}");
            steps.push((act, store.commits() - before));
            let text = person.page.text();
            assert_eq!((hidden(&text, "username").as_str(), hidden(&text, "account").as_str()), (name, ""));
        }
        costs.push(steps);
        world.clock.advance(Duration::from_secs(181));
    }
    assert!(costs[0].iter().any(|(_, commits)| *commits > 0), "{costs:?}");
    assert!(costs.iter().all(|one| *one == costs[0]), "{costs:?}");
}

/// K-05, K-13, K-17 at the hosted page: a button asks for a code, which alone logs in where the team allows it, and is worth what the team
/// says of `acr` `otp`; of a name that is nobody's the page shows the same.
#[tokio::test]
async fn k05_a_code_alone_logs_in_at_the_hosted_page() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}})).await;
    let chat = team.open("sms", "+37255500004").await;
    let mut person = Person::at_login(&team, &chat).await;
    assert!(crate::doors::form(&person.page.text(), "by_code").is_none(), "the team does not allow it");
    team.set(json!({"login_otp": true})).await;
    person = Person::at_login(&team, &chat).await;
    let mut stranger = Person::at_login(&team, &team.open("sms", "+37255500005").await).await;
    for (who, name) in [(&mut person, "demo"), (&mut stranger, "nobody")] {
        who.does("by_code", &[]).await;
        assert_eq!(who.does("send", &[("username", name)]).await.status, 200);
        assert!(who.page.text().contains("one-time-code"), "{}", who.page.text());
    }
    assert_eq!(person.shape(), stranger.shape());
    let sent = world.sent().await;
    assert_eq!(sent.len(), 1);
    let code = team.newest_code().await.1;
    for who in [&mut person, &mut stranger] {
        let wrong = who.does("answer", &[("code", &Team::wrong(&code))]).await;
        assert!(wrong.status == 200 && wrong.text().contains("not the code"), "{}", wrong.text());
    }
    assert_eq!(person.shape(), stranger.shape());
    assert_eq!(stranger.does("answer", &[("code", &code)]).await.status, 200, "it is another's");
    assert_eq!(person.does("answer", &[("code", &code)]).await.status, 303);
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["methods"], &flag["customer"]["id"]), (&json!(["login"]), &json!("cust-42")));
}

/// Twenty an hour from one address, whatever is asked for; an IPv6 one by its /64; another has its own.
#[tokio::test]
async fn messages_that_pages_send_are_twenty_an_hour_for_an_address() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email"]}})).await;
    let mut person = Person::at_login(&team, &team.open("sms", "+37255500006").await).await;
    person.does("forgot", &[]).await;
    let nonce = hidden(&person.page.text(), "nonce");
    let from = async |address: &str, act: &str| {
        let fields = [("act", act), ("nonce", &nonce), ("username", "demo"), ("account", "")];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http::Request::post(person.at.strip_prefix(URL).unwrap())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", URL)
            .header("cookie", person.browser.cookie.clone().unwrap())
            .extension(ConnectInfo::<SocketAddr>(address.parse().unwrap()));
        world.send(request.body(form.into()).unwrap()).await
    };
    for n in 0..20 {
        let act = if n % 2 == 0 { "reset" } else { "resend" };
        assert_eq!(from(&format!("[2001:db8:1:1::{n:x}]:443"), act).await.status, 200, "{n}");
    }
    let refused = from("[2001:db8:1:1:ffff::1]:443", "reset").await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    assert_eq!(from("[2001:db8:1:2::1]:443", "reset").await.status, 200, "the house next door");
    assert_eq!(from("[2001:db8:1:1::1]:443", "forgot").await.status, 200, "what sends nothing is not counted");
}

/// A link dies with the address that it went to: whoever reads that address may be another by now.
#[tokio::test]
async fn a_reset_link_dies_when_its_address_changes() {
    let world = World::new().await;
    let team = hosting(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
    team.customer("POST", "cust-42", "/password-reset", json!({})).await.expect(202);
    let url = link_in(&world.sent().await.pop().unwrap().2);
    let mut browser = Browser::new(&world);
    let nonce = hidden(&browser.get(&url).await.text(), "nonce");
    let mut customer = json!({"username": "demo", "emails": [MAIL, "more@example.com"], "phones": [super::PHONE]});
    team.customer("PUT", "cust-42", "", customer.clone()).await.expect(200);
    assert_eq!(browser.get(&url).await.status, 200, "one more address takes nothing away");
    customer["emails"] = json!(["more@example.com"]);
    team.customer("PUT", "cust-42", "", customer).await.expect(200);
    assert_eq!(browser.get(&url).await.status, 410);
    let fields = [("act", "answer"), ("nonce", nonce.as_str()), ("password", NEW), ("again", NEW)];
    assert_eq!(browser.post(&url, &fields).await.status, 410);
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
}

/// K-32: who is disabled is authenticated nowhere any more, whichever conversation her login has proved.
#[tokio::test]
async fn k32_disabling_lowers_what_the_account_has_proved() {
    let world = World::new().await;
    let team = hosting(&world, json!({})).await;
    let (hers, other) = (team.open("sms", "+37255500007").await, team.open("sms", "+37255500008").await);
    let mut person = Person::at_login(&team, &hers).await;
    assert_eq!(person.does("answer", &[("username", "demo"), ("password", PASSWORD)]).await.status, 303);
    team.log_in(&other, "cust-7").await;
    assert_eq!(team.flag(&hers).await["authenticated"], true);
    team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
    let flag = team.flag(&hers).await;
    assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!("signed_out")));
    assert_eq!(team.flag(&other).await["authenticated"], true, "another customer's stands");
}

/// A ticket of somebody who was erased stays dead when her id comes back and logs in anew.
#[tokio::test]
async fn an_erased_customers_ticket_is_nobodys_when_her_id_comes_back() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    let old = team.enters("demo", PASSWORD, json!({})).await.expect(200);
    assert!(team.stands(&old).await);
    team.customer("DELETE", "cust-42", "", Value::Null).await.expect(200);
    let again = json!({"username": "demo", "password": PASSWORD});
    team.customer("PUT", "cust-42", "", again).await.expect(201);
    let new = team.enters("demo", PASSWORD, json!({})).await.expect(200);
    assert!(team.stands(&new).await && !team.stands(&old).await);
    let refresh = json!({"refreshToken": old["refreshToken"]});
    team.tickets("PUT", "/refresh", refresh).await.refused(401, "ticket-ended");
}

/// A053: a wrong password costs one hash, and so does one for a name that is nobody's, a guest's, a locked
/// or a disabled account's. How long they take follows from that.
#[tokio::test]
async fn a053_every_wrong_password_costs_the_same_hashes() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 2}})).await;
    team.customer("PUT", "guest", "", json!({"username": "guest", "emails": ["g@example.com"]})).await.expect(201);
    let off = json!({"username": "off", "password": NEW});
    team.customer("PUT", "off", "", off).await.expect(201);
    team.customer("POST", "off", "/disable", json!({})).await.expect(200);
    for _ in 0..2 {
        team.enters("demo", "wrong 1234", json!({})).await.refused(401, "login-failed");
    }
    world.clock.advance(MINUTE);
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let told = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let hashes = || {
        let text = told.render();
        let line = text.lines().find(|line| line.starts_with("countersign_password_hashes_total "));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    for (name, why) in [("demo", "locked"), ("nobody", "unknown"), ("guest", "a guest"), ("off", "disabled")] {
        let before = hashes();
        let body = json!({"username": name, "password": "wrong 1234"});
        world.call(&team.bot, "POST", TICKETS, body).await.refused(401, "login-failed");
        assert_eq!(hashes() - before, 1, "{why}");
    }
}
