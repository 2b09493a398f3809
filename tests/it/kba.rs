//! Questions that only the customer should know the answers to, by the API, in the chat and on their page.
//! A set is one attempt; what is right stands in the directory and comes to light nowhere else.

use std::time::Duration;

use serde_json::{Value, json};

mod failure_limits;
mod provider;

use crate::world::{Browser, Reply, Team, World, hidden, worlds};

const FACTS: [(&str, &str, &str); 4] = [
    ("first_pet", "First pet", "Mr. Paws"),
    ("card", "Which card do you have?", "4000 1234"),
    ("moved_in", "Moved in", "2001-12-31"),
    ("first_school", "First school", "Hill School"),
];

/// A team that asks three questions, and a customer whose facts it has.
async fn asking(world: &World) -> Team {
    let team = world.team("acme").await;
    let ask = json!(["first_pet", {"fact": "card", "question": "Which card do you have?", "as": "digits"},
        {"fact": "moved_in", "as": "date"}, "first_school"]);
    team.set(json!({"kba": {"enabled": true, "ask": ask}, "lockout": {"threshold": 3}})).await;
    let facts: serde_json::Map<_, _> =
        FACTS.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))).collect();
    let body = json!({"name": "Demo Customer", "emails": ["demo@example.com"], "facts": facts});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", body).await.expect(201);
    team
}

/// A conversation with somebody who is said to be that customer.
async fn chat(team: &Team, conversation: &str, who: Value) -> String {
    let mut person = json!({"role": "primary"});
    person.as_object_mut().unwrap().extend(who.as_object().cloned().unwrap());
    let body = json!({"channel": "webchat", "conversation": conversation, "participants": [person]});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    opened["id"].as_str().unwrap().to_owned()
}

async fn known(team: &Team, conversation: &str) -> String {
    chat(team, conversation, json!({"customer_id": "cust-42"})).await
}

async fn put(team: &Team, chat: &str) -> Value {
    team.asks(&team.bot, chat, json!({"method": "kba"})).await.expect(202)
}

/// The right answers in the order of the questions, as somebody would type them.
fn right(challenge: &Value) -> Vec<String> {
    let of = |question: &Value| match question["text"].as_str().unwrap() {
        "First pet" => "mr. paws",
        "Which card do you have?" => "40001234",
        "Moved in" => "31.12.2001",
        "First school" => "HILL  school ",
        other => panic!("nobody asks {other}"),
    };
    challenge["questions"].as_array().unwrap().iter().map(|q| of(q).to_owned()).collect()
}

/// The right ones but for that one.
fn wrong_at(challenge: &Value, at: usize) -> Vec<String> {
    let mut answers = right(challenge);
    answers[at] = "no".into();
    answers
}

async fn answer(team: &Team, challenge: &Value, answers: impl serde::Serialize) -> Reply {
    team.attends(&team.bot, "POST", challenge, "/answers", json!({"answers": answers})).await
}

/// L-13: right answers raise the flag with their own method, of the customer whose facts they are, once;
/// by a list or by the questions' ids.
#[tokio::test]
async fn l13_a_whole_set_of_right_answers_raises_the_flag_once() {
    for world in worlds().await {
        let team = asking(&world).await;
        let chat = known(&team, "conv-1").await;
        let asked = put(&team, &chat).await;
        assert_eq!(asked["method"], "kba");
        let questions = asked["questions"].as_array().unwrap();
        assert_eq!(questions.len(), 3);
        assert_eq!((&questions[0]["id"], &questions[0]["choices"]), (&json!("answer_1"), &json!([])));
        let good = right(&asked);
        let named: Value = (1..).zip(&good).map(|(n, text)| (format!("answer_{n}"), json!(text))).collect();
        let told = answer(&team, &asked, named).await.expect(200);
        assert_eq!(told["outcome"], "passed");
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["methods"], &flag["binding"]), (&json!(["kba"]), &json!("typed")));
        assert_eq!(flag["customer"], json!({"id": "cust-42", "name": "Demo Customer"}));
        assert_eq!(answer(&team, &asked, &good).await.expect(200)["outcome"], "already_used");
        let types = team.event_types().await;
        for kind in ["challenge.started", "challenge.passed", "participant.authenticated"] {
            assert!(types.contains(&kind.to_owned()), "{kind}: {types:?}");
        }
    }
}

