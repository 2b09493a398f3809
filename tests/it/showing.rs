//! What agents on a team's platform see: whether it is proved who chats, and until when. Only what the
//! platform is asked for is looked at.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::outside::{Gateway, OWNER, Team};

/// Longer than a busy machine needs.
const LONG: Duration = Duration::from_secs(120);

/// A request for a conversation: its number, and the body.
type Asked = (String, Value);

/// A platform that keeps what it is told. It takes its time with notes in the conversations that are held.
struct Platform {
    url: String,
    /// What has come.
    asked: UnboundedReceiver<Asked>,
    /// What has come and was taken.
    told: UnboundedReceiver<Asked>,
    /// Notes that were not looked at yet.
    notes: VecDeque<(String, String)>,
    held: watch::Sender<&'static str>,
}

#[derive(Clone)]
struct Desk {
    asked: UnboundedSender<Asked>,
    told: UnboundedSender<Asked>,
    held: watch::Receiver<&'static str>,
}

async fn keep(State(mut desk): State<Desk>, request: Request) -> Json<Value> {
    let path = request.uri().path().to_owned();
    let to = path.strip_prefix("/api/v1/accounts/1/conversations/").and_then(|rest| rest.strip_suffix("/messages"));
    let to = to.unwrap_or_else(|| panic!("nothing else is asked for: {path}")).to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    desk.asked.send((to.clone(), body.clone())).unwrap();
    if body["private"] == true {
        desk.held.wait_for(|held| *held != "all" && *held != to).await.unwrap();
    }
    desk.told.send((to, body)).unwrap();
    Json(json!({"id": 1}))
}

impl Platform {
    async fn start() -> Self {
        let ((asking, asked), (telling, told)) = (unbounded_channel(), unbounded_channel());
        let (held, holding) = watch::channel("");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let desk = Desk { asked: asking, told: telling, held: holding };
        let router = Router::new().fallback(keep).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, told, notes: VecDeque::new(), held }
    }

    /// The next message that a customer reads: its conversation and its words. Notes are laid by.
    async fn message(&mut self) -> (String, String) {
        loop {
            match self.next().await {
                (false, message) => return message,
                (true, note) => self.notes.push_back(note),
            }
        }
    }

    /// The next note that was taken.
    async fn note(&mut self) -> (String, String) {
        if let Some(note) = self.notes.pop_front() {
            return note;
        }
        loop {
            if let (true, note) = self.next().await {
                return note;
            }
        }
    }

    async fn next(&mut self) -> (bool, (String, String)) {
        let (to, body) = timeout(LONG, self.told.recv()).await.expect("the platform is asked").unwrap();
        assert_eq!(body["message_type"], "outgoing");
        (body["private"].as_bool().unwrap(), (to, body["content"].as_str().unwrap().to_owned()))
    }
}

/// A team whose agents sit at that platform.
async fn team(gateway: &Gateway, name: &str, platform: &Platform) -> Team {
    let team = gateway.team(name, "https://login.example.com/").await;
    let account = json!({"account_id": "1", "base_url": platform.url, "show_flag": "yes"});
    let channel = json!({"definition": "chatwoot", "account": account, "secrets": {"api_access_token": "cw"}});
    gateway.call(Method::PUT, &format!("/v1/teams/{name}/channels/chatwoot"), OWNER, channel).await;
    team
}

fn gateway() -> Gateway {
    Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", r#"["127.0.0.0/8"]"#)])
}

/// Somebody is proved to be in a conversation; its path.
async fn proved(gateway: &Gateway, team: &Team, platform: &mut Platform, conversation: &str) -> String {
    let person = json!({"role": "primary", "name": "Demo Customer"});
    let opened = json!({"channel": "chatwoot", "conversation": conversation, "participants": [person]});
    let opened = gateway.call(Method::POST, "/v1/interactions", &team.bot_key, opened).await;
    let chat = format!("/v1/interactions/{}", opened["id"].as_str().unwrap());
    let challenge = json!({"method": "otp", "deliver_to": "chat"});
    gateway.call(Method::POST, &format!("{chat}/challenges"), &team.bot_key, challenge).await;
    let (to, message) = platform.message().await;
    assert_eq!(to, conversation);
    let answer = json!({"message_id": "m1", "text": crate::sending::code_in(&message)});
    gateway.call(Method::POST, &format!("{chat}/messages"), &team.bot_key, answer).await;
    chat
}

