//! Challenges as callers have them: put, answered in the chat and by the API, sent again, taken
//! back, shown to agents. How they stand attacks is told in `attacks_codes`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{names, points_at};
use crate::world::{Team, World};

const MINUTE: Duration = Duration::from_secs(60);

async fn chat() -> (Team, String) {
    let team = World::new().await.team("acme").await;
    let chat = team.open_for("+37255512345", json!({"name": "Demo Customer", "phone": "+37255512345"})).await;
    (team, chat)
}

/// L-11, B-06: the code is answered in the chat, and the flag says how it went up.
#[tokio::test]
async fn l11_a_code_is_answered_in_the_chat() {
    let (team, chat) = chat().await;
    team.set(json!({"intents": {"statement_copy": {"accept": ["login", "otp"]}}})).await;
    team.shows_codes().await;
    let asked = json!({"method": "otp", "deliver_to": "agent", "intent": "statement_copy", "state": "ticket-7"});
    let reply = team.asks(&team.bot, &chat, asked).await;
    let live = reply.expect(202);
    assert_eq!(
        names(&live),
        [
            "delivery",
            "expires_at",
            "form",
            "id",
            "method",
            "page_url",
            "participant",
            "resend_after",
            "status",
            "tries_left"
        ]
    );
    let of = |name: &str| live[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((of("method"), of("status"), of("participant")), ("otp".into(), "pending".into(), "p1".into()));
    assert_eq!(
        (of("expires_at"), of("resend_after")),
        ("2026-01-01T00:03:00.000Z".into(), "2026-01-01T00:00:30.000Z".into())
    );
    assert_eq!((&live["tries_left"], &live["delivery"]), (&json!(3), &Value::Null));
    assert!(of("page_url").starts_with("https://auth.example.com/c/"));
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!((&seen["challenge"], &seen["participants"][0]["challenge"]), (&live, &live));
    assert_eq!(seen["authentication"]["status"], "pending");

    let code = team.code(&chat, 0).await;
    let heard = team.hears(&chat, "what is this about?").await;
    assert_eq!((&heard["consumed"], &heard["redacted_text"]), (&json!(false), &json!("what is this about?")));
    assert!(heard.get("outcome").is_none(), "{heard}");
    // In a sentence it is no answer: it is not counted, and only the rest of the sentence goes on.
    for number in [code.clone(), crate::world::Team::wrong(&code)] {
        let heard = team.hears(&chat, &format!("my code is {number}, thanks")).await;
        assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(false), &json!("code_in_text")));
        assert_eq!(heard["redacted_text"], "my code is ••••••, thanks");
    }
    let heard = team.hears(&chat, &format!(" {}-{} ", &code[..3], &code[3..])).await;
    assert_eq!(
        (&heard["consumed"], &heard["kind"], &heard["outcome"]),
        (&json!(true), &json!("otp"), &json!("passed"))
    );
    assert!(!heard.to_string().contains(&code[..3]), "{heard}");
    assert_eq!(heard["redacted_text"], "•••••••••");
    let flag = team.bot("GET", &chat, "/authentication?intent=statement_copy", Value::Null).await.expect(200);
    assert_eq!((&flag["authenticated"], &flag["methods"]), (&json!(true), &json!(["otp"])));
    assert_eq!((&flag["binding"], &flag["assisted"]), (&json!("typed"), &json!(false)));
    assert_eq!(flag["customer"], json!({"id": null, "name": "Demo Customer"}));
    assert_eq!(flag["intent"]["allowed"], true);
    assert_eq!(team.outcome(&live, &code).await, "already_used");
    let over = team.attends(&team.bot, "GET", &live, "", Value::Null).await.expect(200);
    assert_eq!((&over["status"], &over["page_url"]), (&json!("passed"), &Value::Null));
    let events = team.events().await;
    let of = |kind: &str| events.iter().find(|e| e["type"] == kind).unwrap_or_else(|| panic!("{kind}: {events:?}"));
    for kind in ["challenge.started", "challenge.passed", "participant.authenticated", "intent.resumed"] {
        assert_eq!(
            (&of(kind)["data"]["intent"], &of(kind)["data"]["state"]),
            (&json!("statement_copy"), &json!("ticket-7"))
        );
    }
    assert!(!format!("{events:?}").contains(&code));
}

