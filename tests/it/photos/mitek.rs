//! Mitek's side, played by its public documentation: what it is asked, to the letter, and what its answers
//! are taken for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Person, ask, budget, card, read};
use crate::world::{Team, World};

/// The server: what it was asked, and what it answers to each dossier.
#[derive(Clone, Default)]
struct Mitek {
    asked: Arc<Mutex<Vec<(String, String, String)>>>,
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
}

async fn answer(State(mitek): State<Mitek>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.expect("a body").to_vec()).expect("UTF-8");
    let header = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().expect("ASCII")).to_owned();
    let asked = format!("{} {} {}", parts.method, parts.uri, header("content-type"));
    mitek.asked.lock().unwrap().push((asked, header("authorization"), body));
    if parts.uri.path() == "/connect/token" {
        let token = format!("token-{}", mitek.asked.lock().unwrap().len());
        return axum::Json(json!({"access_token": token, "expires_in": 300, "token_type": "Bearer"})).into_response();
    }
    let (status, said) = mitek.answers.lock().unwrap().pop_front().expect("an answer for each dossier");
    (axum::http::StatusCode::from_u16(status).unwrap(), axum::Json(said)).into_response()
}

/// A dossier as it is answered; the pictures' statuses, and what was found.
fn dossier(statuses: &[&str], kind: Option<&str>, findings: Value) -> (u16, Value) {
    let image = |status: &&str| {
        json!({"imageId": "7b8acd89-a6ab-41ea-9370-2b3aabcc6d32", "processingStatus": status, "processingReasons": {},
            "classification": {"imageType": kind, "mdsid": "MDS.2.0.UTO.P.STD"}, "derivedImages": {}, "extractedData": {}})
    };
    let images: Vec<Value> = statuses.iter().map(image).collect();
    let metadata = json!({"createdDateTime": "2026-01-01T00:00:00Z", "dossierId": "d26fbac6-3de3-4ac5-9c8d-93a020eef02e",
        "processingStatus": "Successful", "version": "v2.1.0"});
    (
        200,
        json!({"configuration": {"responseImages": [], "verifications": {}}, "dossierMetadata": metadata,
        "evidence": [{"evidenceId": "4ef5e5ff-047b-411a-87c5-656810f4b09a", "type": "IdDocument", "images": images}],
        "findings": findings}),
    )
}

fn findings(authenticated: bool, faces: Option<&str>) -> Value {
    let one = |name: &str, judgement: &str| json!({"name": name, "judgement": judgement, "notifications": {}, "probability": 819, "verificationType": 102, "version": "3.44"});
    let mut verifications = vec![one("Generic Font", "Authentic")];
    verifications.extend(faces.map(|judgement| one("Face Comparison", judgement)));
    json!({"authenticated": authenticated, "probability": 800, "verifications": verifications})
}

