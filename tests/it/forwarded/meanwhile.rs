//! What happens between an accepted proof and the browser that comes back for it: the proof is void, or is looked at
//! again, for the flag and for the door alike. Logins, answers on a page and logins at a door go the same way.

use serde_json::{Value, json};

use super::{PHONE, is_up, logs_in, team, text, vouched};
use crate::world::{Browser, Reply, Team, URL, Visit, World, hidden, shown_code};

const PASSWORD: &str = "vexed lamp 7";

const KINDS: [Kind; 3] = [Kind::Login, Kind::Answer, Kind::Door];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Login,
    Answer,
    Door,
}

/// A proof that was accepted; its browser has not come back.
struct Waiting {
    chat: String,
    browser: Browser,
    done: String,
    /// What was sent earlier and nobody has answered.
    other_page: String,
}

/// A team with a door that asks for a login.
async fn bank(world: &World) -> Team {
    let team = team(world, json!({})).await;
    for (name, definition) in [("session", "session"), ("sms", "recorder")] {
        let path = format!("/v1/teams/acme/channels/{name}");
        world.call(&team.admin, "PUT", &path, json!({"definition": definition})).await.expect(201);
    }
    let entry = json!({"require_authentication": true, "first": "login", "admit_url": "https://rooms.example.com/in"});
    team.set(json!({"entry": entry, "send_budget": {"resend_after_seconds": 1}})).await;
    team.shows_codes().await;
    team
}

async fn open(team: &Team, channel: &str, conversation: &str) -> String {
    let people = json!([{"role": "primary", "phone": PHONE}, {"role": "cosigner", "phone": "+37255500003"}]);
    let body = json!({"channel": channel, "conversation": conversation, "participants": people});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    text(&opened, "id").to_owned()
}

async fn invited(team: &Team, chat: &str, participant: &str) -> String {
    let path = format!("/v1/interactions/{chat}/invitations");
    let body = json!({"via": "sms", "participant": participant});
    text(&team.world.call(&team.agent, "POST", &path, body).await.expect(201), "url").to_owned()
}

/// Continue at the door; the way to the login page.
async fn at_login(browser: &mut Browser, invitation: &str) -> Visit {
    let on = browser.press(invitation, "continue", "").await;
    assert!(on.header("location").contains("cs_token="), "{} {}", on.status, on.text());
    Visit { cookie: browser.cookie.clone(), ..Visit::of(&on.header("location")) }
}

async fn put(team: &Team, chat: &str) -> Value {
    team.asks(&team.bot, chat, json!({"method": "otp", "deliver_to": "agent"})).await.expect(202)
}

/// The right answer on a challenge's page; where it leads.
async fn answers(team: &Team, chat: &str, browser: &mut Browser, page: &str) -> Reply {
    let on = browser.press(page, "continue", "").await;
    let form = browser.get(&on.header("location")).await;
    let (nonce, code) = (hidden(&form.text(), "nonce"), team.code(chat, 0).await);
    browser.post(page, &[("act", "answer"), ("nonce", &nonce), ("attempt", "one"), ("code", &code)]).await
}

async fn waits(team: &Team, kind: Kind, conversation: &str) -> Waiting {
    let chat = open(team, "webchat", conversation).await;
    let mut browser = Browser::new(&team.world);
    let (done, other_page) = match kind {
        Kind::Login => {
            let other = text(&put(team, &chat).await, "page_url").to_owned();
            let link = team.link(&chat).await;
            let visit = vouched(&mut browser, &link).await;
            (logs_in(team, &visit, "cust-42").await, other)
        }
        Kind::Answer => {
            let link = text(&team.link(&chat).await, "url").to_owned();
            let asked = put(team, &chat).await;
            let done = answers(team, &chat, &mut browser, text(&asked, "page_url")).await;
            assert_eq!(done.status, 303, "{}", done.text());
            (done.header("location"), link)
        }
        Kind::Door => {
            let link = text(&team.link(&chat).await, "url").to_owned();
            let visit = at_login(&mut browser, &invited(team, &chat, "p1").await).await;
            (logs_in(team, &visit, "cust-42").await, link)
        }
    };
    Waiting { chat, browser, done, other_page }
}

