//! What every request passes on its way in and out: limits, request ids, spawned handlers,
//! headers, counting, and the writing of problem documents.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use tracing::Instrument as _;

use crate::domain::secret::base64url;
use crate::http::documents::notices;
use crate::http::documents::reader::Reader;
use crate::http::limits::client::client;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::server::connection::HandlerSlot;
use crate::http::server::host::NoHost;
use crate::http::state::Shared;
use crate::services::inbound::webhook_verifiers::is_packed;

/// A body is at most so large.
const MAX_BYTES: usize = 64 * 1024;

/// What chat platforms call.
const PLATFORMS: &str = "/in/";

/// What the forms of done pages are posted to.
const DONE_FORMS: &str = "/d";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Lays around the routes what each request passes; what is told first stands outermost. They are
/// one layer to the router, which clones and boxes each for every request.
pub(crate) fn around(routes: Router, shared: Shared) -> Router {
    let passed = middleware::from_fn_with_state(shared, passed);
    routes
        .fallback(|| async { Problem::of(&problem_types::NOT_FOUND) })
        .layer((passed, DefaultBodyLimit::max(MAX_BYTES)))
}

/// Gives each request an id, writes problem documents, and sets what every answer carries.
async fn passed(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers()).unwrap_or_else(|| base64url(&shared.gateway.engine.draw::<12>()));
    let span = tracing::info_span!("request", id, method = known_method(request.method()));
    // Some platforms bring messages by GET.
    let changes_nothing = request.method().is_safe() && !request.uri().path().starts_with(PLATFORMS);
    let handled = handled(shared.clone(), request, next).instrument(span);
    let mut response = written(&shared, to_its_end(handled, changes_nothing).await);
    let headers = response.headers_mut();
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// What every answer says, where its handler says nothing else.
const DEFAULTS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// A handler runs to its end also when its caller goes away: what was counted is compared, what
/// was committed is told to the log and the metrics. One that changes nothing may end with its
/// caller. A panic ends that request alone.
async fn to_its_end(handled: impl Future<Output = Response> + Send + 'static, changes_nothing: bool) -> Response {
    let ended = match changes_nothing {
        true => AssertUnwindSafe(handled).catch_unwind().await.map_err(|_| "a panic".to_owned()),
        false => tokio::spawn(handled).await.map_err(|error| error.to_string()),
    };
    ended.unwrap_or_else(|error| {
        metrics::counter!("countersign_panics_total").increment(1);
        tracing::error!(error, "a handler panicked");
        Problem::of(&problem_types::INTERNAL).into_response()
    })
}

