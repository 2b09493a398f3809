//! Every word that the company's own people read: a row for each text, in English, German, French, Spanish
//! and Estonian, the order of `LANGUAGES`. A text without one of them does not compile.
//!
//! What begins with `js.` is given to the consoles' scripts with each page, what begins with `refused.` and
//! `validation.` once they ask for it; the rest stands in templates.

mod admin;
mod admin_accounts;
mod admin_audit;
mod admin_channels;
mod admin_insights;
mod admin_keys;
mod admin_lockouts;
mod admin_overview;
mod admin_screens;
mod admin_settings;
mod admin_users;
mod admin_webhooks;
mod history;
mod pages;
mod refusals;
mod scripts;
mod validation;

/// A text in each language.
pub(super) type TextRow = (&'static str, [&'static str; 5]);

/// All of them.
pub(crate) fn rows() -> impl Iterator<Item = &'static TextRow> {
    let admin = [admin::ROWS, admin_overview::ROWS, admin_settings::ROWS, admin_keys::ROWS, admin_screens::ROWS];
    let people = [admin_users::ROWS, admin_lockouts::ROWS, admin_accounts::ROWS];
    let beside = [admin_channels::ROWS, admin_webhooks::ROWS, admin_audit::ROWS, admin_insights::ROWS];
    let admin = admin.into_iter().chain(people).chain(beside).flatten();
    let refusals = refusals::ROWS.iter().chain(validation::ROWS);
    pages::ROWS.iter().chain(admin).chain(scripts::ROWS).chain(history::ROWS).chain(refusals)
}
