//! A100: what is packed is not unpacked, so no bomb goes off; and what is secret is never packed
//! beside what an outsider chose, so no length tells it.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Browser, Reply, Team, World};

/// As gzip (RFC 1952) with one stored block (RFC 1951): a reader that unpacks gets `text`.
fn gzip(text: &[u8]) -> Vec<u8> {
    let crc = !text.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1)))
    });
    let length = u16::try_from(text.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(text);
    packed.extend(crc.to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

async fn opens(team: &Team, coding: &str, body: Vec<u8>) -> Reply {
    let request = Request::post("/v1/interactions")
        .header("authorization", format!("Bearer {}", team.bot))
        .header("content-type", "application/json")
        .header("content-encoding", coding);
    team.world.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a100_packed_bodies_are_refused_and_never_unpacked() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let plain = json!({"channel": "sms", "conversation": "+37255512345",
        "participants": [{"role": "primary", "name": "A"}]});
    let plain = plain.to_string().into_bytes();
    for coding in ["gzip", "x-gzip", "GZIP", "br", "deflate", "zstd", "compress", "identity, gzip", "aes128gcm", "?"] {
        for body in [plain.clone(), gzip(&plain), Vec::new()] {
            let reply = opens(&team, coding, body).await;
            reply.refused(415, "unsupported-media-type");
            assert_eq!(reply.header("accept-encoding"), "identity", "RFC 9110 §15.5.16");
        }
    }
    let listed = world.call(&team.bot, "GET", "/v1/interactions", Value::Null).await.expect(200);
    assert_eq!(listed["items"], json!([]));
    let handle = format!("/p/{}", "A".repeat(47));
    for path in [handle.as_str(), "/l/x"] {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", "gzip");
        let reply = world.send(request.body(Body::from(gzip(&[b'a'; 60_000]))).unwrap()).await;
        reply.refused(415, "unsupported-media-type");
    }
    opens(&team, "identity", plain).await.expect(201);
}

#[tokio::test]
async fn a100_no_answer_is_packed() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await["url"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&world);
    let visit = browser.continues(&link).await;
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    let done = told["continue_url"].as_str().unwrap().to_owned();
    let local = |url: &str| url.strip_prefix(crate::world::URL).unwrap_or(url).to_owned();
    let flag = format!("/v1/interactions/{chat}/authentication");
    for path in [local(&link), local(&done), flag, "/docs".into(), "/openapi.json".into(), "/nothing".into()] {
        let request = |coding: &str| {
            let request = Request::get(&path)
                .header("authorization", format!("Bearer {}", team.bot))
                .header("cookie", browser.cookie.clone().unwrap_or_default())
                .header("accept-encoding", coding);
            request.body(Body::empty()).unwrap()
        };
        let plain = world.send(request("identity")).await;
        let packed = world.send(request("gzip, br, deflate, zstd;q=1.0, *;q=0.5")).await;
        assert_eq!(packed.header("content-encoding"), "", "{path}");
        assert_eq!((plain.status, plain.bytes.len()), (packed.status, packed.bytes.len()), "{path}");
    }
}
