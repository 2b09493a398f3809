//! The demo's routes: the chat as a browser uses it, with or without script.
//!
//! A browser is known by one cookie that names its chat and nothing else. Every act is a plain form
//! post answered by a redirect; the script merely spares the reload.

pub(crate) mod login;
pub(crate) mod play;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Json, Router};
use serde::Deserialize;

use crate::chats::chat::Chat;
use crate::chats::inboxes::ChatRequest;
use crate::pages::{self, ChatFrame, ChatSnapshot};
use crate::scenes::Scene;
use crate::web::play::play;
use crate::{Demo, DemoSlot};

const COOKIE: &str = "demo_chat";
/// Base64url of 32 bytes.
const COOKIE_LENGTH: usize = 43;
const MAX_TEXT_BYTES: usize = 1_000;
/// What the gateway sends to the provider of document checks, in base64.
const MAX_PICTURES: usize = 16 * 1024 * 1024;

/// Everything under `/demo`.
pub fn router(slot: DemoSlot) -> Router {
    Router::new()
        .route("/demo", get(index))
        .route("/demo/live/{part}", get(frame))
        .route("/demo/chat/events", get(feed))
        .route("/demo/chat/messages", post(say))
        .route("/demo/chat/resend", post(resend))
        .route("/demo/chat/new", post(start_over))
        .route("/demo/chat/scene", post(start_scene))
        .route("/demo/status-token", post(status_token))
        .route("/demo/console", get(console))
        .route("/demo/login", get(login::show).post(login::answer))
        .route("/demo/assets/{name}", get(asset))
        .route("/demo/identity", post(check_document).layer(DefaultBodyLimit::max(MAX_PICTURES)))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(middleware::from_fn_with_state(slot, guard))
}

/// 503 until there is a demo; no act for a foreign page; and the policy on every reply.
async fn guard(State(slot): State<DemoSlot>, mut request: Request, next: Next) -> Response {
    let Some(demo) = slot.0.get().cloned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "The demo is starting.\n")
            .into_response();
    };
    if request.method() == Method::POST && comes_from_elsewhere(request.headers()) {
        return demo.pages.trouble(StatusCode::FORBIDDEN, "Not from here", "This form was sent by another website.");
    }
    let policy = policy(&demo.base);
    request.extensions_mut().insert(demo);
    let mut reply = next.run(request).await;
    let headers = reply.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        // The login window keeps its opener, which proves to it that this chat opened it.
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    reply
}

/// `base` stands beside `'self'` because one machine has several names: the widget's script comes
/// from the gateway's public address, wherever the page was opened.
fn policy(base: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' {base}; style-src 'self'; img-src 'self' data:; connect-src 'self' {base}; \
         frame-src 'self' {base}; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'self'"
    );
    HeaderValue::from_str(&policy).expect("a public URL is plain ASCII")
}

fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

type DemoExtension = Extension<Arc<Demo>>;

async fn index(Extension(demo): DemoExtension, headers: HeaderMap) -> Response {
    let visitor = known_visitor(&headers);
    let page = demo.pages.chat(&demo.base, visitor.and_then(|visitor| demo.chats.scene(visitor)));
    match visitor {
        Some(_) => page,
        None => with_cookie(&demo, &new_visitor(&demo), page),
    }
}