/// L-12, L-34, P-04: a PIN is the agent's to set; no bot sets or sees one.
#[tokio::test]
async fn l34_a_pin_of_4_to_20_digits_is_set_by_an_agent() {
    let (team, chat) = chat().await;
    team.asks(&team.bot, &chat, json!({"method": "pin", "pin": "48151623"})).await.refused(403, "forbidden");
    for wrong in [json!("123"), json!("123456789012345678901"), json!("12a4"), json!("12 34"), Value::Null] {
        let reply = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": wrong})).await;
        assert_eq!(reply.refused(422, "invalid-pin")["errors"][0]["pointer"], "/pin");
    }
    let live = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "48151623"})).await.expect(202);
    assert_eq!((&live["expires_at"], &live["resend_after"]), (&Value::Null, &Value::Null));
    team.attends(&team.bot, "POST", &live, "/resend", json!({})).await.refused(409, "no-channel");
    for key in [&team.bot, &team.agent, &team.admin] {
        let seen = team.world.call(key, "GET", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(200);
        assert!(!seen.to_string().contains("48151623"));
    }
    team.attends(&team.bot, "GET", &live, "/code", Value::Null).await.refused(403, "forbidden");
    // Any text of only 4 to 20 digits is an answer, so that none tells how long the PIN is.
    assert_eq!(team.hears(&chat, "123").await["consumed"], false);
    let heard = team.hears(&chat, "1234").await;
    assert_eq!((&heard["kind"], &heard["outcome"]), (&json!("pin"), &json!("wrong")));
    assert_eq!(team.hears(&chat, "4815 1623").await["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["methods"], json!(["pin"]));
    team.attends(&team.agent, "GET", &live, "/code", Value::Null).await.refused(410, "code-gone");
    assert!(!format!("{:?}", team.events().await).contains("48151623"));
}

/// P-05, I-09, I-10, L-27: an agent sees a code once its receiver has arrived, and a PIN at once.
#[tokio::test]
async fn i10_a_code_is_shown_once_its_receiver_has_arrived() {
    let (team, chat) = chat().await;
    let live = team.otp(&chat).await;
    let look = async |key: &str| team.attends(key, "GET", &live, "/code", Value::Null).await;
    team.set(json!({"otp": {"show_to_agents": false}})).await;
    look(&team.agent).await.refused(403, "not-shown");
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    look(&team.agent).await.refused(409, "not-arrived");
    team.arrives(&live).await;
    look(&team.bot).await.refused(403, "forbidden");
    let shown = look(&team.agent).await.expect(200);
    assert_eq!(names(&shown), ["code", "expires_at"]);
    assert_eq!((&shown["code"], &shown["expires_at"]), (&json!(team.code(&chat, 0).await), &live["expires_at"]));
    let types = team.event_types().await;
    assert!(types.contains(&"challenge.presented".to_owned()) && types.contains(&"challenge.revealed".to_owned()));
    assert_eq!(team.hears(&chat, shown["code"].as_str().unwrap()).await["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["assisted"], true);
    look(&team.agent).await.refused(410, "code-gone");
    let pin = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "0042"})).await.expect(202);
    let shown = team.attends(&team.agent, "GET", &pin, "/code", Value::Null).await.expect(200);
    assert_eq!(shown, json!({"code": "0042", "expires_at": null}));
}

/// K-05, K-06, K-07, L-11: by the defaults a code has six digits and three minutes, and counts instead of a
/// login where the team takes either.
#[tokio::test]
async fn k05_six_digits_are_as_good_as_a_login_for_three_minutes() {
    let (team, chat) = chat().await;
    team.set(json!({"intents": {"statement_copy": {"accept": ["login", "otp"]}}})).await;
    let allowed = async |chat: &str| {
        let flag = team.bot("GET", chat, "/authentication?intent=statement_copy", Value::Null).await.expect(200);
        (flag["intent"]["allowed"].clone(), flag["methods"].clone())
    };
    assert_eq!(allowed(&chat).await, (json!(false), json!([])));
    let late = team.otp(&chat).await;
    assert_eq!(late["tries_left"], 3);
    let code = team.code(&chat, 0).await;
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
    team.world.clock.advance(3 * MINUTE);
    assert_eq!(team.outcome(&late, &code).await, "expired");
    let live = team.otp(&chat).await;
    let another = team.code(&chat, 0).await;
    assert_ne!(another, code, "it is drawn anew");
    team.world.clock.advance(3 * MINUTE - Duration::from_millis(1));
    assert_eq!(team.outcome(&live, &another).await, "passed");
    assert_eq!(allowed(&chat).await, (json!(true), json!(["otp"])));
    let other = team.open("sms", "+37255500000").await;
    team.authenticate(&other, "cust-42").await;
    assert_eq!(allowed(&other).await, (json!(true), json!(["login"])));
}

/// L-26, §3.3: how long a code lives is the team's to say, and it may have no end.
#[tokio::test]
async fn l26_a_code_has_the_time_that_the_team_gives_it() {
    let (team, chat) = chat().await;
    team.set(json!({"otp": {"expires_minutes": 7}, "interaction_timeout_minutes": 10_080})).await;
    let live = team.otp(&chat).await;
    assert_eq!(live["expires_at"], "2026-01-01T00:07:00.000Z");
    let code = team.code(&chat, 0).await;
    team.world.pass(7 * MINUTE).await;
    assert_eq!(team.outcome(&live, &code).await, "expired");
    team.set(json!({"otp": {"expires_minutes": "never"}})).await;
    let live = team.otp(&chat).await;
    assert_eq!(live["expires_at"], Value::Null);
    let code = team.code(&chat, 0).await;
    team.world.pass(10_079 * MINUTE).await;
    assert_eq!(team.outcome(&live, &code).await, "passed");
}

/// L-35, L-34, §3.5: any number of 4 to 20 digits that the two of them agreed on. It stands in no event and
/// in no trail, and is gone with the conversation.
#[tokio::test]
async fn l35_a_pin_is_any_number_that_was_agreed_on() {
    let (team, chat) = chat().await;
    let (card, papers, longest) = ("0042", "60001019906", "12345678901234567890");
    for pin in [card, papers, longest] {
        let live = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": pin})).await.expect(202);
        let shown = team.attends(&team.agent, "GET", &live, "/code", Value::Null).await.expect(200);
        assert_eq!(shown["code"], pin);
        assert_eq!(team.hears(&chat, pin).await["outcome"], "passed");
    }
    let live = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": papers})).await.expect(202);
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    team.attends(&team.agent, "GET", &live, "/code", Value::Null).await.refused(410, "code-gone");
    let events = format!("{:?}", team.events().await);
    let trail = team.world.call(&team.admin, "GET", "/v1/teams/acme/audit?limit=200", Value::Null).await.expect(200);
    assert!(trail["items"].as_array().is_some_and(|items| !items.is_empty()));
    for pin in [papers, longest] {
        assert!(!events.contains(pin) && !trail.to_string().contains(pin));
    }
}

/// K-08, §3.7, §3.10: the outcomes, each where it is the first that holds.
#[tokio::test]
async fn k08_each_outcome_is_told_apart() {
    let (team, chat) = chat().await;
    team.set(json!({"lockout": {"threshold": 6, "max_lockouts": 2}})).await;
    let first = team.otp(&chat).await;
    for text in ["hello", "", "12345", "1234567", "12345a"] {
        assert_eq!(team.outcome(&first, text).await, "not_a_code");
    }
    let code = team.code(&chat, 0).await;
    for left in [2, 1, 0] {
        let told = team.answers(&first, &Team::wrong(&code)).await.expect(200);
        assert_eq!(names(&told), ["authentication", "locked_until", "outcome", "tries_left"]);
        assert_eq!((&told["outcome"], &told["tries_left"]), (&json!("wrong"), &json!(left)));
    }
    assert_eq!(team.outcome(&first, &code).await, "exhausted");
    assert_eq!(team.lockout(&chat).await["by_method"]["otp"]["failures"], 3);
    let second = team.otp(&chat).await;
    team.attends(&team.bot, "DELETE", &second, "", Value::Null).await.expect(204);
    team.attends(&team.bot, "DELETE", &second, "", Value::Null).await.expect(204);
    assert_eq!(team.outcome(&second, "123456").await, "expired");
    let third = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let fourth = team.otp(&chat).await;
    assert_eq!(team.outcome(&third, &code).await, "expired");
    team.world.pass(3 * MINUTE).await;
    assert_eq!(team.outcome(&fourth, &code).await, "expired");
    assert_eq!(team.flag(&chat).await["reason"], "challenge_expired");
    assert_eq!(team.guesses(&chat, 3).await, "locked");
    let told = team.answers(&first, "123456").await.expect(200);
    assert_eq!((&told["outcome"], &told["locked_until"]), (&json!("locked"), &json!("2026-01-01T00:18:00.000Z")));
    let refused = team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "agent"})).await;
    assert_eq!(refused.refused(423, "locked")["retry_after_seconds"], 15 * 60);
    // A lock of one method stops no other.
    team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "4711"})).await.expect(202);
    team.world.pass(15 * MINUTE).await;
    assert_eq!(team.guesses(&chat, 6).await, "banned");
    assert_eq!(team.outcome(&first, "123456").await, "banned");
    team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "agent"})).await.refused(403, "banned");
    let types = team.event_types().await;
    for kind in ["wrong", "expired", "cancelled"].map(|kind| format!("challenge.{kind}")) {
        assert!(types.contains(&kind), "{kind}: {types:?}");
    }
    team.attends(&team.bot, "GET", &json!({"id": format!("{chat}.c99")}), "", Value::Null)
        .await
        .refused(404, "not-found");
    let other = team.world.team("beta").await;
    other.attends(&other.admin, "GET", &first, "", Value::Null).await.refused(404, "not-found");
}