/// A046, §3.4: one set is one attempt whatever was wrong in it, the answer is the same wherever that was,
/// it is off by default and says that it is below the standards.
#[tokio::test]
async fn a046_a_set_is_one_attempt_and_tells_nothing_of_its_parts() {
    let world = World::new().await;
    let team = asking(&world).await;
    let seen = world.call(&team.admin, "GET", "/v1/teams/acme/settings?effective=true", Value::Null).await.expect(200);
    let warning = &seen["warnings"][0];
    assert!(warning["path"] == "kba.enabled" && warning["detail"].as_str().unwrap().contains("6.4.2"), "{seen}");
    let told = async |conversation: &str, at: &[usize]| {
        let chat = known(&team, conversation).await;
        let asked = put(&team, &chat).await;
        let mut answers = right(&asked);
        at.iter().for_each(|at| answers[*at] = "no".into());
        answer(&team, &asked, answers).await.expect(200)
    };
    let first = told("conv-1", &[0]).await;
    assert_eq!((&first["outcome"], &first["tries_left"]), (&json!("wrong"), &json!(2)));
    for (conversation, at) in [("conv-2", &[1][..]), ("conv-3", &[2]), ("conv-4", &[0, 1, 2])] {
        assert_eq!(told(conversation, at).await, first, "{at:?}");
    }
    let chat = known(&team, "conv-5").await;
    let asked = put(&team, &chat).await;
    let named = json!({"answer_2": "x", "answer_3": "y"});
    for part in [
        json!([]),
        json!(["mr. paws"]),
        json!(["", "", ""]),
        json!(["", "x", "y"]),
        json!(["x", "y", " "]),
        json!(["a", "b", "c", "d"]),
        named,
    ] {
        let told = answer(&team, &asked, part).await.expect(200);
        assert_eq!((&told["outcome"], &told["tries_left"]), (&json!("not_a_code"), &json!(3)));
    }
    for (body, pointer) in [
        (json!({}), "/answer"),
        (json!({"answer": "x", "answers": ["x"]}), "/answers"),
        (json!({"answers": {"first_pet": "x"}}), "/answers"),
        (json!({"answers": ["x".repeat(201)]}), "/answers/0"),
        (json!({"answers": {"answer_2": "x".repeat(201)}}), "/answers/answer_2"),
        (json!({"answers": {"answer_11": "x"}}), "/answers"),
    ] {
        let refused = team.attends(&team.bot, "POST", &asked, "/answers", body).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    team.set(json!({"kba": {"enabled": false}})).await;
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(409, "method-unavailable");
}

/// A052: who is unknown is put the same challenge and hears the same; asking again asks the same.
#[tokio::test]
async fn a052_an_unknown_person_is_put_the_same_and_is_never_right() {
    let world = World::new().await;
    let team = asking(&world).await;
    let (mine, nobody) = (known(&team, "conv-1").await, chat(&team, "conv-2", json!({"customer_id": "cust-9"})).await);
    let (known, unknown) = (put(&team, &mine).await, put(&team, &nobody).await);
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&known), members(&unknown));
    assert_eq!(known["tries_left"], unknown["tries_left"]);
    assert_eq!(answer(&team, &unknown, right(&unknown)).await.expect(200)["outcome"], "wrong");
    assert_eq!(put(&team, &nobody).await["questions"], unknown["questions"], "steady");
    assert_eq!(put(&team, &mine).await["questions"], known["questions"]);
    // By her own mail address she is known, too; by one that nobody has she is not.
    let by_mail = chat(&team, "conv-3", json!({"email": "Demo@Example.com"})).await;
    let asked = put(&team, &by_mail).await;
    assert_eq!(asked["questions"], known["questions"]);
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed");
    assert_eq!(team.flag(&by_mail).await["customer"]["id"], "cust-42");
}

/// §3.8: wrong sets lock the address for this method, over any number of challenges and whoever races.
#[tokio::test]
async fn wrong_sets_lock_and_no_more_are_judged_than_may_be() {
    let world = World::new().await;
    let team = asking(&world).await;
    let chat = known(&team, "conv-1").await;
    let first = put(&team, &chat).await;
    assert_eq!(answer(&team, &first, wrong_at(&first, 0)).await.expect(200)["outcome"], "wrong");
    let asked = put(&team, &chat).await;
    let tries = (0..8).map(|n| answer(&team, &asked, wrong_at(&asked, n % 3)));
    let told: Vec<Value> = futures_util::future::join_all(tries).await.iter().map(|reply| reply.expect(200)).collect();
    let count = |outcome: &str| told.iter().filter(|one| one["outcome"] == outcome).count();
    assert_eq!((count("wrong"), count("locked")), (1, 7), "{told:?}");
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(423, "locked");
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "locked", "nothing is compared");
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    let locks = &seen["participants"][0]["lockout"]["by_method"];
    assert_eq!((&locks["kba"]["status"], &locks["otp"]), (&json!("locked"), &Value::Null), "{locks}");
    world.pass(Duration::from_secs(15 * 60)).await;
    let asked = put(&team, &chat).await;
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed");
}

