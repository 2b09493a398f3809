//! `/admin/system` and `/admin/teams/TEAM/settings`: what holds, who said so, and what would hold otherwise.
//! What may be set, and how far, the table of settings says.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use serde_json::Value;

use super::{Admitted, PageRequest, of_system};
use crate::domain::settings::{Described, Effective, SettingShape, SettingSource, described};
use crate::http::consoles::shown;
use crate::http::state::Shared;
use crate::pages::admin::settings::{InheritedValue, Kind, SettingsPage};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/system", get(system)).route("/admin/teams/{team}/settings", get(team))
}

async fn system(State(state): State<Shared>, headers: HeaderMap) -> Response {
    of_system(&state, &headers, "system", async |frame| {
        let read_at = state.gateway.engine.now().to_string();
        let (_, effective) = state.gateway.teams.system_settings().await?;
        let known = described().map(|described| {
            let inherited = described.default.clone();
            known(described, &effective, SettingSource::System, inherited)
        });
        let page = SettingsPage::of(frame, "/v1/settings".to_owned(), read_at, known.collect());
        Ok(shown(&state, state.pages.admin_settings(&page)))
    })
    .await
}

async fn team(request: PageRequest) -> Response {
    let read_at = request.state.gateway.engine.now().to_string(); // before they are: what happens in between is told
    request
        .draw("settings", async |state, Admitted { frame, name, team, .. }| {
            let (_, system) = state.gateway.teams.system_settings().await?;
            let known = described().map(|described| {
                let inherited = value_at(&system.json, described.path);
                known(described, &team.effective, SettingSource::Team, inherited)
            });
            let page = SettingsPage::of(frame, format!("/v1/teams/{name}/settings"), read_at, known.collect());
            Ok(shown(state, state.pages.admin_settings(&page)))
        })
        .await
}

fn known(described: Described, effective: &Effective, level: SettingSource, inherited: Value) -> InheritedValue {
    let path = described.path;
    let source = effective.source.get(path).copied().unwrap_or(SettingSource::Default);
    let (kind, bounds, words): (_, _, &[&str]) = match described.shape {
        SettingShape::Switch(_) => (Kind::Switch, None, &[]),
        SettingShape::Number(low, high, _) => (Kind::Number, Some((low, high)), &[]),
        SettingShape::Span(low, high, _) => (Kind::Span, Some((low, high)), &[]),
        SettingShape::OneOf(words, _) => (Kind::OneOf, None, words),
        SettingShape::Maybe(words) => (Kind::Maybe, None, words),
        SettingShape::Text(_) => (Kind::Text, None, &[]),
        SettingShape::Phrase(..) => (Kind::Phrase, None, &[]),
        SettingShape::MatchRules | SettingShape::QuestionRules => (Kind::Fields, None, &[]),
        SettingShape::List(..) => (Kind::List, None, &[]),
    };
    let warnings = effective.warnings.iter().filter(|warning| warning.path == path);
    InheritedValue {
        path,
        kind,
        bounds,
        words,
        value: value_at(&effective.json, path),
        inherited,
        source: named(source),
        own: source == level,
        warnings: warnings.map(|warning| (warning.code, warning.detail)).collect(),
    }
}

/// A source's name in texts.
fn named(source: SettingSource) -> &'static str {
    match source {
        SettingSource::Default => "default",
        SettingSource::System => "system",
        SettingSource::Team => "team",
    }
}

fn value_at(json: &Value, path: &str) -> Value {
    path.split('.').try_fold(json, |inner, part| inner.get(part)).cloned().unwrap_or(Value::Null)
}
