//! A bot, a customer and a login page over HTTP, and what each of them was told.
//!
//! A story is written down as it goes: before an act that it was asked for, and after the reply
//! that it was done. Whoever reads it afterwards knows what must be there, and what may be.

use countersign::ambient::{Clock, SystemClock};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::{Value, json};

use super::process::OWNER;
use crate::world::{Visit, hidden, jwt, shown_code, unique};

/// The connection ended before the reply did.
#[derive(Debug)]
pub struct Cut;

/// A team of the gateway, over HTTP.
#[derive(Clone)]
pub struct Outsiders {
    http: Client,
    url: String,
    name: String,
    bot: String,
    kid: String,
    secret: String,
}

/// A reply that was read to its end.
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub cookie: String,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

async fn sent(request: RequestBuilder) -> Result<Answer, Cut> {
    let reply = request.send().await.map_err(|_| Cut)?;
    let head = |name: &str| reply.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (status, location) = (reply.status().as_u16(), head("location"));
    let cookie = head("set-cookie").split(';').next().unwrap_or_default().to_owned();
    Ok(Answer { status, location, cookie, text: reply.text().await.map_err(|_| Cut)? })
}

impl Outsiders {
    /// Makes a team whose logins are bound so.
    pub async fn meet(url: &str, name: &str, binding: &str) -> Self {
        let http = client();
        let mut team = Self {
            http,
            url: url.to_owned(),
            name: name.to_owned(),
            bot: OWNER.to_owned(),
            kid: String::new(),
            secret: String::new(),
        };
        let at = format!("/v1/teams/{name}");
        // Nothing ends by itself while the longest of these runs goes on.
        let settings = json!({"authentication_url": "https://login.example.com/in", "binding": binding,
            "lockout": {"threshold": 100}, "authentication_timeout_minutes": 600,
            "interaction_timeout_minutes": 600, "absolute_timeout_minutes": 600});
        team.call(Method::PUT, &at, json!({"name": name})).await.expect("it lives").expect(201);
        team.call(Method::PATCH, &format!("{at}/settings"), settings).await.expect("it lives").expect(200);
        let key =
            team.call(Method::POST, &format!("{at}/security-keys"), json!({})).await.expect("it lives").expect(201);
        let role = json!({"role": "admin", "name": "everybody"});
        let bot = team.call(Method::POST, &format!("{at}/api-keys"), role).await.expect("it lives").expect(201);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (team.kid, team.secret, team.bot) = (text(&key["kid"]), text(&key["secret"]), text(&bot["key"]));
        team
    }

    /// Their API key.
    pub fn key(&self) -> &str {
        &self.bot
    }

    /// The same people with new connections.
    pub fn again(&self) -> Self {
        Self { http: client(), ..self.clone() }
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> Result<Answer, Cut> {
        sent(self.request(method, path, body)).await
    }

    /// The same under an `Idempotency-Key`, so that it may be asked again.
    pub async fn call_once(&self, key: &str, method: Method, path: &str, body: Value) -> Result<Answer, Cut> {
        sent(self.request(method, path, body).header("idempotency-key", key)).await
    }

    fn request(&self, method: Method, path: &str, body: Value) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.bot);
        if body.is_null() { request } else { request.json(&body) }
    }

    /// Somebody without a key; each from an address of her own.
    fn person(&self, method: Method, url: &str) -> RequestBuilder {
        let n = unique();
        let from = format!("10.{}.{}.{}", (n >> 16) & 255, (n >> 8) & 255, n & 255);
        self.http.request(method, url).header("x-forwarded-for", from)
    }

    pub async fn opens(&self, conversation: &str) -> Result<String, Cut> {
        let body = json!({"channel": "sms", "conversation": conversation, "participants": [{"role": "primary"}]});
        let opened = self.call(Method::POST, "/v1/interactions", body).await?.expect(201);
        Ok(opened["id"].as_str().expect("an id").to_owned())
    }

    pub async fn interaction(&self, chat: &str) -> Result<Answer, Cut> {
        self.call(Method::GET, &format!("/v1/interactions/{chat}"), Value::Null).await
    }

    pub async fn page(&self, url: &str) -> Result<Answer, Cut> {
        sent(self.person(Method::GET, url)).await
    }

    pub async fn continues(&self, url: &str) -> Result<Visit, Cut> {
        let page = self.page(url).await?;
        let reply = self.presses(url, &page).await?;
        assert_eq!(reply.status, 303, "{}", reply.text);
        Ok(Visit { cookie: Some(page.cookie), ..Visit::of(&reply.location) })
    }

    /// Continue, in the browser that was shown this page.
    pub async fn presses(&self, url: &str, page: &Answer) -> Result<Answer, Cut> {
        let nonce = hidden(&page.text, "nonce");
        let form = [("act", "continue"), ("nonce", nonce.as_str()), ("opener", "")];
        let press = self.person(Method::POST, url).header("origin", &self.url).header("cookie", &page.cookie);
        sent(press.form(&form)).await
    }

    /// The form of a done page, posted by the browser that was at the login page.
    pub async fn finishes(&self, url: &str, visit: &Visit) -> Result<Answer, Cut> {
        let cookie = visit.cookie.as_deref().expect("the browser of Continue");
        let (forms, token) = url.rsplit_once('/').expect("a done page's address");
        let post = self.person(Method::POST, forms).header("origin", &self.url).header("cookie", cookie);
        sent(post.form(&[("act", "finish"), ("page", token)])).await
    }

    /// What the login page signs for a customer who logged in.
    pub fn assertion(&self, visit: &Visit) -> String {
        let now = SystemClock::default().now() / 1000;
        let claims = json!({"iss": "login.example.com", "aud": visit.callback, "sub": "cust-42", "nonce": visit.token,
            "jti": format!("{:0>22}", unique()), "iat": now, "exp": now + 300});
        jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": self.kid}), &claims, &self.secret)
    }

    pub async fn posts_back(&self, visit: &Visit, assertion: &str) -> Result<Answer, Cut> {
        sent(self.person(Method::POST, &visit.callback).json(&json!({"assertion": assertion}))).await
    }

    pub async fn says(&self, chat: &str, message: &str, text: &str) -> Result<Answer, Cut> {
        let body = json!({"message_id": message, "text": text});
        self.call(Method::POST, &format!("/v1/interactions/{chat}/messages"), body).await
    }

    /// The whole audit trail as one page, as `audit verify` reads it.
    pub async fn trail(&self) -> Value {
        let (mut items, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let path = format!("/v1/teams/{}/audit?after={after}&limit=200", self.name);
            let mut page = self.call(Method::GET, &path, Value::Null).await.expect("it lives").expect(200);
            items.append(page["items"].as_array_mut().expect("a list"));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => return json!({"items": items, "next_cursor": null, "head": page["head"]}),
            }
        }
    }
}

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).build().expect("a client")
}