/// In the chat a line for each question is an answer and is taken out of the conversation; all else is talk.
#[tokio::test]
async fn in_the_chat_a_line_for_each_question_is_the_answer() {
    let world = World::new().await;
    let team = asking(&world).await;
    let chat = known(&team, "conv-1").await;
    let asked = put(&team, &chat).await;
    for (n, talk) in ["why do you ask?", "mr. paws", "one\ntwo"].iter().enumerate() {
        assert_eq!(team.says(&chat, &format!("t{n}"), talk).await.expect(200)["consumed"], false);
    }
    let heard = team.says(&chat, "m1", &wrong_at(&asked, 1).join("\n")).await.expect(200);
    assert_eq!((&heard["kind"], &heard["outcome"]), (&json!("kba"), &json!("wrong")));
    let heard = team.says(&chat, "m2", &right(&asked).join("\n")).await.expect(200);
    assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(true), &json!("passed")));
    assert!(!heard.to_string().contains("paws"));
}

/// The page asks without JavaScript, ends with the set's time, and what is right stands in nothing that is
/// told: neither in events nor on pages nor in what callers read. Agents cannot look, either.
#[tokio::test]
async fn the_page_asks_and_no_answer_comes_to_light() {
    let world = World::new().await;
    let team = asking(&world).await;
    let chat = known(&team, "conv-1").await;
    let asked = put(&team, &chat).await;
    let url = asked["page_url"].as_str().unwrap();
    let mut browser = Browser::new(&world);
    let on = browser.press(url, "continue", "").await;
    let page = browser.get(&on.header("location")).await;
    let at = on.header("location").split('?').next().unwrap().to_owned();
    assert!(
        page.text().contains("data-act=\"answer\"") && page.text().contains("name=\"answer_3\""),
        "{}",
        page.text()
    );
    let (good, nonce) = (right(&asked), hidden(&page.text(), "nonce"));
    let send = async |answers: &[String], attempt: &str| {
        let names = ["answer_1", "answer_2", "answer_3"];
        let mut fields = vec![("act", "answer"), ("nonce", nonce.as_str()), ("attempt", attempt)];
        fields.extend(names.into_iter().zip(answers.iter().map(String::as_str)));
        browser.post(&at, &fields).await
    };
    let wrong = send(&wrong_at(&asked, 2), "one").await;
    assert_eq!(wrong.status, 422);
    for blank in [0, 2] {
        let mut part = good.clone();
        part[blank] = " ".into();
        assert!(send(&part, &format!("blank {blank}")).await.text().contains("Answer each of the questions"));
    }
    assert_eq!(send(&wrong_at(&asked, 2), "one").await.status, 422, "the same form again");
    let seen = team.attends(&team.bot, "GET", &asked, "", Value::Null).await.expect(200);
    assert_eq!(seen["tries_left"], 2, "counts once");
    team.attends(&team.agent, "GET", &asked, "/code", Value::Null).await.refused(403, "not-shown");
    let done = send(&good, "two").await;
    let code = browser.clone().code(&done.header("location")).await;
    assert_eq!(team.says(&chat, "m9", &code).await.expect(200)["outcome"], "passed");
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["methods"], &flag["binding"]), (&json!(["kba"]), &json!("code")));
    let told = json!(team.events().await).to_string().to_lowercase();
    let all = [told, wrong.text().to_lowercase(), seen.to_string().to_lowercase(), page.text().to_lowercase()];
    for secret in ["paws", "4000", "2001-12-31", "31.12.2001", "hill"] {
        assert!(all.iter().all(|text| !text.contains(secret)), "{secret}");
    }
    let late = put(&team, &chat).await;
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(answer(&team, &late, right(&late)).await.expect(200)["outcome"], "expired");
}