/// Sending again makes another code, and counts on.
#[tokio::test]
async fn a_code_that_is_sent_again_is_another() {
    let (team, chat) = chat().await;
    let live = team.otp(&chat).await;
    let again = async || team.attends(&team.bot, "POST", &live, "/resend", json!({})).await;
    let old = team.code(&chat, 0).await;
    team.outcome(&live, &Team::wrong(&old)).await;
    let refused = again().await;
    assert_eq!(refused.refused(429, "send-budget")["retry_after_seconds"], 30);
    assert_eq!(refused.header("retry-after"), "30");
    team.world.clock.advance(Duration::from_secs(30));
    let sent = again().await.expect(202);
    assert_eq!((&sent["id"], &sent["tries_left"]), (&live["id"], &json!(2)));
    assert_eq!((&sent["expires_at"], &sent["page_url"]), (&json!("2026-01-01T00:03:30.000Z"), &live["page_url"]));
    assert_ne!(team.code(&chat, 0).await, old);
    assert_eq!(team.outcome(&live, &old).await, "wrong");
    assert_eq!(team.outcome(&live, &team.code(&chat, 0).await).await, "passed");
    again().await.refused(410, "code-gone");
}

/// Nothing carries a code yet: only the agent can, where agents may see it.
#[tokio::test]
async fn a_code_that_no_channel_carries_is_refused() {
    let (team, chat) = chat().await;
    for to in ["chat", "sms", "email", "auto"] {
        team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": to})).await.refused(409, "no-channel");
    }
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    team.asks(&team.bot, &chat, json!({"method": "otp"})).await.expect(202);
    for (body, pointer) in [
        (json!({"method": "kba", "pin": "1234"}), "/pin"),
        (json!({"method": "login"}), "/method"),
        (json!({"method": "sms"}), "/method"),
        (json!({"method": "otp", "pin": "1234"}), "/pin"),
        (json!({"method": "otp", "deliver_to": "fax"}), "/deliver_to"),
        (json!({"method": "otp", "state": "x".repeat(1025)}), "/state"),
        (json!({"method": "otp", "intent": "No!"}), "/intent"),
        (json!({"method": "otp", "participant": "x"}), "/participant"),
        (json!({"method": "otp", "more": 1}), "/more"),
        (json!({}), "/method"),
    ] {
        points_at(&team.asks(&team.bot, &chat, body).await, pointer);
    }
    team.asks(&team.bot, &chat, json!({"method": "otp", "participant": "p9"})).await.refused(404, "not-found");
}

