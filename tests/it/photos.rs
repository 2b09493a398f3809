//! Documents that people show: at the page of a challenge and at the door, to a provider that is a server of
//! its own. The page is used as a browser without scripts uses it: one form, with files.

mod attacks;
mod callbacks;
mod example;
mod in_chat;
mod mitek;
pub mod provider;
mod stages;
mod trouble;

use serde_json::{Value, json};

use crate::world::{Browser, Reply, Team, URL, World, hidden};
use provider::Provider;

/// A picture of a card with print on it; a blurred one has none that could be read.
pub fn card(sharp: bool) -> Vec<u8> {
    picture(1000, 640, sharp)
}

/// The same of another size, with a note in it.
pub fn picture(wide: u32, high: u32, sharp: bool) -> Vec<u8> {
    let dots = |x: u32, y: u32| if (x * 7 + y * 13) % 5 < 2 { 60 } else { 205 };
    let on_card =
        |x: u32, y: u32| x > wide / 3 && x < wide - 50 && y > 50 && y < high - 50 && (y / 12).is_multiple_of(2);
    let print = |x: u32, y: u32| if sharp && on_card(x, y) { dots(x / 2, y / 2) } else { 200 };
    let seen: Vec<u8> = (0..wide * high).map(|n| print(n % wide, n / wide)).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, wide, high);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.add_text_chunk("Comment".into(), "taken at home".into()).unwrap();
    encoder.write_header().unwrap().write_image_data(&seen).unwrap();
    file
}

/// A team that has documents checked by that provider.
async fn team(world: &World, provider: &Provider) -> Team {
    let team = world.team("acme").await;
    connect(&team, "house", provider).await;
    let path = format!("/v1/teams/{}/channels/session", team.name);
    team.world.call(&team.admin, "PUT", &path, json!({"definition": "session"})).await.expect(201);
    team.set(json!({"photo_id": {"enabled": true, "provider": "house"}})).await;
    team
}

pub async fn connect(team: &Team, name: &str, provider: &Provider) {
    let body = json!({"kind": "signed", "account": {"url": provider.url}, "secrets": {"secret": provider::SECRET}});
    let path = format!("/v1/teams/{}/providers/{name}", team.name);
    team.world.call(&team.admin, "PUT", &path, body).await.expect(201);
}

/// Puts a challenge; its id and its page.
async fn ask(team: &Team, chat: &str, method: &str) -> (String, String) {
    let put = team.bot("POST", chat, "/challenges", json!({"method": method})).await.expect(202);
    let text = |name: &str| put[name].as_str().expect("a text").to_owned();
    (text("id"), text("page_url"))
}

/// A challenge as the bot reads it.
async fn read(team: &Team, challenge: &str) -> Value {
    team.world.call(&team.bot, "GET", &format!("/v1/challenges/{challenge}"), Value::Null).await.expect(200)
}

/// The primary's budget for documents.
async fn budget(team: &Team, chat: &str) -> Value {
    let seen = team.bot("GET", chat, "", Value::Null).await.expect(200);
    seen["participants"][0]["lockout"]["by_method"]["photo_id"].clone()
}

/// A person with a browser at the page that asks for a document.
#[derive(Clone)]
pub struct Person {
    browser: Browser,
    url: String,
    page: Reply,
}

impl Person {
    /// Opens the page and presses Continue.
    pub async fn at(world: &World, url: &str) -> Self {
        let mut browser = Browser::new(world);
        let on = browser.press(url, "continue", "").await;
        assert_eq!(on.status, 303, "{}", on.text());
        let page = browser.get(&on.header("location")).await;
        Self::with(browser, url, page)
    }

    /// Somebody who has come that far.
    pub fn with(browser: Browser, url: &str, page: Reply) -> Self {
        Self { browser, url: url.to_owned(), page }
    }

    /// Sends the form with these files, and follows where it leads on our pages.
    pub async fn hands_in(&mut self, files: &[(&str, Vec<u8>)]) -> u16 {
        let sent = self.sends(files).await;
        self.page = sent.clone();
        while self.page.status == 303 {
            let to = self.page.header("location");
            match to.strip_prefix(URL).unwrap_or(&to) {
                done if done.starts_with("/d/") => self.page = self.browser.finish(&to).await,
                ours if ours.starts_with('/') => self.page = self.browser.get(&to).await,
                _ => break,
            }
        }
        sent.status
    }

    /// The same, without a look at what follows.
    pub async fn sends(&self, files: &[(&str, Vec<u8>)]) -> Reply {
        let nonce = hidden(&self.page.text(), "nonce");
        let nonce = if nonce.is_empty() { "none".to_owned() } else { nonce };
        let mut body =
            format!("--xYz\r\nContent-Disposition: form-data; name=\"nonce\"\r\n\r\n{nonce}\r\n").into_bytes();
        for (name, file) in files {
            let head = format!(
                "--xYz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(file);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--xYz--\r\n");
        self.posts("multipart/form-data; boundary=xYz", body).await
    }

    async fn posts(&self, kind: &str, body: Vec<u8>) -> Reply {
        let path = format!("{}/photo", self.url.strip_prefix(URL).expect("ours"));
        let request = http::Request::post(path).header("content-type", kind).header("origin", URL);
        let request = request.header("cookie", self.browser.cookie.clone().unwrap_or_default());
        self.browser_world().send(request.body(body.into()).expect("well-formed")).await
    }

    fn browser_world(&self) -> &World {
        self.browser.world()
    }

    /// Opens the page again.
    async fn looks(&mut self) -> &mut Self {
        self.page = self.browser.get(&format!("{}?step=code", self.url)).await;
        self
    }

    #[track_caller]
    fn sees(&self, status: u16, words: &str) {
        assert_eq!(self.page.status, status, "{}", self.page.text());
        assert!(self.page.text().contains(words), "{words}: {}", self.page.text());
    }
}

fn front(sharp: bool) -> Vec<(&'static str, Vec<u8>)> {
    vec![("front", card(sharp))]
}
