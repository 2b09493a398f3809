//! What admins ask of the past: how many were asked to prove who they are, how far they came, and how
//! long it took; as JSON, or as a table that a spreadsheet opens (RFC 4180).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::response::IntoResponse;
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::validation::FieldError;
use crate::domain::event::insight::report::{Part, Report, ReportDivision};
use crate::domain::event::insight::{Step, Tally};
use crate::domain::time::Moment;
use crate::http::access::caller::{Admin, TeamAccess};
use crate::http::access::replies::{Reply, reply};
use crate::http::requests::body::Query;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;

const MILLISECONDS_OF_A_DAY: u64 = 86_400_000;

/// Days that are told where nobody says which.
const USUAL_DAYS: u64 = 7;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(read_insights))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InsightsQuery {
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    by: ReportDivision,
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// What happened, in numbers.
#[derive(Serialize, ToSchema)]
struct TallyView {
    /// When the stretch begins, RFC 3339; null where the row is a channel's.
    at: Option<String>,
    /// The channel; null where the row is of all.
    channel: Option<String>,
    /// How long the faster half of those who were asked and authenticated took at most, told to a quarter;
    /// null where nobody did.
    median_seconds: Option<u64>,
    /// `links_issued`, `links_opened`, `logged_in`; `invited`, `arrived`, `entered`; `codes_sent`,
    /// `codes_delivered`, `codes_failed`, `codes_wrong`, `codes_answered`; `authenticated`, `lockouts`, `bans`,
    /// `reported`.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, u64>)]
    counts: BTreeMap<&'static str, u64>,
}

impl TallyView {
    fn of(part: Option<&Part>, tally: &Tally) -> Self {
        let (at, channel) = match part {
            Some(Part::From(at)) => (Some(at.to_string()), None),
            Some(Part::Channel(channel)) => (None, Some(channel.to_string())),
            None => (None, None),
        };
        let counts = Step::ALL.into_iter().map(|step| (step.as_str(), tally.count(step))).collect();
        Self { at, channel, median_seconds: tally.median_seconds(), counts }
    }
}

#[derive(Serialize, ToSchema)]
struct InsightsView {
    /// RFC 3339; of the hour that it lies in.
    from: String,
    /// RFC 3339; of the hour that it lies in.
    to: String,
    /// `hour`, `day` or `channel`.
    #[schema(value_type = String)]
    by: ReportDivision,
    total: TallyView,
    items: Vec<TallyView>,
}

/// What happened in a team between two moments (the last seven days where none is named), by `hour` (at most 31
/// days), by `day` of UTC, or by `channel`. `format=csv` gives a table.
#[utoipa::path(get, path = "/v1/teams/{team}/insights", tag = "insights", operation_id = "read_insights",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query),
           ("by" = Option<String>, Query), ("format" = Option<String>, Query)),
    security(("key" = ["admin"])), responses((status = 200, body = InsightsView)))]
async fn read_insights(TeamAccess { state, team, .. }: TeamAccess<Admin>, Query(query): Query<InsightsQuery>) -> Reply {
    let (from, to) = stretch(&query, state.gateway.engine.now())?;
    let hours = state.gateway.event_log.insights(&team, from, to).await?;
    let report = Report::of(&hours, from, to, query.by);
    Ok(match query.format {
        Format::Csv => {
            let file = format!("attachment; filename=\"{team}-{}.csv\"", as_text(query.by));
            (
                [
                    (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                    (header::CONTENT_DISPOSITION, &file),
                ],
                table(&report),
            )
                .into_response()
        }
        Format::Json => reply(&InsightsView {
            from: from.to_string(),
            to: to.to_string(),
            by: query.by,
            total: TallyView::of(None, &report.total),
            items: report.rows.iter().map(|(part, tally)| TallyView::of(Some(part), tally)).collect(),
        }),
    })
}

fn as_text(by: ReportDivision) -> &'static str {
    match by {
        ReportDivision::Hour => "hours",
        ReportDivision::Day => "days",
        ReportDivision::Channel => "channels",
    }
}

/// The time that is asked for, not longer than can be told so.
fn stretch(query: &InsightsQuery, now: Moment) -> Result<(Moment, Moment), Problem> {
    let wrong = |name: &str, why: String| {
        Problem::of(&problem_types::INVALID).at(vec![FieldError::invalid(format!("/{name}"), why)])
    };
    let read = |name: &str, text: &Option<String>| {
        let read = text.as_deref().map(|text| text.parse::<Moment>());
        read.transpose().map_err(|_| wrong(name, "must be a moment like 2026-01-31T00:00:00Z".into()))
    };
    let to = read("to", &query.to)?.unwrap_or(now).min(now);
    let usual = Moment(to.0.saturating_sub(USUAL_DAYS * MILLISECONDS_OF_A_DAY));
    let from = read("from", &query.from)?.unwrap_or(usual);
    if from > to {
        return Err(wrong("from", "must not be after `to`, nor in the future".into()));
    }
    let most = query.by.most_days();
    if to.0 - from.0 > most * MILLISECONDS_OF_A_DAY {
        return Err(wrong("from", format!("must be at most {most} days before `to`")));
    }
    Ok((from, to))
}

/// Names above, a row for each part. No cell needs quotes: numbers, moments and channels' names.
pub(crate) fn table(report: &Report) -> String {
    let mut text = String::from("at,channel");
    for step in Step::ALL {
        text.extend([",", step.as_str()]);
    }
    text.push_str(",median_seconds\r\n");
    for (part, tally) in &report.rows {
        match part {
            Part::From(at) => write!(text, "{at},"),
            Part::Channel(channel) => write!(text, ",{channel}"),
        }
        .expect("a string takes every text");
        for step in Step::ALL {
            write!(text, ",{}", tally.count(step)).expect("a string takes every text");
        }
        let median = tally.median_seconds().map(|median| median.to_string());
        text.extend([",", median.as_deref().unwrap_or_default(), "\r\n"]);
    }
    text
}