async fn start(world: &World) -> (Mitek, Team, String) {
    let (mitek, listener) = (Mitek::default(), TcpListener::bind("127.0.0.1:0").await.expect("loopback"));
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().fallback(answer).with_state(mitek.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let team = world.team("acme").await;
    let body = json!({"kind": "mitek", "account": {"client_id": "a client&1", "base_url": url}, "secrets": {"client_secret": "a secret+2"}});
    world.call(&team.admin, "PUT", "/v1/teams/acme/providers/mitek", body).await.expect(201);
    team.set(json!({"photo_id": {"enabled": true, "provider": "mitek", "quality_threshold": 100, "authentication_threshold": 100}})).await;
    let session = json!({"definition": "session"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/channels/session", session).await.expect(201);
    let chat = team.open("session", "conv-1").await;
    (mitek, team, chat)
}

/// L-14, L-15: the document alone, and with a face that is compared, as Mitek is asked for them.
#[tokio::test]
async fn mitek_is_asked_to_the_letter() {
    let world = World::new().await;
    let (mitek, team, chat) = start(&world).await;
    let (_, url) = ask(&team, &chat, "photo_id_selfie").await;
    let mut person = Person::at(&world, &url).await;
    mitek.answers.lock().unwrap().push_back(dossier(
        &["Successful", "Successful"],
        Some("Passport"),
        findings(true, Some("Authentic")),
    ));
    assert_eq!(person.hands_in(&[("front", card(true)), ("back", card(true)), ("selfie", card(true))]).await, 303);
    assert_eq!(team.flag(&chat).await["methods"], json!(["photo_id_selfie"]));

    let asked = mitek.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].0, "POST /connect/token application/x-www-form-urlencoded");
    assert_eq!(
        asked[0].2,
        "grant_type=client_credentials&client_id=a+client%261&client_secret=a+secret%2B2&scope=global.identity.api+dossier.creator"
    );
    assert_eq!(
        (asked[1].0.as_str(), asked[1].1.as_str()),
        ("POST /api/verify/v2/dossier application/json", "Bearer token-1")
    );
    let body: Value = serde_json::from_str(&asked[1].2).expect("JSON");
    let picture = body["evidence"][0]["images"][0]["data"].as_str().expect("base64").to_owned();
    assert!(BASE64_STANDARD.decode(&picture).expect("base64").starts_with(b"\x89PNG"));
    assert_eq!(
        body,
        json!({
            "customerReferenceId": format!("{chat}-1-1"),
            "evidence": [
                {"type": "IdDocument", "images": [{"data": picture}, {"data": picture}]},
                {"type": "Biometric", "biometricType": "Selfie", "data": picture},
            ],
            "configuration": {"verifications": {"faceComparison": true}, "responseImages": []},
        })
    );
}

#[tokio::test]
async fn what_mitek_finds_is_taken_for_what_it_is() {
    let good = ["Successful"];
    let passport = Some("Passport");
    for (selfie, answer, status) in [
        (false, dossier(&["Successful", "Failed"], passport, findings(true, None)), "unclear"),
        (false, dossier(&good, None, findings(true, None)), "unclear"),
        (false, dossier(&good, Some("Unknown"), findings(true, None)), "unclear"),
        (false, dossier(&good, passport, findings(false, None)), "failed"),
        (true, dossier(&good, passport, findings(true, Some("Fraudulent"))), "failed"),
        (true, dossier(&good, passport, findings(false, None)), "failed"),
        (true, dossier(&good, passport, findings(true, None)), "unclear"),
        (true, dossier(&good, passport, findings(true, Some("Undetermined"))), "unclear"),
        (false, dossier(&[], passport, findings(true, None)), "undecided"),
        (false, dossier(&good, passport, json!({})), "undecided"),
        (false, (200, json!("fine")), "undecided"),
        (false, (500, json!({})), "undecided"),
        (false, (403, json!({})), "undecided"),
    ] {
        let world = World::new().await;
        let (mitek, team, chat) = start(&world).await;
        let (challenge, url) = ask(&team, &chat, if selfie { "photo_id_selfie" } else { "photo_id" }).await;
        mitek.answers.lock().unwrap().push_back(answer.clone());
        let mut person = Person::at(&world, &url).await;
        let mut files = vec![("front", card(true))];
        files.extend(selfie.then(|| ("selfie", card(true))));
        person.hands_in(&files).await;
        assert_eq!(read(&team, &challenge).await["document"]["status"], status, "{answer:?}");
        assert_eq!(team.flag(&chat).await["authenticated"], false, "{answer:?}");
        assert_eq!(budget(&team, &chat).await.is_null(), status == "undecided", "{answer:?}");
    }
}

/// A token is used until shortly before its end, and another is asked for where it was taken back.
#[tokio::test]
async fn a_token_is_kept_and_replaced() {
    let world = World::new().await;
    let (mitek, team, chat) = start(&world).await;
    let (_, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let bad = || dossier(&["Failed"], None, findings(false, None));
    mitek.answers.lock().unwrap().extend([bad(), bad(), (401, json!({})), bad(), bad()]);
    for _ in 0..3 {
        person.hands_in(&[("front", card(true))]).await;
    }
    world.pass(std::time::Duration::from_secs(271)).await;
    person.hands_in(&[("front", card(true))]).await;
    let asked = mitek.asked.lock().unwrap().clone();
    let used: Vec<&str> =
        asked.iter().filter(|(_, bearer, _)| !bearer.is_empty()).map(|(_, bearer, _)| bearer.as_str()).collect();
    assert_eq!(used, ["Bearer token-1", "Bearer token-1", "Bearer token-1", "Bearer token-5", "Bearer token-7"]);
}
