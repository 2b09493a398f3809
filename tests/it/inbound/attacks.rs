//! Attacks on what comes in: forged, changed, stale and replayed requests, other addresses, too much of
//! it. Each is refused without a word of why, and leaves nothing behind.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms::{self, Call, Said, meta, meta_messages, slack_call, standard, twilio};
use super::{heard, team};
use crate::world::{Reply, Team, URL, World, worlds};

/// What was refused says nothing of what would be right, and is the same for every reason.
#[track_caller]
fn is_distrusted(told: &Reply) {
    let problem = told.refused(401, "unproved");
    assert_eq!(problem["type"], format!("{URL}/problems/unproved"));
    assert!(!told.text().contains("secret is") && problem.get("errors").is_none(), "{problem}");
}

/// A107: no signature, a wrong one, one of another app, a weaker one, and an account without the secret.
#[tokio::test]
async fn a107_what_is_not_signed_by_the_platform_is_refused() {
    let world = World::new().await;
    let team = team(&world).await;
    let headers = [
        "x-twilio-signature",
        "x-slack-signature",
        "x-hub-signature-256",
        "x-telegram-bot-api-secret-token",
        "authorization",
        "webhook-signature",
    ];
    let mut bodies = Vec::new();
    for (line, header) in platforms::all().iter().zip(headers) {
        let chat = team.chat_on(line).await;
        let challenge = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        let good = team.call_of(line, 1, &code);
        let signed = good.headers.iter().find(|(name, _)| *name == header).expect("it is signed").1.clone();
        let flipped: String = signed.chars().rev().collect();
        let mut all = vec![good.with(header, None)];
        for wrong in ["", "x", &flipped, &signed[..signed.len() - 1], &format!("{signed}0"), &signed.to_uppercase()] {
            all.push(good.with(header, Some(wrong)));
        }
        let mut twice = good.clone();
        twice.headers.push((header, "x".into()));
        all.push(twice);
        for call in &all {
            let told = team.hears_call(call).await;
            is_distrusted(&told);
            bodies.push(told.text());
        }
        assert!(!team.is_authenticated(&chat).await);
        assert_eq!(team.tries(&challenge).await, 3, "{}", line.definition);
        assert_eq!(team.hears_call(&good).await.status, 200);
        assert!(team.is_authenticated(&chat).await);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    // Meta's older header is SHA-1's: it proves nothing.
    let line = platforms::whatsapp();
    let call = team.call_of(&line, 2, "hello").with("x-hub-signature-256", None);
    is_distrusted(&team.hears_call(&call.with("x-hub-signature", Some("sha1=00"))).await);
}

/// A107: who wants to have passed on what comes in must give what proves it; the account says what is
/// missing, with its place.
#[tokio::test]
async fn a107_an_account_that_could_not_prove_anything_is_refused() {
    let world = World::new().await;
    let team = team(&world).await;
    let put = async |name: &str, definition: &str, account: Value, secrets: Value| {
        let body = json!({"definition": definition, "account": account, "secrets": secrets});
        team.world.call(&team.admin, "PUT", &format!("/v1/teams/acme/channels/{name}"), body).await
    };
    let bot = "https://bot.example/in";
    for (definition, account, secrets, pointer, detail) in [
        ("telegram", json!({"forward_url": bot}), json!({"token": "t"}), "/secrets/webhook_secret", "setWebhook"),
        ("slack", json!({"forward_url": bot}), json!({"bot_token": "t"}), "/secrets/signing_secret", "signing secret"),
        (
            "whatsapp-cloud",
            json!({"forward_url": bot, "phone_number_id": "1"}),
            json!({"access_token": "t", "verify_token": "v"}),
            "/secrets/app_secret",
            "app's secret",
        ),
        (
            "telegram",
            json!({"forward_url": "http://bot.example/"}),
            json!({"token": "t", "webhook_secret": "s"}),
            "/account/forward_url",
            "https://",
        ),
        (
            "telegram",
            json!({"forward_url": "https://10.0.0.1/"}),
            json!({"token": "t", "webhook_secret": "s"}),
            "/account/forward_url",
            "public address",
        ),
        (
            "standard-webhooks",
            json!({"base_url": bot}),
            json!({"signing_secret": platforms::WHSEC, "inbound_secret": "whsec_%"}),
            "/secrets/inbound_secret",
            "base64",
        ),
    ] {
        let problem = put("chat", definition, account, secrets).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().expect("a text").contains(detail), "{problem}");
    }
    // One that only sends needs none of it; nothing that comes in is believed then.
    put("telegram", "telegram", json!({}), json!({"token": "t"})).await.expect(201);
    is_distrusted(&team.hears_on(&platforms::telegram(), 1, "hello").await);
    let none = team.call_of(&platforms::telegram(), 1, "hello").with("x-telegram-bot-api-secret-token", Some(""));
    is_distrusted(&team.hears_call(&none).await);
    put("telegram", "telegram", json!({"forward_url": bot}), json!({"token": "t", "webhook_secret": "tg-secret"}))
        .await
        .expect(200);
}

