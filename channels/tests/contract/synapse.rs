//! Matrix with a real homeserver: a person opens a room and invites us, is sent a code, types it,
//! and it goes from the room; where a third one reads along that is told.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::inbound::{Happening, MessageAudience, SpokenMessage, WebhookVerifier};
use countersign_channels::platform::Platform;
use countersign_channels::platform::shipped::SOURCES;
use countersign_channels::{Author, Channel, Content, DeliveryError, Message, MessageAddress, Terms};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::case::{ambient, http_client};
use crate::homeserver::{AS_TOKEN, HS_TOKEN, Homeserver};

/// The gateway's place in the world, as the homeserver knows it: an address, and an ear behind it.
struct Place {
    url: String,
    listener: TcpListener,
}

/// What listens there.
#[derive(Clone)]
struct Listening {
    webhook_verifier: Arc<WebhookVerifier>,
    url: String,
    heard: UnboundedSender<SpokenMessage>,
}

impl Place {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { url: format!("http://{}/in/demo/matrix", listener.local_addr().unwrap()), listener }
    }

    /// Listens from now on.
    fn listen(self, webhook_verifier: WebhookVerifier) -> UnboundedReceiver<SpokenMessage> {
        let (sender, heard) = unbounded_channel();
        let state = Listening { webhook_verifier: Arc::new(webhook_verifier), url: self.url, heard: sender };
        let router = Router::new().fallback(hear).with_state(state);
        tokio::spawn(async move { axum::serve(self.listener, router).await });
        heard
    }
}

async fn hear(State(at): State<Listening>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let request = InboundRequest { method: parts.method, url: at.url, headers: &parts.headers, body: &body, unix: 1 };
    let (status, body) = match at.webhook_verifier.hear(&request).await {
        Ok(taken) => {
            for happening in taken.happenings {
                if let Happening::Heard(heard) = happening {
                    at.heard.send(heard).unwrap();
                }
            }
            (taken.reply.status, taken.reply.body)
        }
        Err(distrust) => (401, distrust.to_string()),
    };
    Response::builder().status(status).header("content-type", "application/json").body(Body::from(body)).unwrap()
}

/// Our side of the homeserver: what speaks, and what hears.
fn sides(server: &Homeserver, token: &str) -> (Arc<dyn Channel>, WebhookVerifier) {
    let (name, source) = SOURCES.iter().find(|(name, _)| *name == "matrix.toml").unwrap();
    let platform = Platform::load(name, source, http_client(), ambient()).unwrap();
    let secrets = [("access_token", token), ("hs_token", HS_TOKEN)];
    let account = Account {
        fields: [("base_url".to_owned(), server.url.as_str().into())].into_iter().collect(),
        secrets: secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned().into())).into(),
    };
    (platform.open(&account).unwrap(), platform.webhook_verifier(&account).unwrap().unwrap())
}

fn code(id: &str, to: &MessageAddress) -> Message {
    let content = Content::Code { text: "Your code: #PIN#".into(), code: "482913".to_owned().into() };
    Message { id: id.into(), to: to.clone(), subject: None, content, terms: Terms::default() }
}

#[tokio::test]
async fn a111_a112_a_code_goes_through_a_real_room() {
    let place = Place::new().await;
    let Some(server) = Homeserver::start(&place.url).await else { return };
    let (channel, webhook_verifier) = sides(&server, AS_TOKEN);
    let mut heard = place.listen(webhook_verifier);
    let customer = server.user("customer").await;
    let room = server.direct_room(&customer).await;
    server.wait_for_members(&customer, &room, 2).await; // the invitation is accepted

    // A code is sent, and the same one again is the same message.
    let to = MessageAddress::new(format!("{room} {}", customer.id));
    let sent = channel.send(&code("m-1", &to)).await.unwrap().platform_id.unwrap();
    assert_eq!(channel.send(&code("m-1", &to)).await.unwrap().platform_id.as_ref(), Some(&sent));
    let content = server.content(&customer, &room, &sent).await;
    assert_eq!(content["body"], "Your code: 482913");
    assert_eq!(content["com.beeper.linkpreviews"], serde_json::json!([]));

    // She types it, and it is heard as hers alone.
    let typed = server.say(&customer, &room, "482913").await;
    let said = next(&mut heard, &typed).await;
    assert_eq!((said.sender.as_str(), said.conversation.as_str()), (customer.id.as_str(), to.as_str()));
    assert_eq!((said.text.expose_secret(), said.audience), ("482913", MessageAudience::Alone));

    // Neither what she typed nor what we sent stays in the room.
    channel.retract(Author::Theirs, &to, &said.message_id).await.unwrap();
    channel.retract(Author::Ours, &to, &sent).await.unwrap();
    for event in [&typed, &sent] {
        assert_eq!(server.content(&customer, &room, event).await.get("body"), None, "{event}");
    }
    assert!(!server.texts(&customer, &room).await.iter().any(|text| text.contains("482913")));

    // With a third one there, nobody is alone any more.
    let colleague = server.user("colleague").await;
    server.bring(&customer, &room, &colleague).await;
    for user in [&customer, &colleague] {
        let typed = server.say(user, &room, "482913").await;
        assert_eq!(next(&mut heard, &typed).await.audience, MessageAudience::Group, "{}", user.id);
    }
    server.leave(&colleague, &room).await;
    let typed = server.say(&customer, &room, "482913").await;
    assert_eq!(next(&mut heard, &typed).await.audience, MessageAudience::Alone);
}

/// What the homeserver refuses means what the definition says.
#[tokio::test]
async fn a_real_homeservers_refusals_are_told_apart() {
    let place = Place::new().await;
    let Some(server) = Homeserver::start(&place.url).await else { return };
    let (channel, _) = sides(&server, AS_TOKEN);
    let customer = server.user("customer").await;
    let nowhere = MessageAddress::new(format!("!nowhere:localhost {}", customer.id));
    let refused = channel.send(&code("m-1", &nowhere)).await;
    assert_eq!(refused, Err(DeliveryError::Fallback("not-reachable")));
    let long = Content::Text("x".repeat(10_001));
    let too_long = Message { content: long, ..code("m-2", &nowhere) };
    assert_eq!(channel.send(&too_long).await, Err(DeliveryError::Permanent("too-long")));
    let (stranger, _) = sides(&server, "another-token");
    assert_eq!(stranger.send(&code("m-3", &nowhere)).await, Err(DeliveryError::AuthBroken("credentials")));
}

/// The message of that id; what came before it, such as our own words, is passed over.
async fn next(heard: &mut UnboundedReceiver<SpokenMessage>, id: &str) -> SpokenMessage {
    loop {
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(60), heard.recv());
        let said = waiting.await.expect("it is heard").expect("somebody listens");
        if said.message_id == id {
            return said;
        }
    }
}