/// A directory that does not answer asks nobody anything; one that has less than is wanted neither. Without
/// a list, the built-in directory's own facts are asked by their names.
#[tokio::test]
async fn without_a_directory_or_enough_facts_nothing_is_asked() {
    let world = World::new().await;
    let team = asking(&world).await;
    let chat = known(&team, "conv-1").await;
    team.set(json!({"directory": {"kind": "http"}})).await;
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(503, "directory-down");
    team.set(json!({"directory": {"kind": "builtin"}, "kba": {"ask": []}})).await;
    let texts = |asked: &Value| {
        let all = asked["questions"].as_array().unwrap().iter();
        all.map(|q| q["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let names = ["Card", "First pet", "First school", "Moved in"];
    assert!(texts(&put(&team, &chat).await).iter().all(|text| names.contains(&text.as_str())));
    team.set(json!({"kba": {"questions": 5}})).await;
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(409, "method-unavailable");
    let body = json!({"kba": {"ask": ["one", "two"]}});
    let refused = world.call(&team.admin, "PATCH", "/v1/teams/acme/settings", body).await.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/kba/ask");
}

/// Where a single question is put, what is said in the chat stays conversation: every line would be its answer,
/// and the bot would hear nothing more. Page and API answer it.
#[tokio::test]
async fn a_single_question_leaves_the_chat_alone() {
    let world = World::new().await;
    let team = asking(&world).await;
    team.set(json!({"kba": {"questions": 1, "must_match": 1}})).await;
    let chat = known(&team, "conv-1").await;
    let asked = put(&team, &chat).await;
    for (n, talk) in ["where is my parcel?", &right(&asked)[0]].iter().enumerate() {
        assert_eq!(team.says(&chat, &format!("t{n}"), talk).await.expect(200)["consumed"], false);
    }
    let seen = team.attends(&team.bot, "GET", &asked, "", Value::Null).await.expect(200);
    assert_eq!(seen["tries_left"], 3);
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed");
}

/// §3.11: the same request again is answered from memory, also while the directory is away.
#[tokio::test]
async fn a_repeated_request_asks_no_directory() {
    let world = World::new().await;
    let team = asking(&world).await;
    let chat = known(&team, "conv-1").await;
    let ask = async || {
        let request = http::Request::post(format!("/v1/interactions/{chat}/challenges"))
            .header("authorization", format!("Bearer {}", team.bot))
            .header("content-type", "application/json")
            .header("idempotency-key", "once");
        world.send(request.body(json!({"method": "kba"}).to_string().into()).unwrap()).await
    };
    let first = ask().await;
    first.expect(202);
    world.clock.advance(Duration::from_secs(61));
    team.set(json!({"directory": {"kind": "http"}})).await;
    let again = ask().await;
    assert_eq!((again.status, again.bytes), (202, first.bytes));
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.refused(503, "directory-down");
}

/// §3.5: who is matched to one record is that customer, whatever her login page calls her: her login and her
/// answers go together in either order, and after the login's flag has ended she is asked for her own facts.
#[tokio::test]
async fn a_login_and_answers_of_one_record_are_one_customers() {
    let world = World::new().await;
    let team = asking(&world).await;
    let account = json!({"account": "12-345"});
    let customer = json!({"name": "Demo Customer", "emails": ["demo@example.com"], "private_data": account,
        "facts": {"first_pet": "Mr. Paws", "card": "40001234", "moved_in": "2001-12-31", "first_school": "Hill School"}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(200);
    let matching = json!([{"field": "account", "as": "digits"}]);
    team.set(json!({"directory": {"match": matching}, "binding": "none"})).await;
    team.set(json!({"authentication_timeout_minutes": 10})).await;
    let logs_in = async |chat: &str| {
        let link = team.link(chat).await;
        let visit = Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
        let mut claims = team.claims(&visit, "login-7");
        claims["private_data"] = json!({"account": "12345"});
        team.post_back(&visit, &team.sign(&claims)).await
    };
    let chat = chat(&team, "conv-1", json!({"email": "demo@example.com"})).await;
    let asked = put(&team, &chat).await;
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed");
    assert_eq!(logs_in(&chat).await.expect(200)["status"], "authenticated");
    assert_eq!(team.flag(&chat).await["customer"]["id"], "login-7");
    world.pass(Duration::from_secs(11 * 60)).await;
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    let asked = put(&team, &chat).await;
    assert_eq!(answer(&team, &asked, right(&asked)).await.expect(200)["outcome"], "passed", "they are hers");
    assert_eq!(team.flag(&chat).await["customer"]["id"], "login-7");
}

/// §3.8: whichever of a customer's names a conversation knows her by, wrong sets count for the one whose facts
/// they ask for: the failure limit is hers.
#[tokio::test]
async fn wrong_sets_count_for_the_record_that_they_ask_about() {
    let world = World::new().await;
    let team = asking(&world).await;
    let facts = json!({"first_pet": "Mr. Paws", "card": "1", "moved_in": "2001-12-31", "first_school": "Hill School"});
    let body = json!({"emails": ["demo@example.com"], "phones": ["+37255512345"], "facts": facts});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", body).await.expect(200);
    for n in 0..100 {
        let who = if n % 2 == 0 { json!({"email": "demo@example.com"}) } else { json!({"phone": "+37255512345"}) };
        let chat = chat(&team, &format!("conv-{n}"), who).await;
        let asked = put(&team, &chat).await;
        let told = answer(&team, &asked, ["no", "no", "no"]).await.expect(200);
        assert_eq!(told["outcome"], if n < 99 { "wrong" } else { "banned" }, "{n}");
    }
    let mine = known(&team, "conv-own").await;
    team.asks(&team.bot, &mine, json!({"method": "kba"})).await.refused(403, "banned");
    let other = chat(&team, "conv-other", json!({"email": "demo@example.com"})).await;
    team.asks(&team.bot, &other, json!({"method": "kba"})).await.refused(403, "banned");
}