/// A107: what is there says no more than what is not, before it is proved who asks.
#[tokio::test]
async fn a107_an_unknown_channel_is_no_other_than_an_unknown_team() {
    let world = World::new().await;
    let team = team(&world).await;
    team.channel("pager").await; // a platform that is not heard
    let mut told = Vec::new();
    for path in ["/in/acme/sms", "/in/nobody/sms", "/in/acme/pager", "/in/ACME/sms", "/in/acme/No", "/in/acme/sms/rest"]
    {
        for method in ["POST", "GET", "PUT"] {
            let mut reply = team.world.call("", method, path, Value::Null).await;
            reply.refused(404, "not-found");
            reply.headers.remove("x-request-id");
            told.push((reply.text(), reply.headers.len()));
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    team.plug(&platforms::sms(), json!({})).await.expect(201);
    team.world.call("", "DELETE", "/in/acme/sms", Value::Null).await.refused(405, "method-not-allowed");
    // Another team's channel of that name has another secret.
    let other = team.world.team("other").await;
    other
        .plug(&platforms::Line { secrets: json!({"auth_token": "others"}), ..platforms::sms() }, json!({}))
        .await
        .expect(201);
    let said = Said { from: platforms::PHONE, id: 1, text: "hello", at: team.unix() };
    is_distrusted(&team.hears_call(&twilio("/in/other/sms", "twilio-token", said)).await);
    assert_eq!(team.hears_call(&twilio("/in/other/sms", "others", said)).await.status, 200);
}

/// A108: the address that is signed is the configured one, whatever host a request names.
#[tokio::test]
async fn a108_no_header_says_where_the_gateway_is() {
    let world = World::new().await;
    let team = team(&world).await;
    team.plug(&platforms::sms(), json!({})).await.expect(201);
    let said = Said { from: platforms::PHONE, id: 1, text: "hello", at: team.unix() };
    let good = twilio("/in/acme/sms", "twilio-token", said);
    let elsewhere = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "/in/other/sms"),
    ];
    let steered = elsewhere.iter().fold(good.clone(), |call, (name, value)| call.with(name, Some(value)));
    assert_eq!(team.hears_call(&steered).await.status, 200, "they steer nothing");
    // Signed for that other host.
    let forged = twilio("/in/acme/sms", "twilio-token", Said { id: 2, ..said });
    let for_evil = {
        let signed = twilio_for("https://evil.example/in/acme/sms", Said { id: 2, ..said });
        forged.with("x-twilio-signature", Some(&signed))
    };
    for (name, value) in elsewhere {
        is_distrusted(&team.hears_call(&for_evil.with(name, Some(value))).await);
    }
    // The query is part of what is signed, as it came.
    let with_query = twilio("/in/acme/sms?a=%7e&b=", "twilio-token", said);
    assert_eq!(team.hears_call(&with_query).await.status, 200);
    for target in ["/in/acme/sms?a=~&b=", "/in/acme/sms", "/in/acme/sms?b=&a=%7e"] {
        is_distrusted(&team.hears_call(&Call { target: target.into(), ..with_query.clone() }).await);
    }
}

/// The signature of a text for another address.
fn twilio_for(url: &str, said: Said<'_>) -> String {
    let path = url.strip_prefix(URL).unwrap_or(url);
    let call = twilio(path, "twilio-token", said);
    call.headers.into_iter().find(|(name, _)| *name == "x-twilio-signature").expect("it is signed").1
}

