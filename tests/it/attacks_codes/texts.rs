//! What is read as a code, and what is conversation.
//! How texts are taken apart is the domain's own test; here they come through the chat and the API.

use serde_json::json;

use crate::world::World;

/// A037: exactly the code's digits, however they are spaced; a number is no text; a longer, shorter
/// or worded one is not counted. The catalogue would take no full-width digits; the contract does.
#[tokio::test]
async fn a037_only_the_codes_own_digits_are_an_answer() {
    let team = World::new().await.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    for text in ["+{}", "0{}", "{}.0", "Enter {} please", "{}a", "#{}", "{}{}"].map(|text| text.replace("{}", &code)) {
        assert_eq!(team.outcome(&live, &text).await, "not_a_code", "{text}");
        assert_eq!(team.hears(&chat, &text).await["consumed"], false, "{text}");
    }
    let number: u64 = code.parse().unwrap();
    for body in [json!({"answer": number}), json!({"answer": [code]}), json!({"answer": null}), json!({})] {
        team.attends(&team.bot, "POST", &live, "/answers", body).await.refused(422, "invalid");
    }
    assert_eq!(team.lockout(&chat).await["failures"], 0);
    let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    assert_eq!(team.outcome(&live, &format!(" {}\u{200b}{}\n", &wide[..9], &wide[9..])).await, "passed");
}

/// A039, §3.12: codes of 4 digits at least, PINs as the contract has them.
#[tokio::test]
async fn a039_no_code_is_shorter_than_it_may_be() {
    let team = World::new().await.team("acme").await;
    let path = format!("/v1/teams/{}/settings", team.name);
    for length in [0, 1, 3, 11] {
        let patch = json!({"otp": {"length": length}});
        team.world.call(&team.admin, "PATCH", &path, patch).await.refused(422, "invalid");
    }
    for length in [4, 10] {
        team.set(json!({"otp": {"length": length}})).await;
        let chat = team.open("sms", &format!("chat-{length}")).await;
        let live = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        assert_eq!(code.len(), length);
        assert_eq!(team.outcome(&live, &code).await, "passed");
    }
}

/// What is typed in a conversation is its primary's word: a cosigner's code is not answered by it.
#[tokio::test]
async fn a021_a_text_is_its_writers_own_answer() {
    let team = World::new().await.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    team.bot("POST", &chat, "/participants", json!({"role": "cosigner", "phone": "+37255500001"})).await.expect(201);
    team.otp(&chat).await;
    let body = json!({"method": "otp", "deliver_to": "agent", "participant": "p2"});
    let of_cosigner = team.asks(&team.bot, &chat, body).await.expect(202);
    assert_eq!(team.hears(&chat, &team.code(&chat, 1).await).await["outcome"], "wrong");
    assert_eq!(team.lockout(&chat).await["failures"], 1);
    let code = team.code(&chat, 1).await;
    assert_eq!(team.outcome(&of_cosigner, &code).await, "passed", "it was nobody's try at the cosigner's code");
    // Anybody else's text is conversation.
    let said = json!({"message_id": "x", "text": team.code(&chat, 0).await, "from": "+37255599999"});
    assert_eq!(team.bot("POST", &chat, "/messages", said).await.expect(200)["consumed"], false);
}

/// A code that comes late is kept from whoever the bot would pass it on to, as it is where the platform tells it.
#[tokio::test]
async fn a116_a_code_that_comes_late_is_kept_from_the_bot() {
    let team = World::new().await.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    team.world.pass(std::time::Duration::from_secs(180)).await;
    let heard = team.hears(&chat, &code).await;
    assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(false), &json!("code_in_text")));
    assert_eq!(heard["redacted_text"], "••••••");
    assert_eq!(team.outcome(&live, &code).await, "expired");
    assert_eq!(team.hears(&chat, "my order is 1234567").await["redacted_text"], "my order is 1234567");
}
