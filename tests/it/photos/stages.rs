//! The two stages, their thresholds, and the one lockout over both; what is proved, and by whom.
//! How a verdict comes later is told in `callbacks`.

use std::time::Duration;

use serde_json::{Value, json};

use super::provider::{Provider, clear, unclear};
use super::{Person, ask, budget, card, front, read, team};
use crate::world::{OWNER, URL, World, worlds};

const MINUTE: Duration = Duration::from_secs(60);

/// §3.13: the document alone; the verdict is the provider's, and the flag carries the method's own name.
#[tokio::test]
async fn l14_a_document_that_the_provider_finds_genuine_raises_the_flag() {
    for world in worlds().await {
        let provider = Provider::start().await;
        let team = team(&world, &provider).await;
        let chat = team.open("session", "conv-1").await;
        let (challenge, url) = ask(&team, &chat, "photo_id").await;
        assert_eq!(read(&team, &challenge).await["document"]["status"], "waiting");
        let mut person = Person::at(&world, &url).await;
        person.sees(200, "Show your ID document");
        assert!(!person.page.text().contains("name=\"selfie\""));
        assert_eq!(person.hands_in(&[("front", card(true)), ("back", card(true))]).await, 303);
        person.sees(200, "confirmed");

        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["methods"]), (&json!(true), &json!(["photo_id"])));
        assert_eq!(read(&team, &challenge).await["status"], "passed");
        let asked = &provider.got()[0];
        assert_eq!((&asked["type"], &asked["method"]), (&json!("identity.check"), &json!("photo_id")));
        assert_eq!(asked["callback_url"], format!("{URL}/v1/identity/acme/house"));
        let sides: Vec<&Value> = asked["pictures"].as_array().unwrap().iter().map(|one| &one["side"]).collect();
        assert_eq!(sides, ["front", "back"]);
        for picture in asked["pictures"].as_array().unwrap() {
            use base64::Engine as _;
            let data = base64::prelude::BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
            let holds = |file: &[u8]| file.windows(7).any(|window| window == b"at home");
            assert_eq!(picture["media_type"], "image/png");
            assert!(holds(&card(true)) && !holds(&data), "what stands beside the picture stays here");
        }
    }
}

/// With a face, which is compared by the provider; without one nothing is asked and nothing counted.
#[tokio::test]
async fn l15_a_face_is_asked_for_beside_the_document() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (_, url) = ask(&team, &chat, "photo_id_selfie").await;
    let mut person = Person::at(&world, &url).await;
    person.sees(200, "name=\"selfie\"");
    assert_eq!(person.hands_in(&front(true)).await, 422);
    person.sees(422, "A photo is missing");
    assert!(provider.got().is_empty() && budget(&team, &chat).await.is_null());
    assert_eq!(person.hands_in(&[("front", card(true)), ("selfie", card(true))]).await, 303);
    assert_eq!(team.flag(&chat).await["methods"], json!(["photo_id_selfie"]));
    assert_eq!(provider.got()[0]["pictures"][1]["side"], "selfie");
}

/// L-10: the first entry may ask for a document; the browser that showed it comes in, and no other.
#[tokio::test]
async fn l10_a_document_opens_the_door() {
    for method in ["photo_id", "photo_id_selfie"] {
        let (world, provider) = (World::new().await, Provider::start().await);
        let team = team(&world, &provider).await;
        team.channel("sms").await;
        team.set(json!({"entry": {"require_authentication": true, "first": method}})).await;
        let body = json!({"channel": "session", "conversation": "c", "participants":
            [{"role": "primary", "name": "Demo Customer", "phone": "+37255512345"}]});
        let chat = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201)["id"].clone();
        let chat = chat.as_str().unwrap().to_owned();
        let path = format!("/v1/interactions/{chat}/invitations");
        let made = world.call(&team.agent, "POST", &path, json!({"via": "sms"})).await;
        let url = made.expect(201)["url"].as_str().unwrap().to_owned();
        let mut person = Person::at(&world, &url).await;
        let mut other = Person::at(&world, &url).await; // somebody else has the link, too
        person = Person { page: person.browser.get(&format!("{url}?step=code")).await, ..person };
        let _ = other.looks().await;
        // Who pressed Continue last is the one who is asked.
        other.sees(200, "Show your ID document");
        let pictures = [("front", card(true)), ("selfie", card(true))];
        assert_eq!(other.hands_in(&pictures).await, 303);
        other.sees(200, "You are in");
        let entry = team.bot("GET", &chat, "", Value::Null).await.expect(200)["participants"][0]["entry"].clone();
        assert_eq!((&entry["status"], &entry["method"]), (&json!("admitted"), &json!(method)));
        assert_ne!(person.hands_in(&pictures).await, 303, "not by the other's document");
    }
}

