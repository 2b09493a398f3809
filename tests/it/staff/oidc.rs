//! Signing in by OpenID Connect, at a real provider of others, and at ones that lie.
//! What an ID token must be is tested beside its rule.

use std::process::Command;

use countersign::domain::team::Role;
use countersign::domain::team::oidc::GroupRule;
use countersign::domain::team::oidc::OidcProvider;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::sync::{Arc, Mutex};

use super::*;
use crate::browser::process::Process;
use crate::interop;

const REDIRECT: &str = "https://auth.example.com/signin/oidc";
const SECRET: &str = "the-clients-own-secret-0123456789abcdef";

fn provider(issuer: &str) -> OidcProvider {
    let rule = |group: &str, role, team: Option<&str>| GroupRule {
        group: group.to_owned(),
        role,
        team: team.map(|team| team.parse().expect("a name")),
    };
    OidcProvider {
        issuer: issuer.to_owned(),
        client_id: "countersign".to_owned(),
        client_secret: Some(countersign::domain::secret::Secret::new(SECRET.as_bytes().to_vec())),
        scopes: ["openid", "profile"].map(str::to_owned).into(),
        groups_claim: "groups".to_owned(),
        rules: vec![
            rule("support", Role::Agent, Some("acme")),
            rule("leads", Role::Admin, Some("acme")),
            rule("leads", Role::Agent, Some("beta")),
            rule("platform", Role::Owner, None),
        ],
    }
}

/// The system's time, which the provider goes by.
fn at_the_systems_time(world: &World) {
    use countersign::ambient::Clock as _;
    #[expect(clippy::disallowed_methods, reason = "the provider has the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    world.clock.advance(now.saturating_sub(Duration::from_millis(world.clock.now())));
}

/// A browser's way through the provider: its cookies, its forms, and back with what it says.
struct Journey {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Journey {
    async fn ask(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let reply = request.header("cookie", cookies.join("; ")).send().await.expect("the provider answers");
        for cookie in reply.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    /// Logs in as `name`; where the provider sends the browser in the end.
    async fn walk(mut self, url: &str, name: &str) -> String {
        let mut at = Url::parse(url).expect("a URL");
        let mut reply = self.ask(self.client.get(at.clone())).await;
        for _ in 0..20 {
            let leads = reply.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
            if let Some(to) = leads {
                at = at.join(&to).expect("a URL");
                if at.as_str().starts_with(REDIRECT) {
                    return at.into();
                }
                reply = self.ask(self.client.get(at.clone())).await;
                continue;
            }
            let page = reply.text().await.expect("a page");
            let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
            at = at.join(action).expect("a URL");
            let prompt = hidden(&page, "prompt");
            let form = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("prompt", prompt.as_str()), ("login", name), ("password", "x")])
                .finish();
            let post = self.client.post(at.clone()).header("content-type", "application/x-www-form-urlencoded");
            reply = self.ask(post.body(form)).await;
        }
        panic!("the provider leads nowhere: {at}");
    }
}

/// Where the sign-in page's button leads.
async fn goes_away(desk: &mut Desk) -> String {
    let away = desk.sign_in(&[("act", "oidc")]).await;
    assert_eq!(away.status, 303, "{}", away.text());
    away.header("location")
}

async fn walks(url: &str, name: &str) -> String {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    Journey { client, cookies: BTreeMap::new() }.walk(url, name).await
}

/// A real provider: code, PKCE, state, nonce and issuer; its groups are what somebody may do, and no more.
#[tokio::test]
async fn staff_come_in_by_a_real_provider_with_the_roles_of_their_groups() {
    if !interop::installed("oidc") {
        return;
    }
    for in_userinfo in ["0", "1"] {
        let mut command = Command::new("node");
        command.arg("tests/oidc/provider.mjs").arg(REDIRECT).current_dir(interop::root());
        command.env("OIDC_HOME", interop::root().join("target/interop/oidc")).env("CLAIMS_IN_USERINFO", in_userinfo);
        let (_process, issuer) = Process::start(&mut command, "issuer ");
        let base = World::new().await;
        at_the_systems_time(&base);
        for name in ["acme", "beta"] {
            base.team(name).await;
        }
        let world = base.with_provider(provider(&issuer));
        let mut desk = Desk::new(&world);
        assert!(desk.get("/signin").await.text().contains("data-act=\"oidc\""));

        let url = goes_away(&mut desk).await;
        for part in ["response_type=code", "code_challenge_method=S256", "code_challenge=", "nonce=", "state="] {
            assert!(url.contains(part), "{part}: {url}");
        }
        let back = walks(&url, "demo@support").await;
        assert!(back.contains("iss="), "this one says who answers: {back}");
        let mut thief = Desk::new(&world);
        assert_eq!(thief.get(&back).await.status, 401, "a code is good in the browser that asked for it");
        assert!(thief.session().is_none());
        let planted = desk.session().cloned();
        let reply = desk.get(&back).await;
        assert_eq!((reply.status, reply.header("location").as_str()), (303, "/agent"), "{}", reply.text());
        assert_ne!(desk.session().cloned(), planted);
        let page = desk.get("/agent").await.text();
        assert!(page.contains("data-team=\"acme\""), "{page}");
        assert_eq!(desk.get("/agent?team=beta").await.status, 404);
        desk.call("GET", "/v1/interactions", Value::Null).await.expect(200);
        desk.call("GET", "/v1/teams/acme/users", Value::Null).await.refused(403, "forbidden");
        assert_eq!(desk.clone().get(&back).await.status, 401, "nor is the answer good twice");

        let mut lead = Desk::new(&world);
        let back = walks(&goes_away(&mut lead).await, "chief@leads,other").await;
        lead.get(&back).await;
        lead.call("GET", "/v1/teams/acme/users", Value::Null).await.expect(200);
        let word = lead.word().await;
        let beta = [("x-csrf-token", word.as_str()), ("x-team", "beta")];
        lead.call_with("GET", "/v1/interactions", Value::Null, &beta).await.expect(200);
        lead.call_with("GET", "/v1/teams/beta/users", Value::Null, &beta).await.refused(403, "forbidden");
        lead.post("/account", &[("act", "everywhere"), ("csrf_token", &word)]).await;

        let mut nobody = Desk::new(&world);
        let back = walks(&goes_away(&mut nobody).await, "guest@visitors").await;
        let told = nobody.get(&back).await;
        assert!(told.status == 403 && told.text().contains("Ask an admin"), "{}", told.text());
        assert!(!nobody.is_in().await);
        // Another provider's name in the answer (mix-up, RFC 9207), and no name at all.
        for bend in ["iss=https%3A%2F%2Fevil.example", "other=1"] {
            let mut desk = Desk::new(&world);
            let back = walks(&goes_away(&mut desk).await, "demo@support").await;
            let (before, _) = back.split_once("iss=").expect("it stands there last");
            let told = desk.get(&format!("{before}{bend}")).await;
            assert!(told.status == 401 && told.text().contains("could not be trusted"), "{}", told.text());
            assert!(!desk.is_in().await);
        }
    }
}

