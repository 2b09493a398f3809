//! Requests counted by route, method and status. All three are closed sets, so each counter is
//! named once and found again by what it counts.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use http::StatusCode;
use metrics::Counter;

/// Route → its counter.
type Routes = HashMap<String, Counter>;

/// Method and status → routes.
#[derive(Default)]
pub(crate) struct RequestCounts(RwLock<HashMap<(&'static str, StatusCode), Routes>>);

impl RequestCounts {
    /// One more.
    pub fn count(&self, route: &str, method: &'static str, status: StatusCode) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&(method, status)).and_then(|routes| routes.get(route)) {
            return counter.increment(1);
        }
        drop(known);
        let labels =
            [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.as_str().to_owned())];
        let counter = metrics::counter!("countersign_requests_total", &labels);
        counter.increment(1);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.entry((method, status)).or_default().insert(route.to_owned(), counter);
    }
}