/// The browser comes back: it is not let in, is shown no code, and no flag goes up.
async fn comes_to_nothing(team: &Team, waiting: &mut Waiting, why: &str) {
    let page = waiting.browser.finish(&waiting.done).await;
    assert!(page.status >= 400, "{why}: {} {}", page.status, page.text());
    assert!(!page.text().contains("data-code") && !page.header("location").contains("cs_entry"), "{why}");
    let seen = team.bot("GET", &waiting.chat, "", Value::Null).await.expect(200);
    assert_ne!(seen["participants"][0]["entry"]["status"], "admitted", "{why}");
    assert_eq!(seen["participants"][0]["authentication"]["authenticated"], false, "{why}: {seen}");
}

/// 3: A new link, a sign-out, another person, a report of whatever else was sent, and the end of the conversation.
#[tokio::test]
async fn waiting_proof_is_void_after_something_newer() {
    let world = World::new().await;
    let team = bank(&world).await;
    for kind in KINDS {
        for what in ["link", "sign-out", "person", "report", "close"] {
            let why = format!("{kind:?}, {what}");
            let mut waiting = waits(&team, kind, &why).await;
            let chat = waiting.chat.clone();
            match what {
                "link" => drop(team.link(&chat).await),
                "report" => {
                    let reported = Browser::new(&world).press(&waiting.other_page, "report", "").await;
                    assert_eq!(reported.status, 200, "{why}: {}", reported.text());
                }
                "person" => {
                    let path = format!("/v1/interactions/{chat}/participants/p1");
                    world.call(&team.bot, "PATCH", &path, json!({"name": "Somebody Else"})).await.expect(200);
                }
                act => drop(team.bot("POST", &chat, &format!("/{act}"), json!({})).await.expect(200)),
            }
            comes_to_nothing(&team, &mut waiting, &why).await;
        }
    }
}

/// 6: A login counts neither for the flag nor for the door once its key is revoked, or another customer is known.
#[tokio::test]
async fn waiting_login_is_looked_at_again() {
    for what in ["key", "customer"] {
        for (kind, binding) in [(Kind::Login, "auto"), (Kind::Door, "auto"), (Kind::Door, "opener")] {
            let world = World::new().await;
            let team = bank(&world).await;
            let why = format!("{what}, {kind:?}, {binding}");
            team.set(json!({ "binding": binding })).await;
            let mut waiting = waits(&team, kind, "c1").await;
            if what == "key" {
                let path = format!("/v1/teams/acme/security-keys/{}", team.key.kid);
                world.call(&team.admin, "DELETE", &path, Value::Null).await.expect(200);
                comes_to_nothing(&team, &mut waiting, &why).await;
                continue;
            }
            let known = json!({"channel": "webchat", "conversation": "c1", "participants": [{"role": "primary"}],
                "identity_token": team.identity_token("cust-7")});
            world.call(&team.bot, "POST", "/v1/interactions", known).await.expect(200);
            let page = waiting.browser.finish(&waiting.done).await;
            assert!(page.status >= 400 && !page.text().contains("data-code"), "{why}: {}", page.text());
            let seen = team.bot("GET", &waiting.chat, "", Value::Null).await.expect(200);
            assert_ne!(seen["participants"][0]["entry"]["status"], "admitted", "{why}");
            assert_eq!(seen["participants"][0]["authentication"]["customer"]["id"], "cust-7", "{why}");
        }
    }
}

/// 6: No proof counts for a customer who was banned since, by guesses in another conversation.
#[tokio::test]
async fn waiting_proof_of_a_customer_who_was_banned_since_comes_to_nothing() {
    for binding in ["auto", "opener"] {
        // With `opener` nobody but the chat's window opens the page of a challenge.
        for kind in KINDS.into_iter().filter(|kind| binding == "auto" || *kind != Kind::Answer) {
            let world = World::new().await;
            let team = bank(&world).await;
            let facts = json!({"phones": [PHONE], "facts": {"first_pet": "Rex", "first_school": "Hill School"}});
            world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", facts).await.expect(201);
            let kba = json!({"enabled": true, "ask": ["first_pet", "first_school"], "questions": 2, "must_match": 2});
            team.set(json!({"binding": binding, "kba": kba, "lockout": {"threshold": 100, "max_lockouts": 0}})).await;
            let mut waiting = waits(&team, kind, "c1").await;

            let other = open(&team, "telegram", "4242").await;
            let asked = team.asks(&team.bot, &other, json!({"method": "kba"})).await.expect(202);
            let wrong = json!({"answers": ["no", "no"]});
            for n in 1..=100 {
                let told = team.attends(&team.bot, "POST", &asked, "/answers", wrong.clone()).await.expect(200);
                assert_eq!(told["outcome"], if n < 100 { "wrong" } else { "banned" }, "{n}");
            }
            let why = format!("{kind:?}, {binding}");
            let page = waiting.browser.finish(&waiting.done).await;
            assert!(!page.header("location").contains("cs_entry"), "{why}");
            if page.text().contains("data-code") {
                let heard = team.says(&waiting.chat, "m1", &shown_code(&page.text())).await.expect(200);
                assert_eq!(heard["outcome"], "banned", "{why}: {heard}");
                assert!(!is_up(&team, &waiting.chat).await, "{why}");
            } else {
                comes_to_nothing(&team, &mut waiting, &why).await;
            }
        }
    }
}