async fn frame(Extension(demo): DemoExtension, Path(part): Path<String>, headers: HeaderMap) -> Response {
    let frame = match part.as_str() {
        "log" => ChatFrame::Log,
        "phone" => ChatFrame::Phone,
        "side" => ChatFrame::Side,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(chat) = chat_of(&demo, &headers) else { return no_chat(&demo) };
    let (view, texts, now) = (chat.view.borrow().clone(), chat.phone.texts.borrow().clone(), demo.clock.now());
    let mark = view.mark.shown(now, *demo.chats.connected().borrow());
    demo.pages.frame(frame, &ChatSnapshot { view: &view, mark: &mark, texts: &texts, now })
}

/// The chat as it changes, whole each time: a browser that missed one is right again with the next.
async fn feed(Extension(demo): DemoExtension, headers: HeaderMap) -> Response {
    let Some(chat) = chat_of(&demo, &headers) else { return no_chat(&demo) };
    let mut connected = demo.chats.connected();
    let (mut view, mut texts) = (chat.view, chat.phone.texts);
    view.mark_changed(); // the first one at once
    let next = async move || {
        tokio::select! {
            changed = view.changed() => changed.ok()?,
            changed = texts.changed() => changed.ok()?,
            changed = connected.changed() => {
                changed.ok()?;
                // The gateway is going, perhaps with this process: the browser comes back by itself.
                if !*connected.borrow() {
                    return None;
                }
            }
        }
        let (view, texts) = (view.borrow_and_update().clone(), texts.borrow_and_update().clone());
        let now = demo.clock.now();
        let mark = view.mark.shown(now, *connected.borrow_and_update());
        let seen = ChatSnapshot { view: &view, mark: &mark, texts: &texts, now };
        Some(sse::Event::default().event("chat").data(demo.pages.feed(&seen)))
    };
    let events = futures_util::stream::unfold(next, async |mut next| {
        let event = next().await?;
        Some((Ok::<_, Infallible>(event), next))
    });
    Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

#[derive(Deserialize)]
struct MessageForm {
    text: String,
}

async fn say(Extension(demo): DemoExtension, headers: HeaderMap, Form(said): Form<MessageForm>) -> Response {
    let text: String = said.text.trim().chars().take(MAX_TEXT_BYTES).collect();
    let Some(chat) = chat_of(&demo, &headers) else { return no_chat(&demo) };
    let taken = text.is_empty() || chat.ask(ChatRequest::Said(text)).await;
    back_to_chat(&demo, taken)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResendForm {
    by: String,
}

/// The customer wants another code, perhaps by mail.
async fn resend(Extension(demo): DemoExtension, headers: HeaderMap, Form(another): Form<ResendForm>) -> Response {
    let Some(chat) = chat_of(&demo, &headers) else { return no_chat(&demo) };
    back_to_chat(&demo, chat.ask(ChatRequest::Resend { by_mail: another.by == "mail" }).await)
}

/// Back to the chat, where the bot took it.
fn back_to_chat(demo: &Demo, taken: bool) -> Response {
    if taken {
        return Redirect::to("/demo").into_response();
    }
    demo.pages.trouble(StatusCode::TOO_MANY_REQUESTS, "One at a time", "The bot is still busy with your last messages.")
}

async fn start_over(Extension(demo): DemoExtension) -> Response {
    with_cookie(&demo, &new_visitor(&demo), Redirect::to("/demo").into_response())
}

#[derive(Deserialize)]
struct SceneForm {
    scene: Scene,
}

/// A scene begins, with a chat of its own.
async fn start_scene(Extension(demo): DemoExtension, Form(picked): Form<SceneForm>) -> Response {
    let visitor = new_visitor(&demo);
    let Some(chat) = demo.chats.chat_for_scene(&visitor, picked.scene) else { return no_chat(&demo) };
    play(&demo, picked.scene, &chat).await;
    with_cookie(&demo, &visitor, Redirect::to("/demo").into_response())
}

#[derive(Deserialize)]
struct StatusRequest {
    interaction: String,
}

/// The agent's portal lets its page show a flag: of this browser's own chat, as a portal knows its agents'.
async fn status_token(
    Extension(demo): DemoExtension,
    headers: HeaderMap,
    Json(asked): Json<StatusRequest>,
) -> Response {
    let Some(chat) = chat_of(&demo, &headers) else { return StatusCode::CONFLICT.into_response() };
    let own = chat.view.borrow().agent_view.as_ref().is_some_and(|shown| shown["id"] == asked.interaction);
    if !own {
        return StatusCode::NOT_FOUND.into_response();
    }
    match demo.chats.status_link(chat.scene, &asked.interaction).await {
        Ok(link) => Json(link).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The agent's console of this browser's own chat: each time by a link of its own, as a portal would ask for one.
async fn console(Extension(demo): DemoExtension, headers: HeaderMap) -> Response {
    let Some(chat) = chat_of(&demo, &headers) else { return no_chat(&demo) };
    let interaction = chat.view.borrow().agent_view.as_ref().and_then(|shown| shown["id"].as_str().map(str::to_owned));
    let Some(interaction) = interaction else { return StatusCode::NOT_FOUND.into_response() };
    match demo.chats.console_link(chat.scene, &interaction).await {
        Ok(link) => Redirect::to(&link.url).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The provider of document checks, at its one address.
async fn check_document(Extension(demo): DemoExtension, headers: HeaderMap, body: Bytes) -> Response {
    demo.provider.answer(&headers, &body, demo.clock.now() / 1000)
}

async fn asset(Path(name): Path<String>) -> Response {
    match pages::asset(&name) {
        Some((kind, body)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn chat_of(demo: &Demo, headers: &HeaderMap) -> Option<Chat> {
    demo.chats.chat(known_visitor(headers)?)
}

fn no_chat(demo: &Demo) -> Response {
    demo.pages.trouble(
        StatusCode::CONFLICT,
        "No chat here",
        "The demo needs its one cookie to know your chat. Allow it and begin again.",
    )
}

fn new_visitor(demo: &Demo) -> String {
    crate::random_text(&*demo.entropy, 32)
}

fn known_visitor(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let (_, visitor) = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)?;
    (visitor.len() == COOKIE_LENGTH).then_some(visitor)
}

fn with_cookie(demo: &Demo, visitor: &str, mut reply: Response) -> Response {
    let secure = if demo.base.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={visitor}; Path=/demo; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("base64url and attributes are plain ASCII");
    reply.headers_mut().append(header::SET_COOKIE, cookie);
    reply
}