/// A073: it is the bytes that are proved, and the same words in other bytes are others.
#[tokio::test]
async fn a073_other_bytes_of_the_same_words_are_refused() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::whatsapp();
    team.plug(&line, json!({})).await.expect(201);
    let good = team.call_of(&line, 1, "tere õhtust ü");
    let text = String::from_utf8(good.body.clone()).expect("UTF-8");
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).expect("JSON")).expect("JSON");
    let escaped = text.replace('õ', "\\u00f5");
    let composed = text.replace('ü', "u\u{308}");
    for other in [
        pretty,
        escaped,
        composed,
        format!("{text} "),
        format!("{text}\n"),
        text.replace("wamid.1", "wamid.2"),
        String::new(),
    ] {
        assert_ne!(other, text);
        is_distrusted(&team.hears_call(&good.with_body(other)).await);
    }
    let packed = good.with("content-encoding", Some("gzip"));
    team.hears_call(&packed).await.refused(415, "unsupported-media-type");
    assert_eq!(team.hears_call(&good).await.status, 200);
    // Signed as it came, with the escapes that the platform writes.
    let body = text.replace('õ', "\\u00f5").replace('/', "\\/").replace("wamid.1", "wamid.3");
    let signed = signed_as_it_is(&body);
    assert_eq!(team.hears_call(&good.with_body(body).with("x-hub-signature-256", Some(&signed))).await.status, 200);
}

fn signed_as_it_is(body: &str) -> String {
    let tag = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"meta-secret"),
        body.as_bytes(),
    );
    format!("sha256={}", tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A074, A075: ids and times that read two ways, times out of bounds, and times too far from now in
/// either direction.
#[tokio::test]
async fn a075_times_are_near_and_written_in_one_way() {
    let world = World::new().await;
    let team = team(&world).await;
    let (slack, own) = (platforms::slack(), platforms::webhooks());
    for line in [&slack, &own] {
        team.plug(line, json!({})).await.expect(201);
    }
    let now = team.unix();
    let body = |id: u64| {
        json!({"type": "message.received", "data": {"id": format!("m{id}"), "from": "u", "text": "hello"}}).to_string()
    };
    for (at, status) in [
        (now.to_string(), 200),
        ((now - 300).to_string(), 200),
        ((now + 300).to_string(), 200),
        ((now - 301).to_string(), 401),
        ((now + 301).to_string(), 401),
        ("-9223372036854775808".into(), 401),
        ("9223372036854775807".into(), 401),
        ("18446744073709551616".into(), 401),
        (format!("+{now}"), 401),
        (format!("0{now}"), 401),
        (format!("{now}.0"), 401),
        ("1e9".into(), 401),
        (String::new(), 401),
        ("0".into(), 401),
    ] {
        let told = team.hears_call(&standard("msg_1", &at, body(1))).await;
        assert_eq!(told.status, status, "{at}: {}", told.text());
    }
    for (at, status) in [(now - 300, 200), (now + 300, 200), (now - 301, 401), (now + 301, 401), (u64::MAX, 401)] {
        let text = json!({"type": "event_callback", "event": {"type": "message"}}).to_string();
        assert_eq!(team.hears_call(&slack_call(at, "slack-secret", text)).await.status, status, "{at}");
    }
    // A074: where the parts of what is signed begin and end cannot be moved.
    let good = standard("m.1", &now.to_string(), body(2));
    let moved = good.with("webhook-id", Some("m")).with("webhook-timestamp", Some(&format!("1.{now}")));
    is_distrusted(&team.hears_call(&moved).await);
}

/// A109: the same message fifty times at once, an hour later, and after a restart: one effect, and 200
/// each time.
#[tokio::test]
async fn a109_a_message_that_is_told_again_counts_once() {
    for world in worlds().await {
        let mut team = team(&world).await;
        let line = platforms::sms();
        let chat = team.chat_on(&line).await;
        team.set(json!({"interaction_timeout_minutes": 600, "otp": {"expires_minutes": 600}})).await;
        let challenge = team.otp(&chat).await;
        let wrong = Team::wrong(&team.code(&chat, 0).await);
        let call = team.call_of(&line, 1, &wrong);
        let told = futures_util::future::join_all((0..50).map(|_| team.hears_call(&call))).await;
        assert!(told.iter().all(|told| told.status == 200));
        assert_eq!(team.tries(&challenge).await, 2);
        team.world.pass(Duration::from_secs(3600)).await;
        assert_eq!((team.hears_call(&call).await.status, team.tries(&challenge).await), (200, 2));
        team.world = heard(&world);
        assert_eq!((team.hears_call(&call).await.status, team.tries(&challenge).await), (200, 2));
        // In the next conversation of the same customer, too.
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        let next = team.open(line.name, line.conversation).await;
        let challenge = team.otp(&next).await;
        assert_eq!((team.hears_call(&call).await.status, team.tries(&challenge).await), (200, 3));
        assert_eq!((team.hears_on(&line, 2, &wrong).await.status, team.tries(&challenge).await), (200, 2));
    }
}

/// Wrong codes that platforms tell lead to the same locks as all others.
#[tokio::test]
async fn guesses_by_a_platform_are_counted_as_all_are() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::whatsapp();
    let chat = team.chat_on(&line).await;
    for id in 0..5 {
        if id % 3 == 0 {
            team.otp(&chat).await;
        }
        team.hears_on(&line, id, &Team::wrong(&team.code(&chat, 0).await)).await;
    }
    let lockout = team.lockout(&chat).await;
    assert_eq!(lockout["status"], "locked", "{lockout}");
    let (said, at) = (team.event_types().await, team.unix());
    assert_eq!(said.iter().filter(|kind| *kind == "participant.locked").count(), 1, "{at}");
}