/// 6: A login at the door comes to nothing once guesses at the gateway's own login page, which the link of the same
/// conversation has led another browser to, have locked or banned whoever logs in there.
#[tokio::test]
async fn waiting_login_comes_to_nothing_after_a_lock_and_a_ban() {
    for (max_lockouts, status) in [(3, "locked"), (1, "banned")] {
        let world = World::new().await;
        let team = bank(&world).await;
        let budget = json!({"threshold": 3, "max_lockouts": max_lockouts});
        team.set(json!({"authentication_url": format!("{URL}/login/acme"), "lockout": budget})).await;
        let account = json!({"username": "demo", "password": PASSWORD});
        world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", account).await.expect(201);
        let chat = open(&team, "webchat", "c1").await;
        let link = team.link(&chat).await;
        let invitation = invited(&team, &chat, "p1").await;
        let mut guesser = Browser::new(&world);
        let guesses_at = guesser.continues(text(&link, "url")).await.url;
        let mut browser = Browser::new(&world);
        let page = at_login(&mut browser, &invitation).await.url;
        let done = enters(&mut browser, &page, PASSWORD).await.header("location");
        assert!(done.contains("/d/"), "{done}");
        let mut waiting = Waiting { chat: chat.clone(), browser, done, other_page: String::new() };
        for _ in 0..3 {
            enters(&mut guesser, &guesses_at, "wrong 1234").await;
        }
        assert_eq!(team.lockout(&chat).await["status"], status);
        comes_to_nothing(&team, &mut waiting, status).await;
    }
}

/// Name and password at the gateway's own login page.
async fn enters(browser: &mut Browser, page: &str, password: &str) -> Reply {
    let nonce = hidden(&browser.get(page).await.text(), "nonce");
    let fields = [("nonce", &*nonce), ("act", "answer"), ("username", "demo"), ("password", password)];
    browser.post(page, &fields).await
}

/// Where a team asks for no binding, its door still lets in the browser that logged in, and no other.
#[tokio::test]
async fn door_without_binding_lets_in_the_browser_that_logged_in() {
    let world = World::new().await;
    let team = bank(&world).await;
    team.set(json!({"binding": "none"})).await;
    for is_own in [true, false] {
        let chat = open(&team, "webchat", &format!("c-{is_own}")).await;
        let invitation = invited(&team, &chat, "p1").await;
        let mut browser = Browser::new(&world);
        let visit = at_login(&mut browser, &invitation).await;
        let done = logs_in(&team, &visit, "cust-42").await;
        let mut comes = if is_own { browser.clone() } else { Browser::new(&world) };
        let page = comes.finish(&done).await;
        assert_eq!(page.header("location").contains("cs_entry="), is_own, "{} {}", page.status, page.text());
        let again = browser.press(&invitation, "continue", "").await;
        assert_eq!(again.header("location").contains("cs_entry="), is_own, "{}", again.header("location"));
    }
}

/// 1: The browser that the chat's window has vouched for needs no second word when a reply was lost.
#[tokio::test]
async fn same_browser_begins_again_without_a_second_word_of_the_window() {
    let world = World::new().await;
    let team = team(&world, json!({"binding": "opener"})).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let lost = vouched(&mut browser, &link).await;
    logs_in(&team, &lost, "cust-42").await;
    assert_eq!(Browser::new(&world).press(text(&link, "url"), "continue", "").await.status, 403);
    let visit = browser.continues(text(&link, "url")).await;
    assert_ne!(visit.token, lost.token);
    let done = logs_in(&team, &visit, "cust-42").await;
    browser.finish(&done).await;
    assert_eq!(team.flag(&chat).await["binding"], "opener");
}