const DOWN: &str = "Countersign: unauthenticated";

#[tokio::test(flavor = "multi_thread")]
async fn agents_see_who_was_proved_and_that_it_ended() {
    let (gateway, mut platform) = (gateway(), Platform::start().await);
    let team = team(&gateway, "agents", &platform).await;
    let chat = proved(&gateway, &team, &mut platform, "567").await;
    let flag = gateway.call(Method::GET, &format!("{chat}/authentication"), &team.bot_key, Value::Null).await;
    let until = flag["expires_at"].as_str().unwrap();
    let seen = platform.note().await;
    assert_eq!(seen, ("567".to_owned(), format!("Countersign: authenticated until {until}, by otp")));
    gateway.call(Method::POST, &format!("{chat}/sign-out"), &team.bot_key, json!({})).await;
    assert_eq!(platform.note().await, ("567".to_owned(), DOWN.to_owned()));
    // A note cannot be written over, so what agents see already is not said again.
    gateway.call(Method::POST, &format!("{chat}/close"), &team.bot_key, json!({})).await;
    proved(&gateway, &team, &mut platform, "568").await;
    assert_eq!(platform.note().await.0, "568");
}

/// While the platform takes its time with one thing, the customer signs out: agents see that last.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_is_shown_after_something_newer() {
    let (gateway, mut platform) = (gateway(), Platform::start().await);
    let team = team(&gateway, "agents", &platform).await;
    platform.held.send("567").unwrap();
    let chat = proved(&gateway, &team, &mut platform, "567").await;
    loop {
        let (to, body) = timeout(LONG, platform.asked.recv()).await.expect("it is shown").unwrap();
        if to == "567" && body["private"] == true {
            break;
        }
    }
    gateway.call(Method::POST, &format!("{chat}/sign-out"), &team.bot_key, json!({})).await;
    let mut seen = Vec::new();
    // What is shown of another conversation was noticed after that.
    for (conversation, held) in [("568", "567"), ("569", "")] {
        platform.held.send(held).unwrap();
        let chat = proved(&gateway, &team, &mut platform, conversation).await;
        loop {
            let note = platform.note().await;
            if note.0 == conversation {
                break;
            }
            seen.push(note.1);
        }
        gateway.call(Method::POST, &format!("{chat}/sign-out"), &team.bot_key, json!({})).await;
    }
    while seen.last().is_none_or(|last| last != DOWN) {
        seen.extend(Some(platform.note().await).filter(|(to, _)| to == "567").map(|(_, words)| words));
    }
}

/// One team's platform that never answers keeps no other team's agents waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_keeps_no_other_team_waiting() {
    let (gateway, mut hangs, mut answers) = (gateway(), Platform::start().await, Platform::start().await);
    let (first, second) = (team(&gateway, "hangs", &hangs).await, team(&gateway, "bank", &answers).await);
    hangs.held.send("all").unwrap();
    for conversation in 100..120 {
        proved(&gateway, &first, &mut hangs, &conversation.to_string()).await;
    }
    proved(&gateway, &second, &mut answers, "567").await;
    assert_eq!(answers.note().await.0, "567");
    let mut tries = BTreeMap::<String, u32>::new();
    while let Ok((to, body)) = hangs.asked.try_recv() {
        *tries.entry(to).or_default() += u32::from(body["private"] == true);
    }
    assert!(tries.values().all(|tries| *tries < 4), "the other team was shown after all of them: {tries:?}");
}