/// Refuses what is too much or not described, lets the handler answer, and counts.
async fn handled(shared: Shared, mut request: Request, next: Next) -> Response {
    let _place = request.extensions_mut().remove::<HandlerSlot>(); // kept until the answer is there
    if let Some(refused) = no_resource(&request) {
        return refused;
    }
    if let Some(refused) = limited(&shared, &request) {
        return refused;
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (method, traces) = (known_method(request.method()), request.method() == http::Method::TRACE);
    let response = match shared.queries.judge_request(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let response = if traces && response.status() == StatusCode::NOT_FOUND { not_allowed() } else { response };
    shared.counts.count(route.as_ref().map_or("none", MatchedPath::as_str), method, response.status());
    response
}

/// What no resource answers: a request that does not name one host, and a tunnel.
fn no_resource(request: &Request) -> Option<Response> {
    if request.extensions().get::<NoHost>().is_some() {
        let says = "The request must name one host: in HTTP/1.1 by one `Host` header, in HTTP/2 by `:authority`.";
        return Some(Problem::of(&problem_types::BAD_REQUEST).saying(says).into_response());
    }
    (request.method() == http::Method::CONNECT).then(not_allowed)
}

/// There is nothing there that any method is allowed on.
fn not_allowed() -> Response {
    ([(header::ALLOW, "")], Problem::of(&problem_types::METHOD_NOT_ALLOWED)).into_response()
}

/// What comes packed where nothing is unpacked.
pub(crate) fn not_unpacked() -> Response {
    let refused = Problem::of(&problem_types::MEDIA_TYPE).saying("A body with a Content-Encoding is not taken.");
    ([(header::ACCEPT_ENCODING, "identity")], refused).into_response()
}

/// Pages are open to everybody, so they are limited by address: a browser asks for them, or a house of them.
/// What servers call is not (`failures`). What is packed is unpacked for nobody, save platforms that have proved
/// themselves: how large it would become is known too late.
fn limited(shared: &Shared, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    if is_packed(request.headers()) && !path.starts_with(PLATFORMS) {
        return Some(not_unpacked());
    }
    let pages = ["/l/", "/d/", "/c/", "/r/", "/login/", "/signin", "/account", "/embed/"];
    let page = path == DONE_FORMS || pages.iter().any(|start| path.starts_with(start));
    let window = path.starts_with("/webchat/") || path.starts_with("/status/");
    let from = || client(request.extensions().get(), request.headers(), &shared.proxies);
    if !(page || window) || from().is_none_or(|from| shared.limiter.allows(from)) {
        return None;
    }
    Some(match page {
        true => notices::too_many(shared, &Reader::of(request.headers()), 10),
        false => Problem::of(&problem_types::TOO_MANY_REQUESTS).after(10).into_response(),
    })
}

/// From where a request comes, as limits know it.
pub(crate) fn from(shared: &Shared, request: &Request) -> Option<IpAddr> {
    client(request.extensions().get(), request.headers(), &shared.proxies)
}

/// What an address is told that may not have one more message sent.
pub(crate) fn asks_too_often(shared: &Shared, reader: &Reader, from: Option<IpAddr>) -> Option<Response> {
    waits(shared, from).map(|seconds| notices::too_many(shared, reader, seconds))
}

/// Seconds that an address must wait for one more message to be sent; none where it may have it now.
pub(crate) fn waits(shared: &Shared, from: Option<IpAddr>) -> Option<u64> {
    let wait = shared.asking.take(from?).err()?;
    Some(wait.as_secs().max(1))
}

fn known_method(method: &http::Method) -> &'static str {
    match *method {
        http::Method::GET => "GET",
        http::Method::HEAD => "HEAD",
        http::Method::POST => "POST",
        http::Method::PUT => "PUT",
        http::Method::PATCH => "PATCH",
        http::Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// An id that the caller gave, where it is a harmless one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    ((1..=64).contains(&text.len()) && text.bytes().all(good)).then(|| text.to_owned())
}

/// Turns what handlers and the framework refused into problem documents.
fn written(shared: &Shared, mut response: Response) -> Response {
    let document = |problem: Problem| problem.write(shared.gateway.urls.public_url(), shared.gateway.engine.now());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return naming_what_goes(&mut response, document(problem));
    }
    let problem_type = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => &problem_types::METHOD_NOT_ALLOWED,
        // A page says it in a person's words.
        StatusCode::PAYLOAD_TOO_LARGE if !is_written(&response) => &problem_types::TOO_LARGE,
        StatusCode::REQUEST_TIMEOUT => &problem_types::TIMEOUT,
        // A path that is not UTF-8, say: the framework's own words stay inside.
        StatusCode::BAD_REQUEST if !is_written(&response) => &problem_types::BAD_REQUEST,
        _ => return response,
    };
    naming_what_goes(&mut response, document(Problem::of(problem_type)))
}

/// The document, with what the refusal said would be taken.
fn naming_what_goes(refused: &mut Response, mut document: Response) -> Response {
    for name in [header::ALLOW, header::ACCEPT_ENCODING] {
        if let Some(value) = refused.headers_mut().remove(&name) {
            document.headers_mut().insert(name, value);
        }
    }
    document
}

fn is_written(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/") || kind.starts_with("text/html")
}
