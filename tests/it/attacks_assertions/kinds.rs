//! A063: each kind of token of ours, and of the login page's, is good at its own place and at
//! no other.

use serde_json::{Value, json};

use super::Scene;
use crate::attacks_links::ask;
use crate::world::{Browser, URL, jwt};

/// Everything that a journey leaves in somebody's hands.
struct Tokens {
    link: String,
    handle: String,
    done: String,
    opener: String,
    cookie: String,
    nonce: String,
    signature: String,
    post_back: String,
    identity: String,
}

async fn tokens(scene: &Scene) -> Tokens {
    let team = &scene.team;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let last = |url: &Value| url.as_str().and_then(|u| u.rsplit('/').next()).expect("a token").to_owned();
    let mut browser = Browser::new(&scene.world);
    let page = browser.get(link["url"].as_str().expect("a URL")).await;
    let visit = browser.continues(link["url"].as_str().expect("a URL")).await;
    let post_back = team.assertion(&visit, "cust-42");
    let told = team.post_back(&visit, &post_back).await.expect(200);
    Tokens {
        link: last(&link["url"]),
        handle: visit.token.clone(),
        done: last(&told["continue_url"]),
        opener: link["opener_secret"].as_str().expect("a secret").to_owned(),
        cookie: browser.cookie.expect("a cookie").split_once('=').expect("a pair").1.to_owned(),
        nonce: crate::world::hidden(&page.text(), "nonce"),
        signature: visit.url.split_once("cs_signature=").expect("signed").1.to_owned(),
        post_back: team.assertion(&scene.visit, "cust-42"),
        identity: team.identity_token("cust-42"),
    }
}