/// L-40, L-41, L-42, L-45, L-46, L-48: each stage has its own number of attempts, and either locks.
#[tokio::test]
async fn l46_too_many_attempts_at_either_stage_lock() {
    // The defaults, and others.
    for (stage, threshold, others) in [
        ("quality", 3, false),
        ("authentication", 2, false),
        ("quality", 1, true),
        ("quality", 5, true),
        ("authentication", 4, true),
    ] {
        let (world, provider) = (World::new().await, Provider::start().await);
        let team = team(&world, &provider).await;
        if others {
            let thresholds = json!({"quality_threshold": 9, "authentication_threshold": 9});
            team.set(json!({"photo_id": thresholds})).await;
            team.set(json!({"photo_id": {format!("{stage}_threshold"): threshold}})).await;
        }
        let of_quality = stage == "quality";
        provider.says(move |check| (200, if of_quality { unclear(check) } else { clear(check, false) }));
        let chat = team.open("session", "conv-1").await;
        let (challenge, url) = ask(&team, &chat, "photo_id").await;
        let mut person = Person::at(&world, &url).await;
        for left in (1..threshold).rev() {
            assert_eq!(person.hands_in(&front(true)).await, 422);
            person.sees(422, if of_quality { "cannot be used" } else { "could not confirm this document" });
            let seen = read(&team, &challenge).await;
            let (status, of) = if of_quality {
                ("unclear", &seen["document"]["quality_tries_left"])
            } else {
                ("failed", &seen["tries_left"])
            };
            assert_eq!((&seen["document"]["status"], of), (&json!(status), &json!(left)), "{stage}");
            assert_eq!(team.flag(&chat).await["authenticated"], false);
        }
        assert_eq!(person.hands_in(&front(true)).await, 423);
        person.sees(423, "Please wait a while");
        assert_eq!(provider.got().len(), threshold);
        assert_eq!(budget(&team, &chat).await["status"], "locked");
        // A locked person is asked for nothing, and her pictures go to nobody.
        team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await.refused(423, "locked");
        assert_ne!(person.hands_in(&front(true)).await, 303);
        assert!(provider.got().is_empty());
        let wrong = team.events().await.into_iter().find(|e| e["type"] == "challenge.wrong").expect("it is told");
        assert_eq!(wrong["data"]["stage"], stage);
        // Another method's lock is another.
        team.channel("sms").await;
        team.shows_codes().await;
        let otp = team.bot("POST", &chat, "/challenges", json!({"method": "otp", "deliver_to": "agent"})).await;
        assert_eq!(otp.status, 202, "{}", otp.text());
    }
}

/// L-45: what fails at the first stage leaves the tries of the second alone, and the other way round.
#[tokio::test]
async fn l45_each_stage_has_its_own_tries() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let rules = json!({"quality_threshold": 4, "authentication_threshold": 3});
    team.set(json!({"photo_id": rules})).await;
    let chat = team.open("session", "conv-1").await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    for (is_clear, quality, authentication) in [(false, 3, 3), (true, 3, 2), (false, 2, 2), (false, 1, 2), (true, 1, 1)]
    {
        provider.says(move |check| (200, if is_clear { clear(check, false) } else { unclear(check) }));
        assert_eq!(person.hands_in(&front(true)).await, 422);
        let seen = read(&team, &challenge).await;
        let left = (&seen["document"]["quality_tries_left"], &seen["tries_left"]);
        assert_eq!(left, (&json!(quality), &json!(authentication)));
    }
    provider.says(|check| (200, clear(check, true)));
    assert_eq!(person.hands_in(&front(true)).await, 303, "the last of each is still hers");
}

/// L-43, L-44, L-47, L-49: the lock lasts its own time, and the last one bans.
#[tokio::test]
async fn l49_documents_have_a_lockout_of_their_own() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let rules = json!({"quality_threshold": 2, "authentication_threshold": 1, "lockout_minutes": 7, "max_lockouts": 2});
    team.set(json!({"photo_id": rules, "interaction_timeout_minutes": 600, "lockout": {"duration_minutes": 99}})).await;
    let chat = team.open("session", "conv-1").await;
    provider.says(|check| (200, unclear(check)));
    let (_, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    assert_eq!(person.hands_in(&front(true)).await, 422);
    assert_eq!(person.hands_in(&front(true)).await, 423);
    world.pass(7 * MINUTE - Duration::from_millis(1)).await;
    team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await.refused(423, "locked");
    world.pass(Duration::from_millis(1)).await;
    provider.says(|check| (200, clear(check, false)));
    let (_, url) = ask(&team, &chat, "photo_id_selfie").await;
    let mut person = Person::at(&world, &url).await;
    assert_eq!(person.hands_in(&[("front", card(true)), ("selfie", card(true))]).await, 403, "the second lock bans");
    let budget = budget(&team, &chat).await;
    assert_eq!((&budget["status"], &budget["lockouts"]), (&json!("banned"), &json!(2)));
    team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await.refused(403, "banned");
    let unlock = format!("/v1/interactions/{chat}/participants/p1/unlock");
    world.call(&team.agent, "POST", &unlock, json!({"reason": "called"})).await.refused(403, "forbidden");
    world.call(&team.admin, "POST", &unlock, json!({"reason": "called"})).await.expect(200);
    ask(&team, &chat, "photo_id").await;
}

