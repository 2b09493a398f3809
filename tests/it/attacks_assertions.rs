//! Attacks on assertions: post-backs and identity tokens as JWTs, their keys, and clocks:
//! A006 (one after another; the parallel side stands with the races) and A058–A079, each under
//! its id.
//!
//! Where the attack catalogue and the contract differ, the contract holds, and the test says so.

mod algorithms;
mod claims;
mod clocks;
mod encodings;
mod forgotten;
mod headers;
mod keyring;
mod keys;
mod kinds;
mod replies;
mod times;

use serde_json::{Value, json};

use crate::world::{Browser, Reply, SecurityKey, Team, Visit, World, jwt};

/// A team, one of its chats, and a browser that stands at the login page.
pub struct Scene {
    pub world: World,
    pub team: Team,
    pub chat: String,
    pub visit: Visit,
}

impl Scene {
    pub async fn new() -> Self {
        Self::on(World::new().await).await
    }

    pub async fn on(world: World) -> Self {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255500001").await;
        let mut scene = Self { world, team, chat, visit: Visit::of(ANY) };
        scene.visit = scene.next().await;
        scene
    }

    /// The login page once more, for a new link.
    pub async fn next(&self) -> Visit {
        let link = self.team.link(&self.chat).await;
        Browser::new(&self.world).continues(link["url"].as_str().expect("a URL")).await
    }

    pub fn claims(&self) -> Value {
        self.team.claims(&self.visit, "cust-42")
    }

    /// Good claims with one of them another.
    pub fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    /// Good claims without one of them.
    pub fn without(&self, name: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().expect("claims are an object").remove(name);
        claims
    }

    pub fn header(&self) -> Value {
        json!({"alg": "HS256", "typ": "JWT", "kid": self.team.key.kid})
    }

    /// Good claims under another header, rightly signed.
    pub fn under(&self, header: &Value) -> String {
        jwt(header, &self.claims(), &self.team.key.secret)
    }

    pub async fn post(&self, assertion: &str) -> Reply {
        self.team.post_back(&self.visit, assertion).await
    }

    /// It is 401, tells nothing, and changes nothing; what it tells of itself is no echo.
    pub async fn refuses(&self, what: &str, assertion: &str) {
        let reply = self.post(assertion).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "bad-assertion"), "{what}: {}", reply.text());
        let usual = "The JWT does not prove what it must. The gateway's log says why; this answer does not.";
        assert_eq!(reply.json()["detail"], usual, "{what}");
    }

    /// After every refusal the link is where it was, and a good assertion is taken.
    pub async fn still_takes_a_good_one(&self) {
        assert_eq!(self.team.flag(&self.chat).await["status"], "pending");
        let told = self.post(&self.team.sign(&self.claims())).await.expect(200);
        assert_eq!(told["status"], "accepted");
    }

    /// Another security key of the team.
    pub async fn another_key(&self) -> SecurityKey {
        shared_key(&self.team).await
    }
}

/// The shape of a signed URL before there is one.
const ANY: &str = "https://login.example.com/?cs_token=x&cs_callback=y";

pub async fn shared_key(team: &Team) -> SecurityKey {
    let path = format!("/v1/teams/{}/security-keys", team.name);
    let made = team.world.call(&team.admin, "POST", &path, json!({})).await.expect(201);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    SecurityKey { kid: text("kid"), secret: text("secret") }
}