/// What a lying or broken provider answers with, by path.
type Answers = Arc<Mutex<BTreeMap<&'static str, (u16, String)>>>;

async fn a_liar() -> (String, Answers, tokio::task::JoinHandle<()>) {
    let answers = Answers::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("http://{}", listener.local_addr().expect("bound"));
    let told = answers.clone();
    let router = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let told = told.lock().expect("nobody panics").get(uri.path()).cloned();
        async move {
            let (status, body) = told.unwrap_or((404, String::new()));
            (axum::http::StatusCode::from_u16(status).expect("a status"), body)
        }
    });
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (issuer, answers, server)
}

/// A provider that is down, broken or lying lets nobody in, and the page says that it is not their fault.
#[tokio::test]
async fn a_provider_that_is_down_or_lies_lets_nobody_in() {
    let (issuer, answers, server) = a_liar().await;
    let world = World::new().await.with_provider(provider(&issuer));
    world.team("acme").await;
    let put = |path: &'static str, status: u16, body: Value| {
        answers.lock().expect("nobody panics").insert(path, (status, body.to_string()));
    };
    let metadata = |issuer: &str, at: &str| {
        json!({"issuer": issuer, "authorization_endpoint": format!("{at}/auth"), "token_endpoint": format!("{at}/token"),
            "jwks_uri": format!("{at}/jwks")})
    };
    let refused = async |status: u16, words: &str| {
        let mut desk = Desk::new(&world);
        let told = desk.sign_in(&[("act", "oidc")]).await;
        assert!(told.status == status && told.text().contains(words), "{}", told.text());
        is_guarded(&told);
        assert!(!desk.is_in().await);
    };
    refused(401, "could not be trusted").await; // 404
    put("/.well-known/openid-configuration", 503, json!({}));
    refused(503, "does not answer").await;
    put("/.well-known/openid-configuration", 200, metadata("https://evil.example", &issuer));
    refused(401, "could not be trusted").await;
    put("/.well-known/openid-configuration", 200, metadata(&issuer, &issuer));
    put("/jwks", 200, json!({"keys": "none"}));
    refused(401, "could not be trusted").await;
    put("/jwks", 200, json!({"keys": []}));

    let unsigned = |nonce: &str| {
        use countersign::domain::secret::base64url;
        let claims = json!({"iss": issuer, "aud": "countersign", "sub": "1", "nonce": nonce, "iat": crate::world::BEGINNING / 1000,
            "exp": crate::world::BEGINNING / 1000 + 300, "groups": ["platform"]});
        let header = base64url(json!({"alg": "none"}).to_string().as_bytes());
        format!("{header}.{}.", base64url(claims.to_string().as_bytes()))
    };
    for bend in ["unsigned", "no token", "refused"] {
        let mut desk = Desk::new(&world);
        let url = Url::parse(&goes_away(&mut desk).await).expect("a URL");
        let part = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).expect("there");
        match bend {
            "unsigned" => put("/token", 200, json!({"id_token": unsigned(&part("nonce")), "access_token": "a"})),
            "no token" => put("/token", 200, json!({"access_token": "a"})),
            _ => put("/token", 400, json!({"error": "invalid_grant"})),
        }
        let back = format!("/signin/oidc?code=c&state={}", part("state"));
        let told = desk.get(&back).await;
        assert!(told.status == 401 && told.text().contains("could not be trusted"), "{bend}: {}", told.text());
        assert!(!desk.is_in().await, "{bend}");
    }
    let mut desk = Desk::new(&world);
    let url = goes_away(&mut desk).await;
    let state = url.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("there").to_owned();
    let told = desk.get(&format!("/signin/oidc?error=access_denied&state={state}")).await;
    assert!(told.text().contains("did not let you in"), "{}", told.text());
    // What another website makes a browser open signs nobody out.
    let team = world.team("beta").await;
    let mut desk = team.staff("demo", "agent").await;
    desk.comes_in("beta", "demo").await;
    assert_eq!(desk.get("/signin/oidc?code=c&state=guess").await.status, 401);
    assert!(desk.is_in().await);
    server.abort();
    let fresh = World::new().await.with_provider(provider("http://127.0.0.1:9"));
    let told = Desk::new(&fresh).sign_in(&[("act", "oidc")]).await;
    assert!(told.status == 503 && told.text().contains("does not answer"), "{}", told.text());
}
