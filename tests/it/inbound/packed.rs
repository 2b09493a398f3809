//! Bodies that a platform packs on its way: read where its definition says that it does, after it has
//! proved itself, and no longer than a body may be. Everywhere else none is unpacked.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::platforms::{self, Call};
use super::team;
use crate::world::{Team, World, jwt};

const MSP: &str = "1c2d3e4f-aaaa-bbbb-cccc-0123456789ab";
/// In base64, as Apple gives it.
const SECRET: &str = "c2VjcmV0LW9mLWEtbWVzc2FnZS1wcm92aWRl";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a Vec takes all");
    encoder.finish().expect("a Vec takes all")
}

/// Apple's own token: it says who sends, and nothing of the body.
fn apple(team: &Team, body: Vec<u8>, coding: Option<&str>) -> Call {
    let claims = json!({"aud": MSP, "iat": team.unix()});
    let token = jwt(&json!({"alg": "HS256"}), &claims, SECRET);
    let mut headers =
        vec![("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {token}"))];
    headers.extend(coding.map(|coding| ("content-encoding", coding.to_owned())));
    Call { method: "POST", target: "/in/acme/apple/message".into(), headers, body }
}

fn text(id: &str, text: &str) -> Vec<u8> {
    let body =
        json!({"v": 1, "type": "text", "id": id, "sourceId": "urn:mbid:AQAAY", "destinationId": "b-1", "body": text});
    body.to_string().into_bytes()
}

async fn plugged(team: &Team) -> String {
    let body = json!({"definition": "apple-messages", "account": {"msp_id": MSP, "business_id": "b-1"},
        "secrets": {"api_secret": SECRET}});
    team.world.call(&team.admin, "PUT", "/v1/teams/acme/channels/apple", body).await.expect(201);
    team.open("apple", "urn:mbid:AQAAY").await
}

/// Apple packs what it sends: a code that comes so authenticates.
#[tokio::test]
async fn what_apple_packs_is_read() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = plugged(&team).await;
    let challenge = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let wrong = apple(&team, gzip(&text("m1", &Team::wrong(&code))), Some("gzip"));
    assert_eq!((team.hears_call(&wrong).await.status, team.tries(&challenge).await), (200, 2));
    assert_eq!(team.hears_call(&wrong).await.status, 200);
    assert_eq!(team.tries(&challenge).await, 2, "told again it counts once");
    assert_eq!(team.hears_call(&apple(&team, gzip(&text("m2", &code)), Some("GZIP"))).await.status, 200);
    assert!(team.is_authenticated(&chat).await);
}

/// A100: a bomb goes off nowhere. Who has proved nothing has nothing unpacked; who has is told that it is
/// too much, before it is there.
#[tokio::test]
async fn a100_a_bomb_at_the_platforms_door_goes_off_nowhere() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = plugged(&team).await;
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let bomb = gzip(&vec![b' '; 16 * 1024 * 1024]);
    assert!(bomb.len() < 64 * 1024);
    let told = team.hears_call(&apple(&team, bomb.clone(), Some("gzip"))).await;
    let problem = told.refused(413, "too-large");
    assert!(problem["detail"].as_str().expect("a text").contains("1 MiB"), "{problem}");
    let forged = apple(&team, bomb, Some("gzip")).with("authorization", Some("Bearer x.y.z"));
    assert_eq!(team.hears_call(&forged).await.status, 401);
    // What says that it is packed and is not, in whole or in part; and what says nothing of it.
    let whole = gzip(&text("m1", &code));
    let broken = [text("m1", &code), whole[..whole.len() - 2].to_vec(), [whole.clone(), whole.clone()].concat()];
    for body in broken {
        assert_eq!(team.hears_call(&apple(&team, body, Some("gzip"))).await.status, 401);
    }
    assert_eq!(team.hears_call(&apple(&team, whole.clone(), None)).await.status, 200, "proved, and nobody's words");
    for coding in ["br", "deflate", "gzip, gzip", "identity, gzip", "zstd"] {
        let told = team.hears_call(&apple(&team, whole.clone(), Some(coding))).await;
        told.refused(415, "unsupported-media-type");
        assert_eq!(told.header("accept-encoding"), "identity");
    }
    assert!(!team.is_authenticated(&chat).await);
}

/// A073: a platform that signs its bodies and packs none has none unpacked: other bytes are another body.
#[tokio::test]
async fn a073_a_signed_body_is_taken_as_it_was_signed() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in platforms::all() {
        let chat = team.chat_on(&line).await;
        team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        let good = team.call_of(&line, 1, &code);
        let packed = good.with_body(gzip(&good.body)).with("content-encoding", Some("gzip"));
        team.hears_call(&packed).await.refused(415, "unsupported-media-type");
        assert!(!team.is_authenticated(&chat).await, "{}", line.definition);
        let named = good.with("content-encoding", Some("identity"));
        assert_eq!(team.hears_call(&named).await.status, 200, "{}", line.definition);
        assert!(team.is_authenticated(&chat).await);
    }
    let nobody = Call { target: "/in/acme/nowhere".into(), ..team.call_of(&platforms::slack(), 1, "x") };
    let told = team.hears_call(&nobody.with("content-encoding", Some("gzip"))).await;
    assert_eq!(told.refused(404, "not-found").get("errors"), None::<&Value>);
}
