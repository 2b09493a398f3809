//! Code pages and invitations: what people see and press at `/c/TOKEN`, and what bots and agents read of
//! it. The pages are used as a browser without scripts uses them: by their forms and nothing else.

mod admission;
mod challenge_pages;
mod destinations;
mod entry;
mod languages;
mod lockouts;
mod login_at_door;
mod policies;
mod questions;
mod screens;
mod two_channels;

use serde_json::{Value, json};

use crate::world::{Browser, Reply, Team, URL, World};

/// A person with a browser at a page of ours.
struct Visitor {
    browser: Browser,
    page: Reply,
    url: String,
}

impl Visitor {
    /// Opens a link.
    async fn at(world: &World, url: &str) -> Self {
        let mut visitor = Self::with(Browser::new(world), url);
        visitor.open(url).await;
        visitor
    }

    fn with(browser: Browser, url: &str) -> Self {
        let page = Reply { status: 0, headers: http::HeaderMap::new(), bytes: Vec::new() };
        Self { browser, page, url: url.to_owned() }
    }

    /// Opens another address, or the same again.
    async fn open(&mut self, url: &str) {
        self.url = url.to_owned();
        self.page = self.browser.get(url).await;
    }

    /// Presses the button of that act, with what was typed, and follows where it leads on our pages.
    async fn press(&mut self, act: &str, typed: &[(&str, &str)]) -> &mut Self {
        let text = self.page.text();
        let form = form(&text, act).unwrap_or_else(|| panic!("no {act} on {} {text}", self.page.status));
        let fields: Vec<(&str, &str)> =
            form.1.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(typed.iter().copied()).collect();
        self.page = self.browser.post(&form.0, &fields).await;
        self.follow().await;
        self
    }

    /// Comes to a done page, whose script posts its form at once.
    async fn comes_to(&mut self, done: &str) {
        self.finish(done).await;
        self.follow().await;
    }

    async fn finish(&mut self, done: &str) {
        self.url = done.to_owned();
        self.page = self.browser.finish(done).await;
    }

    /// Goes where a redirect leads, as long as it leads to pages of ours.
    async fn follow(&mut self) {
        while self.page.status == 303 {
            let to = self.page.header("location");
            match to.strip_prefix(URL).unwrap_or(&to) {
                done if done.starts_with("/d/") => self.finish(&to).await,
                ours if ours.starts_with('/') => self.open(&to).await,
                _ => return,
            }
        }
    }

    async fn goes_on(&mut self) -> &mut Self {
        self.press("continue", &[]).await
    }

    async fn types(&mut self, code: &str) -> &mut Self {
        let field = if self.page.text().contains("name=\"pin\"") { "pin" } else { "code" };
        self.press("answer", &[(field, code)]).await
    }

    #[track_caller]
    fn sees(&self, status: u16, words: &str) {
        assert_eq!(self.page.status, status, "{}", self.page.text());
        assert!(self.page.text().contains(words), "{words}: {}", self.page.text());
    }

    /// Whether the page has a form of that act.
    fn may(&self, act: &str) -> bool {
        form(&self.page.text(), act).is_some()
    }
}

/// Where the form of an act goes to, and its hidden fields.
pub fn form(page: &str, act: &str) -> Option<(String, Vec<(String, String)>)> {
    let forms = page.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
    let form = forms.into_iter().find(|form| form.contains(&format!("data-act=\"{act}\"")))?;
    let part = |tag: &str, name: &str| {
        let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
        Some(value.to_owned())
    };
    let inputs = form.split("<input ").skip(1).filter(|tag| tag.contains("type=\"hidden\""));
    let hidden = inputs.filter_map(|tag| Some((part(tag, "name")?, part(tag, "value")?))).collect();
    assert!(form.contains("method=\"post\""), "an act is posted: {form}");
    Some((part(form, "action")?, hidden))
}

/// A team whose agents tell codes by phone, so that nothing needs to be sent.
async fn team(world: &World, entry: Value) -> Team {
    let team = world.team("acme").await;
    channels(&team).await;
    let otp = json!({"send_to_customer": false, "show_to_agents": true});
    team.set(json!({"otp": otp, "entry": entry})).await;
    team
}

/// A door that asks for this, and for that of whoever comes again.
fn by(first: &str, subsequent: Option<&str>) -> Value {
    json!({"require_authentication": true, "first": first, "subsequent": subsequent.unwrap_or("none")})
}

/// The team's accounts for sessions of pages, text messages and mail.
async fn channels(team: &Team) {
    rooms(team).await;
    for name in ["sms", "email"] {
        account(team, name, "recorder").await;
    }
}

/// The team's account for sessions of pages.
async fn rooms(team: &Team) {
    account(team, "session", "session").await;
}

async fn account(team: &Team, name: &str, definition: &str) {
    let path = format!("/v1/teams/{}/channels/{name}", team.name);
    team.world.call(&team.admin, "PUT", &path, json!({"definition": definition})).await.expect(201);
}

/// A session of pages with a customer and a cosigner who can be reached.
async fn open(team: &Team, conversation: &str) -> String {
    open_on(team, "session", conversation).await
}

/// The same people in a chat on a website.
async fn open_chat(team: &Team, conversation: &str) -> String {
    open_on(team, "webchat", conversation).await
}

async fn open_on(team: &Team, channel: &str, conversation: &str) -> String {
    let person = |role: &str, n: u8| {
        json!({"role": role, "name": "Demo Customer", "phone": format!("+3725551234{n}"),
            "email": format!("demo{n}@example.com")})
    };
    let body = json!({"channel": channel, "conversation": conversation,
        "participants": [person("primary", 1), person("cosigner", 2)]});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    opened["id"].as_str().expect("an id").to_owned()
}

/// An agent invites somebody.
async fn invite(team: &Team, chat: &str, body: Value) -> Reply {
    team.world.call(&team.agent, "POST", &format!("/v1/interactions/{chat}/invitations"), body).await
}

/// The address of an invitation.
async fn invited(team: &Team, chat: &str, body: Value) -> String {
    let made = invite(team, chat, body).await.expect(201);
    let url = made["url"].as_str().expect("an address").to_owned();
    assert!(url.starts_with(&format!("{URL}/c/")), "{url}");
    url
}

/// A participant as callers read her.
async fn read(team: &Team, chat: &str, n: usize) -> Value {
    let seen = team.bot("GET", chat, "", Value::Null).await.expect(200);
    seen["participants"][n].clone()
}

/// The live code of a participant, as an agent sees it.
async fn code(team: &Team, chat: &str, n: usize) -> String {
    let challenge = read(team, chat, n).await["challenge"]["id"].as_str().expect("a live challenge").to_owned();
    let shown = team.world.call(&team.agent, "GET", &format!("/v1/challenges/{challenge}/code"), Value::Null).await;
    shown.expect(200)["code"].as_str().expect("a code").to_owned()
}

/// Another code of the same length.
fn another(code: &str) -> String {
    code.chars().map(|c| if c == '9' { '0' } else { char::from(c as u8 + 1) }).collect()
}