impl Tokens {
    fn all(&self) -> [(&'static str, &str); 9] {
        [
            ("link", &self.link),
            ("handle", &self.handle),
            ("done", &self.done),
            ("opener secret", &self.opener),
            ("cookie", &self.cookie),
            ("nonce", &self.nonce),
            ("signature", &self.signature),
            ("post-back", &self.post_back),
            ("identity token", &self.identity),
        ]
    }
}

/// The matrix: nothing is accepted off the diagonal.
#[tokio::test]
async fn a063_every_token_at_every_place() {
    let scene = Scene::new().await;
    let team = &scene.team;
    let tokens = tokens(&scene).await;
    let keys = [
        ("bot key", team.bot.as_str()),
        ("admin key", &team.admin),
        ("security key", &team.key.secret),
        ("kid", &team.key.kid),
    ];
    for (kind, token) in tokens.all().into_iter().chain(keys) {
        // As a page's token: the landing page is there until the login has ended, and so is the done page.
        for (place, own) in [("l", "link"), ("d", "done")] {
            let page = Browser::new(&scene.world).get(&format!("/{place}/{token}")).await.status;
            assert_eq!(page, if kind == own { 200 } else { 404 }, "{kind} as a page under /{place}");
        }
        // As a handle.
        let path = format!("/p/{token}");
        let posted = scene.world.call("", "POST", &path, json!({"assertion": tokens.post_back})).await;
        let expected: &[u16] = if ["handle", "link"].contains(&kind) { &[401] } else { &[404] };
        assert!(expected.contains(&posted.status), "{kind} as a handle: {}", posted.text());
        // As an API key.
        if !kind.ends_with("key") || kind == "security key" {
            let called = scene.world.call(token, "GET", &format!("/v1/interactions/{}", scene.chat), Value::Null).await;
            called.refused(401, "unauthorized");
        }
        // As an assertion, where it is not one of this handle.
        if kind != "post-back" {
            scene.refuses(kind, token).await;
        }
        // As an identity token.
        if kind != "identity token" {
            offered(&scene, token).await.refused(401, "bad-assertion");
        }
        // As a confirmation code.
        let heard = team.says(&scene.chat, kind, token).await.expect(200);
        assert_eq!(heard["consumed"], false, "{kind} as a code");
        // As a cookie or a nonce of the page.
        if !["cookie", "nonce"].contains(&kind) {
            let cookie = format!("__Host-cs_browser={token}");
            let form = format!("act=continue&nonce={token}");
            let headers =
                [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/x-www-form-urlencoded")];
            let url =
                team.link(&team.open("sms", &format!("+3725551{:04}", crate::world::unique() % 10_000)).await).await;
            let pressed = ask(&scene.world, "POST", url["url"].as_str().expect("a URL"), &headers, &form).await;
            assert_eq!(pressed.status, 403, "{kind} as a form's");
        }
    }
    // The diagonal.
    offered(&scene, &tokens.identity).await.expect(201);
    scene.post(&tokens.post_back).await.expect(200);
}

/// `typ` and `aud` keep post-backs and identity tokens apart, each by itself.
#[tokio::test]
async fn a063_a_post_back_is_no_identity_token_and_the_other_way_round() {
    let scene = Scene::new().await;
    let kid = &scene.team.key.kid;
    let header = |typ: &str| json!({"alg": "HS256", "typ": typ, "kid": kid});
    let here = |typ: &str, aud: &str| {
        let mut claims = scene.claims();
        claims["aud"] = json!(aud);
        claims["jti"] = json!(format!("{:0>24}", crate::world::unique()));
        jwt(&header(typ), &claims, &scene.team.key.secret)
    };
    let (callback, api) = (scene.visit.callback.clone(), format!("{URL}/v1/interactions"));
    for (typ, aud) in [
        ("identity+jwt", callback.as_str()),
        ("identity+jwt", &api),
        ("JWT", &api),
        ("postback+jwt", &api),
        ("entry+jwt", &callback),
    ] {
        scene.refuses(typ, &here(typ, aud)).await;
    }
    for (typ, aud) in [
        ("postback+jwt", callback.as_str()),
        ("postback+jwt", &api),
        ("JWT", &callback),
        ("identity+jwt", &callback),
        ("entry+jwt", &api),
        ("jwt", &api),
        ("", &api),
    ] {
        offered(&scene, &here(typ, aud)).await.refused(401, "bad-assertion");
    }
    for typ in ["JWT", "identity+jwt"] {
        let opened = offered(&scene, &here(typ, &api)).await.expect(201);
        assert_eq!(opened["authentication"]["authenticated"], true);
    }
    for wrong in [format!("{api}/"), format!("{URL}/v1/interactions/{}", scene.chat), URL.to_owned(), String::new()] {
        offered(&scene, &here("JWT", &wrong)).await.refused(401, "bad-assertion");
    }
    scene.post(&here("postback+jwt", &callback)).await.expect(200);
}

/// An identity token for one conversation is good for no other, and for its own once.
#[tokio::test]
async fn a063_an_identity_token_belongs_to_one_conversation() {
    let scene = Scene::new().await;
    let mut claims = scene.claims();
    claims["aud"] = json!(format!("{URL}/v1/interactions"));
    claims["conversation"] = json!("mine");
    let token = scene.team.sign(&claims);
    let at = async |channel: &str, conversation: &str| {
        let body = json!({"channel": channel, "conversation": conversation,
            "participants": [{"role": "primary"}], "identity_token": token});
        scene.world.call(&scene.team.bot, "POST", "/v1/interactions", body).await
    };
    at("webchat", "another").await.refused(401, "bad-assertion");
    let opened = at("webchat", "mine").await.expect(201);
    assert_eq!(opened["authentication"]["authenticated"], true);
    at("webchat", "another").await.refused(401, "bad-assertion");
    at("sms", "mine").await.refused(401, "bad-assertion");
    // After the interaction has closed the same token opens a new one that proves nothing.
    let id = opened["id"].as_str().expect("an id");
    scene.team.bot("POST", id, "/close", json!({})).await.expect(200);
    assert_eq!(at("webchat", "mine").await.expect(201)["authentication"]["authenticated"], false);
    scene.world.clock.advance(std::time::Duration::from_secs(120));
    at("webchat", "mine").await.refused(401, "bad-assertion");
}

async fn offered(scene: &Scene, token: &str) -> crate::world::Reply {
    let conversation = format!("c{}", crate::world::unique());
    let body = json!({"channel": "webchat", "conversation": conversation,
        "participants": [{"role": "primary"}], "identity_token": token});
    let reply = scene.world.call(&scene.team.bot, "POST", "/v1/interactions", body).await;
    if reply.status == 401 {
        let path = format!("/v1/interactions?status=open&channel=webchat&conversation={conversation}");
        let found = scene.world.call(&scene.team.bot, "GET", &path, Value::Null).await.expect(200);
        assert_eq!(found["items"], json!([]), "never silently anonymous");
    }
    reply
}