/// A body of 1 MiB is read, one byte more is not; elsewhere the limit is the usual one.
#[tokio::test]
async fn a_body_is_at_most_a_mebibyte() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::webhooks();
    team.plug(&line, json!({})).await.expect(201);
    let at = team.unix().to_string();
    let of_size = |size: usize| {
        let empty = json!({"type": "message.received", "data": {"id": "m1", "from": "u", "text": ""}}).to_string();
        let text = "a".repeat(size - empty.len());
        json!({"type": "message.received", "data": {"id": "m1", "from": "u", "text": text}}).to_string()
    };
    let most = of_size(1 << 20);
    assert_eq!(most.len(), 1 << 20);
    assert_eq!(team.hears_call(&standard("msg_1", &at, most)).await.status, 200);
    let problem = team.hears_call(&standard("msg_1", &at, of_size((1 << 20) + 1))).await.refused(413, "too-large");
    assert!(problem["detail"].as_str().expect("a text").contains("1 MiB"), "{problem}");
    let path = "/v1/teams/acme/channels/own";
    let body = json!({"definition": "x".repeat(65 * 1024)});
    team.world.call(&team.admin, "PUT", path, body).await.refused(413, "too-large");
}

/// Whatever a proved body holds, the answer is a 200 and the node lives.
#[tokio::test]
async fn no_body_brings_the_gateway_down() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in platforms::all() {
        team.plug(&line, json!({})).await.expect(201);
    }
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let hostile = [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "\u{feff}{}".into(),
        "{".into(),
        deep,
        json!({"entry": [{"changes": [{"field": "messages", "value": {"messages": [
            {"from": "\u{202e}1", "id": "x", "type": "text", "text": {"body": "482913"}},
            {"from": "a".repeat(300), "id": "y", "type": "text", "text": {"body": "482913"}},
            {"from": "37255512345", "id": "z".repeat(5000), "type": "text", "text": {"body": "482913"}},
            {"from": 7, "id": 8, "type": "text", "text": {"body": {"a": 1}}}]}}]}]})
        .to_string(),
    ];
    for body in hostile {
        let signed = signed_as_it_is(&body);
        let call =
            meta("/in/acme/whatsapp", &Value::Null).with_body(body.clone()).with("x-hub-signature-256", Some(&signed));
        assert_eq!(team.hears_call(&call).await.status, 200, "{}", &body[..body.len().min(60)]);
        let at = team.unix();
        assert_eq!(team.hears_call(&slack_call(at, "slack-secret", body.clone())).await.status, 200);
        let telegram = team.call_of(&platforms::telegram(), 1, "x").with_body(body);
        assert_eq!(team.hears_call(&telegram).await.status, 200);
    }
    let said = Said { from: "37255512345", id: 1, text: "still here", at: team.unix() };
    assert_eq!(team.hears_call(&meta("/in/acme/whatsapp", &meta_messages(&[said]))).await.status, 200);
}
