//! What chat platforms call: `/in/TEAM/CHANNEL`. Bodies are taken as they are, since they are proved
//! byte by byte; what is in them, the gateway and the channel's definition say.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::base::id::{ChannelName, TeamName};
use crate::domain::rules::chat::receive::Received;
use crate::domain::team::Role;
use crate::http::access::layers::{from, not_unpacked};
use crate::http::limits::failures::{RequestSource, too_often};
use crate::http::requests::body::read;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::Viewer;
use crate::services::Snapshot;
use crate::services::inbound::platform_calls::{InboundCall, PlatformReply};

/// Platforms tell many things at once: a body is at most so large.
const MAX_BYTES: usize = 1024 * 1024;

/// The routes of this file. They are no part of the API that is described: what comes here is as each
/// platform has it.
pub fn routes() -> Router<Shared> {
    let methods = || {
        let all = get(hear_platform).post(hear_platform).put(hear_platform);
        all.layer(DefaultBodyLimit::max(MAX_BYTES))
    };
    // Some platforms are given a beginning and put paths of their own behind it.
    Router::new().route("/in/{team}/{channel}", methods()).route("/in/{team}/{channel}/{*rest}", methods())
}

/// Which channel of which team.
#[derive(Deserialize)]
struct Place {
    team: String,
    channel: String,
}

async fn hear_platform(
    State(state): State<Shared>,
    Path(Place { team, channel }): Path<Place>,
    request: Request,
) -> Result<Response, Problem> {
    let nowhere = || Problem::of(&problem_types::NOT_FOUND);
    let team: TeamName = team.parse().map_err(|_| nowhere())?;
    let channel: ChannelName = channel.parse().map_err(|_| nowhere())?;
    let address = from(&state, &request);
    let source = RequestSource { kind: "in", address, about: channel.as_str(), team: Some(&team) };
    let at = state.failures.judge(&source, state.gateway.inbound.listening(&team, &channel)).await?;
    if !at.takes_coding(request.headers()) {
        return if state.failures.count(&source) { Err(too_often()) } else { Ok(not_unpacked()) };
    }
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = read(request, &state).await.map_err(|p| state.failures.unread(&source, p.naming_limit("1 MiB")))?;
    let call = InboundCall { method, target: &target, headers: &headers, body: &body };
    let verified = state.failures.judge(&source, state.gateway.inbound.verify_call(&at, call)).await?;
    let flag = state.flag_for_bots();
    let answer = state.gateway.inbound.receive_call(&at, verified, &flag).await?;
    Ok(written(answer))
}

fn written(answer: PlatformReply) -> Response {
    let PlatformReply { status, content_type, body } = answer;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = HeaderValue::from_str(&content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

impl Shared {
    /// The flag as bots read it, for what is passed on to one.
    pub(crate) fn flag_for_bots(&self) -> impl Fn(&Snapshot<Received>) -> Value + Send + Sync {
        let gateway = self.gateway.clone();
        move |snapshot| {
            let (now, earliest) = gateway.engine.now_and_earliest();
            let (keys, public_url) = (gateway.engine.keys(), gateway.urls.public_url());
            let viewer = Viewer { role: Role::Bot, now, earliest, keys, public_url };
            viewer.flag(snapshot, None, None).map_or(Value::Null, |flag| serde_json::json!(flag))
        }
    }
}
