//! Questions of a provider's: it puts them and says whether the answers are right; how often it is asked, and
//! what follows, is the gateway's. The provider is a real server that believes only what is signed.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use countersign::identity::{Checker, Kind};
use countersign_channels::definition::Account;
use countersign_channels::validation::FieldError;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{answer, chat, known, put};
use crate::photos::provider::{SECRET, signed};
use crate::world::{Browser, Team, World, hidden, worlds};

type Says = dyn Fn(&Value) -> (u16, Value) + Send + Sync;

/// The server.
#[derive(Clone)]
struct Asker {
    url: String,
    inside: Arc<Inside>,
}

struct Inside {
    got: Mutex<Vec<Value>>,
    says: Mutex<Arc<Says>>,
    unsigned: Mutex<bool>,
    slow: Mutex<Duration>,
}

/// Two questions, and what is right.
fn good(asked: &Value) -> (u16, Value) {
    let put =
        json!([{"text": "Which street was before?", "choices": ["Oak Street", "Mill Lane"]}, {"text": "First pet?"}]);
    let said = match asked["type"].as_str().unwrap() {
        "identity.questions" => json!({"request": asked["request"], "set": "set-1", "questions": put}),
        _ => json!({"check": asked["check"], "passed": asked["answers"] == json!(["Mill Lane", "Rex"])}),
    };
    (200, said)
}

const RIGHT: [&str; 2] = ["Mill Lane", "Rex"];
const WRONG: [&str; 2] = ["Oak Street", "Rex"];

impl Asker {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}/ask", listener.local_addr().expect("it is bound"));
        let says: Arc<Says> = Arc::new(good);
        let (got, unsigned, slow) = (Mutex::default(), Mutex::default(), Mutex::default());
        let asker = Self { url, inside: Arc::new(Inside { got, says: Mutex::new(says), unsigned, slow }) };
        let router = Router::new().fallback(answers).with_state(asker.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        asker
    }

    fn says(&self, says: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static) {
        *self.inside.says.lock().unwrap() = Arc::new(says);
    }

    /// What it was asked since this was last looked at, of that type.
    fn got(&self, kind: &str) -> Vec<Value> {
        let all = std::mem::take(&mut *self.inside.got.lock().unwrap());
        all.into_iter().filter(|asked| asked["type"] == kind).collect()
    }
}

async fn answers(State(asker): State<Asker>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = String::from_utf8(to_bytes(body, usize::MAX).await.expect("a body").to_vec()).expect("UTF-8");
    let header = |name: &str| parts.headers[name].to_str().expect("ASCII").to_owned();
    let (id, unix) = (header("webhook-id"), header("webhook-timestamp"));
    let [.., (_, right)] = signed(&id, unix.parse().expect("a time"), &text, SECRET);
    assert_eq!(header("webhook-signature"), right, "the gateway signs what it asks");
    let asked: Value = serde_json::from_str(&text).expect("JSON");
    asker.inside.got.lock().unwrap().push(asked.clone());
    let slow = *asker.inside.slow.lock().unwrap();
    tokio::time::sleep(slow).await;
    let says = asker.inside.says.lock().unwrap().clone();
    let (status, said) = says(&asked);
    let (body, mut response) = (said.to_string(), Response::builder().status(status));
    if !*asker.inside.unsigned.lock().unwrap() {
        for (name, value) in signed(&id, unix.parse().expect("a time"), &body, SECRET) {
            response = response.header(name, value);
        }
    }
    response.body(body.into()).expect("well-formed")
}

