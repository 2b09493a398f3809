//! What servers call, each for thousands of customers: login pages and back ends. However often they call, what is
//! right is taken; what fails is cut, whoever sends it, and takes nothing from those who share its address.
//! Platforms and identity providers are held to the same in `inbound::callers` and `photos::callbacks`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::future::{join, join_all};
use http::Request;
use serde_json::{Value, json};

use crate::world::{OWNER, Reply, Team, URL, Visit, World};

const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// How often a source may fail before it is told so, and some that it gets back meanwhile.
const MANY: usize = 1_000;

async fn send(world: &World, from: IpAddr, request: http::request::Builder, body: String) -> Reply {
    let request = request.extension(ConnectInfo(SocketAddr::new(from, 4000)));
    world.send(request.body(Body::from(body)).expect("well-formed")).await
}

async fn post(team: &Team, from: IpAddr, visit: &Visit, assertion: &str) -> Reply {
    let path = visit.callback.strip_prefix(URL).expect("the callback is ours");
    let request = Request::post(path).header("content-type", "application/json");
    send(&team.world, from, request, json!({ "assertion": assertion }).to_string()).await
}

async fn right(team: &Team, visit: &Visit) -> Reply {
    post(team, SERVER, visit, &team.assertion(visit, "cust-42")).await
}

/// Signed by somebody else.
async fn garbage(team: &Team, from: IpAddr, visit: &Visit) -> Reply {
    let good = team.assertion(visit, "cust-42");
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    post(team, from, visit, &format!("{signed}.{}", "A".repeat(43))).await
}

/// People who are at the login page, each from a conversation of their own.
async fn at_login(team: &Team, people: usize) -> Vec<Visit> {
    team.set(json!({"link": {"landing": "optional"}})).await;
    let mut visits = Vec::new();
    for n in 0..people {
        let chat = team.open("sms", &format!("+37255{n:06}")).await;
        let body = json!({"purpose": "mid_chat", "landing": false});
        let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
        visits.push(Visit::of(link["direct_url"].as_str().expect("the signed URL was asked for")));
    }
    visits
}

/// Fails until it is told that it does so too often; how often it was refused otherwise before.
async fn until_cut(refused: u16, mut fail: impl AsyncFnMut(usize) -> Reply) -> usize {
    for n in 0..MANY {
        let told = fail(n).await;
        if told.status == 429 {
            assert_eq!(told.header("retry-after"), "1");
            return n;
        }
        assert_eq!(told.status, refused, "{}", told.text());
    }
    panic!("{MANY} failures were judged alike");
}

#[tokio::test]
async fn right_post_backs_of_one_address_are_all_taken() {
    let team = World::new().await.team("acme").await;
    for (n, visit) in at_login(&team, 2_000).await.iter().enumerate() {
        let told = right(&team, visit).await;
        assert_eq!(told.status, 200, "{n}: {}", told.text());
    }
}

/// A visitor can make a genuine login page's server fail, and knows no link but their own. Whatever they have it
/// post, other links' answers from there are taken, and in the end their own.
#[tokio::test]
async fn failing_post_backs_of_an_address_take_nothing_from_the_right_ones() {
    let team = World::new().await.team("acme").await;
    let visits = at_login(&team, 40).await;
    let cut = until_cut(401, async |_| garbage(&team, SERVER, &visits[0]).await).await;
    assert!(cut >= 200, "{cut}");
    garbage(&team, SERVER, &visits[0]).await.refused(429, "too-many-requests");
    for visit in &visits[1..20] {
        let flood = join_all((0..50).map(|_| garbage(&team, SERVER, &visits[0])));
        let (told, flood) = join(right(&team, visit), flood).await;
        assert_eq!(told.status, 200, "{}", told.text());
        assert!(flood.iter().all(|told| [401, 429].contains(&told.status)));
    }
    // Links that nobody made, bodies that nobody can read, and a browser's form.
    let unknown =
        Visit { token: String::new(), callback: format!("{URL}/p/unknown"), url: String::new(), cookie: None };
    until_cut(404, async |_| garbage(&team, SERVER, &unknown).await).await;
    let path = visits[0].callback.strip_prefix(URL).expect("the callback is ours");
    let request = |kind: &str| Request::post(path).header("content-type", kind.to_owned());
    until_cut(400, async |_| send(&team.world, SERVER, request("application/json"), "{".into()).await).await;
    let form = "application/x-www-form-urlencoded";
    let mut page = None;
    until_cut(401, async |_| {
        let told = send(&team.world, SERVER, request(form), "assertion=a.b.c".into()).await;
        page = Some(told.header("content-type"));
        told
    })
    .await;
    assert!(page.is_some_and(|kind| kind.starts_with("text/html")));
    for visit in visits[20..].iter().chain(&visits[..1]) {
        right(&team, visit).await.expect(200);
    }
}

