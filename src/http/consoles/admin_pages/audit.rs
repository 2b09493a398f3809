//! `/admin/teams/TEAM/audit`: the team's security acts, the newest first, as much of them as fits what is
//! looked for, and the check of the chain. What an entry holds, `services::events::audit` says.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;

use super::PageRequest;
use crate::domain::event::Actor;
use crate::domain::team::Team;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::audit::{Audit, AuditRow, ChainCheck, Words};
use crate::services::events::audit::{AuditEntry, Broken};
use crate::services::events::trail::Checked;

/// Entries of a page.
const PAGE: usize = 50;

/// The groups of acts that may be chosen: a name, and the beginnings of its acts' names, with spaces between.
const GROUPS: [(&str, &str); 6] = [
    ("all", ""),
    ("proofs", "interaction. participant. link. proof. confirmation. challenge."),
    (
        "locks",
        "participant.locked participant.unlocked participant.banned participant.unbanned customer.locked \
         customer.unlocked user.locked user.banned user.unlocked",
    ),
    ("settings", "settings. key. team. epoch."),
    ("people", "user. customer."),
    (
        "delivery",
        "sending. channel. directory. provider. webhook. link.sent link.deliver challenge.sent challenge.deliver",
    ),
];

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/audit", get(show))
}

/// What is looked for.
#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    what: String,
    #[serde(default)]
    q: String,
    below: Option<String>,
    check: Option<String>,
}

async fn show(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("audit", async |state, admitted| {
            let name = &admitted.name;
            let group = GROUPS.iter().find(|(group, _)| *group == look.what).unwrap_or(&GROUPS[0]);
            let q = look.q.trim().to_lowercase();
            let from: Option<u64> = look.below.as_ref().and_then(|below| below.parse().ok());
            let team = &admitted.team.team;
            let fits = |entry: &AuditEntry| {
                group.1.split(' ').any(|stem| entry.action.starts_with(stem)) && is_found(entry, team, &q)
            };
            let (entries, below) = state.gateway.event_log.audit_back(name, from, PAGE, fits).await?;
            let check = match &look.check {
                Some(_) => Some(state.gateway.event_log.check_audit(name).await?),
                None => None,
            };
            let page = Audit {
                groups: GROUPS.iter().map(|(other, _)| (*other, *other == group.0)).collect(),
                older: below.map(|below| address(group.0, look.q.trim(), below)),
                q: look.q.trim().to_owned(),
                rows: entries.into_iter().map(|entry| row(entry, team)).collect(),
                further: from.is_some(),
                check: check.map(told),
                frame: admitted.frame,
            };
            Ok(shown(state, state.pages.admin_audit(&page)))
        })
        .await
}

fn address(group: &str, q: &str, below: u64) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("what", group)
        .append_pair("q", q)
        .append_pair("below", &below.to_string())
        .finish();
    format!("audit?{query}")
}

/// What says nothing to a reader: tags by which the gateway knows an address and its budget again.
const TAGS: [&str; 2] = ["address", "budget"];

/// Whether a word stands in an entry as it is shown: in its act, its actor, or in a value of what it is about.
fn is_found(entry: &AuditEntry, team: &Team, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    let stands = |value: &Value| has(&plain(value));
    word.is_empty()
        || has(&entry.action)
        || has(&actor(&entry.actor, team).1)
        || entry.object.values().any(stands)
        || entry.detail.iter().any(|(name, value)| !TAGS.contains(&name.as_str()) && stands(value))
}

/// Who did it: the last part of the key of its words, and what she is called.
fn actor(actor: &Actor, team: &Team) -> (&'static str, String) {
    match actor {
        Actor::Owner => ("owner", String::new()),
        Actor::ApiKey(id) => {
            let called = team.api_keys.iter().find(|key| key.id.to_string() == *id).map(|key| key.name.clone());
            ("api_key", called.map_or_else(|| id.clone(), |called| format!("{called} ({id})")))
        }
        Actor::User(name) => ("user", name.clone()),
        Actor::LoginPage(kid) => ("login_page", kid.clone()),
        Actor::Person => ("person", String::new()),
        Actor::Time => ("time", String::new()),
        Actor::Operator => ("operator", String::new()),
    }
}

fn row(entry: AuditEntry, team: &Team) -> AuditRow {
    let part = |name: &str| entry.object.get(name).and_then(Value::as_str).map(str::to_owned);
    AuditRow {
        number: entry.number,
        words: Words::of(&entry.action),
        actor: actor(&entry.actor, team),
        interaction: part("interaction"),
        participant: part("participant"),
        details: entry
            .detail
            .iter()
            .filter(|(name, value)| !value.is_null() && !TAGS.contains(&name.as_str()))
            .map(|(name, v)| (name.clone(), plain(v)))
            .collect(),
        at: entry.at,
        action: entry.action,
    }
}

/// A value as it is read: a text without quotes, a list with commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn told(checked: Checked) -> ChainCheck {
    let Checked { count, last, broken, head } = checked;
    let (told, at) = match broken {
        None if count == 0 => ("empty", 0),
        None => ("whole", last),
        Some(Broken::Changed(at)) => ("changed", at),
        Some(Broken::Unlinked(at)) => ("unlinked", at),
        Some(Broken::Cut(at, _)) => ("cut", at),
    };
    ChainCheck { told, count, at, head }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::EventKind;

    #[test]
    fn every_act_of_the_trail_has_words_and_a_group() {
        for kind in EventKind::ALL.iter().filter(|kind| kind.is_audited()) {
            assert_ne!(Words::of(kind.as_str()), Words::Nowhere, "{}", kind.as_str());
            let grouped =
                GROUPS[1..].iter().any(|(_, stems)| stems.split(' ').any(|stem| kind.as_str().starts_with(stem)));
            assert!(grouped, "{}", kind.as_str());
        }
    }

    #[test]
    fn a_broken_chain_is_told_where_it_breaks() {
        let checked = |broken| Checked { count: 3, last: 7, broken, head: "h".into() };
        let read = |broken| {
            let check = told(checked(broken));
            (check.told, check.at)
        };
        assert_eq!(read(None), ("whole", 7));
        assert_eq!(read(Some(Broken::Changed(6))), ("changed", 6));
        assert_eq!(read(Some(Broken::Unlinked(8))), ("unlinked", 8));
        assert_eq!(read(Some(Broken::Cut(7, 9))), ("cut", 7));
        assert_eq!(told(Checked { count: 0, last: 0, broken: None, head: String::new() }).told, "empty");
    }
}