/// A team whose questions that provider puts, and a customer of whom it is told a little.
async fn asking(world: &World, asker: &Asker) -> Team {
    let team = world.team("acme").await;
    let body = json!({"kind": "signed", "account": {"url": asker.url}, "secrets": {"secret": SECRET}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/providers/house", body).await.expect(201);
    let kba = json!({"enabled": true, "provider": "house", "questions": 2, "must_match": 2,
        "send": ["phone", "born", "missing"]});
    team.set(json!({"kba": kba, "lockout": {"threshold": 3}})).await;
    let body = json!({"name": "Demo Customer", "phones": ["+37255512345"], "emails": ["demo@example.com"],
        "facts": {"born": "1990-01-02", "secret": "unsaid"}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", body).await.expect(201);
    team
}

/// A kind that takes no account any more, and counts how often one is brought.
#[derive(Default)]
struct Closed(AtomicUsize);

impl Kind for Closed {
    fn name(&self) -> &'static str {
        "signed"
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Checker>, Vec<FieldError>> {
        self.0.fetch_add(1, SeqCst);
        Err(Vec::new())
    }
}

/// An account that was taken once and cannot be used now is found out once, and not in every turn of the team; it
/// is tried again when it is another one.
#[tokio::test]
async fn an_account_that_cannot_be_used_is_tried_once() {
    let world = World::new().await;
    let team = asking(&world, &Asker::start().await).await;
    let closed = Arc::new(Closed::default());
    let team = Team { world: world.judged_by(closed.clone()), ..team };
    for n in 0..5 {
        let chat = team.open("sms", &format!("conv-{n}")).await;
        team.log_in(&chat, "cust-42").await;
    }
    assert_eq!(closed.0.load(SeqCst), 1);
    let body = json!({"kind": "signed", "account": {"url": "http://127.0.0.1:9/ask"}, "secrets": {"secret": SECRET}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/providers/house", body).await.expect(200);
    team.open("sms", "conv-6").await;
    assert_eq!(closed.0.load(SeqCst), 2);
}

/// L-13: a provider's questions are put and answered by the API, in the chat and on the page, alike; it is told
/// of the customer what the team names, and answers stand in nothing that is told.
#[tokio::test]
async fn l13_a_providers_questions_are_answered_wherever_others_are() {
    for world in worlds().await {
        let asker = Asker::start().await;
        let team = asking(&world, &asker).await;
        let by_api = known(&team, "conv-1").await;
        let asked = put(&team, &by_api).await;
        let questions = asked["questions"].as_array().unwrap();
        assert_eq!(
            (&questions[0]["choices"], &questions[1]["text"]),
            (&json!(["Oak Street", "Mill Lane"]), &json!("First pet?"))
        );
        let wanted = asker.got("identity.questions").pop().expect("it was asked");
        let customer = json!({"id": "cust-42", "fields": {"phone": ["+37255512345"], "born": ["1990-01-02"]}});
        assert_eq!(
            (&wanted["customer"], &wanted["questions"], &wanted["must_match"]),
            (&customer, &json!(2), &json!(2))
        );
        assert_eq!(answer(&team, &asked, WRONG).await.expect(200)["outcome"], "wrong");
        assert_eq!(answer(&team, &asked, RIGHT).await.expect(200)["outcome"], "passed");
        let flag = team.flag(&by_api).await;
        assert_eq!((&flag["methods"], &flag["customer"]["id"]), (&json!(["kba"]), &json!("cust-42")));
        let judged = asker.got("identity.answers");
        assert_eq!((judged.len(), &judged[1]["set"]), (2, &json!("set-1")));
        assert_ne!(judged[0]["check"], judged[1]["check"]);

        let in_chat = known(&team, "conv-2").await;
        put(&team, &in_chat).await;
        assert_eq!(team.says(&in_chat, "m1", "just a moment").await.expect(200)["consumed"], false);
        for _ in 0..2 {
            let heard = team.says(&in_chat, "m2", "Oak Street\nRex").await.expect(200);
            assert_eq!((&heard["kind"], &heard["outcome"]), (&json!("kba"), &json!("wrong")), "told twice, asked once");
        }
        assert_eq!(team.says(&in_chat, "m3", "Mill Lane\nRex").await.expect(200)["outcome"], "passed");
        assert_eq!(asker.got("identity.answers").len(), 2);

        let on_page = known(&team, "conv-3").await;
        let asked = put(&team, &on_page).await;
        let mut browser = Browser::new(&world);
        let on = browser.press(asked["page_url"].as_str().unwrap(), "continue", "").await;
        let page = browser.get(&on.header("location")).await;
        let at = on.header("location").split('?').next().unwrap().to_owned();
        let send = async |answers: [&str; 2], attempt: &str| {
            let nonce = hidden(&page.text(), "nonce");
            let fields = [("act", "answer"), ("nonce", nonce.as_str()), ("attempt", attempt)];
            let typed = [("answer_1", answers[0]), ("answer_2", answers[1])];
            browser.post(&at, &[&fields[..], &typed].concat()).await
        };
        let wrong = send(WRONG, "one").await;
        assert!(wrong.status == 422 && wrong.text().contains("Not enough of that was right"), "{}", wrong.text());
        let done = send(RIGHT, "two").await;
        assert_eq!(done.status, 303);
        assert_eq!(team.flag(&on_page).await["authenticated"], false, "the chat has not said that it is theirs");
        let code = browser.clone().code(&done.header("location")).await;
        assert_eq!(team.says(&on_page, "m9", &code).await.expect(200)["outcome"], "passed");
        assert_eq!(team.flag(&on_page).await["methods"], json!(["kba"]));
        let told = json!(team.events().await).to_string();
        assert!(!told.contains("Rex") && !told.contains("Mill Lane"), "{told}");
    }
}

/// L-10: at the door as well.
#[tokio::test]
async fn l10_a_providers_questions_open_the_door() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    team.channel("sms").await;
    team.set(json!({"entry": {"require_authentication": true, "first": "kba"}})).await;
    let chat = chat(&team, "conv-1", json!({"phone": "+37255512345"})).await;
    let path = format!("/v1/interactions/{chat}/invitations");
    let made = world.call(&team.agent, "POST", &path, json!({"via": "sms"})).await.expect(201);
    let url = made["url"].as_str().unwrap();
    // Pressed as often as one likes, Continue has one set made: each is somebody's money.
    let mut browser = Browser::new(&world);
    let nonce = hidden(&browser.get(url).await.text(), "nonce");
    *asker.inside.slow.lock().unwrap() = Duration::from_millis(30);
    let fields = [("act", "continue"), ("nonce", nonce.as_str())];
    let presses = futures_util::future::join_all((0..5).map(|_| browser.post(url, &fields))).await;
    assert!(presses.iter().all(|press| press.status == 303), "{}", presses[0].text());
    assert_eq!(asker.got("identity.questions").len(), 1);
    let page = browser.get(&presses[0].header("location")).await;
    let nonce = hidden(&page.text(), "nonce");
    let fields =
        [("act", "answer"), ("nonce", &nonce), ("attempt", "one"), ("answer_1", RIGHT[0]), ("answer_2", RIGHT[1])];
    let entered = browser.post(url, &fields).await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    browser.finish(&entered.header("location")).await;
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200)["participants"][0].clone();
    assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!("kba")));
}

/// A052: who is unknown is put the provider's own questions as well, and nothing that it says of them passes.
#[tokio::test]
async fn a052_nobody_passes_who_has_no_record() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    let (mine, nobody) = (known(&team, "conv-1").await, chat(&team, "conv-2", json!({"customer_id": "cust-9"})).await);
    let (known, unknown) = (put(&team, &mine).await, put(&team, &nobody).await);
    assert_eq!(known["questions"], unknown["questions"]);
    let wanted = asker.got("identity.questions");
    assert_eq!((&wanted[1]["customer"], wanted[1]["person"].is_string()), (&Value::Null, true));
    put(&team, &nobody).await;
    assert_eq!(asker.got("identity.questions")[0]["person"], wanted[1]["person"], "so that she can be asked the same");
    let unknown = put(&team, &nobody).await;
    assert_eq!(answer(&team, &unknown, RIGHT).await.expect(200)["outcome"], "wrong");
    assert_eq!(asker.got("identity.answers").len(), 1, "it is asked all the same");
}

/// §3.8: whoever races, no more sets are judged than the lockout allows.
#[tokio::test]
async fn no_more_sets_are_judged_than_may_be() {
    for world in worlds().await {
        let asker = Asker::start().await;
        let team = asking(&world, &asker).await;
        *asker.inside.slow.lock().unwrap() = Duration::from_millis(30);
        let chat = known(&team, "conv-1").await;
        let asked = put(&team, &chat).await;
        let tries = (0..8).map(|_| answer(&team, &asked, WRONG));
        let told: Vec<Value> =
            futures_util::future::join_all(tries).await.iter().map(|reply| reply.expect(200)).collect();
        let count = |outcome: &str| told.iter().filter(|one| one["outcome"] == outcome).count();
        assert_eq!((count("wrong"), count("locked")), (2, 6), "{told:?}");
        assert_eq!(asker.got("identity.answers").len(), 3);
    }
}

/// A text in the chat of two who are both asked is its writer's answer, and the other is asked nothing by it.
#[tokio::test]
async fn a_text_is_judged_for_its_writer_alone() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-43", json!({"name": "Demo Two"})).await.expect(201);
    let people = json!([{"role": "primary", "customer_id": "cust-42"}, {"role": "cosigner", "customer_id": "cust-43"}]);
    let body = json!({"channel": "webchat", "conversation": "conv-1", "participants": people});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = opened["id"].as_str().unwrap();
    let ids: Vec<&Value> = opened["participants"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    let mut asked = Vec::new();
    for id in &ids {
        asked.push(team.asks(&team.bot, chat, json!({"method": "kba", "participant": id})).await.expect(202));
    }
    let heard = team.says(chat, "m1", &WRONG.join("\n")).await.expect(200);
    assert_eq!((&heard["kind"], &heard["outcome"]), (&json!("kba"), &json!("wrong")));
    assert_eq!(asker.got("identity.answers").len(), 1);
    assert_eq!(team.says(chat, "m2", &RIGHT.join("\n")).await.expect(200)["outcome"], "passed");
    assert_eq!(asker.got("identity.answers").len(), 1);
    for (challenge, expected) in asked.iter().zip([("passed", 2), ("pending", 3)]) {
        let seen = team.attends(&team.bot, "GET", challenge, "", Value::Null).await.expect(200);
        assert_eq!((&seen["status"], &seen["tries_left"]), (&json!(expected.0), &json!(expected.1)));
    }
}

/// A115: a provider that does not answer, or not as it should, is 503: nothing is counted, somebody is told once,
/// and there are no tries without end.
#[tokio::test]
async fn a115_a_provider_that_says_nothing_counts_for_nothing() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    let chat = known(&team, "conv-1").await;
    asker.says(|_| (503, Value::Null));
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(503, "provider-down");
    asker.says(|asked| (200, json!({"request": asked["request"], "set": "", "questions": []})));
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(503, "provider-down");
    asker.says(good);
    let asked = put(&team, &chat).await;
    asker.says(|_| (500, Value::Null));
    answer(&team, &asked, RIGHT).await.refused(503, "provider-down");
    assert_eq!(team.says(&chat, "m1", "Mill Lane\nRex").await.status, 503, "and the bot may tell it again");
    asker.says(|asked| (200, json!({"check": asked["check"], "passed": "yes"})));
    answer(&team, &asked, RIGHT).await.refused(503, "provider-down");
    asker.says(|_| (200, json!({"check": "0199a0b0-0000-7000-8000-000000000000-1-1", "passed": true})));
    answer(&team, &asked, RIGHT).await.refused(503, "provider-down");
    asker.says(|asked| (200, json!({"check": asked["check"], "passed": true})));
    *asker.inside.unsigned.lock().unwrap() = true;
    answer(&team, &asked, RIGHT).await.refused(503, "provider-down");
    *asker.inside.unsigned.lock().unwrap() = false;
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    let seen = team.attends(&team.bot, "GET", &asked, "", Value::Null).await.expect(200);
    assert_eq!((&seen["status"], &seen["tries_left"]), (&json!("pending"), &json!(3)));
    asker.says(good);
    assert_eq!(team.says(&chat, "m1", "Mill Lane\nRex").await.expect(200)["outcome"], "passed");
    let types = team.event_types().await;
    let count = |kind: &str| types.iter().filter(|one| *one == kind).count();
    assert_eq!((count("provider.down"), count("provider.up")), (2, 2), "{types:?}");
    assert_eq!((count("challenge.undecided"), count("challenge.wrong")), (5, 0), "{types:?}");

    let asked = put(&team, &chat).await;
    asker.says(|_| (503, Value::Null));
    for _ in 0..10 {
        answer(&team, &asked, RIGHT).await.refused(503, "provider-down");
    }
    let seen = team.attends(&team.bot, "GET", &asked, "", Value::Null).await.expect(200);
    assert_eq!(seen["status"], "undecided");
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(423, "locked");
    asker.says(good);
    // Whoever is kept out so is listed, and an agent lets her in again.
    world.gateway.maintain().await.expect("it is told");
    let list = "/v1/teams/acme/lockouts";
    let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
    let row = &listed["items"][0];
    assert_eq!((&row["status"], &row["method"], &row["lockouts"]), (&json!("locked"), &json!("kba"), &json!(0)));
    let lift = format!("{list}/{}/unlock", row["id"].as_str().unwrap());
    world.call(&team.agent, "POST", &lift, json!({"reason": "the provider is back"})).await.expect(204);
    put(&team, &chat).await;
    assert!(team.event_types().await.contains(&"participant.unlocked".to_owned()));
    let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

/// A set costs: none is had about a record that is banned, by whichever name it is asked for.
#[tokio::test]
async fn no_set_is_had_about_a_record_that_is_banned() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    team.set(json!({"lockout": {"threshold": 100, "max_lockouts": 0}})).await;
    let mine = chat(&team, "conv-1", json!({"phone": "+37255512345"})).await;
    let asked = put(&team, &mine).await;
    for _ in 0..100 {
        answer(&team, &asked, WRONG).await.expect(200);
    }
    assert_eq!(asker.got("identity.questions").len(), 1);
    let other = chat(&team, "conv-2", json!({"email": "demo@example.com"})).await;
    team.asks(&team.bot, &other, json!({"method": "kba"})).await.refused(403, "banned");
    assert_eq!(asker.got("identity.questions").len(), 0);
}