/// A link and a team are cut from whatever addresses their failures come, and their right answers are taken.
#[tokio::test]
async fn failing_post_backs_of_a_link_and_of_a_team_are_cut_whoever_sends_them() {
    let address =
        |n: usize| IpAddr::from([198, 51, u8::try_from(n / 250).expect("few"), u8::try_from(n % 250).expect("few")]);
    let team = World::new().await.team("acme").await;
    let visits = at_login(&team, 20).await;
    until_cut(401, async |n| garbage(&team, address(n), &visits[0]).await).await;
    right(&team, &visits[0]).await.expect(200);
    let team = World::new().await.team("acme").await;
    let visits = at_login(&team, 20).await;
    until_cut(401, async |n| garbage(&team, address(n), &visits[n % 20]).await).await;
    for visit in &visits {
        right(&team, visit).await.expect(200);
    }
    // Another team's failures are its own.
    let other = team.world.team("other").await;
    let visit = &at_login(&other, 1).await[0];
    assert_eq!(garbage(&other, address(999), visit).await.status, 401);
}

/// Signed answers that fit no record ask the company's directory each time: those for one link are bounded, and
/// other links' are not touched.
#[tokio::test]
async fn a_link_asks_the_directory_so_often_and_others_go_on() {
    let team = World::new().await.team("acme").await;
    let visits = at_login(&team, 2).await;
    team.set(json!({"directory": {"match": ["last_name"]}})).await;
    let record = json!({"name": "Demo Customer", "private_data": {"last_name": "Customer"}});
    team.world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", record).await.expect(201);
    let answers = async |visit: &Visit, name: &str| {
        let mut claims = team.claims(visit, "cust-42");
        claims["private_data"] = json!({"last_name": name});
        post(&team, SERVER, visit, &team.sign(&claims)).await
    };
    let asked = until_cut(422, async |_| answers(&visits[0], "Nobody").await).await;
    assert!(asked >= 200, "{asked}");
    answers(&visits[1], "Customer").await.expect(200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    answers(&visits[0], "Customer").await.expect(200);
}

/// A back end calls with one key for everybody; keys that nobody holds are cut.
#[tokio::test]
async fn a_good_key_is_taken_however_many_bad_ones_come_from_its_address() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let path = format!("/v1/interactions/{chat}/authentication");
    let read = async |key: String| {
        send(&world, SERVER, Request::get(&path).header("authorization", format!("Bearer {key}")), String::new()).await
    };
    for _ in 0..2_000 {
        read(team.bot.clone()).await.expect(200);
    }
    let other = world.team("other").await;
    let bad = |n: usize| match n % 3 {
        0 => format!("csk_nobody{n}_x"),
        1 => format!("{}x", team.bot),
        _ => "csk_acme_k1_aaaa".to_owned(),
    };
    let cut = until_cut(401, async |n| read(bad(n)).await).await;
    assert!(cut >= 100, "{cut}");
    for (n, key) in [&team.bot, &team.agent, &team.admin, &OWNER.to_owned()].into_iter().enumerate() {
        let (good, bad) =
            join(read(key.clone()), join_all((0..50).map(|m| read(bad(n * 50 + m))).collect::<Vec<_>>())).await;
        assert_eq!(good.status, 200, "{}", good.text());
        assert!(bad.iter().all(|told| [401, 429].contains(&told.status)));
    }
    assert_eq!(read(other.bot.clone()).await.status, 404, "a key of another team is as good");
    assert_eq!(world.call("", "GET", &path, Value::Null).await.status, 401, "no key at all counts for nobody");
}