/// What ends a flag ends a challenge, and says so.
#[tokio::test]
async fn close_sign_out_and_reassignment_end_a_challenge() {
    let (team, chat) = chat().await;
    let acts = [
        ("POST", "/sign-out", json!({}), "signed_out"),
        ("PATCH", "/participants/p1", json!({"name": "Other Customer"}), "reassigned"),
        ("POST", "/close", json!({}), "closed"),
    ];
    for (method, path, body, status) in acts {
        let live = team.otp(&chat).await;
        team.bot(method, &chat, path, body).await.expect(200);
        let seen = team.attends(&team.bot, "GET", &live, "", Value::Null).await.expect(200);
        assert_eq!(seen["status"], status);
        assert_eq!(team.outcome(&live, "123456").await, "expired");
        let events = team.events().await;
        let told = |e: &&Value| e["type"] == "challenge.cancelled" && e["data"]["reason"] == status;
        assert_eq!(events.iter().filter(told).count(), 1, "{status}");
    }
    team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "agent"}))
        .await
        .refused(409, "interaction-closed");
    team.world.pass(24 * 60 * MINUTE).await;
    let seen = team.attends(&team.bot, "GET", &json!({"id": format!("{chat}.c1")}), "", Value::Null).await;
    seen.refused(404, "not-found");
}

/// The same request, the same reply; the same answer, judged once.
#[tokio::test]
async fn what_is_repeated_counts_once() {
    let (team, chat) = chat().await;
    let live = team.otp(&chat).await;
    let wrong = Team::wrong(&team.code(&chat, 0).await);
    let body = json!({"answer": wrong, "message_id": "m-1"});
    let first = team.attends(&team.bot, "POST", &live, "/answers", body.clone()).await;
    let second = team.attends(&team.agent, "POST", &live, "/answers", body).await;
    assert_eq!((first.status, first.bytes), (second.status, second.bytes));
    assert_eq!(team.lockout(&chat).await["failures"], 1);
    let ask = async || {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("/v1/interactions/{chat}/challenges"))
            .header("authorization", format!("Bearer {}", team.bot))
            .header("content-type", "application/json")
            .header("idempotency-key", "k-1");
        let body = json!({"method": "otp", "deliver_to": "agent"}).to_string();
        team.world.send(request.body(axum::body::Body::from(body)).unwrap()).await
    };
    let (one, two) = (ask().await, ask().await);
    assert_eq!((one.expect(202), one.bytes), (two.expect(202), two.bytes));
}
