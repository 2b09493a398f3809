//! What the admin console's pages hold, and how each is drawn. Owns which sections a team has; what somebody
//! may see of them is decided before anything is drawn, and what is done on a page goes to the API.

pub mod accounts;
pub mod audit;
pub mod channels;
pub mod insights;
pub mod intents;
pub mod keys;
pub mod lockouts;
pub mod overview;
pub mod screens;
pub mod settings;
pub mod teams;
pub mod users;
pub mod webhooks;
