//! `delivery` and `send_budget` as the rules read them: by which ways messages go, and how many.
//! Bounds and defaults stand in `table`; what was spent already, in `domain::send_budget`.

use std::time::Duration;

use serde::Deserialize;

use crate::base::country::Country;
use crate::base::way::Way;
use crate::time::Moment;

/// `delivery`.
#[derive(Clone, Debug, Deserialize)]
pub struct DeliveryRules {
    order: Vec<Way>,
    /// The webhook that `event` in the order leads to.
    pub event_webhook: Option<String>,
}

impl DeliveryRules {
    /// Whether the team wants to send codes itself.
    pub fn names_event(&self) -> bool {
        self.order.contains(&Way::Event)
    }

    /// The ways of codes, in the team's order.
    pub fn ways(&self) -> Vec<Way> {
        self.order.clone()
    }
}

/// `send_budget`.
#[derive(Clone, Debug, Deserialize)]
pub struct SendBudget {
    /// How soon a code may be sent again.
    pub resend_after_seconds: u64,
    /// Messages that an interaction may send.
    pub per_interaction: u32,
    /// To one destination within an hour.
    pub per_destination_hour: u32,
    /// To one destination within a day.
    pub per_destination_day: u32,
    /// By the team within a day.
    pub per_team_day: u32,
    countries: Vec<String>,
}

impl SendBudget {
    /// When the code after one that goes out at `now` may be asked for.
    pub fn resend_after(&self, now: Moment) -> Moment {
        now.plus(Duration::from_secs(self.resend_after_seconds))
    }

    /// Whether the team sends there. What is no phone number is in no country.
    pub fn allows(&self, country: Option<Country>) -> bool {
        let named = |country: Country| self.countries.contains(&country.to_string());
        self.countries.is_empty() || country.is_none_or(named)
    }
}