/// What somebody asked for, and whether the reply came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    #[default]
    Unasked,
    /// It may have happened.
    Asked,
    /// It has.
    Done,
}

/// One customer's login, as far as it came.
#[derive(Debug, Default)]
pub struct Story {
    pub chat: Option<String>,
    pub link: Option<String>,
    pub visit: Option<Visit>,
    pub assertion: Option<String>,
    pub post_back: Act,
    /// The login waits for a code.
    pub waits: bool,
    pub code: Option<String>,
    /// One wrong code before the right one.
    pub wrong: Act,
    pub right: Act,
}

impl Story {
    /// Goes on until it is over or the connection is.
    pub async fn go(&mut self, team: &Outsiders) -> Result<(), Cut> {
        self.until_code(team).await?;
        if self.waits { self.confirm(team).await } else { Ok(()) }
    }

    /// Goes on until the login is over or waits for its code, which is shown.
    pub async fn until_code(&mut self, team: &Outsiders) -> Result<(), Cut> {
        let chat = team.opens(&format!("+372{:08}", unique())).await?;
        self.chat = Some(chat.clone());
        let path = format!("/v1/interactions/{chat}/login-links");
        let made = team.call(Method::POST, &path, json!({"purpose": "mid_chat"})).await?.expect(201);
        let link = made["url"].as_str().expect("a URL").to_owned();
        self.link = Some(link.clone());
        let visit = team.continues(&link).await?;
        self.visit = Some(visit.clone());
        let assertion = team.assertion(&visit);
        self.assertion = Some(assertion.clone());
        self.post_back = Act::Asked;
        let told = team.posts_back(&visit, &assertion).await?.expect(200);
        (self.post_back, self.waits) = (Act::Done, told["status"] == "accepted");
        if self.waits {
            let done = told["continue_url"].as_str().expect("a URL");
            self.code = Some(shown_code(&team.finishes(done, &visit).await?.text));
        }
        Ok(())
    }

    async fn confirm(&mut self, team: &Outsiders) -> Result<(), Cut> {
        let [chat, code] = [&self.chat, &self.code].map(|known| known.clone().expect("a login that waits"));
        let chat = chat.as_str();
        let other = if code == "B2D3FG" { "B2D3FH" } else { "B2D3FG" };
        self.wrong = Act::Asked;
        assert_eq!(team.says(chat, "m1", other).await?.expect(200)["outcome"], "wrong");
        (self.wrong, self.right) = (Act::Done, Act::Asked);
        assert_eq!(team.says(chat, "m2", &code).await?.expect(200)["outcome"], "passed");
        self.right = Act::Done;
        Ok(())
    }

    /// Whether it was answered that the flag is up.
    pub fn raised(&self) -> bool {
        if self.waits { self.right == Act::Done } else { self.post_back == Act::Done }
    }
}