/// 1: The newest press has the login, also where another browser shows its code.
#[tokio::test]
async fn press_in_another_browser_voids_the_code_of_the_one_before() {
    let world = World::new().await;
    let team = team(&world, json!({"binding": "code"})).await;
    let chat = team.open("sms", PHONE).await;
    let link = team.link(&chat).await;
    let mut before = Browser::new(&world);
    let visit = before.continues(text(&link, "url")).await;
    let code = before.code(&logs_in(&team, &visit, "cust-42").await).await;
    let mut after = Browser::new(&world);
    let visit = after.continues(text(&link, "url")).await;
    assert_ne!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    let code = after.code(&logs_in(&team, &visit, "cust-42").await).await;
    assert_eq!(team.says(&chat, "m2", &code).await.expect(200)["outcome"], "passed");
}

/// 2: What was answered on its page is not answered again in the chat, rightly or wrongly, and stays hidden there.
#[tokio::test]
async fn answer_on_a_page_is_not_taken_again_in_the_chat() {
    let world = World::new().await;
    let team = bank(&world).await;
    let mut waiting = waits(&team, Kind::Answer, "c1").await;
    let right = team.code(&waiting.chat, 0).await;
    let wrong = Team::wrong(&right);
    for (n, text) in [wrong.as_str(), &wrong, &wrong, &wrong, &right].into_iter().enumerate() {
        let heard = team.says(&waiting.chat, &format!("m{n}"), text).await.expect(200);
        assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(true), &json!("already_used")), "{heard}");
        assert!(!heard.to_string().contains(text));
    }
    assert_eq!(team.lockout(&waiting.chat).await["failures"], 0);
    assert!(!is_up(&team, &waiting.chat).await);
    let shown = waiting.browser.finish(&waiting.done).await;
    let code = shown_code(&shown.text());
    assert_eq!(team.says(&waiting.chat, "m9", &code).await.expect(200)["outcome"], "passed");
    let passed = team.event_types().await.iter().filter(|kind| *kind == "challenge.passed").count();
    assert_eq!(passed, 1);
}

/// A cosigner is not the customer whom the primary is known as, however the primary has proved themselves.
#[tokio::test]
async fn cosigner_does_not_stand_for_the_customer_that_the_primary_is_known_as() {
    let world = World::new().await;
    let team = bank(&world).await;
    let people = json!([{"role": "primary", "phone": PHONE, "customer_id": "primary"},
        {"role": "cosigner", "phone": "+37255500003"}]);
    let body = json!({"channel": "sms", "conversation": PHONE, "participants": people});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = text(&opened, "id").to_owned();
    put(&team, &chat).await;
    let code = team.code(&chat, 0).await;
    assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");

    // By a link, and by an invitation: the primary presses Continue there, and logs in.
    let body = json!({"purpose": "mid_chat", "participant": "p2"});
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    let mut primary = Browser::new(&world);
    let visit = primary.continues(text(&link, "url")).await;
    let by_link = logs_in(&team, &visit, "primary").await;
    assert_eq!(primary.finish(&by_link).await.status, 410);
    let visit = at_login(&mut primary, &invited(&team, &chat, "p2").await).await;
    let by_door = logs_in(&team, &visit, "primary").await;
    let page = primary.finish(&by_door).await;
    assert!(!page.header("location").contains("cs_entry"), "{}", page.header("location"));
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!(seen["participants"][1]["authentication"]["authenticated"], false, "{seen}");
}

/// 6: An old done page shows nothing of who has proved themselves since, in another browser.
#[tokio::test]
async fn old_done_page_does_not_show_another_browsers_account() {
    let world = World::new().await;
    let team = bank(&world).await;
    let chat = open(&team, "session", "call-1").await;
    let invitation = invited(&team, &chat, "p1").await;
    let mut stranger = Browser::new(&world);
    let visit = at_login(&mut stranger, &invitation).await;
    let old = logs_in(&team, &visit, "stranger").await;
    assert!(stranger.finish(&old).await.header("location").contains("cs_entry="));
    let mut customer = Browser::new(&world);
    let visit = at_login(&mut customer, &invitation).await;
    let mut claims = team.claims(&visit, "customer");
    claims["name"] = json!("Eve Miller");
    let told = team.post_back(&visit, &team.sign(&claims)).await.expect(200);
    assert!(customer.finish(text(&told, "continue_url")).await.header("location").contains("cs_entry="));
    assert_eq!(team.flag(&chat).await["customer"]["id"], "customer");
    let page = stranger.finish(&old).await;
    assert!(page.status == 410 && !page.text().contains("Eve Miller"), "{} {}", page.status, page.text());
}