/// Off where nobody of that name is there, or its kind puts no questions; and the settings say what leaves.
#[tokio::test]
async fn a_provider_that_puts_no_questions_is_none() {
    let (world, asker) = (World::new().await, Asker::start().await);
    let team = asking(&world, &asker).await;
    let chat = known(&team, "conv-1").await;
    let seen = world.call(&team.admin, "GET", "/v1/teams/acme/settings?effective=true", Value::Null).await.expect(200);
    let warned: Vec<&str> =
        seen["warnings"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(warned.contains(&"kba.provider"), "{warned:?}");
    let mitek = json!({"kind": "mitek", "account": {"client_id": "a"}, "secrets": {"client_secret": "b"}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/providers/mitek", mitek).await.expect(201);
    for name in ["mitek", "elsewhere"] {
        team.set(json!({"kba": {"provider": name}})).await;
        team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(409, "method-unavailable");
    }
    assert!(asker.got("identity.questions").is_empty());
}

/// The provider of `examples/`, run as it is.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_provider_puts_questions() {
    use crate::outside::{Gateway, OWNER, Process, have};
    use crate::ports::free_port;
    use reqwest::Method;
    if !have("python3") {
        return;
    }
    let gateway = Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", "[\"127.0.0.0/8\"]")]);
    let mut python = std::process::Command::new("python3");
    python.arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/identity_provider.py"));
    python.env("SECRET", SECRET).env("PORT", free_port().to_string());
    let (_provider, url) = Process::start(&mut python, "identity provider on ");
    let team = gateway.team("shop", "http://127.0.0.1:9/login").await;
    let body = json!({"kind": "signed", "account": {"url": url.trim()}, "secrets": {"secret": SECRET}});
    gateway.call(Method::PUT, "/v1/teams/shop/providers/house", OWNER, body).await;
    let settings = json!({"kba": {"enabled": true, "provider": "house"}});
    gateway.call(Method::PATCH, "/v1/teams/shop/settings", OWNER, settings).await;
    gateway.call(Method::PUT, "/v1/teams/shop/customers/cust-42", OWNER, json!({"name": "Demo Customer"})).await;
    let call = |method, path: String, body| {
        let (gateway, key) = (&gateway, &team.bot_key);
        async move { gateway.call(method, &path, key, body).await }
    };
    let people = json!([{"role": "primary", "customer_id": "cust-42"}]);
    let opened = json!({"channel": "terminal", "conversation": "c1", "participants": people});
    let opened = call(Method::POST, "/v1/interactions".into(), opened).await;
    let chat = format!("/v1/interactions/{}", opened["id"].as_str().expect("an id"));
    let asked = call(Method::POST, format!("{chat}/challenges"), json!({"method": "kba"})).await;
    assert_eq!(asked["questions"].as_array().map(Vec::len), Some(3), "{asked}");
    let right = |question: &Value| match question["text"].as_str().unwrap() {
        "Which street did you live in before?" => "Mill Lane",
        "What was your first pet called?" => "rex",
        "In which year did you open your account?" => "2009",
        other => panic!("nobody asks {other}"),
    };
    let answers: Vec<&str> = asked["questions"].as_array().unwrap().iter().map(right).collect();
    let at = format!("/v1/challenges/{}/answers", asked["id"].as_str().unwrap());
    let wrong = call(Method::POST, at.clone(), json!({"answers": ["a", "b", "c"]})).await;
    assert_eq!(wrong["outcome"], "wrong");
    assert_eq!(call(Method::POST, at, json!({"answers": answers})).await["outcome"], "passed");
}
