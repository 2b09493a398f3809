//! `/admin/teams/TEAM/insights`: the last day, week, month or quarter in figures, and the same as a table to
//! download. What is counted as what, `domain::insight` says; how it is drawn, `pages`.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use serde::Deserialize;

use super::{Admitted, PageRequest};
use crate::domain::event::insight::report::{Part, Report, ReportDivision};
use crate::domain::event::insight::{Step, Tally};
use crate::domain::time::Moment;
use crate::http::api::teams::insights::table;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::insights::{CountColumns, Funnel, Insights};
use crate::services::engine::Error;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Days that may be chosen, and those that are shown where nothing is.
const SPANS: [u64; 4] = [1, 7, 30, 90];
const USUAL: u64 = 7;

/// What is told of each channel.
const COLUMNS: [Step; 6] =
    [Step::LinksIssued, Step::LoggedIn, Step::CodesSent, Step::CodesAnswered, Step::Authenticated, Step::Lockouts];

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    let page = "/admin/teams/{team}/insights";
    Router::new().route(page, get(show)).route("/admin/teams/{team}/insights.csv", get(download))
}

/// How far back is looked.
#[derive(Deserialize)]
struct Look {
    days: Option<String>,
}

/// A stretch of time, and how it is divided.
#[derive(Clone, Copy)]
struct Span {
    days: u64,
    from: Moment,
    to: Moment,
    by: ReportDivision,
}

impl Span {
    /// Whole days of UTC, today among them; of one day its last 24 hours.
    fn of(look: &Look, to: Moment) -> Self {
        let days =
            look.days.as_ref().and_then(|days| days.parse().ok()).filter(|days| SPANS.contains(days)).unwrap_or(USUAL);
        let (from, by) = match days {
            1 => (to.0.saturating_sub(23 * HOUR), ReportDivision::Hour),
            days => ((to.0 / DAY).saturating_sub(days - 1) * DAY, ReportDivision::Day),
        };
        Self { days, from: Moment(from), to, by }
    }
}

async fn report(state: &Shared, of: &Admitted, span: Span) -> Result<[Report; 2], Error> {
    let Span { from, to, by, .. } = span;
    let hours = state.gateway.event_log.insights(&of.name, from, to).await?;
    Ok([by, ReportDivision::Channel].map(|by| Report::of(&hours, from, to, by)))
}

async fn show(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("insights", async |state, admitted| {
            let span = Span::of(&look, state.gateway.engine.now());
            let [over_time, channels] = report(state, &admitted, span).await?;
            let page = Insights {
                frame: admitted.frame,
                spans: SPANS.map(|days| (days, days == span.days)).into(),
                csv: format!("insights.csv?days={}", span.days),
                funnels: funnels(&over_time.total),
                numbers: named(
                    &over_time.total,
                    &[Step::Lockouts, Step::Bans, Step::Reported, Step::CodesWrong, Step::CodesFailed],
                ),
                median: over_time.total.median_seconds(),
                counts: CountColumns::of(
                    over_time.rows.iter().map(|(part, tally)| stretch(part, tally, span.by)).collect(),
                ),
                channels: channels.rows.iter().map(|(part, tally)| (called(part), counts(tally))).collect(),
                columns: COLUMNS.map(Step::as_str).into(),
            };
            Ok(shown(state, state.pages.admin_insights(&page)))
        })
        .await
}

async fn download(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("insights", async |state, admitted| {
            let span = Span::of(&look, state.gateway.engine.now());
            let [over_time, _] = report(state, &admitted, span).await?;
            let file = format!("attachment; filename=\"{}-{}-days.csv\"", admitted.name, span.days);
            let kind = "text/csv; charset=utf-8; header=present";
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, &file),
                (header::CACHE_CONTROL, "no-store"),
            ];
            Ok((headers, table(&over_time)).into_response())
        })
        .await
}

fn named(tally: &Tally, steps: &[Step]) -> Vec<(&'static str, u64)> {
    steps.iter().map(|step| (step.as_str(), tally.count(*step))).collect()
}

fn funnels(total: &Tally) -> Vec<Funnel> {
    let links = [Step::LinksIssued, Step::LinksOpened, Step::LoggedIn, Step::Authenticated];
    let codes = [Step::CodesSent, Step::CodesDelivered, Step::CodesAnswered];
    let invitations = [Step::Invited, Step::Arrived, Step::Entered];
    vec![
        Funnel::of("links", &named(total, &links)),
        Funnel::of("codes", &named(total, &codes)),
        Funnel::of("invitations", &named(total, &invitations)),
    ]
}

/// A column of the counts: when it begins, how that is written, what was asked and who authenticated.
fn stretch(part: &Part, tally: &Tally, by: ReportDivision) -> (String, String, [u64; 2]) {
    let at = called(part);
    let written = match by {
        ReportDivision::Hour => at.get(11..16),
        ReportDivision::Day | ReportDivision::Channel => at.get(5..10),
    };
    let label = written.unwrap_or(&at).to_owned();
    let asked = tally.count(Step::LinksIssued) + tally.count(Step::CodesSent);
    (at, label, [asked, tally.count(Step::Authenticated)])
}

fn called(part: &Part) -> String {
    match part {
        Part::From(at) => at.to_string(),
        Part::Channel(channel) => channel.to_string(),
    }
}

fn counts(tally: &Tally) -> Vec<u64> {
    COLUMNS.iter().map(|step| tally.count(*step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_as_many_columns_as_days_and_a_day_as_many_as_hours() {
        let now = Moment(20_000 * DAY + 9 * HOUR + 7);
        for (days, columns) in [("1", 24), ("7", 7), ("30", 30), ("90", 90), ("8", 7), ("x", 7)] {
            let Span { from, to, by, .. } = Span::of(&Look { days: Some(days.to_owned()) }, now);
            assert_eq!(Report::of(&[].into(), from, to, by).rows.len(), columns, "{days}");
        }
    }
}