/// Pictures that nobody could read are an attempt, and go to nobody.
#[tokio::test]
async fn blurred_pictures_count_and_are_not_sent() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    assert_eq!(person.hands_in(&front(false)).await, 422);
    person.sees(422, "Not sharp");
    assert_eq!(read(&team, &challenge).await["document"]["flaws"], json!(["blurred"]));
    assert_eq!(budget(&team, &chat).await["quality_failures"], 1);
    assert!(provider.got().is_empty());
}

/// Off unless the team says so and names a provider that is there.
#[tokio::test]
async fn nobody_is_asked_for_a_document_that_nobody_checks() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let asks = async || team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await;
    team.set(json!({"photo_id": {"enabled": false}})).await;
    asks().await.refused(409, "method-unavailable");
    team.set(json!({"photo_id": {"enabled": true, "provider": "elsewhere"}})).await;
    asks().await.refused(409, "method-unavailable");
    team.set(json!({"photo_id": {"provider": "house"}})).await;
    asks().await.expect(202);
    world.call(OWNER, "DELETE", "/v1/teams/acme/providers/house", Value::Null).await.expect(204);
    asks().await.refused(409, "method-unavailable");
}

/// What is typed is no document: neither by the API nor in the chat.
#[tokio::test]
async fn no_text_answers_for_a_document() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (challenge, _) = ask(&team, &chat, "photo_id").await;
    for text in ["", "0000", "123456", "passed"] {
        let path = format!("/v1/challenges/{challenge}/answers");
        let told = world.call(&team.bot, "POST", &path, json!({"answer": text})).await.expect(200);
        assert_eq!(told["outcome"], "not_a_code");
    }
    assert_eq!(team.says(&chat, "m1", "123456").await.expect(200)["consumed"], false);
    let code = world.call(&team.agent, "GET", &format!("/v1/challenges/{challenge}/code"), Value::Null).await;
    code.refused(403, "not-shown");
    assert!(budget(&team, &chat).await.is_null());
}

/// Many at once: one is judged, and no more are than the threshold allows.
#[tokio::test(flavor = "multi_thread")]
async fn pictures_handed_in_at_the_same_time_are_one_attempt_each() {
    for world in worlds().await {
        let provider = Provider::start().await;
        let team = team(&world, &provider).await;
        provider.says(|check| (200, clear(check, false)));
        let chat = team.open("session", "conv-1").await;
        let (_, url) = ask(&team, &chat, "photo_id").await;
        let person = Person::at(&world, &url).await;
        let all: Vec<_> = (0..8)
            .map(|_| {
                let mut person = person.clone();
                tokio::spawn(async move { person.hands_in(&front(true)).await })
            })
            .collect();
        for one in all {
            one.await.expect("it ends");
        }
        let asked = provider.got().len();
        let budget = budget(&team, &chat).await;
        let counted = budget["failures"].as_u64().unwrap() + 2 * budget["lockouts"].as_u64().unwrap();
        assert!((1..=2).contains(&asked), "{asked} were judged");
        assert_eq!(counted, asked as u64, "each that was judged counts once");
        assert_eq!(team.flag(&chat).await["authenticated"], false);
    }
}

/// A provider may find that a zone does not check out: it counts as blurred photos do.
#[tokio::test]
async fn zone_flaw_of_the_provider_counts_and_is_shown() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let specimen = [("front", include_bytes!("specimens/passport.jpg").to_vec())];
    provider.says(|check| (200, json!({"check": check, "quality": {"passed": false, "flaws": ["zone"]}})));
    assert_eq!(person.hands_in(&specimen).await, 422);
    person.sees(422, "do not check out");
    assert_eq!(read(&team, &challenge).await["document"]["flaws"], json!(["zone"]));
    let budget = budget(&team, &chat).await;
    assert_eq!((&budget["quality_failures"], &budget["failures"]), (&json!(1), &json!(0)));
    let wrong = team.events().await.into_iter().find(|e| e["type"] == "challenge.wrong").expect("it is told");
    assert_eq!((&wrong["data"]["stage"], &wrong["data"]["reasons"]), (&json!("quality"), &json!(["zone"])));
    assert_eq!(provider.got()[0]["pictures"][0]["media_type"], "image/jpeg");
    provider.says(|check| (200, clear(check, true)));
    assert_eq!(person.hands_in(&specimen).await, 303);
    assert_eq!(team.flag(&chat).await["methods"], json!(["photo_id"]));
}
